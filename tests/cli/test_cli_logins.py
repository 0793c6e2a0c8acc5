"""
Files of logins for ``migratekit rehearse``.
"""

import json
import signal

import pytest

from migratekit import Connection, MigrationPolicy
from migratekit._assembly import SystemClock
from migratekit.cli.rehearse import _Told


ADA, EVE = "ada@example.com", "eve@example.com"
PASSWORDS = {ADA: "correct horse", EVE: "tr0ub4dor&3"}
CSV = f"Identifier,Password,note\n{ADA},{PASSWORDS[ADA]},x\n\n{EVE},{PASSWORDS[EVE]},\n"
LINES = (
    f'{{"identifier": "{ADA}", "password": "correct horse"}}\n\n'
    f'{{"password": "{PASSWORDS[EVE]}", "identifier": "{EVE}", "note": 1}}\n'
)


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace("\n", "\r\n"),
        f"\ufeff{CSV}",
        f'note,password,identifier\n,"correct horse","{ADA}"\n,{PASSWORDS[EVE]},{EVE}',
        LINES,
        f"\ufeff\n  {LINES}",
        LINES.replace("\n", "\r\n"),
    ],
)
def test_file(shop, capsys, text):
    """
    A file of logins is JSON lines or CSV, whatever its name.
    """
    shop.folder.joinpath("logins").write_bytes(text.encode())

    assert 0 == shop.run("rehearse", "--logins", "logins", "--json")

    told = json.loads(capsys.readouterr().out)
    assert {"would_move": 2} == told["outcomes"]
    assert [ADA, EVE] == [login["identifier"] for login in told["logins"]]
    assert told["logins"][0]["line"] < told["logins"][1]["line"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"identifier,password\n{ADA}\n", "line 2: The row has not as many fields"),
        (f"identifier,password\n{ADA},\n", "line 2: password: A field is needed"),
        ('identifier,password\n,"hunter2"\n', "line 2: identifier: A field is needed"),
        ('identifier,password\nx,"hunter2\n', "line 2: This is no CSV. (INVALID_CSV)"),
        ('{"identifier": "x", "password": "hunter2"\n', "line 1: This is no JSON."),
        ('{"identifier": "x"}\n', "line 1: password: A field is needed and missing."),
        (
            '{"identifier": "x", "password": 12345}\n',
            "line 1: password: The value has another",
        ),
        (
            '{"identifier": "x", "password": null}\n',
            "line 1: password: A field is needed",
        ),
        ('{"password": "a", "password": "b"}\n', "line 1: A field is there twice."),
    ],
)
def test_lines_that_are_none(shop, capsys, text, said):
    """
    A line that cannot be read is told without what is in it, and the others count.
    """
    more = f"{ADA},{PASSWORDS[ADA]}\n" if text.startswith("id") else LINES
    is_open = text.endswith('"hunter2\n')
    shop.folder.joinpath("logins").write_text(text if is_open else text + more)

    assert 1 == shop.run("rehearse", "--logins", "logins")

    out, err = capsys.readouterr()
    assert out.startswith(f"WRONG  {said}")
    assert is_open or "ok     ada@example.com: would move.\n" in out
    assert "nobody would be kept out.  1 not readable.  Nothing was stored.\n" in out
    assert "hunter2" not in out + err
    assert "" == err


def test_guesses(shop, monkeypatch, capsys):
    """
    Nobody has to wait after many wrong passwords: it is the operator who types.
    """

    def sleep(clock, seconds, /):
        raise AssertionError

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    wrong = f"{ADA},wrong\n" * 12
    shop.folder.joinpath("logins").write_text(f"identifier,password\n{wrong}{ADA},")
    with shop.folder.joinpath("logins").open("a") as file:
        file.write(PASSWORDS[ADA])

    assert 1 == shop.run("rehearse", "--logins", "logins", "--json")

    told = json.loads(capsys.readouterr().out)
    assert {"refused": 12, "would_move": 1} == told["outcomes"]


def test_outage(shop, monkeypatch, capsys):
    """
    A source that fails is asked about every login all the same: those behind an outage
    are judged by what it says of them.
    """
    asked, source = [], shop.module.SOURCE

    class Failing:
        get_user = source.get_user

        def login(self, identifier, password, /):
            asked.append(identifier)
            if len(asked) <= 2 * MigrationPolicy().legacy_failures:
                raise OSError
            return source.login(identifier, password)

    connection = Connection(shop.connection.store, Failing(), **shop.module.OPTIONS)
    monkeypatch.setattr(shop.module, "connection", connection)
    logins = f"{ADA},{PASSWORDS[ADA]}\n" * 12
    shop.folder.joinpath("logins").write_text(f"identifier,password\n{logins}")

    assert 1 == shop.run("rehearse", "--logins", "logins", "--json")

    told = json.loads(capsys.readouterr().out)
    assert [ADA] * 12 == asked
    assert {"failed": 10, "would_move": 2} == told["outcomes"]


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGINT], 130),
        ([signal.SIGTERM], 143),
        ([signal.SIGTERM, signal.SIGINT], 143),
    ],
)
@pytest.mark.parametrize("options", [["--json"], []])
def test_interrupted(shop, monkeypatch, capsys, signals, code, options):
    """
    Whoever interrupts is told what was found until then, and that it is not all.
    """
    told = _Told.tell

    def tell(*arguments, **about):
        told(*arguments, **about)
        for number in signals:
            signal.raise_signal(number)

    monkeypatch.setattr(_Told, "tell", tell)
    shop.folder.joinpath("logins").write_text(CSV)

    assert code == shop.run("rehearse", "--logins", "logins", *options)

    out, err = capsys.readouterr()
    assert "Ending behind this login." in err
    assert err.endswith("Interrupted.\n")
    if options:
        found = json.loads(out)
        assert (True, {"would_move": 1}) == (found["interrupted"], found["outcomes"])
    else:
        assert "1 login; nobody would be kept out." in out


def test_interrupted_behind_the_end(shop, monkeypatch, capsys):
    """
    Whoever interrupts the last login has not interrupted anything.
    """
    told = _Told.tell

    def tell(*arguments, **about):
        told(*arguments, **about)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(_Told, "tell", tell)
    shop.folder.joinpath("logins").write_text(CSV[: CSV.index("\n\n") + 1])

    assert 0 == shop.run("rehearse", "--logins", "logins", "--json")

    assert not json.loads(capsys.readouterr().out)["interrupted"]


def test_no_text(shop, capsys):
    """
    So is one that is no text at all.
    """
    shop.folder.joinpath("logins").write_bytes(b"identifier,password\nx,\xff\n")

    assert 1 == shop.run("rehearse", "--logins", "logins")

    assert "line 2: This is no UTF-8." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "There is nobody in the file of logins."),
        ("\n \n", "There is nobody in the file of logins."),
        ("identifier,password\n", "There is nobody in the file of logins."),
        (f"{ADA},correct horse\n", "begins with neither the columns identifier and"),
        ("identifier,password,password\n", "begins with neither the columns"),
        ('[{"identifier": "x"}]', "begins with neither the columns"),
        ('"correct horse', "begins with neither the columns"),
    ],
)
def test_no_logins(shop, capsys, data, said):
    """
    A file of anything else is told by a sentence, which shows nothing of it.
    """
    shop.folder.joinpath("logins").write_text(data)

    assert 2 == shop.run("rehearse", "--logins", "logins")

    out, err = capsys.readouterr()
    assert ("", True) == (out, said in err)
    assert "horse" not in err


def test_no_file(shop, capsys):
    """
    A file that is not there is told.
    """
    assert 2 == shop.run("rehearse", "--logins", "no.csv")

    assert "no.csv cannot be used: No such file" in capsys.readouterr().err
