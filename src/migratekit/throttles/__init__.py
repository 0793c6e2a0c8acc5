"""
Throttles: where failed attempts are counted.
"""

from typing import ClassVar

import attrs

from migratekit.throttle import AttemptKey


@attrs.frozen
class NoThrottle:
    """
    Counts nothing.  For tests, and for applications that have a throttle in front.
    """

    in_memory: ClassVar[bool] = True

    def reserve(self, key: AttemptKey, /) -> None:
        """
        Return None: go on.
        """

    def release(self, key: AttemptKey, /) -> None:
        """
        Do nothing.
        """

    def reset(self, key: AttemptKey, /) -> None:
        """
        Do nothing.
        """
