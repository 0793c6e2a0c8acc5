"""
What several files of logins need: an address, an old hash, and what goes wrong.
"""

import argon2

from migratekit.errors import UnusableHashError


OLD = argon2.PasswordHasher(
    memory_cost=16, time_cost=1, parallelism=1, type=argon2.Type.I
)
ADA = "ada@example.com"


def down():
    raise OSError("gone away")


def unusable(identifier, password, /):
    raise UnusableHashError("$P$…", "it is cut")
