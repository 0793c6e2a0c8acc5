"""
Presets beyond what the vectors show.
"""

import base64
import builtins
import ctypes
import hashlib
import hmac
import inspect
import json
import runpy
from pathlib import Path

import bcrypt
import pytest
from vectors import GIVEN, load

from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.formats import Format, _passlib, libcrypt, presets, resolve, rows
from migratekit.formats.crypt import Crypt
from migratekit.formats.libcrypt import Yescrypt
from migratekit.formats.presets.catalogue import CATALOGUE, table
from migratekit.formats.resolve import _ALIASES
from migratekit.models import StoredHash


PUBLIC = load("public.jsonl")


def cheap_bcrypt(text):
    return bcrypt.hashpw(text.encode(), bcrypt.gensalt(4)).decode()


def digest(name, text):
    return hashlib.new(name, text.encode()).hexdigest()


@pytest.mark.parametrize("name", presets.__all__)
def test_preset(name):
    """
    Every preset takes the common settings, and says where its facts are from.
    """
    function = getattr(presets, name)
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is not parameter.VAR_KEYWORD
    ]

    made = function(
        **{name: GIVEN[name] for name in needed}, name="mine", encodings=("cp1252",)
    )

    assert ("mine", ("cp1252",)) == (made.name, made.encodings)
    assert function.__doc__.strip()
    assert made.identify(StoredHash("?")) in {True, False}


@pytest.mark.parametrize("alias", _ALIASES)
def test_alias(alias):
    """
    Every alias is of a preset that there is, and no preset itself.
    """
    assert _ALIASES[alias] in presets.__all__
    assert alias not in presets.__all__


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.system)
def test_catalogue(entry):
    """
    An entry's preset exists, and its example begins a vector that the preset identifies.
    """
    name = entry.preset.partition("(")[0]
    assert name in presets.__all__
    if not entry.vectors:
        return

    found = [
        vector
        for vector in PUBLIC
        if vector.format == entry.vectors
        and vector.expect == "match"
        and vector.stored.text.startswith(entry.example)
    ]

    assert found
    plain = entry.preset.endswith("()")
    format_ = resolve(name) if plain else found[0].legacy_format
    assert any(format_.identify(vector.stored) for vector in found)


def test_printed_table(capsys):
    """
    ``python -m migratekit.formats`` prints the table.
    """
    runpy.run_module("migratekit.formats", run_name="__main__")

    assert table() == capsys.readouterr().out


def test_documented_table():
    """
    The documentation shows the table that the code has.
    """
    page = Path(__file__).parents[2] / "docs" / "formats.md"

    assert table() in page.read_text(encoding="utf-8")


def test_table():
    """
    The table has every preset but those of which the catalogue has special cases.
    """
    named = {entry.preset.partition("(")[0] for entry in CATALOGUE}

    assert {"bcrypt_of", "raw", "cleartext"} == set(presets.__all__) - named
    assert len(CATALOGUE) + 2 == len(table().splitlines())
    assert 7 == table().splitlines()[0].count(" | ") + 1


@pytest.mark.parametrize(
    ("format_", "stored"),
    [
        (
            presets.cakephp2(security_salt="pepper"),
            StoredHash("4f2a9862378c29783ab305c0aea53c1f1cb67b1d"),
        ),
        (
            presets.spring_standard(secret="pepper"),
            StoredHash(
                "00000000000000001cf3fbdab411efa25cc0221d6f1c0d32c779ce9e19b88bc0"
                "b8cd70c93c6a6ae3"
            ),
        ),
        (presets.umbraco7(), StoredHash("lQoiuGyDeV89JkKuA2bPzQK6fzw=")),
        (presets.moodle(), StoredHash(digest("md5", "secret"))),
        (presets.moodle(), StoredHash(cheap_bcrypt("secret"))),
        (presets.moodle(pepper="P"), StoredHash(digest("md5", "secretP"))),
        (presets.moodle(pepper="P"), StoredHash(cheap_bcrypt("secretP"))),
        (presets.bcrypt_pepper(pepper="P"), StoredHash(cheap_bcrypt("secretP"))),
        (
            presets.bcrypt_pepper(pepper="P", prepend=True),
            StoredHash(cheap_bcrypt("Psecret")),
        ),
        (presets.devise(), StoredHash(cheap_bcrypt("secret"))),
        (presets.devise(pepper="P"), StoredHash(cheap_bcrypt("secretP"))),
        (presets.meteor(), StoredHash(cheap_bcrypt(digest("sha256", "secret")))),
        (presets.vbulletin5(), StoredHash(cheap_bcrypt(digest("md5", "secret")))),
        (presets.typo3(), StoredHash("M" + cheap_bcrypt(digest("md5", "secret")))),
        (presets.typo3(), StoredHash("C" + cheap_bcrypt("secret"))),
        (presets.wordpress(), StoredHash(digest("md5", "secret"))),
        (presets.joomla(), StoredHash(digest("md5", "secretS") + ":S")),
        (presets.joomla_md5(), StoredHash(digest("md5", "secretS:x") + ":S:x")),
        (presets.magento1(), StoredHash(digest("md5", "secret"))),
        (presets.drupal7(), StoredHash("U$P$5saltsalt" + "x" * 22)),
        (
            presets.restful_authentication(),
            StoredHash(digest("sha1", "--S--secret--"), salt="S"),
        ),
        (presets.dokuwiki(), StoredHash(digest("sha1", "secret"))),
        (presets.htpasswd(), StoredHash(cheap_bcrypt("secret"))),
        (presets.dovecot(), StoredHash("{PLAIN-MD5}" + digest("md5", "secret"))),
        (presets.dovecot(), StoredHash("{sha256.hex}" + digest("sha256", "secret"))),
        (
            presets.dovecot(),
            StoredHash("{DIGEST-MD5}" + digest("md5", "a:r:secret"), username="a:r"),
        ),
        (presets.dovecot(), StoredHash("{BLF-CRYPT}" + cheap_bcrypt("secret"))),
        (
            presets.dovecot(),
            StoredHash(
                "{PBKDF2}$1$salt$10$"
                + hashlib.pbkdf2_hmac("sha1", b"secret", b"salt", 10).hex()
            ),
        ),
        (
            presets.ldap_pbkdf2(),
            StoredHash(
                "{PBKDF2-HMAC-SHA256}10:"
                + base64.b64encode(
                    hashlib.pbkdf2_hmac("sha256", b"secret", b"saltsalt", 10)
                    + b"saltsalt"
                ).decode()
            ),
        ),
        (
            presets.jenkins(),
            StoredHash(
                "$PBKDF2$HMACSHA512:10:00ff$"
                + hashlib.pbkdf2_hmac("sha512", b"secret", b"\0\xff", 10).hex()
            ),
        ),
        (
            presets.spring(default="bcrypt"),
            StoredHash(cheap_bcrypt("secret")),
        ),
        (
            presets.web2py(hmac_key="key"),
            StoredHash(
                "sha512$salt$" + hmac.digest(b"keysalt", b"secret", "sha512").hex()
            ),
        ),
        (presets.web2py(), StoredHash("sha512$salt$" + digest("sha512", "secretsalt"))),
        (
            presets.authlogic(algorithm="md5", stretches=1),
            StoredHash(digest("md5", "secretS"), salt="S"),
        ),
        (presets.werkzeug(), StoredHash("sha1$$" + digest("sha1", "secret"))),
        (presets.opencart(), StoredHash(cheap_bcrypt("secret"))),
        (
            presets.mysql_caching_sha2(),
            StoredHash(
                "$A$005$" + "".join(map(chr, range(200, 220))) + "x" * 43,
            ),
        ),
    ],
)
def test_without_vector(format_, stored):
    """
    What no vector shows is verified against another computation of the same.
    """
    wrong = {"U$P$", "$A$0"}  # only read: what is computed is told by other vectors
    expected = stored.text[:4] not in wrong

    assert format_.verify("secret", stored) is expected
    assert format_.verify("Secret", stored) is False


def test_mysql_text():
    """
    MySQL's whole text and its parts in columns are the same.
    """
    vector = next(v for v in PUBLIC if v.format == "mysql_caching_sha2")
    text = "$A$005$" + vector.stored.salt.decode("latin-1") + vector.stored.text

    assert presets.mysql_caching_sha2().verify(vector.password, StoredHash(text))


def keycloak_rows():
    for vector in PUBLIC:
        if vector.format == "keycloak" and vector.expect == "match":
            yield pytest.param(vector, id=vector.id)


@pytest.mark.parametrize("vector", list(keycloak_rows()))
def test_keycloak_rows(vector):
    """
    Keycloak's own JSON, row by row, is as good as parameters of a site.
    """
    secret = {"value": vector.stored.text, "salt": vector.stored.salt}
    stored = StoredHash(json.dumps(secret), salt2=json.dumps(vector.params).encode())

    assert presets.keycloak().verify(vector.password, stored) is True
    assert presets.keycloak().verify(vector.password + "x", stored) is False


GOOD = {
    "hashLength": ["16"],
    "memory": ["8"],
    "type": ["id"],
    "version": ["1.3"],
    "parallelism": ["1"],
}


def keycloak(secret, public):
    return StoredHash(json.dumps(secret), salt2=json.dumps(public))


def keycloak_argon2(key="A" * 22, **changes):
    more = {
        name: value for name, value in {**GOOD, **changes}.items() if value is not None
    }
    return keycloak(
        {"value": key, "salt": "c29tZXNhbHQ="},
        {"algorithm": "argon2", "hashIterations": 1, "additionalParameters": more},
    )


@pytest.mark.parametrize(
    "stored",
    [
        keycloak([], {}),
        keycloak({}, []),
        StoredHash("{", salt2="{}"),
        keycloak({"value": "AAAA"}, {"algorithm": "pbkdf2"}),
        keycloak({"value": 1, "salt": "AAAA"}, {"algorithm": "pbkdf2"}),
        keycloak({"salt": "AAAA"}, {"algorithm": "pbkdf2", "hashIterations": 1}),
        keycloak({"value": "AAAA", "salt": "AAAA"}, {"algorithm": "pbkdf2"}),
        keycloak(
            {"value": "A" * 22, "salt": "AAAA"},
            {"algorithm": "pbkdf2", "hashIterations": 1},
        ),
        keycloak(
            {"value": "A" * 43, "salt": "AAAA"},
            {"algorithm": "scrypt", "hashIterations": 1},
        ),
        keycloak(
            {"value": "A" * 43, "salt": "AAAA"},
            {"algorithm": ["pbkdf2"], "hashIterations": 1},
        ),
        keycloak(
            {"value": "A" * 43, "salt": "AAAA"},
            {"algorithm": "pbkdf2", "hashIterations": True},
        ),
        keycloak(
            {"value": "A" * 43, "salt": "c29tZXNhbHQ="},
            {"algorithm": "argon2", "hashIterations": 1},
        ),
        keycloak_argon2(type=["x"]),
        keycloak_argon2(type=None),
        keycloak_argon2(memory=["-8"]),
        keycloak_argon2(memory=[]),
        keycloak_argon2(memory="8"),
        keycloak_argon2(version=["2.0"]),
        keycloak_argon2(version=None),
        keycloak_argon2(parallelism=["one"]),
        keycloak_argon2(hashLength=["32"]),
        keycloak_argon2(hashLength=["long"]),
    ],
)
def test_keycloak_malformed(stored):
    """
    Rows of Keycloak that are not whole are refused, and what is wrong is said.
    """
    assert presets.keycloak().identify(keycloak_argon2())
    with pytest.raises(UnusableHashError) as caught:
        presets.keycloak().inspect(stored)
    # That is said where a library has raised whatever it raises.
    assert "it is malformed" != caught.value.detail


@pytest.mark.parametrize("length", [["16"], None])
@pytest.mark.parametrize(("version", "number"), [("1.0", 16), ("1.3", 19)])
@pytest.mark.parametrize("name", ["d", "i", "id"])
def test_keycloak_argon2(name, version, number, length):
    """
    Keycloak has the three types of argon2, and two versions of each.
    """
    from argon2.low_level import Type, hash_secret_raw

    type_ = Type[name.upper()]
    key = hash_secret_raw(b"pass", b"somesalt", 1, 8, 1, 16, type_, number)
    changes = {"type": [name], "version": [version], "hashLength": length}
    stored = keycloak_argon2(b64(key), **changes)

    assert presets.keycloak().verify("pass", stored) is True
    assert presets.keycloak().verify("Pass", stored) is False


def b64(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "stored",
    [
        StoredHash(
            b64(hashlib.md5(hashlib.md5(b"passsalt").digest()).digest()),
            salt=b64(b"salt"),
            salt2="salted-md5:2",
        ),
        StoredHash(
            b64(hashlib.sha256(b"passsalt").digest()),
            salt=b"salt",
            salt2="salted-sha256",
        ),
        StoredHash(
            b64(hashlib.pbkdf2_hmac("sha256", b"pass", b"salt", 10)),
            salt=b64(b"salt"),
            salt2="salted-pbkdf2-hmac-sha256:10",
        ),
        StoredHash(
            (made := cheap_bcrypt("pass"))[29:], salt=made[7:29], salt2=b"bcrypt:4"
        ),
    ],
)
def test_fusionauth(stored):
    """
    FusionAuth's schemes, named in each row.
    """
    assert presets.fusionauth().verify("pass", stored) is True
    assert presets.fusionauth().verify("Pass", stored) is False


def test_fusionauth_is_made_once(monkeypatch):
    """
    No row has a recipe parsed, which takes longer than to hash.
    """
    monkeypatch.setattr(rows, "Iterated", None)
    stored = StoredHash(b64(hashlib.md5(b"passsalt").digest()), salt=b64(b"salt"))

    assert presets.fusionauth(scheme="salted-md5").verify("pass", stored) is True
    assert presets.fusionauth(scheme="salted-md5", factor=2).verify("pass", stored) is (
        False
    )
    with pytest.raises(UnusableHashError):
        presets.fusionauth(scheme="salted-md5", factor=0).verify("pass", stored)


@pytest.mark.parametrize(
    "stored",
    [
        StoredHash("AAAA", salt="AAAA"),
        StoredHash("AAAA", salt="AAAA", salt2="Salted!"),
        StoredHash("AAAA", salt2="salted-md5:1"),
        StoredHash("AAAA", salt="AAAA", salt2="salted-hmac-sha256:1"),
        StoredHash("AAAA", salt="AAAA", salt2="salted-md4:1"),
        StoredHash("AAAA", salt="AAAA", salt2="salted-pbkdf2-hmac-sha256:1"),
        StoredHash("A" * 43, salt="AAAA", salt2="salted-pbkdf2-hmac-md6:1"),
        StoredHash("A" * 43 + "X", salt="AAAA", salt2="salted-pbkdf2-hmac-sha256:1"),
        StoredHash("A" * 43 + "\t", salt="AAAA", salt2="salted-pbkdf2-hmac-sha256:1"),
    ],
)
def test_fusionauth_malformed(stored):
    """
    Schemes that nobody has described, and cut keys, are refused, and why is said.
    """
    with pytest.raises(UnusableHashError) as caught:
        presets.fusionauth().inspect(stored)
    assert "it is malformed" != caught.value.detail


@pytest.mark.parametrize(
    "format_", [presets.discourse(), presets.fusionauth(), presets.gitea()]
)
def test_no_algorithm(format_):
    """
    It is said if neither a row nor the site names the algorithm.
    """
    with pytest.raises(UnusableHashError) as caught:
        format_.verify("pass", StoredHash("00" * 32, salt="ab"))

    assert "its algorithm is missing" == caught.value.detail


def magento(password, *versions):
    from argon2.low_level import Type, hash_secret_raw

    value, size = password, 16
    for version in versions:
        if version == "0":
            value = hashlib.md5(b"saltsalt" + value).hexdigest().encode()
        elif version == "1":
            value = hashlib.sha256(b"saltsalt" + value).hexdigest().encode()
        else:
            memory = 65536 if version == "2" else 8
            size, passes = (32, 2) if version == "2" else (16, 1)
            salt = b"saltsaltsaltsalt"
            value = hash_secret_raw(value, salt, passes, memory, 1, size, Type.ID)
            value = value.hex().encode()
    return StoredHash(":".join([value.decode(), "saltsalt", *versions]))


@pytest.mark.parametrize(
    "versions", [("0", "1"), ("0", "1", "2"), ("1", "3_16_1_8192"), ("0", "0")]
)
def test_magento_chain(versions):
    """
    Every version hashes the digits of the one before; a short salt is repeated.
    """
    stored = magento(b"pass", *versions)

    assert presets.magento2().verify("pass", stored) is True
    assert presets.magento2().verify("Pass", stored) is False


@pytest.mark.parametrize(
    "chain", [":2" * 9, ":0" * 9, ":3_32_3_1073741824:3_32_2_1073741824"]
)
def test_magento_long_chain(chain):
    """
    Links that are cheap enough one by one are refused if there are too many.
    """
    stored = StoredHash("0" * 64 + ":saltsaltsaltsalt" + chain)

    with pytest.raises(UnusableHashError) as caught:
        presets.magento2().verify("pass", stored)

    assert caught.value.detail.endswith("is over the ceiling")


KEY = hashlib.pbkdf2_hmac("sha256", b"pass", b"\xab", 10, 50)


@pytest.mark.parametrize(
    ("algorithm", "key", "salt"),
    [
        ("pbkdf2$10$50", KEY, "ab"),
        ("pbkdf2_v2$10$50", KEY, "ab"),
        (
            "scrypt$16$8$1$50",
            hashlib.scrypt(b"pass", salt=b"\xab", n=16, r=8, p=1, dklen=50),
            "ab",
        ),
    ],
)
def test_gitea(algorithm, key, salt):
    """
    Gitea's algorithms, named in each row.
    """
    stored = StoredHash(key.hex(), salt=salt, salt2=algorithm)

    assert presets.gitea().verify("pass", stored) is True
    assert presets.gitea().verify("Pass", stored) is False


def test_gitea_argon2():
    """
    Gitea's argon2 has passes, KiB, lanes and length in this order.
    """
    from argon2.low_level import Type, hash_secret_raw

    key = hash_secret_raw(b"pass", bytes(8), 1, 8, 1, 32, Type.ID, 19)
    stored = StoredHash(key.hex(), salt="00" * 8, salt2="argon2$1$8$1$32")

    assert presets.gitea().verify("pass", stored) is True


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        (KEY.hex(), "md5$1"),
        (KEY.hex(), None),
        (KEY[:49].hex(), "pbkdf2$10$49"),
        (KEY.hex(), "pbkdf2$10$32"),
    ],
)
def test_gitea_malformed(text, algorithm):
    """
    Unknown algorithms and cut keys are refused.
    """
    with pytest.raises(UnusableHashError):
        presets.gitea().verify("pass", StoredHash(text, salt="ab", salt2=algorithm))


@pytest.mark.parametrize(
    "algorithm", ["$pbkdf2-sha1$i=1,l=32$", "$pbkdf2-sha256$i=1,l=64$"]
)
def test_discourse_malformed(algorithm):
    """
    Another algorithm or length than Discourse's is refused.
    """
    with pytest.raises(UnusableHashError):
        presets.discourse().verify(
            "pass", StoredHash("00" * 32, salt="ab", salt2=algorithm)
        )


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (presets.magento2(), "00" * 32 + ":salt:0"),
        (presets.magento2(), "00" * 32 + ":saltsaltsaltsalt:3_32_2_99999999999"),
        (presets.aspnet_identity(), b64(b"\1" + bytes(3) + b"\x09" + bytes(72))),
        (presets.aspnet_identity(), b64(b"\2" + bytes(60))),
        (presets.kratos(), "$md5$pf=MTIz$MTIz$ICy5YqxZB1uWSwcVLSNLcA=="),
        (presets.kratos(), "$pbkdf2-sha256$i=1,l=3$c2FsdA$AAAA"),
        (presets.kratos(), "$sha256$pf=e1BBU1NXT1JEfQ==$MTIz$AAAA"),
        (presets.kratos(), "$hmac-md5$AAAA$AAAA"),
        (presets.kratos(), "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=$AAAA$AAAA"),
        (presets.firebase(signer_key="YWI="), "AAAA"),
        (presets.crypt_scrypt7(), "$7$short"),
        (presets.spring(), "{scrypt}$e0801$AAAA$AAAA"),
        (presets.spring(), "{scrypt}$7f0801$AAAA$" + "A" * 43),
        (presets.aix(), "{ssha1}99$salt$" + "A" * 27),
        (presets.yescrypt(), "$y$j9$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$j9T2$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$j9T...$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$j9Tz$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$j9zzz$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$jzz$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$kAA$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$j9k$" + "$" + "A" * 43),
        (presets.yescrypt(), "$y$jDkz$" + "$" + "A" * 43),
        (presets.yescrypt(), "$gy$j9T$$" + "A" * 43),
        (presets.sha512_crypt(), "$6$rounds=999$salt$" + "A" * 86),
        (presets.md5_crypt(), "$apr1$salt$" + "A" * 22),
        (presets.bsdi_crypt(), "_zzzz" + "A" * 15),
        (presets.sha1_crypt(), "$sha1$9999999999$salt$" + "A" * 28),
        (presets.mysql_caching_sha2(), "$A$005$short"),
        (presets.oracle12(), "T:00"),
        (presets.passlib_bcrypt_sha256(), "$bcrypt-sha256$v=3,t=2b,r=4$x$y"),
        (presets.fshp(), "{FSHP1|7|1}" + b64(bytes(40))),
    ],
)
def test_malformed(format_, text):
    """
    What is malformed or too dear in one of many ways is refused.
    """
    columns = {"salt": "c2FsdA=="}

    with pytest.raises(UnusableHashError):
        format_.verify("pass", StoredHash(text, **columns))


@pytest.mark.parametrize(
    "text",
    [
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$$" + b64(hashlib.sha256(b"pass").digest()),
        "$hmac-md5$" + b64(hmac.digest(b"", b"pass", "md5").hex().encode()) + "$",
        "$pbkdf2-sha256$i=10,l=32$$"
        + b64(hashlib.pbkdf2_hmac("sha256", b"pass", b"", 10)),
        # Without a signer key, there is nothing that could be wrong.
        "$fbscrypt$v=1,n=1,r=1,p=1,ss=Bw==,sk=$c2FsdA==$",
        "$firescrypt$ln=1,r=1,p=1$c2FsdA==$$Bw==$",
    ],
)
def test_empty_part(text):
    """
    A hash of Kratos without a salt or a key lets nobody in, though the digest is right.
    """
    with pytest.raises(UnusableHashError):
        presets.kratos().verify("pass", StoredHash(text))


def test_yescrypt_parallel():
    """
    yescrypt's p is read where it is there, and computed by libxcrypt.
    """
    room = ctypes.create_string_buffer(32768)
    text = libcrypt.library()(b"pass", b"$y$j7T..$salt", room, 32768)

    assert presets.yescrypt().verify("pass", StoredHash(text.decode()))
    assert not presets.yescrypt().verify("Pass", StoredHash(text.decode()))


def test_yescrypt_nul():
    """
    A NUL matches nothing.
    """
    vector = next(v for v in PUBLIC if v.format == "yescrypt" and v.expect == "match")

    assert not presets.yescrypt().verify(vector.password + "\0", vector.stored)


@pytest.fixture(name="_no_libxcrypt")
def _no_libxcrypt(monkeypatch):
    monkeypatch.setattr(libcrypt, "_LIBRARIES", ("libnothing.so.1",))
    libcrypt.library.cache_clear()
    yield
    libcrypt.library.cache_clear()


@pytest.mark.usefixtures("_no_libxcrypt")
def test_no_libxcrypt():
    """
    Without libxcrypt, yescrypt is refused when it is made, or where it is met.
    """
    vector = next(v for v in PUBLIC if v.format == "yescrypt" and v.expect == "match")

    with pytest.raises(ConfigurationError):
        Yescrypt()
    with pytest.raises(UnusableHashError) as caught:
        presets.crypt().verify(vector.password, vector.stored)
    assert "malformed or of another format" in str(caught.value)


@pytest.fixture(name="_no_passlib")
def _no_passlib(monkeypatch):
    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == "passlib":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(
        "importlib.import_module", lambda name: refuse(name, fromlist=["x"])
    )
    _passlib._module.cache_clear()
    yield
    _passlib._module.cache_clear()


@pytest.mark.usefixtures("_no_passlib")
@pytest.mark.parametrize(
    "name",
    [
        "bsdi_crypt",
        "des_crypt",
        "mssql2000",
        "mysql323",
        "oracle10",
        "sha1_crypt",
        "sun_md5_crypt",
    ],
)
def test_no_passlib(name):
    """
    What needs passlib says what to install when it is made.
    """
    with pytest.raises(ConfigurationError) as caught:
        resolve(name)

    assert f"The format {name} cannot be used" in str(caught.value)
    assert 'pip install "migratekit[passlib]"' in str(caught.value)


@pytest.mark.usefixtures("_no_passlib")
def test_no_passlib_in_a_product():
    """
    A product of which one of many hashes needs passlib is made without it.
    """
    django = presets.django()
    stored = StoredHash("crypt$$CCX.K.MFy4Ois")

    with pytest.raises(UnusableHashError):
        django.verify("U*U***U", stored)
    alone = Format("x", Crypt("des_crypt", required=False))
    with pytest.raises(UnusableHashError) as caught:
        alone.verify("U*U***U", StoredHash("CCX.K.MFy4Ois"))
    assert _passlib.MISSING == caught.value.detail


def test_django_crypt():
    """
    With passlib, it is verified.
    """
    assert presets.django().verify("U*U***U", StoredHash("crypt$$CCX.K.MFy4Ois"))
