-- Queries of the catalog of pools: lists of pools, versions and questions, changes of one question,
-- return to an earlier version.

-- list_pools --
-- A page of pools, oldest first, after the given time and id (null: the first page); only the given pool
-- if `pool_id` is not null.
SELECT p.id, p.name, p.concept_count, p.rules, p.current_version AS version, p.created_at,
  v.created_at AS changed_at, v.selection, items.question_count, items.retired_count,
  tests.test_count, tests.active_count, tests.answer_count
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE NOT i.retired AND i.correct_option IS NOT NULL) AS question_count,
    count(*) FILTER (WHERE i.retired) AS retired_count
  FROM (
    SELECT DISTINCT ON (n.position) n.retired, n.correct_option FROM assessment.pool_items n
    WHERE n.pool_id = p.id ORDER BY n.position, n.version DESC
  ) AS i
) AS items
CROSS JOIN LATERAL (
  SELECT count(*) AS test_count, count(*) FILTER (WHERE s.status = 'active') AS active_count,
    coalesce(sum(s.total_questions), 0) AS answer_count
  FROM assessment.test_sessions s WHERE s.question_pool_id = p.id
) AS tests
WHERE (%(pool_id)s::UUID IS NULL OR p.id = %(pool_id)s::UUID)
  AND (%(after_id)s::UUID IS NULL OR (p.created_at, p.id) > (%(after_time)s::TIMESTAMP, %(after_id)s::UUID))
ORDER BY p.created_at, p.id
LIMIT %(limit)s;

-- list_versions --
-- A page of a pool's versions, newest first, before the given one (null: the first page).
SELECT v.version, v.origin, v.created_at, v.question_count,
  jsonb_array_length(v.report -> 'drifted') AS drifted,
  (v.report ->> 'restored_version')::INT AS restored_version,
  v.report -> 'repaired' AS repaired, v.report -> 'not_asked' AS not_asked
FROM assessment.pool_versions v
WHERE v.pool_id = %(pool_id)s AND (%(before)s::INT IS NULL OR v.version < %(before)s::INT)
ORDER BY v.version DESC
LIMIT %(limit)s;

-- waiting_proposal --
-- The waiting proposal of a pool, if nothing but its exposure counts has changed since. A proposal
-- that an earlier version of the code stored has no time of its own.
SELECT (a.proposal ->> 'number')::INT AS number,
  coalesce((a.proposal ->> 'created_at')::TIMESTAMP, a.finished_at) AS created_at,
  (a.proposal -> 'report' ->> 'answers')::INT AS answers,
  (a.proposal -> 'report' ->> 'questions')::INT AS questions,
  jsonb_array_length(a.proposal -> 'report' -> 'drifted') AS drifted
FROM assessment.calibration_attempts a
WHERE a.pool_id = %(pool_id)s AND a.proposal IS NOT NULL AND NOT EXISTS (
  SELECT FROM assessment.pool_versions v
  WHERE v.pool_id = a.pool_id AND v.version > (a.proposal ->> 'base_version')::INT
    AND v.origin <> 'exposure'
);

-- list_questions --
-- A page of a pool's questions with correct answers and statistics, by position, after the given
-- position (null: the first page). Students' answers to earlier texts of a question count, too.
WITH page AS (
  SELECT DISTINCT ON (i.position) i.*
  FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s AND (%(after)s::INT IS NULL OR i.position > %(after)s::INT)
    AND (%(question_id)s::VARCHAR IS NULL OR i.question_id = %(question_id)s::VARCHAR)
  ORDER BY i.position, i.version DESC
  LIMIT %(limit)s
), answered AS (
  SELECT r.question_id, count(*) AS answer_count, count(*) FILTER (WHERE r.is_correct) AS correct_count
  FROM assessment.test_responses r
  WHERE r.question_id IN (SELECT page.question_id FROM page)
  GROUP BY r.question_id
)
SELECT page.position, q.id, q.content, q.options, q.correct_answer,
  ARRAY(
    SELECT w.weight::DOUBLE PRECISION
    FROM jsonb_array_elements_text(q.concepts) WITH ORDINALITY w (weight, place) ORDER BY w.place
  ) AS concepts,
  coalesce(q.difficulty, 0.5)::DOUBLE PRECISION AS difficulty,
  coalesce(q.discrimination, 1)::DOUBLE PRECISION AS discrimination,
  q.guessing::DOUBLE PRECISION AS guessing, page.retired,
  page.correct_option IS NOT NULL AND NOT page.retired AS is_asked, page.version,
  page.difficulty AS live_difficulty, page.discrimination AS live_discrimination,
  page.guessing AS live_guessing, page.calibration, coalesce(answered.answer_count, 0) AS answer_count,
  coalesce(answered.correct_count, 0) AS correct_count
FROM page
JOIN assessment.questions q ON q.id = page.question_id
LEFT JOIN answered ON answered.question_id = page.question_id
ORDER BY page.position;

-- lock_pool --
-- Lock a pool against every change; a statement of its own, so that the next ones read what others wrote.
SELECT TRUE FROM assessment.question_pools WHERE id = %(pool_id)s FOR UPDATE;

-- read_item --
-- The newest state of a question of a pool; no row if the pool does not have it.
SELECT p.concept_count, p.current_version, i.position, i.version, i.retired
FROM assessment.question_pools p
JOIN assessment.questions q ON q.pool_id = p.id AND q.id = %(question_id)s
JOIN LATERAL (
  SELECT n.* FROM assessment.pool_items n
  WHERE n.pool_id = p.id AND n.position = q.position ORDER BY n.version DESC LIMIT 1
) AS i ON TRUE
WHERE p.id = %(pool_id)s;

-- read_current --
-- The current version of a pool, which version it restored if any, and whether the given version exists.
SELECT p.current_version, (v.report ->> 'restored_version')::INT AS restored_version,
  EXISTS (
    SELECT FROM assessment.pool_versions o WHERE o.pool_id = p.id AND o.version = %(version)s
  ) AS exists
FROM assessment.question_pools p
JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version
WHERE p.id = %(pool_id)s;

-- write_next_version --
-- Add the next version of a pool, with the settings of the version `source` and the counts of the current
-- one; return its number.
WITH pool AS (
  UPDATE assessment.question_pools SET current_version = assessment.next_number(current_version)
  WHERE id = %(pool_id)s RETURNING id, current_version
)
INSERT INTO assessment.pool_versions (
  pool_id, version, origin, question_count, prior_covariance, report, selection, exposure)
SELECT pool.id, pool.current_version, %(origin)s, last.question_count, source.prior_covariance,
  %(report)s, source.selection, last.exposure
FROM pool
JOIN assessment.pool_versions last ON last.pool_id = pool.id AND last.version = %(current_version)s
JOIN assessment.pool_versions source ON source.pool_id = pool.id AND source.version = %(source)s
RETURNING version;

-- write_retired_item --
-- Add a row of the new version that retires a question.
INSERT INTO assessment.pool_items (
  pool_id, position, version, question_id, revision, option_count, correct_option, concepts,
  difficulty, discrimination, guessing, calibration, retired)
SELECT i.pool_id, i.position, %(version)s, i.question_id, i.revision, i.option_count, i.correct_option,
  i.concepts, i.difficulty, i.discrimination, i.guessing, i.calibration, TRUE
FROM assessment.pool_items i
WHERE i.pool_id = %(pool_id)s AND i.position = %(position)s
ORDER BY i.version DESC LIMIT 1;

-- write_restored_items --
-- Add a row of the new version for each question whose parameters differ from those of the version
-- `source`. Texts, correct answers, retirements, and questions that are newer stay as they are.
INSERT INTO assessment.pool_items (
  pool_id, position, version, question_id, revision, option_count, correct_option, concepts,
  difficulty, discrimination, guessing, calibration, retired)
SELECT newest.pool_id, newest.position, %(version)s, newest.question_id, newest.revision,
  newest.option_count, newest.correct_option, earlier.concepts, earlier.difficulty,
  earlier.discrimination, earlier.guessing, earlier.calibration, newest.retired
FROM (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s ORDER BY i.position, i.version DESC
) AS newest
JOIN (
  SELECT DISTINCT ON (i.position) i.* FROM assessment.pool_items i
  WHERE i.pool_id = %(pool_id)s AND i.version <= %(source)s ORDER BY i.position, i.version DESC
) AS earlier ON earlier.position = newest.position
WHERE (newest.concepts, newest.difficulty, newest.discrimination, newest.guessing, newest.calibration)
  IS DISTINCT FROM (earlier.concepts, earlier.difficulty, earlier.discrimination, earlier.guessing,
    earlier.calibration);
