-- Queries of test sessions. Times are those of the database's clock; TIMESTAMP columns mean UTC.

-- limit_lock_wait --
-- Make the other statements of the batch give up on a lock after three seconds.
SELECT set_config('lock_timeout', '3s', true);

-- start_session --
-- Start or resume a session; return it, or the reason for a refusal.
SELECT s.refusal, s.expected, (s.started).id, (s.started).student_id,
  (s.started).question_pool_id AS pool_id, (s.started).pool_version, (s.started).concept_names,
  (s.started).end_criteria, (s.started).prior, (s.started).initial_proficiency,
  (s.started).next_question_id, (s.started).last_activity, (s.started).tells,
  (s.started).asked_before, (s.started).proven,
  (s.started).extra_time::DOUBLE PRECISION AS extra_time
FROM assessment.start_session(
  %(session_id)s, %(resumed_id)s, %(student_id)s, %(pool_id)s, %(concept_names)s,
  %(default_names)s, %(end_criteria)s, %(ticket_id)s, %(ticket_uses)s, %(extra_time)s, %(start_key)s,
  %(start_body)s, %(is_operator)s, %(open_tests_count)s, %(needs_ticket)s, %(idle_minutes)s) AS s;

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
  s.status = 'active' AND s.last_activity <= (now() AT TIME ZONE 'UTC') - make_interval(mins => %(idle_minutes)s)
    AS is_idle,
  s.concept_names, s.end_criteria, s.prior, s.initial_proficiency, s.current_proficiency,
  s.final_proficiency, coalesce(s.total_questions, 0) AS total_questions,
  coalesce(s.correct_responses, 0) AS correct_responses,
  s.learning_gain::DOUBLE PRECISION AS learning_gain,
  s.test_efficiency::DOUBLE PRECISION AS test_efficiency,
  s.next_question_id, s.started_at, s.completed_at, s.last_activity, s.tells, s.asked_before,
  s.proven, s.extra_time::DOUBLE PRECISION AS extra_time
FROM assessment.test_sessions s
WHERE s.id = %(session_id)s;

-- resume_question --
-- The question that a session waits for, as JSON without its correct answer (null before the first answer),
-- and the number of questions in its version of the pool.
SELECT assessment.question_shown(s.next_question_id, s.pool_version) AS question, v.question_count
FROM assessment.test_sessions s
JOIN assessment.pool_versions v ON v.pool_id = s.question_pool_id AND v.version = s.pool_version
WHERE s.id = %(session_id)s AND s.status = 'active';

-- reset_session --
-- Close a session without a result, so that it does not change the student's long-term proficiency.
SELECT assessment.close_session(s.id, 'terminated', 'reset')
FROM (
  SELECT id FROM assessment.test_sessions WHERE id = %(session_id)s AND status = 'active' FOR UPDATE
) AS s;

-- read_answers --
-- The answers of a session, in order.
SELECT r.id, r.question_id, r.response, coalesce(r.is_correct, FALSE) AS is_correct, r.position,
  r.proficiency_after, r.next_question_id
FROM assessment.test_responses r
WHERE r.session_id = %(session_id)s
ORDER BY r.position, r.timestamp;

-- read_question --
-- A question as it is in a version of its pool, as JSON without its correct answer; null if there is none.
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
