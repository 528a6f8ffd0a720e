"""A course of five steps with names of its own works without any change to the code."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD, CRON_SECRET

BREAD: dict[str, Any] = {
    "courseId": "sourdough-bread",
    "name": "Bake a sourdough bread",
    "steps": [
        {"number": 1, "name": "Feed the Starter", "aliases": ["Starter"]},
        {"number": 2, "name": "Mix the Dough", "completedBy": ["doughMixed"]},
        {"number": 3, "name": "Fold", "completedBy": ["firstFold", "secondFold"]},
        {"number": 4, "name": "Shape & Proof"},
        {"number": 5, "name": "Bake", "aliases": ["Final Deployment"],
         "completedBy": ["projectDeployed"]},
    ],
}  # fmt: skip
NAMES = ["Feed the Starter", "Mix the Dough", "Fold", "Shape & Proof", "Bake"]
EMAIL = "paul@example.com"
Call = Callable[..., Any]


@pytest.fixture
def call(client: TestClient) -> Call:
    """Send a request: `call("/api/course", courseId="a")`, by POST unless told otherwise."""

    def send(path: str, *, method: str = "POST", expect: int = 200, **fields: Any) -> Any:
        if method == "GET":
            response = client.get(path, params=fields)
        else:
            response = client.request(method, path, json=fields)
        assert response.status_code == expect, response.text
        return response.json()

    return send


def as_operator(call: Call, path: str, **fields: Any) -> Any:
    return call(path, adminPassword=ADMIN_PASSWORD, **fields)


@pytest.fixture
def token(call: Call) -> str:
    """The token of a session of the course, without progress."""
    course = as_operator(call, "/api/admin-save-course", **BREAD)
    assert (course["created"], course["sessions"]) == (True, 0)
    session = call("/api/generate-session", courseId=BREAD["courseId"], studentEmail=EMAIL)
    token: str = session["sessionToken"]
    return token


def take_all_steps(call: Call, token: str) -> None:
    """Take the five steps, each in a different way, and check the percentage after each."""
    session = {"sessionToken": token}
    report, save = "/api/student-progress", "/api/student-config-save"

    def progress() -> tuple[int, int]:
        figures = call(report, method="GET", **session)["progress"]
        return figures["completion_rate"], figures["current_step"]

    assert progress() == (0, 0)
    fields = {"stepNumber": 0, "stepName": " STARTER ", "completed": True, "timeSpent": 60}
    response = call(report, **session, **fields, courseId=BREAD["courseId"])["progress"]
    assert (response["course_id"], response["completion_rate"]) == (BREAD["courseId"], 20)
    call(save, **session, doughMixed=True, unknownFlag=True)
    assert progress() == (40, 2)
    call(save, **session, firstFold=True, secondFold="yes")
    assert progress() == (40, 2)
    call("/api/student-config-update", method="PUT", **session, secondFold=True, firstFold=False)
    assert progress() == (60, 3)
    response = call("/api/track-student-progress", **session, exerciseId="step-4", completed=1)
    assert response["progress"]["completionRate"] == 80
    call("/api/track-student-progress", **session, exerciseId="step-7", completed=True)
    assert progress() == (80, 4)
    call(save, **session, projectDeployed=True)
    assert progress() == (100, 5)


def test_course_of_five_steps_works_in_reports_lookups_and_lists(call: Call, token: str) -> None:
    session = {"sessionToken": token}
    take_all_steps(call, token)
    course = call("/api/course", method="GET", courseId=BREAD["courseId"])["course"]
    assert [step["name"] for step in course["steps"]] == NAMES

    progress = call("/api/student-progress", method="GET", **session)["progress"]
    assert [step["stepName"] for step in progress["step_progress"]] == NAMES
    (share_view,) = call("/api/student-progress", method="GET", studentEmail=EMAIL)["sessions"]
    assert share_view["course_id"] == BREAD["courseId"]
    assert [step["stepName"] for step in share_view["step_progress"]] == NAMES
    tracking = call("/api/track-student-progress", method="GET", studentId=EMAIL)["progress"]
    assert tracking["exercises"] == {f"step-{n}": {"completed": True} for n in range(1, 6)}
    config = call("/api/student-config-get", method="GET", **session)["config"]
    assert (config["courseId"], config["completionRate"]) == (BREAD["courseId"], 100)

    for path in ("/api/admin-list-configs", "/api/admin-list-configs-v2"):
        sessions = as_operator(call, path)["sessions"]
        course_ids = {s["courseId"] for s in sessions if s["sessionToken"] == token}
        assert course_ids == {BREAD["courseId"]}
        assert {s["courseId"] for s in sessions} == {BREAD["courseId"], "voice-assistant"}
    assert call("/api/report-bug", **session, description="The crust is pale.")["success"]


def test_refusal_of_a_number_after_the_last_step_names_the_field(call: Call, token: str) -> None:
    session = {"sessionToken": token}
    for number, name in ((6, None), (9, "Deploy System"), (50, "bake and eat")):
        report = {"stepNumber": number, "stepName": name}
        refusal = call("/api/student-progress", expect=422, **session, **report)
        assert refusal["error"].startswith("stepNumber: ")
    for path, method in (
        ("/api/student-config-save", "POST"),
        ("/api/student-config-update", "PUT"),
    ):
        refusal = call(path, method=method, expect=422, **session, currentStep=6)
        assert refusal["error"].startswith("currentStep: ")
        call(path, method=method, **session, currentStep=5)
    progress = call("/api/student-progress", method="GET", **session)["progress"]
    assert (progress["current_step"], progress["step_progress"]) == (5, [])


def test_step_name_of_another_course_is_ignored(call: Call, token: str) -> None:
    report = {"stepNumber": 2, "stepName": "Connect Accounts"}
    progress = call("/api/student-progress", sessionToken=token, **report)["progress"]
    assert [(s["stepNumber"], s["stepName"]) for s in progress["step_progress"]] == [
        (2, "Mix the Dough")
    ]


def test_operators_see_the_figures_of_one_course(
    call: Call, client: TestClient, token: str, operator: dict[str, str]
) -> None:
    take_all_steps(call, token)
    other_token = call("/api/generate-session", courseId=BREAD["courseId"])["sessionToken"]
    call("/api/student-progress", sessionToken=other_token, stepNumber=2, timeSpent=10)

    def analytics(**params: str) -> Any:
        return client.get("/api/workshop-analytics", params=params, headers=operator).json()

    bread = analytics(courseId=BREAD["courseId"])
    assert [(s["stepName"], s["reached"], s["completed"]) for s in bread["funnel"]] == [
        ("Feed the Starter", 2, 1), ("Mix the Dough", 2, 1), ("Fold", 1, 1),
        ("Shape & Proof", 1, 1), ("Bake", 1, 1),
    ]  # fmt: skip
    assert bread["totals"] == {
        "students": 2, "sessions": 2, "activeSessions": 2, "completedSessions": 1,
        "avgCompletion": 50,
        "notStarted": 0,
    }  # fmt: skip
    # The steps with a report; flags alone completed the other two.
    assert {step["stepName"] for step in bread["steps"]} == {
        "Feed the Starter", "Mix the Dough", "Shape & Proof",
    }  # fmt: skip
    assert {student["totalSessions"] for student in bread["students"]} == {1}
    all_courses = analytics()
    assert all_courses["funnel"][0]["stepName"] == "Connect Accounts"
    assert len(all_courses["funnel"]) == 9
    by_course = {c["courseId"]: (c["steps"], c["sessions"]) for c in all_courses["courses"]}
    assert by_course[BREAD["courseId"]] == (5, 2)
    assert by_course["voice-assistant"] == (9, all_courses["totals"]["sessions"] - 2)
    params = {"courseId": "unheard-of"}
    unknown = client.get("/api/workshop-analytics", params=params, headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "course_not_found")


def test_session_stays_in_its_course_once_a_step_is_reported(call: Call, token: str) -> None:
    progress = {"sessionToken": token, "stepNumber": 1}
    requests = {
        "/api/student-progress": progress,
        "/api/student-config-save": {"sessionToken": token, "currentStep": 1},
    }
    for path, fields in requests.items():
        assert call(path, expect=404, **fields, courseId="unheard-of")["code"] == (
            "course_not_found"
        )
    call("/api/generate-session", expect=404, courseId="unheard-of")
    call("/api/generate-session", expect=422, courseId="Not A Course Id")
    response = call("/api/student-progress", **progress, courseId="voice-assistant")
    assert response["progress"]["course_id"] == "voice-assistant"
    for path, fields in requests.items():
        refusal = call(path, expect=409, **fields, courseId=BREAD["courseId"])
        assert refusal["code"] == "session_of_another_course"
        call(path, **fields, courseId="voice-assistant")
        call(path, **fields)


def test_sessions_of_the_course_expire_and_are_removed(
    call: Call, client: TestClient, token: str, postgres_url: str
) -> None:
    take_all_steps(call, token)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE sessions SET expires_at = now() - INTERVAL '1 day'")
    cron = {"Authorization": f"Bearer {CRON_SECRET}"}
    assert client.get("/api/cleanup-sessions", headers=cron).json()["closedSessions"] > 1
    fields = {"sessionToken": token, "stepNumber": 1}
    progress = call("/api/student-progress", **fields)["progress"]
    assert (progress["is_active"], progress["completion_rate"]) == (True, 100)
    removal = as_operator(
        call, "/api/admin-delete-sessions", sessionTokens=[token], deleteType="full"
    )
    assert removal["sessionsDeleted"] == 1
    call("/api/generate-session", courseId=BREAD["courseId"], studentEmail=EMAIL)
    assert (
        as_operator(call, "/api/admin-delete-student", studentEmail=EMAIL)["sessionsDeleted"] == 1
    )
    assert call("/api/course", method="GET", courseId=BREAD["courseId"])["course"]["name"]


def test_course_and_its_sessions_are_restored_from_a_backup(call: Call, token: str) -> None:
    take_all_steps(call, token)
    before = call("/api/student-progress", method="GET", sessionToken=token)
    name = as_operator(call, "/api/admin-backup")["name"]
    longer = [*BREAD["steps"], {"name": "Eat"}]
    as_operator(call, "/api/admin-save-course", **{**BREAD, "steps": longer})
    drop_existing = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}
    as_operator(call, "/api/admin-create-unified-schema", **drop_existing)
    call("/api/student-progress", method="GET", expect=404, sessionToken=token)
    response = as_operator(call, "/api/admin-restore", name=name, unifiedOnly=True)
    assert response["success"]
    assert call("/api/student-progress", method="GET", sessionToken=token) == before
    course = call("/api/course", method="GET", courseId=BREAD["courseId"])["course"]
    assert [step["name"] for step in course["steps"]] == NAMES
    fields = {"sessionToken": token, "stepNumber": 5, "completed": True}
    assert call("/api/student-progress", **fields)["progress"]["completion_rate"] == 100
