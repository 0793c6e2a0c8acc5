"""
How Sphinx builds the documentation.
"""

from importlib.metadata import version as version_of


project = "migratekit"
author = "the migratekit contributors"
project_copyright = "2026, the migratekit contributors"
release = version = version_of("migratekit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "decisions"]
html_theme = "furo"
html_title = "migratekit"

myst_heading_anchors = 3
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Types are named in full where they stand; not every one has a page of its own.
nitpicky = False
