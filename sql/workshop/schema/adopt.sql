-- Runs before the workshop's tables are created: returns tables that a downgrade set aside, and
-- records which tables an older application had, so that a downgrade leaves those in place. Notices
-- with the code SW001 are for the operator.

SELECT set_config('lock_timeout', '5s', true);

-- The log function of the application before this one may have created `students` and `events` with
-- numbers as keys. They are renamed, and old_log.sql copies their rows; a downgrade gives them their
-- names back.
DO $$
DECLARE
  v_table RECORD;
  v_index NAME;
  v_stamp TEXT := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS');
BEGIN
  FOR v_table IN
    SELECT c.oid, c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname IN ('students', 'events')
      AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid
        AND NOT a.attisdropped AND (a.attname = 'event_id' AND c.relname = 'events'
          OR a.attname = 'student_id' AND a.atttypid IN (
            'smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = to_regclass('public.sessions') AND a.attname = 'student_id'
          AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype))
    ORDER BY c.relname
  LOOP
    FOR v_index IN
      SELECT c.relname FROM pg_catalog.pg_class c
      WHERE c.oid IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = v_table.oid)
        OR c.relkind = 'S' AND c.oid IN (SELECT objid FROM pg_catalog.pg_depend
          WHERE refobjid = v_table.oid AND deptype IN ('a', 'i'))
    LOOP
      EXECUTE format('ALTER TABLE public.%I RENAME TO %I', v_index,
        left(v_index, 40) || '_backup_' || v_stamp);
    END LOOP;
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', v_table.relname,
      v_table.relname || '_backup_' || v_stamp);
    IF coalesce(obj_description(v_table.oid, 'pg_class'), '') !~ '^old log, copied to [0-9]+$' THEN
      EXECUTE format('COMMENT ON TABLE public.%I IS ''old log, copied to 0''',
        v_table.relname || '_backup_' || v_stamp);
    END IF;
    RAISE NOTICE 'public.%: a table of the old log function, renamed to %', v_table.relname,
      v_table.relname || '_backup_' || v_stamp USING ERRCODE = 'SW001';
  END LOOP;
END
$$;

DO $$
DECLARE
  v_table RECORD;
  v_taken TEXT;
  v_rows BIGINT;
  v_schema TEXT;
BEGIN
  SELECT string_agg(former_name, ', ' ORDER BY former_name) INTO v_taken
  FROM stepwise.set_aside WHERE former_name LIKE 'public.%' AND to_regclass(former_name) IS NOT NULL;
  FOR v_table IN
    SELECT former_name, present_name, to_regclass(present_name) AS relation
    FROM stepwise.set_aside WHERE former_name LIKE 'public.%' ORDER BY former_name
  LOOP
    IF v_table.relation IS NULL THEN
      RAISE NOTICE '%: %, set aside by a downgrade, no longer exists', v_table.former_name,
        v_table.present_name USING ERRCODE = 'SW001';
    ELSIF v_taken IS NOT NULL THEN  -- they refer to each other, so all return or none
      EXECUTE format('SELECT count(*) FROM %s', v_table.relation) INTO v_rows;
      RAISE NOTICE '%: stays set aside in %, because % exists again; rows: %', v_table.former_name,
        v_table.present_name, v_taken, v_rows USING ERRCODE = 'SW001';
      CONTINUE;
    ELSE
      SELECT relnamespace::regnamespace::text INTO v_schema
      FROM pg_catalog.pg_class WHERE oid = v_table.relation;
      EXECUTE format('ALTER TABLE %s SET SCHEMA public', v_table.relation);
      RAISE NOTICE '%: returned from %, where a downgrade had set it aside', v_table.former_name,
        v_table.present_name USING ERRCODE = 'SW001';
    END IF;
    DELETE FROM stepwise.set_aside WHERE former_name = v_table.former_name;
  END LOOP;
  IF v_schema IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = v_schema::regnamespace)
  THEN
    EXECUTE format('DROP SCHEMA %s', v_schema::regnamespace);
  END IF;
END
$$;

-- Record the tables of an older application. If `removals` exists, our own version created them all.
DO $$
DECLARE
  v_name TEXT;
BEGIN
  IF to_regclass('public.removals') IS NOT NULL THEN
    RETURN;
  END IF;
  FOR v_name IN
    SELECT c.relname FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname IN ('students', 'sessions', 'step_progress', 'events')
      AND NOT EXISTS (
        SELECT FROM stepwise.adopted_tables a WHERE a.table_name = 'public.' || c.relname)
  LOOP
    PERFORM stepwise.adopt(v_name, 'public.' || v_name, TRUE);
  END LOOP;
END
$$;
