"""
Bugs of a login.
"""

from bug import Bug


PROOF = "_flows/proof.py"
LOGIN = "_flows/login.py"
PREPARATION = "_flows/preparation.py"
REFUSALS = "_flows/refusals.py"

BUGS = (
    Bug(
        "the re-look-up is forgotten after a ledger hit",
        "8",
        PROOF,
        "        record = await FindUser(asked.key)\n        await hold.reserve_holder",
        "        await hold.reserve_holder",
        ("tests/logins/test_login_races.py::test_moved_since_the_first_look",),
    ),
    Bug(
        "there is no ledger: a retired identifier is asked of the source",
        "3",
        PROOF,
        "    if retirement is not None:",
        "    if False:",
        (
            "tests/logins/test_retired.py::test_retired",
            "tests/test_accounts.py::test_delete",
        ),
    ),
    Bug(
        "a legacy id that has moved is vouched for again",
        "4",
        PROOF,
        "if await CheckRetired(legacy_key) is not None:",
        "if False:",
        (
            "tests/logins/test_import_mode_off.py::test_off_moved_under_another_identifier",
        ),
    ),
    Bug(
        "the loser of a race trusts the source's yes",
        "9",
        PROOF,
        "return await verify(attempt, record, reads=4)",
        "return InStore(record)",
        (
            "tests/logins/test_login_races.py::test_race_with_a_stranger",
            "tests/test_change_password.py::test_race_with_a_stranger",
        ),
    ),
    Bug(
        "the loser of a race takes over another user without a hash",
        "9",
        PROOF,
        "if record.user.legacy_id == ctx.legacy_id(legacy):",
        "if record.user.legacy_id is not None:",
        ("tests/logins/test_preloaded.py::test_preloaded_race_with_another_preloaded",),
    ),
    Bug(
        "a pre-loaded user is whoever the source vouches for",
        "9",
        PROOF,
        "if ctx.legacy_id(legacy) != record.user.legacy_id:",
        "if False:",
        ("tests/logins/test_preloaded.py::test_preloaded_other_person",),
    ),
    Bug(
        "after a wrong password the source is asked",
        "3",
        PROOF,
        "return await verify(attempt, record, reads=reads)",
        "found = await verify(attempt, record, reads=reads)\n"
        "        if isinstance(found, InStore) or record.user.legacy_id is None:\n"
        "            return found",
        ("tests/logins/test_stored.py::test_stored_wrong_password",),
    ),
    Bug(
        "that get_user knows somebody counts as a login",
        "1",
        PROOF,
        "question = AskLogin(asked.typed, attempt.password.value)",
        "from migratekit._steps import AskUser\n\n    question = AskUser(asked.typed)",
        ("tests/logins/test_first_logins.py::test_wrong_legacy_password",),
    ),
    Bug(
        "the hash of a pre-loaded user is written before the source has said yes",
        "1",
        PROOF,
        'return wrong("no_password", reads=reads)',
        'return wrong("no_password", reads=reads)\n'
        "    from migratekit._steps import HashPassword, ReplaceUser\n\n"
        "    fresh = await HashPassword(attempt.password.value)\n"
        "    record = await ReplaceUser(\n"
        "        record, attrs.evolve(record, password_hash=fresh)\n"
        "    )",
        ("tests/logins/test_preloaded.py::test_preloaded_wrong_password",),
    ),
    Bug(
        "the identity check is dropped behind login",
        "9",
        PROOF,
        "        check_identity(asked, legacy)\n",
        "        pass\n",
        ("tests/logins/test_source_answers.py::test_identity",),
    ),
    Bug(
        "the hash of another format is not followed by the decoy",
        "11",
        PROOF,
        "current = await NeedsRehash(record.password_hash) is False",
        "current = True",
        ("tests/test_equal_work.py::test_equal",),
    ),
    Bug(
        "somebody who is blocked in the source is let in",
        "10",
        PREPARATION,
        "    if legacy.blocked:\n"
        "        return Refusal(AccountBlockedError())\n"
        "    examined",
        "    examined",
        ("tests/logins/test_first_logins.py::test_legacy_blocked",),
    ),
    Bug(
        "somebody who must change their password is stored without a change",
        "1",
        PREPARATION,
        "ctx, asked, attempt, legacy, must_change=legacy.must_change_password",
        "ctx, asked, attempt, legacy, must_change=False",
        ("tests/logins/test_first_logins.py::test_legacy_must_change",),
    ),
    Bug(
        "the identifiers of others are taken along at a first login",
        "9",
        PREPARATION,
        "await fields_of_others(ctx, asked, legacy)",
        "()",
        ("tests/logins/test_first_logins.py::test_identifier_of_another",),
    ),
    Bug(
        "a hash is renewed without compare-and-swap",
        "6",
        LOGIN,
        "renewed = await replace(record, fresh)",
        "latest = await FindUser(asked.key)\n"
        "        renewed = await replace(\n"
        "            latest, attrs.evolve(fresh, version=latest.version)\n"
        "        )",
        ("tests/logins/test_rehash.py::test_swap_is_for_the_verified_record",),
    ),
    Bug(
        "a hash that cannot be renewed is a failed login",
        "2",
        LOGIN,
        "await tell(ctx, RehashFailed(user_id=user.id))",
        "raise",
        ("tests/logins/test_rehash.py::test_rehash_failure",),
    ),
    Bug(
        "a rehearsal moves users",
        "§ 5",
        LOGIN,
        "    if ctx.policy.rehearse:\n        return await _rehearse(",
        "    if False:\n        return await _rehearse(",
        ("tests/test_rehearse.py::test_first_login",),
    ),
    Bug(
        "a rehearsal renews hashes",
        "§ 5",
        LOGIN,
        "    if ctx.policy.rehearse:\n        return await _welcome(",
        "    if False:\n        return await _welcome(",
        ("tests/test_rehearse.py::test_stored",),
    ),
    Bug(
        "a rehearsal asks the rules about another login than a move",
        "§ 5",
        LOGIN,
        "await denied(ctx, Authenticated(user, migrated=True))",
        "await denied(ctx, Authenticated(holder, migrated=False))",
        ("tests/test_rehearse.py::test_rules_see_the_move_of_the_preloaded",),
    ),
    Bug(
        "a rehearsal that fails keeps people out",
        "§ 5",
        "_flows/rehearsal.py",
        "        prepared = Refusal(error)\n",
        "        raise\n",
        ("tests/test_rehearse.py::test_store_fails",),
    ),
    Bug(
        "an account is changed in a rehearsal",
        "§ 5",
        "_flows/accounts.py",
        "    ctx.check_writes()\n    if type(user_id)",
        "    if type(user_id)",
        ("tests/test_rehearse.py::test_writing",),
    ),
    Bug(
        "a block is overlooked that came while the hash was renewed",
        "6",
        LOGIN,
        "return await _judge(ctx, asked, record) or record",
        "return record",
        ("tests/logins/test_rehash.py::test_swap_lost_then_judged",),
    ),
    Bug(
        "a hash that was changed while it was renewed is not verified",
        "6",
        LOGIN,
        "if record.password_hash != verified.password_hash:",
        "if False:",
        ("tests/logins/test_rehash.py::test_swap_lost_other_password",),
    ),
    Bug(
        "a blocked user is let in",
        "6",
        LOGIN,
        "if record.user.blocked:",
        "if False:",
        ("tests/logins/test_stored.py::test_stored_blocked",),
    ),
    Bug(
        "the fact that somebody was faster is an invalid profile",
        "8",
        "_flows/profiles.py",
        "if asked.key.kind.value in lost and _has_asked(asked, user):",
        "if False:",
        (
            "tests/logins/test_login_races.py::test_race_with_a_foreign_import",
            "tests/test_change_password.py::test_race_with_a_stranger",
        ),
    ),
    Bug(
        "who was moved and deleted meanwhile has an invalid profile",
        "8",
        "_flows/profiles.py",
        "return bool(lost) and await has_moved(str(user.legacy_id))",
        "return False",
        (
            "tests/storms/test_storm_finds.py::test_outrun_and_gone",
            "tests/storms/test_storm_finds.py::test_outrun_and_gone_token",
        ),
    ),
    Bug(
        "a migration unblocks",
        "10",
        "_flows/profiles.py",
        "blocked=legacy.blocked,",
        "blocked=False,",
        ("tests/test_reset.py::test_blocked_in_source",),
    ),
    Bug(
        "a migration takes the e-mail for verified",
        "10",
        "_flows/profiles.py",
        "email_verified=legacy.email_verified,",
        "email_verified=True,",
        ("tests/logins/test_first_logins.py::test_unverified",),
    ),
    Bug(
        "an outage of get_user turns a first login into a failure",
        "7",
        "_flows/drift.py",
        "    except MigrateKitError:\n        return\n",
        "    except MigrateKitError:\n        raise\n",
        ("tests/test_drift.py::test_failure",),
    ),
    Bug(
        "the failure floor is skipped",
        "11",
        REFUSALS,
        "await WaitUntil(began + floor)",
        "return",
        (
            "tests/test_equal_work.py::test_slow_source",
            "tests/test_reset.py::test_same_time",
            "tests/test_sign_up.py::test_floor",
        ),
    ),
    Bug(
        "the decoy is skipped",
        "11",
        REFUSALS,
        "if not refusal.hashed:",
        "if False:",
        ("tests/test_equal_work.py::test_equal",),
    ),
    Bug(
        "the look-ups of a refusal depend on its cause",
        "11",
        REFUSALS,
        "for _ in range(refusal.reads, _READS):",
        "for _ in ():",
        ("tests/test_equal_work.py::test_equal",),
    ),
    Bug(
        "the cause of a refusal is in its message",
        "11",
        "errors.py",
        'super().__init__("Wrong e-mail, username or password.")',
        'super().__init__(f"Wrong e-mail, username or password: {reason}.")',
        ("tests/logins/test_told.py::test_same_message",),
    ),
    Bug(
        "a fault while looking busy is told",
        "11",
        REFUSALS,
        "with suppress(MigrateKitError):\n            await",
        "if True:\n            await",
        ("tests/test_equal_work.py::test_padding_fails",),
    ),
    Bug(
        "a rule that fails lets in",
        "2",
        "_flows/rules.py",
        'reason = "rule_failed"',
        "reason = None",
        ("tests/test_rules.py::test_failing_rule",),
    ),
)
