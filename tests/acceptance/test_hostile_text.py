"""SQL in any field of any call is text: the tables stay, and nobody sees a statement fail."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from tests.support.described import Operation, operations

OPERATIONS = {str(operation): operation for operation in operations()}
HOSTILE = 'x"; DROP TABLE students CASCADE; --', "x'; DROP TABLE students CASCADE; --"
TABLES = (
    "SELECT oid, schemaname || '.' || tablename FROM pg_tables"
    " JOIN pg_class ON oid = to_regclass(format('%I.%I', schemaname, tablename))"
    " WHERE schemaname IN ('public', 'assessment') ORDER BY oid"
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Backups go to a folder of the test."""
    return replace(settings, backup_folder=str(tmp_path))


def spoiled(body: Any, text: str) -> Iterator[Any]:
    """The body with the text in the place of each of its values in turn."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from ({**body, key: changed} for changed in spoiled(value, text))
    elif isinstance(body, list) and body:
        yield from ([changed, *body[1:]] for changed in spoiled(body[0], text))
    else:
        yield text


def requests(operation: Operation, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The example of an operation, spoiled in one place at a time: path, query, header or body."""
    good = {place: operation.examples_in(place) for place in ("path", "query", "header")}
    for place, examples in good.items():
        for spoil in spoiled(examples, text) if examples else ():
            parts = {**good, place: spoil}
            path = operation.path.format(**{k: quote(v, safe="") for k, v in parts["path"].items()})
            told = {"params": parts["query"], "headers": parts["header"]}
            yield path, {**told, "json": operation.request}
    if operation.request is not None:
        path = operation.path.format(**good["path"])
        told = {"params": good["query"], "headers": good["header"]}
        for body in spoiled(operation.request, text):
            yield path, {**told, "json": body}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)
def test_statement_in_a_field_is_text(
    here: TestClient, postgres_url: str, operation: Operation
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        before = connection.execute(TABLES).fetchall()
        for text in HOSTILE:
            for path, told in requests(operation, text):
                answer = here.request(operation.method, path, **told)
                assert answer.status_code < 500, (path, told, answer.text)
        assert set(connection.execute(TABLES).fetchall()) >= set(before)
