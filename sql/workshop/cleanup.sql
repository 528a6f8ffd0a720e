-- Queries of lib/workshop/cleanup/clean_up.py. Each touches at most a batch, oldest first, and leaves alone
-- what another transaction holds.

-- take_turn --
-- True for the one clean-up that may run now; held until its transaction ends.
-- It waits at most 5 s for a lock, so that nobody waits long behind it.
SELECT pg_try_advisory_xact_lock(hashtextextended('stepwise.workshop.cleanup', 0)),
  set_config('lock_timeout', '5s', true);

-- close_expired --
-- Close sessions past their time and remove their API keys; a later report opens them again.
WITH expired AS (
  SELECT session_token FROM public.sessions
  WHERE is_active AND expires_at < now()
  ORDER BY expires_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), closed AS (
  UPDATE public.sessions s SET is_active = FALSE, openai_api_key = NULL
  FROM expired e WHERE e.session_token = s.session_token
  RETURNING s.student_id, s.session_token
)
INSERT INTO public.events (student_id, session_token, event_type)
SELECT student_id, session_token, 'session_expired' FROM closed;

-- drop_left_keys --
-- Remove API keys from sessions that were closed without it.
UPDATE public.sessions SET openai_api_key = NULL
WHERE session_token IN (
  SELECT session_token FROM public.sessions
  WHERE NOT is_active AND openai_api_key IS NOT NULL AND expires_at < now()
  ORDER BY expires_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED);

-- remove_old_sessions --
-- Remove sessions past their retention, with their steps and events; whose they were. A session
-- moved from the legacy tables may be old, but it expires, and is kept, from the day of the move.
DELETE FROM public.sessions WHERE session_token IN (
  SELECT session_token FROM public.sessions
  WHERE last_activity < now() - make_interval(days => %(days)s)
    AND expires_at < now() - make_interval(days => %(days)s)
  ORDER BY last_activity LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
RETURNING student_id;

-- hold_students --
-- Hold these students, but for those who are just beginning a session.
SELECT student_id FROM public.students
WHERE student_id = ANY (%(students)s) FOR UPDATE SKIP LOCKED;

-- remove_students_without_sessions --
-- Remove those of the held students who have no session left.
DELETE FROM public.students st
WHERE student_id = ANY (%(students)s)
  AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = st.student_id);

-- remove_old_reports --
-- Remove events of nobody (bug reports without a session) past their retention.
DELETE FROM public.events WHERE id IN (
  SELECT id FROM public.events
  WHERE session_token IS NULL AND created_at < now() - make_interval(days => %(days)s)
  ORDER BY created_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED);

-- prune_keys --
-- Forget idempotency keys after 24 hours.
DELETE FROM public.idempotency_keys WHERE key_hash IN (
  SELECT key_hash FROM public.idempotency_keys
  WHERE created_at < now() - INTERVAL '24 hours'
  ORDER BY created_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED);
