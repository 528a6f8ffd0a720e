"""Workshop, assessment and operators' tables, from `sql/*/schema/`."""

from migrations.run_sql import run_sql

revision = "001"
down_revision = None
branch_labels = None
depends_on = None

# Nothing is deleted: going back moves the tables, with their rows, into schemas of their own.
SET_ASIDE = """
DO $$
DECLARE
  aside TEXT := 'set_aside_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS');
  ours TEXT;
BEGIN
  EXECUTE format('ALTER SCHEMA assessment RENAME TO %I', 'assessment_' || aside);
  EXECUTE format('CREATE SCHEMA %I', 'workshop_' || aside);
  FOR ours IN
    SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename IN (
      'students', 'sessions', 'step_progress', 'events', 'idempotency_keys', 'removals',
      'operator_failures', 'operator_audit',
      'legacy_runs', 'legacy_reports', 'legacy_backups')
  LOOP
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA %I', ours, 'workshop_' || aside);
  END LOOP;
END $$;
"""


def upgrade() -> None:
    """Nothing here: the tables are those of `sql/`, which every upgrade runs; see env.py."""


def downgrade() -> None:
    """Set our tables aside; see the note above."""
    run_sql(SET_ASIDE)
