"""Settings of the admin panel that some legacy databases have in columns of their own."""

import pytest

from lib.vault import AUTH_TOKEN_FIELD, Vault
from lib.workshop.config.configuration import get
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy
from tests.legacy.test_unknown_columns import add_column

SNAKE = (
    "ai_model TEXT", "ai_temperature NUMERIC", "conversation_states JSONB",
    "enable_persistent_memory BOOLEAN", "memory_retention_days INTEGER",
)  # fmt: skip
CAMEL = (
    '"aiModel" TEXT', '"aiTemperature" TEXT', '"conversationStates" TEXT',
    '"enablePersistentMemory" TEXT', '"memoryRetentionDays" TEXT',
)  # fmt: skip


@pytest.mark.parametrize("definitions", [SNAKE, CAMEL])
def test_config_get_returns_the_settings(legacy: Legacy, definitions: tuple[str, ...]) -> None:
    for definition in definitions:
        add_column(legacy, "student_configs", definition)
    values = ("gpt-4o", "0.7", '{"start": {"next": null}}', "true", "30")
    names = [definition.split()[0].strip('"') for definition in definitions]
    legacy.put(
        "student_configs", session_token="token-aaaa", **dict(zip(names, values, strict=True))
    )
    assert legacy.run().verified
    config = get("token-aaaa", legacy.deps)
    assert (config.ai_model, config.ai_temperature, config.conversation_states) == (
        "gpt-4o", 0.7, {"start": {"next": None}},
    )  # fmt: skip
    assert (config.enable_persistent_memory, config.memory_retention_days) == (True, 30)
    before = legacy.unified()
    second_run = legacy.run()
    assert second_run.verified
    assert second_run.counts["student_configs.unchanged"] == 1
    assert legacy.unified() == before


def test_configuration_wins_over_progress_and_what_a_page_saved_wins_over_both(
    legacy: Legacy,
) -> None:
    for table in ("workshop_students", "student_configs"):
        for definition in SNAKE:
            add_column(legacy, table, definition)
    legacy.put(
        "workshop_students", session_token="token-a", ai_model="older", memory_retention_days=5,
        last_activity="2025-05-05",
    )  # fmt: skip
    legacy.put("student_configs", session_token="token-a", ai_model="config", ai_temperature="1")
    legacy.run()
    expected = {"aiModel": "config", "aiTemperature": 1, "memoryRetentionDays": 5}
    assert legacy.session("extra") == expected
    legacy.connection.execute(
        'UPDATE public.sessions SET extra = \'{"aiModel": "page", "ownFlag": true}\''
    )
    legacy.run()
    assert legacy.session("extra") == expected | {"aiModel": "page", "ownFlag": True}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("aiTemperature", "2.01"), ("aiTemperature", "warm"), ("conversationStates", "none yet"),
        ("enablePersistentMemory", "perhaps"), ("memoryRetentionDays", "36501"),
        ("memoryRetentionDays", "-1"), ("aiModel", ""),
    ],
)  # fmt: skip
def test_values_that_the_panel_could_not_save_are_kept_outside_the_settings(
    legacy: Legacy, column: str, value: str
) -> None:
    for definition in CAMEL:
        add_column(legacy, "student_configs", definition)
    legacy.put("student_configs", session_token="token-a", **{column: value})
    assert legacy.run().verified
    assert legacy.session("extra") == {}
    assert legacy.session("exercises #> '{_legacy,student_configs}'") == {column: value}


@pytest.mark.parametrize("column", ["twilio_auth_token", "twilioAuthToken"])
def test_an_auth_token_is_sealed_where_the_panel_saves_it(legacy: Legacy, column: str) -> None:
    add_column(legacy, "student_configs", f'"{column}" TEXT')
    legacy.put("student_configs", session_token="token-a", **{column: 32 * "0"})
    assert legacy.run().verified
    vault = Vault.from_settings(legacy.deps.settings)
    sealed_token = legacy.session("extra ->> 'twilioAuthToken'")
    assert vault.open(sealed_token, "token-a", AUTH_TOKEN_FIELD) == 32 * "0"
    before = legacy.unified()
    assert legacy.run().verified
    assert legacy.unified() == before
    legacy.connection.execute("UPDATE public.sessions SET extra = '{}'")
    assert legacy.run().verified
    assert legacy.session("extra") == {}, "the removed token was restored"


def test_an_auth_token_that_no_key_opens_is_kept_outside_the_settings(legacy: Legacy) -> None:
    add_column(legacy, "student_configs", "twilio_auth_token TEXT")
    unreadable_token = old_format("hush", bytes(32))
    legacy.put("student_configs", session_token="token-a", twilio_auth_token=unreadable_token)
    assert legacy.run().verified
    token_expression = "exercises #>> '{_legacy,student_configs,twilio_auth_token}'"
    assert legacy.session(f"extra, {token_expression}") == ({}, unreadable_token)


@pytest.mark.parametrize(
    ("column", "type_name", "value"),
    [
        ("aiModel", "TEXT", "AC" + 32 * "1"),
        ("conversationStates", "JSONB", '[{"password": "hush"}]'),
    ],
)
def test_no_value_with_a_secret_becomes_a_setting(
    legacy: Legacy, column: str, type_name: str, value: str
) -> None:
    add_column(legacy, "student_configs", f'"{column}" {type_name}')
    legacy.put("student_configs", session_token="token-a", **{column: value})
    assert legacy.run().verified
    assert legacy.session("extra") == {}


@pytest.mark.parametrize("kind", ["TEXT", "JSONB"])
@pytest.mark.parametrize(
    "states", ['[{"password": "hunter-2-hunter"}]', '{"a": {"api_key": "hunter-2-hunter"}}']
)
def test_secrets_in_json_are_recognised_by_the_names_of_members_and_sealed(
    legacy: Legacy, kind: str, states: str
) -> None:
    add_column(legacy, "student_configs", f"conversation_states {kind}")
    legacy.put("student_configs", session_token="token-a", conversation_states=states)
    assert legacy.run().verified
    stored_text = str(legacy.session("extra")) + str(legacy.session("exercises"))
    assert "hunter-2-hunter" not in stored_text
    assert "v1." in stored_text
