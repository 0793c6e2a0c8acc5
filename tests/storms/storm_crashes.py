"""
Kills a process at every step, statement and commit of an operation, and looks at what
is left.

``python storm_crashes.py URL LEGACY STRIDE`` prints a JSON object: the number of kills
by operation, and the violations.  One process of one thread, because it forks.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import attrs
from sqlalchemy import create_engine, event, inspect, select
from sqlalchemy.pool import NullPool
from storm_calls import LEGACY, PASSWORDS, Person, digest, make_legacy
from storm_workers import FIND

from migratekit import Connection, MigrationPolicy, _run
from migratekit.errors import MigrateKitError
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import ImportRecord, StoredHash
from migratekit.sources.sql import SQLSource
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


HASHER = LegacyHasher(CHEAPEST, presets.raw_sha256())
ADA = Person(0)
NEW = "grace@storm.example"
CROWD = [Person(number) for number in range(5)]
CHUNK = 2


@attrs.define
class Countdown:
    """
    Counts the points at which a process may die, and dies at one.
    """

    passed: int = 0
    last: int | None = None

    def point(self):
        self.passed += 1
        if self.passed == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function):
        def wrapped(*args, **kwargs):
            self.point()
            answer = function(*args, **kwargs)
            self.point()
            return answer

        return wrapped


@attrs.frozen
class Deed:
    """
    An operation: what is there before, what is done, and how it may answer when it was
    done already.
    """

    name: str
    prepare: object
    act: object
    again: str | None = None


class Scene:
    """
    A database that can be put back, and connections to it with and without hooks.
    """

    def __init__(self, url, legacy):
        make_legacy(legacy, CROWD)
        self.countdown = Countdown()
        # Nothing is pooled, so that a child inherits no connection.
        options = {"hide_parameters": True, "poolclass": NullPool}
        if "pymysql" in url:
            # Reading all certificates would take longer than all the rest.
            options["connect_args"] = {"ssl_disabled": True}
        self.quiet = create_engine(url, **options)
        hooked = create_engine(url, **options)
        for engine in (self.quiet, hooked):
            if engine.dialect.name == "sqlite":
                # A process that dies takes nothing with it that the system has.
                event.listen(engine, "connect", _hurry)
        self.hooked = hooked
        self.source = SQLSource(
            create_engine(
                f"sqlite:///{legacy}", hide_parameters=True, poolclass=NullPool
            ),
            FIND,
            format=presets.raw_sha256(),
        )
        self._hook(hooked)
        database = self.quiet.url.database
        self.file = Path(database) if self.quiet.dialect.name == "sqlite" else None

    def _hook(self, engine):
        def point(*args):
            self.countdown.point()

        event.listen(engine, "before_cursor_execute", point)
        event.listen(engine, "after_cursor_execute", point)
        event.listen(engine, "begin", point)
        dialect = engine.dialect
        dialect.do_commit = self.countdown.around(dialect.do_commit)
        _run._performed = self.countdown.around(_run._performed)

    def door(self, store):
        return Connection(
            store,
            self.source,
            source_name="shop",
            policy=MigrationPolicy(failure_floor=0, legacy_deadline=60),
            hasher=HASHER,
            listeners=(),
            throttle=NoThrottle(),
            secret_key=b"a key for the crashes",
        )

    def clear(self):
        metadata.drop_all(self.quiet)

    def save(self):
        """
        Return what puts the database back as it is.
        """
        if self.file is not None:
            copy = self.file.with_suffix(".saved")
            shutil.copy(self.file, copy)
            return lambda: self._restore_file(copy)
        tables = [*metadata.sorted_tables] if self._has_tables() else []
        with self.quiet.connect() as connection:
            rows = {
                table: [
                    dict(row) for row in connection.execute(select(table)).mappings()
                ]
                for table in tables
            }
        return lambda: self._restore_rows(rows)

    def _restore_file(self, copy):
        for end in ("-journal", "-wal", "-shm"):
            Path(f"{self.file}{end}").unlink(missing_ok=True)
        shutil.copy(copy, self.file)

    def _restore_rows(self, rows):
        if not rows:
            self.clear()
            return
        with self.quiet.begin() as connection:
            for table in reversed(rows):
                connection.execute(table.delete())
            for table, each in rows.items():
                if each:
                    connection.execute(table.insert(), each)

    def _has_tables(self):
        """
        Return whether the store can be used; some databases make table by table.
        """
        if not {*metadata.tables} <= {*inspect(self.quiet).get_table_names()}:
            return False
        schema = metadata.tables["migratekit_schema"]
        with self.quiet.connect() as connection:
            return connection.execute(select(schema)).first() is not None

    def look(self):
        """
        Return the users and the ledger, without what is random.
        """
        if not self._has_tables():
            return None
        store = SQLStore(self.quiet)
        people = store.list_users(None, 1000, None, None)
        users = frozenset(map(_seen, map(store.get, [user.id for user in people])))
        ledger = metadata.tables["migratekit_ledger"].c
        columns = [ledger.kind, ledger.value, ledger.reason, ledger.legacy_id]
        with self.quiet.connect() as connection:
            rows = frozenset(map(tuple, connection.execute(select(*columns))))
        return users, rows

    def disagreements(self):
        return [*SQLStore(self.quiet).check()] if self._has_tables() else []


def _hurry(connection, _):
    connection.execute("PRAGMA synchronous = OFF").close()


def _seen(record):
    user, encoded = record.user, record.password_hash
    return (
        user.email,
        user.username,
        user.legacy_id,
        user.origin,
        user.blocked,
        user.email_verified,
        encoded and HASHER.needs_rehash(encoded),
        tuple(p for p in PASSWORDS if encoded and HASHER.verify(p, encoded)),
    )


# --- The operations ------------------------------------------------------------------


def _records(people, *, hashed):
    return [
        ImportRecord(
            user_id=str(person.number),
            email=person.email,
            username=person.username,
            password=StoredHash(digest(LEGACY)) if hashed else None,
        )
        for person in people
    ]


def _nothing(door):
    return None


def _moved(door):
    return door.authenticate(ADA.email, LEGACY).user.id


def _imported(door):
    door.import_users(_records([ADA], hashed=True))


def _preloaded(door):
    door.import_users(_records([ADA], hashed=False))


def _deleted(door):
    door.delete_user(_moved(door))


def _blocked(door):
    user_id = _moved(door)
    door.block(user_id)
    return user_id


def _token(door):
    return door.start_password_change(ADA.email).token


def _token_of_moved(door):
    _moved(door)
    return _token(door)


def _token_of_preloaded(door):
    _preloaded(door)
    return _token(door)


def _log_in(door, _, tell):
    door.authenticate(ADA.email, LEGACY)


def _finish(door, token, tell):
    door.finish_password_change(token, "p1")


def _change_password(door, _, tell):
    door.change_password(ADA.email, LEGACY, "p1")


def _import(*, hashed, wrap=False):
    def act(door, _, tell):
        records = _records(CROWD, hashed=hashed)
        door.import_users(records, chunk_size=CHUNK, wrap=wrap, progress=tell)

    return act


WRONG = "InvalidCredentialsError"
VOID = "InvalidTokenError"
DEEDS = (
    Deed("first login", _nothing, _log_in),
    Deed("later login", _moved, _log_in),
    Deed("login with rehash", _imported, _log_in),
    Deed("pre-loaded login", _preloaded, _log_in),
    Deed(
        "sign-up",
        _nothing,
        lambda door, _, tell: door.sign_up(NEW, "p1", username="grace"),
        "UserExistsError",
    ),
    Deed(
        "create_user",
        _nothing,
        lambda door, _, tell: door.create_user(NEW, password="p1"),
        "UserExistsError",
    ),
    Deed("reset before moving", _token, _finish, VOID),
    Deed("reset after moving", _token_of_moved, _finish, VOID),
    Deed("reset of a pre-loaded user", _token_of_preloaded, _finish, VOID),
    Deed("change_password before moving", _nothing, _change_password, WRONG),
    Deed("change_password after moving", _moved, _change_password, WRONG),
    Deed("change_password of a pre-loaded user", _preloaded, _change_password, WRONG),
    Deed("set_password", _moved, lambda door, id_, tell: door.set_password(id_, "p1")),
    Deed("change_email", _moved, lambda door, id_, tell: door.change_email(id_, NEW)),
    Deed(
        "change_username",
        _moved,
        lambda door, id_, tell: door.change_username(id_, "countess"),
    ),
    Deed("block", _moved, lambda door, id_, tell: door.block(id_)),
    Deed("unblock", _blocked, lambda door, id_, tell: door.unblock(id_)),
    Deed(
        "delete_user",
        _moved,
        lambda door, id_, tell: door.delete_user(id_),
        "UserNotFoundError",
    ),
    Deed("readmit", _deleted, lambda door, _, tell: door.readmit(ADA.legacy_id)),
    Deed("import", _nothing, _import(hashed=True)),
    Deed("import beside one who moved", _moved, _import(hashed=True)),
    Deed("import without hashes", _nothing, _import(hashed=False)),
    Deed("wrapping import", _nothing, _import(hashed=True, wrap=True)),
)


# --- Dying ------------------------------------------------------------------------


@attrs.frozen
class Trial:
    """
    What is repeated for every death; *stages* are the states that may be left.
    """

    name: str
    act: object
    again: str | None
    restore: object
    stages: list


def crash_everywhere(scene, deed, stride=1, shift=0):
    """
    Kill *deed* at every *stride*-th point behind *shift*.

    Returns how often that was, and what was wrong.
    """
    scene.clear()
    SQLStore(scene.quiet).create_schema()
    memo = deed.prepare(scene.door(SQLStore(scene.quiet)))

    def act(tell):
        # A store remembers what it has seen of the tables; a new process does not.
        deed.act(scene.door(SQLStore(scene.hooked)), memo, tell)

    restore, stages = scene.save(), [scene.look()]
    return _crash(
        scene, Trial(deed.name, act, deed.again, restore, stages), stride, shift
    )


def crash_schema(scene, stride=1, shift=0):
    """
    The same for the making of the tables, of which some may be left.
    """
    scene.clear()

    def act(tell):
        SQLStore(scene.hooked).create_schema()

    restore, stages = scene.save(), [scene.look()]
    return _crash(
        scene, Trial("create_schema", act, None, restore, stages), stride, shift
    )


def _crash(scene, trial, stride, shift):
    stages = trial.stages
    scene.countdown.passed = 0
    trial.act(lambda *_: stages.append(scene.look()))
    points = scene.countdown.passed
    stages.append(scene.look())
    found = []
    killed = range(1 + shift % points, points + 1, stride)
    for point in killed:
        trial.restore()
        wrong = ["survived"]
        if _dies(scene, trial.act, point):
            wrong = _aftermath(scene, trial)
        found += [f"{trial.name}, killed at {point} of {points}: {x}" for x in wrong]
    return len(killed), found


def _dies(scene, act, point):
    child = os.fork()
    if child == 0:
        scene.countdown.passed, scene.countdown.last = 0, point
        try:
            act(lambda *_: None)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _aftermath(scene, trial):
    """
    Yield what is wrong after a death.
    """
    stages = trial.stages
    for one in scene.disagreements():
        yield f"check(): {one}"
    left = scene.look()
    if left not in stages:
        yield f"neither as before nor as after: {left}"
    error = None
    try:
        trial.act(lambda *_: None)
    except MigrateKitError as caught:
        error = type(caught).__name__
    if error is not None and not (left == stages[-1] and error == trial.again):
        yield f"repeated: {error}"
    for one in scene.disagreements():
        yield f"check() after repeating: {one}"
    if scene.look() != stages[-1]:
        yield f"not as after when repeated: {scene.look()}"


def main(url, legacy, stride):
    """
    Crash everything, and print what came of it.
    """
    began = time.monotonic()
    scene = Scene(url, legacy)
    kills, found = {}, []
    for number, deed in enumerate(DEEDS):
        # With a stride, each operation begins elsewhere.
        kills[deed.name], wrong = crash_everywhere(scene, deed, stride, number % stride)
        found += wrong
    kills["create_schema"], wrong = crash_schema(scene, stride)
    found += wrong
    scene.clear()
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"kills": kills, "violations": found, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
