-- Queries of question pools: read a version, upload questions, count exposure, report on a pool.

-- read_version --
-- One version of a pool.
SELECT p.concept_count, v.question_count, v.prior_covariance, v.selection, v.exposure
FROM assessment.pool_versions v
JOIN assessment.question_pools p ON p.id = v.pool_id
WHERE v.pool_id = %(pool_id)s AND v.version = %(version)s;

-- read_items --
-- The items of a version of a pool, by position.
SELECT DISTINCT ON (i.position) i.question_id, i.revision, i.option_count,
  CASE WHEN NOT i.retired THEN i.correct_option END AS correct_option,
  i.concepts, i.difficulty, i.discrimination, i.guessing,
  (i.calibration ->> 'difficulty_error')::DOUBLE PRECISION AS difficulty_error,
  (i.calibration ->> 'discrimination_error')::DOUBLE PRECISION AS discrimination_error
FROM assessment.pool_items i
WHERE i.pool_id = %(pool_id)s AND i.version <= %(version)s
ORDER BY i.position, i.version DESC;

-- current_version --
-- The version of a pool that new sessions get; no row if there is no such pool.
SELECT current_version FROM assessment.question_pools WHERE id = %(pool_id)s;

-- lock_uploads --
-- Hold a lock until the transaction ends, so that uploads run one after another, and each sees the
-- questions of those before it.
SELECT pg_advisory_xact_lock(hashtext('assessment upload'));

-- stage_upload --
-- Hold the uploaded questions for the statements below, until the transaction ends.
CREATE TEMPORARY TABLE uploaded ON COMMIT DROP AS
SELECT u.place, u.id, u.content, u.options, u.correct_answer, u.correct_option, u.concepts,
  u.difficulty, u.discrimination, u.guessing, u.retired
FROM jsonb_to_recordset(%(questions)s) AS u (
  place INT, id VARCHAR, content TEXT, options JSONB, correct_answer VARCHAR, correct_option INT,
  concepts JSONB, difficulty DECIMAL, discrimination DECIMAL, guessing DECIMAL, retired BOOLEAN);

-- existing_pools --
-- The pools that already hold uploaded questions, each with the first such question.
SELECT q.pool_id, min(u.place) AS place, (array_agg(u.id ORDER BY u.place))[1] AS question_id
FROM pg_temp.uploaded u JOIN assessment.questions q ON q.id = u.id
GROUP BY q.pool_id ORDER BY 2;

-- lock_or_create_pool --
-- Create the pool if it is new, and lock it against calibration; return its number of concepts.
INSERT INTO assessment.question_pools AS p (id, name, concept_count, current_version)
VALUES (%(pool_id)s, %(name)s, %(concept_count)s, 0)
ON CONFLICT ON CONSTRAINT question_pools_pkey DO UPDATE SET name = coalesce(excluded.name, p.name)
RETURNING p.concept_count;

-- write_rules --
-- Change the given rules of a pool; a null stands for the default.
UPDATE assessment.question_pools SET rules = jsonb_strip_nulls(rules || %(given)s)
WHERE id = %(pool_id)s RETURNING rules;

-- questions_with_new_parameters --
-- Uploaded questions whose author changed their parameters.
SELECT u.id FROM pg_temp.uploaded u JOIN assessment.questions q ON q.id = u.id
WHERE (u.difficulty, u.discrimination, u.guessing)
  IS DISTINCT FROM (q.difficulty, q.discrimination, q.guessing);

-- archive_changed_texts --
-- Before texts are replaced, keep them for running sessions, which show and grade by them.
INSERT INTO assessment.question_revisions (question_id, revision, content, options, correct_answer)
SELECT q.id, q.revision, q.content, q.options, q.correct_answer
FROM assessment.questions q JOIN pg_temp.uploaded u ON u.id = q.id
WHERE (q.content, q.options, q.correct_answer)
  IS DISTINCT FROM (u.content, u.options, u.correct_answer);

-- write_questions --
-- Append new questions to the pool and update those that changed.
INSERT INTO assessment.questions AS q (
  id, pool_id, content, options, correct_answer, concepts, difficulty, discrimination, guessing,
  revision, position)
SELECT u.id, %(pool_id)s, u.content, u.options, u.correct_answer, u.concepts, u.difficulty,
  u.discrimination, u.guessing, assessment.next_number(0),
  coalesce(old.position, last.position + row_number() OVER (
    PARTITION BY old.position IS NULL ORDER BY u.place))
FROM pg_temp.uploaded u
LEFT JOIN assessment.questions old ON old.id = u.id
CROSS JOIN (
  SELECT coalesce(max(position), -1) AS position FROM assessment.questions
  WHERE pool_id = %(pool_id)s
) AS last
ORDER BY u.place
ON CONFLICT ON CONSTRAINT questions_pkey DO UPDATE SET
  content = excluded.content, options = excluded.options,
  correct_answer = excluded.correct_answer, concepts = excluded.concepts,
  difficulty = excluded.difficulty, discrimination = excluded.discrimination,
  guessing = excluded.guessing, position = excluded.position,
  revision = CASE
    WHEN (q.content, q.options, q.correct_answer)
      IS DISTINCT FROM (excluded.content, excluded.options, excluded.correct_answer)
    THEN assessment.next_number(q.revision) ELSE q.revision END,
  updated_at = now() AT TIME ZONE 'UTC'
WHERE (q.content, q.options, q.correct_answer, q.concepts, q.difficulty, q.discrimination,
    q.guessing, q.position)
  IS DISTINCT FROM (excluded.content, excluded.options, excluded.correct_answer,
    excluded.concepts, excluded.difficulty, excluded.discrimination, excluded.guessing,
    excluded.position);

-- stage_changes --
-- Hold the items of uploaded questions that differ from the pool's last version. A question whose
-- author changed only its text keeps the parameters that calibration estimated for it. A retired
-- question stays retired unless `retired` is false.
CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
SELECT q.position, q.id, q.revision, jsonb_array_length(q.options) AS option_count,
  u.correct_option, u.weights AS concepts,
  CASE WHEN parameters.are_unchanged THEN item.difficulty ELSE u.difficulty::DOUBLE PRECISION END AS difficulty,
  CASE WHEN parameters.are_unchanged THEN item.discrimination ELSE u.discrimination::DOUBLE PRECISION END
    AS discrimination,
  CASE WHEN parameters.are_unchanged THEN item.guessing ELSE u.guessing::DOUBLE PRECISION END AS guessing,
  CASE WHEN parameters.are_unchanged THEN item.calibration END AS calibration,
  coalesce(u.retired, item.retired, FALSE) AS retired
FROM (
  SELECT *, ARRAY(
    SELECT w.weight::DOUBLE PRECISION
    FROM jsonb_array_elements_text(concepts) WITH ORDINALITY w (weight, place) ORDER BY w.place
  ) AS weights FROM pg_temp.uploaded
) AS u
JOIN assessment.questions q ON q.id = u.id
LEFT JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = q.pool_id AND i.position = q.position ORDER BY i.version DESC LIMIT 1
) AS item ON TRUE
CROSS JOIN LATERAL (
  SELECT item.question_id IS NOT NULL AND item.concepts = u.weights
    AND NOT u.id = ANY (%(with_new_parameters)s::VARCHAR[]) AS are_unchanged
) AS parameters
WHERE NOT parameters.are_unchanged OR item.revision <> q.revision OR item.retired <> u.retired;

-- write_uploaded_version --
-- Add the next version of the pool if anything changed; return its number. A version stores all
-- settings, so that it stays as it is when defaults change. `unstated_selection` has the values that
-- settings have in versions that do not store them; some differ from the defaults of new versions.
WITH last AS (
  SELECT v.prior_covariance, v.selection, v.exposure FROM assessment.pool_versions v
  WHERE v.pool_id = %(pool_id)s ORDER BY v.version DESC LIMIT 1
), pool AS (
  UPDATE assessment.question_pools SET current_version = assessment.next_number(current_version)
  WHERE id = %(pool_id)s AND (EXISTS (SELECT FROM pg_temp.changed)
    OR %(selection)s::JSONB
      <> %(unstated_selection)s::JSONB || coalesce((SELECT last.selection FROM last), '{}'))
  RETURNING id, current_version
)
INSERT INTO assessment.pool_versions (
  pool_id, version, origin, question_count, prior_covariance, selection, exposure)
SELECT pool.id, pool.current_version, 'upload',
  (SELECT count(q.position) FROM assessment.questions q WHERE q.pool_id = pool.id),
  last.prior_covariance,
  %(default_selection)s::JSONB || coalesce(%(selection)s, last.selection, '{}'), last.exposure
FROM pool LEFT JOIN last ON TRUE
RETURNING version;

-- write_items --
-- Add a row of the new version for each changed question.
INSERT INTO assessment.pool_items (
  pool_id, position, version, question_id, revision, option_count, correct_option, concepts,
  difficulty, discrimination, guessing, calibration, retired)
SELECT %(pool_id)s, c.position, %(version)s, c.id, c.revision, c.option_count, c.correct_option,
  c.concepts, c.difficulty, c.discrimination, c.guessing, c.calibration, c.retired
FROM pg_temp.changed c;

-- pools_with_exposure_limit --
-- Pools whose current version limits exposure; only the given one if `pool_id` is not null.
SELECT p.id
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE (v.selection ->> 'max_exposure')::DOUBLE PRECISION < 1
  AND (%(pool_id)s::UUID IS NULL OR p.id = %(pool_id)s)
ORDER BY p.id;

-- lock_pool --
-- The current version of a pool, locked against uploads and calibration.
SELECT p.current_version, v.selection, v.exposure
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE p.id = %(pool_id)s FOR UPDATE OF p;

-- count_tests --
-- Tests that train the pool, on the versions since the last count: how many asked each question, at
-- each level and at any level, and (rows without a position) how many reached each level and any
-- level.
WITH answered AS (
  SELECT r.session_id, q.position, width_bucket((
    SELECT avg(p.value::DOUBLE PRECISION)
    FROM jsonb_array_elements_text(r.proficiency_before) AS p (value)
  ), %(levels)s::DOUBLE PRECISION[]) AS level
  FROM assessment.test_sessions s
  JOIN assessment.question_pools p ON p.id = s.question_pool_id
  JOIN assessment.test_responses r ON r.session_id = s.id
  JOIN assessment.questions q ON q.id = r.question_id AND q.pool_id = s.question_pool_id
  WHERE s.question_pool_id = %(pool_id)s AND s.pool_version >= %(since)s
    AND (s.admitted OR (p.rules ->> 'trains')::BOOLEAN IS TRUE)
    AND s.end_reason IS DISTINCT FROM 'reset'
    AND jsonb_typeof(r.proficiency_before) = 'array' AND q.position IS NOT NULL
)
SELECT position, coalesce(level, %(all_levels)s) AS level, count(DISTINCT session_id)::INT AS tests
FROM answered WHERE level IS NOT NULL
GROUP BY GROUPING SETS ((position, level), (level), (position), ());

-- write_exposure_version --
-- Add the next version of the pool, with the same questions and new exposure counts.
WITH pool AS (
  UPDATE assessment.question_pools SET current_version = assessment.next_number(current_version)
  WHERE id = %(pool_id)s RETURNING id, current_version
)
INSERT INTO assessment.pool_versions (
  pool_id, version, origin, question_count, prior_covariance, selection, exposure)
SELECT pool.id, pool.current_version, 'exposure', last.question_count, last.prior_covariance,
  last.selection, %(exposure)s || jsonb_build_object('since', pool.current_version)
FROM pool
JOIN assessment.pool_versions last ON last.pool_id = pool.id AND last.version = %(version)s
RETURNING version;

-- read_pool_state --
-- The pool and its last attempt at a calibration (null before the first).
SELECT p.current_version AS version, v.question_count, to_jsonb(a) - 'proposal' AS last_attempt
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
LEFT JOIN assessment.calibration_attempts a ON a.pool_id = p.id
WHERE p.id = %(pool_id)s;

-- read_calibrations --
-- The versions that calibrations wrote, newest first.
SELECT v.version, v.created_at, (v.report ->> 'answers')::INT AS answers,
  (v.report ->> 'people')::INT AS people, (v.report ->> 'questions')::INT AS questions,
  (v.report ->> 'rounds')::INT AS rounds, (v.report ->> 'settled')::BOOLEAN AS settled,
  jsonb_array_length(v.report -> 'drifted') AS drifted
FROM assessment.pool_versions v
WHERE v.pool_id = %(pool_id)s AND v.origin = 'calibration'
ORDER BY v.version DESC
LIMIT %(calibrations)s;

-- read_flagged_questions --
-- A page of drift flags: the last one of each question, unless its author has since given it new
-- parameters; newest calibration first, and within a calibration smallest p-value first; after the
-- given flag (null: the first page). An upload that changes only a text copies the flag with the
-- parameters; such a copy does not count as a flag of its own.
SELECT flag.question_id, flag.version, flag.revision <> latest.revision AS text_changed,
  (flag.calibration ->> 'answers')::INT AS answers,
  (flag.calibration ->> 'p_value')::DOUBLE PRECISION AS p_value,
  (flag.calibration ->> 'curve_change')::DOUBLE PRECISION AS curve_change,
  (
    SELECT jsonb_object_agg(p.name, to_jsonb(p) || jsonb_build_object(
      'moved', round(((p.found - p.before) / nullif(p.error, 0))::NUMERIC, 2)))
    FROM (VALUES
      ('difficulty', written.difficulty, before.difficulty, flag.difficulty,
        (flag.calibration ->> 'difficulty_error')::DOUBLE PRECISION),
      ('discrimination', written.discrimination, before.discrimination, flag.discrimination,
        (flag.calibration ->> 'discrimination_error')::DOUBLE PRECISION),
      ('guessing', written.guessing, before.guessing, flag.guessing,
        (flag.calibration ->> 'guessing_error')::DOUBLE PRECISION)
    ) AS p (name, written, before, found, error)
  ) AS parameters
FROM (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  JOIN assessment.pool_versions v ON v.pool_id = i.pool_id AND v.version = i.version
  WHERE i.pool_id = %(pool_id)s AND v.origin = 'calibration'
    AND i.calibration ->> 'drifted' = 'true'
  ORDER BY i.position, i.version DESC
) AS flag
JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position AND i.version < flag.version
  ORDER BY i.version DESC LIMIT 1
) AS before ON TRUE
JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position AND i.calibration IS NULL
  ORDER BY i.version DESC LIMIT 1
) AS written ON written.version < flag.version
JOIN LATERAL (
  SELECT i.revision FROM assessment.pool_items i
  WHERE i.pool_id = flag.pool_id AND i.position = flag.position
  ORDER BY i.version DESC LIMIT 1
) AS latest ON TRUE
WHERE %(after_version)s::INT IS NULL
  OR (-flag.version, (flag.calibration ->> 'p_value')::DOUBLE PRECISION, flag.question_id)
    > (-%(after_version)s::INT, %(after_p_value)s::DOUBLE PRECISION, %(after_question)s::VARCHAR)
ORDER BY flag.version DESC, p_value, flag.question_id
LIMIT %(limit)s;
