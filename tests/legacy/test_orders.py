"""The steps of the guide and its rollback in every order that an operator may choose."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import CLEANUP, CREATE, MIGRATE, NORMALIZE, RESTORE, call
from tests.support.requirements import sql_block

CONFIRM: dict[str, Any] = {"confirmText": "DELETE OLD TABLES"}
DROP: dict[str, Any] = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}
ANN, BOB, CLEO = "ws_1_of_ann", "ws_2_of_bob", "ws_3_of_cleo"
ALL = [ANN, BOB, CLEO]
NO_TABLE = "there is no legacy table in the schema public"


@pytest.fixture
def three_sessions(legacy: Legacy) -> Legacy:
    """One session in each legacy table."""
    legacy.put("workshop_students", session_token=ANN, student_email="ann@example.com",
               exercises='{"step-1": true}', last_activity="2025-01-01")  # fmt: skip
    legacy.put("student_configs", session_token=BOB, student_email="bob@example.com")
    legacy.put("workshop_sessions", session_id=CLEO, student_id="cleo@example.com")
    return legacy


@pytest.fixture
def rollback() -> str:
    """The guide's statements that drop the unified tables."""
    return sql_block("004", "DROP TABLE IF EXISTS events")


def tokens(legacy: Legacy) -> list[Any]:
    return legacy.rows("SELECT session_token FROM public.sessions ORDER BY 1")


def run_sql(legacy: Legacy, script: str) -> None:
    legacy.connection.execute(script.encode())


def migrate(
    client: TestClient, *, verified: bool = True, has_legacy_tables: bool = True
) -> dict[str, Any]:
    """Make a dry run, then a real run, and check their messages; return the last report."""
    for dry_run in (True, False):
        report = call(client, MIGRATE, dryRun=dry_run)
        assert report["done"] is True
        assert report["verification"]["verified"] is verified, report["verification"]
        kind = "Dry run" if dry_run else "Migration"
        if has_legacy_tables:
            assert report["message"].startswith(f"{kind} completed and verified") is verified
        else:
            assert report["message"] == f"{kind} completed: {NO_TABLE}"
    return report


def refusal(client: TestClient, path: str, **body: Any) -> str:
    response = call(client, path, 409, **body)
    assert response["code"] == "tables_set_aside"
    error: str = response["error"]
    return error


def test_rollback_after_the_last_step_leads_to_the_tables_set_aside(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    for _ in range(2):
        run_sql(three_sessions, rollback)
        for dry_run in (True, False):
            assert "Unified schema not found" in call(client, MIGRATE, 400, dryRun=dry_run)["error"]
        call(client, CREATE)
        for dry_run in (True, False):
            assert refusal(client, MIGRATE, dryRun=dry_run) == (
                "Nothing was migrated: set-aside tables hold rows: 3, among them rows without a"
                " session or student now: 3; run admin-restore-old-tables first."
            )
        assert "set-aside tables hold rows: 3" in refusal(client, NORMALIZE)
        call(client, CLEANUP, 400, **CONFIRM)
        assert (
            three_sessions.one(
                "SELECT count(*) FROM legacy.migration_runs WHERE status <> 'completed'"
            )
            == 0
        )
        assert len(call(client, RESTORE)["restoredTables"]) == 3
        migrate(client)
        assert tokens(three_sessions) == ALL
        call(client, CLEANUP, **CONFIRM)


def test_restore_may_come_before_the_schema(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    run_sql(three_sessions, rollback)
    call(client, RESTORE)
    call(client, CREATE)
    migrate(client)
    assert tokens(three_sessions) == ALL


def test_migrating_again_after_the_last_step_names_the_place_of_the_rows(
    three_sessions: Legacy, client: TestClient
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    assert "hold rows: 3, among them rows without a session or student now: 0;" in refusal(
        client, MIGRATE
    )
    assert tokens(three_sessions) == ALL
    call(client, RESTORE)
    migrate(client)
    call(client, CLEANUP, **CONFIRM)


def test_rows_set_aside_are_reported_while_another_legacy_table_remains(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    assert len(call(client, NORMALIZE)["backupTables"]) == 2  # not student_configs
    migrate(client)  # all rows that were set aside have sessions
    run_sql(three_sessions, rollback)
    call(client, CREATE)
    report = migrate(client, verified=False)
    assert report["verification"]["setAsideRows"] == 2
    assert report["verification"]["whyNot"] == [
        (
            "rows of set-aside tables without a session: 2; run admin-restore-old-tables, then"
            " migrate again"
        )
    ]
    assert tokens(three_sessions) == [BOB]
    assert "was not verified" in call(client, CLEANUP, 409, **CONFIRM)["error"]
    assert len(call(client, RESTORE)["restoredTables"]) == 2
    migrate(client)
    assert tokens(three_sessions) == ALL


@pytest.mark.parametrize("rows", [0, 1], ids=["empty", "with a row"])
def test_table_that_an_old_page_created_again_hides_no_rows(
    three_sessions: Legacy, client: TestClient, rollback: str, rows: int
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    run_sql(three_sessions, rollback)
    call(client, CREATE)
    backup = three_sessions.one(
        "SELECT relname FROM pg_class WHERE relname LIKE 'workshop_students_backup%'"
    )
    run_sql(three_sessions, f"CREATE TABLE workshop_students (LIKE {backup})")
    if rows:
        three_sessions.put(
            "workshop_students", session_token="ws_4_of_dora", student_email="d@example.com"
        )
        assert migrate(client, verified=False)["verification"]["setAsideRows"] == 3
    else:
        assert "hold rows: 3," in refusal(client, MIGRATE)
    assert len(call(client, RESTORE)["restoredTables"]) == 3
    migrate(client)
    assert tokens(three_sessions) == [*ALL, "ws_4_of_dora"][: 3 + rows]
    call(client, CLEANUP, **CONFIRM)


def test_rows_that_are_not_migrated_yet_keep_their_table(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    run_sql(three_sessions, rollback)
    call(client, CREATE)
    run_sql(
        three_sessions, "CREATE TABLE workshop_students (session_token TEXT, student_email TEXT)"
    )
    three_sessions.put(
        "workshop_students", session_token="ws_4_of_dora", student_email="d@example.com"
    )
    assert call(client, RESTORE)["restoredTables"] == ["student_configs", "workshop_sessions"]
    assert three_sessions.rows("SELECT session_token FROM workshop_students") == ["ws_4_of_dora"]
    call(client, RESTORE, 400)
    migrate(client, verified=False)
    assert call(client, RESTORE)["restoredTables"] == ["workshop_students"]
    migrate(client)
    assert tokens(three_sessions) == [*ALL, "ws_4_of_dora"]


def test_starting_over_after_the_last_step_needs_a_restore_first(
    three_sessions: Legacy, client: TestClient
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    call(client, CREATE, **DROP)
    assert "set-aside tables hold rows: 3" in refusal(client, MIGRATE)
    assert [name.partition("_backup")[0] for name in call(client, RESTORE)["restoredTables"]] == [
        "workshop_students", "student_configs", "workshop_sessions",
    ]  # fmt: skip
    migrate(client)
    assert tokens(three_sessions) == ALL


@pytest.mark.parametrize("between", ["nothing", "rollback"])
def test_unified_tables_that_were_set_aside_are_named_and_brought_back(
    three_sessions: Legacy, client: TestClient, rollback: str, between: str
) -> None:
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    for (name,) in three_sessions.connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_backup_'"
    ).fetchall():
        run_sql(three_sessions, f"DROP TABLE {name}")  # like the SQL in the clean-up's response
    before = three_sessions.unified()
    definitions = """
      SELECT c.relname, c.relkind::text, pg_get_indexdef(c.oid) FROM pg_class c
      WHERE relnamespace = 'public'::regnamespace AND relname !~ '_old_' ORDER BY 1
    """
    objects = three_sessions.rows(definitions)
    call(client, CREATE, **DROP)
    if between == "rollback":
        run_sql(three_sessions, rollback)
        call(client, CREATE)
    events = three_sessions.one("SELECT count(*) FROM events")
    assert events == 0
    assert "hold rows: 7, among them rows without a session or student now: 7;" in refusal(
        client, MIGRATE, dryRun=True
    )
    assert "set-aside tables hold rows: 7," in refusal(client, NORMALIZE)
    assert call(client, RESTORE)["restoredTables"] == [
        "students", "sessions", "step_progress", "events", "enrollments",
    ]  # fmt: skip
    assert three_sessions.unified() == before
    assert three_sessions.rows(definitions) == objects
    report = {"sessionToken": ANN, "stepNumber": 2, "completed": True}
    progress = client.post("/api/student-progress", json=report).json()["progress"]
    assert progress["completion_rate"] == 22
    call(client, RESTORE, 400)
    migrate(client, has_legacy_tables=False)


def test_unified_tables_in_use_are_not_replaced(three_sessions: Legacy, client: TestClient) -> None:
    migrate(client)
    call(client, CREATE, **DROP)
    run_sql(three_sessions, "DROP TABLE workshop_students, student_configs, workshop_sessions")
    client.post("/api/student-progress", json={"sessionToken": "ws_new_session", "stepNumber": 1})
    call(client, RESTORE, 400)
    migrate(client, has_legacy_tables=False)
    assert tokens(three_sessions) == ["ws_new_session"]


def test_dry_run_alone_and_rollback_before_any_step_change_nothing(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    call(client, MIGRATE, dryRun=True)
    run_sql(three_sessions, rollback)
    run_sql(three_sessions, rollback)
    call(client, CLEANUP, 400, **CONFIRM)
    call(client, CREATE)
    call(client, CLEANUP, 409, **CONFIRM)
    call(client, RESTORE, 400)
    migrate(client)
    assert tokens(three_sessions) == ALL


def test_rollback_between_migration_and_clean_up_keeps_the_tables(
    three_sessions: Legacy, client: TestClient, rollback: str
) -> None:
    migrate(client)
    run_sql(three_sessions, rollback)
    call(client, CREATE)
    assert "unified tables are empty" in call(client, CLEANUP, 409, **CONFIRM)["error"]
    migrate(client)
    call(client, CLEANUP, **CONFIRM)
    assert tokens(three_sessions) == ALL


@pytest.mark.usefixtures("three_sessions")
def test_removed_people_in_tables_set_aside_are_not_reported(client: TestClient) -> None:
    call(client, NORMALIZE)
    call(client, "/api/admin-delete-student", studentEmail="ann@example.com")
    report = migrate(client)
    assert report["verification"]["setAsideRows"] == 0
