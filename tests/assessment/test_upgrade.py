"""Databases of older deployments are upgraded in place, with every row."""

import psycopg
import pytest

from lib.database.schema import schema_scripts

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
TABLES = ("students", "student_proficiencies", "test_sessions", "test_responses")

CATALOG_QUERIES = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'assessment' ORDER BY 1, 2"
    ),
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated"
        " FROM pg_constraint WHERE connamespace = 'assessment'::regnamespace AND contype <> 'n'"
        " ORDER BY 1, 2"
    ),
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'assessment' ORDER BY 1",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
)


def run(url: str, *scripts: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for script in scripts:
            connection.execute(script.encode())


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def upgrade(url: str) -> None:
    run(url, *(script for _, script in schema_scripts()))


def row_ids(url: str, schema: str) -> dict[str, set[object]]:
    return {
        table: {row[0] for row in fetch(url, f"SELECT id::text FROM {schema}.{table}")}
        for table in TABLES
    }


@pytest.mark.parametrize("old", [BARE + ROWS + ORPHANS, FULL + ROWS + QUESTIONS])
def test_every_row_is_kept_or_set_aside(old: str, empty_postgres_url: str) -> None:
    run(empty_postgres_url, old)
    before = row_ids(empty_postgres_url, "public")
    upgrade(empty_postgres_url)
    after = row_ids(empty_postgres_url, "assessment")
    set_aside = fetch(
        empty_postgres_url, "SELECT table_name, row_data->>'id' FROM assessment.set_aside_rows"
    )
    for table in TABLES:
        all_ids = after[table] | {row_id for name, row_id in set_aside if name == table}
        assert before[table] <= all_ids, table
        assert len(after[table]) + sum(name == table for name, _ in set_aside) >= len(before[table])
    upgrade(empty_postgres_url)
    assert row_ids(empty_postgres_url, "assessment") == after, "a second run changes nothing"


def test_first_answer_and_newest_proficiency_are_kept(empty_postgres_url: str) -> None:
    run(empty_postgres_url, FULL, ROWS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT question_id, response FROM assessment.test_responses"
        " WHERE student_id = 'ann' ORDER BY question_id",
    ) == [("q1", 1), ("q2", 0)]
    assert fetch(
        empty_postgres_url,
        "SELECT proficiency_value::float FROM assessment.student_proficiencies"
        " WHERE student_id = 'ann' AND concept_name = 'Math'",
    ) == [(0.6,)]
    assert fetch(
        empty_postgres_url,
        "SELECT table_name, reason, row_data->>'response', row_data->>'proficiency_value'"
        " FROM assessment.set_aside_rows ORDER BY table_name",
    ) == [
        ("student_proficiencies", "an older value of the same concept", None, "0.4"),
        ("test_responses", "a later answer to an answered question", "2", None),
    ]


def test_rows_without_their_parent_row_are_adopted_or_set_aside(empty_postgres_url: str) -> None:
    run(empty_postgres_url, BARE, ROWS, ORPHANS)
    upgrade(empty_postgres_url)
    students = fetch(empty_postgres_url, "SELECT id FROM assessment.students ORDER BY id")
    assert students == [("ann",), ("bob",), ("cyd",), ("dan",), ("eve",)]
    assert fetch(
        empty_postgres_url,
        "SELECT reason, row_data->>'question_id' FROM assessment.set_aside_rows"
        " WHERE reason LIKE '%without%'",
    ) == [("an answer without its session", "q7")]


@pytest.mark.parametrize("old", [BARE + ROWS + ORPHANS, FULL + ROWS + QUESTIONS])
def test_upgraded_schema_equals_a_new_one(
    old: str, empty_postgres_url: str, postgres_url: str
) -> None:
    run(empty_postgres_url, old)
    upgrade(empty_postgres_url)
    for query in CATALOG_QUERIES:
        assert fetch(empty_postgres_url, query) == fetch(postgres_url, query)


def test_pool_versions_of_an_earlier_release_get_columns_for_settings_and_counts(
    empty_postgres_url: str, postgres_url: str
) -> None:
    upgrade(empty_postgres_url)
    run(
        empty_postgres_url,
        f"""
        DROP TABLE assessment.calibration_attempts;
        ALTER TABLE assessment.pool_versions DROP COLUMN selection, DROP COLUMN exposure,
          DROP CONSTRAINT pool_versions_origin_check,
          ADD CONSTRAINT pool_versions_origin_check
            CHECK (origin IN ('upload', 'calibration', 'adopted'));
        INSERT INTO assessment.question_pools (id, concept_count, current_version)
        VALUES ('{POOL}', 2, 1);
        INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)
        VALUES ('{POOL}', 1, 'upload', 0);
        """,
    )
    upgrade(empty_postgres_url)
    upgrade(empty_postgres_url)
    for query in CATALOG_QUERIES:
        assert fetch(empty_postgres_url, query) == fetch(postgres_url, query)
    versions = "SELECT version, origin, selection, exposure FROM assessment.pool_versions"
    assert fetch(empty_postgres_url, versions) == [(1, "upload", None, None)]


def test_workshop_students_stay_untouched(empty_postgres_url: str) -> None:
    upgrade(empty_postgres_url)
    run(empty_postgres_url, "INSERT INTO public.students (student_email) VALUES ('a@b.example')")
    upgrade(empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT count(*) FROM public.students") == [(1,)]


def test_existing_questions_become_a_usable_pool(empty_postgres_url: str) -> None:
    run(empty_postgres_url, FULL, QUESTIONS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT p.id::text, p.concept_count, v.origin FROM assessment.question_pools p"
        " JOIN assessment.pool_versions v ON v.pool_id = p.id AND v.version = p.current_version",
    ) == [(POOL, 2, "adopted")]
    assert fetch(
        empty_postgres_url,
        "SELECT question_id, position, correct_option, concepts, difficulty, discrimination"
        " FROM assessment.pool_items ORDER BY position",
    ) == [
        ("q1", 0, 1, [1.0, 0.0], 0.3, 1.2),
        ("q2", 1, 0, [0.0, 1.0], 0.5, 1.0),
        ("q3", 2, None, [0.0, 1.0], 0.5, 1.0),  # its answer is not an option: never asked
    ]
    assert fetch(empty_postgres_url, "SELECT count(*) FROM assessment.questions") == [(5,)]


def test_last_activity_of_old_sessions_is_their_newest_recorded_time(
    empty_postgres_url: str,
) -> None:
    run(empty_postgres_url, FULL, ROWS)
    upgrade(empty_postgres_url)
    assert fetch(
        empty_postgres_url,
        "SELECT last_activity::text FROM assessment.test_sessions ORDER BY id",
    ) == [("2025-01-01 10:03:00",), ("2025-01-02 10:00:00",), ("2025-01-03 11:00:00",)]


def test_table_of_the_same_name_in_both_schemas_stops_the_upgrade(empty_postgres_url: str) -> None:
    upgrade(empty_postgres_url)
    run(
        empty_postgres_url,
        "CREATE TABLE public.test_responses (session_id UUID, question_id VARCHAR, response INT)",
    )
    with pytest.raises(psycopg.errors.RaiseException, match="both exist"):
        upgrade(empty_postgres_url)


def test_monitoring_queries_of_the_guide_run_as_printed(postgres_url: str) -> None:
    for query in (
        (
            "SELECT COUNT(*) FROM test_sessions WHERE status = 'active'"
            " AND last_activity > NOW() - INTERVAL '30 minutes'"
        ),
        "SELECT pool_id, COUNT(*) as question_count FROM questions GROUP BY pool_id",
        (
            "SELECT student_id, COUNT(*) as total_responses,"
            " AVG(CASE WHEN is_correct THEN 1 ELSE 0 END) as accuracy"
            " FROM test_responses GROUP BY student_id"
        ),
    ):
        fetch(postgres_url, query)
