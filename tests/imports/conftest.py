"""
Rows whose limit is reached sooner.
"""

import pytest
from reading import SHORT

from migratekit.imports import _arrays, _lines


@pytest.fixture(name="short_rows")
def _short_rows(monkeypatch):
    """
    Let a row have 16 KiB only, where a mebibyte of everything would take long.
    """
    for module in (_arrays, _lines):
        monkeypatch.setattr(module, "ROW_BYTES", SHORT)
