-- Queries of lib/legacy/verification/store.py: counts over whole tables, at the end of a run and
-- before the legacy tables are set aside.

-- restore_planner_cost --
-- Restore this server's own random_page_cost for the statements that read whole tables, because a whole
-- table may not be in memory.
SELECT set_config('random_page_cost', reset_val, true) FROM pg_settings
WHERE name = 'random_page_cost';

-- count_unified --
-- Count the rows of the unified tables.
SELECT (SELECT count(*) FROM public.students) AS students,
  (SELECT count(*) FROM public.sessions) AS sessions,
  (SELECT count(*) FROM public.step_progress) AS step_progress;

-- count_legacy --
-- Count the rows of the legacy tables; null if a table is absent.
SELECT
  CASE WHEN to_regclass('public.workshop_students') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.student_typed) END AS workshop_students,
  CASE WHEN to_regclass('public.student_configs') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.config_typed) END AS student_configs,
  CASE WHEN to_regclass('public.workshop_sessions') IS NOT NULL
       THEN (SELECT count(*) FROM pg_temp.login_typed) END AS workshop_sessions;

-- count_left_behind --
-- Count the rows now in the legacy tables whose token has no session, except those of sessions and
-- people that an operator removed, unless they were created since.
WITH without_session AS MATERIALIZED (
  SELECT session_token, student_email, least(created_at, started_at) AS first_time
  FROM pg_temp.all_rows AS t
  WHERE legacy.token_of(session_token) IS NOT NULL
    AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = t.session_token)
)
SELECT count(*) FROM without_session AS t,
LATERAL (SELECT legacy.persons_token(
  t.session_token, legacy.email_of(t.student_email, t.session_token)) AS own_token OFFSET 0) AS person
WHERE NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = own_token)
AND NOT EXISTS (
  SELECT FROM public.removals AS r
  WHERE NOT coalesce(t.first_time > r.removed_at, FALSE)
    AND (r.kind = 'session' AND r.name_sha256 IN (
        public.removal_key(t.session_token), public.removal_key(own_token))
      OR r.kind = 'student'
        AND r.name_sha256 = public.removal_key(public.normalized_email(t.student_email))));

-- count_set_aside --
-- Count the rows of the backups of legacy tables, and those of them whose token has no session.
SELECT coalesce(sum(row_count), 0)::bigint AS rows,
  coalesce(sum(without_session), 0)::bigint AS without_session
FROM legacy.backup_tables();

-- count_strays --
-- Count rows without a parent, and people with more than one record; none of them is expected.
SELECT
  (SELECT count(*) FROM public.sessions AS s
   WHERE NOT EXISTS (SELECT FROM public.students AS st WHERE st.student_id = s.student_id))
    AS sessions_without_student,
  (SELECT count(*) FROM public.step_progress AS p
   WHERE NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = p.session_token))
    AS steps_without_session,
  (SELECT count(*) FROM (
     SELECT FROM public.students GROUP BY public.normalized_email(student_email)
     HAVING count(*) > 1) AS doubled) AS people_with_more_than_one_record;

-- find_tokenless_rows --
-- Report rows without a usable session token; they stay in their table.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, coalesce('ctid ' || place, 'row of a view'), legacy.own_name(origin, 'session_token'), 'skipped',
  CASE WHEN octet_length(session_token) > 2600
       THEN 'a session token of more than 2,600 bytes: the row stays in its table'
       ELSE 'no session token: the row stays in its table' END
FROM pg_temp.all_rows WHERE legacy.token_of(session_token) IS NULL;

-- count_tokenless_rows --
-- Number of rows without a usable session token in each table.
SELECT origin AS source, count(*) AS rows FROM pg_temp.repaired_rows
WHERE session_token IS NULL GROUP BY origin;

-- count_written_since --
-- Count the rows of the legacy tables that were written after %(since)s, according to their own times.
SELECT count(*) FROM pg_temp.all_rows, LATERAL (
  SELECT greatest(last_activity, updated_at, created_at, started_at) AS moment
) AS written
WHERE moment > %(since)s AND moment <= now();
