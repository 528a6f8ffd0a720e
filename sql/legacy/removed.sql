-- Rows of what operators removed do not come back, unless they were written anew since.

-- skip_removed_people --
-- Out of the stage of people.
DELETE FROM pg_temp.people AS p USING public.removals AS r
WHERE r.kind = 'student' AND r.name_sha256 = public.removal_key(p.email)
  AND NOT coalesce(p.created_at > r.removed_at, FALSE);

-- skip_removed_sessions --
-- Out of the batch, into the findings.
WITH gone AS (
  DELETE FROM pg_temp.batch_rows AS t USING public.removals AS r
  WHERE r.kind = 'session' AND r.name_sha256 = public.removal_key(t.session_token)
    AND NOT coalesce(least(t.created_at, t.started_at) > r.removed_at, FALSE)
  RETURNING t.origin, t.session_token
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), legacy.own_name(origin, 'session_token'), 'skipped',
  'an operator removed this session: the row stays in its table' FROM gone;

-- skip_sessions_of_removed_people --
-- The same for rows with the e-mail of someone who was removed.
WITH gone AS (
  DELETE FROM pg_temp.batch_rows AS t USING public.removals AS r
  WHERE r.kind = 'student'
    AND r.name_sha256 = public.removal_key(public.normalized_email(t.student_email))
    AND NOT coalesce(least(t.created_at, t.started_at) > r.removed_at, FALSE)
  RETURNING t.origin, t.session_token
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), legacy.own_name(origin, 'student_email'), 'skipped',
  'an operator removed this person: the row stays in its table' FROM gone;

-- count_removed_rows --
-- How many rows of each table that were; nothing else is in the findings yet.
SELECT source, count(*) AS rows FROM pg_temp.findings GROUP BY source;
