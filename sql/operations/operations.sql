-- Queries of lib/operations/store.py. The names in `{braces}` come from fixed lists and are quoted by
-- the driver.

-- inspect_schema --
-- Tables of ours that are absent, whether the workshop's students wait for a view to go, and schemas
-- that the search_path of a new connection lacks. The path is read from the settings, because pooled
-- connections keep the one that they began with. The catalog is read instead of to_regclass(), which
-- fails for a role that may not use a schema.
SELECT
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
-- Return keys that are not sealed with the current encryption key, in the order of their tokens.
SELECT session_token, openai_api_key FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s
  AND session_token > %(after)s
ORDER BY session_token LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- store_keys --
-- Store keys that were sealed with the current encryption key. Without a new value of updated_at, a
-- trigger would set it to now.
UPDATE public.sessions AS s
SET openai_api_key = k.sealed, updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM unnest(%(tokens)s::text[], %(keys)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- restore_times --
-- Undo the microsecond that store_keys added to updated_at, which decides whether a legacy row is newer.
UPDATE public.sessions SET updated_at = updated_at - INTERVAL '1 microsecond'
WHERE session_token = ANY (%(tokens)s::text[]);

-- count_keys --
-- Count the keys under another encryption key.
SELECT count(*) FROM public.sessions
WHERE openai_api_key IS NOT NULL AND NOT openai_api_key ^@ %(prefix)s;

-- read_snapshot --
-- Let the transaction read every table as of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- set_limits --
-- Set the time zone and the time limit of the transaction.
SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '25s', true);

-- describe_table --
-- Return the columns and types of a table; no rows if there is no such table.
SELECT attname AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE attrelid = to_regclass(format('public.%%I', %(table)s::text)) AND attnum > 0
  AND NOT attisdropped
ORDER BY attnum;

-- count_rows --
-- Count the rows of a table.
SELECT count(*) FROM public.{table};

-- select_rows --
-- Return each row as JSON without its API key, then the API key, then the session token.
SELECT (to_jsonb(t) - {field})::text, {key}, {token} FROM public.{table} AS t;

-- record_backup --
-- Record a backup that was written.
INSERT INTO legacy.backups (name, location, rows, bytes, sha256)
VALUES (%(name)s, %(location)s, %(rows)s, %(bytes)s, %(sha256)s);

-- prepare_table --
-- Return whether a table can receive rows of a backup: it exists and is empty, or was just created.
SELECT legacy.prepare_table(%(table)s, %(columns)s);

-- create_lines --
-- Create the table that receives the rows of a backup as JSON.
CREATE TEMP TABLE lines (line JSONB) ON COMMIT DROP;

-- copy_lines --
-- Receive the rows of a backup.
COPY pg_temp.lines (line) FROM STDIN;

-- insert_lines --
-- Move the received rows into their table; return their number.
SELECT legacy.insert_lines(%(table)s, %(columns)s::text[]);

-- advance_sequences --
-- Let sequences continue after the greatest restored id.
SELECT setval(pg_get_serial_sequence('public.step_progress', 'id'),
    greatest((SELECT max(id) FROM public.step_progress), 1)),
  setval(pg_get_serial_sequence('public.events', 'id'),
    greatest((SELECT max(id) FROM public.events), 1));

-- remove_again --
-- Remove the people whom an operator removed after the backup was written; return their number.
SELECT public.remove_again();
