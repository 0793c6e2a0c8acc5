"""
Hostile costs that the files of vectors do not have.
"""

import time
import tracemalloc

import pytest

from migratekit.errors import UnusableHashError
from migratekit.formats import Ceilings, Format, Iterated, inspect, presets
from migratekit.formats.armor import CRYPT64
from migratekit.formats.ceilings import DEFAULT
from migratekit.formats.kdf import scrypt_parameters
from migratekit.formats.libcrypt import _parameters
from migratekit.formats.scheme import CostError
from migratekit.models import StoredHash


KEY = "A" * 43  # 32 bytes in base64
LONG = "A" * 86
HUGE = 2**20


def yescrypt(value, least):
    """
    Return a number as yescrypt's setting spells it.
    """
    value, start, end, digits, bits = value - least, 0, 47, 1, 0
    while value >= (end + 1 - start) << bits:
        value -= (end + 1 - start) << bits
        start, end = end + 1, end + 1 + (62 - end) // 2
        digits, bits = digits + 1, bits + 6
    rest = [value >> 6 * i & 63 for i in reversed(range(digits - 1))]
    return "".join(CRYPT64[i] for i in (start + (value >> bits), *rest))


def setting(log_n, r, p):
    tail = f".{yescrypt(p, 2)}" if p > 1 else ""
    return "j" + yescrypt(log_n, 1) + yescrypt(r, 1) + tail


def digits(value):
    """
    Return a number as ``$7$`` spells it.
    """
    return "".join(CRYPT64[value >> 6 * i & 63] for i in range(5))


# N, r and p: too much memory at once, too many rounds, blocks too large.
COSTS = [(2, HUGE, 8), (2, HUGE, 1), (2**17, 8, 16), (2, 65, 1)]
FIREBASE = "ss=Bw==,sk=YWJjYWJjYWJjYWJj$c2FsdA==$YWJjYWJjYWJjYWJj"
SPELLINGS = {
    "werkzeug": lambda n, r, p: (
        presets.werkzeug(),
        StoredHash(f"scrypt:{n}:{r}:{p}$salt${'00' * 64}"),
    ),
    "django": lambda n, r, p: (
        presets.django(),
        StoredHash(f"scrypt${n}$salt${r}${p}${LONG}=="),
    ),
    "kratos": lambda n, r, p: (
        presets.kratos(),
        StoredHash(f"$scrypt$ln={n},r={r},p={p}$c2FsdA${KEY}"),
    ),
    "phc_scrypt": lambda n, r, p: (
        presets.phc_scrypt(),
        StoredHash(f"$scrypt$ln={n.bit_length() - 1},r={r},p={p}$c2FsdA${KEY}"),
    ),
    "generic_scrypt": lambda n, r, p: (
        presets.generic_scrypt(),
        StoredHash(f"SCRYPT:{n}:{r}:{p}:c2FsdA==:{KEY}="),
    ),
    "gitea": lambda n, r, p: (
        presets.gitea(algorithm=f"scrypt${n}${r}${p}$50"),
        StoredHash("00" * 50, salt="ab"),
    ),
    "spring": lambda n, r, p: (
        presets.spring(),
        # There is a byte for each of r and p.
        StoredHash(
            f"{{scrypt}}${n.bit_length() - 1:x}{min(r, 255):02x}{p:02x}$c2FsdA${KEY}"
        ),
    ),
    "crypt_scrypt7": lambda n, r, p: (
        presets.crypt_scrypt7(),
        StoredHash(f"$7${CRYPT64[n.bit_length() - 1]}{digits(r)}{digits(p)}salt${KEY}"),
    ),
    "yescrypt": lambda n, r, p: (
        presets.yescrypt(),
        StoredHash(f"$y${setting(n.bit_length() - 1, r, p)}$salt${KEY}"),
    ),
    "gost_yescrypt": lambda n, r, p: (
        presets.gost_yescrypt(),
        StoredHash(f"$gy${setting(n.bit_length() - 1, r, p)}$salt${KEY}"),
    ),
    # Firebase's p is 1.
    "firebase": lambda n, r, _: (
        presets.firebase(signer_key="YWJj", rounds=r, mem_cost=n.bit_length() - 1),
        StoredHash("YWJj", salt="c2FsdA=="),
    ),
    "firescrypt": lambda n, r, _: (
        presets.kratos(),
        StoredHash(
            f"$firescrypt$ln={n.bit_length() - 1},r={r},p=1$c2FsdA==$YWJj$Bw==$YWJj"
        ),
    ),
    "fbscrypt": lambda n, r, _: (
        presets.supabase(),
        StoredHash(f"$fbscrypt$v=1,n={n.bit_length() - 1},r={r},p=1,{FIREBASE}"),
    ),
}


def refusal(format_, stored):
    """
    Return why a hash is refused, by `inspect()` as by `verify()`, and in no time.
    """
    start = time.perf_counter()
    tracemalloc.start()
    try:
        # First, as it computes nothing whatever it says.
        with pytest.raises(UnusableHashError) as caught:
            inspect(format_, stored)
        with pytest.raises(UnusableHashError) as again:
            format_.verify("password", stored)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - start < 0.1
    assert most < 2**20
    assert caught.value.detail == again.value.detail
    return caught.value.detail


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("costs", COSTS)
def test_scrypt(spelling, costs):
    """
    scrypt is refused for its memory, its work and its r, however they are spelt.
    """
    if costs == (2**17, 8, 16) and spelling in {"firebase", "firescrypt", "fbscrypt"}:
        costs = (2**19, 8, 1)

    detail = refusal(*SPELLINGS[spelling](*costs))

    assert detail.endswith("is over the ceiling")


@pytest.mark.parametrize(
    ("costs", "ceilings", "what"),
    [
        ((2, 65, 1), Ceilings(), "r"),
        ((2, 1, 17), Ceilings(), "p"),
        ((2**19, 8, 1), Ceilings(), "memory"),
        ((2**18, 8, 3), Ceilings(), "N times r times p"),
        ((16, 1, 16), Ceilings(scrypt_memory=128 * 31), "memory"),
        ((16, 1, 2), Ceilings(scrypt_work=31), "N times r times p"),
        ((16, 2, 1), Ceilings(scrypt_block_size=1), "r"),
    ],
)
def test_what_of_scrypt(costs, ceilings, what):
    """
    Memory counts all p blocks beside the N of one; r, p and the product are bounded.
    """
    with pytest.raises(CostError) as caught:
        scrypt_parameters(*costs, ceilings)

    assert f"its {what} is over the ceiling" == str(caught.value)


@pytest.mark.parametrize(
    "costs",
    [
        (2**18, 8, 1),
        (2**17, 8, 1),
        (2**16, 16, 2),
        (2**14, 8, 16),
        (2**13, 8, 10),
        (2**12, 32, 1),
    ],
)
def test_usual_scrypt(costs):
    """
    What products and recommendations ask for is within the ceilings.
    """
    n, r, p = costs
    log_n = n.bit_length() - 1

    assert scrypt_parameters(n, r, p, DEFAULT) > 128 * n * r
    assert (log_n, r, p) == _parameters(setting(log_n, r, p))


MD4 = Format(
    "md4",
    Iterated("md4($pass)", "md4_bin($digest)", layout="{rounds:int}:{key:hex}"),
)


@pytest.mark.parametrize(
    ("format_", "text", "most"),
    [
        # The basic 4096 rounds count too.
        (presets.sun_md5_crypt(), "$md5,rounds={}$salt$$" + "A" * 22, 245_904),
        (presets.sun_md5_crypt(), "$md5$rounds={}$salt$" + "A" * 22, 245_904),
        (presets.crypt(), "$md5,rounds={}$salt$$" + "A" * 22, 245_904),
        (presets.sha1_crypt(), "$sha1${}$salt$" + "A" * 28, 2_000_000),
        (presets.sha512_crypt(), "$6$rounds={}$salt$" + "A" * 86, 2_000_000),
        (MD4, "{}:" + "0" * 32, 50_000),
    ],
)
def test_rounds_in_python(format_, text, most):
    """
    What takes Python microseconds a round has a ceiling of its own.
    """
    inspect(format_, StoredHash(text.format(most)))

    detail = refusal(format_, StoredHash(text.format(most + 1)))

    assert "its number of rounds is over the ceiling" == detail


@pytest.mark.parametrize(
    ("format_", "text", "none", "one"),
    [
        (presets.sha1_crypt(), "$sha1${}$salt$" + "A" * 28, "0", "1"),
        (presets.bsdi_crypt(), "_{}salt" + "A" * 11, "....", "/..."),
    ],
)
def test_fewest_rounds(format_, text, none, one):
    """
    One round is the least there is.
    """
    inspect(format_, StoredHash(text.format(one)))

    assert "its number of rounds is out of range" == refusal(
        format_, StoredHash(text.format(none))
    )


def test_basic_rounds_of_sun():
    """
    A hash that says no rounds has the basic ones, to the round.
    """
    stored = StoredHash("$md5$salt$$" + "A" * 22)
    enough, scarce = (
        presets.sun_md5_crypt(ceilings=Ceilings(sun_md5_rounds=most))
        for most in (4096, 4095)
    )

    inspect(enough, stored)

    assert "its number of rounds is over the ceiling" == refusal(scarce, stored)


def test_rounds_of_bsdi():
    """
    So has BSDi's DES, whose number of rounds is spelt in four digits.
    """
    inspect(presets.bsdi_crypt(), StoredHash(f"_{digits(125_000)[:4]}salt" + "A" * 11))

    detail = refusal(
        presets.bsdi_crypt(), StoredHash(f"_{digits(125_001)[:4]}salt" + "A" * 11)
    )

    assert "its number of rounds is over the ceiling" == detail
