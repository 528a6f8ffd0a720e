"""Access by role to every endpoint of lib/routes.py that needs a user's access token."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import BY_TOKEN, Access, Endpoint
from lib.routes import ENDPOINTS
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET
from tests.foundation.test_every_endpoint import case_id, with_unknown_ids

PASSWORD = "correct horse battery"
ROWS = [(row, method) for row in ENDPOINTS for method in row.methods if row.access in BY_TOKEN]
FOR_TEACHERS = [case for case in ROWS if case[0].access is Access.TEACHER]


def headers_of(client: TestClient, operator: dict[str, str], role: str) -> dict[str, str]:
    body: dict[str, Any] = {"username": f"the {role}", "password": PASSWORD, "role": role}
    body |= {"grade": 10, "target_exam": "Finals"} if role == "student" else {}
    response = client.post("/api/auth/register", json=body, headers=operator)
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


def call(client: TestClient, case: tuple[Endpoint, str], headers: dict[str, str]) -> Any:
    row, method = case
    # No endpoint takes a list as its body, so nothing is changed.
    body: list[str] | None = [] if method in {"POST", "PUT"} else None
    return client.request(method, with_unknown_ids(row.path), headers=headers, json=body)


def test_every_endpoint_of_users_is_covered() -> None:
    assert len(ROWS) == 61
    assert len(FOR_TEACHERS) == 15


@pytest.mark.parametrize("case", ROWS, ids=case_id)
def test_call_without_a_users_token_is_refused(
    client: TestClient, case: tuple[Endpoint, str]
) -> None:
    for credential in ("", f"Bearer {ADMIN_PASSWORD}", f"Bearer {CRON_SECRET}"):
        response = call(client, case, {"Authorization": credential})
        body = response.json()
        assert (response.status_code, body["code"]) == (401, "token_refused")
        assert ("detail" in body) == case[0].of_live_system


def test_students_cannot_call_endpoints_of_teachers(
    client: TestClient, operator: dict[str, str]
) -> None:
    student, teacher, admin = (
        headers_of(client, operator, role) for role in ("student", "teacher", "admin")
    )
    for case in FOR_TEACHERS:
        refusal = call(client, case, student)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "role_refused"), case
        for headers in (teacher, admin):
            code = call(client, case, headers).json().get("code")
            assert code not in {"role_refused", "token_refused"}, case


def test_operators_are_not_users_and_users_are_not_operators(
    client: TestClient, operator: dict[str, str]
) -> None:
    assert client.get("/api/auth/me", headers=operator).status_code == 401
    student = headers_of(client, operator, "student")
    assert client.post("/api/admin-invite", json={"role": "admin"}).status_code == 401
    refusal = client.post("/api/admin-invite", json={"role": "admin"}, headers=student)
    assert refusal.status_code == 401
