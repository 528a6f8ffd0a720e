"""workshop-analytics, whose figures are those of the documented queries."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

Rows = Callable[..., list[tuple[Any, ...]]]
PATH = "/api/workshop-analytics"

# The queries of the schema's documentation, as printed.
SUMMARY = """
SELECT
  st.student_email,
  st.student_name,
  COUNT(DISTINCT s.session_token) as total_sessions,
  AVG(s.completion_rate) as avg_completion,
  MAX(s.last_activity) as last_active
FROM students st
LEFT JOIN sessions s ON st.student_id = s.student_id
GROUP BY st.student_id, st.student_email, st.student_name;
"""
FUNNEL = """
SELECT
  step_number,
  step_name,
  COUNT(*) as attempts,
  SUM(CASE WHEN validation_passed THEN 1 ELSE 0 END) as completed,
  ROUND(AVG(time_spent)) as avg_time_seconds
FROM step_progress
GROUP BY step_number, step_name
ORDER BY step_number;
"""
STUCK = """
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
"""
SESSIONS = """
SELECT s.*, st.student_email, st.student_name
FROM sessions s
JOIN students st ON s.student_id = st.student_id
WHERE st.student_email = 'student@example.com'
ORDER BY s.last_activity DESC;
"""


@pytest.fixture
def workshop(post: Callable[..., Any], rows: Rows) -> None:
    """Create five sessions at different stages: two are stuck, and one of these is closed."""
    for number, furthest in enumerate([9, 4, 4, 2, 1], start=1):
        for step in range(1, furthest + 1):
            post(
                sessionToken=f"ws_{number}_long_enough", studentEmail=f"s{number % 4}@example.com",
                stepNumber=step, completed=step < 4 or furthest == 9, timeSpent=10 * step * number,
            )  # fmt: skip
    rows(
        "UPDATE sessions SET services_ready = TRUE"
        " WHERE session_token IN ('ws_1_long_enough', 'ws_5_long_enough');"
        "SELECT update_session_progress('ws_5_long_enough');"
        "UPDATE sessions SET last_activity = now() - INTERVAL '2 days'"
        " WHERE session_token IN ('ws_2_long_enough', 'ws_3_long_enough');"
        "UPDATE sessions SET is_active = FALSE WHERE session_token = 'ws_3_long_enough'"
    )
    rows("INSERT INTO students (student_email) VALUES ('nobody@example.com') RETURNING 1")


@pytest.fixture
def figures(workshop: None, client: TestClient, operator: dict[str, str]) -> dict[str, Any]:
    assert workshop is None
    response = client.get(PATH, headers=operator)
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def test_funnel_counts_sessions_at_a_step_or_a_later_one(figures: dict[str, Any]) -> None:
    assert [(s["stepNumber"], s["reached"], s["completed"]) for s in figures["funnel"]] == [
        (1, 5, 5), (2, 5, 4), (3, 4, 4), (4, 3, 1), (5, 1, 1), (6, 1, 1), (7, 1, 1), (8, 1, 1),
        (9, 1, 1),
    ]  # fmt: skip
    assert figures["funnel"][2]["stepName"] == "Provision Services"


def test_totals_count_students_and_sessions_and_average_completion(figures: dict[str, Any]) -> None:
    assert figures["totals"] == {
        "students": 5, "sessions": 5, "activeSessions": 4, "completedSessions": 1,
        "notStarted": 0,  # no roster was imported
        "avgCompletion": 42.0,  # (100 + 33 + 33 + 22 + 22) / 5
    }  # fmt: skip


def test_steps_are_those_of_the_documented_funnel(figures: dict[str, Any], rows: Rows) -> None:
    assert [
        (s["stepNumber"], s["stepName"], s["attempts"], s["completed"], s["avgTimeSeconds"])
        for s in figures["steps"]
    ] == rows(FUNNEL)


def test_steps_have_the_quartiles_of_time_spent(figures: dict[str, Any]) -> None:
    first = figures["steps"][0]  # 10, 20, 30, 40, 50 seconds
    assert (first["lowerQuartileSeconds"], first["medianSeconds"], first["upperQuartileSeconds"]) \
        == (20, 30, 40)  # fmt: skip


def test_stuck_students_are_those_of_the_documented_query(
    figures: dict[str, Any], rows: Rows, client: TestClient, operator: dict[str, str]
) -> None:
    stuck_rows = rows(STUCK)
    assert [(s["studentEmail"], s["currentStep"]) for s in figures["stuckStudents"]] == [
        row[:2] for row in stuck_rows
    ]
    assert len(stuck_rows) == 1
    assert 172_800 <= figures["stuckStudents"][0]["idleSeconds"] < 172_900
    with_closed = client.get(PATH, params={"closedToo": "true"}, headers=operator).json()
    assert [s["isActive"] for s in with_closed["stuckStudents"]] == [True, False]


def test_students_are_those_of_the_documented_summary(figures: dict[str, Any], rows: Rows) -> None:
    ours = {
        s["studentEmail"]: (s["studentName"], s["totalSessions"], s["avgCompletion"])
        for s in figures["students"]
    }
    assert ours == {
        email: (name, total, None if average is None else float(average))
        for email, name, total, average, _ in rows(SUMMARY)
    }
    assert ours["s1@example.com"] == (None, 2, 61.0)  # (100 + 22) / 2
    assert ours["nobody@example.com"] == (None, 0, None)


def test_events_are_counted_by_day_and_type(figures: dict[str, Any]) -> None:
    counts = {row["eventType"]: row["events"] for row in figures["byDay"]}
    assert counts == {"session_created": 5, "step_started": 20, "step_completed": 18}


def test_documented_sessions_query_runs_as_printed(post: Callable[..., Any], rows: Rows) -> None:
    post(studentEmail="Student@example.com", studentName="John Doe")
    (row,) = rows(SESSIONS)
    assert row[-2:] == ("student@example.com", "John Doe")


@pytest.mark.parametrize("params", [{"days": 0}, {"days": 367}, {"limit": 0}, {"limit": 2001}])
def test_parameter_out_of_range_is_refused(
    client: TestClient, operator: dict[str, str], params: dict[str, int]
) -> None:
    assert client.get(PATH, params=params, headers=operator).status_code == 422


def test_empty_workshop_has_empty_figures(client: TestClient, operator: dict[str, str]) -> None:
    body = client.get(PATH, headers=operator).json()
    assert (body["totals"]["sessions"], body["steps"], body["students"]) == (0, [], [])
    assert [step["reached"] for step in body["funnel"]] == [0] * 9


def test_figures_are_refused_without_a_password(client: TestClient) -> None:
    assert client.get(PATH).status_code == 401
