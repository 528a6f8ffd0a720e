-- Queries about a student over all tests.

-- owns_session --
-- Whether a session is this student's.
SELECT EXISTS (
  SELECT FROM assessment.test_sessions WHERE id = %(session_id)s AND student_id = %(student_id)s
);

-- student_exists --
-- Whether the student ever began a test.
SELECT EXISTS (SELECT FROM assessment.students WHERE id = %(student_id)s);

-- proficiencies --
-- Long-term proficiency in each concept the student was tested in.
SELECT p.concept_name, p.proficiency_value::DOUBLE PRECISION AS proficiency,
  coalesce(p.confidence, 0)::DOUBLE PRECISION AS confidence,
  coalesce(p.updated_at, p.created_at) AS updated_at
FROM assessment.student_proficiencies p
WHERE p.student_id = %(student_id)s
ORDER BY p.concept_name;

-- history --
-- The student's tests, newest first, from a page on.
SELECT s.id AS session_id, s.question_pool_id, s.status, s.end_reason, s.concept_names,
  s.initial_proficiency, s.final_proficiency, coalesce(s.total_questions, 0) AS total_questions,
  coalesce(s.correct_responses, 0) AS correct_responses, s.accuracy::DOUBLE PRECISION AS accuracy,
  s.learning_gain::DOUBLE PRECISION AS learning_gain,
  s.test_efficiency::DOUBLE PRECISION AS test_efficiency,
  s.started_at, s.completed_at, s.last_activity
FROM assessment.test_sessions s
WHERE s.student_id = %(student_id)s
ORDER BY s.started_at DESC NULLS LAST, s.id
LIMIT %(limit)s OFFSET %(offset)s;

-- closed_sessions --
-- The student's newest closed tests with answers, oldest first.
SELECT newest.* FROM (
  SELECT s.id AS session_id, s.concept_names, s.final_proficiency,
    s.accuracy::DOUBLE PRECISION AS accuracy, s.learning_gain::DOUBLE PRECISION AS learning_gain,
    s.total_questions, coalesce(s.completed_at, s.last_activity) AS date
  FROM assessment.test_sessions s
  WHERE s.student_id = %(student_id)s AND s.status <> 'active' AND s.total_questions > 0
  ORDER BY coalesce(s.completed_at, s.last_activity) DESC, s.id LIMIT %(limit)s
) AS newest ORDER BY newest.date, newest.session_id;

-- totals --
-- Over all closed tests with answers.
SELECT count(*) AS total_sessions, avg(s.accuracy)::DOUBLE PRECISION AS avg_accuracy
FROM assessment.test_sessions s
WHERE s.student_id = %(student_id)s AND s.status <> 'active' AND s.total_questions > 0;
