"""
What every legacy source owes, as tests to inherit.
"""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Any, ClassVar

import attrs
import pytest

from migratekit.errors import LookupUnsupportedError
from migratekit.models import LegacyUser
from migratekit.protocols import AsyncLegacySource, CountableSource, LegacySource
from migratekit.testing._scenario import Opening, scenario, settle
from migratekit.validation import canonical


Source = LegacySource | AsyncLegacySource

_ODD_PASSWORDS = (
    "",
    " ",
    "\t\n\r",
    "*",
    "%",
    "\\",
    "None",
    "null",
    "0",
    "' OR '1'='1",
    '" OR ""="',
    "*)(uid=*",
    '{"$ne": null}',
    "$2b$12$",
    "{SSHA}",
    "\N{PILE OF POO}",
    "x" * 4096,
)


@attrs.frozen
class KnownUser:
    """
    Somebody the source knows.

    Args:
        identifier:
            What they log in by.

        password:
            What they log in with: 8 characters at least, and in no field of theirs.

        user_id:
            The source's own id, if it is known beforehand.

        blocked:
            Whether the source has blocked them.
    """

    identifier: str
    password: str = attrs.field(repr=False)
    user_id: str | None = attrs.field(default=None, kw_only=True)
    blocked: bool = attrs.field(default=False, kw_only=True)


class LegacySourceContract:
    """
    Inherit from it, implement `open_source()` and say who is in there.

    Serves sync and async sources.  A source that can count is tested for that too.
    """

    known: ClassVar[Sequence[KnownUser]]
    """Users of the source, with different passwords; one at least."""

    can_look_up: ClassVar[bool] = True
    """False for a source whose ``get_user`` raises `LookupUnsupportedError`."""

    secrets: ClassVar[Sequence[str]] = ()
    """What must be in no repr and in no user: the source's own password, hashes."""

    def open_source(self) -> Opening[Source]:
        """
        Return a context manager, sync or async, that gives the source.
        """
        raise NotImplementedError

    def _open(self) -> Opening[Source]:
        return self.open_source()

    @scenario
    async def test_right_password(self, source: Source) -> None:
        """
        Whoever has the right password is who they say.
        """
        for known in self.known:
            user = await settle(source.login(known.identifier, known.password))

            assert isinstance(user, LegacyUser), known
            assert _form(known.identifier) in _forms_of(user)
            assert known.blocked is user.blocked

    @scenario
    async def test_wrong_password(self, source: Source) -> None:
        """
        A wrong password is answered with None, and does not break anything.
        """
        for known in self.known:
            for wrong in (token_hex(), f"x{known.password}"):
                assert None is await settle(source.login(known.identifier, wrong))

            assert await settle(source.login(known.identifier, known.password))

    @scenario
    async def test_password_of_somebody_else(self, source: Source) -> None:
        """
        Nobody logs in with the password of another user.
        """
        for known in self.known:
            for password in {other.password for other in self.known} - {known.password}:
                assert None is await settle(source.login(known.identifier, password))

    @scenario
    async def test_odd_password(self, source: Source) -> None:
        """
        Nobody logs in with an empty password, or with one that means something.
        """
        for known in self.known:
            for password in (*_ODD_PASSWORDS, known.identifier):
                assert None is await settle(source.login(known.identifier, password))

    @scenario
    async def test_stranger(self, source: Source) -> None:
        """
        Somebody unknown is answered with None, whatever the password.
        """
        for stranger in self._strangers():
            for known in self.known:
                assert None is await settle(source.login(stranger, known.password))
            await self._assert_unknown(source, stranger)

    @scenario
    async def test_injection(self, source: Source) -> None:
        """
        An identifier is a value: it is no pattern, no query and no path.
        """
        for known in self.known:
            for identifier in _injections(known.identifier):
                assert None is await settle(source.login(identifier, known.password))
                await self._assert_unknown(source, identifier)

            assert await settle(source.login(known.identifier, known.password))

    @scenario
    async def test_letter_case(self, source: Source) -> None:
        """
        A user is found in any letter case, and is the same.
        """
        for known in self.known:
            expected = await settle(source.login(known.identifier, known.password))

            for spelling in _spellings(known.identifier):
                assert expected == await settle(source.login(spelling, known.password))
                if self.can_look_up:
                    assert expected == await settle(source.get_user(spelling))

    @scenario
    async def test_lookalike(self, source: Source) -> None:
        """
        An identifier that looks or sorts alike is somebody else's.
        """
        for known in self.known:
            for identifier in _lookalikes(known.identifier):
                assert None is await settle(source.login(identifier, known.password))
                await self._assert_unknown(source, identifier)

    @scenario
    async def test_same_profile(self, source: Source) -> None:
        """
        ``login`` and ``get_user`` give the same, every time.
        """
        for known in self.known:
            expected = await settle(source.login(known.identifier, known.password))

            assert expected == await settle(
                source.login(known.identifier, known.password)
            )
            if self.can_look_up:
                assert expected == await settle(source.get_user(known.identifier))

    @scenario
    async def test_lookup(self, source: Source) -> None:
        """
        A source that cannot look up says so, about everybody.
        """
        for known in self.known:
            if self.can_look_up:
                assert await settle(source.get_user(known.identifier)) is not None
            else:
                with pytest.raises(LookupUnsupportedError):
                    await settle(source.get_user(known.identifier))

    @scenario
    async def test_bare_ids(self, source: Source) -> None:
        """
        Ids are text, without the prefix that the connection puts before them.
        """
        ids = []
        for known in self.known:
            user = await settle(source.login(known.identifier, known.password))

            assert user is not None
            assert 1 <= len(user.user_id) <= 255
            assert user.user_id.isprintable()
            if known.user_id is None:
                assert "|" not in user.user_id
            else:
                assert known.user_id == user.user_id
            ids.append(user.user_id)

        assert len(ids) == len(set(ids))

    @scenario
    async def test_secrets(self, source: Source) -> None:
        """
        No repr and no field of a user holds a password.
        """
        words = {*self.secrets, *(known.password for known in self.known)}
        texts = [repr(source)]
        for known in self.known:
            user = await settle(source.login(known.identifier, known.password))
            assert user is not None
            texts.extend((repr(user), repr(attrs.asdict(user))))

        for text in texts:
            assert not [word for word in words if word in text]

    @scenario
    async def test_threads(self, source: Source) -> None:
        """
        The source may be asked from any thread, by several at once.
        """
        jobs = [known for known in self.known for _ in range(8)]

        users = await asyncio.gather(
            *(_ask(source.login, known.identifier, known.password) for known in jobs)
        )

        for known, user in zip(jobs, users, strict=True):
            assert _form(known.identifier) in _forms_of(user)

    @scenario
    async def test_count(self, source: Source) -> None:
        """
        A source that can count counts everybody who is known.
        """
        if isinstance(source, CountableSource):
            number = await settle(source.count())

            assert int is type(number)
            assert len(self.known) <= number

    async def _assert_unknown(self, source: Source, identifier: str) -> None:
        if self.can_look_up:
            assert None is await settle(source.get_user(identifier))
        else:
            with pytest.raises(LookupUnsupportedError):
                await settle(source.get_user(identifier))

    def _strangers(self) -> Iterable[str]:
        token = token_hex(8)
        yield token
        yield f"{token}@example.com"
        for known in self.known:
            yield f"{token}{known.identifier}"
            yield f"{known.identifier}{token}"


def _form(identifier: str) -> str:
    return canonical(identifier).value


def _forms_of(user: LegacyUser) -> set[str]:
    return {_form(text) for text in (user.email, user.username) if text}


def _spellings(identifier: str) -> set[str]:
    # Only those that are the same in canonical form: upper-case ß is SS.
    changes: Iterable[Callable[[str], str]] = (str.upper, str.lower, str.swapcase)
    spellings = {change(identifier) for change in changes}
    return {text for text in spellings if _form(text) == _form(identifier)}


def _lookalikes(identifier: str) -> Iterable[str]:
    # What the default collations of databases take for the same.
    first, rest = identifier[0], identifier[1:]
    yield f"{first}\N{COMBINING ACUTE ACCENT}{rest}"
    yield f"{first}\N{ZERO WIDTH SPACE}{rest}"
    if "!" <= first <= "~":
        fullwidth = chr(ord(first) + 0xFEE0)
        yield f"{fullwidth}{rest}"


def _injections(identifier: str) -> Iterable[str]:
    # A pattern that fits and, behind it, everything else that could be made to fit.
    yield "_" * len(identifier)
    yield f"{identifier[:1]}%"
    yield f"{identifier[:1]}*"
    yield f"{identifier}%"
    yield f"{identifier}*"
    yield f"{identifier}' --"
    yield f"{identifier}' OR '1'='1"
    yield f"{identifier}'; DROP TABLE users; --"
    yield f"x' OR email = '{identifier}"
    yield f"x' UNION SELECT * FROM users WHERE email = '{identifier}"  # noqa: S608
    yield f"{identifier})(|(uid=*)"
    yield f"*)(mail={identifier}"
    yield f'{{"$gt": "", "$eq": "{identifier}"}}'
    yield f"x/../{identifier}"
    yield f"{identifier}?x=1"
    yield f"{identifier}#x"
    yield f"x@example.com,{identifier}"


async def _ask(method: Callable[..., Any], *arguments: str) -> Any:
    if inspect.iscoroutinefunction(method):
        return await method(*arguments)
    return await settle(await asyncio.to_thread(method, *arguments))
