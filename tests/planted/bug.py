"""
What a planted bug is.
"""

import attrs


@attrs.frozen
class Bug:
    """
    A mistake somebody could make, and the tests that must notice it.

    Args:
        name: What is wrong then.
        law: The number of the law in DESIGN § 10 that it breaks, or a § of DESIGN.
        file: Below ``src/migratekit``.
        old: A text that is in the file exactly once.
        new: What stands in its place.
        tests: The ids of tests, each of which must fail.
    """

    name: str
    law: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, text: str) -> str:
        """
        Return the text of the file with the bug.

        Raises:
            ValueError: If the patch does not apply.
        """
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.name}: {self.file} has its text {count} times.")
        return text.replace(self.old, self.new)
