-- Queries of lib/workshop/progress/progress.py; the functions stand in functions.sql.

-- record_step_progress --
-- Add one report about a step, return the whole session.
SELECT public.record_step_progress(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s,
  %(step_number)s, %(step_name)s, %(completed)s, %(time_spent)s, %(attempts)s,
  %(code_submitted)s, %(deployment_url)s, %(key_hash)s, %(body_hash)s
)::TEXT;

-- open_session --
-- Begin a session.
SELECT public.open_session(%(session_token)s, %(student_email)s, %(student_name)s, NULL);

-- session_progress --
-- The whole session, null where there is none.
SELECT public.session_progress(%(session_token)s)::TEXT;

-- sessions_of_student --
-- Whole sessions of one student for an operator, under the student's own name, newest first; by
-- e-mail or by id, the other one is null.
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
-- What anyone may see of one student's sessions, newest first: steps and percentages.
SELECT s.current_step, s.completion_rate, (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'stepNumber', step -> 'stepNumber',
      'stepName', public.workshop_step_name((step ->> 'stepNumber')::INTEGER),
      'completed', step -> 'completed') ORDER BY place), '[]')
    FROM jsonb_array_elements(public.session_steps(s)) WITH ORDINALITY AS steps (step, place)
  ) AS step_progress
FROM public.sessions s
WHERE s.student_id IN (
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(student_email)s)
    OR student_id = %(student_id)s)
ORDER BY s.last_activity DESC, s.session_token
LIMIT 200;
