"""The examples of the study planner's operations, compared with real responses."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.contract.comparing import value_at
from tests.contract.learning_calls import LEARNING
from tests.support.api_operations import Operation, operations
from tests.support.examples import differences

OPERATIONS = [each for each in operations() if each.row.module.startswith("learning.")]


def operation_of(method: str, path: str) -> Operation | None:
    for each in OPERATIONS:
        pattern = re.sub(r"\{\w+\}", "[^/]+", each.path)
        if each.method == method and re.fullmatch(pattern, path.partition("?")[0].rstrip("/")):
            return each
    return None


@pytest.fixture
def responses(client: TestClient) -> dict[str, Any]:
    """The first successful response of each operation."""
    values: dict[str, Any] = {}
    first: dict[str, Any] = {}
    for call in LEARNING:
        request = call.request(values)
        body_argument = {"content" if isinstance(request.body, bytes) else "json": request.body}
        response = client.request(
            request.method, request.path, headers=request.headers, **body_argument
        )
        assert response.status_code == call.status, (str(call), response.text)
        body = response.json()
        values |= {name: value_at(body, path) for name, path in call.keep.items()}
        operation = operation_of(request.method, request.path)
        if response.status_code < 400 and operation is not None:
            first.setdefault(str(operation), body)
    return first


def test_first_example_of_each_response_is_like_a_real_one(responses: dict[str, Any]) -> None:
    assert responses.keys() == {str(operation) for operation in OPERATIONS}
    for operation in OPERATIONS:
        example = operation.responses["Response"]
        assert differences(example, responses[str(operation)]) == [], str(operation)
