"""
The laws that a storm's history can show, each as a function that returns violations.
"""

from collections import Counter, defaultdict

import attrs
from storm_calls import LEGACY, Call, Person, Shown
from storm_model import order_of


# What each call may end with besides what it is for.
ERRORS = {
    "login": {"InvalidCredentialsError", "AccountBlockedError"},
    "change_password": {
        "InvalidCredentialsError",
        "AccountBlockedError",
        "StaleRecordError",
    },
    "set_password": {"UserNotFoundError", "StaleRecordError"},
    "block": {"UserNotFoundError", "StaleRecordError"},
    "unblock": {"UserNotFoundError", "StaleRecordError"},
    "delete": {"UserNotFoundError", "StaleRecordError"},
    "change_email": {"UserNotFoundError", "StaleRecordError", "UserExistsError"},
    "readmit": {"UserExistsError"},
    "finish": {"InvalidTokenError"},
    "sign_up": {"UserExistsError"},
}
# Where the new password stands among the arguments.
CHANGES = {"change_password": 2, "set_password": 1, "finish": 1}
BARS = {"delete": "readmit", "block": "unblock"}


@attrs.frozen
class Storm:
    """
    Everything that is known when a storm is over.
    """

    calls: list
    imports: list
    stored: list
    disagreements: list = attrs.field(factory=list)

    def by_person(self):
        histories = defaultdict(list)
        for call in self.calls:
            histories[call.person].append(call)
        return histories


def violations(storm):
    """
    Return every violation of every law.
    """
    return [found for law in LAWS for found in law(storm)]


def only_documented_errors(storm):
    """
    A call ends well, or with an error that is said to be possible.
    """
    return [
        f"undocumented error: {call}"
        for call in storm.calls
        if call.error not in {None} | ERRORS.get(call.name, set())
    ]


def ones_own_record(storm):
    """
    Nobody is handed another person's record.
    """
    found, owners = [], {}
    for call in storm.calls:
        if not isinstance(call.answer, Shown):
            continue
        person = Person(call.person)
        shown = call.answer
        if shown.legacy_id != person.legacy_id or shown.email not in person.emails:
            found.append(f"another person's record: {call}")
        if owners.setdefault(shown.user_id, call.person) != call.person:
            found.append(f"two people with one id: {call}")
    return found


def moved_once(storm):
    """
    A legacy id moves once, unless it was readmitted.
    """
    found = []
    for number, calls in storm.by_person().items():
        moves = [
            call
            for call in calls
            if call.name == "login" and call.is_done and call.answer.migrated
        ]
        ids = {call.answer.user_id for call in calls if isinstance(call.answer, Shown)}
        again = sum(call.name == "readmit" and call.is_done for call in calls)
        if max(len(moves), len(ids)) > 1 + again:
            found.append(f"person {number} moved {len(moves)} times, as {sorted(ids)}")
    return found


def no_resurrected_password(storm):
    """
    After a change has returned, an older password lets nobody in any more.
    """
    found = []
    for calls in storm.by_person().values():
        changes = [c for c in calls if c.name in CHANGES and c.is_done]
        readmitted = [c for c in calls if c.name == "readmit" and c.is_done]
        for login in calls:
            if login.name != "login" or not login.is_done:
                continue
            password = login.args[1]
            sources = [c for c in changes if c.args[CHANGES[c.name]] == password]
            if password == LEGACY:
                sources += readmitted
            for change in changes:
                if change.end >= login.begin or change in sources:
                    continue
                if not any(other.end > change.begin for other in sources):
                    found.append(f"older password: {login} after {change}")
    return found


def no_entry_past_a_bar(storm):
    """
    After a deletion or a block has returned, nobody gets in before it is lifted.
    """
    found = []
    for calls in storm.by_person().values():
        logins = [c for c in calls if c.name == "login" and c.is_done]
        for bar in calls:
            if bar.name not in BARS or not bar.is_done:
                continue
            lifts = [
                c for c in calls if c.name in {BARS[bar.name], "readmit"} and c.is_done
            ]
            found += [
                f"got in: {login} after {bar}"
                for login in logins
                if login.begin > bar.end
                and not any(c.end > bar.begin and c.begin < login.end for c in lifts)
            ]
    return found


def right_password_is_never_refused(storm):
    """
    Whose password nobody changes and whom nobody bars always gets in with it.
    """
    return [
        f"refused: {login}"
        for calls in storm.by_person().values()
        if not any(c.name in CHANGES or c.name in BARS for c in calls)
        for login in calls
        if login.name == "login"
        and login.args == (Person(login.person).username, LEGACY)
        and not login.is_done
    ]


def nobody_is_lost(storm):
    """
    Whoever was stored and not deleted is stored.
    """
    stored = {user.legacy_id for user in storm.stored}
    return [
        f"lost: person {number}"
        for number, calls in storm.by_person().items()
        if any(isinstance(c.answer, Shown) for c in calls)
        and not any(c.name == "delete" for c in calls)
        and Person(number).legacy_id not in stored
    ]


def no_duplicates(storm):
    """
    No e-mail, username or legacy id is stored twice.
    """
    return [
        f"twice: {value}"
        for name in ("email", "username", "legacy_id", "user_id")
        for value, count in Counter(getattr(u, name) for u in storm.stored).items()
        if count > 1 and value is not None
    ]


def ledger_agrees(storm):
    """
    The store's own check finds nothing.
    """
    return [f"check(): {found}" for found in storm.disagreements]


def reports_add_up(storm):
    """
    Imports count every row, and as many users as came by one.
    """
    found = [
        f"does not add up: {one}"
        for one in storm.imports
        if one.inserted + one.already_migrated != one.rows
    ]
    shown = [c.answer for c in storm.calls if isinstance(c.answer, Shown)]
    ids = {user.user_id for user in [*shown, *storm.stored] if user.origin == "import"}
    inserted = sum(one.inserted for one in storm.imports)
    if len(ids) != inserted:
        found.append(f"imports told of {inserted} users, {len(ids)} came by one")
    return found


def some_order_explains(storm):
    """
    Each person's answers are those of some serial order of the calls.
    """
    stored = {user.legacy_id: user for user in storm.stored}
    found = []
    for number, calls in storm.by_person().items():
        over = max(call.end for call in calls)
        last = stored.get(Person(number).legacy_id)
        end = Call(number, "observe", begin=over + 1, end=over + 2, answer=last)
        if order_of(number, [*calls, end]) is None:
            history = "\n    ".join(map(str, sorted(calls, key=lambda c: c.begin)))
            found.append(f"no order explains\n    {history}\n    {end}")
    return found


LAWS = (
    only_documented_errors,
    ones_own_record,
    moved_once,
    no_resurrected_password,
    no_entry_past_a_bar,
    right_password_is_never_refused,
    nobody_is_lost,
    no_duplicates,
    ledger_agrees,
    reports_add_up,
    some_order_explains,
)
