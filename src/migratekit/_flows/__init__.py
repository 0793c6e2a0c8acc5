"""
Every decision, without I/O: coroutines that await steps and nothing else.

Rules of these files:

* A step is the only thing that touches a port.
* A security answer is compared with ``is True``.
* No local variable holds a password, a hash or a token as plain text; they stay inside
  values whose ``repr`` does not show them.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from migratekit._flows import (
        accounts,
        figures,
        gate,
        leftovers,
        passwords,
        reset,
        sign_up,
    )


# What is not needed for a login is imported when it is first asked for: it would be a
# tenth of the time that `import migratekit` takes.
__all__ = [
    "accounts",
    "figures",
    "gate",
    "leftovers",
    "passwords",
    "reset",
    "sign_up",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
