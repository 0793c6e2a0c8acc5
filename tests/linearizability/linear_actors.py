"""
Threads that do things to people through a connection, and tell of each.
"""

import hashlib
import itertools
import random
import threading
import time
from collections import defaultdict

import attrs
from linear_account import IDENTIFIERS, LEGACY, PASSWORDS, Shown
from linear_checker import Operation

from migratekit import LegacyUser
from migratekit.errors import MigrateKitError
from migratekit.imports import ImportReport
from migratekit.models import Authenticated, ImportRecord, StoredHash, User


_FIGURES = ("inserted", "already_migrated", "conflicts", "invalid")
# What the source has stored of the password of everybody.
_STORED = StoredHash(hashlib.sha256(LEGACY.encode()).hexdigest())
_now = threading.local()


@attrs.frozen
class Person:
    """
    A user of the source, by number; every name of theirs follows from it.
    """

    number: int

    @property
    def names(self):
        return {
            "email": f"p{self.number}@linear.example",
            "second": f"p{self.number}@second.example",
            "username": f"user{self.number}",
        }

    def legacy(self):
        return LegacyUser(
            user_id=f"{self.number}",
            email=self.names["email"],
            username=self.names["username"],
        )

    def is_in(self, record):
        """
        Return whether a record is theirs, or has one of their names.
        """
        user = record.user
        return not {user.email, user.username}.isdisjoint(self.names.values())

    def called(self, name):
        """
        Return which of their names an address is; itself, if it is none.
        """
        return next((own for own, text in self.names.items() if text == name), name)


def make_id(step, ports):
    """
    Return an id that tells which operation made the user, in place of `MakeId`.
    """
    return f"{_now.key}.{next(_now.ids)}"


def maker_of(user_id):
    return user_id.partition(".")[0]


class Shared:
    """
    What the threads of a process have learnt in a round: ids, tokens and passwords.
    """

    def __init__(self, door, told, crowd, deeds):
        self.door = door
        self.told = told
        self.crowd = crowd
        self.deeds = deeds
        self.ids = defaultdict(list)
        self.tokens = defaultdict(list)
        self.passwords = defaultdict(lambda: [LEGACY])


class Actor:
    """
    A thread that does things to everybody of a round.
    """

    def __init__(self, name, seed, shared):
        self.name = name
        self.rng = random.Random(seed)
        self.shared = shared
        self._numbers = itertools.count()

    def act(self, begin):
        time.sleep(max(0, begin - time.monotonic_ns()) / 1e9)
        for _ in range(self.shared.deeds):
            person = self.rng.choice(self.shared.crowd)
            theme = _THEMES[person.number % len(_THEMES)]
            deed = self.rng.choices([*theme], [*theme.values()])[0]
            deed(self, person)

    def call(self, person, name, args, method, *real):
        """
        Do something, tell of it, and return the answer; None if it failed.
        """
        key = f"{self.name}-{next(self._numbers)}"
        _now.key, _now.ids = key, itertools.count()
        operation = Operation(
            key, name, args, time.monotonic_ns(), account=person.number
        )
        self.shared.told.send(operation)
        answer = None
        try:
            answer = getattr(self.shared.door, method)(*real)
            ended = time.monotonic_ns()
            result = self._result(person, answer)
        except MigrateKitError as error:
            ended = time.monotonic_ns()
            result = type(error).__name__
        self.shared.told.send(attrs.evolve(operation, ended=ended, result=result))
        if name == "start" and answer is not None:
            self.shared.tokens[person].append((key, answer.token))
        return answer

    def _result(self, person, answer):
        migrated = None
        if isinstance(answer, Authenticated):
            answer, migrated = answer.user, answer.migrated
        if isinstance(answer, User):
            self.shared.ids[person].append(answer.id)
            email = person.called(answer.email)
            return Shown(maker_of(answer.id), email, answer.blocked, migrated)
        if isinstance(answer, LegacyUser):
            return "in the source"
        if isinstance(answer, ImportReport):
            return next(name for name in _FIGURES if getattr(answer, name))
        return answer if answer is None else person.called(answer.email)

    def identifier(self):
        return self.rng.choice(IDENTIFIERS[:2] * 2 + IDENTIFIERS)

    def password(self, person):
        """
        Return one that may be right.
        """
        return self.rng.choice((*self.shared.passwords[person][-2:], *PASSWORDS))

    def learn(self, person, password):
        self.shared.passwords[person].append(password)


def _login(actor, person):
    args = (actor.identifier(), actor.password(person))
    actor.call(person, "login", args, "authenticate", person.names[args[0]], args[1])


def _change_password(actor, person):
    args = (actor.identifier(), actor.password(person), actor.rng.choice(PASSWORDS))
    name = "change_password"
    if actor.call(person, name, args, name, person.names[args[0]], *args[1:]):
        actor.learn(person, args[2])


def _start(actor, person):
    args = (actor.identifier(),)
    actor.call(person, "start", args, "start_password_change", person.names[args[0]])


def _finish(actor, person):
    if not actor.shared.tokens[person]:
        _start(actor, person)
        return
    key, token = actor.rng.choice(actor.shared.tokens[person][-3:])
    new = actor.rng.choice(PASSWORDS)
    args = (key, new)
    if actor.call(person, "finish", args, "finish_password_change", token, new):
        actor.learn(person, new)


def _get(actor, person):
    args = (actor.identifier(),)
    actor.call(person, "get", args, "get_user", person.names[args[0]])


def _to_user(name, method, choices=()):
    """
    Return a deed that is done to somebody's id, or looks for it.
    """

    def deed(actor, person):
        if not actor.shared.ids[person]:
            _get(actor, person)
            return
        user_id = actor.rng.choice(actor.shared.ids[person][-3:])
        more = [actor.rng.choice(choices)] if choices else []
        real = [person.names.get(one, one) for one in more]
        args = (maker_of(user_id), *more)
        answer = actor.call(person, name, args, method, user_id, *real)
        if name == "set_password" and answer:
            actor.learn(person, more[0])

    return deed


def _sign_up(actor, person):
    args = (actor.rng.choice(("email", "second")), actor.rng.choice(PASSWORDS))
    actor.call(person, "sign_up", args, "sign_up", person.names[args[0]], args[1])


def _readmit(actor, person):
    actor.call(person, "readmit", (), "readmit", f"shop|{person.number}")


def _import(actor, person):
    hashed = actor.rng.random() < 0.5
    record = ImportRecord(
        user_id=f"{person.number}",
        email=person.names["email"],
        username=person.names["username"],
        password=_STORED if hashed else None,
    )
    actor.call(person, "import", (hashed,), "import_users", [record])


_set_password = _to_user("set_password", "set_password", PASSWORDS)
_block = _to_user("block", "block")
_unblock = _to_user("unblock", "unblock")
_delete = _to_user("delete", "delete_user")
_change_email = _to_user("change_email", "change_email", ("email", "second"))

# What happens to people, and how often.
_THEMES = (
    {_login: 6, _change_password: 3, _set_password: 2, _finish: 3, _import: 1},
    {_login: 6, _delete: 2, _readmit: 2, _import: 2, _sign_up: 2, _finish: 1},
    {_login: 6, _change_email: 4, _sign_up: 3, _delete: 1, _finish: 1, _get: 1},
    {_login: 6, _block: 3, _unblock: 2, _change_password: 2, _set_password: 1},
)
