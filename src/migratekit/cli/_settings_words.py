"""
Options for people, and what it means to change them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from migratekit.events import one_line
from migratekit.management._options import DEFAULTS
from migratekit.models import JSON


@attrs.frozen
class Option:
    """
    An option in two versions of the settings; empty where it is not set.
    """

    name: str
    before: str
    after: str


def shown(options: Mapping[str, JSON], name: str) -> str:
    """
    Return the value of an option as it may be typed.
    """
    if name not in options:
        return ""
    value = options[name]
    if isinstance(value, str):
        return one_line(value)
    is_whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if is_whole else value)  # type: ignore[arg-type]


def differences(
    before: Mapping[str, JSON], after: Mapping[str, JSON]
) -> Iterator[Option]:
    """
    Yield the options that are others in *after*.
    """
    for name in {**DEFAULTS, **before, **after}:
        is_same = (name in before) is (name in after)
        if not is_same or before.get(name) != after.get(name):
            yield Option(one_line(name), shown(before, name), shown(after, name))


def lines_of(before: Mapping[str, JSON] | None, after: Mapping[str, JSON]) -> list[str]:
    """
    Return what has changed, a line for each option; all of them if there were none.
    """
    found = [*differences(before or {}, after)]
    width = max((len(option.name) for option in found), default=0)
    lines = []
    for option in found:
        old = "" if before is None else f"{option.before or 'not set'} -> "
        new = option.after or "not set"
        lines.append(f"{option.name.ljust(width)}  {old}{new}")
    return lines


def meanings(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> Iterator[str]:
    """
    Yield what people and the old system will notice of a change, where that is much.
    """
    old, new = {**DEFAULTS, **before}, {**DEFAULTS, **after}
    for (name, value), text in _MEANINGS.items():
        if new[name] is value is not old[name]:
            yield f"{name} is {json.dumps(value)}: {text}"
    if _moves(new) and not _moves(old):
        yield "from now on, people move when they log in."
    if _floor(new) < _floor(old):
        yield (
            "failure_floor is lower: if a failed login takes longer, the time tells "
            "everybody who has moved.  See migratekit check."
        )


_MEANINGS: Final[Mapping[tuple[str, bool], str]] = {
    ("cut_over", True): (
        "nobody has looked whether users remain, and anybody can register with what "
        "belongs to them.  migratekit cut-over looks first, and keeps it for them."
    ),
    ("cut_over", False): (
        "the source is asked again.  What was reserved when it was cut over stays so; "
        "migratekit cut-over --undo lifts that, too."
    ),
    ("rehearse", True): (
        "nobody moves any more, and whatever would write is refused, such as sign-ups "
        "and resets."
    ),
    ("import_mode", False): (
        "nobody moves any more, nobody can register unless it is cut over, and who "
        "has not moved cannot reset their password."
    ),
}


def _moves(options: Mapping[str, JSON]) -> bool:
    still = options["cut_over"] or options["rehearse"]
    return options["import_mode"] is True and not still


def _floor(options: Mapping[str, JSON]) -> float:
    floor = options["failure_floor"]
    return float(floor) if isinstance(floor, int | float) else 0.0
