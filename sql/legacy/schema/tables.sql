-- The migration from the legacy tables: tables for its runs and findings and for backups, and
-- functions that parse untidy values; merging.sql has the functions that merge them. A single
-- execute runs the whole script, which can be repeated. It needs PostgreSQL 14 or later and no
-- extensions.

SELECT pg_advisory_xact_lock(hashtextextended('stepwise.legacy.schema', 0));
CREATE SCHEMA IF NOT EXISTS legacy;
-- A backup may be made before the unified schema exists, and some functions here call its
-- functions.
SET LOCAL check_function_bodies = off;

-- 1. Tables --------------------------------------------------------------------------------------

-- One row per migration, dry or real. A large one takes several calls, each of which continues
-- where the one before it stopped.
CREATE TABLE IF NOT EXISTS legacy.migration_runs (
  id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT migration_runs_pkey PRIMARY KEY,
  dry_run BOOLEAN NOT NULL,
  status TEXT NOT NULL DEFAULT 'running' CONSTRAINT migration_runs_status_check CHECK (status IN (
    'running',      -- a call is working on it, or was killed and no longer holds the lock
    'paused',       -- the last call ended in time; the next one continues
    'completed')),  -- every row was read
  phase TEXT NOT NULL DEFAULT 'people' CONSTRAINT migration_runs_phase_check CHECK (phase IN (
    'people',       -- from e-mails to students
    'sessions',     -- from tokens to sessions and steps
    'checking',     -- every row was read; the checks over whole tables remain
    'done')),
  -- The cursor of the phase: e-mails or tokens with a lower hashtext() are done.
  next_hash BIGINT NOT NULL DEFAULT -2147483648,
  batch_hashes BIGINT NOT NULL,          -- width of the next batch; depends on how long the last one took
  counts JSONB NOT NULL DEFAULT '{}',    -- sums over all batches
  sources JSONB NOT NULL DEFAULT '{}',   -- rows of each legacy table when last counted
  verified BOOLEAN,                      -- null until completed
  interruptions INTEGER NOT NULL DEFAULT 0,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  heartbeat_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  finished_at TIMESTAMPTZ
);

ALTER TABLE legacy.migration_runs
  -- legacy.tables_now() when the run started: a run is about these tables and no others.
  ADD COLUMN IF NOT EXISTS tables JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS calls INTEGER NOT NULL DEFAULT 1;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'migration_runs_phase_check'
                 AND conrelid = 'legacy.migration_runs'::regclass
                 AND pg_get_constraintdef(oid) LIKE '%checking%') THEN
    ALTER TABLE legacy.migration_runs DROP CONSTRAINT migration_runs_phase_check,
      ADD CONSTRAINT migration_runs_phase_check
        CHECK (phase IN ('people', 'sessions', 'checking', 'done'));
  END IF;
END $$;

-- Identify the tables behind the names by oid and file: a table that was dropped and created
-- again, renamed, emptied by TRUNCATE or rewritten counts as another one.
CREATE OR REPLACE FUNCTION legacy.tables_now() RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(name, format('%s/%s', relation::oid, pg_relation_filenode(relation)))
  FROM (
    SELECT name, to_regclass(format('public.%I', name)) AS relation
    FROM unnest(ARRAY['workshop_students', 'student_configs', 'workshop_sessions',
                      'students', 'sessions', 'step_progress']) AS name
  ) AS tables
$$;

-- Values that were not migrated unchanged; the values themselves, which may be private, are left
-- out.
CREATE TABLE IF NOT EXISTS legacy.migration_findings (
  -- From legacy.migration_runs, without a foreign key, which would be checked for each of a batch's
  -- many rows. Whoever deletes a run must also delete its findings.
  run_id BIGINT NOT NULL,
  source TEXT NOT NULL,                  -- the legacy table
  -- First 16 hexadecimal digits of the SHA-256 of the row's token; for a row without a token,
  -- 'ctid (0,7)' or, in a view, 'row of a view'.
  row_key TEXT NOT NULL,
  field TEXT NOT NULL,
  outcome TEXT NOT NULL CONSTRAINT migration_findings_outcome_check CHECK (outcome IN (
    'mended',     -- repaired: migrated in a form that the unified schema can hold
    'kept raw',   -- not understood: its text was kept in sessions.exercises
    'skipped')),  -- the row, or this field of it, was not migrated
  reason TEXT NOT NULL
);
ALTER TABLE legacy.migration_findings
  DROP CONSTRAINT IF EXISTS migration_findings_run_id_fkey;  -- left by earlier versions
-- For the report of one run.
CREATE INDEX IF NOT EXISTS migration_findings_run_id_idx ON legacy.migration_findings (run_id);

CREATE TABLE IF NOT EXISTS legacy.backups (
  name TEXT CONSTRAINT backups_pkey PRIMARY KEY,  -- 'stepwise-20250123T101500Z-1f2e3d4c.jsonl.gz'
  location TEXT NOT NULL,                -- 's3://bucket/name', or a path
  rows JSONB NOT NULL,                   -- table name to number of rows
  bytes BIGINT NOT NULL,                 -- compressed
  sha256 TEXT NOT NULL,                  -- of the uncompressed lines before the last
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- 2. Untidy values --------------------------------------------------------------------------
-- Functions that parse a value return null, never an error, if they cannot read it.

-- Return whether text begins like an ISO date or has the form of an HTTP date, and can be parsed as
-- a timestamp.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    CREATE OR REPLACE FUNCTION legacy.is_moment(p_text TEXT) RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE AS
      $f$ SELECT (p_text LIKE '____-__-__%' OR p_text LIKE '___, __ ___ ____ __:__:__ GMT')
        AND pg_input_is_valid(p_text, 'timestamptz') $f$;
  ELSE
    CREATE OR REPLACE FUNCTION legacy.is_moment(p_text TEXT) RETURNS BOOLEAN
    LANGUAGE plpgsql STABLE AS $f$
    BEGIN
      IF p_text LIKE '____-__-__%' OR p_text LIKE '___, __ ___ ____ __:__:__ GMT' THEN
        PERFORM p_text::timestamptz;
        RETURN TRUE;
      END IF;
      RETURN FALSE;
    EXCEPTION WHEN data_exception THEN RETURN FALSE;
    END $f$;
  END IF;
END $$;

-- Parse a timestamp; text without a time zone means UTC, because the migration sets TimeZone. A
-- number of 13 digits before the point counts milliseconds since 1970, one of 10 digits seconds.
CREATE OR REPLACE FUNCTION legacy.to_moment(p_text TEXT) RETURNS TIMESTAMPTZ
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN legacy.is_moment(p_text) THEN p_text::timestamptz
    WHEN p_text ~ '^\s*\d{13}([.]\d{0,9})?\s*$' THEN to_timestamp(p_text::float8 / 1000)
    WHEN p_text ~ '^\s*\d{10}([.]\d{0,9})?\s*$' THEN to_timestamp(p_text::float8) END
$$;

-- The bounds of plausible times. The workshop began after 2000 (devices without a clock report
-- 1970), and servers' clocks differ by minutes at most. A time far in the future would win over all
-- changes made afterwards.
CREATE OR REPLACE FUNCTION legacy.earliest_moment() RETURNS TIMESTAMPTZ
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT TIMESTAMPTZ '2000-01-01 00:00:00+00' $$;

CREATE OR REPLACE FUNCTION legacy.latest_moment() RETURNS TIMESTAMPTZ
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT now() + INTERVAL '10 minutes' $$;

-- Sessions may expire in the future; many programs can only parse years of four digits.
CREATE OR REPLACE FUNCTION legacy.latest_expiry() RETURNS TIMESTAMPTZ
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT TIMESTAMPTZ '9999-12-31 00:00:00+00' $$;

-- Strip spaces, line breaks and invisible characters from both ends of text; null if nothing remains.
CREATE OR REPLACE FUNCTION legacy.trimmed(p_text TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_text ~ '^[!-~]' AND p_text ~ '[!-~]$' THEN p_text
    ELSE nullif(regexp_replace(p_text,
      '^[\t-\r \u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+|[\t-\r \u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+$',
      '', 'g'), '') END
$$;

-- Return whether an object in JSON has two members with the same name; JSONB keeps only the last.
CREATE OR REPLACE FUNCTION legacy.repeats_members(p_value JSON) RETURNS BOOLEAN
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE json_typeof(p_value)
    WHEN 'object' THEN (SELECT count(*) > count(DISTINCT key)
      OR coalesce(bool_or(legacy.repeats_members(value)), FALSE) FROM json_each(p_value))
    WHEN 'array' THEN (SELECT coalesce(bool_or(legacy.repeats_members(value)), FALSE)
      FROM json_array_elements(p_value))
    ELSE FALSE END;
END $$;

-- Convert a JSON column to JSONB; a value that JSONB does not allow (\u0000) or would shorten becomes
-- a string.
CREATE OR REPLACE FUNCTION legacy.to_jsonb(p_value JSON) RETURNS JSONB
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CASE WHEN legacy.repeats_members(p_value) THEN to_jsonb(p_value::text)
    ELSE p_value::jsonb END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN to_jsonb(p_value::text);
END $$;

CREATE OR REPLACE FUNCTION legacy.to_number(p_text TEXT) RETURNS NUMERIC
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_text ~ '^\s*[-+]?\d{1,18}(\.\d{0,18})?\s*$' THEN p_text::numeric END
$$;

CREATE OR REPLACE FUNCTION legacy.to_integer(p_text TEXT) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN abs(legacy.to_number(p_text)) < 2147483647
              THEN round(legacy.to_number(p_text))::integer END
$$;

-- Parse a word or a number that means true or false; a number other than 0 is true.
CREATE OR REPLACE FUNCTION legacy.to_boolean(p_text TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN lower(legacy.trimmed(p_text)) IN ('true', 't', 'yes', 'y', 'on', 'ok', 'done', 'complete',
      'completed', 'finished', 'passed', 'x') THEN TRUE
    WHEN lower(legacy.trimmed(p_text)) IN ('false', 'f', 'no', 'n', 'off', 'open', 'pending',
      'incomplete', 'failed', 'not completed', 'not done', 'null', 'undefined', 'none', 'nan')
      THEN FALSE
    ELSE legacy.to_number(p_text) <> 0
  END
$$;

-- Return whether an exercise counts as completed by this value, as a page would judge it: true, a
-- number other than 0, or text that is not empty and does not mean false (such as 'no' or '0'); null
-- if it is neither text, number nor boolean.
CREATE OR REPLACE FUNCTION legacy.to_done(p_value JSONB) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE jsonb_typeof(p_value)
    WHEN 'boolean' THEN p_value::boolean
    WHEN 'number' THEN p_value::numeric <> 0
    WHEN 'string' THEN legacy.trimmed(p_value #>> '{}') IS NOT NULL
      AND coalesce(legacy.to_boolean(p_value #>> '{}'), TRUE)
  END
$$;

-- Parse seconds or attempts from a number or its text; never negative.
CREATE OR REPLACE FUNCTION legacy.to_count(p_value JSONB) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN jsonb_typeof(p_value) = 'number'
      THEN least(greatest(round(p_value::numeric), 0), 2147483647)::bigint
    WHEN jsonb_typeof(p_value) = 'string' AND legacy.to_number(p_value #>> '{}') IS NOT NULL
      THEN least(greatest(round(legacy.to_number(p_value #>> '{}')), 0), 2147483647)::bigint
  END
$$;

-- Return whether a value differs from the count that was parsed from it; a value that is not a
-- number always differs. Return false if there is no value.
CREATE OR REPLACE FUNCTION legacy.is_other_count(p_value JSONB, p_read BIGINT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN jsonb_typeof(p_value) = 'number' THEN p_value::numeric <> p_read
              ELSE p_value IS NOT NULL END
$$;

-- Return the JSON inside a JSON string, however deeply nested, if it is of the given kind or JSON's
-- null.
CREATE OR REPLACE FUNCTION legacy.unwrap(p_value JSONB, p_kind TEXT) RETURNS JSONB
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  WHILE jsonb_typeof(p_value) = 'string' LOOP
    p_value := (p_value #>> '{}')::jsonb;
  END LOOP;
  RETURN CASE WHEN jsonb_typeof(p_value) IN (p_kind, 'null') THEN p_value END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL;
END $$;

-- Return the value if it is JSON of the given kind, or the JSON in a string that contains such
-- JSON; JSON's null is returned unchanged.
CREATE OR REPLACE FUNCTION legacy.of_kind(p_value JSONB, p_kind TEXT) RETURNS JSONB
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(p_value)
    WHEN p_kind THEN p_value
    WHEN 'null' THEN p_value
    WHEN 'string' THEN legacy.unwrap(p_value, p_kind)
  END
$$;

-- Return the number of the step to which an exercise belongs. Its entry may contain, or its key may
-- be, the name of a step; otherwise, the number in 'step-1', 'step1', 'Step 1', 'exercise-1' and
-- similar keys counts, where 0 is step 1. `p_names` is step_names() of the course. The most frequent
-- spellings are recognized without a regular expression.
CREATE OR REPLACE FUNCTION legacy.step_of(p_names JSONB, p_key TEXT, p_entry JSONB) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(public.step_meant(p_names, NULL, p_entry ->> 'stepName'),
    CASE WHEN right(p_key, 1) BETWEEN '1' AND '9'
           AND left(p_key, -1) IN ('step-', 'step', 'Step-', 'exercise-')
      THEN ascii(right(p_key, 1)) - 48
      ELSE public.step_meant(p_names, substring(lower(p_key)
        FROM '^\s*(?:step|exercise)[-_ ]?0*(\d{1,4})\s*$')::integer, p_key) END)
$$;

-- Return the name of a column in a legacy table, given its name in the other legacy tables.
CREATE OR REPLACE FUNCTION legacy.own_name(p_table TEXT, p_column TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_table <> 'workshop_sessions' THEN p_column ELSE
    CASE p_column WHEN 'session_token' THEN 'session_id' WHEN 'student_email' THEN 'student_id'
                  WHEN 'demo_mode' THEN 'is_demo_mode' ELSE p_column END END
$$;

DO $$ BEGIN
  IF to_regtype('legacy.finding') IS NULL THEN
    CREATE TYPE legacy.finding AS (field TEXT, outcome TEXT, reason TEXT);
  END IF;
END $$;

-- Return the finding about a value that should be JSON of a kind; null if the value is of that kind
-- or is itself null. `p_any_raw` says whether any value of the row's token was kept raw; if not, this
-- value is not parsed again.
DROP FUNCTION IF EXISTS legacy.json_finding(TEXT, JSONB, TEXT);
CREATE OR REPLACE FUNCTION legacy.json_finding(
  p_field TEXT, p_value JSONB, p_kind TEXT, p_any_raw BOOLEAN
) RETURNS legacy.finding LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_value IS NULL OR jsonb_typeof(p_value) IN (p_kind, 'null') THEN NULL
    WHEN p_any_raw AND legacy.of_kind(p_value, p_kind) IS NULL THEN ROW(p_field, 'kept raw',
      'not JSON of the expected kind (' || p_kind || '): kept in exercises')::legacy.finding
    ELSE ROW(p_field, 'mended', 'JSON inside a JSON string: unwrapped')::legacy.finding
  END
$$;

-- Return the token of one of several people who share a token. It is derived, so that a repeated
-- migration finds the session, and has more than 200 characters, so that no page can send it.
CREATE OR REPLACE FUNCTION legacy.persons_token(p_token TEXT, p_email TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(p_token) <= 2600 THEN format('shared_%s_%s_%s',
    encode(substring(sha256(convert_to(p_token, 'UTF8')) FROM 1 FOR 8), 'hex'),
    encode(sha256(convert_to(p_token || E'\n' || coalesce(p_email, ''), 'UTF8')), 'hex'),
    repeat('0', 120)) END
$$;

CREATE OR REPLACE FUNCTION legacy.is_persons_token(p_token TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_token ^@ 'shared_' AND length(p_token) = 209
    AND p_token ~ '^shared_[0-9a-f]{16}_[0-9a-f]{64}_0{120}$'
$$;

-- Return whether a token is a placeholder that a page wrote when it had none.
CREATE OR REPLACE FUNCTION legacy.is_no_token(p_token TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lower(legacy.trimmed(p_token)) IN ('undefined', 'null', 'none', 'nil', 'nan', 'n/a', 'na',
    '-', '0', 'true', 'false', '[object object]', '""', '{}', '[]', 'token', 'test')
$$;

-- Return the key of a row for a report, which must not contain the token, because that is a credential.
-- A token made by persons_token() contains the key of the shared token.
CREATE OR REPLACE FUNCTION legacy.row_key(p_token TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN legacy.is_persons_token(p_token) THEN substr(p_token, 8, 16)
    ELSE encode(substring(sha256(convert_to(p_token, 'UTF8')) FROM 1 FOR 8), 'hex') END
$$;

-- Return the token if a session can have it: not blank, and short enough for an index. An index
-- entry has at most 2,704 bytes on a page of 8 KB, including its other columns.
CREATE OR REPLACE FUNCTION legacy.token_of(p_text TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN btrim(p_text, E' \t\r\n') <> '' AND octet_length(p_text) <= 2600 THEN p_text END
$$;

-- Return whether the e-mail column holds the placeholder for a missing address: 'anonymous_' and
-- 16 hexadecimal digits, or, from the older application, 'anonymous_' and 16 characters of a token.
CREATE OR REPLACE FUNCTION legacy.is_anonymous(p_email TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_email ^@ 'anonymous_' AND length(p_email) = 26 AND position('@' IN p_email) = 0
$$;

-- Return whether the e-mail column of a row with this token holds a placeholder, in upper or lower
-- case. The token is needed if the placeholder was made from a token that is short or contains @.
CREATE OR REPLACE FUNCTION legacy.is_placeholder(p_email TEXT, p_token TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lower(p_email) ^@ 'anonymous_' AND (legacy.is_anonymous(lower(p_email))
    OR lower(p_email) = 'anonymous_' || coalesce(lower(left(p_token, 16)), ''))
$$;

-- Return the person's normalized e-mail; null for a placeholder, for text that is not an e-mail, such as
-- an id or 'n/a', and for text that is too long for an index.
-- 'nonymous_' finds placeholders that begin with a or A; other text needs no closer look.
DROP FUNCTION IF EXISTS legacy.email_of(TEXT, TEXT, BOOLEAN);  -- left by earlier versions
CREATE OR REPLACE FUNCTION legacy.email_of(p_email TEXT, p_token TEXT)
RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN position('@' IN p_email) > 0 AND octet_length(p_email) <= 2600
    THEN CASE WHEN position('nonymous_' IN p_email) = 0
                OR NOT legacy.is_placeholder(legacy.trimmed(p_email), p_token)
      THEN substring(public.normalized_email(p_email) FROM '^[^@\s]+@[^@\s]+$') END
  END
$$;

-- Return whether a key is encrypted, in the new format or the old, as lib/vault.py decides. The
-- most frequent spellings need at most one regular expression.
CREATE OR REPLACE FUNCTION legacy.is_sealed(p_key TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_key ^@ 'sk-' THEN FALSE
    WHEN substr(p_key, 25, 1) = ':' AND substr(p_key, 50, 1) = ':'
      -- The places of the colons imply 22 characters before each '=='; {22} would cost much more.
      THEN p_key ~ '^[A-Za-z0-9+/_-]+==:[A-Za-z0-9+/_-]+==:[A-Za-z0-9+/_-]+={0,2}$'
    WHEN position(':' IN p_key) > 0
      THEN p_key ~ '^[A-Za-z0-9+/_-]{22}(==)?:[A-Za-z0-9+/_-]{22}(==)?:[A-Za-z0-9+/_-]+={0,2}$'
    ELSE p_key ^@ 'v1.'
      AND p_key ~ '^v1[.][0-9a-f]{8}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22,}$' END
$$;

-- Replace each API key in text with a fingerprint of the key. In JSON, a key may follow an escaped
-- character.
CREATE OR REPLACE FUNCTION legacy.hide_keys(p_text TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_key TEXT;
BEGIN
  FOR v_key IN
    SELECT match[1] FROM regexp_matches(p_text,
      '(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9a-f]{4})(sk-[A-Za-z0-9_-]{16,})', 'g') AS match
    ORDER BY length(match[1]) DESC
  LOOP
    p_text := replace(p_text, v_key, format('[API key %s]', legacy.row_key(v_key)));
  END LOOP;
  RETURN p_text;
END $$;

-- Do the same as hide_keys(), but faster for text without a key.
CREATE OR REPLACE FUNCTION legacy.without_keys(p_text TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN position('sk-' IN p_text) > 0 THEN legacy.hide_keys(p_text) ELSE p_text END
$$;

-- Return the regular expression for the formats of secrets, SECRET_FORMAT of lib/text/redaction.py.
CREATE OR REPLACE FUNCTION legacy.secret_format() RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT '(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))(?:sk-[\w-]{8,}|(?:AC' ||
    '|SK)[0-9a-fA-F]{32}(?![0-9a-zA-Z])|AIza[\w-]{20,}|GOCSPX-[\w-]{16,}|ya29\.[\w.-]{20,}' ||
    '|gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|(?:AKIA' ||
    '|ASIA)[0-9A-Z]{16}|(?:sk|rk|pk)_(?:live|test)_\w{10,}|gsk_\w{20,}|hf_\w{20,}' ||
    '|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})' ||
    '|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-\"\\]' ||
    '|\\+[nrt])*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?'
$$;

-- Return whether text may hold a secret: whether it has one of the FORMAT_MARKS of lib/text/redaction.py.
CREATE OR REPLACE FUNCTION legacy.may_hold_secret(p_text TEXT) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_text ~ ('sk-|AC|SK|AIza|GOCSPX-|ya29\.|gho_|ghp_|ghr_|ghs_|ghu_|github_pat_|glpat-|xox|AKIA|ASIA' ||
    '|_live_|_test_|gsk_|hf_|SG\.|eyJ|PRIVATE KEY')
$$;

-- Replace each part of a text, or of JSON as text, that has the format of a secret with its
-- fingerprint. Encrypted text stays unchanged, even where it has such a format.
CREATE OR REPLACE FUNCTION legacy.hide_secrets(p_text TEXT) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_secret TEXT;
BEGIN
  FOR v_secret IN
    SELECT DISTINCT match[1] COLLATE "C" FROM regexp_matches(p_text,
      'v1[.][0-9a-f]{8}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22,}|(' || legacy.secret_format() || ')',
      'g') AS match
    WHERE match[1] IS NOT NULL ORDER BY 1 DESC  -- a longer secret before its prefix
  LOOP
    p_text := replace(p_text, v_secret, format('[%s %s]', CASE
      WHEN v_secret ^@ 'sk-' THEN 'API key' ELSE 'secret' END, legacy.row_key(v_secret)));
  END LOOP;
  RETURN p_text;
END $$;

-- Do the same as hide_secrets(), but faster for text without a secret.
CREATE OR REPLACE FUNCTION legacy.without_secrets(p_text TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN legacy.may_hold_secret(p_text) THEN legacy.hide_secrets(p_text) ELSE p_text END
$$;

-- Return the name of an exercise for a report; names that may be e-mails, tokens or API keys are
-- withheld.
DROP FUNCTION IF EXISTS legacy.shown_key(TEXT);  -- its name in earlier versions
CREATE OR REPLACE FUNCTION legacy.reportable_name(p_key TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN right(p_key, 1) BETWEEN '1' AND '9'
      AND left(p_key, -1) IN ('step-', 'step', 'Step-', 'exercise-') THEN p_key
    WHEN p_key ~ '^[A-Za-z]{1,12}([-_ .][A-Za-z]{1,12}){0,2}[-_ ]?[0-9]{0,4}$'
      AND NOT lower(p_key) ^@ 'sk-' THEN p_key
    ELSE '(name withheld)' END
$$;
