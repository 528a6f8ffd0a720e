"""Which pages of other origins may call; a refused preflight wears the envelope of every error."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lib.web.error_body import envelope

KEPT = ("access-control-", "vary")
"""Beginnings of the names of headers that a refusal keeps: what would be allowed."""


class Cors(CORSMiddleware):
    """As Starlette decides it, said as this service says it; stands inside `web.Envelope`."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks before it sends a call."""
        answer = super().preflight_response(request_headers)
        return answer if answer.status_code < 400 else _Refusal(answer)  # noqa: PLR2004 HTTP


class _Refusal(Response):
    def __init__(self, answer: Response) -> None:
        super().__init__(status_code=answer.status_code)
        self._reasons = bytes(answer.body).decode().removeprefix("Disallowed CORS ")
        self._kept = {k: v for k, v in answer.headers.items() if k.startswith(KEPT)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write it, with the id of the request at hand."""
        refused = envelope(
            self.status_code,
            "cors_refused",
            f"Pages of other origins may not call like this; not allowed: {self._reasons}.",
            scope["state"]["request_id"],
            headers=self._kept,
        )
        await refused(scope, receive, send)
