"""The limit on new sessions per e-mail and hour."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
ANN = "ann@example.com"
SESSIONS = "SELECT count(*) FROM sessions"
ROWS = (
    "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM students),"
    " (SELECT count(*) FROM events), (SELECT count(*) FROM step_progress)"
)


def begin(client: TestClient, email: str | None = ANN) -> Any:
    return client.post("/api/generate-session", json={"studentEmail": email})


def begin_sessions(client: TestClient, number: int) -> list[str]:
    responses = [begin(client, " Ann@Example.com") for _ in range(number)]
    assert {response.status_code for response in responses} == {200}
    return [response.json()["sessionToken"] for response in responses]


WRITING_CALLS = [
    ("POST", "/api/student-progress", {"stepNumber": 1}),
    ("POST", "/api/student-config-save", {"selectedVoice": "alloy"}),
    ("POST", "/api/track-student-progress", {"exerciseId": "step-1"}),
]


@pytest.mark.parametrize(
    ("method", "path", "fields"), [("POST", "/api/generate-session", {}), *WRITING_CALLS]
)
def test_twentieth_session_in_an_hour_begins_and_the_next_changes_nothing(
    client: TestClient, rows: Rows, method: str, path: str, fields: dict[str, Any]
) -> None:
    tokens = begin_sessions(client, 19)
    body = {"sessionToken": "ws_20_long_enough", "studentEmail": ANN, **fields}
    assert client.request(method, path, json=body).status_code == 200
    before = rows(ROWS)
    assert rows(SESSIONS) == [(20,)]
    refused = client.request(method, path, json={**body, "sessionToken": "ws_21_long_enough"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sessions")
    assert refused.json()["details"][0]["field"] == "studentEmail"
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert rows(ROWS) == before
    report = {"sessionToken": tokens[0], "studentEmail": ANN, "stepNumber": 1}
    assert client.post("/api/student-progress", json=report).status_code == 200


def test_other_emails_and_sessions_without_one_are_not_limited(client: TestClient) -> None:
    begin_sessions(client, 20)
    assert begin(client).status_code == 429
    assert begin(client, "ben@example.com").status_code == 200
    assert {begin(client, None).status_code for _ in range(21)} == {200}
    responses_to_made_up_ids = [
        client.post("/api/track-student-progress", json={
            "sessionToken": f"ws_{number}_long_enough", "studentId": "student",
            "exerciseId": "step-1",
        })
        for number in range(21)
    ]  # fmt: skip
    assert {response.status_code for response in responses_to_made_up_ids} == {200}


def test_session_is_allowed_when_the_twentieth_newest_is_an_hour_old(
    client: TestClient, rows: Rows
) -> None:
    tokens = begin_sessions(client, 20)
    move_events = (
        "SET LOCAL stepwise.removal = 'test';"
        "UPDATE events SET created_at = now() - interval '{}' WHERE session_token = '{}'"
    )
    rows(move_events.format("59 minutes 30 seconds", tokens[7]))
    refused = begin(client)
    assert refused.status_code == 429
    assert 20 < int(refused.headers["Retry-After"]) <= 30
    rows(move_events.format("1 hour 1 second", tokens[7]))
    assert begin(client).status_code == 200
    assert begin(client).status_code == 429


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [*WRITING_CALLS, ("PUT", "/api/student-config-update", {"selectedVoice": "alloy"})],
)
def test_claimed_sessions_count_from_the_claim(
    client: TestClient, post: Post, rows: Rows, method: str, path: str, fields: dict[str, Any]
) -> None:
    def claim(token: str) -> Any:
        body = {"sessionToken": token, "studentEmail": ANN, **fields}
        return client.request(method, path, json=body)

    post()
    rows(
        "SET LOCAL stepwise.removal = 'test';"
        "UPDATE events SET created_at = now() - interval '5 hours'"
    )
    begin_sessions(client, 19)
    assert claim(TOKEN).status_code == 200
    assert begin(client).status_code == 429
    post(sessionToken="ws_2_long_enough", completed=True)
    before = rows(ROWS)
    refused = claim("ws_2_long_enough")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sessions")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert rows(ROWS) == before
    assert post(sessionToken="ws_2_long_enough").status_code == 200
    assert claim(TOKEN).status_code == 200


def test_session_that_was_begun_and_claimed_counts_once(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post()
    assert post(studentEmail=ANN).status_code == 200
    begin_sessions(client, 19)
    assert begin(client).status_code == 429
    assert rows(SESSIONS) == [(20,)]


def test_sessions_that_begin_at_once_do_not_exceed_the_limit(
    client: TestClient, rows: Rows
) -> None:
    begin_sessions(client, 17)
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(r.status_code for r in pool.map(lambda _: begin(client), range(8)))
    assert statuses == [200] * 3 + [429] * 5
    assert rows(SESSIONS) == [(20,)]
