"""
A strong hash around a weak one.
"""

import base64
import hashlib
import hmac
import json
import os
import pickle
import re

import argon2
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import load

from migratekit.errors import UnusableHashError
from migratekit.formats import (
    Bcrypt,
    Digest,
    FirstOf,
    Format,
    FormatList,
    Layout,
    envelope,
    presets,
    resolve,
)
from migratekit.formats.hasher import LegacyHasher
from migratekit.formats.scheme import Derivation, MalformedError, quick_of
from migratekit.models import StoredHash
from migratekit.passwords import Argon2Hasher, format_of


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"
SHA1 = "W6ph5Mm5Pz8GgiULbPgzG37mj9g="  # of "password"


def derivation_of(vector):
    """
    Return how the digest of a vector is made; None also for one that is refused.
    """
    try:
        return vector.legacy_format.derivation(vector.stored)
    except UnusableHashError:
        return None


PUBLIC = load("public.jsonl")
DERIVED = [
    (vector, derivation)
    for vector in PUBLIC
    if (derivation := derivation_of(vector)) is not None
]
WEAK = [(vector, derivation) for vector, derivation in DERIVED if derivation.weak]


def hasher_of(vector):
    return LegacyHasher(CHEAP, vector.legacy_format)


def forms_of(derivation):
    """
    Return the digest as it could be spelt.
    """
    key = derivation.key
    return {
        key,
        key.hex().encode(),
        key.hex().upper().encode(),
        base64.b64encode(key).rstrip(b"="),
        base64.urlsafe_b64encode(key).rstrip(b"="),
    }


def decoded(text):
    """
    Return an envelope with everything that could be hex or base64 in it decoded, twice.
    """
    found = [text.encode()]
    for _ in range(2):
        pieces = [piece for data in found for piece in _PIECES.findall(data)]
        found += [_unbase64(piece) for piece in pieces]
        found += [bytes.fromhex(piece.decode()) for piece in pieces if _is_hex(piece)]
    return b"\n".join(found)


_PIECES = re.compile(rb"[A-Za-z0-9+/_-]+")


def _is_hex(piece):
    return re.fullmatch(rb"(?:[0-9A-Fa-f]{2})+", piece) is not None


def _unbase64(piece):
    return base64.urlsafe_b64decode(
        piece[: len(piece) - (len(piece) % 4 == 1)].translate(
            bytes.maketrans(b"+/", b"-_")
        )
        + b"=" * (-len(piece) % 4 % 3)
    )


def leaks(text, derivation):
    """
    Return what is left of the digest in *text*: any eight bytes of it, however spelt.
    """
    held, key = decoded(text), derivation.key
    windows = [key[at : at + 8] for at in range(max(1, len(key) - 7))]
    return [window for window in windows if window in held]


# --- Vectors ----------------------------------------------------------------------------


FIRSTS = {vector.format: (vector, derivation) for vector, derivation in reversed(WEAK)}
# What is wrapped and verified three times takes long: `nox -s formats` does it with all.
WRAPPED = WEAK
if os.environ.get("MIGRATEKIT_VECTORS") != "all":
    WRAPPED = {(pair[0].format, pair[0].expect): pair for pair in WEAK}.values()


@pytest.mark.parametrize(
    ("vector", "derivation"), WRAPPED, ids=lambda value: getattr(value, "id", "")
)
def test_vector(vector, derivation):
    """
    A wrapped hash of a real system gives what its source says, and its digest does not.
    """
    hasher = hasher_of(vector)

    wrapped = hasher.wrapping(vector.stored)()

    assert (vector.expect == "match") is hasher.verify(vector.password, wrapped)
    assert hasher.verify(f"x{vector.password}", wrapped) is False
    assert hasher.verify(derivation.key.hex(), wrapped) is False
    assert hasher.needs_rehash(wrapped) is True
    assert [] == leaks(wrapped, derivation)


@pytest.mark.parametrize("name", FIRSTS)
def test_digest_as_password(name):
    """
    A digest is no password, however it is spelt; nor is what is hashed.
    """
    vector, derivation = FIRSTS[name]
    hasher = hasher_of(vector)
    wrapped = hasher.wrapping(vector.stored)()
    texts = [form.decode("latin-1") for form in forms_of(derivation)]
    texts += [vector.stored.text, envelope.unwrap(wrapped)[0].text]
    texts.append(f"migratekit-wrapped:{derivation.key.hex()}")

    answers = {hasher.verify(text, wrapped) for text in texts}

    assert {False} == answers


@pytest.mark.parametrize("name", FIRSTS)
def test_again(name):
    """
    A wrapped hash is admitted as it is, and not wrapped again; its label says what it is.
    """
    vector, _ = FIRSTS[name]
    hasher = hasher_of(vector)

    wrapped = StoredHash(hasher.wrapping(vector.stored)())

    assert wrapped.text == hasher.admit(wrapped)
    assert hasher.wrapping(wrapped) is None
    assert f"argon2id({vector.legacy_format.name})" == format_of(wrapped.text)


def test_husks():
    """
    The husk of a husk is itself, and is read as the hash was.
    """
    for vector, derivation in DERIVED:
        # Read anew: what was read at the import is no mutant's.
        husk = derivation_of(vector).husk()

        again = vector.legacy_format.derivation(attrs.evolve(vector.stored, text=husk))

        assert husk == again.husk()
        assert derivation.scheme == again.scheme
        assert derivation.weak == again.weak
        assert derivation.key != again.key


def test_coverage():
    """
    Of what is quick to guess every hash of the survey is wrapped, of what is slow none.
    """
    weak = {vector.id for vector, _ in WEAK}
    matching = [vector for vector in PUBLIC if vector.expect == "match"]

    for vector in matching:
        quick = quick_of(vector.legacy_format)
        assert quick is None or quick is (vector.id in weak), vector.id
    assert {True, False, None} == {quick_of(each.legacy_format) for each in matching}


@settings(deadline=None)
@given(
    st.sampled_from([vector for vector, _ in WEAK]),
    st.sampled_from([str, str.upper, str.lower, str.swapcase]),
    st.none() | st.tuples(st.integers(0, 200), st.characters(codec="latin-1")),
    st.sampled_from(["", " ", "  ", "="]),
)
def test_any_spelling(vector, spelt, change, tail):
    """
    However a digest is spelt, if it is read, it is not in the husk, which is read again.
    """
    text = spelt(vector.stored.text)
    if change is not None:
        at, character = change
        text = text[:at] + character + text[at + 1 :]
    stored = attrs.evolve(vector.stored, text=text + tail)
    try:
        derivation = vector.legacy_format.derivation(stored)
    except UnusableHashError:
        return
    if derivation is None:
        return

    wrapping_ = LegacyHasher(CHEAP, vector.legacy_format).wrapping(stored)

    husk = derivation.husk()
    again = vector.legacy_format.derivation(attrs.evolve(stored, text=husk))
    assert (husk, derivation.scheme) == (again.husk(), again.scheme)
    assert derivation.weak is (wrapping_ is not None)
    assert [] == leaks(husk, derivation)


# --- What is wrapped, and how -----------------------------------------------------------


def test_text():
    """
    The form is documented, and stays as it is.
    """
    hasher = LegacyHasher(CHEAP, presets.vbulletin())

    wrapped = hasher.wrapping(StoredHash(MD5, salt="a b", username="Ada"))()

    head, _, husk = wrapped.rpartition("$")
    assert head.startswith("$mk$v=1$f=vbulletin,s=YSBi,u=QWRh,w=")
    assert base64.b64encode(b"f" * 32).decode().rstrip("=") == husk
    stored, inner = envelope.unwrap(wrapped)
    assert (
        StoredHash("f" * 32, salt="a b", username="Ada", format="vbulletin") == stored
    )
    assert CHEAP.verify(f"migratekit-wrapped:{MD5}", inner)
    assert not CHEAP.needs_rehash(inner)


@pytest.mark.parametrize(
    ("format_", "head", "digest", "blank"),
    [
        (presets.md5_crypt(), "$1$salt$", "a" * 22, "." * 22),
        (presets.phpass(), "$P$5saltsalt", "a" * 22, "." * 22),
        (presets.raw_md5(), "", "A" * 32, "f" * 32),
        (presets.ldap(), "{SHA}", SHA1, "/" * 26 + "8="),
    ],
)
def test_blank_digest(format_, head, digest, blank):
    """
    What stands for a digest is documented too: by another, no envelope would be read.
    """
    derivation = format_.derivation(StoredHash(head + digest))

    assert head + blank == derivation.husk()


def test_nothing_is_computed_before():
    """
    What is returned computes when it is called, each time with another salt.
    """
    wrapping_ = LegacyHasher(CHEAP, presets.raw_md5()).wrapping(StoredHash(MD5))

    assert MD5 not in repr(wrapping_)
    assert repr(bytes.fromhex(MD5)) not in repr(wrapping_)
    assert 2 == len({wrapping_(), wrapping_()})


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (
            presets.bcrypt(),
            "$2b$04$abcdefghijklmnopqrstuuBfdJs3QAVz2WIqGDzDT6zDsZy4XgAxa",
        ),
        (presets.sha512_crypt(), f"$6$salt${'a' * 86}"),
        (presets.django(), f"pbkdf2_sha256$600000$salt${'A' * 43}="),
        (presets.django(), f"pbkdf2_sha1$1300000$salt${'A' * 27}="),
        (presets.macos_pbkdf2(), f"$ml$210000$abcd${'0' * 128}"),
        (presets.magento2(), f"{'0' * 64}:{'s' * 16}:0:2"),
        (presets.werkzeug(), f"scrypt:256:8:1$salt${'0' * 128}"),
        (presets.aix(), f"{{ssha256}}20$salt${'a' * 43}"),
        (
            presets.postgres_scram(),
            f"SCRAM-SHA-256$600000:c2FsdA==${'A' * 43}=:{'A' * 43}=",
        ),
    ],
)
def test_strong(format_, text):
    """
    What costs enough is sealed, not wrapped.
    """
    hasher = LegacyHasher(CHEAP, format_)

    assert hasher.wrapping(StoredHash(text)) is None
    assert envelope.is_sealed(hasher.admit(StoredHash(text)))


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (presets.django(), f"pbkdf2_sha256$599999$salt${'A' * 43}="),
        (presets.django(), f"pbkdf2_sha1$1299999$salt${'A' * 27}="),
        (presets.macos_pbkdf2(), f"$ml$209999$abcd${'0' * 128}"),
        (presets.magento2(), f"{'0' * 64}:{'s' * 16}:0:1"),
        (presets.oracle12(), f"T:{'0' * 160}"),
        (presets.phpass(), f"$P$I{'a' * 30}"),
        (presets.aix(), f"{{ssha256}}06$salt${'a' * 43}"),
        (presets.aspnet_identity(), "A" * 66),
        (presets.umbraco7(), SHA1),
    ],
)
def test_weak(format_, text):
    """
    What OWASP would not have is wrapped.
    """
    wrapping_ = LegacyHasher(CHEAP, format_).wrapping(StoredHash(text))

    assert envelope.is_wrapped(wrapping_())


def test_mssql2000():
    """
    Of SQL Server's two digests neither is left.
    """
    head = "0x01000508513EADDF"
    stored = next(v.stored for v, _ in WEAK if v.stored.text.startswith(head))
    assert stored.text[14:54] != stored.text[54:]

    wrapped = LegacyHasher(CHEAP, presets.mssql2000()).wrapping(stored)()

    husk = envelope.unwrap(wrapped)[0].text
    assert f"{stored.text[:14]}{'f' * 80}" == husk


def test_clear_text():
    """
    Of clear text not even the length is kept.
    """
    cleartext = presets.cleartext(i_know_that_this_is_clear_text=True)
    hasher = LegacyHasher(CHEAP, FormatList([presets.spring(noop=True), cleartext]))

    for head in ("", "{noop}"):
        wrapped = hasher.wrapping(StoredHash(f"{head}letmein"))()

        assert f"{head}?" == envelope.unwrap(wrapped)[0].text
        assert hasher.verify("letmein", wrapped) is True
        assert hasher.verify("?", wrapped) is False
        assert hasher.verify("letmeout", wrapped) is False


SECRETIVE = {
    "cakephp2": (presets.cakephp2(security_salt="pepper"), StoredHash("0" * 40)),
    "htdigest": (presets.htdigest(realm="pepper"), StoredHash(MD5, username="Ada")),
    "prestashop": (presets.prestashop(cookie_key="pepper"), StoredHash(MD5)),
    "shiro": (
        presets.shiro(private_salt="pepper"),
        StoredHash(f"$shiro1$MD5$5$c2FsdA==${'A' * 22}=="),
    ),
    "spring": (presets.spring_pbkdf2(secret="pepper"), StoredHash("0" * 80)),
    "standard": (presets.spring_standard(secret="pepper"), StoredHash("0" * 80)),
}


@pytest.mark.parametrize("name", SECRETIVE)
def test_pepper(name):
    """
    A secret of the site goes neither into the text nor to the process that makes it.
    """
    format_, stored = SECRETIVE[name]

    wrapping_ = LegacyHasher(CHEAP, format_).wrapping(stored)

    assert b"pepper" not in pickle.dumps(wrapping_)
    assert b"pepper" not in decoded(wrapping_())


def test_whole_scheme():
    """
    What is around a scheme belongs to what has read a text.
    """
    for format_, text in (
        (presets.spring_standard(secret="pepper"), "0" * 80),
        (presets.drupal7(), f"U$P$5{'a' * 30}"),
    ):
        scheme = format_.derivation(StoredHash(text)).scheme

        assert scheme == getattr(format_.scheme, "schemes", [format_.scheme])[-1]


def test_pickle():
    """
    What comes out of a pickle computes the same.
    """
    hasher = LegacyHasher(CHEAP, presets.raw_md5())
    wrapping_ = hasher.wrapping(StoredHash(MD5))

    copy = pickle.loads(pickle.dumps(wrapping_))

    assert wrapping_ == copy
    assert hasher.verify("password", copy()) is True


# --- Candidates -------------------------------------------------------------------------


class Counting:
    """
    An inner hasher that counts, and says nothing about what it admits.
    """

    def __init__(self):
        self.verified = 0

    def hash(self, password):
        return f"clear:{password}"

    def verify(self, password, encoded):
        self.verified += 1
        return encoded == f"clear:{password}"

    def needs_rehash(self, encoded):
        return False


@pytest.mark.parametrize("hashed", ["ä", "a\u0308", " ä", "o"])
def test_candidates(hashed):
    """
    All candidates are always tried, whichever matches.
    """
    inner = Counting()
    format_ = presets.raw_md5(encodings=("utf-8", "cp1252"), transforms=("trim", "nfc"))
    hasher = LegacyHasher(inner, format_)
    digest = presets.raw_md5().scheme.recipe.digest_of({"pass": hashed.encode()})
    wrapped = hasher.wrapping(StoredHash(digest.hex()))()

    answer = hasher.verify(" a\u0308", wrapped)

    assert (hashed in {"a\u0308", " ä"}) is answer
    # As typed, trimmed, composed; of these cp1252 can only express the last.
    assert 4 == inner.verified


def test_candidates_without_digest():
    """
    A password that matches nothing costs nothing: too long, or with a NUL.
    """
    inner = Counting()
    crypt, md5 = presets.md5_crypt(), presets.raw_md5()
    hasher = LegacyHasher(inner, FormatList([crypt, md5]))
    for text, password in ((f"$1$salt${'a' * 22}", "a\0"), (MD5, "a" * 4097)):
        wrapped = hasher.wrapping(StoredHash(text))()

        assert hasher.verify(password, wrapped) is False

    assert 0 == inner.verified


def test_utf16():
    """
    A candidate that is no text has no digest, and the others have theirs.
    """
    format_ = presets.nthash(encodings=("cp1252", "utf-8"))
    hasher = LegacyHasher(CHEAP, format_)
    made = presets.nthash().scheme.recipe.digest_of({"pass": "ä".encode()})
    wrapped = hasher.wrapping(StoredHash(made.hex()))()

    assert hasher.verify("ä", wrapped) is True
    assert hasher.verify("ö", wrapped) is False


# --- Hashes in JSON ---------------------------------------------------------------------


def b64(data):
    return base64.b64encode(data).decode()


def test_keycloak():
    """
    Of Keycloak's JSON the salt stays, and nothing else.
    """
    key = hashlib.pbkdf2_hmac("sha256", b"pw", b"saltsalt", 100)
    secret = {"salt": b64(b"saltsalt"), "value": b64(key), "note": b64(key)}
    public = json.dumps({"algorithm": "pbkdf2-sha256", "hashIterations": 100})
    hasher = LegacyHasher(CHEAP, presets.keycloak())

    wrapped = hasher.wrapping(StoredHash(json.dumps(secret), salt2=public))()

    husk, _ = envelope.unwrap(wrapped)
    blank = {"value": "/" * 42 + "8=", "salt": b64(b"saltsalt")}
    assert (blank, public) == (json.loads(husk.text), husk.salt2)
    assert hasher.verify("pw", wrapped) is True
    assert hasher.verify("Pw", wrapped) is False
    assert key not in decoded(wrapped)


def test_fusionauth():
    """
    FusionAuth's PBKDF2 in a column of a fixed width is as good as one without blanks.
    """
    key = hashlib.pbkdf2_hmac("sha256", b"pw", b"saltsalt", 100)
    format_ = presets.fusionauth(scheme="salted-pbkdf2-hmac-sha256", factor=100)
    stored = StoredHash(f"{b64(key)}  ", salt=b64(b"saltsalt"))
    hasher = LegacyHasher(CHEAP, format_)

    wrapped = hasher.wrapping(stored)()

    assert format_.scheme == format_.derivation(stored).scheme
    assert "/" * 42 + "8=" == envelope.unwrap(wrapped)[0].text
    assert hasher.verify("pw", wrapped) is True
    assert hasher.verify("Pw", wrapped) is False
    assert key not in decoded(wrapped)


def mongo(digest, password):
    salted = hashlib.pbkdf2_hmac(digest, password, b"saltsalt", 100)
    client = hmac.digest(salted, b"Client Key", digest)
    return {
        "iterationCount": 100,
        "salt": b64(b"saltsalt"),
        "storedKey": b64(hashlib.new(digest, client).digest()),
        "serverKey": b64(hmac.digest(salted, b"Server Key", digest)),
        "copyKey": b64(hashlib.new(digest, client).digest()),
    }


def test_mongodb():
    """
    Of MongoDB's JSON the better mechanism stays, without its two keys.
    """
    inner = hashlib.md5(b"ada:mongo:pw").hexdigest().encode()
    both = {
        "SCRAM-SHA-1": mongo("sha1", inner),
        "SCRAM-SHA-256": mongo("sha256", b"pw"),
    }
    hasher = LegacyHasher(CHEAP, presets.mongodb_scram())
    keys = [
        value
        for mechanism in both.values()
        for name, value in mechanism.items()
        if name.endswith("Key")
    ]

    for kept in (both, {"SCRAM-SHA-1": both["SCRAM-SHA-1"]}):
        wrapped = hasher.wrapping(StoredHash(json.dumps(kept), username="ada"))()

        husk = json.loads(envelope.unwrap(wrapped)[0].text)
        assert [list(kept)[-1]] == list(husk)
        assert [] == [key for key in keys if key in decoded(wrapped).decode("latin-1")]
        assert hasher.verify("pw", wrapped) is True
        assert hasher.verify("Pw", wrapped) is False


# --- What cannot be wrapped -------------------------------------------------------------


@attrs.frozen
class Odd:
    """
    A scheme whose husks are what they are said to be.
    """

    husks: str

    def read(self, stored, ceilings):
        if not stored.text.startswith("odd"):
            raise MalformedError("it is not odd")
        husk = self.husks.format(stored.text)
        return Derivation(b"KEY", bytes.upper, lambda: husk, self)


def odd(husk):
    """
    Return a hasher of a scheme whose husks are *husk*, before MD5 and bcrypt.
    """
    scheme = FirstOf((Odd(husk), Digest("md5($pass)"), Bcrypt()))
    return LegacyHasher(CHEAP, Format("odd", scheme))


@pytest.mark.parametrize(
    "husk", ["f" * 32, "malformed", f"$2b$04${'a' * 53}", "odd{}", "{}!"]
)
def test_ambiguous(husk):
    """
    A hash whose husk would be read otherwise is refused, never stored unwrapped.
    """
    with pytest.raises(UnusableHashError) as caught:
        odd(husk).wrapping(StoredHash("odd"))

    assert "without its digest it would be of another format" == caught.value.detail
    assert caught.value.__context__ is None


def test_scheme_of_your_own():
    """
    Any scheme whose husks are read again takes part.
    """
    hasher = odd("odd husk")

    wrapped = hasher.wrapping(StoredHash("odd"))()

    assert hasher.verify("Key", wrapped) is True
    assert hasher.verify("keys", wrapped) is False


class Foreign:
    """
    A format of another make.
    """

    name = "foreign"

    def identify(self, stored):
        return stored.text.startswith("foreign")

    def verify(self, password, stored):
        return stored.text == f"foreign {password}"


def test_foreign():
    """
    A format of another make is not wrapped, and a text that says so is refused.
    """
    hasher = LegacyHasher(CHEAP, FormatList([Foreign(), presets.raw_md5()]))
    stored = StoredHash("foreign pw")

    assert hasher.wrapping(stored) is None
    assert hasher.verify("pw", hasher.admit(stored)) is True
    with pytest.raises(UnusableHashError):
        hasher.verify("pw", envelope.wrap(stored, "foreign", CHEAP.hash("pw")))


def test_own_hash():
    """
    A hash of the new store is strong.
    """
    hasher = LegacyHasher(CHEAP, presets.raw_md5())

    assert hasher.wrapping(StoredHash(CHEAP.hash("pw"))) is None


@pytest.mark.parametrize("text", ["!", "*", "", "what", MD5[:-1]])
def test_refused(text):
    """
    What is refused at an import is refused here too.
    """
    with pytest.raises(UnusableHashError):
        LegacyHasher(CHEAP, presets.raw_md5()).wrapping(StoredHash(text))


# --- Hostile envelopes ------------------------------------------------------------------


FORMATS = resolve(["raw_md5", "django", "bcrypt", "phpass", "vbulletin"])
# Always the same, as a cut one may be well-formed or not.
INNER = argon2.PasswordHasher(1, 8, 1).hash(
    f"migratekit-wrapped:{MD5}", salt=b"0123456789abcdef"
)
HUSK = StoredHash("f" * 32)
COSTLY = INNER.replace("m=8,", "m=1048577,")


@pytest.mark.parametrize(
    ("husk", "name", "inner"),
    [
        (StoredHash(MD5), "raw_md5", INNER),  # the digest itself
        (StoredHash("f" * 31), "raw_md5", INNER),
        (StoredHash("f" * 40), "raw_md5", INNER),
        (StoredHash(""), "raw_md5", INNER),
        (HUSK, "nobody", INNER),
        (HUSK, "vbulletin", INNER),  # its salt is missing
        (HUSK, "raw_md5", ""),
        (HUSK, "raw_md5", MD5),
        (HUSK, "raw_md5", INNER[:-1]),
        (HUSK, "raw_md5", COSTLY),
        (HUSK, "raw_md5", INNER.replace("t=1", "t=0")),
        (HUSK, "raw_md5", INNER.replace("p=1", "p=2")),
        (HUSK, "raw_md5", INNER.replace("t=1", "t=999999999999")),
        (StoredHash("pbkdf2_sha256$9999999$salt$" + "/" * 43), "django", INNER),
        (StoredHash(f"$P$Zsaltsalt{'.' * 22}"), "phpass", INNER),
        (StoredHash(f"$2b$04${'a' * 53}"), "bcrypt", INNER),
        (StoredHash("!"), "raw_md5", INNER),
    ],
)
def test_hostile(husk, name, inner):
    """
    A hostile envelope is refused before anything is computed, at an import too.
    """
    hasher = LegacyHasher(CHEAP, FORMATS)
    text = envelope.wrap(husk, name, inner)

    for judge in (
        lambda: hasher.verify("password", text),
        lambda: hasher.admit(StoredHash(text)),
        lambda: hasher.wrapping(StoredHash(text)),
    ):
        with pytest.raises(UnusableHashError) as caught:
            judge()
        assert "$mk$…" == caught.value.masked
        assert caught.value.__context__ is None


def test_not_hostile():
    """
    The same envelope without what makes it hostile is verified.
    """
    hasher = LegacyHasher(CHEAP, FORMATS)
    text = envelope.wrap(HUSK, "raw_md5", INNER)

    assert hasher.verify("password", text) is True
    assert hasher.verify(MD5, text) is False


@pytest.mark.parametrize("judge", [envelope.open, envelope.unwrap])
def test_wrong_way_to_open(judge):
    """
    A wrapped envelope is not opened as one that is not, nor the other way round.
    """
    wrapped = envelope.wrap(HUSK, "raw_md5", INNER)
    text = wrapped if judge is envelope.open else envelope.seal(HUSK, "raw_md5")

    with pytest.raises(UnusableHashError) as caught:
        judge(text)

    assert caught.value.__context__ is None


def test_refusal_of_the_inner_hasher():
    """
    What only the inner hasher finds, when it verifies, is one error of the envelope.
    """

    class Late(Counting):
        def verify(self, password, encoded):
            raise UnusableHashError("clear…", "it is malformed")

    text = envelope.wrap(HUSK, "raw_md5", "whatever")

    with pytest.raises(UnusableHashError) as caught:
        LegacyHasher(Late(), FORMATS).verify("password", text)

    assert ("$mk$…", "it is malformed") == (caught.value.masked, caught.value.detail)


def test_not_computable():
    """
    A digest that cannot be computed is one error of the envelope.
    """

    class Broken(Digest):
        def read(self, stored, ceilings):
            return attrs.evolve(super().read(stored, ceilings), derive=int)

    text = envelope.wrap(HUSK, "broken", INNER)

    with pytest.raises(UnusableHashError) as caught:
        LegacyHasher(CHEAP, Format("broken", Broken("md5($pass)"))).verify("pw", text)

    assert "it could not be computed" == caught.value.detail


@given(
    st.text(max_size=60), st.text(max_size=60), st.sampled_from(["raw_md5", "django"])
)
def test_any_text(husk, inner, name):
    """
    Whatever stands in a wrapped envelope, the answer is no or an `UnusableHashError`.
    """
    hasher = LegacyHasher(CHEAP, FORMATS)
    try:
        text = envelope.wrap(StoredHash(husk), name, inner)
    except UnicodeEncodeError:
        return

    with pytest.raises(UnusableHashError):
        hasher.verify("password", text)


@given(st.text(max_size=60).map(lambda text: "$mk$v=1$w=" + text))
def test_any_envelope(text):
    """
    Whatever follows the beginning of a wrapped envelope, it is an `UnusableHashError`.
    """
    with pytest.raises(UnusableHashError):
        LegacyHasher(CHEAP, FORMATS).verify("password", text)


# --- Layouts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "text", "blank"),
    [
        ("{key:hex}", "ABcd  ", "ffff"),
        ("{key:base64}", "AAAA", "////"),
        ("{key:base64}", "AA==", "/w=="),
        ("{key:base64}", "AA", "/w"),
        ("{salt:text}${key:hex}", "s  $00", "s  $ff"),
        ("{key:hex}:{salt:text}", "00:s ", "ff:s "),
        ("{salt[2]+key[1]:hex}", "010203", "0102ff"),
        ("{rounds[u4]+key[2]:hex}!", "00000102abcd!", "00000102ffff!"),
        ("{{X}}{key[1]+salt[1-4]:base64}", "{X}AAEC", "{X}/wEC"),
        ("{key[1]+salt:base64}", "AAEX", "/wEX"),
        ("{key:text}:{salt:hex}", "abc:00", "???:00"),
    ],
)
def test_blank(layout, text, blank):
    """
    A layout blanks the digest and nothing else, and as long as it was.
    """
    layout = Layout(layout)

    assert blank == layout.blank(text, "key")
    assert blank == layout.blank(blank, "key")
    assert {**layout.read(text), "key": 0} == {**layout.read(blank), "key": 0}


def test_blank_malformed():
    """
    What is not laid out so cannot be blanked.
    """
    with pytest.raises(MalformedError):
        Layout("{key:hex}").blank("what", "key")
