"""
What the functions of products take and refuse.
"""

import datetime as dt

import pytest
import sqlalchemy as sa

from migratekit.errors import ConfigurationError, ContractError
from migratekit.sources import products


NOWHERE = sa.create_engine("sqlite:///nowhere.db", hide_parameters=True)
NAMES = sorted(name for name in products.__all__ if name.islower())
NEEDED = {
    "keycloak": {"realm": "shop"},
    "flask_security": {"password_salt": "salt"},
}
POSTGRESQL_ONLY = {"discourse", "supabase"}
MYSQL_ONLY = {
    *("wordpress", "mediawiki", "magento1", "magento2"),
    *("vbulletin", "vbulletin5", "xenforo"),
}
BAD = ["wp_users; --", "x'", 'x"', "x`", "x y", "1x", "ü", "x" * 64, "{users}", ":x"]


def make(name, where=NOWHERE, **options):
    return getattr(products, name)(where, **NEEDED.get(name, {}) | options)


@pytest.mark.parametrize("name", NAMES)
def test_repr(name):
    """
    A source shows where it is, and nothing else.
    """
    assert "WalkableSQLSource('sqlite:///nowhere.db')" == repr(make(name))


@pytest.mark.parametrize("name", NAMES)
def test_wrong_database(name, monkeypatch):
    """
    A database that the product does not run on is refused, with advice.
    """
    wrong = []
    if name in MYSQL_ONLY:
        wrong.append("postgresql")
    if name in POSTGRESQL_ONLY:
        wrong.append("mysql")

    for backend in (*wrong, "oracle"):
        engine = sa.create_engine("sqlite://", hide_parameters=True)
        monkeypatch.setattr(engine.dialect, "name", backend)
        with pytest.raises(ConfigurationError, match=f"does not run on {backend}"):
            make(name, engine)


@pytest.mark.parametrize("name", NAMES)
def test_mariadb(name, monkeypatch):
    """
    MariaDB is MySQL, under either name.
    """
    engine = sa.create_engine("sqlite://", hide_parameters=True)
    monkeypatch.setattr(engine.dialect, "name", "mariadb")

    if name in POSTGRESQL_ONLY:
        with pytest.raises(ConfigurationError):
            make(name, engine)
    else:
        assert make(name, engine).count is not None


PREFIXED = [
    *("wordpress", "drupal", "drupal7", "joomla", "mediawiki", "moodle", "phpbb"),
    *("vbulletin", "vbulletin5", "magento1", "magento2", "nextcloud"),
]


@pytest.mark.parametrize("name", PREFIXED)
@pytest.mark.parametrize("prefix", [*BAD, "a.b", None, 1])
def test_bad_prefix(name, prefix):
    """
    A prefix is the beginning of a name, and no SQL.
    """
    with pytest.raises(ConfigurationError):
        make(name, prefix=prefix)


@pytest.mark.parametrize("prefix", ["", "a", "_a1_"])
def test_good_prefix(prefix):
    """
    A prefix may be empty.
    """
    assert make("drupal", prefix=prefix)


COLUMNS = [
    *(("laravel", "table"), ("laravel", "username"), ("rails", "table")),
    *(("rails", "email"), ("rails", "username"), ("rails", "password")),
    *(("devise", "table"), ("devise", "username")),
    *(("django", "table"), ("django", "username")),
    *(("symfony", name) for name in ("table", "email", "username", "password")),
    *(("symfony", name) for name in ("salt", "enabled", "verified")),
    *(("flask_security", "table"), ("flask_security", "username")),
    *(("keycloak", "schema"), ("supabase", "schema")),
]


@pytest.mark.parametrize(("name", "option"), COLUMNS)
@pytest.mark.parametrize("value", [*BAD, "", "a.b.c", "a.", 1])
def test_bad_name(name, option, value):
    """
    The name of a table or column is a name, and no SQL.
    """
    with pytest.raises(ConfigurationError):
        make(name, **{option: value})


@pytest.mark.parametrize("realm", ["", "a'b", "a\\b", "a:b", "ä", "x" * 256, None])
def test_bad_realm(realm):
    """
    The name of a realm cannot end the text that it stands in.
    """
    with pytest.raises(ConfigurationError):
        make("keycloak", realm=realm)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("moodle", "mnet_host"),
        ("vbulletin", "banned_group"),
        ("vbulletin5", "banned_group"),
        ("magento1", "website_id"),
        ("magento2", "website_id"),
    ],
)
@pytest.mark.parametrize("value", ["1", -1, 1.0, True])
def test_bad_id(name, option, value):
    """
    An id is an int, and no SQL.
    """
    with pytest.raises(ConfigurationError):
        make(name, **{option: value})


@pytest.mark.parametrize("days", [-1, 367])
def test_bad_unlocking(days):
    """
    A lock ends within a year.
    """
    with pytest.raises(ConfigurationError):
        make("devise", lockable=True, unlock_in=dt.timedelta(days=days))


def test_nothing_to_be_found_by():
    """
    A table without e-mails and usernames is no table of users.
    """
    with pytest.raises(ConfigurationError):
        make("symfony", email=None)


def test_format():
    """
    A format can be another than the product's.
    """
    for name in NAMES:
        assert make(name, format="raw_sha256")
        with pytest.raises(ConfigurationError):
            make(name, format="unheard of")


def test_schema_and_prefix(tmp_path):
    """
    Tables may be in a schema, and have names that need quotes.
    """
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", hide_parameters=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            'CREATE TABLE "Order" (id int, "Group" text, password text, is_active int,'
            " email text, first_name text, last_name text, date_joined text)"
        )
        connection.exec_driver_sql(
            "INSERT INTO \"Order\" VALUES (1, 'ada', '!', 1, 'a@b.c', 'A', '', NULL)"
        )

    with products.django(engine, table="main.Order", username="Group") as source:
        user = source.get_user("ADA")

    assert ("1", "ada", "a@b.c") == (user.user_id, user.username, user.email)
    engine.dispose()


def test_typed_as_it_is(tmp_path):
    """
    A name that the database cannot fold is found as it is written there.
    """
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", hide_parameters=True)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE users (uid int, name text, pass text, mail text,"
            " status int, created int)"
        )
        for row in ((1, "Ännä"), (2, "ännä"), (3, "Öz")):
            connection.exec_driver_sql(
                "INSERT INTO users VALUES (?, ?, '', NULL, 1, 0)", row
            )

    with products.drupal7(engine) as source:
        assert "3" == source.get_user("Öz").user_id
        assert "2" == source.get_user("ännä").user_id
        # Two people there, and one name here.
        with pytest.raises(ContractError):
            source.get_user("Ännä")
    engine.dispose()


def test_blind_indexes():
    """
    Only where the product's own schema folds letter case, its indexes are relied on.
    """
    engine = sa.create_engine("sqlite://", hide_parameters=True)
    engine.dialect.name = "mysql"
    relying = {
        name
        for name in NAMES
        if name not in POSTGRESQL_ONLY
        and "USING ascii" in str(make(name, engine)._query.statement)
    }

    assert {"wordpress", "joomla", "magento1", "magento2"} == relying
