-- Gives the tables of older deployments, which move_old_tables.sql has brought here and
-- free_older_tables.sql has prepared, the columns and types of tables.sql, which runs next. Only what
-- differs is touched, so this does nothing on a new database or the second time.
--
-- Nothing is lost: a value that cannot become one of the new type stays in set_aside_rows with its
-- row, and an id that changes stays in the column `former_id`. What Postgres refuses is reported with
-- the table, the column, the type found and the type needed, and nothing is changed.

SELECT set_config('lock_timeout', '5s', true);
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.assessment.schema', 0));
SELECT set_config('stepwise.removal', 'upgrade', true);  -- see removal.sql

-- The UUID for an id of an older deployment: the id itself if it is a UUID, or else a fixed UUID made from the kind
-- of id and its text. lib/assessment/former_ids.py makes the same UUID, so that clients may keep sending the text.
CREATE OR REPLACE FUNCTION assessment.fixed_uuid(kind TEXT, id TEXT) RETURNS UUID
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN digits ~* '^[0-9a-f]{32}$' THEN digits::UUID
    ELSE encode(substr(sha256(convert_to(kind || ':' || id, 'UTF8')), 1, 16), 'hex')::UUID END
  FROM regexp_replace(btrim(id, E' \t\n\r\f\v'), 'urn:uuid:|[{}-]', '', 'gi') AS digits
$$;

CREATE OR REPLACE FUNCTION pg_temp.to_boolean(value TEXT) RETURNS BOOLEAN LANGUAGE sql AS $$
  SELECT CASE
    WHEN lower(trim(value)) IN ('1', '1.0', 't', 'true', 'y', 'yes', 'right', 'correct') THEN TRUE
    WHEN lower(trim(value)) IN ('0', '0.0', 'f', 'false', 'n', 'no', 'wrong', 'incorrect') THEN FALSE
  END
$$;

CREATE OR REPLACE FUNCTION pg_temp.to_number(value TEXT) RETURNS NUMERIC LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN value::NUMERIC::TEXT NOT IN ('NaN', 'Infinity', '-Infinity') THEN value::NUMERIC END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION pg_temp.to_whole_number(value TEXT) RETURNS INTEGER LANGUAGE sql AS $$
  SELECT CASE WHEN n = trunc(n) AND n BETWEEN -2147483648 AND 2147483647 THEN n::INTEGER END
  FROM pg_temp.to_number(value) AS n
$$;

CREATE OR REPLACE FUNCTION pg_temp.to_json_value(value TEXT) RETURNS JSONB LANGUAGE plpgsql AS $$
BEGIN
  RETURN value::JSONB;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

-- A list of numbers, which may be wrapped in a JSON string once or twice; null for any other value.
CREATE OR REPLACE FUNCTION pg_temp.to_vector(value JSONB) RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_numbers NUMERIC[];
BEGIN
  FOR n IN 1..2 LOOP
    EXIT WHEN jsonb_typeof(value) <> 'string';
    value := pg_temp.to_json_value(value #>> '{}');
  END LOOP;
  IF jsonb_typeof(value) = 'array' THEN
    SELECT coalesce(array_agg(pg_temp.to_number(item) ORDER BY place), '{}') INTO v_numbers
    FROM jsonb_array_elements_text(value) WITH ORDINALITY AS e (item, place);
    IF array_position(v_numbers, NULL) IS NULL THEN
      RETURN to_jsonb(v_numbers);
    END IF;
  END IF;
  RETURN NULL;
END
$$;

-- A moment in UTC without its zone, as our columns have it; numbers are seconds or milliseconds.
CREATE OR REPLACE FUNCTION pg_temp.to_moment(value TEXT) RETURNS TIMESTAMP LANGUAGE plpgsql AS $$
DECLARE
  n NUMERIC := pg_temp.to_number(value);
BEGIN
  IF n IS NOT NULL THEN
    RETURN to_timestamp(CASE WHEN n > 100000000000 THEN n / 1000 ELSE n END::DOUBLE PRECISION)
      AT TIME ZONE 'UTC';
  END IF;
  IF value ~ '([zZ]|[+-]\d\d(:?\d\d)?)$' AND value ~ ':' THEN
    RETURN value::TIMESTAMPTZ AT TIME ZONE 'UTC';
  END IF;
  RETURN value::TIMESTAMP;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

-- Views that use one of these tables; a view comes before the views that use it.
CREATE OR REPLACE FUNCTION pg_temp.dependent_views(p_tables OID[])
RETURNS TABLE (relation REGCLASS, kind "char", depth INT) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE used (oid, depth) AS (
    SELECT unnest(p_tables), 0
    UNION
    SELECT r.ev_class, u.depth + 1
    FROM used AS u
    JOIN pg_catalog.pg_depend AS d ON d.refobjid = u.oid AND d.refclassid = 'pg_class'::regclass
      AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> u.oid
    WHERE u.depth < 20
  )
  SELECT c.oid, c.relkind, max(u.depth) FROM used AS u JOIN pg_catalog.pg_class AS c ON c.oid = u.oid
  WHERE u.depth > 0 GROUP BY c.oid, c.relkind ORDER BY max(u.depth)
$$;

-- Rows of older databases that did not fit, copies of rows that were changed, and definitions of
-- views and policies that no longer fit.
CREATE TABLE IF NOT EXISTS assessment.set_aside_rows (
  id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT set_aside_rows_pkey PRIMARY KEY,
  table_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  row_data JSONB NOT NULL,     -- the whole row as it was, or the definition
  set_aside_at TIMESTAMP NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

-- A row as JSONB, with a question mark in place of each null character, which JSONB cannot contain.
CREATE OR REPLACE FUNCTION pg_temp.to_row_data(p_row ANYELEMENT) RETURNS JSONB LANGUAGE plpgsql AS $$
BEGIN
  RETURN to_jsonb(p_row);
EXCEPTION WHEN untranslatable_character THEN
  RETURN replace(to_json(p_row)::TEXT, '\u0000', '\u003f')::JSONB;
END
$$;

-- Copy the rows that meet a condition to set_aside_rows, or move them there if `p_deletes` is true; return
-- their number.
CREATE OR REPLACE FUNCTION pg_temp.keep_rows(
  p_relation REGCLASS, p_table TEXT, p_condition TEXT, p_reason TEXT, p_deletes BOOLEAN
) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  v_rows BIGINT;
  v_ids TEXT;
BEGIN
  EXECUTE format('WITH kept AS ('
    || 'INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)'
    || ' SELECT %L, %L, pg_temp.to_row_data(t) FROM %s AS t WHERE %s RETURNING row_data ->> ''id'' AS id'
    || ') SELECT count(*), left(string_agg(id, '', '' ORDER BY id), 500) FROM kept',
    p_table, p_reason, p_relation, p_condition) INTO v_rows, v_ids;
  IF v_rows > 0 THEN
    RAISE NOTICE 'assessment.%: %; rows % assessment.set_aside_rows: % (%)', p_table, p_reason,
      CASE WHEN p_deletes THEN 'set aside in' ELSE 'copied to' END, v_rows, v_ids
      USING ERRCODE = 'SW001';
  END IF;
  IF v_rows > 0 AND p_deletes THEN
    EXECUTE format('DELETE FROM %s AS t WHERE %s', p_relation, p_condition);
  END IF;
  RETURN v_rows;
END
$$;

-- The condition that an earlier row of the table t has the same value of an expression. It reads the table
-- once; a subquery per row would read it once for each row.
CREATE OR REPLACE FUNCTION pg_temp.repeats(p_relation REGCLASS, p_value TEXT) RETURNS TEXT
LANGUAGE sql AS $$
  SELECT format('t.ctid IN (SELECT ranked.ctid FROM (SELECT ctid, row_number() OVER ('
    || 'PARTITION BY %1$s ORDER BY ctid) AS place FROM %2$s WHERE %1$s IS NOT NULL) AS ranked'
    || ' WHERE ranked.place > 1)', p_value, p_relation)
$$;

-- Change the type of one column with a cast of Postgres, which takes a tenth of the time that our functions
-- take. Returns false, and changes nothing, if no cast has the same result, or a value cannot be
-- cast.
CREATE OR REPLACE FUNCTION pg_temp.cast_column(
  p_relation REGCLASS, p_column TEXT, p_found TEXT, p_needed TEXT
) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  v_cast TEXT := CASE
    WHEN p_needed LIKE 'timestamp%' AND p_found LIKE 'timestamp%with time zone'
      THEN '%I AT TIME ZONE ''UTC'''
    WHEN p_needed LIKE 'timestamp%' AND p_found LIKE 'timestamp%' THEN '%I::TIMESTAMP'
    WHEN p_needed = 'jsonb' AND p_found = 'json' THEN '%I::JSONB'
    WHEN p_needed = 'numeric' AND (p_found LIKE 'numeric%' OR p_found = 'double precision')
      THEN '%I::TEXT::NUMERIC'
    WHEN p_needed = 'integer' AND p_found IN ('bigint', 'smallint') THEN '%I::INTEGER'
    WHEN p_needed = 'character varying' AND p_found LIKE 'character varying%' THEN '%I::TEXT'
  END;
  v_is_number BOOLEAN := TRUE;
BEGIN
  IF p_needed = 'numeric' AND v_cast IS NOT NULL THEN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s WHERE %I::TEXT IN (''NaN'', ''Infinity'','
      || ' ''-Infinity''))', p_relation, p_column) INTO v_is_number;
  END IF;
  IF v_cast IS NULL OR NOT v_is_number THEN
    RETURN FALSE;
  END IF;
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s USING %s', p_relation, p_column, p_needed,
    format(v_cast, p_column));
  RETURN TRUE;
EXCEPTION WHEN data_exception THEN
  RETURN FALSE;
END
$$;

-- Change the type of one column.
CREATE OR REPLACE FUNCTION pg_temp.convert_column(
  p_relation REGCLASS, p_table TEXT, p_column TEXT, p_found TEXT, p_needed TEXT, p_kind TEXT,
  p_is_required BOOLEAN
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_text TEXT := format('t.%I::TEXT', p_column);
  v_value TEXT;
BEGIN
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', p_relation, p_column);
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY IF EXISTS', p_relation, p_column);
  IF pg_temp.cast_column(p_relation, p_column, p_found, p_needed) THEN
    RAISE NOTICE 'assessment.%: % is now % (was %)', p_table, p_column, p_needed, p_found
      USING ERRCODE = 'SW001';
    RETURN;
  END IF;
  v_value := CASE
    WHEN p_needed = 'uuid' THEN format('assessment.fixed_uuid(%L, %%s)', p_kind)
    WHEN p_needed = 'boolean' THEN 'pg_temp.to_boolean(%s)'
    WHEN p_needed = 'integer' AND p_found = 'boolean' THEN '(%s)::BOOLEAN::INTEGER'
    WHEN p_needed = 'integer' THEN 'pg_temp.to_whole_number(%s)'
    WHEN p_needed = 'numeric' THEN 'pg_temp.to_number(%s)'
    -- Text that is not JSON becomes a JSON string, so that the question stays and its pool's report
    -- names it.
    WHEN p_needed = 'jsonb' AND p_table = 'questions'
      THEN 'coalesce(pg_temp.to_json_value(%1$s), to_jsonb(%1$s))'
    WHEN p_needed = 'jsonb' THEN 'pg_temp.to_json_value(%s)'
    WHEN p_needed LIKE 'timestamp%' THEN 'pg_temp.to_moment(%s)'
    ELSE '%s'
  END;
  IF p_needed = 'jsonb' AND p_found LIKE '%[]' THEN
    v_text := format('to_jsonb(t.%I)::TEXT', p_column);
  ELSIF p_found LIKE 'timestamp%with time zone' THEN
    v_text := format('(t.%I AT TIME ZONE ''UTC'')::TEXT', p_column);
  END IF;
  -- Rows with values that cannot be converted are moved if the column is required, and copied otherwise.
  PERFORM pg_temp.keep_rows(p_relation, p_table,
    format('t.%I IS NOT NULL AND %s IS NULL', p_column, format(v_value, v_text)),
    format('%s: the value does not fit the type %s', p_column, p_needed), p_is_required);
  IF p_kind IS NOT NULL AND p_column = 'id' THEN
    -- Different whole numbers never have the same UUID; texts in different spellings may.
    PERFORM pg_temp.keep_rows(p_relation, p_table, pg_temp.repeats(p_relation,
      CASE WHEN p_found IN ('integer', 'bigint', 'smallint') THEN 'id'
        ELSE format('assessment.fixed_uuid(%L, id::TEXT)', p_kind) END), 'another row has this id', TRUE);
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS former_id TEXT', p_relation);
    EXECUTE format('UPDATE %s AS t SET former_id = t.id::TEXT'
      || ' WHERE former_id IS NULL AND t.id::TEXT <> assessment.fixed_uuid(%L, t.id::TEXT)::TEXT',
      p_relation, p_kind);
  END IF;
  IF p_kind = 'pool' THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS former_pool_id TEXT', p_relation);
    EXECUTE format('UPDATE %s AS t SET former_pool_id = %s'
      || ' WHERE former_pool_id IS NULL AND %s <> assessment.fixed_uuid(%L, %s)::TEXT',
      p_relation, v_text, v_text, p_kind, v_text);
  END IF;
  EXECUTE format('ALTER TABLE %1$s ALTER COLUMN %2$I TYPE %3$s USING %4$s', p_relation, p_column,
    p_needed, format(v_value, replace(v_text, 't.', '')));
  RAISE NOTICE 'assessment.%: % is now % (was %)', p_table, p_column, p_needed, p_found
    USING ERRCODE = 'SW001';
EXCEPTION WHEN OTHERS THEN
  -- Not caused by a value: missing privilege, lock timeout, cancellation, deadlock, serialization failure.
  IF SQLSTATE IN ('42501', '55P03', '57014', '40P01', '40001') THEN
    RAISE;
  END IF;
  RAISE EXCEPTION 'The column % of assessment.% (formerly in public) is %, must become %, and cannot: %.',
    p_column, p_table, p_found, p_needed,
    CASE WHEN SQLSTATE LIKE '22%' THEN 'a value does not fit' ELSE SQLERRM END
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
END
$$;

-- Fill a new column `id` from the columns of the primary key, which keep the former id.
CREATE OR REPLACE FUNCTION pg_temp.make_ids(p_relation REGCLASS, p_kind TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_key TEXT;
BEGIN
  SELECT format('concat_ws('':'', %s)', string_agg(format('t.%I', a.attname), ', ' ORDER BY k.place))
  INTO v_key
  FROM pg_catalog.pg_constraint AS c, unnest(c.conkey) WITH ORDINALITY AS k (attnum, place),
    pg_catalog.pg_attribute AS a
  WHERE c.conrelid = p_relation AND c.contype = 'p' AND a.attrelid = p_relation
    AND a.attnum = k.attnum;
  EXECUTE format('UPDATE %s AS t SET id = %s', p_relation,
    coalesce(format('assessment.fixed_uuid(%L, %s)', p_kind, v_key), 'gen_random_uuid()'));
END
$$;

DO $$
DECLARE
  v_column RECORD;
  v_key RECORD;
  v_view RECORD;
  v_tables OID[];
  v_views JSONB := '[]';
BEGIN
  SELECT array_agg(DISTINCT relation::OID) INTO v_tables FROM pg_temp.columns_found()
    WHERE NOT fits AND found_type IS NOT NULL;
  IF v_tables IS NOT NULL THEN
    -- Views keep their columns from changing type. Each is created again at the end.
    FOR v_view IN SELECT * FROM pg_temp.dependent_views(v_tables) LOOP
      v_views := v_views || jsonb_build_object('name', v_view.relation::TEXT,
        'kind', CASE v_view.kind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
        'definition', pg_get_viewdef(v_view.relation));
    END LOOP;
    FOR v_view IN SELECT * FROM pg_temp.dependent_views(v_tables) ORDER BY depth DESC LOOP
      EXECUTE format('DROP %s %s',
        CASE v_view.kind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, v_view.relation);
    END LOOP;
  END IF;
  -- Drop foreign keys to tables outside the schema, and those from or to a table in which a column
  -- changes its type: they could refer to the wrong rows. upgrade_older_tables.sql adds ours.
  FOR v_key IN
    SELECT k.conname, k.conrelid::regclass AS relation, k.confrelid::regclass AS referenced
    FROM pg_catalog.pg_constraint AS k
    WHERE k.contype = 'f' AND k.conrelid IN (SELECT relation FROM pg_temp.columns_found())
      AND (k.confrelid NOT IN (
          SELECT c.oid FROM pg_catalog.pg_class AS c WHERE c.relnamespace = 'assessment'::regnamespace)
        OR k.conrelid = ANY (v_tables) OR k.confrelid = ANY (v_tables))
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_key.relation, v_key.conname);
    RAISE NOTICE '%: the foreign key % to % was dropped', v_key.relation, v_key.conname,
      v_key.referenced USING ERRCODE = 'SW001';
  END LOOP;
  FOR v_column IN SELECT * FROM pg_temp.columns_found() WHERE NOT fits LOOP
    IF v_column.found_type IS NULL THEN
      CONTINUE WHEN v_column.column_name = 'last_activity';  -- tables.sql adds and fills it
      EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', v_column.relation, v_column.column_name,
        v_column.needed || CASE v_column.column_name WHEN 'guessing' THEN ' DEFAULT 0' ELSE '' END);
      IF v_column.column_name = 'id' THEN
        PERFORM pg_temp.make_ids(v_column.relation, v_column.kind);
      END IF;
    ELSIF v_column.is_generated THEN
      RAISE EXCEPTION 'The column % of assessment.% (formerly in public) is generated as %, and must '
        'become %.', v_column.column_name, v_column.table_name, v_column.found_type, v_column.needed
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'schema_needs_decision';
    ELSE
      PERFORM pg_temp.convert_column(v_column.relation, v_column.table_name, v_column.column_name,
        v_column.found_type, v_column.needed, v_column.kind, v_column.is_required);
    END IF;
  END LOOP;
  -- The primary key must be `id`; the columns of any other primary key keep their values.
  FOR v_key IN
    SELECT k.conname, k.conrelid::regclass AS relation, pg_get_constraintdef(k.oid) AS definition
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attname = 'id'
    WHERE k.contype = 'p' AND k.conkey <> ARRAY[a.attnum]
      AND k.conrelid IN (SELECT relation FROM pg_temp.columns_found())
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_key.relation, v_key.conname);
    RAISE NOTICE '%: % (%) was dropped, because the primary key is id', v_key.relation, v_key.conname,
      v_key.definition USING ERRCODE = 'SW001';
  END LOOP;
  FOR v_view IN SELECT * FROM jsonb_to_recordset(v_views) AS v (name TEXT, kind TEXT, definition TEXT) LOOP
    BEGIN
      EXECUTE format('CREATE %s %s AS %s', v_view.kind, v_view.name, v_view.definition);
      RAISE NOTICE '%: created again over the changed columns; grants on it have to be given again',
        v_view.name USING ERRCODE = 'SW001';
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)
      VALUES ('pg_views', 'a view that does not fit the changed columns', to_jsonb(v_view));
      RAISE NOTICE '%: dropped, because it does not fit the changed columns (%). Its definition is in '
        'assessment.set_aside_rows', v_view.name, SQLERRM USING ERRCODE = 'SW001';
    END;
  END LOOP;
END
$$;

-- Fill the values that required columns lack, where other columns imply them; set aside rows that still
-- lack one.
DO $$
DECLARE
  v_column RECORD;
  v_other TEXT;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_temp.columns_found()) THEN
    RETURN;
  END IF;
  -- Values that are not vectors become null; a copy of their row keeps them.
  FOR v_column IN
    SELECT * FROM pg_temp.columns_found()
    WHERE column_name IN ('initial_proficiency', 'final_proficiency', 'proficiency_before',
      'proficiency_after') AND pg_temp.is_new('assessment.' || table_name)
  LOOP
    -- Most vectors are lists of numbers already; only the others need our function.
    v_other := format('CASE jsonb_typeof(t.%1$I) WHEN ''array'''
      || ' THEN jsonb_path_exists(t.%1$I, ''strict $[*] ? (@.type() != "number")'')'
      || ' ELSE t.%1$I IS NOT NULL END', v_column.column_name);
    PERFORM pg_temp.keep_rows(v_column.relation, v_column.table_name,
      format('%2$s AND t.%1$I <> ''null'' AND pg_temp.to_vector(t.%1$I) IS NULL', v_column.column_name,
        v_other), v_column.column_name || ': it is not a list of numbers', FALSE);
    EXECUTE format('UPDATE %1$s AS t SET %2$I = pg_temp.to_vector(t.%2$I) WHERE %3$s', v_column.relation,
      v_column.column_name, v_other);
  END LOOP;
  IF to_regclass('assessment.test_sessions') IS NOT NULL THEN
    UPDATE assessment.test_sessions SET status = CASE
      WHEN completed_at IS NOT NULL OR final_proficiency IS NOT NULL THEN 'completed' ELSE 'active' END
      WHERE status IS NULL;
  END IF;
  IF EXISTS (
    SELECT FROM pg_temp.columns_found() WHERE table_name = 'test_sessions'
      AND column_name = 'last_activity' AND found_type IS NOT NULL AND pg_temp.is_new('assessment.test_sessions')
  ) THEN
    -- Without a last activity, sessions would never expire.
    UPDATE assessment.test_sessions SET last_activity = coalesce(completed_at, started_at,
      now() AT TIME ZONE 'UTC') WHERE last_activity IS NULL;
  END IF;
  IF to_regclass('assessment.test_responses') IS NOT NULL THEN
    -- In the oldest form, 1 meant a right answer and 0 a wrong one.
    UPDATE assessment.test_responses SET response = is_correct::INTEGER
      WHERE response IS NULL AND is_correct IS NOT NULL;
    IF to_regclass('assessment.test_sessions') IS NOT NULL THEN
      UPDATE assessment.test_responses AS r SET student_id = s.student_id
        FROM assessment.test_sessions AS s WHERE r.student_id IS NULL AND s.id = r.session_id;
      UPDATE assessment.test_sessions AS s SET total_questions = answers.total,
        correct_responses = coalesce(s.correct_responses, answers.correct),
        accuracy = coalesce(s.accuracy, round(answers.correct::NUMERIC / answers.total, 6))
        FROM (
          SELECT r.session_id, count(*) AS total, count(*) FILTER (WHERE r.is_correct) AS correct
          FROM assessment.test_responses AS r GROUP BY r.session_id
        ) AS answers
        WHERE s.total_questions IS NULL AND answers.session_id = s.id;
    END IF;
  END IF;
  IF to_regclass('assessment.questions') IS NOT NULL THEN
    UPDATE assessment.questions SET concepts = '[]' WHERE concepts IS NULL;
    PERFORM pg_temp.keep_rows('assessment.questions', 'questions', 't.guessing < 0 OR t.guessing >= 1',
      'guessing: it is below 0, or 1 or more, so 0 is used', FALSE);
    UPDATE assessment.questions SET guessing = 0
      WHERE guessing IS NULL OR guessing < 0 OR guessing >= 1;
  END IF;
  FOR v_column IN
    SELECT f.* FROM pg_temp.columns_found() AS f
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.relation AND a.attname = f.column_name
    WHERE f.is_required AND NOT a.attnotnull
  LOOP
    -- A missing UUID can be generated; any other missing value cannot.
    IF v_column.column_name = 'id' AND v_column.needed = 'uuid' THEN
      EXECUTE format('UPDATE %s SET id = gen_random_uuid() WHERE id IS NULL', v_column.relation);
    END IF;
    PERFORM pg_temp.keep_rows(v_column.relation, v_column.table_name,
      format('t.%I IS NULL', v_column.column_name), v_column.column_name || ' is missing', TRUE);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', v_column.relation,
      v_column.column_name);
  END LOOP;
  -- Columns that our statements do not use keep their values, but new rows have none.
  FOR v_column IN
    SELECT c.oid::regclass AS relation, c.relname, a.attname
    FROM stepwise.adopted_tables AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass(t.table_name)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.table_name LIKE 'assessment.%' AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
      AND a.attgenerated = '' AND a.attname::TEXT = ANY (t.columns) AND NOT EXISTS (
        SELECT FROM pg_temp.needed_columns AS n
        WHERE n.table_name = c.relname AND n.column_name = a.attname)
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v_column.relation, v_column.attname);
    RAISE NOTICE 'assessment.%: % may be null now, because new rows have no value for it',
      v_column.relname, v_column.attname USING ERRCODE = 'SW001';
  END LOOP;
  -- A table without a primary key may have an id twice: the first row stays.
  FOR v_column IN
    SELECT DISTINCT f.relation, f.table_name FROM pg_temp.columns_found() AS f
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.relation AND a.attname = 'id'
      WHERE k.conrelid = f.relation AND k.contype IN ('p', 'u') AND k.conkey = ARRAY[a.attnum])
  LOOP
    PERFORM pg_temp.keep_rows(v_column.relation, v_column.table_name,
      pg_temp.repeats(v_column.relation, 'id'), 'another row has this id', TRUE);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (id)', v_column.relation,
      v_column.table_name || '_pkey');
  END LOOP;
END
$$;

-- Ids without a default, such as those that had a sequence, get gen_random_uuid().
DO $$
DECLARE
  v_table TEXT;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['student_proficiencies', 'test_responses'] LOOP
    IF EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = to_regclass('assessment.' || v_table) AND a.attname = 'id'
        AND a.atttypid = 'uuid'::regtype AND NOT a.atthasdef)
    THEN
      EXECUTE format('ALTER TABLE assessment.%I ALTER COLUMN id SET DEFAULT gen_random_uuid()', v_table);
    END IF;
  END LOOP;
END
$$;
