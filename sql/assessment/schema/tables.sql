-- Tables of the assessment context: adaptive tests over a vector of concepts.
--
-- This file defines the tables except set_aside_rows, which an earlier script needs; admission.sql
-- and pool_changes.sql add columns, such as `proven` and `retired`. It runs in one execute, any
-- number of times. Tables of older deployments, moved here by move_old_tables.sql and given our
-- types by normalize_older_tables.sql, get the columns that they lack; upgrade_older_tables.sql
-- then adds their constraints and functions.sql their triggers. New and upgraded databases end
-- with the same schema.
--
-- TIMESTAMP columns are without time zone and mean UTC.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

CREATE SCHEMA IF NOT EXISTS assessment;

-- Students who take tests. The id is opaque, for example a workshop student_id.
CREATE TABLE IF NOT EXISTS assessment.examinees (
  id VARCHAR CONSTRAINT examinees_pkey PRIMARY KEY,
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC')
);

-- Long-term proficiency: the last result in each concept that a student was tested in; an unproven
-- result never replaces a proven one.
CREATE TABLE IF NOT EXISTS assessment.student_proficiencies (
  id UUID DEFAULT gen_random_uuid() CONSTRAINT student_proficiencies_pkey PRIMARY KEY,
  student_id VARCHAR NOT NULL
    CONSTRAINT student_proficiencies_student_id_fkey REFERENCES assessment.examinees (id),
  concept_name VARCHAR NOT NULL,
  proficiency_value DECIMAL NOT NULL DEFAULT 0.5,  -- expected percentile, 0 to 1
  confidence DECIMAL DEFAULT 0.0,                  -- 1 - posterior variance, 0 to 1
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  CONSTRAINT student_proficiencies_student_concept_key UNIQUE (student_id, concept_name)
);

-- A set of questions over the same concepts.
CREATE TABLE IF NOT EXISTS assessment.question_pools (
  id UUID CONSTRAINT question_pools_pkey PRIMARY KEY,
  name TEXT,
  concept_count INT NOT NULL
    CONSTRAINT question_pools_concept_count_check CHECK (concept_count BETWEEN 1 AND 32),
  current_version INT NOT NULL,  -- for new sessions; running sessions keep theirs
  created_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- The number of a pool's next version or a question's next revision: seconds since 2026, or the
-- last number + 1 if that is greater. A number is never reused for other content, even after a
-- backup is restored, because processes and Redis cache content by its number alone.
CREATE OR REPLACE FUNCTION assessment.next_number(last INT) RETURNS INT
LANGUAGE sql VOLATILE STRICT AS $$
  SELECT greatest(
    last + 1, extract(epoch FROM clock_timestamp() - TIMESTAMPTZ '2026-01-01 00:00 UTC')::INT)
$$;

-- One state of a pool's parameters, settings and counts. Versions are only ever added.
CREATE TABLE IF NOT EXISTS assessment.pool_versions (
  pool_id UUID NOT NULL
    CONSTRAINT pool_versions_pool_id_fkey REFERENCES assessment.question_pools (id),
  version INT NOT NULL CONSTRAINT pool_versions_version_check CHECK (version >= 1),
  origin TEXT NOT NULL
    -- upload: questions were added or changed
    -- calibration: parameters were estimated from answers
    -- adopted: questions of an older deployment were taken over
    -- exposure: the exposure of questions was counted
    -- retired: a question is no longer asked
    -- restored: parameters and settings of an earlier version came back; `report` names it
    CONSTRAINT pool_versions_origin_check CHECK (
      origin IN ('upload', 'calibration', 'adopted', 'exposure', 'retired', 'restored')),
  question_count INT NOT NULL,            -- items are numbered 0 to question_count - 1
  -- Correlation matrix of the concepts in the population, k * k numbers row by row; null: none.
  prior_covariance DOUBLE PRECISION[],
  report JSONB,                           -- on a calibration, an adoption or a restored version
  created_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
  -- Selection settings. They are null or lack difficulty_error if they were stored while authors'
  -- parameters were always treated as exact; tests with such settings still treat them as exact.
  selection JSONB,
  exposure JSONB,                         -- exposure counts; null: not counted
  CONSTRAINT pool_versions_pkey PRIMARY KEY (pool_id, version)
);

-- The questions as their author last wrote them. Older texts are in question_revisions; the
-- parameters that sessions use, calibrated or not, are in pool_items, per version of the pool.
CREATE TABLE IF NOT EXISTS assessment.questions (
  id VARCHAR CONSTRAINT questions_pkey PRIMARY KEY,
  pool_id UUID NOT NULL,
  content TEXT NOT NULL,
  options JSONB NOT NULL,
  correct_answer VARCHAR NOT NULL,
  concepts JSONB NOT NULL DEFAULT '[]',   -- the question's row of the Q-matrix
  difficulty DECIMAL DEFAULT 0.5,         -- percentile, above 0 and below 1
  discrimination DECIMAL DEFAULT 1.0,     -- above 0
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  guessing DECIMAL NOT NULL DEFAULT 0,    -- probability of a correct guess, 0 to 1
  position INT,                           -- number in its pool, from 0; null: not yet adopted
  revision INT NOT NULL DEFAULT 1,        -- goes up when content, options or answer change
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC')
);

-- Texts that a later upload replaced: running sessions still ask and grade by them.
CREATE TABLE IF NOT EXISTS assessment.question_revisions (
  question_id VARCHAR NOT NULL
    CONSTRAINT question_revisions_question_id_fkey REFERENCES assessment.questions (id),
  revision INT NOT NULL,
  content TEXT NOT NULL,
  options JSONB NOT NULL,
  correct_answer VARCHAR NOT NULL,
  replaced_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
  CONSTRAINT question_revisions_pkey PRIMARY KEY (question_id, revision)
);

-- Item parameters, one row per change. The item of a pool at version v is its row with the
-- greatest version <= v, so a version costs only what changed in it. Rows are only ever added.
CREATE TABLE IF NOT EXISTS assessment.pool_items (
  pool_id UUID NOT NULL,
  position INT NOT NULL CONSTRAINT pool_items_position_check CHECK (position >= 0),
  version INT NOT NULL,                   -- the first version of the pool that has this row
  question_id VARCHAR NOT NULL
    CONSTRAINT pool_items_question_id_fkey REFERENCES assessment.questions (id),
  revision INT NOT NULL,                  -- revision of the question's text
  option_count INT NOT NULL,
  correct_option INT,                     -- 0-based; null: never asked (no such option)
  concepts DOUBLE PRECISION[] NOT NULL,   -- Q-matrix row, k weights
  difficulty DOUBLE PRECISION NOT NULL
    CONSTRAINT pool_items_difficulty_check CHECK (difficulty > 0 AND difficulty < 1),
  discrimination DOUBLE PRECISION NOT NULL
    CONSTRAINT pool_items_discrimination_check CHECK (discrimination > 0),
  guessing DOUBLE PRECISION NOT NULL
    CONSTRAINT pool_items_guessing_check CHECK (guessing >= 0 AND guessing < 1),
  calibration JSONB,                      -- standard errors, answers used, flags; null: as uploaded
  CONSTRAINT pool_items_pkey PRIMARY KEY (pool_id, position, version),
  CONSTRAINT pool_items_pool_version_fkey FOREIGN KEY (pool_id, version)
    REFERENCES assessment.pool_versions (pool_id, version)
);

-- The last attempt to calibrate each pool. Pools that failed are tried after the others.
CREATE TABLE IF NOT EXISTS assessment.calibration_attempts (
  pool_id UUID CONSTRAINT calibration_attempts_pkey PRIMARY KEY
    CONSTRAINT calibration_attempts_pool_id_fkey REFERENCES assessment.question_pools (id),
  started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP,                  -- null: it is running, or its function was stopped
  outcome TEXT,                           -- calibrated, out_of_time, failed …; null: not finished
  reason TEXT,                            -- name of the error (never its text) if it failed
  failures INT NOT NULL                   -- failed attempts since the last success
    CONSTRAINT calibration_attempts_failures_check CHECK (failures >= 0)
);

-- One test session of one student. Rows of older deployments have no values in the columns after
-- last_activity when they arrive; a null pool_version marks a session that cannot be continued.
CREATE TABLE IF NOT EXISTS assessment.test_sessions (
  id UUID CONSTRAINT test_sessions_pkey PRIMARY KEY,
  student_id VARCHAR NOT NULL
    CONSTRAINT test_sessions_student_id_fkey REFERENCES assessment.examinees (id),
  question_pool_id UUID,
  -- active: accepts answers · completed: by its end criteria, for lack of questions, or by the
  -- caller · expired: closed with its answers after 30 idle minutes, or after the number of idle
  -- minutes that an operator chose · terminated: reset by an operator; pool_changes.sql allows this status
  status VARCHAR DEFAULT 'active',
  -- k percentiles; null for a returning student before the first answer
  initial_proficiency JSONB,
  final_proficiency JSONB,     -- k percentiles; null while active
  total_questions INT DEFAULT 0,
  correct_responses INT DEFAULT 0,
  accuracy DECIMAL,
  learning_gain DECIMAL,       -- mean over the concepts of current - initial proficiency
  test_efficiency DECIMAL,     -- share of the prior variance removed per question
  started_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  completed_at TIMESTAMP,
  last_activity TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  pool_version INT,
  concept_names TEXT[],
  end_criteria JSONB,
  prior JSONB,                 -- long-term proficiencies at the start, with their age in days
  current_proficiency JSONB,   -- k percentiles after the last answer; null before the first
  current_confidence JSONB,
  -- the only question that may be answered; null before the first answer, since it can be computed
  next_question_id VARCHAR,
  -- max_questions, precision, classification, small_gain: the rule that ended the test
  -- exhausted: no question left · ended: by the caller · expired: as in status
  -- reset: by an operator, without a result
  end_reason TEXT,
  CONSTRAINT test_sessions_pool_version_fkey FOREIGN KEY (question_pool_id, pool_version)
    REFERENCES assessment.pool_versions (pool_id, version),
  CONSTRAINT test_sessions_status_check
    CHECK (pool_version IS NULL OR status IN ('active', 'completed', 'expired'))
);

-- One answer. Written once, never changed.
CREATE TABLE IF NOT EXISTS assessment.test_responses (
  id UUID DEFAULT gen_random_uuid() CONSTRAINT test_responses_pkey PRIMARY KEY,
  student_id VARCHAR NOT NULL
    CONSTRAINT test_responses_student_id_fkey REFERENCES assessment.examinees (id),
  session_id UUID NOT NULL
    CONSTRAINT test_responses_session_id_fkey REFERENCES assessment.test_sessions (id),
  question_id VARCHAR NOT NULL,
  response INT NOT NULL,       -- 0-based index of the chosen option
  is_correct BOOLEAN,
  proficiency_before JSONB,
  proficiency_after JSONB,
  timestamp TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  position INT,                -- 0 for the first answer; null in rows of older deployments
  next_question_id VARCHAR,    -- the question asked next; null: this answer completed the test
  seconds DECIMAL,             -- from asking to recording, by the database's clock
  CONSTRAINT test_responses_session_question_key UNIQUE (session_id, question_id),
  CONSTRAINT test_responses_session_position_key UNIQUE (session_id, position)
);

-- ---------------------------------------------------------------------------------------------
-- Columns and defaults that tables of older deployments lack
-- ---------------------------------------------------------------------------------------------
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'assessment.test_sessions'::regclass
      AND attname = 'last_activity' AND NOT attisdropped
  ) THEN
    -- No default yet: it would date the last activity of old sessions to now.
    ALTER TABLE assessment.test_sessions ADD COLUMN last_activity TIMESTAMP;
    UPDATE assessment.test_sessions s SET last_activity = coalesce(s.completed_at,
      (SELECT max(r.timestamp) FROM assessment.test_responses r WHERE r.session_id = s.id),
      s.started_at, now() AT TIME ZONE 'UTC');
  END IF;
END
$$;

ALTER TABLE assessment.examinees
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMP,
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP,
  ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'UTC'),
  ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'UTC');
ALTER TABLE assessment.student_proficiencies
  ADD COLUMN IF NOT EXISTS confidence DECIMAL DEFAULT 0.0,
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMP,
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP,
  ALTER COLUMN proficiency_value SET DEFAULT 0.5,
  ALTER COLUMN confidence SET DEFAULT 0.0,
  ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'UTC'),
  ALTER COLUMN updated_at SET DEFAULT (now() AT TIME ZONE 'UTC');
ALTER TABLE assessment.questions
  ADD COLUMN IF NOT EXISTS created_at TIMESTAMP,
  ADD COLUMN IF NOT EXISTS guessing DECIMAL NOT NULL DEFAULT 0,
  ALTER COLUMN guessing SET DEFAULT 0,
  ADD COLUMN IF NOT EXISTS position INT,
  ADD COLUMN IF NOT EXISTS revision INT NOT NULL DEFAULT 1,
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  ALTER COLUMN concepts SET DEFAULT '[]',
  ALTER COLUMN difficulty SET DEFAULT 0.5,
  ALTER COLUMN discrimination SET DEFAULT 1.0,
  ALTER COLUMN created_at SET DEFAULT (now() AT TIME ZONE 'UTC');
ALTER TABLE assessment.test_sessions
  ADD COLUMN IF NOT EXISTS learning_gain DECIMAL,
  ADD COLUMN IF NOT EXISTS test_efficiency DECIMAL,
  ADD COLUMN IF NOT EXISTS pool_version INT,
  ADD COLUMN IF NOT EXISTS concept_names TEXT[],
  ADD COLUMN IF NOT EXISTS end_criteria JSONB,
  ADD COLUMN IF NOT EXISTS prior JSONB,
  ADD COLUMN IF NOT EXISTS current_proficiency JSONB,
  ADD COLUMN IF NOT EXISTS current_confidence JSONB,
  ADD COLUMN IF NOT EXISTS next_question_id VARCHAR,
  ADD COLUMN IF NOT EXISTS end_reason TEXT,
  ALTER COLUMN status SET DEFAULT 'active',
  ALTER COLUMN total_questions SET DEFAULT 0,
  ALTER COLUMN correct_responses SET DEFAULT 0,
  ALTER COLUMN started_at SET DEFAULT (now() AT TIME ZONE 'UTC'),
  ALTER COLUMN last_activity SET DEFAULT (now() AT TIME ZONE 'UTC');
ALTER TABLE assessment.pool_versions
  ADD COLUMN IF NOT EXISTS selection JSONB,
  ADD COLUMN IF NOT EXISTS exposure JSONB;
DO $$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = 'assessment.pool_versions'::regclass
      AND conname = 'pool_versions_origin_check'
      AND pg_get_constraintdef(oid) NOT LIKE '%''restored''%'
  ) THEN
    ALTER TABLE assessment.pool_versions
      DROP CONSTRAINT pool_versions_origin_check,
      ADD CONSTRAINT pool_versions_origin_check CHECK (
        origin IN ('upload', 'calibration', 'adopted', 'exposure', 'retired', 'restored'));
  END IF;
END
$$;
ALTER TABLE assessment.test_responses
  ADD COLUMN IF NOT EXISTS position INT,
  ADD COLUMN IF NOT EXISTS next_question_id VARCHAR,
  ADD COLUMN IF NOT EXISTS seconds DECIMAL,
  ALTER COLUMN timestamp SET DEFAULT (now() AT TIME ZONE 'UTC');
-- ---------------------------------------------------------------------------------------------
-- Indexes
-- ---------------------------------------------------------------------------------------------
-- Long-term proficiencies of a student, read when a test starts and for results.
CREATE INDEX IF NOT EXISTS idx_student_proficiencies_student_id
  ON assessment.student_proficiencies (student_id);
-- Questions per pool (monitoring), the newest questions.
CREATE INDEX IF NOT EXISTS idx_questions_pool_id ON assessment.questions (pool_id);
CREATE INDEX IF NOT EXISTS idx_questions_created_at ON assessment.questions (created_at);
-- Positions are unique within a pool; finding the next free one takes one index lookup.
CREATE UNIQUE INDEX IF NOT EXISTS questions_pool_position_key
  ON assessment.questions (pool_id, position);
-- History of a student; sessions by status; idle sessions (clean-up).
CREATE INDEX IF NOT EXISTS idx_test_sessions_student_id ON assessment.test_sessions (student_id);
CREATE INDEX IF NOT EXISTS idx_test_sessions_status ON assessment.test_sessions (status);
CREATE INDEX IF NOT EXISTS idx_test_sessions_last_activity
  ON assessment.test_sessions (last_activity);
-- Answers of a student, of a session, and over time (analytics, calibration).
CREATE INDEX IF NOT EXISTS idx_test_responses_student_id
  ON assessment.test_responses (student_id);
CREATE INDEX IF NOT EXISTS idx_test_responses_session_id
  ON assessment.test_responses (session_id);
CREATE INDEX IF NOT EXISTS idx_test_responses_timestamp
  ON assessment.test_responses (timestamp);
