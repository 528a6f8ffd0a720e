"""An app for `make dev` that gives the reason in every response while the code cannot be imported.

This module imports nothing from `lib`, because the error may be there.
"""

import json
import sys
import traceback
import uuid
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROOT = Path(__file__).resolve().parents[1]
CODE = "code_not_importable"


def error_app(error: BaseException) -> ASGIApp:
    """Print the traceback of an import error and return an app that returns 503 with the error."""
    reason = _reason(error)
    traceback.print_exception(error)
    print(
        f"The code cannot be imported: {reason}. Every request gets a 503 until you repair it.",
        file=sys.stderr,
        flush=True,
    )

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for message in _response(reason):
                await send(message)

    return app


def _response(reason: str) -> tuple[Message, Message]:
    """Build the standard error envelope without `lib/web/error_body.py`."""
    request_id = uuid.uuid4().hex
    envelope = {
        "success": False,
        "error": f"The code cannot be imported: {reason}. Repair it and try again.",
        "code": CODE,
        "requestId": request_id,
    }
    body = json.dumps(envelope).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-request-id": request_id,
    }
    start = {
        "type": "http.response.start",
        "status": 503,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return start, {"type": "http.response.body", "body": body}


def _reason(error: BaseException) -> str:
    """Return the error and its line, such as `SyntaxError in lib/vault.py:3: …`."""
    name = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{name} in {_short(error.filename)}:{error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [frame for frame in frames if _short(frame.filename) != frame.filename]
    frame = (own_frames or frames)[-1]
    return f"{name} in {_short(frame.filename)}:{frame.lineno}: {error}"


def _short(filename: str) -> str:
    path = Path(filename)
    inside = path.is_relative_to(ROOT) and "site-packages" not in path.parts
    return path.relative_to(ROOT).as_posix() if inside else filename
