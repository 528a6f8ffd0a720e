-- Queries of lib/workshop/older_pages/store.py; the functions are in schema/older_pages.sql.

-- track_exercise --
-- Add a report about an exercise; return the student's progress in this session.
SELECT student_id, student_name, public.cut_json(exercises, %(max_bytes)s / 2) AS exercises,
  completed_steps, started_at, last_activity, total_time_spent, completion_rate, repo_created, demo_mode
FROM public.tracked_students(ARRAY[public.track_exercise(
  %(session_token)s, %(student_email)s, %(student_name)s, %(demo_mode)s, %(repo_created)s,
  %(exercise_id)s, %(completed)s, %(time_spent)s, %(attempts)s, %(key_hash)s, %(body_hash)s
)], %(session_token)s);

-- tracked_student --
-- Return one student's progress, by e-mail or by id, in the course in which the student was last
-- active.
SELECT student_id, student_name, public.cut_json(exercises, %(max_bytes)s / 2) AS exercises,
  completed_steps, started_at, last_activity, total_time_spent, completion_rate, repo_created, demo_mode
FROM public.tracked_students(ARRAY(
  SELECT student_id FROM public.students
  WHERE student_email = public.normalized_email(%(student)s) OR student_id = %(student_id)s), NULL);

-- tracked_students --
-- Return a page of students, the most recently active first, after the given time and e-mail (null: the
-- first page), as many as fit in max_bytes, with the number of students before the page was cut to size.
-- A text encoded as JSON is at least as long here as in the response.
SELECT student_id, student_name, exercises, completed_steps, started_at, last_activity,
  total_time_spent, completion_rate, repo_created, demo_mode, page_rows
FROM (
  SELECT short.*, row_number() OVER in_order AS place, count(*) OVER () AS page_rows,
    sum(%(fixed_bytes)s + octet_length(exercises::TEXT) + octet_length(to_jsonb(student_id)::TEXT)
      + coalesce(octet_length(to_jsonb(student_name)::TEXT), 0)) OVER in_order AS bytes
  FROM (
    SELECT t.student_id, left(t.student_name, 1000) AS student_name,
      public.cut_json(t.exercises, %(max_bytes)s / 16) AS exercises, t.completed_steps,
      t.started_at, t.last_activity, t.total_time_spent, t.completion_rate, t.repo_created, t.demo_mode
    FROM public.tracked_students(ARRAY(
      SELECT s.student_id FROM public.sessions s JOIN public.students st USING (student_id)
      GROUP BY s.student_id, st.student_email
      HAVING %(after_student)s::TEXT IS NULL
        OR max(s.last_activity) < %(after_activity)s::TIMESTAMPTZ
        OR max(s.last_activity) = %(after_activity)s::TIMESTAMPTZ
          AND st.student_email > %(after_student)s::TEXT
      ORDER BY max(s.last_activity) DESC, st.student_email LIMIT %(limit)s), NULL) AS t
  ) AS short
  WINDOW in_order AS (ORDER BY last_activity DESC, student_id ROWS UNBOUNDED PRECEDING)
) AS sized
WHERE place = 1 OR bytes <= %(max_bytes)s
ORDER BY last_activity DESC, student_id;

-- count_students --
-- Count the students who have sessions.
SELECT count(DISTINCT student_id) FROM public.sessions;

-- legacy_spellings --
-- Return the e-mails or ids in workshop_students, as they are spelled there, that contain these letters,
-- digits and @. A column that this database lacks is read from the row of nulls.
SELECT DISTINCT spelled AS student FROM (
  SELECT (SELECT coalesce(student_email::TEXT, "studentEmail"::TEXT, studentemail::TEXT)
    FROM (SELECT w.*) AS own) AS spelled
  FROM (SELECT NULL::TEXT AS student_email, NULL::TEXT AS "studentEmail", NULL::TEXT AS studentemail)
    AS nulls, public.workshop_students AS w
) AS students
WHERE position(%(letters)s IN regexp_replace(lower(spelled), '[^a-z0-9@]', '', 'g')) > 0;

-- legacy_students --
-- Return students of workshop_students while the unified schema does not exist, most recently active first:
-- those with one of these spellings of their e-mail (null: all), as many as fit in max_bytes. A
-- column that this database lacks is null, and so is a value that is larger than an eighth of
-- max_bytes. Names of columns may be in camel case.
SELECT student_email, student_name, exercises, started_at, created_at, last_activity, updated_at,
  total_time_spent, completion_rate, repo_created, demo_mode
FROM (
  SELECT short.*, sum(octet_length(to_jsonb(short)::TEXT)) OVER (
    ORDER BY short.last_activity DESC NULLS LAST, short.created_at DESC NULLS LAST
    ROWS UNBOUNDED PRECEDING) AS bytes
  FROM (
    SELECT o -> 'student_email' AS student_email, o -> 'student_name' AS student_name,
      o -> 'exercises' AS exercises, o -> 'started_at' AS started_at, o -> 'created_at' AS created_at,
      o -> 'last_activity' AS last_activity, o -> 'updated_at' AS updated_at,
      o -> 'total_time_spent' AS total_time_spent, o -> 'completion_rate' AS completion_rate,
      o -> 'repo_created' AS repo_created, o -> 'demo_mode' AS demo_mode
    FROM public.workshop_students w, LATERAL (
      SELECT jsonb_object_agg(coalesce(name, key),
        CASE WHEN octet_length(value::TEXT) <= %(max_bytes)s / 8 THEN value ELSE 'null' END
        ORDER BY name = key NULLS FIRST) AS o
      FROM jsonb_each(to_jsonb(w)) LEFT JOIN unnest(%(columns)s::TEXT[]) AS name
        ON replace(name, '_', '') = replace(lower(key), '_', '')) AS bounded
    WHERE %(spellings)s::TEXT[] IS NULL OR o ->> 'student_email' = ANY (%(spellings)s)
    ORDER BY o ->> 'last_activity' DESC NULLS LAST, o ->> 'created_at' DESC NULLS LAST
    LIMIT %(limit)s
  ) AS short
) AS sized
WHERE bytes <= %(max_bytes)s;
