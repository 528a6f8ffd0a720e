"""Cross-origin requests; a refused preflight uses the standard error envelope."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lib.web.error_body import envelope

CORS_HEADERS = ("access-control-", "vary")
"""Prefixes of the headers that say what is allowed; a refusal keeps them."""


class Cors(CORSMiddleware):
    """Starlette's CORS rules with our error envelope; must run inside `RequestFrame`."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Respond to a browser's preflight request."""
        response = super().preflight_response(request_headers)
        return response if response.status_code < 400 else _Refusal(response)  # noqa: PLR2004 HTTP


class _Refusal(Response):
    def __init__(self, response: Response) -> None:
        super().__init__(status_code=response.status_code)
        self._reasons = bytes(response.body).decode().removeprefix("Disallowed CORS ")
        self._cors_headers = {
            name: value for name, value in response.headers.items() if name.startswith(CORS_HEADERS)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the refusal with the id of the request."""
        response = envelope(
            self.status_code,
            "cors_refused",
            f"Pages of other origins may not send this request; not allowed: {self._reasons}.",
            scope["state"]["request_id"],
            headers=self._cors_headers,
        )
        await response(scope, receive, send)
