-- Queries of test sessions. Times are those of the database's clock; TIMESTAMP columns mean UTC.

-- limit_lock_wait --
-- Make the other statements of the batch give up on a lock after three seconds.
SELECT set_config('lock_timeout', '3s', true);

-- open_session --
-- Create a session, or return the active one that this student already has in this pool. Returns no
-- row if there is no such pool or it tests a different number of concepts.
WITH pool AS (
  SELECT p.id, p.current_version, p.concept_count
  FROM assessment.question_pools p
  WHERE p.id = %(pool_id)s AND p.concept_count = cardinality(%(concept_names)s::TEXT[])
), student AS (
  INSERT INTO assessment.examinees (id) SELECT %(student_id)s FROM pool
  ON CONFLICT (id) DO NOTHING
), records AS (
  SELECT jsonb_object_agg(p.concept_name, jsonb_build_array(
    p.proficiency_value, coalesce(p.confidence, 0), round(greatest(0, extract(epoch FROM
      (now() AT TIME ZONE 'UTC') - coalesce(p.updated_at, p.created_at)
    ) / 86400), 4)
  )) AS prior
  FROM assessment.student_proficiencies p
  WHERE p.student_id = %(student_id)s AND p.concept_name = ANY (%(concept_names)s::TEXT[])
), session AS (
  INSERT INTO assessment.test_sessions AS s (
    id, student_id, question_pool_id, pool_version, concept_names, end_criteria, prior,
    initial_proficiency)
  SELECT %(session_id)s, %(student_id)s, pool.id, pool.current_version,
    %(concept_names)s::TEXT[], %(end_criteria)s, records.prior,
    CASE WHEN records.prior IS NULL
      THEN to_jsonb(array_fill(0.5, ARRAY[pool.concept_count])) END
  FROM pool, records
  ON CONFLICT (student_id, question_pool_id) WHERE status = 'active' AND pool_version IS NOT NULL
    DO UPDATE SET last_activity = excluded.last_activity
  RETURNING s.*
)
SELECT id, pool_version, concept_names, end_criteria, prior, initial_proficiency,
  next_question_id, last_activity
FROM session;

-- concept_count --
-- The number of concepts that a pool tests; no row if there is no such pool.
SELECT concept_count FROM assessment.question_pools WHERE id = %(pool_id)s;

-- record_answer --
-- Record an answer; no row unless the session is waiting for exactly this one.
SELECT total_questions, correct_responses, last_activity, next_question
FROM assessment.record_answer(
  %(session_id)s, %(pool_version)s, %(position)s, %(question_id)s, %(response)s, %(is_correct)s,
  %(initial_proficiency)s, %(proficiency)s, %(confidence)s, %(learning_gain)s, %(test_efficiency)s,
  %(next_question_id)s, %(question_to_read)s, %(end_reason)s, %(idle_minutes)s);

-- read_session --
-- A session as recorded.
SELECT s.id, s.student_id, s.question_pool_id AS pool_id, s.pool_version, s.status, s.end_reason,
  s.last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
    AS is_idle,
  s.concept_names, s.end_criteria, s.prior, s.initial_proficiency, s.current_proficiency,
  s.final_proficiency, coalesce(s.total_questions, 0) AS total_questions,
  coalesce(s.correct_responses, 0) AS correct_responses,
  s.learning_gain::DOUBLE PRECISION AS learning_gain,
  s.test_efficiency::DOUBLE PRECISION AS test_efficiency,
  s.next_question_id, s.started_at, s.completed_at, s.last_activity
FROM assessment.test_sessions s
WHERE s.id = %(session_id)s;

-- read_answers --
-- The answers of a session, in order.
SELECT r.id, r.question_id, r.response, coalesce(r.is_correct, FALSE) AS is_correct, r.position,
  r.proficiency_after, r.next_question_id
FROM assessment.test_responses r
WHERE r.session_id = %(session_id)s
ORDER BY r.position, r.timestamp;

-- read_question --
-- A question as a version of its pool has it, as JSON without its correct answer; null if none.
SELECT assessment.question_shown(%(question_id)s, %(pool_version)s);

-- end_session --
-- Close a session at the caller's request; as expired if it was idle too long.
SELECT assessment.close_session(
  s.id,
  CASE WHEN s.is_idle THEN 'expired' ELSE 'completed' END,
  CASE WHEN s.is_idle THEN 'expired' ELSE 'ended' END
)
FROM (
  SELECT id, last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
    AS is_idle
  FROM assessment.test_sessions WHERE id = %(session_id)s AND status = 'active' FOR UPDATE
) AS s;

-- set_initial_proficiency --
-- Store the initial proficiency of a returning student whose session has no answers.
UPDATE assessment.test_sessions SET
  initial_proficiency = %(initial_proficiency)s,
  final_proficiency = CASE
    WHEN status <> 'active' THEN coalesce(final_proficiency, %(initial_proficiency)s) END
WHERE id = %(session_id)s AND initial_proficiency IS NULL AND total_questions = 0;

-- expire_before_start --
-- Close the session that a student left idle in this pool, so that a new one can start.
SELECT assessment.close_session(s.id, 'expired', 'expired')
FROM (
  SELECT id FROM assessment.test_sessions
  WHERE student_id = %(student_id)s AND question_pool_id = %(pool_id)s AND status = 'active'
    AND pool_version IS NOT NULL
    AND last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
  FOR UPDATE
) AS s;

-- remove_old_tests --
-- Remove closed tests past their retention time, with their answers, and proficiencies of that age.
SELECT tests, answers, proficiencies, students FROM assessment.remove_old_tests(%(days)s, %(limit)s);

-- expire_idle --
-- Close sessions that were idle too long, the longest idle first; skip those that another run is
-- closing.
SELECT s.id, assessment.close_session(s.id, 'expired', 'expired')::TEXT AS closed
FROM (
  SELECT id FROM assessment.test_sessions
  WHERE status = 'active'
    AND last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
  ORDER BY last_activity LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS s;
