"""The calls in the guides, made as an operator makes them, and the SQL in the guides."""

import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.legacy.report import report
from tests.conftest import ADMIN_PASSWORD
from tests.legacy.legacy_database import Legacy
from tests.support.legacy_data import WILD, LegacyData, fill

MIGRATE = "/api/admin-migrate-to-unified-schema"
CREATE = "/api/admin-create-unified-schema"
CLEANUP = "/api/admin-cleanup-old-tables"
RESTORE = "/api/admin-restore-old-tables"
NORMALIZE = "/api/admin-normalize-database-v2"
SECRETS = ("sk-", "@example.com", "login_ws_", "ws_17")


def call(client: TestClient, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """Send a request as an operator; return the body of the response.

    Migrations accept API keys that cannot be decrypted, unless the body says otherwise, because the
    generated rows were encrypted with other encryption keys.
    """
    defaults = {"acceptUnreadableKeys": True} if path in {MIGRATE, NORMALIZE} else {}
    response = client.post(path, json={"adminPassword": ADMIN_PASSWORD, **defaults, **body})
    assert response.status_code == status, response.text
    response_body: dict[str, Any] = response.json()
    assert response_body["success"] is (status == 200)
    return response_body


@pytest.fixture
def filled(legacy: Legacy) -> Legacy:
    """Legacy tables with untidy rows of 60 people."""
    # No placeholders and no overlong tokens: the queries below would count them, migrations do not.
    fill(legacy.connection, LegacyData(60, 5, replace(WILD, placeholder=0, long_token=0)))
    return legacy


def test_the_four_calls_of_the_guide_migrate_a_database(filled: Legacy, client: TestClient) -> None:
    call(client, CREATE, dropExisting=False)
    dry_run = call(client, MIGRATE, dryRun=True)
    assert (dry_run["done"], dry_run["dryRun"], dry_run["rolledBack"]) == (True, True, True)
    assert filled.one("SELECT count(*) FROM public.sessions") == 0
    real_run = call(client, MIGRATE, dryRun=False)
    assert real_run["summary"] == dry_run["summary"]
    assert real_run["sources"] == dry_run["sources"]
    assert real_run["findings"]["groups"] == dry_run["findings"]["groups"]
    assert real_run["verification"]["verified"] is True
    assert real_run["verification"]["checksums"] == dry_run["verification"]["checksums"]
    cleanup = call(client, CLEANUP, confirmText="DELETE OLD TABLES")
    assert len(cleanup["backupTables"]) == 3
    refusal = call(client, MIGRATE, 409, dryRun=True)
    assert "without a session or student now: 0; run admin-restore-old-tables" in refusal["error"]


def test_queries_of_the_guide_count_what_was_migrated(filled: Legacy, client: TestClient) -> None:
    response = call(client, MIGRATE, dryRun=False)
    email_count = filled.one(
        "SELECT count(DISTINCT public.normalized_email(student_email)) FROM ("
        "SELECT student_email FROM public.workshop_students "
        "UNION ALL SELECT student_email FROM public.student_configs "
        "UNION ALL SELECT student_id FROM public.workshop_sessions "
        "WHERE student_id LIKE '%@%') AS e"
    )
    anonymous_count = filled.one(
        "SELECT count(*) FROM public.students WHERE student_email LIKE 'anonymous%'"
    )
    assert filled.one("SELECT COUNT(*) FROM students") == email_count + anonymous_count
    assert response["summary"]["uniqueStudents"] == email_count + anonymous_count
    token_count = filled.one(
        "SELECT count(DISTINCT token) FROM (SELECT session_token AS token FROM "
        "public.workshop_students UNION ALL SELECT session_token FROM public.student_configs "
        "UNION ALL SELECT session_id FROM public.workshop_sessions) AS t WHERE btrim(token) <> ''"
    )
    assert (
        filled.one("SELECT COUNT(*) FROM sessions")
        == token_count
        == response["summary"]["totalSessions"]
    )
    assert (
        filled.one(
            "SELECT COUNT(*) FROM sessions s LEFT JOIN students st ON s.student_id = st.student_id "
            "WHERE st.student_id IS NULL"
        )
        == 0
    )
    assert filled.one("SELECT COUNT(*) FROM step_progress") > 0


def test_every_row_read_is_accounted_for(filled: Legacy, client: TestClient) -> None:
    for _ in range(2):
        response = call(client, MIGRATE, dryRun=False)
        for source in response["sources"]:
            assert source["read"] == filled.one(f"SELECT count(*) FROM public.{source['table']}")
            fates = ("created", "merged", "unchanged", "skipped")
            assert source["read"] == sum(source[fate] for fate in fates)


def test_the_report_contains_no_secret(
    filled: Legacy, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    report_text = json.dumps(call(client, MIGRATE, dryRun=False))
    log_text = capsys.readouterr().err
    stored_findings = str(filled.rows("SELECT f::text FROM legacy.migration_findings AS f"))
    for secret in SECRETS:
        assert secret not in report_text + log_text + stored_findings
    assert "mended" in report_text


def test_a_finding_leads_to_its_row(legacy: Legacy, client: TestClient) -> None:
    legacy.put("workshop_students", session_token="token-a", current_step=77)
    legacy.put("workshop_students", student_email="ann@example.com")
    rows = call(client, MIGRATE, dryRun=True)["findings"]["rows"]
    assert [row["outcome"] for row in rows] == ["skipped", "mended"]
    assert (
        legacy.one(
            "SELECT current_step FROM public.workshop_students WHERE "
            "left(encode(sha256(session_token::bytea), 'hex'), 16) = %s",
            rows[1]["rowKey"],
        )
        == 77
    )
    place = rows[0]["rowKey"].removeprefix("ctid ")
    assert (
        legacy.one("SELECT student_email FROM public.workshop_students WHERE ctid = %s::tid", place)
        == "ann@example.com"
    )


def test_long_report_gives_a_query_for_all_findings(filled: Legacy) -> None:
    run = filled.run(dry_run=True)
    findings = report(run, filled.deps, findings_limit=5).findings
    assert (len(findings.rows), findings.complete) == (5, False)
    all_findings = filled.rows(findings.sql.rstrip(";"))
    assert len(all_findings) > 5
    assert report(run, filled.deps, findings_limit=len(all_findings)).findings.complete


def test_a_run_in_which_a_trigger_removed_values_is_not_verified(
    filled: Legacy, client: TestClient
) -> None:
    filled.connection.execute(
        "CREATE FUNCTION public.spoil() RETURNS TRIGGER LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.system_prompt := NULL; NEW.total_time_spent := 0; RETURN NEW; END $$"
    )
    filled.connection.execute(
        "CREATE TRIGGER spoil BEFORE INSERT ON public.sessions "
        "FOR EACH ROW EXECUTE FUNCTION public.spoil()"
    )
    verification = call(client, MIGRATE, dryRun=False)["verification"]
    assert verification["verified"] is False
    assert verification["valuesLost"] > 0
    assert any("sessions" in reason for reason in verification["whyNot"])
    refusal = call(client, CLEANUP, 409, confirmText="DELETE OLD TABLES")
    assert "not verified" in refusal["error"]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("sessions", "NEW.student_name_given := NULL;"),
        ("sessions", "NEW.student_id := (SELECT min(student_id::text)::uuid FROM students);"),
        ("step_progress", "NEW.time_spent := NEW.time_spent + 1;"),
        ("step_progress", "IF NEW.step_number = 2 THEN RETURN NULL; END IF;"),
    ],
)
def test_a_run_in_which_a_trigger_changed_one_field_or_row_is_not_verified(
    filled: Legacy, client: TestClient, table: str, change: str
) -> None:
    filled.connection.execute(
        "CREATE FUNCTION public.spoil() RETURNS TRIGGER LANGUAGE plpgsql AS "
        f"$$ BEGIN {change} RETURN NEW; END $$".encode()
    )
    filled.connection.execute(
        f"CREATE TRIGGER spoil BEFORE INSERT ON public.{table} "
        "FOR EACH ROW EXECUTE FUNCTION public.spoil()".encode()
    )
    verification = call(client, MIGRATE, dryRun=False)["verification"]
    assert verification["whyNot"] == [f"{table}: the stored rows differ from the intended ones"]


def test_without_unified_schema_the_response_is_a_400(legacy: Legacy, client: TestClient) -> None:
    legacy.connection.execute(
        "DROP TABLE public.events, public.step_progress, public.sessions CASCADE"
    )
    response = call(client, MIGRATE, 400, dryRun=True)
    assert response["error"].startswith("Unified schema not found. ")


def test_a_wrong_password_moves_nothing(filled: Legacy, client: TestClient) -> None:
    for path in (MIGRATE, CLEANUP, RESTORE, NORMALIZE, "/api/admin-rotate-keys"):
        response = client.post(path, json={"adminPassword": "wrong"})
        assert response.status_code in {401, 429}
    assert filled.one("SELECT count(*) FROM public.sessions") == 0


def test_cleanup_needs_confirmation_and_a_verified_migration(
    filled: Legacy, client: TestClient
) -> None:
    assert "DELETE OLD TABLES" in call(client, CLEANUP, 400, confirmText="yes")["error"]
    refusal = call(client, CLEANUP, 409, confirmText="DELETE OLD TABLES")
    assert "unified tables are empty" in refusal["error"]
    call(client, MIGRATE, dryRun=True)
    call(client, CLEANUP, 409, confirmText="DELETE OLD TABLES")
    call(client, MIGRATE, dryRun=False)
    filled.put("workshop_students", session_token="late", last_activity="2025-01-01")
    refusal = call(client, CLEANUP, 409, confirmText="DELETE OLD TABLES")
    assert "written to since" in refusal["error"]
    assert filled.one("SELECT to_regclass('public.workshop_students') IS NOT NULL") is True
    call(client, MIGRATE, dryRun=False)
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")


def test_cleanup_renames_and_restore_undoes_it(filled: Legacy, client: TestClient) -> None:
    before = filled.rows("SELECT w::text FROM public.workshop_students AS w ORDER BY 1")
    call(client, MIGRATE, dryRun=False)
    response = call(client, CLEANUP, confirmText="DELETE OLD TABLES")
    assert all(f"DROP TABLE IF EXISTS public.{name} CASCADE;" in response["permanentDeletionSQL"]
               for name in response["backupTables"])  # fmt: skip
    assert response["backupTables"][0].startswith("workshop_students_backup_20")
    assert filled.one("SELECT to_regclass('public.workshop_students')") is None
    call(client, CLEANUP, 400, confirmText="DELETE OLD TABLES")
    response = call(client, RESTORE)
    assert response["restoredTables"] == [
        "workshop_students",
        "student_configs",
        "workshop_sessions",
    ]
    assert filled.rows("SELECT w::text FROM public.workshop_students AS w ORDER BY 1") == before
    call(client, RESTORE, 400)


def test_restore_takes_the_newer_of_two_backups_of_one_day(
    legacy: Legacy, client: TestClient
) -> None:
    for token in ("first", "second"):
        legacy.put("workshop_students", session_token=token)
        call(client, MIGRATE, dryRun=False)
        call(client, CLEANUP, confirmText="DELETE OLD TABLES")
        legacy.connection.execute("CREATE TABLE public.workshop_students (session_token TEXT)")
    legacy.connection.execute("DROP TABLE public.workshop_students")
    call(client, RESTORE)
    assert legacy.rows("SELECT session_token FROM public.workshop_students") == ["second"]


def test_normalize_database_creates_migrates_and_renames(
    filled: Legacy, client: TestClient
) -> None:
    filled.connection.execute(
        "DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE"
    )
    response = call(client, NORMALIZE)
    assert response["done"] is True
    assert response["steps"][0] == "Unified schema created"
    assert response["stats"] == {
        "students": filled.one("SELECT COUNT(*) FROM students"),
        "sessions": filled.one("SELECT COUNT(*) FROM sessions"),
        "stepProgress": filled.one("SELECT COUNT(*) FROM step_progress"),
    }
    assert response["stats"]["sessions"] > 60
    # The application for which this call was made still uses student_configs.
    assert [name.partition("_backup_")[0] for name in response["backupTables"]] == [
        "workshop_students",
        "workshop_sessions",
    ]
    assert filled.one("SELECT to_regclass('public.student_configs') IS NOT NULL") is True
    second = call(client, NORMALIZE)
    assert (second["backupTables"], second["stats"]) == ([], response["stats"])


def test_every_call_is_in_the_audit_trail(filled: Legacy, client: TestClient) -> None:
    call(client, CLEANUP, 400, confirmText="no")
    call(client, MIGRATE, dryRun=True)
    call(client, MIGRATE, dryRun=False)
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")
    audit_entries = filled.rows(
        "SELECT action, outcome FROM public.operator_audit WHERE outcome <> 'allowed' ORDER BY id"
    )
    assert audit_entries == [
        (CLEANUP, "rejected"),
        (MIGRATE, "done"),
        (MIGRATE, "done"),
        (CLEANUP, "done"),
    ]
