"""
How stored texts are laid out.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migratekit.errors import ConfigurationError
from migratekit.formats import Layout, MalformedError
from migratekit.formats.armor import from_bcrypt64, to_bcrypt64, unbase64, unhex


@pytest.mark.parametrize(
    ("template", "text", "expected"),
    [
        ("{key:hex}", "00FFaa", {"key": b"\x00\xff\xaa"}),
        ("{key:hex}", "00   ", {"key": b"\x00"}),
        ("{key:hex}:{salt:text}", "00:a:b ", {"key": b"\0", "salt": b"a:b "}),
        ("{salt:text}${key:hex}", "é$00", {"key": b"\0", "salt": "é".encode()}),
        ("{{S}}{key[2]+salt:hex}", "{S}aabbcc", {"key": b"\xaa\xbb", "salt": b"\xcc"}),
        ("{key[1]+salt[1-2]:hex}", "aabbcc", {"key": b"\xaa", "salt": b"\xbb\xcc"}),
        ("{salt+key[1]:hex}", "aabbcc", {"key": b"\xcc", "salt": b"\xaa\xbb"}),
        ("{n[u2]+key:hex}", "0102ff", {"n": 258, "key": b"\xff"}),
        ("{n:int}-{m:hexint}", "10-10", {"n": 10, "m": 16}),
        ("{d:sha1|sha256}{key:base64}", "sha256+/=", None),
        (
            "{d:sha1|sha256}:{key:base64}",
            "sha256:-_8",
            {"d": "sha256", "key": b"\xfb\xff"},
        ),
        ("{key_length:int}:{key:hex}", "2:aabb", {"key_length": 2, "key": b"\xaa\xbb"}),
        ("{key_length:int}:{key:hex}", "3:aabb", None),
        ("{key_length:int}", "3", {"key_length": 3}),
        ("{key:hex}", "0", None),
        ("{key:hex}", "zz", None),
        ("{n:int}", "010", None),
        ("{n:int}", "-1", None),
        ("{n:int}", "٣", None),
        ("{n:int}", "1" * 30, None),
        ("{key[2]:hex}", "aa", None),
        ("{key[2]:hex}", "aabbcc", None),
        ("{key[1]+salt[1-2]:hex}", "aabbccdd", None),
        ("x{n:int}", "X1", None),
        ("{n:hexint}", "fF", {"n": 255}),
        ("{n:hexint}", "f" * 16, None),
        ("{key:hex}", "", {"key": b""}),
        ("{key:hex}", "00\t", None),
        ("{key:base64}", "AAAX  ", {"key": b"\0\0\x17"}),
        ("{salt:text}${key:hex}", "a$b$00", None),
        ("{key:hex}:{salt:text}$", "00:a$b$", None),
        ("{key:hex}:{salt:text}", "00:X\nx", {"key": b"\0", "salt": b"X\nx"}),
        (
            "{a[1-2]+b[1-2]+key[1]:hex}",
            "00010203",
            {"a": b"\0\1", "b": b"\2", "key": b"\3"},
        ),
    ],
)
def test_read(template, text, expected):
    """
    A text is read as its layout says, or refused.
    """
    layout = Layout(template)

    if expected is None:
        with pytest.raises(MalformedError):
            layout.read(text)
    else:
        assert expected == layout.read(text)


def test_any_case():
    """
    The text around fields may be in any case where a layout says so.
    """
    layout = Layout("{{SHA}}{key:hex}", any_case=True)

    assert {"key": b"\0"} == layout.read("{sha}00")
    with pytest.raises(MalformedError):
        layout.read("{\N{LATIN SMALL LETTER LONG S}HA}00")


def test_names():
    """
    A layout knows the names of its fields.
    """
    layout = Layout("{n:int}{salt[2]+key:hex}")

    assert {"n", "salt", "key"} == layout.names


@pytest.mark.parametrize(
    "template",
    [
        "",
        "plain",
        "{",
        "{key}",
        "{key:hex",
        "}",
        "{key:octal}",
        "{a-b:hex}",
        "{a[x]:hex}",
    ],
)
def test_malformed(template):
    """
    What is no layout is refused, and the message has it.
    """
    with pytest.raises(ConfigurationError) as caught:
        Layout(template)

    assert repr(template) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("YWI=", b"ab"),
        ("YWI", b"ab"),
        ("YWJ=", b"ab"),
        ("", b""),
        ("-_", b"\xfb"),
        ("./", b"\xfb"),
        ("YWI==", None),
        ("Y", None),
        ("Y WI", None),
        ("YW!I", None),
        ("é", None),
    ],
)
def test_base64(text, expected):
    """
    base64 is strict in alphabet and length, and lenient in spelling.
    """
    if expected is None:
        with pytest.raises(MalformedError):
            unbase64(text)
    else:
        assert expected == unbase64(text)


def test_hex():
    """
    Anything but digits is refused.
    """
    with pytest.raises(MalformedError):
        unhex("0g")


@given(st.binary(max_size=40))
@example(b"\0\0\x17")  # AAAX: no letter of it is padding.
def test_bcrypt64(data):
    """
    What is written in bcrypt's base64 is read again.
    """
    assert data == from_bcrypt64(to_bcrypt64(data))
