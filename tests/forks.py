"""
What is the case in a process that is forked off in the midst of a test.
"""

import os
import signal
import sys
import traceback
import warnings

import pytest


_SECONDS = 60  # Longer than anything takes that is tested so.

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork.")


def forked(answer):
    """
    Return whether *answer* gives True in a forked process.
    """
    with warnings.catch_warnings():
        # Python warns of threads, and this is what they are tested beside.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        # Nothing of the test run may go on in here, and nothing wait for good.
        status = 1
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_SECONDS)
        try:
            status = 0 if answer() is True else 1
            _keep_coverage()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _keep_coverage():
    coverage = sys.modules.get("coverage")
    current = coverage and coverage.Coverage.current()
    if current:
        current.stop()
        current.save()
