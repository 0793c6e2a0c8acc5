"""
Bugs that a process plants in itself, for the checker to find.
"""

import time

from migratekit import Connection
from migratekit.models import Authenticated
from migratekit.stores import _sql_operations


def _remembered():
    """
    Whoever got in gets in for another 100 ms, whatever has become of the password.
    """
    authenticate = Connection.authenticate
    seen = {}

    def remembered(self, *credentials):
        user, until = seen.get(credentials, (None, 0))
        if time.monotonic() < until:
            return Authenticated(user, migrated=False)
        login = authenticate(self, *credentials)
        seen[credentials] = login.user, time.monotonic() + 0.1
        return login

    Connection.authenticate = remembered


def _no_version():
    """
    A record is replaced whatever has become of it since it was read.
    """

    def is_version(record):
        return (_sql_operations.users.c.id == record.user.id,)

    _sql_operations._is_version = is_version


BUGS = {"remembered": _remembered, "no version": _no_version}


def plant(name):
    """
    Plant a bug in this process; None for none.
    """
    if name is not None:
        BUGS[name]()
