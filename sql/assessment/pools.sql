-- Queries of question pools: reading a version, and writing the next one.

-- read_version --
-- One version of a pool.
SELECT p.concept_count, v.question_count, v.prior_covariance, v.selection, v.exposure
FROM assessment.pool_versions v
JOIN assessment.question_pools p ON p.id = v.pool_id
WHERE v.pool_id = %(pool_id)s AND v.version = %(version)s;

-- read_items --
-- The items of a version of a pool, by position.
SELECT DISTINCT ON (i.position) i.question_id, i.revision, i.option_count, i.correct_option,
  i.concepts, i.difficulty, i.discrimination, i.guessing
FROM assessment.pool_items i
WHERE i.pool_id = %(pool_id)s AND i.version <= %(version)s
ORDER BY i.position, i.version DESC;

-- take_turns --
-- Uploads run one after another, so that none misses the questions of another; until commit.
SELECT pg_advisory_xact_lock(hashtext('assessment upload'));

-- stage_upload --
-- Hold the uploaded questions for the statements below, until the transaction ends.
CREATE TEMPORARY TABLE uploaded ON COMMIT DROP AS
SELECT u.place, u.id, u.content, u.options, u.correct_answer, u.correct_option, u.concepts,
  u.difficulty, u.discrimination, u.guessing
FROM jsonb_to_recordset(%(questions)s) AS u (
  place INT, id VARCHAR, content TEXT, options JSONB, correct_answer VARCHAR, correct_option INT,
  concepts JSONB, difficulty DECIMAL, discrimination DECIMAL, guessing DECIMAL);

-- pools_of_uploaded --
-- The pools that some uploaded question is in already, and one question of each.
SELECT q.pool_id, min(u.place) AS place, (array_agg(u.id ORDER BY u.place))[1] AS question_id
FROM pg_temp.uploaded u JOIN assessment.questions q ON q.id = u.id
GROUP BY q.pool_id ORDER BY 2;

-- lock_pool --
-- Make the pool if it is new, and hold it against calibration.
INSERT INTO assessment.question_pools AS p (id, name, concept_count, current_version)
VALUES (%(pool_id)s, %(name)s, %(concept_count)s, 0)
ON CONFLICT ON CONSTRAINT question_pools_pkey DO UPDATE SET name = coalesce(excluded.name, p.name)
RETURNING p.concept_count, p.current_version;

-- archive_changed_texts --
-- Keep what running sessions show and grade by, before it is replaced.
INSERT INTO assessment.question_revisions (question_id, revision, content, options, correct_answer)
SELECT q.id, q.revision, q.content, q.options, q.correct_answer
FROM assessment.questions q JOIN pg_temp.uploaded u ON u.id = q.id
WHERE (q.content, q.options, q.correct_answer)
  IS DISTINCT FROM (u.content, u.options, u.correct_answer);

-- write_questions --
-- Add new questions after the last of the pool and update those that changed.
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
-- Which uploaded questions differ from the pool's last version. A question whose author changed
-- its text alone keeps the parameters that calibration found for it.
CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
SELECT q.position, q.id, q.revision, jsonb_array_length(q.options) AS option_count,
  u.correct_option, u.weights AS concepts,
  CASE WHEN kept.same THEN item.difficulty ELSE u.difficulty::DOUBLE PRECISION END AS difficulty,
  CASE WHEN kept.same THEN item.discrimination ELSE u.discrimination::DOUBLE PRECISION END
    AS discrimination,
  CASE WHEN kept.same THEN item.guessing ELSE u.guessing::DOUBLE PRECISION END AS guessing,
  CASE WHEN kept.same THEN item.calibration END AS calibration
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
    AND NOT u.id = ANY (%(reparametrised)s::VARCHAR[]) AS same
) AS kept
WHERE NOT kept.same OR item.revision <> q.revision;

-- reparametrised --
-- Uploaded questions whose author changed their parameters.
SELECT u.id FROM pg_temp.uploaded u JOIN assessment.questions q ON q.id = u.id
WHERE (u.difficulty, u.discrimination, u.guessing)
  IS DISTINCT FROM (q.difficulty, q.discrimination, q.guessing);

-- write_version --
-- Add the next version of the pool, if anything changed; return its number.
WITH last AS (
  SELECT v.prior_covariance, v.selection, v.exposure FROM assessment.pool_versions v
  WHERE v.pool_id = %(pool_id)s ORDER BY v.version DESC LIMIT 1
), pool AS (
  UPDATE assessment.question_pools SET current_version = assessment.next_number(current_version)
  WHERE id = %(pool_id)s AND (EXISTS (SELECT FROM pg_temp.changed)
    OR %(selection)s::JSONB <> coalesce((SELECT last.selection FROM last), %(usual)s::JSONB))
  RETURNING id, current_version
)
INSERT INTO assessment.pool_versions (
  pool_id, version, origin, question_count, prior_covariance, selection, exposure)
SELECT pool.id, pool.current_version, 'upload',
  (SELECT count(q.position) FROM assessment.questions q WHERE q.pool_id = pool.id),
  last.prior_covariance, coalesce(%(selection)s, last.selection), last.exposure
FROM pool LEFT JOIN last ON TRUE
RETURNING version;

-- write_items --
-- Give the changed questions their row in the new version.
INSERT INTO assessment.pool_items (
  pool_id, position, version, question_id, revision, option_count, correct_option, concepts,
  difficulty, discrimination, guessing, calibration)
SELECT %(pool_id)s, c.position, %(version)s, c.id, c.revision, c.option_count, c.correct_option,
  c.concepts, c.difficulty, c.discrimination, c.guessing, c.calibration
FROM pg_temp.changed c;
