"""SQL in any field of any request stays text: no table is lost, and no request fails with 500."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.support.api_operations import Operation, operations

OPERATIONS = {str(operation): operation for operation in operations()}
HOSTILE = 'x"; DROP TABLE students CASCADE; --', "x'; DROP TABLE students CASCADE; --"
TABLES = (
    "SELECT oid, schemaname || '.' || tablename FROM pg_tables"
    " JOIN pg_class ON oid = to_regclass(format('%I.%I', schemaname, tablename))"
    " WHERE schemaname IN ('public', 'assessment') ORDER BY oid"
)


def with_hostile_text(body: Any, text: str) -> Iterator[Any]:
    """Yield copies of the body in which the text replaces one of its values."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from ({**body, key: copy} for copy in with_hostile_text(value, text))
    elif isinstance(body, list) and body:
        yield from ([copy, *body[1:]] for copy in with_hostile_text(body[0], text))
    else:
        yield text


def requests(operation: Operation, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the example of an operation with the text in path, query, header or body in turn."""
    unchanged = {place: operation.examples_in(place) for place in ("path", "query", "header")}
    for place, examples in unchanged.items():
        for copy in with_hostile_text(examples, text) if examples else ():
            parts = {**unchanged, place: copy}
            path = operation.path.format(**{k: quote(v, safe="") for k, v in parts["path"].items()})
            arguments = {"params": parts["query"], "headers": parts["header"]}
            yield path, {**arguments, "json": operation.request}
    if operation.request is not None:
        path = operation.path.format(**unchanged["path"])
        arguments = {"params": unchanged["query"], "headers": unchanged["header"]}
        for body in with_hostile_text(operation.request, text):
            yield path, {**arguments, "json": body}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)
def test_statement_in_a_field_is_text(
    loopback_client: TestClient, postgres_url: str, operation: Operation
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        before = connection.execute(TABLES).fetchall()
        for text in HOSTILE:
            for path, arguments in requests(operation, text):
                response = loopback_client.request(operation.method, path, **arguments)
                assert response.status_code < 500, (path, arguments, response.text)
        assert set(connection.execute(TABLES).fetchall()) >= set(before)
