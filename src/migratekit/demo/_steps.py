"""
The steps of the demo.  Each says what it does, does it, and looks at the rows.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from migratekit.demo._site import Site, refusal, rows_of
from migratekit.errors import (
    AccountBlockedError,
    AmbiguousUserError,
    CutOverRefusedError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    ProfileInvalidError,
)
from migratekit.models import Origin


_ARGON2: Final = "$argon2id$v=19$m=65536,t=3,p=4$"
_MOVED: Final = "This login moved the user."
_NOT_MOVED: Final = "This login moved nobody."


def first_login(site: Site) -> None:
    """
    The first login moves a user
    """
    ada, *_, md5_user = site.people.sound[:4]
    typed = f" {ada.email.swapcase()} "
    site.say(f"{ada.name} logs in.  She types her e-mail as {typed.strip()}.")
    with site.legacy_queries() as queries:
        result = site.connection.authenticate(typed, ada.password)
    site.check(result.migrated is True, _MOVED)
    site.check(
        len(queries) == 2,
        "The legacy database was asked for her, and whose her username is.",
    )

    row = site.stored(ada)
    site.check(
        row.get("email") == ada.email.lower(), "Her e-mail is stored in lower case."
    )
    site.check(row["username"] == ada.login, "Her user name is there.")
    site.check(ada.name in row["profile"], "Her name is there.")
    site.check(row["created_at"].startswith("2012-"), "So is the day she registered.")
    site.check(row["origin"] == "login", "The row says that a login brought her here.")
    hashed = row["password_hash"].startswith(_ARGON2)
    site.check(hashed, "Her password is hashed with argon2id.")
    keys = {("email", row["email"]), ("username", ada.login), ("legacy_id", "blog|1")}
    site.check(site.ledger(ada) == keys, "The ledger remembers that she has moved.")

    site.say(f"{md5_user.name} still has a bare MD5 hash, and logs in.")
    site.check(site.log_in(md5_user) is True, _MOVED)
    stored = site.stored(md5_user).get("password_hash", "")
    site.check(stored.startswith(_ARGON2), "This password is hashed with argon2id too.")


def second_login(site: Site) -> None:
    """
    The second login never asks the legacy database
    """
    ada = site.people.sound[0]
    site.say(f"{ada.name} logs in again, by e-mail and by user name.")
    before = site.stored(ada)
    with site.legacy_queries() as queries:
        site.check(site.log_in(ada) is False, _NOT_MOVED)
        by_name = site.connection.authenticate(ada.login.upper(), ada.password)
    site.check(by_name.migrated is False, _NOT_MOVED)
    site.check(queries == [], "The legacy database was not asked.")
    site.check(site.stored(ada) == before, "Her row is the same.")


def wrong_password(site: Site) -> None:
    """
    A wrong password writes nothing
    """
    ada, bob = site.people.sound[:2]
    log_in = site.connection.authenticate
    attempts = {
        f"{ada.name}, who has moved": partial(log_in, ada.email, bob.password),
        f"{bob.name}, who has not": partial(log_in, bob.email, ada.password),
        "nobody at all": partial(log_in, "nobody@example.org", ada.password),
    }
    messages = set()
    with site.unwritten():
        for who, attempt in attempts.items():
            site.say(f"Somebody tries a wrong password for {who}.")
            messages.add(str(refusal(InvalidCredentialsError, attempt)))
    site.check(len(messages) == 1, f"All of them got the same answer: {messages.pop()}")


def invalid_profiles(site: Site) -> None:
    """
    Profiles that are not valid are refused, and it is said why
    """
    broken, (first, second) = site.people.broken, site.people.twins
    log_in = site.connection.authenticate
    with site.unwritten():
        site.say(
            f"{broken.name} has the right password, but the e-mail {broken.email}."
        )
        attempt = partial(log_in, broken.login, broken.password)
        _violates(site, "email_invalid", refusal(ProfileInvalidError, attempt))
        site.say(
            f"{first.name} and {second.name} share the e-mail {first.email}.  By that "
            "nobody can tell who it is."
        )
        attempt = partial(log_in, first.email, first.password)
        site.check(True, f"The error is: {refusal(AmbiguousUserError, attempt)}")
        for person in (first, second):
            site.say(f"{person.name} logs in by user name.")
            attempt = partial(log_in, person.login, person.password)
            _violates(site, "email_taken", refusal(ProfileInvalidError, attempt))

    site.say(f"{second.name} gets an address of her own in the legacy database.")
    with closing(sqlite3.connect(site.legacy)) as database, database:
        database.execute(
            "UPDATE wp_users SET user_email = 'annie.easley@example.org' WHERE ID = ?",
            (second.number,),
        )
    for person in (first, second):
        site.say(f"{person.name} logs in by user name.")
        result = log_in(person.login, person.password)
        site.check(result.migrated is True, _MOVED)
    rows = rows_of(site.store)["migratekit_users"]
    emails = [row["email"] for row in rows]
    site.check(emails.count(first.email.lower()) == 1, "The e-mail is stored once.")
    site.check(broken.email not in emails, "The broken one is not.")


def _violates(site: Site, code: str, error: ProfileInvalidError) -> None:
    codes = [violation.code for violation in error.violations]
    told = "; ".join(violation.message for violation in error.violations)
    site.check(codes == [code], f"Refused, for {code}: {told}")


def blocked_user(site: Site) -> None:
    """
    A blocked user is told so, after the right password only
    """
    mallory = site.people.blocked
    log_in = partial(site.connection.authenticate, mallory.email)
    with site.unwritten():
        site.say(f"{mallory.name} is blocked in the legacy database, and logs in.")
        blocked = refusal(AccountBlockedError, partial(log_in, mallory.password))
        site.check(True, f"The answer is: {blocked}")
        site.say("Somebody else tries that account with a wrong password.")
        wrong = refusal(InvalidCredentialsError, partial(log_in, "wrong"))
        site.check(True, f"The answer is: {wrong}")
    site.check(site.stored(mallory) == {}, "A blocked user was not stored.")


def password_reset(site: Site) -> None:
    """
    Somebody who has not moved resets a forgotten password
    """
    person = site.people.sound[10]
    new = "a much better passphrase"
    site.say(f"{person.name} has forgotten the password, and asks for a link.")
    with site.unwritten():
        change = site.connection.start_password_change(person.email)
    if change is None:
        return site.check(False, "There is a link to mail.")
    site.check(
        change.email == person.email.lower(), f"The link goes to {change.email}."
    )

    site.say("The link is used.")
    site.connection.finish_password_change(change.token, new)
    row = site.stored(person)
    site.check(row.get("origin") == "password_change", "The user has moved by that.")
    site.check(row["email_verified"] == 1, "The e-mail counts as proved.")
    site.check(row["password_hash"].startswith(_ARGON2), "There is a new hash.")
    site.check(
        site.connection.authenticate(person.email, new).migrated is False,
        "The new password logs in.",
    )
    old = partial(site.connection.authenticate, person.email, person.password)
    refusal(InvalidCredentialsError, old)
    return site.check(True, "The password of the legacy database does not any more.")


def switched_off(site: Site) -> None:
    """
    The legacy database is down
    """
    ada, bob = site.people.sound[:2]
    site.say("The file of the legacy database is moved away.")
    before = rows_of(site.store)
    with site.switched_off():
        site.check(site.log_in(ada) is False, f"{ada.name}, who has moved, logs in.")
        error = refusal(LegacyUnavailableError, partial(site.log_in, bob))
        site.check(
            not site.legacy.exists(), f"{bob.name}, who has not, is told: {error}"
        )
        wrong = partial(site.connection.authenticate, ada.email, bob.password)
        refusal(InvalidCredentialsError, wrong)
        site.check(True, "A wrong password is still wrong.")
    site.check(before == rows_of(site.store), "Nothing was written.")
    site.say(f"It is back, and {bob.name} tries again.")
    site.check(site.log_in(bob) is True, _MOVED)


def progress(site: Site) -> None:
    """
    How far the migration is
    """
    many = site.people.sound[20:30]
    site.say(f"{len(many)} more users log in.")
    moved = [site.log_in(person) for person in many]
    site.check(moved == [True] * len(many), "Each of these logins moved a user.")

    figures = site.connection.progress()
    users = rows_of(site.store)["migratekit_users"]
    legacy = rows_of(site.legacy)["wp_users"]
    by_login = [row["origin"] for row in users].count("login")
    site.check(figures.total == len(users), f"{figures.total} users are stored.")
    same = figures.by_origin[Origin.LOGIN] == by_login
    site.check(same, f"{by_login} came by a login.")
    site.check(figures.moved == len(users), "All of them have moved here.")
    remaining = len(legacy) - len(users)
    site.check(figures.remaining == remaining, f"{remaining} have not moved yet.")
    names = {user.username for user in site.connection.users()}
    site.check(
        names == {row["username"] for row in users}, "It can be listed who has moved."
    )


def cut_over(site: Site) -> None:
    """
    The cut-over is refused while users remain, unless it is forced
    """
    site.say("The operator cuts over.")
    error = refusal(CutOverRefusedError, site.connection.cut_over)
    remaining = len(rows_of(site.legacy)["wp_users"]) - len(
        rows_of(site.store)["migratekit_users"]
    )
    site.check(error.remaining == remaining, f"The answer is: {error}")
    site.say("The operator insists.")
    with site.unwritten():
        site.connection = site.connection.cut_over(force=True)
    site.check(
        site.connection.progress().remaining == 0, "Nobody is waited for any more."
    )


def afterwards(site: Site) -> None:
    """
    After the cut-over nobody needs the legacy database
    """
    ada, bob = site.people.sound[:2]
    late = site.people.sound[-1]
    site.say("The file of the legacy database is moved away for good.")
    before = rows_of(site.store)
    with site.legacy_queries() as queries, site.switched_off():
        for person in (ada, bob):
            site.check(site.log_in(person) is False, f"{person.name} logs in.")
        refusal(InvalidCredentialsError, partial(site.log_in, late))
        site.check(True, f"{late.name}, who never moved, is unknown: no outage.")
    site.check(queries == [], "Nobody tried to ask the legacy database.")
    site.check(before == rows_of(site.store), "Nothing was written.")


def no_secrets(site: Site) -> None:
    """
    No password and no hash is in the log
    """
    text = site.log.read_text(encoding="utf-8")
    hashes = [row["user_pass"] for row in rows_of(site.legacy)["wp_users"]]
    hashes += [row["password_hash"] for row in rows_of(site.store)["migratekit_users"]]
    passwords = [person.password for person in site.people]
    lines = text.count("\n")
    site.check("UserMigrated" in text, f"The log has {lines} lines of what happened.")
    secrets = [secret for secret in (*hashes, *passwords) if secret in text]
    site.check(secrets == [], "None of them shows a password or a hash.")


STEPS: Final[tuple[Callable[[Site], None], ...]] = (
    first_login,
    second_login,
    wrong_password,
    invalid_profiles,
    blocked_user,
    password_reset,
    switched_off,
    progress,
    cut_over,
    afterwards,
    no_secrets,
)
