"""
The codes of what may be wrong with a row.
"""

from pathlib import Path

from migratekit.errors import Violation
from migratekit.imports import RowError, codes
from migratekit.validation import _MESSAGES


# What Auth0 documents for the errors of an import job.
AUTH0 = {
    "ANY_OF_MISSING",
    "ARRAY_LENGTH_LONG",
    "ARRAY_LENGTH_SHORT",
    "CONFLICT",
    "CONFLICT_EMAIL",
    "CONFLICT_USERNAME",
    "CONNECTION_NOT_FOUND",
    "DUPLICATED_USER",
    "ENUM_MISMATCH",
    "FORMAT",
    "INVALID_TYPE",
    "MAX_LENGTH",
    "MAXIMUM",
    "MFA_FACTORS_FAILED",
    "MIN_LENGTH",
    "MINIMUM",
    "NOT_PASSED",
    "OBJECT_REQUIRED",
    "PATTERN",
}
OURS = {
    "DUPLICATED_FIELD",
    "FIELD_COUNT",
    "INVALID_CSV",
    "INVALID_ENCODING",
    "INVALID_HASH",
    "INVALID_JSON",
    "ONE_OF_MULTIPLE",
    "TOO_DEEP",
    "UNSUPPORTED_HASH",
}


def test_every_code_has_a_message():
    """
    Every code has one message, and is Auth0's or one of the few of ours.
    """
    named = {value for name, value in vars(codes).items() if name == value}

    assert named == codes.MESSAGES.keys()
    assert OURS == named - AUTH0
    assert all(
        text.endswith(".") and len(text) < 80 for text in codes.MESSAGES.values()
    )


def test_violations():
    """
    A rule that is broken has a code, in Auth0's words where it has them.
    """
    ours = {code: codes.code_of(code) for code in _MESSAGES}

    assert {
        "email_missing": "OBJECT_REQUIRED",
        "email_invalid": "FORMAT",
        "email_taken": "CONFLICT_EMAIL",
        "username_missing": "OBJECT_REQUIRED",
        "username_invalid": "FORMAT",
        "username_is_email": "NOT_PASSED",
        "username_length": "USERNAME_LENGTH",
        "username_taken": "CONFLICT_USERNAME",
    }.items() <= ours.items()
    assert "NO_NICKNAME" == codes.code_of("no_nickname")


def test_errors():
    """
    An error has the line, the code, the field and the words.
    """
    violation = Violation("email_invalid", "email", "Not so.")

    assert RowError(7, "FORMAT", "email", "Not so.") == codes.violation_error(
        7, violation
    )
    assert RowError(8, "CONFLICT", None, codes.MESSAGES["CONFLICT"]) == codes.row_error(
        8, codes.CONFLICT, None
    )


def test_codes_are_documented():
    """
    The page about imports has every code.
    """
    page = Path(__file__).parents[2].joinpath("docs", "howto-import.md").read_text()

    assert set() == {code for code in codes.MESSAGES if f"`{code}`" not in page}
