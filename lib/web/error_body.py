"""The error envelope: the one shape of every error."""

from collections.abc import Sequence
from typing import Any

from lib.framework import JSONResponse


def envelope(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    details: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
    with_detail: bool = False,
) -> JSONResponse:
    """Create the response for an error.

    Args:
        status: HTTP status, 400 or more.
        code: Name of the error for programs, in snake case.
        message: Explanation for people.
        request_id: Id by which the request can be found in the log.
        details: `field` and `problem` of each invalid field.
        headers: Further headers of the response.
        with_detail: Whether to repeat the message as `detail`, which pages of the live system show.
    """
    body: dict[str, Any] = {
        "success": False,
        "error": message,
        "code": code,
        "requestId": request_id,
    }
    if with_detail:
        body["detail"] = message
    if details:
        body["details"] = list(details)
    return JSONResponse(body, status, headers)
