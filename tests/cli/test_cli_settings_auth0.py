"""
``migratekit settings import-auth0``.
"""

import json
from pathlib import Path

import pytest
from cli_terminal import said

from migratekit.management._options import DEFAULTS


CON = "con_shop"


AUTH0 = {
    "id": "con_0000000000000001",
    "name": "shop\x1b[2J",
    "strategy": "auth0",
    "options": {
        "strategy_version": 2,
        "import_mode": True,
        "disable_signup": True,
        "customScripts": {"login": "function login() {}"},
    },
}


def test_import(shop, management, capsys):
    """
    What is taken over of an Auth0 connection is printed, and what is not.
    """
    Path("auth0.json").write_text(json.dumps(AUTH0))

    assert 0 == shop.run("settings", "import-auth0", "auth0.json")

    lines, _ = said(capsys)
    assert "allow_sign_up         false" in lines
    assert r"No option stands for name, options.customScripts." in lines
    kept = next(line for line in lines if line.startswith("The file does not say "))
    assert "detect_drift, rehearse, token_lifetime" in kept
    assert kept.endswith(": they have their defaults.")
    assert lines[-1].startswith("Version 1 of the settings con_0000000000000001 is")


def test_import_again(shop, first, capsys):
    """
    Into settings that are there, it changes what the file says.
    """
    first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)
    Path("auth0.json").write_text(json.dumps(AUTH0))
    arguments = ("settings", "import-auth0", "auth0.json", "--id", CON)

    assert 0 == shop.run(*arguments)
    lines, _ = said(capsys)
    assert 0 == shop.run(*arguments)
    again, _ = said(capsys)

    assert "allow_sign_up  true -> false" == lines[0]
    assert lines[2].endswith(": they keep their values.")
    assert "The settings con_shop are so already, by version 3." == again[-1]
    assert lines[1:3] == again[:2]
    options = first.get(CON).options
    assert (4, False) == (options["legacy_calls"], options["allow_sign_up"])


def test_import_whole(shop, management, capsys):
    """
    Of a file that says everything, and nothing else, there is nothing to tell.
    """
    Path("auth0.json").write_text(json.dumps({"id": CON, "options": DEFAULTS}))

    assert 0 == shop.run("settings", "import-auth0", "auth0.json")

    assert len(DEFAULTS) + 1 == len(said(capsys)[0])


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"options": {}}, "auth0.json has no id: say whose settings, by --id."),
        ({"id": CON, "options": {}}, "Say which strategy_version"),
        ([AUTH0], "export one connection"),
        ({**AUTH0, "strategy": "samlp"}, "strategy of the connection must be auth0"),
    ],
)
def test_no_import(shop, management, capsys, document, text):
    """
    What is no such connection is refused.
    """
    Path("auth0.json").write_text(json.dumps(document))

    assert 2 == shop.run("settings", "import-auth0", "auth0.json")

    assert text in capsys.readouterr().err
    assert () == management.list()
