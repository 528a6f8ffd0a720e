-- Progress in the form that the older pages use: exercises under the pages' names, and one
-- row per student for all sessions of one course. The script runs in one execute, after
-- functions.sql.

-- Return the number of the step that an exercise name means ('step-1', 'step1', 'Step-1',
-- 'exercise-1', or the name of a step), or null for any other exercise.
CREATE OR REPLACE FUNCTION public.exercise_step(p_names JSONB, p_last_step INTEGER, p_name TEXT)
RETURNS INTEGER LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN number <= p_last_step THEN number END
  FROM (SELECT public.step_meant(p_names, substring(
      lower(p_name) FROM '^\s*(?:step|exercise)[-_ ]?0*(\d{1,4})\s*$')::INTEGER, p_name) AS number
  ) AS meant
$$;

-- Return an exercise's entry after one more report: time and attempts add up, and a completed exercise
-- stays completed.
CREATE OR REPLACE FUNCTION public.add_to_exercise(
  p_entry JSONB, p_completed BOOLEAN, p_time_spent INTEGER, p_attempts INTEGER
) RETURNS JSONB LANGUAGE sql STABLE AS $$
  SELECT CASE jsonb_typeof(p_entry) WHEN 'object' THEN p_entry ELSE '{}' END || jsonb_build_object(
    'completed', p_completed OR before.completed,
    'timestamp', CASE WHEN before.completed THEN p_entry -> 'timestamp'
                      WHEN p_completed THEN to_jsonb(now()) END,
    'timeSpent', p_time_spent + greatest(before.seconds, 0),
    'attempts', p_attempts + greatest(before.attempts, 0),
    'lastAttempt', now())
  FROM (SELECT
    coalesce(p_entry = 'true' OR p_entry -> 'completed' = 'true', FALSE) AS completed,
    CASE jsonb_typeof(p_entry -> 'timeSpent') WHEN 'number' THEN (p_entry ->> 'timeSpent')::NUMERIC
      ELSE 0 END AS seconds,
    CASE jsonb_typeof(p_entry -> 'attempts') WHEN 'number' THEN (p_entry ->> 'attempts')::NUMERIC
      ELSE 0 END AS attempts
  ) AS before
$$;

-- Add a report about an exercise; if the exercise is a step, the report counts for that step too.
-- Return the student. A session holds at most 200 exercises.
CREATE OR REPLACE FUNCTION public.track_exercise(
  p_session_token TEXT, p_student_email TEXT, p_student_name TEXT, p_demo_mode BOOLEAN,
  p_repo_created BOOLEAN, p_exercise_id TEXT, p_completed BOOLEAN, p_time_spent INTEGER,
  p_attempts INTEGER, p_key_hash BYTEA, p_body_hash BYTEA
) RETURNS UUID LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
  v_student UUID;
  v_exercises JSONB;
  v_step INTEGER;
BEGIN
  IF NOT public.claim_key(p_key_hash, p_body_hash) THEN
    RETURN (SELECT student_id FROM public.sessions WHERE session_token = p_session_token);
  END IF;
  v_student := public.open_session(
    p_session_token, p_student_email, p_student_name, p_demo_mode, NULL);
  SELECT CASE jsonb_typeof(s.exercises) WHEN 'object' THEN s.exercises
              ELSE jsonb_build_object('as it was', s.exercises) END,
      public.exercise_step(public.step_names(c.steps), jsonb_array_length(c.steps), p_exercise_id)
    INTO v_exercises, v_step
    FROM public.sessions s JOIN public.courses c USING (course_id)
    WHERE s.session_token = p_session_token;
  IF NOT v_exercises ? p_exercise_id
     AND (SELECT count(*) FROM jsonb_object_keys(v_exercises)) >= 200 THEN
    RAISE EXCEPTION 'the session has 200 exercises'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'sessions_exercises_limit';
  END IF;
  UPDATE public.sessions SET
    exercises = v_exercises || jsonb_build_object(p_exercise_id, public.add_to_exercise(
      v_exercises -> p_exercise_id, p_completed, p_time_spent, p_attempts)),
    repo_created = repo_created OR coalesce(p_repo_created, FALSE)
  WHERE session_token = p_session_token;
  IF v_step IS NOT NULL THEN
    PERFORM public.record_step_progress(p_session_token, NULL, NULL, NULL, NULL, v_step, NULL,
      p_completed, NULL, p_time_spent, p_attempts, NULL, NULL, NULL, NULL, NULL, NULL);
  ELSE
    INSERT INTO public.events (student_id, session_token, event_type, event_data)
      VALUES (v_student, p_session_token, 'step_progress', jsonb_build_object(
        'exerciseId', p_exercise_id, 'completed', p_completed, 'timeSpent', p_time_spent));
    PERFORM public.recompute_session(p_session_token);
  END IF;
  RETURN v_student;
END $$;

-- An earlier version returned other columns. CREATE OR REPLACE cannot change them, and dropping the
-- function each time would lose the privileges granted on it.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure('public.tracked_students(uuid[],text)')
             AND 'completed_steps' <> ALL (proargnames)) THEN
    DROP FUNCTION public.tracked_students(UUID[], TEXT);
  END IF;
END $$;

-- Return students' progress over all their sessions of the course in which they were last active, or
-- over the given session only, most recently active students first. A step's time and attempts are
-- sums over these sessions, and it is complete if it is complete in any of them; it keeps the exercise
-- name that the pages gave it. `completed_steps` says of each step that was begun whether it is
-- complete. For a single session the student's name is the one that this session sent, as in
-- session_progress().
CREATE OR REPLACE FUNCTION public.tracked_students(p_students UUID[], p_session_token TEXT)
RETURNS TABLE (student_id TEXT, student_name TEXT, exercises JSONB, completed_steps JSONB,
  started_at TIMESTAMPTZ, last_activity TIMESTAMPTZ, total_time_spent BIGINT,
  completion_rate INTEGER, repo_created BOOLEAN, demo_mode BOOLEAN)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH course AS MATERIALIZED (
    SELECT c.course_id, public.step_names(c.steps) AS names,
      jsonb_array_length(c.steps) AS last_step
    FROM public.courses c
  ), latest AS (
    SELECT DISTINCT ON (s.student_id) s.student_id, s.course_id
    FROM unnest(p_students) AS student JOIN public.sessions s ON s.student_id = student
    WHERE s.session_token = coalesce(p_session_token, s.session_token)
    ORDER BY s.student_id, s.last_activity DESC, s.session_token
  ), chosen AS MATERIALIZED (
    SELECT s.session_token, s.student_id, s.course_id, s.student_name_given, s.exercises,
      s.started_at, s.last_activity, s.total_time_spent, s.completion_rate, s.repo_created,
      s.demo_mode, public.flagged_steps(s) AS flagged
    FROM latest JOIN public.sessions s USING (student_id, course_id)
    WHERE s.session_token = coalesce(p_session_token, s.session_token)
  ), reports AS (
    SELECT k.student_id, p.step_number AS step, p.validation_passed AS passed, p.completed_at,
      p.time_spent, p.attempts, p.updated_at
    FROM chosen k JOIN public.step_progress p USING (session_token)
    UNION ALL
    SELECT k.student_id, flagged_step, TRUE, NULL, 0, 0, NULL
    FROM chosen k, unnest(k.flagged) AS flagged_step
  ), steps AS (
    SELECT r.student_id, r.step, bool_or(r.passed) AS completed, jsonb_build_object(
      'completed', bool_or(r.passed), 'timestamp', min(r.completed_at),
      'timeSpent', sum(r.time_spent), 'attempts', sum(r.attempts),
      'lastAttempt', max(r.updated_at)) AS entry
    FROM reports r GROUP BY r.student_id, r.step
  ), stored AS (
    SELECT DISTINCT ON (k.student_id, e.key) k.student_id, e.key,
      CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value
        ELSE jsonb_build_object('completed', e.value = 'true') END AS entry,
      public.exercise_step(c.names, c.last_step, e.key) AS step
    FROM chosen k JOIN course c USING (course_id), jsonb_each(
      CASE jsonb_typeof(k.exercises) WHEN 'object' THEN k.exercises ELSE '{}' END) AS e
    ORDER BY k.student_id, e.key,
      (e.value = 'true' OR e.value -> 'completed' = 'true') DESC NULLS LAST, k.last_activity DESC
  ), named AS (  -- aggregated in one pass, because a look-up for each student is quadratic
    SELECT coalesce(o.student_id, t.student_id) AS student_id, jsonb_object_agg(
      coalesce(o.key, 'step-' || t.step),
      coalesce(o.entry, '{}') || coalesce(t.entry, '{}')) AS exercises
    FROM stored o FULL JOIN steps t ON t.student_id = o.student_id AND t.step = o.step
    GROUP BY 1
  ), completed AS (
    SELECT b.student_id, jsonb_object_agg('step-' || b.step, b.completed) AS steps
    FROM (
      SELECT a.student_id, a.step, bool_or(a.completed) AS completed
      FROM (
        SELECT t.student_id, t.step, t.completed FROM steps t
        UNION ALL
        SELECT o.student_id, o.step, o.entry -> 'completed' = 'true' FROM stored o
        WHERE o.step IS NOT NULL
      ) AS a GROUP BY a.student_id, a.step
    ) AS b GROUP BY b.student_id
  ), totals AS (
    SELECT k.student_id, min(k.student_name_given) AS name_given, min(k.started_at) AS started_at,
      max(k.last_activity) AS last_activity, sum(k.total_time_spent) AS total_time_spent,
      max(k.completion_rate) AS completion_rate, bool_or(k.repo_created) AS repo_created,
      bool_or(k.demo_mode) AS demo_mode
    FROM chosen k GROUP BY k.student_id
  )
  SELECT st.student_email,
    CASE WHEN p_session_token IS NULL THEN st.student_name ELSE k.name_given END,
    coalesce(n.exercises, '{}'), coalesce(d.steps, '{}'), k.started_at, k.last_activity,
    k.total_time_spent, k.completion_rate, k.repo_created, k.demo_mode
  FROM totals k JOIN public.students st USING (student_id) LEFT JOIN named n USING (student_id)
  LEFT JOIN completed d USING (student_id)
  ORDER BY k.last_activity DESC, k.student_id;
END $$;
