-- Rosters: the people who are expected in a course, before their first report. The script runs in one
-- execute, after support.sql.

-- The rollback block of the guide drops `students` and thereby the foreign key. The remaining rows, whose
-- students no longer exist, are set aside.
DO $$
DECLARE
  v_suffix TEXT := '_old_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS');
  v_rows BIGINT;
BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('public.enrollments')
      AND conname = 'enrollments_course_id_fkey')
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('public.enrollments')
      AND confrelid = to_regclass('public.students'))
  THEN
    SELECT count(*) INTO v_rows FROM public.enrollments;
    IF v_rows = 0 THEN
      DROP TABLE public.enrollments;
      RETURN;
    END IF;
    EXECUTE format('ALTER TABLE public.enrollments RENAME TO %I', 'enrollments' || v_suffix);
    EXECUTE format('ALTER INDEX public.enrollments_pkey RENAME TO %I', 'enrollments_pkey' || v_suffix);
    EXECUTE format('ALTER INDEX IF EXISTS public.idx_enrollments_course_id RENAME TO %I',
      'idx_enrollments_course_id' || v_suffix);
    RAISE NOTICE 'public.enrollments: set aside in %, because the students no longer exist; rows: %',
      'enrollments' || v_suffix, v_rows USING ERRCODE = 'SW001';
  END IF;
END $$;

-- One row per student and course that a roster named. The student may have no session yet.
CREATE TABLE IF NOT EXISTS public.enrollments (
  student_id UUID,
  course_id TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT enrollments_pkey PRIMARY KEY (student_id, course_id),
  CONSTRAINT enrollments_student_id_fkey FOREIGN KEY (student_id)
    REFERENCES public.students (student_id) ON DELETE CASCADE,
  CONSTRAINT enrollments_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses (course_id)
);

-- The students of a course (class_course, class_students).
CREATE INDEX IF NOT EXISTS idx_enrollments_course_id ON public.enrollments (course_id, student_id);

-- Enroll people in a course. `p_lines` is an array of objects with line, email, name and github, one for
-- each person; without an e-mail, github identifies the person. Names are stored with students who have
-- none. Return for each line whether the student has another name, and the outcome:
--   created     a new student
--   enrolled    an existing student, now in this course, too
--   updated     a student of this course who got a name
--   unchanged   nothing had to be changed
CREATE OR REPLACE FUNCTION public.import_roster(p_course_id TEXT, p_lines JSONB)
RETURNS TABLE (line INTEGER, outcome TEXT, other_name BOOLEAN)
LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
#variable_conflict use_column
DECLARE
  v_created UUID[];
  v_named UUID[];
  v_enrolled UUID[];
BEGIN
  IF NOT EXISTS (SELECT FROM public.courses WHERE course_id = p_course_id) THEN
    RAISE EXCEPTION 'there is no such course'
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'sessions_course_id_fkey';
  END IF;
  CREATE TEMPORARY TABLE IF NOT EXISTS roster_lines (
    line INTEGER, student_email TEXT, student_name TEXT, github_username TEXT) ON COMMIT DROP;
  TRUNCATE pg_temp.roster_lines;
  INSERT INTO pg_temp.roster_lines
    SELECT l.line, coalesce(l.email, 'github_' || lower(l.github)), l.name, l.github
    FROM jsonb_to_recordset(p_lines) AS l (line INTEGER, email TEXT, name TEXT, github TEXT);
  WITH created AS (
    INSERT INTO public.students (student_email, student_name, github_username)
    SELECT student_email, student_name, github_username FROM pg_temp.roster_lines ORDER BY student_email
    ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING
    RETURNING student_id
  ) SELECT coalesce(array_agg(student_id), '{}') INTO v_created FROM created;
  WITH named AS (
    UPDATE public.students st SET
      student_name = coalesce(nullif(btrim(st.student_name), ''), l.student_name),
      github_username = coalesce(nullif(btrim(st.github_username), ''), l.github_username)
    FROM pg_temp.roster_lines l
    WHERE l.student_email = st.student_email AND st.student_id <> ALL (v_created)
      AND (coalesce(btrim(st.student_name), '') = '' AND l.student_name IS NOT NULL
        OR coalesce(btrim(st.github_username), '') = '' AND l.github_username IS NOT NULL)
    RETURNING st.student_id
  ) SELECT coalesce(array_agg(student_id), '{}') INTO v_named FROM named;
  WITH enrolled AS (
    INSERT INTO public.enrollments (student_id, course_id)
    SELECT st.student_id, p_course_id FROM pg_temp.roster_lines l
    JOIN public.students st ON st.student_email = l.student_email ORDER BY st.student_id
    ON CONFLICT ON CONSTRAINT enrollments_pkey DO NOTHING
    RETURNING student_id
  ) SELECT coalesce(array_agg(student_id), '{}') INTO v_enrolled FROM enrolled;
  RETURN QUERY
    SELECT l.line, CASE
        WHEN st.student_id = ANY (v_created) THEN 'created'
        WHEN st.student_id = ANY (v_enrolled) THEN 'enrolled'
        WHEN st.student_id = ANY (v_named) THEN 'updated'
        ELSE 'unchanged' END,
      l.student_name IS NOT NULL AND st.student_name <> l.student_name
    FROM pg_temp.roster_lines l JOIN public.students st ON st.student_email = l.student_email
    ORDER BY l.line;
END $$;
