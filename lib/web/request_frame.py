"""The frame around each request: its id, security headers, a log line, and the bare 500."""

import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.logs import log, place
from lib.web.error_body import envelope
from lib.web.headers import API_HEADERS
from lib.web.path_ids import without_trailing_slash
from lib.web.platform_request import platform_request_id

_HEADERS = tuple((name.lower().encode(), value.encode()) for name, value in API_HEADERS.items())


class RequestFrame:
    """Adds a request id, security headers and a log line; turns unforeseen errors into a bare 500.

    HEAD is handled like GET, but its response has no body, as HTTP requires.
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
        ids = {"request": request_id}
        if (platform_id := platform_request_id(scope)) is not None:
            ids["platform_request"] = platform_id
        status = 0
        head_only = scope["method"] == "HEAD"
        inner = without_trailing_slash({**scope, "method": "GET"} if head_only else scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if head_only and message["type"] == "http.response.body":
                message["body"] = b""
            if message["type"] == "http.response.start":
                status = message["status"]
                app_headers = message["headers"]
                names = {name for name, _ in app_headers}
                message["headers"] = [
                    *app_headers,
                    (b"x-request-id", request_id.encode()),
                    *(header for header in _HEADERS if header[0] not in names),
                ]
            await send(message)

        try:
            await self._app(inner, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 the last resort
            log(
                "unforeseen",
                details={"error": error},
                **ids,
                kind=type(error).__name__,
                at=place(error),
            )
            if status == 0:
                response = envelope(
                    500, "internal", "Something went wrong on our side.", request_id
                )
                await response(inner, receive, send_with_headers)
        log(
            "request",
            details={"path": scope["path"]},
            **ids,
            method=scope["method"],
            route=getattr(inner.get("route"), "path_format", None),
            status=status,
            milliseconds=round(1000 * (time.perf_counter() - started), 1),
        )
