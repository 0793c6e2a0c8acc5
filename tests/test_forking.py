"""
What begins anew in a forked process.
"""

import gc
import operator
import subprocess
import sys
import threading
import time
import weakref

import pytest
from forks import forked, needs_fork

from migratekit._forking import not_forked_amid, when_forked


class Thing:
    """
    Knows how often it has begun anew.
    """

    begun = 0

    def begin_anew(self):
        self.begun += 1


@needs_fork
def test_child():
    """
    In a child it has begun anew once, in a grandchild twice, and not in the parent.
    """
    thing = Thing()
    when_forked(thing, Thing.begin_anew)

    assert forked(lambda: thing.begun == 1)
    assert forked(lambda: forked(lambda: thing.begun == 2))
    assert 0 == thing.begun


@needs_fork
def test_twice():
    """
    Whoever is registered again begins anew as was said last.
    """
    thing = Thing()
    when_forked(thing, Thing.__init__)
    when_forked(thing, Thing.begin_anew)

    assert forked(lambda: thing.begun == 1)


def test_weak():
    """
    Nobody is kept alive by this.
    """
    thing = Thing()
    when_forked(thing, Thing.begin_anew)
    known = weakref.ref(thing)

    del thing
    gc.collect()

    assert known() is None


FAILURES = """
import builtins, os, sys
from migratekit._forking import not_forked_amid, when_forked

class Thing:
    def begin_anew(self):
        print("anew", flush=True)

class Broken(Thing):
    def begin_anew(self):
        super().begin_anew()
        raise error("canary")

error = getattr(builtins, sys.argv[1])
things = [Thing(), Broken(), Thing(), Broken(), Thing()]
for thing in things:
    when_forked(thing, type(thing).begin_anew)
child = os.fork()
if child == 0:
    print("goes on", flush=True)
    sys.exit()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@needs_fork
@pytest.mark.parametrize("error", ["OSError", "KeyboardInterrupt"])
def test_failures(error):
    """
    Where some cannot begin anew, all others do, and Python says what failed.
    """
    done = subprocess.run(
        [sys.executable, "-c", FAILURES, error],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )

    assert [*5 * ["anew"], "goes on"] == done.stdout.splitlines()
    assert f"\n{error}: canary\n" in done.stderr


class Reader(Thing):
    """
    Uses a store in a thread of its own.
    """

    def __init__(self):
        self.lock = threading.Lock()
        when_forked(self, Reader.__init__)
        not_forked_amid(self, operator.attrgetter("lock"))


@needs_fork
def test_wait():
    """
    A fork waits for what is under way in another thread.
    """
    reader, begun, read = Reader(), threading.Event(), []

    def use_store():
        with reader.lock:
            begun.set()
            time.sleep(0.1)
            read.append("whole")

    thread = threading.Thread(target=use_store)
    thread.start()
    begun.wait()

    assert forked(lambda: read == ["whole"] and not reader.lock.locked())
    assert not reader.lock.locked()
    thread.join()


@needs_fork
def test_wait_ends():
    """
    Whoever does not come to an end is not waited for any longer than a second in all.
    """
    stuck = [Reader() for _ in range(3)]
    for reader in stuck:
        reader.lock.acquire()
    start = time.monotonic()

    assert forked(lambda: not any(reader.lock.locked() for reader in stuck))
    assert 1 <= time.monotonic() - start < 3
    assert all(reader.lock.locked() for reader in stuck)
