-- Queries of lib/workshop/instructor/listing.py: the instructor's list.

-- listed_sessions --
-- A page of sessions, newest first, after the one named by time and token (null: from the start).
SELECT s.session_token, s.student_id, st.student_email, st.student_name,
  s.selected_phone_number AS phone_number, s.selected_voice AS voice, s.tts_provider,
  s.call_direction, s.use_case_description AS use_case,
  coalesce(s.openai_api_key, '') <> '' AS has_api_key,
  coalesce(s.system_prompt, '') <> '' AS has_system_prompt,
  s.tools NOT IN ('[]', '{}', 'null', '""', '"[]"') AS has_tools,
  s.demo_mode, s.is_active, s.current_step, s.completion_rate, s.total_time_spent, s.last_activity,
  s.twilio_connected, s.openai_connected, s.call_direction_chosen, s.services_ready,
  s.step4_code_validated, s.step4_committed, s.step4_deployed,
  s.step5_code_validated, s.step5_committed, s.step5_deployed,
  s.step6_code_validated, s.step6_committed, s.step6_deployed,
  s.system_prompt_saved, s.step7_committed, s.step7_deployed, s.tools_configured,
  s.step8_code_validated, s.step8_committed, s.step8_deployed, s.project_deployed,
  s.created_at, s.updated_at
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE (s.created_at, s.session_token)
  < (coalesce(%(created_at)s, 'infinity'::TIMESTAMPTZ), coalesce(%(session_token)s::TEXT, ''))
ORDER BY s.created_at DESC, s.session_token DESC
LIMIT %(limit)s;

-- listed_students --
-- The students of the same page; on the first one also those without a session.
SELECT st.student_id, st.student_email, st.student_name, st.github_username,
  st.created_at, st.updated_at
FROM public.students st
WHERE st.student_id IN (
    SELECT page.student_id FROM (
      SELECT s.student_id FROM public.sessions s
      WHERE (s.created_at, s.session_token)
        < (coalesce(%(created_at)s, 'infinity'::TIMESTAMPTZ), coalesce(%(session_token)s::TEXT, ''))
      ORDER BY s.created_at DESC, s.session_token DESC LIMIT %(limit)s) AS page)
  OR (%(session_token)s::TEXT IS NULL
    AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = st.student_id))
ORDER BY st.created_at DESC, st.student_id
LIMIT 2 * %(limit)s;

-- totals --
-- How many there are.
SELECT (SELECT count(*) FROM public.students) AS students,
  (SELECT count(*) FROM public.sessions) AS sessions;

-- legacy_rows --
-- Rows of workshop_students before the unified schema exists; a column may be missing.
SELECT to_jsonb(w) AS o FROM public.workshop_students w
ORDER BY to_jsonb(w) ->> 'created_at' DESC NULLS LAST LIMIT %(limit)s;

-- legacy_configs --
-- Rows of student_configs, likewise.
SELECT to_jsonb(c) AS o FROM public.student_configs c
ORDER BY to_jsonb(c) ->> 'created_at' DESC NULLS LAST LIMIT %(limit)s;

-- legacy_row_names --
-- Where that was too many: hashes of all tokens and e-mails, and rows without a token. A column that
-- is missing is read from the row of nulls.
SELECT coalesce(array_agg(DISTINCT hashtextextended(token, 0))
    FILTER (WHERE token <> ''), '{}') AS tokens,
  count(*) FILTER (WHERE coalesce(token, '') = '') AS tokenless,
  coalesce(array_agg(DISTINCT hashtextextended(lower(btrim(email)), 0))
    FILTER (WHERE btrim(email) <> ''), '{}') AS emails
FROM (
  SELECT (SELECT session_token::TEXT FROM (SELECT w.*) AS own) AS token,
    (SELECT student_email::TEXT FROM (SELECT w.*) AS own) AS email
  FROM (SELECT NULL::TEXT AS session_token, NULL::TEXT AS student_email) AS nulls,
    public.workshop_students AS w
) AS named;

-- legacy_config_names --
-- The same of student_configs.
SELECT coalesce(array_agg(DISTINCT hashtextextended(token, 0))
    FILTER (WHERE token <> ''), '{}') AS tokens,
  count(*) FILTER (WHERE coalesce(token, '') = '') AS tokenless,
  coalesce(array_agg(DISTINCT hashtextextended(lower(btrim(email)), 0))
    FILTER (WHERE btrim(email) <> ''), '{}') AS emails
FROM (
  SELECT (SELECT session_token::TEXT FROM (SELECT c.*) AS own) AS token,
    (SELECT student_email::TEXT FROM (SELECT c.*) AS own) AS email
  FROM (SELECT NULL::TEXT AS session_token, NULL::TEXT AS student_email) AS nulls,
    public.student_configs AS c
) AS named;
