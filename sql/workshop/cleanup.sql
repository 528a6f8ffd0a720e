-- Queries of lib/workshop/cleanup/store.py. Each processes at most one batch, oldest rows first,
-- and skips rows that another transaction has locked.

-- try_lock --
-- Take the clean-up's lock, if it is free, and hold it until the transaction ends; return whether
-- it was free. The transaction waits at most 5 seconds for a row, so that requests do not queue.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.workshop.cleanup', 0)),
  set_config('lock_timeout', '5s', true),
  set_config('stepwise.removal', 'retention', true);  -- see refuse_event_change()

-- close_expired --
-- Close expired sessions and remove their API keys and auth tokens; the next report makes a session
-- active again.
WITH expired AS (
  SELECT session_token FROM public.sessions
  WHERE is_active AND expires_at < now()
  ORDER BY expires_at LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED
), closed AS (
  UPDATE public.sessions s SET is_active = FALSE, openai_api_key = NULL,
    extra = extra - 'twilioAuthToken'
  FROM expired e WHERE e.session_token = s.session_token
  RETURNING s.student_id, s.session_token
)
INSERT INTO public.events (student_id, session_token, event_type)
SELECT student_id, session_token, 'session_expired' FROM closed;

-- remove_leftover_keys --
-- Remove API keys and auth tokens that stayed in closed, expired sessions.
UPDATE public.sessions SET openai_api_key = NULL, extra = extra - 'twilioAuthToken'
WHERE session_token IN (
  SELECT session_token FROM public.sessions
  WHERE NOT is_active AND (openai_api_key IS NOT NULL OR extra ? 'twilioAuthToken')
    AND expires_at < now()
  ORDER BY expires_at LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED);

-- remove_old_sessions --
-- Remove sessions past their retention time, with their steps and events; return their students.
-- The migration from the legacy tables sets expires_at, so an old session that it moved is kept for
-- the whole retention time after the move.
DELETE FROM public.sessions WHERE session_token IN (
  SELECT session_token FROM public.sessions
  WHERE last_activity < now() - make_interval(days => %(retention_days)s)
    AND expires_at < now() - make_interval(days => %(retention_days)s)
  ORDER BY last_activity LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED)
RETURNING student_id;

-- lock_students --
-- Lock these students, except those who are just beginning a session.
SELECT student_id FROM public.students
WHERE student_id = ANY (%(students)s) FOR UPDATE SKIP LOCKED;

-- lock_students_never_begun --
-- Lock students without a session whose newest enrollment is past the retention time, except those
-- who are just beginning a session or being enrolled.
SELECT student_id FROM public.students st
WHERE student_id IN (
    SELECT student_id FROM public.enrollments GROUP BY student_id
    HAVING max(created_at) < now() - make_interval(days => %(retention_days)s))
  AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = st.student_id)
ORDER BY created_at LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED;

-- remove_students_without_sessions --
-- Remove those of the locked students who have neither a session nor an enrollment within the
-- retention time. Older enrollments are removed with their student.
DELETE FROM public.students st
WHERE student_id = ANY (%(students)s)
  AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = st.student_id)
  AND NOT EXISTS (
    SELECT FROM public.enrollments e
    WHERE e.student_id = st.student_id
      AND e.created_at >= now() - make_interval(days => %(retention_days)s));

-- remove_old_events --
-- Remove events past their retention time that have no session: bug reports, and operators' changes
-- of students.
DELETE FROM public.events WHERE id IN (
  SELECT id FROM public.events
  WHERE session_token IS NULL AND created_at < now() - make_interval(days => %(retention_days)s)
  ORDER BY created_at LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED);

-- remove_old_idempotency_keys --
-- Remove idempotency keys after 24 hours.
DELETE FROM public.idempotency_keys WHERE key_hash IN (
  SELECT key_hash FROM public.idempotency_keys
  WHERE created_at < now() - INTERVAL '24 hours'
  ORDER BY created_at LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED);
