"""Rules for every row of the table of endpoints, including future ones."""

import re

import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import CLOSED, Access, Endpoint
from lib.routes import ENDPOINTS
from lib.web.headers import API_HEADERS
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, INSTRUCTOR_PASSWORD

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PATHS = sorted({row.path for row in ENDPOINTS})
PROTECTED = [(row, method) for row in ENDPOINTS for method in row.methods if row.access in CLOSED]
OPENED_ACCESS = {
    ADMIN_PASSWORD: {Access.INSTRUCTOR, Access.OPERATOR},
    INSTRUCTOR_PASSWORD: {Access.INSTRUCTOR},
    CRON_SECRET: {Access.CRON},
}
"""Kinds of access that each credential opens."""
FOR_INSTRUCTORS = {
    "POST /api/admin-list-configs",
    "POST /api/admin-list-configs-v2",
    "POST /api/admin-mark-helped",
    "GET /api/workshop-analytics",
    "GET /api/class-progress",
    "GET /api/pools/{question_pool_id}",
    "GET /api/pools/{question_pool_id}/precision",
    "GET /api/pools/{question_pool_id}/questions",
    "GET /api/pools/{question_pool_id}/results",
    "GET /api/admin-export",
    "POST /api/admin-import-roster",
    "GET /api/debug/session/{session_id}",
    "GET /api/debug/pool/{question_pool_id}",
}
NO_CREDENTIALS = {"Authorization": ""}
WRONG_CREDENTIALS = (
    NO_CREDENTIALS,
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
    {"User-Agent": "vercel-cron/1.0", "X-Forwarded-For": "127.0.0.1", "Host": "127.0.0.1"},
)


def with_unknown_ids(path: str) -> str:
    """Replace each parameter of a path by a UUID that does not exist."""
    return re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path)


def case_id(case: tuple[Endpoint, str]) -> str:
    return f"{case[1]} {case[0].path}"


@pytest.mark.parametrize("case", PROTECTED, ids=case_id)
def test_protected_endpoints_require_credentials(
    client: TestClient, case: tuple[Endpoint, str]
) -> None:
    row, method = case
    for headers in WRONG_CREDENTIALS:
        response = client.request(method, with_unknown_ids(row.path), headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("credential", OPENED_ACCESS)
@pytest.mark.parametrize("case", PROTECTED, ids=case_id)
def test_each_credential_opens_its_own_endpoints_only(
    client: TestClient, case: tuple[Endpoint, str], credential: str
) -> None:
    row, method = case
    headers = {"Authorization": f"Bearer {credential}"}
    # No POST takes a list as its body, so even a call with access is refused before it changes
    # anything. A GET of a schedule runs its job.
    body: list[str] | None = [] if method == "POST" else None
    response = client.request(method, with_unknown_ids(row.path), headers=headers, json=body)
    refusals = {"unauthenticated", "instructor_refused", "not_configured"}
    is_json = response.headers["content-type"] == "application/json"
    code = response.json().get("code") if is_json else None
    assert (code not in refusals) == (row.access in OPENED_ACCESS[credential])
    if credential == INSTRUCTOR_PASSWORD and row.access is Access.OPERATOR:
        assert (response.status_code, response.json()["code"]) == (403, "instructor_refused")


def test_instructors_may_only_read_enroll_and_mark_as_helped() -> None:
    rows = {case_id(case) for case in PROTECTED if case[0].access is Access.INSTRUCTOR}
    assert rows == FOR_INSTRUCTORS


@pytest.mark.parametrize("path", PATHS)
def test_methods_that_are_not_in_the_table_are_refused(client: TestClient, path: str) -> None:
    listed_methods = {method for row in ENDPOINTS if row.path == path for method in row.methods}
    unlisted_methods = set(METHODS) - listed_methods
    if path.endswith("/questions/{question_id}/retire"):
        unlisted_methods -= {"PUT"}  # an id is any text, so this is a question called "…/retire"
    for row in ENDPOINTS:  # `{class_id}` also matches `join`
        if row.path != path and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", row.path), path):
            unlisted_methods -= set(row.methods)
    for method in unlisted_methods:
        response = client.request(method, with_unknown_ids(path))
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) == listed_methods


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: f"{'/'.join(row.methods)} {row.path}")
def test_slash_at_the_end_of_a_path_is_ignored(client: TestClient, row: Endpoint) -> None:
    client.follow_redirects = False
    for method in row.methods:
        plain, slashed = (
            client.request(method, with_unknown_ids(row.path) + end, headers=NO_CREDENTIALS)
            for end in ("", "/")
        )
        assert slashed.status_code == plain.status_code
        assert slashed.json().get("code") == plain.json().get("code")


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/.git/config", "/lib/settings.py"])
def test_unknown_path_gives_404_with_the_api_headers(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "endpoint_not_found")
    assert {name: response.headers.get(name) for name in API_HEADERS} == API_HEADERS


def test_description_can_be_read_but_not_posted_to(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
    assert client.post("/openapi.json").json()["code"] == "endpoint_not_found"
