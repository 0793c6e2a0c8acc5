"""
Where the databases of the storms are.
"""

import os

import pytest


VARIABLES = {
    "postgresql": "MIGRATEKIT_TEST_POSTGRESQL",
    "mysql": "MIGRATEKIT_TEST_MARIADB",
}
FILES = ("sqlite", "sqlite+aiosqlite")
SERVERS = (
    "postgresql+psycopg",
    "postgresql+psycopg_async",
    "postgresql+asyncpg",
    "mysql+pymysql",
    "mysql+asyncmy",
)


def url_of(driver, folder):
    """
    Return the URL of a database of *driver*, or skip the test.
    """
    if driver in FILES:
        # SQLite's writers have no queue: on a busy machine one may wait for long.
        return f"{driver}:///{folder}/users.db?timeout=60"
    url = setting(VARIABLES[driver.partition("+")[0]])
    return f"{driver}://{url.partition('://')[2]}"


def setting(variable):
    """
    Return the value of *variable*, or skip the test.
    """
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set: no server to test against")
    return value
