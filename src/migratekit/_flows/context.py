"""
What all flows of a connection share, and what somebody typed.
"""

from collections.abc import Sequence

import attrs

from migratekit._fields import Shown
from migratekit._steps import AskLogin, AskUser, IsCutOver, TakeNews, Tell
from migratekit._tokens import Signer
from migratekit.errors import ConfigurationError, ContractError, MigrateKitError
from migratekit.events import Event, Operation, SourceMissed
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    LegacyUser,
    Retirement,
)
from migratekit.policy import MigrationPolicy
from migratekit.protocols import EventSink, Rule
from migratekit.validation import (
    IDENTIFIER_CHARACTERS,
    canonical,
    loosely,
    spellings,
)


# How often a lost compare-and-swap is tried again, where trying again makes sense.
ATTEMPTS = 8


@attrs.frozen(repr=False)
class Context(Shown):
    """
    What an application decided when it made its connection.
    """

    policy: MigrationPolicy
    source_name: str
    rules: Sequence[Rule]
    listeners: Sequence[EventSink]
    signer: Signer | None = attrs.field(repr=False)

    def legacy_id(self, legacy: LegacyUser) -> str:
        """
        Return the id under which *legacy* stands in the store and the ledger.
        """
        return f"{self.source_name}|{legacy.user_id}"

    def check_writes(self) -> None:
        """
        Make sure that anything may be written at all.

        Raises:
            migratekit.errors.ConfigurationError: If this is a rehearsal.
        """
        if self.policy.rehearse:
            raise ConfigurationError("Nothing is stored while rehearse is on.")

    def check_moves(self) -> None:
        """
        Make sure that users may be stored who are not stored yet.

        Raises:
            migratekit.errors.ConfigurationError: If nobody is moved.
        """
        self.check_writes()
        if not self.policy.import_mode:
            raise ConfigurationError("Nobody is stored while import_mode is off.")

    def tokens(self) -> Signer:
        """
        Return the signer.

        Raises:
            migratekit.errors.ConfigurationError: If there is no ``secret_key``.
        """
        if self.signer is None:
            raise ConfigurationError("Password-change tokens need a secret_key.")
        return self.signer


@attrs.frozen(repr=False)
class Secret(Shown):
    """
    A password or a token on its way.
    """

    value: str = attrs.field(repr=False)


@attrs.frozen(repr=False)
class Credentials(Shown):
    """
    What somebody typed into a login form.
    """

    identifier: str
    password: Secret
    client: str | None = None


@attrs.frozen(repr=False)
class Asked(Shown):
    """
    An identifier as it is asked for.

    Args:
        typed: As typed, trimmed: what the source gets.
        key: In the connection's canonical form: what the store gets.
        person: In version-2 form: what the source's answer is compared with.
    """

    typed: str
    key: Identifier
    person: Identifier

    @property
    def ledger_key(self) -> LedgerKey:
        """
        Return the key in the ledger.
        """
        return LedgerKey(self.key.kind, self.key.value)

    @property
    def counted_as(self) -> str:
        """
        Return what attempts are counted by: one name for all that look alike.

        A source may take one for the other, and in version 1 letter case as well.
        """
        # Of some letters, eighteen are made.
        return loosely(self.person.value)[:IDENTIFIER_CHARACTERS]


def asked_for(ctx: Context, identifier: object) -> Asked | None:
    """
    Return how to ask for *identifier*, or None if it is bad input.
    """
    try:
        key = canonical(identifier, strategy_version=ctx.policy.strategy_version)
        person = canonical(identifier)
    except ValueError:
        return None
    return Asked(str(identifier).strip(), key, person)


def check_identity(asked: Asked, legacy: LegacyUser) -> None:
    """
    Make sure that the source answered for whom it was asked.

    MySQL's default collation finds ``a@x`` for ``á@x``, and that is another person.

    Raises:
        migratekit.errors.ContractError: If it did not.
    """
    email = asked.person.kind is KeyKind.EMAIL
    try:
        answered = canonical(legacy.email if email else legacy.username)
    except ValueError:
        answered = None
    if answered != asked.person:
        raise ContractError("The source returned another user than it was asked for.")


async def ask_source(ctx: Context, question: AskLogin | AskUser) -> LegacyUser | None:
    """
    Ask the source, and tell the listeners if it was suspended or resumed by that, and
    now and then how it did.
    """
    try:
        answer = await question
    except MigrateKitError:
        await _tell_news(ctx)
        raise
    await _tell_news(ctx)
    return answer


async def _tell_news(ctx: Context) -> None:
    for event in await TakeNews():
        await tell(ctx, event)


async def ask_user(
    ctx: Context, asked: Asked, operation: Operation | None
) -> LegacyUser | None:
    """
    Ask the source's ``get_user``, for the typed form, the canonical one, and the others
    that the same person may be known by.

    Behind the cut-over it is told that *operation* has asked in vain; None if that is
    told already.
    """
    forms = dict.fromkeys((asked.typed, asked.key.value))
    seen = {form.lower() for form in forms}
    others = (form for form in spellings(asked.person) if form not in seen)
    for identifier in (*forms, *others):
        legacy = await ask_source(ctx, AskUser(identifier))
        if legacy is not None:
            check_identity(asked, legacy)
            return legacy
    await tell_missed(ctx, asked, operation)
    return None


async def tell_missed(
    ctx: Context,
    asked: Asked,
    operation: Operation | None,
    retirement: Retirement | None = None,
) -> None:
    """
    Tell that *operation* would have asked the source, were it not for the cut-over.

    Where a *retirement* is in the way, that is only so of those who were left behind.
    """
    if operation is None or await IsCutOver() is not True:
        return
    if retirement is None or retirement.reason == "reserved":
        event = SourceMissed(identifier=asked.typed, operation=operation)
        await tell(ctx, event)


async def tell(ctx: Context, event: Event) -> None:
    """
    Tell all listeners that *event* happened.
    """
    for listener in ctx.listeners:
        await Tell(listener, event)
