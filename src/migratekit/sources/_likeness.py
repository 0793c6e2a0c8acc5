"""
Whether whom a source found is the one who was asked for.

Databases and directories find `ann` when asked for `änn` or for `ＡＮＮ`, and that is
another person.
"""

from migratekit.errors import ContractError
from migratekit.models import LegacyUser
from migratekit.validation import canonical, loosely


def form_of(text: str) -> str | None:
    """
    Return the canonical form of *text*, or None if it has none.
    """
    try:
        return canonical(text).value
    except ValueError:
        return None


def is_lookalike(user: LegacyUser, identifier: str) -> bool:
    """
    Return whether *user* has not *identifier*, and something that looks like it.
    """
    form, named = form_of(identifier), _named(user)
    has = form is None or form in map(form_of, named)
    return not has and loosely(identifier) in map(loosely, named)


def is_asked(user: LegacyUser, identifier: str) -> bool:
    """
    Return whether *user* has *identifier*, or only something that looks like it.

    Raises:
        migratekit.errors.ContractError: If they have nothing of the kind.
    """
    if is_lookalike(user, identifier):
        return False
    if canonical(identifier).value in map(form_of, _named(user)):
        return True
    raise ContractError("Somebody else was found.")


def _named(user: LegacyUser) -> list[str]:
    return [text for text in (user.email, user.username) if text]
