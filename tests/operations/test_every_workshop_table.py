"""No backup, restore, downgrade or dropExisting forgets a table of the workshop's scripts."""

from collections.abc import Callable
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from lib.database.expected_tables import workshop_tables
from tests.legacy.test_calls import CREATE, RESTORE, call
from tests.operations.older_schemas import NORMALIZED_V2
from tests.operations.older_schemas import ROWS as WORKSHOP_ROWS
from tests.support.requirements import sql_block
from tests.support.scripts import run

Rows = Callable[..., list[tuple[Any, ...]]]
DROP: dict[str, Any] = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}
BACKUP = "/api/admin-backup"
IMPORT = "/api/admin-import-roster"
ENROLLMENTS = """
SELECT student_email, course_id FROM public.enrollments JOIN public.students USING (student_id)
ORDER BY student_email
"""
STAYS = {
    "public.courses": "operators define courses apart from the students who take them",
    "public.idempotency_keys": "it only prevents a request from being repeated within 24 hours",
    "public.removals": "it prevents the return of removed people",
}
"""Tables that dropExisting leaves in place, each with the reason."""


def import_ann(client: TestClient, **expected: int) -> None:
    imported = call(client, IMPORT, students=[{"studentEmail": "ann@example.com"}])
    assert {name: imported[name] for name in expected} == expected


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def set_aside_tables(rows: Rows) -> list[str]:
    """Return the names of tables that were set aside by renaming them."""
    names = rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_old_[0-9_]+$'")
    return sorted(name for (name,) in names)


def test_drop_existing_sets_aside_every_table_that_does_not_have_to_stay(
    client: TestClient, rows: Rows
) -> None:
    import_ann(client, created=1)
    results = call(client, CREATE, **DROP)["results"]
    renamed_tables = {f"public.{line.partition(':')[0]}" for line in results if "set aside" in line}
    assert renamed_tables | STAYS.keys() == set(workshop_tables()), (
        "add the table to the list in sql/operations/schema/set_aside.sql and to"
        " legacy.unified_tables(), or add the reason why it stays to STAYS"
    )
    assert not renamed_tables & STAYS.keys()
    assert len(set_aside_tables(rows)) == len(renamed_tables)


def test_no_table_refers_to_one_that_drop_existing_set_aside(
    client: TestClient, rows: Rows
) -> None:
    import_ann(client, created=1)
    call(client, CREATE, **DROP)
    assert rows(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        " AND confrelid::regclass::text ~ '_old_[0-9_]+$'"
        " AND conrelid::regclass::text !~ '_old_[0-9_]+$'"
    ) == []  # fmt: skip
    assert rows(ENROLLMENTS) == []
    import_ann(client, created=1)
    import_ann(client, unchanged=1)
    assert rows(ENROLLMENTS) == [("ann@example.com", "voice-assistant")]


def test_tables_that_drop_existing_set_aside_are_brought_back_together(
    client: TestClient, rows: Rows
) -> None:
    import_ann(client, created=1)
    call(client, CREATE, **DROP)
    restored_tables = call(client, RESTORE)["restoredTables"]
    assert {f"public.{table}" for table in restored_tables} == set(workshop_tables()) - STAYS.keys()
    assert rows(ENROLLMENTS) == [("ann@example.com", "voice-assistant")]
    import_ann(client, unchanged=1)
    call(client, "/api/admin-delete-student", studentEmail="ann@example.com")
    assert rows("SELECT * FROM public.enrollments") == []


def test_enrollments_of_dropped_students_are_set_aside(client: TestClient, rows: Rows) -> None:
    rollback = sql_block("004", "DROP TABLE IF EXISTS events")
    rows(rollback)
    call(client, CREATE)
    assert set_aside_tables(rows) == []  # there were no rows
    import_ann(client, created=1)
    for _ in range(2):  # the second time, nothing is left to set aside
        rows(rollback)
        results = call(client, CREATE)["results"]
    (table,) = set_aside_tables(rows)
    assert rows(f"SELECT course_id FROM public.{table}") == [("voice-assistant",)]
    assert not any(table in line for line in results)
    import_ann(client, created=1)
    assert rows(ENROLLMENTS) == [("ann@example.com", "voice-assistant")]
    call(client, "/api/admin-delete-student", studentEmail="ann@example.com")
    assert rows("SELECT * FROM public.enrollments") == []


def test_backup_saves_every_table_or_names_it_as_left_out(client: TestClient) -> None:
    backup = call(client, BACKUP)
    left_out_tables = {line.partition(":")[0] for line in backup["leftOut"]}
    assert backup["rows"]["workshop"].keys() | left_out_tables >= set(workshop_tables())


def test_restore_of_a_backup_enrolls_the_same_students(client: TestClient, rows: Rows) -> None:
    import_ann(client, created=1)
    enrollments = rows("SELECT * FROM public.enrollments")
    backup = call(client, BACKUP)
    assert backup["rows"]["workshop"]["public.enrollments"] == 1
    call(client, CREATE, **DROP)
    import_ann(client, created=1)
    assert "has rows" in call(client, "/api/admin-restore", 409, name=backup["name"])["error"]
    call(client, "/api/admin-delete-student", studentEmail="ann@example.com")
    rows("DELETE FROM public.removals")  # they would remove Ann again
    restoration = call(client, "/api/admin-restore", name=backup["name"], unifiedOnly=True)
    assert restoration["rows"]["workshop"]["public.enrollments"] == 1
    assert rows("SELECT * FROM public.enrollments") == enrollments
    import_ann(client, unchanged=1)


def test_downgrade_leaves_no_table_of_the_workshop_and_the_next_upgrade_returns_each(
    empty_postgres_url: str,
) -> None:
    url = empty_postgres_url
    run("migrate.py", "upgrade", url=url)
    enroll = (
        "SELECT outcome FROM public.import_roster('voice-assistant',"
        """ '[{"line": 1, "email": "ann@example.com"}]')"""
    )
    assert fetch(url, enroll) == [("created",)]
    run("migrate.py", "downgrade", url=url)
    tables = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = 'public'"
    remaining_tables = {table for (table,) in fetch(url, tables)}
    assert remaining_tables & set(workshop_tables()) == set(), (
        "add these to the list in sql/database/schema/downgrade.sql"
    )
    names = fetch(url, "SELECT former_name FROM stepwise.set_aside WHERE former_name ^@ 'public.'")
    assert sorted(names) == sorted((table,) for table in workshop_tables())
    run("migrate.py", "upgrade", url=url)
    assert fetch(url, enroll) == [("unchanged",)]
    fetch(url, "DELETE FROM public.students")
    assert fetch(url, "SELECT * FROM public.enrollments") == []


def test_merge_of_two_records_of_a_person_keeps_the_enrollments(empty_postgres_url: str) -> None:
    url = empty_postgres_url
    fetch(url, NORMALIZED_V2 + WORKSHOP_ROWS)
    run("migrate.py", "upgrade", url=url)
    lines = '[{"line": 1, "email": "ann@example.com"}, {"line": 2, "email": "bob@example.com"}]'
    fetch(url, f"SELECT public.import_roster('voice-assistant', '{lines}')")
    run("migrate.py", "downgrade", url=url)
    # The earliest record stays: for Ann the new one, for Bob the enrolled one.
    fetch(
        url,
        "INSERT INTO students (student_email, created_at) VALUES"
        " ('ANN@example.com', '2020-01-01Z'), ('BOB@example.com', '2030-01-01Z')",
    )
    run("migrate.py", "upgrade", url=url)
    assert fetch(
        url,
        "SELECT student_email, student.created_at < '2021-01-01Z', course_id"
        " FROM public.enrollments JOIN public.students AS student USING (student_id) ORDER BY 1",
    ) == [
        ("ann@example.com", True, "voice-assistant"),
        ("bob@example.com", False, "voice-assistant"),
    ]
