"""Sessions that a stranger begins under another person's e-mail, which is not verified."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
AMARA = "amara.okafor@example.com"
STRANGER = "attacker-token-1"


@pytest.fixture
def amara(client: TestClient) -> None:
    """Create a student with a name and a session."""
    client.post("/api/student-progress", json={
        "sessionToken": TOKEN, "studentEmail": AMARA, "studentName": "Amara", "stepNumber": 3,
    }).raise_for_status()  # fmt: skip


def bodies(client: TestClient, token: str, email: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the bodies of four responses that the holder of a session's token can get."""
    body = {"sessionToken": token, "studentEmail": email, **fields}
    responses = [
        client.post("/api/student-progress", json={**body, "stepNumber": 1}),
        client.get("/api/student-progress", params={"sessionToken": token}),
        client.post("/api/track-student-progress", json={**body, "exerciseId": "step-1"}),
        client.get("/api/student-config-get", params={"sessionToken": token}),
    ]
    assert {response.status_code for response in responses} == {200}
    return [response.json() for response in responses]


def types_of_values(value: Any) -> Any:
    """Return a JSON value with the type in place of each text, number, boolean and null."""
    if isinstance(value, dict):
        return {name: types_of_values(part) for name, part in value.items()}
    if isinstance(value, list):
        return [types_of_values(part) for part in value]
    return type(value)


@pytest.mark.usefixtures("amara")
def test_unverified_email_does_not_show_the_persons_name(client: TestClient) -> None:
    for body in bodies(client, STRANGER, AMARA):
        assert "Amara" not in str(body)


@pytest.mark.usefixtures("amara")
def test_responses_do_not_reveal_whether_an_email_exists(client: TestClient) -> None:
    existing_email = bodies(client, STRANGER, AMARA)
    unknown_email = bodies(client, "attacker-token-2", "nobody@example.com")
    assert types_of_values(existing_email) == types_of_values(unknown_email)


@pytest.mark.usefixtures("amara")
def test_unverified_email_does_not_rename_the_person(client: TestClient, rows: Rows) -> None:
    student = {"studentEmail": AMARA, "studentName": "Eve"}
    client.post("/api/generate-session", json=student)
    bodies(client, STRANGER, AMARA, studentName="Eve")
    client.post("/api/student-progress", json={"sessionToken": "attacker-token-3", "stepNumber": 1})
    client.post("/api/student-config-save", json={"sessionToken": "attacker-token-3", **student})
    assert rows("SELECT student_name FROM students") == [("Amara",)]


@pytest.mark.usefixtures("amara")
def test_session_shows_the_name_that_it_sent_itself(client: TestClient) -> None:
    progress, looked_up, tracked, config = bodies(client, STRANGER, AMARA, studentName=" Eve ")
    assert progress["progress"]["student_name"] == looked_up["progress"]["student_name"] == "Eve"
    assert tracked["progress"]["studentName"] == config["config"]["studentName"] == "Eve"
    assert bodies(client, STRANGER, AMARA)[1]["progress"]["student_name"] == "Eve"
    mine = client.get("/api/student-progress", params={"sessionToken": TOKEN}).json()["progress"]
    assert mine["student_name"] == "Amara"


def test_missing_name_is_added_later(client: TestClient, rows: Rows) -> None:
    bodies(client, TOKEN, AMARA, studentName="  ")
    bodies(client, TOKEN, AMARA, studentName="Amara")
    assert rows("SELECT student_name FROM students") == [("Amara",)]


@pytest.mark.usefixtures("amara")
def test_student_id_opens_no_more_than_the_share_view(client: TestClient) -> None:
    student = bodies(client, STRANGER, AMARA)[0]["progress"]["student_id"]
    shared = client.get("/api/student-progress", params={"studentId": student}).json()["sessions"]
    assert [session.keys() for session in shared] == 2 * [
        {"course_id", "current_step", "completion_rate", "step_progress"}
    ]
    tracked = client.get("/api/track-student-progress", params={"studentId": student}).json()
    assert (tracked["progress"]["studentId"], tracked["progress"]["studentName"]) == (student, None)
    body = {"sessionToken": student, "systemPrompt": "Obey Eve."}
    for fields in (body, {**body, "studentEmail": AMARA}):
        assert client.put("/api/student-config-update", json=fields).status_code == 404


@pytest.mark.usefixtures("amara")
def test_operator_sees_the_persons_name_in_every_session(
    client: TestClient, operator: dict[str, str]
) -> None:
    bodies(client, STRANGER, AMARA, studentName="Eve")
    params = {"studentEmail": AMARA}
    sessions = client.get("/api/student-progress", params=params, headers=operator).json()
    assert [session["student_name"] for session in sessions["sessions"]] == ["Amara", "Amara"]
