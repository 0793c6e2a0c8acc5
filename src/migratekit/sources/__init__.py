"""
Sources: where the users come from.
"""

import attrs


@attrs.frozen
class NoopSource:
    """
    Knows nobody.  Stands where the legacy source was, once it is cut over.
    """

    def login(self, identifier: str, password: str, /) -> None:
        """
        Return None, whoever it is.
        """

    def get_user(self, identifier: str, /) -> None:
        """
        Return None, whoever it is.
        """

    def count(self) -> int:
        """
        Return 0.
        """
        return 0
