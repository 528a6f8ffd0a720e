"""Sessions begun under another person's e-mail, which nobody verifies."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

Answer = dict[str, Any]
Rows = Callable[..., list[tuple[Any, ...]]]
AMARA = "amara.okafor@example.com"
STRANGER = "attacker-token-1"


@pytest.fixture
def amara(client: TestClient) -> None:
    """Create a student with a name and a session."""
    client.post("/api/student-progress", json={
        "sessionToken": TOKEN, "studentEmail": AMARA, "studentName": "Amara", "stepNumber": 3,
    }).raise_for_status()  # fmt: skip


def answers(client: TestClient, token: str, email: str, **fields: Any) -> list[Answer]:
    """Return every response that the holder of a session's token can get."""
    body = {"sessionToken": token, "studentEmail": email, **fields}
    responses = [
        client.post("/api/student-progress", json={**body, "stepNumber": 1}),
        client.get("/api/student-progress", params={"sessionToken": token}),
        client.post("/api/track-student-progress", json={**body, "exerciseId": "step-1"}),
        client.get("/api/student-config-get", params={"sessionToken": token}),
    ]
    assert {answer.status_code for answer in responses} == {200}
    return [answer.json() for answer in responses]


def types_of_values(answer: Any) -> Any:
    """Return a response with each value replaced by its type."""
    if isinstance(answer, dict):
        return {name: types_of_values(part) for name, part in answer.items()}
    if isinstance(answer, list):
        return [types_of_values(part) for part in answer]
    return type(answer)


@pytest.mark.usefixtures("amara")
def test_unproven_email_does_not_show_the_persons_name(client: TestClient) -> None:
    for answer in answers(client, STRANGER, AMARA):
        assert "Amara" not in str(answer)


@pytest.mark.usefixtures("amara")
def test_responses_do_not_reveal_whether_an_email_is_known(client: TestClient) -> None:
    known_email = answers(client, STRANGER, AMARA)
    unknown_email = answers(client, "attacker-token-2", "nobody@example.com")
    assert types_of_values(known_email) == types_of_values(unknown_email)


@pytest.mark.usefixtures("amara")
def test_unproven_email_does_not_rename_the_person(client: TestClient, rows: Rows) -> None:
    student = {"studentEmail": AMARA, "studentName": "Eve"}
    client.post("/api/generate-session", json=student)
    answers(client, STRANGER, AMARA, studentName="Eve")
    client.post("/api/student-progress", json={"sessionToken": "attacker-token-3", "stepNumber": 1})
    client.post("/api/student-config-save", json={"sessionToken": "attacker-token-3", **student})
    assert rows("SELECT student_name FROM students") == [("Amara",)]


@pytest.mark.usefixtures("amara")
def test_session_shows_the_name_that_it_sent_itself(client: TestClient) -> None:
    progress, looked_up, tracked, config = answers(client, STRANGER, AMARA, studentName=" Eve ")
    assert progress["progress"]["student_name"] == looked_up["progress"]["student_name"] == "Eve"
    assert tracked["progress"]["studentName"] == config["config"]["studentName"] == "Eve"
    assert answers(client, STRANGER, AMARA)[1]["progress"]["student_name"] == "Eve"
    mine = client.get("/api/student-progress", params={"sessionToken": TOKEN}).json()["progress"]
    assert mine["student_name"] == "Amara"


def test_missing_name_is_added_later(client: TestClient, rows: Rows) -> None:
    answers(client, TOKEN, AMARA, studentName="  ")
    answers(client, TOKEN, AMARA, studentName="Amara")
    assert rows("SELECT student_name FROM students") == [("Amara",)]


@pytest.mark.usefixtures("amara")
def test_student_id_opens_no_more_than_the_share_view(client: TestClient) -> None:
    student = answers(client, STRANGER, AMARA)[0]["progress"]["student_id"]
    shared = client.get("/api/student-progress", params={"studentId": student}).json()["sessions"]
    assert [session.keys() for session in shared] == 2 * [
        {"current_step", "completion_rate", "step_progress"}
    ]
    tracked = client.get("/api/track-student-progress", params={"studentId": student}).json()
    assert (tracked["progress"]["studentId"], tracked["progress"]["studentName"]) == (student, None)
    for body in ({"sessionToken": student}, {"sessionToken": student, "studentEmail": AMARA}):
        assert client.put("/api/student-config-update", json=body).status_code == 404


@pytest.mark.usefixtures("amara")
def test_operator_sees_the_persons_name_in_every_session(
    client: TestClient, operator: dict[str, str]
) -> None:
    answers(client, STRANGER, AMARA, studentName="Eve")
    params = {"studentEmail": AMARA}
    sessions = client.get("/api/student-progress", params=params, headers=operator).json()
    assert [session["student_name"] for session in sessions["sessions"]] == ["Amara", "Amara"]
