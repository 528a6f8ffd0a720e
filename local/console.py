"""Log events as people read them, on the console of `make dev`.

A request is one line, `POST /api/test/start 200 32 ms`; an unforeseen error is shown with its
traceback. Both are masked like the JSON lines of a deployment.
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
"""A segment of a path that may be a session's id, a ticket or a login token."""
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
        ) + _indented(mask(trace(error)))
    known = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in fields.items()
        if value is not None
    )
    name = event.replace("_", " ").capitalize()
    return _one_line(f"{name}: {known}" if known else name)


def _request(fields: Mapping[str, Any], path: str) -> str:
    """Describe a request by its route's template, which holds no ids; mask a path without one."""
    where = fields["route"] or CREDENTIAL.sub("(hidden)", mask(path))
    took = f"{fields['milliseconds']:.0f} ms"
    return _one_line(f"{fields['method']} {where} {fields['status']} {took}")


def trace(error: BaseException) -> str:
    """Return a traceback without the packages' frames that lie between ours, or import ours.

    What a package does after our last frame stays: there it raised the error.
    """
    told = traceback.TracebackException.from_exception(error)
    _leave_out_packages(told)
    return "".join(told.format())


def _leave_out_packages(told: traceback.TracebackException) -> None:
    ours = [_is_ours(frame) for frame in told.stack]
    last = max((i for i, own in enumerate(ours) if own), default=-1)
    told.stack[:] = [
        frame
        for i, frame in enumerate(told.stack)
        if ours[i] or (i > last and not frame.filename.startswith(IMPORTING))
    ]
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None:
            _leave_out_packages(other)


def _is_ours(frame: traceback.FrameSummary) -> bool:
    path = Path(frame.filename)
    return path.is_relative_to(ROOT) and PACKAGES not in path.parts


def _indented(text: str) -> str:
    """Indent each line, so that no line of a message passes for one of the log."""
    return "".join(f"\n{INDENT}{_one_line(line)}" for line in text.rstrip("\n").split("\n"))


def _one_line(text: str) -> str:
    """Escape line breaks and whatever else a terminal would obey."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
