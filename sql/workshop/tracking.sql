-- Queries of lib/workshop/tracking.py; the functions stand in older_pages.sql.

-- track_exercise --
-- Add one report about an exercise, return its student as this session knows them.
SELECT * FROM public.tracked_students(ARRAY[public.track_exercise(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s, %(repo_created)s,
  %(exercise_id)s, %(completed)s, %(time_spent)s, %(attempts)s, %(key_hash)s, %(body_hash)s)], %(session_token)s);

-- tracked_student --
-- One student, by e-mail or by id.
SELECT * FROM public.tracked_students(ARRAY(
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(email)s) OR student_id = %(student_id)s), NULL);

-- tracked_students --
-- The students who were active last.
SELECT * FROM public.tracked_students(ARRAY(
  SELECT student_id FROM public.sessions
  GROUP BY student_id ORDER BY max(last_activity) DESC LIMIT %(limit)s), NULL);

-- count_students --
-- How many students have sessions.
SELECT count(DISTINCT student_id) FROM public.sessions;

-- legacy_students --
-- Rows of workshop_students before the unified schema exists, newest first; of one student, or of
-- all where the e-mail is null. A column may be missing in this database.
SELECT w.o FROM (SELECT to_jsonb(w) - 'openai_api_key' AS o FROM public.workshop_students w) w
WHERE %(email)s::TEXT IS NULL OR lower(btrim(w.o ->> 'student_email')) = lower(btrim(%(email)s))
ORDER BY w.o ->> 'last_activity' DESC NULLS LAST, w.o ->> 'created_at' DESC NULLS LAST
LIMIT %(limit)s;
