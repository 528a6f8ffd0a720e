"""session-log: pages log events of a session; the token's holder and operators read them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.workshop.session_log.wire import PRODUCT_EVENT_TYPES
from tests.conftest import ADMIN_PASSWORD
from tests.workshop.conftest import TOKEN

PATH = "/api/session-log"
OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
OTHER = "ws_1732147200001_" + "6e" * 32
Rows = Callable[..., list[tuple[Any, ...]]]
Log = Callable[..., Any]


@pytest.fixture
def log(client: TestClient, post: Callable[..., Any]) -> Log:
    """Log an event of Ann's session: `log("error", {"message": "x"})`."""
    assert post(studentEmail="ann@example.com", studentName="Ann").status_code == 200

    def send(event_type: str, data: Any = None, **fields: Any) -> Any:
        body = {"sessionToken": TOKEN, "eventType": event_type, "eventData": data, **fields}
        return client.post(PATH, json=body)

    return send


def events(client: TestClient, **params: Any) -> dict[str, Any]:
    response = client.get(PATH, params={"sessionToken": TOKEN, **params})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_events_are_read_newest_first_by_type(client: TestClient, log: Log) -> None:
    for number in range(3):
        assert log("navigation", {"to": number}).json() == {
            "success": True, "message": "Event logged",
        }  # fmt: skip
    log("error", {"message": "lost"}, timestamp="2026-11-20T09:00:00.000Z")
    page = events(client, eventType="navigation")
    assert [event["event_data"] for event in page["events"]] == [{"to": 2}, {"to": 1}, {"to": 0}]
    assert (page["count"], page["next_cursor"]) == (3, None)
    newest = events(client, limit=1)["events"][0]
    assert newest["event_data"] == {"message": "lost", "timestamp": "2026-11-20T09:00:00.000Z"}
    assert (newest["session_token"], newest["student_email"], newest["student_name"]) == (
        TOKEN, "ann@example.com", "Ann",
    )  # fmt: skip


def test_pages_follow_each_other_without_a_gap(client: TestClient, log: Log, rows: Rows) -> None:
    for number in range(5):
        log("action", {"n": number})
    rows(
        "SET LOCAL stepwise.removal = 'test';"
        "UPDATE events SET created_at = now() WHERE event_type = 'action'"
    )
    page = events(client, eventType="action", limit=2)
    all_events = page["events"]
    while page["next_cursor"]:
        page = events(client, eventType="action", limit=2, cursor=page["next_cursor"])
        all_events += page["events"]
    assert [event["event_data"]["n"] for event in all_events] == [4, 3, 2, 1, 0]
    assert client.get(PATH, params={"sessionToken": TOKEN, "cursor": "x"}).status_code == 422


def test_holder_reads_one_session_and_an_operator_reads_all(
    client: TestClient, log: Log, post: Callable[..., Any]
) -> None:
    post(sessionToken=OTHER, studentEmail="bob@example.com")
    log("action", {"whose": "ann"})
    client.post(PATH, json={"sessionToken": OTHER, "eventType": "action", "eventData": {}})
    assert {event["session_token"] for event in events(client)["events"]} == {TOKEN}
    assert events(client, studentEmail="bob@example.com")["events"] == []
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, params={"studentEmail": "bob@example.com"}).status_code == 401
    bobs = {"studentEmail": " BOB@example.com", "eventType": "action"}
    for params, tokens in (({}, {TOKEN, OTHER}), (bobs, {OTHER})):
        listed_events = client.get(PATH, params=params, headers=OPERATOR).json()["events"]
        assert {event["session_token"] for event in listed_events} == tokens


def test_secrets_and_tokens_are_removed(log: Log, rows: Rows) -> None:
    log("error", {
        "errorMessage": "Incorrect API key provided: sk-proj-abcdefghijklmnop",
        "url": f"https://w.example/?sessionToken={TOKEN}", "path": f"/ws/{TOKEN}",
        "authToken": "0123456789abcdef", "note": f"token {OTHER}",
    })  # fmt: skip
    ((stored,),) = rows("SELECT event_data::TEXT FROM events WHERE event_type = 'error'")
    for secret in ("sk-proj", TOKEN, OTHER, "0123456789abcdef"):
        assert secret not in stored


def test_events_of_an_unknown_session_are_not_stored(client: TestClient) -> None:
    body = {"sessionToken": OTHER, "eventType": "action", "eventData": {}}
    response = client.post(PATH, json=body)
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_a_student_has_at_most_a_thousand_events_an_hour(log: Log, rows: Rows) -> None:
    rows(
        "INSERT INTO events (student_id, event_type) SELECT student_id, 'action'"
        " FROM students, generate_series(1, 999 - (SELECT count(*) FROM events)) RETURNING 1"
    )
    assert log("action").status_code == 200
    refused = log("action")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_events")
    assert "Retry-After" in refused.headers
    assert rows("SELECT count(*) FROM events") == [(1000,)]
    rows(
        "SET LOCAL stepwise.removal = 'test';"
        "UPDATE events SET created_at = now() - INTERVAL '61 minutes'"
    )
    assert log("action").status_code == 200


@pytest.mark.usefixtures("log")
def test_response_stays_below_four_megabytes(client: TestClient, rows: Rows) -> None:
    rows("INSERT INTO events (session_token, event_type, event_data) SELECT session_token, 'error',"
         " jsonb_build_object('text', repeat('x', 60000)) FROM sessions, generate_series(1, 100)"
         " RETURNING 1")  # fmt: skip
    rows("INSERT INTO events (session_token, event_type, event_data) SELECT session_token, 'error',"
         " jsonb_build_object('text', repeat('y', 5000000)) FROM sessions RETURNING 1")  # fmt: skip
    response = client.get(PATH, params={"sessionToken": TOKEN, "limit": 1000})
    assert len(response.content) < 4_000_000
    page = response.json()
    assert page["events"][0]["event_data"]["note"] == "too large to be shown"
    total = page["count"]
    while page["next_cursor"]:
        page = events(client, limit=1000, cursor=page["next_cursor"])
        total += page["count"]
    assert total == rows("SELECT count(*) FROM events WHERE session_token IS NOT NULL")[0][0]


@pytest.mark.parametrize("event_type", sorted(PRODUCT_EVENT_TYPES))
def test_events_of_the_product_cannot_be_logged(log: Log, event_type: str) -> None:
    response = log(event_type)
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, "eventType")


def test_types_of_the_product_are_those_that_the_table_explains() -> None:
    script = Path("sql/workshop/schema/tables.sql").read_text(encoding="utf-8")
    comment = script.partition("records these values of event_type:")[2].partition("CREATE TABLE")[
        0
    ]
    explained = re.findall(r"^--   ([a-z]+(?:_[a-z]+)+) ", comment, re.MULTILINE)
    assert set(explained) == PRODUCT_EVENT_TYPES
