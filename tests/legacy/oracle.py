"""What a migration must not lose, worked out row by row in plain Python from the legacy tables."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from benchmarks.legacy_data import TABLES

TEXTS = (
    "use_case_description", "call_direction", "selected_phone_number", "tts_provider",
    "selected_voice", "system_prompt", "ivr_greeting", "websocket_url", "codespace_url",
    "github_repo_url", "railway_url", "ci_service_sid",
)  # fmt: skip
Row = dict[str, Any]


@dataclass
class Token:
    """All that the legacy tables say of one token: configurations, then the newest rows first."""

    rows: list[Row] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def email(self) -> str | None:
        """Of the configuration, else of the student's newest row, else of the login."""
        for row, source in zip(self.rows, self.sources, strict=True):
            column = "student_id" if source == "workshop_sessions" else "student_email"
            text = (row.get(column) or "").strip().lower()
            if text and (source != "workshop_sessions" or "@" in text):
                return text
        return None

    def first(self, column: str) -> Any:
        """The value that wins: the first that is not null or empty."""
        values = [row[column] for row in self.rows if row.get(column) is not None]
        return next((value for value in values if value != ""), values[0] if values else None)

    def flag(self, column: str) -> bool:
        """Once true, always true."""
        return any(row.get(column) for row in self.rows)

    def passed_steps(self) -> set[int]:
        """Steps from 1 to 9 that some row's exercises call completed."""
        return {
            step
            for row in self.rows
            for key, entry in _object(row.get("exercises")).items()
            if (step := _step(key)) is not None
            and (entry is True or (isinstance(entry, dict) and entry.get("completed") is True))
        }


def read_tokens(connection: psycopg.Connection[Any]) -> dict[str, Token]:
    """All tokens."""
    tokens: dict[str, Token] = defaultdict(Token)
    for table in ("student_configs", "workshop_students", "workshop_sessions"):
        for row in _read(connection, table):
            token = row.get("session_id" if table == "workshop_sessions" else "session_token")
            if token is not None and token.strip():
                tokens[token].rows.append(row)
                tokens[token].sources.append(table)
    return dict(tokens)


def read_emails(connection: psycopg.Connection[Any]) -> set[str]:
    """All e-mails, in one spelling."""
    found = set()
    for table in TABLES:
        for row in _read(connection, table):
            text = row.get("student_id" if table == "workshop_sessions" else "student_email") or ""
            if table != "workshop_sessions" or "@" in text:
                found.add(text.strip().lower())
    return found - {""}


def _read(connection: psycopg.Connection[Any], table: str) -> list[Row]:
    """Rows, newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"SELECT *, ctid::text AS place FROM public.{table}".encode())
        return sorted(rows.fetchall(), key=_moment, reverse=True)


def _moment(row: Row) -> tuple[str, int]:
    """When the row was last written, as far as it says; rows that say nothing are the oldest."""

    def newest(*columns: str) -> str:
        return max(str(row.get(column) or "") for column in columns)

    page, line = row["place"].strip("()").split(",")
    moment = newest("last_activity", "updated_at") or newest("created_at", "started_at")
    return moment, int(page) * 1000 + int(line)


def _object(value: Any) -> Row:
    """The object in a value, through any number of JSON strings."""
    while isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _step(key: str) -> int | None:
    digits = key.lower().removeprefix("step").removeprefix("exercise").removeprefix("-")
    return int(digits) if digits.isdigit() and 1 <= int(digits) <= 9 else None
