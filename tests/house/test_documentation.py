"""The API's description is enough to call every endpoint and to understand its responses."""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from lib.routes import ENDPOINTS, Access, modules
from lib.web.functions import function_app
from lib.web.openapi import API_DOCS, description
from tests.support.api_operations import Operation, operations

PAGES = API_DOCS.parent
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
            ' and of the response ("answer"); lib/web/openapi.py says how.'
        )
    operation_examples: dict[str, Any] = examples[str(operation)]
    return operation_examples


def test_every_endpoint_is_described_and_no_other() -> None:
    served = {f"{method} {row.path}" for row in ENDPOINTS for method in row.methods}
    described = {str(operation) for operation in OPERATIONS}
    assert served - described == set(), "the handler lacks a route that lib/routes.py lists"
    assert described - served == set(), "the handler has a route that lib/routes.py does not list"


def test_every_example_is_in_the_file_of_its_function() -> None:
    documented = {
        (".".join(file.relative_to(API_DOCS).with_suffix("").parts), name)
        for file in API_DOCS.rglob("*.json")
        if file.stem != "shared"
        for name in read_json(file)
    }
    served = {(row.module, f"{method} {row.path}") for row in ENDPOINTS for method in row.methods}
    assert documented - served == set(), (
        "docs/api/ has these in a file whose function does not serve them: move or delete them"
    )
    assert served - documented == set(), (
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
    assert examples.keys() <= {"summary", "parameters", "request", "answer", "other_answers"}


@every_operation
def test_operation_says_what_it_does(operation: Operation) -> None:
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
        parsed = validated(body, operation.request, f'the "request" of {place_of(operation)}')
        dumped = body.dump_python(parsed, mode="json", by_alias=True, exclude_unset=True)
        # The operator's password is checked before the body is parsed.
        unknown = operation.request.keys() - dumped.keys() - {"adminPassword"}
        assert unknown == set(), (
            f"the body has no such fields: remove them from {place_of(operation)}"
        )


@every_operation
def test_response_examples_have_exactly_the_fields_of_the_model(operation: Operation) -> None:
    body: TypeAdapter[Any] = TypeAdapter(cast("Any", ROUTES[str(operation)].response_model))
    assert operation.responses, f'write the "answer" of {place_of(operation)}'
    for title, example in operation.responses.items():
        parsed = validated(body, example, f'the answer "{title}" of {place_of(operation)}')
        dumped = body.dump_python(parsed, mode="json", by_alias=True)
        assert differences(example, dumped) == [], (
            f'correct the answer "{title}" of {place_of(operation)}, or the model'
        )


@every_operation
def test_security_is_that_of_the_table(operation: Operation) -> None:
    access = operation.row.access
    schemes = [name for requirement in operation.description["security"] for name in requirement]
    assert schemes == ([access] if access in {Access.OPERATOR, Access.CRON} else [])
    assert operation.description["x-access"] == access
    assert set(schemes) <= description()["components"]["securitySchemes"].keys()


@every_operation
def test_operators_body_takes_the_password(operation: Operation) -> None:
    if operation.has_body:
        by_operators = operation.row.access is Access.OPERATOR
        assert ("adminPassword" in operation.body_fields) == by_operators


@every_operation
def test_every_operation_describes_the_error_envelope(operation: Operation) -> None:
    assert operation.description["responses"].keys() == {"200", "default"}
    assert operation.description["responses"]["default"] == {"$ref": "#/components/responses/Error"}


def test_every_group_is_introduced_and_none_is_empty() -> None:
    introduced = [tag["name"] for tag in description()["tags"] if tag["description"]]
    assert set(introduced) == {
        tag for operation in OPERATIONS for tag in operation.description["tags"]
    }


@pytest.mark.parametrize("path", sorted({row.path for row in ENDPOINTS}))
def test_every_endpoint_is_in_a_page_of_docs(path: str) -> None:
    pages = [page.read_text(encoding="utf-8") for page in PAGES.glob("*.md")]
    name = re.compile(rf"(?<![\w/-]){re.escape(path.removeprefix('/api/'))}(?![\w/-])")
    prefixed = re.compile(rf"{re.escape(path)}(?![\w/-])")
    assert any(name.search(page) or prefixed.search(page) for page in pages), (
        f"say in docs/workshop.md, assessment.md or migration.md what {path} is for"
    )


def validated(model: TypeAdapter[Any], example: Any, place: str) -> Any:
    """Validate an example with the model, or fail with the place to correct."""
    try:
        return model.validate_json(json.dumps(example))
    except ValidationError as exc:
        pytest.fail(f"Correct {place}: {exc}")


def differences(example: Any, dumped: Any, place: str = "answer") -> list[str]:
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


def test_every_reference_leads_somewhere() -> None:
    described = description()
    for reference in references(described):
        assert reference.startswith("#/")
        target: Any = described
        for key in reference[2:].split("/"):
            target = target[key]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [reference for value in part.values() for reference in references(value)]
    values = part if isinstance(part, list) else []
    return [reference for value in values for reference in references(value)]
