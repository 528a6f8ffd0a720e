-- Functions for admin-create-unified-schema before the schema exists: one lists the existing tables,
-- the other sets them aside without losing a row. The courses stay: sessions that were set aside
-- refer to them, too. The functions exist until the connection closes.

CREATE OR REPLACE FUNCTION pg_temp.workshop_tables()
RETURNS TABLE (table_name TEXT, row_count BIGINT) LANGUAGE plpgsql AS $$
BEGIN
  FOREACH table_name IN ARRAY
    ARRAY['students', 'sessions', 'step_progress', 'events', 'enrollments']
  LOOP
    -- Without the column `student_id`, `students` is the assessment's table from an older deployment.
    -- `enrollments` is recognized as in stepwise.own_tables().
    CONTINUE WHEN NOT EXISTS (
      SELECT FROM pg_catalog.pg_class c
      WHERE c.oid = to_regclass(format('public.%I', table_name)) AND c.relkind IN ('r', 'p')
        AND (table_name <> 'students' OR EXISTS (
          SELECT FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = 'student_id'))
        AND (table_name <> 'enrollments' OR EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS k
          JOIN pg_catalog.pg_attribute AS courses
            ON courses.attrelid = k.confrelid AND courses.attname = 'steps' AND NOT courses.attisdropped
          WHERE k.conrelid = c.oid AND k.contype = 'f')));
    EXECUTE format('SELECT count(*) FROM public.%I', table_name) INTO row_count;
    RETURN NEXT;
  END LOOP;
END $$;

-- Rename the tables, their indexes and sequences to <name>_old_<stamp>. Their constraints, triggers and
-- references to each other stay.
CREATE OR REPLACE FUNCTION pg_temp.set_aside_workshop_tables(p_stamp TEXT)
RETURNS TABLE (table_name TEXT, new_name TEXT) LANGUAGE plpgsql AS $$
DECLARE
  part RECORD;
BEGIN
  FOR table_name IN SELECT t.table_name FROM pg_temp.workshop_tables() t LOOP
    FOR part IN
      SELECT c.relname, c.relkind FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND (
        c.oid IN (SELECT i.indexrelid FROM pg_index i
                  WHERE i.indrelid = format('public.%I', table_name)::regclass)
        OR c.relkind = 'S' AND c.oid IN (SELECT d.objid FROM pg_depend d
          WHERE d.refobjid = format('public.%I', table_name)::regclass AND d.deptype IN ('a', 'i')))
    LOOP
      EXECUTE format('ALTER %s public.%I RENAME TO %I',
        CASE part.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'INDEX' END, part.relname,
        left(part.relname, 62 - length(p_stamp) - 4) || '_old_' || p_stamp);
    END LOOP;
    new_name := table_name || '_old_' || p_stamp;
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', table_name, new_name);
    IF to_regclass('stepwise.adopted_tables') IS NOT NULL THEN  -- a downgrade no longer returns it
      DELETE FROM stepwise.adopted_tables a
      WHERE a.table_name = 'public.' || set_aside_workshop_tables.table_name;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
