"""The student-config endpoints: save, update, get."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.vault import API_KEY_FIELD, Vault
from lib.workshop.config.wire import ConfigurationFields
from tests.workshop.conftest import TOKEN
from tests.workshop.documented_course import CAMEL_FLAGS

Rows = Callable[..., list[tuple[Any, ...]]]
KEY = "sk-canary-of-the-student-1234567890"
FIELDS = {
    "systemPrompt": "You answer the phone of a bakery.",
    "tools": [{"name": "opening_hours", "deep": {"a": [1, 2.5, None]}}],
    "voiceSettings": {"speed": 1.25},
    "useCaseDescription": "bakery",
    "callDirection": "inbound",
    "ivrGreeting": "Hello",
    "ttsProvider": "google",
    "selectedVoice": "en-US-Journey-O",
    "selectedPhoneNumber": "+15550001111",
    "websocketUrl": "wss://a.example",
    "codespaceUrl": "https://b.example",
    "githubRepoUrl": "https://c.example",
    "railwayUrl": "https://d.example",
    "ciServiceSid": "GA123",
    "demoMode": True,
    "currentStep": 4,
}


@pytest.fixture
def save(client: TestClient) -> Callable[..., Any]:
    def send(**fields: Any) -> Any:
        return client.post("/api/student-config-save", json={"sessionToken": TOKEN, **fields})

    return send


@pytest.fixture
def get(client: TestClient) -> Callable[[], dict[str, Any]]:
    def fetch() -> dict[str, Any]:
        response = client.get("/api/student-config-get", params={"sessionToken": TOKEN})
        assert response.status_code == 200
        config: dict[str, Any] = response.json()["config"]
        return config

    return fetch


Save = Callable[..., Any]
Get = Callable[[], dict[str, Any]]


def test_saved_fields_are_returned(save: Save, get: Get) -> None:
    response = save(studentName="Ann", studentEmail="ann@example.com", **FIELDS)
    assert response.json() == {
        "success": True,
        "message": "Configuration saved successfully",
        "websocketUrl": "wss://a.example",
        "version": 2,
        "ignoredFields": [],
    }
    config = get()
    assert {name: config[name] for name in FIELDS} == FIELDS
    assert (config["studentName"], config["studentEmail"]) == ("Ann", "ann@example.com")


def test_these_tests_cover_every_field_that_can_be_saved() -> None:
    names = {field.alias for field in ConfigurationFields.model_fields.values()}
    assert names == {*FIELDS, *CAMEL_FLAGS}


def test_field_left_out_or_null_keeps_its_value(save: Save, get: Get) -> None:
    save(**FIELDS, openaiApiKey=KEY)
    save(ivrGreeting="Good day", selectedVoice=None, tools=None, openaiApiKey="")
    config = get()
    assert config["ivrGreeting"] == "Good day"
    assert config["hasApiKey"] is True
    untouched = FIELDS.keys() - {"ivrGreeting"}
    assert {name: config[name] for name in untouched} == {name: FIELDS[name] for name in untouched}


def test_empty_text_replaces_a_text(save: Save, get: Get) -> None:
    save(ivrGreeting="Hello")
    save(ivrGreeting="")
    assert get()["ivrGreeting"] == ""


def test_flag_never_goes_back(save: Save, get: Get) -> None:
    for count, name in enumerate(CAMEL_FLAGS, start=1):
        save(**{name: True})
        save(**{name: False})
        config = get()
        assert config[name] is True
        assert sum(config[flag] for flag in CAMEL_FLAGS) == count


def test_current_step_never_goes_back(save: Save, get: Get) -> None:
    save(currentStep=6)
    save(currentStep=2)
    assert get()["currentStep"] == 6


def test_flags_complete_their_steps(save: Save, get: Get) -> None:
    save(twilioConnected=True)
    assert get()["completionRate"] == 0
    save(openaiConnected=True)
    assert get()["completionRate"] == 11
    save(**dict.fromkeys(CAMEL_FLAGS, True))
    assert (get()["completionRate"], get()["currentStep"]) == (100, 9)


def test_deployment_flag_is_recorded_as_an_event_once(save: Save, rows: Rows) -> None:
    save(step4Deployed=True)
    save(step4Deployed=True, step5CodeValidated=True)
    assert rows("SELECT event_type, event_data FROM events ORDER BY id") == [
        ("session_created", {}),
        ("deployment_success", {"flag": "step4_deployed"}),
        ("step_completed", {"stepNumber": 4, "by": "flags"}),
    ]


def test_api_key_is_sealed_to_its_session_and_appears_nowhere(
    save: Save, client: TestClient, rows: Rows, settings: Settings,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    responses = [
        save(openaiApiKey=f" {KEY} "),
        client.get("/api/student-config-get", params={"sessionToken": TOKEN}),
        client.get("/api/student-progress", params={"sessionToken": TOKEN}),
        client.put("/api/student-config-update", json={"sessionToken": TOKEN, "openaiApiKey": KEY}),
        save(openaiApiKey=KEY * 20),
    ]
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 422]
    ((sealed,),) = rows("SELECT openai_api_key FROM sessions")
    assert Vault.from_settings(settings).open(sealed, TOKEN, API_KEY_FIELD) == KEY
    output = capfd.readouterr()
    for text in [*(response.text for response in responses), output.out, output.err, *map(str, rows(
        "SELECT to_jsonb(s)::text FROM sessions s UNION ALL SELECT to_jsonb(e)::text FROM events e"
    ))]:  # fmt: skip
        assert "canary" not in text
    for response in responses:
        assert sealed not in response.text
    assert sealed not in str(rows("SELECT session_progress(%s)", TOKEN))


@pytest.fixture
def without_key(settings: Settings) -> Iterator[None]:
    """Replace the deployment with one without ENCRYPTION_KEY."""
    deps = Deps(replace(settings, encryption_key=None))
    install_deps(deps)
    yield
    deps.close()


def test_lost_encryption_key_makes_only_the_api_key_unusable(
    save: Save, get: Get, rows: Rows, request: pytest.FixtureRequest
) -> None:
    save(openaiApiKey=KEY, ivrGreeting="Hello")
    assert (get()["hasApiKey"], get()["apiKeyUsable"]) == (True, True)
    request.getfixturevalue("without_key")
    assert (get()["hasApiKey"], get()["apiKeyUsable"]) == (True, False)
    assert get()["ivrGreeting"] == "Hello"
    before = rows("SELECT * FROM sessions")
    refusal = save(openaiApiKey="sk-another", ivrGreeting="Changed")
    assert (refusal.status_code, refusal.json()["code"]) == (503, "not_configured")
    assert rows("SELECT * FROM sessions") == before


def test_stale_version_is_refused_and_changes_nothing(save: Save, get: Get) -> None:
    version = save(ivrGreeting="first").json()["version"]
    assert save(ivrGreeting="tab one", version=version).status_code == 200
    refusal = save(ivrGreeting="tab two", version=version)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "stale_configuration")
    assert get()["ivrGreeting"] == "tab one"


def test_eight_tabs_saving_the_same_version_at_once_have_one_winner(save: Save) -> None:
    version = save(ivrGreeting="first").json()["version"]
    with ThreadPoolExecutor(8) as pool:
        responses = list(
            pool.map(lambda n: save(ivrGreeting=f"tab {n}", version=version), range(8))
        )
    assert sorted(response.status_code for response in responses) == [200] + [409] * 7


def test_progress_does_not_make_a_loaded_configuration_stale(
    save: Save, post: Callable[..., Any]
) -> None:
    version = save(ivrGreeting="first").json()["version"]
    post(stepNumber=2, completed=True)
    assert save(ivrGreeting="second", version=version).status_code == 200


def test_save_repeated_with_an_idempotency_key_changes_nothing(
    client: TestClient, rows: Rows
) -> None:
    body = {"sessionToken": TOKEN, "openaiApiKey": KEY, "version": 1}
    headers = {"Idempotency-Key": "k"}
    first = client.post("/api/student-config-save", json=body, headers=headers)
    before = rows("SELECT * FROM sessions")
    again = client.post("/api/student-config-save", json=body, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert rows("SELECT * FROM sessions") == before


def test_update_changes_sessions_but_creates_none(save: Save, get: Get, client: TestClient) -> None:
    body = {"sessionToken": TOKEN, "ivrGreeting": "Hello"}
    refusal = client.put("/api/student-config-update", json=body)
    assert (refusal.status_code, refusal.json()["code"]) == (404, "session_not_found")
    save(**FIELDS)
    assert client.put("/api/student-config-update", json=body).status_code == 200
    assert (get()["ivrGreeting"], get()["ttsProvider"]) == ("Hello", "google")


def test_configuration_of_another_person_cannot_be_saved(save: Save, get: Get) -> None:
    save(studentEmail="ann@example.com", ivrGreeting="Hello")
    assert save(studentEmail="eve@example.com", ivrGreeting="Owned").status_code == 409
    assert get()["ivrGreeting"] == "Hello"


def test_unknown_session_has_no_configuration(client: TestClient) -> None:
    response = client.get("/api/student-config-get", params={"sessionToken": TOKEN})
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
    assert client.get("/api/student-config-get").status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sessionToken", "short"), ("systemPrompt", "x" * 5001), ("tools", "[]"), ("tools", 3),
        ("voiceSettings", [1]), ("demoMode", "perhaps"), ("currentStep", 51), ("currentStep", -1),
        ("step4Deployed", "perhaps"), ("websocketUrl", "x" * 2001), ("version", 0),
        ("studentEmail", "nobody"), ("openaiApiKey", "x" * 501), ("openaiApiKey", {"a": KEY}),
    ],
)  # fmt: skip
def test_bad_field_is_named_and_nothing_is_written(
    save: Save, rows: Rows, field: str, value: Any
) -> None:
    response = save(**{field: value})
    assert response.status_code == 422
    assert response.json()["details"][0]["field"].startswith(field)
    assert "canary" not in response.text
    assert rows("SELECT 1 FROM sessions") == []


def test_columns_outside_the_configuration_cannot_be_set(save: Save, rows: Rows) -> None:
    save(
        studentName="Ann",
        completionRate=100, completion_rate=100, total_time_spent=9, student_id="x",
        openai_api_key="sk-raw", system_prompt="by column name", exercises={"a": 1},
        is_active=False,
    )  # fmt: skip
    assert rows(
        "SELECT completion_rate, total_time_spent, openai_api_key, exercises, is_active"
        " FROM sessions"
    ) == [(0, 0, None, {}, True)]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_tables_dropped_by_hand_are_reported_as_a_missing_schema(
    client: TestClient, rows: Rows, method: str
) -> None:
    rows("DROP TABLE events, step_progress, sessions, students CASCADE")  # functions stay
    path = "/api/student-config-save" if method == "POST" else "/api/student-config-update"
    response = client.request(method, path, json={"sessionToken": TOKEN, "demoMode": True})
    assert (response.status_code, response.json()["code"]) == (503, "schema_missing")
