"""
What an application changes of a stored user, and how users end.
"""

import pytest

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    AlreadyMigratedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    ProfileInvalidError,
    StaleRecordError,
    StoreUnavailableError,
    UserExistsError,
    UserNotFoundError,
)
from migratekit.events import (
    IdentifierChanged,
    UserBlocked,
    UserDeleted,
    UserReadmitted,
    UserUnblocked,
)
from migratekit.models import KeyKind, LedgerKey
from migratekit.sources.functions import FunctionSource


ADA = "ada@example.com"
NEW = "lovelace@example.com"


@pytest.fixture(name="user")
def _user(scene):
    """
    Somebody who has moved.
    """
    scene.site.add("1", "Ada@Example.com", "pw", username="Ada", email_verified=True)
    user = scene.connection.authenticate(ADA, "pw").user
    scene.site.calls.clear()
    scene.events.clear()
    return user


def down():
    raise OSError("gone away")


# --- Identifiers -----------------------------------------------------------------------


def test_change_email(scene, user):
    """
    The new address is unverified, the old one is retired, and nothing else changes.
    """
    changed = scene.connection.change_email(user.id, " Lovelace@Example.com ")

    record = scene.find(NEW)
    assert changed == record.user
    assert (NEW, False, "ada", "shop|1") == (
        changed.email,
        changed.email_verified,
        changed.username,
        changed.legacy_id,
    )
    assert changed == scene.connection.authenticate(NEW, "pw").user
    scene.site.calls.clear()
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    assert [] == scene.site.calls
    assert IdentifierChanged(user_id=user.id, field="email") == scene.events[0]


def test_change_email_verified(scene, user):
    """
    An application that has proved the address says so (issue 3, 7).
    """
    changed = scene.connection.change_email(user.id, NEW, email_verified=True)

    assert changed.email_verified


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("change_email", (NEW,)),
        ("change_username", ("countess",)),
        ("change_username", (None,)),
        ("block", ()),
        ("set_password", ("new",)),
    ],
)
def test_moments(scene, user, call, arguments):
    """
    Every change is dated, and no move.
    """
    scene.clock.advance(60)

    changed = getattr(scene.connection, call)(user.id, *arguments)

    assert scene.clock.now() == changed.updated_at
    assert user.migrated_at == changed.migrated_at


def test_same_email(scene, user):
    """
    The same address in another writing changes nothing, least of all its proof.
    """
    stored = scene.snapshot()

    same = scene.connection.change_email(user.id, " ADA@example.com")

    assert user == same
    assert same.email_verified
    assert stored == scene.snapshot()
    assert [] == scene.events


def test_same_email_proved(scene):
    """
    The same address with a proof is verified.
    """
    user = scene.connection.sign_up(ADA, "pw")

    assert scene.connection.change_email(
        user.id, ADA, email_verified=True
    ).email_verified


def test_change_username(scene, user):
    """
    A username changes or goes; the old one is retired.
    """
    changed = scene.connection.change_username(user.id, "Countess")

    assert "countess" == changed.username
    assert changed.email_verified
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate("ada", "pw")
    assert scene.connection.authenticate("COUNTESS", "pw")
    assert scene.connection.change_username(user.id, None).username is None
    assert scene.connection.change_username(user.id, " ").username is None
    assert [IdentifierChanged(user_id=user.id, field="username")] * 2 == scene.told(
        IdentifierChanged
    )


@pytest.mark.parametrize("field", ["email", "username"])
def test_taken_in_the_store(scene, user, field):
    """
    What another stored user has is taken; the source is not asked.
    """
    scene.connection.sign_up("bob@example.com", "pw", username="bob")
    scene.site.calls.clear()

    with scene.refused(UserExistsError) as caught:
        if field == "email":
            scene.connection.change_email(user.id, "Bob@example.com")
        else:
            scene.connection.change_username(user.id, "BOB")

    assert field == caught.value.field
    assert [] == scene.site.calls


@pytest.mark.parametrize("field", ["email", "username"])
def test_taken_in_the_source(scene, user, field):
    """
    What another user of the source has is taken.
    """
    scene.site.add("2", "Bob@example.com", "pw", username="Bob")

    with scene.refused(UserExistsError) as caught:
        if field == "email":
            scene.connection.change_email(user.id, "bob@example.com")
        else:
            scene.connection.change_username(user.id, "bob")

    assert field == caught.value.field


@pytest.mark.parametrize("field", ["email", "username"])
def test_own_legacy_row(scene, user, field):
    """
    One's own row in the source is not in the way.
    """
    scene.site.change("1", **{field: NEW if field == "email" else "countess"})

    if field == "email":
        assert NEW == scene.connection.change_email(user.id, NEW).email
    else:
        changed = scene.connection.change_username(user.id, "Countess")
        assert "countess" == changed.username


def test_legacy_row_of_nobody(scene):
    """
    A user who did not come from the source has no row of their own there.
    """
    user = scene.connection.sign_up("bob@example.com", "pw")
    scene.site.add("1", ADA, "pw")

    with scene.refused(UserExistsError):
        scene.connection.change_email(user.id, ADA)


def test_all_forms_are_asked(scene, user):
    """
    The source is asked for every form that it may know the person by.
    """
    scene.connection.change_email(user.id, "Ada@bücher.example")

    assert [
        ("get_user", "Ada@bücher.example"),
        ("get_user", "ada@xn--bcher-kva.example"),
        ("get_user", "ada@bu\u0308cher.example"),
    ] == scene.site.calls


def test_reserved(scene, user):
    """
    What is reserved for somebody else is taken.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, NEW)], "shop|2")

    with scene.refused(UserExistsError):
        scene.connection.change_email(user.id, NEW)

    assert [] == scene.site.calls


def test_reserved_for_oneself(scene, user):
    """
    What is reserved for the user's own legacy id is theirs.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, NEW)], user.legacy_id)

    assert NEW == scene.connection.change_email(user.id, NEW).email


def test_outage(scene, user):
    """
    A silent source frees nothing.
    """
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        scene.connection.change_email(user.id, NEW)
    with scene.refused(LegacyUnavailableError):
        scene.connection.change_username(user.id, "countess")

    assert scene.connection.change_username(user.id, None).username is None


def test_no_lookup(scene, user):
    """
    A source that cannot look up frees nothing.
    """
    source = FunctionSource(lambda identifier, password: None)

    with scene.refused(LookupUnsupportedError):
        scene.connect(source=source).change_email(user.id, NEW)


def test_answered_for_another(scene, user):
    """
    A source that answers for another person is not believed.
    """
    person = scene.site.people["1"]
    scene.site.get_user = lambda identifier, /: person

    with scene.refused(ContractError):
        scene.connection.change_email(user.id, NEW)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "", "email_missing"),
        ("email", None, "email_missing"),
        ("email", "ada", "email_invalid"),
        ("email", "ada@-", "email_invalid"),
        ("email", "a\0@example.com", "email_invalid"),
        ("email", 5, "email_invalid"),
        ("email", {"$ne": None}, "email_invalid"),
        ("username", "a@b", "username_is_email"),
        ("username", "x" * 129, "username_length"),
        ("username", "a\n", "username_invalid"),
        ("username", 5, "username_invalid"),
    ],
)
def test_invalid(scene, user, field, value, code):
    """
    What may not be stored is told, and nobody is asked.
    """
    with scene.refused(ProfileInvalidError) as caught:
        getattr(scene.connection, f"change_{field}")(user.id, value)

    assert [code] == [violation.code for violation in caught.value.violations]
    assert [] == scene.site.calls


def test_required_username(scene, user):
    """
    A username that the policy requires cannot go.
    """
    connection = scene.connect(policy=MigrationPolicy(requires_username=True))

    with scene.refused(ProfileInvalidError) as caught:
        connection.change_username(user.id, None)

    assert ["username_missing"] == [v.code for v in caught.value.violations]


def test_exact(scene):
    """
    Version 1 keeps what was typed, but an e-mail has an @ and a username none.
    """
    connection = scene.connect(policy=MigrationPolicy(strategy_version=1))
    user = connection.sign_up(ADA, "pw", username="ada")

    assert "Lovelace@X" == connection.change_email(user.id, " Lovelace@X ").email
    assert "Ada" == connection.change_username(user.id, "Ada").username
    for method, value in (("change_email", "ada"), ("change_username", "a@b")):
        with scene.refused(ProfileInvalidError):
            getattr(connection, method)(user.id, value)
    assert connection.change_email(user.id, None).email is None


def test_there_and_back(scene, user):
    """
    Who changed the e-mail and changed it back is the same, moved user (issue 3, 3).
    """
    scene.connection.change_email(user.id, NEW)
    back = scene.connection.change_email(user.id, ADA)

    assert back == scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    scene.site.change("1", email="third@example.com")
    for identifier in (ADA, NEW, "third@example.com"):
        with scene.refused(InvalidCredentialsError):
            scene.connection.authenticate(identifier, "pw")
        assert scene.connection.start_password_change(identifier) is None
    with scene.refused(AlreadyMigratedError):
        scene.preload("1", "third@example.com")


def test_free_for_others(scene, user):
    """
    An address that was given up may be signed up with, by whoever wants it.
    """
    scene.connection.change_email(user.id, NEW)

    other = scene.connection.sign_up(ADA, "other")

    assert other == scene.connection.authenticate(ADA, "other").user
    with scene.refused(UserExistsError):
        scene.connection.change_email(user.id, ADA)


def test_race_for_an_email(scene, user):
    """
    Somebody else took it in the last moment.
    """
    other = scene.beside()
    scene.store.before("replace", lambda: other.sign_up(NEW, "pw"))

    with pytest.raises(UserExistsError):
        scene.connection.change_email(user.id, NEW)

    assert user == scene.find(ADA).user


def test_race_with_a_successor(scene, user):
    """
    Whoever was deleted meanwhile is gone, though somebody has the new address by now.
    """
    other = scene.beside()

    def succeed():
        other.delete_user(user.id)
        other.sign_up(NEW, "pw")

    scene.store.after("get", succeed)

    with pytest.raises(UserNotFoundError):
        scene.connection.change_email(user.id, NEW)


def test_race_with_a_block(scene, user):
    """
    A write in between is kept.
    """
    other = scene.beside()
    scene.store.before("replace", lambda: other.block(user.id))

    changed = scene.connection.change_email(user.id, NEW)

    assert changed.blocked
    assert NEW == changed.email


# --- Blocking --------------------------------------------------------------------------


def test_block(scene, user):
    """
    Blocking and unblocking change that, and tell it once.
    """
    blocked = scene.connection.block(user.id)
    stored = scene.snapshot()
    assert blocked == scene.connection.block(user.id)
    assert stored == scene.snapshot()

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")

    unblocked = scene.connection.unblock(user.id)
    stored = scene.snapshot()
    assert unblocked == scene.connection.unblock(user.id)
    assert stored == scene.snapshot()
    assert scene.connection.authenticate(ADA, "pw").user == unblocked
    assert [UserBlocked(user_id=user.id)] == scene.told(UserBlocked)
    assert [UserUnblocked(user_id=user.id)] == scene.told(UserUnblocked)


def test_block_does_not_need_the_source(scene, user):
    """
    Nor does any other change that is no new identifier.
    """
    scene.site.down = True

    scene.connection.block(user.id)
    scene.connection.unblock(user.id)
    scene.connection.set_password(user.id, "new")
    scene.connection.delete_user(user.id)
    scene.connection.readmit("shop|1")

    assert [] == scene.site.calls


def test_acknowledgement_lost(scene, user):
    """
    A block that was written although the store broke off is one.
    """
    scene.store.after("replace", down)

    assert scene.connection.block(user.id).blocked


# --- The end ---------------------------------------------------------------------------


def test_delete(scene, user):
    """
    A deleted user is gone and stays moved: no login, no reset, no import (issue 3, 3).
    """
    scene.connection.delete_user(user.id)

    assert scene.find(ADA) is None
    assert scene.connection.get_user(ADA) is None
    assert scene.connection.start_password_change(ADA) is None
    for identifier in (ADA, "ada"):
        with scene.refused(InvalidCredentialsError):
            scene.connection.authenticate(identifier, "pw")
    with scene.refused(AlreadyMigratedError):
        scene.preload("1", "elsewhere@example.com")
    assert [] == scene.site.calls
    assert [UserDeleted(user_id=user.id)] == scene.told(UserDeleted)


def test_readmit(scene, user):
    """
    `readmit` lets a deleted user of the source move again (issue 3, 3).
    """
    scene.connection.delete_user(user.id)

    scene.connection.readmit("shop|1")

    again = scene.connection.authenticate(ADA, "pw")
    assert again.migrated
    assert user.id != again.user.id
    assert [UserReadmitted(legacy_id="shop|1")] == scene.told(UserReadmitted)


def test_readmit_renamed(scene, user):
    """
    `readmit` frees all identifiers that the user ever had, but not what others have.
    """
    scene.connection.change_email(user.id, NEW)
    scene.connection.sign_up(ADA, "other")
    scene.connection.delete_user(user.id)

    scene.connection.readmit("shop|1")

    assert not scene.is_retired(KeyKind.EMAIL, NEW)
    assert not scene.is_retired(KeyKind.LEGACY_ID, "shop|1")
    assert scene.is_retired(KeyKind.EMAIL, ADA)


def test_readmit_stored(scene, user):
    """
    Nobody who is stored is readmitted.
    """
    with scene.refused(UserExistsError) as caught:
        scene.connection.readmit("shop|1")

    assert "legacy_id" == caught.value.field


@pytest.mark.parametrize("legacy_id", ["1", "other|1", "", None, 5, "SHOP|1"])
def test_readmit_foreign(scene, user, legacy_id):
    """
    What is no legacy id of this connection's source is refused.
    """
    with scene.refused(ConfigurationError):
        scene.connection.readmit(legacy_id)


def test_readmit_unknown(scene):
    """
    Readmitting somebody who never moved changes nothing.
    """
    stored = scene.snapshot()

    scene.connection.readmit("shop|9")

    assert stored == scene.snapshot()


def test_delete_acknowledgement_lost(scene, user):
    """
    A deletion that was written although the store broke off is one.
    """
    scene.store.after("delete", down)

    scene.connection.delete_user(user.id)

    assert [UserDeleted(user_id=user.id)] == scene.told(UserDeleted)


def test_delete_race(scene, user):
    """
    A write in between does not save anybody from being deleted.
    """
    other = scene.beside()
    scene.store.before("delete", lambda: other.change_username(user.id, "countess"))

    scene.connection.delete_user(user.id)

    assert scene.find(ADA) is None


# --- All of them -----------------------------------------------------------------------


CALLS = {
    "change_email": lambda connection, user_id: connection.change_email(user_id, NEW),
    "change_username": lambda connection, user_id: connection.change_username(
        user_id, "countess"
    ),
    "block": lambda connection, user_id: connection.block(user_id),
    "delete_user": lambda connection, user_id: connection.delete_user(user_id),
    "set_password": lambda connection, user_id: connection.set_password(user_id, "n"),
}


@pytest.mark.parametrize("call", CALLS)
def test_nobody(scene, user, call):
    """
    Nobody has this id: that is told, and nothing happens.
    """
    with scene.refused(UserNotFoundError):
        CALLS[call](scene.connection, "nobody")
    with scene.refused(UserNotFoundError):
        CALLS[call](scene.connection, "\0")


@pytest.mark.parametrize("call", CALLS)
def test_store_fails(scene, user, call):
    """
    A store that fails leaves everything as it was, and a second try works.
    """
    scene.store.before("delete" if call == "delete_user" else "replace", down)

    with scene.refused(StoreUnavailableError):
        CALLS[call](scene.connection, user.id)

    CALLS[call](scene.connection, user.id)
    assert 1 == len([e for e in scene.events if getattr(e, "user_id", "") == user.id])


@pytest.mark.parametrize("call", CALLS)
def test_store_falls_silent(scene, user, call):
    """
    What cannot be read back is not called done.
    """
    scene.store.before("delete" if call == "delete_user" else "replace", down)
    scene.store.before("get", down, skip=1)

    with scene.refused(StoreUnavailableError):
        CALLS[call](scene.connection, user.id)


@pytest.mark.parametrize("call", CALLS)
def test_gone_meanwhile(scene, user, call):
    """
    Somebody who is deleted meanwhile is nobody.
    """
    other = scene.beside()
    scene.store.before(
        "delete" if call == "delete_user" else "replace",
        lambda: other.delete_user(user.id),
    )

    with pytest.raises(UserNotFoundError):
        CALLS[call](scene.connection, user.id)

    assert scene.find(ADA) is None


@pytest.mark.parametrize("call", CALLS)
def test_busy(memory, call):
    """
    A record that changes at every try ends in an error, not in a loop.
    """
    user = memory.connection.sign_up(ADA, "pw")
    for number in range(8):
        memory.store.before(
            "delete" if call == "delete_user" else "replace",
            lambda number=number: memory.overwrite(ADA, profile={"number": number}),
        )

    with pytest.raises(StaleRecordError):
        CALLS[call](memory.connection, user.id)

    assert {"number": 7} == memory.find(ADA).user.profile


def test_store_returns_another(memory):
    """
    A store that returns another user than it was asked for breaks its contract.
    """
    memory.connection.sign_up("bob@example.com", "pw")
    bob = memory.find("bob@example.com")
    memory.store.get = lambda user_id: bob

    with memory.refused(ContractError):
        memory.connection.block("somebody else")
