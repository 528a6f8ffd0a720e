"""A dry run begins with an inspection of the tables, the role and the encryption key."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.legacy.preflight.inspection import KNOWN_COLUMNS
from lib.vault import API_KEY_FIELD, Vault
from tests.conftest import ENCRYPTION_KEY
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import MIGRATE, NORMALIZE, call

RIGHT, WRONG = bytes.fromhex(ENCRYPTION_KEY), bytes(31) + b"\1"
REFUSE: dict[str, Any] = {"acceptUnreadableKeys": False}


def preflight(client: TestClient) -> dict[str, Any]:
    report = call(client, MIGRATE, dryRun=True)["preflight"]
    assert isinstance(report, dict)
    return report


def test_dry_run_lists_tables_rows_and_columns(legacy: Legacy, client: TestClient) -> None:
    legacy.add("workshop_students", "session_token\n a\n b")
    legacy.connection.execute(
        'ALTER TABLE public.workshop_students ADD shoe_size TEXT, ADD "Notes" TEXT;'
        "ALTER TABLE public.student_configs ENABLE ROW LEVEL SECURITY;"
        "DROP TABLE public.workshop_sessions;"
        "CREATE VIEW public.workshop_sessions AS SELECT 'c' AS session_id, 'x' AS is_demo_mode"
    )
    report = preflight(client)
    assert (report["role"], report["seesEveryRow"]) == ("postgres", True)
    students, configs, logins = report["tables"]  # a row of workshop_sessions is a login
    assert [table["rows"] for table in report["tables"]] == [2, 0, 1]
    assert [table["kind"] for table in report["tables"]] == ["table", "table", "view"]
    assert students["bytes"] >= 8192
    assert students["unknownColumns"] == ["shoe_size", "Notes"]
    assert len(students["knownColumns"]) == 28
    assert (configs["rowLevelSecurity"], students["rowLevelSecurity"]) == ("on", "off")
    assert (logins["knownColumns"], logins["unknownColumns"]) == (
        ["session_id", "is_demo_mode"],
        [],
    )
    assert report["remarks"] == [
        "workshop_students has columns that are unknown to the migration: shoe_size, Notes."
    ]
    assert call(client, MIGRATE)["preflight"] is None


def test_every_column_that_the_migration_reads_is_known(legacy: Legacy) -> None:
    legacy.run(dry_run=True)  # creates the functions
    legacy.rows("SELECT legacy.open_sources()")
    read_columns = legacy.rows(
        "SELECT attname FROM pg_attribute WHERE attnum > 0"
        " AND attrelid = 'pg_temp.student_typed'::regclass"
    )
    assert {*read_columns} - {"unread", "unknown", "place"} == {*KNOWN_COLUMNS} - {
        "completion_rate"
    }


def test_columns_that_the_migration_reads_under_other_names_are_known(
    legacy: Legacy, client: TestClient
) -> None:
    legacy.connection.execute(
        'ALTER TABLE public.workshop_students RENAME session_token TO "sessionToken";'
        "ALTER TABLE public.workshop_students ADD github_username TEXT;"
        "ALTER TABLE public.workshop_sessions RENAME account_sid TO twilio_account_sid"
    )
    report = preflight(client)
    students, _, logins = report["tables"]
    assert {"sessionToken", "github_username"} <= {*students["knownColumns"]}
    assert "twilio_account_sid" in logins["knownColumns"]
    assert (students["unknownColumns"], logins["unknownColumns"]) == ([], [])


def test_tables_in_another_schema_are_named(legacy: Legacy, client: TestClient) -> None:
    legacy.connection.execute(
        "CREATE SCHEMA old; ALTER TABLE public.student_configs SET SCHEMA old"
    )
    report = preflight(client)
    assert report["elsewhere"] == ["old.student_configs"]
    assert report["remarks"][0].startswith("old.student_configs is not migrated")


@pytest.mark.parametrize("path", [MIGRATE, NORMALIZE])
@pytest.mark.parametrize("table", ["workshop_students", "student_configs"])
@pytest.mark.parametrize("new_format", [False, True])
def test_wrong_encryption_key_is_found_and_stops_the_real_run(
    legacy: Legacy, client: TestClient, path: str, table: str, new_format: bool
) -> None:
    def sealed_with(key: bytes) -> str:
        return (
            Vault(key).seal("sk-1", "t", API_KEY_FIELD) if new_format else old_format("sk-1", key)
        )

    legacy.put(table, session_token="t", openai_api_key=sealed_with(WRONG))
    legacy.put(table, session_token="u", openai_api_key=old_format("sk-2", RIGHT))
    legacy.put(table, session_token="v", openai_api_key="sk-" + "plain" * 8)
    report = preflight(client)
    assert report["keys"] == {"sealed": 2, "plain": 1, "checked": 2, "unreadable": 1}
    assert "ENCRYPTION_KEY does not open: 1 of 2." in report["remarks"][0]
    refusal = call(client, path, 409, **REFUSE)
    assert refusal["code"] == "keys_unreadable"
    assert refusal["details"][0]["field"] == "acceptUnreadableKeys"
    assert legacy.one("SELECT count(*) FROM public.sessions") == 0
    call(client, path, 422, acceptUnreadableKey=True)  # a misspelled field is refused
    assert call(client, path, acceptUnreadableKeys=True)["done"] is True
    # The key stays sealed: text of the old format has two colons, text of the new one three dots.
    assert legacy.session("openai_api_key", "t").count(":" if not new_format else ".") >= 2
    assert legacy.one("SELECT count(*) FROM public.sessions") == 3


def test_previous_encryption_key_opens_keys_too(legacy: Legacy, client: TestClient) -> None:
    legacy.put("student_configs", session_token="t", openai_api_key=old_format("sk-1", WRONG))
    call(client, MIGRATE, 409, **REFUSE)
    legacy.deps.settings = replace(legacy.deps.settings, encryption_key_previous=WRONG.hex())
    assert preflight(client)["keys"]["unreadable"] == 0
    assert call(client, MIGRATE, **REFUSE)["verification"]["verified"] is True
