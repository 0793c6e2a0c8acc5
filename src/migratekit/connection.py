"""
The front door: a new store, a legacy source, and every way an account goes.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from migratekit import _flows
from migratekit._assembly import SystemClock, assemble, refuse_async_parts
from migratekit._ending import Ending
from migratekit._flows import login
from migratekit._flows.context import Credentials, Secret
from migratekit._guard import Guard
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
    Clock,
    EventSink,
    LegacySource,
    PasswordHasher,
    Rule,
    UserStore,
)
from migratekit.throttle import Throttle
from migratekit.validation import Validator


if TYPE_CHECKING:
    from migratekit.settings import FollowedSettings

_POLICY = MigrationPolicy()
_VALIDATOR = Validator()
_CLOCK = SystemClock()


@attrs.frozen(init=False, repr=False)
class Connection(Ending):
    """
    Moves users out of *source* into *store* when they log in.

    Immutable, and safe to share between threads.  Making one computes a hash, and asks
    neither the store nor the source; only *settings* are read.

    Args:
        store: The new home, a `migratekit.UserStore`.

        source: The legacy home, a `migratekit.LegacySource`.

        source_name:
            Goes in front of every legacy id, for good: 1 to 64 letters, digits, dots,
            dashes or underscores.  A store that knows another name refuses.

        policy: What is allowed; see `migratekit.MigrationPolicy`.

        validator: Checks users before they are stored.

        hasher: Makes and checks the hashes of the store; argon2id by default.

        rules: Callables that may deny a login after the right password.

        listeners: Callables that are told every event; by default one that logs.

        secret_key:
            Signs password-change tokens: at least 16 bytes, or several such keys,
            newest first.

        clock: Tells the time and sleeps.

        hash_queue:
            Bounds how many hashes are computed at a time, and how many callers wait;
            by default one for all connections of the process.
        throttle:
            Limits guesses; by default a `migratekit.throttles.memory.MemoryThrottle`
            of this connection's own.

        settings:
            Go before *policy*, but for its ``password_check``, and may put an end to
            the source: see `migratekit.management.Management.live()`.  They are read
            once when the connection is made, and followed by every operation.

    Raises:
        migratekit.errors.ConfigurationError:
            If the parts do not fit together, or there are no settings.

        migratekit.errors.StoreUnavailableError: If the settings cannot be read.
    """

    def __init__(
        self,
        store: UserStore,
        source: LegacySource,
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
        throttle: Throttle | None = None,
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
            guard=Guard,
            hash_queue=hash_queue,
            throttle=throttle,
        )
        refuse_async_parts(context, ports)
        super().__init__(context, ports, followed(settings, context, ports))

    # --- Logging in ------------------------------------------------------------

    def authenticate(
        self, identifier: str, password: str, *, client: str | None = None
    ) -> Authenticated:
        """
        Return whose e-mail or username, and password, these are.

        A stored user is checked in the store and nowhere else.  Anybody else is checked
        by the source; if it says yes, they are stored.

        Args:
            identifier: What was typed.
            password: What was typed.
            client:
                Whose attempts are counted as well, whoever they try to be: an address,
                say, or the first half of one of IPv6.

        Raises:
            migratekit.errors.TooManyAttemptsError:
                If too many attempts have failed to make another one now.

            migratekit.errors.InvalidCredentialsError:
                If they do not belong together, or are no possible input.

            migratekit.errors.AccountBlockedError:
                If the password is right, and the account blocked.

            migratekit.errors.PasswordChangeRequiredError:
                If the password is right, and must be changed first.

            migratekit.errors.AccessDeniedError: If a rule denied.

            migratekit.errors.ProfileInvalidError:
                If the password is right, and the user may not be stored as they are.

            migratekit.errors.PasswordRejectedError:
                If the policy refuses weak legacy passwords, and this is one.

            migratekit.errors.LegacyUnavailableError:
                If the source had to be asked and did not answer.

            migratekit.errors.StoreUnavailableError:
                If the store did not answer.

            migratekit.errors.OverloadedError:
                If too many passwords are being checked; nobody was looked up.
        """
        attempt = Credentials(identifier, Secret(password), client)
        del password
        return self._run(login.authenticate, attempt)

    # --- Signing up ------------------------------------------------------------

    def sign_up(
        self,
        email: str,
        password: str,
        *,
        username: str | None = None,
        profile: Mapping[str, JSON] | None = None,
        client: str | None = None,
    ) -> User:
        """
        Store a new user whom neither the store nor the source knows.

        Their e-mail counts as unverified.  *client* is whose requests are counted; see
        `authenticate()`.

        Raises:
            migratekit.errors.TooManyAttemptsError:
                If *client* has to wait.

            migratekit.errors.UserExistsError:
                If the store or the source knows the e-mail or the username, or one is
                reserved.

            migratekit.errors.ProfileInvalidError: If the profile is not valid.
            migratekit.errors.PasswordRejectedError: If the password breaks the rules.
            migratekit.errors.AccessDeniedError: If the policy allows no sign-up.
            migratekit.errors.OverloadedError: As `authenticate()` does.
            migratekit.errors.LegacyUnavailableError: If the source did not answer.
            migratekit.errors.LookupUnsupportedError: If the source cannot look up.
        """
        secret = Secret(password)
        del password
        application = _flows.sign_up.apply(
            email, secret, username=username, profile=profile, client=client
        )
        return self._run(_flows.sign_up.sign_up, application)

    def create_user(
        self,
        email: str,
        *,
        password: str | None = None,
        username: str | None = None,
        email_verified: bool = False,
        profile: Mapping[str, JSON] | None = None,
    ) -> User:
        """
        Store a new user as an administrator, with the checks of `sign_up()`.

        Works also where the policy allows no sign-up.  Without a password they have to
        reset it before their first login.

        Raises:
            migratekit.errors.MigrateKitError: As `sign_up()` does.
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
        return self._run(_flows.sign_up.create_user, application)

    # --- Passwords -------------------------------------------------------------

    def start_password_change(
        self, email: str, *, client: str | None = None
    ) -> PasswordChange | None:
        """
        Return a token to mail to the address that is returned with it.

        None if nobody has this e-mail or username: answer people alike in both cases.
        Nothing is written.  Requests are counted by *email*, and by *client* if there
        is one; see `authenticate()`.

        Raises:
            migratekit.errors.TooManyAttemptsError:
                If too many were made to make another one now.

            migratekit.errors.LegacyUnavailableError: If the source did not answer.
            migratekit.errors.LookupUnsupportedError: If the source cannot look up.
            migratekit.errors.ConfigurationError:
                If there is no ``secret_key``, ``rehearse`` is on, or ``import_mode`` is
                off and the user is not stored.
        """
        return self._run(_flows.reset.start, email, client)

    def finish_password_change(self, token: str, new_password: str) -> User:
        """
        Set the password of whom *token* was made for.

        A user who has not moved is stored, with everything that the source's
        ``get_user`` returns.  A mailed token proves the e-mail address.

        Raises:
            migratekit.errors.InvalidTokenError:
                If the token is forged or expired, or the account has changed since.

            migratekit.errors.PasswordRejectedError:
                If the password breaks the rules; the token stays good.

            migratekit.errors.ProfileInvalidError: If the user may not be stored.
            migratekit.errors.OverloadedError:
                As `authenticate()` does; the token stays good.

            migratekit.errors.LegacyUnavailableError: If the source did not answer.
        """
        secret, password = Secret(token), Secret(new_password)
        del token, new_password
        return self._run(_flows.reset.finish, secret, password)

    def change_password(
        self, identifier: str, old: str, new: str, *, client: str | None = None
    ) -> User:
        """
        Set a new password for whoever proves the old one.

        A user who has not moved is stored, with the new password.

        Raises:
            migratekit.errors.PasswordRejectedError: If *new* breaks the rules.
            migratekit.errors.MigrateKitError: As `authenticate()` does.
        """
        attempt = Credentials(identifier, Secret(old), client)
        password = Secret(new)
        del old, new
        return self._run(_flows.passwords.change_password, attempt, password)

    def set_password(self, user_id: str, new: str) -> User:
        """
        Set a stored user's password, as an administrator.

        Raises:
            migratekit.errors.UserNotFoundError: If nobody has this id.
            migratekit.errors.PasswordRejectedError: If *new* breaks the rules.
        """
        password = Secret(new)
        del new
        return self._run(_flows.passwords.set_password, user_id, password)

    # --- Accounts --------------------------------------------------------------

    def get_user(self, identifier: str) -> User | LegacyUser | None:
        """
        Return the stored user, or, for somebody who has not moved, the source's.

        None if nobody has this e-mail or username.  Nothing is written.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the source did not answer.
            migratekit.errors.LookupUnsupportedError: If the source cannot look up.
        """
        return self._run(_flows.figures.get_user, identifier)

    def change_email(
        self, user_id: str, email: str, *, email_verified: bool = False
    ) -> User:
        """
        Give a stored user another e-mail address.

        The old one stays retired: nobody is moved by it any more.  Whoever was imported
        without a hash and has not logged in yet is asked for at the source by the new
        address, which it may not know: have them reset their password.

        Args:
            user_id: The store's id.
            email: The new address.
            email_verified:
                Whether the application has proved that it is theirs.  A proof of the
                same address stays.

        Raises:
            migratekit.errors.UserNotFoundError: If nobody has this id.
            migratekit.errors.UserExistsError:
                If another user has it, in the store or in the source.

            migratekit.errors.ProfileInvalidError: If it is not valid.
            migratekit.errors.LegacyUnavailableError: If the source did not answer.
        """
        return self._run(
            _flows.accounts.change_email, user_id, email, email_verified=email_verified
        )

    def change_username(self, user_id: str, username: str | None) -> User:
        """
        Give a stored user another username, or none.

        Raises:
            migratekit.errors.MigrateKitError: As `change_email()` does.
        """
        return self._run(_flows.accounts.change_username, user_id, username)

    def block(self, user_id: str) -> User:
        """
        Let a stored user in no more.

        Raises:
            migratekit.errors.UserNotFoundError: If nobody has this id.
        """
        return self._run(_flows.accounts.block, user_id)

    def unblock(self, user_id: str) -> User:
        """
        Let a blocked user in again.

        Raises:
            migratekit.errors.UserNotFoundError: If nobody has this id.
        """
        return self._run(_flows.accounts.unblock, user_id)

    def delete_user(self, user_id: str) -> None:
        """
        Remove a stored user.

        The ledger remembers that they moved, so that a login by the legacy password
        does not bring them back; see `readmit()`.

        Raises:
            migratekit.errors.UserNotFoundError: If nobody has this id.
        """
        return self._run(_flows.accounts.delete_user, user_id)

    def readmit(self, legacy_id: str) -> None:
        """
        Forget that a deleted user of the source ever moved, so that they may again.

        Everything is as before they moved: the source decides on their password, and a
        link from before they moved is good again within its ``token_lifetime``.

        Args:
            legacy_id: ``source_name|user_id``, as in `migratekit.User.legacy_id`.

        Raises:
            migratekit.errors.UserExistsError: If the user is stored.
            migratekit.errors.ConfigurationError:
                If it is no id of this connection's source, or the store cannot.
        """
        return self._run(_flows.accounts.readmit, legacy_id)
