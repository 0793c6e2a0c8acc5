"""
Formats: candidates, markers, lists, and what they never raise or show.
"""

import codecs
import traceback
from functools import partial

import attrs
import bcrypt
import pytest

from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.formats import (
    Bcrypt,
    Ceilings,
    Digest,
    Format,
    FormatList,
    inspect,
    mask,
    presets,
    resolve,
    verify,
)
from migratekit.formats.candidates import TRANSFORMS, candidates
from migratekit.formats.format import is_marker
from migratekit.formats.format_list import accepting
from migratekit.models import StoredHash


MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"
SECRET = "s3cr3t-canary"


class Faulty:
    """
    A scheme that raises.
    """

    def __init__(self, error, *, late):
        self.error = error
        self.late = late
        self.calls = []

    def read(self, stored, ceilings):
        if not self.late:
            raise self.error
        return self.check

    def check(self, password):
        self.calls.append(password)
        raise self.error


class Recorder:
    """
    A scheme that says what was tried, and matches one of it.
    """

    def __init__(self, right):
        self.right = right
        self.calls = []

    def read(self, stored, ceilings):
        return self.check

    def check(self, password):
        self.calls.append(password)
        return password == self.right


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        IndexError(SECRET),
        TypeError(SECRET),
        UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET),
        MemoryError(SECRET),
        OverflowError(SECRET),
        KeyError(SECRET),
        RuntimeError(SECRET),
    ],
)
def test_only_one_error(error, late):
    """
    Whatever a library raises, `UnusableHashError` comes out, with nothing of it.
    """
    format_ = Format("x", Faulty(error, late=late))
    stored = StoredHash(f"$2b${SECRET}", salt=SECRET)

    with pytest.raises(UnusableHashError) as caught:
        format_.verify(SECRET, stored)

    found = caught.value
    detail = "it could not be computed" if late else "it is malformed"
    assert ("$2b$…", detail) == (found.masked, found.detail)
    assert found.__cause__ is None
    assert found.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(found))
    assert SECRET not in repr(found.args)
    assert format_.identify(stored) is late


def test_no_secret_in_the_frame():
    """
    The frame that raises holds neither password nor hash.
    """
    for format_ in (presets.bcrypt(), FormatList([presets.bcrypt()])):
        with pytest.raises(UnusableHashError) as caught:
            format_.verify(SECRET, StoredHash("$2b$" + SECRET))

        frames = list(traceback.walk_tb(caught.value.__traceback__))[1:]
        for frame, _ in frames:
            shown = {k: v for k, v in frame.f_locals.items() if k != "self"}
            assert SECRET not in repr(shown)
            assert not any(isinstance(value, StoredHash) for value in shown.values())


def test_answer_must_be_true():
    """
    A scheme that answers something true that is not True lets nobody in.
    """

    class Truthy:
        def read(self, stored, ceilings):
            return lambda password: "yes"

    assert not Format("x", Truthy()).verify("pass", StoredHash("text"))


def test_all_candidates():
    """
    All candidates are tried, also after one has matched.
    """
    scheme = Recorder(b"caf\xc3\xa9")
    format_ = Format("x", scheme, encodings=("utf-8", "cp1252"), transforms=("trim",))

    assert format_.verify("the tea", StoredHash("text")) is False
    assert format_.verify("café ", StoredHash("text")) is True
    assert [b"caf\xc3\xa9 ", b"caf\xc3\xa9", b"caf\xe9 ", b"caf\xe9"] == scheme.calls[
        1:
    ]


@pytest.mark.parametrize("password", ["\ud800", "..", "a" * 70 + ".", "é" * 300])
@pytest.mark.parametrize("encoding", ["punycode", "utf-7", "utf-16", "cp037"])
def test_odd_encoding(encoding, password):
    """
    Whatever an encoding makes of a password, nothing but an answer comes of it.
    """
    format_ = presets.raw_md5(encodings=(encoding, "utf-8"))

    assert format_.verify(password, StoredHash(MD5)) is False
    assert not format_.digests(password, format_.derivation(StoredHash(MD5)))[2:]


def test_faulty_encoding():
    """
    What an encoding of the application's own raises is a refusal.
    """

    def search(name):
        return codecs.CodecInfo(encode, None, name=name) if name == "faulty" else None

    def encode(text, errors="strict"):
        if SECRET in text:
            raise RuntimeError(text)
        return text.encode(), len(text)

    codecs.register(search)
    try:
        format_ = presets.raw_md5(encodings=("faulty",))
        derivation = format_.derivation(StoredHash(MD5))
        assert format_.verify("password", StoredHash(MD5)) is True
        assert format_.digests(SECRET, derivation) is None
        with pytest.raises(UnusableHashError) as caught:
            format_.verify(SECRET, StoredHash(MD5))
    finally:
        codecs.unregister(search)
    assert caught.value.__context__ is None


def test_candidates_once():
    """
    A form that two ways lead to is tried once, one that cannot be written is left out.
    """
    assert [b"pass"] == candidates("pass", ("utf-8", "ascii"), ("trim", "slashes"))
    assert ["é".encode()] == candidates("é", ("utf-8", "ascii"), ())
    assert [] == candidates("é", ("ascii",), ())
    assert [] == candidates("\ud800", ("utf-8",), ())


@pytest.mark.parametrize(
    ("chain", "typed", "expected"),
    [
        ("trim", " \t\n\r\0\x0bpass \u2003", "pass \u2003"),
        ("slashes", 'it\'s "\\" \0', 'it\\\'s \\"\\\\\\" \\0'),
        ("slashes+trim", " it's ", "it\\'s"),
        ("nfc", "e\u0301", "é"),
        ("nfd", "é", "e\u0301"),
        (
            "html",
            "<a b=\"c\" d='e'>&",
            "&lt;a b=&quot;c&quot; d=&#039;e&#039;&gt;&amp;",
        ),
        ("ipb_entities", "&<>\"!$'\\é", "&amp;&lt;&gt;&quot;&#33;&#036;&#39;&#092;é"),
        ("numeric_entities", "aéя", "aé&#1103;"),
    ],
)
def test_transform(chain, typed, expected):
    """
    A transform does what the old system did.
    """
    assert expected.encode() == candidates(typed, ("utf-8",), (chain,))[-1]
    assert set(chain.split("+")) <= set(TRANSFORMS)


@pytest.mark.parametrize(
    "settings",
    [
        {"encodings": ()},
        {"encodings": ("utf-8", "cp1252", "cp1251", "cp1250")},
        {"encodings": ("klingon",)},
        # They are of bytes, of no text, or of names on the net.
        {"encodings": ("hex",)},
        {"encodings": ("undefined",)},
        {"encodings": ("idna",)},
        {"encodings": ("utf-8\0",)},
        {"transforms": ("rot13",)},
        {"transforms": ("trim+rot13",)},
    ],
)
def test_unknown_settings(settings):
    """
    Encodings and transforms there are not are refused.
    """
    with pytest.raises(ConfigurationError):
        presets.raw_md5(**settings)


def test_wordpress_slashes():
    """
    WordPress' slashes and blanks are tried, and no others.
    """
    format_ = presets.wordpress()
    sha = hash_of_wordpress(" it\\'s".strip())

    assert format_.verify("it's", StoredHash(sha))
    assert format_.verify(" it's\n", StoredHash(sha))
    assert format_.verify("it\\'s", StoredHash(sha))
    assert not format_.verify("its", StoredHash(sha))


def hash_of_wordpress(password):
    import base64
    import hmac

    mac = hmac.digest(b"wp-sha384", password.encode(), "sha384")
    made = bcrypt.hashpw(base64.b64encode(mac), bcrypt.gensalt(4)).decode()
    return "$wp" + made.replace("$2b$", "$2y$")


@pytest.mark.parametrize(
    "text",
    ["", "!", "*", "*0", "x", "NP", ":null:", "!!$6$salt$x", "!" + MD5, "*LK*"],
)
def test_marker(text):
    """
    The mark of a locked or disabled account matches nothing, and is no alarm.
    """
    for format_ in (presets.raw_md5(), FormatList([presets.crypt(), presets.django()])):
        assert is_marker(text)
        assert format_.verify("password", StoredHash(text)) is False
        assert format_.identify(StoredHash(text)) is False
        with pytest.raises(UnusableHashError):
            inspect(format_, StoredHash(text))


def test_star_of_mysql():
    """
    A star that belongs to the format is no mark.
    """
    stored = StoredHash("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19")

    assert presets.mysql41().verify("password", stored) is True


@pytest.mark.parametrize(
    ("password", "expected"), [("a" * 4096, True), ("é" * 2048, True)]
)
def test_long_password(password, expected):
    """
    4096 bytes of password are hashed; one more matches nothing.
    """
    import hashlib

    text = hashlib.md5(password.encode()).hexdigest()
    longer = hashlib.md5((password + "a").encode()).hexdigest()

    assert presets.raw_md5().verify(password, StoredHash(text)) is expected
    assert presets.raw_md5().verify(password + "a", StoredHash(longer)) is False


def test_long_password_of_drupal():
    """
    Drupal's own bound of 512 bytes holds, and a lower ceiling does too.
    """
    scheme = Recorder(b"x" * 513)

    assert not Format("x", scheme, password_bytes=512).verify(
        "x" * 513, StoredHash("t")
    )
    low = Ceilings(password_bytes=10)
    assert not Format("x", scheme, ceilings=low).verify("x" * 513, StoredHash("t"))
    assert [] == scheme.calls
    assert 512 == presets.drupal7().password_bytes


@pytest.mark.parametrize("column", ["text", "salt", "salt2", "username"])
def test_long_row(column):
    """
    A row of absurd length is refused unread, whichever column it is; one character less
    is read.
    """
    scheme = Recorder(b"pass")
    format_ = Format("x", scheme)
    longest = StoredHash(**{"text": MD5, column: "a" * 16_384})
    longer = StoredHash(**{"text": MD5, column: "a" * 16_385})

    assert format_.verify("pass", longest) is True
    assert format_.identify(longer) is False
    for refuse in (format_.inspect, partial(format_.verify, "pass")):
        with pytest.raises(UnusableHashError) as caught:
            refuse(longer)
        assert "it is too long" == caught.value.detail
        assert caught.value.over_ceiling is False
    assert [b"pass"] == scheme.calls


def test_list_takes_the_first():
    """
    The first format that identifies a hash decides; no other is tried.
    """
    first, second = Recorder(b"one"), Recorder(b"two")
    both = FormatList([Format("a", first), Format("b", second)])

    assert both.verify("two", StoredHash("text")) is False
    assert [b"two"] == first.calls
    assert [] == second.calls
    assert "a+b" == both.name


def test_list_by_name():
    """
    A hash that names its format is left to that one, or refused.
    """
    both = resolve(["raw_md5", "nthash"])
    nt = "8846f7eaee8fb117ad06bdd830b7586c"

    assert both.verify("password", StoredHash(MD5)) is True
    assert both.verify("password", StoredHash(nt)) is False
    assert both.verify("password", StoredHash(nt, format="nthash")) is True
    with pytest.raises(UnusableHashError):
        both.verify("password", StoredHash(MD5, format="raw_sha1"))


def test_list_does_not_fall_through():
    """
    A hash over the ceiling is refused by its own format.
    """
    both = resolve(["bcrypt", "raw_md5"])
    stored = StoredHash("$2b$31$" + "." * 53)

    assert both.identify(stored)
    with pytest.raises(UnusableHashError) as caught:
        both.verify("password", stored)
    assert "its cost is over the ceiling" == caught.value.detail


@pytest.mark.parametrize("names", [[], ["raw_md5", "raw_md5"]])
def test_list_of_none(names):
    """
    A list has formats, of different names.
    """
    with pytest.raises(ConfigurationError):
        resolve(names)


class Own:
    """
    A format of an application's own.
    """

    name = "own"

    def identify(self, stored):
        return stored.text.startswith("own:")

    def verify(self, password, stored):
        return "yes" if stored.text == f"own:{password}" else False


def test_own_format():
    """
    A format may be anything with the methods; its answer must be True.
    """
    own = resolve(Own())

    assert isinstance(own, Own)
    assert resolve([Own(), "bcrypt"]).verify("pass", StoredHash("own:pass")) is False
    inspect(own, StoredHash("own:"))
    with pytest.raises(UnusableHashError):
        inspect(own, StoredHash("other"))


def test_other_name():
    """
    A single format refuses a hash that names another, as a list does.
    """
    format_, stored = presets.raw_md5(), StoredHash(MD5, format="nthash")

    for ask in (
        lambda: format_.verify("password", stored),
        lambda: verify(format_, "password", stored),
        lambda: inspect(format_, stored),
        lambda: verify(Own(), "pass", StoredHash("own:pass", format="other")),
        lambda: inspect(Own(), StoredHash("own:pass", format="other")),
    ):
        with pytest.raises(UnusableHashError):
            ask()
    assert format_.identify(stored) is False
    assert verify(format_, "password", StoredHash(MD5, format="raw_md5")) is True
    assert verify(format_, "password", StoredHash("!", format="nthash")) is False


CUT = "it is cut or malformed"
NEVER_DECLARED = "it is malformed or of no declared format"
OF_ANOTHER = "it is of another format"


@pytest.mark.parametrize(
    ("format_", "name", "ask", "detail"),
    [
        (presets.bcrypt(), None, verify, CUT),
        (presets.bcrypt(), None, inspect, CUT),
        (presets.bcrypt(), "other", verify, OF_ANOTHER),
        (presets.bcrypt(), "other", inspect, OF_ANOTHER),
        (resolve(["bcrypt"]), None, verify, NEVER_DECLARED),
        (resolve(["bcrypt"]), None, inspect, NEVER_DECLARED),
        (Own(), "other", verify, OF_ANOTHER),
        (Own(), None, inspect, NEVER_DECLARED),
    ],
)
def test_what_a_refusal_says(format_, name, ask, detail):
    """
    Whatever refuses a hash says of which kind it is and what is wrong, and no more.
    """
    stored = StoredHash(f"$2b${SECRET}", format=name)
    given = (format_, SECRET, stored) if ask is verify else (format_, stored)

    with pytest.raises(UnusableHashError) as caught:
        ask(*given)

    assert ("$2b$…", detail) == (caught.value.masked, caught.value.detail)
    assert SECRET not in str(caught.value)


def test_own_format_by_name():
    """
    A format of an application's own is asked for what names it or nothing.
    """
    for name in (None, "own"):
        stored = StoredHash("own:pass", format=name)
        assert verify(Own(), "pass", stored) is False  # It answers "yes", not True.
        inspect(Own(), stored)


def test_former_name():
    """
    A format that got another name is told the old one.
    """
    shop = presets.raw_md5(name="shop", formerly=("raw_md5",))
    both = FormatList([presets.bcrypt(), shop])

    for format_ in (shop, both):
        for name in ("shop", "raw_md5"):
            assert format_.verify("password", StoredHash(MD5, format=name)) is True
    with pytest.raises(ConfigurationError):
        FormatList([presets.raw_md5(), shop])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("wordpres", "did you mean wordpress"),
        ("qqqqqqqq", "There is no preset 'qqqqqqqq'."),
        ("firebase", "presets.firebase(signer_key=…)"),
        ("firebase_scrypt", "presets.firebase(signer_key=…)"),
        ("md5($pas)", "did you mean pass?"),
        ("vbuletin", "vbulletin"),
        (42, "A int is no format."),
        ("__all__", "There is no preset"),
    ],
)
def test_unknown(spec, message):
    """
    What is no format is refused, with what was perhaps meant.
    """
    with pytest.raises(ConfigurationError) as caught:
        resolve(spec)

    assert message in str(caught.value)


def test_resolve():
    """
    A name, an alias and a recipe are formats.
    """
    assert "wordpress" == resolve("wordpress").name
    assert "spring" == resolve("spring-delegating").name
    assert "vbulletin" == resolve("vbulletin_md5").name
    recipe = resolve("md5(md5($pass).$salt)")
    assert "md5(md5($pass).$salt)" == recipe.name
    assert "raw_md5+bcrypt" == resolve(("raw_md5", presets.bcrypt())).name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$2b$12$abcdefghijklmnop", "$2b$…"),
        ("pbkdf2_sha256$1$salt$key", "pbkdf2_sha256$…"),
        ("{SSHA}abcdef", "{SSHA}…"),
        ("{ssha512}abcdef", "{ssha512}…"),
        ("{noop}hunter2", "{noop}…"),
        ("{hunter2}", "of an unknown kind"),
        ("{FSHP1|8|4096}abc", "{FSHP1|…"),
        (MD5, "of 32 hexadecimal digits"),
        ("*" + MD5, "of 32 hexadecimal digits"),
        ("hunter2", "of an unknown kind"),
        ("deadbeef", "of an unknown kind"),
        ("$hunter2$", "of an unknown kind"),
        ("$mk$v=1$f=x$abc", "$mk$…"),
        ("", "(empty)"),
    ],
)
def test_mask(text, expected):
    """
    A masked hash shows its kind, and nothing that could be a password or a digest.
    """
    assert expected == mask(text)


def test_inspect():
    """
    A good hash passes without a password.
    """
    stored = StoredHash(MD5)

    inspect(presets.raw_md5(), stored)
    inspect(resolve(["bcrypt", "raw_md5"]), stored)
    resolve(["bcrypt", "raw_md5"]).inspect(stored)
    for refuse in (partial(inspect, resolve(["bcrypt"])), resolve(["bcrypt"]).inspect):
        with pytest.raises(UnusableHashError):
            refuse(stored)


def test_accepting():
    """
    The first format that knows a hash takes it, or refuses it for all behind it.
    """
    dear, cheap = StoredHash("$2b$31$" + "a" * 53), StoredHash("$2b$04$" + "a" * 53)
    behind = attrs.evolve(presets.bcrypt(), name="b", ceilings=Ceilings(bcrypt_cost=31))
    both = FormatList([presets.raw_md5(), presets.bcrypt(), behind])

    assert presets.bcrypt() == accepting(both, cheap)
    assert presets.raw_md5() == accepting(both, StoredHash(MD5))
    assert accepting(both, StoredHash("none of theirs")) is None
    assert behind == accepting(behind, dear)
    with pytest.raises(UnusableHashError, match="cost"):
        accepting(both, dear)


def test_utf16_of_bytes():
    """
    A candidate that is no UTF-8 has no form in UTF-16, and does not match.
    """
    stored = StoredHash("8846f7eaee8fb117ad06bdd830b7586c")

    assert presets.nthash(encodings=("latin-1",)).verify("é", stored) is False


def test_digest_scheme():
    """
    The parts can be put together by hand.
    """
    format_ = Format("x", Digest("md5($pass)"))

    assert format_.verify("password", StoredHash(MD5))
    assert not Format("y", Bcrypt()).identify(StoredHash(MD5))


def test_clear_text():
    """
    Clear text is verified where it was switched on, and an empty one never.
    """
    format_ = presets.cleartext(i_know_that_this_is_clear_text=True)

    assert format_.verify("pass", StoredHash("pass")) is True
    assert format_.verify("", StoredHash("")) is False


@pytest.mark.parametrize(
    ("off", "on", "text"),
    [
        (presets.spring(), presets.spring(noop=True), "{noop}pass"),
        (presets.ldap(), presets.ldap(cleartext=True), "{CLEARTEXT}pass"),
        (presets.dovecot(), presets.dovecot(cleartext=True), "{PLAIN}pass"),
    ],
)
def test_clear_text_is_off(off, on, text):
    """
    Clear text of a product is off, unless it is switched on by name.
    """
    assert on.verify("pass", StoredHash(text)) is True
    with pytest.raises(UnusableHashError):
        off.verify("pass", StoredHash(text))
