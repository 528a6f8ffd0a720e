"""A second migration keeps later changes by pages and adds new values of legacy rows."""

import json

import pytest

from lib.database.schema import schema_scripts
from lib.legacy.errors import UnifiedSchemaNotFound
from lib.legacy.sessions.key_sealing import NEWER, OLDER, UNREADABLE
from lib.vault import API_KEY_FIELD, Vault
from tests.conftest import ENCRYPTION_KEY
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy

REMOVED = "the session is closed or its key was removed: this key was not used"
TOOLS = json.dumps([{"name": "t"}])
VOICE = json.dumps({"speed": 1})
REMOVE_KEY = "UPDATE public.sessions SET openai_api_key = NULL WHERE session_token = 'token-a'"


def key_findings(legacy: Legacy) -> list[tuple[str, str]]:
    return [
        (outcome, reason) for field, outcome, reason in legacy.findings() if field == API_KEY_FIELD
    ]


@pytest.mark.parametrize("moment", ["2025-01-01", None])
def test_lists_and_objects_that_a_page_emptied_stay_empty(
    legacy: Legacy, moment: str | None
) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        tools=TOOLS,
        voice_settings=VOICE,
        last_activity=moment,
    )
    legacy.run()
    legacy.connection.execute("UPDATE public.sessions SET tools = '[]', voice_settings = '{}'")
    run = legacy.run()
    assert run.verified
    assert run.counts["workshop_students.unchanged"] == 1
    assert legacy.session("tools, voice_settings") == ([], {})


def test_lists_and_objects_that_nobody_emptied_are_filled(legacy: Legacy) -> None:
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    legacy.put(
        "workshop_students",
        session_token="token-a",
        tools=TOOLS,
        voice_settings=VOICE,
        last_activity="2025-01-01",
    )
    assert legacy.run().verified
    assert legacy.session("tools, voice_settings") == ([{"name": "t"}], {"speed": 1})


def test_what_was_emptied_and_filled_again_counts_as_filled(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", tools=TOOLS)
    legacy.run()
    for tools in ("[]", '[{"name": "new"}]'):
        legacy.connection.execute("UPDATE public.sessions SET tools = %s::jsonb", [tools])
    assert legacy.session("emptied_fields") is None
    legacy.run()
    assert legacy.session("tools") == [{"name": "new"}]


@pytest.mark.parametrize("table", ["workshop_students", "student_configs"])
@pytest.mark.parametrize("row_time", [None, "2025-01-01", "2026-01-01"])
def test_a_key_that_was_removed_is_not_restored(
    legacy: Legacy, table: str, row_time: str | None
) -> None:
    legacy.put(table, session_token="token-a", openai_api_key="sk-plain", created_at=row_time)
    legacy.run()
    assert legacy.key() == "sk-plain"
    legacy.connection.execute(REMOVE_KEY)
    legacy.connection.execute(f"UPDATE public.{table} SET updated_at = now()".encode())
    run = legacy.run()
    assert run.verified
    assert run.counts["keys.sealed"] == 0
    assert legacy.key() is None
    assert key_findings(legacy) == [("skipped", REMOVED)]


@pytest.mark.parametrize("row_time", [None, "2025-01-01"])
def test_a_session_without_a_key_gets_that_of_its_legacy_row(
    legacy: Legacy, row_time: str | None
) -> None:
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    legacy.connection.execute("UPDATE public.sessions SET created_at = '2024-01-01'")
    legacy.put(
        "workshop_students", session_token="token-a", openai_api_key="sk-plain", created_at=row_time
    )
    assert legacy.run().verified
    assert legacy.key() == "sk-plain"
    assert key_findings(legacy) == [("mended", "was stored as plain text: encrypted")]


def test_a_closed_session_gets_no_key(legacy: Legacy) -> None:
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    legacy.connection.execute("UPDATE public.sessions SET is_active = FALSE")
    legacy.put("workshop_students", session_token="token-a", openai_api_key="sk-plain")
    assert legacy.run().verified
    assert legacy.key() is None
    assert key_findings(legacy) == [("skipped", REMOVED)]


@pytest.mark.parametrize(
    ("row_time", "kept_key", "finding"),
    [
        ("2025-01-01", "sk-own", ("skipped", OLDER)),
        ("2025-03-01", "sk-legacy", ("mended", NEWER)),
    ],
)
@pytest.mark.parametrize("sealed", [True, False])
def test_the_newer_of_two_keys_is_kept_and_that_is_reported(
    legacy: Legacy, row_time: str, kept_key: str, finding: tuple[str, str], sealed: bool
) -> None:
    open_session_with_key(legacy, "sk-own", "2025-02-01")
    legacy_key = old_format("sk-legacy", bytes.fromhex(ENCRYPTION_KEY)) if sealed else "sk-legacy"
    legacy.put(
        "workshop_students",
        session_token="token-a",
        openai_api_key=legacy_key,
        last_activity=row_time,
    )
    assert legacy.run().verified
    assert legacy.key() == kept_key
    assert finding in key_findings(legacy)


@pytest.mark.parametrize("row_time", ["2025-01-01", "2025-03-01"])
def test_the_same_key_in_another_format_changes_nothing(legacy: Legacy, row_time: str) -> None:
    open_session_with_key(legacy, "sk-own", "2025-02-01")
    stored_key = legacy.session("openai_api_key")
    legacy.put(
        "workshop_students",
        session_token="token-a",
        openai_api_key=old_format("sk-own", bytes.fromhex(ENCRYPTION_KEY)),
        last_activity=row_time,
    )
    assert legacy.run().verified
    assert legacy.session("openai_api_key") == stored_key
    assert key_findings(legacy) == []


def test_a_key_that_cannot_be_decrypted_replaces_nothing(legacy: Legacy) -> None:
    open_session_with_key(legacy, "sk-own", "2025-02-01")
    legacy.put(
        "workshop_students",
        session_token="token-a",
        openai_api_key=old_format("sk-lost", b"\7" * 32),
        last_activity="2025-03-01",
    )
    assert legacy.run().verified
    assert legacy.key() == "sk-own"
    assert key_findings(legacy) == [("skipped", UNREADABLE)]


def test_an_older_schema_has_to_be_upgraded_first(legacy: Legacy) -> None:
    legacy.connection.execute("DROP TRIGGER remember_emptied_fields ON public.sessions")
    legacy.connection.execute("ALTER TABLE public.sessions DROP COLUMN emptied_fields")
    legacy.put("workshop_students", session_token="token-a", tools=TOOLS)
    with pytest.raises(UnifiedSchemaNotFound):
        legacy.run()
    for _, script in schema_scripts():
        legacy.connection.execute(script.encode())
    legacy.run()
    legacy.connection.execute("UPDATE public.sessions SET tools = '[]'")
    assert legacy.session("emptied_fields") == ["tools"]


def open_session_with_key(legacy: Legacy, key: str, moment: str) -> None:
    """Open session token-a with a key that was set at `moment`."""
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    vault = Vault.from_settings(legacy.deps.settings)
    legacy.connection.execute(
        "UPDATE public.sessions SET openai_api_key = %s, updated_at = %s",
        [vault.seal(key, "token-a", API_KEY_FIELD), moment],
    )


def test_events_of_an_anonymous_session_follow_it_to_the_person_of_its_legacy_row(
    legacy: Legacy,
) -> None:
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    legacy.put("workshop_students", session_token="token-a", student_email="ann@example.com")
    assert legacy.run().verified
    assert legacy.rows(
        "SELECT student_email, event_type FROM public.events JOIN public.students"
        " USING (student_id) ORDER BY events.id"
    ) == [("ann@example.com", "session_created")]
    assert legacy.rows("SELECT student_email FROM public.students") == ["ann@example.com"]
