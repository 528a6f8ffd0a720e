"""The OpenAPI description of all functions together; served by the local server only.

`docs/api/<context>/<function>.json` adds what the code cannot say, for each operation
("GET /health"): a `summary`, the `security` of a session's endpoints, and an example of each of the
`parameters`, of the `request` body and of the `response`, with `other_responses` by title
if there are several shapes. `docs/api/shared.json` contains what all operations share.

`make openapi` writes the description to docs/openapi.json, from which clients are generated.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from lib.access.endpoint import BY_PASSWORD, BY_TOKEN, CLOSED, Endpoint
from lib.framework import APIRoute, get_openapi
from lib.routes import ENDPOINTS
from lib.settings import Settings
from lib.web.declared_errors import errors_of
from lib.web.functions import all_apps
from lib.web.headers import API_HEADERS
from lib.web.openapi_errors import ErrorSchemas
from lib.web.openapi_fields import describe_fields, remove_titles

API_DOCS = Path(__file__).resolve().parents[2] / "docs" / "api"
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")  # our errors have another shape


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of every endpoint."""
    shared = _documentation_of("shared")
    routes = [route for app in all_apps() for route in app.routes if isinstance(route, APIRoute)]
    document = get_openapi(
        title="Stepwise",
        version=Settings.version,
        summary=shared["summary"],
        description=shared["description"],
        routes=routes,
        tags=shared["tags"],
    )
    schemas = document["components"]["schemas"]
    for name in FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    remove_titles(document)
    by_endpoint = {
        (route.path_format, method): route for route in routes for method in route.methods or ()
    }
    errors = ErrorSchemas(shared["error"])
    for row in ENDPOINTS:
        documented = _documentation_of(row.module)
        for method in row.methods:
            name = f"{method} {row.path}"
            operation = document["paths"][row.path][method.lower()]
            _simplify_body(operation)
            _simplify_parameters(operation)
            _describe_access(operation, row, schemas)
            _add_examples(operation, documented.get(name, {}))
            _add_warnings(operation, schemas, shared["warnings"])
            own_errors = errors_of(by_endpoint[row.path, method], row)
            _add_errors(operation, errors.add(operation["operationId"], own_errors))
            if name in shared["destructive"]:
                operation["x-destructive"] = True
    describe_fields(schemas, routes, shared["fields"])
    document["components"]["schemas"] = dict(sorted({**schemas, **errors.schemas}.items()))
    document["components"]["responses"] = dict(sorted(errors.responses.items()))
    document["components"]["securitySchemes"] = shared["securitySchemes"]
    return document


async def serve_openapi(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the description."""
    await JSONResponse(description(), headers=API_HEADERS)(scope, receive, send)


def _documentation_of(name: str) -> dict[str, Any]:
    file = API_DOCS / f"{name.replace('.', '/')}.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return content


def _simplify_body(operation: dict[str, Any]) -> None:
    """Describe an optional body by `required` alone, without null as an alternative."""
    if "requestBody" in operation:
        media = operation["requestBody"]["content"]["application/json"]
        choices = media["schema"].get("anyOf", [media["schema"]])
        (media["schema"],) = (choice for choice in choices if "$ref" in choice)


def _simplify_parameters(operation: dict[str, Any]) -> None:
    """Describe a parameter without null as an alternative, and one in a header without a format.

    HTTP has no null. Some clients convert an id to a UUID but not back, so that they could not send
    it in a header.
    """
    for parameter in operation.get("parameters", []):
        choices = parameter["schema"].get("anyOf", [parameter["schema"]])
        (schema,) = (choice for choice in choices if choice != {"type": "null"})
        unwanted = {"description", "format"} if parameter["in"] == "header" else {"description"}
        parameter["schema"] = {key: schema[key] for key in schema if key not in unwanted}


def _describe_access(operation: dict[str, Any], row: Endpoint, schemas: dict[str, Any]) -> None:
    """Describe who may call; an operator's or instructor's password may also be in the body."""
    operation["security"] = (
        [{"user" if row.access in BY_TOKEN else row.access.value: []}]
        if row.access in CLOSED | BY_TOKEN
        else []
    )
    operation["x-access"] = row.access.value
    if row.access in BY_PASSWORD and "requestBody" in operation:
        operation["security"].append({})
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        body = schemas[reference.rpartition("/")[2]]
        body.setdefault("properties", {})["adminPassword"] = {"type": "string"}


def _add_warnings(
    operation: dict[str, Any], schemas: dict[str, Any], warnings: dict[str, Any]
) -> None:
    """Describe `warnings`, which the JSON object of any successful response may have."""
    media = operation["responses"]["200"]["content"].get("application/json")
    if media is None:
        return
    for choice in media["schema"].get("anyOf", [media["schema"]]):
        body = schemas[choice["$ref"].rpartition("/")[2]]
        if "properties" in body:  # a bare list has none
            body["properties"]["warnings"] = warnings


def _add_errors(operation: dict[str, Any], names: dict[str, str]) -> None:
    """Add the error responses; a status may also have a body of the handler's own."""
    for status, name in names.items():
        if status in operation["responses"]:
            media = operation["responses"][status]["content"]["application/json"]
            error = {"$ref": f"#/components/schemas/{name}"}
            media["schema"] = {"anyOf": [media["schema"], error]}
        else:
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _add_examples(operation: dict[str, Any], documented: dict[str, Any]) -> None:
    operation["summary"] = documented.get("summary", operation["summary"])
    operation["security"] = documented.get("security", operation["security"])
    for parameter in operation.get("parameters", []):
        if parameter["name"] in documented.get("parameters", {}):
            parameter["example"] = documented["parameters"][parameter["name"]]
    if "request" in documented:
        operation["requestBody"]["content"]["application/json"]["example"] = documented["request"]
    if "response" in documented:
        bodies = {"Response": documented["response"], **documented.get("other_responses", {})}
        content = operation["responses"]["200"]["content"]
        media = content.get("application/json") or content["text/csv"]
        media["examples"] = {title: {"value": body} for title, body in bodies.items()}
    operation["responses"].pop("422", None)
    operation["responses"]["200"]["description"] = "Success."
