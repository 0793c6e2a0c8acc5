"""
A worker of ``cli_blog.py``.  Every line of its input is what to do, as JSON; for each it
prints the answer, how often it has asked the source, and when it last did.
"""

import itertools
import json
import os
import re
import sys
import time

import blog

import migratekit._meter
from migratekit import User
from migratekit.errors import MigrateKitError
from migratekit.sources.sql import SQLSource


PATIENCE = 60.0

# So that nobody waits a minute for the figures of the source.
migratekit._meter._INTERVAL = 0.0
asked = []
find = SQLSource._find


def noted(source, identifier):
    asked.append(time.time())
    return find(source, identifier)


SQLSource._find = noted
connection = blog.make_connection()
numbers = itertools.count()


def outcome(identifier, password):
    """
    Return what came of a login, in one word.
    """
    try:
        result = connection.authenticate(identifier, password)
    except MigrateKitError as error:
        name = type(error).__name__.removesuffix("Error")
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return getattr(error, "reason", words)
    if result.migrated:
        return "moved"
    return "back" if isinstance(result.user, User) else "as_ever"


def log_in(*people):
    """
    Let people log in one after the other, and return what came of each.
    """
    return [outcome(*person) for person in people]


def strangers_until(reason):
    """
    Let one stranger after the other try, until one is refused for *reason*.

    Returns what came of each.
    """
    until = time.monotonic() + PATIENCE
    outcomes = []
    while outcomes[-1:] != [reason] and time.monotonic() < until:
        stranger = f"stranger{next(numbers)}-{os.getpid()}@example.org"
        outcomes.append(outcome(stranger, "guess"))
        time.sleep(0.02)
    return outcomes


def follow(version):
    """
    Wait for a version of the settings, and return what is in force.
    """
    until = time.monotonic() + PATIENCE
    while blog.live.version < version and time.monotonic() < until:
        time.sleep(0.02)
    return blog.live.version


COMMANDS = {each.__name__: each for each in (log_in, strangers_until, follow)}

for line in sys.stdin:
    command, *arguments = json.loads(line)
    answer = COMMANDS[command](*arguments)
    print(json.dumps([answer, len(asked), max(asked, default=0)]), flush=True)
