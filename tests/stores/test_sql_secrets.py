"""
No hash gets out of a SQL store but in a Record.
"""

import asyncio
import logging
import sys
import traceback

import attrs
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

from migratekit.errors import (
    AlreadyMigratedError,
    ContractError,
    StaleRecordError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import KeyKind
from migratekit.stores._sql_schema import SecretText
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_people import changed, find, key_of, somebody


# No fragment of it may be seen either, for reprs are cut in the middle.  That it is
# argon2id of so much memory is no secret: hashes are counted by it.
SECRET = "$argon2id$v=19$m=65536,t=3,p=4$c2VjcmV0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
FRAGMENTS = ("$argon2", "v=19", "c2VjcmV0", "aGFzaG")


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog):
    names = ("", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "aiosqlite")
    for name in (*names, "asyncio", "psycopg", "asyncpg", "asyncmy"):
        caplog.set_level(logging.DEBUG, name)


def assert_no_secret(text):
    for fragment in FRAGMENTS:
        assert fragment not in text


def test_fragments():
    """
    The test knows a secret when it sees one.
    """
    for fragment in FRAGMENTS:
        assert fragment in SECRET


def play(store):
    """
    Do all that has to do with hashes.
    """
    new = somebody(password_hash=SECRET)
    record = store.create(new)
    assert store.get(new.user.id).password_hash == SECRET
    with pytest.raises(AlreadyMigratedError):
        store.create(somebody(legacy_id=new.user.legacy_id, password_hash=SECRET))
    other = store.create(somebody(password_hash=SECRET))
    with pytest.raises(UserExistsError):
        store.replace(other, changed(other, email=new.user.email))
    record = store.replace(record, changed(record, blocked=True))
    store.list_users(None, 10, None, None)
    store.delete(record)


def test_debug_log(caplog):
    """
    SQLAlchemy's debug log shows rows, and of hashes three stars.
    """
    with SQLStore("sqlite://") as store:
        store.create_schema()

        play(store)

    assert "INSERT INTO migratekit_users" in caplog.text
    assert "'***'" in caplog.text
    assert_no_secret(caplog.text)


def test_echo(caplog, capsys):
    """
    An engine that echoes everything shows no hash.
    """
    engine = create_engine(
        "sqlite:///file:echo?mode=memory&cache=shared&uri=true",
        hide_parameters=True,
        echo="debug",
        echo_pool="debug",
        pool_size=1,
        max_overflow=0,
        poolclass=QueuePool,
    )
    store = SQLStore(engine)
    store.create_schema()

    play(store)
    engine.dispose()

    out, err = capsys.readouterr()
    assert "INSERT INTO migratekit_users" in out + err + caplog.text
    assert_no_secret(out + err + caplog.text)


async def play_async(store):
    """
    Do all that has to do with hashes.
    """
    new = somebody(password_hash=SECRET)
    record = await store.create(new)
    assert (await store.get(new.user.id)).password_hash == SECRET
    with pytest.raises(AlreadyMigratedError):
        await store.create(somebody(legacy_id=new.user.legacy_id, password_hash=SECRET))
    other = await store.create(somebody(password_hash=SECRET))
    with pytest.raises(UserExistsError):
        await store.replace(other, changed(other, email=new.user.email))
    record = await store.replace(record, changed(record, blocked=True))
    await find(store, key_of(new.user, KeyKind.EMAIL))
    await store.list_users(None, 10, None, None)
    await store.delete(record)


def test_asyncio_debug_log(caplog):
    """
    Neither aiosqlite's debug log nor asyncio's debug mode shows a hash.
    """

    async def main():
        # Every callback is slow now, and logged with its arguments.
        asyncio.get_running_loop().slow_callback_duration = 0
        async with AsyncSQLStore("sqlite+aiosqlite://") as store:
            await store.create_schema()
            await play_async(store)

    asyncio.run(main(), debug=True)

    names = {record.name for record in caplog.records}
    assert {"aiosqlite", "asyncio"} <= names
    assert "set_result" in caplog.text
    assert_no_secret(caplog.text)


def test_async_echo(caplog, capsys, tmp_path):
    """
    An async engine that echoes everything shows no hash.
    """

    async def main():
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{tmp_path}/users.db",
            hide_parameters=True,
            echo="debug",
        )
        store = AsyncSQLStore(engine)
        await store.create_schema()
        await play_async(store)
        await engine.dispose()

    asyncio.run(main())

    out, err = capsys.readouterr()
    assert "INSERT INTO migratekit_users" in out + err + caplog.text
    assert_no_secret(out + err + caplog.text)


def all_that_an_error_shows(error):
    """
    Return what the most talkative of error reporters would send.
    """
    shown = []
    seen = set()
    todo = [error]
    while todo:
        item = todo.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        shown += [repr(item), repr(item.args), repr(vars(item))]
        shown += traceback.format_exception(item)
        for frame, _ in traceback.walk_tb(item.__traceback__):
            if frame.f_globals.get("__name__", "").startswith("migratekit"):
                shown += [repr(value) for value in frame.f_locals.values()]
        todo += [item.__cause__, item.__context__]
    return "\n".join(shown)


def failures(store):
    """
    Yield calls with a hash in them that fail, and how.
    """
    stored = store.create(somebody(password_hash=SECRET))
    taken = somebody(email=stored.user.email, password_hash=SECRET)
    again = somebody(legacy_id=stored.user.legacy_id, password_hash=SECRET)
    stale = attrs.evolve(stored, version=7)
    yield UserExistsError, lambda: store.create(taken)
    yield AlreadyMigratedError, lambda: store.create(again)
    yield StaleRecordError, lambda: store.replace(stale, stored)
    yield StaleRecordError, lambda: store.delete(stale)
    cut = somebody(password_hash=SECRET + "\0")
    yield ContractError, lambda: store.create(cut)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE migratekit_ledger")
    new = somebody(password_hash=SECRET)
    yield StoreUnavailableError, lambda: store.create(new)


def test_errors():
    """
    No error shows a hash: not in its text, its causes, nor our frames' variables.
    """
    with SQLStore("sqlite://") as store:
        store.create_schema()

        for kind, call in failures(store):
            try:
                call()
            except kind:
                error = sys.exc_info()[1]
            else:
                pytest.fail(f"did not raise {kind}")

            assert None is error.__context__
            assert None is error.__cause__
            assert_no_secret(all_that_an_error_shows(error))


def test_async_errors():
    """
    No error of the async store shows a hash, either.
    """

    async def main():
        async with AsyncSQLStore("sqlite+aiosqlite://") as store:
            await store.create_schema()
            stored = await store.create(somebody(password_hash=SECRET))
            new = somebody(email=stored.user.email, password_hash=SECRET)
            with pytest.raises(UserExistsError) as exists:
                await store.create(new)
            async with store._engine.begin() as connection:
                await connection.exec_driver_sql("DROP TABLE migratekit_ledger")
            with pytest.raises(StoreUnavailableError) as unavailable:
                await store.create(new)
        return exists.value, unavailable.value

    for error in asyncio.run(main()):
        assert None is error.__context__
        assert None is error.__cause__
        assert_no_secret(all_that_an_error_shows(error))


def test_secret_text():
    """
    A hash on its way is a text with a repr of three stars.
    """
    text = SecretText(SECRET)

    assert text == SECRET
    assert repr(text) == "'***'"
    assert type(str(text)) is str
    assert str(text) == SECRET
