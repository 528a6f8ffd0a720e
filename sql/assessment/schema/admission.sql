-- Admission to tests: the rules of a pool, and by what right each session was started. This script runs
-- after the tables of older deployments have their constraints, any number of times.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Rules that hold for every test on the pool, whatever its version: concept_names, admission, tells,
-- starts_per_day, trains, min_questions, max_questions, stop_rules. A rule that is left out or null has
-- its default (lib/assessment/pools/rules.py).
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'assessment.question_pools'::regclass
      AND attname = 'rules' AND NOT attisdropped
  ) THEN
    ALTER TABLE assessment.question_pools ADD COLUMN rules JSONB NOT NULL DEFAULT '{}';
    -- Until now each start named the concepts: the names of the first counted test stay.
    UPDATE assessment.question_pools p SET rules = jsonb_build_object('concept_names', named.names)
    FROM (
      SELECT DISTINCT ON (s.question_pool_id) s.question_pool_id, to_jsonb(s.concept_names) AS names
      FROM assessment.test_sessions s
      JOIN assessment.question_pools q
        ON q.id = s.question_pool_id AND q.concept_count = cardinality(s.concept_names)
      ORDER BY s.question_pool_id, s.total_questions = 0, s.started_at, s.id
    ) AS named
    WHERE named.question_pool_id = p.id;
  END IF;
END
$$;

-- Results that stand from before this script count as they did.
ALTER TABLE assessment.student_proficiencies
  -- Whether the person named was known to take the test; otherwise the value is no prior.
  ADD COLUMN IF NOT EXISTS proven BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE assessment.student_proficiencies ALTER COLUMN proven SET DEFAULT FALSE;

ALTER TABLE assessment.test_sessions
  -- Whether the end changes what is known of the student for good.
  ADD COLUMN IF NOT EXISTS proven BOOLEAN NOT NULL DEFAULT TRUE,
  -- Whether calibration may use the answers: started with a ticket, by an operator, or on a pool
  -- whose rule `trains` is true.
  ADD COLUMN IF NOT EXISTS admitted BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS ticket_id UUID,         -- null: started without a ticket
  ADD COLUMN IF NOT EXISTS extra_time DECIMAL,     -- share added to time limits; from the ticket
  ADD COLUMN IF NOT EXISTS start_key_sha256 TEXT,  -- of the Idempotency-Key of the start
  ADD COLUMN IF NOT EXISTS start_body_sha256 TEXT, -- of the body that came with this key
  -- each: proficiency after each answer · end: rounded, after the last one
  ADD COLUMN IF NOT EXISTS tells TEXT NOT NULL DEFAULT 'each',
  -- Positions of questions that earlier tests asked and this one asks only if no others remain
  ADD COLUMN IF NOT EXISTS asked_before INT[],
  -- When the question to answer was chosen; null: not since the upgrade
  ADD COLUMN IF NOT EXISTS asked_at TIMESTAMP;
ALTER TABLE assessment.test_sessions ALTER COLUMN proven SET DEFAULT FALSE;

DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = 'assessment.test_sessions'::regclass AND conname = 'test_sessions_tells_check'
  ) THEN
    ALTER TABLE assessment.test_sessions
      ADD CONSTRAINT test_sessions_tells_check CHECK (tells IN ('each', 'end'));
  END IF;
END
$$;

-- One active session per ticket: a second start with the ticket returns the first session.
CREATE UNIQUE INDEX IF NOT EXISTS test_sessions_one_active_ticket_key
  ON assessment.test_sessions (ticket_id)
  WHERE status = 'active' AND ticket_id IS NOT NULL;
-- Sessions started with a ticket: how often it was used.
CREATE INDEX IF NOT EXISTS idx_test_sessions_ticket_id
  ON assessment.test_sessions (ticket_id) WHERE ticket_id IS NOT NULL;
-- One session per student, pool and Idempotency-Key.
CREATE UNIQUE INDEX IF NOT EXISTS test_sessions_start_key_key
  ON assessment.test_sessions (student_id, question_pool_id, start_key_sha256)
  WHERE start_key_sha256 IS NOT NULL;
