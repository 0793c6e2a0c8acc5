"""
Threads and processes that want the same users, in one SQLite file.
"""

import multiprocessing
import random
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from migratekit.errors import AlreadyMigratedError, UserExistsError
from migratekit.models import KeyKind, ledger_keys
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_people import key_of, somebody


THREADS = 8
USERS = 20


def _people():
    return [somebody().user for _ in range(USERS)]


def _log_in(store, person):
    """
    Do what a first login does, and return its outcome.
    """
    new = somebody(
        email=person.email, username=person.username, legacy_id=person.legacy_id
    )
    try:
        store.create(new)
    except (AlreadyMigratedError, UserExistsError):
        return "lost"
    return "won"


def _check(store, people):
    for person in people:
        record = store.find(key_of(person, KeyKind.EMAIL))
        assert record is not None
        for key in ledger_keys(record.user):
            row = store.retired(key)
            assert ("used", person.legacy_id) == (row.reason, row.legacy_id)


def test_threads(tmp_path):
    """
    Of eight threads exactly one creates each user; nobody is told of an outage.
    """
    people = _people()
    with SQLStore(f"sqlite:///{tmp_path}/users.db?timeout=60") as store:
        store.create_schema()
        barrier = threading.Barrier(THREADS)

        def work(number):
            order = people[:]
            random.Random(number).shuffle(order)
            barrier.wait()
            return [_log_in(store, person) for person in order]

        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = [one for each in pool.map(work, range(THREADS)) for one in each]

        assert Counter(outcomes) == {"won": USERS, "lost": USERS * (THREADS - 1)}
        _check(store, people)


def _work(path, people):
    with SQLStore(f"sqlite:///{path}?timeout=60") as store:
        store.create_schema()
        return [_log_in(store, person) for person in people]


def test_processes(tmp_path):
    """
    Of two processes exactly one creates each user, and they make the tables together.
    """
    people = _people()
    path = tmp_path / "users.db"
    context = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(2, mp_context=context) as pool:
        works = [pool.submit(_work, path, people) for _ in range(2)]
        outcomes = [outcome for work in works for outcome in work.result()]

    assert Counter(outcomes) == {"won": USERS, "lost": USERS}
    with SQLStore(f"sqlite:///{path}?timeout=60") as store:
        _check(store, people)
