-- Queries of lib/legacy/people/store.py: from e-mails to students.

-- clear_people --
-- Empty the temporary table before a batch.
TRUNCATE pg_temp.people;

-- stage_people --
-- Stage one row per e-mail of the batch, which %(from)s and %(to)s bound by hash, with the earliest time
-- and the newest name that is not empty.
INSERT INTO pg_temp.people (email, student_name, name_moment, account_sid, github_username,
  created_at, moment, row_count)
SELECT email,
  legacy.without_secrets((array_agg(student_name ORDER BY moment DESC NULLS LAST, place DESC)
    FILTER (WHERE student_name IS NOT NULL))[1]),
  max(moment) FILTER (WHERE student_name IS NOT NULL),
  legacy.without_keys((array_agg(account_sid ORDER BY moment DESC NULLS LAST, place DESC)
    FILTER (WHERE account_sid IS NOT NULL))[1]),
  legacy.without_secrets((array_agg(github_username ORDER BY moment DESC NULLS LAST, place DESC)
    FILTER (WHERE github_username IS NOT NULL))[1]),
  least(min(created_at), min(started_at)),
  max(moment), count(*)
FROM pg_temp.repaired_rows
WHERE hashtext(email) >= %(from)s AND hashtext(email) < %(to)s
GROUP BY email;

-- skip_removed_people --
-- Leave out people whom an operator removed, unless all their rows were created since.
DELETE FROM pg_temp.people AS p USING public.removals AS r
WHERE r.kind = 'student' AND r.name_sha256 = public.removal_key(p.email)
  AND NOT coalesce(p.created_at > r.removed_at, FALSE);

-- follow_changed_emails --
-- Use the present e-mails of students whose e-mails an operator has changed, so that their rows are
-- added to these students.
UPDATE pg_temp.people AS p SET email = s.student_email
FROM public.students AS s
WHERE s.former_emails IS NOT NULL AND p.email = ANY (s.former_emails)
  AND NOT EXISTS (SELECT FROM public.students AS o WHERE o.student_email = p.email);

-- count_people_with_several_rows --
-- Number of people of the batch with several rows.
SELECT count(*) FROM pg_temp.people WHERE row_count > 1;

-- plain_accounts --
-- Accounts of the batch that are not encrypted.
SELECT DISTINCT account_sid FROM pg_temp.people
WHERE account_sid IS NOT NULL AND NOT legacy.is_sealed(account_sid);

-- store_sealed_accounts --
-- Replace the plain accounts of the batch by the same accounts, encrypted.
UPDATE pg_temp.people AS p SET account_sid = k.sealed
FROM unnest(%(plain)s::text[], %(sealed)s::text[]) AS k (plain, sealed)
WHERE p.account_sid = k.plain;

-- analyze_people --
-- Give the planner the number of people in the batch.
ANALYZE pg_temp.people;

-- update_students --
-- Fill what stored students lack and move their creation back to the earliest row; only a newer
-- name replaces a stored one.
WITH changes AS (
  SELECT s.student_id,
    CASE WHEN s.student_name IS NULL OR s.student_name = '' OR p.name_moment > s.updated_at
         THEN coalesce(p.student_name, s.student_name) ELSE s.student_name END AS student_name,
    coalesce(s.twilio_account_sid, p.account_sid) AS account_sid,
    coalesce(nullif(s.github_username, ''), p.github_username) AS github_username,
    least(s.created_at, p.created_at) AS created_at
  FROM pg_temp.people AS p JOIN public.students AS s ON s.student_email = p.email
)
UPDATE public.students AS s
SET student_name = c.student_name, twilio_account_sid = c.account_sid,
  github_username = c.github_username, created_at = c.created_at
FROM changes AS c
WHERE s.student_id = c.student_id
  AND (s.student_name, s.twilio_account_sid, s.github_username, s.created_at)
    IS DISTINCT FROM (c.student_name, c.account_sid, c.github_username, c.created_at);

-- insert_students --
-- Add the people who are not students yet. An anti join would be slow: the planner assumes that a
-- new table is empty, and would scan it once for each person.
INSERT INTO public.students
  (student_email, student_name, twilio_account_sid, github_username, created_at, updated_at)
SELECT p.email, p.student_name, p.account_sid, p.github_username, coalesce(p.created_at, p.moment, now()),
  coalesce(p.moment, p.created_at, now())
FROM pg_temp.people AS p
ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING;

-- analyze_students --
-- Give the planner the number of students, which has just changed.
ANALYZE public.students (student_email);

-- check_people --
-- Checksums of the batch's people as intended and as stored: their e-mails, and whether they have a
-- name.
SELECT count(*) AS rows,
  coalesce(sum(hash_record_extended(ROW(p.email, p.student_name IS NOT NULL), 0)), 0) AS expected,
  coalesce(sum(hash_record_extended(ROW(s.student_email,
    p.student_name IS NOT NULL AND s.student_name IS NOT NULL), 0)), 0) AS stored
FROM pg_temp.people AS p LEFT JOIN public.students AS s ON s.student_email = p.email;
