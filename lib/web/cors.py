"""Cross-origin requests; a refused preflight uses the standard error envelope."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lib.web.error_body import envelope

KEPT = ("access-control-", "vary")
"""Prefixes of the headers that a refusal keeps, because they tell what is allowed."""


class Cors(CORSMiddleware):
    """Starlette's CORS rules with our error envelope; must run inside `RequestFrame`."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser's preflight request."""
        answer = super().preflight_response(request_headers)
        return answer if answer.status_code < 400 else _Refusal(answer)  # noqa: PLR2004 HTTP


class _Refusal(Response):
    def __init__(self, answer: Response) -> None:
        super().__init__(status_code=answer.status_code)
        self._reasons = bytes(answer.body).decode().removeprefix("Disallowed CORS ")
        self._kept = {k: v for k, v in answer.headers.items() if k.startswith(KEPT)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the refusal with the id of the request."""
        refused = envelope(
            self.status_code,
            "cors_refused",
            f"Pages of other origins may not call like this; not allowed: {self._reasons}.",
            scope["state"]["request_id"],
            headers=self._kept,
        )
        await refused(scope, receive, send)
