-- Queries of lib/workshop/class_progress/store.py.

-- class_course --
-- Return a course (null: the built-in one), the number of its students, and the database's time.
SELECT c.course_id, c.name, c.steps, c.built_in,
  (SELECT count(DISTINCT s.student_id) FROM public.sessions s WHERE s.course_id = c.course_id) AS students,
  now() AS as_of
FROM public.courses c WHERE c.course_id = coalesce(%(course_id)s::TEXT, public.default_course());

-- class_students --
-- Return a page of a course's students by id, after the given one (null: the first page), each with one
-- session: an open one before closed ones, the furthest first. Only students are returned with a session
-- that has changed since the given time (null: all). Uses idx_sessions_student_id.
SELECT s.student_id, st.student_email, left(st.student_name, 1000) AS student_name,
  left(st.github_username, 1000) AS github_username, s.session_token, others.sessions, s.is_active,
  s.current_step, s.completion_rate, s.total_time_spent, s.started_at, s.last_activity,
  coalesce(s.progressed_at, s.last_activity) AS last_progress_at, s.help_asked_at,
  jsonb_array_length(s.bug_reports) AS bug_reports,
  public.true_flags(s) AS flags, coalesce(steps.begun, '{}') AS begun, coalesce(steps.passed, '{}') AS passed
FROM (
  SELECT DISTINCT ON (candidate.student_id) candidate.session_token
  FROM public.sessions candidate
  WHERE candidate.course_id = coalesce(%(course_id)s::TEXT, public.default_course())
    AND (%(after)s::UUID IS NULL OR candidate.student_id > %(after)s::UUID)
  ORDER BY candidate.student_id, candidate.is_active DESC, candidate.current_step DESC,
    candidate.last_activity DESC, candidate.session_token
) AS chosen
JOIN public.sessions s USING (session_token)
JOIN public.students st ON st.student_id = s.student_id
CROSS JOIN LATERAL (
  SELECT count(*) AS sessions, max(o.updated_at) AS updated_at FROM public.sessions o
  WHERE o.student_id = s.student_id AND o.course_id = s.course_id
) AS others
CROSS JOIN LATERAL (
  SELECT array_agg(p.step_number) AS begun,
    array_agg(p.step_number) FILTER (WHERE p.validation_passed) AS passed
  FROM public.step_progress p WHERE p.session_token = s.session_token
) AS steps
WHERE %(since)s::TIMESTAMPTZ IS NULL OR others.updated_at >= %(since)s::TIMESTAMPTZ
  OR st.updated_at >= %(since)s::TIMESTAMPTZ
ORDER BY s.student_id
LIMIT %(limit)s;
