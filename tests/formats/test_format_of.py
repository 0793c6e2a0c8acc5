"""
The labels under which stored hashes are counted.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit.formats import envelope, presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.formats.presets.guessing import is_slow
from migratekit.models import StoredHash
from migratekit.passwords import OWASP_MINIMUM, RFC_9106_LOW_MEMORY, format_of
from migratekit.testing import CHEAPEST


MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"
REST = "c29tZXNhbHQ$WJ2SlmSY8CjlJpVGUG9YSg"

BCRYPT = "$2y$10$" + "abcdefghijklmnopqrstuv" + "w" * 31
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$WJ2SlmSY8CjlJpVGUG9YSg"
SCRYPT = "scrypt:32768:8:1$salt$" + "0f" * 64
PHC_SCRYPT = "$scrypt$ln=15,r=8,p=1$c29tZXNhbHQ$" + "A" * 43

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
columns = st.none() | texts | st.binary(max_size=8)
rows = st.builds(
    StoredHash, texts, salt=columns, salt2=columns, username=st.none() | texts
)
heads = st.sampled_from(
    [
        "$argon2id$v=19$m=8,t=1,p=1$",
        "$argon2i$m=4294967295,t=4294967295,p=4294967295$",
        "$2b$12$",
        "$wp$2y$10$",
        "$mk$v=1$f=",
        "$mk$v=1$fb=",
        "$mk$v=1$f=a,w=",
        "$P$B",
        "{SSHA}",
        "$",
        "",
    ]
)


@pytest.mark.parametrize(
    ("encoded", "label"),
    [
        (None, "none"),
        ("", "other"),
        (MD5, "other"),
        (f"$argon2id$v=19$m=65536,t=3,p=4${REST}", "argon2id m=65536,t=3,p=4"),
        (f"$argon2i$v=16$m=8,t=1,p=1${REST}", "argon2i v=16 m=8,t=1,p=1"),
        (f"$argon2d$m=8,t=1,p=1${REST}", "argon2d v=16 m=8,t=1,p=1"),
        (f"$argon2id$v=19$m=65536${REST}", "other"),
        (f"$argon2id$v=19$m=65536,t=3,p=12345678901${REST}", "other"),
        (f"$argon2id$v=19$m=12345678901,t=3,p=4${REST}", "other"),
        (f"$argon2id$v=19$m=8,t=12345678901,p=4${REST}", "other"),
        ("$2b$12$abcdefghijklmnopqrstuu", "bcrypt"),
        ("$2$04$abcdefghijklmnopqrstuu", "bcrypt"),
        ("$6$rounds=5000$salt$digest", "sha512_crypt"),
        ("$5$salt$digest", "sha256_crypt"),
        ("$1$salt$digest", "md5_crypt"),
        ("$apr1$salt$digest", "apr_md5_crypt"),
        ("$md5,rounds=904$salt$digest", "sun_md5_crypt"),
        ("$sha1$40000$salt$digest", "sha1_crypt"),
        ("$y$j9T$salt$digest", "yescrypt"),
        ("$gy$j9T$salt$digest", "gost_yescrypt"),
        ("$7$6salt$digest", "crypt_scrypt7"),
        ("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "phpass"),
        ("$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "phpass"),
        ("$S$5IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "drupal7"),
        ("$wp$2y$10$abcdefghijklmnopqrstuu", "wordpress_bcrypt"),
        ("$5f4d$cc3b", "other"),
        ("$mk$v=1$$AAAA", "other"),
        ("$mk$v=1$s=AA$AAAA", "other"),
        ("$mk$v=2$f=wordpress$AAAA", "other"),
        ("$mk$v=1$f=wordpress,s=AA$AAAA", "wordpress"),
        ("$mk$v=1$f=wordpress,w=AA$AAAA", "argon2id(wordpress)"),
        ("$mk$v=1$f=wordpress,u=AA,w=AA$AAAA", "argon2id(wordpress)"),
        ("$mk$v=1$fb=A$AAAA", "other"),
        ("$mk$v=1$fb=_w$AAAA", "other"),
    ],
)
def test_label(encoded, label):
    """
    Every kind of stored hash has its label.
    """
    assert label == format_of(encoded)


def test_current():
    """
    Old costs are told from current ones.
    """
    labels = {
        format_of(hasher.hash("pw")) for hasher in (OWASP_MINIMUM, RFC_9106_LOW_MEMORY)
    }

    assert {"argon2id m=65536,t=3,p=4", "argon2id m=19456,t=2,p=1"} == labels


@pytest.mark.parametrize(
    ("preset", "text"),
    [
        ("django", f"pbkdf2_sha256$ROUNDS$salt${'A' * 43}="),
        ("passlib_pbkdf2", f"$pbkdf2-sha256$ROUNDS${'A' * 22}${'A' * 43}"),
        ("werkzeug", f"pbkdf2:sha256:ROUNDS$salt${'0' * 64}"),
    ],
)
@pytest.mark.parametrize(
    ("rounds", "is_costly"),
    [("600000", True), ("1200000", True), ("599999", False), ("60000", False)],
)
def test_rounds(preset, text, rounds, is_costly):
    """
    PBKDF2 is told to be slow from where an import would not wrap it any more.
    """
    format_ = getattr(presets, preset)()
    stored = StoredHash(text.replace("ROUNDS", rounds))

    label = format_of(LegacyHasher(CHEAPEST, format_).admit(stored))

    assert (label == f"{preset}(pbkdf2)") is is_costly
    assert is_slow(label) is is_costly
    assert format_.derivation(stored).weak is not is_costly


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("wordpress", "wordpress"),
        ("md5($salt.$pass)", "md5($salt.$pass)"),
        ("a" * 64, "a" * 64),
        ("a" * 65, "a" * 61 + "..."),
        ("Übungen", "other"),
        ("a\nb", "other"),
        ("mine(bcrypt)", "other"),
        ("mine(bcrypt", "mine(bcrypt"),
    ],
)
def test_envelope(name, label):
    """
    The name of the format is read as `envelope` writes it, and cut to fit.
    """
    assert label == format_of(envelope.seal(StoredHash(MD5, salt="salt"), name))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (BCRYPT, "bcrypt"),
        (BCRYPT.replace("$2y", "$2a"), "bcrypt"),
        (f"$wp{BCRYPT}", "bcrypt"),
        (f"{{BLF-CRYPT}}{BCRYPT}", "bcrypt"),
        (f"bcrypt_sha256${BCRYPT}", "bcrypt"),
        (f"#jbcrypt:{BCRYPT}", "bcrypt"),
        (f"1|{BCRYPT}", "bcrypt"),
        (ARGON2, "argon2"),
        (f"argon2{ARGON2}", "argon2"),
        (ARGON2.replace("$v=19", "").replace("2id", "2i"), "argon2"),
        (SCRYPT, "scrypt"),
        (PHC_SCRYPT, "scrypt"),
    ],
)
def test_slow_inside(text, kind):
    """
    A format that has quick hashes, too, is told from a slow one of it, and nothing else
    of the hash is.
    """
    sealed = StoredHash(text, salt="salt", username="ada")

    assert f"mine({kind})" == format_of(envelope.seal(sealed, "mine"))
    assert kind == format_of(envelope.seal(sealed, kind))
    long = format_of(envelope.seal(sealed, "a" * 64))
    assert (64, f"a...({kind})") == (len(long), long[-len(kind) - 6 :])
    assert "argon2id(mine)" == format_of(envelope.wrap(sealed, "mine", ARGON2))


@pytest.mark.parametrize(
    "text",
    [
        BCRYPT[:-1],
        BCRYPT + "a",
        BCRYPT + "\n",
        BCRYPT.replace("$2y", "$2z"),
        BCRYPT.replace("$10$", "$99$"),
        MD5 + BCRYPT,
        f"{MD5}:{BCRYPT}",
        f"{BCRYPT}:{MD5}",
        f"{{MD5}}{MD5}",
        f"$wp{MD5}",
        "$wp$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
        ARGON2[:-1],
        ARGON2.replace("m=65536,", ""),
        SCRYPT[:-1],
        PHC_SCRYPT[:-1],
        "{" + "a" * 21 + "}" + BCRYPT,
        BCRYPT * 20,
        "",
    ],
)
def test_not_plainly_slow(text):
    """
    What is cut, is longer, or is of no known kind is not called slow.
    """
    assert "mine" == format_of(envelope.seal(StoredHash(text), "mine"))


@pytest.mark.parametrize("sealed", ["A", "_w", "\xe4", "JDJ5"])
def test_sealed_badly(sealed):
    """
    Neither is what cannot be read.
    """
    assert "mine" == format_of(f"$mk$v=1$f=mine${sealed}")


@given(rows, st.sampled_from([*presets.__all__, "sha1($pass)"]))
def test_nothing_of_the_row(stored, name):
    """
    The label of an envelope with no slow hash depends on its name and on nothing else.
    """
    assert name == format_of(envelope.seal(stored, name))


@given(heads, st.text(max_size=30) | st.binary(max_size=60).map(base64.b64encode))
def test_any_text(head, rest):
    """
    A label never raises, is short and of ASCII, and for a known head the same always.
    """
    rest = rest if isinstance(rest, str) else rest.decode()

    label = format_of(head + rest)

    assert len(label) <= 64
    assert label.isascii()
    assert label.isprintable()
    if not head.startswith("$mk$") and head not in {"$", ""}:
        assert format_of(head) == label


@given(st.text("0123456789abcdefABCDEF./+-_=", max_size=200))
def test_bare_digest(text):
    """
    Bare digits are never shown.
    """
    assert "other" == format_of(text)
