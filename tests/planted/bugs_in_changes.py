"""
Bugs of resets, sign-ups, changes and imports.
"""

from bug import Bug


RESET = "_flows/reset.py"
SIGN_UP = "_flows/sign_up.py"
ACCOUNTS = "_flows/accounts.py"
WRITES = "_flows/writes.py"

BUGS = (
    Bug(
        "a reset ignores a conflict",
        "6",
        RESET,
        "    except StaleRecordError:\n        raise InvalidTokenError from None",
        "    except StaleRecordError:\n"
        "        new = await set_hash(ctx, await GetUser(user_id), password)",
        ("tests/test_reset.py::test_race",),
    ),
    Bug(
        "a token is not bound to the state it was made for",
        "6",
        RESET,
        "old is None or not ctx.tokens().is_state_of(old, claims.state)",
        "old is None",
        (
            "tests/test_reset.py::test_one_use",
            "tests/test_reset.py::test_void_after_a_change",
        ),
    ),
    Bug(
        "a token does not know the hash it was made for",
        "6",
        "_signing.py",
        "{record.user.id}|{record.version}|{record.password_hash}",
        "{record.user.id}|{record.version}",
        ("tests/test_tokens.py::test_state",),
    ),
    Bug(
        "a token never expires",
        "§ 6",
        RESET,
        "claims.expires_at <= now.timestamp()",
        "False",
        ("tests/test_reset.py::test_expiry",),
    ),
    Bug(
        "the purpose of a token is ignored",
        "10",
        RESET,
        'set_hash(ctx, old, password, verified=claims.purpose == "reset")',
        "set_hash(ctx, old, password, verified=True)",
        ("tests/test_reset.py::test_handed_over_token_verifies_nothing",),
    ),
    Bug(
        "a token handed over by a login verifies the e-mail of who moves by it",
        "10",
        RESET,
        'ctx, asked, legacy, password, verified=claims.purpose == "reset"',
        "ctx, asked, legacy, password, verified=True",
        ("tests/logins/test_first_logins.py::test_legacy_must_change",),
    ),
    Bug(
        "a token is good for whoever has the address by now",
        "9",
        RESET,
        "legacy is None or ctx.legacy_id(legacy) != claims.legacy_id",
        "legacy is None",
        ("tests/test_reset.py::test_void_after_a_change_in_the_source",),
    ),
    Bug(
        "a token outlives a move under another address",
        "6",
        RESET,
        "if asked is None or await has_moved(str(claims.legacy_id)):",
        "if asked is None:",
        ("tests/test_reset.py::test_void_after_a_move_under_another_address",),
    ),
    Bug(
        "a token is mailed to the address that was typed",
        "9",
        RESET,
        "email = _address(ctx, holder)",
        "email = asked.typed",
        ("tests/test_reset.py::test_mailed_to_the_stored_address",),
    ),
    Bug(
        "a reset asks the source about somebody who has moved",
        "3",
        RESET,
        "    if retirement is not None:\n        await tell_missed(",
        "    if False:\n        await tell_missed(",
        ("tests/test_reset.py::test_deleted",),
    ),
    Bug(
        "a reset unblocks",
        "6",
        RESET,
        "        must_change_password=False,\n",
        "        must_change_password=False,\n        blocked=False,\n",
        ("tests/test_reset.py::test_blocked",),
    ),
    Bug(
        "the identifiers of others are taken along at a reset",
        "9",
        RESET,
        "await fields_of_others(ctx, asked, legacy)",
        "()",
        ("tests/test_reset.py::test_identifier_of_another",),
    ),
    Bug(
        "the identity check is dropped behind get_user",
        "9",
        "_flows/context.py",
        "            check_identity(asked, legacy)\n",
        "            pass\n",
        (
            "tests/test_reset.py::test_answered_for_another",
            "tests/test_sign_up.py::test_source_answers_for_another",
        ),
    ),
    Bug(
        "other spellings of the domain are ignored",
        "9",
        "_flows/context.py",
        "for form in spellings(asked.person)",
        "for form in ()",
        (
            "tests/test_sign_up.py::test_all_forms_are_asked",
            "tests/test_reset.py::test_all_forms_are_asked",
        ),
    ),
    Bug(
        "sign-up is open in an outage",
        "7",
        SIGN_UP,
        "raise UserExistsError(kind) from None",
        "raise UserExistsError(kind) from None\n"
        "        except MigrateKitError:\n"
        "            legacy = None",
        ("tests/test_sign_up.py::test_outage", "tests/test_accounts.py::test_outage"),
    ),
    Bug(
        "what several users of the source have is free",
        "9",
        SIGN_UP,
        "raise UserExistsError(kind) from None",
        "legacy = None",
        ("tests/test_sign_up.py::test_known_to_several_in_the_source",),
    ),
    Bug(
        "the source is not asked for the username of a sign-up",
        "9",
        SIGN_UP,
        "await check_free(ctx, username, None)",
        "pass",
        ("tests/test_sign_up.py::test_known_in_the_source",),
    ),
    Bug(
        "a change of e-mail does not ask the source",
        "9",
        ACCOUNTS,
        "await check_free(ctx, asked, operation, own=old.user.legacy_id)",
        "pass",
        ("tests/test_accounts.py::test_taken_in_the_source",),
    ),
    Bug(
        "somebody's own row in the source is in their way",
        "§ 6",
        ACCOUNTS,
        "await check_free(ctx, asked, operation, own=old.user.legacy_id)",
        "await check_free(ctx, asked, operation)",
        ("tests/test_accounts.py::test_own_legacy_row",),
    ),
    Bug(
        "a new address inherits the proof of the old one",
        "10",
        ACCOUNTS,
        "    if user.email != old.email:\n        return user\n",
        "",
        ("tests/test_accounts.py::test_change_email",),
    ),
    Bug(
        "a change is lost to a concurrent one",
        "8",
        ACCOUNTS,
        "        except StaleRecordError:\n            continue\n",
        "        except StaleRecordError:\n            return old\n",
        ("tests/test_accounts.py::test_race_with_a_block",),
    ),
    Bug(
        "a created user is told to be a failure when the acknowledgement is lost",
        "5",
        WRITES,
        "stored = await GetUser(new.user.id)\n        if stored is None:",
        "if True:",
        (
            "tests/logins/test_store_answers.py::test_acknowledgement_lost",
            "tests/test_sign_up.py::test_acknowledgement_lost",
        ),
    ),
    Bug(
        "a write that failed is told to be done",
        "5",
        WRITES,
        "if await GetUser(record.user.id) is not None:\n            raise",
        "pass",
        ("tests/test_accounts.py::test_store_fails",),
    ),
    Bug(
        "an import overlooks that somebody's keys are another's",
        "4",
        "stores/_rules.py",
        "Origin.PASSWORD_CHANGE, Origin.IMPORT})",
        "Origin.PASSWORD_CHANGE})",
        ("tests/test_import_users.py::test_former_address",),
    ),
)
