-- Changes that operators make to pools and tests: retired questions, earlier parameters restored,
-- calibrations that wait to be accepted, and tests that were reset. This script runs after the tables of
-- older deployments have their constraints, any number of times.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

ALTER TABLE assessment.pool_items
  -- Whether the question is no longer asked from this version on.
  ADD COLUMN IF NOT EXISTS retired BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE assessment.calibration_attempts
  -- Estimates that wait for an operator: number, base_version, prior_covariance, report, items,
  -- created_at; null: none
  ADD COLUMN IF NOT EXISTS proposal JSONB;

DO $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = 'assessment.test_sessions'::regclass
      AND conname = 'test_sessions_status_check'
      AND pg_get_constraintdef(oid) NOT LIKE '%''terminated''%'
  ) THEN
    ALTER TABLE assessment.test_sessions
      DROP CONSTRAINT test_sessions_status_check,
      -- terminated: closed by an operator, with end_reason 'reset'; long-term results stay
      ADD CONSTRAINT test_sessions_status_check CHECK (
        pool_version IS NULL OR status IN ('active', 'completed', 'expired', 'terminated'));
  END IF;
END
$$;
