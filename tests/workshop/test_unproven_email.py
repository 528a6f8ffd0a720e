"""What somebody gets who writes another person's e-mail into a session of their own."""

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
    """A student with a name and a session."""
    client.post("/api/student-progress", json={
        "sessionToken": TOKEN, "studentEmail": AMARA, "studentName": "Amara", "stepNumber": 3,
    }).raise_for_status()  # fmt: skip


def answers(client: TestClient, token: str, email: str, **fields: Any) -> list[Answer]:
    """All that a session answers whoever holds its token."""
    body = {"sessionToken": token, "studentEmail": email, **fields}
    asked = [
        client.post("/api/student-progress", json={**body, "stepNumber": 1}),
        client.get("/api/student-progress", params={"sessionToken": token}),
        client.post("/api/track-student-progress", json={**body, "exerciseId": "step-1"}),
        client.get("/api/student-config-get", params={"sessionToken": token}),
    ]
    assert {answer.status_code for answer in asked} == {200}
    return [answer.json() for answer in asked]


def without_own_facts(answer: Any) -> Any:
    """An answer with what differs between any two sessions shortened to its type."""
    if isinstance(answer, dict):
        return {name: without_own_facts(part) for name, part in answer.items()}
    if isinstance(answer, list):
        return [without_own_facts(part) for part in answer]
    return type(answer)


@pytest.mark.usefixtures("amara")
def test_unproven_email_does_not_show_the_persons_name(client: TestClient) -> None:
    for answer in answers(client, STRANGER, AMARA):
        assert "Amara" not in str(answer)


@pytest.mark.usefixtures("amara")
def test_known_and_unknown_emails_are_answered_alike(client: TestClient) -> None:
    known = answers(client, STRANGER, AMARA)
    unknown = answers(client, "attacker-token-2", "nobody@example.com")
    assert without_own_facts(known) == without_own_facts(unknown)


@pytest.mark.usefixtures("amara")
def test_unproven_email_does_not_rename_the_person(client: TestClient, rows: Rows) -> None:
    who = {"studentEmail": AMARA, "studentName": "Eve"}
    client.post("/api/generate-session", json=who)
    answers(client, STRANGER, AMARA, studentName="Eve")
    client.post("/api/student-progress", json={"sessionToken": "attacker-token-3", "stepNumber": 1})
    client.post("/api/student-config-save", json={"sessionToken": "attacker-token-3", **who})
    assert rows("SELECT student_name FROM students") == [("Amara",)]


@pytest.mark.usefixtures("amara")
def test_session_shows_the_name_that_it_sent_itself(client: TestClient) -> None:
    progress, looked_up, tracked, config = answers(client, STRANGER, AMARA, studentName=" Eve ")
    assert progress["progress"]["student_name"] == looked_up["progress"]["student_name"] == "Eve"
    assert tracked["progress"]["studentName"] == config["config"]["studentName"] == "Eve"
    assert answers(client, STRANGER, AMARA)[1]["progress"]["student_name"] == "Eve"
    mine = client.get("/api/student-progress", params={"sessionToken": TOKEN}).json()["progress"]
    assert mine["student_name"] == "Amara"


def test_name_comes_later_where_there_was_none(client: TestClient, rows: Rows) -> None:
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
