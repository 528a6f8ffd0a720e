"""Cost of listing all students, measured in rows that the query plan touches."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

Rows = Callable[..., list[tuple[Any, ...]]]

FILL = """
INSERT INTO public.students (student_email)
  SELECT format('s%s@example.com', n) FROM generate_series(1, {students}) AS n;
INSERT INTO public.sessions (session_token, student_id, exercises, services_ready)
  SELECT format('ws_%s_%s', n, student_email), student_id,
    '{{"step-1": {{"completed": true}}, "quiz": true}}', TRUE
  FROM public.students, generate_series(1, 2) AS n;
INSERT INTO public.step_progress (session_token, student_id, step_number, step_name)
  SELECT session_token, student_id, n, 'A step' FROM public.sessions, generate_series(1, 5) AS n;
ANALYZE public.students, public.sessions, public.step_progress
"""
BODY = "SELECT prosrc FROM pg_proc WHERE oid = 'public.tracked_students(uuid[],text)'::regprocedure"
EVERYBODY = "(SELECT ARRAY(SELECT student_id FROM public.students))::UUID[]"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def rows_touched(plan: dict[str, Any]) -> int:
    """Return the number of rows that the nodes of a plan returned or removed, over all loops."""
    row_counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    return sum(
        round(node["Actual Loops"] * sum(node.get(name, 0) for name in row_counts))
        for node in nodes(plan)
    )


@pytest.fixture
def count_rows_touched(rows: Rows) -> Callable[[int], int]:
    """Return a function that counts the rows that a list of students touches."""

    def count(students: int) -> int:
        rows(
            "SET LOCAL stepwise.removal = 'test';"
            "TRUNCATE public.students, public.sessions, public.events CASCADE"
        )
        rows(FILL.format(students=students))
        ((body,),) = rows(BODY)
        query = body.partition("RETURN QUERY")[2].rpartition(";")[0]
        query = query.replace("p_students", EVERYBODY).replace("p_session_token", "NULL::TEXT")
        (((explanation, *_),),) = rows(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}")
        assert explanation["Plan"]["Actual Rows"] == students
        return rows_touched(explanation["Plan"])

    return count


def test_list_of_all_students_touches_rows_in_proportion_to_their_number(
    count_rows_touched: Callable[[int], int],
) -> None:
    assert count_rows_touched(400) < 6 * count_rows_touched(100)


def test_list_of_all_students_fits_the_platforms_and_counts_all_of_them(
    client: TestClient, rows: Rows, operator: dict[str, str]
) -> None:
    rows(FILL.format(students=40))
    rows("UPDATE public.sessions SET exercises = jsonb_build_object('quiz', jsonb_build_object("
         "'note', repeat('x', 200000)))")  # fmt: skip
    response = client.get("/api/track-student-progress?getAllStudents=true", headers=operator)
    assert 3_000_000 < len(response.content) < 4_500_000
    assert response.json()["count"] == 40
    assert 0 < len(response.json()["students"]) < 40
