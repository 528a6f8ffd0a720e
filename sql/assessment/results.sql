-- Queries about results: those of a student, in all tests or only in one session if `session_id` is
-- not null; and those of all tests on a pool.

-- exists --
-- Whether the student ever started a test, or whether the given session is this student's.
SELECT CASE WHEN %(session_id)s::UUID IS NULL
  THEN EXISTS (SELECT FROM assessment.examinees WHERE id = %(student_id)s)
  ELSE EXISTS (
    SELECT FROM assessment.test_sessions
    WHERE id = %(session_id)s::UUID AND student_id = %(student_id)s
  )
END;

-- long_term_proficiencies --
-- Long-term proficiency in each concept that the student was tested in. It is exact, whatever the rule
-- `tells` of a pool says, because holders of a session read session_proficiencies instead.
SELECT p.concept_name, p.proficiency_value::DOUBLE PRECISION AS proficiency,
  coalesce(p.confidence, 0)::DOUBLE PRECISION AS confidence,
  coalesce(p.updated_at, p.created_at) AS updated_at, p.proven, 'each' AS tells
FROM assessment.student_proficiencies p
WHERE p.student_id = %(student_id)s
ORDER BY p.concept_name;

-- session_proficiencies --
-- Proficiency in each concept after the last answer of the given session, or before the first; no rows
-- while its result is not disclosed.
SELECT concepts.concept_name, concepts.proficiency::DOUBLE PRECISION AS proficiency,
  coalesce(concepts.confidence, '0')::DOUBLE PRECISION AS confidence, s.last_activity AS updated_at,
  s.proven, s.tells
FROM assessment.test_sessions s
CROSS JOIN LATERAL (
  SELECT coalesce(s.final_proficiency, s.current_proficiency, s.initial_proficiency) AS vector
) AS latest
CROSS JOIN LATERAL ROWS FROM (
  unnest(s.concept_names),
  jsonb_array_elements_text(
    CASE jsonb_typeof(latest.vector) WHEN 'array' THEN latest.vector END),
  jsonb_array_elements_text(
    CASE jsonb_typeof(s.current_confidence) WHEN 'array' THEN s.current_confidence END)
) AS concepts (concept_name, proficiency, confidence)
WHERE s.id = %(session_id)s::UUID AND s.student_id = %(student_id)s
  AND assessment.is_told(s) AND concepts.concept_name IS NOT NULL AND concepts.proficiency IS NOT NULL
ORDER BY concepts.concept_name;

-- history --
-- A page of the student's tests, newest first, after the given time and id (null: the first page).
SELECT s.id AS session_id, s.question_pool_id, s.status, s.end_reason, s.concept_names,
  s.initial_proficiency, s.final_proficiency, coalesce(s.total_questions, 0) AS total_questions,
  coalesce(s.correct_responses, 0) AS correct_responses, s.accuracy::DOUBLE PRECISION AS accuracy,
  s.learning_gain::DOUBLE PRECISION AS learning_gain,
  s.test_efficiency::DOUBLE PRECISION AS test_efficiency,
  s.started_at, s.completed_at, s.last_activity, s.proven, s.tells,
  assessment.is_told(s) AS is_told
FROM assessment.test_sessions s
WHERE s.student_id = %(student_id)s
  AND (%(session_id)s::UUID IS NULL OR s.id = %(session_id)s::UUID)
  AND (%(after_id)s::UUID IS NULL
    OR (coalesce(s.started_at, '-infinity'), s.id)
      < (coalesce(%(after_time)s::TIMESTAMP, '-infinity'), %(after_id)s::UUID))
ORDER BY coalesce(s.started_at, '-infinity') DESC, s.id DESC
LIMIT %(limit)s;

-- closed_sessions --
-- The student's most recent closed tests with answers, oldest first, except tests that were reset;
-- for the holder of a session, only if its result may be disclosed.
SELECT newest.* FROM (
  SELECT s.id AS session_id, s.concept_names, s.final_proficiency,
    s.accuracy::DOUBLE PRECISION AS accuracy, s.learning_gain::DOUBLE PRECISION AS learning_gain,
    s.total_questions, coalesce(s.completed_at, s.last_activity) AS date, s.proven, s.tells
  FROM assessment.test_sessions s
  WHERE s.student_id = %(student_id)s
    AND (%(session_id)s::UUID IS NULL OR s.id = %(session_id)s::UUID)
    AND s.status <> 'active' AND s.total_questions > 0 AND s.end_reason IS DISTINCT FROM 'reset'
    AND (%(session_id)s::UUID IS NULL OR assessment.is_told(s))
  ORDER BY coalesce(s.completed_at, s.last_activity) DESC, s.id LIMIT %(limit)s
) AS newest ORDER BY newest.date, newest.session_id;

-- totals --
-- Number and mean accuracy of all closed tests with answers, except tests that were reset.
SELECT count(*) AS total_sessions, avg(s.accuracy)::DOUBLE PRECISION AS avg_accuracy
FROM assessment.test_sessions s
WHERE s.student_id = %(student_id)s
  AND (%(session_id)s::UUID IS NULL OR s.id = %(session_id)s::UUID)
  AND s.status <> 'active' AND s.total_questions > 0 AND s.end_reason IS DISTINCT FROM 'reset'
  AND (%(session_id)s::UUID IS NULL OR assessment.is_told(s));

-- results_pool --
-- The rules and the number of concepts of a pool, for its results.
SELECT rules, concept_count FROM assessment.question_pools WHERE id = %(pool_id)s;

-- pool_results --
-- A page of the tests on a pool, newest first, after the given time and id (null: the first page).
SELECT s.id AS session_id, s.student_id, s.pool_version, s.status, s.end_reason, s.concept_names,
  s.final_proficiency, coalesce(s.total_questions, 0) AS total_questions,
  coalesce(s.correct_responses, 0) AS correct_responses, s.accuracy::DOUBLE PRECISION AS accuracy,
  s.started_at, s.completed_at, s.last_activity, s.proven, s.admitted
FROM assessment.test_sessions s
WHERE s.question_pool_id = %(pool_id)s
  AND (%(after_id)s::UUID IS NULL
    OR (coalesce(s.started_at, '-infinity'), s.id)
      < (coalesce(%(after_time)s::TIMESTAMP, '-infinity'), %(after_id)s::UUID))
ORDER BY coalesce(s.started_at, '-infinity') DESC, s.id DESC
LIMIT %(limit)s;
