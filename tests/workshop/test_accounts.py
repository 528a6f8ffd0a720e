"""GitHub names and Twilio accounts of students; pages set them, and the accounts are sealed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.operations.keys.rotation import rotate
from lib.settings import Settings
from lib.vault import ACCOUNT_FIELD, Vault
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD
from tests.support.upgrade import upgrade
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
Post = Callable[..., Any]
SID, OTHER_SID = "AC" + "5f" * 16, "AC" + "ab" * 16
ANN = {"studentEmail": "ann@example.com"}
CALLS = [
    ("POST", "/api/student-progress", {"stepNumber": 1}),
    ("POST", "/api/student-config-save", {}),
    ("PUT", "/api/student-config-update", {}),
]


def accounts(rows: Rows, deps: Deps) -> list[tuple[str | None, str | None]]:
    """Return GitHub name and account of each student, in plain text."""
    vault = Vault.from_settings(deps.settings)
    stored = rows("SELECT github_username, twilio_account_sid FROM students ORDER BY student_email")
    assert "AC" not in {sid[:2] for _, sid in stored if sid}
    return [(name, vault.open(sid, "", ACCOUNT_FIELD) if sid else None) for name, sid in stored]


@pytest.mark.parametrize(("method", "path", "fields"), CALLS)
def test_accounts_that_a_page_sends_are_stored_for_its_student(
    client: TestClient, post: Post, rows: Rows, deps: Deps, method: str, path: str,
    fields: dict[str, Any],
) -> None:  # fmt: skip
    post(**ANN)
    body = {"sessionToken": TOKEN, "githubUsername": " ann-b", "twilioAccountSid": f" {SID} "}
    response = client.request(method, path, json={**body, **fields})
    assert response.status_code == 200
    assert accounts(rows, deps) == [("ann-b", SID)]
    client.request(method, path, json={"sessionToken": TOKEN, "githubUsername": "",
                                       "twilioAccountSid": " ", **fields})  # fmt: skip
    assert accounts(rows, deps) == [("ann-b", SID)]  # blank counts as left out
    client.request(method, path, json={**body, "twilioAccountSid": OTHER_SID, **fields})
    assert accounts(rows, deps) == [("ann-b", OTHER_SID)]  # the student corrects it
    progress = post().json()["progress"]
    assert (progress["github_username"], progress["has_twilio_account_sid"]) == ("ann-b", True)
    config = client.get("/api/student-config-get", params={"sessionToken": TOKEN}).json()["config"]
    assert (config["githubUsername"], config["hasTwilioAccountSid"]) == ("ann-b", True)
    lists = client.post("/api/admin-list-configs", json={"adminPassword": ADMIN_PASSWORD}).json()
    (student,) = lists["students"]
    assert (student["githubUsername"], student["hasTwilioAccountSid"]) == ("ann-b", True)
    for body in (response.json(), progress, config, lists):
        assert not any(secret in str(body) for secret in (SID, OTHER_SID, "v1."))
    everything = rows("SELECT to_jsonb(st), to_jsonb(s), to_jsonb(e) FROM students st, sessions s,"
                      " events e")  # fmt: skip
    assert not any(secret in str(everything) for secret in (SID, OTHER_SID))


def test_another_session_under_the_same_email_neither_sees_nor_replaces_accounts(
    post: Post, rows: Rows, deps: Deps
) -> None:
    post(**ANN, githubUsername="ann-b", twilioAccountSid=SID)
    stranger = {**ANN, "sessionToken": "ws_2_long_enough"}
    progress = post(**stranger).json()["progress"]
    assert (progress["github_username"], progress["has_twilio_account_sid"]) == (None, False)
    for _ in range(2):
        body = post(**stranger, githubUsername="eve", twilioAccountSid=OTHER_SID).json()
        assert body["progress"]["github_username"] == "eve"
        assert body["progress"]["has_twilio_account_sid"] is True
        assert accounts(rows, deps) == [("ann-b", SID)]


def test_accounts_of_an_anonymous_session_come_along_when_it_is_claimed(
    post: Post, rows: Rows, deps: Deps
) -> None:
    post(githubUsername="ann-b", twilioAccountSid=SID)
    post(**ANN)
    assert accounts(rows, deps) == [("ann-b", SID)]
    post(sessionToken="ws_2_long_enough", githubUsername="eve", twilioAccountSid=OTHER_SID)
    post(sessionToken="ws_2_long_enough", **ANN)
    assert accounts(rows, deps) == [("ann-b", SID)]


def test_report_that_is_repeated_with_its_key_changes_no_account(
    post: Post, rows: Rows, deps: Deps
) -> None:
    for _ in range(2):
        assert post("one-key", **ANN, twilioAccountSid=SID).status_code == 200
    assert post("one-key", **ANN, twilioAccountSid=OTHER_SID).status_code == 422
    assert accounts(rows, deps) == [(None, SID)]


@pytest.mark.parametrize(("method", "path", "fields"), CALLS)
def test_nothing_is_stored_without_a_key_to_seal_with(
    settings: Settings, rows: Rows, method: str, path: str, fields: dict[str, Any]
) -> None:
    deps = Deps(replace(settings, encryption_key=None))
    install_deps(deps)
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    body = {"sessionToken": TOKEN, **ANN, "twilioAccountSid": SID, **fields}
    response = client.request(method, path, json=body)
    assert (response.status_code, response.json()["code"]) == (503, "not_configured")
    assert rows("SELECT count(*) FROM sessions") == [(0,)]
    install_deps(None)
    deps.close()


def test_accounts_in_plain_text_are_reported_by_an_upgrade_and_sealed_by_a_rotation(
    client: TestClient, post: Post, rows: Rows, deps: Deps, postgres_url: str
) -> None:
    post(**ANN)
    rows("UPDATE students SET updated_at = '2025-01-01Z', twilio_account_sid = %s RETURNING 1", SID)
    rows("INSERT INTO students (student_email, twilio_account_sid) VALUES ('b@example.com', '')")
    assert upgrade(postgres_url) == [
        "public.students: Twilio accounts in plain text, which admin-rotate-keys seals; rows: 1"
    ]
    body = {"adminPassword": ADMIN_PASSWORD}
    rotation = client.post("/api/admin-rotate-keys", json=body).json()
    assert (rotation["done"], rotation["rotated"], rotation["remaining"]) == (True, 1, 0)
    assert accounts(rows, deps) == [(None, SID), (None, None)]
    assert rows("SELECT updated_at = '2025-01-01Z' FROM students WHERE student_email LIKE 'ann%'"
                ) == [(True,)]  # fmt: skip
    assert upgrade(postgres_url) == []
    assert client.post("/api/admin-rotate-keys", json=body).json()["rotated"] == 0


def test_rotation_moves_accounts_to_the_new_key(post: Post, rows: Rows, settings: Settings) -> None:
    post(**ANN, twilioAccountSid=SID)
    for number in range(5):
        rows("INSERT INTO students (student_email, twilio_account_sid) SELECT %s,"
             " twilio_account_sid FROM students LIMIT 1 RETURNING 1", f"s{number}@example.com"
        )  # fmt: skip
    new_settings = replace(
        settings, encryption_key="ab" * 32, encryption_key_previous=settings.encryption_key
    )
    deps = Deps(new_settings)
    rotation = rotate(deps, batch_keys=2)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (6, 0, 0)
    new_key_only = Vault.from_settings(replace(new_settings, encryption_key_previous=None))
    for (sid,) in rows("SELECT twilio_account_sid FROM students"):
        assert new_key_only.open(sid, "", ACCOUNT_FIELD) == SID
    # Accounts that no key opens are counted.
    rows("UPDATE students SET twilio_account_sid = twilio_account_sid || 'x'")
    deps.close()
    deps = Deps(replace(settings, encryption_key="cd" * 32))
    rotation = rotate(deps, batch_keys=4)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (0, 6, 0)
    deps.close()
