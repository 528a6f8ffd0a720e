-- Functions that create a view of each legacy table, with the same columns and types in every
-- database; a missing column reads as null. The views are temporary: a transaction that opens them
-- calls close_sources() before it ends. The lists in double braces are generated from
-- lib/legacy/session_fields.py.

-- Drop functions by the names that earlier versions gave them.
DROP FUNCTION IF EXISTS legacy.believing(TEXT, TEXT), legacy.reading(REGCLASS, TEXT, TEXT),
  legacy.not_reading(REGCLASS, TEXT, TEXT), legacy.open_mended(TEXT, TEXT), legacy.secret_look();

-- Return the type of a column; null if the column does not exist.
CREATE OR REPLACE FUNCTION legacy.type_of(p_table REGCLASS, p_column TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN typcategory = 'A' THEN 'array' ELSE typname END
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE attrelid = p_table AND attname = p_column AND attnum > 0 AND NOT attisdropped
$$;

-- Return the SQL condition that a time is plausible. The bounds are written out, because calling a
-- function for each row costs time.
CREATE OR REPLACE FUNCTION legacy.plausibility_condition(p_column TEXT, p_type TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE p_type
    WHEN 'timestamp' THEN format('%I BETWEEN %L::timestamp AND %L::timestamp', p_column,
      legacy.earliest_moment() AT TIME ZONE 'UTC', latest AT TIME ZONE 'UTC')
    ELSE format('%s BETWEEN %L::timestamptz AND %L::timestamptz',
      CASE p_type WHEN 'timestamptz' THEN quote_ident(p_column)
                  ELSE format('legacy.to_moment(%I::text)', p_column) END,
      legacy.earliest_moment(), latest) END
  FROM (SELECT CASE p_column WHEN 'expires_at' THEN legacy.latest_expiry()
                             ELSE legacy.latest_moment() END AS latest) AS bound
$$;

-- Return the SQL expression that reads one column as the given type.
CREATE OR REPLACE FUNCTION legacy.read_expression(p_table REGCLASS, p_column TEXT, p_type TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN actual IS NULL THEN format('NULL::%s', p_type)
    WHEN p_type = 'timestamptz' THEN format('CASE WHEN %s THEN %s END',
      legacy.plausibility_condition(p_column, actual), CASE actual
        WHEN 'timestamp' THEN format('%I AT TIME ZONE ''UTC''', p_column)
        WHEN 'timestamptz' THEN quote_ident(p_column)
        ELSE format('legacy.to_moment(%I::text)', p_column) END)
    WHEN p_type = 'jsonb' THEN format(CASE actual
        WHEN 'jsonb' THEN '%I' WHEN 'json' THEN 'legacy.to_jsonb(%I)' WHEN 'array' THEN 'to_jsonb(%I)'
        ELSE 'to_jsonb(%I::text)' END, p_column)
    WHEN p_type = 'text' AND actual = 'jsonb' THEN format('%I #>> ''{}''', p_column)
    WHEN p_type = 'text' AND actual = 'json' THEN format('legacy.to_jsonb(%I) #>> ''{}''', p_column)
    WHEN p_type = 'boolean' AND actual <> 'bool' THEN
      format('legacy.to_boolean(%I::text)', p_column)
    WHEN p_type = 'integer' AND actual NOT IN ('int2', 'int4') THEN
      format('legacy.to_integer(%I::text)', p_column)
    WHEN p_type = 'numeric' AND actual <> 'numeric' THEN
      format('legacy.to_number(%I::text)', p_column)
    ELSE format('%I::%s', p_column, p_type)
  END
  FROM (SELECT legacy.type_of(p_table, p_column) AS actual) AS columns
$$;

-- Return the SQL condition that a column holds a value that cannot be read as the given type; null
-- if that cannot happen.
CREATE OR REPLACE FUNCTION legacy.unreadable_condition(p_table REGCLASS, p_column TEXT, p_type TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN p_type = 'timestamptz' AND actual IN ('timestamp', 'timestamptz') THEN
      'NOT ' || legacy.plausibility_condition(p_column, actual)
    WHEN p_type IN ('text', 'jsonb') OR p_type = 'boolean' AND actual = 'bool'
      OR p_type = 'integer' AND actual IN ('int2', 'int4')
      OR p_type = 'numeric' AND actual IN ('numeric', 'int2', 'int4', 'int8', 'float4', 'float8')
      THEN NULL
    ELSE format('btrim(%I::text) <> '''' AND (%s) IS NULL', p_column,
      legacy.read_expression(p_table, p_column, p_type))
  END
  FROM (SELECT legacy.type_of(p_table, p_column) AS actual) AS columns
  WHERE actual IS NOT NULL
$$;

-- Return the column of a legacy table that holds the values of p_column, whatever its spelling; p_own,
-- the usual name of the column in this table, if there is none.
CREATE OR REPLACE FUNCTION legacy.column_of(p_table REGCLASS, p_column TEXT, p_own TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT coalesce(public.older_column(p_table, p_own), public.older_column(p_table, p_column),
    CASE p_column WHEN 'account_sid' THEN public.older_column(p_table, 'twilio_account_sid') END,
    p_own)
$$;

-- Return the SQL expression of a JSON object with the values of all columns that are not in
-- p_columns; null if there is no such column. A null value has no member.
CREATE OR REPLACE FUNCTION legacy.unknown_expression(p_table REGCLASS, p_columns TEXT[])
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('CASE WHEN %1$I IS NULL THEN ''{}'' '
    'ELSE jsonb_build_object(%1$L, %2$s) END', attname, format(
      CASE legacy.type_of(p_table, attname) WHEN 'json' THEN 'legacy.to_jsonb(%I)'
        ELSE 'to_jsonb(%I)' END, attname)), ' || ' ORDER BY attnum)
  FROM pg_attribute
  WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped AND attname <> ALL (p_columns)
$$;

-- Create pg_temp.<p_view>_typed: all columns that any of the legacy tables may have, each in its
-- type but otherwise as stored. `unread` holds, by column, what could not be read in that type;
-- `unknown` holds the values of all other columns.
CREATE OR REPLACE FUNCTION legacy.open_typed(p_table TEXT, p_view TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_table REGCLASS := to_regclass('public.' || quote_ident(p_table));
  v_columns TEXT;
  v_unread TEXT;
  v_any_unread TEXT;
  v_actual TEXT[];
BEGIN
  SELECT string_agg(format('%s AS %I', legacy.read_expression(v_table, actual, type), name), ', ')
      FILTER (WHERE name <> 'completion_rate'),
      string_agg(format('%L, CASE WHEN %s THEN %I::text END', own, unreadable, actual), ', ')
      FILTER (WHERE unreadable IS NOT NULL),
      string_agg('(' || unreadable || ')', ' OR '),
      array_agg(actual)
    INTO v_columns, v_unread, v_any_unread, v_actual
    FROM (
      SELECT name, 'text' AS type FROM unnest(ARRAY[
        'session_token', 'student_email', 'student_name', 'account_sid', 'github_username',
        'openai_api_key', {{all_texts: '$column'}}]) AS name
      UNION ALL SELECT name, 'timestamptz' FROM unnest(ARRAY[
        'expires_at', 'updated_at', {{times: '$column'}}]) AS name
      UNION ALL SELECT name, 'jsonb' FROM unnest(ARRAY[{{json: '$column'}}]) AS name
      UNION ALL SELECT name, 'integer' FROM unnest(ARRAY[{{counters: '$column'}}]) AS name
      UNION ALL SELECT name, 'boolean' FROM unnest(ARRAY[{{booleans: '$column'}}]) AS name
      -- Recomputed from steps and flags, but reported if it is not a number.
      UNION ALL SELECT 'completion_rate', 'numeric'
    ) AS expected,
    LATERAL (SELECT legacy.own_name(p_table, name) AS own) AS named,
    LATERAL (SELECT legacy.column_of(v_table, name, own) AS actual) AS present,
    LATERAL (SELECT legacy.unreadable_condition(v_table, actual, type) AS unreadable) AS checked;
  EXECUTE format(
    'CREATE TEMP VIEW %I AS SELECT %s, %s AS unread, nullif(%s, ''{}'') AS unknown, %s AS place FROM %s',
    p_view || '_typed', v_columns, CASE WHEN v_unread IS NULL THEN 'NULL::jsonb' ELSE format(
      'CASE WHEN %s THEN jsonb_strip_nulls(jsonb_build_object(%s)) END', v_any_unread, v_unread) END,
    coalesce(legacy.unknown_expression(v_table, v_actual), 'NULL::jsonb'),
    CASE WHEN (SELECT relkind FROM pg_class WHERE oid = v_table) IN ('r', 'p', 'm') THEN 'ctid'
         ELSE 'NULL::tid' END,  -- rows of a view have no place
    coalesce(v_table::text, '(SELECT WHERE FALSE) AS absent'));
END $$;

-- Create pg_temp.<p_view>: the rows of pg_temp.<p_from>, repaired. JSON has the expected kind or
-- is null. `raw` holds what is not JSON of that kind, what could not be read, the values of unknown
-- columns, and, if the row has no e-mail address, its account and the text in its e-mail column,
-- unless that is a placeholder.
CREATE OR REPLACE FUNCTION legacy.open_repaired(p_from TEXT, p_view TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($view$
    CREATE TEMP VIEW %I AS
    SELECT t.origin, t.place,
      legacy.token_of(t.session_token) AS session_token, parsed.email,
      nullif(btrim(t.student_name, E' \t\r\n'), '') AS student_name,
      nullif(btrim(t.account_sid, E' \t\r\n'), '') AS account_sid,
      legacy.trimmed(t.github_username) AS github_username,
      coalesce(greatest(t.last_activity, t.updated_at),
               greatest(t.created_at, t.started_at)) AS moment,
      t.expires_at, t.updated_at,
      {{times: t.$column}},
      {{counters: greatest(t.$column, 0) AS $column;
        current_step: CASE WHEN t.current_step IS NOT NULL
          THEN least(greatest(t.current_step, 0), 9) END AS current_step}},
      legacy.trimmed(t.openai_api_key) AS openai_api_key,
      {{all_texts: t.$column}},
      {{json: parsed.$column}},
      CASE WHEN t.unread IS NOT NULL OR t.unknown IS NOT NULL OR parsed.email IS NULL
             OR {{json OR: parsed.$column IS NULL AND t.$column IS NOT NULL}}
      THEN nullif(jsonb_strip_nulls(jsonb_build_object(
        {{json: '$column', CASE WHEN parsed.$column IS NULL THEN t.$column END}},
        CASE t.origin WHEN 'workshop_sessions' THEN 'student_id' ELSE 'student_email' END,
        CASE WHEN parsed.email IS NULL
               AND NOT legacy.is_placeholder(legacy.trimmed(t.student_email), t.session_token)
             THEN legacy.trimmed(t.student_email) END,
        'account_sid', CASE WHEN parsed.email IS NULL THEN nullif(btrim(t.account_sid), '') END))
        || coalesce(t.unread, '{}') || coalesce(t.unknown, '{}'), '{}')
      END AS raw,
      {{booleans: t.$column}}
    FROM pg_temp.%I AS t, LATERAL (
      SELECT {{arrays: legacy.of_kind(t.$column, 'array') AS $column}},
        {{objects: legacy.of_kind(t.$column, 'object') AS $column}},
        legacy.email_of(t.student_email, t.session_token) AS email
      OFFSET 0  -- so that each expression is computed once
    ) AS parsed
  $view$, p_view, p_from);
END $$;

-- pg_temp.all_rows holds every row as stored; pg_temp.batch_rows holds those of one batch, copied
-- so that a batch reads the legacy tables once. repaired_rows and repaired_batch hold the
-- same rows after repair.
CREATE OR REPLACE FUNCTION legacy.open_sources() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  PERFORM legacy.open_typed('workshop_students', 'student'),
    legacy.open_typed('student_configs', 'config'),
    legacy.open_typed('workshop_sessions', 'login');
  CREATE TEMP VIEW all_rows AS
    SELECT 'workshop_students' AS origin, * FROM pg_temp.student_typed
    UNION ALL SELECT 'student_configs', * FROM pg_temp.config_typed
    UNION ALL SELECT 'workshop_sessions', * FROM pg_temp.login_typed;
  -- Without compression of long values: it takes CPU time, and disk space is cheap.
  CREATE TEMP TABLE batch_rows WITH (toast_tuple_target = 8160)
    ON COMMIT DROP AS SELECT * FROM pg_temp.all_rows WITH NO DATA;
  PERFORM legacy.open_repaired('all_rows', 'repaired_rows'),
    legacy.open_repaired('batch_rows', 'repaired_batch');
END $$;

-- A pooled connection keeps temporary views, so the transaction drops them, with legacy_sessions of
-- stage.sql.
CREATE OR REPLACE FUNCTION legacy.close_sources() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_temp.legacy_sessions') IS NOT NULL THEN
    DROP VIEW pg_temp.legacy_sessions;
  END IF;
  DROP VIEW pg_temp.repaired_rows, pg_temp.repaired_batch, pg_temp.all_rows,
    pg_temp.student_typed, pg_temp.config_typed, pg_temp.login_typed;
END $$;
