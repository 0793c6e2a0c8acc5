"""
The GRANTs of the how-tos.
"""

import functools
import re
from pathlib import Path


DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(r"^```sql\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TITLE = re.compile(r"-- ([a-z0-9_, ]+): (MySQL, MariaDB|PostgreSQL)\n")


@functools.cache
def _blocks():
    found = {}
    for page in sorted(DOCS.glob("howto-from-*.md")):
        for block in BLOCK.findall(page.read_text()):
            title = TITLE.match(block)
            if title is None:
                continue
            backend = "postgresql" if title[2] == "PostgreSQL" else "mysql"
            for name in title[1].split(", "):
                assert (name, backend) not in found
                found[name, backend] = block[title.end() :]
    return found


def grants_of(name, backend):
    """
    Return the statements that make ``reader`` for the tables in ``legacy``.
    """
    return [part for part in _blocks()[name, backend].split(";") if part.strip()]
