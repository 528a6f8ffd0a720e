-- Queries of test sessions. Times are the database's; TIMESTAMP columns mean UTC.

-- wait_no_longer --
-- Give up on a lock that someone holds, for the statements sent along with this one.
SELECT set_config('lock_timeout', '3s', true);

-- open_session --
-- Make a session, or find the active one that this student has in this pool already.
-- No row: there is no such pool, or it tests another number of concepts.
WITH pool AS (
  SELECT p.id, p.current_version, p.concept_count
  FROM assessment.question_pools p
  WHERE p.id = %(pool_id)s AND p.concept_count = cardinality(%(concept_names)s::TEXT[])
), student AS (
  INSERT INTO assessment.students (id) SELECT %(student_id)s FROM pool
  ON CONFLICT ON CONSTRAINT students_pkey DO NOTHING
), known AS (
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
    %(concept_names)s::TEXT[], %(end_criteria)s, known.prior,
    CASE WHEN known.prior IS NULL
      THEN to_jsonb(array_fill(0.5, ARRAY[pool.concept_count])) END
  FROM pool, known
  ON CONFLICT (student_id, question_pool_id) WHERE status = 'active' AND pool_version IS NOT NULL
    DO UPDATE SET last_activity = excluded.last_activity
  RETURNING s.*
)
SELECT id, pool_version, concept_names, end_criteria, prior, initial_proficiency,
  next_question_id, last_activity
FROM session;

-- concept_count --
-- How many concepts a pool tests; no row if there is no such pool.
SELECT concept_count FROM assessment.question_pools WHERE id = %(pool_id)s;

-- record_answer --
-- Record an answer; no row if the session does not wait for exactly this one.
SELECT total_questions, correct_responses, last_activity, next_question
FROM assessment.record_answer(
  %(session_id)s, %(pool_version)s, %(position)s, %(question_id)s, %(response)s, %(is_correct)s,
  %(initial)s, %(proficiency)s, %(confidence)s, %(learning_gain)s, %(test_efficiency)s,
  %(next_question_id)s, %(question_to_read)s, %(end_reason)s, %(idle_minutes)s);

-- read_session --
-- All that the record says about a session.
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

-- question_shown --
-- A question as a version of its pool has it.
SELECT assessment.question_shown(%(question_id)s, %(pool_version)s);

-- end_session --
-- Close a session at the caller's wish; one that was idle too long is closed as expired.
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
-- What a returning student began with, of a session that closes before its first answer.
UPDATE assessment.test_sessions SET
  initial_proficiency = %(initial)s,
  final_proficiency = CASE WHEN status <> 'active' THEN coalesce(final_proficiency, %(initial)s) END
WHERE id = %(session_id)s AND initial_proficiency IS NULL AND total_questions = 0;

-- expire_before_start --
-- Close the session that a student left idle in this pool, so that a new one can begin.
SELECT assessment.close_session(s.id, 'expired', 'expired')
FROM (
  SELECT id FROM assessment.test_sessions
  WHERE student_id = %(student_id)s AND question_pool_id = %(pool_id)s AND status = 'active'
    AND pool_version IS NOT NULL
    AND last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
  FOR UPDATE
) AS s;

-- expire_idle --
-- Close sessions that were idle too long, longest first; those another run has in hand are its.
SELECT s.id, assessment.close_session(s.id, 'expired', 'expired')::TEXT AS closed
FROM (
  SELECT id FROM assessment.test_sessions
  WHERE status = 'active'
    AND last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
  ORDER BY last_activity LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS s;
