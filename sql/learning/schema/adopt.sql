-- Adopts the tables of the live learning system. They are moved as they are, with their indexes, foreign
-- keys, sequences and rights, from `public` to a schema of their own, and their rows are copied into the
-- tables of tables.sql. Afterwards nothing is left in `public` to adopt, so this does nothing the second
-- time. A downgrade returns the tables.
--
-- A row that does not fit never stops the upgrade: it stays in the moved table and is reported. A table
-- that cannot be moved or read is refused with its name, and nothing is changed.

SELECT set_config('lock_timeout', '5s', true);

-- The tables of `public` with the live system's names. They are recognised by their columns, since any
-- application may have a table `users`: one with typical columns (`is_typical`) is recognised on its
-- own; any other is recognised if another of these tables exists too, or if a typical table refers to it.
CREATE OR REPLACE FUNCTION pg_temp.live_tables()
RETURNS TABLE (place INT, table_name TEXT, relation REGCLASS, is_live BOOLEAN) LANGUAGE sql STABLE AS $$
  WITH named AS (
    SELECT sign.place, sign.table_name, sign.is_typical, c.oid,
      columns.names @> sign.has AS fits,
      columns.id_type IS NULL
        OR columns.id_type IN ('smallint', 'integer', 'bigint', 'numeric', 'text', 'character varying')
        AS id_fits
    FROM (VALUES
      (1, 'users', FALSE, '{username,password_hash}'::TEXT[]),
      (2, 'classes', FALSE, '{name,teacher_id}'),
      (3, 'student_profiles', TRUE, '{user_id,target_exam}'),
      (4, 'topics', TRUE, '{name,exam_weightage}'),
      (5, 'topic_prerequisites', TRUE, '{topic_id,prerequisite_topic_id}'),
      (6, 'concepts', FALSE, '{topic_id,name}'),
      (7, 'questions', TRUE, '{concept_id,question_text}'),
      (8, 'question_attempts', FALSE, '{student_id,question_id}'),
      (9, 'concept_mastery', TRUE, '{student_id,concept_id}'),
      (10, 'study_plans', TRUE, '{student_id,plan_type}'),
      (11, 'sync_operations', TRUE, '{operation_type,table_name,record_id}')
    ) AS sign (place, table_name, is_typical, has)
    JOIN pg_catalog.pg_class AS c ON c.relname = sign.table_name AND c.relkind IN ('r', 'p')
      AND c.relnamespace = 'public'::REGNAMESPACE
    CROSS JOIN LATERAL (
      SELECT array_agg(column_name) AS names, max(type) FILTER (WHERE column_name = 'id') AS id_type
      FROM pg_temp.columns_of(c.oid)
    ) AS columns
  )
  SELECT n.place, n.table_name, n.oid, n.fits AND n.id_fits AND (
      n.is_typical OR EXISTS (
        SELECT FROM named AS other WHERE other.oid <> n.oid AND other.fits AND other.id_fits))
    OR EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS f
      JOIN named AS child ON child.oid = f.conrelid AND child.oid <> n.oid
      WHERE f.contype = 'f' AND f.confrelid = n.oid AND child.fits
        AND child.id_fits AND child.is_typical)
  FROM named AS n ORDER BY n.place
$$;

-- Refuse a table that cannot be moved or read; nothing has been changed yet.
CREATE OR REPLACE FUNCTION pg_temp.check_live_table(p_table TEXT, p_relation REGCLASS) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_problem TEXT;
  v_missing TEXT;
  v_id_type TEXT := (SELECT type FROM pg_temp.columns_of(p_relation) WHERE column_name = 'id');
  v_rows BIGINT := 0;
BEGIN
  SELECT string_agg(live.column_name, ', ') INTO v_missing FROM pg_temp.live_columns() AS live
    WHERE live.table_name = p_table AND live.is_needed AND live.column_name NOT IN (
      SELECT column_name FROM pg_temp.columns_of(p_relation));
  SELECT CASE
      WHEN NOT pg_has_role(c.relowner, 'USAGE')
      THEN format('belongs to the role %s, so only that role can move it', pg_get_userbyid(c.relowner))
      WHEN c.relkind = 'p' OR c.relispartition OR EXISTS (
        SELECT FROM pg_catalog.pg_inherits WHERE p_relation IN (inhrelid, inhparent))
      THEN 'is divided into partitions or takes part in inheritance, unlike the live system''s tables'
      WHEN row_security_active(p_relation)
      THEN 'has row-level security that hides rows from this role'
      WHEN v_missing IS NOT NULL THEN format('lacks the columns %s', v_missing) END
    INTO v_problem FROM pg_catalog.pg_class AS c WHERE c.oid = p_relation;
  IF v_problem IS NULL AND v_id_type NOT IN ('smallint', 'integer', 'bigint') THEN
    EXECUTE format('SELECT count(*) FROM %s AS t WHERE t.id IS NOT NULL AND pg_temp.read_id(t.id::TEXT) IS NULL',
      p_relation) INTO v_rows;
    IF v_rows > 0 THEN
      v_problem := format('has a column id of the type %s with values that are not whole numbers: %s', v_id_type,
        v_rows);
    END IF;
  END IF;
  IF v_problem IS NOT NULL THEN
    RAISE EXCEPTION 'public.% %. Correct this, then upgrade again.', p_table, v_problem
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
  END IF;
END
$$;

DO $$
DECLARE
  v RECORD;
  v_owner TEXT;
  v_view TEXT;
  v_schema TEXT := 'learning_set_aside_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS_US');
  v_table TEXT;
  v_moved_tables TEXT[] := '{}';
  v_rows BIGINT;
  v_before BIGINT;
  v_after BIGINT;
BEGIN
  FOR v IN SELECT * FROM pg_temp.live_tables() LOOP
    IF NOT v.is_live THEN
      RAISE NOTICE 'public.%: judging by its columns, not one of the live learning system''s tables; left as it is',
        v.table_name USING ERRCODE = 'SW001';
      CONTINUE;
    END IF;
    PERFORM pg_temp.check_live_table(v.table_name, v.relation);
    v_moved_tables := v_moved_tables || v.table_name;
  END LOOP;
  IF v_moved_tables = '{}' THEN
    RETURN;
  END IF;

  EXECUTE format('CREATE SCHEMA %I', v_schema);
  FOR v IN SELECT * FROM pg_temp.live_tables() WHERE is_live LOOP
    FOR v_view IN
      SELECT DISTINCT w.oid::REGCLASS::TEXT FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
      JOIN pg_catalog.pg_class AS w ON w.oid = r.ev_class AND w.relkind IN ('v', 'm')
      WHERE d.classid = 'pg_catalog.pg_rewrite'::REGCLASS AND d.refobjid = v.relation
      ORDER BY 1
    LOOP
      RAISE NOTICE '%: this view now shows the moved rows of public.%, which no longer change', v_view,
        v.table_name USING ERRCODE = 'SW001';
    END LOOP;
    DELETE FROM stepwise.adopted_tables AS a
      WHERE a.former_name = v.table_name AND a.table_name ^@ 'learning_set_aside_';
    PERFORM stepwise.adopt(v.table_name, v_schema || '.' || v.table_name, p_finished => TRUE);
    -- Postgres checks foreign keys with the rights of the table's owner, who needs USAGE on the schema.
    SELECT pg_get_userbyid(c.relowner) INTO v_owner FROM pg_catalog.pg_class AS c WHERE c.oid = v.relation;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, v_owner);
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA %I', v.table_name, v_schema);
  END LOOP;

  FOR v_table IN SELECT DISTINCT live.table_name FROM pg_temp.live_columns() AS live LOOP
    IF v_table = ANY (v_moved_tables) THEN
      PERFORM pg_temp.create_old_view(v_table, format('%I.%I', v_schema, v_table)::REGCLASS);
    ELSE
      PERFORM pg_temp.create_empty_view(v_table);
    END IF;
  END LOOP;
  FOREACH v_table IN ARRAY ARRAY['users', 'classes', 'student_profiles', 'topics', 'topic_prerequisites',
    'concepts', 'questions', 'question_attempts', 'concept_mastery', 'study_plans', 'sync_operations']
  LOOP
    EXECUTE format('SELECT count(*) FROM learning.%I', v_table) INTO v_before;
    BEGIN
      EXECUTE format('SELECT pg_temp.%I()', 'copy_' || v_table);
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE IN ('55P03', '57014', '40P01', '40001') THEN
        RAISE;
      END IF;
      RAISE EXCEPTION 'The rows of public.% cannot be adopted: %.', v_table, SQLERRM
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
    END;
    -- The next tables refer to this one; without statistics about it, each row would scan it.
    EXECUTE format('ANALYZE learning.%I', v_table);
    EXECUTE format('SELECT count(*) FROM learning.%I', v_table) INTO v_after;
    IF v_table = ANY (v_moved_tables) THEN
      EXECUTE format('SELECT count(*) FROM %I.%I', v_schema, v_table) INTO v_rows;
      RAISE NOTICE 'public.%: moved to %.%; rows: %, of which copied to learning.%: %', v_table, v_schema,
        v_table, v_rows, v_table, v_after - v_before USING ERRCODE = 'SW001';
    END IF;
  END LOOP;
  FOR v_table IN SELECT DISTINCT live.table_name FROM pg_temp.live_columns() AS live LOOP
    EXECUTE format('DROP VIEW pg_temp.%I', 'old_' || v_table);
  END LOOP;
END
$$;
