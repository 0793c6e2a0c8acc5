"""
Options for ``migratekit settings``, as they are typed or written into a file.
"""

import argparse
import json
from pathlib import Path

import pytest

from migratekit.cli._errors import CommandError
from migratekit.cli._settings_input import _pair, json_file, options_file, options_of
from migratekit.management import Management
from migratekit.management._options import DEFAULTS


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("import_mode=false", False),
        ("strategy_version=2", 2),
        ("legacy_pause=0.5", 0.5),
        ("username_length=[1, 20]", [1, 20]),
        ("weak_legacy_password=admit", "admit"),
        ('weak_legacy_password="admit"', "admit"),
        ("weak_legacy_password=2", "2"),
        ("weak_legacy_password=true", "true"),
        ("import_mode=yes", "yes"),
        ("import_mode=True", "True"),
        ('legacy_calls="4"', '"4"'),
        ("legacy_calls=", ""),
        ("legacy_calls=NaN", "NaN"),
        ("legacy_calls=Infinity", "Infinity"),
        ("legacy_calls=a=b", "a=b"),
        ("disable_signup=true", True),
        ("validation.username.min=3", 3),
        ("legacy_calls=" + "[" * 100_000, "[" * 100_000),
        ("legacy_calls=" + "1" * 5000, "1" * 5000),
        ('legacy_calls={"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
    ],
)
def test_value(typed, value):
    """
    A value is JSON where that can be meant, and a text otherwise.
    """
    (read,) = options_of([_pair(typed)]).values()

    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize("typed", ["rehearse", "=true", ""])
def test_no_pair(typed):
    """
    What has no name or no value is refused.
    """
    with pytest.raises(argparse.ArgumentTypeError, match="of the form NAME=VALUE"):
        _pair(typed)


def test_twice():
    """
    So is who says two things of one option.
    """
    with pytest.raises(CommandError, match=r"rehearse is there twice\."):
        options_of([("rehearse", "true"), ("rehearse", "false")])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("import_mode=yes", "import_mode must be true or false."),
        ('legacy_calls="4"', "legacy_calls must be a whole number."),
        ("legacy_calls=1e400", "legacy_calls must be a whole number."),
        ("failure_floor=1e400", "failure_floor must be 0 to 60."),
        ("token_lifetime=1e400", "token_lifetime must be a number of seconds."),
        (
            "weak_legacy_password=2",
            "weak_legacy_password must be admit, must_change or",
        ),
        ("username_length=3", "username_length must be a list of two whole numbers."),
        ("legacy_deadline=null", "legacy_deadline must be a number."),
        ("brand_new=1", "This migratekit knows no option brand_new"),
        ("password_check=x", "knows no option password_check"),
        ("disable_signup=yes", "disable_signup must be true or false."),
        ("rehearse=true", "To cut over, rehearse must be off."),
        ("x\x1b[2J=1", r"no option x\x1b[2J"),
    ],
)
def test_refused(shop, capsys, typed, text):
    """
    An option that cannot have a value is named, and nothing is stored.
    """
    management = Management(shop.connection.store, actor="ops")
    options = {"strategy_version": 2, "cut_over": True}
    management.create("con_shop", {"options": options})

    assert 2 == shop.run("settings", "update", "con_shop", typed)

    assert text in capsys.readouterr().err
    assert 1 == management.get("con_shop").version


def test_names_of_auth0(shop, capsys):
    """
    Auth0's names are understood as well.
    """
    management = Management(shop.connection.store, actor="ops")
    typed = ["strategy_version=2", "disable_signup=true", "validation.username.min=3"]

    assert 0 == shop.run("settings", "create", "con_shop", *typed)

    options = management.get("con_shop").options
    assert (False, [3, 128]) == (options["allow_sign_up"], options["username_length"])


def test_mixed_up(shop, capsys):
    """
    Options may stand before and behind what is typed; and a file is instead of it.
    """
    create = ("settings", "create", "con_shop")
    Path("options.json").write_text(json.dumps(DEFAULTS))

    assert 0 == shop.run(*create, "--dry-run", "strategy_version=2")
    assert 0 == shop.run(*create, "strategy_version=2", "--dry-run")
    assert 0 == shop.run(*create, "--dry-run", "--file", "options.json")
    assert 2 == shop.run(*create, "rehearse=true", "--file", "options.json")

    assert "Either NAME=VALUE or --file, not both." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"rehearse": True}, ({"rehearse": True}, None)),
        ({"options": {"rehearse": True}}, ({"rehearse": True}, None)),
        ({"options": {"rehearse": True}, "version": 3}, ({"rehearse": True}, None)),
        (
            {"connection_id": "con_shop", "version": 3, "options": {}, "actor": "x"},
            ({}, 3),
        ),
        ({"connection_id": "con_b", "version": 3, "options": {}}, ({}, None)),
    ],
)
def test_file(folder, document, expected):
    """
    A file has options alone, or what ``show --json`` prints.
    """
    Path("file.json").write_text(json.dumps(document), encoding="utf-8-sig")

    found = options_file("file.json", "con_shop")

    assert expected == (found.options, found.version)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[1]", "file.json holds no JSON object of options."),
        (
            b'{"options": {}, "strategy": "auth0"}',
            "Beside options, file.json has strat",
        ),
        (
            b'{"connection_id": "con_shop", "options": {}, "version": "3"}',
            "The version in file.json must be a whole number.",
        ),
        (b'{"connection_id": "con_shop", "options": {}}', "must be a whole number."),
        (b"{\n  nonsense", "file.json is no JSON: line 2, column 3."),
        (b"", "file.json is no JSON: line 1, column 1."),
        (b"\xff\xfe", "file.json is no JSON: it must be in UTF-8."),
        (b'{"a": 1, "a": 2}', "file.json is no JSON: a is there twice."),
        (b'{"a": NaN}', "file.json is no JSON: a number, or how deep it goes,"),
        (b"[" * 100_000, "file.json is no JSON: a number, or how deep it goes,"),
    ],
)
def test_no_file(folder, text, message):
    """
    What holds no options is refused, and says why.
    """
    Path("file.json").write_bytes(text)

    with pytest.raises(CommandError) as caught:
        options_file("file.json", "con_shop")

    assert str(caught.value).startswith(message) or message in str(caught.value)


def test_missing(folder):
    """
    So is a file that is not there.
    """
    with pytest.raises(CommandError, match=r"file\.json cannot be used: No such file"):
        json_file("file.json")
