"""
HTML and SVG as text; the only place where text becomes part of a page.
"""

import html
from typing import Final, TypeAlias

from migratekit.events import one_line


class Markup(str):
    """
    Text that is a part of a page already.  Made here only.
    """

    __slots__ = ()


Child: TypeAlias = "str | int | None"

# Those that have no end tag.
_VOID: Final = frozenset({"link", "meta"})
# Those of SVG that hold nothing.
_EMPTY: Final = frozenset({"circle", "line", "path", "rect"})


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """
    Return an element.

    Args:
        name: What it is.

        children:
            What it holds.  All text is escaped and kept on one line but for `Markup`,
            and None is left out.

        attributes:
            With a dash for an underline, and without one at the end; None is left out.
    """
    inner = "".join(map(_inside, children))
    opened = name + "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{opened}>")
    if name in _EMPTY and not inner:
        return Markup(f"<{opened}/>")
    return Markup(f"<{opened}>{inner}</{name}>")


def together(*children: Child) -> Markup:
    """
    Return several things, one after the other.
    """
    return Markup("".join(map(_inside, children)))


def document(*children: Markup) -> str:
    """
    Return a page.
    """
    return f"<!doctype html>\n{together(*children)}\n"


def style_sheet(text: str) -> Markup:
    """
    Return a style sheet, *text* as it is: nothing in it comes from elsewhere.
    """
    return Markup(f"<style>{text}</style>")


def _inside(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return _escaped(child)


def _escaped(value: object) -> str:
    return html.escape(one_line(value))


def _plain(value: "str | float | None") -> object:
    # Two digits behind the point are less than anybody can see.
    return f"{round(value, 2):g}" if isinstance(value, float) else value
