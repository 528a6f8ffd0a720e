-- The move from the legacy tables: its memory (runs, findings, backups) and the functions that
-- read messy values. Runs in one execute, again and again. PostgreSQL 14 or later, no extension.

SELECT pg_advisory_xact_lock(hashtextextended('stepwise.legacy.schema', 0));
CREATE SCHEMA IF NOT EXISTS legacy;

-- 1. Memory --------------------------------------------------------------------------------------

-- One row per migration, dry or real; a large one takes several calls and goes on where it was.
CREATE TABLE IF NOT EXISTS legacy.migration_runs (
  id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT migration_runs_pkey PRIMARY KEY,
  dry_run BOOLEAN NOT NULL,
  status TEXT NOT NULL DEFAULT 'running' CONSTRAINT migration_runs_status_check CHECK (status IN (
    'running',      -- a call works on it now, or was killed: no call holds the lock then
    'paused',       -- the last call ended in time; the next goes on
    'completed')),  -- every row was read
  phase TEXT NOT NULL DEFAULT 'people' CONSTRAINT migration_runs_phase_check CHECK (phase IN (
    'people',       -- e-mails to students
    'sessions',     -- tokens to sessions and steps
    'done')),
  -- The cursor: hashtext() of e-mails or tokens below it are done, in this phase.
  next_hash BIGINT NOT NULL DEFAULT -2147483648,
  batch_hashes BIGINT NOT NULL,          -- width of the next batch, from the time the last one took
  counts JSONB NOT NULL DEFAULT '{}',    -- sums over all batches so far
  sources JSONB NOT NULL DEFAULT '{}',   -- the legacy tables as the run found them
  verified BOOLEAN,                      -- null until completed
  interruptions INTEGER NOT NULL DEFAULT 0,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  heartbeat_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  finished_at TIMESTAMPTZ
);

-- What was not taken over as it stood. No values, no e-mails: they may be private.
CREATE TABLE IF NOT EXISTS legacy.migration_findings (
  run_id BIGINT NOT NULL CONSTRAINT migration_findings_run_id_fkey
    REFERENCES legacy.migration_runs ON DELETE CASCADE,
  source TEXT NOT NULL,                  -- the legacy table
  -- First 16 hexadecimal digits of the SHA-256 of the row's token; 'ctid (0,7)' without token.
  row_key TEXT NOT NULL,
  field TEXT NOT NULL,
  outcome TEXT NOT NULL CONSTRAINT migration_findings_outcome_check CHECK (outcome IN (
    'mended',     -- taken over in a form that the unified schema can hold
    'kept raw',   -- not understood; its text stands in sessions.exercises
    'skipped')),  -- the row stays where it is, and only there
  reason TEXT NOT NULL
);
-- The report of one run.
CREATE INDEX IF NOT EXISTS migration_findings_run_id_idx ON legacy.migration_findings (run_id);

CREATE TABLE IF NOT EXISTS legacy.backups (
  name TEXT CONSTRAINT backups_pkey PRIMARY KEY,  -- 'stepwise-20250123T101500Z-1f2e3d4c.jsonl.gz'
  location TEXT NOT NULL,                -- 's3://bucket/name', or a path
  rows JSONB NOT NULL,                   -- table name to number of rows
  bytes BIGINT NOT NULL,                 -- compressed
  sha256 TEXT NOT NULL,                  -- of the uncompressed lines before the last
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- 2. Messy values ---------------------------------------------------------------------------
-- Each returns null for what it does not understand, never an error.

-- Whether a text can be read as a timestamp.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    CREATE OR REPLACE FUNCTION legacy.is_moment(p_text TEXT) RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE AS
      $f$ SELECT p_text LIKE '____-__-__%' AND pg_input_is_valid(p_text, 'timestamptz') $f$;
  ELSE
    CREATE OR REPLACE FUNCTION legacy.is_moment(p_text TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE AS $f$
    BEGIN
      IF p_text LIKE '____-__-__%' THEN
        PERFORM p_text::timestamptz;
        RETURN TRUE;
      END IF;
      RETURN FALSE;
    EXCEPTION WHEN data_exception THEN RETURN FALSE;
    END $f$;
  END IF;
END $$;

-- A text without zone means UTC: the migration sets TimeZone.
CREATE OR REPLACE FUNCTION legacy.to_moment(p_text TEXT) RETURNS TIMESTAMPTZ
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN legacy.is_moment(p_text) THEN p_text::timestamptz END
$$;

CREATE OR REPLACE FUNCTION legacy.to_number(p_text TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_text ~ '^\s*[-+]?\d{1,18}(\.\d{0,18})?\s*$' THEN p_text::numeric END
$$;

CREATE OR REPLACE FUNCTION legacy.to_integer(p_text TEXT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(legacy.to_number(p_text)) < 2147483647
              THEN round(legacy.to_number(p_text))::integer END
$$;

CREATE OR REPLACE FUNCTION legacy.to_boolean(p_text TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN lower(btrim(p_text)) IN ('true', 't', '1', 'yes', 'y', 'on') THEN TRUE
    WHEN lower(btrim(p_text)) IN ('false', 'f', '0', 'no', 'n', 'off') THEN FALSE
  END
$$;

-- Seconds, attempts: a number or the text of one, never negative.
CREATE OR REPLACE FUNCTION legacy.to_count(p_value JSONB) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN jsonb_typeof(p_value) = 'number'
      THEN least(greatest(round((p_value #>> '{}')::numeric), 0), 2147483647)::bigint
    WHEN jsonb_typeof(p_value) = 'string' AND legacy.to_number(p_value #>> '{}') IS NOT NULL
      THEN least(greatest(round(legacy.to_number(p_value #>> '{}')), 0), 2147483647)::bigint
  END
$$;

-- The JSON inside a JSON string, however deep, if it is of the kind wanted.
CREATE OR REPLACE FUNCTION legacy.unwrap(p_value JSONB, p_kind TEXT) RETURNS JSONB
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  WHILE jsonb_typeof(p_value) = 'string' LOOP
    p_value := (p_value #>> '{}')::jsonb;
  END LOOP;
  RETURN CASE WHEN jsonb_typeof(p_value) IN (p_kind, 'null') THEN p_value END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL;
END $$;

-- The value if it is, or holds, JSON of that kind; JSON's null where nothing was said.
CREATE OR REPLACE FUNCTION legacy.of_kind(p_value JSONB, p_kind TEXT) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(p_value)
    WHEN p_kind THEN p_value
    WHEN 'null' THEN p_value
    WHEN 'string' THEN legacy.unwrap(p_value, p_kind)
  END
$$;

-- 1 to 9 for 'step-1', 'step1', 'Step 1', 'exercise-1' and their like; greater numbers as they are.
-- The spellings seen most need no pattern.
CREATE OR REPLACE FUNCTION legacy.step_of(p_key TEXT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN right(p_key, 1) BETWEEN '1' AND '9'
                   AND left(p_key, -1) IN ('step-', 'step', 'Step-', 'exercise-')
    THEN ascii(right(p_key, 1)) - 48
    ELSE substring(lower(p_key) FROM '^\s*(?:step|exercise)[-_ ]?0*(\d{1,4})\s*$')::integer END
$$;

DO $$ BEGIN
  IF to_regtype('legacy.finding') IS NULL THEN
    CREATE TYPE legacy.finding AS (field TEXT, outcome TEXT, reason TEXT);
  END IF;
END $$;

-- What there is to say of a value that should be JSON of a kind; null if it is, or says nothing.
CREATE OR REPLACE FUNCTION legacy.json_finding(p_field TEXT, p_value JSONB, p_kind TEXT)
RETURNS legacy.finding LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_value IS NULL OR jsonb_typeof(p_value) IN (p_kind, 'null') THEN NULL
    WHEN legacy.of_kind(p_value, p_kind) IS NULL THEN ROW(p_field, 'kept raw',
      'not JSON of the expected kind (' || p_kind || '): kept in exercises')::legacy.finding
    ELSE ROW(p_field, 'mended', 'JSON inside a JSON string: unwrapped')::legacy.finding
  END
$$;

-- How a row is named in a report: a token is a credential and must not stand there.
CREATE OR REPLACE FUNCTION legacy.row_key(p_token TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT left(encode(sha256(convert_to(p_token, 'UTF8')), 'hex'), 16)
$$;

CREATE OR REPLACE FUNCTION legacy.is_anonymous(p_email TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT p_email ^@ 'anonymous_' $$;

-- Whether a key is encrypted, in the new format or the old; as lib/vault.py sees it.
CREATE OR REPLACE FUNCTION legacy.is_sealed(p_key TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN substr(p_key, 25, 1) = ':' AND substr(p_key, 50, 1) = ':'
    THEN p_key ~ '^[A-Za-z0-9+/]+==:[A-Za-z0-9+/]+==:[A-Za-z0-9+/]+={0,2}$'
    ELSE p_key ^@ 'v1.'
      AND p_key ~ '^v1[.][0-9a-f]{8}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22,}$' END
$$;

-- 3. Two rows of one token --------------------------------------------------------------------

-- What was said first wins over what was said later in the list; an empty text says nothing.
CREATE OR REPLACE FUNCTION legacy.prefer(p_first TEXT, p_second TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(p_first, ''), nullif(p_second, ''), p_first, p_second)
$$;

CREATE OR REPLACE FUNCTION legacy.prefer(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_first IN ('[]', '{}', 'null') THEN coalesce(nullif(p_second, 'null'), p_first)
              ELSE coalesce(p_first, p_second) END
$$;

CREATE OR REPLACE FUNCTION legacy.prefer(p_first BOOLEAN, p_second BOOLEAN) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT coalesce(p_first, p_second) $$;

-- What a stored field becomes: a newer legacy row wins where it says something, an older one fills
-- what is empty.
CREATE OR REPLACE FUNCTION legacy.renew(p_newer BOOLEAN, p_stored TEXT, p_legacy TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_newer THEN legacy.prefer(p_legacy, p_stored)
              ELSE coalesce(p_stored, p_legacy) END
$$;

CREATE OR REPLACE FUNCTION legacy.renew(p_newer BOOLEAN, p_stored JSONB, p_legacy JSONB)
RETURNS JSONB LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_newer THEN legacy.prefer(p_legacy, p_stored)
              ELSE legacy.prefer(p_stored, p_legacy) END
$$;

-- Bug reports are a log: all of them, each once.
CREATE OR REPLACE FUNCTION legacy.append_reports(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_first <@ p_second THEN p_second
    WHEN p_second <@ p_first THEN p_first
    ELSE p_first || coalesce((
      SELECT jsonb_agg(report) FROM jsonb_array_elements(p_second) AS report
      WHERE NOT p_first @> jsonb_build_array(report)), '[]')
  END
$$;

-- The same where one of them is often missing: short enough for the planner to write it in place.
CREATE OR REPLACE FUNCTION legacy.join_reports(p_first JSONB, p_second JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_first IS NULL OR p_first = 'null' THEN p_second
    WHEN p_second IS NULL OR p_second = 'null' OR p_first = p_second THEN p_first
    ELSE legacy.append_reports(p_first, p_second)
  END
$$;

-- One exercise told twice: the newer wins per field, but once completed it stays completed, and
-- time and attempts, which are counters, never fall.
CREATE OR REPLACE FUNCTION legacy.merge_exercise(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_older IS NULL OR p_older = 'null' OR p_older = p_newer THEN p_newer
    WHEN p_newer IS NULL OR p_newer = 'null' THEN p_older
    WHEN jsonb_typeof(p_newer) = 'object' AND jsonb_typeof(p_older) = 'object' THEN
      p_older
      || (SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE value <> 'null'), '{}')
          FROM jsonb_each(p_newer))
      || CASE WHEN p_older -> 'completed' = 'true' THEN '{"completed": true}'::jsonb ELSE '{}' END
      || (SELECT coalesce(jsonb_object_agg(key, p_older -> key), '{}')
          FROM (VALUES ('timeSpent'), ('attempts')) AS counter (key)
          WHERE legacy.to_count(p_older -> key) > legacy.to_count(p_newer -> key))
    WHEN jsonb_typeof(p_newer) = 'object' THEN
      p_newer || CASE WHEN p_older = 'true' THEN '{"completed": true}'::jsonb ELSE '{}' END
    WHEN jsonb_typeof(p_older) = 'object' THEN
      p_older || CASE WHEN p_newer = 'true' THEN '{"completed": true}'::jsonb ELSE '{}' END
    WHEN p_older = 'true' THEN p_older
    ELSE p_newer
  END
$$;

CREATE OR REPLACE FUNCTION legacy.merge_all_keys(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_older || p_newer || (
    SELECT coalesce(jsonb_object_agg(key, legacy.merge_exercise(p_newer -> key, value)), '{}')
    FROM jsonb_each(p_older) WHERE p_newer ? key)
$$;

-- All exercises of a session told twice; in place, as join_reports.
CREATE OR REPLACE FUNCTION legacy.merge_exercises(p_newer JSONB, p_older JSONB) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_older IS NULL OR p_older IN ('null', '{}') OR p_older = p_newer THEN p_newer
    WHEN p_newer IS NULL OR p_newer IN ('null', '{}') THEN p_older
    ELSE legacy.merge_all_keys(p_newer, p_older)
  END
$$;

-- Over the rows of one token, newest first. Aggregates cannot be replaced, so they are made once.
DO $$ BEGIN
  IF to_regprocedure('legacy.newest(text)') IS NULL THEN
    CREATE AGGREGATE legacy.newest(TEXT) (SFUNC = legacy.prefer, STYPE = TEXT);
    CREATE AGGREGATE legacy.newest(JSONB) (SFUNC = legacy.prefer, STYPE = JSONB);
    CREATE AGGREGATE legacy.newest(BOOLEAN) (SFUNC = legacy.prefer, STYPE = BOOLEAN);
    CREATE AGGREGATE legacy.all_reports(JSONB) (SFUNC = legacy.join_reports, STYPE = JSONB);
    CREATE AGGREGATE legacy.all_exercises(JSONB) (SFUNC = legacy.merge_exercises, STYPE = JSONB);
  END IF;
END $$;
