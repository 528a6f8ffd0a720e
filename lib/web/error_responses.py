"""Responses to our errors, to HTTP's errors, and to invalid input."""

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException

from lib.access.endpoint import Endpoint
from lib.errors import AppError, EndpointNotFound, FieldMissing, InvalidInput, MethodNotAllowed
from lib.framework import FastAPI, Request, RequestValidationError, Response
from lib.logs import shown_name
from lib.web.error_body import envelope

MAX_DETAILS = 20
_WORDS = {
    "dict_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "string_pattern_mismatch": "Input has a character or a form that is not allowed here",
    "uuid_parsing": "Input should be a UUID",
    "uuid_type": "Input should be a UUID",
    "extra_forbidden": "Unknown field.",
}
"""Messages for those types of Pydantic errors whose own texts address programmers."""


def add_error_handlers(app: FastAPI) -> None:
    """Respond to every error of an app with the standard error envelope."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 narrows what Starlette's signature widens
    return _response(error, request)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 as above
    match error.status_code:
        case 404:
            return _response(EndpointNotFound(), request)
        case 405:
            return _response(MethodNotAllowed(allowed=_allowed_methods(request)), request)
    return envelope(
        error.status_code,
        "http_error",
        str(error.detail),
        request.state.request_id,
        headers=dict(error.headers or {}),
        with_detail=_reads_detail(request),
    )


def _response(error: AppError, request: Request) -> Response:
    message = str(error)
    problems = error.problems or [
        (field, message.removeprefix(f"{field}: ")) for field in error.fields
    ]
    details = [{"field": field, "problem": problem} for field, problem in problems[:MAX_DETAILS]]
    if isinstance(error, FieldMissing):
        details += _misspelt(request)
    return envelope(
        error.status,
        error.code,
        message,
        request.state.request_id,
        details=details,
        headers=error.headers,
        with_detail=_reads_detail(request),
    )


def _allowed_methods(request: Request) -> str:
    """Return every method of the path, which may belong to several routes."""
    path = getattr(request.scope.get("route"), "path_format", None)
    rows = request.app.state.rows
    return ", ".join(method for row in rows if row.path == path for method in row.methods)


async def _validation_error(request: Request, error: Exception) -> Response:
    """Name each invalid field and its fault, without repeating the input."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 as above
    unknown = {field.name: field.problem for field in request.state.unknown_fields.in_body}
    details = [
        {"field": (field := _field(problem)), "problem": unknown.get(field) or _in_words(problem)}
        for problem in error.errors()[:MAX_DETAILS]
    ] + _misspelt(request)
    first_detail = details[0]
    return envelope(
        InvalidInput.status,
        InvalidInput.code,
        f"{first_detail['field']}: {first_detail['problem']}",
        request.state.request_id,
        details=details,
        with_detail=_reads_detail(request),
    )


def _reads_detail(request: Request) -> bool:
    """Return whether a page of the live system may have made the call."""
    endpoint: Endpoint | None = getattr(request.state, "endpoint", None)
    return endpoint is not None and endpoint.of_live_system


def _misspelt(request: Request) -> list[dict[str, str]]:
    """Name the ignored fields that may be misspellings of a missing one."""
    return [
        {"field": field.name, "problem": field.problem}
        for field in request.state.unknown_fields.misspelt
    ]


def _in_words(problem: dict[str, Any]) -> str:
    """Describe a fault without the jargon of Pydantic and regular expressions."""
    words = _WORDS.get(problem["type"])
    return words or str(problem["msg"]).removeprefix("Value error, ")


def _field(problem: dict[str, Any]) -> str:
    """Return the field's path: `("body", "questions", 3, "options")` → `questions[3].options`.

    A validator of a whole body names the field itself, as `field` in the context of its error.
    """
    if "field" in (context := problem.get("ctx", {})):
        return str(context["field"])
    location: Sequence[str | int] = problem["loc"]
    parts = location[1:] or location
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return shown_name(text.lstrip("."))
