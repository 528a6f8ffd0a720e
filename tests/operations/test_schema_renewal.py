"""dropExisting on tables with rows: a backup first, then set aside, and the way back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.operations.answers import created
from lib.operations.schema_creation import CONFIRMATION
from lib.operations.schema_renewal import make_schema
from lib.settings import Platform, Settings
from tests.legacy.drawn import Legacy
from tests.legacy.test_calls import CREATE, MIGRATE, call
from tests.operations.conftest import BUCKET

DROP: dict[str, Any] = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}


@pytest.fixture
def moved(timed: Legacy, client: TestClient) -> Legacy:
    call(client, MIGRATE, dryRun=False)
    return timed


@pytest.fixture
def use(settings: Settings, deps: Deps) -> Iterator[Any]:
    """Change settings for the rest of a test."""
    changed = []

    def change(**values: Any) -> None:
        changed.append(Deps(replace(settings, **values)))
        install_deps(changed[-1])

    yield change
    install_deps(deps)
    for other_deps in changed:
        other_deps.close()


def sessions(legacy: Legacy) -> int:
    return int(legacy.one("SELECT count(*) FROM public.sessions"))


def set_aside(legacy: Legacy) -> list[Any]:
    return legacy.rows("SELECT relname FROM pg_class WHERE relname LIKE 'sessions\\_old\\_%'")


def test_a_backup_is_written_before_tables_with_rows_are_set_aside_and_comes_back(
    moved: Legacy, client: TestClient
) -> None:
    before = moved.unified()
    response = call(client, CREATE, **DROP)
    assert f"backup written first: {response['backup']}" in response["results"]
    assert sessions(moved) == 0
    (kept,) = [name for name in set_aside(moved) if "idx" not in name and "pkey" not in name]
    assert moved.one(f"SELECT count(*) FROM public.{kept}") == len(before["sessions"])
    name = Path(response["backup"]).name
    assert "workshop_students is missing or has rows" in call(
        client, "/api/admin-restore", 409, name=name
    )["error"]  # fmt: skip
    back = call(client, "/api/admin-restore", name=name, unifiedOnly=True)
    assert set(back["rows"]) == {"students", "sessions", "step_progress", "events"}
    assert moved.unified() == before


def test_a_bucket_takes_that_backup(
    moved: Legacy, client: TestClient, bucket: Any, use: Any
) -> None:
    use(backup_bucket=BUCKET, platform=Platform.LAMBDA)
    response = call(client, CREATE, **DROP)
    assert response["backup"].startswith(f"s3://{BUCKET}/stepwise-")
    assert bucket.head_object(Bucket=BUCKET, Key=response["backup"].rpartition("/")[2])
    assert sessions(moved) == 0


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_refuses_leaves_everything_as_it_was(
    moved: Legacy, client: TestClient, use: Any
) -> None:
    before = moved.unified()
    use(backup_bucket="a-bucket-that-is-not-there", platform=Platform.LAMBDA)
    assert call(client, CREATE, 503, **DROP)["code"] == "backup_place_unavailable"
    assert call(client, "/api/admin-backup", 503)["code"] == "backup_place_unavailable"
    assert (moved.unified(), set_aside(moved)) == (before, [])


def test_without_bucket_the_renamed_tables_keep_the_rows_and_the_response_says_so(
    moved: Legacy, client: TestClient, use: Any
) -> None:
    use(platform=Platform.LAMBDA)
    response = call(client, CREATE, **DROP)
    assert response["backup"] is None
    (remark,) = [line for line in response["results"] if line.startswith("no backup was written")]
    assert "every row stays" in remark
    assert "BACKUP_BUCKET" in remark
    assert (sessions(moved), len(set_aside(moved)) > 0) == (0, True)


def test_tables_too_large_for_a_backup_are_set_aside_with_every_row_and_the_response_says_so(
    moved: Legacy,
) -> None:
    rows = sessions(moved)
    renewal = make_schema(
        moved.deps, drop_existing=True, confirmation=CONFIRMATION, backup_seconds=0.0
    )
    response = created(renewal)
    assert response.backup is None
    (remark,) = [line for line in response.results if line.startswith("no backup was written")]
    assert "every row stays" in remark
    assert "too large" in remark
    (kept,) = [name for name in set_aside(moved) if "idx" not in name and "pkey" not in name]
    assert moved.one(f"SELECT count(*) FROM public.{kept}") == rows > 0
    assert sessions(moved) == 0


def test_nothing_is_saved_without_confirmation_or_without_rows(
    moved: Legacy, client: TestClient, settings: Settings
) -> None:
    call(client, CREATE, 400, dropExisting=True, confirmText="yes")
    moved.connection.execute("TRUNCATE public.students, public.sessions, public.events CASCADE")
    assert call(client, CREATE, dropExisting=True)["backup"] is None
    assert not Path(settings.backup_folder).exists()
