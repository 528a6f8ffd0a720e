"""report-bug: bug reports are stored with their session."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.workshop.progress.wire import BugReportIn
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


REPORT_OF_THE_LIVE_PAGE = {
    "description": "The test call ends after two seconds",
    "step": "Step 9: Deploy Your AI Application",
    "errorMessage": None,
    "expectedBehavior": "The assistant greets me",
    "actualBehavior": "Silence",
    "userName": "Mei Tan",
    "studentEmail": "mei.tan@example.com",
    "sessionToken": TOKEN,
    "browserInfo": "Mozilla/5.0",
    "timestamp": "2026-11-20T10:00:00.000Z",
    "pageUrl": f"https://workshop.example/?sessionToken={TOKEN}&step=9",
    "callDirection": "Not set",
    "deploymentStatus": {"twilioConnected": True, "functionsDeployed": False},
}
OTHER_FIELDS = sorted(
    field.alias or name for name, field in BugReportIn.model_fields.items() if name != "description"
)


def test_report_of_the_live_page_keeps_its_fields_and_loses_its_token(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    response = client.post(PATH, json=REPORT_OF_THE_LIVE_PAGE)
    assert response.status_code == 200
    assert "warnings" not in response.json()
    ((stored,),) = rows("SELECT event_data FROM events WHERE event_type = 'bug_reported'")
    assert TOKEN not in str(stored)
    assert stored.pop("pageUrl").endswith("&step=9")
    stored.pop("reportedAt")
    sent_fields = {
        name: value for name, value in REPORT_OF_THE_LIVE_PAGE.items() if value is not None
    }
    assert stored == {
        name: value
        for name, value in sent_fields.items()
        if name not in {"sessionToken", "pageUrl"}
    }


@pytest.mark.parametrize("address", [
    f"https://w.example/ws/{TOKEN}", f"https://w.example/#{TOKEN}", f"at {TOKEN}:3",
    "https://w.example/?s=ws_1732147200001_" + "6e" * 32,
])  # fmt: skip
def test_tokens_are_removed_wherever_they_occur(
    client: TestClient, rows: Rows, address: str
) -> None:
    client.post(PATH, json={**BUG, "pageUrl": address, "errorMessage": {"at": [address]}})
    ((stored,),) = rows("SELECT event_data FROM events")
    assert "ws_17321472" not in str(stored)


@pytest.mark.parametrize("field", OTHER_FIELDS)
@pytest.mark.parametrize(
    "value", [None, "", " ", 0, 51, -1.5, True, "x" * 6000, ["x"], {"a": {"b": None}}], ids=repr
)
def test_no_report_is_refused_for_its_other_fields(
    client: TestClient, rows: Rows, field: str, value: Any
) -> None:
    response = client.post(PATH, json={**BUG, field: value})
    assert response.status_code == 200, response.text
    ((stored,),) = rows("SELECT event_data FROM events")
    is_blank = value is None or (isinstance(value, str) and not value.strip())
    if field != "sessionToken" and not is_blank:
        assert stored[field] == value


def test_long_fields_are_cut_in_the_session_and_whole_in_the_event(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    long_status = {"lines": ["y" * 50] * 200}
    client.post(PATH, json={**BUG, "description": "é" * 15_000, "deploymentStatus": long_status})
    ((full_report,),) = rows("SELECT event_data FROM events WHERE event_type = 'bug_reported'")
    assert full_report["description"] == "é" * 15_000
    assert full_report["deploymentStatus"] == long_status
    (((shortened,),),) = rows("SELECT bug_reports FROM sessions")
    for name in ("description", "deploymentStatus"):
        assert shortened[name].endswith(" … [cut; the event bug_reported has the whole text]")
        assert len(shortened[name]) == 2000
    assert shortened["pageUrl"] == BUG["pageUrl"]


def test_report_of_many_long_fields_has_at_most_20_kilobytes_in_its_session(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    names = [name for name in OTHER_FIELDS if name != "sessionToken"]
    large = dict.fromkeys(names, "😀" * 950)
    response = client.post(PATH, json={**large, "sessionToken": TOKEN, "description": "x" * 4000})
    assert response.status_code == 200
    assert rows("SELECT octet_length((bug_reports -> 0)::TEXT) <= 20000 FROM sessions") == [(True,)]


@pytest.mark.parametrize("value", ["", " ", None, 5, ["x"]])
def test_report_without_a_description_is_refused(
    client: TestClient, rows: Rows, value: Any
) -> None:
    response = client.post(PATH, json={**BUG, "description": value})
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, "description")
    assert rows("SELECT 1 FROM events") == []
