"""
The recipe language.
"""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit.errors import ConfigurationError
from migratekit.formats import Recipe, digests
from migratekit.formats.md import md4, md5_state
from migratekit.formats.recipe import VARIABLES, missing
from migratekit.formats.scheme import MalformedError


VALUES = {
    "pass": b"p\xc3\xa4ss",
    "salt": b"Salt",
    "salt2": b"two",
    "username": b"Ada",
    "pepper": b"pepper",
}


def md5(data):
    return hashlib.md5(data).hexdigest().encode()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$pass", b"p\xc3\xa4ss"),
        ("'text'", b"text"),
        ("''", b""),
        ("$salt1 . $salt2", b"Salttwo"),
        ("lower($username).upper($salt)", b"adaSALT"),
        ("upper($pass)", b"P\xc3\xa4SS"),
        ("utf16le($pass)", "päss".encode("utf-16-le")),
        ("utf16be($pass)", "päss".encode("utf-16-be")),
        ("b64($salt)", b"U2FsdA=="),
        ("hex($salt)", b"53616c74"),
        ("md5(md5($pass).$salt)", md5(md5(b"p\xc3\xa4ss") + b"Salt")),
        ("md5_bin($pass)", hashlib.md5(b"p\xc3\xa4ss").digest()),
        (
            "hmac_sha256($salt, $pass)",
            hmac.digest(b"Salt", b"p\xc3\xa4ss", "sha256").hex().encode(),
        ),
        ("hmac_sha1_bin($salt,'x')", hmac.digest(b"Salt", b"x", "sha1")),
    ],
)
def test_text(source, expected):
    """
    A recipe gives what its functions give.
    """
    assert expected == Recipe(source).text_of(VALUES)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "at character 1, a $variable, 'text' or function was expected"),
        ("md5($pass", "a ) was expected"),
        ("md5 $pass", "a ( was expected"),
        ("md5($pass))", "the end was expected"),
        ("md5($pass,$salt)", "takes another number of arguments"),
        ("hmac_md5($pass)", "takes another number of arguments"),
        ("md5($pas)", "there is no 'pas'; did you mean pass?"),
        ("md6($pass)", "did you mean md5 or md4"),
        ("frobnicate($pass)", "there is no 'frobnicate'."),
        ("md5($pass).", "was expected"),
        ("md5(.$pass)", "was expected"),
        ("__import__('os')", "there is no '__import__'"),
        ("upper_bin($pass)", "there is no 'upper_bin'"),
        ("md5(" * 60 + "$pass" + ")" * 60, "nested too deeply"),
    ],
)
def test_malformed(source, message):
    """
    What is no recipe is refused, and the message says where and why.
    """
    with pytest.raises(ConfigurationError) as caught:
        Recipe(source)

    assert message in str(caught.value)


def test_deepest():
    """
    Fifty expressions may be nested, and any number may stand side by side.
    """
    side_by_side = ".".join(["md5($pass)"] * 60)

    assert Recipe(side_by_side)
    assert Recipe("md5(" * 49 + "$pass" + ")" * 49)
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        Recipe("md5(" * 25 + "md5($pass)." + "md5(" * 25 + "$pass" + ")" * 50)


def test_digest():
    """
    The outermost digest is known by name and size.
    """
    recipe = Recipe("hmac_sha384_bin($salt,$pass)")

    assert ("sha384", 48) == (recipe.digest, recipe.size)
    assert {"salt", "pass"} == recipe.variables
    assert {"salt", "pass"} == Recipe("md5('a'.$salt.$pass)").variables


@pytest.mark.parametrize("source", ["$pass", "lower(md5($pass))", "$salt.md5($pass)"])
def test_no_digest(source):
    """
    A recipe for a stored digest must be one.
    """
    with pytest.raises(ConfigurationError):
        _ = Recipe(source).digest


def test_digest_of():
    """
    The stored digest is compared as bytes.
    """
    assert hashlib.md5(b"Salt").digest() == Recipe("md5($salt)").digest_of(VALUES)


def test_missing_value():
    """
    A value that a row does not have is an error, not an empty text.
    """
    with pytest.raises(MalformedError):
        Recipe("md5($salt)").text_of({**VALUES, "salt": None})


def test_missing_in_a_row():
    """
    A row must have all that the recipe names, but for what is not of the row.
    """
    recipe = Recipe("md5($salt.$pass.$digest)")

    missing(recipe, {"salt": b""})
    with pytest.raises(MalformedError, match="its salt is missing"):
        missing(recipe, {"pass": b"p", "digest": b"d"})


@given(st.text(alphabet="$()'.,_ md5passalthmac_binutf16le", max_size=40))
def test_any_source(source):
    """
    Any text is a recipe or a `ConfigurationError`.
    """
    try:
        recipe = Recipe(source)
    except ConfigurationError:
        return
    assert recipe.variables <= set(VARIABLES)


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(message, digest):
    """
    MD4 gives what RFC 1320 lists.
    """
    assert digest == md4(message).hex()


def test_md5_state():
    """
    The state after the only block is the digest.
    """
    assert hashlib.md5(b"").digest() == md5_state(b"\x80" + bytes(63))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"key", b"c7183905f61623b9ebf71ebe151b815b"),
        (b"k" * 65, b"14951f2c4d4c36c545851489122398ee"),
    ],
)
def test_hmac_md4(key, expected):
    """
    HMAC with MD4 gives what OpenSSL's legacy provider does.
    """
    assert expected == Recipe("hmac_md4($salt,'text')").text_of({"salt": key})


def test_fips(monkeypatch):
    """
    Where OpenSSL refuses MD5 for security, it is told that this is not.
    """

    def refusing(data, *, usedforsecurity=True):
        if usedforsecurity:
            raise ValueError
        return original(data)

    original = hashlib.md5
    monkeypatch.setattr(hashlib, "md5", refusing)

    made = digests._constructor("md5")

    assert original(b"data").digest() == made(b"data").digest()
