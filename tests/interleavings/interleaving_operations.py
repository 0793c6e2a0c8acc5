"""
What is done to users, by whom, and in which states it may begin.
"""

import attrs
from interleaving_stage import (
    ADA,
    BOB,
    COUNTESS,
    GRACE,
    NEW,
    OLD,
    RIGHT,
    WRONG,
    Start,
    undriven,
)

from migratekit import LegacyUser, MigrationPolicy
from migratekit._flows import imports, leftovers
from migratekit._steps import Step
from migratekit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    UserExistsError,
    UserNotFoundError,
)
from migratekit.models import ImportRecord, LedgerKey, StoredHash


@attrs.frozen
class Call:
    """
    One call of an operation: through which door, and to whom.

    *target* is the id of whom the operation is about, if it takes an id.
    """

    stage: object
    door: object
    target: str


@attrs.frozen
class Operation:
    """
    Something that is done; *flow* makes the coroutine of a `Call`.

    *done* is the error that says that it was done before, if it cannot be done twice.
    *outside* is what it does to a stage, if that is nothing to the store.
    *of_ledger* tells that an operator changes by it what is kept for whom.
    """

    name: str
    flow: object
    done: type = None
    outside: object = None
    of_ledger: bool = False


@attrs.frozen(eq=False, repr=False)
class ChangeSite(Step):
    """
    Something happens at the legacy site.
    """

    site: object
    deed: object

    def perform(self, ports):
        self.deed(self.site)


@attrs.frozen(eq=False, repr=False)
class TakeDoor(Step):
    """
    The application uses the connection without the source from now on.
    """

    stage: object

    def perform(self, ports):
        _take_door(self.stage)


def _login(identifier, password):
    return lambda call: call.door.authenticate(identifier, password)


def _on_target(name, *arguments):
    return lambda call: getattr(call.door, name)(call.target, *arguments)


def _legacy(name, deed):
    async def change(call):
        await ChangeSite(call.stage.site, deed)

    return Operation(name, change, outside=lambda stage: deed(stage.site))


def _take_door(stage):
    stage.door = stage.cut


def _cut_over(name, *, force):
    async def cut_over(call):
        context = call.door._context
        decision = await leftovers.decide(context, "leave", force=force)
        await leftovers.tell_cut_over(context, decision)
        await TakeDoor(call.stage)

    return Operation(name, cut_over, outside=_take_door)


def _record(person, password=None, **more):
    fields = {
        field.name: getattr(person, field.name) for field in attrs.fields(LegacyUser)
    }
    stored = None if password is None else StoredHash(password)
    return ImportRecord(**{**fields, **more}, password=stored)


def _import(*records):
    async def import_users(call):
        context = call.door._context
        await imports.begin(context)
        return await imports.import_chunk(context, imports.Chunk(records, 1), None)

    return import_users


async def _reserve(call):
    context, rows = call.door._context, (_record(ADA), _record(BOB))
    await leftovers.reserve_chunk(context, rows, leftovers.Leftovers(), "reserve")


async def _lift(call):
    await leftovers.lift(call.door._context, force=True)


def _finish(call):
    return call.door.finish_password_change(call.stage.token or "none", NEW)


def _rename(site):
    site.change("1", email=COUNTESS)


def _appear(site):
    site.people["3"] = GRACE
    site.passwords["3"] = "graces"


def _leave(site):
    site.people.pop("1", None)


def _retype(site):
    site.passwords["1"] = NEW


def _ban(site):
    site.people["1"] = attrs.evolve(ADA, blocked=True)


def _fail(site):
    site.down = True


def _recover(site):
    site.down = False


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("login right", _login(ADA.email, RIGHT)),
        Operation("login wrong", _login(ADA.email, WRONG)),
        Operation("login old", _login(ADA.email, OLD)),
        Operation("login new", _login(ADA.email, NEW)),
        Operation("login by username", _login(ADA.username, RIGHT)),
        Operation("login by new e-mail", _login(COUNTESS, RIGHT)),
        Operation(
            "start reset", lambda call: call.door.start_password_change(ADA.email)
        ),
        Operation("finish reset", _finish, InvalidTokenError),
        Operation(
            "change password",
            lambda call: call.door.change_password(ADA.email, RIGHT, NEW),
            InvalidCredentialsError,
        ),
        Operation("set password", _on_target("set_password", NEW)),
        Operation("get user", lambda call: call.door.get_user(ADA.email)),
        Operation(
            "sign up",
            lambda call: call.door.sign_up(ADA.email, "stranger"),
            UserExistsError,
        ),
        Operation(
            "sign up new e-mail",
            lambda call: call.door.sign_up(COUNTESS, "stranger", username="ada2"),
            UserExistsError,
        ),
        Operation("change e-mail", _on_target("change_email", COUNTESS)),
        Operation("change e-mail back", _on_target("change_email", ADA.email)),
        Operation("change username", _on_target("change_username", "ada2")),
        Operation("block", _on_target("block")),
        Operation("unblock", _on_target("unblock")),
        Operation("delete", _on_target("delete_user"), UserNotFoundError),
        Operation("readmit", lambda call: call.door.readmit("shop|1"), of_ledger=True),
        Operation("import", _import(_record(ADA), _record(BOB, "bobs"))),
        Operation("import with hash", _import(_record(ADA, RIGHT))),
        Operation("reserve leftovers", _reserve, of_ledger=True),
        Operation("lift reservations", _lift, of_ledger=True),
        _cut_over("cut over", force=False),
        _cut_over("cut over by force", force=True),
        _legacy("legacy password", _retype),
        _legacy("legacy block", _ban),
        _legacy("legacy e-mail", _rename),
        _legacy("legacy sign-up", _appear),
        _legacy("legacy delete", _leave),
        _legacy("legacy outage", _fail),
        _legacy("legacy recovery", _recover),
    )
}


# --- Start states ------------------------------------------------------------------


def _fresh(stage):
    stage.prepare_token()


def _migrated(stage):
    stage.target = stage.play(stage.door.authenticate(ADA.email, RIGHT)).user.id
    stage.site.passwords["1"] = OLD
    stage.prepare_token()


def _imported(stage, **more):
    _bring(stage, _record(ADA, RIGHT, **more))
    stage.site.passwords["1"] = OLD
    stage.prepare_token()


def _preloaded(stage):
    _bring(stage, _record(ADA))
    stage.prepare_token()


def _bring(stage, record):
    stage.play(_import(record)(Call(stage, stage.door, "")))
    stage.target = stage.play(stage.door.get_user(ADA.email)).id


def _renamed(stage):
    _migrated(stage)
    stage.play(stage.door.change_email(stage.target, COUNTESS))
    change = stage.play(stage.door.start_password_change(COUNTESS))
    stage.token = change.token


def _deleted(stage):
    _migrated(stage)
    stage.play(stage.door.delete_user(stage.target))
    stage.site.passwords["1"] = RIGHT


def _down(stage):
    _fresh(stage)
    stage.site.down = True


def _preloaded_and_down(stage):
    _preloaded(stage)
    stage.site.down = True


def _cut_off(stage):
    stage.play(stage.door.authenticate(BOB.email, "bobs"))
    _fresh(stage)
    stage.door = stage.cut


def _reserved(stage):
    _fresh(stage)
    new = attrs.evolve(ADA, email=ADA.email.lower(), username=ADA.username.lower())
    kinds = {"email": new.email, "username": new.username, "legacy_id": "shop|1"}
    keys = [LedgerKey(kind, value) for kind, value in kinds.items()]
    stage.home.store.reserve(keys, "shop|1")
    stage.door = stage.cut


def _closed(stage):
    # The token was made while everybody could still move.
    before = stage.door
    stage.door = undriven(stage.home.store, stage.site, policy=MigrationPolicy())
    stage.prepare_token()
    stage.door = before


def _blocked(stage):
    _migrated(stage)
    stage.play(stage.door.block(stage.target))
    stage.prepare_token()


def _blocked_in_source(stage):
    stage.site.change("1", blocked=True)
    stage.prepare_token()


def _must_change(stage):
    _imported(stage, must_change_password=True)


def _squatted(stage):
    stage.site.people.pop("1")
    stage.target = stage.play(stage.door.sign_up(ADA.email, "stranger")).id
    stage.site.people["1"] = ADA
    stage.prepare_token()


STARTS = {
    start.name: start
    for start in (
        Start("fresh", _fresh),
        Start("migrated", _migrated),
        Start("imported", _imported),
        Start("preloaded", _preloaded),
        Start("renamed", _renamed),
        Start("deleted", _deleted),
        Start("source down", _down),
        Start("preloaded, source down", _preloaded_and_down),
        Start("cut over", _cut_off),
        Start("reserved", _reserved),
        Start("blocked", _blocked),
        Start("blocked in the source", _blocked_in_source),
        Start("must change", _must_change),
        Start("squatted", _squatted),
        Start(
            "import mode off",
            _closed,
            MigrationPolicy(failure_floor=0, import_mode=False),
        ),
    )
}
