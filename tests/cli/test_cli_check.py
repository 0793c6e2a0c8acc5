"""
``migratekit check``.
"""

import io
import json
import sys
from types import SimpleNamespace

import attrs
import pytest
from cli_terminal import Terminal, piped
from world import AsyncLegacySite, LegacySite

from migratekit import AsyncConnection, Connection, LegacyUser, MigrationPolicy
from migratekit.cli import _check_source, _check_store, main
from migratekit.errors import (
    LegacyUnavailableError,
    LookupUnsupportedError,
    StoreUnavailableError,
    Violation,
)
from migratekit.models import Disagreement, KeyKind, LedgerKey
from migratekit.passwords import OWASP_MINIMUM, Argon2Hasher
from migratekit.settings import Settings
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


# However busy the machine is.
PATIENT = MigrationPolicy(failure_floor=60)
ADA, PASSWORD = "ada@example.com", "correct horse"


class Site(LegacySite):
    """
    A site with one user, which can do everything.
    """

    def __init__(self):
        super().__init__()
        self.add("1", "Ada@example.com", PASSWORD)

    def iter_users(self):
        raise AssertionError


@pytest.fixture(name="_patient", autouse=True)
def _never_slow(monkeypatch):
    """
    Let no hash be slow, however busy the machine is.
    """
    monkeypatch.setattr(_check_store, "_SLOW", 600)


@pytest.fixture(name="check")
def _check(monkeypatch, capsys):
    """
    Gives a function that checks a connection, and returns the findings that matter.
    """

    def run(source=None, *, store=None, user=None, door=Connection, **options):
        options = {
            "hasher": CHEAPEST,
            "secret_key": "k" * 16,
            "policy": PATIENT,
            **options,
        }
        connection = door(
            store or MemoryStore(), source or Site(), source_name="shop", **options
        )
        app = SimpleNamespace(connection=connection)
        monkeypatch.setitem(sys.modules, "checked", app)
        arguments = []
        if user is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
            arguments = ["--user", user, "--password-stdin"]

        code = main(["--app", "checked:connection", "check", "--json", *arguments])

        told = json.loads(capsys.readouterr().out)
        assert (code == 0) is told["ok"]
        assert told["ok"] is all(f["level"] != "wrong" for f in told["findings"])
        findings = {finding["about"]: finding for finding in told["findings"]}
        assert len(findings) == len(told["findings"])
        return findings

    return run


def levels(findings):
    return {about: finding["level"] for about, finding in findings.items()}


@pytest.mark.parametrize(
    ("door", "is_async"),
    [(Connection, False), (AsyncConnection, False), (AsyncConnection, True)],
)
def test_all_is_well(check, door, is_async):
    """
    Everything is looked at, and nobody is moved.
    """
    site = Site()
    source = site
    if is_async:
        source = AsyncLegacySite(site)
        source.iter_users = site.iter_users
    store = MemoryStore()

    findings = check(source, store=store, user=ADA, door=door, hasher=OWASP_MINIMUM)

    assert {
        "secret_key": "ok",
        "policy.password_check": "note",
        "hasher": "ok",
        "store.schema": "ok",
        "store.source_name": "note",
        "store.check": "ok",
        "source.get_user": "ok",
        "source.login": "ok",
        "policy.failure_floor": "ok",
        "source.test_user": "ok",
        "source.drift": "ok",
    } == levels(findings)
    assert 0 == store.figures().moved
    assert [] == [*store.list_users(None, 10, None, None)]


def test_listeners(check):
    """
    Nothing of it reaches the listeners and the throttle of the application.
    """
    told = []

    check(user=ADA, listeners=[told.append])

    assert [] == told


# --- The source ------------------------------------------------------------------


def test_outage(check):
    """
    A source that cannot be asked is told once, and not asked much more.
    """
    site = Site()
    site.down = True

    findings = check(site, user=ADA)

    assert "wrong" == levels(findings)["source"]
    assert "could not be asked" in findings["source"]["text"]
    assert "source.login" not in findings
    assert len(site.calls) <= 3


class KnowsEverybody(Site):
    def get_user(self, identifier, /):
        return LegacyUser(user_id="1", email=identifier)


class FindsAnybody(Site):
    def get_user(self, identifier, /):
        return self.people["1"]


class LetsAnybodyIn(Site):
    def login(self, identifier, password, /):
        return LegacyUser(user_id="7", email=identifier)


class Guesses(Site):
    def login(self, identifier, password, /):
        return self.people["1"]


class CannotLookUp(Site):
    def get_user(self, identifier, /):
        raise LookupUnsupportedError


@pytest.mark.parametrize(
    ("kind", "about", "level", "text"),
    [
        (KnowsEverybody, "source.get_user", "wrong", "did not answer None"),
        (FindsAnybody, "source.get_user", "wrong", "another user than it was asked"),
        (LetsAnybodyIn, "source.login", "wrong", "let one in"),
        (Guesses, "source.login", "wrong", "another user than it was asked"),
        (CannotLookUp, "source.get_user", "note", "without a password"),
    ],
)
def test_strangers(check, kind, about, level, text):
    """
    Nobody must be known by a random address, nor be let in.
    """
    finding = check(kind())[about]

    assert level == finding["level"]
    assert text in finding["text"]
    assert finding["advice"]


def test_cut_over(check):
    """
    Behind the cut-over there is nobody to ask.
    """
    findings = check(NoopSource(), user=ADA)

    assert "note" == levels(findings)["source"]
    assert "source.get_user" not in findings


def test_abilities(check):
    """
    What a source cannot do is good to know beforehand.
    """
    site = Site()
    bare = SimpleNamespace(login=site.login, get_user=site.get_user)

    found = levels(check(bare))

    assert ("note", "note") == (found["source.count"], found["source.iter_users"])


@pytest.mark.parametrize(
    ("took", "floor", "level"),
    [(0.1, 0.25, "ok"), (0.2, 0.25, "note"), (0.3, 0.25, "wrong"), (0.3, 1, "ok")],
)
def test_floor(took, floor, level):
    """
    The failure floor must hide how long the source and a hash take.
    """
    refused = [answer(took)] * 3

    (finding,) = times([answer(0.1)], refused, failure_floor=floor)

    assert ("policy.failure_floor", level) == (finding.about, finding.level)


def answer(took):
    return _check_source.Answer(None, None, took)


def times(asked, refused, *, settings=None, **options):
    connection = SimpleNamespace(policy=MigrationPolicy(**options), settings=settings)
    return _check_source._times(asked, refused, connection)


def test_floor_now_and_then():
    """
    One slow answer, such as the first, is a note and no more.
    """
    refused = [answer(0.01), answer(0.6), answer(0.01)]

    (finding,) = times([answer(0.1)], refused)

    assert "note" == finding.level
    assert "at most 0.60 s" in finding.text


@pytest.mark.parametrize(
    ("seconds", "floor"), [(0.01, 0.25), (0.2, 0.5), (0.3, 0.75), (1, 2.0)]
)
def test_advised_floor(seconds, floor):
    """
    The floor that is advised is twice the time, in quarters of a second.
    """
    assert floor == _check_source._floor(seconds)


def test_slow(check):
    """
    A source that is close to its deadline is told.
    """
    first, *_ = times([answer(3.2)], [answer(0)])

    assert ("source.time", "note") == (first.about, first.level)
    assert "Make it faster, or set legacy_deadline of the policy to 7." == first.advice


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        (None, "set failure_floor of the policy to 0.75, or more."),
        (
            {"failure_floor": 0.25},
            "run migratekit settings update con_shop failure_floor=0.75, or more.",
        ),
    ],
)
def test_where_to_set_it(settings, advice):
    """
    Where settings are followed, what the policy says has no effect.
    """
    if settings is not None:
        followed = Settings(
            connection_id="con_shop", version=1, options=settings, cut_over=False
        )
        settings = SimpleNamespace(current=lambda: followed)

    (finding,) = times([answer(0.1)], [answer(0.3)] * 3, settings=settings)

    assert f"Measure again at rest; then {advice}" == finding.advice


# --- The test user ---------------------------------------------------------------


def changed(**changes):
    site = Site()
    site.change("1", **changes)
    return site


def weak(password):
    return [Violation("short", "password", "Too short.")]


@pytest.mark.parametrize(
    ("changes", "policy", "level", "text"),
    [
        ({}, {}, "ok", "nobody was moved"),
        ({"blocked": True}, {}, "note", "is right.  This account is blocked."),
        ({"must_change_password": True}, {}, "note", "must be changed first"),
        ({}, {"requires_username": True}, "wrong", "they cannot move: "),
        (
            {},
            {"password_check": weak, "weak_legacy_password": "refuse"},
            "note",
            "refused as too weak",
        ),
        ({}, {"import_mode": False}, "ok", "nobody was moved"),
        ({}, {"rehearse": True}, "ok", "nobody was moved"),
    ],
)
def test_user(check, changes, policy, level, text):
    """
    It is told whether the test user could move.
    """
    findings = check(changed(**changes), user=ADA, policy=MigrationPolicy(**policy))

    finding = findings["source.test_user"]
    assert level == finding["level"]
    assert text in finding["text"]
    assert PASSWORD not in json.dumps(findings)


def test_wrong_password(check):
    """
    A password that the source refuses is wrong, and nothing else is asked.
    """
    site = Site()
    site.passwords["1"] = "another"

    findings = check(site, user=ADA)

    assert "wrong" == levels(findings)["source.test_user"]
    assert "does not let ada@example.com in" in findings["source.test_user"]["text"]
    assert "source.drift" not in findings


def test_broken_login(check):
    """
    A login that fails otherwise is told as it is.
    """

    class Broken(Site):
        def login(self, identifier, password, /):
            if identifier == ADA:
                return "Ada"
            return None

    finding = check(Broken(), user=ADA)["source.test_user"]

    assert "wrong" == finding["level"]
    assert "AskLogin was answered with str" in finding["text"]


def test_outage_in_between(check):
    """
    So is an outage.
    """

    class Broken(Site):
        def login(self, identifier, password, /):
            if identifier == ADA:
                raise LegacyUnavailableError("down")
            return

    findings = check(Broken(), user=ADA)

    assert "wrong" == levels(findings)["source.test_user"]
    assert "source.drift" not in findings


def test_drift(check):
    """
    login and get_user must say the same.
    """
    site = Site()
    site.drift["1"] = {"email_verified": True, "username": "ada"}

    finding = check(site, user=ADA)["source.drift"]

    assert "wrong" == finding["level"]
    assert "about ada@example.com: email_verified, username." in finding["text"]


def test_unknown_to_get_user(check):
    """
    A user who can log in must be known to get_user, too.
    """

    class Forgetful(Site):
        def get_user(self, identifier, /):
            return None

    finding = check(Forgetful(), user=ADA)["source.drift"]

    assert ("wrong", True) == (finding["level"], "user_id" in finding["text"])


def test_letter_case(check):
    """
    get_user must find a user in any letter case.
    """

    class Exact(Site):
        def get_user(self, identifier, /):
            return self.people["1"] if identifier == "Ada@example.com" else None

    finding = check(Exact(), user="Ada@example.com")["source.drift"]

    assert "wrong" == finding["level"]
    assert "Ada@example.com in another letter case" in finding["text"]


def test_user_without_lookup(check):
    """
    Where nobody can be looked up, there is nothing to compare.
    """
    findings = check(CannotLookUp(), user=ADA)

    assert "ok" == levels(findings)["source.test_user"]
    assert "source.drift" not in findings


# --- The store, and what was decided ---------------------------------------------


class Store(MemoryStore):
    def __init__(self, error=None):
        super().__init__()
        self.error = error

    def retired(self, key, /):
        raise self.error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StoreUnavailableError("Timeout"), "could not be asked: Timeout"),
        (ValueError("hunter2"), "The store failed: ValueError at test_cli_check"),
    ],
)
def test_store_outage(check, error, text):
    """
    A store that cannot be asked is told; what it raises may hold secrets.
    """
    findings = check(store=Store(error))

    assert text in findings["store"]["text"]
    assert "hunter2" not in findings["store"]["text"]
    assert "store.check" not in findings


def test_outage_while_checking(check):
    """
    So is one that goes away in between.
    """
    store = MemoryStore()

    def fail():
        raise StoreUnavailableError("Timeout")

    store.check = fail

    findings = check(store=store)

    assert "ok" == levels(findings)["store.schema"]
    assert "could not be asked: Timeout" in findings["store.check"]["text"]
    assert "source.get_user" in findings


def test_store_without_abilities(check):
    """
    Not every store can check itself, or tell whom it belongs to.
    """
    store = MemoryStore()
    methods = ("find", "get", "create", "replace", "delete", "retired")
    bare = SimpleNamespace(**{name: getattr(store, name) for name in methods})

    findings = check(store=bare)

    assert "note" == levels(findings)["store.check"]
    assert "store.source_name" not in findings


@pytest.mark.parametrize(
    ("bound", "level", "text"),
    [
        (None, "note", "the first user who moves binds it to 'shop', for good."),
        ("shop", "ok", "The store belongs to the source 'shop'."),
        ("blog", "wrong", "'blog', not to 'shop'.  Nobody can move."),
    ],
)
def test_source_name(check, bound, level, text):
    """
    A store of another source, in which nobody of this one can be stored, is wrong; and
    to look binds none.
    """
    store = MemoryStore()
    if bound is not None:
        store.bind_source(bound)

    finding = check(store=store)["store.source_name"]

    assert level == finding["level"]
    assert finding["text"].endswith(text)
    assert bound == store.bound_source()


def test_outage_while_asking_whose(check):
    """
    A store that goes away before it tells whom it belongs to is told.
    """
    store = MemoryStore()

    def fail():
        raise StoreUnavailableError("Timeout")

    store.bound_source = fail

    finding = check(store=store)["store.source_name"]

    assert "wrong" == finding["level"]
    assert "could not be asked: Timeout" in finding["text"]


@pytest.mark.parametrize(("number", "end"), [(1, "reserved."), (7, "; and more.")])
def test_disagreements(check, number, end):
    """
    Where ledger and users disagree is shown, as far as anybody would read.
    """
    store = MemoryStore()
    key = LedgerKey(KeyKind.EMAIL, "a\x1b@example.com")
    store.check = lambda: [Disagreement("id", key, "reserved")] * number

    finding = check(store=store)["store.check"]

    assert "wrong" == finding["level"]
    assert (
        f"in {number} places: a\\x1b@example.com (email): reserved" in finding["text"]
    )
    assert finding["text"].endswith(end)


def test_no_tables(shop, capsys):
    """
    A store without its tables is told how to get them.
    """
    shop.module.close()
    for path in shop.folder.glob("users.db*"):
        path.unlink()

    assert 1 == shop.run("check", "--json")

    findings = json.loads(capsys.readouterr().out)["findings"]
    (schema,) = [f for f in findings if f["about"] == "store.schema"]
    assert "wrong" == schema["level"]
    assert "migratekit schema create" in schema["advice"]


def test_no_secret_key(check):
    """
    Without a key nobody can reset.
    """
    assert "wrong" == levels(check(secret_key=None))["secret_key"]


@pytest.mark.parametrize(
    "policy", [MigrationPolicy(import_mode=False), MigrationPolicy(rehearse=True)]
)
def test_nobody_moves(check, policy):
    """
    If nobody is moved, that is good to know.
    """
    assert "note" == levels(check(policy=policy))["policy.import_mode"]


def test_weak_passwords(check):
    """
    With a password_check there is nothing to say of it.
    """
    findings = check(policy=MigrationPolicy(password_check=weak, failure_floor=60))

    assert "policy.password_check" not in findings


@attrs.frozen
class Labelled:
    """
    A hash that looks like one of these parameters.
    """

    parameters: str

    def __call__(self, password):
        return f"{self.parameters}$c2FsdHNhbHQ$aGFzaA"


@pytest.mark.parametrize(
    ("parameters", "level"),
    [
        ("$argon2id$v=19$m=65536,t=3,p=4", "ok"),
        ("$argon2id$v=19$m=19456,t=2,p=1", "ok"),
        ("$argon2id$v=19$m=7168,t=5,p=1", "ok"),
        ("$argon2id$v=19$m=7168,t=4,p=1", "wrong"),
        ("$argon2id$v=19$m=19455,t=2,p=1", "wrong"),
        ("$argon2i$v=19$m=65536,t=3,p=4", "note"),
        ("$2b$12", "note"),
    ],
)
def test_hashes(parameters, level):
    """
    New hashes are measured by OWASP's five equal minimums.
    """
    (finding,) = _check_store._hashes(Labelled(parameters))

    assert ("hasher", level) == (finding.about, finding.level)


def test_slow_hash(monkeypatch):
    """
    A hash that takes long on this machine is told.
    """
    monkeypatch.setattr(_check_store, "_SLOW", -1)

    (finding,) = _check_store._hashes(Labelled("$argon2id$v=19$m=65536,t=3,p=4"))

    assert "note" == finding.level


# --- As a person sees it ---------------------------------------------------------


def test_text(strong, capsys):
    """
    In a pipe each finding is a line.
    """
    assert 0 == main([*strong[:3]])

    *lines, blank, sum_ = capsys.readouterr().out.splitlines()
    assert ("", "Nothing is wrong.") == (blank, sum_)
    assert 9 == len(lines)
    assert {"ok", "note"} == {line.split()[0] for line in lines}


def test_several_wrong(monkeypatch, capsys):
    """
    Several are several.
    """
    connection = Connection(MemoryStore(), NoopSource(), hasher=CHEAPEST)
    app = SimpleNamespace(connection=connection)
    monkeypatch.setitem(sys.modules, "checked", app)

    assert 1 == main(["--app", "checked:connection", "check"])

    out = capsys.readouterr().out
    assert "\n2 of 7 findings are wrong.\n" in out
    assert (
        "WRONG  New hashes are argon2id m=8,t=1,p=1, which is weaker than OWASP's "
        "minimum. Use the default hasher"
    ) in out


STRONG = """
from shop import *
from migratekit.passwords import OWASP_MINIMUM
from migratekit import MigrationPolicy
OPTIONS["hasher"] = OWASP_MINIMUM
OPTIONS["policy"] = MigrationPolicy(failure_floor=60)
connection = Connection(connection.store, SOURCE, **OPTIONS)
"""


@pytest.fixture(name="strong")
def _strong(shop):
    """
    A shop with nothing wrong.
    """
    shop.folder.joinpath("strong.py").write_text(STRONG)
    return ("--app", "strong:connection", "check", "--user", ADA)


def test_password_typed(strong):
    """
    The password is asked for, and not shown.
    """
    with Terminal(*strong, columns=60) as terminal:
        terminal.expect("Password of ada@example.com: ")
        terminal.type(f"{PASSWORD}\n")

        assert 0 == terminal.finish()

    assert PASSWORD not in terminal.text
    assert "Nothing is wrong." in terminal.lines
    assert "\x1b[32mok    \x1b[0m There is a secret_key." in terminal.lines


def test_no_colour(strong):
    """
    Whoever wants no colours gets none, and lines that fit.
    """
    with Terminal(*strong, columns=60, NO_COLOR="1") as terminal:
        terminal.expect("Password")
        terminal.type("wrong\n")

        assert 1 == terminal.finish()

    assert "\x1b" not in terminal.text
    assert max(map(len, terminal.lines)) <= 60
    assert any(line.startswith("       -> Is it the right") for line in terminal.lines)


def test_no_password_typed(strong):
    """
    Whoever types nothing is not let in.
    """
    with Terminal(*strong) as terminal:
        terminal.expect("Password")
        terminal.type("\x04")

        assert 2 == terminal.finish()

    assert "migratekit: There is no password of ada@example.com." in terminal.lines


def test_interrupted(strong):
    """
    Ctrl-C at the question ends it.
    """
    with Terminal(*strong) as terminal:
        terminal.expect("Password")
        terminal.interrupt_at_rest()

        assert 130 == terminal.finish()

    assert "Traceback" not in terminal.text


def test_password_piped(strong):
    """
    A script gives the password in the first line of its input.
    """
    done = piped(*strong, "--password-stdin", stdin=f"{PASSWORD}\r\nmore\n")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.endswith("\nNothing is wrong.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--user", ADA], "There is no terminal to ask for the password"),
        (["--password-stdin"], "Whose password?  Add --user."),
        (["--user", ADA, "--password-stdin"], "There is no password of ada@example."),
    ],
)
def test_no_password(shop, monkeypatch, capsys, arguments, said):
    """
    Where no password can be had, it is said how.
    """
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    assert 2 == shop.run("check", *arguments)
    assert said in capsys.readouterr().err


def test_parameters_of_the_default():
    """
    What the library does by default is never called weak.
    """
    for hasher in (OWASP_MINIMUM, Argon2Hasher()):
        (finding,) = _check_store._hashes(hasher.hash)
        assert "ok" == finding.level
