"""A statement of docs/database.md makes the guides' figures the same in every time zone."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "database.md"
ACTIVE_SESSIONS = """
SELECT COUNT(*)
FROM test_sessions
WHERE status = 'active'
AND last_activity > NOW() - INTERVAL '30 minutes';
"""
QUERIES = (
    ACTIVE_SESSIONS,
    """
SELECT pool_id, COUNT(*) as question_count
FROM questions
GROUP BY pool_id;
""",
    """
SELECT
  student_id,
  COUNT(*) as total_responses,
  AVG(CASE WHEN is_correct THEN 1 ELSE 0 END) as accuracy
FROM test_responses
GROUP BY student_id;
""",
    """
SELECT
  st.student_email,
  s.current_step,
  s.last_activity
FROM sessions s
JOIN students st ON s.student_id = st.student_id
WHERE
  s.is_active = TRUE
  AND s.last_activity < NOW() - INTERVAL '24 hours'
  AND s.completion_rate < 100
ORDER BY s.last_activity ASC;
""",
)
ZONES = "SELECT min(name) FROM pg_timezone_names GROUP BY utc_offset ORDER BY 1"


def figures(connection: psycopg.Connection) -> list[list[tuple[object, ...]]]:
    return [sorted(connection.execute(query.encode()).fetchall()) for query in QUERIES]


def documented_statement() -> str:
    (statement,) = re.findall(r"^SET TimeZone.*;$", DOCUMENT.read_text(), re.MULTILINE)
    return str(statement)


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def test_statement_in_the_docs_makes_figures_equal_in_every_time_zone(
    connection: psycopg.Connection,
) -> None:
    """One active session is within the limit of 30 minutes; two have passed it."""
    connection.execute(
        "UPDATE assessment.test_sessions s SET"
        " last_activity = clock_timestamp() AT TIME ZONE 'UTC' - idle.time"
        " FROM (SELECT id, (ARRAY['20 min', '35 min', '3 h'])[row_number() OVER (ORDER BY"
        " last_activity DESC)]::interval AS time"
        " FROM assessment.test_sessions WHERE status = 'active') AS idle WHERE idle.id = s.id"
    )
    expected = figures(connection)
    assert expected[0] == [(1,)]
    zones = [zone for (zone,) in connection.execute(ZONES).fetchall()]
    assert len(zones) > 30
    without_statement = set()
    for zone in zones:
        connection.execute("SELECT set_config('TimeZone', %s, false)", [zone])
        without_statement.add(figures(connection)[0][0])
        connection.execute(documented_statement().encode())
        assert figures(connection) == expected, zone
    assert without_statement == {(0,), (1,), (2,), (3,)}, "the statement would not be needed"
