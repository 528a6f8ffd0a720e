-- Functions that let each endpoint of the workshop work in one round trip. The script runs in one
-- execute, after tables.sql. The functions that concern only a course are in courses.sql.
-- lib/workshop/errors.py maps a raised CONSTRAINT name to an error. Functions that write wait at most
-- 3 seconds for a row, so that one locked row does not occupy every connection.

-- Return the student_email of a person without an e-mail address: different for each session, without
-- revealing the token.
CREATE OR REPLACE FUNCTION public.anonymous_email(p_session_token TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'anonymous_' || left(encode(sha256(convert_to(p_session_token, 'UTF8')), 'hex'), 16)
$$;

-- Return the names of a session's true flags: its columns, and the members of `extra`.
CREATE OR REPLACE FUNCTION public.true_flags(p_session public.sessions) RETURNS JSONB
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_jsonb(array_remove(ARRAY[
    CASE WHEN p_session.twilio_connected THEN 'twilio_connected' END,
    CASE WHEN p_session.openai_connected THEN 'openai_connected' END,
    CASE WHEN p_session.call_direction_chosen THEN 'call_direction_chosen' END,
    CASE WHEN p_session.services_ready THEN 'services_ready' END,
    CASE WHEN p_session.step4_code_validated THEN 'step4_code_validated' END,
    CASE WHEN p_session.step4_committed THEN 'step4_committed' END,
    CASE WHEN p_session.step4_deployed THEN 'step4_deployed' END,
    CASE WHEN p_session.step5_code_validated THEN 'step5_code_validated' END,
    CASE WHEN p_session.step5_committed THEN 'step5_committed' END,
    CASE WHEN p_session.step5_deployed THEN 'step5_deployed' END,
    CASE WHEN p_session.step6_code_validated THEN 'step6_code_validated' END,
    CASE WHEN p_session.step6_committed THEN 'step6_committed' END,
    CASE WHEN p_session.step6_deployed THEN 'step6_deployed' END,
    CASE WHEN p_session.system_prompt_saved THEN 'system_prompt_saved' END,
    CASE WHEN p_session.step7_committed THEN 'step7_committed' END,
    CASE WHEN p_session.step7_deployed THEN 'step7_deployed' END,
    CASE WHEN p_session.tools_configured THEN 'tools_configured' END,
    CASE WHEN p_session.step8_code_validated THEN 'step8_code_validated' END,
    CASE WHEN p_session.step8_committed THEN 'step8_committed' END,
    CASE WHEN p_session.step8_deployed THEN 'step8_deployed' END,
    CASE WHEN p_session.project_deployed THEN 'project_deployed' END], NULL))
  || CASE WHEN p_session.extra = '{}' THEN '[]' ELSE (
    SELECT coalesce(jsonb_agg(key), '[]') FROM jsonb_each(p_session.extra) WHERE value = 'true') END
$$;

-- Return the steps of its course that a session's flags complete.
CREATE OR REPLACE FUNCTION public.flagged_steps(p_session public.sessions) RETURNS INTEGER[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_flags JSONB := public.true_flags(p_session);
BEGIN
  IF v_flags = '[]' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT (step ->> 'number')::INTEGER
    FROM public.courses c, jsonb_array_elements(c.steps) AS step
    WHERE c.course_id = p_session.course_id AND step -> 'completed_by' <> '[]'
      AND v_flags @> (step -> 'completed_by')
    ORDER BY 1);
END $$;

-- Return a session for the holder of its token: these columns and no others, so never the API key.
-- E-mail addresses are not verified, so the name is the one that this session sent, never the one in
-- public.students.
CREATE OR REPLACE FUNCTION public.session_progress(p_session_token TEXT) RETURNS JSONB
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT to_jsonb(allowed) FROM (
      SELECT s.session_token, s.student_id, s.course_id,
        CASE WHEN position('@' IN st.student_email) > 0 THEN st.student_email END AS student_email,
        s.student_name_given AS student_name, s.github_username_given AS github_username,
        s.twilio_account_given AS has_twilio_account_sid,
        s.started_at, s.last_activity, s.expires_at, s.is_active, s.demo_mode,
        s.current_step, s.total_time_spent, s.completion_rate,
        public.session_steps(s) AS step_progress,
        s.use_case_description, s.call_direction, s.selected_phone_number, s.tts_provider,
        s.selected_voice, coalesce(s.openai_api_key, '') <> '' AS has_api_key,
        s.system_prompt, s.ivr_greeting, s.tools, s.voice_settings, s.websocket_url,
        s.codespace_url, s.github_repo_url, s.railway_url, s.ci_service_sid,
        s.extra - 'twilioAuthToken' AS extra, s.extra ? 'twilioAuthToken' AS has_twilio_auth_token,
        s.repo_created, s.bug_reports, s.exercises, s.help_asked_at,
        s.twilio_connected, s.openai_connected, s.call_direction_chosen, s.services_ready,
        s.step4_code_validated, s.step4_committed, s.step4_deployed,
        s.step5_code_validated, s.step5_committed, s.step5_deployed,
        s.step6_code_validated, s.step6_committed, s.step6_deployed,
        s.system_prompt_saved, s.step7_committed, s.step7_deployed, s.tools_configured,
        s.step8_code_validated, s.step8_committed, s.step8_deployed, s.project_deployed,
        s.version, s.created_at, s.updated_at
      FROM public.sessions s JOIN public.students st USING (student_id)
      WHERE s.session_token = p_session_token
    ) AS allowed);
END $$;

-- Return a JSON value within a number of bytes: the beginning of a text, the last elements of an array,
-- the smallest members of an object.
CREATE OR REPLACE FUNCTION public.cut_json(p_value JSONB, p_max_bytes INTEGER) RETURNS JSONB
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF octet_length(p_value::TEXT) <= p_max_bytes THEN
    RETURN p_value;
  END IF;
  RETURN CASE jsonb_typeof(p_value)
    WHEN 'string' THEN to_jsonb(left(p_value #>> '{}', p_max_bytes / 6) || '…')  -- \u001f has 6 bytes
    WHEN 'array' THEN (
      SELECT coalesce(jsonb_agg(value ORDER BY place), '[]') FROM (
        SELECT value, place, sum(octet_length(value::TEXT) + 2) OVER (ORDER BY place DESC) AS bytes
        FROM jsonb_array_elements(p_value) WITH ORDINALITY AS elements (value, place)) AS sized
      WHERE bytes <= p_max_bytes - 2)
    WHEN 'object' THEN (
      SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM (
        SELECT key, value, sum(octet_length(to_jsonb(key)::TEXT) + octet_length(value::TEXT) + 4)
          OVER (ORDER BY octet_length(value::TEXT), key) AS bytes
        FROM jsonb_each(p_value)) AS sized
      WHERE bytes <= p_max_bytes - 2)
    ELSE 'null' END;
END $$;

-- Return a session as session_progress() made it, within a number of bytes: the largest fields are cut,
-- and truncated_fields names them. Instead of `extra`, it names the members of `extra` that are missing.
CREATE OR REPLACE FUNCTION public.bounded_session(p_session JSONB, p_max_bytes INTEGER)
RETURNS JSONB LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  v_field RECORD;
  v_bytes INTEGER := octet_length(p_session::TEXT);
  v_truncated TEXT[] := '{}';
  v_whole JSONB := p_session;
BEGIN
  IF p_session IS NULL OR v_bytes <= p_max_bytes THEN
    RETURN p_session;
  END IF;
  FOR v_field IN
    SELECT key, value, octet_length(value::TEXT) AS bytes FROM jsonb_each(p_session)
    WHERE key NOT IN ('session_token', 'student_email')
    ORDER BY octet_length(value::TEXT) DESC
  LOOP
    EXIT WHEN v_bytes <= p_max_bytes * 0.98;
    v_field.value := public.cut_json(v_field.value, p_max_bytes / 32);  -- there are 20 fields to cut
    p_session := jsonb_set(p_session, ARRAY[v_field.key], v_field.value);
    v_bytes := v_bytes - v_field.bytes + octet_length(v_field.value::TEXT);
    v_truncated := v_truncated || CASE WHEN v_field.key = 'extra' THEN ARRAY(
      SELECT jsonb_object_keys(v_whole -> 'extra') EXCEPT SELECT jsonb_object_keys(v_field.value)
      ORDER BY 1) ELSE ARRAY[v_field.key] END;
  END LOOP;
  RETURN p_session || jsonb_build_object('truncated_fields', v_truncated);
END $$;

-- Return the steps that a session has begun or completed, in order, as a JSON array.
CREATE OR REPLACE FUNCTION public.session_steps(p_session public.sessions) RETURNS JSONB
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_flagged INTEGER[] := public.flagged_steps(p_session);
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'stepNumber', step,
      'stepName', public.step_name(c.steps, step),
      'completed', coalesce(p.validation_passed, FALSE) OR step = ANY (v_flagged),
      'timeSpent', coalesce(p.time_spent, 0),
      'attempts', coalesce(p.attempts, 0),
      'startedAt', p.started_at,
      'completedAt', p.completed_at,
      'deploymentUrl', p.deployment_url) ORDER BY step), '[]')
    FROM public.courses c
    CROSS JOIN generate_series(1, jsonb_array_length(c.steps)) AS step
    LEFT JOIN public.step_progress p
      ON p.session_token = p_session.session_token AND p.step_number = step
    WHERE c.course_id = p_session.course_id
      AND (p.id IS NOT NULL OR step = ANY (v_flagged)));
END $$;

-- Find or create a session and its student, lock the session's row, and return the student. A
-- new e-mail claims an anonymous session, but never the session of another person. A name is stored
-- with the session, and with the student only if the student has none. A null course stands for the
-- session's own or, in a new session, the default; a session without progress may change its course.
CREATE OR REPLACE FUNCTION public.open_session(
  p_session_token TEXT, p_student_email TEXT, p_student_name TEXT, p_demo_mode BOOLEAN,
  p_course_id TEXT
) RETURNS UUID LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_email TEXT := public.normalized_email(p_student_email);
  v_name TEXT := nullif(btrim(p_student_name), '');
  v_owner UUID;
  v_owner_email TEXT;
  v_former_emails TEXT[];
  v_course_id TEXT;
BEGIN
  IF p_course_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM public.courses WHERE course_id = p_course_id) THEN
    RAISE EXCEPTION 'there is no such course'
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'sessions_course_id_fkey';
  END IF;
  -- Requests for one token take turns. Otherwise one that creates the session and one that claims it
  -- lock the anonymous student and the session in different orders, and each waits for the other.
  PERFORM pg_advisory_xact_lock(hashtextextended('stepwise.session.' || p_session_token, 0));
  SELECT s.student_id, st.student_email, coalesce(st.former_emails, '{}'), s.course_id
    INTO v_owner, v_owner_email, v_former_emails, v_course_id
    FROM public.sessions s JOIN public.students st USING (student_id)
    WHERE s.session_token = p_session_token FOR UPDATE OF s;
  IF v_owner IS NULL THEN
    IF EXISTS (SELECT FROM public.removals WHERE kind = 'replaced_token'
               AND name_sha256 = public.removal_key(p_session_token)) THEN
      RAISE EXCEPTION 'the session has another token now'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'session_token_replaced';
    END IF;
    v_owner_email := coalesce(v_email, public.anonymous_email(p_session_token));
    v_owner := public.open_student(v_owner_email, v_name);
    PERFORM public.check_new_sessions(v_owner, v_email);
    INSERT INTO public.sessions (session_token, student_id, demo_mode, student_name_given, course_id)
      VALUES (p_session_token, v_owner, coalesce(p_demo_mode, FALSE), v_name,
        coalesce(p_course_id, public.default_course()))
      ON CONFLICT ON CONSTRAINT sessions_pkey DO NOTHING;
    IF NOT FOUND THEN  -- another request created it between the two statements
      DELETE FROM public.students st WHERE st.student_id = v_owner AND v_email IS NULL
        AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = v_owner);
      RETURN public.open_session(
        p_session_token, p_student_email, p_student_name, p_demo_mode, p_course_id);
    END IF;
    INSERT INTO public.events (student_id, session_token, event_type)
      VALUES (v_owner, p_session_token, 'session_created');
    RETURN v_owner;
  END IF;
  IF v_email <> v_owner_email AND v_email <> ALL (v_former_emails) THEN
    IF position('@' IN v_owner_email) > 0 OR v_owner_email NOT LIKE 'anonymous\_%' THEN
      RAISE EXCEPTION 'the session belongs to another student'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'session_of_one_student';
    END IF;
    v_owner := public.claim_session(p_session_token, v_owner, v_email, v_name);
  ELSIF v_name IS NOT NULL THEN
    UPDATE public.students SET student_name = v_name
      WHERE student_id = v_owner AND coalesce(student_name, '') = '';
  END IF;
  UPDATE public.sessions SET
    demo_mode = coalesce(p_demo_mode, demo_mode),
    student_name_given = coalesce(v_name, student_name_given),
    course_id = coalesce(p_course_id, course_id)
  WHERE session_token = p_session_token
    AND (demo_mode <> p_demo_mode OR v_name <> coalesce(student_name_given, '')
      OR p_course_id <> v_course_id);
  RETURN v_owner;
END $$;

-- Find or create a student. The name that was sent first is kept, since anyone who knows the
-- e-mail address could send another.
CREATE OR REPLACE FUNCTION public.open_student(p_email TEXT, p_name TEXT) RETURNS UUID
LANGUAGE sql AS $$
  INSERT INTO public.students AS st (student_email, student_name) VALUES (p_email, p_name)
  ON CONFLICT ON CONSTRAINT students_student_email_key
    DO UPDATE SET student_name = coalesce(nullif(st.student_name, ''), excluded.student_name)
  RETURNING student_id
$$;

-- Raise an error if a student has had 20 new sessions, including claimed ones, in the last hour; the message
-- is the number of seconds until another one is allowed. The caller has locked the student, so that two
-- requests never count at once. Without an e-mail address, nothing is limited.
CREATE OR REPLACE FUNCTION public.check_new_sessions(p_student_id UUID, p_email TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_begun TIMESTAMPTZ;
BEGIN
  IF p_email IS NULL OR position('@' IN p_email) = 0 THEN
    RETURN;
  END IF;
  SELECT max(e.created_at) INTO v_begun FROM public.events e
    WHERE e.student_id = p_student_id AND e.event_type IN ('session_created', 'session_claimed')
      AND e.created_at > now() - INTERVAL '1 hour'
    GROUP BY e.session_token ORDER BY 1 DESC OFFSET 19 LIMIT 1;
  IF v_begun IS NOT NULL THEN
    RAISE EXCEPTION '%', greatest(1, ceil(extract(
        epoch FROM v_begun + INTERVAL '1 hour' - now())))::INTEGER
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'students_new_sessions_limit';
  END IF;
END $$;

-- Move an anonymous session, with everything it has recorded, to the student with this e-mail.
CREATE OR REPLACE FUNCTION public.claim_session(
  p_session_token TEXT, p_anonymous UUID, p_email TEXT, p_name TEXT
) RETURNS UUID LANGUAGE plpgsql AS $$
DECLARE
  v_owner UUID;
BEGIN
  v_owner := public.open_student(p_email, coalesce(
    p_name, (SELECT student_name FROM public.students WHERE student_id = p_anonymous)));
  IF EXISTS (SELECT FROM public.events e
             WHERE e.session_token = p_session_token AND e.event_type = 'session_detached'
               AND e.event_data ->> 'formerStudentId' = v_owner::TEXT) THEN
    RAISE EXCEPTION 'an operator detached the session from this student'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'session_of_one_student';
  END IF;
  PERFORM public.check_new_sessions(v_owner, p_email);
  UPDATE public.students o SET
    github_username = coalesce(nullif(o.github_username, ''), a.github_username),
    twilio_account_sid = coalesce(nullif(o.twilio_account_sid, ''), a.twilio_account_sid)
  FROM public.students a
  WHERE o.student_id = v_owner AND a.student_id = p_anonymous
    AND coalesce(a.github_username, a.twilio_account_sid, '') <> '';
  UPDATE public.sessions SET student_id = v_owner WHERE session_token = p_session_token;
  UPDATE public.step_progress SET student_id = v_owner WHERE session_token = p_session_token;
  PERFORM set_config('stepwise.removal', 'claim', TRUE);
  UPDATE public.events SET student_id = v_owner WHERE session_token = p_session_token;
  DELETE FROM public.students st WHERE st.student_id = p_anonymous
    AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = p_anonymous);
  PERFORM set_config('stepwise.removal', '', TRUE);
  INSERT INTO public.events (student_id, session_token, event_type)
    VALUES (v_owner, p_session_token, 'session_claimed');
  RETURN v_owner;
END $$;

-- Return true if the idempotency key is new, false if the same request was carried out before. While
-- the first request with a key is running, a second one waits here for it to finish.
CREATE OR REPLACE FUNCTION public.claim_key(p_key_hash BYTEA, p_body_hash BYTEA) RETURNS BOOLEAN
LANGUAGE plpgsql AS $$
BEGIN
  IF p_key_hash IS NULL THEN
    RETURN TRUE;
  END IF;
  INSERT INTO public.idempotency_keys (key_hash, body_hash) VALUES (p_key_hash, p_body_hash)
    ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO NOTHING;
  IF FOUND THEN
    RETURN TRUE;
  END IF;
  IF EXISTS (SELECT FROM public.idempotency_keys
             WHERE key_hash = p_key_hash AND body_hash <> p_body_hash) THEN
    RAISE EXCEPTION 'the idempotency key was used with another body'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'idempotency_keys_same_body';
  END IF;
  RETURN FALSE;
END $$;

-- Store the accounts that a session sent; null changes nothing. E-mails are not verified, so the
-- student keeps the first account, unless only this session has ever sent one. The SID is sealed.
-- The student's updated_at says how new the name is, so only a microsecond is added to it, which
-- keeps set_updated_at() from setting it to now.
CREATE OR REPLACE FUNCTION public.give_accounts(
  p_session_token TEXT, p_github_username TEXT, p_twilio_account_sid TEXT
) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(p_github_username, p_twilio_account_sid) IS NULL THEN
    RETURN;
  END IF;
  UPDATE public.students st SET
    github_username = CASE WHEN coalesce(st.github_username, '') = ''
        OR s.github_username_given IS NOT NULL AND NOT EXISTS (
          SELECT FROM public.sessions o WHERE o.student_id = s.student_id
            AND o.session_token <> s.session_token AND o.github_username_given IS NOT NULL)
      THEN coalesce(p_github_username, st.github_username) ELSE st.github_username END,
    twilio_account_sid = CASE WHEN coalesce(st.twilio_account_sid, '') = ''
        OR s.twilio_account_given AND NOT EXISTS (
          SELECT FROM public.sessions o WHERE o.student_id = s.student_id
            AND o.session_token <> s.session_token AND o.twilio_account_given)
      THEN coalesce(p_twilio_account_sid, st.twilio_account_sid) ELSE st.twilio_account_sid END,
    updated_at = st.updated_at + INTERVAL '1 microsecond'
  FROM public.sessions s
  WHERE s.session_token = p_session_token AND st.student_id = s.student_id;
  UPDATE public.sessions SET
    github_username_given = coalesce(p_github_username, github_username_given),
    twilio_account_given = twilio_account_given OR p_twilio_account_sid IS NOT NULL
  WHERE session_token = p_session_token;
END $$;

-- Add a report about a step: time and attempts add up, and a step once passed stays passed. A name
-- of the course decides which step it is about; any other name goes to the events only, so that
-- each step has one name. The use case is stored if the report is about the step of the built-in
-- course that asks for it, and the session has none. Return session_progress(). Both hashes are null
-- if no Idempotency-Key was sent.
CREATE OR REPLACE FUNCTION public.record_step_progress(
  p_session_token TEXT, p_student_email TEXT, p_student_name TEXT, p_demo_mode BOOLEAN,
  p_course_id TEXT, p_step_number INTEGER, p_step_name TEXT, p_completed BOOLEAN, p_use_case TEXT,
  p_time_spent INTEGER, p_attempts INTEGER, p_code_submitted TEXT, p_deployment_url TEXT,
  p_github_username TEXT, p_twilio_account_sid TEXT, p_key_hash BYTEA, p_body_hash BYTEA
) RETURNS JSONB LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_course public.courses;
  v_step INTEGER;
  v_name TEXT;
  v_student UUID;
  v_before public.step_progress;
  v_completes BOOLEAN;
BEGIN
  IF NOT public.claim_key(p_key_hash, p_body_hash) THEN
    RETURN public.session_progress(p_session_token);
  END IF;
  v_student := public.open_session(
    p_session_token, p_student_email, p_student_name, p_demo_mode, p_course_id);
  SELECT c.* INTO v_course FROM public.courses c JOIN public.sessions s USING (course_id)
    WHERE s.session_token = p_session_token;
  v_step := public.step_meant(public.step_names(v_course.steps), p_step_number, p_step_name);
  v_name := public.step_name(v_course.steps, v_step);
  IF v_name IS NULL THEN
    RAISE EXCEPTION 'the course has no such step'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'step_progress_step_number_check';
  END IF;
  PERFORM public.give_accounts(p_session_token, p_github_username, p_twilio_account_sid);
  SELECT * INTO v_before FROM public.step_progress
    WHERE session_token = p_session_token AND step_number = v_step;
  v_completes := p_completed AND NOT coalesce(v_before.validation_passed, FALSE);
  IF v_before.id IS NULL THEN
    INSERT INTO public.step_progress (session_token, student_id, step_number, step_name,
      completed_at, time_spent, attempts, validation_passed, code_submitted, deployment_url)
    VALUES (p_session_token, v_student, v_step, v_name, CASE WHEN p_completed THEN now() END,
      p_time_spent, p_attempts, p_completed, p_code_submitted, p_deployment_url);
  ELSE
    UPDATE public.step_progress SET
      completed_at = CASE WHEN v_completes THEN now() ELSE completed_at END,
      time_spent = least(time_spent::BIGINT + p_time_spent, 2147483647),
      attempts = least(attempts::BIGINT + p_attempts, 2147483647),
      validation_passed = validation_passed OR p_completed,
      code_submitted = coalesce(p_code_submitted, code_submitted),
      deployment_url = coalesce(p_deployment_url, deployment_url)
    WHERE id = v_before.id;
  END IF;
  INSERT INTO public.events (student_id, session_token, event_type, event_data)
  SELECT v_student, p_session_token, event_type, jsonb_strip_nulls(jsonb_build_object(
    'stepNumber', v_step, 'stepName', nullif(p_step_name, v_name),
    'timeSpent', p_time_spent, 'attempts', p_attempts,
    'deploymentUrl', CASE WHEN event_type LIKE 'deployment%' THEN p_deployment_url END))
  FROM (VALUES
    ('step_started', v_before.id IS NULL),
    ('step_progress', v_before.id IS NOT NULL AND NOT v_completes),
    ('step_completed', v_completes),
    ('deployment_success', p_completed AND p_deployment_url IS NOT NULL
      AND (v_completes OR p_deployment_url IS DISTINCT FROM v_before.deployment_url)),
    ('deployment_failure', NOT p_completed AND p_deployment_url IS NOT NULL
      AND NOT coalesce(v_before.validation_passed, FALSE)
      AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.session_token = p_session_token
                      AND v_step = ANY (public.flagged_steps(s))))
  ) AS candidates (event_type, occurred)
  WHERE occurred;
  IF p_use_case IS NOT NULL AND v_step = 2 AND v_course.built_in THEN
    UPDATE public.sessions SET use_case_description = p_use_case
      WHERE session_token = p_session_token AND coalesce(use_case_description, '') = '';
  END IF;
  PERFORM public.recompute_session(p_session_token);
  RETURN public.session_progress(p_session_token);
END $$;

-- Save the fields of p_config: a field that is absent keeps its value, and flags and current_step
-- never go back. Those of p_other_flags that complete steps of the course are kept in `extra`.
-- p_version, if given, must be the stored version. Return session_progress(); null if the session
-- does not exist and p_create is false, or if it was removed after the same request had been
-- carried out.
CREATE OR REPLACE FUNCTION public.save_session_config(
  p_session_token TEXT, p_student_email TEXT, p_student_name TEXT, p_course_id TEXT,
  p_config JSONB, p_other_flags JSONB, p_only_flags BOOLEAN, p_version INTEGER, p_create BOOLEAN,
  p_github_username TEXT, p_twilio_account_sid TEXT, p_key_hash BYTEA, p_body_hash BYTEA
) RETURNS JSONB LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_before public.sessions;
  v_after public.sessions;
BEGIN
  IF NOT p_create AND NOT EXISTS (
      SELECT FROM public.sessions WHERE session_token = p_session_token) THEN
    RETURN NULL;
  END IF;
  IF NOT public.claim_key(p_key_hash, p_body_hash) THEN
    RETURN public.session_progress(p_session_token);
  END IF;
  PERFORM public.open_session(p_session_token, p_student_email, p_student_name,
    (p_config ->> 'demo_mode')::BOOLEAN, p_course_id);
  SELECT * INTO v_before FROM public.sessions WHERE session_token = p_session_token;
  IF p_version <> v_before.version THEN
    RAISE EXCEPTION 'the configuration has been saved since this version was loaded'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'sessions_newest_version';
  END IF;
  UPDATE public.sessions s SET
    use_case_description = n.use_case_description, call_direction = n.call_direction,
    selected_phone_number = n.selected_phone_number, tts_provider = n.tts_provider,
    selected_voice = n.selected_voice, openai_api_key = n.openai_api_key,
    system_prompt = n.system_prompt, ivr_greeting = n.ivr_greeting, tools = n.tools,
    voice_settings = n.voice_settings, websocket_url = n.websocket_url,
    codespace_url = n.codespace_url, github_repo_url = n.github_repo_url,
    railway_url = n.railway_url, current_step = greatest(s.current_step, n.current_step),
    twilio_connected = s.twilio_connected OR n.twilio_connected,
    openai_connected = s.openai_connected OR n.openai_connected,
    call_direction_chosen = s.call_direction_chosen OR n.call_direction_chosen,
    services_ready = s.services_ready OR n.services_ready,
    step4_code_validated = s.step4_code_validated OR n.step4_code_validated,
    step4_committed = s.step4_committed OR n.step4_committed,
    step4_deployed = s.step4_deployed OR n.step4_deployed,
    step5_code_validated = s.step5_code_validated OR n.step5_code_validated,
    step5_committed = s.step5_committed OR n.step5_committed,
    step5_deployed = s.step5_deployed OR n.step5_deployed,
    step6_code_validated = s.step6_code_validated OR n.step6_code_validated,
    step6_committed = s.step6_committed OR n.step6_committed,
    step6_deployed = s.step6_deployed OR n.step6_deployed,
    system_prompt_saved = s.system_prompt_saved OR n.system_prompt_saved,
    step7_committed = s.step7_committed OR n.step7_committed,
    step7_deployed = s.step7_deployed OR n.step7_deployed,
    tools_configured = s.tools_configured OR n.tools_configured,
    step8_code_validated = s.step8_code_validated OR n.step8_code_validated,
    step8_committed = s.step8_committed OR n.step8_committed,
    step8_deployed = s.step8_deployed OR n.step8_deployed,
    project_deployed = s.project_deployed OR n.project_deployed,
    ci_service_sid = n.ci_service_sid,
    extra = s.extra || coalesce(p_config -> 'extra', '{}') || (
      SELECT coalesce(jsonb_object_agg(flag, TRUE), '{}')
      FROM public.courses c, jsonb_array_elements(c.steps) AS step,
        jsonb_array_elements_text(step -> 'completed_by') AS flag
      WHERE c.course_id = s.course_id AND p_other_flags -> flag = 'true'),
    version = s.version + 1
  FROM jsonb_populate_record(v_before, p_config) n
  WHERE s.session_token = p_session_token
  RETURNING s.* INTO v_after;
  IF p_only_flags AND NOT EXISTS (
      SELECT FROM jsonb_object_keys(p_other_flags) AS flag WHERE v_after.extra -> flag = 'true') THEN
    RAISE EXCEPTION 'the course has none of these flags'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'sessions_something_to_save';
  END IF;
  PERFORM public.give_accounts(p_session_token, p_github_username, p_twilio_account_sid);
  PERFORM public.record_flag_events(v_before, v_after);
  PERFORM public.recompute_session(p_session_token);
  RETURN public.session_progress(p_session_token);
END $$;

-- Record an event for each deployment flag of a session that became true, and for each step that
-- the flags complete now, but did not before, and that was not passed by a report.
CREATE OR REPLACE FUNCTION public.record_flag_events(
  p_before public.sessions, p_after public.sessions
) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO public.events (student_id, session_token, event_type, event_data)
  SELECT p_after.student_id, p_after.session_token, 'deployment_success',
    jsonb_build_object('flag', flag.key)
  FROM jsonb_each(to_jsonb(p_after)) AS flag
  WHERE flag.key LIKE '%\_deployed' AND flag.value = 'true'
    AND to_jsonb(p_before) -> flag.key <> 'true'
  UNION ALL
  SELECT p_after.student_id, p_after.session_token, 'step_completed',
    jsonb_build_object('stepNumber', step, 'by', 'flags')
  FROM unnest(public.flagged_steps(p_after)) AS step
  WHERE step <> ALL (public.flagged_steps(p_before)) AND NOT EXISTS (
    SELECT FROM public.step_progress p WHERE p.session_token = p_after.session_token
      AND p.step_number = step AND p.validation_passed)
$$;

-- Store a bug report as an event and, if its session exists, shortened in bug_reports, which keeps
-- the newest 100, up to 200 KB. Return the event's id.
CREATE OR REPLACE FUNCTION public.report_bug(
  p_session_token TEXT, p_report JSONB, p_shortened JSONB
) RETURNS BIGINT LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_student UUID;
  v_session_exists BOOLEAN;
  v_event BIGINT;
BEGIN
  UPDATE public.sessions SET bug_reports = public.cut_json(
      CASE WHEN jsonb_typeof(bug_reports) <> 'array' THEN jsonb_build_array(bug_reports)
           WHEN jsonb_array_length(bug_reports) >= 100 THEN bug_reports - 0
           ELSE bug_reports END || jsonb_build_array(p_shortened), 200000)
    WHERE session_token = p_session_token RETURNING student_id INTO v_student;
  v_session_exists := FOUND;
  INSERT INTO public.events (student_id, session_token, event_type, event_data)
    VALUES (v_student, CASE WHEN v_session_exists THEN p_session_token END, 'bug_reported',
      p_report)
    RETURNING id INTO v_event;
  RETURN v_event;
END $$;
