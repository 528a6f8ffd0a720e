"""Structured logs: one JSON object a line, and never an e-mail, token, key or password in it."""

import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from typing import Any

_HIDDEN_FIELDS = re.compile(r"password|secret|token|api_?key|authorization|cookie", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@\"'<>,;:()=/\\]+@[^\s@\"'<>,;:()=/\\]+")
_SESSION_TOKEN = re.compile(r"\bws_\d+_\w+")
_SECRET = re.compile(r"\bsk-[\w-]{8,}|\b[0-9a-fA-F]{64}\b|(?<=Bearer )\S+")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+:[^/\s@]+(?=@)")


def log(event: str, **fields: object) -> None:
    """Write one line to standard error, which both platforms collect.

    Values are masked by their field's name and by what they look like; JSON escaping keeps a
    line break in a value from forging a second line.
    """
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": event,
        **{name: _masked(name, value) for name, value in fields.items()},
    }
    sys.stderr.write(json.dumps(line, default=str) + "\n")


def fingerprint(value: str) -> str:
    """First 12 hexadecimal digits of the SHA-256: tells two values apart, gives neither away."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def mask(text: str) -> str:
    """Replace e-mails, session tokens, keys and URL passwords in free text."""
    text = _URL_CREDENTIALS.sub("(hidden)", text)
    text = _SECRET.sub("(hidden)", text)
    text = _SESSION_TOKEN.sub(lambda found: f"session:{fingerprint(found[0])}", text)
    return _EMAIL.sub(lambda found: f"email:{fingerprint(found[0].lower())}", text)


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
