-- Progress of sessions, computed from their steps and flags. The script runs in one execute, after
-- functions.sql. It ends by repairing what older applications wrote, and reports the repairs.

-- Recompute a session's completion rate, time and furthest step; this counts as activity. The flags
-- that complete a step are those of the course, see flagged_steps() in functions.sql.
CREATE OR REPLACE FUNCTION public.recompute_session(p_session_token TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  v_flagged INTEGER[];
  v_last INTEGER;
  v_passed INTEGER[];
  v_furthest INTEGER;
  v_seconds BIGINT;
BEGIN
  SELECT public.flagged_steps(s), jsonb_array_length(c.steps) INTO v_flagged, v_last
    FROM public.sessions s JOIN public.courses c USING (course_id)
    WHERE s.session_token = p_session_token;
  SELECT array_agg(step_number) FILTER (WHERE validation_passed), max(step_number),
      coalesce(sum(time_spent), 0)  -- least() ignores null, and would return its limit
    INTO v_passed, v_furthest, v_seconds
    FROM public.step_progress WHERE session_token = p_session_token;
  UPDATE public.sessions SET
    completion_rate = round(100.0 * (
      SELECT count(DISTINCT step) FROM unnest(v_flagged || v_passed) AS step) / v_last),
    total_time_spent = greatest(total_time_spent, least(v_seconds, 2147483647)::integer),
    current_step = greatest(
      current_step, v_furthest, (SELECT max(step) FROM unnest(v_flagged) AS step)),
    last_activity = now(),
    expires_at = greatest(expires_at, now() + INTERVAL '24 hours'),
    is_active = TRUE
  WHERE session_token = p_session_token;
END $$;

-- recompute_session() under the name by which the guides call it. The guides also print a function of
-- this name that ignores flags, and running their text replaces this one. So our own functions never
-- call it, and each upgrade restores it. CREATE OR REPLACE cannot change the kind, the result or the
-- parameter.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_proc WHERE oid = to_regproc('public.update_session_progress')
             AND prokind = 'p') THEN
    DROP PROCEDURE public.update_session_progress(TEXT);
  ELSIF EXISTS (SELECT FROM pg_proc
                WHERE oid = to_regprocedure('public.update_session_progress(text)')
                AND (prorettype <> 'void'::regtype OR proargnames[1] <> 'p_session_token')) THEN
    DROP FUNCTION public.update_session_progress(TEXT);
  END IF;
END $$;
CREATE OR REPLACE FUNCTION public.update_session_progress(p_session_token TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.recompute_session(p_session_token);
END $$;

-- Disable the enabled triggers of a table, so that a repair leaves updated_at as it is; return
-- their names. They stay disabled until enable_triggers(), or until the transaction is rolled back.
CREATE OR REPLACE FUNCTION pg_temp.disable_triggers(p_table TEXT) RETURNS TEXT[]
LANGUAGE plpgsql AS $$
DECLARE
  v_names TEXT[] := ARRAY(
    SELECT tgname FROM pg_trigger WHERE tgrelid = format('public.%I', p_table)::regclass
      AND NOT tgisinternal AND tgenabled = 'O');
  v_name TEXT;
BEGIN
  FOREACH v_name IN ARRAY v_names LOOP
    EXECUTE format('ALTER TABLE public.%I DISABLE TRIGGER %I', p_table, v_name);
  END LOOP;
  RETURN v_names;
END $$;

CREATE OR REPLACE FUNCTION pg_temp.enable_triggers(p_table TEXT, p_names TEXT[]) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
  v_name TEXT;
BEGIN
  FOREACH v_name IN ARRAY p_names LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE TRIGGER %I', p_table, v_name);
  END LOOP;
END $$;

-- Steps get the course's numbers: an application before ours counted them from 0. Rows that turn out
-- to be about the same step of a session are added up in the oldest of them; the others, and rows of
-- steps that the course does not have, become events of their session.
DO $$
DECLARE
  v_triggers TEXT[];
  v_numbered BIGINT;
  v_removed BIGINT;
BEGIN
  CREATE TEMP TABLE misnamed_steps ON COMMIT DROP AS
    SELECT p.id, p.session_token, p.step_number, c.last_step,
      public.step_meant(c.names, p.step_number, p.step_name) AS meant
    FROM public.step_progress p LEFT JOIN public.sessions s USING (session_token)
    JOIN (
      SELECT course_id, steps, public.step_names(steps) AS names,
        jsonb_array_length(steps) AS last_step
      FROM public.courses OFFSET 0  -- so that the names are read once
    ) AS c ON c.course_id = coalesce(s.course_id, public.default_course())
    WHERE p.step_name IS DISTINCT FROM public.step_name(c.steps, p.step_number);
  CREATE TEMP TABLE numbered_steps ON COMMIT DROP AS
    SELECT p.id, p.session_token, coalesce(m.meant, p.step_number) AS step_number,
      coalesce(m.meant BETWEEN 1 AND m.last_step, TRUE) AS in_course
    FROM public.step_progress p LEFT JOIN pg_temp.misnamed_steps m USING (id)
    WHERE p.session_token IN (
      SELECT session_token FROM pg_temp.misnamed_steps
      WHERE meant <> step_number OR meant NOT BETWEEN 1 AND last_step);
  IF EXISTS (SELECT FROM pg_temp.numbered_steps) THEN
    v_triggers := pg_temp.disable_triggers('step_progress');
    WITH merged AS (
      SELECT min(id) AS id, session_token, step_number FROM pg_temp.numbered_steps
      WHERE in_course GROUP BY session_token, step_number
    ), removed AS (
      DELETE FROM public.step_progress p USING pg_temp.numbered_steps n
      WHERE n.id = p.id AND n.id NOT IN (SELECT id FROM merged)
      RETURNING p.*, n.step_number AS meant
    ), sums AS (
      SELECT m.id, bool_or(r.validation_passed) AS passed, sum(r.time_spent) AS time_spent,
        sum(r.attempts) AS attempts, min(r.started_at) AS started_at,
        min(r.completed_at) FILTER (WHERE r.validation_passed) AS completed_at,
        (array_agg(r.code_submitted ORDER BY r.updated_at DESC)
          FILTER (WHERE r.code_submitted IS NOT NULL))[1] AS code_submitted,
        (array_agg(r.deployment_url ORDER BY r.updated_at DESC)
          FILTER (WHERE r.deployment_url IS NOT NULL))[1] AS deployment_url
      FROM removed r JOIN merged m ON m.session_token = r.session_token AND m.step_number = r.meant
      GROUP BY m.id
    ), added AS (
      UPDATE public.step_progress p SET
        validation_passed = p.validation_passed OR s.passed,
        time_spent = least(p.time_spent + s.time_spent, 2147483647),
        attempts = least(p.attempts + s.attempts, 2147483647),
        started_at = least(p.started_at, s.started_at),
        completed_at = least(p.completed_at, s.completed_at),
        code_submitted = coalesce(p.code_submitted, s.code_submitted),
        deployment_url = coalesce(p.deployment_url, s.deployment_url)
      FROM sums s WHERE s.id = p.id
    )
    INSERT INTO public.events (student_id, session_token, event_type, event_data, created_at)
    SELECT st.student_id, s.session_token, 'step_progress', to_jsonb(r) - 'meant', r.created_at
    FROM removed r
    LEFT JOIN public.sessions s USING (session_token)
    LEFT JOIN public.students st ON st.student_id = r.student_id
    ORDER BY r.created_at, r.id;
    GET DIAGNOSTICS v_removed = ROW_COUNT;
    -- In two moves, so that no two steps of a session have the same number in between.
    UPDATE public.step_progress p SET step_number = 1000000 + n.step_number
      FROM pg_temp.numbered_steps n WHERE n.id = p.id AND n.step_number <> p.step_number;
    GET DIAGNOSTICS v_numbered = ROW_COUNT;
    UPDATE public.step_progress SET step_number = step_number - 1000000
      WHERE step_number > 1000000;
    PERFORM pg_temp.enable_triggers('step_progress', v_triggers);
    RAISE NOTICE USING ERRCODE = 'SW001', MESSAGE = format('public.step_progress: steps numbered as '
      'the course numbers them; rows: %s; of these, moved to public.events: %s',
      v_numbered + v_removed, v_removed);
  END IF;
  DROP TABLE pg_temp.numbered_steps, pg_temp.misnamed_steps;
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'step_progress_step_number_check'
                 AND conrelid = 'public.step_progress'::regclass) THEN
    ALTER TABLE public.step_progress
      ADD CONSTRAINT step_progress_step_number_check CHECK (step_number > 0);
  END IF;
END $$;

-- Steps get the course's names; their former names become events of their session.
DO $$
DECLARE
  v_triggers TEXT[];
  v_rows BIGINT;
BEGIN
  CREATE TEMP TABLE renamed_steps ON COMMIT DROP AS
    SELECT p.id, p.step_number, p.step_name, p.created_at, s.session_token, st.student_id,
      public.step_name(c.steps, p.step_number) AS course_step_name
    FROM public.step_progress p
    LEFT JOIN public.sessions s USING (session_token)
    LEFT JOIN public.students st ON st.student_id = p.student_id
    JOIN public.courses c ON c.course_id = coalesce(s.course_id, public.default_course())
    WHERE p.step_name <> public.step_name(c.steps, p.step_number);
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  IF v_rows > 0 THEN
    v_triggers := pg_temp.disable_triggers('step_progress');
    UPDATE public.step_progress p SET step_name = r.course_step_name
      FROM pg_temp.renamed_steps r WHERE r.id = p.id;
    PERFORM pg_temp.enable_triggers('step_progress', v_triggers);
    INSERT INTO public.events (student_id, session_token, event_type, event_data, created_at)
      SELECT student_id, session_token, 'step_progress',
        jsonb_build_object('stepNumber', step_number, 'stepName', step_name), created_at
      FROM pg_temp.renamed_steps ORDER BY created_at, id;
    RAISE NOTICE USING ERRCODE = 'SW001', MESSAGE = format('public.step_progress: steps renamed as '
      'the course names them, and their former names kept in public.events; rows: %s', v_rows);
  END IF;
  DROP TABLE pg_temp.renamed_steps;
END $$;

-- Sessions with less progress or time than their steps and flags show are recomputed. Nothing is
-- lowered here: an older application may have recorded completion without recording steps.
DO $$
DECLARE
  v_triggers TEXT[];
  v_rows BIGINT;
BEGIN
  CREATE TEMP TABLE recomputed_sessions ON COMMIT DROP AS
    SELECT s.session_token, greatest(s.completion_rate, r.rate) AS rate,
      greatest(s.total_time_spent, p.seconds) AS seconds,
      greatest(s.current_step, p.furthest, flagged.furthest) AS furthest
    FROM public.sessions s
    JOIN public.courses c USING (course_id)
    LEFT JOIN (
      SELECT session_token, array_agg(step_number) FILTER (WHERE validation_passed) AS passed,
        max(step_number) AS furthest, least(sum(time_spent), 2147483647)::INTEGER AS seconds
      FROM public.step_progress GROUP BY session_token
    ) AS p USING (session_token),
    LATERAL (SELECT public.flagged_steps(s) AS steps OFFSET 0) AS f,
    LATERAL (SELECT max(step) AS furthest FROM unnest(f.steps) AS step) AS flagged,
    LATERAL (
      SELECT round(100.0 * count(DISTINCT step) / jsonb_array_length(c.steps))::INTEGER AS rate
      FROM unnest(f.steps || p.passed) AS step
    ) AS r
    WHERE p.seconds > s.total_time_spent OR r.rate > s.completion_rate
      OR p.furthest > s.current_step OR flagged.furthest > s.current_step;
  GET DIAGNOSTICS v_rows = ROW_COUNT;
  IF v_rows > 0 THEN
    v_triggers := pg_temp.disable_triggers('sessions');
    UPDATE public.sessions s
      SET completion_rate = r.rate, total_time_spent = r.seconds, current_step = r.furthest
      FROM pg_temp.recomputed_sessions r WHERE r.session_token = s.session_token;
    PERFORM pg_temp.enable_triggers('sessions', v_triggers);
    RAISE NOTICE USING ERRCODE = 'SW001', MESSAGE = format('public.sessions: progress and time '
      'recomputed from steps and flags; rows: %s', v_rows);
  END IF;
  DROP TABLE pg_temp.recomputed_sessions;
END $$;
