"""
How people who are in neither database begin.
"""

import pytest
from world import is_floor

from migratekit import MigrationPolicy, Validator
from migratekit.errors import (
    AccessDeniedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    PasswordRejectedError,
    ProfileInvalidError,
    StoreUnavailableError,
    UserExistsError,
    Violation,
)
from migratekit.events import UserSignedUp
from migratekit.models import KeyKind, LedgerKey, Origin
from migratekit.sources.functions import FunctionSource
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"


def down():
    raise OSError("gone away")


@pytest.fixture(name="methods", params=["sign_up", "create_user"])
def _methods(request):
    """
    Both ways to begin, with the same arguments.
    """
    return lambda connection: Beginning(getattr(connection, request.param))


class Beginning:
    def __init__(self, method):
        self.method = method

    def __call__(self, address, password="password", **more):
        return self.method(address, password=password, **more)


@pytest.fixture(name="begin")
def _begin(scene, methods):
    return methods(scene.connection)


def test_sign_up(scene):
    """
    A new user is stored in canonical form, unverified, and logs in without the source.
    """
    user = scene.connection.sign_up(
        " Ada@Example.com ", "pw", username="Ada", profile={"name": "Ada"}
    )

    record = scene.find(ADA)
    assert record.user == user
    assert (ADA, "ada", False, Origin.SIGN_UP) == (
        user.email,
        user.username,
        user.email_verified,
        user.origin,
    )
    assert (None, None) == (user.legacy_id, user.migrated_at)
    assert scene.clock.now() == user.created_at == user.updated_at
    assert {"name": "Ada"} == user.profile
    assert CHEAPEST.verify("pw", record.password_hash)
    assert scene.is_retired(KeyKind.EMAIL, ADA)
    assert scene.is_retired(KeyKind.USERNAME, "ada")
    assert [UserSignedUp(user_id=user.id, origin=Origin.SIGN_UP)] == scene.events
    scene.site.calls.clear()
    assert user == scene.connection.authenticate("ada", "pw").user
    assert [] == scene.site.calls


def test_create_user(scene):
    """
    An administrator may vouch for the e-mail, leave out the password, and always may.
    """
    connection = scene.connect(policy=MigrationPolicy(allow_sign_up=False))

    user = connection.create_user(ADA, email_verified=True, profile={"name": "Ada"})

    assert (True, Origin.ADMIN, {"name": "Ada"}) == (
        user.email_verified,
        user.origin,
        user.profile,
    )
    assert scene.find(ADA).password_hash is None
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "pw")
    change = connection.start_password_change(ADA)
    connection.finish_password_change(change.token, "new")
    assert not connection.authenticate(ADA, "new").migrated


def test_no_sign_up(scene):
    """
    Where the policy allows no sign-up, nobody is asked.
    """
    connection = scene.connect(policy=MigrationPolicy(allow_sign_up=False))

    with scene.refused(AccessDeniedError) as caught:
        connection.sign_up(ADA, "pw")

    assert "sign_up_disabled" == caught.value.reason
    assert [] == scene.site.calls
    assert is_floor(scene.clock.slept)


def test_off(scene, methods):
    """
    With import_mode off nobody begins.
    """
    begin = methods(scene.connect(policy=MigrationPolicy(import_mode=False)))

    with scene.refused(ConfigurationError):
        begin(ADA)


@pytest.mark.parametrize("field", ["email", "username"])
def test_known_in_the_source(scene, begin, field):
    """
    Pre-hijacking: what the source knows is taken, in any writing (issue 3, 4).
    """
    scene.site.add("1", "Victim@Example.com", "pw", username="Victim")
    address = "VICTIM@example.com" if field == "email" else ADA
    username = "ada" if field == "email" else " vICTIM"

    with scene.refused(UserExistsError) as caught:
        begin(address, username=username)

    assert field == caught.value.field
    assert scene.connection.authenticate("victim@example.com", "pw").migrated


def test_known_to_several_in_the_source(scene, begin):
    """
    What the source knows several users by is taken, too.
    """
    scene.site.ambiguous.add(ADA)

    with scene.refused(UserExistsError) as caught:
        begin(ADA)

    assert "email" == caught.value.field


def test_all_forms_are_asked(scene, begin):
    """
    The source is asked for every form that it may know the person by.
    """
    begin(" Ada@bücher.example ", username="ADA")

    assert [
        "Ada@bücher.example",
        "ada@xn--bcher-kva.example",
        "ada@bu\u0308cher.example",
        "ADA",
        "ada",
    ] == [identifier for _, identifier in scene.site.calls]


FORMS = ["Ada@Bücher.example", "ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"]


@pytest.mark.parametrize("typed", FORMS)
@pytest.mark.parametrize("known", FORMS)
def test_known_by_one_form(scene, begin, typed, known):
    """
    Pre-hijacking: one form that the source knows is enough, whichever is typed.
    """
    scene.site.add("1", known, "pw")

    with scene.refused(UserExistsError):
        begin(typed)


@pytest.mark.parametrize("typed", ["J\u00f6rg", "jo\u0308rg"])
@pytest.mark.parametrize("known", ["j\u00f6rg", "JO\u0308RG"])
def test_username_known_by_one_form(scene, begin, typed, known):
    """
    The same for a username, composed or decomposed.
    """
    scene.site.add("1", "jorg@example.com", "pw", username=known)

    with scene.refused(UserExistsError):
        begin(ADA, username=typed)


@pytest.mark.parametrize(
    ("email", "username", "fields"),
    [
        (5, None, ["email"]),
        (b"ada@example.com", 7, ["email", "username"]),
        (ADA, ["ada"], ["username"]),
    ],
)
def test_no_texts(scene, email, username, fields):
    """
    What is no text is told by its field.
    """
    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.sign_up(email, "pw", username=username)

    assert fields == [violation.field for violation in caught.value.violations]


def test_outage(scene, begin):
    """
    The source is silent: nobody knows whether it is taken, so it is not free
    (issue 3, 4).
    """
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        begin(ADA)


def test_no_lookup(scene, methods):
    """
    A source that cannot look up cannot say that anything is free.
    """
    source = FunctionSource(lambda identifier, password: None)

    with scene.refused(LookupUnsupportedError):
        methods(scene.connect(source=source))(ADA)


def test_source_answers_for_another(scene, begin):
    """
    A source that answers for another person is not believed.
    """
    scene.site.add("1", "bob@example.com", "pw")
    bob = scene.site.people["1"]
    scene.site.get_user = lambda identifier, /: bob

    with scene.refused(ContractError):
        begin(ADA)


@pytest.mark.parametrize("field", ["email", "username"])
def test_stored(scene, begin, field):
    """
    What a stored user has is taken, and the source need not be asked.
    """
    scene.connection.sign_up("bob@example.com", "pw", username="bob")
    scene.site.calls.clear()

    with scene.refused(UserExistsError) as caught:
        begin(
            "BOB@example.com" if field == "email" else ADA,
            username="ada" if field == "email" else "Bob",
        )

    assert field == caught.value.field
    assert [] == scene.site.calls


@pytest.mark.parametrize("field", ["email", "username"])
def test_reserved(scene, begin, field):
    """
    What is reserved is taken.
    """
    value = ADA if field == "email" else "ada"
    scene.side.reserve([LedgerKey(KeyKind(field), value)], "shop|1")

    with scene.refused(UserExistsError) as caught:
        begin(ADA, username="ada")

    assert field == caught.value.field
    assert 0 == scene.store.count("create")


def test_retired(scene, begin):
    """
    Whoever was deleted may begin afresh; the source has no say in it (issue 3, 3).
    """
    scene.site.add("1", ADA, "pw", username="ada")
    old = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(old.id)
    scene.site.calls.clear()
    scene.site.down = True

    user = begin(ADA, username="ada")

    assert old.id != user.id
    assert user.legacy_id is None
    assert [] == scene.site.calls
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")


def test_stored_account_is_never_merged(scene):
    """
    A stored, unverified account stays itself when the source gets to know its e-mail
    (issue 3, 4).
    """
    user = scene.connection.sign_up(ADA, "mine")
    scene.site.add("1", ADA, "pw", email_verified=True, profile={"name": "Ada"})

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    again = scene.connection.authenticate(ADA, "mine").user

    assert user == again
    assert (None, False, {}) == (again.legacy_id, again.email_verified, again.profile)


def test_race_for_the_email(scene, begin):
    """
    Two who want the same e-mail: one has it.
    """
    other = scene.beside()
    scene.store.before("create", lambda: other.sign_up(ADA, "first"))

    with pytest.raises(UserExistsError):
        begin(ADA)

    assert CHEAPEST.verify("first", scene.find(ADA).password_hash)


def test_race_with_a_first_login(scene, begin):
    """
    The victim moved after the source was asked: the stranger is refused.
    """
    other = scene.beside()

    def move():
        scene.site.add("1", ADA, "pw")
        other.authenticate(ADA, "pw")

    scene.store.before("create", move)

    with pytest.raises(UserExistsError):
        begin(ADA)

    assert "shop|1" == scene.find(ADA).user.legacy_id


def test_race_with_a_reservation(scene, begin):
    """
    The e-mail was reserved after it was found free.
    """
    key = LedgerKey(KeyKind.EMAIL, ADA)
    scene.store.before("create", lambda: scene.side.reserve([key], "shop|1"))

    with pytest.raises(UserExistsError):
        begin(ADA)

    assert scene.find(ADA) is None


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        ({"address": ""}, ["email_missing", "username_missing"]),
        ({"address": "ada"}, ["email_invalid", "username_missing"]),
        ({"address": "ada@-"}, ["email_invalid", "username_missing"]),
        ({"address": ADA, "username": " "}, ["username_missing"]),
        ({"address": ADA, "username": "a@b"}, ["username_is_email"]),
        ({"address": ADA, "username": "ab"}, ["username_length"]),
        (
            {"address": "ada@\0", "username": "a@"},
            ["email_invalid", "username_is_email", "username_length"],
        ),
        ({"address": ADA, "username": "root"}, ["name_reserved"]),
    ],
)
def test_invalid(scene, methods, arguments, codes):
    """
    Everything that is wrong is told at once, and nothing is stored.
    """

    def reserved(user):
        if user.username == "root":
            yield Violation("name_reserved", "username", "Reserved.")

    policy = MigrationPolicy(requires_username=True, username_length=(3, 8))
    begin = methods(scene.connect(policy=policy, validator=Validator(rules=[reserved])))

    with scene.refused(ProfileInvalidError) as caught:
        begin(**arguments)

    assert codes == [violation.code for violation in caught.value.violations]
    assert [] == scene.site.calls


def test_password_rules(scene, methods):
    """
    A new password has to pass the application's check.
    """

    def check(password):
        return [Violation("weak", "password", "Too weak.")]

    begin = methods(scene.connect(policy=MigrationPolicy(password_check=check)))

    with scene.refused(PasswordRejectedError) as caught:
        begin(ADA)

    assert ("weak",) == tuple(violation.code for violation in caught.value.violations)


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"deeper": value}
    return value


@pytest.mark.parametrize(
    "profile",
    [
        [("name", "Ada")],
        {"name": object()},
        {"name": b"Ada"},
        {"name": {1, 2}},
        {5: "name"},
        {"name": float("nan")},
        {"name": float("inf")},
        "name",
        nested(5000),
    ],
    ids=lambda profile: type(profile).__name__,
)
def test_bad_profile(scene, begin, profile):
    """
    A profile is a mapping of JSON values.
    """
    with scene.refused(ProfileInvalidError) as caught:
        begin(ADA, profile=profile)

    assert ["profile_invalid"] == [v.code for v in caught.value.violations]


def test_bad_verified(scene):
    """
    Only True and False tell whether an e-mail is verified.
    """
    with scene.refused(ProfileInvalidError):
        scene.connection.create_user(ADA, email_verified="yes")


def test_profile_is_copied(memory):
    """
    A profile that the application changes later does not change what is stored.
    """
    profile = {"tags": ["a"]}

    user = memory.connection.sign_up(ADA, "pw", profile=profile)
    profile["tags"].append("b")
    user.profile["tags"].append("c")

    assert {"tags": ["a"]} == memory.find(ADA).user.profile


def test_store_fails(scene, begin):
    """
    A store that fails stores nobody, and trying again works.
    """
    scene.store.before("create", down)

    with scene.refused(StoreUnavailableError):
        begin(ADA)

    assert begin(ADA)


def test_acknowledgement_lost(scene, begin):
    """
    A user who was stored although the store broke off is stored.
    """
    scene.store.after("create", down)

    user = begin(ADA)

    assert user == scene.find(ADA).user


def test_acknowledgement_lost_and_silence(scene, begin):
    """
    What cannot be read back is not called done.
    """
    scene.store.before("create", down)
    scene.store.before("get", down)

    with scene.refused(StoreUnavailableError):
        begin(ADA)


@pytest.mark.parametrize(
    "refusal",
    ["invalid", "taken", "weak", "outage"],
)
def test_floor(scene, refusal):
    """
    Every refused sign-up takes the floor.
    """
    if refusal == "taken":
        scene.site.add("1", ADA, "pw")
    scene.site.down = refusal == "outage"
    address = "nobody" if refusal == "invalid" else ADA
    password = "" if refusal == "weak" else "pw"

    with scene.refused(_ERRORS[refusal]):
        scene.connection.sign_up(address, password)

    assert is_floor(scene.clock.slept)


_ERRORS = {
    "invalid": ProfileInvalidError,
    "taken": UserExistsError,
    "weak": PasswordRejectedError,
    "outage": LegacyUnavailableError,
}


def test_exact(scene, methods):
    """
    Version 1 keeps what was typed, and needs an e-mail all the same.
    """
    begin = methods(scene.connect(policy=MigrationPolicy(strategy_version=1)))

    user = begin(" Ada@Example.com ", username="Ada")

    assert ("Ada@Example.com", "Ada") == (user.email, user.username)
    for address in ("ada", ""):
        with scene.refused(ProfileInvalidError) as caught:
            begin(address, username="bob")
        assert ["email_invalid"] == [v.code for v in caught.value.violations]
    with scene.refused(ProfileInvalidError) as caught:
        begin("bob@example.com", username="b@b")
    assert ["username_invalid"] == [v.code for v in caught.value.violations]
