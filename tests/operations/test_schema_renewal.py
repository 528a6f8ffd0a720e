"""Tables with rows are backed up and set aside by dropExisting, and restored from the backup."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.operations.responses import creation_response
from lib.operations.schema.creation import CONFIRMATION
from lib.operations.schema.renewal import renew_schema
from lib.settings import Platform, Settings
from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import CREATE, MIGRATE, call
from tests.operations.conftest import BUCKET

DROP: dict[str, Any] = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}


@pytest.fixture
def migrated(dated_rows: Legacy, client: TestClient) -> Legacy:
    call(client, MIGRATE, dryRun=False)
    return dated_rows


@pytest.fixture
def change_settings(settings: Settings, deps: Deps) -> Iterator[Any]:
    """Function that changes settings until the test ends."""
    all_deps = []

    def change(**values: Any) -> None:
        all_deps.append(Deps(replace(settings, **values)))
        install_deps(all_deps[-1])

    yield change
    install_deps(deps)
    for other_deps in all_deps:
        other_deps.close()


def session_count(legacy: Legacy) -> int:
    return int(legacy.one("SELECT count(*) FROM public.sessions"))


def names_set_aside(legacy: Legacy) -> list[Any]:
    return legacy.rows("SELECT relname FROM pg_class WHERE relname LIKE 'sessions\\_old\\_%'")


def test_tables_with_rows_are_backed_up_before_they_are_set_aside_and_can_be_restored(
    migrated: Legacy, client: TestClient
) -> None:
    before = migrated.unified()
    response = call(client, CREATE, **DROP)
    assert f"backup written first: {response['backup']}" in response["results"]
    assert session_count(migrated) == 0
    (old_table,) = [
        name for name in names_set_aside(migrated) if "idx" not in name and "pkey" not in name
    ]
    assert migrated.one(f"SELECT count(*) FROM public.{old_table}") == len(before["sessions"])
    name = Path(response["backup"]).name
    assert "public.student_configs has rows" in call(
        client, "/api/admin-restore", 409, name=name
    )["error"]  # fmt: skip
    restoration = call(client, "/api/admin-restore", name=name, unifiedOnly=True)
    assert restoration["rows"].keys() == {"workshop"}
    assert restoration["rows"]["workshop"].keys() == {
        f"public.{table}"
        for table in ("courses", "students", "enrollments", "sessions", "step_progress", "events")
    }
    assert migrated.unified() == before


def test_backup_before_setting_aside_is_written_to_the_bucket(
    migrated: Legacy, client: TestClient, bucket: Any, change_settings: Any
) -> None:
    change_settings(backup_bucket=BUCKET, platform=Platform.LAMBDA)
    response = call(client, CREATE, **DROP)
    assert response["backup"].startswith(f"s3://{BUCKET}/stepwise-")
    assert bucket.head_object(Bucket=BUCKET, Key=response["backup"].rpartition("/")[2])
    assert session_count(migrated) == 0


@pytest.mark.usefixtures("bucket")
def test_missing_bucket_leaves_every_table_unchanged(
    migrated: Legacy, client: TestClient, change_settings: Any
) -> None:
    before = migrated.unified()
    change_settings(backup_bucket="a-bucket-that-is-not-there", platform=Platform.LAMBDA)
    assert call(client, CREATE, 503, **DROP)["code"] == "backup_place_unavailable"
    assert call(client, "/api/admin-backup", 503)["code"] == "backup_place_unavailable"
    assert (migrated.unified(), names_set_aside(migrated)) == (before, [])


def test_without_bucket_the_renamed_tables_keep_the_rows_and_are_reported(
    migrated: Legacy, client: TestClient, change_settings: Any
) -> None:
    change_settings(platform=Platform.LAMBDA)
    response = call(client, CREATE, **DROP)
    assert response["backup"] is None
    (remark,) = [line for line in response["results"] if line.startswith("no backup was written")]
    assert "every row stays" in remark
    assert "BACKUP_BUCKET" in remark
    assert (session_count(migrated), len(names_set_aside(migrated)) > 0) == (0, True)


def test_tables_too_large_for_a_backup_are_set_aside_with_every_row_and_reported(
    migrated: Legacy,
) -> None:
    rows = session_count(migrated)
    renewal = renew_schema(
        migrated.deps, drop_existing=True, confirmation=CONFIRMATION, backup_seconds=0.0
    )
    response = creation_response(renewal)
    assert response.backup is None
    (remark,) = [line for line in response.results if line.startswith("no backup was written")]
    assert "every row stays" in remark
    assert "too large" in remark
    (old_table,) = [
        name for name in names_set_aside(migrated) if "idx" not in name and "pkey" not in name
    ]
    assert migrated.one(f"SELECT count(*) FROM public.{old_table}") == rows > 0
    assert session_count(migrated) == 0


def test_no_backup_is_written_without_confirmation_or_without_rows(
    migrated: Legacy, client: TestClient, settings: Settings
) -> None:
    call(client, CREATE, 400, dropExisting=True, confirmText="yes")
    migrated.connection.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "TRUNCATE public.students, public.sessions, public.events CASCADE"
    )
    assert call(client, CREATE, dropExisting=True)["backup"] is None
    assert not Path(settings.backup_folder).exists()
