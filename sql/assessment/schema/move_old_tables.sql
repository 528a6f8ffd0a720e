-- Move the tables of older deployments from `public` into the schema `assessment`, with their
-- rows, indexes and constraints. This script runs before all others, because the workshop's own
-- table `students` needs the name of the old one.
--
-- A table is recognised by columns that only the assessment's table of that name has.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));

CREATE SCHEMA IF NOT EXISTS assessment;
DO $$
DECLARE
  old RECORD;
BEGIN
  FOR old IN
    SELECT signature.table_name
    FROM (VALUES
      ('students', ARRAY['id'], 'student_id'),
      ('student_proficiencies', ARRAY['student_id', 'concept_name', 'proficiency_value'], NULL),
      ('questions', ARRAY['id', 'pool_id', 'correct_answer'], NULL),
      ('test_sessions', ARRAY['id', 'student_id', 'question_pool_id'], NULL),
      ('test_responses', ARRAY['session_id', 'question_id', 'response'], NULL)
    ) AS signature (table_name, has, lacks)
    JOIN pg_catalog.pg_class c ON c.relname = signature.table_name AND c.relkind IN ('r', 'p')
      AND c.relnamespace = 'public'::regnamespace
    JOIN LATERAL (
      SELECT array_agg(a.attname::text) AS names FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns ON columns.names @> signature.has
      AND (signature.lacks IS NULL OR NOT signature.lacks = ANY (columns.names))
  LOOP
    IF to_regclass(format('assessment.%I', old.table_name)) IS NOT NULL THEN
      RAISE EXCEPTION 'public.% and assessment.% both exist: rename one of them first',
        old.table_name, old.table_name;
    END IF;
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA assessment', old.table_name);
  END LOOP;
END
$$;
