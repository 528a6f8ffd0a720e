-- Queries of calibration: read recorded answers, record attempts, write the next version of a pool.

-- pools_with_new_answers --
-- Pools with enough new answers since their last calibration, or since the one that waits to be
-- accepted. Only tests that train a pool count. Pools whose last attempt failed come last, ordered
-- by their number of failures and the time of the last attempt, oldest first. All others come first,
-- those with the most new answers at the top.
SELECT p.id
FROM assessment.question_pools p
LEFT JOIN assessment.calibration_attempts w ON w.pool_id = p.id
JOIN LATERAL (
  SELECT sum(s.total_questions) AS answers FROM assessment.test_sessions s
  WHERE s.question_pool_id = p.id
    AND (s.admitted OR (p.rules ->> 'trains')::BOOLEAN IS TRUE)
    AND s.end_reason IS DISTINCT FROM 'reset'
) AS recorded ON TRUE
CROSS JOIN LATERAL (
  SELECT greatest((
    SELECT (v.report ->> 'recorded')::INT FROM assessment.pool_versions v
    WHERE v.pool_id = p.id AND v.origin = 'calibration' ORDER BY v.version DESC LIMIT 1
  ), (w.proposal -> 'report' ->> 'recorded')::INT) AS answers
) AS used
LEFT JOIN assessment.calibration_attempts a ON a.pool_id = p.id AND a.failures > 0
WHERE recorded.answers - coalesce(used.answers, 0)
  >= greatest(%(min_new_answers)s, %(min_new_share)s * coalesce(used.answers, 0))
ORDER BY coalesce(a.failures, 0), a.started_at,
  recorded.answers - coalesce(used.answers, 0) DESC, p.id;

-- begin_attempt --
-- Record an attempt as failed in advance: a function that is stopped cannot record its failure.
INSERT INTO assessment.calibration_attempts AS a (pool_id, started_at, failures)
SELECT p.id, now() AT TIME ZONE 'UTC', 1 FROM assessment.question_pools p WHERE p.id = %(pool_id)s
ON CONFLICT ON CONSTRAINT calibration_attempts_pkey DO UPDATE SET
  started_at = excluded.started_at, finished_at = NULL, outcome = NULL, reason = NULL,
  failures = a.failures + 1;

-- end_attempt --
-- Record the outcome of the attempt.
UPDATE assessment.calibration_attempts SET
  finished_at = clock_timestamp() AT TIME ZONE 'UTC', outcome = %(outcome)s, reason = %(reason)s,
  failures = CASE WHEN %(is_success)s THEN 0 ELSE failures END
WHERE pool_id = %(pool_id)s;

-- read_pool --
-- The version of a pool that new sessions get, with the prior covariance of its concepts.
SELECT p.current_version AS version, p.concept_count, v.prior_covariance
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE p.id = %(pool_id)s;

-- read_items --
-- The items of the current version, each with the parameters that its author wrote last.
SELECT newest.position, newest.question_id, newest.concepts, newest.difficulty,
  newest.discrimination, newest.guessing, written.difficulty AS written_difficulty,
  written.discrimination AS written_discrimination, written.guessing AS written_guessing
FROM (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s ORDER BY i.position, i.version DESC
) AS newest
JOIN (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s AND i.calibration IS NULL ORDER BY i.position, i.version DESC
) AS written ON written.position = newest.position
ORDER BY newest.position;

-- read_answers --
-- Each student's first answer to the current text of each question, with the respondent's number; only
-- tests that train the pool count. Respondents are sampled by hash, with all their answers, up to
-- `max_answers` answers; the limit is proportionally lower if the pool has more than `full_concepts`
-- concepts. A student who was away longer than `same_ability_days` counts as a new respondent.
-- Sessions of older deployments belong to the pool's first version.
WITH texts AS (
  SELECT i.question_id, i.position, i.revision, i.version AS first_version,
    lead(i.version) OVER (PARTITION BY i.position ORDER BY i.version) AS next_version,
    last_value(i.revision) OVER (
      PARTITION BY i.position ORDER BY i.version
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS newest_revision
  FROM assessment.pool_items i WHERE i.pool_id = %(pool_id)s
), first_answer AS (
  SELECT DISTINCT ON (r.student_id, texts.position)
    r.student_id, texts.position, r.is_correct, r.timestamp
  FROM assessment.test_sessions s
  JOIN assessment.question_pools p ON p.id = s.question_pool_id
  CROSS JOIN (
    SELECT min(v.version) AS version FROM assessment.pool_versions v WHERE v.pool_id = %(pool_id)s
  ) AS oldest
  JOIN assessment.test_responses r ON r.session_id = s.id
  JOIN texts ON texts.question_id = r.question_id
    AND coalesce(s.pool_version, oldest.version) >= texts.first_version
    AND (texts.next_version IS NULL
      OR coalesce(s.pool_version, oldest.version) < texts.next_version)
  WHERE s.question_pool_id = %(pool_id)s AND r.is_correct IS NOT NULL
    AND texts.revision = texts.newest_revision
    AND (s.admitted OR (p.rules ->> 'trains')::BOOLEAN IS TRUE)
    AND s.end_reason IS DISTINCT FROM 'reset'
  ORDER BY r.student_id, texts.position, r.timestamp, r.id
), spaced AS (
  SELECT f.*, f.timestamp - lag(f.timestamp) OVER (PARTITION BY f.student_id ORDER BY f.timestamp)
    > %(same_ability_days)s * INTERVAL '1 day' AS was_away
  FROM first_answer f
), visits AS (
  SELECT s.*, count(*) FILTER (WHERE s.was_away) OVER (
    PARTITION BY s.student_id ORDER BY s.timestamp ROWS UNBOUNDED PRECEDING
  ) AS visit
  FROM spaced s
), numbered AS (
  SELECT s.position, s.is_correct, dense_rank() OVER (
    ORDER BY hashtextextended(s.student_id, 0), s.student_id, s.visit
  ) - 1 AS person
  FROM visits s
), counted AS (
  SELECT n.*, count(*) OVER (ORDER BY n.person) AS so_far FROM numbered n
)
SELECT coalesce(array_agg(c.person::INT), '{}') AS person,
  coalesce(array_agg(c.position), '{}') AS position,
  coalesce(array_agg(c.is_correct::INT), '{}') AS correct,
  (
    SELECT coalesce(sum(s.total_questions), 0)::INT FROM assessment.test_sessions s
    JOIN assessment.question_pools p ON p.id = s.question_pool_id
    WHERE s.question_pool_id = %(pool_id)s
      AND (s.admitted OR (p.rules ->> 'trains')::BOOLEAN IS TRUE)
      AND s.end_reason IS DISTINCT FROM 'reset'
  ) AS recorded_count
FROM counted c
WHERE c.so_far <= %(max_answers)s * (
  SELECT least(1, %(full_concepts)s::DOUBLE PRECISION / p.concept_count)
  FROM assessment.question_pools p WHERE p.id = %(pool_id)s
);

-- write_version --
-- Add the next version of a pool and return its number, unless a version was added since the pool was read.
WITH pool AS (
  UPDATE assessment.question_pools SET current_version = assessment.next_number(current_version)
  WHERE id = %(pool_id)s AND current_version = %(version)s
  RETURNING id, current_version
)
INSERT INTO assessment.pool_versions (
  pool_id, version, origin, question_count, prior_covariance, report, selection, exposure)
SELECT pool.id, pool.current_version, 'calibration', last.question_count,
  %(prior_covariance)s, %(report)s, last.selection, last.exposure
FROM pool
JOIN assessment.pool_versions last ON last.pool_id = pool.id AND last.version = %(version)s
RETURNING version;

-- write_items --
-- Add a row of the new version for each item with answers.
INSERT INTO assessment.pool_items (
  pool_id, position, version, question_id, revision, option_count, correct_option, concepts,
  difficulty, discrimination, guessing, calibration, retired)
SELECT last.pool_id, last.position, %(version)s, last.question_id, last.revision,
  last.option_count, last.correct_option, last.concepts, estimated.difficulty,
  estimated.discrimination, estimated.guessing, estimated.calibration, last.retired
FROM jsonb_to_recordset(%(items)s) AS estimated (
  position INT, difficulty DOUBLE PRECISION, discrimination DOUBLE PRECISION,
  guessing DOUBLE PRECISION, calibration JSONB)
JOIN LATERAL (
  SELECT i.* FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s AND i.position = estimated.position
    AND i.version < %(version)s
  ORDER BY i.version DESC LIMIT 1
) AS last ON TRUE;

-- write_proposal --
-- Store estimates as a proposal that waits for an operator, in place of an earlier proposal, unless
-- the pool has a newer version; return the proposal's number.
UPDATE assessment.calibration_attempts a SET proposal = %(proposal)s || jsonb_build_object(
  'number', assessment.next_number(coalesce((a.proposal ->> 'number')::INT, 0)),
  'created_at', clock_timestamp() AT TIME ZONE 'UTC')
FROM assessment.question_pools p
WHERE a.pool_id = %(pool_id)s AND p.id = a.pool_id AND p.current_version = %(version)s
RETURNING (a.proposal ->> 'number')::INT;

-- lock_pool --
-- Lock a pool, in a statement of its own, so that the next one sees what others wrote.
SELECT TRUE FROM assessment.question_pools WHERE id = %(pool_id)s FOR UPDATE;

-- read_proposal --
-- The waiting proposal, with the version that it would follow: null if anything but the exposure
-- counts has changed since.
SELECT (a.proposal ->> 'number')::INT AS number, a.proposal -> 'prior_covariance' AS prior_covariance,
  a.proposal -> 'report' AS report, a.proposal -> 'items' AS items,
  CASE WHEN NOT EXISTS (
    SELECT FROM assessment.pool_versions v
    WHERE v.pool_id = p.id AND v.version > (a.proposal ->> 'base_version')::INT
      AND v.origin <> 'exposure'
  ) THEN p.current_version END AS follows
FROM assessment.question_pools p
JOIN assessment.calibration_attempts a ON a.pool_id = p.id
WHERE p.id = %(pool_id)s AND a.proposal IS NOT NULL;

-- record_acceptance --
-- Drop a proposal whose estimates are now in use, and record the outcome.
UPDATE assessment.calibration_attempts SET proposal = NULL, outcome = 'calibrated'
WHERE pool_id = %(pool_id)s;

-- drop_proposal --
-- Drop a waiting proposal, because newer estimates are in use.
UPDATE assessment.calibration_attempts SET proposal = NULL
WHERE pool_id = %(pool_id)s AND proposal IS NOT NULL;
