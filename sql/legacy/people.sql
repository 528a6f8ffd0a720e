-- E-mails to students. Parameters of each: %(from)s and %(to)s, the hashes of the batch.

-- clear_people --
-- Empty the temporary table of the batch before.
TRUNCATE pg_temp.people;

-- stage_people --
-- One row per e-mail of the batch: earliest time, newest name that is not empty.
INSERT INTO pg_temp.people (email, student_name, name_moment, account_sid, created_at, moment)
SELECT email,
  legacy.without_keys((array_agg(student_name ORDER BY moment DESC NULLS LAST, place DESC)
    FILTER (WHERE student_name IS NOT NULL))[1]),
  max(moment) FILTER (WHERE student_name IS NOT NULL),
  legacy.without_keys((array_agg(account_sid ORDER BY moment DESC NULLS LAST, place DESC)
    FILTER (WHERE account_sid IS NOT NULL))[1]),
  least(min(created_at), min(started_at)),
  max(moment)
FROM pg_temp.legacy_rows
WHERE hashtext(email) >= %(from)s AND hashtext(email) < %(to)s
GROUP BY email;

-- analyze_people --
-- Tell the planner how many they are.
ANALYZE pg_temp.people;

-- update_students --
-- What older rows add to students that are there already; nothing that is newer changes.
WITH changes AS (
  SELECT s.student_id,
    CASE WHEN s.student_name IS NULL OR s.student_name = '' OR p.name_moment > s.updated_at
         THEN coalesce(p.student_name, s.student_name) ELSE s.student_name END AS student_name,
    coalesce(s.twilio_account_sid, p.account_sid) AS account_sid,
    least(s.created_at, p.created_at) AS created_at
  FROM pg_temp.people AS p JOIN public.students AS s ON s.student_email = p.email
)
UPDATE public.students AS s
SET student_name = c.student_name, twilio_account_sid = c.account_sid, created_at = c.created_at
FROM changes AS c
WHERE s.student_id = c.student_id
  AND (s.student_name, s.twilio_account_sid, s.created_at)
    IS DISTINCT FROM (c.student_name, c.account_sid, c.created_at);

-- insert_students --
-- The people who are not there yet. No anti join: the planner takes a new table for empty, and
-- would read it once for each of them.
INSERT INTO public.students
  (student_email, student_name, twilio_account_sid, created_at, updated_at)
SELECT p.email, p.student_name, p.account_sid, coalesce(p.created_at, p.moment, now()),
  coalesce(p.moment, p.created_at, now())
FROM pg_temp.people AS p
ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING;

-- analyze_students --
-- Tell the planner how many they are: what it knows may be from before they came.
ANALYZE public.students (student_email);
