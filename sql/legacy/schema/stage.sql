-- Temporary tables of one call, empty at the start of each batch; sources.sql is open.

CREATE TEMP TABLE IF NOT EXISTS people (
  email TEXT, student_name TEXT, name_moment TIMESTAMPTZ, account_sid TEXT,
  created_at TIMESTAMPTZ, moment TIMESTAMPTZ
) ON COMMIT DROP;

CREATE TEMP TABLE IF NOT EXISTS repeated (
  -- Tokens that stand in several rows of one table.
  origin TEXT, session_token TEXT, copies BIGINT
) ON COMMIT DROP;

-- Those rows, one for each table and token.
CREATE TEMP TABLE IF NOT EXISTS merged_rows ON COMMIT DROP AS
  SELECT * FROM pg_temp.mended_batch WITH NO DATA;

-- One row per token of the batch, all tables merged. Times are null where no table had one.
CREATE TEMP TABLE IF NOT EXISTS incoming WITH (toast_tuple_target = 8160) ON COMMIT DROP AS
  SELECT s.*,
    NULL::text AS person,            -- the e-mail column of its student
    NULL::text AS student_name,
    NULL::text AS account_sid,
    NULL::timestamptz AS moment,     -- the newest time that any of its rows has
    NULL::integer AS flagged,        -- bit n - 1: the flags call step n complete
    NULL::boolean AS in_students, NULL::boolean AS in_configs, NULL::boolean AS in_logins
  FROM public.sessions AS s WITH NO DATA;

-- Those of their exercises that are no step, or where something was mended or not understood.
CREATE TEMP TABLE IF NOT EXISTS odd_exercises (
  session_token TEXT, key TEXT, step_number INTEGER, entry JSONB, told_at TIMESTAMPTZ,
  last_attempt TIMESTAMPTZ
) ON COMMIT DROP;

-- Their steps.
CREATE TEMP TABLE IF NOT EXISTS steps (
  session_token TEXT, step_number INTEGER, started_at TIMESTAMPTZ, completed_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ, time_spent INTEGER, attempts INTEGER, passed BOOLEAN
) ON COMMIT DROP;

-- Which student each session of the batch goes to; null where that is the student it has. Narrow,
-- so that joins need not carry whole sessions.
CREATE TEMP TABLE IF NOT EXISTS owners (
  session_token TEXT, student_id UUID, moment TIMESTAMPTZ, is_known BOOLEAN
) ON COMMIT DROP;

CREATE TEMP TABLE IF NOT EXISTS step_totals (
  session_token TEXT, passed INTEGER, seconds INTEGER, furthest INTEGER
) ON COMMIT DROP;

-- Keys that stood in the clear, encrypted.
CREATE TEMP TABLE IF NOT EXISTS sealed (session_token TEXT, openai_api_key TEXT) ON COMMIT DROP;

-- Keys of legacy rows whose sessions have another, or had theirs removed: whether the session's
-- stays, and what there is to tell.
CREATE TEMP TABLE IF NOT EXISTS rival_keys (session_token TEXT, stays BOOLEAN, reason TEXT)
  ON COMMIT DROP;

-- Tokens that public.sessions has already, and what becomes of those rows.
CREATE TEMP TABLE IF NOT EXISTS known (session_token TEXT) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS outcome ON COMMIT DROP AS
  SELECT s.*, NULL::uuid AS old_student_id,
  NULL::timestamptz AS moment FROM public.sessions AS s WITH NO DATA;
CREATE TEMP TABLE IF NOT EXISTS changed (session_token TEXT) ON COMMIT DROP;

CREATE TEMP TABLE IF NOT EXISTS findings ON COMMIT DROP AS
  SELECT source, row_key, field, outcome, reason FROM legacy.migration_findings WITH NO DATA;

-- The rows of public.sessions as the legacy tables alone would have them.
CREATE OR REPLACE TEMP VIEW wanted AS
SELECT i.session_token, o.is_known, o.student_id, i.person,
  i.student_name AS student_name_given, i.moment,
  coalesce(i.started_at, i.created_at, i.moment, now()) AS started_at,
  coalesce(i.last_activity, i.moment, now()) AS last_activity,
  greatest(i.expires_at, now() + INTERVAL '24 hours') AS expires_at,
  coalesce(i.demo_mode, FALSE) AS demo_mode,
  greatest(i.current_step, t.furthest,
    length(ltrim((i.flagged)::bit(9)::text, '0')), 0) AS current_step,
  greatest(i.total_time_spent, t.seconds, 0) AS total_time_spent,
  round(100.0 * bit_count((i.flagged | coalesce(t.passed, 0))::bit(9)) / 9)::integer
    AS completion_rate,
  i.use_case_description, i.call_direction, i.selected_phone_number, i.tts_provider,
  i.selected_voice, coalesce(k.openai_api_key, i.openai_api_key) AS openai_api_key,
  i.system_prompt, i.ivr_greeting, i.tools, i.voice_settings, i.websocket_url, i.codespace_url,
  i.github_repo_url, i.railway_url, i.ci_service_sid, i.bug_reports, i.exercises, i.repo_created,
  i.twilio_connected, i.openai_connected, i.call_direction_chosen, i.services_ready,
  i.step4_code_validated, i.step4_committed, i.step4_deployed, i.step5_code_validated,
  i.step5_committed, i.step5_deployed, i.step6_code_validated, i.step6_committed, i.step6_deployed,
  i.system_prompt_saved, i.step7_committed, i.step7_deployed, i.tools_configured,
  i.step8_code_validated, i.step8_committed, i.step8_deployed, i.project_deployed,
  coalesce(i.created_at, i.started_at, i.moment, now()) AS created_at,
  coalesce(i.moment, now()) AS updated_at
FROM pg_temp.incoming AS i
LEFT JOIN pg_temp.owners AS o USING (session_token)
LEFT JOIN pg_temp.step_totals AS t USING (session_token)
LEFT JOIN pg_temp.sealed AS k USING (session_token);
