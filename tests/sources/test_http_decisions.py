"""
What sources that speak HTTP make of an answer, without a network.
"""

import base64
import json

import pytest
import services
from hypothesis import given
from hypothesis import strategies as st
from services import ANN, BOB

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources import http
from migratekit.sources._lookup import Vouched
from migratekit.sources.http._answers import conditions_of, holds
from migratekit.sources.http._questions import Answer, Question


URL = "https://legacy.example.com/login"
USERS = "https://legacy.example.com/users/{identifier}"


def play(dialogue, *answers):
    """
    Return the questions of *dialogue*, and what it ends in.
    """
    questions = []
    replies = iter(answers)
    try:
        question = next(dialogue)
        while True:
            assert isinstance(question, Question)
            questions.append(question)
            question = dialogue.send(next(replies))
    except StopIteration as stop:
        return questions, stop.value


def login(source, *answers, identifier=ANN.email, password=ANN.password):
    return play(source._asking(identifier, password), *answers)[1]


def lookup(source, *answers, identifier=ANN.email):
    return play(source._looking_up(identifier), *answers)[1]


def answer(data, status=200):
    return Answer(status, json.dumps(data).encode())


# --- Questions ------------------------------------------------------------------------


def test_basic_credentials():
    """
    Name and password are sent as RFC 7617 has it, in its own example.
    """
    source = http.BasicAuthSource(URL)

    (question,), _ = play(source._asking("Aladdin", "open sesame"), Answer(401))

    assert ("GET", URL) == (
        question.method,
        question.place.origin + question.place.target,
    )
    expected = (b"Authorization", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    assert (expected,) == question.headers


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [("utf-8", b"test:123\xc2\xa3"), ("latin-1", b"test:123\xa3")],
)
def test_basic_charset(charset, encoded):
    """
    The charset is the one that was asked for; RFC 7617 has the first in section 2.1.
    """
    source = http.BasicAuthSource(URL, charset=charset)

    (question,), _ = play(source._asking("test", "123\u00a3"), Answer(401))

    assert base64.b64encode(encoded) == question.headers[0][1].removeprefix(b"Basic ")


@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        ("ann:x", "pw"),
        ("\u20ac", "pw"),
        ("ann", "\u20ac"),
        ("", "pw"),
        ("ann", ""),
        ("ann\r\nX: y", "pw"),
        ("ann", "x\0"),
        ("\ud800", "pw"),
        ("ann", "\ud800"),
        ("x" * 321, "pw"),
        ("ann", "x" * 4097),
        (None, "pw"),
        ("ann", None),
    ],
)
def test_nobody_is_asked_about(identifier, password):
    """
    What cannot be somebody's is nobody's, without a question.
    """
    source = http.BasicAuthSource(URL, charset="latin-1")

    assert ([], None) == play(source._asking(identifier, password))


@pytest.mark.parametrize("identifier", ["", " ", "ann\r\n", "\ud800", "x" * 321, None])
def test_nobody_is_looked_up(identifier):
    """
    What cannot be an identifier is nobody's, but for a source that cannot tell.
    """
    assert ([], None) == play(http.JSONSource(URL, USERS)._looking_up(identifier))
    with pytest.raises(LookupUnsupportedError):
        http.BasicAuthSource(URL)._looking_up(identifier)


@pytest.mark.parametrize(
    ("identifier", "target"),
    [
        ("ann@example.com", "/users/ann%40example.com"),
        (" ann ", "/users/ann"),
        ("a/b?c#d&e=f%2f+;:", "/users/a%2Fb%3Fc%23d%26e%3Df%252f%2B%3B%3A"),
        ("...", "/users/..."),
        ("\u00e4\u20ac", "/users/%C3%A4%E2%82%AC"),
        ("{identifier}", "/users/%7Bidentifier%7D"),
        ("DOMAIN\\ann", "/users/DOMAIN%5Cann"),
    ],
)
def test_path(identifier, target):
    """
    An identifier is one segment of a path, whatever is in it.
    """
    source = http.JSONSource(URL, USERS)

    (question,), user = play(source._looking_up(identifier), Answer(404))

    assert ("GET", target) == (question.method, question.place.target)
    assert user is None


@pytest.mark.parametrize("identifier", [".", "..", "../ann", "x/../ann", "x\\..\\ann"])
def test_dot_segments(identifier):
    """
    An identifier that a path would lead elsewhere with is nobody's.
    """
    for source in (http.JSONSource(URL, USERS), http.KeycloakSource(URL)):
        assert ([], None) == play(source._looking_up(identifier))
    assert ([], None) == play(http.KeycloakSource(URL)._asking(identifier, "pw"))


@given(st.text())
def test_any_path(identifier):
    """
    No identifier gets out of its segment, or its parameter.
    """
    for url in (USERS, "https://legacy.example.com/users?name={identifier}"):
        source = http.JSONSource(URL, url)
        questions, user = play(source._looking_up(identifier), Answer(404))
        assert user is None
        for question in questions:
            assert question.place.target.isascii()
            assert url.count("/") == question.place.target.count("/") + 2
            assert url.count("?") == question.place.target.count("?")
            assert not set(" #&\r\n\0") & {*question.place.target}


def test_json_body():
    """
    A login is a POST of JSON with the keys that were asked for.
    """
    source = http.JSONSource(URL, keys=("mail", "secret"))

    (question,), _ = play(source._asking(" ann ", 'p"w\u20ac'), Answer(401))

    assert "POST" == question.method
    assert {"mail": "ann", "secret": 'p"w\u20ac'} == json.loads(question.body)
    assert ((b"Content-Type", b"application/json"),) == question.headers


def test_form_of_identifiers():
    """
    Identifiers are sent as they are typed, or in canonical form.
    """
    typed = http.JSONSource(URL)
    canonical = http.JSONSource(URL, canonical_identifiers=True)

    for source, expected in [
        (typed, "Ann@Example.com"),
        (canonical, ANN.email.lower()),
    ]:
        (question,), _ = play(source._asking(" Ann@Example.com ", "pw"), Answer(401))
        assert expected == json.loads(question.body)["identifier"]


def test_keycloak_by_id():
    """
    The plug-in's option to check passwords under the id.
    """
    source = http.KeycloakSource("https://legacy.example.com/auth?x=1", by_id=True)
    user = answer({"id": "12/3", "username": "ann", "enabled": True})

    questions, _ = play(source._asking("ann", "pw"), user, Answer(400))

    targets = [question.place.target for question in questions]
    assert ["/auth/ann?x=1", "/auth/12%2F3?x=1"] == targets
    assert {"password": "pw"} == json.loads(questions[1].body)


# --- Answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "denied",
    [
        [200],
        [302],
        [399],
        [407],
        [408],
        [429],
        [500],
        [401.0],
        [True],
        ["401"],
        [[401]],
    ],
)
def test_statuses_that_are_no_no(denied):
    """
    Only a status of the client's own fault can be declared a no.
    """
    with pytest.raises(ConfigurationError):
        http.BasicAuthSource(URL, denied=denied)


def test_declared_statuses():
    """
    Each status that was declared is a no.
    """
    source = http.JSONSource(URL, USERS, denied=[400, 422], unknown=[410])

    assert login(source, Answer(400)) is None
    assert login(source, Answer(422, b"<html>")) is None
    assert lookup(source, Answer(410)) is None
    with pytest.raises(LegacyUnavailableError):
        login(source, Answer(401))
    with pytest.raises(LegacyUnavailableError):
        lookup(source, Answer(404))


def test_charsets():
    """
    Another charset is fine as long as it makes no difference.
    """
    source = http.BasicAuthSource(URL)
    plain = json.dumps(ANN.json).encode()
    marked = b"\xef\xbb\xbf" + plain

    for body, charset in [(plain, "iso-8859-1"), (marked, None), (marked, "utf-8")]:
        assert ANN.user == login(source, Answer(200, body, charset))


class TestFields:
    def test_paths(self):
        """
        Targets are found at their paths, and nothing else is.
        """
        fields = {
            "data.User.ID": "user_id",
            "data.User.mail": "email",
            "data.state.on": "active",
            "data.User.nick": "profile.alias",
            "first": "given_name",
        }
        source = http.JSONSource(URL, fields=fields)
        data = {
            "data": {
                "User": {"ID": 7, "mail": "a@example.com", "nick": ["x"], "id": 8},
                "state": {"on": "0"},
            },
            "first": "Ann",
            "blocked": False,
            "username": "not mapped",
        }

        user = login(source, answer(data))

        expected = LegacyUser(
            user_id="7",
            email="a@example.com",
            blocked=True,
            profile={"alias": ["x"], "given_name": "Ann"},
        )
        assert expected == user

    @pytest.mark.parametrize(
        ("active", "blocked"),
        [
            (True, False),
            (1, False),
            ("yes", False),
            (False, True),
            (0, True),
            (None, False),
        ],
    )
    def test_active(self, active, blocked):
        """
        Who is not active is blocked.
        """
        source = http.JSONSource(URL, fields={"id": "user_id", "on": "active"})

        assert blocked is login(source, answer({"id": "1", "on": active})).blocked

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"user_id": None},
            {"user_id": 1.5},
            {"user_id": True},
            {"user_id": {}},
            {"user_id": "1", "email": 5},
            {"user_id": "1", "email": ["a@example.com"]},
            {"user_id": "1", "username": 5},
            {"user_id": "1", "blocked": "perhaps"},
            {"user_id": "1", "blocked": 2},
            {"user_id": "1", "blocked": []},
            {"user_id": "1", "email_verified": "maybe"},
            {"user_id": "1", "profile": 5},
            {"user_id": "1", "created_at": "yesterday"},
        ],
    )
    def test_wrong_types(self, data):
        """
        What a field cannot be breaks the contract; it is not made to fit.
        """
        with pytest.raises(ContractError):
            login(http.JSONSource(URL), answer(data))

    def test_wrong_active(self):
        """
        The flag that is turned round is as strict.
        """
        source = http.JSONSource(URL, fields={"id": "user_id", "on": "active"})

        with pytest.raises(ContractError):
            login(source, answer({"id": "1", "on": "perhaps"}))

    @pytest.mark.parametrize(
        "fields",
        [
            {"mail": "email"},
            {"id": "user_id", "x": "password"},
            {"id": "user_id", "x": "password_hash"},
            {"id": "user_id", "ID": "user_id"},
            {"id": "user_id", "a": "active", "b": "active"},
            {"id": "user_id", "a": "active", "b": "blocked"},
            {"": "user_id"},
            {"a..b": "user_id"},
            {5: "user_id"},
        ],
    )
    def test_unusable(self, fields):
        """
        A mapping that cannot be is refused when the source is made.
        """
        with pytest.raises(ConfigurationError):
            http.JSONSource(URL, fields=fields)


class TestConditions:
    def source(self, **options):
        return http.JSONSource(
            URL, accepted={"result.ok": True}, refused={"result.ok": False}, **options
        )

    def test_yes_and_no(self):
        """
        A 200 is what the declared value says.
        """
        yes = ANN.json | {"result": {"ok": True}}

        assert ANN.user == login(self.source(), answer(yes))
        assert login(self.source(), answer(yes | {"result": {"ok": False}})) is None

    @pytest.mark.parametrize("value", [1, "true", None, {}, [True], "yes"])
    def test_neither(self, value):
        """
        A value that is nearly the declared one is not.
        """
        with pytest.raises(LegacyUnavailableError, match="neither"):
            login(self.source(), answer(ANN.json | {"result": {"ok": value}}))

    def test_both(self):
        """
        An answer that is both is neither.
        """
        source = http.JSONSource(URL, accepted={"a": 1}, refused={"b": 1})

        with pytest.raises(LegacyUnavailableError, match="neither"):
            login(source, answer(ANN.json | {"a": 1, "b": 1}))
        assert login(source, answer({"b": 1})) is None

    def test_only_refused(self):
        """
        Without a declared yes, a profile that is not refused is one.
        """
        source = http.JSONSource(URL, refused={"error": "wrong"})

        assert ANN.user == login(source, answer(ANN.json))
        assert login(source, answer({"error": "wrong"})) is None

    def test_all(self):
        """
        Every condition has to be met, and no condition is met by nothing.
        """
        conditions = conditions_of({"a": 1, "b.c": None})

        assert holds({"a": 1, "b": {"c": None}}, conditions)
        assert not holds({"a": 1, "b": {}}, conditions)
        assert not holds({"a": 1, "b": 5}, conditions)
        assert not holds({"a": 1}, ())

    @pytest.mark.parametrize("value", [1.5, [], {}, b"x"])
    def test_unusable(self, value):
        """
        A value that JSON could only nearly be is refused.
        """
        with pytest.raises(ConfigurationError):
            http.JSONSource(URL, accepted={"a": value})


class TestLoginWithoutProfile:
    def options(self):
        return {"login_gives_profile": False, "accepted": {"ok": True}}

    def test_needs_a_yes(self):
        """
        A yes that is neither a profile nor declared is none.
        """
        with pytest.raises(ConfigurationError, match="what is a yes"):
            http.JSONSource(URL, USERS, login_gives_profile=False)

    def test_looks_up(self):
        """
        The profile is looked up, after a yes only.
        """
        source = http.JSONSource(URL, USERS, **self.options())

        assert ANN.user == login(source, answer({"ok": True}), answer(ANN.json))
        assert login(source, Answer(401)) is None
        with pytest.raises(ContractError, match="not whose"):
            login(source, answer({"ok": True}), Answer(404))

    def test_alone(self):
        """
        Without a look-up there has to be another source.
        """
        source = http.JSONSource("https://127.0.0.1:1/login", **self.options())

        assert Vouched() == login(source, answer({"ok": True}))
        with pytest.raises(LookupUnsupportedError):
            source.login(ANN.email, ANN.password)
        with pytest.raises(LookupUnsupportedError):
            source.get_user(ANN.email)


KEYCLOAK_USER = {"id": "1", "username": "ann", "enabled": True}


class TestKeycloak:
    def ask(self, user, status=200, body=b""):
        post = Answer(status, body)
        return login(http.KeycloakSource(URL), answer(user), post)

    def test_flags(self):
        """
        A user who is not enabled, or of whom that is not said, is blocked.
        """
        assert not self.ask(KEYCLOAK_USER).blocked
        assert self.ask(KEYCLOAK_USER | {"enabled": False}).blocked
        assert self.ask({"id": "1", "username": "ann"}).blocked
        assert self.ask(KEYCLOAK_USER | {"enabled": None}).blocked

    def test_actions(self):
        """
        One of Keycloak's required actions is ours.
        """
        actions = ["UPDATE_PROFILE", "UPDATE_PASSWORD"]

        assert self.ask(
            KEYCLOAK_USER | {"requiredActions": actions}
        ).must_change_password
        assert not self.ask(
            KEYCLOAK_USER | {"requiredActions": None}
        ).must_change_password
        for wrong in ("UPDATE_PASSWORD", [5], {}):
            with pytest.raises(ContractError, match="list of text"):
                self.ask(KEYCLOAK_USER | {"requiredActions": wrong})

    def test_without_id(self):
        """
        The id is optional there; then the user name is what stays.
        """
        assert "ann" == self.ask({"username": "ann", "enabled": True}).user_id
        with pytest.raises(ContractError):
            self.ask({"email": "ann@example.com", "enabled": True})

    def test_id_in_path(self):
        """
        An id that leads elsewhere is none.
        """
        source = http.KeycloakSource(URL, by_id=True)

        with pytest.raises(ContractError, match="path"):
            login(source, answer(KEYCLOAK_USER | {"id": ".."}))

    def test_pages(self):
        """
        A page with status 200 is no yes to a password.
        """
        for body in (b"<html>Blocked</html>", b"OK", b"false", b"[]"):
            with pytest.raises(LegacyUnavailableError):
                self.ask(KEYCLOAK_USER, body=body)
        for body in (b"", b" \r\n", b"{}"):
            assert self.ask(KEYCLOAK_USER, body=body)

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    def test_no(self, status):
        """
        What the plug-in takes for a no is one, as long as it is no outage.
        """
        assert self.ask(KEYCLOAK_USER, status) is None


@pytest.mark.parametrize(
    "status", ["password_mismatch", "", None, True, ["password_match"]]
)
def test_kratos_undeclared(status):
    """
    Only the one word is a yes, and only 403 is a no.
    """
    with pytest.raises(LegacyUnavailableError, match="neither"):
        login(http.KratosSource(URL), answer({"status": status}))
    assert (
        login(http.KratosSource(URL), answer({"status": "password_match"}, 403)) is None
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"commands": []},
        {"commands": {}},
        {"commands": [{"type": "com.okta.action.update", "value": "VERIFIED"}]},
        {
            "commands": [
                {"type": "ccom.okta.action.update", "value": {"credential": "VERIFIED"}}
            ]
        },
        {
            "commands": [
                {"type": "com.okta.action.update", "value": {"credential": "verified"}}
            ]
        },
        {
            "commands": [
                {"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}},
                {
                    "type": "com.okta.action.update",
                    "value": {"credential": "UNVERIFIED"},
                },
            ]
        },
        {
            "commands": [
                {"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}}
            ],
            "error": {"errorSummary": "no"},
        },
    ],
)
def test_okta_undeclared(data):
    """
    Only one command that says it is a yes.
    """
    with pytest.raises(LegacyUnavailableError):
        login(http.OktaSource(URL), answer(data))


# --- Configuration --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "legacy.example.com",
        "ftp://legacy.example.com",
        "https://",
        "https:///x",
        "https://ann:s3cret@legacy.example.com",
        "https://s3cret@legacy.example.com",
        "https://legacy.example.com/#s3cret",
        "https://legacy.example.com/#",
        "https://legacy.example.com:s3cret/",
        "https://legacy.example.com:99999/",
        "https://legacy.example.com/s3cret x",
        "https://legacy.example.com/s3cret\r\n",
        "https://legacy.example.com/\u20ac",
        "https://exa mple.com/",
        "https://\u20ac.example.com/",
        "https://[::1/",
        None,
        b"https://legacy.example.com/",
    ],
)
def test_urls_that_are_none(url):
    """
    A URL that is none, or has a password in it, is refused and not quoted.
    """
    with pytest.raises(ConfigurationError) as caught:
        http.BasicAuthSource(url)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Legacy.Example.com", "https://legacy.example.com"),
        ("https://legacy.example.com:443/x", "https://legacy.example.com"),
        ("https://legacy.example.com:8443", "https://legacy.example.com:8443"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example"),
        ("http://localhost:80", "http://localhost"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
    ],
)
def test_urls(url, origin):
    """
    A repr has the origin.
    """
    assert f"BasicAuthSource({origin!r})" == repr(http.BasicAuthSource(url))


@pytest.mark.parametrize(
    "url", ["http://legacy.example.com/", "http://192.168.0.1/", "http://localhost.x/"]
)
def test_in_the_clear(url):
    """
    Without TLS, another machine is asked only if that was said in so many words.
    """
    with pytest.raises(ConfigurationError, match="in the clear"):
        http.BasicAuthSource(url)
    with pytest.raises(ConfigurationError, match="in the clear"):
        http.BasicAuthSource(url, passwords_in_the_clear=1)
    with pytest.raises(ConfigurationError, match="in the clear"):
        http.JSONSource(URL, f"{url}{{identifier}}")

    assert http.BasicAuthSource(url, passwords_in_the_clear=True)


@pytest.mark.parametrize(
    "url", [URL, f"{USERS}/{{identifier}}", "https://{identifier}.x"]
)
def test_placeholder(url):
    """
    A look-up needs a place for the identifier, and one.
    """
    with pytest.raises(ConfigurationError):
        http.JSONSource(URL, url)


def test_headers():
    """
    Keys, tokens and accounts are sent as headers.
    """
    source = http.JSONSource(
        URL,
        headers={"X-App": "shop 2"},
        bearer="t0ken",
        api_key="k3y",
        denied=[403],
    )
    account = http.JSONSource(URL, account=("shop", "s3cret"), denied=[403])

    (question,), _ = play(source._asking("ann", "pw"), Answer(403))

    assert {
        b"X-App": b"shop 2",
        b"Authorization": b"Bearer t0ken",
        b"X-API-Key": b"k3y",
        b"Content-Type": b"application/json",
    } == dict(source.headers_for(question))
    assert {b"Authorization": b"Basic c2hvcDpzM2NyZXQ="} == dict(account._sent)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Host": "x"}},
        {"headers": {"Content-Length": "0"}},
        {"headers": {"X y": "x"}},
        {"headers": {"": "x"}},
        {"headers": {"X": "s3cret\r\nY: z"}},
        {"headers": {"X": "s3cret\u20ac"}},
        {"headers": {"X": ""}},
        {"headers": {"X": 5}},
        {"bearer": "s3cret\n"},
        {"bearer": "a", "account": ("b", "s3cret")},
        {"headers": {"authorization": "s3cret"}, "bearer": "s3cret"},
        {"deadline": 0},
        {"deadline": -1},
        {"deadline": True},
        {"deadline": "5"},
        {"deadline": float("nan")},
        {"deadline": float("inf")},
        {"bearer": 5},
        {"bearer": b"s3cret"},
        {"api_key": 5},
        {"account": "ab"},
        {"account": ("a:b", "s3cret")},
        {"account": ("a", "b", "c")},
        {"account": ("a", 5)},
        {"connect_deadline": 0},
        {"max_bytes": 0},
        {"proxy": "socks5://localhost"},
        {"keys": ("identifier",)},
        {"keys": ("a", "a")},
        {"keys": ("a", 5)},
        {"keys": ("a", "a", "b")},
    ],
)
def test_options_that_are_none(options):
    """
    What cannot be sent or meant is refused when the source is made, and not quoted.
    """
    with pytest.raises(ConfigurationError) as caught:
        http.JSONSource(URL, **options)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"bearer": "x"},
        {"account": ("a", "b")},
        {"headers": {"AUTHORIZATION": "x"}},
        {"charset": "utf-16"},
    ],
)
def test_basic_options(options):
    """
    The user's credentials and the service's own cannot both be in one header.
    """
    with pytest.raises(ConfigurationError):
        http.BasicAuthSource(URL, **options)


def test_one_header_of_a_name():
    """
    No header is there twice, in whatever letter case.
    """
    for options in (
        {"bearer": "a", "account": ("b", "c")},
        {"bearer": "a", "headers": {"authorization": "b"}},
        {"api_key": "a", "headers": {"x-api-key": "b"}},
        {"headers": {"X": "a", "x": "b"}},
    ):
        with pytest.raises(ConfigurationError, match="twice"):
            http.JSONSource(URL, denied=[403], **options)


def test_keys_of_the_service():
    """
    A key of ours that the service refuses is no wrong password of a user's.
    """
    for key in ({"bearer": "x"}, {"api_key": "x"}, {"headers": {"X-App": "x"}}):
        with pytest.raises(ConfigurationError, match="denied="):
            http.JSONSource(URL, **key)
        source = http.JSONSource(URL, refused={"ok": False}, **key)
        with pytest.raises(LegacyUnavailableError, match="status 401"):
            login(source, Answer(401))
        assert login(source, answer({"ok": False})) is None
        assert login(http.JSONSource(URL, denied=[401], **key), Answer(401)) is None


def test_keys_beside_a_password():
    """
    Nor is a key that is sent besides the user's own name and password.
    """
    for key in ({"api_key": "x"}, {"headers": {"X-App": "x"}}):
        for kind in (http.BasicAuthSource, http.AsyncBasicAuthSource):
            with pytest.raises(ConfigurationError, match="denied="):
                kind(URL, **key)
        source = http.BasicAuthSource(URL, denied=[403], **key)
        with pytest.raises(LegacyUnavailableError, match="status 401"):
            login(source, Answer(401))
        assert login(source, Answer(403)) is None


def test_key_of_keycloak():
    """
    A token that an endpoint refuses at the look-up is an outage, whatever it refuses.
    """
    for status in (400, 401, 403):
        with pytest.raises(LegacyUnavailableError):
            login(http.KeycloakSource(URL, bearer="x"), Answer(status))


# --- Look-ups elsewhere ---------------------------------------------------------------


class Both:
    """
    A source that says what it was made with.
    """

    def __init__(self, verdict):
        self.verdict = verdict

    def vouch(self, identifier, password, /):
        return self.verdict


class AsyncBoth(Both):
    async def vouch(self, identifier, password, /):
        return self.verdict


class Wrapped:
    """
    An async source whose method is no coroutine function.
    """

    def __init__(self, other):
        self.other = other

    def get_user(self, identifier, /):
        return self.other.get_user(identifier)


class TestWithLookup:
    def outcomes(self, verdict):
        import asyncio

        from migratekit.sources._lookup import AsyncWithLookup, WithLookup

        other = services.OtherSource()
        yield WithLookup(Both(verdict), other).login(ANN.email, ANN.password)
        wrapped = Wrapped(services.AsyncOtherSource())
        for lookup in (other, services.AsyncOtherSource(), wrapped):
            source = AsyncWithLookup(AsyncBoth(verdict), lookup)
            yield asyncio.run(source.login(ANN.email, ANN.password))

    def test_verdicts(self):
        """
        A user or a no is passed on; of a mere yes, the other source says whose it is.
        """
        assert [BOB.user] * 4 == [*self.outcomes(BOB.user)]
        assert [None] * 4 == [*self.outcomes(None)]
        assert [ANN.user] * 4 == [*self.outcomes(Vouched())]

    def test_standing(self):
        """
        What either of them says against a user holds.
        """
        for user in self.outcomes(Vouched(blocked=True)):
            assert (True, False) == (user.blocked, user.must_change_password)
        for user in self.outcomes(Vouched(must_change_password=True)):
            assert (False, True) == (user.blocked, user.must_change_password)
        assert Vouched().of(BOB.user).blocked

    @pytest.mark.parametrize("answer", [None, True, ANN.json])
    def test_unknown_there(self, answer):
        """
        Whom the other source does not know is neither let in nor told a no.
        """
        with pytest.raises(ContractError, match="does not know"):
            Vouched().of(answer)

    def test_mixture(self):
        """
        A sync source cannot wait for an async look-up.
        """
        with pytest.raises(ConfigurationError, match="async source"):
            http.KratosSource(URL).with_lookup(services.AsyncOtherSource())
