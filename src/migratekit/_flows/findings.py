"""
What a look at all users finds.
"""

from collections import Counter
from collections.abc import Sequence

import attrs

from migratekit._findings import MOST_FINDINGS, Finding
from migratekit._steps.surveys import Desk, TellFindings


@attrs.define(eq=False)
class Found:
    """
    What was found so far: all of it counted, and the first kept.
    """

    desk: Desk
    codes: Counter[str] = attrs.field(factory=Counter)
    first: list[Finding] = attrs.field(factory=list)

    async def tell(self, findings: Sequence[Finding]) -> None:
        """
        Take note of *findings*, and tell them.
        """
        if findings:
            self.codes.update(finding.code for finding in findings)
            self.first += findings[: MOST_FINDINGS - len(self.first)]
            await TellFindings(self.desk, findings)
