"""Removed sessions and people do not return in a migration; a backup returns sessions only."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import CLEANUP, MIGRATE, RESTORE, call

SESSIONS, STUDENT = "/api/admin-delete-sessions", "/api/admin-delete-student"
TOKEN, OTHER = "ws_1_the_first_token", "ws_2_the_other_token"
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def migrated(legacy: Legacy, client: TestClient) -> Legacy:
    """A migrated database: Ann's session had a row in each legacy table, Bob's in one of them."""
    legacy.put("workshop_students", session_token=TOKEN, student_email=" Ann@Example.com",
               created_at="2025-01-01", exercises='{"step-1": true}')  # fmt: skip
    legacy.put("student_configs", session_token=TOKEN, openai_api_key="sk-ann")
    legacy.put("workshop_sessions", session_id=TOKEN, student_id="made-up")
    legacy.put("workshop_students", session_token=OTHER, student_email=BOB)
    call(client, MIGRATE, dryRun=False)
    assert tokens(legacy) == [TOKEN, OTHER]
    return legacy


def tokens(legacy: Legacy) -> list[Any]:
    return legacy.rows("SELECT session_token FROM public.sessions ORDER BY 1")


def emails(legacy: Legacy) -> list[Any]:
    return legacy.rows("SELECT student_email FROM public.students ORDER BY 1")


def legacy_rows(legacy: Legacy) -> int:
    return sum(
        legacy.one(f"SELECT count(*) FROM public.{table}")
        for table in ("workshop_students", "student_configs", "workshop_sessions")
    )


def remove_session(client: TestClient) -> dict[str, Any]:
    return call(client, SESSIONS, sessionTokens=[TOKEN], deleteType="full")


def test_a_removed_session_is_deleted_from_the_legacy_tables_and_does_not_return(
    migrated: Legacy, client: TestClient
) -> None:
    response = remove_session(client)
    assert (response["sessionsDeleted"], response["olderRowsDeleted"]) == (1, 3)
    assert legacy_rows(migrated) == 1
    second_run = call(client, MIGRATE, dryRun=False)
    assert second_run["verification"]["verified"] is True
    assert (tokens(migrated), emails(migrated)) == ([OTHER], [ANN, BOB])
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")


def test_removing_a_person_removes_all_rows_of_their_tokens_and_nothing_returns(
    migrated: Legacy, client: TestClient
) -> None:
    response = call(client, STUDENT, studentEmail=ANN)
    assert response["olderRowsDeleted"] == 3
    call(client, MIGRATE, dryRun=False)
    assert (tokens(migrated), emails(migrated)) == ([OTHER], [BOB])


@pytest.mark.parametrize("path", [SESSIONS, STUDENT])
def test_tables_brought_back_do_not_restore_what_was_removed(
    migrated: Legacy, client: TestClient, path: str
) -> None:
    migrated.put("workshop_students", student_email=ANN, student_name="No token")
    call(client, MIGRATE, dryRun=False)
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")
    if path == SESSIONS:
        remove_session(client)
    else:
        call(client, STUDENT, studentEmail=ANN)
    call(client, RESTORE)
    for dry_run in (True, False):
        response = call(client, MIGRATE, dryRun=dry_run)
        assert response["verification"]["verified"] is True
        # In workshop_students, Ann's row and the one without a token.
        assert [source["skipped"] for source in response["sources"]] == [2, 1, 1]
        reasons = {group["reason"] for group in response["findings"]["groups"]}
        assert "an operator removed this session: the row stays in its table" in reasons
    assert tokens(migrated) == [OTHER]
    assert emails(migrated) == ([ANN, BOB] if path == SESSIONS else [BOB])
    assert legacy_rows(migrated) == 5
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")


def test_another_session_of_a_removed_person_does_not_return_either(
    migrated: Legacy, client: TestClient
) -> None:
    call(client, STUDENT, studentEmail=ANN)
    migrated.put("student_configs", session_token="ws_3_unknown", student_email="ANN@example.com")
    response = call(client, MIGRATE, dryRun=False)
    assert response["verification"]["verified"] is True
    assert (tokens(migrated), emails(migrated)) == ([OTHER], [BOB])
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")


def test_a_student_who_starts_again_after_the_removal_is_migrated(
    migrated: Legacy, client: TestClient
) -> None:
    call(client, STUDENT, studentEmail=ANN)
    later = migrated.one("SELECT (now() AT TIME ZONE 'UTC' + INTERVAL '1 minute')::text")
    migrated.put("student_configs", session_token=TOKEN, student_email=ANN, created_at=later)
    assert call(client, MIGRATE, dryRun=False)["verification"]["verified"] is True
    assert (tokens(migrated), emails(migrated)) == ([TOKEN, OTHER], [ANN, BOB])


def test_a_dry_run_counts_a_student_who_starts_again_beside_a_row_that_stays_removed(
    migrated: Legacy, client: TestClient
) -> None:
    call(client, STUDENT, studentEmail=ANN)
    later = migrated.one("SELECT (now() AT TIME ZONE 'UTC' + INTERVAL '1 minute')::text")
    migrated.put("student_configs", session_token=TOKEN, student_email=ANN, created_at="2025-01-01")
    migrated.put("student_configs", session_token="ws_3_anew", student_email=ANN, created_at=later)
    first, second = (call(client, MIGRATE, dryRun=dry_run) for dry_run in (True, False))
    assert (first["summary"], first["results"]) == (second["summary"], second["results"])
    assert second["summary"]["studentsMigrated"] == 1
    assert emails(migrated) == [ANN, BOB]


def test_legacy_tables_lose_removed_keys_too(migrated: Legacy, client: TestClient) -> None:
    response = call(client, SESSIONS, sessionTokens=[TOKEN, OTHER], deleteType="keys-only")
    assert (
        response["keysDeleted"],
        response["olderKeysDeleted"],
        response["olderRowsDeleted"],
    ) == (1, 1, 0)
    assert migrated.one("SELECT count(openai_api_key) FROM public.student_configs") == 0
    call(client, MIGRATE, dryRun=False)
    assert migrated.key(TOKEN) is None
    assert tokens(migrated) == [TOKEN, OTHER]


def test_a_mistyped_email_is_not_recorded(migrated: Legacy, client: TestClient) -> None:
    call(client, STUDENT, 404, studentEmail="amm@example.com")
    assert migrated.one("SELECT count(*) FROM public.removals") == 0


def test_removals_are_recorded_without_token_or_email(migrated: Legacy, client: TestClient) -> None:
    remove_session(client)
    call(client, STUDENT, studentEmail=ANN)
    removals = migrated.rows("SELECT r::text FROM public.removals AS r")
    assert len(removals) == 2
    assert not any(secret in row for secret in (TOKEN, ANN) for row in removals)


def restore_backup(migrated: Legacy, client: TestClient, name: str) -> dict[str, Any]:
    """Replace all rows by those of a backup; return the body of the response."""
    migrated.connection.execute(
        "SET LOCAL stepwise.removal = 'test';TRUNCATE public.students, public.sessions CASCADE"
    )
    migrated.connection.execute("TRUNCATE workshop_students, student_configs, workshop_sessions")
    return call(client, "/api/admin-restore", name=name)


def test_a_backup_brings_back_removed_sessions_but_not_removed_people(
    migrated: Legacy, client: TestClient
) -> None:
    name = call(client, "/api/admin-backup")["name"]
    call(client, SESSIONS, sessionTokens=[OTHER], deleteType="full")
    call(client, STUDENT, studentEmail=ANN)
    response = restore_backup(migrated, client, name)
    assert (response["rows"]["workshop"]["public.sessions"], response["removedAgain"]) == (2, 1)
    assert (tokens(migrated), emails(migrated), legacy_rows(migrated)) == ([OTHER], [BOB], 1)
    migrated.connection.execute("DELETE FROM public.sessions")
    call(client, MIGRATE, dryRun=False)
    assert (tokens(migrated), emails(migrated)) == ([OTHER], [BOB])


def test_a_backup_does_not_bring_back_a_removed_person_who_was_only_in_the_legacy_tables(
    migrated: Legacy, client: TestClient
) -> None:
    migrated.put(
        "student_configs", session_token="ws_3_not_moved", student_email="Cleo@Example.com"
    )
    name = call(client, "/api/admin-backup")["name"]
    call(client, STUDENT, studentEmail="cleo@example.com")
    assert restore_backup(migrated, client, name)["removedAgain"] == 1
    assert (
        migrated.one("SELECT count(*) FROM student_configs WHERE student_email ILIKE 'cleo%'") == 0
    )
    assert legacy_rows(migrated) == 4


@pytest.mark.parametrize("place", ["sessions", "legacy tables"])
def test_a_session_that_a_backup_brought_back_is_merged_with_legacy_rows_again(
    migrated: Legacy, client: TestClient, place: str
) -> None:
    if place == "sessions":
        migrated.connection.execute(
            "DELETE FROM workshop_students WHERE session_token = %s", [OTHER]
        )
    else:
        migrated.connection.execute("DELETE FROM public.sessions WHERE session_token = %s", [OTHER])
    name = call(client, "/api/admin-backup")["name"]
    call(client, SESSIONS, sessionTokens=[OTHER], deleteType="full")
    restore_backup(migrated, client, name)
    migrated.put("student_configs", session_token=OTHER, railway_url="https://bob.example.com")
    assert call(client, MIGRATE, dryRun=False)["verification"]["verified"] is True
    assert migrated.session("railway_url", OTHER) == "https://bob.example.com"


CHANGE = "/api/admin-change-email"


def test_rows_of_older_tables_follow_a_changed_email(migrated: Legacy, client: TestClient) -> None:
    response = call(client, CHANGE, studentEmail=ANN, newEmail="ann@example.org")
    assert (response["sessions"], response["olderRowsChanged"]) == (1, 1)
    assert (
        migrated.one("SELECT student_email FROM workshop_students WHERE session_token = %s", TOKEN)
        == "ann@example.org"
    )
    second_run = call(client, MIGRATE, dryRun=False)
    assert second_run["verification"]["verified"] is True
    assert (tokens(migrated), emails(migrated)) == ([TOKEN, OTHER], ["ann@example.org", BOB])
    call(client, CLEANUP, confirmText="DELETE OLD TABLES")


def test_tables_brought_back_do_not_restore_a_former_email(
    migrated: Legacy, client: TestClient
) -> None:
    migrated.put("workshop_students", session_token="ws_3_not_migrated_yet", student_email=ANN)
    migrated.connection.execute(
        "ALTER TABLE workshop_students RENAME TO workshop_students_backup_1"
    )
    response = call(client, CHANGE, studentEmail=ANN, newEmail="ann@example.org")
    assert response["olderRowsChanged"] == 0
    call(client, RESTORE)
    second_run = call(client, MIGRATE, dryRun=False)
    assert second_run["verification"]["verified"] is True
    assert emails(migrated) == ["ann@example.org", BOB]
    assert migrated.rows(
        "SELECT session_token FROM public.sessions JOIN public.students USING (student_id)"
        " WHERE student_email = 'ann@example.org' ORDER BY 1"
    ) == [TOKEN, "ws_3_not_migrated_yet"]


def test_former_email_that_another_student_has_now_means_that_student(
    migrated: Legacy, client: TestClient
) -> None:
    call(client, CHANGE, studentEmail=ANN, newEmail="ann@example.org")
    call(client, CHANGE, studentEmail=BOB, newEmail=ANN)
    migrated.put("workshop_students", session_token="ws_3_not_migrated_yet", student_email=ANN)
    call(client, MIGRATE, dryRun=False)
    assert emails(migrated) == [ANN, "ann@example.org"]
    assert (
        migrated.one(
            "SELECT student_email FROM public.sessions JOIN public.students USING (student_id)"
            " WHERE session_token = 'ws_3_not_migrated_yet'"
        )
        == ANN
    )


def test_person_removed_under_a_new_email_does_not_return_under_the_former_one(
    migrated: Legacy, client: TestClient
) -> None:
    migrated.put("workshop_students", student_email=ANN, student_name="No token",
              created_at="2025-01-01")  # fmt: skip
    call(client, MIGRATE, dryRun=False)
    migrated.connection.execute(
        "ALTER TABLE workshop_students RENAME TO workshop_students_backup_1"
    )
    call(client, CHANGE, studentEmail=ANN, newEmail="ann@example.org")
    call(client, STUDENT, studentEmail="ann@example.org")
    call(client, RESTORE)
    call(client, MIGRATE, dryRun=False)
    assert (tokens(migrated), emails(migrated)) == ([OTHER], [BOB])


def test_student_with_the_email_of_a_removed_person_is_not_removed_again(
    migrated: Legacy, client: TestClient
) -> None:
    call(client, STUDENT, studentEmail=ANN)
    call(client, CHANGE, studentEmail=BOB, newEmail=ANN)
    assert migrated.one("SELECT public.remove_again()") == 0
    assert emails(migrated) == [ANN]
