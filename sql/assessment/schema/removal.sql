-- Removal of tests: an operator removes those of a person, and the clean-up removes old ones. The script
-- runs in one `execute` call, after functions.sql, any number of times.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Answers can be removed only while stepwise.removal is set. The functions below and the upgrade's
-- scripts set it; any other script that has to remove answers sets it for its own transaction.
CREATE OR REPLACE FUNCTION assessment.refuse_removal() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('stepwise.removal', TRUE), '') = '' THEN
    RAISE EXCEPTION '%.% rows are removed only together with their test or their student',
      TG_TABLE_SCHEMA, TG_TABLE_NAME
      USING ERRCODE = 'insufficient_privilege', HINT = 'POST /api/admin-delete-student removes a person.';
  END IF;
  RETURN OLD;
END
$$;
CREATE OR REPLACE TRIGGER test_responses_never_removed BEFORE DELETE ON assessment.test_responses
  FOR EACH ROW EXECUTE FUNCTION assessment.refuse_removal();
CREATE OR REPLACE TRIGGER test_responses_never_truncated BEFORE TRUNCATE ON assessment.test_responses
  FOR EACH STATEMENT EXECUTE FUNCTION assessment.refuse_removal();

-- Hashes of the ids of students who were removed for good, since a backup may still contain their rows.
CREATE TABLE IF NOT EXISTS stepwise.removed_students (
  id_sha256 BYTEA CONSTRAINT removed_students_pkey PRIMARY KEY,
  removed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Closed tests by age (remove_old_tests).
CREATE INDEX IF NOT EXISTS idx_test_sessions_closed ON assessment.test_sessions (last_activity)
  WHERE status <> 'active';

-- The ids under which a person took tests. p_names are the person's ids and e-mail addresses, in lower case
-- and without surrounding blanks; an id of a test may contain such an address, as in `Ann <ann@example.com>`.
CREATE OR REPLACE FUNCTION assessment.ids_of(p_names TEXT[]) RETURNS TEXT[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(e.id::TEXT), '{}') FROM assessment.examinees e
  WHERE lower(btrim(e.id)) = ANY (p_names)
    OR position('@' IN e.id) > 0 AND EXISTS (
      SELECT FROM unnest(p_names) AS name
      WHERE position('@' IN name) > 0
        AND lower(e.id) ~ ('(^|[^[:alnum:]._%+-])' || regexp_replace(name, '([^[:alnum:]@])', '\\\1', 'g')
          || '([^[:alnum:].-]|$)'))
$$;

-- Remove everything about the students with these ids; return the number of rows of each kind, and the
-- ids of their tests.
CREATE OR REPLACE FUNCTION assessment.remove_students(p_ids TEXT[])
RETURNS TABLE (students BIGINT, tests BIGINT, answers BIGINT, proficiencies BIGINT, set_aside BIGINT,
  session_ids UUID[])
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('stepwise.removal', 'student', TRUE);
  PERFORM FROM assessment.test_sessions s WHERE s.student_id = ANY (p_ids) ORDER BY s.id FOR UPDATE;
  SELECT coalesce(array_agg(s.id), '{}') INTO session_ids
    FROM assessment.test_sessions s WHERE s.student_id = ANY (p_ids);
  DELETE FROM assessment.test_responses r
    WHERE r.session_id = ANY (session_ids) OR r.student_id = ANY (p_ids);
  GET DIAGNOSTICS answers = ROW_COUNT;
  DELETE FROM assessment.test_sessions s WHERE s.id = ANY (session_ids);
  GET DIAGNOSTICS tests = ROW_COUNT;
  DELETE FROM assessment.student_proficiencies p WHERE p.student_id = ANY (p_ids);
  GET DIAGNOSTICS proficiencies = ROW_COUNT;
  DELETE FROM assessment.examinees e WHERE e.id = ANY (p_ids);
  GET DIAGNOSTICS students = ROW_COUNT;
  DELETE FROM assessment.set_aside_rows a
    WHERE a.row_data ->> 'student_id' = ANY (p_ids)
      OR a.table_name ~ '(examinees|students)$' AND a.row_data ->> 'id' = ANY (p_ids);
  GET DIAGNOSTICS set_aside = ROW_COUNT;
  INSERT INTO stepwise.removed_students AS r (id_sha256)
    SELECT DISTINCT sha256(convert_to(id, 'UTF8')) FROM unnest(p_ids) AS id
    ON CONFLICT ON CONSTRAINT removed_students_pkey DO UPDATE SET removed_at = now();
  PERFORM set_config('stepwise.removal', '', TRUE);
  RETURN NEXT;
END
$$;

-- Remove, after a restore, the students who were removed after the backup was written; return their
-- number.
CREATE OR REPLACE FUNCTION assessment.remove_again() RETURNS BIGINT LANGUAGE sql AS $$
  SELECT coalesce(sum(gone.students), 0)::BIGINT
  FROM (
    SELECT array_agg(e.id::TEXT) AS ids
    FROM assessment.examinees e JOIN stepwise.removed_students r
      ON r.id_sha256 = sha256(convert_to(e.id, 'UTF8'))
    WHERE coalesce(e.created_at AT TIME ZONE 'UTC', '-infinity') <= r.removed_at
  ) AS restored, LATERAL assessment.remove_students(restored.ids) AS gone
  WHERE restored.ids IS NOT NULL
$$;

-- Remove up to p_limit closed tests without activity for p_days, with their answers; and long-term
-- proficiencies of that age. Students without any rows left are removed, too.
CREATE OR REPLACE FUNCTION assessment.remove_old_tests(p_days INT, p_limit INT)
RETURNS TABLE (tests BIGINT, answers BIGINT, proficiencies BIGINT, students BIGINT)
LANGUAGE plpgsql AS $$
DECLARE
  v_before TIMESTAMP := (now() AT TIME ZONE 'UTC') - make_interval(days => p_days);
  v_tests UUID[];
  v_students TEXT[];
  v_proficiency_students TEXT[];
BEGIN
  PERFORM set_config('stepwise.removal', 'retention', TRUE);
  SELECT coalesce(array_agg(o.id), '{}'), coalesce(array_agg(DISTINCT o.student_id::TEXT), '{}')
    INTO v_tests, v_students
    FROM (
      SELECT s.id, s.student_id FROM assessment.test_sessions s
      WHERE s.status <> 'active' AND s.last_activity < v_before
      ORDER BY s.last_activity LIMIT p_limit FOR UPDATE SKIP LOCKED) AS o;
  DELETE FROM assessment.test_responses r WHERE r.session_id = ANY (v_tests);
  GET DIAGNOSTICS answers = ROW_COUNT;
  DELETE FROM assessment.test_sessions s WHERE s.id = ANY (v_tests);
  GET DIAGNOSTICS tests = ROW_COUNT;
  WITH removed AS (
    DELETE FROM assessment.student_proficiencies p WHERE p.id IN (
      SELECT o.id FROM assessment.student_proficiencies o
      WHERE coalesce(o.updated_at, o.created_at) < v_before
      ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING p.student_id
  ) SELECT count(*), coalesce(array_agg(DISTINCT student_id::TEXT), '{}')
    INTO proficiencies, v_proficiency_students FROM removed;
  DELETE FROM assessment.examinees e
    WHERE e.id = ANY (v_students || v_proficiency_students)
      AND NOT EXISTS (SELECT FROM assessment.test_sessions s WHERE s.student_id = e.id)
      AND NOT EXISTS (SELECT FROM assessment.test_responses r WHERE r.student_id = e.id)
      AND NOT EXISTS (SELECT FROM assessment.student_proficiencies p WHERE p.student_id = e.id);
  GET DIAGNOSTICS students = ROW_COUNT;
  PERFORM set_config('stepwise.removal', '', TRUE);
  RETURN NEXT;
END
$$;
