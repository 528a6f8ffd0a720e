-- What was not taken over as it stood. Values are never told.

-- find_unread --
-- Columns that say something which cannot be read in their type.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, legacy.row_key(session_token), field, 'kept raw', CASE
    WHEN field IN ('total_time_spent', 'current_step', 'completion_rate')
      THEN 'no number that fits: read as null, kept in exercises'
    WHEN field IN ('started_at', 'last_activity', 'expires_at', 'created_at', 'updated_at')
      THEN 'no date, before 2000 or after now: read as null, kept in exercises'
    ELSE 'neither true nor false: read as null, kept in exercises' END
FROM pg_temp.batch_rows, jsonb_object_keys(unread) AS field
WHERE unread IS NOT NULL;

-- find_mended_rows --
-- Fields of legacy rows that were read in another form than they have.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), legacy.own_name(t.origin, found.field),
  found.outcome, found.reason
FROM pg_temp.batch_rows AS t, LATERAL (
  SELECT t.session_token IN (SELECT session_token FROM pg_temp.incoming WHERE exercises ? '_legacy')
    AS any_raw,
    legacy.email_of(t.student_email, t.session_token, t.origin = 'workshop_sessions') AS email
  OFFSET 0
) AS kept, LATERAL unnest(ARRAY[
  CASE
    WHEN t.student_email IS NULL OR t.student_email = email THEN NULL
    WHEN email IS NOT NULL OR legacy.trimmed(t.student_email) IS NULL AND t.student_email <> ''
      THEN ROW('student_email', 'mended', 'blanks and capitals removed')::legacy.finding
    WHEN legacy.is_placeholder(legacy.trimmed(t.student_email), t.session_token)
      THEN ROW('student_email', 'mended',
        'a placeholder, no e-mail: the student is anonymous')::legacy.finding
    WHEN lower(btrim(t.student_email)) ^@ 'sk-'
      THEN ROW('student_email', 'mended',
        'an API key, no e-mail: taken out, the student is anonymous')::legacy.finding
    WHEN octet_length(t.student_email) > 2600
      THEN ROW('student_email', 'kept raw',
        'too long for an e-mail: the student is anonymous, the text in exercises')::legacy.finding
    WHEN t.student_email <> '' THEN ROW('student_email', 'kept raw',
        'a made-up id, no e-mail: the student is anonymous, the id in exercises')::legacy.finding
  END,
  CASE WHEN t.openai_api_key IS NULL OR legacy.is_sealed(t.openai_api_key)
         OR legacy.trimmed(t.openai_api_key) IS NULL THEN NULL
       WHEN legacy.is_sealed(legacy.trimmed(t.openai_api_key))
       THEN ROW('openai_api_key', 'mended', 'blanks around it removed')::legacy.finding
       WHEN (t.session_token IN (SELECT session_token FROM pg_temp.rival_keys WHERE stays))
         IS NOT TRUE
       THEN ROW('openai_api_key', 'mended', 'stood in the clear: encrypted')::legacy.finding END,
  CASE WHEN t.total_time_spent < 0
       THEN ROW('total_time_spent', 'mended', 'negative: counted as 0')::legacy.finding END,
  CASE WHEN t.current_step NOT BETWEEN 0 AND 9
       THEN ROW('current_step', 'mended', 'outside 0 to 9: brought to the nearest')::legacy.finding
  END,
  legacy.json_finding('exercises', t.exercises, 'object', any_raw),
  legacy.json_finding('tools', t.tools, 'array', any_raw),
  legacy.json_finding('voice_settings', t.voice_settings, 'object', any_raw),
  legacy.json_finding('bug_reports', t.bug_reports, 'array', any_raw)
]) AS found
WHERE found.field IS NOT NULL;

-- find_mended_exercises --
-- Exercises of the batch that are no step, or whose values were mended.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT 'workshop_students', legacy.row_key(told.session_token),
  concat_ws('.', 'exercises', CASE WHEN key = told.session_token THEN '(a name not shown)'
                                   ELSE legacy.shown_key(key) END, part), found.outcome, reason
FROM pg_temp.odd_exercises AS told, LATERAL (
  SELECT NULL AS part, 'kept raw' AS outcome, 'no step from 1 to 9: kept in exercises' AS reason
    WHERE step_number BETWEEN 1 AND 9 IS NOT TRUE
  UNION ALL SELECT NULL, 'kept raw', 'neither an object nor true or false: kept in exercises'
    WHERE jsonb_typeof(entry) NOT IN ('object', 'boolean')
  UNION ALL SELECT counter, 'mended', CASE
      WHEN legacy.to_count(value) IS NULL THEN 'no number: counted as 0'
      WHEN legacy.to_count(value) = 0 AND value #>> '{}' ~ '^\s*-' THEN 'negative: counted as 0'
      WHEN legacy.to_count(value) = 2147483647 THEN 'too great: counted as the greatest possible'
      WHEN jsonb_typeof(value) = 'string' THEN 'a text: read as a number'
      ELSE 'rounded to a whole number' END
    FROM (VALUES ('timeSpent', entry -> 'timeSpent'), ('attempts', entry -> 'attempts'))
      AS counters (counter, value)
    WHERE value <> 'null' AND value <> to_jsonb(coalesce(legacy.to_count(value), -1))
  UNION ALL SELECT moment, 'mended', CASE WHEN legacy.is_moment(entry ->> moment)
      THEN 'before 2000 or after now: read as null' ELSE 'no date: read as null' END
    FROM (VALUES ('timestamp', told_at), ('lastAttempt', last_attempt)) AS moments (moment, read)
    WHERE read IS NULL AND entry ->> moment IS NOT NULL
) AS found;

-- find_rival_keys --
-- Keys of sessions that had one of their own, or had theirs removed: which of them is there now.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), 'openai_api_key',
  CASE WHEN r.stays THEN 'skipped' ELSE 'mended' END, r.reason
FROM pg_temp.rival_keys AS r JOIN pg_temp.batch_rows AS t USING (session_token)
WHERE r.reason IS NOT NULL AND legacy.trimmed(t.openai_api_key) IS NOT NULL;

-- find_tokenless_rows --
-- Rows without a session token that a session can have: they stay where they are.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, 'ctid ' || place, legacy.own_name(origin, 'session_token'), 'skipped',
  CASE WHEN octet_length(session_token) > 2600
       THEN 'a session token of more than 2,600 bytes: the row stays in its table'
       ELSE 'no session token: the row stays in its table' END
FROM pg_temp.all_rows WHERE legacy.token_of(session_token) IS NULL;

-- count_tokenless_rows --
-- How many rows of each table stay.
SELECT origin AS source, count(*) AS rows FROM pg_temp.legacy_rows
WHERE session_token IS NULL GROUP BY origin;
