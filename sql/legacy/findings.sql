-- What was not taken over as it stood. Values are never told.

-- find_mended_rows --
-- Fields of legacy rows that were read in another form than they have.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT t.origin, legacy.row_key(t.session_token), found.*
FROM pg_temp.batch_rows AS t, LATERAL unnest(ARRAY[
  CASE
    WHEN t.origin = 'workshop_sessions' AND t.student_email NOT LIKE '%@%'
      THEN ROW('student_email', 'mended',
        'a made-up id, no e-mail: the student is anonymous, the id in exercises')::legacy.finding
    WHEN legacy.is_anonymous(t.student_email)
      THEN ROW('student_email', 'mended',
        'a placeholder, no e-mail: the student is anonymous')::legacy.finding
    WHEN public.normalized_email(t.student_email) IS DISTINCT FROM t.student_email
      THEN ROW('student_email', 'mended', 'blanks and capitals removed')::legacy.finding
  END,
  CASE WHEN btrim(t.openai_api_key) <> '' AND NOT legacy.is_sealed(t.openai_api_key)
       THEN ROW('openai_api_key', 'mended', 'stood in the clear: encrypted')::legacy.finding END,
  CASE WHEN t.total_time_spent < 0
       THEN ROW('total_time_spent', 'mended', 'negative: counted as 0')::legacy.finding END,
  CASE WHEN t.current_step NOT BETWEEN 0 AND 9
       THEN ROW('current_step', 'mended', 'outside 0 to 9: brought to the nearest')::legacy.finding
  END,
  legacy.json_finding('exercises', t.exercises, 'object'),
  legacy.json_finding('tools', t.tools, 'array'),
  legacy.json_finding('voice_settings', t.voice_settings, 'object'),
  legacy.json_finding('bug_reports', t.bug_reports, 'array')
]) AS found
WHERE found.field IS NOT NULL;

-- find_mended_exercises --
-- Exercises of the batch that are no step, or whose values were mended.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT 'workshop_students', legacy.row_key(told.session_token),
  concat_ws('.', 'exercises', left(key, 40), part), found.outcome, reason
FROM (
  SELECT session_token, key, odd AS entry FROM pg_temp.told WHERE odd IS NOT NULL
) AS told, LATERAL (
  SELECT NULL AS part, 'kept raw' AS outcome, 'no step from 1 to 9: kept in exercises' AS reason
    WHERE legacy.step_of(key) BETWEEN 1 AND 9 IS NOT TRUE
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
  UNION ALL SELECT moment, 'mended', 'no date: read as null'
    FROM (VALUES ('timestamp'), ('lastAttempt')) AS moments (moment)
    WHERE entry ->> moment IS NOT NULL AND NOT legacy.is_moment(entry ->> moment)
) AS found;

-- find_tokenless_rows --
-- Rows without a session token: they stay where they are.
INSERT INTO pg_temp.findings (source, row_key, field, outcome, reason)
SELECT origin, 'ctid ' || place, 'session_token', 'skipped',
  'no session token: the row stays in its table'
FROM pg_temp.legacy_rows WHERE session_token IS NULL;

-- count_tokenless_rows --
-- How many rows of each table stay.
SELECT origin AS source, count(*) AS rows FROM pg_temp.legacy_rows
WHERE session_token IS NULL GROUP BY origin;
