"""
The engines, and what each refuses.
"""

import base64
import hashlib
import json

import bcrypt
import pytest

from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.formats import (
    Argon2,
    Bcrypt,
    Ceilings,
    Digest,
    FirstOf,
    Format,
    Iterated,
    MalformedError,
    Pbkdf2,
    PHPass,
    Prefixed,
    Prehashed,
    Recipe,
    Scrypt,
    presets,
)
from migratekit.formats.aes import ctr
from migratekit.formats.armor import to_bcrypt64
from migratekit.formats.ceilings import DEFAULT
from migratekit.formats.crypt import Crypt
from migratekit.formats.databases import Database
from migratekit.formats.kdf import scrypt_parameters
from migratekit.formats.md5_crypt import md5_crypt
from migratekit.formats.saslprep import saslprep
from migratekit.formats.scheme import CostError, InBraces
from migratekit.formats.scram import Scram
from migratekit.models import StoredHash


def verify(scheme, password, text, **columns):
    return Format("x", scheme).verify(password, StoredHash(text, **columns))


def md5(text):
    return hashlib.md5(text).hexdigest()


def test_digest_columns():
    """
    Salt, second salt, user name and pepper go where the recipe says.
    """
    scheme = Digest("md5($salt.$salt2.$username.$pepper.$pass)", pepper="P")

    text = md5(b"sTuPpass")

    columns = {"salt": "s", "salt2": b"T", "username": "u"}
    assert verify(scheme, "pass", text, **columns)
    assert not verify(scheme, "Pass", text, **columns)


@pytest.mark.parametrize(
    ("kind", "salt"),
    [("text", "6162"), ("hex", "6162"), ("base64", "YWI="), ("hex", b"ab")],
)
def test_salt_column(kind, salt):
    """
    A salt column is text, hexadecimal digits or base64; bytes are bytes.
    """
    wanted = b"6162" if kind == "text" else b"ab"
    scheme = Digest("md5($salt.$pass)", salt_column=kind)

    assert verify(scheme, "pass", md5(wanted + b"pass"), salt=salt)


@pytest.mark.parametrize("column", ["salt", "salt2", "username"])
def test_missing_column(column):
    """
    A row without what the recipe needs is refused.
    """
    with pytest.raises(UnusableHashError) as caught:
        verify(Digest(f"md5(${column}.$pass)"), "pass", md5(b"pass"))

    assert f"its {column} is missing" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Digest("md5($pepper.$pass)"),
        lambda: Digest("md5($digest.$pass)"),
        lambda: Digest("$pass"),
        lambda: Digest("md5($pass)", layout="{salt:hex}"),
        lambda: Digest("md5($pass)", salt_column="octal"),
        lambda: Iterated("md5($pass)", "sha1($digest)", rounds=2),
        lambda: Iterated("md5($pass)", "md5($pass)", rounds=2),
        lambda: Iterated("md5($pass)", "md5($digest.$digest)", rounds=2),
        lambda: Iterated("md5($pass)", "md5(md5($digest))", rounds=2),
        lambda: Iterated("md5($pass)", "hmac_md5($digest,$pass)", rounds=2),
        lambda: Iterated("md5($pass)", "$digest", rounds=2),
        lambda: Iterated("md5($pass)", "md5($digest)"),
        lambda: Iterated("md5($digest)", "md5($digest)", rounds=2),
        lambda: Pbkdf2("{key:hex}", rounds=1),
        lambda: Pbkdf2("{key:hex}", digest="sha256"),
        lambda: Pbkdf2("{key:hex}", digest="whirlpool", rounds=1),
        lambda: Pbkdf2("{salt:hex}", digest="sha256", rounds=1),
        lambda: Scrypt("{key:hex}", r=8, p=1),
        lambda: Scrypt("{key:hex}", n=16, p=1),
        lambda: Bcrypt(layers=0),
        lambda: PHPass("sha1"),
        lambda: Crypt("rot13_crypt"),
        lambda: Database("access"),
        lambda: Scram("md5", "{key:base64}"),
        lambda: Prefixed("", Bcrypt()),
        lambda: Prehashed("$pepper", Bcrypt()),
        lambda: presets.raw("whirlpool"),
        lambda: presets.firebase(signer_key="!"),
        lambda: presets.firebase(signer_key=""),
        lambda: presets.mongodb_scram(algorithm="md5"),
        lambda: presets.cleartext(i_know_that_this_is_clear_text=False),
    ],
)
def test_configuration(make):
    """
    What can't work is refused when it is made.
    """
    with pytest.raises(ConfigurationError):
        make()


def test_pepper_is_not_shown():
    """
    No repr has a site's secret.
    """
    shown = repr(
        [
            Digest("md5($pepper)", pepper="hunter2"),
            Iterated("md5($pepper)", "md5($digest)", rounds=1, pepper="hunter2"),
            Prehashed("$pepper", Bcrypt(), pepper="hunter2"),
            Pbkdf2("{key:hex}", digest="md5", rounds=1, salt_suffix="hunter2"),
            presets.firebase(signer_key=base64.b64encode(b"hunter2").decode()),
            presets.htdigest(realm="hunter2"),
        ]
    )

    assert "hunter2" not in shown


def test_iterated():
    """
    Rounds hand on hexadecimal digits or bytes, between constant texts.
    """
    first = hashlib.md5(b"saltpass").digest()
    scheme = Iterated(
        "md5($salt.$pass)", "md5($pass.$digest.$salt)", rounds=1, extra_rounds=1
    )

    text = md5(b"pass" + first.hex().encode() + b"salt")

    assert verify(scheme, "pass", text, salt="salt")


@pytest.mark.parametrize("rounds", [0, 5_000_001])
def test_iterated_rounds(rounds):
    """
    The number of rounds is bounded.
    """
    scheme = Iterated("md5($pass)", "md5($digest)", layout="{rounds:int}:{key:hex}")

    with pytest.raises(UnusableHashError):
        verify(scheme, "pass", f"{rounds}:{md5(b'')}")


def test_digest_cut():
    """
    A cut digest is refused.
    """
    with pytest.raises(UnusableHashError):
        verify(Digest("md5($pass)"), "pass", md5(b"pass")[:-2])


def test_pbkdf2_cut():
    """
    A key that was cut is refused, though PBKDF2 makes one of any length.
    """
    key = hashlib.pbkdf2_hmac("sha256", b"pass", b"salt", 1)
    scheme = Pbkdf2("{key:hex}", digest="sha256", rounds=1)

    assert verify(scheme, "pass", key.hex(), salt="salt")
    with pytest.raises(UnusableHashError):
        verify(scheme, "pass", key[:4].hex(), salt="salt")


@pytest.mark.parametrize("code", ["4", "Q", "T", "z"])
def test_phpass_rounds(code):
    """
    The exponent of the rounds is 7 to 30, and not over the ceiling.
    """
    with pytest.raises(UnusableHashError):
        verify(PHPass(), "pass", f"$P${code}saltsalt" + "." * 22)


def test_iterated_cut():
    """
    A cut digest is refused.
    """
    scheme = Iterated("md5($pass)", "md5($digest)", rounds=1)

    with pytest.raises(UnusableHashError):
        verify(scheme, "pass", md5(b"pass")[:-2])


@pytest.mark.parametrize(
    "scheme",
    [
        Pbkdf2("{key:hex}", digest="sha1", rounds=1),
        Scrypt("{key:hex}", n=2, r=1, p=1, key_lengths=[20]),
        Scram("sha1", "{key:hex}", rounds=1),
        Scram("sha1", "{salt:text}:{key:hex}", rounds=1, mongodb=True),
        presets.mysql_caching_sha2().scheme,
        presets.gitea(algorithm="pbkdf2$1$50").scheme,
        presets.discourse(algorithm="$pbkdf2-sha256$i=1,l=32$").scheme,
        presets.fusionauth(scheme="salted-md5").scheme,
        presets.firebase(signer_key="YWI=").scheme,
        presets.keycloak(algorithm="pbkdf2", iterations=1).scheme,
    ],
)
def test_salt_is_needed(scheme):
    """
    Where a salt or a name belongs and none is given, the row is refused for that.
    """
    prefix = "s:" if isinstance(scheme, Scram) and scheme.mongodb else ""
    texts = ("00" * 20, "00" * 50, "00" * 32, "A" * 43, "YWI=")

    details = set()
    for text in texts:
        with pytest.raises(UnusableHashError) as caught:
            verify(scheme, "pass", prefix + text)
        details.add(caught.value.detail)

    what = "username" if prefix else "salt"
    assert any(detail.endswith(f"{what} is missing") for detail in details)


@pytest.mark.parametrize(
    ("n", "r", "p"), [(0, 1, 1), (1, 1, 1), (3, 1, 1), (2, 0, 1), (2, 1, 0)]
)
def test_scrypt_out_of_range(n, r, p):
    """
    scrypt's parameters are positive, and N is a power of two.
    """
    with pytest.raises(MalformedError):
        scrypt_parameters(n, r, p, DEFAULT)


def test_scrypt_memory():
    """
    What Werkzeug uses by default fits into what OpenSSL is allowed.
    """
    key = hashlib.scrypt(
        b"pass", salt=b"salt", n=2048, r=8, p=3, maxmem=2**26, dklen=64
    )

    assert presets.werkzeug().verify(
        "pass", StoredHash(f"scrypt:2048:8:3$salt${key.hex()}")
    )


@pytest.mark.parametrize(
    "text",
    [
        "$argon2id$v=18$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=15,t=1,p=2$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 20,
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 1400,
        "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=1048576,t=5,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=1024,t=1,p=17$c29tZXNhbHQ$" + "A" * 43,
    ],
)
def test_argon2_out_of_range(text):
    """
    argon2's parameters are within what it knows and what is allowed.
    """
    with pytest.raises(UnusableHashError):
        verify(Argon2(), "pass", text)


def test_bcrypt_72_bytes():
    """
    A password counts to its 72nd byte, in the middle of a character if need be.
    """
    password = "x" * 71 + "é" * 10
    text = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()

    assert verify(Bcrypt(), password, text)
    assert verify(Bcrypt(), "x" * 71 + "éother", text)
    assert not verify(Bcrypt(), "x" * 70 + "yé", text)


def test_bcrypt_nul():
    """
    A password with a NUL matches nothing and raises nothing, not even its own hash.
    """
    text = bcrypt.hashpw(b"pa\0ss", bcrypt.gensalt(4)).decode()
    md5_text = f"$1$salt${md5_crypt(b'$1$', b'pa' + bytes(1) + b'ss', b'salt')}"

    assert not verify(Bcrypt(), "pa\0ss", text)
    assert not verify(Crypt("md5_crypt"), "pa\0ss", md5_text)


def test_bcrypt_unused_bits():
    """
    The unused bits of salt and key do not count.
    """
    salt, key = bytes(range(16)), "$2b$04$"
    text = bcrypt.hashpw(b"pass", (key + to_bcrypt64(salt)).encode()).decode()
    last_of_salt, last = text[28], text[-1]
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    other = alphabet[alphabet.index(last_of_salt) ^ 1]
    another = alphabet[alphabet.index(last) ^ 1]

    assert verify(Bcrypt(), "pass", text[:28] + other + text[29:-1] + another)


def test_bcrypt_sign_bug():
    """
    A hash of an old PHP is of the garbled password, if the site says so.
    """
    genuine = "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
    stored = StoredHash("$2a" + genuine[3:])

    sites = [
        presets.bcrypt(encodings=("latin-1",), sign_bug=bug) for bug in (False, True)
    ]

    assert [False, True] == [site.verify("\xa3", stored) for site in sites]
    assert presets.bcrypt(encodings=("latin-1",)).verify("\xa3", StoredHash(genuine))


def test_bcrypt_without_minor():
    """
    The first bcrypt left the closing NUL out, as passlib's own code does.
    """
    raw = pytest.importorskip("passlib.crypto._blowfish").raw_bcrypt
    salt = to_bcrypt64(bytes(range(16)))
    made = raw(b"pass", "2", salt.encode(), 4).decode()

    assert verify(Bcrypt(), "pass", f"$2$04${salt}{made}")
    assert not verify(Bcrypt(), "pasz", f"$2$04${salt}{made}")
    assert not verify(Bcrypt(), "", f"$2$04${salt}{made}")


@pytest.mark.parametrize("cost", ["00", "03", "17", "32", "99"])
def test_bcrypt_cost(cost):
    """
    The cost is within bcrypt's bounds and the ceiling.
    """
    with pytest.raises(UnusableHashError):
        verify(Bcrypt(), "pass", f"$2b${cost}$" + "." * 53)


def test_prefix_case():
    """
    A prefix is compared exactly, unless the scheme says otherwise.
    """
    text = md5(b"pass")

    assert verify(
        Prefixed("{M}", Digest("md5($pass)"), any_case=True), "pass", f"{{m}}{text}"
    )
    with pytest.raises(UnusableHashError):
        verify(Prefixed("{M}", Digest("md5($pass)")), "pass", f"{{m}}{text}")


def test_first_of_does_not_fall_through():
    """
    A hash over the ceiling is not left to a later scheme.
    """
    scheme = FirstOf((Bcrypt(), Digest("md5($pass)", layout="{salt:text}${key:hex}")))

    with pytest.raises(CostError):
        scheme.read(StoredHash("$2b$31$" + "." * 53), DEFAULT)


def test_in_braces():
    """
    The scheme that the braces name is asked, and no other.
    """

    class Asked:
        def __init__(self):
            self.texts = []

        def read(self, stored, ceilings):
            self.texts.append(stored.text)
            return lambda password: True

    one, other = Asked(), Asked()
    scheme = InBraces((("SSHA", one), ("SHA", other)))

    assert verify(scheme, "pass", "{ssha}{SHA}x")
    for text in ("{SMD5}x", "SSHA}x", "{SSH", "x{SSHA}"):
        with pytest.raises(UnusableHashError):
            verify(scheme, "pass", text)
    assert (["{ssha}{SHA}x"], []) == (one.texts, other.texts)


def test_ceilings():
    """
    Ceilings are positive numbers.
    """
    with pytest.raises(ValueError, match="bcrypt_cost"):
        Ceilings(bcrypt_cost=0)
    with pytest.raises(ValueError, match="password_bytes"):
        Ceilings(password_bytes=True)


def test_own_ceiling():
    """
    A site may set a ceiling of its own.
    """
    text = bcrypt.hashpw(b"pass", bcrypt.gensalt(5)).decode()

    strict = presets.bcrypt(ceilings=Ceilings(bcrypt_cost=4))

    assert presets.bcrypt().verify("pass", StoredHash(text))
    with pytest.raises(UnusableHashError):
        strict.verify("pass", StoredHash(text))


def test_ceiling_comes_first(monkeypatch):
    """
    Of a hash over the ceiling nothing is computed.
    """
    text = bcrypt.hashpw(b"pass", bcrypt.gensalt(5)).decode()
    computed = []
    monkeypatch.setattr(bcrypt, "hashpw", lambda *given: computed.append(given))

    with pytest.raises(UnusableHashError):
        presets.bcrypt(ceilings=Ceilings(bcrypt_cost=4)).verify("", StoredHash(text))

    assert [] == computed


def test_aes():
    """
    Counter mode gives the first block of FIPS 197's example for a counter that fits.
    """
    # SP 800-38A's key; the block of counter zero is AES of sixteen zero bytes.
    key = bytes.fromhex(
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
    )

    assert "e568f68194cf76d6174d4cc04310a854" == ctr(key, bytes(16)).hex()
    assert ctr(key, bytes(20))[:16] == ctr(key, bytes(16))


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("pass", "pass"),
        ("I\xadX", "IX"),
        ("\xaa", "a"),
        ("\u2168", "IX"),
        ("a\xa0b", "a b"),
        ("\x07", "\x07"),
        ("\u0627\x31", "\u0627\x31"),
        ("\u0627\x31\u0628", "\u0627\x31\u0628"),
        ("\u0627b\u0628", "\u0627b\u0628"),
        ("\xad", "\xad"),
    ],
)
def test_saslprep(typed, prepared):
    """
    The examples of RFC 4013; what it prohibits stays as it was typed.
    """
    assert prepared.encode() == saslprep(typed.encode())


def test_saslprep_of_bytes():
    """
    What is no text stays as it is.
    """
    assert b"\xff" == saslprep(b"\xff")


def mongo(**changes):
    credentials = {
        "iterationCount": 10000,
        "salt": "ouQdw5om9Uc5gxulO9F/8w==",
        "storedKey": "DSnATYsgoE8InL5Petfjp8MWGh4=",
        "serverKey": base64.b64encode(_server_key()).decode(),
        **changes,
    }
    return StoredHash(json.dumps({"SCRAM-SHA-1": credentials}), username="admin")


def _server_key():
    import hmac

    password = md5(b"admin:mongo:test@12345").encode()
    salt = base64.b64decode("ouQdw5om9Uc5gxulO9F/8w==")
    salted = hashlib.pbkdf2_hmac("sha1", password, salt, 10000)
    return hmac.digest(salted, b"Server Key", "sha1")


def test_mongo_json():
    """
    MongoDB's credentials are read as they are exported.
    """
    assert presets.mongodb_scram().verify("test@12345", mongo())
    assert not presets.mongodb_scram().verify("test@1234", mongo())
    swapped = mongo(serverKey=base64.b64encode(bytes(20)).decode())
    assert not presets.mongodb_scram().verify("test@12345", swapped)


def test_mongo_sha256():
    """
    SCRAM-SHA-256 needs no user name, and is preferred.
    """
    # RFC 7677's example, with its password.
    salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(salt), 4096)
    import hmac

    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = {
        "iterationCount": 4096,
        "salt": salt,
        "storedKey": base64.b64encode(hashlib.sha256(client).digest()).decode(),
        "serverKey": base64.b64encode(
            hmac.digest(salted, b"Server Key", "sha256")
        ).decode(),
    }
    both = {"SCRAM-SHA-1": {}, "SCRAM-SHA-256": stored}

    assert "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=" == stored["storedKey"]
    assert presets.mongodb_scram().verify("pencil", StoredHash(json.dumps(both)))


@pytest.mark.parametrize(
    "stored",
    [
        mongo(iterationCount="many"),
        mongo(iterationCount=2**40),
        mongo(salt=None),
        mongo(storedKey="AAAA"),
        StoredHash("[]"),
        StoredHash("[" * 10_000),
        StoredHash("{}", username="u"),
        StoredHash(mongo().text),
    ],
)
def test_mongo_malformed(stored):
    """
    Credentials that are incomplete or absurd are refused.
    """
    with pytest.raises(UnusableHashError):
        presets.mongodb_scram(algorithm="sha1").verify("pass", stored)


def test_recipe_object():
    """
    A parsed recipe may be given instead of its text.
    """
    assert verify(Digest(Recipe("md5($pass)")), "pass", md5(b"pass"))
