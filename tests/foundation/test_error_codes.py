"""Codes distinguish a wrong URL from an unknown object, and errors name their fields."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD

ABSENT = "00000000-0000-4000-8000-000000000000"
TOKEN = "ws_1_" + "0" * 64
PASSWORD = {"adminPassword": ADMIN_PASSWORD}
START = {"student_id": "ann", "question_pool_id": ABSENT}
SUBMIT = {"session_id": ABSENT, "question_id": "q1", "response": 0}
UNKNOWN = [
    ("GET", "/api/test/statuses", None, "endpoint_not_found"),
    ("GET", f"/api/test/status/{ABSENT}/more", None, "endpoint_not_found"),
    ("GET", f"/api/test/status/{ABSENT}", None, "session_not_found"),
    ("POST", "/api/test/submit", SUBMIT, "session_not_found"),
    ("POST", "/api/test/end", {"session_id": ABSENT}, "session_not_found"),
    ("POST", f"/api/test/end/{ABSENT}", None, "session_not_found"),
    ("GET", f"/api/debug/session/{ABSENT}", None, "session_not_found"),
    ("POST", f"/api/debug/sync/{ABSENT}", None, "session_not_found"),
    ("GET", f"/api/student-config-get?sessionToken={TOKEN}", None, "session_not_found"),
    ("GET", f"/api/student-progress?sessionToken={TOKEN}", None, "session_not_found"),
    (
        "PUT",
        "/api/student-config-update",
        {"sessionToken": TOKEN, "selectedVoice": "alloy"},
        "session_not_found",
    ),
    ("POST", "/api/test/start", START, "pool_not_found"),
    ("GET", f"/api/debug/pool/{ABSENT}", None, "pool_not_found"),
    ("POST", "/api/admin-calibrate", {"question_pool_id": ABSENT}, "pool_not_found"),
    ("GET", "/api/student/nobody/history", None, "student_not_found"),
    ("GET", "/api/student/nobody/proficiency", None, "student_not_found"),
    ("GET", "/api/student/nobody/progress", None, "student_not_found"),
    (
        "POST",
        "/api/admin-delete-student",
        {**PASSWORD, "studentEmail": "no@example.com"},
        "student_not_found",
    ),
    ("POST", "/api/admin-restore", {**PASSWORD, "name": "no-such-backup"}, "backup_not_found"),
]
ABOUT_FIELDS = [
    ("GET", "/api/student-progress", None, ["sessionToken", "studentEmail", "studentId"]),
    ("GET", "/api/student-config-get", None, ["sessionToken"]),
    ("GET", "/api/track-student-progress", None, ["studentId", "getAllStudents"]),
    ("POST", "/api/admin-cleanup-old-tables", PASSWORD, ["confirmText"]),
    ("POST", "/api/admin-list-configs-v2", {**PASSWORD, "cursor": "x"}, ["cursor"]),
    (
        "POST",
        "/api/admin-change-email",
        {**PASSWORD, "newEmail": "a@example.com"},
        ["studentId", "studentEmail"],
    ),
    ("POST", "/api/report-bug", {"description": ""}, ["description"]),
    ("GET", "/api/workshop-analytics?days=0", None, ["days"]),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), UNKNOWN)
def test_code_names_the_missing_object(
    client: TestClient, operator: dict[str, str], method: str, path: str, body: Any, code: str
) -> None:
    response = client.request(method, path, json=body, headers=operator)
    assert (response.status_code, response.json()["code"]) == (404, code)


@pytest.mark.parametrize(("method", "path", "body", "fields"), ABOUT_FIELDS)
def test_error_about_a_field_has_details(
    client: TestClient,
    operator: dict[str, str],
    method: str,
    path: str,
    body: Any,
    fields: list[str],
) -> None:
    response = client.request(method, path, json=body, headers=operator)
    assert response.status_code in {400, 422}
    details = response.json()["details"]
    assert [detail["field"] for detail in details] == fields
    for detail in details:
        assert detail["problem"]
        assert not detail["problem"].startswith(f"{detail['field']}:")
