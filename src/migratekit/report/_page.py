"""
The page as a whole.
"""

from collections.abc import Callable
from typing import Final

import attrs

from migratekit.overview import Overview
from migratekit.overview import _words as words
from migratekit.report._cut_over import after_section, left_section
from migratekit.report._logins import logins_section
from migratekit.report._markup import Markup, document, element, style_sheet
from migratekit.report._moved import moved_section
from migratekit.report._rest import (
    formats_section,
    method_section,
    rehearsal_section,
    source_section,
)
from migratekit.report._style import STYLE, policy
from migratekit.report._summary import summary_section


@attrs.frozen
class _Section:
    name: str
    title: str
    make: Callable[[Overview], Markup | None]


_SECTIONS: Final = (
    _Section("summary", "At a glance", summary_section),
    _Section("moved", "Who has moved", moved_section),
    _Section("left", "What the cut-over waits for", left_section),
    _Section("after", "After the cut-over", after_section),
    _Section("logins", "Logins", logins_section),
    _Section("source", "The old system", source_section),
    _Section("formats", "Stored password hashes", formats_section),
    _Section("rehearsal", "Rehearsal", rehearsal_section),
    _Section("method", "How to read this", method_section),
)
# A circle that is filled by half, so that no browser looks for one elsewhere.
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'"
    "%3E%3Ccircle cx='8' cy='8' r='7' fill='%230b5cad'/%3E%3Cpath d='M8 3v10M4 9l4 4 "
    "4-4' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)


def page(overview: Overview) -> str:
    """
    Return the page of *overview*.
    """
    made = [(each, each.make(overview)) for each in _SECTIONS]
    there = [(each, inside) for each, inside in made if inside is not None]
    title = f"Migration of {words.foreign(overview.source_name)}"
    return document(
        element(
            "html",
            _head(title),
            element(
                "body",
                element("a", "Skip to the figures", href="#figures", class_="skip"),
                _header(overview, title, [each for each, _ in there]),
                element(
                    "main",
                    *(_section(each, inside) for each, inside in there),
                    id="figures",
                    class_="page",
                    tabindex="-1",
                ),
            ),
            lang="en",
        )
    )


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element(
            "meta", name_="viewport", content="width=device-width, initial-scale=1"
        ),
        element("meta", name_="referrer", content="no-referrer"),
        element("meta", name_="robots", content="noindex"),
        element("title", title),
        element("link", rel="icon", href=_ICON),
        style_sheet(STYLE),
    )


def _header(overview: Overview, title: str, sections: list[_Section]) -> Markup:
    at = overview.made_at
    links = (
        element("li", element("a", each.title, href=f"#{each.name}"))
        for each in sections
    )
    return element(
        "header",
        element("h1", title),
        element("p", words.headline(overview), class_="lead"),
        element(
            "p",
            "As of ",
            element("time", words.moment(at), datetime=f"{at:%Y-%m-%dT%H:%MZ}"),
            class_="soft",
        ),
        element("nav", element("ul", *links), aria_label="Sections of this page"),
        class_="page",
    )


def _section(section: _Section, inside: Markup) -> Markup:
    return element(
        "section",
        element("h2", section.title, id=f"{section.name}-title"),
        inside,
        id=section.name,
        aria_labelledby=f"{section.name}-title",
    )
