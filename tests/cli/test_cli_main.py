"""
What all commands have in common.
"""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from cli_terminal import Terminal, environment

from migratekit import cli
from migratekit.cli import main
from migratekit.cli._command import Command
from migratekit.cli._errors import CommandError
from migratekit.errors import ConfigurationError, StoreUnavailableError


def command(run):
    return Command(name="try", help="try", description="Try.", run=run)


@pytest.fixture(name="try_")
def _try(monkeypatch):
    """
    Gives a function that runs a command that does nothing but what it is told.
    """

    def run(does, *arguments):
        monkeypatch.setattr(cli, "COMMANDS", (command(does),))
        return main(["try", *arguments])

    return run


def raising(error):
    def run(call):
        raise error

    return run


@pytest.mark.parametrize("code", [0, 1])
def test_exit_code(try_, code):
    """
    The exit code is what the command says.
    """
    assert code == try_(lambda call: code)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CommandError("No."), 2, "migratekit: No.\n"),
        (CommandError("No.", code=1), 1, "migratekit: No.\n"),
        (ConfigurationError("No."), 2, "migratekit: No.\n"),
        (
            StoreUnavailableError("X"),
            1,
            "migratekit: The user store could not be asked: X.\n",
        ),
        (CommandError("\x1b[2J\n"), 2, "migratekit: \\x1b[2J\\n\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)
def test_errors(try_, capsys, error, code, said):
    """
    An error is a sentence and an exit code.
    """
    assert code == try_(raising(error))
    assert ("", said) == capsys.readouterr()


def test_unexpected(try_, capsys):
    """
    An error that nobody thought of is told by its type and line, not by its text.
    """
    assert 1 == try_(raising(ValueError("hunter2")))

    said = capsys.readouterr().err
    assert "ValueError at test_cli_main:" in said
    assert "hunter2" not in said
    assert "Traceback" not in said


def test_traceback(try_, capsys):
    """
    A developer may see all of it.
    """
    assert 1 == try_(raising(ValueError("hunter2")), "--traceback")

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "hunter2" in said


def test_stack(try_):
    """
    What a command opens is closed behind it, whatever happens.
    """
    closed = []

    def run(call):
        call.stack.callback(closed.append, "closed")
        raise CommandError("No.")

    try_(run)

    assert ["closed"] == closed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["try"], ("from:variable", False)),
        (["--app", "a:b", "--traceback", "try"], ("a:b", True)),
        (["try", "--app", "a:b", "--traceback"], ("a:b", True)),
    ],
)
def test_common_options(monkeypatch, typed, expected):
    """
    The options that all commands have may stand before and behind the name.
    """
    seen = []

    def run(call):
        seen.append((call.options.app, call.options.traceback))
        return 0

    monkeypatch.setenv("MIGRATEKIT_APP", "from:variable")
    monkeypatch.setattr(cli, "COMMANDS", (command(run),))

    assert 0 == main(typed)
    assert [expected] == seen


def test_no_command(capsys):
    """
    Whoever types nothing is told what there is.
    """
    assert 2 == main([])

    said = capsys.readouterr()
    assert "" == said.out
    assert all(command.name in said.err for command in cli.COMMANDS)


def test_no_application(try_, capsys):
    """
    A command that needs the application says how to name it.
    """
    assert 2 == try_(lambda call: call.application)
    assert "--app myshop.auth:connection" in capsys.readouterr().err


def test_closed_output(try_, monkeypatch, tmp_path):
    """
    Nobody hears of a reader that went away, also not when the interpreter ends.
    """

    def write(text):
        raise BrokenPipeError

    with tmp_path.joinpath("out").open("w") as out:
        fake = SimpleNamespace(write=write, encoding="utf-8", fileno=out.fileno)
        monkeypatch.setattr(sys, "stdout", fake)

        assert 141 == try_(lambda call: call.console.print("x"))

        out.write("to nowhere")
        out.flush()
    assert "" == tmp_path.joinpath("out").read_text()


def test_closed_error_output(try_, monkeypatch):
    """
    Whoever closed the error output does not want to know.
    """

    def write(text):
        raise BrokenPipeError

    fake = SimpleNamespace(write=write, encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", fake)

    assert 2 == try_(raising(CommandError("No.")))


def test_encoding(try_, monkeypatch, tmp_path):
    """
    What the output cannot encode is escaped.
    """
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert 0 == try_(lambda call: call.console.print("Zoë") or 0)

    assert "Zo\\xeb\n" == path.read_text()


def test_head(folder):
    """
    A reader may go away in the middle.
    """
    rows = range(20_000)
    folder.joinpath("rows.py").write_text(
        "from migratekit import cli\n"
        "from migratekit.cli._command import Command\n"
        "from migratekit.cli._tables import Column, write_rows\n"
        "number = [Column('number', lambda row: row)]\n"
        "def run(call):\n"
        f"    write_rows(call.console, number, {rows}, 'text')\n"
        "    return 0\n"
        "cli.COMMANDS = (Command(name='rows', help='', description='', run=run),)\n"
        "raise SystemExit(cli.main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "rows.py", "rows"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert b"number\n" == process.stdout.readline()
        process.stdout.close()

        assert b"" == process.stderr.read()
    assert 141 == process.returncode


def test_terminal(shop):
    """
    In a terminal there is somebody to tell that there is nobody.
    """
    with Terminal("--app", "shop:connection", "users") as terminal:
        code = terminal.finish()

    assert (0, ["Nobody.", ""]) == (code, terminal.lines)
