-- Tokens to sessions.

-- clear_stage --
-- Empty the temporary tables of the batch before.
TRUNCATE pg_temp.batch_rows, pg_temp.repeated, pg_temp.merged_rows, pg_temp.incoming,
  pg_temp.odd_exercises, pg_temp.steps, pg_temp.step_totals, pg_temp.owners, pg_temp.sealed,
  pg_temp.rival_keys, pg_temp.known, pg_temp.outcome, pg_temp.changed, pg_temp.findings;

-- take_batch --
-- The batch's rows: all of a token, from all tables. %(from)s and %(to)s bound the tokens' hashes.
INSERT INTO pg_temp.batch_rows
SELECT * FROM pg_temp.all_rows
WHERE hashtext(session_token) >= %(from)s AND hashtext(session_token) < %(to)s
  AND legacy.token_of(session_token) IS NOT NULL;

-- analyze_batch --
-- Tell the planner how many they are.
ANALYZE pg_temp.batch_rows (origin, session_token);

-- find_repeated --
-- Tokens in several rows of one table; few, so that most rows need no merging.
INSERT INTO pg_temp.repeated (origin, session_token, copies)
SELECT origin, session_token, count(*) FROM pg_temp.batch_rows
GROUP BY origin, session_token HAVING count(*) > 1;

-- analyze_repeated --
-- Tell the planner how many they are.
ANALYZE pg_temp.repeated;

-- merge_repeated --
-- Those rows made one: the newest that says something wins, per field.
-- No DISTINCT here: an aggregate that sorts its input takes the newest first away from the others.
INSERT INTO pg_temp.merged_rows
SELECT origin, max(place), session_token, legacy.newest(email),
  legacy.newest(student_name), legacy.newest(account_sid), max(moment), min(started_at),
  max(last_activity), max(expires_at), min(created_at), max(updated_at), max(total_time_spent),
  max(current_step), legacy.newest(demo_mode), legacy.newest(use_case_description),
  legacy.newest(call_direction), legacy.newest(selected_phone_number),
  legacy.newest(tts_provider), legacy.newest(selected_voice), legacy.newest(openai_api_key),
  legacy.newest(system_prompt), legacy.newest(ivr_greeting), legacy.newest(websocket_url),
  legacy.newest(codespace_url), legacy.newest(github_repo_url), legacy.newest(railway_url),
  legacy.newest(ci_service_sid),
  legacy.all_exercises(exercises), legacy.newest(tools), legacy.newest(voice_settings),
  legacy.all_reports(bug_reports),
  CASE WHEN count(raw) > 0 OR count(exercises) > 1
    THEN legacy.keep_originals(array_agg(raw) FILTER (WHERE raw IS NOT NULL),
      legacy.all_exercises(exercises), array_agg(exercises) FILTER (WHERE exercises <> 'null')) END,
  bool_or(repo_created), bool_or(twilio_connected), bool_or(openai_connected),
  bool_or(call_direction_chosen), bool_or(services_ready), bool_or(step4_code_validated),
  bool_or(step4_committed), bool_or(step4_deployed), bool_or(step5_code_validated),
  bool_or(step5_committed), bool_or(step5_deployed), bool_or(step6_code_validated),
  bool_or(step6_committed), bool_or(step6_deployed), bool_or(system_prompt_saved),
  bool_or(step7_committed), bool_or(step7_deployed), bool_or(tools_configured),
  bool_or(step8_code_validated), bool_or(step8_committed), bool_or(step8_deployed),
  bool_or(project_deployed)
FROM (
  SELECT * FROM pg_temp.mended_batch
  -- "IS TRUE" keeps the planner from joining later, after the JSON of every row was read.
  WHERE ((origin, session_token) IN (SELECT origin, session_token FROM pg_temp.repeated)) IS TRUE
  ORDER BY origin, session_token, moment DESC NULLS LAST, place DESC
) AS newest_first
GROUP BY origin, session_token;

-- stage_sessions --
-- One row per token: the configuration over the student's row over the login, field by field.
INSERT INTO pg_temp.incoming (
  session_token, person, student_name, moment, started_at, last_activity, expires_at, created_at,
  total_time_spent, current_step, demo_mode, use_case_description, call_direction,
  selected_phone_number, tts_provider, selected_voice, openai_api_key, system_prompt, ivr_greeting,
  websocket_url, codespace_url, github_repo_url, railway_url, ci_service_sid, exercises, tools,
  voice_settings, bug_reports, repo_created, twilio_connected, openai_connected,
  call_direction_chosen, services_ready, step4_code_validated, step4_committed, step4_deployed,
  step5_code_validated, step5_committed, step5_deployed, step6_code_validated, step6_committed,
  step6_deployed, system_prompt_saved, step7_committed, step7_deployed, tools_configured,
  step8_code_validated, step8_committed, step8_deployed, project_deployed, account_sid,
  in_students, in_configs, in_logins, flagged)
SELECT m.*,
  CASE WHEN m.twilio_connected AND m.openai_connected THEN 1 ELSE 0 END
  | CASE WHEN m.call_direction_chosen THEN 2 ELSE 0 END
  | CASE WHEN m.services_ready THEN 4 ELSE 0 END
  | CASE WHEN m.step4_deployed THEN 8 ELSE 0 END
  | CASE WHEN m.step5_deployed THEN 16 ELSE 0 END
  | CASE WHEN m.step6_deployed THEN 32 ELSE 0 END
  | CASE WHEN m.system_prompt_saved THEN 64 ELSE 0 END
  | CASE WHEN m.step8_deployed THEN 128 ELSE 0 END
  | CASE WHEN m.project_deployed THEN 256 ELSE 0 END
FROM (SELECT
    session_token,
    coalesce(c.email, w.email, l.email, public.anonymous_email(session_token)) AS person,
    legacy.prefer(c.student_name, w.student_name) AS student_name,
    greatest(w.moment, c.moment, l.moment) AS moment,
    least(w.started_at, c.started_at, l.started_at) AS started_at,
    greatest(w.last_activity, c.last_activity, c.updated_at, l.last_activity) AS last_activity,
    greatest(w.expires_at, c.expires_at, l.expires_at) AS expires_at,
    least(w.created_at, c.created_at, l.created_at) AS created_at,
    greatest(w.total_time_spent, c.total_time_spent) AS total_time_spent,
    greatest(w.current_step, c.current_step) AS current_step,
    coalesce(c.demo_mode, w.demo_mode, l.demo_mode) AS demo_mode,
    legacy.prefer(c.use_case_description, w.use_case_description) AS use_case_description,
    legacy.prefer(c.call_direction, w.call_direction) AS call_direction,
    legacy.prefer(c.selected_phone_number, w.selected_phone_number) AS selected_phone_number,
    legacy.prefer(c.tts_provider, w.tts_provider) AS tts_provider,
    legacy.prefer(c.selected_voice, w.selected_voice) AS selected_voice,
    legacy.prefer(c.openai_api_key, w.openai_api_key) AS openai_api_key,
    legacy.prefer(c.system_prompt, w.system_prompt) AS system_prompt,
    legacy.prefer(c.ivr_greeting, w.ivr_greeting) AS ivr_greeting,
    legacy.prefer(c.websocket_url, w.websocket_url) AS websocket_url,
    legacy.prefer(c.codespace_url, w.codespace_url) AS codespace_url,
    legacy.prefer(c.github_repo_url, w.github_repo_url) AS github_repo_url,
    legacy.prefer(c.railway_url, w.railway_url) AS railway_url,
    legacy.prefer(c.ci_service_sid, w.ci_service_sid) AS ci_service_sid,
    coalesce(nullif(legacy.merge_exercises(c.exercises, w.exercises), 'null'), '{}')
      || CASE WHEN coalesce(w.raw, c.raw, l.raw) IS NULL THEN '{}' ELSE jsonb_build_object(
        '_legacy', jsonb_strip_nulls(jsonb_build_object('workshop_students', w.raw,
          'student_configs', c.raw, 'workshop_sessions', l.raw))) END AS exercises,
    coalesce(nullif(legacy.prefer(c.tools, w.tools), 'null'), '[]') AS tools,
    coalesce(nullif(legacy.prefer(c.voice_settings, w.voice_settings), 'null'), '{}')
      AS voice_settings,
    coalesce(nullif(legacy.join_reports(c.bug_reports, w.bug_reports), 'null'), '[]')
      AS bug_reports,
    (w.repo_created IS TRUE OR c.repo_created IS TRUE) AS repo_created,
    (w.twilio_connected IS TRUE OR c.twilio_connected IS TRUE) AS twilio_connected,
    (w.openai_connected IS TRUE OR c.openai_connected IS TRUE) AS openai_connected,
    (w.call_direction_chosen IS TRUE OR c.call_direction_chosen IS TRUE) AS call_direction_chosen,
    (w.services_ready IS TRUE OR c.services_ready IS TRUE) AS services_ready,
    (w.step4_code_validated IS TRUE OR c.step4_code_validated IS TRUE) AS step4_code_validated,
    (w.step4_committed IS TRUE OR c.step4_committed IS TRUE) AS step4_committed,
    (w.step4_deployed IS TRUE OR c.step4_deployed IS TRUE) AS step4_deployed,
    (w.step5_code_validated IS TRUE OR c.step5_code_validated IS TRUE) AS step5_code_validated,
    (w.step5_committed IS TRUE OR c.step5_committed IS TRUE) AS step5_committed,
    (w.step5_deployed IS TRUE OR c.step5_deployed IS TRUE) AS step5_deployed,
    (w.step6_code_validated IS TRUE OR c.step6_code_validated IS TRUE) AS step6_code_validated,
    (w.step6_committed IS TRUE OR c.step6_committed IS TRUE) AS step6_committed,
    (w.step6_deployed IS TRUE OR c.step6_deployed IS TRUE) AS step6_deployed,
    (w.system_prompt_saved IS TRUE OR c.system_prompt_saved IS TRUE) AS system_prompt_saved,
    (w.step7_committed IS TRUE OR c.step7_committed IS TRUE) AS step7_committed,
    (w.step7_deployed IS TRUE OR c.step7_deployed IS TRUE) AS step7_deployed,
    (w.tools_configured IS TRUE OR c.tools_configured IS TRUE) AS tools_configured,
    (w.step8_code_validated IS TRUE OR c.step8_code_validated IS TRUE) AS step8_code_validated,
    (w.step8_committed IS TRUE OR c.step8_committed IS TRUE) AS step8_committed,
    (w.step8_deployed IS TRUE OR c.step8_deployed IS TRUE) AS step8_deployed,
    (w.project_deployed IS TRUE OR c.project_deployed IS TRUE) AS project_deployed,
    coalesce(c.account_sid, w.account_sid, l.account_sid) AS account_sid,
    w.origin IS NOT NULL AS in_students, c.origin IS NOT NULL AS in_configs,
    l.origin IS NOT NULL AS in_logins
  FROM (
    SELECT * FROM pg_temp.mended_batch AS s
    WHERE origin = 'workshop_students' AND NOT EXISTS (SELECT FROM pg_temp.repeated AS r
        WHERE r.origin = 'workshop_students' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'workshop_students'
  ) AS w
  FULL JOIN (
    SELECT * FROM pg_temp.mended_batch AS s
    WHERE origin = 'student_configs' AND NOT EXISTS (SELECT FROM pg_temp.repeated AS r
        WHERE r.origin = 'student_configs' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'student_configs'
  ) AS c USING (session_token)
  FULL JOIN (
    SELECT * FROM pg_temp.mended_batch AS s
    WHERE origin = 'workshop_sessions' AND NOT EXISTS (SELECT FROM pg_temp.repeated AS r
        WHERE r.origin = 'workshop_sessions' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'workshop_sessions'
  ) AS l USING (session_token)
) AS m;

-- analyze_incoming --
-- Tell the planner how many they are.
ANALYZE pg_temp.incoming (session_token, person, account_sid);

-- find_known --
-- Tokens that are in the unified schema already: from an earlier run, or used since.
INSERT INTO pg_temp.known (session_token)
SELECT session_token FROM pg_temp.incoming
WHERE EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = incoming.session_token);

-- hide_keys --
-- API keys that stand where none belongs: taken out, the field told. What students wrote for their
-- assistant (prompt, greeting, use case, tools, voice settings) is theirs and stays as it is.
WITH shown AS (
  UPDATE pg_temp.incoming AS i
  SET student_name = legacy.without_keys(i.student_name),
    account_sid = legacy.without_keys(i.account_sid),
    ci_service_sid = legacy.without_keys(i.ci_service_sid),
    call_direction = legacy.without_keys(i.call_direction),
    selected_phone_number = legacy.without_keys(i.selected_phone_number),
    tts_provider = legacy.without_keys(i.tts_provider),
    selected_voice = legacy.without_keys(i.selected_voice),
    websocket_url = legacy.without_keys(i.websocket_url),
    codespace_url = legacy.without_keys(i.codespace_url),
    github_repo_url = legacy.without_keys(i.github_repo_url),
    railway_url = legacy.without_keys(i.railway_url),
    bug_reports = legacy.without_keys(i.bug_reports::text)::jsonb,
    exercises = legacy.without_keys(i.exercises::text)::jsonb
  FROM (
    SELECT ctid AS place, to_jsonb(w) AS was FROM pg_temp.incoming AS w
    WHERE concat(w.student_name, ' ', w.account_sid, ' ', w.ci_service_sid, ' ',
      w.call_direction, ' ', w.selected_phone_number, ' ', w.tts_provider, ' ', w.selected_voice,
      ' ', w.websocket_url, ' ', w.codespace_url, ' ', w.github_repo_url, ' ', w.railway_url, ' ',
      nullif(w.bug_reports, '[]'), w.exercises) LIKE '%sk-%'  -- the planner expects few
    OFFSET 0
  ) AS before
  WHERE i.ctid = before.place
  RETURNING i.session_token, i.in_students, i.in_configs, was, to_jsonb(i) AS becomes
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT CASE WHEN in_students THEN 'workshop_students'
            WHEN in_configs THEN 'student_configs'
            ELSE 'workshop_sessions' END,
  legacy.row_key(session_token), key, 'mended', 'an API key stood in it: taken out'
FROM shown, jsonb_each(was) AS field (key, value) WHERE value <> becomes -> key;

-- stage_steps --
-- Every exercise of the batch, read. Those with a step number from 1 to 9 that were begun are steps;
-- several spellings of one step are counters of their own and add up. The odd ones are kept for
-- the report. What OFFSET 0 ends is computed once and used several times.
WITH read AS MATERIALIZED (
  SELECT i.session_token, exercise.key, step_number, passed, coalesce(seconds, 0) AS seconds,
    coalesce(attempts, 0) AS attempts, told_at, last_attempt,
    coalesce(i.started_at, i.created_at, i.moment) AS session_started_at,
    CASE WHEN step_number BETWEEN 1 AND 9 IS NOT TRUE OR entry IS NULL
        OR legacy.is_other_count(raw_seconds, seconds)
        OR legacy.is_other_count(raw_attempts, attempts)
        OR told_at IS NULL AND raw_moment IS NOT NULL
        OR last_attempt IS NULL AND raw_last IS NOT NULL
      THEN coalesce(entry, 'null') END AS odd
  FROM pg_temp.incoming AS i, jsonb_each(i.exercises) AS exercise, LATERAL (
    SELECT legacy.step_of(exercise.key) AS step_number, CASE jsonb_typeof(exercise.value)
      WHEN 'object' THEN exercise.value
      WHEN 'boolean' THEN exercise.value
      WHEN 'string' THEN nullif(legacy.unwrap(exercise.value, 'object'), 'null') END AS entry
    OFFSET 0
  ) AS named, LATERAL (
    SELECT entry -> 'completed' AS completed, entry -> 'timeSpent' AS raw_seconds,
      entry -> 'attempts' AS raw_attempts, entry ->> 'timestamp' AS raw_moment,
      entry ->> 'lastAttempt' AS raw_last
    OFFSET 0
  ) AS parts, LATERAL (
    SELECT CASE jsonb_typeof(completed) WHEN 'boolean' THEN completed::boolean
        WHEN 'string' THEN completed = '"true"' WHEN 'number' THEN completed = '1'
        ELSE coalesce(entry = 'true', FALSE) END AS passed,
      legacy.to_count(raw_seconds) AS seconds, legacy.to_count(raw_attempts) AS attempts,
      legacy.to_moment(raw_moment) AS said_at,
      CASE WHEN raw_last = raw_moment IS NOT TRUE THEN legacy.to_moment(raw_last) END AS said_else
    OFFSET 0
  ) AS understood, LATERAL (
    SELECT CASE WHEN said_at BETWEEN earliest AND latest THEN said_at END AS told_at,
      CASE WHEN said_else BETWEEN earliest AND latest THEN said_else
           WHEN raw_last = raw_moment AND said_at BETWEEN earliest AND latest THEN said_at
      END AS last_attempt
    FROM (SELECT legacy.earliest_moment() AS earliest,
      (SELECT legacy.latest_moment()) AS latest) AS bound
  ) AS believed
  WHERE exercise.key <> '_legacy'
), kept AS (
  INSERT INTO pg_temp.odd_exercises (session_token, key, step_number, entry, told_at, last_attempt)
  SELECT session_token, key, step_number, odd, told_at, last_attempt FROM read WHERE odd IS NOT NULL
)
INSERT INTO pg_temp.steps
SELECT session_token, step_number,
  coalesce(min(least(told_at, last_attempt)), min(session_started_at)),
  min(told_at) FILTER (WHERE passed),
  max(greatest(told_at, last_attempt)),
  least(sum(seconds), 2147483647)::integer,
  least(sum(attempts), 2147483647)::integer,
  bool_or(passed)
FROM read
WHERE step_number BETWEEN 1 AND 9
  AND (passed OR seconds > 0 OR attempts > 0 OR told_at IS NOT NULL OR last_attempt IS NOT NULL)
GROUP BY session_token, step_number
ORDER BY session_token, step_number;  -- indexes take neighbours faster

-- total_steps --
-- What the steps of a session come to.
INSERT INTO pg_temp.step_totals
SELECT session_token, coalesce(bit_or(1 << (step_number - 1)) FILTER (WHERE passed), 0),
  least(sum(time_spent), 2147483647)::integer, max(step_number)
FROM pg_temp.steps GROUP BY session_token;

-- analyze_steps --
-- Tell the planner how many they are.
ANALYZE pg_temp.steps, pg_temp.step_totals;

-- keep_removed_keys --
-- A key that was taken from a session, or from all that are closed, does not come back.
INSERT INTO pg_temp.rival_keys (session_token, stays, reason)
SELECT session_token, TRUE, 'the session''s key was removed since: this one was not taken'
FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
WHERE i.openai_api_key IS NOT NULL AND s.openai_api_key IS NULL
  AND ('openai_api_key' = ANY (s.emptied_fields) OR NOT s.is_active);

-- rival_keys --
-- Sessions with a key of their own, and the other one that a legacy row has.
SELECT session_token, i.openai_api_key, s.openai_api_key, coalesce(i.moment > s.updated_at, FALSE)
FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
WHERE i.openai_api_key <> s.openai_api_key;

-- copy_rivals --
-- Which of them stays.
COPY pg_temp.rival_keys (session_token, stays, reason) FROM STDIN;

-- clear_keys --
-- API keys in the clear that this batch will store.
SELECT session_token, openai_api_key FROM pg_temp.incoming AS i
WHERE openai_api_key IS NOT NULL AND NOT legacy.is_sealed(openai_api_key)
  AND NOT EXISTS (
    SELECT FROM pg_temp.rival_keys AS r WHERE r.session_token = i.session_token AND r.stays);

-- copy_sealed --
-- The same keys, encrypted.
COPY pg_temp.sealed (session_token, openai_api_key) FROM STDIN;

-- analyze_keys --
-- Tell the planner how many they are.
ANALYZE pg_temp.sealed, pg_temp.rival_keys;

-- find_owners --
-- The students of the batch's sessions.
INSERT INTO pg_temp.owners (session_token, student_id, moment, is_known)
SELECT i.session_token, st.student_id, i.moment, k.session_token IS NOT NULL
FROM pg_temp.incoming AS i
LEFT JOIN public.students AS st ON st.student_email = i.person
LEFT JOIN pg_temp.known AS k USING (session_token);

-- analyze_owners --
-- Tell the planner how many they are.
ANALYZE pg_temp.owners;

-- insert_late_students --
-- Students of this batch who are not there yet: those without e-mail, one for each session, and
-- whoever came after the people were moved.
WITH made AS (
  INSERT INTO public.students
    (student_email, student_name, twilio_account_sid, created_at, updated_at)
  SELECT person, (array_agg(student_name ORDER BY i.moment DESC NULLS LAST)
      FILTER (WHERE student_name IS NOT NULL))[1],
    (array_agg(account_sid ORDER BY i.moment DESC NULLS LAST)
      FILTER (WHERE account_sid IS NOT NULL))[1],
    coalesce(min(least(created_at, started_at)), min(i.moment), now()),
    coalesce(max(i.moment), min(least(created_at, started_at)), now())
  FROM pg_temp.incoming AS i JOIN pg_temp.owners AS o USING (session_token)
  WHERE o.student_id IS NULL AND NOT (legacy.is_anonymous(i.person) AND o.is_known)
  GROUP BY person
  ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING
  RETURNING student_email
)
SELECT count(*) FILTER (WHERE legacy.is_anonymous(student_email)) AS anonymous,
  count(*) FILTER (WHERE NOT legacy.is_anonymous(student_email)) AS late
FROM made;

-- find_late_owners --
-- And the sessions of those.
UPDATE pg_temp.owners AS o SET student_id = st.student_id
FROM pg_temp.incoming AS i JOIN public.students AS st ON st.student_email = i.person
WHERE o.student_id IS NULL AND i.session_token = o.session_token;
