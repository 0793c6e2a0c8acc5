"""
Sources that ask a directory whether it lets somebody in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import attrs
import sansldap

from migratekit.errors import (
    ConfigurationError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources._lookup import Lookup, Vouched, WithLookup, known
from migratekit.sources.ldap._asking import Asking, asked, values_of
from migratekit.sources.ldap._entries import Flags
from migratekit.sources.ldap._flavours import ActiveDirectory, Flavour, Verdict
from migratekit.sources.ldap._terms import (
    DNPattern,
    FilterTemplate,
    dn_pattern,
    filter_template,
)
from migratekit.sources.ldap._wire import SUCCESS, Entry, Session
from migratekit.validation import is_possible_password, loosely


_ANYTHING: Final = sansldap.FilterPresent("objectClass")


def _text(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if type(value) is not str or not value:
        raise ConfigurationError(f"{attribute.name.strip('_')} must be text.")


@attrs.frozen(repr=False, eq=False)
class LDAPSource(Asking):
    """
    Looks an entry up with an account of its own, then binds as that entry.

    Args:
        urls:
            ``ldaps://host``, or ``ldap://host``, which is encrypted by StartTLS before
            anything else is said.  Of several the first that lets us connect is asked.

        base_dn:
            Where to look, and everywhere below.

        bind_dn:
            The account that may look; without it the search is anonymous.

        bind_password:
            Its password.

        filter:
            An RFC 4515 filter that finds one entry at most.  ``{identifier}`` is what
            was typed, trimmed; ``{canonical}`` its form of
            `migratekit.validation.canonical()`.  They are values, whatever is in them.

        attributes:
            What an attribute means: a field of `migratekit.models.LegacyUser`, or
            ``profile.KEY``.  The e-mail or the username must be what the filter looks
            for, because an entry that has not what was typed is somebody else's.

        tls:
            For a CA of your own: ``ssl.create_default_context(cafile=…)``.  Certificate
            and host name are verified; a context that does not is refused.

        send_passwords_unencrypted:
            True for ``ldap://`` without StartTLS: everybody on the way can read every
            password, the one of *bind_dn* too.

        connect_timeout:
            Seconds to reach a server.

        receive_timeout:
            Seconds for one answer of it.

        deadline:
            Seconds for everything.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    _base_dn: str = attrs.field(alias="base_dn", kw_only=True, validator=_text)
    _bind_dn: str | None = attrs.field(
        default=None,
        alias="bind_dn",
        kw_only=True,
        validator=attrs.validators.optional(_text),
    )
    _bind_password: str | None = attrs.field(
        default=None,
        alias="bind_password",
        kw_only=True,
        validator=attrs.validators.optional(_text),
    )
    _filter: FilterTemplate = attrs.field(
        default=filter_template(
            "(&(objectClass=inetOrgPerson)(|(mail={canonical})(uid={canonical})))"
        ),
        converter=filter_template,
        alias="filter",
        kw_only=True,
    )

    def __attrs_post_init__(self) -> None:
        if (self._bind_dn is None) is not (self._bind_password is None):
            raise ConfigurationError("bind_dn and bind_password belong together.")

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if the directory lets them bind, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the directory did not answer, or not so that it says something.

            migratekit.errors.ContractError:
                If two entries were found, or one of somebody else.
        """
        values = values_of(identifier)
        if values is None or not is_possible_password(password):
            return None
        return asked(lambda: self._log_in(identifier, values, password))

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if there is no entry.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the directory did not answer, or not so that it says something.

            migratekit.errors.ContractError:
                If two entries were found, or one of somebody else.
        """
        values = values_of(identifier)
        if values is None:
            return None
        return asked(lambda: self._look_up(identifier, values))

    def _look_up(self, identifier: str, values: dict[str, str]) -> LegacyUser | None:
        directory = self.directory
        with directory.session(directory.deadline()) as session:
            entry = self._found(session, values)
        return None if entry is None else self.user(entry, identifier)

    def _log_in(
        self, identifier: str, values: dict[str, str], password: str
    ) -> LegacyUser | None:
        directory = self.directory
        deadline = directory.deadline()
        with directory.session(deadline) as session:
            entry = self._found(session, values)
        if entry is None:
            return None
        # Before the bind: the password is not shown to the entry of somebody else.
        user = self.user(entry, identifier)
        if user is None:
            return None

        with directory.session(deadline, session.server) as session:
            verdict = self.flavour.verdict(session.bind(entry.dn, password))
            if verdict is Verdict.YES:
                self.check_identity(session, entry)
        if verdict is Verdict.NO:
            return None
        flags = Flags(verdict is Verdict.BLOCKED, verdict is Verdict.MUST_CHANGE)
        return self.user(entry, identifier, flags)

    def _found(self, session: Session, values: dict[str, str]) -> Entry | None:
        if self._bind_dn is not None and self._bind_password is not None:
            outcome = session.bind(self._bind_dn, self._bind_password)
            if outcome.code != SUCCESS:
                raise LegacyUnavailableError(
                    f"the server says {outcome.code} to the account that looks up"
                )
        return self.read(
            session,
            self._base_dn,
            sansldap.SearchScope.SUBTREE,
            self._filter.filled(values),
        )


@attrs.frozen(repr=False, eq=False)
class BindPatternSource(Asking):
    """
    Binds by a distinguished name that is made of what was typed, with no account of its
    own; then reads that entry.

    Cannot look anybody up without the password: ``get_user`` raises
    `migratekit.errors.LookupUnsupportedError`.

    Args:
        urls:
            As for `LDAPSource`, and so are the other arguments that it shares.

        pattern:
            ``uid={canonical},ou=people,dc=example,dc=com``.  ``{identifier}`` and
            ``{canonical}`` are put in escaped by RFC 4514.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    _pattern: DNPattern = attrs.field(
        converter=dn_pattern, alias="pattern", kw_only=True
    )

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if the directory lets them bind, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the directory did not answer, or not so that it says something.

            migratekit.errors.LookupUnsupportedError:
                If users may not read their own entry: `with_lookup()` helps.

            migratekit.errors.ContractError: If the entry is somebody else's.
        """
        return known(self.vouch(identifier, password))

    def get_user(self, identifier: str, /) -> NoReturn:
        """
        Raise `migratekit.errors.LookupUnsupportedError`.
        """
        raise LookupUnsupportedError

    def with_lookup(self, other: Lookup, /) -> WithLookup:
        """
        Return a source that logs in as this one does, and looks up in *other*.
        """
        return WithLookup(self, other)

    def vouch(self, identifier: str, password: str, /) -> LegacyUser | Vouched | None:
        """
        Return the user, or only that the password is theirs, or None.
        """
        values = values_of(identifier)
        if values is None or not is_possible_password(password):
            return None
        return asked(lambda: self._log_in(identifier, values, password))

    def _log_in(
        self, identifier: str, values: dict[str, str], password: str
    ) -> LegacyUser | Vouched | None:
        directory = self.directory
        name = self._pattern.filled(values)
        with directory.session(directory.deadline()) as session:
            verdict = self.flavour.verdict(session.bind(name, password))
            if verdict is Verdict.NO:
                return None
            self.check_identity(session, Entry(name, {}))
            entry = self.read(session, name, sansldap.SearchScope.BASE, _ANYTHING)
        if entry is not None:
            return self.user(entry, identifier)
        # To a directory, letters of other widths or with accents may be the same; and
        # nothing here says whose password it was.
        plain = loosely(identifier) == values["canonical"]
        return Vouched() if plain else None


_AD_ATTRIBUTES: Final = {
    "objectGUID": "user_id",
    "displayName": "name",
    "givenName": "given_name",
    "sn": "family_name",
    "whenCreated": "created_at",
}


@attrs.frozen(repr=False, eq=False)
class _ActiveDirectorySource(LDAPSource):
    flavour: Flavour = attrs.field(factory=ActiveDirectory, init=False)


def active_directory(
    urls: str | Sequence[str],
    *,
    base_dn: str,
    bind_dn: str,
    bind_password: str,
    email: str = "mail",
    username: str | None = "sAMAccountName",
    attributes: Mapping[str, str] | None = None,
    **options: Any,
) -> LDAPSource:
    """
    Return a source for Active Directory.

    Args:
        urls:
            ``ldaps://`` of the domain controllers.

        base_dn:
            Such as ``DC=corp,DC=example,DC=com``.

        bind_dn:
            The account that may look: its distinguished name, or ``name@domain``.

        bind_password:
            Its password.

        email:
            The attribute that people log in by and that is their e-mail: ``mail``, or
            ``userPrincipalName``.

        username:
            The attribute that they may log in by besides, or None.

        attributes:
            What other attributes mean; see `LDAPSource`.  By default, the names of a
            person and when they were created.

        options:
            What `LDAPSource` takes besides.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """
    ways = {email: "email", **({username: "username"} if username else {})}
    tests = "".join(f"({name}={{canonical}})" for name in ways)
    options = {
        # Not computers, which are users there, too.
        "filter": f"(&(objectCategory=person)(objectClass=user)(|{tests}))",
        **options,
    }
    return _ActiveDirectorySource(
        urls,
        base_dn=base_dn,
        bind_dn=bind_dn,
        bind_password=bind_password,
        attributes={**(attributes or _AD_ATTRIBUTES), "objectGUID": "user_id", **ways},
        **options,
    )
