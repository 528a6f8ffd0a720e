"""The schema of all contexts, as scripts that may run again and again.

The endpoint admin-create-unified-schema, `migrate.py upgrade` and `init_db.py` run the same
scripts in the same order, so each of them ends in the same schema.
"""

from lib.database.queries import load_script

SCRIPTS = (
    "assessment/move_old_tables.sql",  # first: they are in the way of the workshop's `students`
    "assessment/schema.sql",
    "assessment/make_room.sql",
    "assessment/functions.sql",
    "access/schema.sql",
    "workshop/schema.sql",
    "workshop/functions.sql",
    "workshop/older_pages.sql",
    "workshop/removals.sql",
    "database.sql",
)


def schema_scripts() -> list[tuple[str, str]]:
    """Name and text of each script, in the order to run them."""
    return [(name, load_script(name)) for name in SCRIPTS]
