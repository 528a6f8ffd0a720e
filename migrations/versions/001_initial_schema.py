"""The first tables: in Postgres, all of `sql/*/schema/`; in SQLite, only the learning tables."""

from datetime import UTC, datetime

from alembic import op
from alembic.operations import Operations

from lib.database.queries import load_script
from lib.database.schema import DOWNGRADE
from lib.learning.tables.ddl import SQLITE_FILE
from migrations.run_sql import run_sql
from migrations.sqlite_tables import create_tables, set_tables_aside

revision = "001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables in SQLite; in Postgres, on_postgres.py runs the scripts at each upgrade."""
    context = op.get_context()
    if context.dialect.name != "sqlite":
        return
    if context.as_sql:
        run_sql(load_script(SQLITE_FILE))
    else:
        context.opts["reports"] += create_tables(Operations(context))


def downgrade() -> None:
    """Return the previous version's tables and set the others aside; no row is deleted."""
    context = op.get_context()
    if context.dialect.name != "sqlite":
        run_sql(load_script(DOWNGRADE))
    else:
        context.opts["reports"] += set_tables_aside(Operations(context), datetime.now(UTC))
