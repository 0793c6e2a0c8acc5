"""
Bugs of what the flows stand on: the loops, the stores, the sources, the formats.
"""

from bug import Bug


RUN = "_run.py"
MEMORY = "stores/memory.py"
OPERATIONS = "stores/_sql_operations.py"
VALIDATION = "validation.py"

BUGS = (
    Bug(
        "a forgotten await is true",
        "2",
        "_steps/step.py",
        'raise TypeError(f"{type(self).__name__} was not awaited.")',
        "return True",
        ("tests/test_run.py::test_forgotten_await",),
    ),
    Bug(
        "a truthy answer is a right password",
        "2",
        "_steps/passwords.py",
        "return ports.hasher.verify(self.password, self._compared(ports))",
        "return bool(ports.hasher.verify(self.password, self._compared(ports)))",
        ("tests/test_run.py::test_hasher_that_is_not_sure",),
    ),
    Bug(
        "an outage is a wrong password",
        "7",
        "_steps/source.py",
        "return LegacyUnavailableError(whereabouts(exc))",
        "return None",
        ("tests/logins/test_source_answers.py::test_outage",),
    ),
    Bug(
        "what a source adds to a user is copied",
        "10",
        "_steps/source.py",
        "return _plain(legacy)",
        "return legacy",
        ("tests/logins/test_source_answers.py::test_no_hash_leaves",),
    ),
    Bug(
        "the async loop takes whatever an adapter answers",
        "13",
        RUN,
        "answer = await _in_loop(step, ports)\n            answer = _checked",
        "answer = await _in_loop(step, ports)\n            _ = _checked",
        ("tests/test_run.py::test_checked",),
    ),
    Bug(
        "a sync adapter blocks the event loop",
        "13",
        "_steps/step.py",
        "return not inspect.iscoroutinefunction(attrgetter(self.port)(ports))",
        "return False",
        ("tests/test_run.py::test_never_in_the_loop",),
    ),
    Bug(
        "an adapter's error keeps its frames",
        "12",
        RUN,
        "error.__traceback__ = error.__cause__ = error.__context__ = None",
        "pass",
        ("tests/test_run.py::test_scrubbed", "tests/test_secrets.py::test_flows"),
    ),
    Bug(
        "an adapter's words are told",
        "12",
        "_steps/step.py",
        'return f"{type(exc).__name__}{place}"',
        'return f"{type(exc).__name__}{place}: {exc}"',
        ("tests/test_secrets.py::test_flows",),
    ),
    Bug(
        "a password has a repr",
        "12",
        "_flows/context.py",
        "    value: str = attrs.field(repr=False)",
        "    value: str",
        ("tests/test_secrets.py::test_values",),
    ),
    Bug(
        "a redirect takes the password along",
        "§ 8",
        "sources/http/_transport.py",
        "                for chunk in response.iter_stream():\n",
        '                where = dict(response.headers).get(b"Location")\n'
        "                if where is not None:\n"
        "                    place = attrs.evolve(question.place, target=where.decode())\n"
        "                    moved = attrs.evolve(question, place=place)\n"
        "                    return _asked(terms, moved, deadline)\n"
        "                for chunk in response.iter_stream():\n",
        ("tests/sources/test_http_faults.py::test_fault",),
    ),
    Bug(
        "the guard asks again",
        "3",
        "_calls.py",
        "self.answer = context.run(ask, *arguments)\n        except",
        "try:\n"
        "                self.answer = context.run(ask, *arguments)\n"
        "            except Exception:\n"
        "                self.answer = context.run(ask, *arguments)\n"
        "        except",
        ("tests/guards/test_deadline.py::test_error",),
    ),
    Bug(
        "the guard counts answers as outages",
        "7",
        "_calls.py",
        "return isinstance(error, MigrateKitError) or _is_about_a_value(error)",
        "return False",
        ("tests/guards/test_circuit_breaker.py::test_answers",),
    ),
    Bug(
        "one person's second factor is everybody's outage",
        "7",
        "_calls.py",
        "return error.answered",
        "return False",
        ("tests/guards/test_circuit_breaker.py::test_answers",),
    ),
    Bug(
        "a coroutine behind a decorator has no place",
        "§ 8",
        "_calls.py",
        "if not inspect.isawaitable(self.answer):",
        "if True:",
        ("tests/guards/test_bound.py::test_bound_of_tasks",),
    ),
    Bug(
        "the password is looked at before whose row it is",
        "11",
        "sources/sql.py",
        "        if not is_asked(person_of(row), identifier):\n            return None\n",
        "",
        ("tests/sources/test_sql_source.py::test_somebody_else_logs_in",),
    ),
    Bug(
        "identifiers that look alike have a count each",
        "§ 8",
        "_flows/context.py",
        "return loosely(self.person.value)[:IDENTIFIER_CHARACTERS]",
        "return self.key.value",
        ("tests/test_throttle.py::test_lookalikes",),
    ),
    Bug(
        "the guard lets everybody probe",
        "7",
        "_circuit.py",
        "if probe and (self._probing or full or self._seconds_left() > 0):",
        "if probe and (full or self._seconds_left() > 0):",
        ("tests/guards/test_circuit_breaker.py::test_one_probe",),
    ),
    Bug(
        "memory compares no versions",
        "8",
        MEMORY,
        "            self._check_version(old)\n",
        "",
        ("tests/stores/test_contract.py::TestMemoryStore::test_replace_stale",),
    ),
    Bug(
        "memory forgets in the ledger whom it deletes",
        "4",
        MEMORY,
        "            self._forget(record.user.id)\n",
        "            self._forget(record.user.id)\n"
        "            for key in ledger_keys(record.user):\n"
        "                self._ledger.pop(key, None)\n",
        (
            "tests/stores/test_contract.py::TestMemoryStore::test_ledger_outlives_user",
            "tests/test_accounts.py::test_delete",
        ),
    ),
    Bug(
        "somebody is readmitted while they are stored",
        "4",
        MEMORY,
        "if LedgerKey(KeyKind.LEGACY_ID, legacy_id) in self._holders:",
        "if False:",
        ("tests/test_accounts.py::test_readmit_stored",),
    ),
    Bug(
        "what is reserved is free",
        "4",
        "stores/_rules.py",
        "if not _is_own_reservation(row, user):\n            raise UserEx",
        "if False:\n            raise UserEx",
        (
            "tests/stores/test_contract.py::TestMemoryStore::test_replace_with_reserved_name",
            "tests/stores/test_contract.py::TestSQLStoreInMemory::test_replace_with_reserved_name",
        ),
    ),
    Bug(
        "a record becomes another person's",
        "9",
        "stores/_rules.py",
        "if (old.user.id, old.user.legacy_id) != (new.user.id, new.user.legacy_id):",
        "if False:",
        ("tests/stores/test_refusals.py::test_replace_with_somebody_else",),
    ),
    Bug(
        "user and ledger are written in two transactions",
        "5",
        OPERATIONS,
        "        connection.execute(insert(users), values_of(record))\n",
        '        connection.exec_driver_sql("COMMIT")\n'
        '        connection.exec_driver_sql("BEGIN IMMEDIATE")\n'
        "        connection.execute(insert(users), values_of(record))\n",
        ("tests/stores/test_refusals.py::test_taken_id",),
    ),
    Bug(
        "a SQL store writes no ledger",
        "4",
        OPERATIONS,
        "        _retire(connection, keys, rows, new.user)\n"
        "        connection.execute(insert(users)",
        "        connection.execute(insert(users)",
        (
            "tests/stores/test_contract.py::TestSQLStoreInMemory::test_ledger_of_new_user",
        ),
    ),
    Bug(
        "a SQL store compares no versions when it replaces",
        "8",
        OPERATIONS,
        "update(users).where(*_is_version(old))",
        "update(users).where(users.c.id == old.user.id)",
        ("tests/stores/test_contract.py::TestSQLStoreInMemory::test_replace_stale",),
    ),
    Bug(
        "a SQL store compares no versions when it deletes",
        "8",
        OPERATIONS,
        "delete_from(users).where(*_is_version(record))",
        "delete_from(users).where(users.c.id == record.user.id)",
        ("tests/stores/test_contract.py::TestSQLStoreInMemory::test_delete_stale",),
    ),
    Bug(
        "a collation finds another person",
        "9",
        OPERATIONS,
        "if row is None or row[column] != value:",
        "if row is None:",
        ("tests/stores/test_sql_store.py::test_padded_comparison",),
    ),
    Bug(
        "what is looked up is not in canonical form",
        "4",
        "_flows/context.py",
        "canonical(identifier, strategy_version=ctx.policy.strategy_version)",
        "canonical(identifier, strategy_version=1)",
        ("tests/logins/test_stored.py::test_any_case",),
    ),
    Bug(
        "KELVIN SIGN is a k",
        "9",
        VALIDATION,
        'raise ValueError("A character would turn into ASCII.")',
        "pass",
        ("tests/test_validation.py::test_no_form",),
    ),
    Bug(
        "compatibility characters are the same",
        "9",
        VALIDATION,
        'text = unicodedata.normalize("NFC", text)\n    text',
        'text = unicodedata.normalize("NFKC", text)\n    text',
        ("tests/test_validation.py::test_form",),
    ),
    Bug(
        "an empty password is passed on",
        "3",
        VALIDATION,
        "0 < len(password) <= PASSWORD_BYTES",
        "len(password) <= PASSWORD_BYTES",
        ("tests/test_bad_input.py::test_login",),
    ),
    Bug(
        "a subclass of str is an identifier",
        "3",
        VALIDATION,
        "if type(identifier) is not str:",
        "if not isinstance(identifier, str):",
        ("tests/test_bad_input.py::test_login",),
    ),
    Bug(
        "a hash is downgraded",
        "§ 8",
        "passwords.py",
        "return ours > (",
        "return ours != (",
        (
            "tests/logins/test_rehash.py::test_no_downgrade",
            "tests/test_passwords.py::test_is_upgrade",
        ),
    ),
    Bug(
        "a cut argon2 hash matches",
        "2",
        "passwords.py",
        "if cost.hash_len < 16:",
        "if False:",
        ("tests/test_passwords.py::test_short_digest",),
    ),
    Bug(
        "an imported argon2 hash is not bounded in cost",
        "§ 7",
        "passwords.py",
        "return _over_ceiling(cost.memory_cost, cost.time_cost, cost.parallelism)",
        "return None",
        ("tests/test_passwords.py::test_ceilings",),
    ),
    Bug(
        "the cost of a legacy hash is looked at after computing",
        "§ 7",
        "formats/bcrypt.py",
        'bounded(int(cost), 4, ceilings.bcrypt_cost, "cost")',
        "bcrypt.hashpw(b'', f'$2b${cost}${22 * \".\"}'.encode())\n"
        '        bounded(int(cost), 4, ceilings.bcrypt_cost, "cost")',
        ("tests/formats/test_schemes.py::test_ceiling_comes_first",),
    ),
    Bug(
        "a cut legacy key matches",
        "2",
        "formats/kdf.py",
        "if len(key) not in (self.key_lengths or {size}):",
        "if False:",
        ("tests/formats/test_schemes.py::test_pbkdf2_cut",),
    ),
    Bug(
        "the hash of one format is tried as another",
        "2",
        "formats/format_list.py",
        "return chosen.verify(password, stored) is True",
        "return any(\n"
        "                one.identify(stored) and one.verify(password, stored)\n"
        "                for one in self.formats\n"
        "            )",
        ("tests/formats/test_format.py::test_list_by_name",),
    ),
)
