"""
What a stored hash costs, as far as its text says.
"""

import re
from typing import Final

from migratekit.formats.armor import CRYPT64


# Of each only digits are shown, or a letter that stands for a number: what is known to
# be a cost, and never a part of a salt or digest.
_BCRYPT: Final = re.compile(r"\$2[abxy]?\$([0-9]{2})\$[./A-Za-z0-9]{53}$")
_PHPASS: Final = re.compile(r"(?:\$[PH]\$|U?\$S\$)([./0-9A-Za-z])[./0-9A-Za-z]{8}")
_SHA_CRYPT: Final = re.compile(r"\$[56]\$(?:rounds=([0-9]{1,9})\$)?")
_LISTED: Final = re.compile(
    r"\$(?:argon2(?:id|i|d)|scrypt)\$(?:v=[0-9]{1,3}\$)?"
    r"((?:m|t|p|ln|r)=[0-9]{1,10}(?:,(?:m|t|p|ln|r)=[0-9]{1,10})*)\$"
)
_PBKDF2: Final = re.compile(
    r"(?:\$?pbkdf2[-_:](?:hmac[-_])?sha(?:1|224|256|384|512)[$:]"
    r"|\{PBKDF2[-_]SHA(?:1|256|512)\})(?:i=)?([0-9]{1,9})[$,:]"
)
_USUAL_ROUNDS: Final = "5000"


def cost_of(text: str) -> str:
    """
    Return what a hash costs, such as ``cost=12`` or ``rounds=5000``, or an empty text.

    It holds nothing of a salt or digest.
    """
    if found := _BCRYPT.search(text):
        return f"cost={int(found[1])}"
    if found := _PHPASS.match(text):
        return f"rounds=2^{CRYPT64.index(found[1])}"
    if found := _SHA_CRYPT.match(text):
        return f"rounds={found[1] or _USUAL_ROUNDS}"
    if found := _LISTED.match(text):
        return found[1]
    if found := _PBKDF2.match(text):
        return f"rounds={found[1]}"
    return ""
