-- Queries of exposure control: how often questions were shown, by ability.

-- pools_with_a_limit --
-- Pools, or the one asked for, whose operator limits how often a question is shown.
SELECT p.id
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE (v.selection ->> 'max_exposure')::DOUBLE PRECISION < 1
  AND (%(pool_id)s::UUID IS NULL OR p.id = %(pool_id)s)
ORDER BY p.id;

-- lock_pool --
-- The version that new sessions get, held against uploads and calibration.
SELECT p.current_version, v.selection, v.exposure
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE p.id = %(pool_id)s FOR UPDATE OF p;

-- count_shown --
-- Of the answered questions of tests on the versions since the last count: in how many tests each
-- question was shown at each level and at any, and, without a position, how many tests came there.
WITH shown AS (
  SELECT r.session_id, q.position, width_bucket((
    SELECT avg(p.value::DOUBLE PRECISION)
    FROM jsonb_array_elements_text(r.proficiency_before) AS p (value)
  ), %(levels)s::DOUBLE PRECISION[]) AS level
  FROM assessment.test_sessions s
  JOIN assessment.test_responses r ON r.session_id = s.id
  JOIN assessment.questions q ON q.id = r.question_id AND q.pool_id = s.question_pool_id
  WHERE s.question_pool_id = %(pool_id)s AND s.pool_version >= %(since)s
    AND jsonb_typeof(r.proficiency_before) = 'array' AND q.position IS NOT NULL
)
SELECT position, coalesce(level, %(whole)s) AS level, count(DISTINCT session_id)::INT AS tests
FROM shown WHERE level IS NOT NULL
GROUP BY GROUPING SETS ((position, level), (level), (position), ());

-- write_version --
-- Add the next version of the pool: its questions as they are, with new counts.
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
