"""Readable text of log events, for the console of `make dev`.

A request is one line, such as `POST /api/test/start 200 32 ms`; an unforeseen error is
followed by its traceback. Secrets are masked as in the JSON lines of a deployment.
"""

import importlib
import json
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.logs import mask

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = "site-packages"
IMPORTING = ("<frozen importlib", importlib.__file__)
CREDENTIAL = re.compile(r"(?=[^/]*[0-9A-Z])[^/]{32,}")
"""Segment of a path that may be the id of a session, a ticket or a login token."""
INDENT = "    "


def write(event: str, fields: Mapping[str, Any], details: Mapping[str, object]) -> None:
    """Write an event to standard error; for `lib.logs.install_writer`."""
    sys.stderr.write(f"{_text(event, fields, details)}\n")


def _text(event: str, fields: Mapping[str, Any], details: Mapping[str, object]) -> str:
    if event == "request":
        return _request(fields, str(details["path"]))
    error = details.get("error")
    if event == "unforeseen" and isinstance(error, BaseException):
        return _one_line(
            f"Unforeseen {fields['kind']} at {fields['at']}, request {fields['request']}:"
        ) + _indented(mask(format_traceback(error)))
    facts = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in fields.items()
        if value is not None
    )
    name = event.replace("_", " ").capitalize()
    return _one_line(f"{name}: {facts}" if facts else name)


def _request(fields: Mapping[str, Any], path: str) -> str:
    """Describe a request by the template of its route, which has no ids, or by a masked path."""
    target = fields["route"] or CREDENTIAL.sub("(hidden)", mask(path))
    duration = f"{fields['milliseconds']:.0f} ms"
    return _one_line(f"{fields['method']} {target} {fields['status']} {duration}")


def format_traceback(error: BaseException) -> str:
    """Return a traceback with the project's frames and all frames after the last of them.

    These later frames belong to the package that raised the error. Frames of the import system are
    left out.
    """
    formatted = traceback.TracebackException.from_exception(error)
    _remove_package_frames(formatted)
    return "".join(formatted.format())


def _remove_package_frames(error: traceback.TracebackException) -> None:
    is_own = [_is_own(frame) for frame in error.stack]
    last_own = max((i for i, own in enumerate(is_own) if own), default=-1)
    error.stack[:] = [
        frame
        for i, frame in enumerate(error.stack)
        if is_own[i] or (i > last_own and not frame.filename.startswith(IMPORTING))
    ]
    for other in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if other is not None:
            _remove_package_frames(other)


def _is_own(frame: traceback.FrameSummary) -> bool:
    path = Path(frame.filename)
    return path.is_relative_to(ROOT) and PACKAGES not in path.parts


def _indented(text: str) -> str:
    """Indent each line, so that a line of a message cannot pass for a line of the log."""
    return "".join(f"\n{INDENT}{_one_line(line)}" for line in text.rstrip("\n").split("\n"))


def _one_line(text: str) -> str:
    """Escape line breaks and other control characters."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
