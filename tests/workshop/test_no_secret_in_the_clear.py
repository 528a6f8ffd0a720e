"""Secrets that students send, in whichever field, are in no row of any table and in no backup."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from lib.workshop.config.wire import ConfigIn
from lib.workshop.older_pages.wire import TrackIn
from lib.workshop.progress.wire import BugReportIn, ProgressIn, SessionIn
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
OTHER_TOKEN = "ws_1732147200001_" + "6e" * 32
MARK = "9f86d081884c7d659a2feaa0c55ad015"
CANARIES = (
    f"sk-{MARK}",
    f"AC{MARK}",
    f"SK{MARK}",
    f"AIza{MARK}",
    f"https://ann:{MARK}@example.com/?x=1",
    f"https://example.com/?x=1&api_key={MARK}",
    f"auth_token = '{MARK}'",
    f'{{"twilio_auth_token": "{MARK}"}}',
)
ENDPOINTS: dict[str, tuple[str, type[BaseModel], dict[str, Any]]] = {
    "/api/generate-session": ("POST", SessionIn, {}),
    "/api/student-progress": ("POST", ProgressIn, {"sessionToken": TOKEN, "stepNumber": 1}),
    "/api/student-config-save": ("POST", ConfigIn, {"sessionToken": TOKEN}),
    "/api/student-config-update": ("PUT", ConfigIn, {"sessionToken": TOKEN}),
    "/api/report-bug": ("POST", BugReportIn, {"sessionToken": TOKEN, "description": "It broke"}),
    "/api/track-student-progress": (
        "POST", TrackIn, {"sessionToken": OTHER_TOKEN, "exerciseId": "step-1"},
    ),
}  # fmt: skip
SEALED = {"openaiApiKey", "twilioAccountSid", "twilioAuthToken"}
"""Fields that hold a secret and are sealed; anything that is sent there is stored."""


def values(canary: str) -> list[Any]:
    """Return a canary in each form that some field takes."""
    return [canary, f"{canary}@example.com", [{"note": canary}], {"note": canary}, {canary: 1}]


def all_text(rows: Rows) -> str:
    """Return every row of our tables, except those of the study planner, as text."""
    ((query,),) = rows(
        "SELECT string_agg(format('SELECT t::text FROM %I.%I AS t', schemaname, tablename),"
        " ' UNION ALL ') FROM pg_tables"
        " WHERE schemaname IN ('public', 'assessment', 'legacy', 'stepwise')"
    )
    return "\n".join(text for (text,) in rows(query))


def send_everywhere(client: TestClient, path: str, value: Any) -> set[str]:
    """Send a value in all fields of a call that take it; return the names of these fields.

    A refusal names the fields at fault, and the others are sent again. If it names none of them,
    each is sent alone.
    """
    method, model, required = ENDPOINTS[path]
    names = {field.alias or "" for field in model.model_fields.values()}
    while names:
        body = {**required, **dict.fromkeys(names, value)}
        response = client.request(method, path, json=body)
        assert response.status_code in {200, 201, 404, 409, 422}, response.text
        if response.status_code < 400:
            return names
        details = response.json().get("details", [])
        at_fault = {re.split(r"[.\[]", detail["field"])[0] for detail in details} & names
        if not at_fault:
            return {name for name in names if accepts(client, path, name, value)}
        names -= at_fault
    return set()


def accepts(client: TestClient, path: str, name: str, value: Any) -> bool:
    method, _, required = ENDPOINTS[path]
    response = client.request(method, path, json={**required, name: value})
    assert response.status_code in {200, 201, 404, 409, 422}, response.text
    return response.status_code < 400


@pytest.mark.usefixtures("deps")
def test_no_canary_is_stored_or_backed_up(
    client: TestClient, rows: Rows, operator: dict[str, str], tmp_path: Path
) -> None:
    client.post("/api/student-progress", json={"sessionToken": TOKEN, "stepNumber": 1})
    accepted_fields = set()
    for canary in CANARIES:
        for value in values(canary):
            for path in ENDPOINTS:
                accepted_fields |= send_everywhere(client, path, value)
            assert MARK not in all_text(rows)
    assert accepted_fields >= {
        "codeSubmitted", "deploymentUrl", "stepName", "studentName", "githubUsername",
        "systemPrompt", "tools", "voiceSettings", "websocketUrl", "description", "errorMessage",
        "pageUrl", "userAgent", "exerciseId", *SEALED,
    }  # fmt: skip
    assert "[secret removed]" in all_text(rows)
    backup = client.post("/api/admin-backup", headers=operator).json()
    backup_text = gzip.decompress(Path(backup["location"]).read_bytes()).decode()
    assert Path(backup["location"]).is_relative_to(tmp_path)
    assert "[secret removed]" in backup_text
    assert MARK not in backup_text


@pytest.mark.parametrize("field", ["studentEmail", "sessionToken"])
def test_a_secret_in_place_of_a_person_or_a_token_is_refused(
    client: TestClient, field: str
) -> None:
    value = f"sk-{MARK}" + ("@example.com" if field == "studentEmail" else "")
    body = {"sessionToken": TOKEN, "stepNumber": 1, field: value}
    refusal = client.post("/api/student-progress", json=body)
    assert refusal.status_code == 422
    assert [detail["field"] for detail in refusal.json()["details"]] == [field]
    assert MARK not in json.dumps(refusal.json())
