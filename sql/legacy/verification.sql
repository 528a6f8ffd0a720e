-- Did it arrive? Each query of a batch adds to sums over all batches.

-- count_fates --
-- What became of the batch's tokens and rows, per legacy table.
WITH fates AS (
  SELECT session_token, i.person, i.in_students, i.in_configs, i.in_logins, CASE
      WHEN k.session_token IS NULL THEN 'created'
      WHEN session_token IN (SELECT c.session_token FROM pg_temp.changed AS c) THEN 'merged'
      ELSE 'unchanged' END AS fate
  FROM pg_temp.incoming AS i LEFT JOIN pg_temp.known AS k USING (session_token)
), more AS (
  SELECT r.origin, CASE WHEN f.fate = 'unchanged' THEN 'unchanged' ELSE 'merged' END AS fate,
    sum(r.copies - 1) AS rows
  FROM pg_temp.repeated AS r JOIN fates AS f USING (session_token)
  GROUP BY 1, 2
), rows AS (
  SELECT 'workshop_students' AS origin, fate, count(*) AS rows
    FROM fates WHERE in_students GROUP BY fate
  UNION ALL SELECT 'student_configs',
      CASE WHEN fate = 'created' AND in_students THEN 'merged' ELSE fate END, count(*)
    FROM fates WHERE in_configs GROUP BY 2
  UNION ALL SELECT 'workshop_sessions',
      CASE WHEN fate = 'created' AND (in_students OR in_configs) THEN 'merged' ELSE fate END,
      count(*)
    FROM fates WHERE in_logins GROUP BY 2
  UNION ALL SELECT origin, fate, rows FROM more
)
SELECT origin || '.' || fate AS name, sum(rows)::numeric AS value FROM rows GROUP BY 1
UNION ALL SELECT 'sessions.' || fate, count(*) FROM fates GROUP BY 1
UNION ALL SELECT 'moved.' || origin, count(*) FROM (
  SELECT 'workshop_students' AS origin FROM fates WHERE in_students AND fate <> 'unchanged'
  UNION ALL SELECT 'student_configs' FROM fates WHERE in_configs AND fate <> 'unchanged'
  UNION ALL SELECT 'workshop_sessions' FROM fates WHERE in_logins AND fate <> 'unchanged'
) AS moved GROUP BY 1
UNION ALL SELECT 'people.anonymous', count(*) FROM fates WHERE legacy.is_anonymous(person);

-- count_lost --
-- Rows as the legacy tables have them: tokens without a session, values without a place.
SELECT
  count(*) FILTER (WHERE s.session_token IS NULL) AS tokens_missing,
  count(*) FILTER (WHERE
    t.use_case_description <> '' AND s.use_case_description IS NULL
    OR t.call_direction <> '' AND s.call_direction IS NULL
    OR t.selected_phone_number <> '' AND s.selected_phone_number IS NULL
    OR t.tts_provider <> '' AND s.tts_provider IS NULL
    OR t.selected_voice <> '' AND s.selected_voice IS NULL
    OR t.system_prompt <> '' AND s.system_prompt IS NULL
    OR t.ivr_greeting <> '' AND s.ivr_greeting IS NULL
    OR t.websocket_url <> '' AND s.websocket_url IS NULL
    OR t.codespace_url <> '' AND s.codespace_url IS NULL
    OR t.github_repo_url <> '' AND s.github_repo_url IS NULL
    OR t.railway_url <> '' AND s.railway_url IS NULL
    OR t.ci_service_sid <> '' AND s.ci_service_sid IS NULL OR t.repo_created AND NOT s.repo_created
    OR t.twilio_connected AND NOT s.twilio_connected
    OR t.openai_connected AND NOT s.openai_connected
    OR t.call_direction_chosen AND NOT s.call_direction_chosen
    OR t.services_ready AND NOT s.services_ready
    OR t.step4_code_validated AND NOT s.step4_code_validated
    OR t.step4_committed AND NOT s.step4_committed OR t.step4_deployed AND NOT s.step4_deployed
    OR t.step5_code_validated AND NOT s.step5_code_validated
    OR t.step5_committed AND NOT s.step5_committed OR t.step5_deployed AND NOT s.step5_deployed
    OR t.step6_code_validated AND NOT s.step6_code_validated
    OR t.step6_committed AND NOT s.step6_committed OR t.step6_deployed AND NOT s.step6_deployed
    OR t.system_prompt_saved AND NOT s.system_prompt_saved
    OR t.step7_committed AND NOT s.step7_committed OR t.step7_deployed AND NOT s.step7_deployed
    OR t.tools_configured AND NOT s.tools_configured
    OR t.step8_code_validated AND NOT s.step8_code_validated
    OR t.step8_committed AND NOT s.step8_committed OR t.step8_deployed AND NOT s.step8_deployed
    OR t.project_deployed AND NOT s.project_deployed
    OR t.total_time_spent > s.total_time_spent
    OR t.current_step > s.current_step AND s.current_step < 9
    OR t.last_activity > s.last_activity) AS values_lost,
  count(*) FILTER (WHERE NOT legacy.is_sealed(s.openai_api_key)) AS keys_in_the_clear
FROM pg_temp.batch_rows AS t LEFT JOIN public.sessions AS s USING (session_token);

-- check_sessions --
-- What is stored against what the mapping meant to store; the checksum does not depend on random
-- ids, on the ciphertext of keys or on the time, so a dry run and the real run have the same.
-- Records that are equal to the byte have one hash, so that only others are hashed twice.
SELECT count(*) AS rows, coalesce(sum(expected), 0) AS expected,
  coalesce(sum(CASE WHEN meant *= found THEN expected ELSE hash_record_extended(found, 0) END), 0)
    AS stored
FROM (SELECT meant, found, hash_record_extended(meant, 0) AS expected FROM (
  SELECT ROW(w.person, w.openai_api_key IS NULL, w.student_name_given,
    w.session_token, w.demo_mode, w.current_step, w.total_time_spent, w.completion_rate,
    w.use_case_description, w.call_direction, w.selected_phone_number, w.tts_provider,
    w.selected_voice, w.system_prompt, w.ivr_greeting, w.websocket_url, w.codespace_url,
    w.github_repo_url, w.railway_url, w.ci_service_sid, w.tools, w.voice_settings, w.bug_reports,
    w.exercises, w.repo_created, w.twilio_connected, w.openai_connected, w.call_direction_chosen,
    w.services_ready, w.step4_code_validated, w.step4_committed, w.step4_deployed,
    w.step5_code_validated, w.step5_committed, w.step5_deployed, w.step6_code_validated,
    w.step6_committed, w.step6_deployed, w.system_prompt_saved, w.step7_committed,
    w.step7_deployed, w.tools_configured, w.step8_code_validated, w.step8_committed,
    w.step8_deployed,
    w.project_deployed) AS meant,
    ROW(CASE WHEN s.student_id = w.student_id THEN w.person END, s.openai_api_key IS NULL,
    s.student_name_given,
    s.session_token, s.demo_mode, s.current_step, s.total_time_spent, s.completion_rate,
    s.use_case_description, s.call_direction, s.selected_phone_number, s.tts_provider,
    s.selected_voice, s.system_prompt, s.ivr_greeting, s.websocket_url, s.codespace_url,
    s.github_repo_url, s.railway_url, s.ci_service_sid, s.tools, s.voice_settings, s.bug_reports,
    s.exercises, s.repo_created, s.twilio_connected, s.openai_connected, s.call_direction_chosen,
    s.services_ready, s.step4_code_validated, s.step4_committed, s.step4_deployed,
    s.step5_code_validated, s.step5_committed, s.step5_deployed, s.step6_code_validated,
    s.step6_committed, s.step6_deployed, s.system_prompt_saved, s.step7_committed,
    s.step7_deployed, s.tools_configured, s.step8_code_validated, s.step8_committed,
    s.step8_deployed,
    s.project_deployed) AS found
  FROM pg_temp.wanted AS w
  JOIN public.sessions AS s USING (session_token)
  WHERE NOT w.is_known
  UNION ALL
  SELECT ROW(o.openai_api_key IS NULL,
    o.session_token, o.demo_mode, o.current_step, o.total_time_spent, o.completion_rate,
    o.use_case_description, o.call_direction, o.selected_phone_number, o.tts_provider,
    o.selected_voice, o.system_prompt, o.ivr_greeting, o.websocket_url, o.codespace_url,
    o.github_repo_url, o.railway_url, o.ci_service_sid, o.tools, o.voice_settings, o.bug_reports,
    o.exercises, o.repo_created, o.twilio_connected, o.openai_connected, o.call_direction_chosen,
    o.services_ready, o.step4_code_validated, o.step4_committed, o.step4_deployed,
    o.step5_code_validated, o.step5_committed, o.step5_deployed, o.step6_code_validated,
    o.step6_committed, o.step6_deployed, o.system_prompt_saved, o.step7_committed,
    o.step7_deployed, o.tools_configured, o.step8_code_validated, o.step8_committed,
    o.step8_deployed,
    o.project_deployed),
    ROW(s.openai_api_key IS NULL,
    s.session_token, s.demo_mode, s.current_step, s.total_time_spent, s.completion_rate,
    s.use_case_description, s.call_direction, s.selected_phone_number, s.tts_provider,
    s.selected_voice, s.system_prompt, s.ivr_greeting, s.websocket_url, s.codespace_url,
    s.github_repo_url, s.railway_url, s.ci_service_sid, s.tools, s.voice_settings, s.bug_reports,
    s.exercises, s.repo_created, s.twilio_connected, s.openai_connected, s.call_direction_chosen,
    s.services_ready, s.step4_code_validated, s.step4_committed, s.step4_deployed,
    s.step5_code_validated, s.step5_committed, s.step5_deployed, s.step6_code_validated,
    s.step6_committed, s.step6_deployed, s.system_prompt_saved, s.step7_committed,
    s.step7_deployed, s.tools_configured, s.step8_code_validated, s.step8_committed,
    s.step8_deployed,
    s.project_deployed)
  FROM pg_temp.outcome AS o JOIN public.sessions AS s USING (session_token)
) AS read_back OFFSET 0) AS compared;  -- OFFSET: one hash, not two

-- check_steps --
-- The same for steps: passed steps, seconds and attempts of the batch must all be there. Those of
-- new sessions are looked for among the ids from %(first_id)s on: this batch made them all.
SELECT count(*) AS rows,
  coalesce(sum(hash_record_extended(ROW(session_token, step_number, passed, time_spent, attempts,
    completed_at), 0)), 0) AS expected,
  coalesce(sum(hash_record_extended(found, 0)), 0) AS stored
FROM (
  SELECT p.session_token, p.step_number, p.passed, p.time_spent, p.attempts, p.completed_at,
    ROW(e.session_token, e.step_number, e.validation_passed, e.time_spent, e.attempts,
      e.completed_at) AS found
  FROM pg_temp.steps AS p JOIN pg_temp.owners AS o USING (session_token)
  LEFT JOIN (SELECT * FROM public.step_progress WHERE id >= %(first_id)s) AS e
    USING (session_token, step_number)
  WHERE NOT o.is_known
  UNION ALL
  SELECT p.session_token, p.step_number, p.passed, p.time_spent, p.attempts, p.completed_at,
    ROW(e.session_token, e.step_number, e.validation_passed AND p.passed,
      least(e.time_spent, p.time_spent), least(e.attempts, p.attempts),
      CASE WHEN e.completed_at IS NULL THEN e.completed_at ELSE p.completed_at END)
  FROM pg_temp.steps AS p JOIN pg_temp.known USING (session_token)
  LEFT JOIN public.step_progress AS e USING (session_token, step_number)
) AS both_kinds;

-- check_people --
-- The same for the people of a batch: e-mails, and whether a name is there.
SELECT count(*) AS rows,
  coalesce(sum(hash_record_extended(ROW(p.email, p.student_name IS NOT NULL), 0)), 0) AS expected,
  coalesce(sum(hash_record_extended(ROW(s.student_email,
    p.student_name IS NOT NULL AND s.student_name IS NOT NULL), 0)), 0) AS stored
FROM pg_temp.people AS p LEFT JOIN public.students AS s ON s.student_email = p.email;

-- count_unified --
-- Rows of the unified tables.
SELECT (SELECT count(*) FROM public.students) AS students,
  (SELECT count(*) FROM public.sessions) AS sessions,
  (SELECT count(*) FROM public.step_progress) AS step_progress;

-- count_legacy --
-- Rows of the legacy tables; null where a table is absent.
SELECT
  CASE WHEN to_regclass('public.workshop_students') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.student_typed) END AS workshop_students,
  CASE WHEN to_regclass('public.student_configs') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.config_typed) END AS student_configs,
  CASE WHEN to_regclass('public.workshop_sessions') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.login_typed) END AS workshop_sessions;

-- count_left_behind --
-- Of all legacy rows that stand there now: those whose token has no session, and that no operator
-- removed.
WITH without_session AS MATERIALIZED (
  SELECT session_token, student_email, least(created_at, started_at) AS began
  FROM pg_temp.all_rows AS t
  WHERE legacy.token_of(session_token) IS NOT NULL
    AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = t.session_token)
)
SELECT count(*) FROM without_session AS t WHERE NOT EXISTS (
  SELECT FROM public.removals AS r
  WHERE NOT coalesce(t.began > r.removed_at, FALSE)
    AND (r.kind = 'session' AND r.name_sha256 = public.removal_key(t.session_token)
      OR r.kind = 'student'
        AND r.name_sha256 = public.removal_key(public.normalized_email(t.student_email))));

-- count_strays --
-- Rows without a parent, and people with more than one record: none, if all is well.
SELECT
  (SELECT count(*) FROM public.sessions AS s
   WHERE NOT EXISTS (SELECT FROM public.students AS st WHERE st.student_id = s.student_id))
    AS sessions_without_student,
  (SELECT count(*) FROM public.step_progress AS p
   WHERE NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = p.session_token))
    AS steps_without_session,
  (SELECT count(*) FROM (
     SELECT FROM public.students GROUP BY public.normalized_email(student_email)
     HAVING count(*) > 1) AS doubled) AS people_with_more_than_one_record;
