"""
Settings in a store: created, replaced as a whole, deleted, and never forgotten.
"""

import copy
import datetime as dt
import getpass
import socket

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit import MigrationPolicy
from migratekit.errors import (
    ConfigurationError,
    StaleRecordError,
    StoreUnavailableError,
)
from migratekit.management import Management
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.testing import VirtualClock


SHOP = "con_shop"
DEFAULTS = {
    "import_mode": True,
    "strategy_version": 2,
    "requires_username": False,
    "username_length": [1, 128],
    "weak_legacy_password": "must_change",
    "allow_sign_up": True,
    "rehearse": False,
    "detect_drift": False,
    "token_lifetime": 1800,
    "legacy_deadline": 5,
    "legacy_calls": 32,
    "legacy_failures": 5,
    "legacy_pause": 30,
    "failure_floor": 0.25,
    "cut_over": False,
}


def options(**changes):
    return {"options": {**DEFAULTS, **changes}}


# --- Create, read, update, delete ------------------------------------------------------


def test_create(management, clock):
    """
    What is created has a value for every option, and says when and by whom.
    """
    created = management.create(
        SHOP, {"options": {"strategy_version": 1, "legacy_calls": 4}}
    )

    assert {**DEFAULTS, "strategy_version": 1, "legacy_calls": 4} == created.options
    assert (SHOP, 1, "create") == (
        created.connection_id,
        created.version,
        created.action,
    )
    assert ("ops", clock.now()) == (created.actor, created.changed_at)
    assert created == management.get(SHOP)


def test_all_options():
    """
    Every option of a policy but the one that is code can be kept, and has its default.
    """
    fields = {field.name for field in attrs.fields(MigrationPolicy)}

    assert {*DEFAULTS} == fields - {"password_check"} | {"cut_over"}


def test_update(management, clock):
    """
    An update replaces all options, and makes a new version.
    """
    management.create(SHOP, options())
    clock.advance(60)

    updated = management.update(SHOP, options(legacy_calls=4, cut_over=True))

    assert {**DEFAULTS, "legacy_calls": 4, "cut_over": True} == updated.options
    assert (2, "update", clock.now()) == (
        updated.version,
        updated.action,
        updated.changed_at,
    )
    assert updated == management.get(SHOP)


@pytest.mark.parametrize("missing", DEFAULTS)
def test_left_out(missing):
    """
    An update that leaves an option out is refused, and names it.
    """
    management = Management(MemoryStore())
    management.create(SHOP, options())
    changes = options()
    del changes["options"][missing]

    with pytest.raises(ConfigurationError, match=rf"left out: {missing}\."):
        management.update(SHOP, changes)

    assert 1 == management.get(SHOP).version


def test_partial(management):
    """
    Unless it is said to be partial: then the others stay.
    """
    management.create(SHOP, options(legacy_calls=4))

    updated = management.update(SHOP, {"options": {"cut_over": True}}, partial=True)

    assert {**DEFAULTS, "legacy_calls": 4, "cut_over": True} == updated.options


def test_delete(management):
    """
    What is deleted is gone, and its history stays and goes on.
    """
    management.create(SHOP, options())
    management.delete(SHOP)

    assert management.get(SHOP) is None
    assert () == management.list()
    management.create(SHOP, options(legacy_calls=4))

    assert [("create", 1), ("delete", 2), ("create", 3)] == [
        (change.action, change.version) for change in management.history(SHOP)
    ]
    assert [DEFAULTS, None] == [
        change.options for change in management.history(SHOP)[:2]
    ]


def test_list(management):
    """
    All settings in force are listed, in the order of their ids.
    """
    for name in ("con_b", "con_c", "con_a"):
        management.create(name, options())
    management.delete("con_c")

    assert ["con_a", "con_b"] == [each.connection_id for each in management.list()]
    assert () == management.history("con_d")


def test_what_is_given_stays(management):
    """
    Nothing is stored by reference, and nothing of what is given is changed.
    """
    changes = options(username_length=[3, 20])
    before = copy.deepcopy(changes)

    stored = management.create(SHOP, changes)
    changes["options"]["username_length"].append(5)
    stored.options["username_length"].append(5)

    assert [3, 20] == before["options"]["username_length"]
    assert [3, 20] == management.get(SHOP).options["username_length"]


# --- Who was first ---------------------------------------------------------------------


def test_version(management):
    """
    Who names a version changes that one, or nothing.
    """
    management.create(SHOP, options())
    management.update(SHOP, options(legacy_calls=4), version=1)

    with pytest.raises(StaleRecordError):
        management.update(SHOP, options(legacy_calls=5), version=1)
    with pytest.raises(StaleRecordError):
        management.delete(SHOP, version=1)

    assert 4 == management.get(SHOP).options["legacy_calls"]
    management.delete(SHOP, version=2)


def test_stale_before_anything(management):
    """
    A version of settings that are not there is not the newest.
    """
    with pytest.raises(StaleRecordError):
        management.update(SHOP, options(), version=1)


@pytest.mark.parametrize("action", ["create", "update", "delete", "import"])
def test_race(action):
    """
    Of two at once, one is told that the other was first.
    """

    class Slow(MemoryStore):
        beside = None

        def change_settings(self, change, /):
            act, self.beside = self.beside, None
            if act is not None:
                act()
            super().change_settings(change)

    store = Slow()
    first, second = Management(store), Management(store)
    if action == "create":
        store.beside = lambda: first.create(SHOP, options())
    else:
        first.create(SHOP, options())
        store.beside = lambda: first.update(SHOP, options(legacy_calls=4))
    document = {"id": SHOP, "options": {"import_mode": False}}
    act = {
        "create": lambda: second.create(SHOP, options()),
        "update": lambda: second.update(SHOP, options()),
        "delete": lambda: second.delete(SHOP),
        "import": lambda: second.import_auth0(document),
    }

    with pytest.raises(StaleRecordError):
        act[action]()

    assert second.get(SHOP).options is not None


# --- What is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("import_mode", 1, "import_mode must be true or false."),
        ("allow_sign_up", "yes", "allow_sign_up must be true or false."),
        ("cut_over", 0, "cut_over must be true or false."),
        ("cut_over", None, "cut_over must be true or false."),
        ("strategy_version", True, "strategy_version must be a whole number."),
        ("strategy_version", 2.0, "strategy_version must be a whole number."),
        ("strategy_version", 3, "strategy_version must be 1 or 2."),
        ("legacy_calls", 1.5, "legacy_calls must be a whole number."),
        ("legacy_calls", 0, "legacy_calls must be 1 to 10000."),
        ("legacy_deadline", True, "legacy_deadline must be a number."),
        ("legacy_deadline", "5", "legacy_deadline must be a number."),
        ("legacy_deadline", float("nan"), "legacy_deadline must be 0.001 to 600."),
        ("failure_floor", -1, "failure_floor must be 0 to 60."),
        ("token_lifetime", "30", "token_lifetime must be a number of seconds."),
        ("token_lifetime", 1e300, "token_lifetime must be a number of seconds."),
        ("token_lifetime", 10**400, "token_lifetime must be a number of seconds."),
        (
            "token_lifetime",
            float("nan"),
            "token_lifetime must be a number of seconds.",
        ),
        ("token_lifetime", dt.timedelta(1), "token_lifetime must be a number"),
        ("token_lifetime", 0, "token_lifetime must be a positive timedelta"),
        ("username_length", 5, "username_length must be a list of two"),
        ("username_length", "15", "username_length must be a list of two"),
        ("username_length", [1], "username_length must be a list of two"),
        ("username_length", [1, 2, 3], "username_length must be a list of two"),
        ("username_length", [True, 15], "username_length must be a list of two"),
        ("username_length", [1, 15.0], "username_length must be a list of two"),
        ("username_length", [9, 3], "username_length must be within 1 and 320."),
        ("weak_legacy_password", 1, "weak_legacy_password must be a text."),
        ("weak_legacy_password", "maybe", "weak_legacy_password must be admit,"),
        ("password_check", None, "knows no option password_check:"),
        ("nonsense\n", 1, r"knows no option nonsense\n:"),
        (5, 1, "The name of an option must be a text."),
    ],
)
def test_values(name, value, message):
    """
    An option that is unknown, or has no such value, is refused by its name.
    """
    management = Management(MemoryStore())
    given = {"options": {"strategy_version": 2, name: value}}

    with pytest.raises(ConfigurationError) as caught:
        management.create(SHOP, given)
    assert message in str(caught.value)
    management.create(SHOP, options())
    with pytest.raises(ConfigurationError):
        management.update(SHOP, given, partial=True)
    with pytest.raises(ConfigurationError):
        management.update(SHOP, {"options": {**DEFAULTS, name: value}})

    assert 1 == management.get(SHOP).version


def test_combinations(management):
    """
    Options that do not go together are refused whole.
    """
    for changes in ({"import_mode": False}, {"cut_over": True}):
        with pytest.raises(ConfigurationError, match="rehearse"):
            management.create(SHOP, options(rehearse=True, **changes))
    assert management.create(SHOP, options(rehearse=True))


@pytest.mark.parametrize(
    "given",
    [None, {}, [], "options", {"options": None}, {"options": []}, {"options": 5}],
)
def test_no_options(management, given):
    """
    What is no object with options is refused.
    """
    with pytest.raises(ConfigurationError):
        management.create(SHOP, given)


def test_more_than_options(management):
    """
    What stands beside options is named, and how it can be taken.
    """
    with pytest.raises(ConfigurationError, match=r"name, <int>: import_auth0\(\)"):
        management.create(SHOP, {**options(), "name": "shop", 5: 1})


@pytest.mark.parametrize("name", ["", "a" * 65, "con shop", "con\n", "é", None, 5])
def test_connection_id(management, name):
    """
    An id of a connection is a short plain word.
    """
    calls = [
        lambda: management.get(name),
        lambda: management.history(name),
        lambda: management.create(name, options()),
        lambda: management.update(name, options()),
        lambda: management.delete(name),
        lambda: management.live(name),
    ]

    for call in calls:
        with pytest.raises(ConfigurationError, match="A connection_id is"):
            call()


def test_not_there(management):
    """
    What is not there, or not any more, cannot be changed.
    """
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no settings con_shop: create"):
            management.update(SHOP, options())
        with pytest.raises(ConfigurationError, match="no settings con_shop: create"):
            management.delete(SHOP)
        management.create(SHOP, options())
        with pytest.raises(ConfigurationError, match="already: update"):
            management.create(SHOP, options())
        management.delete(SHOP)


def test_newer(faulty):
    """
    An option of a newer migratekit is not lost by an update of an older one.
    """
    management = Management(faulty)
    management.create(SHOP, options())
    faulty.set(of_tomorrow=1)

    for changes, partial in ((options(), False), ({"options": {}}, True)):
        with pytest.raises(ConfigurationError, match="no option of_tomorrow"):
            management.update(SHOP, changes, partial=partial)


def test_older(faulty):
    """
    Options that an older migratekit did not know are only added where they are given.
    """
    management = Management(faulty)
    management.create(SHOP, options())
    few = {"strategy_version": 2, "legacy_calls": 4}
    faulty.put(options=few)

    updated = management.update(
        SHOP, {"options": {"validation": {"username": {"max": 20}}}}, partial=True
    )

    assert {**few, "username_length": [1, 20]} == updated.options


# --- strategy_version ------------------------------------------------------------------


def test_strategy_is_said(management):
    """
    Who creates settings says which strategy_version the stored users have.
    """
    with pytest.raises(ConfigurationError, match="Say which strategy_version"):
        management.create(SHOP, {"options": {}})


def test_switch(management):
    """
    An update does not change it, and names what does.
    """
    management.create(SHOP, options(strategy_version=1))
    changes = options(strategy_version=2)

    with pytest.raises(ConfigurationError, match=r"migratekit\.switching"):
        management.update(SHOP, changes)
    with pytest.raises(ConfigurationError, match=r"migratekit\.switching"):
        management.update(SHOP, {"options": {"strategy_version": 2}}, partial=True)
    with pytest.raises(ConfigurationError, match=r"migratekit\.switching"):
        management.import_auth0({"id": SHOP, "options": {"strategy_version": 2}})

    assert 1 == management.get(SHOP).options["strategy_version"]
    switched = management.update(SHOP, changes, switched=True)
    assert 2 == switched.options["strategy_version"]


def test_switch_by_a_detour(management):
    """
    Nor does it help to delete the settings and to create others.
    """
    management.create(SHOP, options(strategy_version=1))
    management.update(SHOP, options(strategy_version=2), switched=True)
    management.delete(SHOP)

    with pytest.raises(ConfigurationError, match=r"migratekit\.switching"):
        management.create(SHOP, options(strategy_version=1))
    assert management.create(SHOP, options(strategy_version=2))


# --- Who, and where --------------------------------------------------------------------


def test_actor(monkeypatch):
    """
    By default it is the user of the process, and the machine.
    """
    monkeypatch.setattr(getpass, "getuser", lambda: "ada\n")
    monkeypatch.setattr(socket, "gethostname", lambda: "büro")

    created = Management(MemoryStore()).create(SHOP, options())

    assert r"ada\n@b\xfcro" == created.actor


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_nobody(monkeypatch, error):
    """
    A process whose user has no name is nobody in particular.
    """

    def getuser():
        raise error

    monkeypatch.setattr(getpass, "getuser", getuser)

    created = Management(MemoryStore()).create(SHOP, options())

    assert created.actor.startswith("unknown@")


@pytest.mark.parametrize("actor", ["", "a" * 256, "a\nb", "\ud800", 5, b"ops"])
def test_no_actor(actor):
    """
    An actor is one line of text that a store can hold.
    """
    with pytest.raises(ConfigurationError, match="actor"):
        Management(MemoryStore(), actor=actor)


def test_async_store(tmp_path):
    """
    An async store is refused, with what to do.
    """
    store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/users.db")

    with pytest.raises(
        ConfigurationError, match=r"AsyncSQLStore is async, .+ SQLStore"
    ):
        Management(store)


@pytest.mark.parametrize("store", [None, object(), MemoryStore])
def test_no_store(store):
    """
    So is what keeps no settings.
    """
    with pytest.raises(ConfigurationError, match="keeps no settings"):
        Management(store)


def test_outage(faulty):
    """
    A store that raises whatever is an outage, and nothing of its text is shown.
    """
    management = Management(faulty)
    faulty.error = OSError("the password of the database")

    for call in (lambda: management.get(SHOP), management.list):
        with pytest.raises(StoreUnavailableError) as caught:
            call()
        assert "OSError at " in str(caught.value)
        assert "the password" not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None


# --- All of it, against a dict ---------------------------------------------------------

NUMBERS = st.floats(0.001, 60)
VALUES = {
    "import_mode": st.booleans(),
    "strategy_version": st.just(2),
    "requires_username": st.booleans(),
    "username_length": st.tuples(st.integers(1, 9), st.integers(9, 320)).map(list),
    "weak_legacy_password": st.sampled_from(["admit", "must_change", "refuse"]),
    "allow_sign_up": st.booleans(),
    "rehearse": st.just(False),
    "detect_drift": st.booleans(),
    "token_lifetime": st.floats(0.001, 366 * 86400),
    "legacy_deadline": NUMBERS,
    "legacy_calls": st.integers(1, 10_000),
    "legacy_failures": st.integers(1, 10_000),
    "legacy_pause": NUMBERS,
    "failure_floor": NUMBERS,
    "cut_over": st.booleans(),
}
ACTIONS = st.tuples(
    st.sampled_from(["create", "update", "partial", "delete"]),
    st.sampled_from(["con_a", "con_b"]),
    st.fixed_dictionaries({}, optional=VALUES),
    st.integers(0, 4),
)


@given(st.lists(ACTIONS, max_size=12))
def test_model(actions):
    """
    Whatever is done in whatever order, what is there is what a dict would hold.
    """
    management = Management(MemoryStore(), clock=VirtualClock())
    model, versions = {}, {"con_a": 0, "con_b": 0}

    for action, name, given_options, version in actions:
        expected = _expected(model.get(name), action, given_options)
        version = version or None  # noqa: PLW2901
        if action != "create" and version not in (None, versions[name]):
            expected = StaleRecordError
        changes = {"options": given_options}
        if expected in (ConfigurationError, StaleRecordError):
            with pytest.raises(expected):
                _do(management, action, name, changes, version)
        else:
            _do(management, action, name, changes, version)
            versions[name] += 1
            model[name] = expected

        there = {each.connection_id: each.options for each in management.list()}
        assert there == {key: value for key, value in model.items() if value}
        for key, value in model.items():
            stored = management.get(key)
            assert value == (None if stored is None else stored.options)
            assert versions[key] == len(management.history(key))


def _expected(before, action, given_options):
    if (before is None) != (action == "create"):
        return ConfigurationError
    if action == "create":
        named = "strategy_version" in given_options
        return {**DEFAULTS, **given_options} if named else ConfigurationError
    if action == "update":
        whole = {*given_options} == {*DEFAULTS}
        return given_options if whole else ConfigurationError
    return {**before, **given_options} if action == "partial" else None


def _do(management, action, name, changes, version):
    if action == "create":
        management.create(name, changes)
    elif action == "delete":
        management.delete(name, version=version)
    else:
        management.update(name, changes, partial=action == "partial", version=version)
