"""
Bugs of what becomes of those who have not moved when the source goes.
"""

from bug import Bug


ENDING = "_ending.py"
COMMAND = "cli/cut_over.py"
GATE = "_flows/gate.py"
LEFTOVERS = "_flows/leftovers.py"

BUGS = (
    Bug(
        "who is loaded at the end keeps the hash that the source has",
        "1",
        ENDING,
        "        return attrs.evolve(row, password=None)\n",
        "        return row\n",
        ("tests/test_leftovers.py::test_hashes_are_not_kept",),
    ),
    Bug(
        "who cannot be loaded is not reserved",
        "§ 9",
        LEFTOVERS,
        "    if wanted:\n        await _reserve(wanted)\n",
        "    if wanted and leftovers == 'reserve':\n        await _reserve(wanted)\n",
        (
            "tests/test_leftovers.py::test_load_what_cannot_be",
            "tests/test_leftovers_laws.py::test_cut_over",
        ),
    ),
    Bug(
        "usernames are not reserved",
        "§ 9",
        LEFTOVERS,
        "    names = ((KeyKind.EMAIL, record.email), (KeyKind.USERNAME, record.username))",
        "    names = ((KeyKind.EMAIL, record.email),)",
        ("tests/test_leftovers_laws.py::test_cut_over",),
    ),
    Bug(
        "reservations are lifted although there is no source",
        "§ 9",
        LEFTOVERS,
        "    if not force and await IsCutOver() is True:\n",
        "    if False:\n",
        ("tests/test_leftovers.py::test_lift_without_source",),
    ),
    Bug(
        "somebody who is neither loaded nor reserved keeps nobody from cutting over",
        "§ 9",
        ENDING,
        "            kept = self.keep_leftovers(decision.how)\n"
        "            if kept.unreadable and not force:\n",
        "            kept = self.keep_leftovers(decision.how)\n            if False:\n",
        ("tests/test_leftovers.py::test_unreadable",),
    ),
    Bug(
        "users who remain are no reason to keep the source",
        "§ 9",
        GATE,
        "    if remaining:\n",
        "    if not remaining:\n",
        ("tests/test_gate.py::test_users_remain",),
    ),
    Bug(
        "on the way back, reservations are lifted before all workers follow",
        "§ 9",
        COMMAND,
        "        fleet.settle()\n",
        "        pass\n",
        ("tests/cli/test_cli_cut_over.py::test_undo_in_order",),
    ),
    Bug(
        "a rehearsal by hand is none where the policy says so",
        "5",
        "cli/_rehearsal.py",
        "rehearse=True,\n        import_mode=True,\n",
        "import_mode=True,\n",
        ("tests/cli/test_cli_rehearse.py::test_json",),
    ),
    Bug(
        "a rehearsal by hand may write",
        "5",
        "cli/_rehearsal.py",
        "        ReadOnly(connection.store),\n",
        "        connection.store,\n",
        ("tests/cli/test_cli_rehearse.py::test_settings",),
    ),
    Bug(
        "guesses by hand wait, and keep others waiting",
        "§ 8",
        "cli/_rehearsal.py",
        "        throttle=NoThrottle(),\n",
        "",
        ("tests/cli/test_cli_logins.py::test_guesses",),
    ),
    Bug(
        "the old source is missed while it is there",
        "§ 9",
        "_flows/context.py",
        "    if operation is None or await IsCutOver() is not True:\n",
        "    if operation is None:\n",
        ("tests/test_missed.py::test_while_there_is_a_source",),
    ),
    Bug(
        "a reset by somebody who was left behind is not counted",
        "§ 9",
        "_flows/context.py",
        '    if retirement is None or retirement.reason == "reserved":\n',
        "    if retirement is None:\n",
        ("tests/test_missed.py::test_reserved",),
    ),
    Bug(
        "a change that others outrun counts each time",
        "§ 9",
        "_flows/accounts.py",
        "            operation = None\n",
        "",
        ("tests/test_missed.py::test_outrun",),
    ),
)
