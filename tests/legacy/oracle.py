"""The expected result of a migration, computed row by row from the legacy tables in Python."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from tests.support.legacy_data import TABLES

TEXTS = (
    "use_case_description", "call_direction", "selected_phone_number", "tts_provider",
    "selected_voice", "system_prompt", "ivr_greeting", "websocket_url", "codespace_url",
    "github_repo_url", "railway_url", "ci_service_sid",
)  # fmt: skip
NO_PLACE_FOR_KEYS = {
    "call_direction", "selected_phone_number", "tts_provider", "selected_voice", "websocket_url",
    "codespace_url", "github_repo_url", "railway_url", "ci_service_sid",
}  # fmt: skip
API_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{16,}")
ACCOUNT = re.compile(r"\bAC[0-9a-f]{32}\b")
LONGEST_TOKEN = 2600  # bytes
NO_TOKENS = {"undefined", "null", "none", "nan", "n/a", "-"}
Row = dict[str, Any]


@dataclass
class Token:
    """All rows of one token: configurations, students' rows, then logins, each the newest first."""

    rows: list[Row] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def email(self) -> str | None:
        """Return the configuration's e-mail, else the newest student row's, else the login's."""
        emails = (_email(row, source) for row, source in zip(self.rows, self.sources, strict=True))
        return next(filter(None, emails), None)

    def first(self, column: str) -> Any:
        """Return the first value that is neither null nor empty, else an empty one, else None.

        In columns that are not for secrets, API keys and accounts are replaced.
        """
        values = [row[column] for row in self.rows if row.get(column) is not None]
        first = next((value for value in values if value != ""), values[0] if values else None)
        return redact(first) if column in NO_PLACE_FOR_KEYS and first is not None else first

    def key(self) -> str | None:
        """Return the first API key as stored, without the spaces around it."""
        keys = ((row.get("openai_api_key") or "").strip() for row in self.rows)
        return next(filter(None, keys), None)

    def raw(self) -> list[tuple[str, str, Any]]:
        """Return table, column and content of each raw value; `redact` has replaced secrets."""
        return [
            (source, column, json.loads(redact(json.dumps(value))))
            for row, source in zip(self.rows, self.sources, strict=True)
            for column, value in _raw_values(row, source)
        ]

    def moments(self) -> list[datetime]:
        """Return the plausible times of activity, in UTC without a time zone."""
        times = (_time(row.get("last_activity")) for row in self.rows)
        return [time for time in times if time is not None]

    def flag(self, column: str) -> bool:
        """Return whether the flag is true in any row."""
        return any(row.get(column) for row in self.rows)

    def passed_steps(self) -> set[int]:
        """Return the steps from 1 to 9 that the exercises of any row mark as completed."""
        return {
            step
            for row in self.rows
            for key, entry in _object(row.get("exercises")).items()
            if (step := _step(key)) is not None and _is_done(entry)
        }


def read_tokens(connection: psycopg.Connection[Any]) -> dict[str, Token]:
    """Return the rows by token.

    People who share a token get a token each; at most one of them keeps the shared one.
    """
    tokens: dict[str, Token] = defaultdict(Token)
    for table in ("student_configs", "workshop_students", "workshop_sessions"):
        for row in _read(connection, table):
            token = row.get("session_id" if table == "workshop_sessions" else "session_token")
            if token is not None and token.strip() and len(token.encode()) <= LONGEST_TOKEN:
                tokens[token].rows.append(row)
                tokens[token].sources.append(table)
    return {
        persons_token: persons_rows
        for token, shared in tokens.items()
        for persons_token, persons_rows in _by_person(token, shared).items()
    }


def _by_person(token: str, shared: Token) -> dict[str, Token]:
    """Return the rows of a token by the token of each person; a single person keeps the token."""
    emails = [_email(row, source) for row, source in zip(shared.rows, shared.sources, strict=True)]
    if len({*emails} - {None}) < 2:
        return {token: shared}
    keeper = None if token.strip().lower() in NO_TOKENS else shared.email()
    people: dict[str, Token] = defaultdict(Token)
    for row, source, email in zip(shared.rows, shared.sources, emails, strict=True):
        keeps_token = email is not None and email == keeper
        persons_token = token if keeps_token else _persons_token(token, email)
        people[persons_token].rows.append(row)
        people[persons_token].sources.append(source)
    return people


def _persons_token(token: str, email: str | None) -> str:
    """Return a person's token, which is too long for any endpoint, so that no page can send it."""
    person = hashlib.sha256(f"{token}\n{email or ''}".encode()).hexdigest()
    return f"shared_{hashlib.sha256(token.encode()).hexdigest()[:16]}_{person}_{'0' * 120}"


def read_emails(connection: psycopg.Connection[Any]) -> set[str]:
    """Return all e-mails, normalized."""
    emails = set()
    for table in TABLES:
        emails |= {_email(row, table) for row in _read(connection, table)}
    return {email for email in emails if email is not None}


def redact(text: str) -> str:
    """Return the text with each API key and each account replaced by its fingerprint."""
    text = API_KEY.sub(
        lambda key: f"[API key {hashlib.sha256(key[0].encode()).hexdigest()[:16]}]", text
    )
    return ACCOUNT.sub(
        lambda sid: f"[secret {hashlib.sha256(sid[0].encode()).hexdigest()[:16]}]", text
    )


def _email(row: Row, source: str) -> str | None:
    is_login = source == "workshop_sessions"
    text = (row.get("student_id" if is_login else "student_email") or "").strip().lower()
    token = row.get("session_id" if is_login else "session_token")
    placeholder = f"anonymous_{(token or '')[:16]}".lower()
    if text == placeholder or re.fullmatch(r"anonymous_[^@]{16}", text):
        return None
    return text if re.fullmatch(r"[^@\s]+@[^@\s]+", text) else None


def _raw_values(row: Row, source: str) -> Iterator[tuple[str, Any]]:
    """Yield column and content of each value that the unified schema cannot hold."""
    types = {"exercises": dict, "tools": list, "voice_settings": dict, "bug_reports": list}
    for column, expected_type in types.items():
        value = _unwrapped(row.get(column))
        if value is not None and not isinstance(value, expected_type):
            yield column, row[column]
    for column in ("started_at", "last_activity", "created_at", "updated_at"):
        if row.get(column) is not None and _time(row[column]) is None:
            yield column, row[column]
    if source == "workshop_sessions" and _email(row, source) is None:
        if (row.get("student_id") or "").strip() and not row["student_id"].startswith("anonymous_"):
            yield "student_id", row["student_id"].strip()
        if row.get("account_sid") is not None:
            yield "account_sid", row["account_sid"]


def _time(text: str | None) -> datetime | None:
    """Return the time if it is plausible."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if datetime(2000, 1, 1) <= time < datetime(2100, 1, 1) else None  # noqa: DTZ001 as stored


def _read(connection: psycopg.Connection[Any], table: str) -> list[Row]:
    """Return the rows of a table, the newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        # As text, because some timestamps are out of Python's range.
        cursor.adapters.register_loader("timestamp", TextLoader)
        rows = cursor.execute(f"SELECT *, ctid::text AS row_ctid FROM public.{table}".encode())
        return sorted(rows.fetchall(), key=_moment, reverse=True)


def _moment(row: Row) -> tuple[str, int]:
    """Return the row's last change and place, to sort by; rows without any time are the oldest."""

    def newest(*columns: str) -> str:
        return max(str(_time(row.get(column)) or "") for column in columns)

    page, line = row["row_ctid"].strip("()").split(",")
    moment = newest("last_activity", "updated_at") or newest("created_at", "started_at")
    return moment, int(page) * 1000 + int(line)


def _object(value: Any) -> Row:
    value = _unwrapped(value)
    return value if isinstance(value, dict) else {}


def _unwrapped(value: Any) -> Any:
    """Return the value inside any number of JSON strings, or the text itself if it is not JSON."""
    while isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return value


def _is_done(entry: Any) -> bool:
    """Return whether an entry, or its `completed`, is true, a number other than 0, or "done"."""
    value = entry.get("completed") if isinstance(entry, dict) else entry
    return value == "done" or (isinstance(value, int | float) and value != 0)


def _step(key: str) -> int | None:
    digits = key.lower().removeprefix("step").removeprefix("exercise").removeprefix("-")
    return max(int(digits), 1) if digits.isdigit() and int(digits) <= 9 else None
