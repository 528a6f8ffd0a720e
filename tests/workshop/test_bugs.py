"""report-bug: bug reports are stored with their session."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

PATH = "/api/report-bug"
Rows = Callable[..., list[tuple[Any, ...]]]
BUG = {
    "sessionToken": TOKEN,
    "description": "The deploy button does nothing. <script>alert(1)</script>",
    "step": 4,
    "errorMessage": "TypeError: Failed to fetch",
    "pageUrl": "https://workshop.example.com/step-4",
}


def test_bug_is_stored_with_its_session_and_as_an_event(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    response = client.post(PATH, json=BUG)
    assert (response.status_code, response.json()["success"]) == (200, True)
    ((event_id, student, token, stored),) = rows(
        "SELECT id, student_id, session_token, event_data FROM events"
        " WHERE event_type = 'bug_reported'"
    )
    assert response.json()["reportId"] == event_id
    assert [(student,)] == rows("SELECT student_id FROM students")
    assert token == TOKEN
    assert {name: stored[name] for name in BUG if name != "sessionToken"} == {
        name: value for name, value in BUG.items() if name != "sessionToken"
    }
    assert TOKEN not in str(stored)
    assert rows("SELECT bug_reports FROM sessions") == [([stored],)]


@pytest.mark.parametrize("token", [None, "", "ws_unknown_token"])
def test_bug_without_a_session_is_stored_as_an_event(
    client: TestClient, rows: Rows, token: str | None
) -> None:
    assert client.post(PATH, json={**BUG, "sessionToken": token}).status_code == 200
    assert rows("SELECT session_token, student_id FROM events") == [(None, None)]


def test_api_key_in_an_error_message_is_removed(client: TestClient, rows: Rows) -> None:
    message = "Incorrect API key provided: sk-proj-abcdefghijklmnop."
    client.post(PATH, json={**BUG, "errorMessage": message})
    ((stored,),) = rows("SELECT event_data FROM events")
    assert stored["errorMessage"] == "Incorrect API key provided: [secret removed]."


def test_session_keeps_the_newest_hundred_reports(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    rows("UPDATE sessions SET bug_reports = (SELECT jsonb_agg(n) FROM generate_series(1, 100) n)"
         " RETURNING 1")  # fmt: skip
    client.post(PATH, json=BUG)
    ((reports,),) = rows("SELECT bug_reports FROM sessions")
    assert (len(reports), reports[0], reports[-1]["step"]) == (100, 2, 4)


def test_older_reports_that_are_not_a_list_are_kept(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    rows("UPDATE sessions SET bug_reports = '\"[{}]\"' RETURNING 1")
    client.post(PATH, json=BUG)
    ((reports,),) = rows("SELECT bug_reports FROM sessions")
    assert (reports[0], reports[1]["step"]) == ("[{}]", 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [("description", ""), ("description", None), ("description", "x" * 5001), ("step", 51),
     ("pageUrl", "x" * 2001), ("errorMessage", ["x"])],
)  # fmt: skip
def test_bad_field_is_named(client: TestClient, rows: Rows, field: str, value: Any) -> None:
    response = client.post(PATH, json={**BUG, field: value})
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, field)
    assert rows("SELECT 1 FROM events") == []
