"""The report of an upgrade, or the reason for its failure, read from the output of migrate.py."""

import re

REPORT = "- "
TRACEBACK = "Traceback (most recent call last):"
KIND = re.compile(r"(?:[\w.]+\.)?[A-Z]\w*: (?:\([\w.]+\) )?")
"""Name of an exception before its message; SQLAlchemy adds the name of the driver's exception."""
DETAILS = ("CONTEXT:", "[SQL:", "(Background on this error", "LINE ")
"""Beginnings of lines, after the reason, that are about our own scripts."""
REASON_CHARACTERS = 1_500
ADVICE = (
    "The upgrade changed nothing. Repair the database (`make psql` opens it), then run "
    "`make migrate`; or go back to a backup with `make restore`."
)


def report_lines(output: str) -> list[str]:
    """Return the lines about what a successful upgrade moved, repaired or left unchanged."""
    return [line for line in output.splitlines() if line.startswith(REPORT)]


def explain(output: str) -> str:
    """Return the reason and what to do, from the output of a failed migrate.py."""
    reason = "\n".join(f"  {line}" for line in _reason(output).splitlines())
    return f"The schema could not be brought up to date:\n{reason}\n{ADVICE}"


def _reason(output: str) -> str:
    """Return the message of the last traceback, or the end of an output without such a message."""
    before, traceback, after = output.rpartition(TRACEBACK)
    if not traceback:
        return after.strip()[-REASON_CHARACTERS:] or "migrate.py ended without a message."
    lines = after.splitlines()[1:]
    start = next((i for i, line in enumerate(lines) if line[:1].strip()), None)
    if start is None:
        return before.strip()[-REASON_CHARACTERS:]
    message = lines[start:]
    end = next((i for i, line in enumerate(message) if i and line.startswith(DETAILS)), None)
    text = "\n".join(message[:end]).strip()
    kind = KIND.match(text)
    return text[kind.end() if kind else 0 :][:REASON_CHARACTERS]
