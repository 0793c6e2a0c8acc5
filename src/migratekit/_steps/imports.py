"""
Questions about many users at once.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeAlias

import attrs

from migratekit._steps.step import Ports, Step, expect
from migratekit._steps.world import MakeId
from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.hashing import Lane
from migratekit.models import StoredHash, User
from migratekit.policy import MigrationPolicy
from migratekit.protocols import ImportingHasher, WrappingHasher
from migratekit.validation import Examined


# The text to store, or why there is none.
Admitted: TypeAlias = str | UnusableHashError
_Job: TypeAlias = Callable[[], str]

# Few enough to keep all workers busy to the end of a chunk.
_JOBS_AT_ONCE = 8


@attrs.frozen
class Wrapping:
    """
    That weak hashes get a strong one around them, and who computes it.

    Without an executor, it is the thread that asks.
    """

    executor: Executor | None


@attrs.frozen(eq=False, repr=False)
class MakeIds(Step[tuple[str, ...]]):
    number: int

    def perform(self, ports: Ports) -> tuple[str, ...]:
        one = MakeId()
        return tuple(one.perform(ports) for _ in range(self.number))


@attrs.frozen(eq=False, repr=False)
class ExamineAll(Step[tuple[Examined, ...]]):
    port = "validator.examine"

    users: Sequence[User]
    policy: MigrationPolicy

    def perform(self, ports: Ports) -> tuple[Examined, ...]:
        examine = ports.validator.examine
        return tuple(examine(user, self.policy) for user in self.users)

    def check(self, answer: Any) -> tuple[Examined, ...]:
        return tuple(expect(examined, Examined, self) for examined in answer)


@attrs.frozen(eq=False, repr=False)
class AdmitAll(Step[tuple[Admitted, ...]]):
    """
    Has the hasher judge legacy hashes, and say what is stored for each.
    """

    port = "hasher.hash"

    hashes: Sequence[StoredHash] = attrs.field(repr=False)
    wrapping: Wrapping | None

    def perform(self, ports: Ports) -> tuple[Admitted, ...]:
        hasher = ports.hasher
        if not isinstance(hasher, ImportingHasher):
            raise ConfigurationError(
                f"{type(hasher).__name__} takes no legacy hashes: give the connection "
                "a migratekit.formats.hasher.LegacyHasher."
            )
        if self.wrapping is None:
            return tuple(_judged(hasher.admit, stored) for stored in self.hashes)
        if not isinstance(hasher, WrappingHasher):
            raise ConfigurationError(f"{type(hasher).__name__} cannot wrap hashes.")
        jobs: dict[int, _Job] = {}
        found: list[Admitted] = []
        for number, stored in enumerate(self.hashes):
            job = _judged(hasher.wrapping, stored)
            if job is None:
                found.append(_judged(hasher.admit, stored))
            elif isinstance(job, UnusableHashError):
                found.append(job)
            else:
                jobs[number] = job
                found.append("")
        lane = ports.hash_queue.lane(holds_gil=False)
        wrapped = _computed([*jobs.values()], self.wrapping.executor, lane)
        for number, text in zip(jobs, wrapped, strict=True):
            found[number] = text
        return tuple(found)

    def check(self, answer: Any) -> tuple[Admitted, ...]:
        admitted: tuple[Admitted, ...] = answer
        for text in admitted:
            if not isinstance(text, UnusableHashError):
                expect(text, str, self)
        return admitted


def _judged(
    judge: Callable[[StoredHash], Any], stored: StoredHash
) -> Any | UnusableHashError:
    try:
        return judge(stored)
    except UnusableHashError as error:
        # Without the frames that have seen the hash.
        return error.with_traceback(None)


def _computed(jobs: Sequence[_Job], executor: Executor | None, lane: Lane) -> list[str]:
    if executor is None:
        # One by one, so that logins get their turn between them.
        return [lane.run(job) for job in jobs]
    futures = [
        executor.submit(run_jobs, jobs[start : start + _JOBS_AT_ONCE])
        for start in range(0, len(jobs), _JOBS_AT_ONCE)
    ]
    return [text for future in futures for text in future.result()]


def run_jobs(jobs: Sequence[_Job]) -> list[str]:
    """
    Return what each of *jobs* computes, in a worker of an executor.
    """
    return [job() for job in jobs]
