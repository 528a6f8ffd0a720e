-- Queries of lib/workshop/class_progress/store.py.

-- class_course --
-- Return a course (null: the built-in one), the number of its students, and the database's time.
SELECT c.course_id, c.name, c.steps, c.built_in, (
    SELECT count(*) FROM (
      SELECT s.student_id FROM public.sessions s WHERE s.course_id = c.course_id
      UNION SELECT e.student_id FROM public.enrollments e WHERE e.course_id = c.course_id) AS members
  ) AS students, now() AS as_of
FROM public.courses c WHERE c.course_id = coalesce(%(course_id)s::TEXT, public.default_course());

-- class_students --
-- Return a page of a course's students by id, after the given one (null: the first page): those with a
-- session, and those whom a roster enrolled. Each comes with at most one session: an open one rather than
-- a closed one, and then the furthest. With a time, return only students who changed since then.
WITH members AS (
  SELECT s.student_id, count(*) AS sessions, max(s.updated_at) AS updated_at
  FROM public.sessions s
  WHERE s.course_id = coalesce(%(course_id)s::TEXT, public.default_course())
    AND (%(after)s::UUID IS NULL OR s.student_id > %(after)s::UUID)
  GROUP BY s.student_id
  UNION ALL
  SELECT e.student_id, 0, e.created_at
  FROM public.enrollments e
  WHERE e.course_id = coalesce(%(course_id)s::TEXT, public.default_course())
    AND (%(after)s::UUID IS NULL OR e.student_id > %(after)s::UUID)
), page AS (
  SELECT m.student_id, sum(m.sessions)::BIGINT AS sessions
  FROM members m JOIN public.students st USING (student_id)
  GROUP BY m.student_id
  HAVING %(since)s::TIMESTAMPTZ IS NULL
    OR greatest(max(m.updated_at), max(st.updated_at)) >= %(since)s::TIMESTAMPTZ
  ORDER BY m.student_id
  LIMIT %(limit)s
)
SELECT page.student_id, st.student_email, left(st.student_name, 1000) AS student_name,
  left(st.github_username, 1000) AS github_username, (session).session_token, page.sessions,
  coalesce((session).is_active, FALSE) AS is_active,
  coalesce((session).current_step, 0) AS current_step,
  coalesce((session).completion_rate, 0) AS completion_rate,
  coalesce((session).total_time_spent, 0) AS total_time_spent, (session).started_at,
  (session).last_activity,
  coalesce((session).progressed_at, (session).last_activity) AS last_progress_at,
  (session).help_asked_at, coalesce(jsonb_array_length((session).bug_reports), 0) AS bug_reports,
  CASE WHEN (session).session_token IS NULL THEN '[]' ELSE public.true_flags(session) END AS flags,
  coalesce(steps.begun, '{}') AS begun_steps, coalesce(steps.passed, '{}') AS passed_steps
FROM page
JOIN public.students st USING (student_id)
LEFT JOIN LATERAL (
  SELECT s AS session FROM public.sessions s
  WHERE s.student_id = page.student_id
    AND s.course_id = coalesce(%(course_id)s::TEXT, public.default_course())
  ORDER BY s.is_active DESC, s.current_step DESC, s.last_activity DESC, s.session_token
  LIMIT 1
) AS chosen ON TRUE
LEFT JOIN LATERAL (
  SELECT array_agg(p.step_number) AS begun,
    array_agg(p.step_number) FILTER (WHERE p.validation_passed) AS passed
  FROM public.step_progress p WHERE p.session_token = (session).session_token
) AS steps ON TRUE
ORDER BY page.student_id;
