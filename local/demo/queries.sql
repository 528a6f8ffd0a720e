-- Queries of local/demo/loading.py. The lists in double braces are made from lib/workshop/course.py.

-- add_workshop --
-- Add the missing students with all their rows; existing students stay unchanged.
WITH students AS (
  INSERT INTO public.students (student_id, student_email, student_name, twilio_account_sid,
    github_username, created_at, updated_at)
  SELECT student_id, student_email, student_name, twilio_account_sid,
    github_username, created_at, updated_at
  FROM jsonb_populate_recordset(NULL::public.students, %(students)s) AS new
  WHERE NOT EXISTS (SELECT FROM public.students existing
    WHERE existing.student_id = new.student_id OR existing.student_email = new.student_email)
  RETURNING student_id
), sessions AS (
  INSERT INTO public.sessions (session_token, student_id, student_name_given,
    started_at, last_activity, expires_at,
    is_active, demo_mode, current_step, total_time_spent, completion_rate, use_case_description,
    call_direction, selected_phone_number, tts_provider, selected_voice, openai_api_key,
    system_prompt, ivr_greeting, tools, voice_settings, websocket_url, codespace_url,
    github_repo_url, repo_created, railway_url, bug_reports, help_asked_at, created_at, updated_at,
    {{flags: $column}})
  SELECT session_token, student_id, student_name_given, started_at, last_activity, expires_at,
    is_active, demo_mode, current_step, total_time_spent, completion_rate, use_case_description,
    call_direction, selected_phone_number, tts_provider, selected_voice, openai_api_key,
    system_prompt, ivr_greeting, tools, voice_settings, websocket_url, codespace_url,
    github_repo_url, repo_created, railway_url, bug_reports, help_asked_at, created_at, updated_at,
    {{flags: $column}}
  FROM jsonb_populate_recordset(NULL::public.sessions, %(sessions)s)
  WHERE student_id IN (SELECT student_id FROM students)
  ON CONFLICT ON CONSTRAINT sessions_pkey DO NOTHING
  RETURNING session_token
), steps AS (
  INSERT INTO public.step_progress (session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, code_submitted, deployment_url,
    created_at, updated_at)
  SELECT session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, code_submitted, deployment_url,
    created_at, updated_at
  FROM jsonb_populate_recordset(NULL::public.step_progress, %(steps)s)
  WHERE session_token IN (SELECT session_token FROM sessions)
  RETURNING 1
), events AS (
  INSERT INTO public.events (student_id, session_token, event_type, event_data, created_at)
  SELECT student_id, session_token, event_type, event_data, created_at
  FROM jsonb_populate_recordset(NULL::public.events, %(events)s)
  WHERE session_token IN (SELECT session_token FROM sessions)
  ORDER BY created_at
  RETURNING 1
)
SELECT (SELECT count(*) FROM students) AS students, (SELECT count(*) FROM sessions) AS sessions,
  (SELECT count(*) FROM steps) AS steps, (SELECT count(*) FROM events) AS events;

-- pool_version --
-- Return the version of the demo's pool for new sessions; no row before the upload.
SELECT current_version FROM assessment.question_pools WHERE id = %(pool_id)s;

-- existing_examinees --
-- Return the ids of existing examinees.
SELECT id FROM assessment.examinees WHERE id = ANY (%(ids)s);

-- add_examinees --
-- Add students who take tests.
INSERT INTO assessment.examinees (id, created_at, updated_at)
SELECT id, created_at, updated_at
FROM jsonb_populate_recordset(NULL::assessment.examinees, %(students)s);

-- add_tests --
-- Add active sessions with their answers; close_tests closes them before later ones are added.
WITH sessions AS (
  INSERT INTO assessment.test_sessions (id, student_id, question_pool_id, status,
    initial_proficiency, final_proficiency, total_questions, correct_responses, accuracy,
    learning_gain, test_efficiency, started_at, completed_at, last_activity, pool_version,
    concept_names, end_criteria, prior, current_proficiency, current_confidence,
    next_question_id, end_reason, asked_at, proven, admitted)
  SELECT id, student_id, question_pool_id, 'active',
    initial_proficiency, final_proficiency, total_questions, correct_responses, accuracy,
    learning_gain, test_efficiency, started_at, completed_at, last_activity, pool_version,
    concept_names, end_criteria, prior, current_proficiency, current_confidence,
    next_question_id, end_reason, last_activity, TRUE, TRUE
  FROM jsonb_populate_recordset(NULL::assessment.test_sessions, %(sessions)s)
)
INSERT INTO assessment.test_responses (id, student_id, session_id, question_id, response,
  is_correct, proficiency_before, proficiency_after, timestamp, position, next_question_id, seconds)
SELECT id, student_id, session_id, question_id, response,
  is_correct, proficiency_before, proficiency_after, timestamp, position, next_question_id, seconds
FROM jsonb_populate_recordset(NULL::assessment.test_responses, %(responses)s);

-- close_tests --
-- Set the final status of sessions; a trigger then stores their results as long-term proficiency.
UPDATE assessment.test_sessions s SET status = closed.status
FROM jsonb_populate_recordset(NULL::assessment.test_sessions, %(sessions)s) AS closed
WHERE s.id = closed.id AND closed.status <> 'active';
