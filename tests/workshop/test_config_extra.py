"""student-config-save and -update: unknown fields, and the fields of the admin panel."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.vault import AUTH_TOKEN_FIELD, Vault
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET
from tests.workshop.conftest import TOKEN

SAVE, UPDATE, GET = (f"/api/student-config-{name}" for name in ("save", "update", "get"))
Rows = Callable[..., list[tuple[Any, ...]]]
PANEL = {
    "aiModel": "gpt-4o",
    "aiTemperature": 0.4,
    "conversationStates": [{"name": "greeting", "next": "order"}],
    "enablePersistentMemory": False,
    "memoryRetentionDays": 30,
}
AUTH_TOKEN = "0f" * 16


def send(client: TestClient, path: str, **fields: Any) -> Any:
    method = "PUT" if path == UPDATE else "POST"
    return client.request(method, path, json={"sessionToken": TOKEN, **fields})


def config(client: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = client.get(GET, params={"sessionToken": TOKEN}).json()["config"]
    return body


@pytest.mark.parametrize("path", [SAVE, UPDATE])
@pytest.mark.parametrize("value", [True, False, "x", 5, {"a": 1}])
def test_unknown_fields_alone_are_refused_by_name(
    client: TestClient, post: Callable[..., Any], path: str, value: Any
) -> None:
    post()
    response = send(client, path, favouriteColour=value)
    assert (response.status_code, response.json()["code"]) == (400, "nothing_to_save")
    assert [detail["field"] for detail in response.json()["details"]] == ["favouriteColour"]
    assert "favouriteColour" in response.json()["error"]


def test_refused_save_changes_nothing_and_begins_no_session(
    client: TestClient, rows: Rows, post: Callable[..., Any]
) -> None:
    counts = "SELECT count(*) FROM sessions UNION ALL SELECT count(*) FROM events"
    assert send(client, SAVE, favouriteColour=True).status_code == 400
    assert rows(counts) == [(0,), (0,)]
    post()
    before = rows("SELECT s, version FROM sessions AS s"), rows(counts)
    for path in (SAVE, UPDATE):
        assert send(client, path, favouriteColour=True).status_code == 400
    assert (rows("SELECT s, version FROM sessions AS s"), rows(counts)) == before


@pytest.mark.parametrize("path", [SAVE, UPDATE])
def test_unknown_fields_beside_known_ones_are_listed(
    client: TestClient, post: Callable[..., Any], path: str
) -> None:
    post()
    body = send(client, path, favouriteColour="red", isFun=True, selectedVoice="alloy").json()
    assert (body["success"], body["ignoredFields"]) == (True, ["favouriteColour", "isFun"])
    assert config(client)["selectedVoice"] == "alloy"
    assert send(client, path, selectedVoice="echo").json()["ignoredFields"] == []


@pytest.mark.parametrize("fields", [{}, {"systemPrompt": None}, {"version": 1}])
def test_update_without_a_field_is_refused(
    client: TestClient, post: Callable[..., Any], fields: dict[str, Any]
) -> None:
    post()
    assert send(client, UPDATE, **fields).status_code == 400


def test_service_sid_and_demo_mode_and_auth_token_count_as_fields_to_save(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    assert send(client, UPDATE, ciServiceSid="GA" + "1" * 32).status_code == 200
    assert config(client)["ciServiceSid"] == "GA" + "1" * 32
    assert send(client, UPDATE, demoMode=False).status_code == 200
    assert send(client, UPDATE, twilioAuthToken=AUTH_TOKEN).status_code == 200
    assert rows("SELECT version FROM sessions") == [(4,)]


def test_fields_of_the_admin_panel_are_kept(client: TestClient, post: Callable[..., Any]) -> None:
    post()
    assert config(client)["aiModel"] is None
    assert send(client, UPDATE, **PANEL).json()["ignoredFields"] == []
    send(client, UPDATE, aiModel="gpt-4o-mini")
    settings = config(client)
    assert {name: settings[name] for name in PANEL} == {**PANEL, "aiModel": "gpt-4o-mini"}
    assert "extra" not in settings


def test_auth_token_is_sealed_and_never_returned(
    client: TestClient, post: Callable[..., Any], rows: Rows, deps: Deps
) -> None:
    post()
    assert config(client)["hasTwilioAuthToken"] is False
    texts = [send(client, UPDATE, twilioAuthToken=AUTH_TOKEN).text, str(config(client))]
    texts.append(client.get("/api/student-progress", params={"sessionToken": TOKEN}).text)
    ((sealed,),) = rows("SELECT extra ->> 'twilioAuthToken' FROM sessions")
    vault = Vault.from_settings(deps.settings)
    assert vault.open(sealed, TOKEN, AUTH_TOKEN_FIELD) == AUTH_TOKEN
    assert not any(AUTH_TOKEN in text or sealed in text for text in texts)
    assert config(client)["hasTwilioAuthToken"] is True


def test_auth_token_is_removed_with_the_keys(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    send(client, UPDATE, twilioAuthToken=AUTH_TOKEN, aiModel="gpt-4o")
    client.post(
        "/api/admin-delete-sessions",
        json={
            "adminPassword": ADMIN_PASSWORD,
            "sessionTokens": [TOKEN],
            "deleteType": "keys-only",
        },
    )
    assert rows("SELECT extra FROM sessions") == [({"aiModel": "gpt-4o"},)]


def test_stored_address_of_the_websocket_server_is_returned(
    client: TestClient, post: Callable[..., Any]
) -> None:
    post()
    assert send(client, SAVE, selectedVoice="alloy").json()["websocketUrl"] is None
    body = send(client, SAVE, websocketUrl="wss://mine.example/ws").json()
    assert body["websocketUrl"] == "wss://mine.example/ws"


@pytest.mark.parametrize("domain", ["ws.example:8443", "https://ws.example:8443/"])
def test_address_at_the_shared_websocket_server_has_the_token(
    settings: Settings, domain: str
) -> None:
    env = {"RAILWAY_WEBSOCKET_DOMAIN": domain}
    deps = Deps(replace(settings, websocket_domain=Settings.from_env(env).websocket_domain))
    install_deps(deps)
    try:
        client = TestClient(function_app("workshop.student_config_save"))
        response = send(client, SAVE, studentName="Mei").json()
        assert response["websocketUrl"] == f"wss://ws.example:8443/ws/{TOKEN}"
    finally:
        install_deps(None)
        deps.close()


def test_auth_token_in_the_clear_is_sealed_by_rotation(
    client: TestClient, post: Callable[..., Any], rows: Rows, deps: Deps
) -> None:
    post()
    rows(
        "UPDATE sessions SET extra = jsonb_build_object('twilioAuthToken', %s::TEXT) RETURNING 1",
        AUTH_TOKEN,
    )
    response = client.post("/api/admin-rotate-keys", json={"adminPassword": ADMIN_PASSWORD})
    assert response.status_code == 200
    ((sealed,),) = rows("SELECT extra ->> 'twilioAuthToken' FROM sessions")
    vault = Vault.from_settings(deps.settings)
    assert vault.open(sealed, TOKEN, AUTH_TOKEN_FIELD) == AUTH_TOKEN


def test_auth_token_of_an_expired_session_is_removed(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    send(client, UPDATE, twilioAuthToken=AUTH_TOKEN)
    rows("UPDATE sessions SET expires_at = now() - INTERVAL '1 hour' RETURNING 1")
    cron = {"Authorization": f"Bearer {CRON_SECRET}"}
    assert client.get("/api/cleanup-sessions", headers=cron).status_code == 200
    assert rows("SELECT extra, is_active FROM sessions") == [({}, False)]


def test_truncated_settings_of_the_panel_are_listed_by_their_names_in_the_response(
    client: TestClient, post: Callable[..., Any], rows: Rows
) -> None:
    post()
    rows("UPDATE sessions SET extra = jsonb_build_object('aiModel', repeat('x', 4000000))")
    assert config(client)["truncatedFields"] == ["aiModel"]
    progress = client.get("/api/student-progress", params={"sessionToken": TOKEN}).json()[
        "progress"
    ]
    assert progress["truncated_fields"] == []
