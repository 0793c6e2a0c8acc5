"""
Signed tokens for password changes.
"""

import base64
import random
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from migratekit._signing import TokenSigner
from migratekit._tokens import Claims, Sealed
from migratekit.errors import ConfigurationError
from migratekit.models import Origin, Record, User


KEY = "a secret key of the tests"
SIGNER = TokenSigner(Sealed(KEY))
STORED = Claims(purpose="reset", user_id="u", state="abc", expires_at=5)
IN_SOURCE = Claims(
    purpose="must_change", legacy_id="shop|1", identifier="a@b", expires_at=5
)


def record(**changes):
    user = User(id="u", origin=Origin.LOGIN, email="ada@example.com")
    return attrs.evolve(Record(user, "canary-hash", 3), **changes)


@pytest.mark.parametrize("claims", [STORED, IN_SOURCE])
def test_round_trip(claims):
    """
    What was signed is read back, and fits into a URL as it is.
    """
    token = SIGNER.sign(claims)

    assert claims == SIGNER.read(token)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)


@given(
    st.builds(
        Claims,
        purpose=st.sampled_from(("reset", "must_change")),
        user_id=st.none() | st.text(st.characters(codec="utf-8"), max_size=36),
        legacy_id=st.none() | st.text(st.characters(codec="utf-8"), max_size=330),
        identifier=st.none() | st.text(st.characters(codec="utf-8"), max_size=320),
        state=st.text(st.characters(codec="ascii"), max_size=64),
        expires_at=st.integers(0, 2**40),
    )
)
def test_any_claims(claims):
    """
    Whatever is signed can be read.
    """
    assert claims == SIGNER.read(SIGNER.sign(claims))


def test_longest():
    """
    The longest identifier and id that there can be make no token too long to be read.
    """
    noise = random.Random(1)

    def text(length):
        return "".join(chr(noise.randrange(0x20000, 0x2A6D0)) for _ in range(length))

    claims = attrs.evolve(IN_SOURCE, identifier=text(320), legacy_id=text(255))

    assert claims == SIGNER.read(SIGNER.sign(claims))


@pytest.mark.parametrize(
    "token", [None, 5, b"token", [], "", ".", "a.b", "a.b.c", "é", "\ud800", "x" * 9999]
)
def test_no_token(token):
    """
    What we never signed says nothing, whatever it is.
    """
    assert SIGNER.read(token) is None


@given(st.data())
def test_tampered(data):
    """
    A token with one character changed says nothing, or what we signed.

    Base64 has several writings of one signature: unused bits, and two alphabets.
    """
    token = SIGNER.sign(STORED)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(token[place].__ne__))

    claims = SIGNER.read(token[:place] + other + token[place + 1 :])

    assert claims in {None, STORED}
    assert claims is None or place > token.rindex(".")


@given(st.text(), st.binary())
def test_arbitrary(text, octets):
    """
    Arbitrary text says nothing.
    """
    assert SIGNER.read(text) is None
    assert SIGNER.read(base64.urlsafe_b64encode(octets).decode()) is None


@pytest.mark.parametrize(
    "serializer",
    [
        URLSafeSerializer(KEY),
        URLSafeSerializer(KEY, salt="migratekit.password-change"),
        URLSafeSerializer(
            "another key of the tests", salt="migratekit.password-change"
        ),
    ],
)
def test_other_signatures(serializer):
    """
    A signature of the same application for something else, or by another key, is none.
    """
    token = serializer.dumps(attrs.asdict(STORED))

    assert SIGNER.read(token) is None


@pytest.mark.parametrize(
    "values", [{"purpose": "reset"}, {"other": 1}, [], "x", None, 5]
)
def test_other_claims(values):
    """
    What we signed in another version of the claims says nothing.
    """
    assert SIGNER.read(SIGNER._serializer.dumps(values)) is None


def test_payload():
    """
    A token shows whose it is, and nothing of the hash.
    """
    claims = attrs.evolve(STORED, state=SIGNER.state_of(record()))

    _, shown = URLSafeSerializer("whatever").loads_unsafe(SIGNER.sign(claims))

    assert {"purpose", "user_id", "state", "expires_at"} == set(shown)
    assert "canary" not in str(shown)
    assert "state" not in repr(claims)


# --- States ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 4},
        {"version": 2},
        {"password_hash": None},
        {"password_hash": "other"},
        {"user": attrs.evolve(record().user, id="v")},
    ],
)
def test_state(changes):
    """
    Another version, hash or user is another state.
    """
    state = SIGNER.state_of(record())

    assert SIGNER.is_state_of(record(), state)
    assert not SIGNER.is_state_of(record(**changes), state)


def test_state_needs_the_key():
    """
    Nobody without the key can tell a state, or make one.
    """
    other = TokenSigner(Sealed("another key of the tests"))

    assert SIGNER.state_of(record()) != other.state_of(record())
    assert not other.is_state_of(record(), SIGNER.state_of(record()))
    assert not SIGNER.is_state_of(record(), "")


def test_states_do_not_run_together():
    """
    Where an id ends and a version begins makes a difference.
    """
    one = record(user=attrs.evolve(record().user, id="u|1"), version=1)
    other = record(user=attrs.evolve(record().user, id="u"), version=11)

    assert SIGNER.state_of(one) != SIGNER.state_of(other)


# --- Keys --------------------------------------------------------------------------------


def test_rotation():
    """
    The newest key signs; tokens and states of the older ones are good.
    """
    old = TokenSigner(Sealed(["the old key of the tests"]))
    new = TokenSigner(Sealed(b"the new key of the tests"))
    both = TokenSigner(
        Sealed(("the new key of the tests", b"the old key of the tests"))
    )

    assert STORED == both.read(old.sign(STORED)) == both.read(new.sign(STORED))
    assert STORED == new.read(both.sign(STORED))
    assert old.read(both.sign(STORED)) is None
    assert both.is_state_of(record(), old.state_of(record()))
    assert both.is_state_of(record(), new.state_of(record()))
    assert new.state_of(record()) == both.state_of(record())


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "fifteen bytes!!",
        b"",
        [],
        (),
        [KEY, ""],
        [KEY, 5],
        5,
        None,
        {KEY: KEY},
        {KEY},
    ],
)
def test_keys(keys):
    """
    A key has at least 16 bytes, and several are a list, newest first.
    """
    with pytest.raises(ConfigurationError):
        TokenSigner(Sealed(keys))


def test_key_without_utf8():
    """
    A key with a lone surrogate is refused, and no error on the way shows it.
    """
    with pytest.raises(ConfigurationError) as caught:
        TokenSigner(Sealed(f"{KEY}\ud800"))

    assert caught.value.__context__ is None


def test_keys_are_not_printed():
    """
    No key is in a `repr`.
    """
    assert "secret" not in repr(Sealed(KEY)) + repr(SIGNER)
