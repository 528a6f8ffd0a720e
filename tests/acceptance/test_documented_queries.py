"""The SQL of the guides, as printed, on a database with the demo."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(postgres_url, row_factory=dict_row) as connection:
        yield connection


Database = psycopg.Connection[DictRow]


def test_existing_column_last_activity_can_be_added_again(database: Database) -> None:
    database.execute("""
ALTER TABLE test_sessions ADD COLUMN IF NOT EXISTS last_activity TIMESTAMP DEFAULT NOW();
""")


def test_active_sessions_are_counted(database: Database) -> None:
    rows = database.execute("""
SELECT COUNT(*)
FROM test_sessions
WHERE status = 'active'
AND last_activity > NOW() - INTERVAL '30 minutes';
""").fetchall()
    assert rows == [{"count": 2}]


def test_questions_are_counted_per_pool(database: Database) -> None:
    rows = database.execute("""
SELECT pool_id, COUNT(*) as question_count
FROM questions
GROUP BY pool_id;
""").fetchall()
    assert [row["question_count"] for row in rows] == [150]


def test_accuracy_of_responses_is_computed_per_student(database: Database) -> None:
    rows = database.execute("""
SELECT
  student_id,
  COUNT(*) as total_responses,
  AVG(CASE WHEN is_correct THEN 1 ELSE 0 END) as accuracy
FROM test_responses
GROUP BY student_id;
""").fetchall()
    assert len(rows) == 70
    assert sum(row["total_responses"] for row in rows) == 1955
    assert all(0 <= row["accuracy"] <= 1 for row in rows)
    assert len({row["accuracy"] for row in rows}) > 10


def test_a_session_is_found_by_its_id(database: Database) -> None:
    session_id = database.execute("SELECT id FROM test_sessions LIMIT 1").fetchall()[0]["id"]
    query = "SELECT * FROM test_sessions WHERE id = 'session-uuid';"
    rows = database.execute(query.replace("session-uuid", str(session_id)).encode()).fetchall()
    assert len(rows) == 1


def test_the_migration_is_verified_by_counting(database: Database) -> None:
    for query, expected in (
        (b"SELECT COUNT(*) FROM students;", 40),
        (b"SELECT COUNT(*) FROM sessions;", 44),
        (b"SELECT COUNT(*) FROM step_progress;", 201),
    ):
        assert database.execute(query).fetchall() == [{"count": expected}]


def test_no_session_is_an_orphan(database: Database) -> None:
    rows = database.execute("""
-- Check for orphaned sessions (sessions without students)
SELECT COUNT(*)
FROM sessions s
LEFT JOIN students st ON s.student_id = st.student_id
WHERE st.student_id IS NULL;
-- Should be 0
""").fetchall()
    assert rows == [{"count": 0}]


def test_function_that_recomputes_progress_can_be_called(database: Database) -> None:
    rows = database.execute("SELECT update_session_progress('ws_1234567890_abc123');").fetchall()
    assert len(rows) == 1


def test_all_sessions_of_a_student_are_listed(database: Database) -> None:
    query = """
SELECT s.*, st.student_email, st.student_name
FROM sessions s
JOIN students st ON s.student_id = st.student_id
WHERE st.student_email = 'student@example.com'
ORDER BY s.last_activity DESC;
"""
    assert database.execute(query.encode()).fetchall() == []
    amara = query.replace("student@example.com", "amara.okafor@example.com")
    rows = database.execute(amara.encode()).fetchall()
    assert [row["completion_rate"] for row in rows] == [100, 33]


def test_completion_is_summed_up_per_student(database: Database) -> None:
    rows = database.execute("""
SELECT
  st.student_email,
  st.student_name,
  COUNT(DISTINCT s.session_token) as total_sessions,
  AVG(s.completion_rate) as avg_completion,
  MAX(s.last_activity) as last_active
FROM students st
LEFT JOIN sessions s ON st.student_id = s.student_id
GROUP BY st.student_id, st.student_email, st.student_name;
""").fetchall()
    assert len(rows) == 40
    assert sum(row["total_sessions"] for row in rows) == 44


def test_attempts_and_completions_are_counted_per_step(database: Database) -> None:
    rows = database.execute("""
SELECT
  step_number,
  step_name,
  COUNT(*) as attempts,
  SUM(CASE WHEN validation_passed THEN 1 ELSE 0 END) as completed,
  ROUND(AVG(time_spent)) as avg_time_seconds
FROM step_progress
GROUP BY step_number, step_name
ORDER BY step_number;
""").fetchall()
    assert [row["step_number"] for row in rows] == list(range(1, 10))
    assert rows[0]["step_name"] == "Connect Accounts"
    assert all(row["completed"] <= row["attempts"] for row in rows)


def test_stuck_students_are_found(database: Database) -> None:
    rows = database.execute("""
SELECT
  st.student_email,
  s.current_step,
  s.last_activity,
  NOW() - s.last_activity as time_inactive
FROM sessions s
JOIN students st ON s.student_id = st.student_id
WHERE
  s.is_active = TRUE
  AND s.last_activity < NOW() - INTERVAL '24 hours'
  AND s.completion_rate < 100
ORDER BY s.last_activity ASC;
""").fetchall()
    assert len(rows) == 7
    assert all(row["time_inactive"].days >= 1 for row in rows)
