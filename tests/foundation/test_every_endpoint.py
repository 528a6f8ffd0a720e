"""Rules for every row of the table of endpoints, including future ones."""

import re

import pytest
from fastapi.testclient import TestClient

from lib.routes import ENDPOINTS, Access, Endpoint
from lib.web.headers import API_HEADERS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PATHS = sorted({row.path for row in ENDPOINTS})
PROTECTED = [
    (row, method)
    for row in ENDPOINTS
    for method in row.methods
    if row.access in {Access.OPERATOR, Access.CRON}
]
NO_CREDENTIALS = {"Authorization": ""}
WRONG_CREDENTIALS = (
    NO_CREDENTIALS,
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
    {"User-Agent": "vercel-cron/1.0", "X-Forwarded-For": "127.0.0.1", "Host": "127.0.0.1"},
)


def filled(path: str) -> str:
    """Return a path with the id of nothing for each parameter."""
    return re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path)


def case_id(case: tuple[Endpoint, str]) -> str:
    return f"{case[1]} {case[0].path}"


@pytest.mark.parametrize("case", PROTECTED, ids=case_id)
def test_closed_endpoints_are_closed_to_strangers(
    client: TestClient, case: tuple[Endpoint, str]
) -> None:
    row, method = case
    for headers in WRONG_CREDENTIALS:
        answer = client.request(method, filled(row.path), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("path", PATHS)
def test_methods_that_are_not_in_the_table_are_refused(client: TestClient, path: str) -> None:
    listed = {method for row in ENDPOINTS if row.path == path for method in row.methods}
    for method in set(METHODS) - listed:
        answer = client.request(method, filled(path))
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) == listed


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/.git/config", "/lib/settings.py"])
def test_what_is_no_endpoint_is_not_found_with_every_header(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert {name: answer.headers.get(name) for name in API_HEADERS} == API_HEADERS


def test_description_is_read_and_not_written(client: TestClient) -> None:
    assert client.get("/openapi.json").json()["openapi"].startswith("3.")
    assert client.post("/openapi.json").json()["code"] == "not_found"
