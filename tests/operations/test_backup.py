"""Backups: complete, without plain API keys, and restored into empty tables or not at all."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lib.deps import Deps, install_deps
from lib.errors import NotConfigured
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.operations.backups.backup import back_up
from lib.operations.backups.restore import restore
from lib.operations.backups.store import BackupRecord
from lib.operations.errors import (
    BackupNotFound,
    BackupPlaceUnavailable,
    BackupUnreadable,
    TakesTooLong,
)
from lib.settings import Platform, Settings
from tests.conftest import ADMIN_PASSWORD
from tests.legacy.legacy_database import Legacy
from tests.operations.conftest import BUCKET
from tests.support.legacy_data import ENCRYPTION_KEY, TABLES, WILD, LegacyData, fill

UNIFIED = ("courses", "students", "enrollments", "sessions", "step_progress", "events")
JSON_OF_BOTH = ("tools", "voice_settings")
"""JSON columns that both workshop_students and student_configs have."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def filled(legacy: Legacy, settings: Settings, folder: Path) -> Iterator[Legacy]:
    """Migrated legacy rows, an enrollment for each student and an event for each session."""
    legacy.deps = Deps(
        Settings(
            postgres_url=settings.postgres_url,
            encryption_key=ENCRYPTION_KEY,
            backup_folder=str(folder),
        )
    )
    # Values in every form in which students wrote them: a backup keeps each unchanged.
    fill(legacy.connection, LegacyData(80, 9, replace(WILD, misplaced_secret=0)))
    # A JSON null is the exception: a restore stores it as NULL, so the rows would differ.
    for column in ("exercises", "tools", "voice_settings", "bug_reports"):
        in_both = column in JSON_OF_BOTH
        for table in ("workshop_students", *(["student_configs"] if in_both else [])):
            legacy.connection.execute(
                f"UPDATE public.{table} SET {column} = NULL WHERE {column} = 'null'".encode()
            )
    legacy.run()
    legacy.connection.execute(
        "INSERT INTO public.enrollments (student_id, course_id)"
        " SELECT student_id, 'voice-assistant' FROM public.students"
    )
    legacy.connection.execute(
        "INSERT INTO public.events (student_id, session_token, event_type, event_data) "
        "SELECT student_id, session_token, 'bug_reported', '{\"n\": 1.50}' FROM public.sessions"
    )
    yield legacy
    legacy.deps.close()


def all_rows(legacy: Legacy) -> dict[str, list[Any]]:
    return {
        f"public.{table}": legacy.rows(f"SELECT t::text FROM public.{table} AS t ORDER BY 1")
        for table in (*UNIFIED, *TABLES)
    }


def empty(legacy: Legacy) -> None:
    """Remove the rows of the unified schema, and drop the legacy tables."""
    legacy.connection.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "TRUNCATE public.students, public.sessions, public.events CASCADE"
    )
    for table in TABLES:
        legacy.connection.execute(f"DROP TABLE public.{table}".encode())


def flat(rows: dict[str, dict[str, int]], *contexts: str) -> dict[str, int]:
    """Return the number of rows in each table of these contexts."""
    return {table: count for context in contexts for table, count in rows[context].items()}


def lines_of(folder: Path, backup: BackupRecord) -> list[bytes]:
    return gzip.decompress((folder / backup.name).read_bytes()).splitlines()


def rewrite(folder: Path, backup: BackupRecord, lines: list[bytes]) -> None:
    (folder / backup.name).write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))


def test_restored_rows_equal_those_of_the_backup(filled: Legacy) -> None:
    before = all_rows(filled)
    backup = back_up(filled.deps)
    empty(filled)
    restoration = restore(backup.name, filled.deps)
    assert all_rows(filled) == before
    expected = {table: len(rows) for table, rows in before.items()}
    assert flat(backup.rows, "workshop", "legacy") == expected
    assert flat(restoration.rows, "workshop", "legacy") == expected
    filled.connection.execute("INSERT INTO public.events (event_type) VALUES ('after')")


def test_no_plain_key_leaves_the_database(filled: Legacy, folder: Path) -> None:
    plain_keys = [
        key.encode()
        for key in filled.rows(
            "SELECT openai_api_key FROM public.workshop_students WHERE openai_api_key LIKE 'sk-%'"
        )
    ]
    assert plain_keys
    file_text = b"".join(lines_of(folder, back_up(filled.deps)))
    assert [key for key in plain_keys if key in file_text] == []


def test_no_plain_account_leaves_the_database(filled: Legacy, folder: Path) -> None:
    unified_account, legacy_account = "AC" + "5f" * 16, "AC" + "ab" * 16
    filled.connection.execute(
        "UPDATE public.students SET twilio_account_sid = %s", [unified_account]
    )
    filled.put("workshop_sessions", session_id="with-account", account_sid=legacy_account)
    before = all_rows(filled)
    backup = back_up(filled.deps)
    file_text = b"".join(lines_of(folder, backup))
    assert unified_account.encode() not in file_text
    assert legacy_account.encode() not in file_text
    empty(filled)
    restore(backup.name, filled.deps)
    assert all_rows(filled) == before


def test_no_secret_of_an_unknown_column_leaves_the_database(filled: Legacy, folder: Path) -> None:
    secrets = {
        "twilio_account_sid": "AC" + "12" * 16, "twilio_auth_token": "\u00e9 auth-token-plain",
        '"apiKeySecret"': 'quote" and \\ plain', '"odd ""name"" password"': "  hidden-plain ",
        "backup_api_key": "",
    }  # fmt: skip
    columns = ", ".join(f"ADD COLUMN {name} TEXT" for name in secrets)
    filled.connection.execute(f"ALTER TABLE public.student_configs {columns}".encode())
    filled.connection.execute("ALTER TABLE public.student_configs ADD COLUMN has_api_key BOOLEAN")
    values = ", ".join(f"{name} = %s" for name in secrets)
    filled.connection.execute(
        f"UPDATE public.student_configs SET has_api_key = TRUE, {values}".encode(),
        list(secrets.values()),
    )
    before = all_rows(filled)
    backup = back_up(filled.deps)
    file_text = b"".join(lines_of(folder, backup))
    assert b"AC1212" not in file_text
    assert b"plain" not in file_text
    empty(filled)
    restore(backup.name, filled.deps)
    assert all_rows(filled) == before


def test_the_file_is_json_line_by_line_and_recorded(filled: Legacy, folder: Path) -> None:
    backup = back_up(filled.deps)
    lines = [json.loads(line) for line in lines_of(folder, backup)]
    assert lines[0] == {"format": "stepwise-backup", "version": 3}
    tables = flat(backup.rows, *backup.rows)
    assert len(lines) == 2 + sum(tables.values()) + len(tables)
    assert filled.one("SELECT name, bytes, sha256 FROM legacy.backups") == (
        backup.name,
        (folder / backup.name).stat().st_size,
        lines[-1]["sha256"],
    )


def test_rows_in_a_table_stop_a_restore(filled: Legacy) -> None:
    backup = back_up(filled.deps)
    before = all_rows(filled)
    with pytest.raises(NotSafeYet, match=r"public\.students has rows"):
        restore(backup.name, filled.deps)
    assert all_rows(filled) == before


@pytest.mark.parametrize("damage", ["cut", "value", "row", "table", "sum", "gzip", "format"])
def test_a_damaged_backup_restores_nothing(filled: Legacy, folder: Path, damage: str) -> None:
    backup = back_up(filled.deps)
    lines = lines_of(folder, backup)
    header_index = next(n for n, line in enumerate(lines) if b'"public.students"' in line)
    match damage:
        case "cut":
            lines = lines[:-3]
        case "value":
            row = lines[header_index + 1]
            lines[header_index + 1] = row.replace(b"example.com", b"example.org")
        case "row":
            lines[header_index + 1] = b'{"student_id": "not a UUID"}'
        case "table":
            lines[header_index] = lines[header_index].replace(
                b"public.students", b"public.operator_audit"
            )
        case "sum":
            lines[-1] = b'{"sha256": "0"}'
        case "format":
            lines[0] = b'{"format": "other"}'
    rewrite(folder, backup, lines)
    if damage == "gzip":
        content = (folder / backup.name).read_bytes()
        (folder / backup.name).write_bytes(content[: len(content) // 2])
    empty(filled)
    with pytest.raises(BackupUnreadable):
        restore(backup.name, filled.deps)
    assert filled.one("SELECT count(*) FROM public.students") == 0
    assert filled.one("SELECT to_regclass('public.workshop_students')") is None


def test_another_encryption_key_restores_nothing(filled: Legacy) -> None:
    backup = back_up(filled.deps)
    empty(filled)
    deps_with_other_key = Deps(replace(filled.deps.settings, encryption_key="ab" * 32))
    with pytest.raises(BackupUnreadable, match="another ENCRYPTION_KEY"):
        restore(backup.name, deps_with_other_key)
    deps_with_other_key.close()


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", "stepwise-20250101T000000Z-0123abcd.jsonl.gz", "/etc/hosts"],
)
def test_only_existing_backups_are_read(filled: Legacy, name: str) -> None:
    with pytest.raises(BackupNotFound):
        restore(name, filled.deps)


def test_a_deployment_without_bucket_writes_nowhere(filled: Legacy, folder: Path) -> None:
    deployed = Deps(replace(filled.deps.settings, platform=Platform.LAMBDA))
    with pytest.raises(NotConfigured, match="BACKUP_BUCKET"):
        back_up(deployed)
    deployed.close()
    assert not folder.exists()


def test_without_encryption_key_there_is_no_backup(filled: Legacy, folder: Path) -> None:
    keyless = Deps(replace(filled.deps.settings, encryption_key=None))
    with pytest.raises(NotConfigured, match="ENCRYPTION_KEY"):
        back_up(keyless)
    assert not folder.exists()


def test_a_backup_that_takes_too_long_leaves_no_file(filled: Legacy, folder: Path) -> None:
    with pytest.raises(TakesTooLong):
        back_up(filled.deps, call_seconds=0)
    assert list(folder.iterdir()) == []


def test_a_restore_that_takes_too_long_restores_nothing(filled: Legacy) -> None:
    backup = back_up(filled.deps)
    empty(filled)
    with pytest.raises(TakesTooLong):
        restore(backup.name, filled.deps, call_seconds=0)
    assert filled.one("SELECT count(*) FROM public.students") == 0


def test_legacy_database_without_unified_schema_can_be_backed_up_but_not_restored(
    filled: Legacy,
) -> None:
    filled.connection.execute(
        "DROP TABLE public.students, public.sessions, public.step_progress, public.events CASCADE"
    )
    backup = back_up(filled.deps)
    assert backup.rows["legacy"].keys() == {f"public.{table}" for table in TABLES}
    assert "workshop" not in backup.rows
    with pytest.raises(UnifiedSchemaNotFound):
        restore(backup.name, filled.deps)


def test_a_bucket_stores_a_backup_and_returns_it(filled: Legacy, bucket: Any) -> None:
    filled.deps.settings = replace(filled.deps.settings, backup_bucket=BUCKET)
    before = all_rows(filled)
    backup = back_up(filled.deps)
    assert backup.location == f"s3://{BUCKET}/{backup.name}"
    assert bucket.head_object(Bucket=BUCKET, Key=backup.name)["ContentLength"] == backup.bytes
    empty(filled)
    restore(backup.name, filled.deps)
    assert all_rows(filled) == before
    with pytest.raises(BackupNotFound):
        restore("stepwise-20250101T000000Z-0123abcd.jsonl.gz", filled.deps)


def test_a_connection_that_breaks_during_a_restore_is_reported_and_changes_nothing(
    filled: Legacy, folder: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_rows(filled)
    backup = back_up(filled.deps)
    content = (folder / backup.name).read_bytes()
    empty(filled)
    filled.deps.settings = replace(filled.deps.settings, backup_bucket=BUCKET)
    with breaking_server(content) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(BackupPlaceUnavailable):
            restore(backup.name, filled.deps)
    bucket.put_object(Bucket=BUCKET, Key=backup.name, Body=content)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.meta.endpoint_url)
    restore(backup.name, filled.deps)
    assert all_rows(filled) == before


@contextmanager
def breaking_server(content: bytes) -> Iterator[str]:
    """Serve half of a file under any path, and break the connection."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])

        def log_message(self, *args: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_an_operator_backs_up_and_restores_over_http(filled: Legacy, client: Any) -> None:
    filled.deps.settings = replace(filled.deps.settings, admin_password=ADMIN_PASSWORD)
    install_deps(filled.deps)
    body = {"adminPassword": ADMIN_PASSWORD}
    backup = client.post("/api/admin-backup", json=body).json()
    assert backup["success"] is True
    refusal = client.post("/api/admin-restore", json={**body, "name": backup["name"]})
    assert refusal.status_code == 409
    empty(filled)
    restoration = client.post("/api/admin-restore", json={**body, "name": backup["name"]}).json()
    del backup["rows"]["operators"]  # the audit trail, which is never restored
    assert restoration["rows"] == backup["rows"]
