"""
Prints how many vectors of how many formats gave what they should.

A plug-in, as with pytest-xdist no single test sees the answers of all workers.
"""

import collections


PROPERTY = "vector of"


class Tally:
    """
    Counts the tests that have recorded a format, in the process that hears of all.
    """

    def __init__(self):
        self.formats = collections.Counter()
        self.failed = collections.Counter()

    def pytest_runtest_logreport(self, report):
        """
        Count a test whose call is over.
        """
        name = dict(report.user_properties).get(PROPERTY)
        if name is None or report.when != "call":
            return
        self.formats[name] += 1
        if not report.passed:
            self.failed[name] += 1

    def pytest_terminal_summary(self, terminalreporter):
        """
        Print the tally.
        """
        if not self.formats:
            return
        terminalreporter.write_line(
            f"{self.formats.total()} vectors of {len(self.formats)} formats, "
            f"{self.failed.total()} failed: {', '.join(sorted(self.failed)) or 'none'}"
        )


def pytest_configure(config):
    """
    Count from the beginning.
    """
    config.pluginmanager.register(Tally())
