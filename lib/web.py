"""From a handler to a function that Vercel, Lambda and the local server can run.

`create_app` gives every function the same envelope: access by the table of routes, strict JSON,
body limits, security headers, a request id, one log line, and errors that say what was wrong and
nothing about our insides.
"""

import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib import deadline, opaque, strict_json
from lib.access.guard import guard
from lib.cors import Cors
from lib.deps import current_deps
from lib.envelope import envelope
from lib.errors import AppError, TooLarge, UnsupportedMediaType
from lib.headers import API_HEADERS
from lib.logs import log
from lib.routes import (
    ENDPOINTS,
    REQUEST_SECONDS,
    SCHEDULED_SECONDS,
    SMALL_BODY,
    Access,
    endpoints_of,
    find,
    template,
)

MAX_DETAILS = 20
_WORDS = {
    "model_attributes_type": "Input should be an object",
    "string_pattern_mismatch": "Input has a character or a form that is not taken here",
    "uuid_parsing": "Input should be a UUID",
    "uuid_type": "Input should be a UUID",
}
"""For kinds of Pydantic's errors whose own text speaks to programmers of this service."""
_HEADERS = tuple((name.lower().encode(), value.encode()) for name, value in API_HEADERS.items())
LambdaHandler = Callable[[dict[str, Any], Any], Any]


def create_app(name: str, *, tag: str | None = None) -> FastAPI:
    """Make the app of one function.

    Args:
        name: The module below `api/`, such as `assessment.submit`; its rows in `lib/routes.py`
            say who may call.
        tag: Heading in the API docs.
    """
    app = FastAPI(
        title=f"Stepwise: {name}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.router.route_class = StrictRoute
    opaque.register()
    app.router.tags = [tag] if tag else []
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    origins = current_deps().settings.allowed_origins
    if origins and _open_to_pages(name):
        app.add_middleware(
            Cors,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["Content-Type", "Idempotency-Key", "X-Session-Id", "X-Session-Token"],
            allow_credentials=False,
        )
    app.add_middleware(Envelope)
    return app


def lambda_entry(app: FastAPI, scheduled: Callable[[], Any] | None = None) -> LambdaHandler:
    """Make the entry point for AWS Lambda.

    Args:
        app: The function's app.
        scheduled: What an EventBridge schedule runs; such events are no HTTP.
    """
    http: LambdaHandler | None = None

    def lambda_handler(event: dict[str, Any], context: Any) -> Any:
        nonlocal http
        if event.get("source") == "aws.events":
            return _run_schedule(scheduled)
        if http is None:
            from mangum import Mangum

            http = Mangum(app, lifespan="off")
        return http(event, context)

    return lambda_handler


class StrictRoute(APIRoute):
    """A route that reads its body within bounds, checks who calls, and then parses it strictly.

    A model that a handler returns is the answer as it stands: it was validated when it was made,
    so it is written in the handler's thread, without a second validation in another one.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, _writing(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            _start_clock(request)
            raw = await _read(request)
            await guard(request, raw, current_deps())
            return await handle(CheckedRequest(request, raw))

        return strict


class Envelope:
    """Request id, security headers, one log line, a bare 500 for what nobody foresaw.

    HEAD is answered as GET without the body, as HTTP wants it of every resource.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0
        head_only = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head_only else scope

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if head_only and message["type"] == "http.response.body":
                message["body"] = b""
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                names = {name for name, _ in own}
                message["headers"] = [
                    *own,
                    (b"x-request-id", request_id.encode()),
                    *(header for header in _HEADERS if header[0] not in names),
                ]
            await send(message)

        try:
            await self._app(inner, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 the last resort
            log("unforeseen", request=request_id, kind=type(error).__name__, at=_place(error))
            if status == 0:
                answer = envelope(500, "internal", "Something went wrong on our side.", request_id)
                await answer(inner, receive, send_with_headers)
        log(
            "request",
            request=request_id,
            method=scope["method"],
            route=getattr(inner.get("route"), "path_format", None),
            status=status,
            milliseconds=round(1000 * (time.perf_counter() - started), 1),
        )


class CheckedRequest(Request):
    """A request whose body has been read.

    Raises:
        UnsupportedMediaType: If there is a body and it is not declared as JSON.
        BadRequest, InvalidInput: As `strict_json.parse`.
    """

    def __init__(self, request: Request, raw: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._parsed = None
        if raw:
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media != "application/json":
                raise UnsupportedMediaType
            self._parsed = strict_json.parse(raw)

    async def body(self) -> bytes:
        """The body as it came."""
        return self._raw

    async def json(self) -> Any:
        """The body parsed."""
        return self._parsed


def _start_clock(request: Request) -> None:
    endpoint = find(template(request.scope), request.method)
    deadline.begin(endpoint.seconds if endpoint else REQUEST_SECONDS)


async def _read(request: Request) -> bytes:
    """Return the body.

    Raises:
        TooLarge: If it is longer than the endpoint allows.
    """
    endpoint = find(template(request.scope), request.method)
    limit = endpoint.body_limit if endpoint else SMALL_BODY
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and len(declared) < 20 and int(declared) > limit:  # noqa: PLR2004 64 bits
        raise TooLarge(limit=limit)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise TooLarge(limit=limit)
    return bytes(raw)


def _writing(handler: Callable[..., Any]) -> Callable[..., Any]:
    if iscoroutinefunction(handler):
        return handler

    @wraps(handler)
    def write(*args: Any, **kwargs: Any) -> Any:
        made = handler(*args, **kwargs)
        if isinstance(made, BaseModel):
            return Response(made.model_dump_json(by_alias=True), media_type="application/json")
        return made

    return write


def _run_schedule(job: Callable[[], Any] | None) -> Any:
    if job is None:
        raise NotImplementedError("this function has no schedule")

    def run() -> Any:
        deadline.begin(SCHEDULED_SECONDS)
        return job()

    return copy_context().run(run)


def _open_to_pages(module: str) -> bool:
    closed = {Access.OPERATOR, Access.CRON}
    return not any(row.access in closed for row in endpoints_of(module))


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 narrows what Starlette's signature widens
    return envelope(
        error.status, error.code, str(error), request.state.request_id, headers=error.headers
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 as above
    headers = dict(error.headers or {})
    match error.status_code:
        case 404:
            code, message = "not_found", "There is no such endpoint."
        case 405:
            headers["Allow"] = _allowed_methods(request)
            code, message = "method_not_allowed", f"Use {headers['Allow']} here."
        case _:
            code, message = "http_error", str(error.detail)
    return envelope(error.status_code, code, message, request.state.request_id, headers=headers)


def _allowed_methods(request: Request) -> str:
    """Every method of the path, which may be spread over several routes."""
    path = getattr(request.scope.get("route"), "path_format", None)
    return ", ".join(method for row in ENDPOINTS if row.path == path for method in row.methods)


async def _validation_error(request: Request, error: Exception) -> Response:
    """Name each field and what is wrong with it; never repeat what was sent."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 as above
    details = [
        {"field": _field(problem), "problem": _in_words(problem)}
        for problem in error.errors()[:MAX_DETAILS]
    ]
    first = details[0]
    return envelope(
        422,
        "invalid_input",
        f"{first['field']}: {first['problem']}",
        request.state.request_id,
        details=details,
    )


def _in_words(problem: dict[str, Any]) -> str:
    """What is wrong, for someone who knows neither Pydantic nor regular expressions."""
    words = _WORDS.get(problem["type"])
    return words or str(problem["msg"]).removeprefix("Value error, ")


def _field(problem: dict[str, Any]) -> str:
    """`("body", "questions", 3, "options")` → `questions[3].options`.

    A check of a whole body names the field itself, as `field` in the context of its error.
    """
    if "field" in (context := problem.get("ctx", {})):
        return str(context["field"])
    location: Sequence[str | int] = problem["loc"]
    parts = location[1:] or location
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.lstrip(".")[:200]


def _place(error: BaseException) -> str:
    """Where it was raised, `file:line`, without values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
