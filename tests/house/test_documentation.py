"""Whoever reads the API's description alone can call every endpoint, and knows what comes back."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from lib.routes import ENDPOINTS, Access, modules
from lib.web.functions import function_app
from lib.web.openapi import DOCUMENTED, description
from tests.support.described import Operation, operations

OPERATIONS = operations()
ROUTES = {
    f"{method} {route.path_format}": route
    for module in modules()
    for route in function_app(module).routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def in_file(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def test_every_endpoint_is_described_and_no_other() -> None:
    served = {f"{method} {row.path}" for row in ENDPOINTS for method in row.methods}
    assert {str(operation) for operation in OPERATIONS} == served


def test_every_example_stands_with_the_function_that_it_is_of() -> None:
    documented = {
        (".".join(file.relative_to(DOCUMENTED).with_suffix("").parts), name)
        for file in DOCUMENTED.rglob("*.json")
        if file.stem != "shared"
        for name in in_file(file)
    }
    served = {(row.module, f"{method} {row.path}") for row in ENDPOINTS for method in row.methods}
    assert documented == served


@every_operation
def test_nothing_is_documented_that_is_not_shown(operation: Operation) -> None:
    written = in_file(DOCUMENTED / f"{operation.row.module.replace('.', '/')}.json")[str(operation)]
    assert written.get("parameters", {}).keys() == {each["name"] for each in operation.parameters}
    assert ("request" in written) == operation.has_body
    assert written.keys() <= {"summary", "parameters", "request", "answer", "other_answers"}


@every_operation
def test_operation_says_what_it_does(operation: Operation) -> None:
    by_framework = ROUTES[str(operation)].name.replace("_", " ").title()
    assert operation.said["summary"] != by_framework
    assert operation.said["description"].endswith(".")


@every_operation
def test_every_parameter_has_an_example(operation: Operation) -> None:
    assert [each["name"] for each in operation.parameters if "example" not in each] == []


@every_operation
def test_example_of_the_body_is_accepted(operation: Operation) -> None:
    field = ROUTES[str(operation)].body_field
    assert operation.has_body == (field is not None)
    if field is not None:
        body: TypeAdapter[Any] = TypeAdapter(cast("Any", field.field_info.annotation))
        read = body.validate_json(json.dumps(operation.request))
        assert read is not None
        written = body.dump_python(read, mode="json", by_alias=True, exclude_unset=True)
        unknown = operation.request.keys() - written.keys()
        assert unknown <= {"adminPassword"}  # which is checked before the body is read


@every_operation
def test_examples_of_the_answer_have_exactly_its_fields(operation: Operation) -> None:
    answer: TypeAdapter[Any] = TypeAdapter(cast("Any", ROUTES[str(operation)].response_model))
    assert operation.answers
    for example in operation.answers.values():
        read = answer.validate_json(json.dumps(example))
        assert answer.dump_python(read, mode="json", by_alias=True) == example


@every_operation
def test_security_is_that_of_the_table(operation: Operation) -> None:
    access = operation.row.access
    schemes = [name for needed in operation.said["security"] for name in needed]
    assert schemes == ([access] if access in {Access.OPERATOR, Access.CRON} else [])
    assert operation.said["x-access"] == access
    assert set(schemes) <= description()["components"]["securitySchemes"].keys()


@every_operation
def test_operators_body_takes_the_password(operation: Operation) -> None:
    if operation.has_body:
        by_operators = operation.row.access is Access.OPERATOR
        assert ("adminPassword" in operation.body_fields) == by_operators


@every_operation
def test_errors_are_described_in_their_one_shape(operation: Operation) -> None:
    assert operation.said["responses"].keys() == {"200", "default"}
    assert operation.said["responses"]["default"] == {"$ref": "#/components/responses/Error"}


def test_every_group_is_introduced_and_none_is_empty() -> None:
    introduced = [tag["name"] for tag in description()["tags"] if tag["description"]]
    assert set(introduced) == {tag for operation in OPERATIONS for tag in operation.said["tags"]}


def test_every_reference_leads_somewhere() -> None:
    described = description()
    for reference in references(described):
        assert reference.startswith("#/")
        place: Any = described
        for key in reference[2:].split("/"):
            place = place[key]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    return (
        [found for value in part for found in references(value)] if isinstance(part, list) else []
    )
