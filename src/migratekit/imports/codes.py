"""
What may be wrong with a row: in the words of Auth0's user imports, where it has them.
"""

from typing import Final

from migratekit.errors import Violation
from migratekit.imports.report import RowError


CONFLICT: Final = "CONFLICT"
CONFLICT_EMAIL: Final = "CONFLICT_EMAIL"
CONFLICT_USERNAME: Final = "CONFLICT_USERNAME"
ENUM_MISMATCH: Final = "ENUM_MISMATCH"
FORMAT: Final = "FORMAT"
INVALID_TYPE: Final = "INVALID_TYPE"
MAX_LENGTH: Final = "MAX_LENGTH"
NOT_PASSED: Final = "NOT_PASSED"
OBJECT_REQUIRED: Final = "OBJECT_REQUIRED"

# For these Auth0 has no words; it refuses the whole file, or nothing.
DUPLICATED_FIELD: Final = "DUPLICATED_FIELD"
FIELD_COUNT: Final = "FIELD_COUNT"
INVALID_CSV: Final = "INVALID_CSV"
INVALID_ENCODING: Final = "INVALID_ENCODING"
INVALID_HASH: Final = "INVALID_HASH"
INVALID_JSON: Final = "INVALID_JSON"
ONE_OF_MULTIPLE: Final = "ONE_OF_MULTIPLE"
TOO_DEEP: Final = "TOO_DEEP"
UNSUPPORTED_HASH: Final = "UNSUPPORTED_HASH"

MESSAGES: Final = {
    CONFLICT: "Somebody else had the e-mail or the username once.",
    CONFLICT_EMAIL: "Another user has this e-mail address.",
    CONFLICT_USERNAME: "Another user has this username.",
    DUPLICATED_FIELD: "A field is there twice.",
    ENUM_MISMATCH: "The value is none of those that are possible.",
    FIELD_COUNT: "The row has not as many fields as the header.",
    FORMAT: "The value has not the form that it needs.",
    INVALID_CSV: "This is no CSV.",
    INVALID_ENCODING: "This is no UTF-8.",
    INVALID_HASH: "The hash can never be verified.",
    INVALID_JSON: "This is no JSON.",
    INVALID_TYPE: "The value has another type.",
    MAX_LENGTH: "The row is too long.",
    NOT_PASSED: "The value must not be what it is.",
    OBJECT_REQUIRED: "A field is needed and missing.",
    ONE_OF_MULTIPLE: "Only one of two fields may be there.",
    TOO_DEEP: "The value is nested too deeply.",
    UNSUPPORTED_HASH: "Hashes that were made so cannot be verified here.",
}

# The conflict over a field.
OF_FIELD: Final = {"email": CONFLICT_EMAIL, "username": CONFLICT_USERNAME}

_OF_VIOLATION: Final = {
    "email_missing": OBJECT_REQUIRED,
    "email_invalid": FORMAT,
    "email_taken": CONFLICT_EMAIL,
    "username_missing": OBJECT_REQUIRED,
    "username_invalid": FORMAT,
    "username_is_email": NOT_PASSED,
    "username_taken": CONFLICT_USERNAME,
}


def code_of(violation_code: str) -> str:
    """
    Return the code of a row that breaks a rule.

    The rules of an application give codes of their own, in capitals here, and so do
    ours for which Auth0 has no word.
    """
    return _OF_VIOLATION.get(violation_code, violation_code.upper())


def row_error(line: int, code: str, field: str | None) -> RowError:
    """
    Return the error of a row, with the message of *code*.
    """
    return RowError(line, code, field, MESSAGES[code])


def violation_error(line: int, violation: Violation) -> RowError:
    """
    Return the error of a row whose profile breaks a rule.
    """
    return RowError(line, code_of(violation.code), violation.field, violation.message)
