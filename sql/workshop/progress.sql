-- Queries of lib/workshop/progress/store.py; the functions are defined in schema/functions.sql.

-- open_session --
-- Begin a session.
SELECT public.open_session(
  %(session_token)s, %(student_email)s, %(student_name)s, NULL, %(course_id)s);

-- record_step_progress --
-- Add a report about a step; return the whole session.
SELECT public.record_step_progress(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s,
  %(course_id)s, %(step_number)s, %(step_name)s, %(completed)s, %(use_case)s, %(time_spent)s, %(attempts)s,
  %(code_submitted)s, %(deployment_url)s, %(github_username)s, %(twilio_account_sid)s,
  %(key_hash)s, %(body_hash)s
)::TEXT;

-- session_progress --
-- Return a whole session, or null if the token is unknown.
SELECT public.session_progress(%(session_token)s)::TEXT;

-- sessions_of_student --
-- Return a student's whole sessions for an operator, newest first, under the name of
-- public.students. The student is given by e-mail or by id; the other parameter is null.
SELECT (public.session_progress(s.session_token)
  || jsonb_build_object('student_name', st.student_name))::TEXT AS progress
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE s.student_id IN (
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(student_email)s)
    OR student_id = %(student_id)s)
ORDER BY s.last_activity DESC, s.session_token
LIMIT 200;

-- shared_sessions_of_student --
-- Return the share view of a student's sessions, newest first: steps and percentages.
SELECT s.course_id, s.current_step, s.completion_rate, (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'stepNumber', step -> 'stepNumber',
      'stepName', step -> 'stepName',
      'completed', step -> 'completed') ORDER BY position), '[]')
    FROM jsonb_array_elements(public.session_steps(s)) WITH ORDINALITY AS steps (step, position)
  ) AS step_progress
FROM public.sessions s
WHERE s.student_id IN (
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(student_email)s)
    OR student_id = %(student_id)s)
ORDER BY s.last_activity DESC, s.session_token
LIMIT 200;

-- report_bug --
-- Store a bug report as an event, and shortened in its session; return its number.
SELECT public.report_bug(%(session_token)s, %(report)s, %(shortened)s);
