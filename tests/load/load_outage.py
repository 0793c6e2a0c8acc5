"""
Let many log in while the source hangs, then dies, then returns.

Some are stored, and log in again and again, as people do; all others are known to the
source alone, and try until they are let in, the most of them while it hangs.  Whoever
is turned away because too many are being hashed comes back after a second or so, as a
browser does that was told to; that is part of what their login takes.

They come again as often as the machine can bear: when the source is back, those who
move take a part of one processor, and nobody could hide it if they took all of it.

What is measured: whether those who are stored notice anything; what the source was
asked; how late the event loop is.  And in processes of their own, with cheap hashes and
with some of 16 MiB: how much memory many logins at once take.

    python tests/load/load_outage.py [--waiting N] [--stored N] [--share X] [--burst N]
                                     [--seed N]
"""

import argparse
import asyncio
import concurrent.futures
import gc
import multiprocessing
import random
import resource
import statistics
import sys
import time
import uuid
from collections import Counter, defaultdict

import attrs
from load_world import (
    DEAD,
    HANGS,
    PASSWORD,
    SOURCES,
    WELL,
    AsyncStore,
    Hasher,
    percentile,
)

from migratekit import AsyncConnection, MigrationPolicy, errors
from migratekit.errors import LegacyUnavailableError, OverloadedError
from migratekit.events import SourceResumed, SourceSuspended
from migratekit.models import NewUser, Origin, User
from migratekit.passwords import Argon2Hasher
from migratekit.sources import NoopSource
from migratekit.testing import CHEAPEST


MIB = 1024
MIDDLE = Argon2Hasher(memory_cost=16 * MIB, time_cost=1, parallelism=1)
PROFILES = {"cheapest": CHEAPEST, "16 MiB": MIDDLE}
# ms that those who are stored may see of an outage, and that the loop may be late.
MOST_APART_MEDIAN = 2.0
MOST_APART_P99 = 20.0
MOST_LAG_P99 = 20.0
# The share of their logins that may be turned away at first.
MOST_TURNED_AWAY = 0.005
SLACK = 24 * MIB  # KiB that are nobody's hash
TICK = 0.005


@attrs.frozen
class Plan:
    """
    Who logs in, and for how many seconds which phase lasts.

    *patience* is how many seconds pass on average until somebody tries once more.
    """

    kind: str
    seed: int
    waiting: int
    stored: int
    pace: float = 1.0
    patience: float = attrs.field()

    @patience.default
    def _soon(self):
        return 3 * self.pace

    @property
    def phases(self):
        return ((WELL, 5 * self.pace), (HANGS, 10 * self.pace), (DEAD, 8 * self.pace))

    @property
    def policy(self):
        return MigrationPolicy(
            legacy_deadline=self.pace,
            legacy_pause=2 * self.pace,
            failure_floor=0.25 * self.pace,
        )


@attrs.define
class Outage:
    """
    What happened.
    """

    latencies: defaultdict = attrs.field(factory=lambda: defaultdict(list))
    results: defaultdict = attrs.field(factory=lambda: defaultdict(Counter))
    lags: list[float] = attrs.field(factory=list)
    work: list[float] = attrs.field(factory=list)
    events: Counter = attrs.field(factory=Counter)
    turned_away: Counter = attrs.field(factory=Counter)
    phase: str = WELL


def filled(store, number, hasher):
    """
    Store so many users, and return their e-mails.
    """
    encoded = hasher.hash(PASSWORD)
    emails = [f"stored{i}@example.com" for i in range(number)]
    for email in emails:
        user = User(id=str(uuid.uuid4()), origin=Origin.ADMIN, email=email)
        store.inner.create(NewUser(user, encoded))
    return emails


async def rage(plan):
    """
    Play an outage from its beginning to its end.
    """
    outage = Outage()
    chance = random.Random(plan.seed)
    store = AsyncStore()
    emails = filled(store, plan.stored, CHEAPEST)

    async def note(event):
        outage.events[type(event)] += 1

    # The connection is made after it.
    source = SOURCES[plan.kind](lambda: connection._ports.guard.health())  # noqa: PLW0108
    connection = AsyncConnection(
        store, source, hasher=CHEAPEST, policy=plan.policy, listeners=[note]
    )
    background = [
        asyncio.ensure_future(watch(outage)),
        *(
            asyncio.ensure_future(come_again(plan, outage, connection, chance, email))
            for email in emails
        ),
    ]
    arrivals = [
        asyncio.ensure_future(
            arrive(plan, outage, connection, chance, f"legacy{i}@example.com", i)
        )
        for i in range(plan.waiting)
    ]
    # The clients would be elsewhere: they are not to make its collections longer.
    gc.freeze()
    for phase, seconds in plan.phases:
        source.turn(phase)
        outage.phase = phase
        await asyncio.sleep(seconds)
    source.turn(WELL)
    outage.phase = "back"
    await asyncio.wait(arrivals, timeout=60)
    # Those who are stored come once more, so that there is something to compare.
    await asyncio.sleep(4 * plan.pace)
    for task in (*background, *arrivals):
        task.cancel()
    await asyncio.gather(*background, *arrivals, return_exceptions=True)
    gc.unfreeze()
    return outage, source


async def cost_of_moving(kind, number=200):
    """
    Return how many seconds of a processor it takes to move somebody.
    """
    source = SOURCES[kind](lambda: ())
    connection = AsyncConnection(AsyncStore(), source, hasher=CHEAPEST, listeners=())
    for i in range(number):
        if i == number // 2:
            began = time.process_time()
        await connection.authenticate(f"legacy{i}@example.com", PASSWORD)
    return (time.process_time() - began) / (number - number // 2)


async def watch(outage):
    """
    Note how late the loop is, and how much of its own time it had worked.
    """
    while True:
        began, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK)
        outage.lags.append(1000 * (time.perf_counter() - began - TICK))
        outage.work.append(1000 * (time.thread_time() - worked))


async def come_again(plan, outage, connection, chance, email):
    while True:
        await asyncio.sleep(plan.pace * chance.uniform(0.2, 3.8))
        phase, began = outage.phase, time.perf_counter()
        result = await log_in(plan, outage, connection, chance, email, phase)
        outage.latencies[phase].append(1000 * (time.perf_counter() - began))
        outage.results[phase][result] += 1


async def arrive(plan, outage, connection, chance, email, number):
    """
    Try until the source has answered; a tenth does so before it hangs.
    """
    well = plan.phases[0][1]
    early = number % 10 == 0
    await asyncio.sleep(
        well * chance.random() if early else well + plan.pace * chance.random()
    )
    while True:
        phase = f"{outage.phase}, not stored"
        result = await log_in(plan, outage, connection, chance, email, phase)
        outage.results[phase][result] += 1
        if result == "moved":
            return
        await asyncio.sleep(plan.patience * chance.uniform(0.4, 1.6))


async def log_in(plan, outage, connection, chance, email, phase):
    while True:
        try:
            login = await connection.authenticate(email, PASSWORD)
        except OverloadedError:
            outage.turned_away[phase] += 1
            await asyncio.sleep(plan.pace * chance.uniform(0.5, 1.5))
        except LegacyUnavailableError:
            return "unavailable"
        except errors.MigrateKitError as error:
            return type(error).__name__
        else:
            return "moved" if login.migrated else "let in"


def described(outage):
    """
    Yield lines on what who saw of *outage*.
    """
    for phase, latencies in outage.latencies.items():
        median, p99 = statistics.median(latencies), percentile(latencies, 0.99)
        yield (
            f"  {phase:6} stored: {len(latencies):>6} logins, median {median:8.2f} ms,"
            f" p99 {p99:8.2f} ms, {outage.turned_away[phase]} times turned away,"
            f" {dict(outage.results[phase])}"
        )
    for phase, results in outage.results.items():
        if phase not in outage.latencies:
            yield (
                f"  {phase}: {outage.turned_away[phase]} times turned away,"
                f" {dict(results)}"
            )


def counted(plan, outage, source):
    """
    Yield what is wrong with the counts.
    """
    for phase, results in outage.results.items():
        if phase in outage.latencies and set(results) != {"let in"}:
            yield f"somebody who is stored was refused: {phase}, {dict(results)}"
    moved = sum(results["moved"] for results in outage.results.values())
    if moved != plan.waiting:
        yield f"{moved} of {plan.waiting} were let in when the source was back"
    if source.most > plan.policy.legacy_calls:
        yield f"{source.most} calls of the source at once"
    # A thread may have been about to ask in that very moment.
    about_to = plan.policy.legacy_calls if plan.kind == "sync" else 0
    if source.forbidden > about_to:
        yield f"{source.forbidden} calls while it was suspended"
    if not outage.events[SourceSuspended]:
        yield "the source was never suspended"


def timed(outage):
    """
    Yield what is wrong with the times.
    """
    well = outage.latencies[WELL]
    for phase, latencies in outage.latencies.items():
        apart = statistics.median(latencies) - statistics.median(well)
        tail = percentile(latencies, 0.99) - percentile(well, 0.99)
        if apart > MOST_APART_MEDIAN or tail > MOST_APART_P99:
            yield f"who is stored waits longer: {phase}, {apart:.2f} and {tail:.2f} ms"
        share = outage.turned_away[phase] / len(latencies)
        if share > MOST_TURNED_AWAY:
            yield f"who is stored is turned away: {phase}, {share:.1%}"
    lag = percentile(outage.lags, 0.99)
    if lag >= MOST_LAG_P99:
        yield f"the loop's lag has a p99 of {lag:.1f} ms"


# --- Memory ---------------------------------------------------------------------------


def burst(profile, number):
    """
    Let *number* users log in at once; return the KiB that it took, and how many hashes
    were computed at once.
    """
    hasher = Hasher(PROFILES[profile])
    store = AsyncStore()
    emails = filled(store, number, hasher)
    connection = AsyncConnection(store, NoopSource(), hasher=hasher, listeners=())
    hasher.most = 0
    before = peak()
    results = asyncio.run(_all_at_once(connection, emails))
    assert {"let in": number} == dict(results)
    return peak() - before, hasher.most


async def _all_at_once(connection, emails):
    plan, outage, chance = Plan("", 0, 0, 0), Outage(), random.Random(0)
    logins = [
        log_in(plan, outage, connection, chance, email, "at once") for email in emails
    ]
    return Counter(await asyncio.gather(*logins))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def bursts(number):
    """
    Print what memory takes, and yield what is wrong with it.
    """
    grown = {}
    fresh = multiprocessing.get_context("spawn")
    for profile in PROFILES:
        with concurrent.futures.ProcessPoolExecutor(1, fresh) as pool:
            grown[profile], most = pool.submit(burst, profile, number).result()
        print(
            f"{number} logins at once, {profile}: {grown[profile] / MIB:.1f} MiB,"
            f" at most {most} hashes at once"
        )
    bound = most * MIDDLE.memory_cost + SLACK
    if grown["16 MiB"] - grown["cheapest"] > bound:
        yield f"more memory than {most} hashes need"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--waiting", type=int, default=2000)
    parser.add_argument("--stored", type=int, default=500)
    parser.add_argument(
        "--share", type=float, default=0.4, help="of a processor, for those who move"
    )
    parser.add_argument("--burst", type=int, default=2000, help="0 for none")
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--counts-only", action="store_true", help="judge no times")
    options = parser.parse_args(arguments)

    print(f"seed {options.seed}")
    wrong = []
    for kind in SOURCES:
        cost = asyncio.run(cost_of_moving(kind))
        plan = Plan(kind, options.seed, options.waiting, options.stored, options.pace)
        patience = max(plan.patience, options.waiting * cost / options.share)
        plan = attrs.evolve(plan, patience=patience)
        before = peak()
        outage, source = asyncio.run(rage(plan))
        lags = outage.lags
        print(
            f"{kind} source:\n  to move takes {1000 * cost:.2f} ms, and who is not let"
            f" in comes again after {plan.patience:.1f} seconds"
        )
        print("\n".join(described(outage)))
        print(
            f"  the source: {source.calls} calls, at most {source.most} at once,"
            f" {source.forbidden} while suspended;"
            f" {outage.events[SourceSuspended]} times suspended,"
            f" {outage.events[SourceResumed]} resumed"
        )
        print(
            f"  the loop's lag: median {statistics.median(lags):.2f} ms, p99"
            f" {percentile(lags, 0.99):.2f} ms, most {max(lags):.2f} ms; of its own work"
            f" p99 {percentile(outage.work, 0.99):.2f} ms, most"
            f" {max(outage.work):.2f} ms\n"
            f"  {(peak() - before) / MIB:.1f} MiB more",
            flush=True,
        )
        found = list(counted(plan, outage, source))
        if not options.counts_only:
            found += timed(outage)
        wrong += [f"{kind}: {it}" for it in found]
    if options.burst:
        wrong += bursts(options.burst)
    print("\n".join(f"WRONG: {it}" for it in wrong) or "all bounds hold")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
