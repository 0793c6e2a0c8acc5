"""
What was found out, in plain words, and what to do about it.
"""

import os
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import attrs

from migratekit.cli._console import Console
from migratekit.cli._tables import to_json


_WORDS: Final = {"ok": "ok", "note": "note", "wrong": "WRONG"}
_COLOURS: Final = {"ok": "32", "note": "33", "wrong": "31;1"}
_WIDEST: Final = 100


@attrs.frozen
class Finding:
    """
    Something that was found out.

    Args:
        level: ``ok``, ``note`` for what is good to know, or ``wrong``.
        about: What it is about, for programs.
        text: What was found.
        advice: What to do about it.
    """

    level: Literal["ok", "note", "wrong"]
    about: str
    text: str = attrs.field(repr=False)
    advice: str = ""


def tell(console: Console, findings: Iterable[Finding], *, as_json: bool) -> int:
    """
    Write *findings* as they come, and return the exit code: 1 if anything is wrong.
    """
    told: list[Finding] = []
    for finding in findings:
        told.append(finding)
        if not as_json:
            show(console, finding)
    wrong = sum(finding.level == "wrong" for finding in told)
    if as_json:
        listed = [attrs.asdict(finding) for finding in told]
        console.print(to_json({"ok": not wrong, "findings": listed}, indent=2))
    elif wrong:
        console.print(
            f"\n{wrong} of {len(told)} findings {'are' if wrong > 1 else 'is'} wrong."
        )
    else:
        console.print("\nNothing is wrong.")
    return 1 if wrong else 0


def show(console: Console, finding: Finding) -> None:
    """
    Write *finding* at once.
    """
    for line in _lines(finding, console):
        console.print(line)
    console.flush()


def _lines(finding: Finding, console: Console) -> Sequence[str]:
    word = _WORDS[finding.level].ljust(6)
    if console.width is None:
        text = " ".join(part for part in (finding.text, finding.advice) if part)
        return [f"{word} {text}"]
    parts = [finding.text, *([f"-> {finding.advice}"] if finding.advice else [])]
    width = max(20, min(console.width, _WIDEST) - len(word) - 1)
    lines = [line for part in parts for line in textwrap.wrap(part, width)]
    if _may_colour():
        word = f"\x1b[{_COLOURS[finding.level]}m{word}\x1b[0m"
    blank = " " * 6
    return [f"{word if not at else blank} {line}" for at, line in enumerate(lines)]


def _may_colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
