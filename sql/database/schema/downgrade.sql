-- Downgrade to the previous version. Tables that stood in `public` before the first upgrade return
-- there with every row written since, without the constraints and triggers that upgrades added. All
-- other tables of the workshop, the tests and the study planner are set aside with their rows; the
-- next upgrade returns them. The tables about operators' calls and the schemas legacy and
-- stepwise stay.

SELECT set_config('lock_timeout', '5s', true), set_config('client_min_messages', 'notice', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.schema', 0));

-- Drop the constraints and triggers that upgrades added to an adopted table, because the previous
-- version may violate them.
CREATE OR REPLACE FUNCTION pg_temp.drop_added(p_table REGCLASS, p_constraints TEXT[], p_triggers TEXT[])
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_name NAME;
BEGIN
  FOR v_name IN
    SELECT conname FROM pg_catalog.pg_constraint
    WHERE conrelid = p_table AND contype IN ('u', 'f', 'c') AND conname <> ALL (p_constraints)
    ORDER BY contype = 'u'  -- foreign keys depend on unique constraints
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', p_table, v_name);
  END LOOP;
  FOR v_name IN
    SELECT tgname FROM pg_catalog.pg_trigger
    WHERE tgrelid = p_table AND NOT tgisinternal AND tgname <> ALL (p_triggers)
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', v_name, p_table);
  END LOOP;
END
$$;

DO $$
DECLARE
  stamp TEXT := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS');
  workshop TEXT := 'workshop_set_aside_' || stamp;
  assessment TEXT := 'assessment_set_aside_' || stamp;
  -- With microseconds, because the live system's tables may have been moved in the same second.
  learning TEXT := 'learning_set_aside_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS_US');
  v_schema TEXT;
  adopted RECORD;
  v_table TEXT;
  v_rows BIGINT;
  v_dependents TEXT;
  total_rows BIGINT := 0;
  table_count INT := 0;
BEGIN
  -- The tables of operators' failures and of the audit trail stay: the previous version has no such
  -- tables. Other applications, and the previous version of the tests, may have tables with the names
  -- below. Ours are recognized by a column; `enrollments` is recognized as in own_tables().
  FOR v_table IN
    SELECT c.relname FROM pg_catalog.pg_class c
    JOIN (VALUES ('students', 'student_id'), ('courses', 'steps'), ('sessions', 'session_token'),
      ('step_progress', 'session_token'), ('events', 'event_type'),
      ('enrollments', 'course_id'), ('idempotency_keys', 'key_hash'),
      ('removals', 'name_sha256')) AS ours (name, key_column)
      ON ours.name = c.relname
    JOIN pg_catalog.pg_attribute a
      ON a.attrelid = c.oid AND a.attname = ours.key_column AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (
        SELECT FROM stepwise.adopted_tables a WHERE a.table_name = 'public.' || c.relname)
      AND (c.relname <> 'enrollments' OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS k
        JOIN pg_catalog.pg_attribute AS courses
          ON courses.attrelid = k.confrelid AND courses.attname = 'steps' AND NOT courses.attisdropped
        WHERE k.conrelid = c.oid AND k.contype = 'f'))
    ORDER BY c.relname
  LOOP
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', workshop);
    EXECUTE format('SELECT count(*) FROM public.%I', v_table) INTO v_rows;
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA %I', v_table, workshop);
    INSERT INTO stepwise.set_aside (former_name, present_name)
    VALUES ('public.' || v_table, format('%I.%I', workshop, v_table))
    ON CONFLICT ON CONSTRAINT set_aside_pkey DO UPDATE SET
      present_name = excluded.present_name, set_aside_at = now();
    total_rows := total_rows + v_rows;
    table_count := table_count + 1;
  END LOOP;
  IF table_count > 0 THEN
    RAISE NOTICE 'workshop: set aside in the schema % (tables: %, rows: %); the next upgrade returns them',
      workshop, table_count, total_rows USING ERRCODE = 'SW001';
  END IF;

  -- Give the tables of an older application's log function, renamed by workshop/schema/adopt.sql,
  -- their former names again.
  FOR v_table IN
    SELECT max(c.relname) FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname ~ '^(students|events)_backup_[0-9]+$'
      AND obj_description(c.oid, 'pg_class') ~ '^old log, copied to [0-9]+$'
      AND to_regclass('public.' || substring(c.relname FROM '^[a-z]+')) IS NULL
    GROUP BY substring(c.relname FROM '^[a-z]+')
  LOOP
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', v_table,
      substring(v_table FROM '^[a-z]+'));
    RAISE NOTICE 'public.%: the old log function''s table has its name again',
      substring(v_table FROM '^[a-z]+') USING ERRCODE = 'SW001';
  END LOOP;

  FOR adopted IN
    SELECT a.*, to_regclass(a.table_name) AS relation, p.relkind AS public_kind
    FROM stepwise.adopted_tables a
    LEFT JOIN pg_catalog.pg_class p
      ON p.relname = a.former_name AND p.relnamespace = 'public'::regnamespace
    WHERE to_regclass(a.table_name) IS NOT NULL
    ORDER BY a.table_name
  LOOP
    PERFORM pg_temp.drop_added(adopted.relation, adopted.constraints, adopted.triggers);
    IF to_regclass('stepwise.taken_rights') IS NOT NULL THEN
      PERFORM stepwise.return_rights(adopted.table_name, adopted.relation, adopted.row_security);
    END IF;
    IF adopted.table_name LIKE 'assessment.%' THEN
      IF adopted.public_kind = 'v' AND adopted.finished_at IS NULL THEN
        BEGIN
          EXECUTE format('DROP VIEW public.%I', adopted.former_name);
        EXCEPTION WHEN dependent_objects_still_exist THEN
          GET STACKED DIAGNOSTICS v_dependents = PG_EXCEPTION_DETAIL;
          RAISE EXCEPTION '% cannot return to public.%, because the view there cannot be dropped: '
            '%. Drop what depends on it first.', adopted.table_name, adopted.former_name,
            replace(v_dependents, E'\n', ', ')
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
        END;
      ELSIF adopted.public_kind IS NOT NULL THEN
        RAISE EXCEPTION '% cannot return to public.%, because something of that name exists. '
          'Rename it, then downgrade again.', adopted.table_name, adopted.former_name
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
      END IF;
      IF adopted.table_name = 'assessment.examinees' THEN
        IF EXISTS (SELECT FROM pg_catalog.pg_constraint
                   WHERE conrelid = adopted.relation AND conname = 'examinees_pkey') THEN
          ALTER TABLE assessment.examinees RENAME CONSTRAINT examinees_pkey TO students_pkey;
        END IF;
        ALTER TABLE assessment.examinees RENAME TO students;
      END IF;
      EXECUTE format('ALTER TABLE assessment.%I SET SCHEMA public', adopted.former_name);
      UPDATE stepwise.adopted_tables SET added_columns = ARRAY(
        SELECT attname FROM pg_catalog.pg_attribute
        WHERE attrelid = adopted.relation AND attnum > 0 AND NOT attisdropped
          AND attname <> ALL (adopted.columns))
      WHERE table_name = adopted.table_name;
    ELSIF adopted.table_name ^@ 'learning_set_aside_' THEN
      IF adopted.public_kind IS NOT NULL THEN
        RAISE EXCEPTION '% cannot return to public.%, because something of that name exists. '
          'Rename it, then downgrade again.', adopted.table_name, adopted.former_name
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
      END IF;
      EXECUTE format('ALTER TABLE %s SET SCHEMA public', adopted.relation);
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I', adopted.former_name) INTO v_rows;
    RAISE NOTICE 'public.%: serves the previous version again; rows: %', adopted.former_name, v_rows
      USING ERRCODE = 'SW001';
  END LOOP;

  IF to_regnamespace('assessment') IS NOT NULL THEN
    EXECUTE format('ALTER SCHEMA assessment RENAME TO %I', assessment);
    INSERT INTO stepwise.set_aside (former_name, present_name) VALUES ('assessment', assessment)
    ON CONFLICT ON CONSTRAINT set_aside_pkey DO UPDATE SET
      present_name = excluded.present_name, set_aside_at = now();
    RAISE NOTICE 'assessment: all other tables set aside in the schema %; the next upgrade returns '
      'them', assessment USING ERRCODE = 'SW001';
  END IF;

  IF to_regnamespace('learning') IS NOT NULL THEN
    table_count := 0;
    total_rows := 0;
    FOR v_table IN
      SELECT c.oid::REGCLASS::TEXT FROM pg_catalog.pg_class c
      WHERE c.relnamespace = to_regnamespace('learning') AND c.relkind IN ('r', 'p')
    LOOP
      EXECUTE format('SELECT count(*) FROM %s', v_table) INTO v_rows;
      total_rows := total_rows + v_rows;
      table_count := table_count + 1;
    END LOOP;
    EXECUTE format('ALTER SCHEMA learning RENAME TO %I', learning);
    INSERT INTO stepwise.set_aside (former_name, present_name) VALUES ('learning', learning)
    ON CONFLICT ON CONSTRAINT set_aside_pkey DO UPDATE SET
      present_name = excluded.present_name, set_aside_at = now();
    RAISE NOTICE 'learning: set aside in the schema % (tables: %, rows: %); the next upgrade returns them',
      learning, table_count, total_rows USING ERRCODE = 'SW001';
  END IF;
  -- Drop the schemas that held the live learning system's tables and are empty now.
  FOR v_schema IN
    SELECT n.nspname FROM pg_catalog.pg_namespace n
    WHERE n.nspname ~ '^learning_set_aside_[0-9_]+$' AND pg_has_role(n.nspowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = n.oid)
  LOOP
    EXECUTE format('DROP SCHEMA %I', v_schema);
  END LOOP;

  -- Let /health report that the schema is behind the code. Older upgrades did not create this table.
  IF to_regclass('stepwise.script_runs') IS NOT NULL THEN
    DELETE FROM stepwise.script_runs;
  END IF;
END
$$;

DROP FUNCTION pg_temp.drop_added (REGCLASS, TEXT[], TEXT[]);
