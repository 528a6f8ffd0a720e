"""Structured logs: one JSON object a line, and never an e-mail, token, key or password in it.

A process may install another writer, as the local server's worker does for a person at a console.
Every writer gets fields that are already masked.
"""

import hashlib
import json
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[1]
OWN_CODE = ("api", "lib")
MAX_NAME_LENGTH = 100
MASKED_LENGTH = 300
"""Number of characters of a name that are searched for secrets; the time grows with its square."""
NO_DETAILS: Mapping[str, object] = MappingProxyType({})
Writer = Callable[[str, Mapping[str, Any], Mapping[str, object]], None]
"""Takes an event, its masked fields, and its details, which are not masked."""

_HIDDEN_FIELDS = re.compile(r"password|secret|token|api_?key|authorization|cookie", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@\"'<>,;:()=/\\]+@[^\s@\"'<>,;:()=/\\]+")
_SESSION_TOKEN = re.compile(r"\bws_\d+_\w+")
_SECRET = re.compile(r"\bsk-[\w-]{8,}|\b[0-9a-fA-F]{64}\b|(?<=Bearer )\S+")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+:[^/\s@]+(?=@)")


def write_json(event: str, fields: Mapping[str, Any], _details: Mapping[str, object]) -> None:
    """Write one line to standard error, which both platforms collect; leave the details out.

    JSON escaping keeps a line break in a value from forging a second line.
    """
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"time": time, "event": event, **fields}
    sys.stderr.write(json.dumps(line, default=str) + "\n")


_writer: Writer = write_json


def install_writer(writer: Writer) -> None:
    """Write every event of this process with `writer` from now on."""
    global _writer  # noqa: PLW0603 one per process is the point
    _writer = writer


def log(event: str, *, details: Mapping[str, object] = NO_DETAILS, **fields: object) -> None:
    """Log an event.

    Args:
        event: Name of the event, in snake case.
        details: Facts for a developer at a console, such as an exception. JSON lines leave them
            out, so they never reach a deployment's log.
        fields: Facts for every writer; secrets are masked, recognized by name or by format.
    """
    _writer(event, {name: _masked(name, value) for name, value in fields.items()}, details)


def place(error: BaseException) -> str:
    """Return the last line of `api/` or `lib/` that an error passed, such as `lib/vault.py:31`.

    Falls back to the file name and line where the error was raised. The result holds no values.
    """
    places: list[tuple[Path, int | None]] = [
        (Path(frame.f_code.co_filename), line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename is not None:
        places.append((Path(error.filename), error.lineno))
    for path, line in reversed(places):
        if any(path.is_relative_to(ROOT / folder) for folder in OWN_CODE):
            return f"{path.relative_to(ROOT).as_posix()}:{line}"
    return f"{places[-1][0].name}:{places[-1][1]}" if places else "unknown"


def fingerprint(value: str) -> str:
    """Return 12 hexadecimal digits of the SHA-256, which identify a value without revealing it."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def mask(text: str) -> str:
    """Replace e-mails, session tokens, keys and URL passwords in free text."""
    text = _URL_CREDENTIALS.sub("(hidden)", text)
    text = _SECRET.sub("(hidden)", text)
    text = _SESSION_TOKEN.sub(lambda match: f"session:{fingerprint(match[0])}", text)
    return _EMAIL.sub(lambda match: f"email:{fingerprint(match[0].lower())}", text)


def shown_name(name: str) -> str:
    """Return a field name from a request as logs and responses may show it: short and masked."""
    name = name[:MASKED_LENGTH]
    printable = "".join(char if char.isprintable() else "?" for char in name)
    return mask(printable)[:MAX_NAME_LENGTH]


def _masked(name: str, value: Any) -> Any:
    if _HIDDEN_FIELDS.search(name):
        return "(hidden)"
    if isinstance(value, dict):
        return {str(key): _masked(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", part) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))
