"""
The front door for programs with an event loop.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from migratekit import _flows
from migratekit._assembly import AsyncSystemClock, assemble
from migratekit._ending import AsyncEnding
from migratekit._flows import login
from migratekit._flows.context import Credentials, Secret
from migratekit._guard import AsyncGuard
from migratekit._parts import followed
from migratekit._tokens import Sealed, SecretKey
from migratekit.events import log_event
from migratekit.hashing import SHARED, HashQueue
from migratekit.models import (
    JSON,
    Authenticated,
    LegacyUser,
    PasswordChange,
    User,
)
from migratekit.passwords import RFC_9106_LOW_MEMORY
from migratekit.policy import MigrationPolicy
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    Clock,
    EventSink,
    LegacySource,
    PasswordHasher,
    Rule,
    UserStore,
)
from migratekit.throttle import AsyncThrottle, Throttle
from migratekit.validation import Validator


if TYPE_CHECKING:
    from migratekit.settings import FollowedSettings

_POLICY = MigrationPolicy()
_VALIDATOR = Validator()
_CLOCK = AsyncSystemClock()


@attrs.frozen(init=False, repr=False)
class AsyncConnection(AsyncEnding):
    """
    `Connection` with coroutines: the same flows, the same arguments, the same errors.

    Store and source may be sync or async, in any mix.  What blocks runs in a worker
    thread, hashing included, so that it never blocks the event loop.

    Listeners and rules may be coroutine functions; the hasher may not.
    """

    def __init__(
        self,
        store: UserStore | AsyncUserStore,
        source: LegacySource | AsyncLegacySource,
        *,
        source_name: str = "legacy",
        policy: MigrationPolicy = _POLICY,
        validator: Validator = _VALIDATOR,
        hasher: PasswordHasher = RFC_9106_LOW_MEMORY,
        rules: Iterable[Rule] = (),
        listeners: Iterable[EventSink] = (log_event,),
        secret_key: SecretKey | None = None,
        clock: Clock = _CLOCK,
        hash_queue: HashQueue = SHARED,
        throttle: Throttle | AsyncThrottle | None = None,
        settings: "FollowedSettings | None" = None,
    ) -> None:
        sealed = None if secret_key is None else Sealed(secret_key)
        del secret_key
        context, ports = assemble(
            store,
            source,
            source_name=source_name,
            policy=policy,
            validator=validator,
            hasher=hasher,
            rules=rules,
            listeners=listeners,
            secret_key=sealed,
            clock=clock,
            guard=AsyncGuard,
            hash_queue=hash_queue,
            throttle=throttle,
        )
        super().__init__(context, ports, followed(settings, context, ports))

    # --- Logging in ------------------------------------------------------------

    async def authenticate(
        self, identifier: str, password: str, *, client: str | None = None
    ) -> Authenticated:
        """
        See `Connection.authenticate()`.
        """
        attempt = Credentials(identifier, Secret(password), client)
        del password
        return await self._run(login.authenticate, attempt)

    # --- Signing up ------------------------------------------------------------

    async def sign_up(
        self,
        email: str,
        password: str,
        *,
        username: str | None = None,
        profile: Mapping[str, JSON] | None = None,
        client: str | None = None,
    ) -> User:
        """
        See `Connection.sign_up()`.
        """
        secret = Secret(password)
        del password
        application = _flows.sign_up.apply(
            email, secret, username=username, profile=profile, client=client
        )
        return await self._run(_flows.sign_up.sign_up, application)

    async def create_user(
        self,
        email: str,
        *,
        password: str | None = None,
        username: str | None = None,
        email_verified: bool = False,
        profile: Mapping[str, JSON] | None = None,
    ) -> User:
        """
        See `Connection.create_user()`.
        """
        secret = None if password is None else Secret(password)
        del password
        application = _flows.sign_up.apply(
            email,
            secret,
            username=username,
            profile=profile,
            email_verified=email_verified,
        )
        return await self._run(_flows.sign_up.create_user, application)

    # --- Passwords -------------------------------------------------------------

    async def start_password_change(
        self, email: str, *, client: str | None = None
    ) -> PasswordChange | None:
        """
        See `Connection.start_password_change()`.
        """
        return await self._run(_flows.reset.start, email, client)

    async def finish_password_change(self, token: str, new_password: str) -> User:
        """
        See `Connection.finish_password_change()`.
        """
        secret, password = Secret(token), Secret(new_password)
        del token, new_password
        return await self._run(_flows.reset.finish, secret, password)

    async def change_password(
        self, identifier: str, old: str, new: str, *, client: str | None = None
    ) -> User:
        """
        See `Connection.change_password()`.
        """
        attempt = Credentials(identifier, Secret(old), client)
        password = Secret(new)
        del old, new
        return await self._run(_flows.passwords.change_password, attempt, password)

    async def set_password(self, user_id: str, new: str) -> User:
        """
        See `Connection.set_password()`.
        """
        password = Secret(new)
        del new
        return await self._run(_flows.passwords.set_password, user_id, password)

    # --- Accounts --------------------------------------------------------------

    async def get_user(self, identifier: str) -> User | LegacyUser | None:
        """
        See `Connection.get_user()`.
        """
        return await self._run(_flows.figures.get_user, identifier)

    async def change_email(
        self, user_id: str, email: str, *, email_verified: bool = False
    ) -> User:
        """
        See `Connection.change_email()`.
        """
        return await self._run(
            _flows.accounts.change_email, user_id, email, email_verified=email_verified
        )

    async def change_username(self, user_id: str, username: str | None) -> User:
        """
        See `Connection.change_username()`.
        """
        return await self._run(_flows.accounts.change_username, user_id, username)

    async def block(self, user_id: str) -> User:
        """
        See `Connection.block()`.
        """
        return await self._run(_flows.accounts.block, user_id)

    async def unblock(self, user_id: str) -> User:
        """
        See `Connection.unblock()`.
        """
        return await self._run(_flows.accounts.unblock, user_id)

    async def delete_user(self, user_id: str) -> None:
        """
        See `Connection.delete_user()`.
        """
        return await self._run(_flows.accounts.delete_user, user_id)

    async def readmit(self, legacy_id: str) -> None:
        """
        See `Connection.readmit()`.
        """
        return await self._run(_flows.accounts.readmit, legacy_id)
