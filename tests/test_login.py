"""
One login, step by step, as the design has them.
"""

import logging
from functools import partial

import argon2
import pytest
from world import READS, WRITES, email

from migratekit import LegacyUser, MigrationPolicy, Validator
from migratekit.errors import (
    AccountBlockedError,
    AmbiguousUserError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    StaleRecordError,
    StoreUnavailableError,
    UnusableHashError,
    UserExistsError,
    Violation,
)
from migratekit.events import (
    LoginRefused,
    LoginSucceeded,
    PasswordRehashed,
    RehashFailed,
    SourceSuspended,
    UserMigrated,
)
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    Origin,
    Record,
    StoredHash,
    User,
)
from migratekit.passwords import Argon2Hasher
from migratekit.sources.functions import FunctionSource
from migratekit.testing import CHEAPEST


OLD = argon2.PasswordHasher(
    memory_cost=16, time_cost=1, parallelism=1, type=argon2.Type.I
)
STRONGER = Argon2Hasher(memory_cost=16, time_cost=1, parallelism=1)
ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(scene):
    """
    Somebody in the site, with everything a site may know.
    """
    return scene.site.add(
        "1",
        "Ada@Example.com",
        "pw",
        username="Ada",
        email_verified=True,
        profile={"name": "Ada", "tags": ["a", {"b": None}]},
        user_metadata={"theme": "dark"},
        app_metadata={"role": "admin"},
    )


def down():
    raise OSError("gone away")


def weak(password):
    return [Violation("weak", "password", "Too weak.")] if password == "pw" else ()


# --- 2: found with a hash ----------------------------------------------------------


def test_stored(scene, ada):
    """
    A stored user with a hash is let in by the store; the source is not asked.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.calls.clear()
    scene.site.down = True

    again = scene.connection.authenticate(ADA, "pw")

    assert not again.migrated
    assert scene.find(ADA).user == again.user
    assert [] == scene.site.calls


def test_stored_wrong_password(scene, ada):
    """
    After a wrong password for a stored user, the source is not asked either.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.passwords["1"] = "newer in the source"
    scene.site.calls.clear()

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "newer in the source")

    assert "wrong_password" == caught.value.reason
    assert [] == scene.site.calls


@pytest.mark.parametrize("typed", [" ADA@example.COM ", "aDa", "ada@example.com"])
def test_any_case(scene, ada, typed):
    """
    A user is found by e-mail and username, in any case and with blanks around it.
    """
    first = scene.connection.authenticate(typed, "pw")
    second = scene.connection.authenticate(typed.swapcase(), "pw")

    assert (True, False) == (first.migrated, second.migrated)
    assert first.user == second.user


def test_stored_blocked(scene, ada):
    """
    A blocked user is told so, but only after the right password.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.block(user.id)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")


def test_stored_must_change(scene, ada):
    """
    A stored user who must change the password gets a token, only after the right one.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.overwrite(ADA, must_change_password=True)

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert not user.must_change_password
    assert user == scene.connection.authenticate(ADA, "new").user


def test_stored_blocked_must_change(scene):
    """
    Somebody who is blocked and must change the password is blocked.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), blocked=True, must_change_password=True)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


def test_must_change_without_key(scene):
    """
    Without a secret key there is no token.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connect(secret_key=None).authenticate(ADA, "pw")

    assert caught.value.token is None


@pytest.mark.parametrize("encoded", ["", "$2b$12$x", "$argon2id$v=19$m=8,t=1,p=1$"])
def test_unusable_hash(scene, encoded):
    """
    A stored hash that cannot be used refuses, and is told by its reason.
    """
    scene.store_user(ADA, encoded)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason
    assert ["unusable_hash"] == [e.reason for e in scene.told(LoginRefused)]
    assert [] == scene.site.calls


def test_rehash(scene):
    """
    A hash of another cost is renewed at a login, and nothing else changes.
    """
    user = scene.store_user(ADA, OLD.hash("pw"), profile={"name": "Ada"})

    result = scene.connection.authenticate(ADA, "pw")

    record = scene.find(ADA)
    assert result.user == record.user
    assert 2 == record.version
    assert not CHEAPEST.needs_rehash(record.password_hash)
    assert CHEAPEST.verify("pw", record.password_hash)
    assert user.profile == record.user.profile
    assert scene.clock.now() == record.user.updated_at
    assert [PasswordRehashed(user_id=user.id)] == scene.told(PasswordRehashed)


@pytest.mark.parametrize("wrapped", [False, True])
def test_no_downgrade(scene, wrapped):
    """
    A hash of higher cost stays: servers with other parameters must not take turns.
    """
    user = scene.store_user(ADA, STRONGER.hash("pw"))
    stored = scene.snapshot()
    hasher = LegacyHasher(CHEAPEST, presets.wordpress()) if wrapped else CHEAPEST

    result = scene.connect(hasher=hasher).authenticate(ADA, "pw")

    assert user == result.user
    assert stored == scene.snapshot()


def test_rehash_not_for_blocked(scene):
    """
    Nothing is written for a blocked user.
    """
    scene.store_user(ADA, OLD.hash("pw"), blocked=True)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


def test_rehash_failure(scene):
    """
    A new hash that cannot be written is a logged success, and the old one stays.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    stored = scene.snapshot()
    scene.store.before("replace", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert user == result.user
    assert stored == scene.snapshot()
    assert [RehashFailed(user_id=user.id)] == scene.told(RehashFailed)
    assert [LoginSucceeded(user_id=user.id, migrated=False)] == scene.told(
        LoginSucceeded
    )


def test_rehash_hasher_failure(scene):
    """
    A hasher that fails to hash does not lock a right password out.
    """

    class Tired:
        verify = staticmethod(CHEAPEST.verify)
        needs_rehash = staticmethod(CHEAPEST.needs_rehash)
        hashes = 0

        def hash(self, password, /):
            self.hashes += 1
            if self.hashes > 1:  # The decoy's was the first.
                raise MemoryError
            return CHEAPEST.hash(password)

    user = scene.store_user(ADA, OLD.hash("pw"))

    result = scene.connect(hasher=Tired()).authenticate(ADA, "pw")

    assert user == result.user
    assert [RehashFailed(user_id=user.id)] == scene.told(RehashFailed)


def test_rehash_acknowledgement_lost(scene):
    """
    A new hash that was written although the store broke off is a renewed one.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    scene.store.after("replace", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).user == result.user
    assert [PasswordRehashed(user_id=user.id)] == scene.told(PasswordRehashed)
    assert [] == scene.told(RehashFailed)


def test_swap_lost_same_hash(scene):
    """
    A swap lost to somebody who kept the hash: the new record is let in.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": True}))

    result = scene.connection.authenticate(ADA, "pw")

    assert {"new": True} == result.user.profile
    assert 2 == scene.find(ADA).version


def test_swap_lost_same_password(scene):
    """
    A swap lost to a parallel login with the same password: both are let in.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.authenticate(ADA, "pw"))

    result = scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).user == result.user
    assert 2 == scene.find(ADA).version


def test_swap_lost_other_password(scene):
    """
    A swap lost to a change of the password: the old one is refused, unwritten.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.set_password(user.id, "new"))

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "wrong_password" == caught.value.reason
    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)
    assert [] == scene.site.calls


def test_swap_is_for_the_verified_record(scene):
    """
    A password that changes while the old one is hashed afresh is not overwritten.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()

    class Overtaken:
        verify = staticmethod(CHEAPEST.verify)
        needs_rehash = staticmethod(CHEAPEST.needs_rehash)

        def hash(self, password, /):
            if password == "pw":
                other.set_password(user.id, "new")
            return CHEAPEST.hash(password)

    connection = scene.connect(hasher=Overtaken())

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "pw")

    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"blocked": True}, AccountBlockedError),
        ({"must_change_password": True}, PasswordChangeRequiredError),
        (
            {"blocked": True, "password_hash": CHEAPEST.hash("pw")},
            AccountBlockedError,
        ),
    ],
)
def test_swap_lost_then_judged(scene, changes, error):
    """
    A swap lost to a block or a demand: the new record is judged, whatever its hash.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    scene.store.before("replace", lambda: scene.overwrite(ADA, **changes))

    with pytest.raises(error):
        scene.connection.authenticate(ADA, "pw")

    assert 2 == scene.find(ADA).version
    assert [] == scene.told(LoginSucceeded)


def test_swap_lost_to_a_deletion(scene):
    """
    A swap lost to a deletion: nobody is let in.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "gone" == caught.value.reason
    assert scene.find(ADA) is None
    assert 4 == scene.store.count(*READS)


def test_swap_lost_to_another_password(scene):
    """
    A swap lost to a password change looks up as often as every refusal.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.set_password(user.id, "new password"))

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert 4 == scene.store.count(*READS)


# --- 3: found without a hash ---------------------------------------------------------


def test_preloaded(scene, ada):
    """
    A pre-loaded user is checked by the source at the first login, and never again.
    """
    user = scene.preload("1", ADA)

    first = scene.connection.authenticate(ADA, "pw")
    scene.site.passwords["1"] = "newer in the source"
    second = scene.connection.authenticate(ADA, "pw")

    assert (True, False) == (first.migrated, second.migrated)
    assert (user.id, "shop|1") == (first.user.id, first.user.legacy_id)
    assert scene.clock.now() == first.user.migrated_at
    assert not first.user.email_verified
    assert {} == first.user.profile
    assert [("login", ADA)] == scene.site.calls
    assert [
        UserMigrated(user_id=user.id, legacy_id="shop|1", origin=Origin.IMPORT)
    ] == scene.told(UserMigrated)


def test_preloaded_wrong_password(scene, ada):
    """
    A pre-loaded user's wrong password is refused.
    """
    scene.preload("1", ADA)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "wrong")

    assert "unknown_or_wrong" == caught.value.reason


def test_preloaded_outage(scene, ada):
    """
    A pre-loaded user whose source is silent may try again.
    """
    scene.preload("1", ADA)
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    scene.site.down = False
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_preloaded_suspension(scene, ada):
    """
    That the source is left alone now is told by the login of a pre-loaded user, too.
    """
    scene.preload("1", ADA)
    scene.site.down = True
    connection = scene.connect(policy=MigrationPolicy(legacy_failures=1))

    with scene.refused(LegacyUnavailableError):
        connection.authenticate(ADA, "pw")

    assert 1 == len(scene.told(SourceSuspended))


def test_preloaded_unusable_hash(scene, ada):
    """
    A pre-loaded user whose legacy hash cannot be used is refused.
    """
    scene.preload("1", ADA)
    scene.site.login = unusable

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason


def test_preloaded_other_person(scene, ada):
    """
    The source vouches for another legacy id than the stored one: nobody is let in.
    """
    scene.preload("2", ADA)

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def test_no_password(scene, ada):
    """
    A user with neither a hash nor a legacy id is refused; the source is not asked.
    """
    scene.store_user(ADA, None)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert [] == scene.site.calls


@pytest.mark.parametrize("where", ["store", "source"])
def test_preloaded_blocked(scene, ada, where):
    """
    A pre-loaded user who is blocked on either side is told so.
    """
    scene.preload("1", ADA, blocked=where == "store")
    scene.site.change("1", blocked=where == "source")

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("where", ["store", "source"])
def test_preloaded_must_change(scene, ada, where):
    """
    A pre-loaded user must change the password if either side says so, and then has.
    """
    scene.preload("1", ADA, must_change_password=where == "store")
    scene.site.change("1", must_change_password=where == "source")

    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert not user.email_verified
    assert user == scene.connection.authenticate(ADA, "new").user


def test_preloaded_race_with_password_change(scene, ada):
    """
    The swap is lost to a reset: the old legacy password is refused.
    """
    scene.preload("1", ADA)
    other = scene.beside()
    change = other.start_password_change(ADA)
    scene.store.before(
        "replace", lambda: other.finish_password_change(change.token, "new")
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


def test_preloaded_race_with_login(scene, ada):
    """
    Two first logins of a pre-loaded user: both are let in, one has moved them.
    """
    scene.preload("1", ADA)
    other = scene.beside()
    scene.store.before("replace", lambda: other.authenticate(ADA, "pw"))

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 2 == scene.find(ADA).version


@pytest.mark.parametrize("must_change", [True, False])
def test_preloaded_race_with_hash(scene, ada, must_change):
    """
    The swap is lost to a hash: it is judged, and renewed, as that of any stored user.
    """
    scene.preload("1", ADA)

    hashed = OLD.hash("pw")
    write = partial(scene.overwrite, ADA, password_hash=hashed)
    scene.store.before("replace", partial(write, must_change_password=must_change))

    if must_change:
        with pytest.raises(PasswordChangeRequiredError) as caught:
            scene.connection.authenticate(ADA, "pw")
        assert caught.value.token
    else:
        assert not scene.connection.authenticate(ADA, "pw").migrated
        assert CHEAPEST.verify("pw", scene.find(ADA).password_hash)


def test_preloaded_race_with_profile(scene, ada):
    """
    The swap is lost to a write that left no hash: the source's yes still counts.
    """
    scene.preload("1", ADA)
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": True}))

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert {"new": True} == result.user.profile
    assert [("login", ADA)] == scene.site.calls


def test_preloaded_race_with_block(scene, ada):
    """
    The swap is lost to a block: the new record is judged.
    """
    scene.preload("1", ADA)
    scene.store.before("replace", lambda: scene.overwrite(ADA, blocked=True))

    with pytest.raises(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None


def test_preloaded_race_with_deletion(scene, ada):
    """
    The swap is lost to a deletion: nobody is let in, nobody comes back.
    """
    user = scene.preload("1", ADA)
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA) is None


def test_preloaded_race_with_another(scene, ada):
    """
    The identifier went to somebody without a password: the source's yes is not theirs.
    """
    user = scene.preload("1", ADA)
    other = scene.beside()

    def hand_over():
        other.delete_user(user.id)
        other.create_user(ADA)

    scene.store.before("replace", hand_over)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert scene.find(ADA).password_hash is None


def test_preloaded_race_with_another_preloaded(scene, ada):
    """
    The identifier went to another pre-loaded user: the source's yes is not theirs.
    """
    user = scene.preload("1", ADA)
    grace = scene.preload("2", "grace@example.com")
    other = scene.beside()

    def hand_over():
        other.delete_user(user.id)
        other.change_email(grace.id, ADA)

    scene.store.before("replace", hand_over)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert (grace.id, None) == (
        scene.find(ADA).user.id,
        scene.find(ADA).password_hash,
    )


def test_preloaded_busy(scene, ada):
    """
    A record that changes at every try ends in an error, not in a loop.
    """
    scene.preload("1", ADA)
    for number in range(8):
        scene.store.before(
            "replace",
            lambda number=number: scene.overwrite(ADA, profile={"number": number}),
        )

    with pytest.raises(StaleRecordError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None


# --- 4: not found, and retired --------------------------------------------------------


def test_retired(scene, ada):
    """
    A retired identifier that nobody has is refused without the source.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    scene.site.calls.clear()

    for identifier in (ADA, "ada"):
        with scene.refused(InvalidCredentialsError) as caught:
            scene.connection.authenticate(identifier, "pw")
        assert "retired" == caught.value.reason

    assert [] == scene.site.calls


@pytest.mark.parametrize("password", ["pw", "wrong"])
def test_moved_since_the_first_look(scene, ada, password):
    """
    A first login finished between the two looks: the store is looked into once more.
    """
    other = scene.beside()
    scene.store.before("retired", lambda: other.authenticate(ADA, "pw"))

    if password == "wrong":
        with pytest.raises(InvalidCredentialsError):
            scene.connection.authenticate(ADA, password)
    else:
        assert not scene.connection.authenticate(ADA, password).migrated

    assert [("login", ADA), ("get_user", "Ada")] == scene.site.calls


def test_preloaded_since_the_first_look(scene, ada):
    """
    An import finished between the two looks: the pre-loaded user is let in.
    """
    scene.store.before("retired", lambda: scene.preload("1", ADA))

    assert scene.connection.authenticate(ADA, "pw").migrated


@pytest.mark.parametrize("answer", ["none", "outage"])
@pytest.mark.parametrize("preloaded", [False, True])
def test_moved_while_the_source_says_no(scene, ada, answer, preloaded):
    """
    Whoever was moved while the source was asked is let in by the store, also if the
    source knows them no more, or has gone.
    """
    if preloaded:
        scene.preload("1", ADA)
    other = scene.beside()
    login = scene.site.login

    def meanwhile(identifier, password, /):
        scene.site.login = login
        other.authenticate(ADA, "pw")
        if answer == "outage":
            raise OSError("gone")

    scene.site.login = meanwhile

    assert not scene.connection.authenticate(ADA, "pw").migrated


def test_reserved(scene, ada):
    """
    A reserved identifier is refused without the source.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert [] == scene.site.calls


# --- 5: not found ----------------------------------------------------------------------


@pytest.mark.parametrize("by", ["email", "username"])
def test_identifier_of_another(scene, by):
    """
    Nobody takes along the other identifier of somebody whom the source knows by it.
    """
    scene.site.add("1", ADA, "ada's", username="ada")
    if by == "username":
        scene.site.add("2", ADA, "mallory's", username="mallory")
        typed, code = "mallory", "email_taken"
    else:
        scene.site.add("2", "mallory@example.com", "mallory's", username="ada")
        typed, code = "mallory@example.com", "username_taken"

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate(typed, "mallory's")

    assert [code] == [violation.code for violation in caught.value.violations]
    assert scene.connection.authenticate(ADA, "ada's").migrated


@pytest.mark.parametrize("typed", ["ada", ADA])
def test_identifier_of_several(scene, typed):
    """
    Nobody takes along an identifier that the source knows several users by.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    scene.site.ambiguous.add("ada" if typed == ADA else ADA)
    code = "username_taken" if typed == ADA else "email_taken"

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate(typed, "pw")

    assert [code] == [violation.code for violation in caught.value.violations]


def test_typed_identifier_of_several(scene, ada):
    """
    By an identifier of several users nobody is let in, whoever's password it is.
    """
    scene.site.ambiguous.add(ADA)

    with scene.refused(AmbiguousUserError):
        scene.connection.authenticate(ADA, "pw")


def test_identifier_of_another_in_an_outage(scene):
    """
    Whose the other identifier is must be known before somebody is stored.
    """
    scene.site.add("1", ADA, "pw", username="ada")

    def get_user(identifier, /):
        raise OSError

    scene.site.get_user = get_user

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")


def test_identifier_that_cannot_be_looked_up(scene):
    """
    A source that cannot look up lets its users take along what it says they have.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    connection = scene.connect(source=FunctionSource(scene.source.login))

    assert "ada" == connection.authenticate(ADA, "pw").user.username


def test_first_login(scene, ada):
    """
    A first login copies the allow-list, in canonical form, with a fresh hash.
    """
    result = scene.connection.authenticate(" ADA@example.com", "pw")

    record = scene.find(ADA)
    user = record.user
    assert result.migrated
    assert user == result.user
    assert (ADA, "ada") == (user.email, user.username)
    assert ("shop|1", Origin.LOGIN) == (user.legacy_id, user.origin)
    assert user.email_verified
    assert ada.profile == user.profile
    assert ada.user_metadata == user.user_metadata
    assert ada.app_metadata == user.app_metadata
    assert scene.clock.now() == user.migrated_at == user.updated_at
    assert user.created_at is None
    assert 1 == record.version
    assert CHEAPEST.verify("pw", record.password_hash)
    # Asked whose the username is, which came along.
    calls = [("login", "ADA@example.com"), ("get_user", "Ada")]
    assert calls == scene.site.calls
    for kind, value in (("email", ADA), ("username", "ada"), ("legacy_id", "shop|1")):
        assert scene.is_retired(KeyKind(kind), value)
    assert [
        UserMigrated(user_id=user.id, legacy_id="shop|1", origin=Origin.LOGIN),
        LoginSucceeded(user_id=user.id, migrated=True),
    ] == scene.events


def test_unverified(scene, ada):
    """
    An e-mail that the source has no proof of is unverified here, too.
    """
    scene.site.change("1", email_verified=False)

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert not scene.find(ADA).user.email_verified


def test_unknown(scene):
    """
    Somebody nobody knows is refused.
    """
    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate("bob@example.com", "pw")

    assert "unknown_or_wrong" == caught.value.reason
    assert [
        LoginRefused(identifier="bob@example.com", reason="unknown_or_wrong")
    ] == scene.events


def test_wrong_legacy_password(scene, ada):
    """
    A wrong legacy password writes nothing, and the right one still works.
    """
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")

    assert scene.connection.authenticate(ADA, "pw").migrated


@pytest.mark.parametrize(
    "error",
    [
        LegacyUnavailableError("busy"),
        OSError("gone"),
        KeyError("pw"),
        StopIteration(),
        TimeoutError(),
        ExceptionGroup("many", [OSError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_outage(scene, ada, error):
    """
    Whatever the source raises: an outage is never a wrong password.
    """

    def login(identifier, password, /):
        raise error

    scene.site.login = login

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    assert ["legacy_unavailable"] == [e.reason for e in scene.told(LoginRefused)]


@pytest.mark.parametrize(
    "error", [InvalidCredentialsError(""), StoreUnavailableError(), ContractError("")]
)
def test_source_raises_ours(scene, ada, error):
    """
    A source that raises an error which is none of a source's breaks its contract.
    """

    def login(identifier, password, /):
        raise error

    scene.site.login = login

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def unusable(identifier, password, /):
    raise UnusableHashError("$P$…", "it is cut")


def test_unusable_legacy_hash(scene, ada):
    """
    A legacy hash that cannot be used is refused like a wrong password.
    """
    scene.site.login = unusable

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason
    assert ["unusable_hash"] == [e.reason for e in scene.told(LoginRefused)]


@pytest.mark.parametrize("answer", [True, False, 1, "ada", {}, (None,), object()])
def test_wrong_type(scene, ada, answer):
    """
    An answer that is no `LegacyUser`, True included, lets nobody in.
    """
    scene.site.login = lambda identifier, password, /: answer

    with scene.refused(ContractError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert type(answer).__name__ in str(caught.value)


def test_no_hash_leaves(scene):
    """
    Of a source's answer nothing goes on but what a `LegacyUser` has, not even a hash.
    """
    record = ImportRecord(user_id="1", email=ADA, password=StoredHash("a hash"))
    scene.site.login = scene.site.get_user = lambda *asked: record
    off = scene.connect(policy=MigrationPolicy(import_mode=False))

    assert LegacyUser is type(scene.connection.get_user(ADA))
    assert LegacyUser(user_id="1", email=ADA) == off.authenticate(ADA, "pw").user


def test_coroutine(memory):
    """
    A coroutine from a source behind a sync connection lets nobody in.
    """

    async def login(identifier, password):
        raise AssertionError

    memory.site.login = lambda identifier, password, /: login(identifier, password)

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("user_id", ["", "x" * 256, "a\nb", "a\0", "\ud800", "a\u200b"])
def test_impossible_user_id(scene, user_id):
    """
    A user_id that is empty, too long or not printable breaks the contract.
    """
    scene.site.add(user_id, ADA, "pw")

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def test_longest_user_id(scene):
    """
    A user_id of 255 characters is one, separators and blanks included.
    """
    user_id = ("a|b é" * 51)[:255]
    scene.site.add(user_id, ADA, "pw")

    result = scene.connection.authenticate(ADA, "pw")

    assert f"shop|{user_id}" == result.user.legacy_id


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("á@example.com", {"email": "a@example.com"}),
        ("a@example.com", {"email": "á@example.com"}),
        ("a@example.com", {"email": None, "username": "a@example.com"}),
        ("a@example.com", {"email": "a@example.com\0"}),
        ("a@example.com", {"email": ""}),
        ("anna", {"email": "a@example.com", "username": None}),
        ("anna", {"email": "anna", "username": "ánna"}),
        ("straße", {"email": "a@example.com", "username": "strasse"}),
        ("fi", {"email": "a@example.com", "username": "ﬁ"}),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_identity(scene, typed, answered, version):
    """
    The source must answer for whom it was asked, whatever its collation thinks.
    """
    policy = MigrationPolicy(strategy_version=version)
    person = LegacyUser(user_id="1", **answered)
    scene.site.login = lambda identifier, password, /: person

    with scene.refused(ContractError):
        scene.connect(policy=policy).authenticate(typed, "pw")


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("ADA@EXAMPLE.COM", "ada@example.com"),
        ("ada@example.com", " Ada@Example.Com "),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BU\u0308CHER.example", "ada@bücher.example"),
    ],
)
def test_same_identity(scene, typed, answered):
    """
    Case, blanks, composition and the writing of a domain make no other person.
    """
    person = LegacyUser(user_id="1", email=answered)
    scene.site.login = lambda identifier, password, /: person

    result = scene.connection.authenticate(typed, "pw")

    assert scene.find(typed).user == result.user


def test_legacy_blocked(scene, ada):
    """
    Somebody blocked in the source is told so after the right password, and not moved.
    """
    scene.site.change(
        "1", blocked=True, must_change_password=True, email="Ada@Example.com"
    )

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")

    scene.site.change("1", blocked=False, must_change_password=False)
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_legacy_invalid(scene, ada):
    """
    All violations of a profile come at once, and nothing is stored.
    """
    scene.connection.sign_up("bob@example.com", "pw", username="bob")
    scene.site.change("1", email="no address", username="bob")
    validator = Validator(
        rules=[lambda user: [Violation("too_old", "age", "Too old.")]]
    )
    scene.site.login = lambda identifier, password, /: scene.site.people["1"]

    with scene.refused(ContractError):
        scene.connect(validator=validator).authenticate(ADA, "pw")
    scene.site.change("1", email="Ada@-", username="bob")
    with scene.refused(ProfileInvalidError) as caught:
        scene.connect(validator=validator).authenticate("ada@-", "pw")

    codes = [violation.code for violation in caught.value.violations]
    assert ["email_invalid", "too_old", "username_taken"] == codes
    assert ["contract", "profile_invalid"] == [
        e.reason for e in scene.told(LoginRefused)
    ]


def test_missing_email(scene):
    """
    A source's user without an e-mail is not stored, and told so, not "wrong password".
    """
    scene.site.add("1", None, "pw", username="ada")

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate("ada", "pw")

    assert "email_missing" == caught.value.violations[0].code


def test_legacy_must_change(scene, ada):
    """
    Somebody who must change the password first is not moved before they have.
    """
    scene.site.change("1", must_change_password=True, email_verified=False)

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate("ada", "wrong")
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate("ada", "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert (Origin.PASSWORD_CHANGE, False) == (user.origin, user.email_verified)
    assert not scene.connection.authenticate(ADA, "new").migrated
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_admitted(scene, ada, preloaded):
    """
    ``admit``: a weak legacy password lets in (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="admit")

    assert scene.connect(policy=policy).authenticate(ADA, "pw").migrated


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_must_change(scene, ada, preloaded):
    """
    ``must_change``: a weak legacy password gets a token that finishes (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    connection = scene.connect(policy=MigrationPolicy(password_check=weak))

    with scene.refused(PasswordChangeRequiredError) as caught:
        connection.authenticate(ADA, "pw")
    with scene.refused(PasswordRejectedError):
        connection.finish_password_change(caught.value.token, "pw")

    user = connection.finish_password_change(caught.value.token, "better")
    assert user == connection.authenticate(ADA, "better").user


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_refused(scene, ada, preloaded):
    """
    ``refuse``: a weak legacy password gets its own error (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")

    with scene.refused(PasswordRejectedError) as caught:
        scene.connect(policy=policy).authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connect(policy=policy).authenticate(ADA, "wrong")

    assert ("weak",) == tuple(v.code for v in caught.value.violations)
    assert "password_rejected" == scene.told(LoginRefused)[0].reason


def test_weak_stored(scene):
    """
    A stored password is never judged at a login.
    """
    scene.connection.sign_up(ADA, "pw")
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")

    assert not scene.connect(policy=policy).authenticate(ADA, "pw").migrated


def test_failing_password_check(scene, ada):
    """
    A password check that raises lets nobody in, and shows nothing of the password.
    """

    def check(password):
        raise ValueError(password)

    policy = MigrationPolicy(password_check=check)

    with scene.refused(ContractError) as caught:
        scene.connect(policy=policy).authenticate(ADA, "pw")

    assert "ValueError" in str(caught.value)
    assert "'pw'" not in str(caught.value)


@pytest.mark.parametrize("answer", [["bad"], [None], "bad", 5, None, [("a", "b", "c")]])
def test_rule_that_gives_no_violations(scene, ada, answer):
    """
    A rule of the validator that gives something else breaks its contract.
    """
    validator = Validator(rules=[lambda user: answer])

    with scene.refused(ContractError):
        scene.connect(validator=validator).authenticate(ADA, "pw")


@pytest.mark.parametrize("answer", [["bad"], "bad", 5, None])
def test_password_check_that_gives_no_violations(scene, ada, answer):
    """
    A password check that gives something else breaks its contract.
    """
    policy = MigrationPolicy(password_check=lambda password: answer)

    with scene.refused(ContractError):
        scene.connect(policy=policy).authenticate(ADA, "pw")


def test_store_fails(scene, ada):
    """
    A store that cannot store raises its own error, and the next try succeeds.
    """
    scene.store.before("create", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    assert ["store_unavailable"] == [e.reason for e in scene.told(LoginRefused)]
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_acknowledgement_lost(scene, ada):
    """
    A user who was stored although the store broke off has moved.
    """
    scene.store.after("create", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert scene.find(ADA).user == result.user


@pytest.mark.parametrize("call", READS)
def test_store_cannot_read(scene, ada, call):
    """
    A store that cannot be asked is no wrong password, and nobody is moved.
    """
    scene.store.before("create", down)
    scene.store.before(call, down)

    with scene.refused(StoreUnavailableError):
        scene.connection.authenticate(ADA, "pw")


# --- 6: a race lost --------------------------------------------------------------------


@pytest.mark.parametrize("typed", [ADA, "ADA"])
def test_race_with_the_same_user(scene, ada, typed):
    """
    Two first logins at once: one moves the user, both are let in.
    """
    other = scene.beside()
    scene.store.before("create", lambda: other.authenticate("ada", "pw"))

    result = scene.connection.authenticate(typed, "pw")

    assert not result.migrated
    assert 1 == scene.find(ADA).version
    assert scene.find(ADA).user == result.user


def test_race_before_the_examination(scene, ada):
    """
    The same user moved while this login was on its way to the examination.
    """
    other = scene.beside()
    scene.store.after("retired", lambda: other.authenticate(ADA, "pw"), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert scene.find(ADA).user == result.user


RACES = {
    "examination": lambda scene, act: scene.store.after("retired", act, skip=1),
    "create": lambda scene, act: scene.store.before("create", act),
}
races = pytest.mark.parametrize(
    ("race", "legacy_id"), [(race, owner) for race in RACES for owner in ("1", "2")]
)


@races
def test_race_with_who_must_change(scene, ada, race, legacy_id):
    """
    Whoever got the identifier meanwhile, and must change their password, gets a token.
    """
    store = partial(scene.store_user, ADA, CHEAPEST.hash("pw"), username="ada")
    act = partial(store, legacy_id=f"shop|{legacy_id}", must_change_password=True)
    RACES[race](scene, act)

    with pytest.raises(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert scene.connection.finish_password_change(caught.value.token, "new password")


@races
def test_race_with_an_old_hash(scene, ada, race, legacy_id):
    """
    Whoever got the identifier meanwhile has an old hash renewed, as anybody.
    """
    store = partial(scene.store_user, ADA, OLD.hash("pw"), username="ada")
    RACES[race](scene, partial(store, legacy_id=f"shop|{legacy_id}"))

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 1 == len(scene.told(PasswordRehashed))
    assert CHEAPEST.verify("pw", scene.find(ADA).password_hash)


def test_race_with_a_reset(scene, ada):
    """
    A reset won the race: the old legacy password is refused although the source said yes.
    """
    other = scene.beside()
    change = other.start_password_change(ADA)
    scene.store.before(
        "create", lambda: other.finish_password_change(change.token, "new")
    )

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "wrong_password" == caught.value.reason
    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


@pytest.mark.parametrize("call", ["find", "create"])
@pytest.mark.parametrize("password", ["pw", "stranger's"])
def test_race_with_a_stranger(scene, ada, call, password):
    """
    A stranger's record stands under the identifier: only its own password opens it.
    """
    person = scene.site.people.pop("1")
    other = scene.beside()
    scene.site.login = lambda identifier, password, /: person
    scene.store.before(
        call,
        lambda: other.sign_up(ADA, "stranger's"),
        skip=1 if call == "find" else 0,
    )

    if password == "pw":
        with pytest.raises(InvalidCredentialsError) as caught:
            scene.connection.authenticate(ADA, password)
        assert "wrong_password" == caught.value.reason
    else:
        result = scene.connection.authenticate(ADA, password)
        assert (Origin.SIGN_UP, False) == (result.user.origin, result.migrated)

    record = scene.find(ADA)
    assert record.user.legacy_id is None
    assert CHEAPEST.verify("stranger's", record.password_hash)


def test_race_with_an_import(scene, ada):
    """
    An import of the same user won: the source's yes gives the pre-loaded user a hash.
    """
    scene.store.before("create", lambda: scene.preload("1", ADA))

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert "stored-1" == result.user.id
    assert [("login", ADA), ("get_user", "Ada")] == scene.site.calls


@pytest.mark.parametrize("call", ["find", "create"])
def test_race_with_a_foreign_import(scene, ada, call):
    """
    An import of another user with this e-mail won: the source's yes is not theirs.
    """
    scene.store.before(
        call,
        lambda: scene.preload("2", ADA),
        skip=1 if call == "find" else 0,
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None


def test_race_for_the_username(scene, ada):
    """
    Somebody took the username in the last moment: that is told, and nobody is stored.
    """
    other = scene.beside()

    def take():
        scene.site.change("1", username=None)
        other.sign_up("bob@example.com", "pw", username="ada")

    scene.store.before("create", take)

    with pytest.raises(ProfileInvalidError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert ["username_taken"] == [v.code for v in caught.value.violations]
    assert scene.find(ADA) is None


def test_race_with_a_deletion(scene, ada):
    """
    Somebody moved and was deleted meanwhile: the ledger refuses.
    """
    other = scene.beside()

    def come_and_go():
        other.delete_user(other.authenticate(ADA, "pw").user.id)

    scene.store.before("create", come_and_go)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "retired" == caught.value.reason
    assert scene.find(ADA) is None


def test_moved_under_another_identifier(scene, ada):
    """
    A legacy id that has moved is not moved again by an identifier the store never saw.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.site.change("1", email="lovelace@example.com")

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate("lovelace@example.com", "pw")

    assert "retired" == caught.value.reason
    assert user == scene.connection.authenticate(ADA, "pw").user


def test_moved_while_the_source_was_asked(scene, ada):
    """
    The user moved while the source was answering: the store decides.
    """
    other = scene.beside()
    scene.store.before("retired", lambda: other.authenticate(ADA, "pw"), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 0 == scene.store.count("create")


def test_preloaded_while_the_source_was_asked(scene, ada):
    """
    The user was pre-loaded while the source was answering: its yes is for them.
    """
    scene.store.before("retired", lambda: scene.preload("1", ADA), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert ("stored-1", True) == (result.user.id, result.migrated)


# --- 7: import_mode off ------------------------------------------------------------------


@pytest.fixture(name="off")
def _off(scene):
    return scene.connect(policy=MigrationPolicy(import_mode=False))


def test_off(scene, off, ada):
    """
    With import_mode off the source answers every login, and nothing is written
    (issue 3, 9).
    """
    stored = scene.snapshot()

    results = [off.authenticate(" ADA", "pw") for _ in range(2)]

    assert [ada, ada] == [result.user for result in results]
    assert not any(result.migrated for result in results)
    assert [("login", "ADA")] * 2 == scene.site.calls
    assert stored == scene.snapshot()
    assert LoginSucceeded(user_id="shop|1", migrated=False) == scene.events[-1]


def test_off_refusals(scene, off, ada):
    """
    With import_mode off: a wrong password, an outage, another person, a block and a
    demand are what they are (issue 3, 9).
    """
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "wrong")
    scene.site.change("1", must_change_password=True)
    with scene.refused(PasswordChangeRequiredError) as caught:
        off.authenticate(ADA, "pw")
    assert caught.value.token is None
    scene.site.change("1", blocked=True)
    with scene.refused(AccountBlockedError):
        off.authenticate(ADA, "pw")
    scene.site.down = True
    with scene.refused(LegacyUnavailableError):
        off.authenticate(ADA, "pw")


def test_off_stored(scene, off, ada):
    """
    With import_mode off, moved users are answered as ever, deleted ones too
    (issue 3, 9).
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.site.calls.clear()

    assert user == off.authenticate(ADA, "pw").user
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "wrong")
    scene.connection.delete_user(user.id)
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "pw")

    assert [] == scene.site.calls


def test_off_preloaded(scene, off, ada):
    """
    With import_mode off, a stored user without a hash still gets one.
    """
    scene.preload("1", ADA)

    assert off.authenticate(ADA, "pw").migrated
    assert not off.authenticate(ADA, "pw").migrated


def test_off_moved_under_another_identifier(scene, off, ada):
    """
    With import_mode off, the source does not speak for somebody who has moved.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.change("1", email="lovelace@example.com")

    with scene.refused(InvalidCredentialsError):
        off.authenticate("lovelace@example.com", "pw")


# --- strategy_version 1 --------------------------------------------------------------------


@pytest.fixture(name="exact")
def _exact(scene):
    return scene.connect(policy=MigrationPolicy(strategy_version=1))


def test_exact(scene, exact, ada):
    """
    Version 1 keeps identifiers as the source spells them, but for blanks around.
    """
    scene.site.change("1", email=" Ada@Example.com ", username="x@y")

    result = exact.authenticate(" Ada@Example.com ", "pw")

    assert ("Ada@Example.com", "x@y") == (result.user.email, result.user.username)
    assert not exact.authenticate("Ada@Example.com", "pw").migrated


def test_exact_other_case(scene, exact, ada):
    """
    Version 1 compares exactly: another case is another identifier, of a moved user.
    """
    exact.authenticate("Ada@Example.com", "pw")

    with scene.refused(InvalidCredentialsError):
        exact.authenticate("ada@example.com", "pw")


def test_exact_without_email(scene, exact):
    """
    Version 1 does without an e-mail if there is a username, and with neither not.
    """
    scene.site.add("1", None, "pw", username="ada")
    scene.site.add("2", " ", "pw", username="bob")

    first = exact.authenticate("ada", "pw").user
    second = exact.authenticate("bob", "pw").user

    assert [(None, "ada"), (None, "bob")] == [
        (user.email, user.username) for user in (first, second)
    ]


def test_exact_taken(scene, exact, ada):
    """
    Version 1 leaves uniqueness to the store, which keeps it.
    """
    other = scene.beside(policy=MigrationPolicy(strategy_version=1))
    scene.site.people.clear()
    other.sign_up("bob@example.com", "pw", username="Ada")
    scene.site.people["1"] = ada

    with scene.refused(ProfileInvalidError) as caught:
        exact.authenticate("Ada@Example.com", "pw")

    assert ["username_taken"] == [v.code for v in caught.value.violations]


@pytest.mark.parametrize("late", [False, True])
def test_exact_taken_in_other_case(scene, exact, ada, late):
    """
    Version 1 tells whoever typed another case that the e-mail is taken: their password
    was right, and nobody has got what they typed.
    """
    other = scene.beside(policy=MigrationPolicy(strategy_version=1))

    def take():
        del scene.site.people["1"]
        other.sign_up("Ada@Example.com", "stranger's")
        scene.site.people["1"] = ada

    if late:
        scene.store.before("create", take)
    else:
        take()

    with pytest.raises(ProfileInvalidError) as caught:
        exact.authenticate("ada@example.com", "pw")

    assert ["email_taken"] == [v.code for v in caught.value.violations]
    assert ["Ada@Example.com"] == [user.email for user in exact.users()]


def test_exact_unstorable(scene, exact, ada):
    """
    Version 1 too refuses what no store could hold.
    """
    scene.site.change("1", username="a\0")

    with scene.refused(ProfileInvalidError) as caught:
        exact.authenticate("Ada@Example.com", "pw")

    assert ["username_invalid"] == [v.code for v in caught.value.violations]


# --- 8 and the store's own contract ----------------------------------------------------------


def test_failing_listener(scene, ada, caplog):
    """
    A listener that fails is logged, and denies nothing (issue 3, 8).
    """

    def listener(event):
        raise ValueError("secret of the listener")

    connection = scene.connect(listeners=[listener, scene.events.append])

    assert connection.authenticate(ADA, "pw").migrated
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert ["UserMigrated", "LoginSucceeded", "LoginRefused"] == [
        type(event).__name__ for event in scene.events
    ]
    assert 3 == len(caplog.records)
    assert {logging.ERROR} == {record.levelno for record in caplog.records}
    assert "secret of the listener" not in caplog.text


def test_events_after_the_commit(scene, ada):
    """
    When an event is told, what it tells is stored.
    """
    seen = []
    scene.connect(listeners=[lambda event: seen.append(scene.find(ADA))]).authenticate(
        ADA, "pw"
    )

    assert seen
    assert None not in seen


ADA_STORED = User(id="1", origin=Origin.ADMIN, email=ADA)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("find", "a record"),
        ("find", True),
        ("find", Record("ada", None, 1)),
        ("find", Record(ADA_STORED, None, "1")),
        ("find", Record(ADA_STORED, b"hash", 1)),
        ("retired", True),
        ("create", None),
        ("create", True),
        ("replace", None),
    ],
)
def test_store_breaks_its_contract(memory, call, answer):
    """
    A store that answers something else is told so, and nobody is let in.
    """
    memory.site.add("1", ADA, "pw")
    if call == "replace":
        memory.preload("1", ADA)
    setattr(memory.store, call, lambda *args: answer)

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


def test_store_finds_another(memory):
    """
    A store that returns another user than it was asked for lets nobody in.
    """
    memory.connection.sign_up("bob@example.com", "pw")
    bob = memory.find("bob@example.com")
    memory.store.find = lambda identifier: bob

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("kind", ["id", "version"])
def test_store_writes_another(memory, kind):
    """
    A store that returns another user than it was given, or the old one, is told so.
    """
    memory.site.add("1", ADA, "pw")
    memory.connection.sign_up("bob@example.com", "pw")
    bob = memory.find("bob@example.com")
    memory.store.create = lambda new: bob
    memory.store.replace = lambda old, new: old if kind == "version" else bob

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")
    user = memory.find("bob@example.com").user
    with memory.refused(ContractError):
        memory.connection.block(user.id)


def test_store_raises_what_a_store_does_not(memory):
    """
    Any other exception of a store is an outage of the store.
    """
    memory.store.before("find", lambda: raise_it(InvalidCredentialsError("")))

    with memory.refused(StoreUnavailableError):
        memory.connection.authenticate(ADA, "pw")


def raise_it(error):
    raise error


def test_nobody_writes_at_a_refusal(scene, ada):
    """
    No refusal calls a method of the store that writes.
    """
    for attempt in ((ADA, "wrong"), ("bob", "pw"), ("", ""), ("a\0", "pw")):
        with pytest.raises(InvalidCredentialsError):
            scene.connection.authenticate(*attempt)

    assert 0 == scene.store.count(*WRITES)


def test_same_message(scene, ada):
    """
    All wrong credentials are refused in the same words.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.connection.create_user("bob@example.com")
    errors = []
    for identifier in (ADA, "bob@example.com", "cyd@example.com", "\0", None):
        with pytest.raises(InvalidCredentialsError) as caught:
            scene.connection.authenticate(identifier, "wrong")
        errors.append(str(caught.value))

    assert 1 == len(set(errors))


def test_user_exists_is_no_answer_of_a_login(scene, ada):
    """
    What a store says about its constraints never leaves a login.
    """
    scene.store.before("create", lambda: raise_it(UserExistsError("email")))

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.side.find(email(ADA)) is None
