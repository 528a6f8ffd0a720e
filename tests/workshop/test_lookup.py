"""GET /api/student-progress: responses to token holders, operators and strangers."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
PATH = "/api/student-progress"
PRIVATE = "private-canary"


@pytest.fixture
def student(post: Post, rows: Rows) -> str:
    """Create a student whose session is full of private values; return the student's id."""
    post(
        studentEmail="ann@example.com", studentName=PRIVATE, stepNumber=3, stepName=PRIVATE,
        completed=True, timeSpent=450, codeSubmitted=PRIVATE, deploymentUrl=PRIVATE,
    )  # fmt: skip
    rows(
        "UPDATE sessions SET openai_api_key = 'key-canary', system_prompt = %s,"
        " websocket_url = %s, exercises = '{}' RETURNING 1",
        PRIVATE, PRIVATE,
    )  # fmt: skip
    return str(rows("SELECT student_id FROM students")[0][0])


def test_token_shows_the_whole_session(client: TestClient, student: str) -> None:
    body = client.get(PATH, params={"sessionToken": TOKEN}).json()
    assert body["success"] is True
    progress = body["progress"]
    assert progress["student_id"] == student
    assert progress["student_email"] == "ann@example.com"
    assert progress["system_prompt"] == PRIVATE
    assert progress["has_api_key"] is True
    assert progress["step_progress"][0]["deploymentUrl"] == PRIVATE


def test_token_may_come_in_a_header(client: TestClient, student: str) -> None:
    body = client.get(PATH, headers={"X-Session-Token": TOKEN}).json()
    assert body["progress"]["student_id"] == student


def test_no_response_contains_the_api_key(
    client: TestClient, student: str, operator: dict[str, str], post: Post
) -> None:
    responses = [
        post(stepNumber=4),
        client.get(PATH, params={"sessionToken": TOKEN}),
        client.get(PATH, params={"studentId": student}, headers=operator),
    ]
    for response in responses:
        assert response.status_code == 200
        assert "key-canary" not in response.text
        assert "openai_api_key" not in response.text


@pytest.mark.parametrize("parameter", ["studentEmail", "studentId"])
def test_stranger_sees_steps_and_percentages_only(
    client: TestClient, student: str, parameter: str
) -> None:
    value = {"studentEmail": " Ann@Example.com", "studentId": student}[parameter]
    response = client.get(PATH, params={parameter: value})
    assert response.json() == {
        "success": True,
        "sessions": [
            {
                "course_id": "voice-assistant",
                "current_step": 3,
                "completion_rate": 11,
                "step_progress": [
                    {"stepNumber": 3, "stepName": "Provision Services", "completed": True}
                ],
            }
        ],
        "next_cursor": None,
    }
    for private in (TOKEN, PRIVATE, "ann@", student):
        assert private not in response.text


@pytest.mark.parametrize("parameter", ["studentEmail", "studentId"])
def test_operator_sees_whole_sessions_newest_first(
    client: TestClient, student: str, post: Post, operator: dict[str, str], parameter: str
) -> None:
    post(sessionToken="ws_2_newer_token", studentEmail="ann@example.com")
    value = {"studentEmail": "ann@example.com", "studentId": student}[parameter]
    sessions = client.get(PATH, params={parameter: value}, headers=operator).json()["sessions"]
    assert [s["session_token"] for s in sessions] == ["ws_2_newer_token", TOKEN]


@pytest.mark.parametrize("holds_password", [False, True])
def test_email_and_id_have_to_belong_to_the_same_student(
    client: TestClient, student: str, post: Post, operator: dict[str, str], holds_password: bool
) -> None:
    post(sessionToken="ws_2_of_ben_long_enough", studentEmail="ben@example.com", stepNumber=5)

    def steps(**params: str) -> list[int]:
        headers = operator if holds_password else {}
        response = client.get(PATH, params=params, headers=headers)
        assert response.status_code == 200
        return [session["current_step"] for session in response.json()["sessions"]]

    assert steps(studentEmail=" Ann@Example.com", studentId=student) == [3]
    assert steps(studentEmail="ben@example.com", studentId=student) == []
    assert steps(studentEmail="ben@example.com") == [5]
    assert steps(studentEmail="nobody@example.com", studentId=student) == []
    assert steps(studentEmail="ben@example.com", studentId=str(uuid4())) == []
    assert steps(studentId=student) == [3]


def test_wrong_password_is_refused_instead_of_ignored(client: TestClient) -> None:
    response = client.get(
        PATH, params={"studentEmail": "a@b.c"}, headers={"Authorization": "Bearer wrong"}
    )
    assert response.status_code == 401


@pytest.mark.parametrize(
    "params", [{"studentEmail": "nobody@example.com"}, {"studentId": str(uuid4())}]
)
def test_response_for_an_unknown_student_has_an_empty_list_of_sessions(
    client: TestClient, params: dict[str, str]
) -> None:
    response = client.get(PATH, params=params)
    assert response.status_code == 200
    assert response.json() == {"success": True, "sessions": [], "next_cursor": None}


@pytest.mark.parametrize("token", ["ws_1732147200000_" + "60" * 32, "x", "%", "' OR 1=1 --"])
def test_unknown_token_is_not_found(client: TestClient, student: str, token: str) -> None:
    assert student
    response = client.get(PATH, params={"sessionToken": token})
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_look_up_without_parameters_is_refused(client: TestClient) -> None:
    assert client.get(PATH).status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("studentId", "1"), ("studentEmail", "nobody"), ("studentEmail", "a\0@b.c"),
        ("sessionToken", "a\0b"), ("sessionToken", "x" * 201),
    ],
)  # fmt: skip
def test_bad_parameter_is_named(client: TestClient, field: str, value: str) -> None:
    response = client.get(PATH, params={field: value})
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, field)


def test_responses_must_not_be_cached(client: TestClient, student: str) -> None:
    response = client.get(PATH, params={"studentId": student})
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
