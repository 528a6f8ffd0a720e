-- Queries of lib/workshop/session_log/store.py.

-- log_event --
-- Store an event of a session, unless its student has too many in the window. Uses
-- idx_events_student_id.
WITH session AS (
  SELECT session_token, student_id FROM public.sessions WHERE session_token = %(session_token)s
), recent AS (
  SELECT count(*) AS events FROM (
    SELECT FROM public.events e JOIN session USING (student_id)
    WHERE e.created_at > now() - %(window)s LIMIT %(max_events)s
  ) AS newest
), stored AS (
  INSERT INTO public.events (student_id, session_token, event_type, event_data)
  SELECT student_id, session_token, %(event_type)s, %(event_data)s
  FROM session, recent WHERE recent.events < %(max_events)s
  RETURNING id
)
SELECT EXISTS (SELECT FROM session) AS session_exists, (SELECT id FROM stored) AS event_id;

-- events --
-- Return events, newest first, as many as fit in a response. A parameter that is null does not
-- filter. E-mails are not verified, so a session's holder sees the name that this session sent.
WITH page AS (
  SELECT e.id AS event_id, e.session_token, e.event_type,
    CASE WHEN octet_length(e.event_data::TEXT) <= %(max_event_bytes)s THEN e.event_data
      WHEN e.event_data IS NOT NULL THEN jsonb_build_object(
        'note', 'too large to be shown', 'bytes', octet_length(e.event_data::TEXT))
    END AS event_data,
    e.created_at,
    CASE WHEN position('@' IN st.student_email) > 0 THEN st.student_email END AS student_email,
    left(CASE WHEN %(holds_password)s THEN st.student_name ELSE s.student_name_given END, 1000)
      AS student_name
  FROM public.events e
  LEFT JOIN public.sessions s USING (session_token)
  LEFT JOIN public.students st ON st.student_id = e.student_id
  WHERE (%(session_token)s::TEXT IS NULL OR e.session_token = %(session_token)s)
    AND (%(student_email)s::TEXT IS NULL
      OR st.student_email = public.normalized_email(%(student_email)s))
    AND (%(event_type)s::TEXT IS NULL OR e.event_type = %(event_type)s)
    AND (%(created_at)s::TIMESTAMPTZ IS NULL
      OR (e.created_at, e.id) < (%(created_at)s, %(event_id)s::BIGINT))
  ORDER BY e.created_at DESC, e.id DESC
  LIMIT %(limit)s
), sized AS (
  SELECT page.*, count(*) OVER () AS page_rows,
    row_number() OVER newest_first AS position,
    sum(%(fixed_bytes)s + octet_length(coalesce(event_data::TEXT, ''))
      + octet_length(coalesce(session_token, ''))
      + coalesce(octet_length(to_jsonb(event_type)::TEXT), 0)
      + coalesce(octet_length(to_jsonb(student_email)::TEXT), 0)
      + coalesce(octet_length(to_jsonb(student_name)::TEXT), 0)) OVER newest_first AS bytes
  FROM page WINDOW newest_first AS (ORDER BY created_at DESC, event_id DESC)
)
SELECT event_id, session_token, event_type, event_data, created_at, student_email, student_name,
  page_rows
FROM sized WHERE bytes <= %(max_bytes)s OR position = 1
ORDER BY position;
