"""
The laws of formats: round trips, no false match, and one kind of error.
"""

import base64
import hashlib
import hmac
import re

import attrs
import bcrypt
import pytest
from argon2.low_level import Type, hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import load

from migratekit.errors import UnusableHashError
from migratekit.formats import (
    Argon2,
    Bcrypt,
    Ceilings,
    Digest,
    Format,
    Iterated,
    MalformedError,
    Pbkdf2,
    PHPass,
    Prefixed,
    Prehashed,
    Scrypt,
    presets,
)
from migratekit.formats.armor import from_bcrypt64, to_bcrypt64, to_crypt64
from migratekit.formats.presets.directories import CRYPT
from migratekit.models import StoredHash


CHEAP = Ceilings(
    pbkdf2_rounds=50,
    bcrypt_cost=4,
    phpass_exponent=7,
    sha_crypt_rounds=1000,
    iterations=100,
    des_rounds=30,
    sun_md5_rounds=100,
    sha1_crypt_rounds=100,
    md4_rounds=10,
    argon2_memory=64,
    argon2_work=64,
    scrypt_memory=64 * 1024,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
passwords = texts.filter(lambda text: "\0" not in text)
salts = st.binary(min_size=8, max_size=16)


@attrs.frozen
class Engine:
    """
    A format, and a function that hashes without it.
    """

    format: Format
    hash: object = attrs.field(repr=False)
    digest_at: int = 0  # where the digest begins in the text


def _b64(data):
    return base64.b64encode(data).decode()


def _digest(password, salt):
    return hashlib.sha256(salt + password).hexdigest(), salt


def _keyed(password, salt):
    mac = hmac.digest(salt + b"pepper", password, "sha512")
    return f"{salt.hex()}:{_b64(mac)}", None


def _iterated(password, salt):
    result = hashlib.sha1(password + salt).digest()
    for _ in range(9):
        result = hashlib.sha1(result + password).digest()
    return _b64(result), salt


def _pbkdf2(password, salt):
    size = longest("pbkdf2")
    key = hashlib.pbkdf2_hmac("sha256", password, salt, 3, size)
    return f"3${_b64(salt)}${_b64(key)}", None


def _scrypt(password, salt):
    size = longest("scrypt")
    key = hashlib.scrypt(password, salt=salt, n=4, r=1, p=2, dklen=size)
    return f"4:{salt.hex()}:{key.hex()}", None


def longest(name):
    """
    Return the length of the longest key that an engine takes; a shorter one is it cut.
    """
    lengths = ENGINES[name].format.scheme.key_lengths
    return max(lengths or {32})


def _argon2(password, salt):
    return hash_secret(password, salt, 1, 8, 1, 32, Type.ID).decode(), None


def _bcrypt(password, salt):
    setting = "$2b$04$" + to_bcrypt64(salt.ljust(16, b"\0"))
    return bcrypt.hashpw(password[:72], setting.encode()).decode(), None


def _onion(password, salt):
    return _bcrypt(hashlib.sha1(password).hexdigest().encode(), salt)


def _phpass(password, salt):
    text = to_crypt64(salt)[:8]
    result = hashlib.md5(text.encode() + password).digest()
    for _ in range(128):
        result = hashlib.md5(result + password).digest()
    return f"$P$5{text}{to_crypt64(result)}", None


def _prefixed(password, salt):
    text, salt = _digest(password, salt)
    return f"{{X}}{text}", salt


ENGINES = {
    "digest": Engine(Format("x", Digest("sha256($salt.$pass)")), _digest),
    "keyed": Engine(
        Format(
            "x",
            Digest(
                "hmac_sha512($salt.$pepper,$pass)",
                layout="{salt:hex}:{key:base64}",
                pepper="pepper",
            ),
        ),
        _keyed,
    ),
    "iterated": Engine(
        Format(
            "x",
            Iterated(
                "sha1($pass.$salt)",
                "sha1_bin($digest.$pass)",
                rounds=10,
                layout="{key:base64}",
            ),
        ),
        _iterated,
    ),
    "pbkdf2": Engine(
        Format(
            "x",
            Pbkdf2("{rounds:int}${salt:base64}${key:base64}", digest="sha256"),
        ),
        _pbkdf2,
    ),
    "scrypt": Engine(
        Format("x", Scrypt("{n:int}:{salt:hex}:{key:hex}", r=1, p=2)), _scrypt
    ),
    "argon2": Engine(Format("x", Argon2()), _argon2),
    "bcrypt": Engine(Format("x", Bcrypt()), _bcrypt),
    "onion": Engine(Format("x", Prehashed("sha1($pass)", Bcrypt())), _onion),
    "phpass": Engine(Format("x", PHPass()), _phpass),
    "prefixed": Engine(
        Format("x", Prefixed("{X}", Digest("sha256($salt.$pass)"))), _prefixed
    ),
}
each_engine = pytest.mark.parametrize("name", ENGINES)


def stored_by(name, password, salt):
    text, column = ENGINES[name].hash(password.encode(), salt)
    return StoredHash(text, salt=column)


def refused_or_false(format_, password, stored):
    """
    Return whether nobody is let in.
    """
    try:
        return format_.verify(password, stored) is False
    except UnusableHashError:
        return True


@each_engine
@given(passwords, salts)
@settings(max_examples=25, deadline=None)
def test_round_trip(name, password, salt):
    """
    What another implementation hashed is verified.
    """
    stored = stored_by(name, password, salt)

    assert ENGINES[name].format.identify(stored) is True
    assert ENGINES[name].format.verify(password, stored) is True


@each_engine
@given(passwords, salts, st.data())
@settings(max_examples=25, deadline=None)
def test_other_password(name, password, salt, data):
    """
    One character of the password more, less or other does not match.
    """
    at = data.draw(st.integers(0, len(password)))
    # To HMAC, and so to PBKDF2 and scrypt, a key and the same with NULs behind are one.
    other = data.draw(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    stored = stored_by(name, password, salt)

    changed = password[:at] + other + password[at + data.draw(st.integers(0, 1)) :]

    if changed != password and len(changed.encode()) <= 72:
        assert ENGINES[name].format.verify(changed, stored) is False


@each_engine
@given(passwords, salts, st.data())
@settings(max_examples=40, deadline=None)
def test_other_text(name, password, salt, data):
    """
    One character of the text changed, gone or added does not match, but for its spelling.
    """
    stored = stored_by(name, password, salt)
    text = stored.text
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(
        st.sampled_from(["", text[at] + "a", "0", "1", "a", "B", "$", ".", "/", "é"])
    )

    changed = text[:at] + put + text[at + 1 :]

    if not same_bytes(name, changed, text):
        assert refused_or_false(
            ENGINES[name].format, password, StoredHash(changed, salt=stored.salt)
        )


def same_bytes(name, one, two):
    """
    Return whether two texts only differ in how they spell the same bytes.
    """
    scheme = ENGINES[name].format.scheme
    if name == "prefixed":
        same = one[:3] == two[:3]
        return same and same_fields(scheme.scheme.layout, one[3:], two[3:])
    if name == "argon2":
        return same_fields(scheme.layouts[0], one, two)
    if name in {"bcrypt", "onion"}:
        return same_bcrypt(one, two)
    if name == "phpass":
        return one in {two, two.replace("$P$", "$H$")}
    return same_fields(scheme.layout, one, two)


def same_fields(layout, one, two):
    try:
        return layout.read(one) == layout.read(two)
    except MalformedError:
        return False


def same_bcrypt(one, two):
    # No letter, a, b and y are the same; the last bits of salt and digest are unused.
    def parts(text):
        found = re.fullmatch(r"\$2[aby]?\$(\d\d)\$(.{22})(.{31})", text)
        if found is None:
            return text
        return found[1], from_bcrypt64(found[2]), from_bcrypt64(found[3])

    try:
        return parts(one) == parts(two)
    except MalformedError:
        return False


@pytest.mark.parametrize("name", ["digest", "iterated", "prefixed"])
@given(passwords, salts, st.integers(0, 63), st.integers(1, 255))
@settings(max_examples=25, deadline=None)
def test_other_salt(name, password, salt, at, flip):
    """
    One byte of a salt column changed does not match.
    """
    stored = stored_by(name, password, salt)
    at %= len(salt)

    changed = salt[:at] + bytes([salt[at] ^ flip]) + salt[at + 1 :]

    assert not ENGINES[name].format.verify(password, attrs.evolve(stored, salt=changed))


@each_engine
@given(passwords, salts, st.data())
@settings(max_examples=25, deadline=None)
def test_cut(name, password, salt, data):
    """
    A text that was cut, at whichever end, never matches.
    """
    stored = stored_by(name, password, salt)
    size = data.draw(st.integers(0, len(stored.text) - 1))
    front = data.draw(st.booleans())

    cut = stored.text[:size] if front else stored.text[-size:] if size else ""

    if not same_bytes(name, cut, stored.text):
        assert refused_or_false(
            ENGINES[name].format, password, StoredHash(cut, salt=stored.salt)
        )


@each_engine
def test_every_cut(name):
    """
    The longest key there is, cut to whatever length, never matches.
    """
    stored = stored_by(name, "password", b"0123456789abcdef")

    for size in range(len(stored.text)):
        cut = attrs.evolve(stored, text=stored.text[:size])
        if not same_bytes(name, cut.text, stored.text):
            assert refused_or_false(ENGINES[name].format, "password", cut)


def zero_argument_formats():
    for name in presets.__all__:
        try:
            yield getattr(presets, name)(ceilings=CHEAP)
        except TypeError:
            continue


FORMATS = list(zero_argument_formats())
VECTORS = load("public.jsonl")
seeds = st.sampled_from([vector.stored.text for vector in VECTORS])


@st.composite
def mutated(draw):
    """
    Return a stored text of somebody, with something changed.
    """
    return changed(draw, draw(seeds))


def changed(draw, text):
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(texts) + text[at + draw(st.integers(0, 9)) :]
    return text


# Made once: a strategy looks at all that it may give, before it gives any.
kept = st.sampled_from(VECTORS)
changes = st.sampled_from(["nothing", "text", "text", "salt", "salt2", "username"])
usernames = st.none() | texts
columns = st.none() | texts | st.binary(max_size=20)
anything = st.tuples(
    st.sampled_from(FORMATS),
    st.builds(
        StoredHash,
        mutated() | texts | st.text(max_size=80),
        salt=columns,
        salt2=columns,
        username=st.none() | st.text(max_size=10),
    ),
)


@st.composite
def near(draw):
    """
    Return a format and a row of a site that had it, with little of it changed.
    """
    vector = draw(kept)
    format_ = attrs.evolve(vector.legacy_format, ceilings=CHEAP)
    row = vector.stored
    what = draw(changes)
    if what == "text":
        row = attrs.evolve(row, text=changed(draw, row.text))
    elif what == "username":
        row = attrs.evolve(row, username=draw(usernames))
    elif what != "nothing":
        row = attrs.evolve(row, **{what: draw(columns)})
    return format_, row


@given(anything | near(), st.text(max_size=20))
@settings(max_examples=1000, deadline=None)
def test_one_kind_of_error(pair, password):
    """
    Whatever is stored and typed, only `UnusableHashError` is raised.
    """
    format_, stored = pair
    identified = format_.identify(stored)
    try:
        # Nobody's password: no vector has this prefix.
        answer = format_.verify(f"\u2603{password}\u2603", stored)
    except UnusableHashError:
        answer = False

    assert type(identified) is bool
    assert answer is False


@given(mutated(), st.sampled_from(["!", "*", "!!", "*LK*", "!$"]))
@settings(max_examples=200, deadline=None)
def test_locked(text, mark):
    """
    A locked account is not let in, whatever its hash was.
    """
    assert refused_or_false(
        Format("x", CRYPT, ceilings=CHEAP), "password", StoredHash(mark + text)
    )
