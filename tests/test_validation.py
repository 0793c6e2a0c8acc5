"""
The canonical form of identifiers, and what may be added to the store.
"""

import re
import sys
import unicodedata

import pytest
from email_validator import validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import typed

from migratekit import MigrationPolicy, Validator
from migratekit.errors import Violation
from migratekit.models import Identifier, KeyKind, Origin, User
from migratekit.validation import (
    as_typed,
    canonical,
    impossible,
    is_possible_password,
    is_possible_user_id,
    loosely,
    message_of,
    spellings,
    taken,
)


CODE_POINTS = [
    *map(chr, range(0xD800)),
    *map(chr, range(0xE000, sys.maxunicode + 1)),
]


def value(identifier, **more):
    return canonical(identifier, **more).value


# --- The canonical form ------------------------------------------------------------------


def test_all_code_points():
    """
    The form of all 1,112,064 code points is its own form, and shows no new ASCII.

    As many as fit are taken at once, with a letter between that composes with nothing.
    """
    refused, batch, length, batches = [], [], 0, []
    changing = []
    for start in range(0, len(CODE_POINTS), 150):
        characters = CODE_POINTS[start : start + 150]
        text = f"x{'x'.join(characters)}x"
        if start > 0xA0 and text == unicodedata.normalize("NFC", text) == text.lower():
            assert text == value(text)
        else:
            changing += characters
    for character in changing:
        form = unicodedata.normalize("NFC", character)
        mapped = f"{form}{form.lower()}{character.lower()}"
        new = (
            not mapped.isascii()
            if character.isascii()
            else any(map(str.isascii, mapped))
        )
        if new or unicodedata.category(character) == "Cc" or character == "@":
            refused.append(character)
            continue
        length += len(form) + 1
        if length > 300:
            batches.append(batch)
            batch, length = [], len(form) + 1
        batch.append(character)
    for characters in [*batches, batch]:
        form = value(f"x{'x'.join(characters)}x")
        assert form == value(form)
        assert form == unicodedata.normalize("NFC", form) == form.lower()

    assert 1_112_064 == len(CODE_POINTS)
    controls = [chr(point) for point in (*range(0x20), *range(0x7F, 0xA0))]
    assert sorted([*controls, "@", "\u0130", "\u037e", "\u1fef", "\u212a"]) == refused
    for character in set(refused) - {"@"}:
        with pytest.raises(ValueError, match=r"Control|ASCII"):
            canonical(f"x{character}x")


@given(st.text(max_size=40))
@example("ΑΣ")
@example("ΑΣ\u0301")
@example("e\u0301@E\u0301.com")
@example("\u1e9e@\u1e9e")
@example("x@\u0345")
@example("I\u0307")
def test_idempotent(text):
    """
    A form is its own form, or there is none, and then no other error than `ValueError`.
    """
    try:
        identifier = canonical(text)
    except ValueError:
        return

    assert identifier == canonical(identifier.value)
    assert identifier == canonical(f" {text}\u3000")
    assert ("@" in identifier.value) == (identifier.kind == "email")
    assert ("@" in text) == (identifier.kind == "email")


@given(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1))
def test_case(text):
    """
    Case makes no other identifier.
    """
    try:
        identifier = canonical(text.lower())
    except ValueError:
        return

    assert identifier == canonical(text.upper()) == canonical(text.swapcase())


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" \u00a0ada\u3000 ", "ada"),
        ("e\u0301va", "éva"),
        ("É@x.org", "é@x.org"),
        ("E\u0301@x.org", "é@x.org"),
        ("STRAßE", "straße"),
        ("STRASSE", "strasse"),
        ("ẞ", "ß"),
        ("ΟΔΟΣ", "οδος"),
        ("ﬁ", "ﬁ"),
        ("\N{FULLWIDTH COMMERCIAL AT}", "\N{FULLWIDTH COMMERCIAL AT}"),
        ("a\uff20b", "a\uff20b"),
        ("Ａ", "ａ"),
        ("x²", "x²"),
        ("\N{ANGSTROM SIGN}", "å"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BU\u0308CHER.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("Adä@example.com", "adä@example.com"),
        ('"A@b"@example.com', '"a@b"@example.com'),
        ("a@b@c", "a@b@c"),
        ("@", "@"),
    ],
)
def test_form(typed, form):
    """
    Trimmed, NFC, lower case, the domain as A-labels; never NFKC, never case-folded.
    """
    assert form == value(typed)
    assert form == value(form)


@pytest.mark.parametrize(
    "typed",
    [
        "\N{KELVIN SIGN}",
        "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
        "I\N{COMBINING DOT ABOVE}",
        "\N{GREEK QUESTION MARK}",
        "\N{GREEK VARIA}",
        "ada@example.com\N{KELVIN SIGN}",
        "a\0",
        "a\x1f",
        "\na",
        "a\x7f",
        "a\x80",
        "a\x9f",
        "\ud800",
        "a\udfffb",
        "",
        " ",
        "\u2003",
        "x" * 321,
        " " * 321,
        "ada@☃\u200d",
        "ada@-é-",
        "ada@é..example",
        "ada@é\u3002example",
        "ada@\uff0e\u00e9",
        "ada@" + "é" * 64,
        None,
        5,
        b"ada",
        ["ada"],
    ],
)
def test_no_form(typed):
    """
    What has no form is refused, and says nothing of what was typed.
    """
    with pytest.raises(ValueError) as caught:
        canonical(typed)

    assert str(caught.value) in {
        "A character would turn into ASCII.",
        "Control characters or surrogates.",
        "Empty.",
        "No domain.",
        "No text.",
        "Too long.",
    }


def test_length():
    """
    320 characters are not too many, before and after the mapping.
    """
    grows = "x" * 200 + "@" + ".".join(["éé"] * 20)

    assert 320 == len(value("x" * 320))
    assert len(grows) < 320
    with pytest.raises(ValueError, match="Too long"):
        canonical(grows)


def test_kinds():
    """
    An @ makes an e-mail, in both versions.
    """
    for version in (1, 2):
        assert Identifier(KeyKind.EMAIL, "a@b") == canonical(
            "a@b", strategy_version=version
        )
        assert Identifier(KeyKind.USERNAME, "ab") == canonical(
            "ab", strategy_version=version
        )


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        (" Ada@Bücher.Example ", "Ada@Bücher.Example"),
        ("e\u0301", "e\u0301"),
        ("\N{KELVIN SIGN}", "\N{KELVIN SIGN}"),
        ("\u0130", "\u0130"),
    ],
)
def test_version_1(typed, form):
    """
    Version 1 trims, and no more.
    """
    assert form == value(typed, strategy_version=1)


@pytest.mark.parametrize("typed", ["", " ", "a\0", "\ud800", "x" * 321, None, b"a"])
def test_version_1_without_form(typed):
    """
    What no store could hold has no form in version 1 either.
    """
    with pytest.raises(ValueError):
        canonical(typed, strategy_version=1)


# --- Passwords -----------------------------------------------------------------------------


@given(st.text() | st.text(st.characters(), min_size=1, max_size=5))
def test_possible_password(text):
    """
    What can be encoded, has no NUL and is not empty may be a password.
    """
    try:
        encodable = bool(text.encode())
    except UnicodeEncodeError:
        encodable = False

    assert (encodable and "\0" not in text) == is_possible_password(text)


@pytest.mark.parametrize(
    ("password", "possible"),
    [
        ("x" * 4096, True),
        ("x" * 4097, False),
        ("é" * 2048, True),
        ("é" * 2048 + "x", False),
        ("\U0001f600" * 1024, True),
        ("\U0001f600" * 1024 + "x", False),
        ("\x01\n\t\x7f", True),
        ("\0", False),
        ("\ud83d\ude00", False),
        ("", False),
        (None, False),
        (b"pw", False),
        (True, False),
    ],
)
def test_password_bounds(password, possible):
    """
    4096 bytes of UTF-8 are the most.
    """
    assert possible is is_possible_password(password)


@pytest.mark.parametrize(
    ("user_id", "possible"),
    [
        ("", False),
        ("1", True),
        ("é 1", True),
        ("x" * 255, True),
        ("x" * 256, False),
        ("1\0", False),
    ],
)
def test_possible_user_id(user_id, possible):
    """
    An id of a source has 1 to 255 characters, all of which can be printed.
    """
    assert possible is is_possible_user_id(user_id)


# --- The validator ---------------------------------------------------------------------------


def examined(validator=None, policy=None, **fields):
    user = User(id="u", origin=Origin.LOGIN, **{"email": "ada@example.com", **fields})
    return (validator or Validator()).examine(user, policy or MigrationPolicy())


def codes(*args, **fields):
    return [violation.code for violation in examined(*args, **fields).violations]


_LETTERS = st.text(st.characters(codec="ascii") | st.just("é"), max_size=4)


@given(
    st.text("a1._+-'{ \"é", max_size=6) | _LETTERS,
    st.sampled_from(("b.com", "localhost", "[127.0.0.1]", "x..y", "-x.com", "")),
    _LETTERS,
)
@example("a" * 64, "b.com", "")
@example("a." * 32, "b.com", "")
@example("1", "localhost", "00é")
@example("1", "localhost", "a.")
def test_email_as_the_library_says(local, domain, more):
    """
    An address is as valid as the library says for the whole of it, whatever was asked
    before.
    """
    email = f"{local}@{more}{domain}".lower()
    try:
        form = canonical(email).value
        validate_email(
            re.sub(r"(?<=[.@])localhost$", "com", form),
            check_deliverability=False,
            globally_deliverable=False,
            test_environment=True,
            allow_quoted_local=True,
            allow_domain_literal=True,
            allow_smtputf8=False,
        )
    except ValueError:
        expected = False
    else:
        expected = form.count("@") == 1 or form.startswith('"')

    assert expected == (codes(email=email) == [])


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com",
        "ADA@EXAMPLE.COM",
        " ada@example.com ",
        "ada+tag@sub.example.co.uk",
        "o'hara@example.com",
        "ada@localhost",
        "ada@intranet",
        "ada@printer.local",
        "ada@host.test",
        "ada@example.invalid",
        "ada@hidden.onion",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        '"a b"@example.com',
        '"a@b"@example.com',
        "ada@bücher.example",
        "ada@xn--bcher-kva.example",
        "x" * 64 + "@example.com",
        "x@" + ".".join(["y" * 60] * 4) + ".example"[:6],
    ],
)
def test_valid_email(email):
    """
    Local, quoted, literal and internationalised forms are valid; nobody is asked.
    """
    result = examined(email=email)

    assert () == result.violations
    assert value(email) == result.user.email


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@-",
        "ada@-x.com",
        "ada@x..com",
        "ada@example.com.",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@exa_mple.com",
        "Ada <ada@example.com>",
        "ada@[127.0.0.1",
        "ada@[999.0.0.1]",
        "ada@xn--a",
        "a@b@c.com",
        "é@example.com",
        "ada\uff20example.com",
        "ada@.localhost",
        "ada@-.test",
        "ada@x.-y.localhost",
        '"a b"@x..y',
        "x" * 65 + "@example.com",
        "é" * 33 + "@example.com",
        "x@" + ".".join(["y" * 60] * 4) + ".example.com",
        "ada@localhost\0",
        "ada@\ud800.com",
        "\N{KELVIN SIGN}@example.com",
    ],
)
def test_invalid_email(email):
    """
    A format that is none, and what is longer than 254 octets or 64 before the @.
    """
    assert ["email_invalid"] == codes(email=email)


@pytest.mark.parametrize("email", [None, "", " ", "\u3000"])
def test_missing_email(email):
    """
    An e-mail must be set.
    """
    result = examined(email=email)

    assert ["email_missing"] == [violation.code for violation in result.violations]
    assert result.user.email is None


def test_octets():
    """
    254 octets are not too many, 255 are.
    """
    domain = ".".join(["y" * 61] * 3)
    local = "x" * 64

    assert 254 == len(f"{local}@{domain}.com")
    assert [] == codes(email=f"{local}@{domain}.com")
    assert ["email_invalid"] == codes(email=f"{local}@{domain}.info")
    assert ["email_invalid"] == codes(email=f"{local}@{domain}.test")


def test_internationalized_local_part():
    """
    A local part beyond ASCII is valid where the application allows it, by octets.
    """
    validator = Validator(internationalized_local_part=True)

    assert [] == codes(validator, email="Édith@example.com")
    assert [] == codes(validator, email="é" * 32 + "@example.com")
    assert ["email_invalid"] == codes(validator, email="é" * 33 + "@example.com")
    assert [] == codes(validator, email=f'"@{"é" * 30}"@example.com')
    assert ["email_invalid"] == codes(validator, email=f'"@{"é" * 31}"@example.com')
    assert ["email_invalid"] == codes(email="Édith@example.com")


@pytest.mark.parametrize(
    ("username", "stored", "expected"),
    [
        (None, None, []),
        (" ", None, []),
        ("Ada", "ada", []),
        (" Éva ", "éva", []),
        ("A. Love", "a. love", []),
        ("a@b", "a@b", ["username_is_email"]),
        ("@", "@", ["username_is_email", "username_length"]),
        ("xx", "xx", []),
        ("x" * 8, "x" * 8, []),
        ("x", "x", ["username_length"]),
        ("x" * 9, "x" * 9, ["username_length"]),
        ("a\0b", None, ["username_invalid"]),
        ("a\tb", None, ["username_invalid"]),
        ("\ud800", None, ["username_invalid"]),
        ("\u0130", None, ["username_invalid"]),
        ("x" * 321, None, ["username_invalid"]),
    ],
)
def test_username(username, stored, expected):
    """
    A username that is set is no e-mail address, and keeps its bounds.
    """
    policy = MigrationPolicy(username_length=(2, 8))

    result = examined(policy=policy, username=username)

    assert expected == [violation.code for violation in result.violations]
    assert stored == result.user.username


def test_required_username():
    """
    With ``requires_username`` a username must be set; a broken one is broken.
    """
    policy = MigrationPolicy(requires_username=True)

    assert ["username_missing"] == codes(policy=policy, username=None)
    assert ["username_missing"] == codes(policy=policy, username=" ")
    assert ["username_invalid"] == codes(policy=policy, username="\0")
    assert [] == codes(policy=policy, username="ada")


def test_everything_at_once():
    """
    All violations come at once, those of the application's own rules too.
    """

    def minor(user):
        assert "a" * 200 + "@b" == user.username
        yield Violation("too_young", "age", "Too young.")
        yield Violation("no_name", "profile", "No name.")

    def fine(user):
        return ()

    validator = Validator(rules=[fine, minor])

    assert [
        "email_invalid",
        "username_is_email",
        "username_length",
        "too_young",
        "no_name",
    ] == codes(validator, email="ada", username="A" * 200 + "@B")


def test_violations_are_data():
    """
    Each violation has a code, a field and words for people.
    """
    for violation in (
        *examined(email="ada", username="a@b").violations,
        taken("email"),
        taken("username"),
        *map(impossible, ("email", "username", "password", "profile")),
    ):
        assert violation.field in {"email", "username", "password", "profile"}
        assert violation.code.startswith(violation.field)
        assert violation.message.endswith(".")


def test_only_identifiers_change():
    """
    Examining a user brings the identifiers into canonical form, and nothing else.
    """
    fields = {"profile": {"name": "ADA"}, "email_verified": True, "blocked": True}
    expected = User(
        id="u", origin=Origin.LOGIN, email="ada@x.org", username="ada", **fields
    )

    result = examined(email="ADA@x.org", username=" ADA", **fields)

    assert expected == result.user


@given(st.text(max_size=20), st.text(max_size=20))
def test_stored_form(email, username):
    """
    Whatever is valid is in the form in which it will be looked up.
    """
    result = examined(email=f"{email}@example.com", username=username)
    if result.violations:
        return

    assert canonical(f"{email}@example.com").value == result.user.email
    if result.user.username is not None:
        assert canonical(username).value == result.user.username


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"email": "Not An Address", "username": "A@B"}, []),
        ({"email": None, "username": "Ada"}, []),
        ({"email": "Ada@X", "username": None}, []),
        ({"email": None, "username": " "}, ["email_missing"]),
        ({"email": "a\0", "username": None}, ["email_invalid"]),
        ({"email": "a\0", "username": "\ud800"}, ["email_invalid", "username_invalid"]),
        ({"email": "x" * 321, "username": "Ada"}, ["email_invalid"]),
    ],
)
def test_version_1_validates_nothing(fields, expected):
    """
    Version 1 asks for something to find the user by, that can be stored; no rule is run.
    """

    def explode(user):
        raise AssertionError

    policy = MigrationPolicy(
        strategy_version=1, requires_username=True, username_length=(5, 6)
    )

    result = examined(Validator(rules=[explode]), policy, **fields)

    assert expected == [violation.code for violation in result.violations]
    if not expected:
        stripped = {k: v and v.strip() for k, v in fields.items()}
        assert stripped == {
            "email": result.user.email,
            "username": result.user.username,
        }


def test_rules_are_kept():
    """
    Rules may come out of a generator, and a validator is a value.
    """
    rule = list

    assert Validator(rules=[rule]) == Validator(rules=(r for r in [rule]))
    assert Validator() != Validator(internationalized_local_part=True)


@pytest.mark.parametrize(
    ("expected", "identifier"),
    [
        (("ada@example.com",), "ada@example.com"),
        (("ada",), "ada"),
        (("ada@[192.0.2.1]",), "ada@[192.0.2.1]"),
        (("ada@xn--a.example",), "ada@xn--a.example"),
        (("j\u00f6rg", "jo\u0308rg"), "j\u00f6rg"),
        (
            (
                "ada@xn--bcher-kva.example",
                "ada@b\u00fccher.example",
                "ada@bu\u0308cher.example",
            ),
            "ada@B\u00dcCHER.example",
        ),
        (
            (
                '"a@b"@xn--bcher-kva.example',
                '"a@b"@b\u00fccher.example',
                '"a@b"@bu\u0308cher.example',
            ),
            '"a@b"@b\u00fccher.example',
        ),
    ],
)
def test_spellings(expected, identifier):
    """
    Of every canonical form it is known how else the same person may be spelled.
    """
    assert expected == spellings(canonical(identifier))


@given(st.text(max_size=20) | typed)
def test_spellings_are_of_the_same(text):
    """
    Every other spelling has the same canonical form.
    """
    try:
        form = canonical(text)
    except ValueError:
        return

    assert {form} == {canonical(other) for other in spellings(form)}


@pytest.mark.parametrize(
    "text",
    [
        *("bob3", "BOB3", "bób3", "bo\u0308b3", "bøb3", "b\u0366b3"),
        *("ｂｏｂ３", "bob٣", "bob౾", "b\u200bob3", "b\u20ddob3", "b\u0903ob3"),
    ],
)
def test_loosely(text):
    """
    What a collation takes for the same is the same: all this is to MariaDB's newest.
    """
    assert "bob3" == loosely(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ÆŒßı ĐÐÞ", "aeoessi ddth"), (" a \u3000 b ", "a b"), ("ж中½७", "ж中1⁄27")]
    # Some have no name, and some are more than a digit.
    + [(mark, mark) for mark in (*".-_+@'\"\\", "\ue000", "𐄐", "༪")],
)
def test_loosely_told_apart(text, expected):
    """
    Letters without another form, and punctuation, stay what they are.
    """
    assert expected == loosely(text)


def test_message_of():
    """
    A code has the message of its violations; another code has none.
    """
    assert taken("email").message == message_of("email_taken")
    assert message_of("no_code") is None


def test_as_typed():
    """
    Nobody types blanks around, or an accent apart from its letter.
    """
    assert "M\u00e1ria@Example.com" == as_typed(" Ma\u0301ria@Example.com\u3000")
