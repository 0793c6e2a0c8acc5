"""
The contract of stores: what those owe that keep settings.
"""

import datetime as dt
from typing import Any

import attrs
import pytest

from migratekit.errors import ContractError, StaleRecordError
from migratekit.settings import SettingsChange, SettingsStore
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import Store, need


_MOMENT = dt.datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=dt.UTC)
_NAMES = (
    "con_shop",
    "Con_shop",
    "c%",
    "con-shop",
    "c\N{LATIN SMALL LETTER O WITH ACUTE}n_shop",
    "\N{PILE OF POO}" * 64,
)
_EVERYTHING: dict[str, Any] = {
    "mode": None,
    "nested": [None, True, 0, -1.5, 2**60, "", {"\N{SNOWMAN}\0": []}],
}


def settings_change(
    version: int, connection_id: str = "con_shop", **changes: Any
) -> SettingsChange:
    """
    Return a change of settings, with *changes* to its fields.
    """
    change = SettingsChange(
        connection_id=connection_id,
        version=version,
        action="create" if version == 1 else "update",
        actor="ann",
        options={"number": version},
        changed_at=_MOMENT,
    )
    return attrs.evolve(change, **changes)


class SettingsScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_no_settings(self, store: Store) -> None:
        """
        An empty store keeps no settings, of nothing.
        """
        keeping = need(store, SettingsStore)

        assert list(await settle(keeping.all_settings())) == []
        for name in ("con_shop", "", "x" * 5000, "a\0", "\udc80", "'", "%"):
            assert None is await settle(keeping.settings(name))
            assert list(await settle(keeping.settings_history(name))) == []

    @scenario
    async def test_settings(self, store: Store) -> None:
        """
        The newest change is in force, and all are kept.
        """
        keeping = need(store, SettingsStore)
        changes = [
            settings_change(1),
            settings_change(2, actor="bob \N{PILE OF POO}" + "b" * 250),
            settings_change(3, action="delete", options=None),
            settings_change(4, action="create", options={}),
        ]

        for number, change in enumerate(changes, start=1):
            assert None is await settle(keeping.change_settings(change))

            assert change == await settle(keeping.settings("con_shop"))
            assert [change] == list(await settle(keeping.all_settings()))
            history = await settle(keeping.settings_history("con_shop"))
            assert changes[:number] == list(history)

    @scenario
    async def test_settings_come_back(self, store: Store) -> None:
        """
        Every option comes back as it was, and the time to the microsecond.
        """
        keeping = need(store, SettingsStore)
        zone = dt.timezone(dt.timedelta(hours=5.5))
        moment = dt.datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=zone)
        change = settings_change(1, options=_EVERYTHING, changed_at=moment)

        await settle(keeping.change_settings(change))

        found = await settle(keeping.settings("con_shop"))
        assert change == found
        assert found.changed_at.tzinfo is not None

    @scenario
    async def test_settings_apart(self, store: Store) -> None:
        """
        Connections have settings of their own; ids are compared byte by byte.
        """
        keeping = need(store, SettingsStore)
        for name in _NAMES:
            assert None is await settle(keeping.settings(name))
            await settle(keeping.change_settings(settings_change(1, name)))
        second = settings_change(2, _NAMES[1])
        await settle(keeping.change_settings(second))

        found = {item.connection_id: item for item in await self._all(keeping)}

        assert sorted(_NAMES) == list(found)
        assert second == found[_NAMES[1]]
        for name in _NAMES:
            assert found[name] == await settle(keeping.settings(name))
            assert None is await settle(keeping.settings(f"{name} "))
            history = await settle(keeping.settings_history(name))
            assert (2 if name == _NAMES[1] else 1) == len(history)

    async def _all(self, keeping: Any) -> list[SettingsChange]:
        return list(await settle(keeping.all_settings()))

    @scenario
    async def test_settings_stale(self, store: Store) -> None:
        """
        Whoever has not seen the last change makes none, nor skips one.
        """
        keeping = need(store, SettingsStore)
        for version in (2, 0, -1):
            with pytest.raises(StaleRecordError):
                await settle(keeping.change_settings(settings_change(version)))
        for version in (1, 2):
            await settle(keeping.change_settings(settings_change(version)))
        before = list(await settle(keeping.settings_history("con_shop")))

        for version in (1, 2, 4, 2**40, 0):
            wish = settings_change(version, actor="bob")
            with pytest.raises(StaleRecordError):
                await settle(keeping.change_settings(wish))

        assert before == list(await settle(keeping.settings_history("con_shop")))

    @scenario
    async def test_settings_out_of_bounds(self, store: Store) -> None:
        """
        What some database could not hold is refused, and not cut.
        """
        keeping = need(store, SettingsStore)
        names = ("", "x" * 65, "a\0", "\udc80", " con", "con ", "con\t")
        actors = ("", "x" * 256, "a\0", "\udc80")
        late = dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=1)))

        for change in (
            *(settings_change(1, name) for name in names),
            *(settings_change(1, actor=actor) for actor in actors),
            settings_change(1, changed_at=late),
        ):
            with pytest.raises(ContractError):
                await settle(keeping.change_settings(change))

        assert await self._all(keeping) == []

    @scenario
    async def test_isolation_of_settings(self, store: Store) -> None:
        """
        Nothing that a caller does to a value changes what is stored.
        """
        keeping = need(store, SettingsStore)
        change = settings_change(1, options={"tags": ["a"]})
        await settle(keeping.change_settings(change))

        for value in (
            change,
            await settle(keeping.settings("con_shop")),
            *await settle(keeping.all_settings()),
            *await settle(keeping.settings_history("con_shop")),
        ):
            value.options["tags"].append("b")

        found = await settle(keeping.settings("con_shop"))
        assert found.options == {"tags": ["a"]}
