"""
Bugs of settings that are kept in a store, and followed.
"""

from bug import Bug


FOLLOWING = "_following.py"
LIVE = "management/_live.py"
MANAGEMENT = "management/_management.py"

BUGS = (
    Bug(
        "the source is asked although the settings say that it is cut over",
        "§ 9",
        FOLLOWING,
        "ports = without_source(ports)\n        else:",
        "pass\n        else:",
        (
            "tests/test_following.py::test_cut_over",
            "tests/test_following.py::test_no_half",
        ),
    ),
    Bug(
        "an operation goes by the policy of one version and the source of another",
        "§ 5",
        FOLLOWING,
        "        context, ports = self.parts()\n",
        "        context, ports = self.parts()[0], self.parts()[1]\n",
        (
            "tests/test_following.py::test_once",
            "tests/test_following.py::test_no_half",
        ),
    ),
    Bug(
        "an older answer of the store takes the place of a newer one",
        "§ 5",
        LIVE,
        "        with self._reading:\n",
        "        if True:\n",
        ("tests/management/test_live.py::test_order_of_answers",),
    ),
    Bug(
        "other limits forget what is known of the source",
        "§ 8",
        "_guard.py",
        "        self._circuits.limit(limits)\n",
        "        other._circuits = Circuits(None, limits, self._circuits._clock)\n",
        ("tests/guards/test_other_limits.py::test_other_limits",),
    ),
    Bug(
        "an option that is left out of an update has its default",
        "§ 5",
        MANAGEMENT,
        "        if missing and not partial:\n",
        "        if False:\n",
        ("tests/management/test_management.py::test_left_out",),
    ),
    Bug(
        "an update changes the strategy_version of those who are stored",
        "§ 5",
        MANAGEMENT,
        "        if not switched:\n",
        "        if False:\n",
        ("tests/management/test_management.py::test_switch",),
    ),
    Bug(
        "an update is not for the version that it was made for",
        "8",
        MANAGEMENT,
        "        old, before = self._existing(connection_id, version)\n",
        "        old, before = self._existing(connection_id, None)\n",
        ("tests/management/test_management.py::test_version",),
    ),
    Bug(
        "settings that mean nothing are followed as far as they do",
        "§ 5",
        "management/_options.py",
        "    check_names(options)\n    cut_over",
        "    cut_over",
        ("tests/management/test_live.py::test_kept",),
    ),
    Bug(
        "an outage of the store ends what is in force",
        "7",
        LIVE,
        '            self._note(str(error), kind="outage")\n',
        "            self._settings = None\n",
        ("tests/management/test_live.py::test_kept",),
    ),
    Bug(
        "a forked process follows nothing",
        "§ 9",
        LIVE,
        "        self._watched = self._closed\n",
        '        self._watched = getattr(self, "_watched", False)\n',
        ("tests/management/test_live.py::test_thread_of_the_parent",),
    ),
    Bug(
        "an operator's change is decided by two versions of the settings",
        "8",
        "cli/_settings_draft.py",
        "        if connection_id not in self._read:\n",
        "        if True:\n",
        ("tests/cli/test_cli_settings_changes.py::test_race_before",),
    ),
    Bug(
        "edited settings take the place of those that somebody has changed meanwhile",
        "8",
        "cli/_settings_changes.py",
        "    version = found.version if version is None else version\n",
        "",
        ("tests/cli/test_cli_settings_changes.py::test_edited",),
    ),
)
