-- Prepares the tables of older deployments: drops those of their constraints, unique indexes and
-- policies that would prevent the upgrade or reject rows that our statements write, and disables
-- their triggers. move_old_tables.sql has brought these tables here, and
-- normalize_older_tables.sql runs next; return_older_objects.sql, later in the same transaction,
-- restores the policies and triggers that fit. Only tables that were adopted in this transaction
-- are touched, so this does nothing the second time.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));
SELECT set_config('row_security', 'off', true);  -- raise an error where a policy would hide rows

-- The columns that our statements need. `kind` is the kind of an id, for assessment.fixed_uuid(). A
-- required column holds no nulls.
DROP TABLE IF EXISTS pg_temp.needed_columns;
CREATE TEMPORARY TABLE needed_columns AS
SELECT * FROM (VALUES
  ('examinees', 'id', 'character varying', NULL, TRUE),
  ('examinees', 'created_at', 'timestamp without time zone', NULL, FALSE),
  ('examinees', 'updated_at', 'timestamp without time zone', NULL, FALSE),
  ('student_proficiencies', 'id', 'uuid', 'proficiency', TRUE),
  ('student_proficiencies', 'student_id', 'character varying', NULL, TRUE),
  ('student_proficiencies', 'concept_name', 'character varying', NULL, TRUE),
  ('student_proficiencies', 'proficiency_value', 'numeric', NULL, TRUE),
  ('student_proficiencies', 'confidence', 'numeric', NULL, FALSE),
  ('student_proficiencies', 'created_at', 'timestamp without time zone', NULL, FALSE),
  ('student_proficiencies', 'updated_at', 'timestamp without time zone', NULL, FALSE),
  ('questions', 'id', 'character varying', NULL, TRUE),
  ('questions', 'pool_id', 'uuid', 'pool', TRUE),
  ('questions', 'content', 'text', NULL, TRUE),
  ('questions', 'options', 'jsonb', NULL, TRUE),
  ('questions', 'correct_answer', 'character varying', NULL, TRUE),
  ('questions', 'concepts', 'jsonb', NULL, TRUE),
  ('questions', 'difficulty', 'numeric', NULL, FALSE),
  ('questions', 'discrimination', 'numeric', NULL, FALSE),
  ('questions', 'guessing', 'numeric', NULL, TRUE),
  ('questions', 'created_at', 'timestamp without time zone', NULL, FALSE),
  ('test_sessions', 'id', 'uuid', 'session', TRUE),
  ('test_sessions', 'student_id', 'character varying', NULL, TRUE),
  ('test_sessions', 'question_pool_id', 'uuid', 'pool', FALSE),
  ('test_sessions', 'status', 'character varying', NULL, FALSE),
  ('test_sessions', 'initial_proficiency', 'jsonb', NULL, FALSE),
  ('test_sessions', 'final_proficiency', 'jsonb', NULL, FALSE),
  ('test_sessions', 'total_questions', 'integer', NULL, FALSE),
  ('test_sessions', 'correct_responses', 'integer', NULL, FALSE),
  ('test_sessions', 'accuracy', 'numeric', NULL, FALSE),
  ('test_sessions', 'learning_gain', 'numeric', NULL, FALSE),
  ('test_sessions', 'test_efficiency', 'numeric', NULL, FALSE),
  ('test_sessions', 'started_at', 'timestamp without time zone', NULL, FALSE),
  ('test_sessions', 'completed_at', 'timestamp without time zone', NULL, FALSE),
  ('test_sessions', 'last_activity', 'timestamp without time zone', NULL, FALSE),
  ('test_responses', 'id', 'uuid', 'answer', TRUE),
  ('test_responses', 'student_id', 'character varying', NULL, TRUE),
  ('test_responses', 'session_id', 'uuid', 'session', TRUE),
  ('test_responses', 'question_id', 'character varying', NULL, TRUE),
  ('test_responses', 'response', 'integer', NULL, TRUE),
  ('test_responses', 'is_correct', 'boolean', NULL, FALSE),
  ('test_responses', 'proficiency_before', 'jsonb', NULL, FALSE),
  ('test_responses', 'proficiency_after', 'jsonb', NULL, FALSE),
  ('test_responses', 'timestamp', 'timestamp without time zone', NULL, FALSE)
) AS needed (table_name, column_name, type, kind, is_required);

-- The needed columns of adopted tables, with the types that they have there.
CREATE OR REPLACE FUNCTION pg_temp.columns_found() RETURNS TABLE (
  relation REGCLASS, table_name TEXT, column_name TEXT, needed TEXT, kind TEXT, is_required BOOLEAN,
  found_type TEXT, is_generated BOOLEAN, fits BOOLEAN
) LANGUAGE sql STABLE AS $$
  SELECT c.oid, n.table_name, n.column_name, n.type, n.kind, n.is_required, f.type, f.is_generated,
    -- The type found includes a length limit, so that a limited text does not fit: ours may be longer.
    f.type IS NOT NULL AND (f.type = n.type
      OR n.type IN ('character varying', 'text') AND f.type IN ('character varying', 'text'))
  FROM pg_temp.needed_columns AS n
  JOIN pg_catalog.pg_class AS c ON c.relname = n.table_name
    AND c.relnamespace = 'assessment'::regnamespace AND c.relkind IN ('r', 'p')
  LEFT JOIN LATERAL (
    SELECT format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS is_generated
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attname = n.column_name AND NOT a.attisdropped
  ) AS f ON TRUE
  WHERE EXISTS (
    SELECT FROM stepwise.adopted_tables AS t WHERE t.table_name = 'assessment.' || n.table_name)
$$;

-- Whether a table was adopted in this transaction.
CREATE OR REPLACE FUNCTION pg_temp.is_new(p_table TEXT) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM stepwise.adopted_tables AS a WHERE a.table_name = p_table AND a.adopted_at = now())
$$;

-- Objects that return_older_objects.sql has to return.
DROP TABLE IF EXISTS pg_temp.older_objects;
CREATE TEMPORARY TABLE older_objects (
  kind TEXT, relation REGCLASS, name TEXT,
  definition TEXT,  -- statement that creates it again; for a trigger, the source of its function
  columns TEXT[]    -- columns whose new type holds another kind of value
);

DO $$
DECLARE
  v_object RECORD;
  v_changing TEXT[];
  v_new_kinds TEXT[];
  v_table RECORD;
BEGIN
  FOR v_table IN
    SELECT c.oid::regclass AS relation, a.*
    FROM stepwise.adopted_tables AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass(a.table_name)
    WHERE a.table_name LIKE 'assessment.%' AND pg_temp.is_new(a.table_name)
  LOOP
    SELECT array_agg(f.column_name),
      -- Numbers, texts and times are compared and assigned as before.
      array_agg(f.column_name) FILTER (WHERE f.needed IN ('uuid', 'boolean', 'jsonb'))
    INTO v_changing, v_new_kinds FROM pg_temp.columns_found() AS f
    WHERE f.relation = v_table.relation AND f.found_type IS NOT NULL AND NOT f.fits;

    -- Our values may violate check and exclusion constraints: options numbered from 0, another
    -- status, or a longer text.
    FOR v_object IN
      SELECT k.conname, pg_get_constraintdef(k.oid) AS definition
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = v_table.relation AND k.contype IN ('c', 'x')
        AND k.conname = ANY (v_table.constraints) AND (k.contype = 'x' OR EXISTS (
          SELECT FROM pg_catalog.pg_attribute AS a
          JOIN pg_temp.needed_columns AS n ON n.column_name = a.attname
          WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            AND 'assessment.' || n.table_name = v_table.table_name))
    LOOP
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_table.relation, v_object.conname);
      RAISE NOTICE '%: the constraint % was dropped, because new rows may have other values: %',
        v_table.relation, v_object.conname, v_object.definition USING ERRCODE = 'SW001';
    END LOOP;

    -- A student may take several tests at once, and answer a question in each of them.
    FOR v_object IN
      SELECT i.indexrelid::regclass AS index_name, k.conname,
        coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)) AS definition
      FROM pg_catalog.pg_index AS i
      LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
        AND k.contype = 'u'
      WHERE i.indrelid = v_table.relation AND i.indisunique AND NOT i.indisprimary
        AND v_table.former_name IN ('test_sessions', 'test_responses')
        AND NOT EXISTS (  -- a column that an upgrade added, or one that distinguishes tests
          SELECT FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND (
            a.attname::TEXT <> ALL (v_table.columns)
            OR a.attname IN ('id', CASE v_table.former_name WHEN 'test_responses' THEN 'session_id' END)))
    LOOP
      IF v_object.conname IS NULL THEN
        EXECUTE format('DROP INDEX %s', v_object.index_name);
      ELSE
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_table.relation, v_object.conname);
      END IF;
      RAISE NOTICE '%: % was dropped, because a student may have several tests: %', v_table.relation,
        coalesce(v_object.conname::TEXT, v_object.index_name::TEXT), v_object.definition
        USING ERRCODE = 'SW001';
    END LOOP;

    -- A policy keeps its columns from changing type.
    IF v_changing IS NOT NULL THEN
      FOR v_object IN
        SELECT p.policyname, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.policyname,
            v_table.relation, p.permissive, p.cmd,
            (SELECT string_agg(CASE r WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ')
             FROM unnest(p.roles::TEXT[]) AS r),
            ' USING (' || p.qual || ')', ' WITH CHECK (' || p.with_check || ')') AS definition
        FROM pg_catalog.pg_policies AS p
        JOIN pg_catalog.pg_class AS c ON c.oid = v_table.relation AND c.relname = p.tablename
          AND c.relnamespace = to_regnamespace(quote_ident(p.schemaname))
      LOOP
        INSERT INTO pg_temp.older_objects
        VALUES ('policy', v_table.relation, v_object.policyname, v_object.definition, v_new_kinds);
        EXECUTE format('DROP POLICY %I ON %s', v_object.policyname, v_table.relation);
      END LOOP;
    END IF;

    -- A trigger would refuse the upgrade, or set the time of the last change of every row to now.
    FOR v_object IN
      SELECT t.tgname, t.tgenabled, f.prosrc
      FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
      WHERE t.tgrelid = v_table.relation AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
        AND t.tgname = ANY (v_table.triggers)
    LOOP
      INSERT INTO pg_temp.older_objects
      VALUES (CASE v_object.tgenabled WHEN 'A' THEN 'always trigger' ELSE 'trigger' END,
        v_table.relation, v_object.tgname, v_object.prosrc, v_new_kinds);
      EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', v_table.relation, v_object.tgname);
    END LOOP;
  END LOOP;
END
$$;
