"""The requests of the live pages, as a browser recorded them, sent to the application in order."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.requirements import recorded_requests


def with_token(value: Any, recorded_token: str, token: str) -> Any:
    """Return a body or a query with the token of this session in place of the recorded one."""
    return json.loads(json.dumps(value).replace(recorded_token, token))


@pytest.fixture
def recorded_token() -> str:
    """The session token in the recorded requests."""
    bodies = (request["body"] for request in recorded_requests() if request["body"])
    token: str = next(body["sessionToken"] for body in bodies if "sessionToken" in body)
    return token


def test_requests_of_the_live_pages_get_the_expected_responses(
    client: TestClient, recorded_token: str
) -> None:
    token = recorded_token
    checked_figure_count = 0
    for request in recorded_requests():
        response = client.request(
            request["method"],
            request["path"],
            json=with_token(request["body"], recorded_token, token),
            params=with_token(request.get("query"), recorded_token, token),
        )
        assert response.status_code == request["expect"], (request, response.text)
        body = response.json()
        token = body.get("sessionToken", token)
        for name, value in request.get("then", {}).items():
            progress = body["progress"]
            figures = {**progress, "steps": len(progress["step_progress"])}
            assert figures[name] == value, (request, name)
            checked_figure_count += 1
    assert token != recorded_token
    assert checked_figure_count == 3
    log = client.get("/api/session-log", params={"sessionToken": token}).json()["events"]
    event_data = {event["event_type"]: event["event_data"] for event in log}
    assert event_data["navigation"]["stepName"] == "Connect Accounts"
    bug = event_data["bug_reported"]
    assert (bug["step"], bug["userName"]) == ("Step 9: Deploy Your AI Application", "Mei Tan")
    assert token not in str(event_data)


def test_session_of_the_live_page_is_complete_and_has_its_use_case(
    client: TestClient, recorded_token: str
) -> None:
    for request in recorded_requests():
        if request["path"] == "/api/student-progress":
            client.post(request["path"], json=request["body"])
    query = {"sessionToken": recorded_token}
    progress = client.get("/api/student-progress", params=query).json()["progress"]
    steps = [(step["stepNumber"], step["completed"]) for step in progress["step_progress"]]
    assert steps == [(number, True) for number in range(1, 10)]
    assert (progress["completion_rate"], progress["current_step"]) == (100, 9)
    assert progress["use_case_description"] == "Orders for a bakery, with opening hours"
