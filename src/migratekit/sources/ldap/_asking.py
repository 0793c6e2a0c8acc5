"""
What all LDAP sources share: where the directory is, how long to wait, what to read.
"""

import ssl
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
import sansldap

from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    MigrateKitError,
)
from migratekit.models import LegacyUser
from migratekit.sources._limits import positive, verifying
from migratekit.sources.ldap._entries import (
    INET_ORG_PERSON,
    Attributes,
    Flags,
    attributes_of,
    user_of_entry,
)
from migratekit.sources.ldap._flavours import Flavour, Standard
from migratekit.sources.ldap._terms import server_of
from migratekit.sources.ldap._wire import (
    NO_SUCH_OBJECT,
    SIZE_LIMIT,
    SUCCESS,
    Directory,
    Entry,
    Limits,
    Session,
)
from migratekit.validation import canonical


T = TypeVar("T")


def _context_of(tls: ssl.SSLContext | None) -> ssl.SSLContext:
    return verifying(ssl.create_default_context() if tls is None else tls)


def _urls(urls: str | Sequence[str]) -> tuple[str, ...]:
    given = (urls,) if isinstance(urls, str) else tuple(urls or ())
    if not given:
        raise ConfigurationError("An LDAP source needs a server.")
    for url in given:
        server_of(url)
    return given


@attrs.frozen(repr=False, eq=False)
class Asking:
    """
    What both kinds of source are given: where the directory is, and how long to wait.
    """

    _urls: tuple[str, ...] = attrs.field(converter=_urls, alias="urls")
    _tls: ssl.SSLContext = attrs.field(
        default=None, converter=_context_of, alias="tls", kw_only=True
    )
    _plain: bool = attrs.field(
        default=False, alias="send_passwords_unencrypted", kw_only=True
    )
    _connect: float = attrs.field(
        default=2.0, validator=positive, alias="connect_timeout", kw_only=True
    )
    _receive: float = attrs.field(
        default=5.0, validator=positive, alias="receive_timeout", kw_only=True
    )
    _total: float = attrs.field(
        default=10.0, validator=positive, alias="deadline", kw_only=True
    )
    _attributes: Attributes = attrs.field(
        default=attributes_of(INET_ORG_PERSON),
        converter=attributes_of,
        alias="attributes",
        kw_only=True,
    )
    flavour: Flavour = attrs.field(factory=Standard, init=False)

    @property
    def directory(self) -> Directory:
        """
        Where to ask.

        Raises:
            migratekit.errors.ConfigurationError: If nothing verifies certificates now.
        """
        servers = tuple(map(server_of, self._urls))
        limits = Limits(self._connect, self._receive, self._total)
        return Directory(servers, verifying(self._tls), self._plain is True, limits)

    def __repr__(self) -> str:
        servers = ", ".join(str(server_of(url)) for url in self._urls)
        return f"{type(self).__name__}({servers!r})"

    def read(
        self,
        session: Session,
        where: str,
        scope: sansldap.SearchScope,
        what: sansldap.LDAPFilter,
    ) -> Entry | None:
        """
        Return the one entry that *what* finds, or None.

        Raises:
            migratekit.errors.AmbiguousUserError: If there is more than one.
            migratekit.errors.LegacyUnavailableError: If the search did not end well.
        """
        names = dict.fromkeys((*self._attributes.names, *self.flavour.attributes))
        outcome, entries = session.search(where, scope, what, tuple(names))
        if len(entries) > 1:
            raise AmbiguousUserError("The filter finds more than one entry.")
        if outcome.code == SUCCESS:
            return entries[0] if entries else None
        if outcome.code == SIZE_LIMIT:
            raise LegacyUnavailableError("the server's own size limit is too small")
        if outcome.code == NO_SUCH_OBJECT and scope is sansldap.SearchScope.BASE:
            return None
        if outcome.code == NO_SUCH_OBJECT:
            raise LegacyUnavailableError("there is no such base, or we may not see it")
        raise LegacyUnavailableError(f"the server says {outcome.code} to a search")

    def user(
        self, entry: Entry, identifier: str, flags: Flags | None = None
    ) -> LegacyUser | None:
        """
        Return the user of *entry*, or None if it only looks like *identifier*.

        Raises:
            migratekit.errors.ContractError: As `user_of_entry()` does.
        """
        told = self.flavour.flags(entry)
        flags = flags or Flags()
        both = Flags(
            told.blocked or flags.blocked,
            told.must_change_password or flags.must_change_password,
        )
        return user_of_entry(entry, self._attributes, both, identifier)

    def check_identity(self, session: Session, entry: Entry) -> None:
        """
        See to it that the server takes us for *entry*, where it can say so.

        Raises:
            migratekit.errors.ContractError: If it does not.
        """
        # A server, or a proxy before it, may say yes to an anonymous bind.
        who = session.who_am_i()
        if who is not None and not self.flavour.is_whom(who, entry):
            raise ContractError("The server takes us for somebody else after the bind.")


def values_of(identifier: str) -> dict[str, str] | None:
    """
    Return what stands for the places of a template, or None if nobody has that name.
    """
    try:
        return {
            "identifier": canonical(identifier, strategy_version=1).value,
            "canonical": canonical(identifier).value,
        }
    except ValueError:
        return None


def asked(question: Callable[[], T]) -> T:
    """
    Return the answer to *question*; whatever goes wrong is an outage.
    """
    try:
        return question()
    except MigrateKitError as exc:
        error = exc
    except Exception as exc:  # noqa: BLE001 -- a socket, TLS or a parser
        error = LegacyUnavailableError(type(exc).__name__)
    # No frame that has seen a password is in the traceback of this one.
    error.__traceback__ = error.__context__ = error.__cause__ = None
    raise error
