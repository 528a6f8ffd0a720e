-- Queries of lib/workshop/older_pages/tracking.py; the functions stand in older_pages.sql.

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
-- The students who were active last, as many as an answer can hold; a text of JSON is as long here
-- as in the answer, or longer.
SELECT student_id, student_name, exercises, started_at, last_activity, total_time_spent,
  completion_rate, repo_created, demo_mode
FROM (
  SELECT t.*, sum(%(bytes_besides)s + octet_length(t.exercises::TEXT)
    + octet_length(to_jsonb(t.student_id)::TEXT)
    + coalesce(octet_length(to_jsonb(t.student_name)::TEXT), 0)) OVER (
      ORDER BY t.last_activity DESC, t.student_id ROWS UNBOUNDED PRECEDING) AS bytes
  FROM public.tracked_students(ARRAY(
    SELECT student_id FROM public.sessions
    GROUP BY student_id ORDER BY max(last_activity) DESC LIMIT %(limit)s), NULL) AS t
) AS counted
WHERE bytes <= %(most_bytes)s
ORDER BY last_activity DESC, student_id;

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
