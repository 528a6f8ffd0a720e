"""Views and partitioned tables in place of legacy tables, and objects that depend on these."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import CLEANUP, MIGRATE, RESTORE, call

CONFIRM: dict[str, Any] = {"confirmText": "DELETE OLD TABLES"}
MOVED = "ALTER TABLE public.{table} RENAME TO {table}_data; "
AS_VIEW = MOVED + "CREATE VIEW public.{table} AS SELECT * FROM public.{table}_data"
AS_JOIN = MOVED + (
    "CREATE VIEW public.{table} AS SELECT DISTINCT d.*"
    " FROM public.{table}_data AS d, (VALUES (1)) v"
)
AS_STORED_VIEW = MOVED + (
    "CREATE MATERIALIZED VIEW public.{table} AS SELECT * FROM public.{table}_data"
)
AS_PARTITIONS = MOVED + (
    "CREATE TABLE public.{table} (LIKE public.{table}_data) PARTITION BY HASH ({key});"
    "CREATE TABLE public.{table}_p0 PARTITION OF public.{table}"
    " FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    "CREATE TABLE public.{table}_p1 PARTITION OF public.{table}"
    " FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
    "INSERT INTO public.{table} SELECT * FROM public.{table}_data"
)
KEYS = {
    "workshop_students": "session_token",
    "student_configs": "session_token",
    "workshop_sessions": "session_id",
}


def migrate(client: TestClient, **body: Any) -> dict[str, Any]:
    """Call the migration until it is complete, since a busy machine needs several calls."""
    for _ in range(20):
        response = call(client, MIGRATE, **body)
        if response["verification"] is not None:
            return response
    raise AssertionError("the migration did not end")


@pytest.mark.parametrize("table", KEYS)
@pytest.mark.parametrize("form", [AS_VIEW, AS_JOIN, AS_STORED_VIEW, AS_PARTITIONS])
def test_other_kinds_of_tables_are_migrated_set_aside_and_brought_back(
    dated_rows: Legacy, client: TestClient, table: str, form: str
) -> None:
    expected = migrate(client, dryRun=True)
    dated_rows.connection.execute(form.format(table=table, key=KEYS[table]).encode())
    dry_run = migrate(client, dryRun=True)
    real_run = migrate(client)
    assert dry_run["verification"]["checksums"] == expected["verification"]["checksums"]
    assert real_run["verification"]["checksums"] == expected["verification"]["checksums"]
    assert real_run["verification"]["verified"] is True
    assert real_run["findings"]["groups"] == expected["findings"]["groups"]
    before = dated_rows.rows(f"SELECT t::text FROM public.{table} AS t ORDER BY 1")
    for _ in range(2):
        cleanup = call(client, CLEANUP, **CONFIRM)
        assert dated_rows.one(f"SELECT to_regclass('public.{table}')") is None
        assert call(client, RESTORE)["restoredTables"] == list(KEYS)
        assert dated_rows.rows(f"SELECT t::text FROM public.{table} AS t ORDER BY 1") == before
        assert migrate(client)["verification"]["verified"] is True
    cleanup = call(client, CLEANUP, **CONFIRM)
    dated_rows.connection.execute(cleanup["permanentDeletionSQL"].encode())
    for name in cleanup["backupTables"]:
        assert dated_rows.one(f"SELECT to_regclass('public.{name}')") is None


def test_deletion_names_the_rows_that_exist_nowhere_else(
    legacy: Legacy, client: TestClient
) -> None:
    legacy.add("workshop_students", "session_token | student_email\n t | a@b.co\n - | b@b.co")
    legacy.add("workshop_sessions", "session_id | student_id\n - | a@b.co\n - | c@b.co")
    migrate(client)
    cleanup = call(client, CLEANUP, **CONFIRM)
    assert cleanup["rowsOnlyInOldTables"] == 3
    students, configs, logins = cleanup["backupTables"]
    lines = cleanup["permanentDeletionSQL"].splitlines()
    (query,) = {line.partition(": ")[2] for line in lines if "exist only in" in line}
    assert len(legacy.rows(query)) == 3
    assert [line.partition(":")[0] for line in lines[1:]] == [
        f"-- Rows that exist only in {students} (1)",
        f"DROP TABLE IF EXISTS public.{students} CASCADE;",
        f"DROP TABLE IF EXISTS public.{configs} CASCADE;",
        f"-- Rows that exist only in {logins} (2)",
        f"DROP TABLE IF EXISTS public.{logins} CASCADE;",
    ]


def test_deletion_names_the_objects_that_it_would_drop_too(
    legacy: Legacy, client: TestClient
) -> None:
    legacy.add("student_configs", "session_token\n t")
    legacy.connection.execute(
        "CREATE VIEW public.overview AS SELECT session_token FROM public.student_configs;"
        "CREATE TABLE public.notes (token TEXT CONSTRAINT notes_token"
        " REFERENCES public.student_configs)"
    )
    migrate(client)
    warnings = [
        line
        for line in call(client, CLEANUP, **CONFIRM)["permanentDeletionSQL"].splitlines()
        if line.startswith("-- CASCADE")
    ]
    assert warnings == [
        "-- CASCADE also drops the foreign key notes_token of notes, the view overview"
    ]
