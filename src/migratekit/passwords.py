"""
Hashes of the new store: argon2id.
"""

import re
import unicodedata
from typing import Final

import argon2
import attrs

from migratekit._fields import Shown
from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.models import StoredHash


_KIB_PER_GIB: Final = 1024 * 1024
_LONGEST: Final = 512
_ARGON2_VERSION: Final = 19  # RFC 9106


def normal_form(password: str) -> str:
    """
    Return the NFC form that is hashed (NIST SP 800-63B-4, 3.1.1.2).

    A password with an unassigned code point stays as it is, because a later version of
    Unicode may give that code point another form.
    """
    if password.isascii() or any(unicodedata.category(c) == "Cn" for c in password):
        return password
    return unicodedata.normalize("NFC", password)


@attrs.frozen(kw_only=True, repr=False)
class Argon2Hasher(Shown):
    """
    Hashes with argon2id.

    Args:
        memory_cost: KiB.
        time_cost: Passes over the memory.
        parallelism: Lanes.

    The default is the second recommended option of RFC 9106, 4: 64 MiB, 3, 4.

    Raises:
        migratekit.errors.ConfigurationError:
            If argon2 knows no such costs, or `verify()` would refuse them.
    """

    memory_cost: int = 65536
    time_cost: int = 3
    parallelism: int = 4
    _argon2: argon2.PasswordHasher = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        costs = (self.memory_cost, self.time_cost, self.parallelism)
        if any(type(cost) is not int for cost in costs):
            raise ConfigurationError("The costs of argon2 are whole numbers.")
        if self.time_cost < 1 or not 1 <= self.parallelism <= self.memory_cost / 8:
            raise ConfigurationError(
                "argon2 needs a time_cost and a parallelism of at least 1, and a "
                "memory_cost of at least 8 KiB a lane."
            )
        ceiling = _over_ceiling(*costs)
        if ceiling is not None:
            raise ConfigurationError(f"No hash of this hasher would verify: {ceiling}.")
        hasher = argon2.PasswordHasher(
            memory_cost=self.memory_cost,
            time_cost=self.time_cost,
            parallelism=self.parallelism,
        )
        object.__setattr__(self, "_argon2", hasher)

    def hash(self, password: str, /) -> str:
        """
        Return an argon2id hash of the NFC form of *password*, as a PHC string.
        """
        return self._argon2.hash(normal_form(password))

    def verify(self, password: str, encoded: str, /) -> bool:
        """
        Return whether *encoded* is a hash of *password*, in NFC or as it was typed.

        Raises:
            migratekit.errors.UnusableHashError:
                If *encoded* is no argon2 hash, is cut, or costs more than 1 GiB,
                4 GiB over all passes or 16 lanes.
        """
        answer = self._answer(password, encoded)
        if isinstance(answer, bool):
            return answer
        masked = _masked(encoded)
        # Nothing secret stays in the frame of the traceback.
        del password, encoded
        raise UnusableHashError(masked, answer)

    def needs_rehash(self, encoded: str, /) -> bool:
        """
        Return whether *encoded* was made with other parameters than `hash()` uses.
        """
        if _unusable(encoded) is not None:
            return True
        return self._argon2.check_needs_rehash(encoded)

    def is_upgrade(self, encoded: str, /) -> bool:
        """
        Return whether a hash of `hash()` is harder to guess than *encoded*.

        Of two argon2id hashes the one that needs more memory over all passes is; of two
        that need the same, the one that needs more at once; of two that cost the same,
        the longer one.
        """
        if _unusable(encoded) is not None:
            return True
        stored = argon2.extract_parameters(encoded)
        if (stored.type, stored.version) != (argon2.Type.ID, _ARGON2_VERSION):
            return True
        ours = (
            self.memory_cost * self.time_cost,
            self.memory_cost,
            self._argon2.hash_len,
            self._argon2.salt_len,
        )
        return ours > (
            stored.memory_cost * stored.time_cost,
            stored.memory_cost,
            stored.hash_len,
            stored.salt_len,
        )

    def admit(self, stored: StoredHash, /) -> str:
        """
        Return the text of *stored*, an argon2 hash with no salt beside it.

        Computes nothing.

        Raises:
            migratekit.errors.UnusableHashError:
                If it is anything else, or `verify()` would refuse it.
        """
        detail = _unusable(stored.text)
        if detail is None and not _is_decodable(stored.text):
            detail = "it is malformed"
        if stored.salt is not None or stored.salt2 is not None:
            detail = "it has a salt beside it"
        if stored.format not in {None, "argon2", "argon2id", "argon2i", "argon2d"}:
            detail = "it is of another format"
        if detail is None:
            return stored.text
        masked = _masked(stored.text)
        # Nothing secret stays in the frame of the traceback.
        del stored
        over = detail in {_TOO_MUCH, _TOO_WIDE}
        raise UnusableHashError(masked, detail, over_ceiling=over)

    def _answer(self, password: str, encoded: str) -> bool | str:
        detail = _unusable(encoded)
        if detail is not None:
            return detail
        forms = dict.fromkeys((normal_form(password), password))
        # Both forms are always tried, so that time does not tell which one matched.
        answers = [self._matches(form, encoded) for form in forms]
        return "it is malformed" if None in answers else True in answers

    def _matches(self, password: str, encoded: str) -> bool | None:
        try:
            return self._argon2.verify(encoded, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.Argon2Error, ValueError):
            return None


_TOO_MUCH: Final = "it costs too much memory"
_TOO_WIDE: Final = "it has too many lanes"


def _over_ceiling(memory: int, passes: int, lanes: int) -> str | None:
    if memory > _KIB_PER_GIB or memory * passes > 4 * _KIB_PER_GIB:
        return _TOO_MUCH
    if lanes > 16:
        return _TOO_WIDE
    return None


RFC_9106_LOW_MEMORY: Final = Argon2Hasher()
OWASP_MINIMUM: Final = Argon2Hasher(memory_cost=19456, time_cost=2, parallelism=1)


def _unusable(encoded: str) -> str | None:
    if not encoded.startswith("$argon2") or len(encoded) > _LONGEST:
        return "it is no argon2 hash"
    if not encoded.isascii() or not encoded.isprintable():
        # The C library would not see what is behind a NUL.
        return "it is malformed"
    try:
        cost = argon2.extract_parameters(encoded)
    except (argon2.exceptions.Argon2Error, ValueError, ArithmeticError):
        return "it is malformed"
    if cost.hash_len < 16:
        return "it is cut"
    return _over_ceiling(cost.memory_cost, cost.time_cost, cost.parallelism)


# Patterns are compiled when they are first needed: most programs that import
# migratekit never label a hash.
_COSTS: Final = r"\$m=([1-9][0-9]*),t=([1-9][0-9]*),p=([1-9][0-9]*)\$"


def _is_decodable(encoded: str) -> bool:
    """
    Return whether argon2 reads *encoded*, which `_unusable()` has nothing against.
    """
    costs = re.search(_COSTS, encoded)
    if costs is None:
        return False
    memory, _, lanes = (int(cost) for cost in costs.groups())
    if memory < 8 * lanes:
        return False
    # The decoder of the C library is only to be had together with the computation; so
    # that is made as cheap as it can be.
    head, tail = encoded[: costs.start()], encoded[costs.end() :]
    cheap = f"{head}$m={8 * lanes},t=1,p={lanes}${tail}"
    try:
        argon2.PasswordHasher().verify(cheap, "")
    except argon2.exceptions.VerifyMismatchError:
        return True
    except (argon2.exceptions.Argon2Error, ValueError):
        return False
    return True


def _masked(encoded: str) -> str:
    for kind in ("$argon2id$", "$argon2i$", "$argon2d$"):
        if encoded.startswith(kind):
            return f"{kind}…"
    return "…"


_LABEL: Final = 64  # characters at most; what a store's column holds
# The label of a hash of a format that has others, too, with the kind that it is.
_SLOW_INSIDE: Final = r".+\((?:bcrypt|argon2|scrypt|pbkdf2)\)"
_ARGON2: Final = (
    r"\$(argon2id|argon2i|argon2d)\$(?:v=([0-9]{1,3})\$)?"
    r"(m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,10})\$"
)
# As migratekit.formats.envelope writes it, which is not imported: it is heavy.
_ENVELOPE: Final = r"\$mk\$v=1\$(?:f=([a-z0-9_.-]+)|fb=([A-Za-z0-9_-]+))(,[^$]*)?\$"
# Whole texts of those that were made to be slow, and what products put before them: no
# digest of another kind looks so.
_SLOW: Final = (
    r"(?:\$wp|\{[A-Za-z0-9@._-]{1,20}\}|bcrypt(?:_sha256)?\$|argon2|#jbcrypt:|[1-3]\|)?"
    r"(?:(?P<bcrypt>\$2[abxy]\$[0-3][0-9]\$[./A-Za-z0-9]{53})"
    r"|(?P<argon2>\$argon2(?:id|i|d)\$(?:v=[0-9]{1,3}\$)?m=[0-9]{1,10},t=[0-9]{1,10},"
    r"p=[0-9]{1,10}\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{22,172})"
    r"|(?P<scrypt>\$scrypt\$ln=[0-9]{1,2},r=[0-9]{1,4},p=[0-9]{1,4}"
    r"\$[A-Za-z0-9+/]{8,88}={0,2}\$[A-Za-z0-9+/]{43,172}={0,2}"
    r"|scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[A-Za-z0-9]{1,64}\$[0-9a-f]{128})"
    # Of Django, passlib and Werkzeug, with as many rounds as OWASP asks for.
    r"|(?P<pbkdf2>pbkdf2_sha256\$ROUNDS\$[^$]{1,64}\$[A-Za-z0-9+/]{43}="
    r"|\$pbkdf2-sha256\$ROUNDS\$[./A-Za-z0-9]{8,88}\$[./A-Za-z0-9]{43}"
    r"|pbkdf2:sha256:ROUNDS\$[A-Za-z0-9]{1,64}\$[0-9a-f]{64}))"
).replace("ROUNDS", "(?:[6-9][0-9]{5}|[1-9][0-9]{6,8})")
_LONGEST_SEALED: Final = 1024
_CRYPT: Final = r"\$([a-z0-9]{1,4}|[HPS])[$,]"
_CRYPT_NAMES: Final = {
    "1": "md5_crypt",
    **dict.fromkeys(("2", "2a", "2b", "2x", "2y"), "bcrypt"),
    "5": "sha256_crypt",
    "6": "sha512_crypt",
    "7": "crypt_scrypt7",
    "H": "phpass",
    "P": "phpass",
    "S": "drupal7",
    "apr1": "apr_md5_crypt",
    "gy": "gost_yescrypt",
    "md5": "sun_md5_crypt",
    "sha1": "sha1_crypt",
    "wp": "wordpress_bcrypt",
    "y": "yescrypt",
}


def format_of(encoded: str | None) -> str:
    """
    Return the label under which a stored hash is counted, of at most 64 ASCII
    characters.

    ``argon2id m=65536,t=3,p=4``; the name of a legacy format, such as ``wordpress``;
    ``wordpress(bcrypt)`` for a hash of it that plainly is one of bcrypt, argon2,
    scrypt or a costly PBKDF2; ``argon2id(wordpress)`` for one that is wrapped; ``none``
    without a hash, and ``other`` for what is none of these.  It is made of names and
    cost parameters, and holds nothing of a salt or digest.
    """
    if encoded is None:
        return "none"
    envelope = re.match(_ENVELOPE, encoded)
    if envelope is not None:
        return _label_of_envelope(envelope, encoded[envelope.end() :])
    argon2id = re.match(_ARGON2, encoded)
    if argon2id is not None:
        kind, version, costs = argon2id.groups()
        # Without v= it is version 16, which wrote none; 19 is the current one.
        return f"{kind} {'' if version == '19' else f'v={version or 16} '}{costs}"
    crypt = re.match(_CRYPT, encoded)
    return _CRYPT_NAMES.get(crypt[1], "other") if crypt is not None else "other"


def _label_of_envelope(found: re.Match[str], sealed: str) -> str:
    name, coded, rest = found.groups()
    if coded is not None:
        name = _decoded(coded)
    if name is None or not name.isascii() or not name.isprintable():
        return "other"
    if rest is not None and ",w=" in rest:
        return f"argon2id({_cut(name, _LABEL - len('argon2id()'))})"
    if re.fullmatch(_SLOW_INSIDE, name):
        # It would be taken for what it may not be.
        return "other"
    # An import of bcrypt hashes need not look into each of them to say so twice.
    kind = None if name == "bcrypt" else _slow_kind(sealed)
    if kind is None or kind == name:
        return _cut(name, _LABEL)
    return f"{_cut(name, _LABEL - len(kind) - 2)}({kind})"


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 3]}..."


def _slow_kind(sealed: str) -> str | None:
    text = _decoded(sealed) if len(sealed) <= _LONGEST_SEALED else None
    slow = None if text is None else re.fullmatch(_SLOW, text)
    return None if slow is None else slow.lastgroup


def _decoded(text: str) -> str | None:
    import base64  # noqa: PLC0415 -- a millisecond, for what is rarely there

    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
