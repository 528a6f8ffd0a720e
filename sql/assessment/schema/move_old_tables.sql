-- Moves the tables of older deployments from `public` into the schema `assessment`, with their
-- rows, indexes, constraints and privileges. This script runs before the others of the assessment.
--
-- A table is recognised by its columns. A recognised table whose counterpart in `assessment` exists
-- already is left to twins.sql.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

-- Bring back the schema of the assessment that a downgrade set aside.
DO $$
DECLARE
  v_name TEXT;
BEGIN
  SELECT present_name INTO v_name FROM stepwise.set_aside WHERE former_name = 'assessment';
  IF v_name IS NULL THEN
    RETURN;
  END IF;
  IF to_regnamespace(quote_ident(v_name)) IS NULL THEN
    RAISE NOTICE 'assessment: the schema %, set aside by a downgrade, no longer exists', v_name
      USING ERRCODE = 'SW001';
  ELSIF to_regnamespace('assessment') IS NOT NULL THEN
    RAISE NOTICE 'assessment: exists, so the schema % with older rows stays set aside', v_name
      USING ERRCODE = 'SW001';
    RETURN;
  ELSE
    EXECUTE format('ALTER SCHEMA %I RENAME TO assessment', v_name);
    RAISE NOTICE 'assessment: returned from %, where a downgrade had set it aside', v_name
      USING ERRCODE = 'SW001';
  END IF;
  DELETE FROM stepwise.set_aside WHERE former_name = 'assessment';
END
$$;

CREATE SCHEMA IF NOT EXISTS assessment;

-- Tables of the assessment in public, parents before children.
CREATE OR REPLACE FUNCTION pg_temp.assessment_tables_in_public()
RETURNS TABLE (former_name TEXT, table_name TEXT, place INT, relation REGCLASS, recognised BOOLEAN)
LANGUAGE sql STABLE AS $$
  SELECT sign.former_name, sign.table_name, sign.place, c.oid,
    columns.names @> sign.has AND NOT columns.names && sign.lacks
    AND (sign.former_name <> 'test_responses'
      OR columns.names && ARRAY['response', 'is_correct'])
    AND (sign.former_name <> 'test_sessions' OR columns.names && ARRAY['status', 'question_pool_id',
      'initial_proficiency', 'final_proficiency', 'total_questions'])
    AND (sign.former_name <> 'students' OR (
      -- Any application may have a table `students`: the assessment's has no further columns, or
      -- its other tables refer to it.
      columns.id_type IN ('text', 'character varying', 'uuid')
        AND columns.names <@ ARRAY['id', 'name', 'email', 'grade_level', 'created_at', 'updated_at']
      OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint f WHERE f.confrelid = c.oid AND f.conrelid IN (
          to_regclass('public.test_sessions'), to_regclass('public.test_responses'),
          to_regclass('public.student_proficiencies')))))
  FROM (VALUES
    (1, 'students', 'examinees', ARRAY['id'], ARRAY['student_id']),
    (2, 'questions', 'questions', ARRAY['id', 'pool_id', 'correct_answer'], ARRAY['concept_id']),
    (3, 'test_sessions', 'test_sessions', ARRAY['id', 'student_id'], ARRAY['session_token']),
    (4, 'test_responses', 'test_responses', ARRAY['session_id', 'question_id'], ARRAY[]::TEXT[]),
    (5, 'student_proficiencies', 'student_proficiencies',
      ARRAY['student_id', 'concept_name', 'proficiency_value'], ARRAY[]::TEXT[])
  ) AS sign (place, former_name, table_name, has, lacks)
  JOIN pg_catalog.pg_class c ON c.relname = sign.former_name AND c.relkind IN ('r', 'p')
    AND c.relnamespace = 'public'::regnamespace
  JOIN LATERAL (
    SELECT array_agg(a.attname::text) AS names,
      max(format_type(a.atttypid, NULL)) FILTER (WHERE a.attname = 'id') AS id_type
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns ON TRUE
  ORDER BY sign.place
$$;

-- Earlier versions called the assessment's table of students `students`. Of the schemas in the
-- search path, only public may have a table of that name, because the workshop's guide drops and
-- counts tables by name alone.
DO $$
BEGIN
  IF to_regclass('assessment.students') IS NULL THEN
    RETURN;
  END IF;
  IF to_regclass('assessment.examinees') IS NOT NULL THEN
    RAISE EXCEPTION 'assessment.students and assessment.examinees both exist. Rename or drop the '
      'one that is not in use.'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
  END IF;
  ALTER TABLE assessment.students RENAME TO examinees;
  RAISE NOTICE 'assessment.students: renamed to assessment.examinees' USING ERRCODE = 'SW001';
END
$$;

DO $$
DECLARE
  old RECORD;
  rows BIGINT;
  rows_exist BOOLEAN;
  in_use BOOLEAN := FALSE;  -- whether any table has rows; if none has, no views are needed
  finish BOOLEAN := current_setting('stepwise.finish', true) IS NOT DISTINCT FROM 'on';
BEGIN
  FOR old IN SELECT * FROM pg_temp.assessment_tables_in_public() WHERE recognised LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', old.former_name) INTO rows_exist;
    in_use := in_use OR rows_exist;
  END LOOP;
  FOR old IN SELECT * FROM pg_temp.assessment_tables_in_public() LOOP
    IF NOT old.recognised THEN
      IF old.former_name <> 'students' THEN
        RAISE NOTICE 'public.%: judging by its columns, not one of the assessment''s tables; left as it is',
          old.former_name USING ERRCODE = 'SW001';
      END IF;
      CONTINUE;
    END IF;
    CONTINUE WHEN to_regclass(format('assessment.%I', old.table_name)) IS NOT NULL;
    IF EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partrelid = old.relation) THEN
      RAISE EXCEPTION 'public.% is a partitioned table, %, and must be an ordinary one with the '
        'primary key id.', old.former_name, pg_get_partkeydef(old.relation)
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I', old.former_name) INTO rows;
    -- The workshop needs the name `students`.
    IF old.former_name = 'students' AND rows > 0 AND NOT finish AND EXISTS (
      SELECT FROM pg_catalog.pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND (
        c.relname IN ('workshop_students', 'student_configs', 'workshop_sessions')
        OR c.relname IN ('sessions', 'step_progress') AND EXISTS (
          SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid
            AND a.attname = 'session_token' AND NOT a.attisdropped)))
    THEN
      RAISE EXCEPTION 'public.students (rows: %) belongs to the previous version of the tests, and '
        'the workshop, whose tables are in this database too, needs that name. Stop the previous '
        'version, then upgrade with finish: "finish": true in admin-create-unified-schema, or '
        'python migrate.py finish.', rows
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
    END IF;
    PERFORM stepwise.adopt(old.former_name, 'assessment.' || old.table_name,
      finish OR NOT in_use OR old.former_name = 'students' AND rows = 0);
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA assessment', old.former_name);
    IF old.former_name <> old.table_name THEN
      EXECUTE format('ALTER TABLE assessment.%I RENAME TO %I', old.former_name, old.table_name);
    END IF;
    RAISE NOTICE 'public.%: moved to assessment.%; rows: %', old.former_name, old.table_name, rows
      USING ERRCODE = 'SW001';
  END LOOP;
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE conrelid = to_regclass('assessment.examinees') AND conname = 'students_pkey'
  ) THEN
    ALTER TABLE assessment.examinees RENAME CONSTRAINT students_pkey TO examinees_pkey;
  END IF;
  -- Postgres checks foreign keys with the rights of the tables' owners, who need USAGE on the schema.
  FOR old IN
    SELECT DISTINCT pg_get_userbyid(c.relowner) AS owner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'assessment' AND c.relkind IN ('r', 'p')
      AND NOT has_schema_privilege(c.relowner, n.oid, 'USAGE')
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA assessment TO %I', old.owner);
  END LOOP;
END
$$;
