-- Schema of the assessment context: adaptive tests over a vector of concepts.
--
-- The truth for these tables. Runs in one execute, any number of times, and ends in the same
-- schema whether the database was empty, half upgraded, or still kept these tables in `public`.
-- Run it before sql/workshop/schema.sql: both contexts have a table `students`, and an old one
-- in `public` has to move out of the way first.
--
-- TIMESTAMP columns are without time zone and mean UTC.

CREATE SCHEMA IF NOT EXISTS assessment;

-- ---------------------------------------------------------------------------------------------
-- 1. Tables of older deployments move from `public`, with their rows, indexes and constraints.
--    A table is recognised by columns that only the assessment's table of that name has.
-- ---------------------------------------------------------------------------------------------
DO $$
DECLARE
  old RECORD;
BEGIN
  FOR old IN
    SELECT sign.table_name
    FROM (VALUES
      ('students', ARRAY['id'], 'student_id'),
      ('student_proficiencies', ARRAY['student_id', 'concept_name', 'proficiency_value'], NULL),
      ('questions', ARRAY['id', 'pool_id', 'correct_answer'], NULL),
      ('test_sessions', ARRAY['id', 'student_id', 'question_pool_id'], NULL),
      ('test_responses', ARRAY['session_id', 'question_id', 'response'], NULL)
    ) AS sign (table_name, has, lacks)
    JOIN pg_catalog.pg_class c ON c.relname = sign.table_name AND c.relkind IN ('r', 'p')
      AND c.relnamespace = 'public'::regnamespace
    JOIN LATERAL (
      SELECT array_agg(a.attname::text) AS names FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns ON columns.names @> sign.has
      AND (sign.lacks IS NULL OR NOT sign.lacks = ANY (columns.names))
  LOOP
    IF to_regclass(format('assessment.%I', old.table_name)) IS NOT NULL THEN
      RAISE EXCEPTION 'public.% and assessment.% both exist: rename one of them first',
        old.table_name, old.table_name;
    END IF;
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA assessment', old.table_name);
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- 2. Tables
-- ---------------------------------------------------------------------------------------------

-- Who sits tests. The id is opaque: a workshop student_id or a learning profile id does.
CREATE TABLE IF NOT EXISTS assessment.students (
  id VARCHAR CONSTRAINT students_pkey PRIMARY KEY,
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC')
);

-- Long-term proficiency: the last posterior of each concept that a student was tested in.
CREATE TABLE IF NOT EXISTS assessment.student_proficiencies (
  id UUID DEFAULT gen_random_uuid() CONSTRAINT student_proficiencies_pkey PRIMARY KEY,
  student_id VARCHAR NOT NULL
    CONSTRAINT student_proficiencies_student_id_fkey REFERENCES assessment.students (id),
  concept_name VARCHAR NOT NULL,
  proficiency_value DECIMAL NOT NULL DEFAULT 0.5,  -- expected percentile, 0 to 1
  confidence DECIMAL DEFAULT 0.0,                  -- 1 - posterior variance, 0 to 1
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC')
);

-- A set of questions over the same concepts.
CREATE TABLE IF NOT EXISTS assessment.question_pools (
  id UUID CONSTRAINT question_pools_pkey PRIMARY KEY,
  name TEXT,
  concept_count INT NOT NULL
    CONSTRAINT question_pools_concept_count_check CHECK (concept_count BETWEEN 1 AND 32),
  current_version INT NOT NULL,  -- for new sessions; running ones keep theirs
  created_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- One state of a pool that a session can be taken on. Versions are only ever added.
CREATE TABLE IF NOT EXISTS assessment.pool_versions (
  pool_id UUID NOT NULL
    CONSTRAINT pool_versions_pool_id_fkey REFERENCES assessment.question_pools (id),
  version INT NOT NULL CONSTRAINT pool_versions_version_check CHECK (version >= 1),
  origin TEXT NOT NULL
    -- upload: questions came or changed · calibration: parameters were estimated from answers
    -- adopted: questions that an older deployment had written
    CONSTRAINT pool_versions_origin_check CHECK (origin IN ('upload', 'calibration', 'adopted')),
  question_count INT NOT NULL,            -- items are numbered 0 to question_count - 1
  prior_mean DOUBLE PRECISION[],          -- k numbers, logit; null: zeros
  prior_covariance DOUBLE PRECISION[],    -- k * k numbers, row by row; null: the identity
  report JSONB,                           -- what a calibration found: fit, flags, counts
  created_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
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
  difficulty DECIMAL DEFAULT 0.5,         -- percentile, between 0 and 1
  discrimination DECIMAL DEFAULT 1.0,     -- above 0
  created_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  guessing DECIMAL NOT NULL DEFAULT 0,    -- chance to be right without knowing, 0 to 1
  position INT,                           -- number in its pool, from 0; null: not yet adopted
  revision INT NOT NULL DEFAULT 1,        -- goes up when content, options or answer change
  updated_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC')
);

-- Texts that a later upload replaced: running sessions still ask and grade them as they were.
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
  revision INT NOT NULL,                  -- which text of the question
  option_count INT NOT NULL,
  correct_option INT,                     -- 0-based; null: cannot be asked (no such option)
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

-- One sitting of one student. Columns from last_activity on are null in rows of older
-- deployments; pool_version null marks a session that this service cannot go on with.
CREATE TABLE IF NOT EXISTS assessment.test_sessions (
  id UUID CONSTRAINT test_sessions_pkey PRIMARY KEY,
  student_id VARCHAR NOT NULL
    CONSTRAINT test_sessions_student_id_fkey REFERENCES assessment.students (id),
  question_pool_id UUID,
  -- active: answers are taken · completed: finished by its criteria, by running out of
  -- questions, or by the caller · expired: closed after 30 idle minutes with what was answered
  status VARCHAR DEFAULT 'active',
  initial_proficiency JSONB,   -- k percentiles; a returning student's from the first answer on
  final_proficiency JSONB,     -- k percentiles; null while active
  total_questions INT DEFAULT 0,
  correct_responses INT DEFAULT 0,
  accuracy DECIMAL,
  learning_gain DECIMAL,       -- mean over concepts of current minus initial proficiency
  test_efficiency DECIMAL,     -- share of the prior variance removed, per question
  started_at TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  completed_at TIMESTAMP,
  last_activity TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  pool_version INT,
  concept_names TEXT[],
  end_criteria JSONB,
  prior JSONB,                 -- long-term proficiencies as read at the start, with their age
  current_proficiency JSONB,   -- k percentiles after the last answer; null before the first
  current_confidence JSONB,
  next_question_id VARCHAR,    -- the only question that may be answered; null before the first
  -- fixed_length, precision, classification, small_gain: the rule that stopped it
  -- exhausted: no question left · ended: by the caller · expired: by the clean-up
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
    CONSTRAINT test_responses_student_id_fkey REFERENCES assessment.students (id),
  session_id UUID NOT NULL
    CONSTRAINT test_responses_session_id_fkey REFERENCES assessment.test_sessions (id),
  question_id VARCHAR NOT NULL,
  response INT NOT NULL,       -- 0-based index of the chosen option
  is_correct BOOLEAN,
  proficiency_before JSONB,
  proficiency_after JSONB,
  timestamp TIMESTAMP DEFAULT (now() AT TIME ZONE 'UTC'),
  position INT,                -- 0 for the first answer; null in rows of older deployments
  next_question_id VARCHAR,    -- what was asked next; null: this answer completed the test
  seconds DECIMAL              -- between asking and recording, by the database's clock
);

-- Rows that stood in the way of a constraint when an older database was upgraded.
CREATE TABLE IF NOT EXISTS assessment.set_aside_rows (
  id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT set_aside_rows_pkey PRIMARY KEY,
  table_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  row_data JSONB NOT NULL,     -- the whole row
  set_aside_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- ---------------------------------------------------------------------------------------------
-- 3. Older tables get the columns and defaults they lack
-- ---------------------------------------------------------------------------------------------
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute
    WHERE attrelid = 'assessment.test_sessions'::regclass
      AND attname = 'last_activity' AND NOT attisdropped
  ) THEN
    -- No default yet: an old session was last active when it was, not now.
    ALTER TABLE assessment.test_sessions ADD COLUMN last_activity TIMESTAMP;
    UPDATE assessment.test_sessions s SET last_activity = coalesce(s.completed_at,
      (SELECT max(r.timestamp) FROM assessment.test_responses r WHERE r.session_id = s.id),
      s.started_at);
  END IF;
END
$$;

ALTER TABLE assessment.students
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
ALTER TABLE assessment.test_responses
  ADD COLUMN IF NOT EXISTS position INT,
  ADD COLUMN IF NOT EXISTS next_question_id VARCHAR,
  ADD COLUMN IF NOT EXISTS seconds DECIMAL,
  ALTER COLUMN id SET DEFAULT gen_random_uuid(),
  ALTER COLUMN timestamp SET DEFAULT (now() AT TIME ZONE 'UTC');

-- ---------------------------------------------------------------------------------------------
-- 4. Older rows make room for the constraints. Nothing is dropped: what cannot stay is set
--    aside whole. Each block runs once, while its constraint is missing.
-- ---------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION pg_temp.lacks(relation TEXT, constraint_name TEXT) RETURNS BOOLEAN
LANGUAGE sql AS $$
  SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = relation::regclass AND conname = constraint_name
  )
$$;

DO $$
BEGIN
  -- The same question answered twice in a session: the first answer counts.
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_question_key') THEN
    WITH ranked AS (
      SELECT ctid, row_number() OVER (
        PARTITION BY session_id, question_id ORDER BY timestamp NULLS LAST, id
      ) AS place FROM assessment.test_responses
    ), moved AS (
      DELETE FROM assessment.test_responses r USING ranked
      WHERE r.ctid = ranked.ctid AND ranked.place > 1 RETURNING to_jsonb(r) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'test_responses', 'a later answer to an answered question', row_data FROM moved;
    ALTER TABLE assessment.test_responses
      ADD CONSTRAINT test_responses_session_question_key UNIQUE (session_id, question_id);
  END IF;

  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_position_key') THEN
    ALTER TABLE assessment.test_responses
      ADD CONSTRAINT test_responses_session_position_key UNIQUE (session_id, position);
  END IF;

  -- The same concept twice for a student: the newest value counts.
  IF pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_concept_key')
  THEN
    WITH ranked AS (
      SELECT ctid, row_number() OVER (
        PARTITION BY student_id, concept_name
        ORDER BY coalesce(updated_at, created_at) DESC NULLS LAST, id
      ) AS place FROM assessment.student_proficiencies
    ), moved AS (
      DELETE FROM assessment.student_proficiencies p USING ranked
      WHERE p.ctid = ranked.ctid AND ranked.place > 1 RETURNING to_jsonb(p) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'student_proficiencies', 'an older value of the same concept', row_data FROM moved;
    ALTER TABLE assessment.student_proficiencies
      ADD CONSTRAINT student_proficiencies_student_concept_key UNIQUE (student_id, concept_name);
  END IF;

  -- Tables made without foreign keys: the students they name exist, so they get their row.
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_student_id_fkey')
    OR pg_temp.lacks('assessment.test_responses', 'test_responses_student_id_fkey')
    OR pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_id_fkey')
  THEN
    INSERT INTO assessment.students (id)
    SELECT student_id FROM assessment.test_sessions
    UNION SELECT student_id FROM assessment.test_responses
    UNION SELECT student_id FROM assessment.student_proficiencies
    ON CONFLICT DO NOTHING;
  END IF;
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_student_id_fkey') THEN
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.students (id);
  END IF;
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_student_id_fkey') THEN
    ALTER TABLE assessment.test_responses ADD CONSTRAINT test_responses_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.students (id);
  END IF;
  IF pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_id_fkey')
  THEN
    ALTER TABLE assessment.student_proficiencies
      ADD CONSTRAINT student_proficiencies_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.students (id);
  END IF;

  -- Answers of sessions that no longer exist.
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_id_fkey') THEN
    WITH moved AS (
      DELETE FROM assessment.test_responses r WHERE NOT EXISTS (
        SELECT FROM assessment.test_sessions s WHERE s.id = r.session_id
      ) RETURNING to_jsonb(r) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'test_responses', 'an answer without its session', row_data FROM moved;
    ALTER TABLE assessment.test_responses ADD CONSTRAINT test_responses_session_id_fkey
      FOREIGN KEY (session_id) REFERENCES assessment.test_sessions (id);
  END IF;

  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_pool_version_fkey') THEN
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_pool_version_fkey
      FOREIGN KEY (question_pool_id, pool_version)
      REFERENCES assessment.pool_versions (pool_id, version);
  END IF;
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_status_check') THEN
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_status_check
      CHECK (pool_version IS NULL OR status IN ('active', 'completed', 'expired'));
  END IF;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- 5. Questions that an older deployment wrote become version 1 of their pool
-- ---------------------------------------------------------------------------------------------
-- A Q-matrix row as numbers; null where it is no list of 1 to 32 of them, none below 0, some above.
CREATE OR REPLACE FUNCTION pg_temp.q_row(concepts JSONB) RETURNS DOUBLE PRECISION[]
LANGUAGE plpgsql AS $$
DECLARE
  weights DOUBLE PRECISION[];
BEGIN
  IF jsonb_typeof(concepts) <> 'array' OR jsonb_array_length(concepts) NOT BETWEEN 1 AND 32
    OR jsonb_path_exists(concepts, 'strict $[*] ? (@.type() != "number" || @ < 0)')
  THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(w.weight::DOUBLE PRECISION ORDER BY w.place) INTO weights
  FROM jsonb_array_elements_text(concepts) WITH ORDINALITY w (weight, place);
  RETURN CASE WHEN 0 < ANY (weights) THEN weights END;
END
$$;

DO $$
DECLARE
  pool RECORD;
  new_version INT;
BEGIN
  FOR pool IN
    SELECT q.pool_id AS id, mode() WITHIN GROUP (ORDER BY cardinality(row.weights)) AS concepts
    FROM assessment.questions q, pg_temp.q_row(q.concepts) AS row (weights)
    WHERE q.position IS NULL AND row.weights IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM assessment.question_pools p
        WHERE p.id = q.pool_id AND p.concept_count <> cardinality(row.weights)
      )
    GROUP BY q.pool_id
  LOOP
    INSERT INTO assessment.question_pools AS p (id, concept_count, current_version)
    VALUES (pool.id, pool.concepts, 1)
    ON CONFLICT (id) DO UPDATE SET current_version = p.current_version + 1
    RETURNING p.current_version INTO new_version;

    -- Questions whose Q-matrix row does not fit the pool keep a null position: never asked.
    WITH fitting AS (
      SELECT q.id, row_number() OVER (ORDER BY q.created_at, q.id) - 1 + (
        SELECT coalesce(max(o.position) + 1, 0) FROM assessment.questions o
        WHERE o.pool_id = pool.id
      ) AS position
      FROM assessment.questions q
      WHERE q.pool_id = pool.id AND q.position IS NULL
        AND cardinality(pg_temp.q_row(q.concepts)) = pool.concepts
    )
    UPDATE assessment.questions q SET position = fitting.position
    FROM fitting WHERE q.id = fitting.id;

    INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)
    SELECT pool.id, new_version, 'adopted', count(q.position)
    FROM assessment.questions q WHERE q.pool_id = pool.id;

    INSERT INTO assessment.pool_items (pool_id, position, version, question_id, revision,
      option_count, correct_option, concepts, difficulty, discrimination, guessing)
    SELECT q.pool_id, q.position, new_version, q.id, q.revision,
      CASE jsonb_typeof(q.options) WHEN 'array' THEN jsonb_array_length(q.options) ELSE 0 END,
      (
        SELECT o.place - 1
        FROM jsonb_array_elements_text(
          CASE jsonb_typeof(q.options) WHEN 'array' THEN q.options ELSE '[]' END
        ) WITH ORDINALITY o (text, place)
        WHERE o.text = q.correct_answer ORDER BY o.place LIMIT 1
      ),
      pg_temp.q_row(q.concepts),
      least(greatest(coalesce(q.difficulty, 0.5), 0.01), 0.99),
      CASE WHEN q.discrimination > 0 THEN q.discrimination ELSE 1.0 END,
      q.guessing
    FROM assessment.questions q
    WHERE q.pool_id = pool.id AND q.position IS NOT NULL AND NOT EXISTS (
      SELECT FROM assessment.pool_items i
      WHERE i.pool_id = q.pool_id AND i.position = q.position
    );
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- 6. Indexes
-- ---------------------------------------------------------------------------------------------
-- Long-term proficiencies of a student: start, profile.
CREATE INDEX IF NOT EXISTS idx_student_proficiencies_student_id
  ON assessment.student_proficiencies (student_id);
-- Questions per pool (monitoring), the newest questions.
CREATE INDEX IF NOT EXISTS idx_questions_pool_id ON assessment.questions (pool_id);
CREATE INDEX IF NOT EXISTS idx_questions_created_at ON assessment.questions (created_at);
-- A question's number is unique in its pool; the next free one is one index probe.
CREATE UNIQUE INDEX IF NOT EXISTS questions_pool_position_key
  ON assessment.questions (pool_id, position);
-- History of a student; sessions by status; idle sessions (clean-up).
CREATE INDEX IF NOT EXISTS idx_test_sessions_student_id ON assessment.test_sessions (student_id);
CREATE INDEX IF NOT EXISTS idx_test_sessions_status ON assessment.test_sessions (status);
CREATE INDEX IF NOT EXISTS idx_test_sessions_last_activity
  ON assessment.test_sessions (last_activity);
-- One active session per student and pool: a second start finds the first.
CREATE UNIQUE INDEX IF NOT EXISTS test_sessions_one_active_key
  ON assessment.test_sessions (student_id, question_pool_id)
  WHERE status = 'active' AND pool_version IS NOT NULL;
-- Answers of a student, of a session, and over time (analytics, calibration).
CREATE INDEX IF NOT EXISTS idx_test_responses_student_id
  ON assessment.test_responses (student_id);
CREATE INDEX IF NOT EXISTS idx_test_responses_session_id
  ON assessment.test_responses (session_id);
CREATE INDEX IF NOT EXISTS idx_test_responses_timestamp
  ON assessment.test_responses (timestamp);

-- ---------------------------------------------------------------------------------------------
-- 7. What a session asks, and what it leaves behind
-- ---------------------------------------------------------------------------------------------

-- A question as sessions on a version of its pool see it: no answer, no parameters.
CREATE OR REPLACE FUNCTION assessment.question_shown(question VARCHAR, pool_version INT)
RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'id', q.id,
    'content', coalesce(r.content, q.content),
    'options', coalesce(r.options, q.options),
    'concepts', to_jsonb(i.concepts),
    'revision', i.revision
  )
  FROM assessment.questions q
  CROSS JOIN LATERAL (
    SELECT item.concepts, item.revision FROM assessment.pool_items item
    WHERE item.pool_id = q.pool_id AND item.position = q.position AND item.version <= pool_version
    ORDER BY item.version DESC LIMIT 1
  ) AS i
  LEFT JOIN assessment.question_revisions r ON r.question_id = q.id AND r.revision = i.revision
  WHERE q.id = question
$$;

-- Whichever way a session closes, what it found becomes the student's long-term proficiency.
CREATE OR REPLACE FUNCTION assessment.keep_proficiency() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO assessment.student_proficiencies
    (student_id, concept_name, proficiency_value, confidence, created_at, updated_at)
  SELECT NEW.student_id, found.concept, found.proficiency, found.confidence,
    NEW.last_activity, NEW.last_activity
  FROM ROWS FROM (
    unnest(NEW.concept_names),
    jsonb_array_elements_text(NEW.current_proficiency),
    jsonb_array_elements_text(NEW.current_confidence)
  ) AS text_found (concept, proficiency, confidence)
  CROSS JOIN LATERAL (
    SELECT text_found.concept, text_found.proficiency::DECIMAL, text_found.confidence::DECIMAL
  ) AS found (concept, proficiency, confidence)
  ORDER BY found.concept  -- two sessions of a student lock the rows in the same order
  ON CONFLICT ON CONSTRAINT student_proficiencies_student_concept_key DO UPDATE SET
    proficiency_value = excluded.proficiency_value,
    confidence = excluded.confidence,
    updated_at = excluded.updated_at;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER test_sessions_keep_proficiency
  AFTER UPDATE OF status ON assessment.test_sessions
  FOR EACH ROW
  WHEN (OLD.status = 'active' AND NEW.status <> 'active' AND NEW.current_proficiency IS NOT NULL)
  EXECUTE FUNCTION assessment.keep_proficiency();

-- ---------------------------------------------------------------------------------------------
-- 8. The record of answers is a trail: rows may be added, never changed
-- ---------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION assessment.refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% rows are never changed', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;

DO $$
DECLARE
  trail TEXT;
BEGIN
  FOREACH trail IN ARRAY ARRAY['test_responses', 'pool_items', 'question_revisions'] LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON assessment.%I '
      'FOR EACH ROW EXECUTE FUNCTION assessment.refuse_change()',
      trail || '_never_change', trail
    );
  END LOOP;
END
$$;

DROP FUNCTION pg_temp.lacks (TEXT, TEXT);
DROP FUNCTION pg_temp.q_row (JSONB);
