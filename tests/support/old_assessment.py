"""Databases of the assessment as older deployments left them, in `public`."""

POOL = "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11"
SESSION = "00000000-0000-0000-0000-00000000000{}"

BARE = """
CREATE TABLE students (id VARCHAR PRIMARY KEY);
CREATE TABLE student_proficiencies (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), student_id VARCHAR NOT NULL,
  concept_name VARCHAR NOT NULL, proficiency_value DECIMAL NOT NULL DEFAULT 0.5,
  confidence DECIMAL DEFAULT 0.0, updated_at TIMESTAMP);
CREATE TABLE test_sessions (
  id UUID PRIMARY KEY, student_id VARCHAR NOT NULL, question_pool_id UUID,
  status VARCHAR DEFAULT 'active', initial_proficiency JSONB, final_proficiency JSONB,
  total_questions INT DEFAULT 0, correct_responses INT DEFAULT 0, accuracy DECIMAL,
  started_at TIMESTAMP, completed_at TIMESTAMP);
CREATE TABLE test_responses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), student_id VARCHAR NOT NULL,
  session_id UUID NOT NULL, question_id VARCHAR NOT NULL, response INT NOT NULL,
  is_correct BOOLEAN, proficiency_before JSONB, proficiency_after JSONB, timestamp TIMESTAMP);
"""
FULL = """
CREATE TABLE students (
  id VARCHAR PRIMARY KEY, created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE TABLE student_proficiencies (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id VARCHAR NOT NULL REFERENCES students(id), concept_name VARCHAR NOT NULL,
  proficiency_value DECIMAL NOT NULL DEFAULT 0.5, confidence DECIMAL DEFAULT 0.0,
  created_at TIMESTAMP DEFAULT NOW(), updated_at TIMESTAMP DEFAULT NOW());
CREATE INDEX idx_student_proficiencies_student_id ON student_proficiencies(student_id);
CREATE TABLE questions (
  id VARCHAR PRIMARY KEY, pool_id UUID NOT NULL, content TEXT NOT NULL, options JSONB NOT NULL,
  correct_answer VARCHAR NOT NULL, concepts JSONB NOT NULL DEFAULT '[]',
  difficulty DECIMAL DEFAULT 0.5, discrimination DECIMAL DEFAULT 1.0,
  created_at TIMESTAMP DEFAULT NOW());
CREATE INDEX idx_questions_pool_id ON questions(pool_id);
CREATE TABLE test_sessions (
  id UUID PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES students(id),
  question_pool_id UUID, status VARCHAR DEFAULT 'active', initial_proficiency JSONB,
  final_proficiency JSONB, total_questions INT DEFAULT 0, correct_responses INT DEFAULT 0,
  accuracy DECIMAL, learning_gain DECIMAL, test_efficiency DECIMAL,
  started_at TIMESTAMP DEFAULT NOW(), completed_at TIMESTAMP);
CREATE TABLE test_responses (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  student_id VARCHAR NOT NULL REFERENCES students(id),
  session_id UUID NOT NULL REFERENCES test_sessions(id), question_id VARCHAR NOT NULL,
  response INT NOT NULL, is_correct BOOLEAN, proficiency_before JSONB, proficiency_after JSONB,
  timestamp TIMESTAMP DEFAULT NOW());
CREATE INDEX idx_test_responses_session_id ON test_responses(session_id);
"""
ROWS = f"""
INSERT INTO students (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO student_proficiencies (student_id, concept_name, proficiency_value, updated_at) VALUES
  ('ann', 'Math', 0.4, '2025-01-01'), ('ann', 'Math', 0.6, '2025-02-01'),
  ('ann', 'Algebra', 0.5, NULL), ('bob', 'Math', 0.7, '2025-01-01');
INSERT INTO test_sessions (id, student_id, question_pool_id, status, started_at, completed_at)
VALUES
  ('{SESSION.format(1)}', 'ann', '{POOL}', 'active', '2025-01-01 10:00', NULL),
  ('{SESSION.format(2)}', 'ann', '{POOL}', 'active', '2025-01-02 10:00', NULL),
  ('{SESSION.format(3)}', 'bob', NULL, 'abandoned', '2025-01-03 10:00', '2025-01-03 11:00');
INSERT INTO test_responses
  (student_id, session_id, question_id, response, is_correct, proficiency_after, timestamp) VALUES
  ('ann', '{SESSION.format(1)}', 'q1', 1, TRUE, '[0.6]', '2025-01-01 10:01'),
  ('ann', '{SESSION.format(1)}', 'q1', 2, FALSE, '[0.4]', '2025-01-01 10:02'),
  ('ann', '{SESSION.format(1)}', 'q2', 0, FALSE, '[0.5]', '2025-01-01 10:03'),
  ('bob', '{SESSION.format(3)}', 'q1', 1, TRUE, '[0.6]', NULL);
"""
ORPHANS = """
INSERT INTO test_sessions (id, student_id) VALUES
  ('00000000-0000-0000-0000-000000000009', 'dan');
INSERT INTO test_responses (student_id, session_id, question_id, response) VALUES
  ('eve', '00000000-0000-0000-0000-0000000000ff', 'q7', 0);
"""
QUESTIONS = f"""
INSERT INTO questions (id, pool_id, content, options, correct_answer, concepts, difficulty,
  discrimination) VALUES
  ('q1', '{POOL}', '1+1?', '["1", "2"]', '2', '[1, 0]', 0.3, 1.2),
  ('q2', '{POOL}', '2+2?', '["4", "2"]', '4', '[0, 1]', NULL, NULL),
  ('q3', '{POOL}', '3+3?', '["4", "2"]', '6', '[0, 1]', 0.5, 1),
  ('q4', '{POOL}', '4+4?', '["8", "2"]', '8', '[]', 0.5, 1),
  ('q5', '{POOL}', '5+5?', '["10", "2"]', '10', '[1e-300, 0]', 0.5, 1);
"""
