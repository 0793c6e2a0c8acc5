"""
What identifiers and profiles must look like; the one place of canonical forms.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

import attrs

from migratekit._fields import Shown
from migratekit.errors import Violation
from migratekit.models import Identifier, KeyKind, User
from migratekit.policy import MigrationPolicy


IDENTIFIER_CHARACTERS = 320
USER_ID_CHARACTERS = 255
PASSWORD_BYTES = 4096
_EMAIL_OCTETS = 254  # RFC 5321, 4.5.3.1.3 less the angle brackets
_LOCAL_PART_OCTETS = 64  # RFC 5321, 4.5.3.1.1
# RFC 5322, 3.2.3, in lower case or not: valid in front of every valid domain.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = rf"{_ATOM}(?:\.{_ATOM})*"
_LATIN = (
    r"(?:COMBINING )?LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) "
    r"(?:DOTLESS )?([A-Z]{1,2}|ETH|THORN)(?: WITH .+)?"
)
_DIGITS = range(10)
_SPELLED_OUT = {"ETH": "d", "THORN": "th"}

ProfileRule = Callable[[User], Iterable[Violation]]


def canonical(identifier: object, *, strategy_version: int = 2) -> Identifier:
    """
    Return the form in which *identifier* is compared and stored.

    An identifier with an ``@`` is an e-mail, one without is a username.  Version 2 is
    trimmed, NFC and lower case, with the domain of an e-mail as A-labels (IDNA 2008);
    never NFKC, never case-folded.  Version 1 is trimmed.

    Raises:
        ValueError:
            If there is no such form: it is no str, empty, longer than 320 characters,
            has control characters or lone surrogates, a domain that is none, or a
            character that would turn into an ASCII one (KELVIN SIGN into ``k``).
    """
    text = _canonical_text(identifier, strategy_version)
    return Identifier(KeyKind.EMAIL if "@" in text else KeyKind.USERNAME, text)


def spellings(identifier: Identifier) -> tuple[str, ...]:
    """
    Return how else a source may spell *identifier*, which is in the form of version 2.

    With the domain as U-labels, and decomposed (NFD): whoever is known by either is the
    same person.  Letter case is the source's business.
    """
    text = identifier.value
    local, at, domain = text.rpartition("@")
    composed = (text, f"{local}{at}{_in_unicode(domain)}")
    decomposed = (unicodedata.normalize("NFD", form) for form in composed)
    return tuple(dict.fromkeys((*composed, *decomposed)))


def as_typed(text: str) -> str:
    """
    Return *text*, which a source has listed, as people type it and a source is asked.
    """
    return unicodedata.normalize("NFC", text.strip())


def loosely(text: str) -> str:
    """
    Return what a system that sees few differences may take *text* for.

    Letter case, accents, strokes, widths, the script of digits, spaces and invisible
    characters do not count.  Never what anybody is found by.
    """
    text = unicodedata.normalize("NFKD", text).casefold()
    if not text.isascii():
        # Each character once: of a hostile text, thousands are made.
        text = text.translate({ord(c): _plainest(c) for c in {*text}})
    return " ".join(text.split())


def _plainest(character: str) -> str:
    number = unicodedata.numeric(character, -1)
    if number in _DIGITS:
        return str(int(number))
    # No normal form takes these apart, but collations do: ø, ł, æ, œ, ı.
    latin = re.fullmatch(_LATIN, unicodedata.name(character, ""))
    if latin is not None:
        return _SPELLED_OUT.get(latin[1], latin[1]).lower()
    invisible = unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}
    return "" if invisible else character


def is_possible_password(password: object) -> bool:
    """
    Return whether *password* may be shown to a source or a hasher at all.

    It must be a str, not be empty, hold no NUL and no lone surrogate, and need at most
    4096 bytes in UTF-8.
    """
    if type(password) is not str or not 0 < len(password) <= PASSWORD_BYTES:
        return False
    if "\0" in password or _has_surrogate(password):
        return False
    return len(password.encode()) <= PASSWORD_BYTES


def is_possible_user_id(user_id: str) -> bool:
    """
    Return whether *user_id* can be a source's id of a user: 1 to 255 printable
    characters.
    """
    return 0 < len(user_id) <= USER_ID_CHARACTERS and user_id.isprintable()


@attrs.frozen(repr=False)
class Examined(Shown):
    """
    A user in canonical form, and everything that is wrong with them.
    """

    user: User
    violations: tuple[Violation, ...]


@attrs.frozen(kw_only=True, repr=False)
class Validator(Shown):
    """
    Checks who may be added to the store, as far as the user alone can tell.

    Whether an e-mail or a username is taken is the store's to say.

    Args:
        rules:
            Checks of the application's own: callables that take the `User` in
            canonical form and give violations.  Version 2 only.

        internationalized_local_part:
            Whether an e-mail may have characters beyond ASCII before the ``@``
            (RFC 6531).
    """

    rules: tuple[ProfileRule, ...] = attrs.field(default=(), converter=tuple)
    internationalized_local_part: bool = False

    def examine(self, user: User, policy: MigrationPolicy) -> Examined:
        """
        Return *user* in canonical form, with all violations of the policy at once.

        Version 1 only asks that there is an e-mail or a username at all, and that it
        can be stored.
        """
        version = policy.strategy_version
        violations: list[Violation] = []
        forms: dict[str, str | None] = {}
        for field in ("email", "username"):
            try:
                forms[field] = _optional_text(getattr(user, field), version)
            except ValueError:
                forms[field] = None
                violations.append(_violation(f"{field}_invalid"))
        broken = {violation.field for violation in violations}
        if (user.email, user.username) != (forms["email"], forms["username"]):
            user = attrs.evolve(user, email=forms["email"], username=forms["username"])

        if version == 1:
            if not user.email and not user.username and not violations:
                violations.append(_violation("email_missing"))
            return Examined(user, tuple(violations))

        if "email" not in broken:
            violations.extend(self._of_email(user.email))
        if "username" not in broken:
            violations.extend(_of_username(user.username, policy))
        for rule in self.rules:
            violations.extend(rule(user))
        return Examined(user, tuple(violations))

    def _of_email(self, email: str | None) -> Iterator[Violation]:
        if email is None:
            yield _violation("email_missing")
        elif not self._is_valid(email):
            yield _violation("email_invalid")

    def _is_valid(self, email: str) -> bool:
        local, _, domain = email.rpartition("@")
        if len(email.encode()) > _EMAIL_OCTETS:
            return False
        if len(local.encode()) > _LOCAL_PART_OCTETS:
            return False
        if re.fullmatch(_DOT_ATOM, local):
            # What an import of millions is spared: they share a few thousand domains.
            return _is_valid_domain(domain)
        return _is_valid_email(
            local, domain, internationalized=self.internationalized_local_part
        )


@functools.lru_cache(maxsize=4096)
def _is_valid_domain(domain: str) -> bool:
    return _is_valid_email("x", domain, internationalized=False)


def _is_valid_email(local: str, domain: str, *, internationalized: bool) -> bool:
    # Heavy, and needed only when somebody is added to the store.
    import email_validator  # noqa: PLC0415

    # The library refuses names such as "localhost" and has no option against it;
    # with a top level that is for everybody, the syntax alone counts.
    names = email_validator.SPECIAL_USE_DOMAIN_NAMES
    if any(f".{domain}".endswith(f".{name}") for name in names):
        above, dot, _ = domain.rpartition(".")
        domain = f"{above}{dot}com"
    try:
        email_validator.validate_email(
            f"{local}@{domain}",
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            allow_smtputf8=internationalized,
        )
    except email_validator.EmailNotValidError:
        return False
    return True


_MESSAGES = {
    "email_missing": "An e-mail address is needed.",
    "email_invalid": "The e-mail address is not valid.",
    "email_taken": "Another user has this e-mail address.",
    "username_missing": "A username is needed.",
    "username_invalid": "The username has characters that it must not have.",
    "username_is_email": "The username must not be an e-mail address.",
    "username_length": "The username is too short or too long.",
    "username_taken": "Another user has this username.",
    "password_invalid": "The password is empty, too long, or cannot be typed.",
    "profile_invalid": "The profile must be a mapping of JSON values.",
}


def _violation(code: str) -> Violation:
    return Violation(code, code.partition("_")[0], _MESSAGES[code])


def message_of(code: str) -> str | None:
    """
    Return the message of the violations with *code*; None if it is none of ours.
    """
    return _MESSAGES.get(code)


def taken(field: str) -> Violation:
    """
    Return the violation of an ``email`` or ``username`` that another user has.
    """
    return _violation(f"{field}_taken")


def impossible(field: str) -> Violation:
    """
    Return the violation of an ``email``, ``username``, ``password`` or ``profile`` that
    cannot be one.
    """
    return _violation(f"{field}_invalid")


def _of_username(username: str | None, policy: MigrationPolicy) -> Iterator[Violation]:
    if username is None:
        if policy.requires_username:
            yield _violation("username_missing")
        return
    if "@" in username:
        yield _violation("username_is_email")
    low, high = policy.username_length
    if not low <= len(username) <= high:
        yield _violation("username_length")


def _optional_text(value: str | None, strategy_version: int) -> str | None:
    if value is None or not value.strip():
        return None
    return _canonical_text(value, strategy_version)


def _canonical_text(identifier: object, strategy_version: int) -> str:
    if type(identifier) is not str:
        raise ValueError("No text.")
    if len(identifier) > IDENTIFIER_CHARACTERS:
        raise ValueError("Too long.")
    if _has_surrogate_or_control(identifier):
        raise ValueError("Control characters or surrogates.")
    text = identifier.strip()
    if strategy_version == 2:
        text = _folded(text)
    if not text:
        raise ValueError("Empty.")
    if len(text) > IDENTIFIER_CHARACTERS:
        raise ValueError("Too long.")
    return text


def _folded(text: str) -> str:
    if not text.isascii():
        text = _mapped(text, lambda part: unicodedata.normalize("NFC", part))
        text = _mapped(text, str.lower)
        text = unicodedata.normalize("NFC", text)
    text = text.lower()
    local, at, domain = text.rpartition("@")
    if at and not domain.isascii():
        # Heavy, and needed by few.
        import idna  # noqa: PLC0415

        try:
            domain = idna.encode(domain, strict=True).decode("ascii")
        except UnicodeError:
            domain = ""
        if not domain:
            raise ValueError("No domain.")
    return local + at + domain


def _in_unicode(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    # Heavy, and needed by few.
    import idna  # noqa: PLC0415

    try:
        return idna.decode(domain)
    except UnicodeError:
        # Such as a domain literal, or labels that only look encoded.
        return domain


def _mapped(text: str, mapping: Callable[[str], str]) -> str:
    for character in text:
        if not character.isascii() and any(map(str.isascii, mapping(character))):
            raise ValueError("A character would turn into ASCII.")
    return mapping(text)


def _has_surrogate_or_control(text: str) -> bool:
    if text.isascii():
        # Of these, only control characters cannot be printed.
        return not text.isprintable()
    return _has_surrogate(text) or any(
        unicodedata.category(character) == "Cc" for character in text
    )


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
