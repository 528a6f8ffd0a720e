-- Queries of lib/workshop/courses/store.py.

-- course --
-- Return a course, the built-in one if the id is null.
SELECT course_id, name, steps, built_in FROM public.courses
WHERE course_id = coalesce(%(course_id)s, public.default_course());

-- take_turns --
-- Let one call at a time save this course, even while it does not exist yet.
SELECT pg_advisory_xact_lock(hashtextextended('stepwise.course.' || %(course_id)s, 0));

-- lock_course --
-- Lock a course, so that no step is reported until the transaction ends.
SELECT course_id, name, steps, built_in FROM public.courses
WHERE course_id = %(course_id)s FOR UPDATE;

-- reported_steps --
-- Count the sessions that have reported each step of a course.
SELECT p.step_number, count(*) AS sessions
FROM public.step_progress p JOIN public.sessions s USING (session_token)
WHERE s.course_id = %(course_id)s
GROUP BY p.step_number ORDER BY p.step_number;

-- count_sessions --
-- Count the sessions of a course.
SELECT count(*) FROM public.sessions WHERE course_id = %(course_id)s;

-- save_course --
-- Create a course, or replace its name and steps.
INSERT INTO public.courses (course_id, name, steps)
VALUES (%(course_id)s, %(name)s, %(steps)s)
ON CONFLICT ON CONSTRAINT courses_pkey DO UPDATE
  SET name = excluded.name, steps = excluded.steps, updated_at = now();

-- rename_steps --
-- Give reported steps the names that their course has now. Adding a microsecond to updated_at keeps
-- set_updated_at() from setting it to now.
UPDATE public.step_progress p
SET step_name = public.step_name(c.steps, p.step_number),
  updated_at = p.updated_at + INTERVAL '1 microsecond'
FROM public.sessions s JOIN public.courses c USING (course_id)
WHERE s.session_token = p.session_token AND s.course_id = %(course_id)s
  AND p.step_name <> public.step_name(c.steps, p.step_number);

-- recompute_sessions --
-- Compute the completion and the furthest step of a course's sessions again, from the present steps
-- of the course, and the flags and passed steps of each session. This does not count as activity,
-- so updated_at is treated as in rename_steps.
UPDATE public.sessions s
SET completion_rate = r.rate, current_step = r.furthest,
  updated_at = s.updated_at + INTERVAL '1 microsecond'
FROM public.sessions o JOIN public.courses c USING (course_id)
LEFT JOIN (
  SELECT session_token, array_agg(step_number) AS passed
  FROM public.step_progress WHERE validation_passed GROUP BY session_token
) AS p USING (session_token),
LATERAL (SELECT public.flagged_steps(o) AS steps OFFSET 0) AS flagged,
LATERAL (
  SELECT round(100.0 * count(DISTINCT step) / jsonb_array_length(c.steps))::INTEGER AS rate,
    greatest(least(o.current_step, jsonb_array_length(c.steps)), max(step)) AS furthest
  FROM unnest(flagged.steps || p.passed) AS step
) AS r
WHERE o.session_token = s.session_token AND o.course_id = %(course_id)s
  AND (o.completion_rate, o.current_step) IS DISTINCT FROM (r.rate, r.furthest);
