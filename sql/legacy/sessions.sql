-- Queries of lib/legacy/sessions/store.py: from tokens to sessions and their steps, one batch at a
-- time. schema/stage.sql describes the temporary tables. The lists in double braces are made from
-- lib/legacy/session_fields.py.

-- clear_stage --
-- Empty the temporary tables before a batch.
TRUNCATE pg_temp.batch_rows, pg_temp.repeated_tokens, pg_temp.merged_rows, pg_temp.incoming,
  pg_temp.unusual_exercises, pg_temp.steps, pg_temp.step_totals, pg_temp.owners,
  pg_temp.sealed_keys, pg_temp.key_conflicts, pg_temp.stored_tokens, pg_temp.merged_sessions,
  pg_temp.changed_tokens, pg_temp.findings;

-- read_batch --
-- Copy the batch's rows: all rows of a token, from all tables. %(from)s and %(to)s bound the
-- hashes of the tokens.
INSERT INTO pg_temp.batch_rows
SELECT * FROM pg_temp.all_rows
WHERE hashtext(session_token) >= %(from)s AND hashtext(session_token) < %(to)s
  AND legacy.token_of(session_token) IS NOT NULL;

-- analyze_batch --
-- Give the planner the number of rows.
ANALYZE pg_temp.batch_rows (origin, session_token);

-- separate_people --
-- If several people share a token, give each of them a token of their own, and report their rows.
-- The session's stored owner keeps the token. If there is none, the person whom the session would
-- belong to keeps it, unless it is a word such as "undefined". Rows without an e-mail address belong
-- to nobody, so they become an anonymous session. People whom an earlier run separated stay
-- separated.
WITH separated AS MATERIALIZED (
  SELECT session_token FROM public.sessions
  -- A range for the index, in every collation.
  WHERE session_token BETWEEN 'shared_0' AND 'shared_g' AND legacy.is_persons_token(session_token)
), candidates AS MATERIALIZED (
  SELECT session_token FROM pg_temp.batch_rows WHERE position('@' IN student_email) > 0
  GROUP BY session_token
  HAVING min(lower(student_email) COLLATE "C") <> max(lower(student_email) COLLATE "C")
  UNION
  SELECT t.session_token FROM pg_temp.batch_rows AS t JOIN public.sessions AS s USING (session_token)
  JOIN public.students AS st ON st.student_id = s.student_id
  WHERE position('@' IN t.student_email) > 0 AND lower(t.student_email) <> st.student_email
  UNION
  SELECT session_token FROM pg_temp.batch_rows
  WHERE legacy.row_key(session_token) IN (SELECT legacy.row_key(session_token) FROM separated)
), rows AS MATERIALIZED (
  SELECT t.ctid AS batch_place, t.origin, t.session_token, t.place, person.email,
    legacy.persons_token(t.session_token, person.email) AS own_token,
    coalesce(greatest(t.last_activity, t.updated_at), greatest(t.created_at, t.started_at)) AS moment
  FROM pg_temp.batch_rows AS t JOIN candidates USING (session_token),
  LATERAL (SELECT legacy.email_of(t.student_email, t.session_token) AS email OFFSET 0) AS parsed,
  LATERAL (SELECT coalesce((
    SELECT st.student_email FROM public.students AS st
    WHERE parsed.email = ANY (st.former_emails)
      AND NOT EXISTS (SELECT FROM public.students AS o WHERE o.student_email = parsed.email)
    ORDER BY st.student_email LIMIT 1), parsed.email) AS email OFFSET 0) AS person
), owners AS MATERIALIZED (
  SELECT s.session_token, st.student_email AS email
  FROM candidates JOIN public.sessions AS s USING (session_token)
  JOIN public.students AS st ON st.student_id = s.student_id
  WHERE NOT legacy.is_anonymous(st.student_email)
), shared AS MATERIALIZED (
  SELECT session_token, count(DISTINCT email) AS people FROM (
    SELECT session_token, email FROM rows UNION ALL SELECT session_token, email FROM owners
  ) AS everybody
  GROUP BY session_token
  HAVING count(DISTINCT email) > 1 OR legacy.row_key(session_token) IN (
    SELECT legacy.row_key(session_token) FROM separated)
), keepers AS MATERIALIZED (
  SELECT DISTINCT ON (session_token) session_token, email FROM (
    SELECT session_token, email, 0 AS place_in_line, NULL::timestamptz AS moment, NULL::tid AS place
    FROM owners
    UNION ALL
    SELECT session_token, email, CASE origin WHEN 'student_configs' THEN 1
        WHEN 'workshop_students' THEN 2 ELSE 3 END, moment, place
    FROM rows
    WHERE email IS NOT NULL AND NOT legacy.is_no_token(session_token)
      AND own_token NOT IN (SELECT session_token FROM separated)
  ) AS line
  ORDER BY session_token, place_in_line, moment DESC NULLS LAST, place DESC
), moved AS (
  UPDATE pg_temp.batch_rows AS t SET session_token = r.own_token,
    student_email = CASE WHEN r.email IS NOT NULL
        OR NOT legacy.is_placeholder(legacy.trimmed(t.student_email), r.session_token)
      THEN t.student_email END
  FROM rows AS r JOIN shared USING (session_token) LEFT JOIN keepers AS k USING (session_token)
  WHERE t.ctid = r.batch_place AND (r.email = k.email) IS NOT TRUE
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT r.origin, legacy.row_key(r.session_token), legacy.own_name(r.origin, 'session_token'), 'mended',
  people || CASE WHEN (r.email = k.email) IS TRUE
    THEN ' people have this token: the session is this person''s'
    ELSE ' people have this token: this person has a session of their own, which only the e-mail or '
      'the student''s id finds' END
FROM rows AS r JOIN shared USING (session_token) LEFT JOIN keepers AS k USING (session_token);

-- skip_removed_sessions --
-- Skip rows whose session an operator removed, unless the row was created since; report each as a
-- finding.
WITH skipped AS (
  DELETE FROM pg_temp.batch_rows AS t USING public.removals AS r
  WHERE r.kind = 'session' AND r.name_sha256 = public.removal_key(t.session_token)
    AND NOT coalesce(least(t.created_at, t.started_at) > r.removed_at, FALSE)
  RETURNING t.origin, t.session_token
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), legacy.own_name(origin, 'session_token'), 'skipped',
  'an operator removed this session: the row stays in its table' FROM skipped;

-- skip_sessions_of_removed_people --
-- Skip rows with the e-mail of a person whom an operator removed, unless the row was created since;
-- report each as a finding.
WITH skipped AS (
  DELETE FROM pg_temp.batch_rows AS t USING public.removals AS r
  WHERE r.kind = 'student'
    AND r.name_sha256 = public.removal_key(public.normalized_email(t.student_email))
    AND NOT coalesce(least(t.created_at, t.started_at) > r.removed_at, FALSE)
  RETURNING t.origin, t.session_token
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), legacy.own_name(origin, 'student_email'), 'skipped',
  'an operator removed this person: the row stays in its table' FROM skipped;

-- count_skipped_rows --
-- Number of rows of each table that were skipped.
SELECT source, count(*) AS rows FROM pg_temp.findings WHERE outcome = 'skipped' GROUP BY source;

-- read_unknown_secrets --
-- Values of unknown columns that may hold a secret.
SELECT ctid::text AS place, session_token, unknown FROM pg_temp.batch_rows
WHERE unknown IS NOT NULL AND unknown::text ~* %(pattern)s;

-- store_sealed_unknown --
-- Replace the values of a row's unknown columns by the same values with their secrets encrypted.
UPDATE pg_temp.batch_rows SET unknown = %(unknown)s WHERE ctid = %(place)s::tid;

-- find_repeated_tokens --
-- Stage the tokens that have several rows in one table. They are few, so most rows need no merging.
INSERT INTO pg_temp.repeated_tokens (origin, session_token, copies)
SELECT origin, session_token, count(*) FROM pg_temp.batch_rows
GROUP BY origin, session_token HAVING count(*) > 1;

-- count_merged_tokens --
-- Number of tokens of the batch with several rows, in one table or in several.
SELECT count(*) FROM (
  SELECT FROM pg_temp.batch_rows GROUP BY session_token HAVING count(*) > 1) AS merged;

-- analyze_repeated_tokens --
-- Give the planner the number of repeated tokens.
ANALYZE pg_temp.repeated_tokens;

-- merge_repeated_rows --
-- Merge the rows of repeated tokens, field by field. Times, counters, flags, logs and exercises
-- combine all rows; for every other field, the newest row that has a value wins. DISTINCT is not
-- used: an aggregate that sorts its input would undo the order for the other aggregates.
INSERT INTO pg_temp.merged_rows (origin, place, session_token, email, student_name, account_sid,
  github_username, moment, expires_at, updated_at, raw, openai_api_key,
  {{first_times: $column}},
  {{last_times: $column}},
  {{choices: $column}},
  {{counters: $column}},
  {{flags: $column}},
  {{all_texts: $column}},
  {{settings: $column}},
  {{logs: $column}},
  exercises)
SELECT origin, max(place), session_token, legacy.newest(email), legacy.newest(student_name),
  legacy.newest(account_sid), legacy.newest(github_username), max(moment), max(expires_at), max(updated_at),
  CASE WHEN count(raw) > 0 OR count(exercises) > 1
    THEN legacy.add_originals(array_agg(raw) FILTER (WHERE raw IS NOT NULL),
      legacy.all_exercises(exercises), array_agg(exercises) FILTER (WHERE exercises <> 'null')) END,
  legacy.newest(openai_api_key),
  {{first_times: min($column)}},
  {{last_times: max($column)}},
  {{choices: legacy.newest($column)}},
  {{counters: max($column)}},
  {{flags: bool_or($column)}},
  {{all_texts: legacy.newest($column)}},
  {{settings: legacy.newest($column)}},
  {{logs: legacy.all_reports($column)}},
  legacy.all_exercises(exercises)
FROM (
  SELECT * FROM pg_temp.repaired_batch
  -- "IS TRUE" keeps the planner from joining later, after it has parsed the JSON of every row.
  WHERE ((origin, session_token) IN (
    SELECT origin, session_token FROM pg_temp.repeated_tokens)) IS TRUE
  ORDER BY origin, session_token, moment DESC NULLS LAST, place DESC
) AS newest_first
GROUP BY origin, session_token;

-- stage_sessions --
-- Stage one row per token. Times, counters, flags, logs and exercises combine the token's rows;
-- any other field has the first value in this order: the configuration, the student's row, the login.
INSERT INTO pg_temp.incoming (session_token, person, student_name, account_sid, github_username,
  moment, expires_at,
  in_students, in_configs, in_logins, openai_api_key,
  {{times: $column}},
  {{choices: $column}},
  {{counters: $column}},
  {{flags: $column}},
  {{all_texts: $column}},
  {{json: $column}},
  flagged)
SELECT m.session_token, m.person, m.student_name, m.account_sid, m.github_username, m.moment,
  m.expires_at,
  m.in_students, m.in_configs, m.in_logins, m.openai_api_key,
  {{times: m.$column}},
  {{choices: m.$column}},
  {{counters: m.$column}},
  {{flags: m.$column}},
  {{all_texts: m.$column}},
  {{json: m.$column}},
  -- Computes the same as public.flagged_steps(), which would need a whole session for each row.
  CASE WHEN m.twilio_connected AND m.openai_connected THEN 1 ELSE 0 END
  | CASE WHEN m.call_direction_chosen THEN 2 ELSE 0 END
  | CASE WHEN m.services_ready THEN 4 ELSE 0 END
  | CASE WHEN m.step4_deployed THEN 8 ELSE 0 END
  | CASE WHEN m.step5_deployed THEN 16 ELSE 0 END
  | CASE WHEN m.step6_deployed THEN 32 ELSE 0 END
  | CASE WHEN m.system_prompt_saved THEN 64 ELSE 0 END
  | CASE WHEN m.step8_deployed THEN 128 ELSE 0 END
  | CASE WHEN m.project_deployed THEN 256 ELSE 0 END
FROM (SELECT
    session_token,
    coalesce(c.email, w.email, l.email, public.anonymous_email(session_token)) AS person,
    legacy.prefer(c.student_name, w.student_name) AS student_name,
    coalesce(c.account_sid, w.account_sid, l.account_sid) AS account_sid,
    coalesce(c.github_username, w.github_username, l.github_username) AS github_username,
    greatest(w.moment, c.moment, l.moment) AS moment,
    greatest(w.expires_at, c.expires_at, l.expires_at) AS expires_at,
    w.origin IS NOT NULL AS in_students, c.origin IS NOT NULL AS in_configs,
    l.origin IS NOT NULL AS in_logins,
    legacy.prefer(c.openai_api_key, w.openai_api_key) AS openai_api_key,
    {{first_times: least(w.$column, c.$column, l.$column) AS $column}},
    {{last_times: greatest(w.$column, c.$column, l.$column) AS $column;
      last_activity: greatest(w.last_activity, c.last_activity, c.updated_at, l.last_activity)
        AS last_activity}},
    {{choices: coalesce(c.$column, w.$column, l.$column) AS $column}},
    {{counters: greatest(w.$column, c.$column) AS $column}},
    {{flags: (w.$column IS TRUE OR c.$column IS TRUE) AS $column}},
    {{all_texts: legacy.prefer(c.$column, w.$column) AS $column}},
    {{array_settings: coalesce(nullif(legacy.prefer(c.$column, w.$column), 'null'), '[]')
      AS $column}},
    {{object_settings: coalesce(nullif(legacy.prefer(c.$column, w.$column), 'null'), '{}')
      AS $column}},
    {{logs: coalesce(nullif(legacy.join_reports(c.$column, w.$column), 'null'), '[]')
      AS $column}},
    coalesce(nullif(legacy.merge_exercises(c.exercises, w.exercises), 'null'), '{}')
      || CASE WHEN coalesce(w.raw, c.raw, l.raw) IS NULL THEN '{}' ELSE jsonb_build_object(
        -- Without jsonb_strip_nulls(), which would also remove nulls inside kept values.
        '_legacy', CASE WHEN w.raw IS NULL THEN '{}'
            ELSE jsonb_build_object('workshop_students', w.raw) END
          || CASE WHEN c.raw IS NULL THEN '{}' ELSE jsonb_build_object('student_configs', c.raw) END
          || CASE WHEN l.raw IS NULL THEN '{}'
            ELSE jsonb_build_object('workshop_sessions', l.raw) END) END AS exercises
  FROM (
    SELECT * FROM pg_temp.repaired_batch AS s
    WHERE origin = 'workshop_students' AND NOT EXISTS (SELECT FROM pg_temp.repeated_tokens AS r
        WHERE r.origin = 'workshop_students' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'workshop_students'
  ) AS w
  FULL JOIN (
    SELECT * FROM pg_temp.repaired_batch AS s
    WHERE origin = 'student_configs' AND NOT EXISTS (SELECT FROM pg_temp.repeated_tokens AS r
        WHERE r.origin = 'student_configs' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'student_configs'
  ) AS c USING (session_token)
  FULL JOIN (
    SELECT * FROM pg_temp.repaired_batch AS s
    WHERE origin = 'workshop_sessions' AND NOT EXISTS (SELECT FROM pg_temp.repeated_tokens AS r
        WHERE r.origin = 'workshop_sessions' AND r.session_token = s.session_token)
    UNION ALL SELECT * FROM pg_temp.merged_rows WHERE origin = 'workshop_sessions'
  ) AS l USING (session_token)
) AS m;

-- analyze_incoming --
-- Give the planner the number of sessions.
ANALYZE pg_temp.incoming (session_token, person, account_sid);

-- follow_changed_emails --
-- Use the student's present e-mail for a row whose e-mail an operator has changed since.
UPDATE pg_temp.incoming AS i SET person = s.student_email
FROM public.students AS s
WHERE s.former_emails IS NOT NULL AND i.person = ANY (s.former_emails)
  AND NOT EXISTS (SELECT FROM public.students AS o WHERE o.student_email = i.person);

-- hide_keys --
-- Replace API keys and other secrets in fields that are not for them, and report the field. Texts for the
-- assistant (prompt, greeting, use case, tools, voice settings) stay as students wrote them.
WITH changed AS (
  UPDATE pg_temp.incoming AS i
  SET student_name = legacy.without_secrets(i.student_name),
    account_sid = legacy.without_keys(i.account_sid),
    github_username = legacy.without_secrets(i.github_username),
    {{texts: $column = legacy.without_secrets(i.$column)}},
    {{logs: $column = legacy.without_secrets(i.$column::text)::jsonb}},
    exercises = legacy.without_secrets(i.exercises::text)::jsonb
  FROM (
    SELECT ctid AS place, to_jsonb(w) AS old_row FROM pg_temp.incoming AS w
    WHERE legacy.may_hold_secret(concat_ws(' ', w.student_name, w.account_sid, w.github_username,
      {{texts: w.$column}},
      {{logs: nullif(w.$column, '[]')}},
      w.exercises))
    OFFSET 0
  ) AS before
  WHERE i.ctid = before.place
  RETURNING i.session_token, i.in_students, i.in_configs, old_row, to_jsonb(i) AS new_row
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT source, legacy.row_key(session_token), key, 'mended',
  'contained an API key or another secret: replaced'
FROM changed AS c, jsonb_each(old_row) AS field (key, value), LATERAL (
  SELECT coalesce(array_agg(t.origin), ARRAY[CASE  -- a value of another column that `exercises` keeps
    WHEN in_students THEN 'workshop_students' WHEN in_configs THEN 'student_configs'
    ELSE 'workshop_sessions' END]) AS sources
  FROM pg_temp.batch_rows AS t, LATERAL (SELECT to_jsonb(t) ->> key AS text) AS own
  WHERE t.session_token = c.session_token AND legacy.without_secrets(own.text) <> own.text
) AS origins, unnest(sources) AS source
WHERE value <> new_row -> key;

-- find_stored_tokens --
-- Stage the tokens whose sessions are stored already, by an earlier run or by the workshop.
INSERT INTO pg_temp.stored_tokens (session_token)
SELECT session_token FROM pg_temp.incoming
WHERE EXISTS (SELECT FROM public.sessions AS s WHERE s.session_token = incoming.session_token);

-- stage_steps --
-- Read every exercise of the batch. Those with a step number from 1 to 9 that were begun become
-- steps; several spellings of one step are separate counters and add up. Unusual ones are kept for
-- the report. OFFSET 0 lets a subquery be computed once and used several times.
WITH parsed AS MATERIALIZED (
  SELECT i.session_token, exercise.key, step_number, passed, coalesce(seconds, 0) AS seconds,
    coalesce(attempts, 0) AS attempts, plausible.recorded_at, plausible.last_attempt,
    coalesce(i.started_at, i.created_at, i.moment) AS session_started_at,
    CASE WHEN step_number BETWEEN 1 AND 9 IS NOT TRUE OR entry IS NULL
        OR legacy.is_other_count(raw_seconds, seconds)
        OR legacy.is_other_count(raw_attempts, attempts)
        OR jsonb_typeof(completed) IS DISTINCT FROM 'boolean' AND completed <> 'null'
        OR plausible.recorded_at IS NULL AND raw_moment IS NOT NULL
        OR plausible.last_attempt IS NULL AND raw_last IS NOT NULL
      THEN coalesce(entry, 'null') END AS unusual
  FROM (
    SELECT public.step_names(steps) AS names FROM public.courses
    WHERE course_id = public.default_course() OFFSET 0
  ) AS course, pg_temp.incoming AS i, jsonb_each(i.exercises) AS exercise, LATERAL (
    SELECT CASE jsonb_typeof(exercise.value)
      WHEN 'object' THEN exercise.value
      WHEN 'boolean' THEN exercise.value
      WHEN 'number' THEN to_jsonb(exercise.value::numeric <> 0)
      WHEN 'string' THEN coalesce(nullif(legacy.unwrap(exercise.value, 'object'), 'null'),
        to_jsonb(legacy.to_boolean(exercise.value #>> '{}'))) END AS entry
    OFFSET 0
  ) AS named, LATERAL (
    SELECT legacy.step_of(course.names, exercise.key, entry) AS step_number,
      entry -> 'completed' AS completed, entry -> 'timeSpent' AS raw_seconds,
      entry -> 'attempts' AS raw_attempts, entry ->> 'timestamp' AS raw_moment,
      entry ->> 'lastAttempt' AS raw_last
    OFFSET 0
  ) AS parts, LATERAL (
    SELECT coalesce(legacy.to_done(completed), entry = 'true', FALSE) AS passed,
      legacy.to_count(raw_seconds) AS seconds, legacy.to_count(raw_attempts) AS attempts,
      legacy.to_moment(raw_moment) AS parsed_moment,
      CASE WHEN raw_last = raw_moment IS NOT TRUE THEN legacy.to_moment(raw_last) END AS parsed_last
    OFFSET 0
  ) AS parsed_parts, LATERAL (
    SELECT
      CASE WHEN parsed_moment BETWEEN earliest AND latest THEN parsed_moment END AS recorded_at,
      CASE WHEN parsed_last BETWEEN earliest AND latest THEN parsed_last
           WHEN raw_last = raw_moment AND parsed_moment BETWEEN earliest AND latest
             THEN parsed_moment
      END AS last_attempt
    FROM (SELECT legacy.earliest_moment() AS earliest,
      (SELECT legacy.latest_moment()) AS latest) AS bound
  ) AS plausible
  WHERE exercise.key <> '_legacy'
), reported AS (
  INSERT INTO pg_temp.unusual_exercises
    (session_token, key, step_number, entry, recorded_at, last_attempt)
  SELECT session_token, key, step_number, unusual, recorded_at, last_attempt
  FROM parsed WHERE unusual IS NOT NULL
)
INSERT INTO pg_temp.steps (session_token, step_number, started_at, completed_at, updated_at,
  time_spent, attempts, passed)
SELECT session_token, step_number,
  coalesce(min(least(recorded_at, last_attempt)), min(session_started_at)),
  min(recorded_at) FILTER (WHERE passed),
  max(greatest(recorded_at, last_attempt)),
  least(sum(seconds), 2147483647)::integer,
  least(sum(attempts), 2147483647)::integer,
  bool_or(passed)
FROM parsed
WHERE step_number BETWEEN 1 AND 9
  AND (passed OR seconds > 0 OR attempts > 0 OR recorded_at IS NOT NULL
    OR last_attempt IS NOT NULL)
GROUP BY session_token, step_number
ORDER BY session_token, step_number;  -- indexes grow faster in order

-- leave_out_other_courses --
-- Leave out the steps of sessions that have meanwhile begun another course; legacy rows are about the
-- built-in one.
WITH left_out AS (
  DELETE FROM pg_temp.steps AS p USING public.sessions AS s
  WHERE s.session_token = p.session_token AND s.course_id <> public.default_course()
  RETURNING p.session_token, p.step_number
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT 'workshop_students', legacy.row_key(session_token), 'exercises.step-' || step_number,
  'kept raw', 'the session is of another course: kept in exercises'
FROM left_out;

-- total_steps --
-- Stage sums over the steps of each session.
INSERT INTO pg_temp.step_totals (session_token, passed, seconds, furthest)
SELECT session_token, coalesce(bit_or(1 << (step_number - 1)) FILTER (WHERE passed), 0),
  least(sum(time_spent), 2147483647)::integer, max(step_number)
FROM pg_temp.steps GROUP BY session_token;

-- analyze_steps --
-- Give the planner the number of steps.
ANALYZE pg_temp.steps, pg_temp.step_totals;

-- keep_out_removed_keys --
-- Keep a legacy key out of a session whose key was removed or that is closed.
INSERT INTO pg_temp.key_conflicts (session_token, keeps_stored, reason)
SELECT session_token, TRUE, 'the session is closed or its key was removed: this key was not used'
FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
WHERE i.openai_api_key IS NOT NULL AND s.openai_api_key IS NULL
  AND ('openai_api_key' = ANY (s.emptied_fields) OR NOT s.is_active);

-- read_conflicting_keys --
-- Stored sessions whose key differs from that of a legacy row.
SELECT session_token, i.openai_api_key, s.openai_api_key, coalesce(i.moment > s.updated_at, FALSE)
FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
WHERE i.openai_api_key <> s.openai_api_key;

-- copy_key_conflicts --
-- Receive the decision on which of the two keys stays.
COPY pg_temp.key_conflicts (session_token, keeps_stored, reason) FROM STDIN;

-- read_plain_keys --
-- Unencrypted API keys that this batch will store.
SELECT session_token, openai_api_key FROM pg_temp.incoming AS i
WHERE openai_api_key IS NOT NULL AND NOT legacy.is_sealed(openai_api_key)
  AND NOT EXISTS (SELECT FROM pg_temp.key_conflicts AS k
    WHERE k.session_token = i.session_token AND k.keeps_stored);

-- read_sealed_keys --
-- Encrypted API keys of the batch that come from a legacy row.
SELECT session_token, openai_api_key FROM pg_temp.incoming
WHERE openai_api_key IS NOT NULL AND legacy.is_sealed(openai_api_key)
  AND NOT EXISTS (SELECT FROM pg_temp.key_conflicts AS k  -- these have a finding of their own
    WHERE k.session_token = incoming.session_token AND k.reason IS NOT NULL);

-- find_unreadable_keys --
-- Report keys that cannot be decrypted, by the tokens of their sessions.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), 'openai_api_key', 'kept raw',
  'cannot be decrypted with ENCRYPTION_KEY: kept as it is, of no use until the key that encrypted it is set'
FROM pg_temp.batch_rows AS t JOIN pg_temp.incoming AS i USING (session_token)
WHERE t.session_token = ANY (%(tokens)s)
  AND legacy.trimmed(t.openai_api_key) = i.openai_api_key;

-- copy_sealed_keys --
-- Receive the keys of read_plain_keys, encrypted.
COPY pg_temp.sealed_keys (session_token, openai_api_key) FROM STDIN;

-- analyze_keys --
-- Give the planner the number of keys.
ANALYZE pg_temp.sealed_keys, pg_temp.key_conflicts;

-- plain_accounts --
-- Twilio accounts of the batch that are not encrypted.
SELECT DISTINCT account_sid FROM pg_temp.incoming
WHERE account_sid IS NOT NULL AND NOT legacy.is_sealed(account_sid);

-- store_sealed_accounts --
-- Replace the batch's plain accounts by the same accounts, encrypted.
UPDATE pg_temp.incoming AS i SET account_sid = k.sealed
FROM unnest(%(plain)s::text[], %(sealed)s::text[]) AS k (plain, sealed)
WHERE i.account_sid = k.plain;

-- find_owners --
-- Stage the student of each session of the batch; null for a student who is not stored yet.
INSERT INTO pg_temp.owners (session_token, student_id, moment, is_stored)
SELECT i.session_token, st.student_id, i.moment, k.session_token IS NOT NULL
FROM pg_temp.incoming AS i
LEFT JOIN public.students AS st ON st.student_email = i.person
LEFT JOIN pg_temp.stored_tokens AS k USING (session_token);

-- analyze_owners --
-- Give the planner the number of owners.
ANALYZE pg_temp.owners;

-- insert_missing_students --
-- Add the students of this batch who are not stored yet: an anonymous one for each new session
-- without e-mail, and people who appeared after the people were migrated.
WITH inserted AS (
  INSERT INTO public.students
    (student_email, student_name, twilio_account_sid, github_username, created_at, updated_at)
  SELECT person, (array_agg(student_name ORDER BY i.moment DESC NULLS LAST)
      FILTER (WHERE student_name IS NOT NULL))[1],
    (array_agg(account_sid ORDER BY i.moment DESC NULLS LAST)
      FILTER (WHERE account_sid IS NOT NULL))[1],
    (array_agg(github_username ORDER BY i.moment DESC NULLS LAST)
      FILTER (WHERE github_username IS NOT NULL))[1],
    coalesce(min(least(created_at, started_at)), min(i.moment), now()),
    coalesce(max(i.moment), min(least(created_at, started_at)), now())
  FROM pg_temp.incoming AS i JOIN pg_temp.owners AS o USING (session_token)
  WHERE o.student_id IS NULL AND NOT (legacy.is_anonymous(i.person) AND o.is_stored)
  GROUP BY person
  ON CONFLICT ON CONSTRAINT students_student_email_key DO NOTHING
  RETURNING student_email
)
SELECT count(*) FILTER (WHERE legacy.is_anonymous(student_email)) AS anonymous,
  count(*) FILTER (WHERE NOT legacy.is_anonymous(student_email)) AS late
FROM inserted;

-- find_missing_owners --
-- Set the owner of the sessions of the students who were just added.
UPDATE pg_temp.owners AS o SET student_id = st.student_id
FROM pg_temp.incoming AS i JOIN public.students AS st ON st.student_email = i.person
WHERE o.student_id IS NULL AND i.session_token = o.session_token;

-- insert_sessions --
-- Store the sessions of new tokens.
INSERT INTO public.sessions (
  session_token, student_id, student_name_given, expires_at, updated_at,
  {{fields: $column}})
SELECT w.session_token, w.student_id, w.student_name_given, w.expires_at, w.updated_at,
  {{fields: w.$column}}
FROM pg_temp.legacy_sessions AS w WHERE NOT w.is_stored
ON CONFLICT ON CONSTRAINT sessions_pkey DO NOTHING;

-- analyze_sessions --
-- Give the planner the number of students and sessions, which has just changed.
ANALYZE public.students (student_email), public.sessions (session_token);

-- insert_steps --
-- Store the steps of the new sessions. The sessions are not committed yet, so nobody else can have
-- added steps. Returns the number and the lowest id; steps of earlier batches have lower ids.
WITH inserted AS (
  INSERT INTO public.step_progress (session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, created_at, updated_at)
  SELECT p.session_token, o.student_id, p.step_number, public.step_name(c.steps, p.step_number),
    coalesce(p.started_at, now()), p.completed_at, p.time_spent, p.attempts, p.passed,
    coalesce(p.started_at, now()), coalesce(p.updated_at, o.moment, now())
  FROM pg_temp.steps AS p JOIN pg_temp.owners AS o USING (session_token)
  JOIN public.courses AS c ON c.course_id = public.default_course()
  WHERE NOT o.is_stored
  RETURNING id
)
SELECT count(*) AS rows, coalesce(min(id), 9223372036854775807) AS first_id FROM inserted;

-- analyze_step_progress --
-- Give the planner the number of steps, which has just changed.
ANALYZE public.step_progress (session_token);

-- add_steps --
-- Add steps that stored sessions lack.
WITH inserted AS (
  INSERT INTO public.step_progress (session_token, student_id, step_number, step_name, started_at,
    completed_at, time_spent, attempts, validation_passed, created_at, updated_at)
  SELECT p.session_token, s.student_id, p.step_number, public.step_name(c.steps, p.step_number),
    coalesce(p.started_at, s.started_at), p.completed_at, p.time_spent, p.attempts, p.passed,
    coalesce(p.started_at, s.started_at), coalesce(p.updated_at, s.updated_at)
  FROM pg_temp.steps AS p
  JOIN pg_temp.stored_tokens USING (session_token)
  JOIN public.sessions AS s USING (session_token)
  JOIN public.courses AS c USING (course_id)
  WHERE NOT EXISTS (SELECT FROM public.step_progress AS e
    WHERE e.session_token = p.session_token AND e.step_number = p.step_number)
  ON CONFLICT ON CONSTRAINT step_progress_session_token_step_number_key DO NOTHING
  RETURNING session_token
)
INSERT INTO pg_temp.changed_tokens (session_token) SELECT session_token FROM inserted;

-- update_steps --
-- Merge steps that are stored: passed stays passed, and counters never decrease.
WITH updated AS (
  UPDATE public.step_progress AS e
  SET validation_passed = e.validation_passed OR p.passed,
    completed_at = coalesce(e.completed_at, p.completed_at),
    time_spent = greatest(e.time_spent, p.time_spent),
    attempts = greatest(e.attempts, p.attempts)
  FROM pg_temp.steps AS p JOIN pg_temp.stored_tokens USING (session_token)
  WHERE e.session_token = p.session_token AND e.step_number = p.step_number
    AND (p.passed AND NOT e.validation_passed OR p.time_spent > e.time_spent
      OR p.attempts > e.attempts OR e.completed_at IS NULL AND p.completed_at IS NOT NULL)
  RETURNING e.session_token
)
INSERT INTO pg_temp.changed_tokens (session_token) SELECT session_token FROM updated;

-- merge_sessions --
-- Merge stored sessions with their legacy rows. A row that is newer than the session wins where it
-- has a value; an older row only fills what is empty and was not emptied. Times, counters, flags,
-- logs and exercises combine both. A key that was removed stays removed.
INSERT INTO pg_temp.merged_sessions (
  session_token, student_id, old_student_id, moment, updated_at,
  {{first_times: $column}},
  {{last_times: $column}},
  {{choices: $column}},
  {{counters: $column}},
  completion_rate,
  {{flags: $column}},
  {{all_texts: $column}},
  openai_api_key,
  {{settings: $column}},
  {{logs: $column}},
  exercises)
SELECT s.session_token,
  CASE WHEN legacy.is_anonymous(st.student_email) AND NOT legacy.is_anonymous(w.person)
       THEN coalesce(w.student_id, s.student_id) ELSE s.student_id END,
  s.student_id, i.moment, s.updated_at,
  {{first_times: least(s.$column, i.$column)}},
  {{last_times: greatest(s.$column, i.$column)}},
  {{choices: CASE WHEN newer THEN coalesce(i.$column, s.$column) ELSE s.$column END}},
  {{counters: greatest(s.$column, w.$column);
    current_step: CASE WHEN s.course_id = public.default_course() THEN greatest(s.current_step,
      w.current_step, length(ltrim(done::text, '0')), t.furthest) ELSE s.current_step END;
    total_time_spent: greatest(s.total_time_spent, w.total_time_spent, t.seconds)}},
  CASE WHEN s.course_id = public.default_course() THEN round(100.0 * bit_count(done) / 9)::integer
       ELSE s.completion_rate END,
  {{flags: s.$column OR w.$column}},
  {{all_texts: legacy.renew(newer, s.$column, w.$column)}},
  CASE WHEN k.keeps_stored THEN s.openai_api_key
       ELSE coalesce(w.openai_api_key, s.openai_api_key) END,
  {{settings: legacy.renew(newer, s.$column, w.$column, '$column' = ANY (s.emptied_fields))}},
  {{logs: legacy.join_reports(s.$column, w.$column)}},
  CASE WHEN newer THEN legacy.merge_exercises(w.exercises, s.exercises)
       ELSE legacy.merge_exercises(s.exercises, w.exercises) END
FROM pg_temp.stored_tokens
JOIN public.sessions AS s USING (session_token)
JOIN public.students AS st ON st.student_id = s.student_id
JOIN pg_temp.incoming AS i USING (session_token)
JOIN pg_temp.legacy_sessions AS w USING (session_token)
LEFT JOIN pg_temp.key_conflicts AS k USING (session_token)
LEFT JOIN (
  SELECT session_token, max(step_number) AS furthest,
    least(sum(time_spent), 2147483647)::integer AS seconds,
    coalesce(bit_or(1 << (step_number - 1)) FILTER (WHERE validation_passed), 0) AS passed
  FROM public.step_progress JOIN pg_temp.stored_tokens USING (session_token)
  GROUP BY session_token
) AS t USING (session_token),
LATERAL (SELECT coalesce(i.moment > s.updated_at, FALSE) AS newer,
  ((SELECT coalesce(bit_or(1 << (step - 1)), 0) FROM unnest(public.flagged_steps(s)) AS step)
    | i.flagged | coalesce(t.passed, 0))::bit(9) AS done  -- steps of the built-in course
  OFFSET 0) AS compared;

-- analyze_merged_sessions --
-- Give the planner the number of merged sessions.
ANALYZE pg_temp.merged_sessions;

-- update_sessions --
-- Store the merged sessions that differ from the stored ones. A session that was written to in the
-- meantime is newer and stays as it is.
WITH updated AS (
  UPDATE public.sessions AS s
  SET (updated_at, student_id, version,
      {{fields: $column}}
    ) = (greatest(now(), o.moment), o.student_id, s.version + 1,
      {{fields: o.$column}})
  FROM pg_temp.merged_sessions AS o
  WHERE s.session_token = o.session_token AND s.updated_at = o.updated_at
    AND (s.student_id, {{fields: s.$column}})
      IS DISTINCT FROM (o.student_id, {{fields: o.$column}})
  RETURNING s.session_token
)
INSERT INTO pg_temp.changed_tokens (session_token) SELECT session_token FROM updated;

-- give_steps_to_new_student --
-- Give the steps of a session to its new student, if an anonymous session turned out to belong to a
-- person with an e-mail.
UPDATE public.step_progress AS p SET student_id = o.student_id
FROM pg_temp.merged_sessions AS o
WHERE p.session_token = o.session_token AND p.student_id = o.old_student_id
  AND o.student_id <> o.old_student_id;

-- give_events_to_new_student --
-- Give the events of a session to its new student, as give_steps_to_new_student does with its steps.
UPDATE public.events AS e SET student_id = o.student_id
FROM pg_temp.merged_sessions AS o
WHERE e.session_token = o.session_token AND e.student_id = o.old_student_id
  AND o.student_id <> o.old_student_id;

-- remove_placeholders --
-- Remove anonymous students who had no other session.
DELETE FROM public.students AS st USING pg_temp.merged_sessions AS o
WHERE st.student_id = o.old_student_id AND o.student_id <> o.old_student_id
  AND NOT EXISTS (SELECT FROM public.sessions AS s WHERE s.student_id = st.student_id);

-- add_accounts --
-- Give the Twilio account of a row to the student of its session, if the student has none.
UPDATE public.students AS st SET twilio_account_sid = newest.account_sid,
  updated_at = st.updated_at + INTERVAL '1 microsecond'  -- not now(): the name is not newer
FROM (
  SELECT DISTINCT ON (s.student_id) s.student_id, i.account_sid
  FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
  WHERE i.account_sid IS NOT NULL
  ORDER BY s.student_id, i.moment DESC NULLS LAST, session_token
) AS newest
WHERE st.student_id = newest.student_id AND st.twilio_account_sid IS NULL;

-- add_github_names --
-- Give the GitHub name of a row to the student of its session, if the student has none.
UPDATE public.students AS st SET github_username = newest.github_username,
  updated_at = st.updated_at + INTERVAL '1 microsecond'
FROM (
  SELECT DISTINCT ON (s.student_id) s.student_id, i.github_username
  FROM pg_temp.incoming AS i JOIN public.sessions AS s USING (session_token)
  WHERE i.github_username IS NOT NULL
  ORDER BY s.student_id, i.moment DESC NULLS LAST, session_token
) AS newest
WHERE st.student_id = newest.student_id AND coalesce(st.github_username, '') = '';

-- fill_extra --
-- Copy settings of the admin panel to sessions.extra, from columns that only some databases have,
-- under the names that student-config-save gives them. A setting that the session has stays as it
-- is. A value of the configuration takes precedence, then the newest. A value that is not of
-- the kind that the panel saves is only kept in exercises.
UPDATE public.sessions AS s SET extra = settings.extra || s.extra
FROM (
  SELECT session_token, jsonb_object_agg(name, value) AS extra FROM (
    SELECT DISTINCT ON (t.session_token, known.name) t.session_token, known.name, read.value
    FROM pg_temp.batch_rows AS t, jsonb_each(t.unknown) AS field (key, raw),
    LATERAL (SELECT name FROM unnest(ARRAY['aiModel', 'aiTemperature', 'conversationStates',
        'enablePersistentMemory', 'memoryRetentionDays']) AS name
      WHERE lower(name) = replace(lower(field.key), '_', '')) AS known,
    LATERAL (SELECT CASE known.name
        WHEN 'aiModel' THEN CASE WHEN jsonb_typeof(raw) = 'string'
            AND length(raw #>> '{}') BETWEEN 1 AND 500
          THEN to_jsonb(legacy.without_secrets(raw #>> '{}')) END
        WHEN 'aiTemperature' THEN CASE WHEN legacy.to_number(raw #>> '{}') BETWEEN 0 AND 2
          THEN to_jsonb(legacy.to_number(raw #>> '{}')) END
        WHEN 'conversationStates' THEN coalesce(nullif(legacy.of_kind(
            legacy.without_secrets(raw::text)::jsonb, 'array'), 'null'),
          nullif(legacy.of_kind(legacy.without_secrets(raw::text)::jsonb, 'object'), 'null'))
        WHEN 'enablePersistentMemory' THEN to_jsonb(legacy.to_boolean(raw #>> '{}'))
        WHEN 'memoryRetentionDays' THEN CASE WHEN legacy.to_integer(raw #>> '{}')
            BETWEEN 0 AND 36500 THEN to_jsonb(legacy.to_integer(raw #>> '{}')) END
      END AS value OFFSET 0) AS read
    WHERE t.unknown IS NOT NULL AND read.value IS NOT NULL
      -- Encrypted text is bound to its place in `_legacy`, and is not a setting.
      AND raw::text !~ 'v1[.][0-9a-f]{8}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22}'
    ORDER BY t.session_token, known.name, t.origin <> 'student_configs',
      greatest(t.last_activity, t.updated_at) DESC NULLS LAST, t.place DESC
  ) AS newest
  GROUP BY session_token
) AS settings
WHERE s.session_token = settings.session_token
  AND NOT s.extra ?& ARRAY(SELECT jsonb_object_keys(settings.extra));

-- read_auth_tokens --
-- Twilio auth tokens of the new sessions, from columns that only some databases have; they are
-- already encrypted for `_legacy`. Stored sessions are left out, so that an auth token that was
-- removed does not come back.
SELECT DISTINCT ON (t.session_token) t.session_token, field.value #>> '{}'
FROM pg_temp.batch_rows AS t, jsonb_each(t.unknown) AS field
WHERE t.unknown IS NOT NULL AND replace(lower(field.key), '_', '') = 'twilioauthtoken'
  AND jsonb_typeof(field.value) = 'string' AND btrim(field.value #>> '{}') <> ''
  AND NOT EXISTS (SELECT FROM pg_temp.stored_tokens AS k WHERE k.session_token = t.session_token)
ORDER BY t.session_token, t.origin <> 'student_configs',
  greatest(t.last_activity, t.updated_at) DESC NULLS LAST, t.place DESC;

-- store_auth_tokens --
-- Store auth tokens of Twilio in sessions.extra, encrypted for that place.
UPDATE public.sessions AS s
SET extra = s.extra || jsonb_build_object(%(member)s::text, k.sealed)
FROM unnest(%(tokens)s::text[], %(sealed)s::text[]) AS k (session_token, sealed)
WHERE s.session_token = k.session_token;

-- count_fates --
-- Counters of the batch by name: the rows of each legacy table by fate, the tokens by fate, the
-- tokens of each table that were created or merged (`moved`), and the tokens of anonymous people.
WITH fates AS (
  SELECT session_token, i.person, i.in_students, i.in_configs, i.in_logins, CASE
      WHEN k.session_token IS NULL THEN 'created'
      WHEN session_token IN (SELECT c.session_token FROM pg_temp.changed_tokens AS c) THEN 'merged'
      ELSE 'unchanged' END AS fate
  FROM pg_temp.incoming AS i LEFT JOIN pg_temp.stored_tokens AS k USING (session_token)
), more AS (
  SELECT r.origin, CASE WHEN f.fate = 'unchanged' THEN 'unchanged' ELSE 'merged' END AS fate,
    sum(r.copies - 1) AS rows
  FROM pg_temp.repeated_tokens AS r JOIN fates AS f USING (session_token)
  GROUP BY 1, 2
), rows AS (
  SELECT 'workshop_students' AS origin, fate, count(*) AS rows
    FROM fates WHERE in_students GROUP BY fate
  UNION ALL SELECT 'student_configs',
      CASE WHEN fate = 'created' AND in_students THEN 'merged' ELSE fate END, count(*)
    FROM fates WHERE in_configs GROUP BY 2
  UNION ALL SELECT 'workshop_sessions',
      CASE WHEN fate = 'created' AND (in_students OR in_configs) THEN 'merged' ELSE fate END,
      count(*)
    FROM fates WHERE in_logins GROUP BY 2
  UNION ALL SELECT origin, fate, rows FROM more
)
SELECT origin || '.' || fate AS name, sum(rows)::numeric AS value FROM rows GROUP BY 1
UNION ALL SELECT 'sessions.' || fate, count(*) FROM fates GROUP BY 1
UNION ALL SELECT 'moved.' || origin, count(*) FROM (
  SELECT 'workshop_students' AS origin FROM fates WHERE in_students AND fate <> 'unchanged'
  UNION ALL SELECT 'student_configs' FROM fates WHERE in_configs AND fate <> 'unchanged'
  UNION ALL SELECT 'workshop_sessions' FROM fates WHERE in_logins AND fate <> 'unchanged'
) AS moved GROUP BY 1
UNION ALL SELECT 'people.anonymous', count(*) FROM fates WHERE legacy.is_anonymous(person);

-- count_lost --
-- Count the legacy rows of the batch that have no session, those with a value that their session
-- lacks, and those whose session has a key that is not encrypted.
SELECT
  count(*) FILTER (WHERE s.session_token IS NULL) AS tokens_missing,
  count(*) FILTER (WHERE
    {{all_texts OR: t.$column <> '' AND s.$column IS NULL}}
    OR {{flags OR: t.$column AND NOT s.$column}}
    OR {{counters OR: t.$column > s.$column;
      current_step: t.current_step > s.current_step AND s.current_step < 9
        AND s.course_id = public.default_course()}}
    OR {{last_times OR: t.$column > s.$column}}
    OR t.unknown IS NOT NULL AND NOT coalesce(
      legacy.as_list(s.exercises -> '_legacy' -> t.origin)
        @> jsonb_build_array(legacy.without_secrets(t.unknown::text)::jsonb), FALSE)
    OR btrim(t.account_sid) <> '' AND st.twilio_account_sid IS NULL
    OR t.github_username <> '' AND st.github_username IS NULL) AS values_lost,
  count(*) FILTER (WHERE NOT legacy.is_sealed(s.openai_api_key)) AS keys_in_the_clear
FROM pg_temp.batch_rows AS t LEFT JOIN public.sessions AS s USING (session_token)
LEFT JOIN public.students AS st USING (student_id);

-- check_sessions --
-- Checksums of the batch's sessions as intended and as stored. They do not depend on random ids, on
-- the ciphertext of keys or on the time, so a dry run and the real run have equal checksums.
-- Records that are equal byte by byte have the same hash, so only different ones are hashed twice.
SELECT count(*) AS rows, coalesce(sum(expected), 0) AS expected,
  coalesce(sum(CASE WHEN intended *= stored THEN expected
                    ELSE hash_record_extended(stored, 0) END), 0) AS stored
FROM (SELECT intended, stored, hash_record_extended(intended, 0) AS expected FROM (
  SELECT ROW(w.person, w.openai_api_key IS NULL, w.student_name_given, w.session_token,
      {{comparable: w.$column}}) AS intended,
    ROW(CASE WHEN s.student_id = w.student_id THEN w.person END, s.openai_api_key IS NULL,
      s.student_name_given, s.session_token,
      {{comparable: s.$column}}) AS stored
  FROM pg_temp.legacy_sessions AS w
  JOIN public.sessions AS s USING (session_token)
  WHERE NOT w.is_stored
  UNION ALL
  SELECT ROW(o.openai_api_key IS NULL, o.session_token, {{comparable: o.$column}}),
    ROW(s.openai_api_key IS NULL, s.session_token, {{comparable: s.$column}})
  FROM pg_temp.merged_sessions AS o JOIN public.sessions AS s USING (session_token)
) AS read_back OFFSET 0) AS compared;  -- OFFSET 0: each record is hashed once

-- check_steps --
-- Checksums of the batch's steps as intended and as stored: passed steps, seconds and attempts must
-- not have decreased. Steps of new sessions are looked up among the ids from %(first_id)s on,
-- because this batch inserted all of them.
SELECT count(*) AS rows,
  coalesce(sum(hash_record_extended(ROW(session_token, step_number, passed, time_spent, attempts,
    completed_at), 0)), 0) AS expected,
  coalesce(sum(hash_record_extended(stored_step, 0)), 0) AS stored
FROM (
  SELECT p.session_token, p.step_number, p.passed, p.time_spent, p.attempts, p.completed_at,
    ROW(e.session_token, e.step_number, e.validation_passed, e.time_spent, e.attempts,
      e.completed_at) AS stored_step
  FROM pg_temp.steps AS p JOIN pg_temp.owners AS o USING (session_token)
  LEFT JOIN (SELECT * FROM public.step_progress WHERE id >= %(first_id)s) AS e
    USING (session_token, step_number)
  WHERE NOT o.is_stored
  UNION ALL
  SELECT p.session_token, p.step_number, p.passed, p.time_spent, p.attempts, p.completed_at,
    ROW(e.session_token, e.step_number, e.validation_passed AND p.passed,
      least(e.time_spent, p.time_spent), least(e.attempts, p.attempts),
      CASE WHEN e.completed_at IS NULL THEN e.completed_at ELSE p.completed_at END)
  FROM pg_temp.steps AS p JOIN pg_temp.stored_tokens USING (session_token)
  LEFT JOIN public.step_progress AS e USING (session_token, step_number)
) AS compared;

-- find_unread --
-- Report values that cannot be converted to the type of their column.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), field, 'kept raw', CASE
    WHEN field IN ('completion_rate', {{counters: '$column'}})
      THEN 'not a number in range: read as null, kept in exercises'
    WHEN field IN ('expires_at', 'updated_at', {{times: '$column'}})
      THEN 'not a plausible date: read as null, kept in exercises'
    ELSE 'neither true nor false: read as null, kept in exercises' END
FROM pg_temp.batch_rows, jsonb_object_keys(unread) AS field
WHERE unread IS NOT NULL;

-- find_unknown_columns --
-- Report the values of columns that the schema does not have.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), field, 'kept raw',
  'a column that the schema does not have: kept in exercises'
FROM pg_temp.batch_rows, jsonb_object_keys(unknown) AS field
WHERE unknown IS NOT NULL;

-- find_other_github_names --
-- Report GitHub names of rows whose student has a different GitHub name.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), 'github_username', 'skipped',
  'the student has another GitHub name: this one stays in its table'
FROM pg_temp.batch_rows AS t JOIN public.sessions AS s USING (session_token)
JOIN public.students AS st ON st.student_id = s.student_id
WHERE legacy.trimmed(t.github_username) <> st.github_username;

-- read_accounts --
-- The accounts of the batch's rows, and those of the students of their sessions.
SELECT t.origin, legacy.row_key(t.session_token), legacy.trimmed(t.account_sid),
  st.twilio_account_sid
FROM pg_temp.batch_rows AS t JOIN public.sessions AS s USING (session_token)
JOIN public.students AS st ON st.student_id = s.student_id
WHERE legacy.trimmed(t.account_sid) IS NOT NULL
  AND legacy.email_of(t.student_email, t.session_token) IS NOT NULL;

-- find_other_accounts --
-- Report accounts of rows whose student has a different account.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT source, row_key, 'account_sid', 'skipped',
  'the student has another Twilio account: this one stays in its table'
FROM unnest(%(sources)s::text[], %(row_keys)s::text[]) AS other (source, row_key);

-- find_overridden --
-- Report values of rows whose session has another value, from another row or from a page. A row that
-- is the only source of its session is left out.
WITH several AS MATERIALIZED (
  SELECT session_token FROM pg_temp.batch_rows GROUP BY session_token HAVING count(*) > 1
  UNION SELECT session_token FROM pg_temp.stored_tokens
)
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), legacy.own_name(t.origin, field), 'skipped',
  'the session has another value: this one stays in its table'
FROM pg_temp.batch_rows AS t JOIN several USING (session_token)
JOIN public.sessions AS s USING (session_token)
JOIN pg_temp.incoming AS i USING (session_token),
LATERAL (
  SELECT CASE WHEN NOT s.exercises @> t.exercises THEN jsonb_strip_nulls(legacy.without_secrets(
    legacy.of_kind(t.exercises, 'object')::text)::jsonb) END AS exercises
  OFFSET 0
) AS read, LATERAL (SELECT btrim(t.student_name, E' \t\r\n') AS name) AS own, LATERAL unnest(ARRAY[
  -- Not compared with students.student_name, which a dry run of several calls does not know.
  CASE WHEN own.name <> ''
      AND own.name NOT IN (coalesce(i.student_name, ''), coalesce(s.student_name_given, ''))
      AND legacy.without_secrets(own.name) IS DISTINCT FROM i.student_name
    THEN 'student_name' END,
  CASE WHEN legacy.trimmed(t.openai_api_key) <> legacy.trimmed(i.openai_api_key)
    THEN 'openai_api_key' END,
  {{choices: CASE WHEN t.$column <> s.$column THEN '$column' END}},
  {{all_texts: CASE WHEN t.$column <> '' AND t.$column <> s.$column
      AND legacy.without_secrets(t.$column) <> s.$column THEN '$column' END}},
  {{array_settings: CASE WHEN t.$column <> s.$column
      AND legacy.of_kind(t.$column, 'array') NOT IN ('[]', 'null', s.$column) THEN '$column' END}},
  {{object_settings: CASE WHEN t.$column <> s.$column
      AND legacy.of_kind(t.$column, 'object') NOT IN ('{}', 'null', s.$column) THEN '$column' END}},
  CASE WHEN NOT (s.exercises @> read.exercises
      OR legacy.as_list(s.exercises -> '_legacy' -> t.origin)
        @> jsonb_build_array(jsonb_build_object('exercises', read.exercises)))
    THEN 'exercises' END
]) AS field
WHERE field IS NOT NULL;

-- find_shared_tokens --
-- Report e-mails of rows whose session belongs to another person.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), legacy.own_name(t.origin, 'student_email'),
  'skipped', 'the token''s session is another person''s: this person is a student without it'
FROM pg_temp.batch_rows AS t JOIN public.sessions AS s USING (session_token)
JOIN public.students AS st ON st.student_id = s.student_id,
LATERAL (SELECT legacy.email_of(t.student_email, t.session_token) AS email OFFSET 0) AS parsed
WHERE email <> st.student_email AND email <> ALL (coalesce(st.former_emails, '{}'));

-- find_long_tokens --
-- Report tokens that are too long for the endpoints.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), legacy.own_name(origin, 'session_token'), 'mended',
  'longer than 200 characters: migrated, but only the e-mail or the student''s id finds the session'
FROM pg_temp.batch_rows
WHERE length(session_token) > 200 AND NOT legacy.is_persons_token(session_token);

-- find_repaired_rows --
-- Report fields that were stored in a different form from that in their row.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), legacy.own_name(t.origin, repair.field),
  repair.outcome, repair.reason
FROM pg_temp.batch_rows AS t, LATERAL (
  SELECT t.session_token IN (SELECT session_token FROM pg_temp.incoming WHERE exercises ? '_legacy')
    AS any_raw,
    legacy.email_of(t.student_email, t.session_token) AS email
  OFFSET 0
) AS read, LATERAL unnest(ARRAY[
  CASE
    WHEN t.student_email IS NULL OR t.student_email = email THEN NULL
    WHEN lower(legacy.trimmed(t.student_email)) = email
        OR legacy.trimmed(t.student_email) IS NULL AND t.student_email <> ''
      THEN ROW('student_email', 'mended', 'spaces and capitals removed')::legacy.finding
    WHEN email IS NOT NULL
      THEN ROW('student_email', 'mended', 'reduced to the plain address')::legacy.finding
    WHEN legacy.is_placeholder(legacy.trimmed(t.student_email), t.session_token)
      THEN ROW('student_email', 'mended',
        'a placeholder, not an e-mail: the student is anonymous')::legacy.finding
    WHEN lower(btrim(t.student_email)) ^@ 'sk-'
      THEN ROW('student_email', 'mended',
        'an API key, not an e-mail: removed, the student is anonymous')::legacy.finding
    WHEN octet_length(t.student_email) > 2600
      THEN ROW('student_email', 'kept raw',
        'too long for an e-mail: the student is anonymous, the text is kept in exercises'
        )::legacy.finding
    WHEN t.student_email <> '' THEN ROW('student_email', 'kept raw',
        'an id, not an e-mail: the student is anonymous, the id is kept in exercises'
        )::legacy.finding
  END,
  CASE WHEN t.openai_api_key IS NULL OR legacy.is_sealed(t.openai_api_key)
         OR legacy.trimmed(t.openai_api_key) IS NULL THEN NULL
       WHEN legacy.is_sealed(legacy.trimmed(t.openai_api_key))
       THEN ROW('openai_api_key', 'mended', 'surrounding spaces removed')::legacy.finding
       WHEN (t.session_token IN (
         SELECT session_token FROM pg_temp.key_conflicts WHERE keeps_stored))
         IS NOT TRUE
       THEN ROW('openai_api_key', 'mended', 'was stored as plain text: encrypted')::legacy.finding END,
  {{counters: CASE WHEN t.$column < 0
      THEN ROW('$column', 'mended', 'negative: counted as 0')::legacy.finding END;
    current_step: CASE WHEN t.current_step NOT BETWEEN 0 AND 9
      THEN ROW('current_step', 'mended', 'outside 0 to 9: set to the nearest')::legacy.finding
      END}},
  {{arrays: legacy.json_finding('$column', t.$column, 'array', any_raw)}},
  {{objects: legacy.json_finding('$column', t.$column, 'object', any_raw)}}
]) AS repair
WHERE repair.field IS NOT NULL;

-- find_repaired_exercises --
-- Report exercises that are not steps, and values in them that were repaired.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT 'workshop_students', legacy.row_key(e.session_token),
  concat_ws('.', 'exercises', CASE WHEN key = e.session_token THEN '(name withheld)'
                                   ELSE legacy.reportable_name(key) END, part), repair.outcome,
  reason
FROM pg_temp.unusual_exercises AS e, LATERAL (
  SELECT NULL AS part, 'kept raw' AS outcome, 'not a step from 1 to 9: kept in exercises' AS reason
    WHERE step_number BETWEEN 1 AND 9 IS NOT TRUE
  UNION ALL SELECT NULL, 'kept raw', 'neither an object nor true or false: kept in exercises'
    WHERE jsonb_typeof(entry) NOT IN ('object', 'boolean')
  UNION ALL SELECT 'completed', 'mended', CASE
      WHEN legacy.to_done(entry -> 'completed') IS NULL
        THEN 'neither true nor false: counted as not completed'
      WHEN jsonb_typeof(entry -> 'completed') = 'number' THEN 'number: read as true or false'
      WHEN legacy.to_boolean(entry ->> 'completed') IS NULL AND legacy.to_done(entry -> 'completed')
        THEN 'another text: counted as completed'
      ELSE 'text: read as true or false' END
    WHERE jsonb_typeof(entry -> 'completed') NOT IN ('boolean', 'null')
  UNION ALL SELECT counter, 'mended', CASE
      WHEN legacy.to_count(value) IS NULL THEN 'not a number: counted as 0'
      WHEN legacy.to_count(value) = 0 AND value #>> '{}' ~ '^\s*-' THEN 'negative: counted as 0'
      WHEN legacy.to_count(value) = 2147483647 THEN 'too large: counted as the largest possible'
      WHEN jsonb_typeof(value) = 'string' THEN 'text: read as a number'
      ELSE 'rounded to a whole number' END
    FROM (VALUES ('timeSpent', entry -> 'timeSpent'), ('attempts', entry -> 'attempts'))
      AS counters (counter, value)
    WHERE value <> 'null' AND value <> to_jsonb(coalesce(legacy.to_count(value), -1))
  UNION ALL SELECT moment, 'mended', CASE WHEN legacy.to_moment(entry ->> moment) IS NOT NULL
      THEN 'before 2000 or after now: read as null' ELSE 'not a date: read as null' END
    FROM (VALUES ('timestamp', recorded_at), ('lastAttempt', last_attempt))
      AS moments (moment, read)
    WHERE read IS NULL AND entry ->> moment IS NOT NULL
) AS repair;

-- find_key_conflicts --
-- Report which key a session has now, if its stored key was a different one or had been removed.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), 'openai_api_key',
  CASE WHEN k.keeps_stored THEN 'skipped' ELSE 'mended' END, k.reason
FROM pg_temp.key_conflicts AS k JOIN pg_temp.batch_rows AS t USING (session_token)
WHERE k.reason IS NOT NULL AND legacy.trimmed(t.openai_api_key) IS NOT NULL;
