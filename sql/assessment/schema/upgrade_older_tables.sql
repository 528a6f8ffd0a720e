-- Add the constraints of tables.sql to the tables of older deployments, and give their questions a pool.
--
-- Nothing is lost: a row that violates a constraint moves to set_aside_rows. Constraints are added
-- only while they are missing, and questions get a place only while they have none, so this does
-- nothing on a new database or the second time.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));
SELECT set_config('stepwise.removal', 'upgrade', true);  -- see removal.sql

CREATE OR REPLACE FUNCTION pg_temp.lacks(relation TEXT, constraint_name TEXT) RETURNS BOOLEAN
LANGUAGE sql AS $$
  SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = relation::regclass AND conname = constraint_name
  )
$$;

CREATE OR REPLACE FUNCTION pg_temp.report_set_aside(relation TEXT, rows BIGINT, reason TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF rows > 0 THEN
    RAISE NOTICE '%: % set aside in assessment.set_aside_rows; rows: %', relation, reason, rows
      USING ERRCODE = 'SW001';
  END IF;
END
$$;

-- The number that was a row's id before the upgrade; later rows have greater numbers.
CREATE OR REPLACE FUNCTION pg_temp.former_number(row_data JSONB) RETURNS NUMERIC LANGUAGE sql AS $$
  SELECT CASE WHEN row_data ->> 'former_id' ~ '^\d{1,30}$' THEN (row_data ->> 'former_id')::NUMERIC END
$$;

DO $$
DECLARE
  set_aside BIGINT;
  added BIGINT;
BEGIN
  -- If a question was answered twice in a session, the first answer counts.
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_question_key') THEN
    WITH ranked AS (
      SELECT ctid, row_number() OVER (
        PARTITION BY session_id, question_id
        ORDER BY timestamp NULLS LAST, pg_temp.former_number(to_jsonb(r)), id
      ) AS place FROM assessment.test_responses AS r
    ), moved AS (
      DELETE FROM assessment.test_responses r USING ranked
      WHERE r.ctid = ranked.ctid AND ranked.place > 1 RETURNING to_jsonb(r) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'test_responses', 'a later answer to an answered question', row_data FROM moved;
    GET DIAGNOSTICS set_aside = ROW_COUNT;
    PERFORM pg_temp.report_set_aside('assessment.test_responses', set_aside, 'later answers to an answered question');
    ALTER TABLE assessment.test_responses
      ADD CONSTRAINT test_responses_session_question_key UNIQUE (session_id, question_id);
  END IF;

  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_position_key') THEN
    ALTER TABLE assessment.test_responses
      ADD CONSTRAINT test_responses_session_position_key UNIQUE (session_id, position);
  END IF;

  -- If a student has two values of a concept, the newest one counts.
  IF pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_concept_key')
  THEN
    WITH ranked AS (
      SELECT ctid, row_number() OVER (
        PARTITION BY student_id, concept_name
        ORDER BY coalesce(updated_at, created_at) DESC NULLS LAST,
          pg_temp.former_number(to_jsonb(p)) DESC NULLS LAST, id
      ) AS place FROM assessment.student_proficiencies AS p
    ), moved AS (
      DELETE FROM assessment.student_proficiencies p USING ranked
      WHERE p.ctid = ranked.ctid AND ranked.place > 1 RETURNING to_jsonb(p) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'student_proficiencies', 'an older value of the same concept', row_data FROM moved;
    GET DIAGNOSTICS set_aside = ROW_COUNT;
    PERFORM pg_temp.report_set_aside('assessment.student_proficiencies', set_aside, 'older values of the same concept');
    ALTER TABLE assessment.student_proficiencies
      ADD CONSTRAINT student_proficiencies_student_concept_key UNIQUE (student_id, concept_name);
  END IF;

  -- Tables without foreign keys may name students who have no row: each of them gets one.
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_student_id_fkey')
    OR pg_temp.lacks('assessment.test_responses', 'test_responses_student_id_fkey')
    OR pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_id_fkey')
  THEN
    INSERT INTO assessment.examinees (id)
    SELECT student_id FROM assessment.test_sessions
    UNION SELECT student_id FROM assessment.test_responses
    UNION SELECT student_id FROM assessment.student_proficiencies
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added > 0 THEN
      RAISE NOTICE 'assessment.examinees: rows added for students that other tables name: %', added
        USING ERRCODE = 'SW001';
    END IF;
  END IF;
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_student_id_fkey') THEN
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.examinees (id);
  END IF;
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_student_id_fkey') THEN
    ALTER TABLE assessment.test_responses ADD CONSTRAINT test_responses_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.examinees (id);
  END IF;
  IF pg_temp.lacks('assessment.student_proficiencies', 'student_proficiencies_student_id_fkey')
  THEN
    ALTER TABLE assessment.student_proficiencies
      ADD CONSTRAINT student_proficiencies_student_id_fkey
      FOREIGN KEY (student_id) REFERENCES assessment.examinees (id);
  END IF;

  -- Answers of sessions that no longer exist are set aside.
  IF pg_temp.lacks('assessment.test_responses', 'test_responses_session_id_fkey') THEN
    WITH moved AS (
      DELETE FROM assessment.test_responses r WHERE NOT EXISTS (
        SELECT FROM assessment.test_sessions s WHERE s.id = r.session_id
      ) RETURNING to_jsonb(r) AS row_data
    )
    INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
    SELECT 'test_responses', 'an answer without its session', row_data FROM moved;
    GET DIAGNOSTICS set_aside = ROW_COUNT;
    PERFORM pg_temp.report_set_aside('assessment.test_responses', set_aside, 'answers without their session');
    ALTER TABLE assessment.test_responses ADD CONSTRAINT test_responses_session_id_fkey
      FOREIGN KEY (session_id) REFERENCES assessment.test_sessions (id);
  END IF;

  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_pool_version_fkey') THEN
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_pool_version_fkey
      FOREIGN KEY (question_pool_id, pool_version)
      REFERENCES assessment.pool_versions (pool_id, version);
  END IF;
  IF pg_temp.lacks('assessment.test_sessions', 'test_sessions_status_check') THEN
    -- pool_changes.sql adds the status `terminated`.
    ALTER TABLE assessment.test_sessions ADD CONSTRAINT test_sessions_status_check
      CHECK (pool_version IS NULL OR status IN ('active', 'completed', 'expired'));
  END IF;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Make a version of each pool from the questions that an older deployment wrote, with the functions of
-- repair_older_questions.sql
-- ---------------------------------------------------------------------------------------------
DO $$
DECLARE
  pool RECORD;
  new_version INT;
  adopted INT[] := '{}';
  left_over BIGINT;
  names TEXT;
BEGIN
  FOR pool IN
    SELECT q.pool_id AS id, mode() WITHIN GROUP (ORDER BY cardinality(row.weights)) AS concepts,
      min(to_jsonb(q) ->> 'former_pool_id') AS former_id
    FROM assessment.questions q, pg_temp.q_row(q.concepts) AS row (weights)
    WHERE q.position IS NULL AND row.weights IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM assessment.question_pools p
        WHERE p.id = q.pool_id AND p.concept_count <> cardinality(row.weights)
      )
    GROUP BY q.pool_id
  LOOP
    INSERT INTO assessment.question_pools AS p (id, name, concept_count, current_version)
    VALUES (pool.id, pool.former_id, pool.concepts, assessment.next_number(0))
    ON CONFLICT (id) DO UPDATE SET current_version = assessment.next_number(p.current_version)
    RETURNING p.current_version INTO new_version;

    -- Questions whose Q-matrix row does not fit the pool keep a null position and are never asked.
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

    -- The deviations are the defaults of lib/assessment/pools/selection_settings.py.
    INSERT INTO assessment.pool_versions (
      pool_id, version, origin, question_count, selection, report)
    SELECT pool.id, new_version, 'adopted', count(q.position),
      '{"difficulty_error": 0.7, "discrimination_error": 0.3}', jsonb_build_object(
      'repaired', coalesce((
        SELECT jsonb_object_agg(r.what, r.ids) FROM (
          SELECT what, to_jsonb((array_agg(question_id ORDER BY question_id))[:1000]) AS ids
          FROM pg_temp.repairs WHERE pool_id = pool.id GROUP BY what
        ) AS r), '{}'),
      'not_asked', to_jsonb(coalesce((array_agg(q.id ORDER BY q.id) FILTER (
        WHERE q.position IS NULL OR pg_temp.right_index(q.options, q.correct_answer) IS NULL
      ))[:1000], '{}')))
    FROM assessment.questions q WHERE q.pool_id = pool.id;

    INSERT INTO assessment.pool_items (pool_id, position, version, question_id, revision,
      option_count, correct_option, concepts, difficulty, discrimination, guessing)
    SELECT q.pool_id, q.position, new_version, q.id, q.revision,
      CASE jsonb_typeof(q.options) WHEN 'array' THEN jsonb_array_length(q.options) ELSE 0 END,
      pg_temp.right_index(q.options, q.correct_answer),
      pg_temp.q_row(q.concepts),
      -- Φ(-4.5) to Φ(4.5)
      least(greatest(coalesce(q.difficulty, 0.5), 0.0000034), 0.9999966),
      coalesce(q.discrimination, 1),
      q.guessing
    FROM assessment.questions q
    WHERE q.pool_id = pool.id AND q.position IS NOT NULL AND NOT EXISTS (
      SELECT FROM assessment.pool_items i
      WHERE i.pool_id = q.pool_id AND i.position = q.position
    );
    adopted := adopted || new_version;
    RAISE NOTICE 'assessment.questions: now version % of the pool %; questions: %', new_version, pool.id,
      (SELECT count(*) FROM assessment.pool_items i WHERE i.pool_id = pool.id AND i.version = new_version)
      USING ERRCODE = 'SW001';
  END LOOP;
  SELECT count(*), left(string_agg(id, ', ' ORDER BY id), 500) INTO left_over, names
  FROM assessment.questions WHERE position IS NULL;
  IF left_over > 0 THEN
    RAISE NOTICE 'assessment.questions: never asked, because their concepts are not a list with one weight '
      'for each concept of the pool; questions: % (%)', left_over, names USING ERRCODE = 'SW001';
  END IF;
  SELECT count(*), left(string_agg(i.question_id, ', ' ORDER BY i.question_id), 500)
  INTO left_over, names
  FROM assessment.pool_items i WHERE i.correct_option IS NULL AND i.version = ANY (adopted);
  IF left_over > 0 THEN
    RAISE NOTICE 'assessment.questions: never asked, because there are fewer than two options, or not '
      'exactly one option is the right answer; questions: % (%)', left_over, names USING ERRCODE = 'SW001';
  END IF;
END
$$;

DROP FUNCTION pg_temp.lacks (TEXT, TEXT);
DROP TABLE pg_temp.repairs;
DROP FUNCTION pg_temp.report_set_aside (TEXT, BIGINT, TEXT);
