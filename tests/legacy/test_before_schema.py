"""Calls that an operator may make while a database has only the legacy tables."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.legacy.test_calls import MIGRATE, RESTORE, call
from tests.support.legacy_data import legacy_tables


@pytest.fixture
def legacy_client(
    settings: Settings, empty_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A client of a database with a row in the legacy tables and no unified schema."""
    monkeypatch.chdir(tmp_path)
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(legacy_tables().encode())
        connection.execute(
            "INSERT INTO workshop_students (session_token) VALUES ('ws_1_the_token')"
        )
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    yield TestClient(function_app("index"), raise_server_exceptions=False)
    install_deps(None)
    deps.close()


def test_the_backup_may_come_before_everything_else(legacy_client: TestClient) -> None:
    response = call(legacy_client, "/api/admin-backup")
    assert response["rows"]["legacy"] == {
        "public.workshop_students": 1,
        "public.student_configs": 0,
        "public.workshop_sessions": 0,
    }
    assert response["rows"].keys() == {"legacy", "operators"}


def test_the_migration_works_after_a_backup_without_the_schema(legacy_client: TestClient) -> None:
    call(legacy_client, "/api/admin-backup")
    call(legacy_client, "/api/admin-create-unified-schema")
    assert call(legacy_client, MIGRATE, dryRun=False)["verification"]["verified"] is True


def test_without_tables_set_aside_there_is_nothing_to_restore(legacy_client: TestClient) -> None:
    assert call(legacy_client, RESTORE, 400)["code"] == "nothing_to_do"
