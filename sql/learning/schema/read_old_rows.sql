-- Functions that read the tables of the live learning system, whatever types their columns have. They are
-- temporary; adopt.sql calls them if there is such a table.

-- A number, or null if the text is not a number that our columns can hold.
CREATE OR REPLACE FUNCTION pg_temp.read_number(p_text TEXT) RETURNS DOUBLE PRECISION
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_text ~ '^\s*[-+]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})([eE][-+]?\d{1,2})?\s*$'
    THEN p_text::DOUBLE PRECISION
  END
$$;

CREATE OR REPLACE FUNCTION pg_temp.read_whole_number(p_text TEXT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN n = trunc(n) AND n BETWEEN -2147483648 AND 2147483647 THEN n::INTEGER END
  FROM pg_temp.read_number(p_text) AS n
$$;

-- An id, which is read exactly and not as a floating-point number.
CREATE OR REPLACE FUNCTION pg_temp.read_id(p_text TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_text ~ '^\s*-?\d{1,18}(\.0*)?\s*$'
    THEN split_part(btrim(p_text, E' \t\r\n'), '.', 1)::BIGINT END
$$;

-- A word of a closed list: in lower case, without outer blanks, with underscores.
CREATE OR REPLACE FUNCTION pg_temp.read_word(p_text TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(lower(btrim(p_text, E' \t\r\n')), '[\s/-]+', '_', 'g')
$$;

CREATE OR REPLACE FUNCTION pg_temp.read_boolean(p_text TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN pg_temp.read_word(p_text) IN ('1', '1.0', 't', 'true', 'y', 'yes') THEN TRUE
    WHEN pg_temp.read_word(p_text) IN ('0', '0.0', 'f', 'false', 'n', 'no') THEN FALSE
  END
$$;

-- A grade, 1 to 12, written as 9, '9', '9th' or 'Grade 9'.
CREATE OR REPLACE FUNCTION pg_temp.read_grade(p_text TEXT) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN grade BETWEEN 1 AND 12 THEN grade END
  FROM pg_temp.read_whole_number(coalesce(
    substring(pg_temp.read_word(p_text) FROM '^(?:grade|class)?_?(\d{1,2})(?:st|nd|rd|th)?(?:_?(?:grade|class))?$'),
    p_text)) AS grade
$$;

-- A time in UTC. A text without an offset is read as UTC; a number is the seconds or milliseconds since 1970.
CREATE OR REPLACE FUNCTION pg_temp.read_time(p_text TEXT) RETURNS TIMESTAMPTZ LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_number DOUBLE PRECISION := pg_temp.read_number(p_text);
  v_time TIMESTAMPTZ;
BEGIN
  IF v_number IS NOT NULL THEN
    v_time := to_timestamp(CASE WHEN v_number > 100000000000 THEN v_number / 1000 ELSE v_number END);
  ELSIF p_text ~ '([zZ]|[+-]\d\d(:?\d\d)?)\s*$' AND p_text ~ ':' THEN
    v_time := p_text::TIMESTAMPTZ;
  ELSE
    v_time := p_text::TIMESTAMP AT TIME ZONE 'UTC';
  END IF;
  RETURN CASE WHEN v_time >= '0001-01-02 UTC' AND v_time < '9999-12-31 UTC' THEN v_time END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$;

-- JSON, or null if the text is not JSON.
CREATE OR REPLACE FUNCTION pg_temp.read_json(p_text TEXT) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN p_text::JSONB;
EXCEPTION WHEN data_exception OR statement_too_complex THEN
  RETURN NULL;
END
$$;

-- JSON, or null if the text is not JSON; JSON inside JSON strings is unwrapped, at any depth.
CREATE OR REPLACE FUNCTION pg_temp.unwrap_json(p_text TEXT) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_value JSONB := pg_temp.read_json(p_text);
  v_inner JSONB;
BEGIN
  WHILE jsonb_typeof(v_value) = 'string' LOOP
    v_inner := pg_temp.read_json(v_value #>> '{}');
    EXIT WHEN v_inner IS NULL;
    v_value := v_inner;
  END LOOP;
  RETURN v_value;
END
$$;

-- The live system's tables and columns; `is_needed` means that a row without a value cannot be adopted.
CREATE OR REPLACE FUNCTION pg_temp.live_columns()
RETURNS TABLE (table_name TEXT, column_name TEXT, is_needed BOOLEAN) LANGUAGE sql IMMUTABLE AS $$
  SELECT live.table_name, column_name, is_needed
  FROM (VALUES
    ('users', '{id,username,role}'::TEXT[], '{password_hash,last_login}'::TEXT[]),
    ('classes', '{id,name,grade}', '{teacher_id}'),
    ('student_profiles', '{id,grade,target_exam}',
      '{user_id,exam_date,available_hours_per_day,class_id}'),
    ('topics', '{id,name,exam_weightage,estimated_hours}', '{parent_id,description}'),
    ('topic_prerequisites', '{id,topic_id,prerequisite_topic_id}', '{minimum_mastery}'),
    ('concepts', '{id,topic_id,name}', '{description}'),
    ('questions', '{id,concept_id,question_text,question_type,correct_answer,difficulty}',
      '{options,expected_time_seconds}'),
    ('question_attempts', '{id,student_id,question_id,answer,is_correct,time_taken_seconds}',
      '{confidence,timestamp,synced}'),
    ('concept_mastery', '{id,student_id,concept_id}', '{total_attempts,correct_attempts,
      avg_time_seconds,avg_confidence,mastery_score,last_updated}'),
    ('study_plans', '{id,student_id,plan_type,start_date,end_date,topics}', '{is_active}'),
    ('sync_operations', '{id,operation_type,table_name,record_id,data}',
      '{timestamp,synced,retry_count,last_error}')
  ) AS live (table_name, needed, others)
  CROSS JOIN LATERAL (
    SELECT unnest(live.needed), TRUE
    UNION ALL SELECT unnest(live.others || '{created_at,updated_at}'), FALSE
  ) AS c (column_name, is_needed)
$$;

-- The columns of a table.
CREATE OR REPLACE FUNCTION pg_temp.columns_of(p_table REGCLASS)
RETURNS TABLE (column_name TEXT, type TEXT) LANGUAGE sql STABLE AS $$
  SELECT attname::TEXT, format_type(atttypid, NULL) FROM pg_catalog.pg_attribute
  WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped ORDER BY attnum
$$;

-- Create the view pg_temp.old_<table>: the number and the UUID of each row, the live system's other
-- columns as text (null if they are missing), unknown ones as JSON unless their names are those of
-- secrets, and the fault that prevents adoption of the row.
-- Rows that were adopted before are left out, except those of concept_mastery, which may be newer now.
CREATE OR REPLACE FUNCTION pg_temp.create_old_view(p_table TEXT, p_relation REGCLASS) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_columns TEXT;
  v_unknown TEXT;
  v_name TEXT;
  v_values BIGINT;
  v_is_secret BOOLEAN;
  v_number TEXT := 'pg_temp.read_id(t.id::TEXT)';
  v_is_unique BOOLEAN;
BEGIN
  SELECT string_agg(CASE
      WHEN existing.type IS NULL THEN format('NULL::TEXT AS %I', live.column_name)
      WHEN existing.type = 'timestamp with time zone'
      THEN format('to_char(t.%1$I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US'') AS %1$I', live.column_name)
      WHEN existing.type IN ('timestamp without time zone', 'date')
      THEN format('to_char(t.%1$I, ''YYYY-MM-DD"T"HH24:MI:SS.US'') AS %1$I', live.column_name)
      WHEN existing.type LIKE '%[]' THEN format('to_jsonb(t.%1$I)::TEXT AS %1$I', live.column_name)
      ELSE format('t.%1$I::TEXT AS %1$I', live.column_name) END, ', ')
    INTO v_columns
    FROM pg_temp.live_columns() AS live
    LEFT JOIN pg_temp.columns_of(p_relation) AS existing USING (column_name)
    WHERE live.table_name = p_table AND live.column_name <> 'id';
  FOR v_name IN
    SELECT column_name FROM pg_temp.columns_of(p_relation)
    EXCEPT SELECT column_name FROM pg_temp.live_columns() AS live WHERE live.table_name = p_table
    ORDER BY 1
  LOOP
    v_is_secret := v_name ~*
      '(api[-_]?key|(^|_)token$|secret|passw(or)?d|private[-_]?key|credential|account_?sid)';
    EXECUTE format('SELECT count(%I) FROM %s', v_name, p_relation) INTO v_values;
    RAISE NOTICE 'learning.%: the live system''s column % has no counterpart; values %: %', p_table, v_name,
      CASE WHEN v_is_secret THEN 'not copied, because the column is named like a secret'
        ELSE 'in the column extra' END, v_values
      USING ERRCODE = 'SW001';
    CONTINUE WHEN v_is_secret;
    v_unknown := concat_ws(', ', v_unknown, format('(%L, CASE WHEN t.%2$I IS NOT NULL THEN '
      'coalesce(%3$s, to_jsonb(t.%2$I::TEXT)) END)', v_name, v_name,
      CASE WHEN (SELECT type FROM pg_temp.columns_of(p_relation) WHERE column_name = v_name)
        IN ('json', 'jsonb') THEN format('pg_temp.read_json(t.%I::TEXT)', v_name)
      ELSE format('to_jsonb(t.%I)', v_name) END));
  END LOOP;
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attname = 'id'
    WHERE k.conrelid = p_relation AND k.contype IN ('p', 'u') AND k.conkey = ARRAY[a.attnum])
    INTO v_is_unique;
  EXECUTE format('DROP VIEW IF EXISTS pg_temp.%I', 'old_' || p_table);
  EXECUTE format('CREATE TEMPORARY VIEW %1$I AS
    SELECT %3$s AS former_id, learning.fixed_uuid(%2$L, %3$s) AS id, %4$s, %5$s AS extra,
      CASE WHEN %3$s IS NULL THEN ''it has no id'' %6$s
        WHEN EXISTS (SELECT FROM stepwise.removed_learners AS r WHERE r.id_sha256
          = sha256(convert_to(learning.fixed_uuid(%2$L, %3$s)::TEXT, ''UTF8'')))
        THEN ''an operator removed this person'' END AS fault
    FROM %7$s AS t %8$s',
    'old_' || p_table, p_table, v_number, v_columns,
    CASE WHEN v_unknown IS NULL THEN 'NULL::JSONB' ELSE format('(SELECT jsonb_object_agg(e.name, e.value)
      FROM (VALUES %s) AS e (name, value) WHERE e.value IS NOT NULL)', v_unknown) END,
    CASE WHEN NOT v_is_unique THEN format('WHEN row_number() OVER (PARTITION BY %s) > 1'
      ' THEN ''another row has this id''', v_number) ELSE '' END,
    p_relation,
    CASE WHEN p_table <> 'concept_mastery' THEN format('WHERE NOT EXISTS (SELECT FROM learning.%1$I AS l'
      ' WHERE l.id = learning.fixed_uuid(%1$L, %2$s))', p_table, v_number) ELSE '' END);
END
$$;

-- An empty view in place of a table that this database does not have.
CREATE OR REPLACE FUNCTION pg_temp.create_empty_view(p_table TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DROP VIEW IF EXISTS pg_temp.%I', 'old_' || p_table);
  EXECUTE format('CREATE TEMPORARY VIEW %I AS SELECT NULL::BIGINT AS former_id, NULL::UUID AS id, %s,'
    ' NULL::JSONB AS extra, NULL::TEXT AS fault WHERE FALSE', 'old_' || p_table, (
    SELECT string_agg(format('NULL::TEXT AS %I', live.column_name), ', ')
    FROM pg_temp.live_columns() AS live
    WHERE live.table_name = p_table AND live.column_name <> 'id'));
END
$$;

-- Report the rows of pg_temp.read_rows that stay where they are, and those that were repaired.
CREATE OR REPLACE FUNCTION pg_temp.report_rows(p_table TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v RECORD;
BEGIN
  FOR v IN SELECT is_fault, what, count(*) AS rows,
      string_agg(former_id::TEXT, ', ' ORDER BY former_id) FILTER (WHERE place <= 20) AS ids
    FROM (SELECT *, row_number() OVER (PARTITION BY is_fault, what ORDER BY former_id) AS place
      FROM (SELECT former_id, TRUE AS is_fault, fault AS what FROM pg_temp.read_rows WHERE fault IS NOT NULL
        UNION ALL SELECT former_id, FALSE, unnest(repairs) FROM pg_temp.read_rows WHERE fault IS NULL
      ) AS outcomes) AS numbered
    GROUP BY is_fault, what ORDER BY is_fault DESC, what
  LOOP
    RAISE NOTICE 'learning.%: %; rows %: % (id %)', p_table, v.what,
      CASE WHEN v.is_fault THEN 'not adopted' ELSE 'repaired' END, v.rows,
      coalesce(v.ids, 'unknown') || CASE WHEN v.rows > 20 THEN format(' and %s more', v.rows - 20) ELSE '' END
      USING ERRCODE = 'SW001';
  END LOOP;
END
$$;
