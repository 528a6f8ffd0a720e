"""The one shape of every error."""

from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse


def envelope(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    details: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Make an error's answer.

    Args:
        status: Of HTTP, 400 or more.
        code: For programs; one word.
        message: For people.
        request_id: By which the log tells more.
        details: `field` and `problem` of each fault in what was sent.
        headers: That belong to the answer.
    """
    body: dict[str, Any] = {
        "success": False,
        "error": message,
        "code": code,
        "requestId": request_id,
    }
    if details:
        body["details"] = list(details)
    return JSONResponse(body, status, headers)
