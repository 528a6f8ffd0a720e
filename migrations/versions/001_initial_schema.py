"""Tables of the workshop, the assessment and operators, from the scripts of `sql/*/schema/`."""

from migrations.run_sql import run_sql

revision = "001"
down_revision = None
branch_labels = None
depends_on = None

# Nothing is deleted: a downgrade moves the tables, with their rows, to other schemas.
SET_ASIDE = """
DO $$
DECLARE
  suffix TEXT := 'set_aside_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS');
  table_name TEXT;
BEGIN
  EXECUTE format('ALTER SCHEMA assessment RENAME TO %I', 'assessment_' || suffix);
  EXECUTE format('CREATE SCHEMA %I', 'workshop_' || suffix);
  FOR table_name IN
    SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename IN (
      'students', 'sessions', 'step_progress', 'events', 'idempotency_keys', 'removals',
      'operator_failures', 'operator_audit',
      'legacy_runs', 'legacy_reports', 'legacy_backups')
  LOOP
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA %I', table_name, 'workshop_' || suffix);
  END LOOP;
END $$;
"""


def upgrade() -> None:
    """Do nothing here: every upgrade runs the scripts of `sql/`, see env.py."""


def downgrade() -> None:
    """Set the tables aside, see SET_ASIDE."""
    run_sql(SET_ASIDE)
