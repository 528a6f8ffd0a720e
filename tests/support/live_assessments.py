"""Databases of the assessment in the forms that live deployments have, in `public`.

A is the oldest form, B adds the columns of the migration guide, C the tables of the newest form.
"""

POOL = "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11"
SESSIONS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(1, 4)]

FORM_A = """
CREATE TABLE students (
  id VARCHAR(64) PRIMARY KEY, name VARCHAR NOT NULL, email VARCHAR, grade_level INTEGER NOT NULL,
  created_at TIMESTAMPTZ DEFAULT now());
CREATE TABLE student_proficiencies (
  id SERIAL PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES students(id),
  concept_name VARCHAR NOT NULL, proficiency_value DOUBLE PRECISION NOT NULL,
  confidence DOUBLE PRECISION DEFAULT 0.0, updated_at TIMESTAMPTZ DEFAULT now());
CREATE TABLE test_sessions (
  id TEXT PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES students(id), status TEXT,
  initial_proficiency JSON, final_proficiency JSON, total_questions BIGINT DEFAULT 0,
  correct_responses BIGINT DEFAULT 0, accuracy DOUBLE PRECISION, learning_gain DOUBLE PRECISION,
  test_efficiency DOUBLE PRECISION, started_at TIMESTAMPTZ DEFAULT now(), completed_at TIMESTAMPTZ);
CREATE TABLE test_responses (
  id SERIAL PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES students(id),
  session_id TEXT NOT NULL REFERENCES test_sessions(id), question_id VARCHAR NOT NULL,
  is_correct INTEGER NOT NULL CHECK (is_correct IN (0, 1)), response_time_ms INTEGER NOT NULL,
  question_difficulty DOUBLE PRECISION, proficiency_before JSON, proficiency_after JSON,
  timestamp TIMESTAMPTZ DEFAULT now());
CREATE VIEW v_right_answers AS
  SELECT session_id, sum(is_correct) AS right_answers FROM test_responses GROUP BY session_id;
CREATE VIEW v_best AS SELECT max(right_answers) AS best FROM v_right_answers;
ALTER TABLE test_responses ENABLE ROW LEVEL SECURITY;
"""
ROWS_A = f"""
INSERT INTO students (id, name, email, grade_level) VALUES
  ('ann', 'Ann', 'ann@example.com', 7), ('bob', 'Bob', NULL, 8);
INSERT INTO student_proficiencies (student_id, concept_name, proficiency_value) VALUES
  ('ann', 'Algebra', 1.2), ('ann', 'Math', -0.7), ('ann', 'Math', 0.5), ('bob', 'Algebra', 2.9);
INSERT INTO test_sessions (id, student_id, status, initial_proficiency, final_proficiency,
  total_questions, correct_responses, accuracy, started_at, completed_at) VALUES
  ('{SESSIONS[0]}', 'ann', 'completed', '[0.5, 0.5, 0.5, 0.5, 0.5]', '[0.6, 0.4, 0.5, 0.7, 0.5]',
   2, 1, 0.5, '2025-01-01 11:00+01', '2025-01-01 11:09+01'),
  ('{SESSIONS[1]}', 'ann', 'completed', '[0.6, 0.4, 0.5, 0.7, 0.5]', '[0.8, 0.4, 0.5, 0.7, 0.5]',
   1, 1, 1, '2025-02-01 10:00Z', '2025-02-01 10:05Z'),
  ('session of bob', 'bob', 'active', NULL, NULL, 0, 0, NULL, '2025-03-01 10:00Z', NULL);
INSERT INTO test_responses (student_id, session_id, question_id, is_correct, response_time_ms,
  proficiency_after, timestamp) VALUES
  ('ann', '{SESSIONS[0]}', 'q1', 1, 900, '[0.6, 0.5, 0.5, 0.5, 0.5]', '2025-01-01 11:01+01'),
  ('ann', '{SESSIONS[0]}', 'q2', 0, 800, '[0.6, 0.4, 0.5, 0.7, 0.5]', '2025-01-01 11:05+01'),
  ('ann', '{SESSIONS[1]}', 'q1', 1, 700, '[0.8, 0.4, 0.5, 0.7, 0.5]', '2025-02-01 10:02Z'),
  ('bob', 'session of bob', 'q1', 1, 600, NULL, '2025-03-01 10:02Z');
"""
FORM_B = """
ALTER TABLE test_sessions ADD COLUMN question_pool_id TEXT;
ALTER TABLE test_sessions ADD COLUMN last_activity TIMESTAMP DEFAULT now();
"""
"""The ALTER statements of the migration guide, to be run after `FORM_A`."""
QUESTIONS_C = f"""
CREATE TABLE questions (
  id VARCHAR PRIMARY KEY, pool_id VARCHAR NOT NULL, content TEXT NOT NULL, options TEXT NOT NULL,
  correct_answer VARCHAR NOT NULL, concepts TEXT NOT NULL DEFAULT '[]', difficulty NUMERIC,
  discrimination NUMERIC, guessing NUMERIC, topic_id INTEGER NOT NULL);
INSERT INTO questions (id, pool_id, content, options, correct_answer, concepts, difficulty,
  discrimination, guessing, topic_id) VALUES
  ('list', 'topic_{POOL}', 'a', '["one", "two"]', ' TWO ', '[1, 0]', 0.3, 1.2, NULL, 1),
  ('objects', 'topic_{POOL}', 'b',
   '[{{"id": "x", "text": "one"}}, {{"id": "y", "text": "two"}}]', 'y', '[true, false]',
   0.6, 9, 1, 1),
  ('keys', 'topic_{POOL}', 'c', '{{"A": "one", "B": "two"}}', 'B', '[0, 1]', 0.5, 1, 0.25, 1),
  ('letter', 'topic_{POOL}', 'd', '["one", "two"]', 'b', '"[0, 1]"', 0.5, 1, 0.25, 1),
  ('truth', 'topic_{POOL}', 'e', '[true, false]', 'True', '[]', 0.5, 1, 0.25, 1),
  ('lost', 'topic_{POOL}', 'f', '["one", "two"]', 'three', '[0, 1]', 0.5, 1, 0.25, 1),
  ('logit1', 'advanced_{POOL}', 'g', '["one", "two"]', 'one', '[1, 1]', -1.5, 1.1, 0, 1),
  ('logit2', 'advanced_{POOL}', 'h', '["one", "two"]', 'one', '[0, 2]', 0.8, 0.9, 0, 1);
"""
ANSWERS_C = {
    "list": ("two", [1, 0]),
    "objects": ("two", [1, 0]),
    "keys": ("two", [0, 1]),
    "letter": ("two", [0, 1]),
    "truth": ("true", [1, 0]),
}
"""Right answers and concepts of the questions of `topic_…` that can be asked."""

POOLS_C = f"""
CREATE TABLE question_pools (
  id VARCHAR PRIMARY KEY, level VARCHAR NOT NULL, level_id UUID NOT NULL,
  attribute_count INT DEFAULT 0, attributes JSONB DEFAULT '[]', total_questions INT DEFAULT 0,
  metadata JSONB DEFAULT '{{}}', cached_at TIMESTAMP DEFAULT now(), expires_at VARCHAR);
CREATE VIEW v_cache_statistics AS SELECT count(*) AS total_pools FROM question_pools;
INSERT INTO question_pools (id, level, level_id, attribute_count, attributes) VALUES
  ('topic_{POOL}', 'topic', '{POOL}', 2,
   '[{{"id": "1", "name": "Factoring"}}, {{"id": "2", "name": "Roots"}}]'),
  ('advanced_{POOL}', 'topic', '{POOL}', 1, '[{{"id": "1", "name": "Factoring"}}]');
ALTER TABLE questions ADD CONSTRAINT of_pool FOREIGN KEY (pool_id) REFERENCES question_pools (id);
"""
"""Script for the pools of the newest form, to be run after `QUESTIONS_C`."""
ODD_POOL = "odd"
ODD_QUESTIONS = {
    "blanks": ('["one\\u00a0", "two"]', "\tONE\n", "[1, 0]", 0),
    "point": ('["one", "two"]', "B.", "[1, 0]", 1),
    "bracket": ('["one", "two"]', "(a)", "[1, 0]", 0),
    "label": (
        '[{"label": "A", "value": "one"}, {"label": "B", "value": "two"}]', "b", "[1, 0]", 1,
    ),
    "single": ('[{"A": "one"}, {"B": "two"}]', "B", "[1, 0]", 1),
    "nested": ('{"a": {"text": "one"}, "b": {"text": "two"}}', "b", "[1, 0]", 1),
    "wrapped": ('"[\\"one\\", \\"two\\"]"', '"two"', '"[\\"1\\", \\"0\\"]"', 1),
    "numbers": ("[1, 2]", "2", '["0", 1]', 1),
    "text first": ('["b", "a"]', "A", "[1, 0]", 1),
    "both cases": ('["Two", "two"]', "TWO", "[1, 0]", None),
    "third letter": ('["one", "two"]', "C", "[1, 0]", None),
    "twice": ('["one", "one", "two"]', "one", "[1, 0]", None),
    "only one": ('["one"]', "one", "[1, 0]", None),
    "nothing": ("[]", "one", "[1, 0]", None),
    "null": ('["one", null]', "one", "[1, 0]", None),
    "no JSON": ("one;two", "one", "[1, 0]", None),
    "a word": ('["one", "two"]', "one", "Math", None),
    "three": ('["one", "two"]', "one", "[1, 0, 0]", None),
    "negative": ('["one", "two"]', "one", "[-1, 0]", None),
}  # fmt: skip
"""Options, answer and concepts of questions, and the index of the right option; None if the right
option or the concepts are unclear, so that the question is not asked."""
