-- Queries of lib/workshop/instructor/store.py: the instructor's list, analytics, removal, and new
-- e-mails and session tokens.
-- The list in double braces is made from lib/workshop/course.py.

-- listed_sessions --
-- Return a page of sessions, newest first, after the given time and token (null: the first page).
-- A text of 20,001 characters is enough for ListedSession to see that it has to be shortened.
SELECT s.session_token, s.student_id, st.student_email, left(st.student_name, 20001) AS student_name,
  s.course_id, left(s.selected_phone_number, 20001) AS phone_number, left(s.selected_voice, 20001) AS voice,
  left(s.tts_provider, 20001) AS tts_provider,
  left(s.call_direction, 20001) AS call_direction, left(s.use_case_description, 20001) AS use_case,
  coalesce(s.openai_api_key, '') <> '' AS has_api_key,
  coalesce(s.system_prompt, '') <> '' AS has_system_prompt,
  s.tools NOT IN ('[]', '{}', 'null', '""', '"[]"') AS has_tools,
  s.demo_mode, s.is_active, s.current_step, s.completion_rate, s.total_time_spent, s.last_activity,
  s.help_asked_at,
  {{flags: s.$column}},
  s.created_at, s.updated_at
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE (s.created_at, s.session_token)
  < (coalesce(%(created_at)s, 'infinity'::TIMESTAMPTZ), coalesce(%(session_token)s::TEXT, ''))
ORDER BY s.created_at DESC, s.session_token DESC
LIMIT %(limit)s;

-- listed_students --
-- Return the students of the same page, newest first; the first page includes those without a
-- session, too, up to 2 * limit students in all.
WITH page AS MATERIALIZED (
  SELECT s.student_id FROM public.sessions s
  WHERE (s.created_at, s.session_token)
    < (coalesce(%(created_at)s, 'infinity'::TIMESTAMPTZ), coalesce(%(session_token)s::TEXT, ''))
  ORDER BY s.created_at DESC, s.session_token DESC LIMIT %(limit)s
), listed AS (
  SELECT st.* FROM public.students st
  WHERE st.student_id IN (SELECT student_id FROM page)
    OR (%(session_token)s::TEXT IS NULL
      AND NOT EXISTS (SELECT FROM public.sessions s WHERE s.student_id = st.student_id))
  ORDER BY st.student_id IN (SELECT student_id FROM page) DESC, st.created_at DESC, st.student_id
  LIMIT 2 * %(limit)s
)
SELECT st.student_id, st.student_email, left(st.student_name, 20001) AS student_name,
  left(st.github_username, 20001) AS github_username,
  coalesce(st.twilio_account_sid, '') <> '' AS has_twilio_account_sid, st.created_at, st.updated_at
FROM listed st
ORDER BY st.created_at DESC, st.student_id;

-- list_totals --
-- Count the students and the sessions.
SELECT (SELECT count(*) FROM public.students) AS students,
  (SELECT count(*) FROM public.sessions) AS sessions;

-- legacy_students --
-- Return the newest rows of workshop_students that fit in max_bytes; its columns differ between databases.
-- A value larger than max_value_bytes becomes a text and is cut, because the list shows only its
-- beginning. Names of columns may be in camel case.
SELECT columns FROM (
  SELECT columns, sum(octet_length(columns::TEXT)) OVER (
    ORDER BY columns ->> 'created_at' DESC NULLS LAST ROWS UNBOUNDED PRECEDING) AS bytes
  FROM public.workshop_students w, LATERAL (
    SELECT jsonb_object_agg(coalesce(name, key),
      CASE WHEN octet_length(value::TEXT) <= %(max_value_bytes)s THEN value
        ELSE to_jsonb(left(value #>> '{}', %(max_value_bytes)s / 4)) END
      ORDER BY name = key NULLS FIRST) AS columns
    FROM jsonb_each(to_jsonb(w)) LEFT JOIN unnest(%(columns)s::TEXT[]) AS name
      ON replace(name, '_', '') = replace(lower(key), '_', '')) AS bounded
  ORDER BY columns ->> 'created_at' DESC NULLS LAST LIMIT %(limit)s
) AS sized WHERE bytes <= %(max_bytes)s;

-- legacy_configs --
-- Return the newest rows of student_configs, as legacy_students does for workshop_students.
SELECT columns FROM (
  SELECT columns, sum(octet_length(columns::TEXT)) OVER (
    ORDER BY columns ->> 'created_at' DESC NULLS LAST ROWS UNBOUNDED PRECEDING) AS bytes
  FROM public.student_configs c, LATERAL (
    SELECT jsonb_object_agg(coalesce(name, key),
      CASE WHEN octet_length(value::TEXT) <= %(max_value_bytes)s THEN value
        ELSE to_jsonb(left(value #>> '{}', %(max_value_bytes)s / 4)) END
      ORDER BY name = key NULLS FIRST) AS columns
    FROM jsonb_each(to_jsonb(c)) LEFT JOIN unnest(%(columns)s::TEXT[]) AS name
      ON replace(name, '_', '') = replace(lower(key), '_', '')) AS bounded
  ORDER BY columns ->> 'created_at' DESC NULLS LAST LIMIT %(limit)s
) AS sized WHERE bytes <= %(max_bytes)s;

-- legacy_student_identities --
-- Return hashes of all tokens of workshop_students, all e-mails as they are spelled, and the number of
-- rows without a token, to count sessions and people when one response cannot hold every row. A
-- column that this database lacks is read from the row of nulls.
SELECT coalesce(array_agg(DISTINCT hashtextextended(token, 0))
    FILTER (WHERE token <> ''), '{}') AS tokens,
  count(*) FILTER (WHERE coalesce(token, '') = '') AS rows_without_token,
  coalesce(array_agg(DISTINCT email) FILTER (WHERE btrim(email) <> ''), '{}') AS emails
FROM (
  SELECT (SELECT coalesce(session_token::TEXT, "sessionToken"::TEXT, sessiontoken::TEXT)
      FROM (SELECT w.*) AS own) AS token,
    (SELECT coalesce(student_email::TEXT, "studentEmail"::TEXT, studentemail::TEXT)
      FROM (SELECT w.*) AS own) AS email
  FROM (SELECT NULL::TEXT AS session_token, NULL::TEXT AS "sessionToken", NULL::TEXT AS sessiontoken,
      NULL::TEXT AS student_email, NULL::TEXT AS "studentEmail", NULL::TEXT AS studentemail) AS nulls,
    public.workshop_students AS w
) AS identities;

-- legacy_config_identities --
-- Return hashes and counts for student_configs, as legacy_student_identities does for
-- workshop_students.
SELECT coalesce(array_agg(DISTINCT hashtextextended(token, 0))
    FILTER (WHERE token <> ''), '{}') AS tokens,
  count(*) FILTER (WHERE coalesce(token, '') = '') AS rows_without_token,
  coalesce(array_agg(DISTINCT email) FILTER (WHERE btrim(email) <> ''), '{}') AS emails
FROM (
  SELECT (SELECT coalesce(session_token::TEXT, "sessionToken"::TEXT, sessiontoken::TEXT)
      FROM (SELECT c.*) AS own) AS token,
    (SELECT coalesce(student_email::TEXT, "studentEmail"::TEXT, studentemail::TEXT)
      FROM (SELECT c.*) AS own) AS email
  FROM (SELECT NULL::TEXT AS session_token, NULL::TEXT AS "sessionToken", NULL::TEXT AS sessiontoken,
      NULL::TEXT AS student_email, NULL::TEXT AS "studentEmail", NULL::TEXT AS studentemail) AS nulls,
    public.student_configs AS c
) AS identities;

-- begin_snapshot --
-- Make all statements of the transaction read the same snapshot.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- course_summaries --
-- Count the sessions of each course, the built-in course first.
SELECT c.course_id, c.name, jsonb_array_length(c.steps) AS steps, count(s.session_token) AS sessions,
  count(*) FILTER (WHERE s.completion_rate = 100) AS completed_sessions
FROM public.courses c LEFT JOIN public.sessions s USING (course_id)
GROUP BY c.course_id ORDER BY c.built_in DESC, c.course_id;

-- analytics_totals --
-- Count students and sessions, of one course or of all. Scans sessions.
SELECT CASE WHEN %(course_id)s::TEXT IS NULL THEN (SELECT count(*) FROM public.students)
    ELSE count(DISTINCT student_id) END AS students,
  count(*) AS sessions,
  count(*) FILTER (WHERE is_active) AS active_sessions,
  count(*) FILTER (WHERE completion_rate = 100) AS completed_sessions,
  coalesce(round(avg(completion_rate), 2), 0) AS avg_completion,
  (SELECT count(*) FROM public.enrollments e
    WHERE (%(course_id)s::TEXT IS NULL OR e.course_id = %(course_id)s) AND NOT EXISTS (
      SELECT FROM public.sessions o
      WHERE o.student_id = e.student_id AND o.course_id = e.course_id)) AS not_started
FROM public.sessions
WHERE %(course_id)s::TEXT IS NULL OR course_id = %(course_id)s;

-- funnel --
-- Count, for each step of a course, the sessions that reached it or a later one, and those that
-- completed it, by flags or by a report. Scans the sessions of the course and step_progress.
WITH course AS (
  SELECT course_id, steps FROM public.courses
  WHERE course_id = coalesce(%(course_id)s::TEXT, public.default_course())
), flagged AS MATERIALIZED (
  SELECT s.session_token, s.current_step, public.flagged_steps(s) AS steps
  FROM public.sessions s JOIN course USING (course_id)
), reached AS MATERIALIZED (
  SELECT current_step, count(*) AS n FROM flagged GROUP BY current_step
), completed_by_flags AS (
  SELECT step, count(*) AS n FROM flagged f, unnest(f.steps) AS step GROUP BY step
), completed_by_report_only AS (
  SELECT p.step_number AS step, count(*) AS n
  FROM public.step_progress p JOIN flagged f USING (session_token)
  WHERE p.validation_passed AND p.step_number <> ALL (f.steps)
  GROUP BY p.step_number
)
SELECT step AS step_number, public.step_name(course.steps, step) AS step_name,
  (SELECT coalesce(sum(r.n), 0) FROM reached r WHERE r.current_step >= step)::BIGINT AS reached,
  coalesce(f.n, 0) + coalesce(p.n, 0) AS completed
FROM course CROSS JOIN generate_series(1, jsonb_array_length(course.steps)) AS step
LEFT JOIN completed_by_flags f USING (step) LEFT JOIN completed_by_report_only p USING (step)
ORDER BY step;

-- step_times --
-- Return, for each step of one course or of all, the number of sessions that reported it and of
-- those that passed it by a report, and the mean and quartiles of the time spent. Flags do not
-- count. Reads idx_step_progress_step only, unless a course is given.
SELECT step_number, step_name,
  count(*) AS attempts,
  sum(CASE WHEN validation_passed THEN 1 ELSE 0 END) AS completed,
  round(avg(time_spent)) AS avg_time_seconds,
  percentile_cont(0.25) WITHIN GROUP (ORDER BY time_spent) AS lower_quartile_seconds,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY time_spent) AS median_seconds,
  percentile_cont(0.75) WITHIN GROUP (ORDER BY time_spent) AS upper_quartile_seconds
FROM public.step_progress
WHERE %(course_id)s::TEXT IS NULL OR session_token IN (
  SELECT session_token FROM public.sessions WHERE course_id = %(course_id)s)
GROUP BY step_number, step_name
ORDER BY step_number, step_name;

-- stuck_sessions --
-- Return unfinished sessions without activity for 24 hours, longest idle first; closed ones only if
-- closed_too is true. Uses idx_sessions_last_activity.
SELECT s.student_id, st.student_email, left(st.student_name, 1000) AS student_name, s.course_id,
  s.current_step, s.completion_rate, s.is_active, s.last_activity,
  extract(epoch FROM now() - s.last_activity)::BIGINT AS idle_seconds
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE s.last_activity < now() - INTERVAL '24 hours' AND s.completion_rate < 100
  AND (s.is_active OR %(closed_too)s)
  AND (%(course_id)s::TEXT IS NULL OR s.course_id = %(course_id)s)
ORDER BY s.last_activity, s.session_token
LIMIT %(limit)s;

-- help_requests --
-- Return the students who wait for help, longest first. Uses idx_sessions_help_asked.
SELECT s.session_token, s.student_id, st.student_email,
  left(st.student_name, 1000) AS student_name, s.current_step, s.help_asked_at,
  extract(epoch FROM now() - s.help_asked_at)::BIGINT AS waiting_seconds
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE s.help_asked_at IS NOT NULL
ORDER BY s.help_asked_at, s.session_token
LIMIT %(limit)s;

-- student_summaries --
-- Return each student's figures for all sessions, or for those of a course, most recently active
-- students first. Students without sessions belong to no course.
SELECT st.student_id, st.student_email, left(st.student_name, 1000) AS student_name,
  count(DISTINCT s.session_token) AS total_sessions,
  avg(s.completion_rate) AS avg_completion,
  max(s.last_activity) AS last_activity
FROM public.students st
LEFT JOIN public.sessions s ON st.student_id = s.student_id
WHERE %(course_id)s::TEXT IS NULL OR s.course_id = %(course_id)s
GROUP BY st.student_id, st.student_email, st.student_name
ORDER BY last_activity DESC NULLS LAST, st.student_id
LIMIT %(limit)s;

-- events_by_day --
-- Count the events of the last days, of one course or of all, by UTC day and type. Uses
-- idx_events_created_at.
SELECT (created_at AT TIME ZONE 'UTC')::DATE AS day, event_type, count(*) AS events
FROM public.events
WHERE created_at >= now() - make_interval(days => %(days)s)
  AND (%(course_id)s::TEXT IS NULL OR session_token IN (
    SELECT session_token FROM public.sessions WHERE course_id = %(course_id)s))
GROUP BY day, event_type
ORDER BY day, event_type;

-- count_sessions --
-- Count the sessions that have one of these tokens.
SELECT count(*) FROM public.sessions WHERE session_token = ANY (%(session_tokens)s);

-- remove_keys --
-- Remove the API keys and auth tokens of these sessions.
UPDATE public.sessions SET openai_api_key = NULL, extra = extra - 'twilioAuthToken'
WHERE session_token = ANY (%(session_tokens)s)
  AND (openai_api_key IS NOT NULL OR extra ? 'twilioAuthToken');

-- remove_older_keys --
-- Remove the API keys of these sessions from the legacy tables; return their number.
SELECT public.remove_older_keys(%(session_tokens)s);

-- remove_sessions --
-- Remove these sessions with their steps, events and rows of the legacy tables, and record the
-- removal; their students stay.
SELECT sessions, older_rows FROM public.remove_sessions(%(session_tokens)s);

-- change_email --
-- Change the e-mail of a student; return no row if there is no such student.
SELECT student_id, student_email, sessions, older_rows
FROM public.change_email(%(student_id)s, %(student_email)s, %(new_email)s);

-- lock_session --
-- Lock the session with this token, or the last one of a student, preferring sessions with progress.
-- Each parameter that is given must match; return no row if there is no such session.
SELECT s.session_token, s.openai_api_key AS sealed_key, s.extra, s.exercises
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE (%(session_token)s::TEXT IS NULL OR s.session_token = %(session_token)s)
  AND (%(student_email)s::TEXT IS NULL
    OR st.student_email = public.normalized_email(%(student_email)s))
  AND (%(student_id)s::UUID IS NULL OR s.student_id = %(student_id)s)
ORDER BY s.current_step > 0 DESC, s.last_activity DESC, s.session_token
LIMIT 1 FOR UPDATE OF s;

-- replace_token --
-- Give a session another token, with the secrets that are sealed for it.
SELECT public.replace_token(
  %(session_token)s, %(new_token)s, %(sealed_key)s, %(extra)s, %(exercises)s);
