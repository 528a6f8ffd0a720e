"""The tables in both databases are those of the models."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from lib.learning.engines import create_postgres_engine
from lib.learning.tables import Base
from lib.learning.tables.ddl import metadata_without_schema
from local.learning_schema import SQL, scripts
from tests.support.catalogs import postgres_catalog, sqlite_catalog
from tests.support.scripts import run

OTHER_REFERENCE = (
    "ALTER TABLE learning.questions DROP CONSTRAINT questions_concept_id_fkey,"
    " ADD CONSTRAINT questions_concept_id_fkey FOREIGN KEY (concept_id)"
    " REFERENCES learning.concepts"
)


@pytest.mark.parametrize("name", scripts())
def test_script_is_generated_from_the_models(name: str) -> None:
    assert (SQL / name).read_text() == scripts()[name], "run python -m local.learning_schema"


def test_postgres_has_what_the_models_declare(empty_postgres_url: str, postgres_url: str) -> None:
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("CREATE SCHEMA learning")
    engine = create_postgres_engine(empty_postgres_url, pooled=False)
    Base.metadata.create_all(engine)
    declared = postgres_catalog(empty_postgres_url)
    assert len(declared) > 100
    assert postgres_catalog(postgres_url) == declared


def test_sqlite_has_what_the_models_declare(tmp_path: Path) -> None:
    declared_file, migrated_file = tmp_path / "declared.db", tmp_path / "migrated.db"
    engine = create_engine(f"sqlite:///{declared_file}")
    metadata_without_schema().create_all(engine)
    engine.dispose()
    run("migrate.py", "upgrade", url="", sqlite=migrated_file)
    assert len(sqlite_catalog(declared_file)) > 100
    assert sqlite_catalog(migrated_file) == sqlite_catalog(declared_file)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE learning.users DROP CONSTRAINT users_role_check",
        "DROP INDEX learning.idx_sync_pending",
        "ALTER TABLE learning.users ALTER COLUMN created_at DROP DEFAULT",
        "ALTER TABLE learning.users ALTER COLUMN role DROP NOT NULL",
        OTHER_REFERENCE,
    ],
)
def test_comparison_of_postgres_notices_each_kind_of_change(postgres_url: str, change: str) -> None:
    assert_noticed(lambda: postgres_catalog(postgres_url), lambda: execute(postgres_url, change))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CHECK (role IN ('student', 'teacher', 'admin'))", "CHECK (role <> '')"),
        ("ON DELETE RESTRICT", "ON DELETE CASCADE"),
        ("DEFAULT CURRENT_TIMESTAMP", ""),
        (
            "idx_sync_pending ON sync_operations (synced, timestamp)",
            "i ON sync_operations (synced)",
        ),
    ],
)
def test_comparison_of_sqlite_notices_each_kind_of_change(
    old: str, new: str, tmp_path: Path
) -> None:
    script = scripts()["learning/schema/sqlite_tables.sql"]
    assert old in script
    files = tmp_path / "a.db", tmp_path / "b.db"
    for file, text in zip(files, (script, script.replace(old, new, 1)), strict=True):
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(text)
    assert sqlite_catalog(files[0]) != sqlite_catalog(files[1])


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def assert_noticed(catalog: Callable[[], object], change: Callable[[], None]) -> None:
    before = catalog()
    assert catalog() == before
    change()
    assert catalog() != before
