"""Responses of at most 4.2 MB, however much is stored; a cursor leads to the next page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.workshop.progress.bug_reports import MAX_BYTES_IN_SESSION
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
LIMIT = 4_200_000
"""The entries of a response have up to 4 MB, all other fields less than 0.2 MB."""
EMAIL = "ann@example.com"
EXERCISES = (
    "SELECT jsonb_object_agg('exercise ' || n, jsonb_build_object('completed', true,"
    " 'note', repeat('x', n % 2 * 200000))) FROM generate_series(1, 199) AS n"
)
"""An SQL expression for exercises of 20 MB."""


@pytest.fixture
def session(post: Callable[..., Any]) -> str:
    post(studentEmail=EMAIL)
    return TOKEN


def fill(rows: Rows, **columns: str) -> None:
    """Set columns of every session to SQL expressions."""
    rows("UPDATE public.sessions SET " + ", ".join(f"{n} = ({v})" for n, v in columns.items()))


def read_session(client: TestClient, path: str = "/api/student-progress") -> Any:
    return client.get(path, headers={"X-Session-Token": TOKEN})


def test_twenty_megabytes_of_exercises_are_cut_in_the_response_only(
    client: TestClient, session: str, rows: Rows
) -> None:
    fill(rows, exercises=EXERCISES)
    response = read_session(client)
    progress = response.json()["progress"]
    assert progress["session_token"] == session
    assert progress["truncated_fields"] == ["exercises"]
    assert 0 < len(progress["exercises"]) < 199
    assert len(response.content) < LIMIT
    assert rows("SELECT count(*) FROM jsonb_object_keys((SELECT exercises FROM sessions))") == [
        (199,)
    ]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("path", ["/api/student-progress", "/api/student-config-get"])
def test_long_fields_are_cut_and_named(client: TestClient, rows: Rows, path: str) -> None:
    texts = (
        "use_case_description", "call_direction", "selected_phone_number", "tts_provider",
        "selected_voice", "system_prompt", "ivr_greeting", "websocket_url", "codespace_url",
        "github_repo_url", "railway_url", "ci_service_sid", "student_name_given",
        "github_username_given",
    )  # fmt: skip
    fill(
        rows,
        exercises=EXERCISES,
        tools="SELECT jsonb_agg(repeat('é', 9000)) FROM generate_series(1, 1000)",
        voice_settings=EXERCISES,
        bug_reports="SELECT jsonb_agg(repeat('\"', 9000)) FROM generate_series(1, 1000)",
        **dict.fromkeys(texts, "repeat(chr(31) || '日', 100000)"),
    )
    response = read_session(client, path)
    assert response.status_code == 200
    assert len(response.content) < LIMIT
    body = response.json()
    truncated_fields = (body.get("progress") or body["config"]).get(
        "truncated_fields", (body.get("config") or {}).get("truncatedFields")
    )
    assert {"system_prompt", "tools", "voice_settings", "websocket_url"} <= set(truncated_fields)


def test_reports_and_saves_are_bounded_too(client: TestClient, session: str, rows: Rows) -> None:
    fill(rows, exercises=EXERCISES)
    reported = client.post("/api/student-progress", json={"sessionToken": session, "stepNumber": 2})
    saved = client.post("/api/student-config-save", json={"sessionToken": session})
    tracked = client.post(
        "/api/track-student-progress", json={"sessionToken": session, "exerciseId": "step-2"}
    )
    for response in (reported, saved, tracked):
        assert response.status_code == 200, response.text[:300]
        assert len(response.content) < LIMIT


def test_large_bug_reports_are_short_in_the_session_and_whole_as_events(
    client: TestClient, session: str, rows: Rows
) -> None:
    text = "ß" * 4990
    body = {
        "sessionToken": session,
        **dict.fromkeys(("errorMessage", "stepsToReproduce", "expectedBehavior"), text),
    }
    for number in range(110):
        report = {**body, "description": f"{number:03} {text}"}
        assert client.post("/api/report-bug", json=report).status_code == 200
    query = "SELECT octet_length(bug_reports::text), bug_reports FROM public.sessions"
    ((size, stored_reports),) = rows(query)
    assert size <= 200_000
    note = " … [cut; the event bug_reported has the whole text]"
    shortened = [f"{number:03} {text}"[: 2000 - len(note)] + note for number in range(110)]
    descriptions = [report["description"] for report in stored_reports]
    assert len(descriptions) >= 200_000 // MAX_BYTES_IN_SESSION
    assert descriptions == shortened[-len(descriptions) :]
    for report in stored_reports:
        assert len(json.dumps(report, ensure_ascii=False).encode()) <= MAX_BYTES_IN_SESSION
    events = rows(
        "SELECT event_data ->> 'description' FROM public.events"
        " WHERE event_type = 'bug_reported' ORDER BY id"
    )
    assert events == [(f"{number:03} {text}",) for number in range(110)]
    assert len(read_session(client).content) < LIMIT


@pytest.mark.usefixtures("session")
def test_a_student_with_two_hundred_large_sessions_is_listed_in_pages(
    client: TestClient, rows: Rows, operator: dict[str, str]
) -> None:
    rows(
        "INSERT INTO public.sessions (session_token, student_id, last_activity)"
        " SELECT 'ws_' || n, student_id, now() - (n / 2) * INTERVAL '1 hour'"
        " FROM public.students, generate_series(1, 200) AS n"
    )
    fill(rows, exercises="SELECT jsonb_build_object('a', repeat('x', 60000), 'b', repeat('y', 9))",
         system_prompt="CASE session_token WHEN 'ws_9' THEN repeat('z', 6000000) END")  # fmt: skip
    query: dict[str, Any] = {"studentEmail": EMAIL}
    tokens: list[str] = []
    while True:
        page = client.get("/api/student-progress", params=query, headers=operator)
        assert len(page.content) < LIMIT
        tokens += [each["session_token"] for each in page.json()["sessions"]]
        if page.json()["next_cursor"] is None:
            break
        query["cursor"] = page.json()["next_cursor"]
    expected = rows(
        "SELECT session_token FROM sessions"
        " ORDER BY current_step > 0 DESC, last_activity DESC, session_token"
    )
    assert tokens == [token for (token,) in expected]
    first = client.get("/api/student-progress", params={**query, "limit": 2}, headers=operator)
    assert len(first.json()["sessions"]) == 2
    shared = client.get("/api/student-progress", params={"studentEmail": EMAIL}).json()
    assert len(shared["sessions"]) == 200
    assert shared["next_cursor"] is None, "a cursor contains a token, which strangers must not get"
    wrong = client.get("/api/student-progress", params={**query, "cursor": "x"}, headers=operator)
    assert wrong.json()["code"] == "invalid_cursor"


def test_all_students_are_listed_in_pages(
    client: TestClient, rows: Rows, operator: dict[str, str], post: Callable[..., Any]
) -> None:
    for number in range(5):
        token = f"ws_{number}_" + "a" * 64
        post(sessionToken=token, studentEmail=f"ann{number}@example.com")
    fill(rows, exercises=EXERCISES, last_activity="'2026-01-01'::timestamptz")
    query: dict[str, Any] = {"getAllStudents": "true", "limit": 2}
    students: list[str] = []
    for _ in range(3):
        page = client.get("/api/track-student-progress", params=query, headers=operator)
        assert len(page.content) < LIMIT
        assert page.json()["count"] == 5
        students += [student["studentId"] for student in page.json()["students"]]
        query["cursor"] = page.json()["nextCursor"]
    assert students == [f"ann{number}@example.com" for number in range(5)]
    assert query["cursor"] is None


def test_every_student_is_listed_when_all_of_them_are_large(
    client: TestClient, rows: Rows, operator: dict[str, str], post: Callable[..., Any]
) -> None:
    for number in range(30):
        token = f"ws_{number}_" + "a" * 64
        post(sessionToken=token, studentEmail=f"ann{number}@example.com")
    fill(
        rows,
        exercises="SELECT jsonb_object_agg(n, repeat('x', 2000)) FROM generate_series(1, 99) n",
    )
    query: dict[str, Any] = {"getAllStudents": "true"}
    students: set[str] = set()
    while True:
        page = client.get("/api/track-student-progress", params=query, headers=operator)
        assert len(page.content) < LIMIT
        students |= {student["studentId"] for student in page.json()["students"]}
        query["cursor"] = page.json()["nextCursor"]
        if query["cursor"] is None:
            break
    assert len(students) == 30
    single = client.get(
        "/api/track-student-progress", params={"studentId": "ann1@example.com"}, headers=operator
    )
    assert len(single.json()["progress"]["exercises"]) == 100  # 99, and step-1 of `post`


def test_analytics_and_lists_are_bounded(
    client: TestClient, rows: Rows, operator: dict[str, str]
) -> None:
    rows(
        "WITH st AS (INSERT INTO public.students (student_email, student_name)"
        " SELECT n || repeat('e', 2000) || '@example.com', repeat('日', 30000)"
        " FROM generate_series(1, 600) AS n RETURNING student_id)"
        " INSERT INTO public.sessions (session_token, student_id, last_activity,"
        " use_case_description, help_asked_at)"
        " SELECT 'ws_' || student_id, student_id, now() - INTERVAL '2 days', repeat('日', 9000),"
        " now() FROM st"
    )
    rows(
        "INSERT INTO public.events (event_type) SELECT n || repeat('t', 2000)"
        " FROM generate_series(1, 600) AS n"
    )
    rows(
        "INSERT INTO public.step_progress (session_token, student_id, step_number, step_name)"
        " SELECT session_token, student_id, 1,"
        " row_number() OVER () || repeat('t', 2000) FROM public.sessions"
    )
    rows(
        "INSERT INTO public.courses (course_id, name, steps)"
        " SELECT 'c' || n, repeat('日', 1000), '[{\"number\": 1, \"name\": \"a\"}]'"
        " FROM generate_series(1, 600) AS n"
    )
    analytics = client.get("/api/workshop-analytics?limit=2000", headers=operator)
    assert analytics.status_code == 200
    assert len(analytics.content) < LIMIT
    for name in ("courses", "steps", "stuckStudents", "helpRequests", "students", "byDay"):
        assert 100 < len(analytics.json()[name]) < 600, name
    for request in analytics.json()["helpRequests"]:
        assert request["studentName"] == "日" * 1000
    configs = client.post("/api/admin-list-configs-v2", json={}, headers=operator)
    assert configs.status_code == 200, configs.text[:300]
    assert len(configs.content) < LIMIT
    assert configs.json()["nextCursor"]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("holds_password", [True, False])
def test_events_of_a_student_with_a_long_name_and_email_are_bounded(
    client: TestClient, rows: Rows, operator: dict[str, str], holds_password: bool
) -> None:
    rows("UPDATE public.students SET student_name = repeat('日', 30000)")
    rows("UPDATE public.students SET student_email = repeat('e', 2000) || student_email")
    fill(rows, student_name_given="repeat('日', 30000)")
    rows(
        "INSERT INTO public.events (student_id, session_token, event_type)"
        " SELECT student_id, session_token, repeat('t', 2000)"
        " FROM public.sessions, generate_series(1, 998)"
    )
    headers = operator if holds_password else {"X-Session-Token": TOKEN}
    params: dict[str, Any] = {"sessionToken": TOKEN, "limit": 1000}
    (total,) = rows("SELECT count(*) FROM public.events")[0]
    counts: list[int] = []
    while not counts or params["cursor"] is not None:
        page = client.get("/api/session-log", params=params, headers=headers)
        assert len(page.content) < LIMIT
        assert {event["student_name"] for event in page.json()["events"]} == {"日" * 1000}
        counts.append(page.json()["count"])
        params["cursor"] = page.json()["next_cursor"]
    assert sum(counts) == total
    assert 100 < counts[0] < total
