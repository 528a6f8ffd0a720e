"""A route that reads, admits and parses requests as its row of `lib/routes.py` says."""

import json
import re
from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.datastructures import Headers

from lib import deadline
from lib.access.endpoint import BY_PASSWORD, Endpoint
from lib.access.guard import guard
from lib.access.write_limits import limits
from lib.deps import current_deps
from lib.errors import TooLarge, UnsupportedMediaType
from lib.framework import APIRoute, Request, Response
from lib.logs import log
from lib.web import form_body, strict_json
from lib.web.csv_body import text_of
from lib.web.unknown_fields import KnownNames, UnknownFields, models_in

_JSON = re.compile(r"\s*application/([\w.!#$&^-]+\+)?json\s*(;|$)", re.IGNORECASE)
"""Types of a JSON body (RFC 6839). Browsers send none of them to another site without a preflight
request."""
_FORM = re.compile(
    r"\s*(application/x-www-form-urlencoded|multipart/form-data)\s*(;|$)", re.IGNORECASE
)
"""Types of an HTML form. Pages of other sites can send them, but not read the response."""
_CSV = re.compile(r"\s*text/csv\s*(;|$)", re.IGNORECASE)
"""Type of a CSV file, which browsers do not send to another site without a preflight request
either."""


def strict_route(rows: Iterable[Endpoint]) -> type["StrictRoute"]:
    """Return a class of routes for the rows of one function."""
    table = {(row.route, method): row for row in rows for method in row.methods}
    return type("StrictRoute", (StrictRoute,), {"table": table})


class StrictRoute(APIRoute):
    """A route that reads the body up to its limit, checks access, and then parses strictly.

    A model that a handler returns was validated when it was created, so it is serialized in the
    handler's thread, without a second validation in another thread.

    Raises:
        LookupError: If no row of the function has this path and method, when the function is
            imported; so an endpoint for which no row says who may call it never starts.
    """

    table: ClassVar[dict[tuple[str, str], Endpoint]] = {}

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, _serializing(endpoint), **options)
        self._names: dict[Endpoint, KnownNames] = {}
        self._rows = {method: self._row(path, method) for method in self.methods or ()}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            row = self._rows[request.method]
            request.state.endpoint = row
            deadline.start(row.seconds)
            raw = await _read(request, row.body_limit)
            await guard(request, raw, current_deps())
            checked = CheckedRequest(request, raw, row)
            await checked.parse_form()
            body = await checked.json()
            limits.begin(request, body, current_deps())
            unknown = UnknownFields(self.known_names(row), body, request.query_params)
            request.state.unknown_fields = unknown
            _log(unknown, request)
            unknown.refuse_misspelt()
            return _with_warnings(await handle(checked), unknown)

        return strict

    def known_names(self, row: Endpoint) -> KnownNames:
        """Return the names of the fields and parameters that the handler of an endpoint takes."""
        if row not in self._names:
            dependants = [self.dependant]
            for dependant in dependants:
                dependants += dependant.dependencies
            bodies = (field.field_info.annotation for field in self.dependant.body_params)
            self._names[row] = KnownNames(
                body=next((model for body in bodies for model in models_in(body)), None),
                query=frozenset(
                    field.alias
                    for dependant in dependants
                    # Vercel appends the parameters of the path to the query.
                    for field in (*dependant.query_params, *dependant.path_params)
                ),
                takes_password=row.access in BY_PASSWORD,
            )
        return self._names[row]

    def _row(self, path: str, method: str) -> Endpoint:
        row = self.table.get((path, method))
        if row is None:
            raise LookupError(
                f"lib/routes.py has no row of this function for {method} {path}; add one"
            )
        return row


class CheckedRequest(Request):
    """A request whose body has been read and parsed.

    A CSV file is treated as a JSON object with its text as `csv`. Where a CSV file is accepted, the
    query parameters are further fields; in a JSON object, they add the fields that it lacks. A form
    is treated as a JSON object whose values are texts.

    Raises:
        UnsupportedMediaType: If there is a body of another type.
        NotJson, JsonRefused: See `strict_json.parse` and `csv_body.text_of`.
    """

    def __init__(self, request: Request, raw: bytes, row: Endpoint) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._parsed: Any = None
        self._is_form = False
        if raw:
            content_type = request.headers.get("content-type", "")
            if _JSON.match(content_type):
                self._parsed = strict_json.parse(raw)
                if row.takes_csv and isinstance(self._parsed, dict):
                    self._parsed = {**request.query_params, **self._parsed}
            elif row.takes_csv and _CSV.match(content_type):
                self._parsed = {**request.query_params, "csv": text_of(raw)}
                self.scope = {**request.scope, "headers": _as_json(request.headers.raw)}
            elif row.takes_form and _FORM.match(content_type):
                self._is_form = True
            else:
                raise UnsupportedMediaType(also=_also_taken(row))

    async def parse_form(self) -> None:
        """Parse the body if it is a form."""
        if self._is_form:
            headers = Headers(scope=self.scope)  # `self.headers` would keep the form's type
            self._parsed = await form_body.fields_of(self._raw, headers)
            self.scope = {**self.scope, "headers": _as_json(headers.raw)}

    async def body(self) -> bytes:
        """Return the body."""
        return self._raw

    async def json(self) -> Any:
        """Return the parsed body."""
        return self._parsed


def _also_taken(row: Endpoint) -> str:
    """Return the types of bodies that an endpoint takes besides JSON, for a message."""
    if row.takes_csv:
        return " or text/csv"
    return " or application/x-www-form-urlencoded" if row.takes_form else ""


def _as_json(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers with the content type of JSON, so that FastAPI takes the parsed body."""
    other_headers = [header for header in headers if header[0].lower() != b"content-type"]
    return [*other_headers, (b"content-type", b"application/json")]


async def _read(request: Request, limit: int) -> bytes:
    """Read the body.

    Raises:
        TooLarge: If it is longer than `limit` bytes.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and len(length) < 20 and int(length) > limit:  # noqa: PLR2004 64 bits
        raise TooLarge(limit=limit)
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise TooLarge(limit=limit)
    return bytes(raw)


def _log(unknown: UnknownFields, request: Request) -> None:
    """Log the names of the fields that are ignored, never their values."""
    if unknown.ignored:
        log(
            "unknown_fields",
            request=request.state.request_id,
            route=request.state.endpoint.path,
            names=[field.name for field in unknown.ignored],
        )


def _with_warnings(response: Response, unknown: UnknownFields) -> Response:
    """Add `warnings` to the JSON object of a response, one for each field that is ignored."""
    is_json = response.headers.get("content-type", "") == "application/json"
    if unknown.ignored and is_json and response.status_code < 400:  # noqa: PLR2004 errors have details
        content = json.loads(bytes(response.body))
        if not isinstance(content, dict):  # a bare list, as pages of the live system expect it
            return response
        content["warnings"] = [
            {"field": field.name, "problem": field.problem} for field in unknown.ignored
        ]
        response.body = json.dumps(content, ensure_ascii=False).encode()
        response.headers["Content-Length"] = str(len(response.body))
    return response


def _serializing(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that responds with the JSON of the model that `handler` returns.

    A coroutine function is returned as it is.
    """
    if iscoroutinefunction(handler):
        return handler

    @wraps(handler)
    def respond(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        if isinstance(result, BaseModel):
            status, headers = _status_and_headers(kwargs)
            return Response(
                result.model_dump_json(by_alias=True),
                status,
                headers,
                media_type="application/json",
            )
        return result

    return respond


def _status_and_headers(arguments: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """Return the status and headers that a handler gave to its parameter `response`, if any."""
    response = next((it for it in arguments.values() if isinstance(it, Response)), None)
    if response is None:
        return HTTPStatus.OK, {}
    headers = {name: it for name, it in response.headers.items() if name != "content-length"}
    return response.status_code or HTTPStatus.OK, headers
