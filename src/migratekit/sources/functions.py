"""
A source made of one or two functions.
"""

from collections.abc import Callable
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import attrs

from migratekit.errors import ConfigurationError, LookupUnsupportedError


Answer_co = TypeVar("Answer_co", covariant=True)


class _Lookup(Protocol[Answer_co]):
    def get_user(self, identifier: str, /) -> Answer_co: ...


def _refuse(identifier: str, /) -> NoReturn:  # noqa: ARG001
    raise LookupUnsupportedError


def _given(function: Callable[[str], Answer_co] | None) -> Callable[[str], Answer_co]:
    return _refuse if function is None else function


def _callable(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if not callable(value):
        raise ConfigurationError(f"{attribute.name} must be callable.")


@attrs.frozen
class FunctionSource(Generic[Answer_co]):
    """
    Asks functions, or coroutine functions: then it is an `AsyncLegacySource`.

    What they return and raise is passed on as it is; see
    `migratekit.protocols.LegacySource` for what they owe.

    Args:
        login:
            Takes an identifier and a password.

        get_user:
            Takes an identifier.  Without it, ``get_user`` raises
            `migratekit.errors.LookupUnsupportedError`.

    Raises:
        migratekit.errors.ConfigurationError: If one of them cannot be called.
    """

    # Attributes and not methods, so that a coroutine function can be seen as one.  Not
    # in the repr, because a partial shows the arguments that are bound to it.
    login: Callable[[str, str], Answer_co] = attrs.field(
        validator=_callable, repr=False
    )
    get_user: Callable[[str], Answer_co] = attrs.field(
        default=None, converter=_given, validator=_callable, repr=False
    )

    def with_lookup(self, other: _Lookup[Answer_co], /) -> "FunctionSource[Answer_co]":
        """
        Return a source that logs in as this one does, and looks up in *other*.

        Args:
            other: A source, or anything that has ``get_user``.
        """
        return FunctionSource(self.login, other.get_user)
