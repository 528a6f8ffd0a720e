-- From the stage to the unified tables.

-- insert_sessions --
-- Tokens that the unified schema does not have yet.
INSERT INTO public.sessions (
  session_token, student_id, student_name_given, started_at, last_activity, demo_mode,
  current_step, total_time_spent, completion_rate, use_case_description, call_direction,
  selected_phone_number, tts_provider, selected_voice, openai_api_key, system_prompt, ivr_greeting,
  tools, voice_settings, websocket_url, codespace_url, github_repo_url, railway_url,
  ci_service_sid, bug_reports, exercises, repo_created, twilio_connected, openai_connected,
  call_direction_chosen, services_ready, step4_code_validated, step4_committed, step4_deployed,
  step5_code_validated, step5_committed, step5_deployed, step6_code_validated, step6_committed,
  step6_deployed, system_prompt_saved, step7_committed, step7_deployed, tools_configured,
  step8_code_validated, step8_committed, step8_deployed, project_deployed, created_at, expires_at,
  updated_at)
SELECT
  w.session_token, w.student_id, w.student_name_given, w.started_at, w.last_activity, w.demo_mode,
  w.current_step, w.total_time_spent, w.completion_rate, w.use_case_description, w.call_direction,
  w.selected_phone_number, w.tts_provider, w.selected_voice, w.openai_api_key, w.system_prompt,
  w.ivr_greeting, w.tools, w.voice_settings, w.websocket_url, w.codespace_url, w.github_repo_url,
  w.railway_url, w.ci_service_sid, w.bug_reports, w.exercises, w.repo_created, w.twilio_connected,
  w.openai_connected, w.call_direction_chosen, w.services_ready, w.step4_code_validated,
  w.step4_committed, w.step4_deployed, w.step5_code_validated, w.step5_committed, w.step5_deployed,
  w.step6_code_validated, w.step6_committed, w.step6_deployed, w.system_prompt_saved,
  w.step7_committed, w.step7_deployed, w.tools_configured, w.step8_code_validated,
  w.step8_committed, w.step8_deployed, w.project_deployed, w.created_at, w.expires_at, w.updated_at
FROM pg_temp.wanted AS w WHERE NOT w.is_known
ON CONFLICT ON CONSTRAINT sessions_pkey DO NOTHING;

-- analyze_sessions --
-- Tell the planner how many they are: what it knows may be from before they came.
ANALYZE public.students (student_email), public.sessions (session_token);

-- insert_steps --
-- Their steps. Nobody else can have any: these sessions are not committed yet. How many, and the
-- lowest of their ids, all of which are later ones than those of the batch before.
WITH made AS (
  INSERT INTO public.step_progress (session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, created_at, updated_at)
  SELECT p.session_token, o.student_id, p.step_number, public.workshop_step_name(p.step_number),
    coalesce(p.started_at, now()), p.completed_at, p.time_spent, p.attempts, p.passed,
    coalesce(p.started_at, now()), coalesce(p.updated_at, o.moment, now())
  FROM pg_temp.steps AS p JOIN pg_temp.owners AS o USING (session_token)
  WHERE NOT o.is_known
  RETURNING id
)
SELECT count(*) AS rows, coalesce(min(id), 9223372036854775807) AS first_id FROM made;

-- analyze_step_progress --
-- The same for steps.
ANALYZE public.step_progress (session_token);

-- add_steps --
-- Steps that sessions of the unified schema did not have.
WITH touched AS (
  INSERT INTO public.step_progress (session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, created_at, updated_at)
  SELECT p.session_token, s.student_id, p.step_number, public.workshop_step_name(p.step_number),
    coalesce(p.started_at, s.started_at), p.completed_at, p.time_spent, p.attempts, p.passed,
    coalesce(p.started_at, s.started_at), coalesce(p.updated_at, s.updated_at)
  FROM pg_temp.steps AS p
  JOIN pg_temp.known USING (session_token)
  JOIN public.sessions AS s USING (session_token)
  WHERE NOT EXISTS (SELECT FROM public.step_progress AS e
    WHERE e.session_token = p.session_token AND e.step_number = p.step_number)
  ON CONFLICT ON CONSTRAINT step_progress_session_token_step_number_key DO NOTHING
  RETURNING session_token
)
INSERT INTO pg_temp.changed (session_token) SELECT session_token FROM touched;

-- update_steps --
-- Steps that both have: passed stays passed, counters never fall.
WITH touched AS (
  UPDATE public.step_progress AS e
  SET validation_passed = e.validation_passed OR p.passed,
    completed_at = coalesce(e.completed_at, p.completed_at),
    time_spent = greatest(e.time_spent, p.time_spent),
    attempts = greatest(e.attempts, p.attempts)
  FROM pg_temp.steps AS p JOIN pg_temp.known USING (session_token)
  WHERE e.session_token = p.session_token AND e.step_number = p.step_number
    AND (p.passed AND NOT e.validation_passed OR p.time_spent > e.time_spent
      OR p.attempts > e.attempts OR e.completed_at IS NULL AND p.completed_at IS NOT NULL)
  RETURNING e.session_token
)
INSERT INTO pg_temp.changed (session_token) SELECT session_token FROM touched;

-- stage_outcome --
-- What becomes of sessions that are there already. A legacy row that is newer wins where it says
-- something; an older one only fills what is empty. What was emptied or removed since stays so.
INSERT INTO pg_temp.outcome (
  session_token, student_id, old_student_id, moment, updated_at, started_at, last_activity,
  demo_mode, current_step, total_time_spent, completion_rate, use_case_description, call_direction,
  selected_phone_number, tts_provider, selected_voice, openai_api_key, system_prompt, ivr_greeting,
  tools, voice_settings, websocket_url, codespace_url, github_repo_url, railway_url,
  ci_service_sid, bug_reports, exercises, repo_created, twilio_connected, openai_connected,
  call_direction_chosen, services_ready, step4_code_validated, step4_committed, step4_deployed,
  step5_code_validated, step5_committed, step5_deployed, step6_code_validated, step6_committed,
  step6_deployed, system_prompt_saved, step7_committed, step7_deployed, tools_configured,
  step8_code_validated, step8_committed, step8_deployed, project_deployed, created_at)
SELECT s.session_token,
  CASE WHEN legacy.is_anonymous(st.student_email) AND NOT legacy.is_anonymous(w.person)
       THEN coalesce(w.student_id, s.student_id) ELSE s.student_id END,
  s.student_id, i.moment, s.updated_at,
  least(s.started_at, i.started_at), greatest(s.last_activity, i.last_activity),
  CASE WHEN newer THEN coalesce(i.demo_mode, s.demo_mode) ELSE s.demo_mode END,
  greatest(s.current_step, w.current_step, length(ltrim(done::text, '0')), t.furthest),
  greatest(s.total_time_spent, w.total_time_spent, t.seconds),
  round(100.0 * bit_count(done) / 9)::integer,
  legacy.renew(newer, s.use_case_description, w.use_case_description),
  legacy.renew(newer, s.call_direction, w.call_direction),
  legacy.renew(newer, s.selected_phone_number, w.selected_phone_number),
  legacy.renew(newer, s.tts_provider, w.tts_provider),
  legacy.renew(newer, s.selected_voice, w.selected_voice),
  CASE WHEN k.stays THEN s.openai_api_key ELSE coalesce(w.openai_api_key, s.openai_api_key) END,
  legacy.renew(newer, s.system_prompt, w.system_prompt),
  legacy.renew(newer, s.ivr_greeting, w.ivr_greeting),
  legacy.renew(newer, s.tools, w.tools, 'tools' = ANY (s.emptied_fields)),
  legacy.renew(newer, s.voice_settings, w.voice_settings,
    'voice_settings' = ANY (s.emptied_fields)),
  legacy.renew(newer, s.websocket_url, w.websocket_url),
  legacy.renew(newer, s.codespace_url, w.codespace_url),
  legacy.renew(newer, s.github_repo_url, w.github_repo_url),
  legacy.renew(newer, s.railway_url, w.railway_url),
  legacy.renew(newer, s.ci_service_sid, w.ci_service_sid),
  legacy.join_reports(s.bug_reports, w.bug_reports),
  CASE WHEN newer THEN legacy.merge_exercises(w.exercises, s.exercises)
       ELSE legacy.merge_exercises(s.exercises, w.exercises) END,
  s.repo_created OR w.repo_created, s.twilio_connected OR w.twilio_connected,
  s.openai_connected OR w.openai_connected,
  s.call_direction_chosen OR w.call_direction_chosen, s.services_ready OR w.services_ready,
  s.step4_code_validated OR w.step4_code_validated, s.step4_committed OR w.step4_committed,
  s.step4_deployed OR w.step4_deployed, s.step5_code_validated OR w.step5_code_validated,
  s.step5_committed OR w.step5_committed, s.step5_deployed OR w.step5_deployed,
  s.step6_code_validated OR w.step6_code_validated, s.step6_committed OR w.step6_committed,
  s.step6_deployed OR w.step6_deployed, s.system_prompt_saved OR w.system_prompt_saved,
  s.step7_committed OR w.step7_committed, s.step7_deployed OR w.step7_deployed,
  s.tools_configured OR w.tools_configured, s.step8_code_validated OR w.step8_code_validated,
  s.step8_committed OR w.step8_committed, s.step8_deployed OR w.step8_deployed,
  s.project_deployed OR w.project_deployed,
  least(s.created_at, i.created_at)
FROM pg_temp.known
JOIN public.sessions AS s USING (session_token)
JOIN public.students AS st ON st.student_id = s.student_id
JOIN pg_temp.incoming AS i USING (session_token)
JOIN pg_temp.wanted AS w USING (session_token)
LEFT JOIN pg_temp.rival_keys AS k USING (session_token)
LEFT JOIN (
  SELECT session_token, max(step_number) AS furthest,
    least(sum(time_spent), 2147483647)::integer AS seconds,
    coalesce(bit_or(1 << (step_number - 1)) FILTER (WHERE validation_passed), 0) AS passed
  FROM public.step_progress JOIN pg_temp.known USING (session_token) GROUP BY session_token
) AS t USING (session_token),
LATERAL (SELECT coalesce(i.moment > s.updated_at, FALSE) AS newer,
  ((SELECT coalesce(bit_or(1 << (step - 1)), 0) FROM unnest(public.flagged_steps(s)) AS step)
    | i.flagged | coalesce(t.passed, 0))::bit(9) AS done OFFSET 0) AS told;

-- analyze_outcome --
-- Tell the planner how many they are.
ANALYZE pg_temp.outcome;

-- update_sessions --
-- Carry it out where something changes; who changed the row meanwhile is newer and wins.
WITH touched AS (
  UPDATE public.sessions AS s
  SET (
      updated_at, student_id, version, started_at, last_activity, demo_mode, current_step,
      total_time_spent, completion_rate, use_case_description, call_direction,
      selected_phone_number, tts_provider, selected_voice, openai_api_key, system_prompt,
      ivr_greeting, tools, voice_settings, websocket_url, codespace_url, github_repo_url,
      railway_url, ci_service_sid, bug_reports, exercises, repo_created, twilio_connected,
      openai_connected, call_direction_chosen, services_ready, step4_code_validated,
      step4_committed, step4_deployed, step5_code_validated, step5_committed, step5_deployed,
      step6_code_validated, step6_committed, step6_deployed, system_prompt_saved, step7_committed,
      step7_deployed, tools_configured, step8_code_validated, step8_committed, step8_deployed,
      project_deployed, created_at
    ) = (
      greatest(now(), o.moment), o.student_id, s.version + 1, o.started_at, o.last_activity,
      o.demo_mode, o.current_step, o.total_time_spent, o.completion_rate, o.use_case_description,
      o.call_direction, o.selected_phone_number, o.tts_provider, o.selected_voice,
      o.openai_api_key, o.system_prompt, o.ivr_greeting, o.tools, o.voice_settings,
      o.websocket_url, o.codespace_url, o.github_repo_url, o.railway_url, o.ci_service_sid,
      o.bug_reports, o.exercises, o.repo_created, o.twilio_connected, o.openai_connected,
      o.call_direction_chosen, o.services_ready, o.step4_code_validated, o.step4_committed,
      o.step4_deployed, o.step5_code_validated, o.step5_committed, o.step5_deployed,
      o.step6_code_validated, o.step6_committed, o.step6_deployed, o.system_prompt_saved,
      o.step7_committed, o.step7_deployed, o.tools_configured, o.step8_code_validated,
      o.step8_committed, o.step8_deployed, o.project_deployed, o.created_at)
  FROM pg_temp.outcome AS o
  WHERE s.session_token = o.session_token AND s.updated_at = o.updated_at
    AND (
      s.student_id, s.started_at, s.last_activity, s.demo_mode, s.current_step, s.total_time_spent,
      s.completion_rate, s.use_case_description, s.call_direction, s.selected_phone_number,
      s.tts_provider, s.selected_voice, s.openai_api_key, s.system_prompt, s.ivr_greeting, s.tools,
      s.voice_settings, s.websocket_url, s.codespace_url, s.github_repo_url, s.railway_url,
      s.ci_service_sid, s.bug_reports, s.exercises, s.repo_created, s.twilio_connected,
      s.openai_connected, s.call_direction_chosen, s.services_ready, s.step4_code_validated,
      s.step4_committed, s.step4_deployed, s.step5_code_validated, s.step5_committed,
      s.step5_deployed, s.step6_code_validated, s.step6_committed, s.step6_deployed,
      s.system_prompt_saved, s.step7_committed, s.step7_deployed, s.tools_configured,
      s.step8_code_validated, s.step8_committed, s.step8_deployed, s.project_deployed, s.created_at
    ) IS DISTINCT FROM (
      o.student_id, o.started_at, o.last_activity, o.demo_mode, o.current_step, o.total_time_spent,
      o.completion_rate, o.use_case_description, o.call_direction, o.selected_phone_number,
      o.tts_provider, o.selected_voice, o.openai_api_key, o.system_prompt, o.ivr_greeting, o.tools,
      o.voice_settings, o.websocket_url, o.codespace_url, o.github_repo_url, o.railway_url,
      o.ci_service_sid, o.bug_reports, o.exercises, o.repo_created, o.twilio_connected,
      o.openai_connected, o.call_direction_chosen, o.services_ready, o.step4_code_validated,
      o.step4_committed, o.step4_deployed, o.step5_code_validated, o.step5_committed,
      o.step5_deployed, o.step6_code_validated, o.step6_committed, o.step6_deployed,
      o.system_prompt_saved, o.step7_committed, o.step7_deployed, o.tools_configured,
      o.step8_code_validated, o.step8_committed, o.step8_deployed, o.project_deployed,
      o.created_at)
  RETURNING s.session_token
)
INSERT INTO pg_temp.changed (session_token) SELECT session_token FROM touched;

-- adopt_steps --
-- Steps go with a session whose anonymous student turned out to have an e-mail.
UPDATE public.step_progress AS p SET student_id = o.student_id
FROM pg_temp.outcome AS o
WHERE p.session_token = o.session_token AND p.student_id = o.old_student_id
  AND o.student_id <> o.old_student_id;

-- adopt_events --
-- And its events.
UPDATE public.events AS e SET student_id = o.student_id
FROM pg_temp.outcome AS o
WHERE e.session_token = o.session_token AND e.student_id = o.old_student_id
  AND o.student_id <> o.old_student_id;

-- add_accounts --
-- Accounts of logins that do not say whose they are go to the student of the session.
UPDATE public.students AS st SET twilio_account_sid = newest.account_sid,
  updated_at = st.updated_at + INTERVAL '1 microsecond'  -- no name became newer
FROM (
  SELECT DISTINCT ON (s.student_id) s.student_id, i.account_sid
  FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
  WHERE i.account_sid IS NOT NULL
  ORDER BY s.student_id, i.moment DESC NULLS LAST, session_token
) AS newest
WHERE st.student_id = newest.student_id AND st.twilio_account_sid IS NULL;

-- remove_placeholders --
-- The anonymous record of that session held nothing but it.
DELETE FROM public.students AS st USING pg_temp.outcome AS o
WHERE st.student_id = o.old_student_id AND o.student_id <> o.old_student_id
  AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.student_id = st.student_id);
