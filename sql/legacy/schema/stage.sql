-- Temporary tables of one call, emptied before each batch. This script runs after the
-- functions of sources.sql have created the views of the legacy tables. The lists in double braces
-- are generated from lib/legacy/session_fields.py.

SELECT set_config('stepwise.removal', 'migration', true);  -- see refuse_event_change()

CREATE TEMP TABLE IF NOT EXISTS people (
  email TEXT, student_name TEXT, name_moment TIMESTAMPTZ, account_sid TEXT, github_username TEXT,
  created_at TIMESTAMPTZ, moment TIMESTAMPTZ,
  row_count BIGINT                   -- rows with this e-mail, in any spelling
) ON COMMIT DROP;

-- Tokens that occur in several rows of one table.
CREATE TEMP TABLE IF NOT EXISTS repeated_tokens (
  origin TEXT, session_token TEXT, copies BIGINT
) ON COMMIT DROP;

-- The rows of repeated tokens, merged into one row for each table and token.
CREATE TEMP TABLE IF NOT EXISTS merged_rows ON COMMIT DROP AS
  SELECT * FROM pg_temp.repaired_batch WITH NO DATA;

-- One row per token of the batch, all tables merged. Times are null if no table had one.
CREATE TEMP TABLE IF NOT EXISTS incoming WITH (toast_tuple_target = 8160) ON COMMIT DROP AS
  SELECT s.*,
    NULL::text AS person,            -- student_email of its student
    NULL::text AS student_name,
    NULL::text AS account_sid,
    NULL::text AS github_username,
    NULL::timestamptz AS moment,     -- newest time in any of its rows
    NULL::integer AS flagged,        -- bit n - 1 is set if the flags complete step n
    NULL::boolean AS in_students, NULL::boolean AS in_configs, NULL::boolean AS in_logins
  FROM public.sessions AS s WITH NO DATA;

-- Exercises of incoming rows that are not steps, or that hold a value that was repaired or could
-- not be read.
CREATE TEMP TABLE IF NOT EXISTS unusual_exercises (
  session_token TEXT, key TEXT, step_number INTEGER, entry JSONB, recorded_at TIMESTAMPTZ,
  last_attempt TIMESTAMPTZ
) ON COMMIT DROP;

-- Steps of the incoming rows.
CREATE TEMP TABLE IF NOT EXISTS steps (
  session_token TEXT, step_number INTEGER, started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ, time_spent INTEGER, attempts INTEGER, passed BOOLEAN
) ON COMMIT DROP;

-- Sums over the steps of a session; bit n - 1 of `passed` is set if step n was passed.
CREATE TEMP TABLE IF NOT EXISTS step_totals (
  session_token TEXT, passed INTEGER, seconds INTEGER, furthest INTEGER
) ON COMMIT DROP;

-- The student of each session, null until found. Narrow, so that joins need not carry whole
-- sessions.
CREATE TEMP TABLE IF NOT EXISTS owners (
  session_token TEXT, student_id UUID, moment TIMESTAMPTZ, is_stored BOOLEAN
) ON COMMIT DROP;

-- API keys that were stored as plain text, encrypted.
CREATE TEMP TABLE IF NOT EXISTS sealed_keys (session_token TEXT, openai_api_key TEXT)
  ON COMMIT DROP;

-- Sessions for which a legacy row has an API key, but which have another one, had theirs removed or
-- are closed. `keeps_stored` says whether the stored state stays, and `reason` is reported.
CREATE TEMP TABLE IF NOT EXISTS key_conflicts (
  session_token TEXT, keeps_stored BOOLEAN, reason TEXT
) ON COMMIT DROP;

-- Tokens that are already in public.sessions, the new state of those sessions, and the tokens of
-- those that the batch changes.
CREATE TEMP TABLE IF NOT EXISTS stored_tokens (session_token TEXT) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS merged_sessions ON COMMIT DROP AS
  SELECT s.*, NULL::uuid AS old_student_id, NULL::timestamptz AS moment
  FROM public.sessions AS s WITH NO DATA;
CREATE TEMP TABLE IF NOT EXISTS changed_tokens (session_token TEXT) ON COMMIT DROP;

CREATE TEMP TABLE IF NOT EXISTS findings ON COMMIT DROP AS
  SELECT source, row_key, field, outcome, reason FROM legacy.migration_findings WITH NO DATA;

-- The rows of public.sessions as the legacy tables alone would produce them.
CREATE OR REPLACE TEMP VIEW legacy_sessions AS
SELECT i.session_token, o.is_stored, o.student_id, i.person,
  i.student_name AS student_name_given, i.moment,
  greatest(i.expires_at, now() + INTERVAL '24 hours') AS expires_at,
  coalesce(i.moment, now()) AS updated_at,
  {{first_times: i.$column;
    started_at: coalesce(i.started_at, i.created_at, i.moment, now()) AS started_at;
    created_at: coalesce(i.created_at, i.started_at, i.moment, now()) AS created_at}},
  {{last_times: i.$column;
    last_activity: coalesce(i.last_activity, i.moment, now()) AS last_activity}},
  {{choices: coalesce(i.$column, FALSE) AS $column}},
  {{counters: greatest(i.$column, 0) AS $column;
    current_step: greatest(i.current_step, t.furthest,
      length(ltrim((i.flagged)::bit(9)::text, '0')), 0) AS current_step;
    total_time_spent: greatest(i.total_time_spent, t.seconds, 0) AS total_time_spent}},
  round(100.0 * bit_count((i.flagged | coalesce(t.passed, 0))::bit(9)) / 9)::integer
    AS completion_rate,
  {{flags: i.$column}},
  {{all_texts: i.$column}},
  coalesce(k.openai_api_key, i.openai_api_key) AS openai_api_key,
  {{json: i.$column}}
FROM pg_temp.incoming AS i
LEFT JOIN pg_temp.owners AS o USING (session_token)
LEFT JOIN pg_temp.step_totals AS t USING (session_token)
LEFT JOIN pg_temp.sealed_keys AS k USING (session_token);
