"""
Auth0's names for options, and the JSON of its connections.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit.errors import ConfigurationError
from migratekit.management import Management
from migratekit.stores.memory import MemoryStore


# In the shape of an answer of "Get a connection", with what a custom database has.
EXPORTED = json.loads("""
{
  "id": "con_0000000000000001",
  "name": "shop-users",
  "strategy": "auth0",
  "display_name": "The shop",
  "realms": ["shop-users"],
  "enabled_clients": ["client1", "client2"],
  "is_domain_connection": false,
  "options": {
    "mfa": {"active": true, "return_enroll_settings": true},
    "import_mode": true,
    "configuration": {"DSN": "2.0$a0b1$encrypted"},
    "customScripts": {
      "login": "function login(email, password, callback) {}",
      "get_user": "function getByEmail(email, callback) {}"
    },
    "passwordPolicy": "good",
    "strategy_version": 2,
    "requires_username": true,
    "disable_signup": true,
    "brute_force_protection": true,
    "password_history": {"size": 5, "enable": false},
    "password_complexity_options": {"min_length": 8},
    "enabledDatabaseCustomization": true,
    "validation": {"username": {"min": 3, "max": 15}}
  }
}
""")
IGNORED = (
    "name",
    "display_name",
    "realms",
    "enabled_clients",
    "is_domain_connection",
    "options.mfa",
    "options.configuration",
    "options.customScripts",
    "options.passwordPolicy",
    "options.brute_force_protection",
    "options.password_history",
    "options.password_complexity_options",
)
OF_THE_APPLICATION = (
    "weak_legacy_password",
    "detect_drift",
    "rehearse",
    "token_lifetime",
    "legacy_deadline",
    "legacy_calls",
    "legacy_failures",
    "legacy_pause",
    "failure_floor",
)


def document(**options):
    return {
        "id": "con_shop",
        "strategy": "auth0",
        "options": {"strategy_version": 2, **options},
    }


@pytest.fixture(name="management")
def _management():
    return Management(MemoryStore())


def imported(management, **options):
    return management.import_auth0(document(**options)).change.options


def test_export(management):
    """
    Of an exported connection everything known is taken, and everything else is named.
    """
    done = management.import_auth0(EXPORTED)

    assert IGNORED == done.unknown
    assert OF_THE_APPLICATION == done.kept
    assert management.get("con_0000000000000001") == done.change
    assert "create" == done.change.action
    assert {
        "import_mode": True,
        "strategy_version": 2,
        "requires_username": True,
        "username_length": [3, 15],
        "allow_sign_up": False,
        "cut_over": False,
    } == {
        name: value
        for name, value in done.change.options.items()
        if name not in OF_THE_APPLICATION
    }


def test_again(management):
    """
    A later import updates what it says, and keeps what it does not.
    """
    imported(management, disable_signup=True)
    changes = {"options": {"legacy_calls": 4}}
    management.update("con_shop", changes, partial=True)

    done = management.import_auth0(document(enabledDatabaseCustomization=False))

    assert ("update", 3) == (done.change.action, done.change.version)
    options = done.change.options
    assert (True, False, 4) == (
        options["cut_over"],
        options["allow_sign_up"],
        options["legacy_calls"],
    )
    assert "allow_sign_up" in done.kept
    assert "cut_over" not in done.kept


def test_after_a_deletion(management):
    """
    An import into what was deleted begins with the defaults.
    """
    imported(management, disable_signup=True)
    management.delete("con_shop")

    assert imported(management)["allow_sign_up"]


def test_under_another_id(management):
    """
    The settings may have an id of their own, as they need if the document has none.
    """
    nameless = {"options": {"strategy_version": 1}}

    with pytest.raises(ConfigurationError, match="connection_id"):
        management.import_auth0(nameless)
    done = management.import_auth0(nameless, connection_id="con_other")

    assert "con_other" == done.change.connection_id
    assert "con_b" == (
        management.import_auth0(document(), connection_id="con_b").change.connection_id
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"enabledDatabaseCustomization": False}, {"cut_over": True}),
        ({"disable_signup": False}, {"allow_sign_up": True}),
        ({"validation": {"username": {"min": 2}}}, {"username_length": [2, 128]}),
        ({"validation": {"username": {"max": 9}}}, {"username_length": [1, 9]}),
        ({"validation": {"username": None}}, {"username_length": [1, 128]}),
        ({"validation": None}, {"username_length": [1, 128]}),
        (
            {
                "attributes": {
                    "username": {
                        "profile_required": True,
                        "validation": {"min_length": 2, "max_length": 9},
                    }
                }
            },
            {"requires_username": True, "username_length": [2, 9]},
        ),
        (
            {"validation": {"username": {"min": 2}}, "username_length": [2, 9]},
            {"username_length": [2, 9]},
        ),
        ({"disable_signup": True, "allow_sign_up": False}, {"allow_sign_up": False}),
    ],
)
def test_names(management, options, expected):
    """
    Each of Auth0's names stands for an option of ours, or its contrary.
    """
    stored = imported(management, **options)

    assert expected == {name: stored[name] for name in expected}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (
            {"disable_signup": True, "allow_sign_up": True},
            "disable_signup and allow_sign_up",
        ),
        (
            {"cut_over": True, "enabledDatabaseCustomization": True},
            "cut_over and enabledDatabaseCustomization",
        ),
        (
            {
                "validation": {"username": {"min": 2}},
                "attributes": {"username": {"validation": {"min_length": 3}}},
            },
            "validation.username.min and attributes.username.validation.min_length",
        ),
        (
            {"validation": {"username": {"max": 2}}, "username_length": [1, 2.0]},
            "validation.username.max and username_length",
        ),
    ],
)
def test_contradiction(management, options, names):
    """
    Two names that say different things of one option are named.
    """
    with pytest.raises(ConfigurationError) as caught:
        management.import_auth0(document(**options))

    assert f"{names} contradict each other." == str(caught.value)
    assert () == management.list()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"disable_signup": "true"}, "disable_signup must be true or false."),
        (
            {"enabledDatabaseCustomization": None},
            "enabledDatabaseCustomization must be true or false.",
        ),
        ({"import_mode": {}}, "import_mode must be true or false."),
        ({"validation": 5}, "validation must be an object."),
        ({"validation": {"username": []}}, "validation.username must be an object."),
        ({"validation": {"username": {"min": "3"}}}, "username_length must be a list"),
        ({"validation": {"username": {"min": 0}}}, "username_length must be within"),
        ({"strategy_version": 3}, "strategy_version must be 1 or 2."),
    ],
)
def test_types(management, options, message):
    """
    What has no such value is refused, and nothing is stored.
    """
    with pytest.raises(ConfigurationError) as caught:
        management.import_auth0(document(**options))

    assert str(caught.value).startswith(message)
    assert () == management.list()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "export one connection"),
        ([EXPORTED], "export one connection"),
        ({"id": "con_shop", "strategy": "auth0"}, "read:connections_options"),
        ({**EXPORTED, "strategy": "samlp"}, "strategy of the connection"),
        ({**EXPORTED, "id": 5}, "A connection_id is"),
        ({**EXPORTED, "options": {}}, "Say which strategy_version"),
    ],
)
def test_no_connection(management, given, message):
    """
    What is no database connection is refused, with what would be one.
    """
    with pytest.raises(ConfigurationError, match=message):
        management.import_auth0(given)


def test_in_an_update(management):
    """
    Auth0's names are good for an update, too, and are stored by ours.
    """
    imported(management)
    changes = {"disable_signup": True, "validation": {"username": {"min": 4}}}

    updated = management.update("con_shop", {"options": changes}, partial=True)
    whole = {**updated.options}
    del whole["cut_over"], whole["username_length"]
    halves = {"validation": {"username": {"min": 4, "max": 40}}}
    both = {"enabledDatabaseCustomization": False, **halves}
    replaced = management.update("con_shop", {"options": {**whole, **both}})

    assert ([4, 128], False) == (
        updated.options["username_length"],
        updated.options["allow_sign_up"],
    )
    assert ([4, 40], True) == (
        replaced.options["username_length"],
        replaced.options["cut_over"],
    )
    half = {"cut_over": True, "validation": {"username": {"min": 4}}}
    with pytest.raises(ConfigurationError, match=r"left out: username_length\."):
        management.update("con_shop", {"options": {**whole, **half}})
    scripts = {"options": {"customScripts": {}}}
    with pytest.raises(ConfigurationError, match="no option customScripts"):
        management.update("con_shop", scripts, partial=True)


def test_escaped(management):
    """
    What is named of a document cannot steer a terminal.
    """
    done = management.import_auth0({**document(**{"a\x1b[2J": 1}), "b\n": 2, 5: 3})

    assert (r"b\n", "5", r"options.a\x1b[2J") == done.unknown


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
    ),
    max_leaves=6,
)
KNOWN = st.sampled_from(
    [
        "import_mode",
        "strategy_version",
        "requires_username",
        "disable_signup",
        "enabledDatabaseCustomization",
        "validation",
        "attributes",
        "username_length",
        "token_lifetime",
    ]
)
NESTED = st.dictionaries(
    st.sampled_from(["username", "min", "max", "validation", "min_length"]) | st.text(),
    st.deferred(lambda: NESTED) | st.booleans() | st.integers(-1, 400) | JSONS,
    max_size=3,
)
OPTIONS = st.dictionaries(KNOWN | st.text(max_size=9), NESTED | JSONS, max_size=6)
DOCUMENTS = st.fixed_dictionaries(
    {"options": OPTIONS | JSONS},
    optional={
        "id": st.just("con_shop") | JSONS,
        "strategy": st.just("auth0") | JSONS,
        "name": JSONS,
    },
)


@given(DOCUMENTS | JSONS)
def test_anything(given_document):
    """
    Whatever the JSON, it is imported whole, with every name accounted for, or refused.
    """
    management = Management(MemoryStore())

    try:
        done = management.import_auth0(given_document)
    except ConfigurationError:
        assert () == management.list()
        return

    assert done.change == management.get(done.change.connection_id)
    read = management.live(done.change.connection_id).current()
    assert read.cut_over == done.change.options["cut_over"]
    assert set(done.kept) <= set(done.change.options)
