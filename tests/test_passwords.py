"""
Hashes of the new store.
"""

import base64
import itertools
import unicodedata

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.passwords import (
    OWASP_MINIMUM,
    RFC_9106_LOW_MEMORY,
    Argon2Hasher,
    normal_form,
)
from migratekit.testing import CHEAPEST
from migratekit.validation import is_possible_password


NFC, NFD = "caf\u00e9", "cafe\u0301"
UNASSIGNED = "\u0378"

quick = settings(max_examples=50, deadline=None)
possible = st.text(min_size=1, max_size=20).filter(is_possible_password)


def of(password, **more):
    """
    Hash *password* as it is, as another program would; always with the same salt.
    """
    options = {"memory_cost": 8, "time_cost": 1, "parallelism": 1, **more}
    salt = bytes(range(options.get("salt_len", 16)))
    return argon2.PasswordHasher(**options).hash(password, salt=salt)


ENCODED = of("pw")
HEAD, SALT, DIGEST = ENCODED.rsplit("$", 2)


# --- Forms -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "form"),
    [
        ("plain", "plain"),
        (NFC, NFC),
        (NFD, NFC),
        ("\N{ANGSTROM SIGN}", "\u00c5"),
        ("\N{KELVIN SIGN}", "K"),
        ("ﬁ", "ﬁ"),
        ("Ａ", "Ａ"),
        ("E\u0301", "É"),
        (NFD + UNASSIGNED, NFD + UNASSIGNED),
        (NFD + "\ue000", NFC + "\ue000"),
    ],
)
def test_normal_form(password, form):
    """
    NFC, never NFKC, case untouched; as typed with an unassigned code point.
    """
    assert form == normal_form(password)
    assert form == normal_form(form)


def test_unassigned():
    """
    The code point of these tests is unassigned still.
    """
    assert "Cn" == unicodedata.category(UNASSIGNED)


@pytest.mark.parametrize(
    ("hashed", "typed", "expected"),
    [
        (NFC, NFC, True),
        (NFC, NFD, True),
        (NFD, NFD, True),
        (NFD, NFC, False),
        (NFC + UNASSIGNED, NFD + UNASSIGNED, False),
        (NFD + UNASSIGNED, NFD + UNASSIGNED, True),
        ("K", "\N{KELVIN SIGN}", True),
        ("pw", "PW", False),
        ("pw", "pw ", False),
        ("pw", "", False),
    ],
)
def test_forms(hashed, typed, expected):
    """
    An imported hash may be over either form of what was typed, and over no third.
    """
    assert expected is CHEAPEST.verify(typed, of(hashed))


def test_hash_is_of_the_normal_form():
    """
    What we hash is NFC, whoever verifies it; never what was typed.
    """
    encoded = CHEAPEST.hash(NFD)

    assert argon2.PasswordHasher().verify(encoded, NFC)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(encoded, NFD)


def test_both_forms_are_computed(monkeypatch):
    """
    Which form matched does not show in the number of computations.
    """
    seen = []
    verify = argon2.PasswordHasher.verify

    def counting(self, encoded, password):
        seen.append(password)
        return verify(self, encoded, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    for hashed in (NFC, NFD, "other"):
        CHEAPEST.verify(NFD, of(hashed))
    CHEAPEST.verify(NFC, of(NFC))

    assert [NFC, NFD] * 3 + [NFC] == seen


@quick
@given(possible, possible)
def test_round_trip(password, other):
    """
    A hash is of its password in any composition, and of no other.
    """
    encoded = CHEAPEST.hash(password)

    assert CHEAPEST.verify(password, encoded) is True
    assert (normal_form(other) == normal_form(password)) is CHEAPEST.verify(
        normal_form(other), encoded
    )
    assert not CHEAPEST.needs_rehash(encoded)


def test_salt():
    """
    Two hashes of one password differ.
    """
    assert CHEAPEST.hash("pw") != CHEAPEST.hash("pw")


# --- Costs -----------------------------------------------------------------------------


def test_profiles():
    """
    The default is the second recommended option of RFC 9106; nothing weaker is shipped.
    """
    assert RFC_9106_LOW_MEMORY == Argon2Hasher()
    assert argon2.profiles.RFC_9106_LOW_MEMORY == argon2.extract_parameters(
        RFC_9106_LOW_MEMORY.hash("pw")
    )
    assert (19456, 2, 1) == (
        OWASP_MINIMUM.memory_cost,
        OWASP_MINIMUM.time_cost,
        OWASP_MINIMUM.parallelism,
    )


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (ENCODED, False),
        (of("pw"), False),
        (of("pw", time_cost=2), True),
        (of("pw", memory_cost=9), True),
        (of("pw", memory_cost=16, parallelism=2), True),
        (of("pw", hash_len=16), True),
        (of("pw", salt_len=8), True),
        (of("pw", type=argon2.Type.I), True),
        (of("pw", type=argon2.Type.D), True),
        ("$2b$04$" + "x" * 53, True),
        ("", True),
        (ENCODED[:-10], True),
        ("$argon2id$v=19$m=2097152,t=1,p=1$" + SALT + "$" + DIGEST, True),
    ],
)
def test_needs_rehash(encoded, expected):
    """
    Every other cost, kind or length needs a new hash.
    """
    assert expected is CHEAPEST.needs_rehash(encoded)


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (of("pw"), False),
        (of("pw", memory_cost=9), False),
        (of("pw", time_cost=2), False),
        (of("pw", memory_cost=16, parallelism=2), False),
        (of("pw", hash_len=16), True),
        (of("pw", salt_len=8), True),
        (of("pw", type=argon2.Type.I, memory_cost=64), True),
        (of("pw", type=argon2.Type.D, memory_cost=64), True),
        ("$2b$04$" + "x" * 53, True),
        ("", True),
    ],
)
def test_is_upgrade(encoded, expected):
    """
    Only what is weaker is upgraded: a hash is never downgraded.
    """
    assert expected is CHEAPEST.is_upgrade(encoded)


def test_upgrades_have_an_end():
    """
    Of two hashers at most one upgrades the other's hashes.
    """
    costs = [(8, 1), (16, 1), (8, 2), (32, 1), (16, 2), (8, 4)]
    hashers = [
        Argon2Hasher(memory_cost=memory, time_cost=passes, parallelism=1)
        for memory, passes in costs
    ]
    for one, other in itertools.combinations(hashers, 2):
        there, back = one.hash("pw"), other.hash("pw")
        assert [False, True] == sorted([one.is_upgrade(back), other.is_upgrade(there)])


@pytest.mark.parametrize("kind", list(argon2.Type))
def test_other_kinds(kind):
    """
    Imported argon2i and argon2d hashes verify.
    """
    assert CHEAPEST.verify("pw", of("pw", type=kind))
    assert not CHEAPEST.verify("wp", of("pw", type=kind))


def with_costs(memory, passes, lanes):
    return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${SALT}${DIGEST}"


@pytest.mark.parametrize(
    ("costs", "detail"),
    [
        ((1024 * 1024 + 1, 1, 1), "memory"),
        ((2**32, 1, 1), "memory"),
        ((10**100, 1, 1), "memory"),
        ((1024 * 1024, 5, 1), "memory"),
        ((8, 524289, 1), "memory"),
        ((1024, 1, 17), "lanes"),
        ((1024, 1, 10**9), "lanes"),
        ((8, 1, 0), "malformed"),
        ((8, 0, 1), "malformed"),
        ((8, -1, 1), "malformed"),
        ((7, 1, 1), "malformed"),
        ((8, "+1", 1), "malformed"),
        ((8, "1_0", 1), "malformed"),
        ((8, "٣", 1), "malformed"),
    ],
)
def test_ceilings(costs, detail):
    """
    A cost over the ceiling is refused before anything is computed.
    """
    with pytest.raises(UnusableHashError) as caught:
        CHEAPEST.verify("pw", with_costs(*costs))

    assert detail in caught.value.detail


def test_under_the_ceilings():
    """
    16 lanes are allowed still.
    """
    encoded = of("pw", memory_cost=128, parallelism=16)

    assert CHEAPEST.verify("pw", encoded)


@pytest.mark.parametrize(
    "costs",
    [
        {"time_cost": 0},
        {"time_cost": -1},
        {"parallelism": 0},
        {"parallelism": 17, "memory_cost": 2**17},
        {"memory_cost": 7, "parallelism": 1},
        {"memory_cost": 31, "parallelism": 4},
        {"memory_cost": 2**20 + 1},
        {"memory_cost": 2**20, "time_cost": 5},
        {"memory_cost": 2**21, "time_cost": 1},
        {"memory_cost": "65536"},
        {"time_cost": 3.0},
        {"parallelism": True},
        {"parallelism": None},
    ],
)
def test_impossible_costs(costs):
    """
    A hasher that argon2 cannot be, or whose hashes would not verify, is not made.
    """
    with pytest.raises(ConfigurationError):
        Argon2Hasher(**costs)


@pytest.mark.parametrize(
    "costs",
    [
        {"memory_cost": 8, "time_cost": 1, "parallelism": 1},
        {"memory_cost": 128, "time_cost": 1, "parallelism": 16},
        {"memory_cost": 8, "time_cost": 1000, "parallelism": 1},
    ],
)
def test_possible_costs(costs):
    """
    Whatever hasher can be made, verifies its own hashes.
    """
    hasher = Argon2Hasher(**costs)

    encoded = hasher.hash("pw")

    assert hasher.verify("pw", encoded)
    assert not hasher.needs_rehash(encoded)


# --- Hostile texts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "pw",
        "$",
        "$argon2",
        "$argon2id",
        "$argon2id$",
        "$argon2id$$$$$",
        "$argon2x" + ENCODED[9:],
        "argon2" + ENCODED,
        " " + ENCODED,
        ENCODED + "\n",
        ENCODED + "$x",
        ENCODED[:-1] + "!",
        ENCODED[:-1] + "é",
        ENCODED[:-1] + "\ud800",
        ENCODED.replace("v=19", "v=x"),
        ENCODED.replace("m=8", "m="),
        ENCODED.replace("m=8", "q=8"),
        ENCODED.replace("m=8,", ""),
        ENCODED.replace("$" + SALT, "$"),
        ENCODED.replace("$" + SALT, "$YQ"),
        "$2b$12$" + "x" * 53,
        "$argon2id$" + "x" * 10_000,
        "x" * 10_000,
    ],
)
def test_malformed(encoded):
    """
    What is no whole argon2 hash is unusable, and says no more of itself than its kind.
    """
    with pytest.raises(UnusableHashError) as caught:
        CHEAPEST.verify("pw", encoded)

    assert caught.value.masked in {"…", "$argon2id$…", "$argon2i$…", "$argon2d$…"}
    assert SALT not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "encoded",
    [ENCODED + "\0", ENCODED + "\0x", of("pw", hash_len=4) + "\0" + "A" * 40],
)
def test_nul(encoded):
    """
    Nothing is hidden behind a NUL, where argon2 stops to read: least of all a cut digest.
    """
    with pytest.raises(UnusableHashError):
        CHEAPEST.verify("pw", encoded)


@pytest.mark.parametrize("length", range(len(ENCODED)))
def test_truncated(length):
    """
    No beginning of a hash matches its password.
    """
    cut = ENCODED[:length]
    try:
        answer = CHEAPEST.verify("pw", cut)
    except UnusableHashError:
        answer = False

    assert answer is False


def test_other_version():
    """
    A hash of a version that argon2 does not have matches nothing.
    """
    assert not CHEAPEST.verify("pw", ENCODED.replace("v=19", "v=99"))


@pytest.mark.parametrize("octets", [0, 1, 4, 12, 15])
def test_short_digest(octets):
    """
    A digest of less than 16 octets is cut: a few bytes are soon guessed.
    """
    digest = base64.b64encode(b"x" * octets).decode().rstrip("=")

    with pytest.raises(UnusableHashError, match=r"cut|malformed"):
        CHEAPEST.verify("pw", f"{HEAD}${SALT}${digest}")


def test_shortest_digest():
    """
    16 octets are enough.
    """
    assert CHEAPEST.verify("pw", of("pw", hash_len=16))


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=80)
    | st.text(max_size=60).map("$argon2id$".__add__)
    | st.text(max_size=40).map(f"{HEAD}$".__add__)
    | st.text(st.sampled_from("$,=0123456789mtpvargon2id"), max_size=60).map(
        "$argon2".__add__
    )
    | st.tuples(st.integers(0, len(ENCODED)), st.characters()).map(
        lambda change: ENCODED[: change[0]] + change[1] + ENCODED[change[0] + 1 :]
    ),
    possible,
)
def test_hostile(encoded, password):
    """
    No text whatever raises anything but `UnusableHashError`, or lets somebody in.
    """
    try:
        answer = CHEAPEST.verify(password, encoded)
    except UnusableHashError:
        answer = False

    assert answer is False or ("pw", ENCODED) == (password, encoded)
    assert CHEAPEST.needs_rehash(encoded) in {True, False}


def test_value():
    """
    A hasher is a value of its costs, and shows nothing else.
    """
    same = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)

    assert same == CHEAPEST
    assert hash(same) == hash(CHEAPEST)
    assert "Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)" == repr(same)
