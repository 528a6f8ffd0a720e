-- Queries of lib/operations/store.py. The names in `{braces}` come from fixed lists and are quoted by
-- the driver.

-- inspect_schema --
-- Return the revision of the schema, the scripts that have made it, the last of them at the end, our
-- tables that are missing, whether public.students is a view for an older version, and the
-- schemas that the search_path of a new connection lacks. The path is read from the settings, because pooled
-- connections keep the one that they began with. The catalog is read instead of to_regclass(), which
-- fails for a role that may not use a schema.
-- The two tables of bookkeeping may be absent, or closed to this role, so ts_stat() reads them: it plans
-- its query only when it is called. It returns what the query's tsvector contains.
WITH bookkeeping AS MATERIALIZED (
  SELECT c.relname::text AS table_name,
    NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
      OR row_security_active(c.oid) AS hidden,
    CASE c.relname
      WHEN 'schema_version' THEN
        'SELECT array_to_tsvector(array_agg(version_num::text)) FROM stepwise.schema_version'
      WHEN 'script_runs' THEN
        'SELECT array_to_tsvector(array_agg(
          to_char(ran_at AT TIME ZONE ''UTC'', ''YYYYMMDDHH24MISSUS'') || '' '' || scripts))
        FROM stepwise.script_runs'
    END AS content
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'stepwise' AND c.relname IN ('schema_version', 'script_runs')
)
SELECT
  (
    SELECT string_agg(word, ' ' ORDER BY word) FROM bookkeeping, ts_stat(content)
    WHERE table_name = 'schema_version' AND NOT hidden
  ) AS revision,
  ARRAY(
    SELECT split_part(word, ' ', 2) FROM bookkeeping, ts_stat(content)
    WHERE table_name = 'script_runs' AND NOT hidden
    ORDER BY word
  ) AS script_runs,
  EXISTS (SELECT FROM bookkeeping WHERE table_name = 'script_runs' AND hidden) AS script_runs_hidden,
  ARRAY(
    SELECT expected.name
    FROM unnest(%(tables)s::text[]) WITH ORDINALITY AS expected (name, place)
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = split_part(expected.name, '.', 1)
        AND c.relname = split_part(expected.name, '.', 2) AND c.relkind IN ('r', 'p')
        -- The assessment's older table of this name has the column id instead.
        AND (expected.name <> 'public.students' OR EXISTS (
          SELECT FROM pg_catalog.pg_attribute
          WHERE attrelid = c.oid AND attname = 'student_id' AND NOT attisdropped)))
    ORDER BY expected.place
  ) AS absent_tables,
  EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = c.oid
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass
    JOIN pg_catalog.pg_class AS source ON source.oid = d.refobjid
    WHERE c.relname = 'students' AND c.relkind = 'v'
      AND c.relnamespace = 'public'::regnamespace
      AND source.relnamespace = to_regnamespace('assessment')
  ) AS students_is_view,
  ARRAY(
    SELECT n.nspname::text
    FROM unnest(%(schemas)s::text[]) WITH ORDINALITY AS ours (name, place)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = ours.name
    WHERE ours.name <> ALL (
      SELECT btrim(element, ' "') FROM unnest(string_to_array(path.setting, ',')) AS element)
    ORDER BY ours.place
  ) AS schemas_off_path
FROM (
  SELECT coalesce((
    SELECT substr(setting, length('search_path=') + 1)
    FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS setting
    WHERE setting ^@ 'search_path='
      AND s.setdatabase IN (0, (
        SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
      AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
    ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1
  ), '"$user", public') AS setting
) AS path;

-- try_lock_schema --
-- Try to take the lock of schema changes until the transaction ends; return whether it was free. The
-- transaction waits at most 5 s for a table, so that nobody waits long behind it.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.workshop.creation', 0)),
  set_config('lock_timeout', '5s', true);

-- existing_tables --
-- Return the tables of the workshop that exist, and the number of their rows.
SELECT table_name, row_count FROM pg_temp.workshop_tables();

-- context_tables --
-- Tables of the other contexts, with their schema.
SELECT schemaname || '.' || tablename AS name FROM pg_catalog.pg_tables
WHERE schemaname IN ('assessment', 'learning');

-- set_aside --
-- Rename the tables of the workshop; none is dropped.
SELECT table_name, new_name FROM pg_temp.set_aside_workshop_tables(%(stamp)s);

-- next_keys --
-- Keys that are not sealed with the current encryption key, in the order of their tokens.
SELECT session_token AS row_id, openai_api_key AS key FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_keys --
-- Stores them under the current encryption key. Without a new value of updated_at, a trigger would set
-- it to now.
UPDATE public.sessions AS s
SET openai_api_key = k.sealed, updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- restore_times_of_keys --
-- Sets updated_at back to the microsecond, because it decides whether a legacy row is newer.
UPDATE public.sessions SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE session_token = ANY (%(rows)s::text[]);

-- count_keys --
-- Number of keys under another encryption key.
SELECT count(*) FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s;

-- next_auth_tokens --
-- The same for the auth tokens of Twilio in `extra`.
SELECT session_token AS row_id, extra ->> 'twilioAuthToken' AS key FROM public.sessions
WHERE extra ? 'twilioAuthToken' AND NOT extra ->> 'twilioAuthToken' ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_auth_tokens --
-- Stores them under the current encryption key.
UPDATE public.sessions AS s
SET extra = s.extra || jsonb_build_object('twilioAuthToken', k.sealed),
  updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- count_auth_tokens --
-- Number of them under another encryption key.
SELECT count(*) FROM public.sessions
WHERE extra ? 'twilioAuthToken' AND NOT extra ->> 'twilioAuthToken' ^@ %(prefix)s;

-- next_accounts --
-- The same for the Twilio accounts of students, in the order of their ids.
SELECT student_id::text AS row_id, twilio_account_sid AS key FROM public.students
WHERE twilio_account_sid <> '' AND NOT twilio_account_sid ^@ %(prefix)s
  AND student_id > %(after)s::uuid
ORDER BY student_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_accounts --
-- Stores them under the current encryption key.
UPDATE public.students AS st
SET twilio_account_sid = k.sealed, updated_at = st.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(rows)s::uuid[], %(keys)s::text[]) AS k (student_id, sealed)
WHERE st.student_id = k.student_id;

-- restore_times_of_accounts --
-- Sets updated_at back, because it decides whether a legacy row has a newer name.
UPDATE public.students SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE student_id = ANY (%(rows)s::uuid[]);

-- count_accounts --
-- Number of accounts under another encryption key, or in plain text.
SELECT count(*) FROM public.students
WHERE twilio_account_sid <> '' AND NOT twilio_account_sid ^@ %(prefix)s;

-- next_kept --
-- Values that the migration kept and that hold texts sealed with another key, in the order of their
-- tokens.
SELECT session_token, exercises -> '_legacy' AS kept FROM public.sessions
WHERE exercises ? '_legacy' AND session_token > %(after)s
  AND (exercises -> '_legacy')::text ~ %(pattern)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_kept --
-- Stores them with their texts under the current encryption key.
UPDATE public.sessions AS s SET exercises = jsonb_set(s.exercises, '{_legacy}', %(kept)s),
  updated_at = s.updated_at + INTERVAL '1 microsecond'
WHERE s.session_token = %(session_token)s;

-- count_kept --
-- Number of those texts.
SELECT count(*) FROM public.sessions,
  regexp_matches((exercises -> '_legacy')::text, %(pattern)s, 'g')
WHERE exercises ? '_legacy';

-- read_snapshot --
-- Let the transaction read every table as of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- set_limits --
-- Set the time zone and the time limit of the transaction, and make a query fail if row-level security
-- would hide rows from it.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '25s', true),
  set_config('row_security', 'off', true);

-- list_tables --
-- Return every table and view with what tells whether it is ours, and whether all its rows can be read.
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, c.relkind::text AS kind,
  ARRAY(
    SELECT attname::text FROM pg_catalog.pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
  ) AS columns,
  ARRAY(
    SELECT DISTINCT parent_schema.nspname || '.' || parent.relname
    FROM pg_catalog.pg_constraint AS f
    JOIN pg_catalog.pg_class AS parent ON parent.oid = f.confrelid
    JOIN pg_catalog.pg_namespace AS parent_schema ON parent_schema.oid = parent.relnamespace
    WHERE f.conrelid = c.oid AND f.contype = 'f'
  ) AS parents,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
  row_security_active(c.oid) AS partly_hidden
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2;

-- describe_table --
-- Return the columns of a table, with what it takes to create the table again. Only values of plain
-- types are the same after they have been JSON: those of json may hold what jsonb refuses, and those of
-- arrays, domains, enumerations and rows depend on types that another database may lack.
SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type, a.atttypmod AS typmod,
  a.attnotnull AS required,
  a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) ^@ 'nextval(', false) AS counter,
  coalesce(array_position(k.conkey, a.attnum), 0) AS key,
  a.atttypid = 'json'::regtype OR y.typtype <> 'b' OR y.typcategory = 'A'
    OR y.typnamespace <> 'pg_catalog'::regnamespace AS as_text
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef AS d
  ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = a.attrelid AND k.contype = 'p'
WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- count_rows --
-- Count the rows of a table.
SELECT count(*) FROM {table};

-- select_rows --
-- Return each row as JSON without its secrets, then the secrets, then what identifies the row.
SELECT row_to_json(r)::text, ARRAY[{secrets}]::text[], {token}::text
FROM {table} AS t CROSS JOIN LATERAL (SELECT {columns}) AS r;

-- record_backup --
-- Record a backup that was written.
INSERT INTO legacy.backups (name, location, rows, bytes, sha256)
VALUES (%(name)s, %(location)s, %(rows)s, %(bytes)s, %(sha256)s);

-- create_lines --
-- Create the table that receives the rows of a backup as JSON.
CREATE TEMP TABLE lines (line JSON) ON COMMIT DROP;

-- create_table --
-- Create a table as the backup describes it.
SELECT pg_temp.create_table(%(schema)s, %(table)s, %(columns)s);

-- prepare_table --
-- Lock a table and add the columns that only the backup has; return their names, null if it has rows.
SELECT pg_temp.prepare_table(%(schema)s, %(table)s, %(columns)s);

-- copy_lines --
-- Receive the rows of a backup.
COPY pg_temp.lines (line) FROM STDIN;

-- insert_lines --
-- Move the received rows into their table; return their number.
SELECT pg_temp.insert_lines(
  %(schema)s, %(table)s, %(columns)s::text[], %(texts)s::text[]
);

-- advance_sequences --
-- Let the sequences of a table's columns continue after the greatest restored number.
SELECT pg_temp.advance_sequences(%(schema)s, %(table)s);

-- remove_again --
-- Remove the people whom an operator removed after the backup was written; return their number.
SELECT public.remove_again();

-- has_removals_of_tests --
-- Return whether the assessment records removals.
SELECT to_regprocedure('assessment.remove_again()') IS NOT NULL;

-- remove_tests_again --
-- The same for the assessment.
SELECT assessment.remove_again();
