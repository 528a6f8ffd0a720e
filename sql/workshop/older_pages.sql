-- Queries of lib/workshop/older_pages/store.py; the functions are in schema/older_pages.sql.

-- track_exercise --
-- Add a report about an exercise; return the student's progress in this session.
SELECT * FROM public.tracked_students(ARRAY[public.track_exercise(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s, %(repo_created)s,
  %(exercise_id)s, %(completed)s, %(time_spent)s, %(attempts)s, %(key_hash)s, %(body_hash)s
)], %(session_token)s);

-- tracked_student --
-- Return one student's progress in all sessions, by e-mail or by id.
SELECT * FROM public.tracked_students(ARRAY(
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(student)s) OR student_id = %(student_id)s), NULL);

-- tracked_students --
-- Return the most recently active students, as many as one response can hold. A text encoded as JSON
-- is at least as long here as in the response.
SELECT student_id, student_name, exercises, completed_steps, started_at, last_activity, total_time_spent,
  completion_rate, repo_created, demo_mode
FROM (
  SELECT t.*, sum(%(fixed_bytes)s + octet_length(t.exercises::TEXT)
    + octet_length(to_jsonb(t.student_id)::TEXT)
    + coalesce(octet_length(to_jsonb(t.student_name)::TEXT), 0)) OVER (
      ORDER BY t.last_activity DESC, t.student_id ROWS UNBOUNDED PRECEDING) AS bytes
  FROM public.tracked_students(ARRAY(
    SELECT student_id FROM public.sessions
    GROUP BY student_id ORDER BY max(last_activity) DESC LIMIT %(limit)s), NULL) AS t
) AS sized
WHERE bytes <= %(max_bytes)s
ORDER BY last_activity DESC, student_id;

-- count_students --
-- Count the students who have sessions.
SELECT count(DISTINCT student_id) FROM public.sessions;

-- legacy_students --
-- Return students of workshop_students while the unified schema does not exist, newest first: one
-- student, or all if the e-mail is null. A column that this database lacks is null.
SELECT o -> 'student_email' AS student_email, o -> 'student_name' AS student_name,
  o -> 'exercises' AS exercises, o -> 'started_at' AS started_at, o -> 'created_at' AS created_at,
  o -> 'last_activity' AS last_activity, o -> 'updated_at' AS updated_at,
  o -> 'total_time_spent' AS total_time_spent, o -> 'completion_rate' AS completion_rate,
  o -> 'repo_created' AS repo_created, o -> 'demo_mode' AS demo_mode
FROM (SELECT to_jsonb(w) AS o FROM public.workshop_students w) AS rows
WHERE %(student)s::TEXT IS NULL
  OR lower(btrim(o ->> 'student_email')) = lower(btrim(%(student)s))
ORDER BY o ->> 'last_activity' DESC NULLS LAST, o ->> 'created_at' DESC NULLS LAST
LIMIT %(limit)s;
