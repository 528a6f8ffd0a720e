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
-- Record an answer if, under the row's lock, the session still waits for exactly this one; say so
-- with a row. One statement: the answer, the session's totals, its end and the student's long-term
-- proficiency (by trigger) are written together or not at all.
WITH before AS MATERIALIZED (
  SELECT s.id, s.student_id, s.initial_proficiency, s.current_proficiency, s.last_activity
  FROM assessment.test_sessions s
  WHERE s.id = %(session_id)s
    AND s.status = 'active'
    AND s.pool_version = %(pool_version)s
    AND s.total_questions = %(position)s
    AND (s.next_question_id = %(question_id)s OR s.total_questions = 0)
    AND s.last_activity > (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
  FOR UPDATE
), session AS (
  UPDATE assessment.test_sessions s SET
    total_questions = s.total_questions + 1,
    correct_responses = s.correct_responses + %(is_correct)s::INT,
    accuracy = round(
      (s.correct_responses + %(is_correct)s::INT)::DECIMAL / (s.total_questions + 1), 6),
    initial_proficiency = coalesce(s.initial_proficiency, %(initial)s),
    current_proficiency = %(proficiency)s,
    current_confidence = %(confidence)s,
    learning_gain = %(learning_gain)s,
    test_efficiency = %(test_efficiency)s,
    next_question_id = %(next_question_id)s,
    last_activity = clock_timestamp() AT TIME ZONE 'UTC',
    status = CASE WHEN %(end_reason)s::TEXT IS NULL THEN 'active' ELSE 'completed' END,
    end_reason = %(end_reason)s,
    completed_at = CASE WHEN %(end_reason)s::TEXT IS NOT NULL
      THEN clock_timestamp() AT TIME ZONE 'UTC' END,
    final_proficiency = CASE WHEN %(end_reason)s::TEXT IS NOT NULL THEN %(proficiency)s END
  FROM before
  WHERE s.id = before.id
  RETURNING s.id, s.total_questions, s.correct_responses, s.accuracy, s.last_activity
), answer AS (
  INSERT INTO assessment.test_responses (
    student_id, session_id, question_id, response, is_correct, proficiency_before,
    proficiency_after, position, next_question_id, timestamp, seconds)
  SELECT before.student_id, before.id, %(question_id)s, %(response)s, %(is_correct)s,
    coalesce(before.current_proficiency, before.initial_proficiency, %(initial)s),
    %(proficiency)s, %(position)s, %(next_question_id)s, session.last_activity,
    round(extract(epoch FROM session.last_activity - before.last_activity), 3)
  FROM before, session
)
SELECT session.total_questions, session.correct_responses, session.last_activity,
  assessment.question_shown(%(question_to_read)s, %(pool_version)s) AS next_question
FROM session;

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
