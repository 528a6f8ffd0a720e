"""Tables of the workshop, the assessment and operators, from the scripts of `sql/*/schema/`."""

from lib.database.queries import load_script
from lib.database.schema import DOWNGRADE
from migrations.run_sql import run_sql

revision = "001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing here: every upgrade runs the scripts of `sql/`, see env.py."""


def downgrade() -> None:
    """Return the previous version's tables and set the others aside; no row is deleted."""
    run_sql(load_script(DOWNGRADE))
