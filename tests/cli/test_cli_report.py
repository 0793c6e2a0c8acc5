"""
``migratekit report``.
"""

import stat
from pathlib import Path

import pytest
from cli_terminal import Terminal

from migratekit.cli import _whole_file


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_page(shop, capsys, app):
    """
    A page is written, whatever the kind of the connection.
    """
    shop.connection.authenticate("ada@example.com", "correct horse")

    assert 0 == shop.run("report", "page.html", app=app)

    page = shop.folder.joinpath("page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert '<data value="1" data-figure="moved">1</data>' in page
    assert '<data value="2" data-figure="remaining">2</data>' in page
    assert ("", "") == capsys.readouterr()
    for secret in ("ada@example.com", "Ada", "correct horse"):
        assert secret not in page


def test_replaced(shop):
    """
    What was there is replaced as a whole, for everybody to read; nothing else is left.
    """
    page = shop.folder / "page.html"
    page.write_text("old")
    before = {*shop.folder.iterdir()}

    assert 0 == shop.run("report", str(page), "--days", "90")

    assert "90 days" not in page.read_text(encoding="utf-8")
    assert before == {*shop.folder.iterdir()}
    assert 0o644 == stat.S_IMODE(page.stat().st_mode)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            OSError(28, "No space left"),
            2,
            "page.html cannot be written: No space left.",
        ),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
def test_broken_off(shop, capsys, monkeypatch, error, code, said):
    """
    Where it breaks off, what was there stays, and nothing else does.
    """
    page = shop.folder / "page.html"
    page.write_text("old")
    before = {*shop.folder.iterdir()}

    def fsync(number):
        raise error

    monkeypatch.setattr(_whole_file.os, "fsync", fsync)

    assert code == shop.run("report", "page.html")

    assert "old" == page.read_text()
    assert before == {*shop.folder.iterdir()}
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere/page.html", "cannot be written"), (".", "is there already")],
)
def test_refused(shop, capsys, name, said):
    """
    What cannot be written is said in a sentence.
    """
    assert 2 == shop.run("report", name)
    assert said in capsys.readouterr().err


def test_store_first(shop, capsys):
    """
    Without a store there is no page.
    """
    shop.module.close()
    for path in shop.folder.glob("users.db*"):
        path.unlink()

    assert 2 == shop.run("report", "page.html")
    assert not shop.folder.joinpath("page.html").exists()


def test_terminal(shop):
    """
    In a terminal it is said where the page is.
    """
    with Terminal("--app", "shop:connection", "report", "page.html") as terminal:
        assert 0 == terminal.finish()

    page = Path.cwd() / "page.html"
    assert f"Open it in a browser: {page.as_uri()}" in terminal.text.replace("\r\n", "")
