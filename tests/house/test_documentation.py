"""The API's description is enough to call every endpoint and to understand its responses."""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from lib.access.endpoint import BY_PASSWORD, CLOSED, Access
from lib.access.guard import holds_password, local_or_password
from lib.errors import (
    BadRequest,
    Conflict,
    EndpointNotFound,
    Forbidden,
    MethodNotAllowed,
    NotFound,
)
from lib.routes import ENDPOINTS, modules
from lib.web.functions import function_app
from lib.web.openapi import API_DOCS, description
from local import openapi_file
from tests.support.api_operations import Operation, operations

PAGES = API_DOCS.parent
FOLDER_OF_FLAGS = PAGES.parent / "lib" / "workshop"
"""Folder of the `wire.py` whose flags have descriptions that are made from the course."""
OPERATIONS = operations()
ROUTES = {
    f"{method} {route.path_format}": route
    for module in modules()
    for route in function_app(module).routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def file_of(module: str) -> Path:
    return API_DOCS / f"{module.replace('.', '/')}.json"


def place_of(operation: Operation) -> str:
    """Return where the examples of an operation are written, for a message."""
    return f'"{operation}" in docs/api/{file_of(operation.row.module).relative_to(API_DOCS)}'


def read_json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def examples_of(operation: Operation) -> dict[str, Any]:
    """Return the examples of an operation in its file."""
    file = file_of(operation.row.module)
    examples = read_json(file) if file.exists() else {}
    if str(operation) not in examples:
        pytest.fail(
            f"Write {place_of(operation)}: a summary and examples of each parameter, of the request"
            ' and of the response ("response"); lib/web/openapi.py says how.'
        )
    operation_examples: dict[str, Any] = examples[str(operation)]
    return operation_examples


def days_of(example: Any) -> list[dict[str, Any]]:
    """Return all days of the study plans in an example."""
    if isinstance(example, list):
        return [day for part in example for day in days_of(part)]
    if not isinstance(example, dict):
        return []
    return [*example.get("daily_plans", []), *days_of(list(example.values()))]


def test_example_plans_give_no_topic_more_than_half_of_a_day() -> None:
    files = sorted((API_DOCS / "learning").glob("*.json"))
    days = [day for file in files for day in days_of(read_json(file))]
    hours = [topic["allocated_hours"] for day in days for topic in day["topics"]]
    assert len(days) >= 5
    assert max(hours) <= 1, "the student of the examples has 2 hours a day"


def test_every_endpoint_is_described_and_no_other() -> None:
    served_operations = {f"{method} {row.path}" for row in ENDPOINTS for method in row.methods}
    described_operations = {str(operation) for operation in OPERATIONS}
    assert served_operations - described_operations == set(), (
        "the handler lacks a route that lib/routes.py lists"
    )
    assert described_operations - served_operations == set(), (
        "the handler has a route that lib/routes.py does not list"
    )


def test_every_example_is_in_the_file_of_its_function() -> None:
    documented_operations = {
        (".".join(file.relative_to(API_DOCS).with_suffix("").parts), name)
        for file in API_DOCS.rglob("*.json")
        if file.stem != "shared"
        for name in read_json(file)
    }
    served_operations = {
        (row.module, f"{method} {row.path}") for row in ENDPOINTS for method in row.methods
    }
    assert documented_operations - served_operations == set(), (
        "docs/api/ has these in a file whose function does not serve them: move or delete them"
    )
    assert served_operations - documented_operations == set(), (
        "write these into docs/api/<context>/<function>.json; lib/web/openapi.py says how"
    )


@every_operation
def test_examples_cover_exactly_the_parameters_and_the_body(operation: Operation) -> None:
    examples = examples_of(operation)
    parameters = {each["name"] for each in operation.parameters}
    assert examples.get("parameters", {}).keys() == parameters, (
        f"give {place_of(operation)} an example of exactly these parameters"
    )
    assert ("request" in examples) == operation.has_body, (
        f'{place_of(operation)} needs a "request" if the operation takes a body, and only then'
    )
    assert examples.keys() <= {
        "summary",
        "parameters",
        "request",
        "response",
        "other_responses",
        "security",
    }


@every_operation
def test_operation_has_a_summary(operation: Operation) -> None:
    default_summary = ROUTES[str(operation)].name.replace("_", " ").title()
    assert operation.description["summary"] != default_summary, (
        f'give {place_of(operation)} a "summary"; without one the page shows the function\'s name'
    )
    assert operation.description.get("description", "").endswith("."), (
        f"give the handler of {operation} a docstring that is a sentence with a full stop"
    )


@every_operation
def test_every_parameter_has_an_example(operation: Operation) -> None:
    without_example = [each["name"] for each in operation.parameters if "example" not in each]
    assert without_example == [], (
        f'add examples of them to the "parameters" of {place_of(operation)}'
    )


@every_operation
def test_example_of_the_body_is_accepted(operation: Operation) -> None:
    field = ROUTES[str(operation)].body_field
    assert operation.has_body == (field is not None)
    if field is not None:
        body: TypeAdapter[Any] = TypeAdapter(cast("Any", field.field_info.annotation))
        assert operation.request is not None, f'write the "request" of {place_of(operation)}'
        parsed = validate(body, operation.request, f'the "request" of {place_of(operation)}')
        dumped = body.dump_python(parsed, mode="json", by_alias=True, exclude_unset=True)
        # The password is checked before the body is parsed.
        unknown = operation.request.keys() - dumped.keys() - {"adminPassword"}
        assert unknown == set(), (
            f"the body has no such fields: remove them from {place_of(operation)}"
        )


@every_operation
def test_response_examples_have_exactly_the_fields_of_the_model(operation: Operation) -> None:
    model = ROUTES[str(operation)].response_model or str  # CSV has no model
    body: TypeAdapter[Any] = TypeAdapter(cast("Any", model))
    assert operation.responses, f'write the "response" of {place_of(operation)}'
    for title, example in operation.responses.items():
        parsed = validate(body, example, f'the response "{title}" of {place_of(operation)}')
        dumped = body.dump_python(parsed, mode="json", by_alias=True)
        assert differences(example, dumped) == [], (
            f'correct the response "{title}" of {place_of(operation)}, or the model'
        )


@every_operation
def test_security_is_that_of_the_table(operation: Operation) -> None:
    access = operation.row.access
    assert operation.description["x-access"] == access
    if access is Access.SESSION:
        return
    # A body may hold the password in place of the header.
    by_body: list[dict[str, Any]] = [{}] if operation.has_body else []
    required = {
        Access.INSTRUCTOR: [{"instructor": []}, *by_body],
        Access.OPERATOR: [{"operator": []}, *by_body],
        Access.CRON: [{"cron": []}],
        Access.USER: [{"user": []}],
        Access.TEACHER: [{"user": []}],
    }
    assert operation.description["security"] == required.get(access, [])


@every_operation
def test_security_of_a_session_is_that_of_its_parameters(operation: Operation) -> None:
    schemes = description()["components"]["securitySchemes"]
    required = {name for each in operation.description["security"] for name in each}
    assert required <= schemes.keys()
    if operation.row.access is Access.SESSION:
        parameters = {(each["in"], each["name"]) for each in operation.parameters}
        accepted = {
            name
            for name, each in schemes.items()
            if (each.get("in"), each.get("name")) in parameters
        }
        calls = {each.call for each in dependants(ROUTES[str(operation)].dependant)}
        operators = {"operator"} if calls & {holds_password, local_or_password} else set()
        assert required == accepted | operators, f'write the "security" of {place_of(operation)}'


def dependants(dependant: Dependant) -> list[Dependant]:
    """Return a handler and all that it depends on."""
    return [dependant, *(each for inner in dependant.dependencies for each in dependants(inner))]


@every_operation
def test_body_takes_the_password_where_access_is_by_password(operation: Operation) -> None:
    if operation.has_body:
        is_by_password = operation.row.access in BY_PASSWORD
        assert ("adminPassword" in operation.body_fields) == is_by_password


@every_operation
def test_every_operation_declares_its_errors_with_their_codes(operation: Operation) -> None:
    codes = operation.error_codes
    assert codes[500] == {"internal"}
    assert codes.keys() >= ({400, 413, 415, 422} if operation.has_body else set())
    assert codes.keys() >= {401, 503} or operation.row.access not in CLOSED
    assert all(codes.values())
    bases = {BadRequest.code, NotFound.code, Conflict.code, Forbidden.code}
    assert set().union(*codes.values()) & bases == set(), "declare what is raised, not its base"


def test_every_group_is_introduced_and_none_is_empty() -> None:
    introduced_groups = [tag["name"] for tag in description()["tags"] if tag["description"]]
    assert set(introduced_groups) == {
        tag for operation in OPERATIONS for tag in operation.description["tags"]
    }


@pytest.mark.parametrize("path", sorted({row.path for row in ENDPOINTS}))
def test_every_endpoint_is_in_a_page_of_docs(path: str) -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES.glob("*.md")]
    name = re.compile(rf"(?<![\w/-]){re.escape(path.removeprefix('/api/'))}(?![\w/-])")
    prefixed = re.compile(rf"{re.escape(path)}(?![\w/-])")
    assert any(name.search(page) or prefixed.search(page) for page in pages), (
        f"say in docs/workshop.md, assessment.md, learning.md or migration.md what {path} is for"
    )


def validate(model: TypeAdapter[Any], example: Any, place: str) -> Any:
    """Validate an example with the model, or fail with the place to correct."""
    try:
        return model.validate_json(json.dumps(example))
    except ValidationError as exc:
        pytest.fail(f"Correct {place}: {exc}")


def differences(example: Any, dumped: Any, place: str = "response") -> list[str]:
    """List the differences between an example and what the model makes of it."""
    if isinstance(example, dict) and isinstance(dumped, dict):
        return [
            *(f"the model has no {place}.{name}" for name in example.keys() - dumped.keys()),
            *(f"the example has no {place}.{name}" for name in dumped.keys() - example.keys()),
            *(
                difference
                for name in example.keys() & dumped.keys()
                for difference in differences(example[name], dumped[name], f"{place}.{name}")
            ),
        ]
    if isinstance(example, list) and isinstance(dumped, list) and len(example) == len(dumped):
        return [
            difference
            for number, (expected, actual) in enumerate(zip(example, dumped, strict=True))
            for difference in differences(expected, actual, f"{place}[{number}]")
        ]
    return [] if example == dumped else [f"{place}: the example has {example}, the model {dumped}"]


def test_schema_is_named_after_one_class_and_no_module() -> None:
    names = list(description()["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name)] == [], (
        "two bodies have the same name, or one is both a request and a response: rename one"
    )
    assert len({name.lower() for name in names}) == len(names)


def test_operation_ids_are_different_names_of_functions() -> None:
    ids = [operation.description["operationId"] for operation in OPERATIONS]
    assert [name for name in ids if not re.fullmatch(r"[a-z]+([A-Z][a-z]*|\d)*", name)] == []
    assert sorted(set(ids)) == sorted(ids), "two handlers have the same name: rename one"


def test_every_field_and_every_parameter_is_described() -> None:
    schemas = description()["components"]["schemas"]
    fields = {
        f"{name}.{field}": part
        for name, schema in schemas.items()
        for field, part in schema.get("properties", {}).items()
    }
    parameters = {
        f"{operation} {each['name']}": each
        for operation in OPERATIONS
        for each in operation.parameters
    }
    undescribed = [
        name
        for name, part in (fields | parameters).items()
        if not part.get("description", "").endswith(".")
    ]
    assert undescribed == [], (
        "write a sentence below the field in wire.py, or into the parameter's annotation"
    )


def test_descriptions_speak_of_json_and_not_of_python() -> None:
    schemas = description()["components"]["schemas"]
    texts = {
        f"{name}.{field}": (part.get("description", ""), schema["properties"])
        for name, schema in schemas.items()
        for field, part in schema.get("properties", {}).items()
    }
    assert [place for place, (text, _) in texts.items() if re.search(r"\bNone\b", text)] == [], (
        "write null"
    )
    otherwise_spelt = [
        f"{place} calls {to_camel(word)} {word}"
        for place, (text, fields) in texts.items()
        for word in re.findall(r"(?<!`)\b[a-z][a-z0-9]*_[a-z0-9_]+", text)
        if word not in fields and to_camel(word) in fields
    ]
    assert otherwise_spelt == []


def test_every_successful_response_that_is_a_json_object_may_have_warnings() -> None:
    schemas = description()["components"]["schemas"]
    contents = [operation.description["responses"]["200"]["content"] for operation in OPERATIONS]
    # Only a few responses, such as CSV, are not JSON; otherwise the loop would check little.
    assert sum("application/json" not in content for content in contents) < len(contents) / 10
    for content in contents:
        if "application/json" not in content:
            continue
        schema = content["application/json"]["schema"]
        for choice in schema.get("anyOf", [schema]):
            body = schemas[choice["$ref"].rpartition("/")[2]]
            if body["type"] == "array":  # as pages of the live system expect it
                continue
            assert body["properties"]["warnings"]["items"] == {
                "$ref": "#/components/schemas/InvalidField"
            }
            assert "warnings" not in body.get("required", ())


def test_description_of_the_api_names_codes_that_exist() -> None:
    codes = re.findall(r"`(\w+_\w+)`", description()["info"]["description"])
    assert set(codes) == {EndpointNotFound.code, MethodNotAllowed.code}


def test_descriptions_of_fields_are_docstrings() -> None:
    # A description in Field() would be built at each start of a function.
    wires = [path for path in (PAGES.parent / "lib").rglob("wire.py") if path.parent.name != "web"]
    assert wires
    in_code = [
        path
        for path in wires
        if "description=" in path.read_text(encoding="utf-8") and path.parent != FOLDER_OF_FLAGS
    ]
    assert in_code == []


def test_destructive_operations_exist_and_are_marked() -> None:
    listed_operations = read_json(API_DOCS / "shared.json")["destructive"]
    marked_operations = [str(each) for each in OPERATIONS if each.description.get("x-destructive")]
    assert sorted(marked_operations) == sorted(listed_operations)
    assert {"POST /api/admin-delete-student", "POST /api/admin-delete-sessions"} <= set(
        marked_operations
    )
    assert {"GET /api/cleanup-sessions", "GET /api/nightly"} <= set(marked_operations), (
        "/api/nightly runs every job, the cleanup of sessions too"
    )


def test_committed_description_is_up_to_date() -> None:
    committed = openapi_file.FILE.read_text(encoding="utf-8")
    assert committed == openapi_file.content(), "run: make openapi"


def test_every_reference_leads_somewhere() -> None:
    openapi = description()
    for reference in references(openapi):
        assert reference.startswith("#/")
        target: Any = openapi
        for key in reference[2:].split("/"):
            target = target[key]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own_reference = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own_reference + [
            reference for value in part.values() for reference in references(value)
        ]
    values = part if isinstance(part, list) else []
    return [reference for value in values for reference in references(value)]
