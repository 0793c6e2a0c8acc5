"""
An overview as one page of HTML, for people who watch a migration in a browser.
"""

from migratekit.overview import Overview
from migratekit.report._page import page


__all__ = ["render"]


def render(overview: Overview) -> str:
    """
    Return *overview* as a page of HTML that needs nothing else: no script, no picture
    or style sheet from elsewhere.

    It shows numbers and names of formats, and nobody's e-mail or name.  The page is
    UTF-8.
    """
    return page(overview)
