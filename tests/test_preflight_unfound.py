"""
Users whom the source lists, and does not find by what they type.
"""

import sqlite3
from contextlib import closing

import attrs
import pytest
from world import connect

from migratekit import AsyncConnection, MigrationPolicy
from migratekit.errors import (
    AmbiguousUserError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import ImportRecord, LegacyUser
from migratekit.preflight import preflight
from migratekit.sources import products
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # password


@attrs.define
class Site:
    """
    Lists *rows*, and finds whoever *finds* says, or fails with it.
    """

    rows: list
    finds: object = None
    asked: list = attrs.field(factory=list)

    def login(self, identifier, password, /):
        raise NotImplementedError

    def get_user(self, identifier, /):
        self.asked.append(identifier)
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds

    def iter_users(self):
        yield from self.rows


def record(user_id, email, **more):
    return ImportRecord(user_id=user_id, email=email, **more)


def told(report):
    return [(finding.user_id, finding.code) for finding in report.findings]


def test_wordpress(tmp_path):
    """
    Blanks and letters of another form are told, and a login then says the same.
    """
    with closing(sqlite3.connect(tmp_path / "wp.db")) as database, database:
        database.execute(
            "CREATE TABLE wp_users (ID, user_login, user_pass, user_email,"
            " user_registered, display_name)"
        )
        database.executemany(
            "INSERT INTO wp_users VALUES (?, ?, ?, ?, '2020-01-02 03:04:05', '')",
            [
                (1, "ada", MD5, " ada@example.com"),
                (2, "", MD5, "bob@example.com "),
                (3, " CARL", MD5, "Carl@Example.COM"),
                (4, "zoe\N{COMBINING DIAERESIS}", MD5, "zoe@example.com"),
            ],
        )
    source = products.wordpress(f"sqlite:///{tmp_path}/wp.db")
    hasher = LegacyHasher(CHEAPEST, presets.wordpress())
    connection = connect(MemoryStore(), source, hasher=hasher)

    report = preflight(connection)

    assert [
        ("1", "UNFOUND_EMAIL"),
        ("2", "UNFOUND_EMAIL"),
        ("3", "UNFOUND_USERNAME"),
        ("4", "UNFOUND_USERNAME"),
    ] == told(report)
    assert (3, 4) == (report.movable_by_login, report.movable_by_import)
    for typed in (
        ADA,
        "bob@example.com",
        "carl",
        "zo\N{LATIN SMALL LETTER E WITH DIAERESIS}",
    ):
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate(typed, "password")
    for typed in ("ada", "carl@example.com", "zoe@example.com"):
        assert connection.authenticate(typed, "password").migrated


def test_found():
    """
    Whoever is found is asked for as they would type it, and nothing is told of them.
    """
    site = Site([record("1", " Ada@Example.com ")], LegacyUser(user_id="1", email=ADA))

    report = preflight(connect(MemoryStore(), site))

    assert [] == told(report)
    assert 1 == report.movable_by_login
    assert ["Ada@Example.com"] == site.asked


def test_somebody_else():
    """
    Whoever is found in their place is not them.
    """
    site = Site([record("1", f" {ADA}")], LegacyUser(user_id="2", email=ADA))

    report = preflight(connect(MemoryStore(), site))

    assert [("1", "UNFOUND_EMAIL")] == told(report)
    assert 0 == report.movable_by_login


@pytest.mark.parametrize(
    "error",
    [
        AmbiguousUserError("Several."),
        ContractError("Odd."),
        LookupUnsupportedError(),
    ],
)
def test_cannot_tell(error):
    """
    A source that cannot tell is no reason to say anything.
    """
    report = preflight(connect(MemoryStore(), Site([record("1", f" {ADA}")], error)))

    assert [] == told(report)
    assert 1 == report.movable_by_login


def test_outage():
    """
    A source that does not answer ends it.
    """
    site = Site([record("1", f" {ADA}")], LegacyUnavailableError("away"))

    with pytest.raises(LegacyUnavailableError):
        preflight(connect(MemoryStore(), site))


def test_twins():
    """
    Nobody is counted out twice.
    """
    site = Site(
        [record("1", f" {ADA}"), record("2", ADA), record("3", "c@example.com")]
    )

    report = preflight(connect(MemoryStore(), site))

    assert 1 == report.movable_by_login
    assert {"CONFLICT_EMAIL": 1, "SHARED_EMAIL": 1, "UNFOUND_EMAIL": 1} == report.codes


def test_not_asked():
    """
    Nobody is asked about whom a login does not get that far with, and about no file.
    """
    site = Site([record("1", " ada "), record("2", " bob@example.com")])
    connection = connect(MemoryStore(), site)
    connection.import_users([record("2", "bob@example.com")])
    strict = connect(
        MemoryStore(),
        Site([record("3", " carl@example.com")]),
        policy=MigrationPolicy(requires_username=True),
    )

    for given in (None, lambda: [record("4", " dan@example.com")]):
        preflight(connection, rows=given)
    preflight(strict)

    assert [] == site.asked == strict.source.asked


def test_async(runner):
    """
    An async connection looks them up as well.
    """
    site = Site([record("1", f" {ADA}")])
    connection = AsyncConnection(MemoryStore(), site, hasher=CHEAPEST, listeners=())

    async def survey():
        return await preflight(connection)

    assert [("1", "UNFOUND_EMAIL")] == told(runner.run(survey()))
