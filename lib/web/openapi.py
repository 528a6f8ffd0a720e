"""The OpenAPI description of all functions together; served by the local server only.

`docs/api/<context>/<function>.json` adds what the code cannot say, for each operation
("GET /health"): a `summary`, and an example of each of the `parameters`, of the `request` body and
of the response as `answer`, with `other_answers` by title if there are several shapes.
`docs/api/shared.json` contains what all operations share.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from lib.deps import current_deps
from lib.routes import ENDPOINTS, Access, Endpoint
from lib.web.functions import all_apps
from lib.web.headers import API_HEADERS

API_DOCS = Path(__file__).resolve().parents[2] / "docs" / "api"
FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")  # our errors have another shape
PASSWORD = {"type": "string", "description": "ADMIN_PASSWORD, if no bearer token is sent."}


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of every endpoint."""
    shared = _documented("shared")
    described = get_openapi(
        title="Stepwise",
        version=current_deps().settings.version,
        summary="Workshops, adaptive tests and study decisions.",
        routes=[route for app in all_apps() for route in app.routes],
        tags=shared["tags"],
    )
    schemas = described["components"]["schemas"]
    for row in ENDPOINTS:
        documented = _documented(row.module)
        for method in row.methods:
            operation = described["paths"][row.path][method.lower()]
            _describe_access(operation, row, schemas)
            _add_examples(operation, documented.get(f"{method} {row.path}", {}))
    for name in FRAMEWORK_ERRORS:
        schemas.pop(name, None)
    for kind, parts in shared["components"].items():
        described["components"].setdefault(kind, {}).update(parts)
    return described


async def serve_openapi(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the description."""
    await JSONResponse(description(), headers=API_HEADERS)(scope, receive, send)


def _documented(name: str) -> dict[str, Any]:
    file = API_DOCS / f"{name.replace('.', '/')}.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return content


def _describe_access(operation: dict[str, Any], row: Endpoint, schemas: dict[str, Any]) -> None:
    closed = row.access in {Access.OPERATOR, Access.CRON}
    operation["security"] = [{row.access.value: []}] if closed else []
    operation["x-access"] = row.access.value
    if row.access is Access.OPERATOR and "requestBody" in operation:
        schemas[_model(operation)]["properties"]["adminPassword"] = PASSWORD


def _add_examples(operation: dict[str, Any], documented: dict[str, Any]) -> None:
    operation["summary"] = documented.get("summary", operation["summary"])
    for parameter in operation.get("parameters", []):
        if parameter["name"] in documented.get("parameters", {}):
            parameter["example"] = documented["parameters"][parameter["name"]]
    if "request" in documented:
        operation["requestBody"]["content"]["application/json"]["example"] = documented["request"]
    if "answer" in documented:
        bodies = {"Answer": documented["answer"], **documented.get("other_answers", {})}
        examples = {title: {"value": body} for title, body in bodies.items()}
        operation["responses"]["200"]["content"]["application/json"]["examples"] = examples
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {"$ref": "#/components/responses/Error"}


def _model(operation: dict[str, Any]) -> str:
    """Return the name of the body's schema; the body may be optional."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    reference = next(part["$ref"] for part in (schema, *schema.get("anyOf", ())) if "$ref" in part)
    return str(reference.rpartition("/")[2])
