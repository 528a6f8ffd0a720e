-- The three legacy tables as views of one shape, whatever columns and types a database has: what
-- is absent reads as null. The views are temporary and belong to one transaction, which ends with
-- close_sources().

-- The type that a column has; null where there is no such column.
CREATE OR REPLACE FUNCTION legacy.type_of(p_table REGCLASS, p_column TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN typcategory = 'A' THEN 'array' ELSE typname END
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE attrelid = p_table AND attname = p_column AND attnum > 0 AND NOT attisdropped
$$;

-- The SQL condition that a time can be true. The bounds are written out: functions cost in each row.
CREATE OR REPLACE FUNCTION legacy.believing(p_column TEXT, p_type TEXT)
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

-- The SQL that reads one column as the type wanted.
CREATE OR REPLACE FUNCTION legacy.reading(p_table REGCLASS, p_column TEXT, p_type TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN found IS NULL THEN format('NULL::%s', p_type)
    WHEN p_type = 'timestamptz' THEN format('CASE WHEN %s THEN %s END',
      legacy.believing(p_column, found), CASE found
        WHEN 'timestamp' THEN format('%I AT TIME ZONE ''UTC''', p_column)
        WHEN 'timestamptz' THEN quote_ident(p_column)
        ELSE format('legacy.to_moment(%I::text)', p_column) END)
    WHEN p_type = 'jsonb' THEN format(CASE found
        WHEN 'jsonb' THEN '%I' WHEN 'json' THEN 'legacy.to_jsonb(%I)' WHEN 'array' THEN 'to_jsonb(%I)'
        ELSE 'to_jsonb(%I::text)' END, p_column)
    WHEN p_type = 'text' AND found = 'jsonb' THEN format('%I #>> ''{}''', p_column)
    WHEN p_type = 'text' AND found = 'json' THEN format('legacy.to_jsonb(%I) #>> ''{}''', p_column)
    WHEN p_type = 'boolean' AND found <> 'bool' THEN
      format('legacy.to_boolean(%I::text)', p_column)
    WHEN p_type = 'integer' AND found NOT IN ('int2', 'int4') THEN
      format('legacy.to_integer(%I::text)', p_column)
    WHEN p_type = 'numeric' AND found <> 'numeric' THEN
      format('legacy.to_number(%I::text)', p_column)
    ELSE format('%I::%s', p_column, p_type)
  END
  FROM (SELECT legacy.type_of(p_table, p_column) AS found) AS columns
$$;

-- The SQL condition that a column says something which cannot be read as the type wanted; null where
-- that cannot happen.
CREATE OR REPLACE FUNCTION legacy.not_reading(p_table REGCLASS, p_column TEXT, p_type TEXT)
RETURNS TEXT LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN p_type = 'timestamptz' AND found IN ('timestamp', 'timestamptz') THEN
      'NOT ' || legacy.believing(p_column, found)
    WHEN p_type IN ('text', 'jsonb') OR p_type = 'boolean' AND found = 'bool'
      OR p_type = 'integer' AND found IN ('int2', 'int4')
      OR p_type = 'numeric' AND found IN ('numeric', 'int2', 'int4', 'int8', 'float4', 'float8')
      THEN NULL
    ELSE format('btrim(%I::text) <> '''' AND (%s) IS NULL', p_column,
      legacy.reading(p_table, p_column, p_type))
  END
  FROM (SELECT legacy.type_of(p_table, p_column) AS found) AS columns
  WHERE found IS NOT NULL
$$;

-- pg_temp.<p_view>_typed: every column that any of the tables has, in its type, else untouched;
-- `unread`: by column, what could not be read in that type.
CREATE OR REPLACE FUNCTION legacy.open_typed(p_table TEXT, p_view TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_table REGCLASS := to_regclass('public.' || quote_ident(p_table));
  v_columns TEXT;
  v_unread TEXT;
  v_any_unread TEXT;
BEGIN
  SELECT string_agg(format('%s AS %I', legacy.reading(v_table, own, type), name), ', ')
      FILTER (WHERE name <> 'completion_rate'),
      string_agg(format('%L, CASE WHEN %s THEN %I::text END', own, wrong, own), ', ')
      FILTER (WHERE wrong IS NOT NULL),
      string_agg('(' || wrong || ')', ' OR ')
    INTO v_columns, v_unread, v_any_unread
    FROM (
      SELECT name, 'text' AS type FROM unnest(ARRAY[
        'session_token', 'student_email', 'student_name', 'account_sid', 'ci_service_sid',
        'use_case_description', 'call_direction', 'selected_phone_number', 'tts_provider',
        'selected_voice', 'openai_api_key', 'system_prompt', 'ivr_greeting', 'websocket_url',
        'codespace_url', 'github_repo_url', 'railway_url']) AS name
      UNION ALL SELECT name, 'timestamptz' FROM unnest(ARRAY[
        'started_at', 'last_activity', 'expires_at', 'created_at', 'updated_at']) AS name
      UNION ALL SELECT name, 'jsonb' FROM unnest(ARRAY[
        'exercises', 'tools', 'voice_settings', 'bug_reports']) AS name
      UNION ALL SELECT name, 'integer' FROM unnest(ARRAY[
        'total_time_spent', 'current_step']) AS name
      UNION ALL SELECT name, 'boolean' FROM unnest(ARRAY[
        'repo_created', 'demo_mode', 'twilio_connected', 'openai_connected',
        'call_direction_chosen', 'services_ready', 'step4_code_validated', 'step4_committed',
        'step4_deployed', 'step5_code_validated', 'step5_committed', 'step5_deployed',
        'step6_code_validated', 'step6_committed', 'step6_deployed', 'system_prompt_saved',
        'step7_committed', 'step7_deployed', 'tools_configured', 'step8_code_validated',
        'step8_committed', 'step8_deployed', 'project_deployed']) AS name
      UNION ALL SELECT 'completion_rate', 'numeric'  -- computed anew, but told if it is no number
    ) AS wanted,
    LATERAL (SELECT legacy.own_name(p_table, name) AS own) AS named,
    LATERAL (SELECT legacy.not_reading(v_table, own, type) AS wrong) AS judged;
  EXECUTE format('CREATE TEMP VIEW %I AS SELECT %s, %s AS unread, %s AS place FROM %s',
    p_view || '_typed', v_columns, CASE WHEN v_unread IS NULL THEN 'NULL::jsonb' ELSE format(
      'CASE WHEN %s THEN jsonb_strip_nulls(jsonb_build_object(%s)) END', v_any_unread, v_unread) END,
    CASE WHEN v_table IS NULL THEN 'NULL::tid' ELSE 'ctid' END,
    coalesce(v_table::text, '(SELECT WHERE FALSE) AS absent'));
END $$;

-- pg_temp.<p_view>: the rows of pg_temp.<p_from>, mended. JSON is of its kind or null; `raw` holds
-- what was no such JSON, what could not be read, and what stood where an e-mail belongs, with the
-- account that then has no person.
CREATE OR REPLACE FUNCTION legacy.open_mended(p_from TEXT, p_view TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($view$
    CREATE TEMP VIEW %I AS
    SELECT t.origin, t.place,
      legacy.token_of(t.session_token) AS session_token, read.email,
      nullif(btrim(t.student_name, E' \t\r\n'), '') AS student_name,
      nullif(btrim(t.account_sid, E' \t\r\n'), '') AS account_sid,
      coalesce(greatest(t.last_activity, t.updated_at),
               greatest(t.created_at, t.started_at)) AS moment,
      t.started_at, t.last_activity, t.expires_at, t.created_at, t.updated_at,
      greatest(t.total_time_spent, 0) AS total_time_spent,
      CASE WHEN t.current_step IS NOT NULL THEN least(greatest(t.current_step, 0), 9) END
        AS current_step,
      t.demo_mode, t.use_case_description, t.call_direction, t.selected_phone_number,
      t.tts_provider, t.selected_voice,
      legacy.trimmed(t.openai_api_key) AS openai_api_key,
      t.system_prompt, t.ivr_greeting, t.websocket_url, t.codespace_url, t.github_repo_url,
      t.railway_url, t.ci_service_sid, read.exercises, read.tools, read.voice_settings,
      read.bug_reports,
      CASE WHEN t.unread IS NOT NULL OR read.email IS NULL
             OR read.exercises IS NULL AND t.exercises IS NOT NULL
             OR read.tools IS NULL AND t.tools IS NOT NULL
             OR read.voice_settings IS NULL AND t.voice_settings IS NOT NULL
             OR read.bug_reports IS NULL AND t.bug_reports IS NOT NULL
      THEN nullif(jsonb_strip_nulls(jsonb_build_object(
        'exercises', CASE WHEN read.exercises IS NULL THEN t.exercises END,
        'tools', CASE WHEN read.tools IS NULL THEN t.tools END,
        'voice_settings', CASE WHEN read.voice_settings IS NULL THEN t.voice_settings END,
        'bug_reports', CASE WHEN read.bug_reports IS NULL THEN t.bug_reports END,
        CASE t.origin WHEN 'workshop_sessions' THEN 'student_id' ELSE 'student_email' END,
        CASE WHEN read.email IS NULL
               AND NOT legacy.is_placeholder(legacy.trimmed(t.student_email), t.session_token)
             THEN legacy.trimmed(t.student_email) END,
        'account_sid', CASE WHEN read.email IS NULL THEN nullif(btrim(t.account_sid), '') END))
        || coalesce(t.unread, '{}'), '{}')
      END AS raw,
      t.repo_created, t.twilio_connected, t.openai_connected, t.call_direction_chosen,
      t.services_ready, t.step4_code_validated, t.step4_committed, t.step4_deployed,
      t.step5_code_validated, t.step5_committed, t.step5_deployed, t.step6_code_validated,
      t.step6_committed, t.step6_deployed, t.system_prompt_saved, t.step7_committed,
      t.step7_deployed, t.tools_configured, t.step8_code_validated, t.step8_committed,
      t.step8_deployed, t.project_deployed
    FROM pg_temp.%I AS t, LATERAL (
      SELECT legacy.of_kind(t.exercises, 'object') AS exercises,
        legacy.of_kind(t.tools, 'array') AS tools,
        legacy.of_kind(t.voice_settings, 'object') AS voice_settings,
        legacy.of_kind(t.bug_reports, 'array') AS bug_reports,
        legacy.email_of(t.student_email, t.session_token, t.origin = 'workshop_sessions') AS email
      OFFSET 0  -- each is computed once
    ) AS read
  $view$, p_view, p_from);
END $$;

-- pg_temp.all_rows and pg_temp.batch_rows have one shape: every row as it stands, and those of a
-- batch, copied so that the legacy tables are read once for it. legacy_rows and mended_batch are
-- the same, mended.
CREATE OR REPLACE FUNCTION legacy.open_sources() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  PERFORM legacy.open_typed('workshop_students', 'student'),
    legacy.open_typed('student_configs', 'config'),
    legacy.open_typed('workshop_sessions', 'login');
  CREATE TEMP VIEW all_rows AS
    SELECT 'workshop_students' AS origin, * FROM pg_temp.student_typed
    UNION ALL SELECT 'student_configs', * FROM pg_temp.config_typed
    UNION ALL SELECT 'workshop_sessions', * FROM pg_temp.login_typed;
  CREATE TEMP TABLE batch_rows WITH (toast_tuple_target = 8160)  -- compressing costs, disk does not
    ON COMMIT DROP AS SELECT * FROM pg_temp.all_rows WITH NO DATA;
  PERFORM legacy.open_mended('all_rows', 'legacy_rows'),
    legacy.open_mended('batch_rows', 'mended_batch');
END $$;

-- A pooled connection keeps temporary views, so the transaction takes its own away, `wanted` of
-- stage.sql too.
CREATE OR REPLACE FUNCTION legacy.close_sources() RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_temp.wanted') IS NOT NULL THEN
    DROP VIEW pg_temp.wanted;
  END IF;
  DROP VIEW pg_temp.legacy_rows, pg_temp.mended_batch, pg_temp.all_rows, pg_temp.student_typed,
    pg_temp.config_typed, pg_temp.login_typed;
END $$;
