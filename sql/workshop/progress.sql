-- Queries of lib/workshop/progress/store.py; the functions are defined in schema/functions.sql.

-- open_session --
-- Begin a session.
SELECT public.open_session(
  %(session_token)s, %(student_email)s, %(student_name)s, NULL, %(course_id)s);

-- record_step_progress --
-- Add a report about a step; return the whole session.
WITH recorded AS MATERIALIZED (SELECT public.record_step_progress(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s,
  %(course_id)s, %(step_number)s, %(step_name)s, %(completed)s, %(use_case)s, %(time_spent)s, %(attempts)s,
  %(code_submitted)s, %(deployment_url)s, %(github_username)s, %(twilio_account_sid)s,
  %(key_hash)s, %(body_hash)s
) AS session)
SELECT public.bounded_session(session - 'extra', %(max_bytes)s)::TEXT FROM recorded;

-- session_progress --
-- Return a whole session, or null if the token is unknown.
SELECT public.bounded_session(
  public.session_progress(%(session_token)s) - 'extra', %(max_bytes)s)::TEXT;

-- sessions_of_student --
-- Return a page of a student's whole sessions for an instructor or operator, after the given
-- session (null: the first page): those with progress first, and in both groups the most recently
-- active first. Each has the student's name from public.students. The student is given by e-mail or
-- by id; if both are given, both must match. As many sessions are returned as fit in max_bytes;
-- page_rows is their number before the page was cut to size.
SELECT progress, has_progress, last_activity, session_token, page_rows
FROM (
  SELECT page.*, row_number() OVER in_order AS place, count(*) OVER () AS page_rows,
    sum(octet_length(progress)) OVER in_order AS bytes
  FROM (
    SELECT s.current_step > 0 AS has_progress, s.last_activity, s.session_token, public.bounded_session(
      public.session_progress(s.session_token) - 'extra'
        || jsonb_build_object('student_name', st.student_name), %(max_session_bytes)s)::TEXT AS progress
    FROM public.sessions s JOIN public.students st USING (student_id)
    WHERE s.student_id IN (
        SELECT student_id FROM public.students
        WHERE (%(student_email)s::TEXT IS NULL
            OR student_email = public.normalized_email(%(student_email)s))
          AND (%(student_id)s::UUID IS NULL OR student_id = %(student_id)s))
      AND (%(after_token)s::TEXT IS NULL OR (s.current_step > 0) < %(after_progress)s::BOOLEAN
        OR (s.current_step > 0) = %(after_progress)s::BOOLEAN
          AND (s.last_activity < %(after_activity)s::TIMESTAMPTZ
            OR s.last_activity = %(after_activity)s::TIMESTAMPTZ
              AND s.session_token > %(after_token)s::TEXT))
    ORDER BY has_progress DESC, s.last_activity DESC, s.session_token
    LIMIT %(limit)s
  ) AS page
  WINDOW in_order AS (
    ORDER BY has_progress DESC, last_activity DESC, session_token ROWS UNBOUNDED PRECEDING)
) AS sized
WHERE place = 1 OR bytes <= %(max_bytes)s
ORDER BY has_progress DESC, last_activity DESC, session_token;

-- shared_sessions_of_student --
-- Return the share view of a student's sessions, steps and percentages: sessions with progress
-- first, and in both groups the most recently active first.
-- The student is given as for sessions_of_student.
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
  WHERE (%(student_email)s::TEXT IS NULL
      OR student_email = public.normalized_email(%(student_email)s))
    AND (%(student_id)s::UUID IS NULL OR student_id = %(student_id)s))
ORDER BY s.current_step > 0 DESC, s.last_activity DESC, s.session_token
LIMIT 200;

-- report_bug --
-- Store a bug report as an event, and shortened in its session; return its number.
SELECT public.report_bug(%(session_token)s, %(report)s, %(shortened)s);
