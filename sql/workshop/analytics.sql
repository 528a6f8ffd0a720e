-- Queries of lib/workshop/instructor/analytics.py, run one after the other over one snapshot.

-- one_snapshot --
-- Every statement that follows sees the database as the first one does.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- totals --
-- Everything that is counted once. Scans sessions.
SELECT (SELECT count(*) FROM public.students) AS students, count(*) AS sessions,
  count(*) FILTER (WHERE is_active) AS active_sessions,
  count(*) FILTER (WHERE completion_rate = 100) AS completed_sessions,
  coalesce(round(avg(completion_rate), 2), 0) AS average_completion
FROM public.sessions;

-- funnel --
-- How many sessions reached each step or a later one, and how many completed it, by flags or by a
-- row; counts over all sessions and steps.
WITH reached AS MATERIALIZED (
  SELECT current_step, count(*) AS n FROM public.sessions GROUP BY current_step
), flagged AS (
  SELECT step, count(*) AS n FROM public.sessions s, unnest(public.flagged_steps(s)) AS step
  GROUP BY step
), passed_only AS (
  SELECT p.step_number AS step, count(*) AS n
  FROM public.step_progress p JOIN public.sessions s USING (session_token)
  WHERE p.validation_passed AND p.step_number <> ALL (public.flagged_steps(s))
  GROUP BY p.step_number
)
SELECT step AS step_number, public.workshop_step_name(step) AS step_name,
  (SELECT coalesce(sum(r.n), 0) FROM reached r WHERE r.current_step >= step)::BIGINT AS reached,
  coalesce(f.n, 0) + coalesce(p.n, 0) AS completed
FROM generate_series(1, 9) AS step
LEFT JOIN flagged f USING (step) LEFT JOIN passed_only p USING (step)
ORDER BY step;

-- steps --
-- Reports per step as the pages named it, with the quartiles of time spent;
-- reads idx_step_progress_step alone.
SELECT step_number, step_name,
  count(*) AS attempts,
  sum(CASE WHEN validation_passed THEN 1 ELSE 0 END) AS completed,
  round(avg(time_spent)) AS avg_time_seconds,
  percentile_cont(0.25) WITHIN GROUP (ORDER BY time_spent) AS lower_quartile_seconds,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY time_spent) AS median_seconds,
  percentile_cont(0.75) WITHIN GROUP (ORDER BY time_spent) AS upper_quartile_seconds
FROM public.step_progress
GROUP BY step_number, step_name
ORDER BY step_number, step_name;

-- stuck --
-- Unfinished sessions without activity for 24 hours, the longest first;
-- walks idx_sessions_last_activity.
SELECT s.student_id, st.student_email, st.student_name, s.current_step, s.completion_rate,
  s.is_active, s.last_activity, extract(epoch FROM now() - s.last_activity)::BIGINT AS idle_seconds
FROM public.sessions s JOIN public.students st USING (student_id)
WHERE s.last_activity < now() - INTERVAL '24 hours' AND s.completion_rate < 100
  AND (s.is_active OR %(closed_too)s)
ORDER BY s.last_activity, s.session_token
LIMIT %(limit)s;

-- students --
-- What each student came to, the most recently active first.
SELECT st.student_id, st.student_email, st.student_name,
  count(DISTINCT s.session_token) AS total_sessions,
  avg(s.completion_rate) AS avg_completion,
  max(s.last_activity) AS last_active
FROM public.students st
LEFT JOIN public.sessions s ON st.student_id = s.student_id
GROUP BY st.student_id, st.student_email, st.student_name
ORDER BY last_active DESC NULLS LAST, st.student_id
LIMIT %(limit)s;

-- by_day --
-- Events of the last days by kind, in UTC; finds them by idx_events_created_at.
SELECT (created_at AT TIME ZONE 'UTC')::DATE AS day, event_type, count(*) AS events
FROM public.events
WHERE created_at >= now() - make_interval(days => %(days)s)
GROUP BY day, event_type
ORDER BY day, event_type;
