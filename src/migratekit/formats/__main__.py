"""
``python -m migratekit.formats`` prints the table of systems in Markdown.
"""

import sys

from migratekit.formats.presets.catalogue import table


sys.stdout.write(table())
