"""Make the schema at once, without Alembic's history: `python init_db.py`.

For a new database in development; `python migrate.py upgrade` is the way for one that lives. The
scripts are the same and may run again, so a later upgrade finds nothing amiss.
"""

from lib.database.schema import schema_scripts
from migrations.database import connect


def main() -> None:
    """Run every schema script in one transaction on the database that the environment names."""
    with connect() as connection:
        for name, script in schema_scripts():
            connection.execute(script.encode())
            print(f"applied sql/{name}")  # noqa: T201 a person started it


if __name__ == "__main__":
    main()
