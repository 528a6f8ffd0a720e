"""The schema of all contexts, as scripts that can be run repeatedly.

The endpoint admin-create-unified-schema, `migrate.py upgrade` and `init_db.py` run the same
scripts in the same order, so they all produce the same schema.
"""

from lib.database.queries import load_script

OLD_OVERLOADS = "database/schema/old_overloads.sql"
"""Script that must run last in a transaction that replaces functions."""

SCRIPTS = (
    # First, because an old table of the assessment may have the name of the workshop's `students`.
    "assessment/schema/move_old_tables.sql",
    "assessment/schema/tables.sql",
    "assessment/schema/upgrade_older_tables.sql",
    "assessment/schema/functions.sql",
    "access/schema/operators.sql",
    "workshop/schema/tables.sql",
    "workshop/schema/functions.sql",
    "workshop/schema/older_pages.sql",
    "workshop/schema/removals.sql",
    "database/schema/search_path.sql",
    OLD_OVERLOADS,
)


def schema_scripts() -> list[tuple[str, str]]:
    """Return name and text of each script in the order in which they run."""
    return [(name, load_script(name)) for name in SCRIPTS]
