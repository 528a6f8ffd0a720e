"""Whole legacy databases, drawn at random: every value is stored somewhere or reported.

`test_properties.py` draws rows and leaves out some columns; these tests also draw other columns,
types, spellings, owners and policies. A value counts as stored if it is in the sessions, the
students, `_legacy` or `extra`, and as reported if a finding says that it stays in its table, or in
which form it was repaired.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from lib.deps import Deps
from lib.errors import AppError
from lib.legacy.migration import migrate
from lib.legacy.runs.run import Phase, Run
from lib.settings import Settings
from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD, AUTH_TOKEN_FIELD, LEGACY_FIELD, Vault
from tests.conftest import ENCRYPTION_KEY
from tests.legacy.legacy_database import WHOLE_RUN, Legacy
from tests.legacy.whole_databases import (
    REFUSING,
    TABLES,
    Column,
    Kind,
    Table,
    create,
    databases,
)  # fmt: skip
from tests.support.databases import Databases
from tests.support.limited_role import as_role, owned_database

EXAMPLES = 30
SEALED = re.compile(r"v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]{22,}")
Superuser = psycopg.Connection[Any]


@pytest.fixture
def superuser(databases: Databases) -> Iterator[Superuser]:
    """A superuser's connection to a database whose owner is not a superuser."""
    with (
        owned_database(databases) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET stepwise.removal = 'test'")
        connection.execute("CREATE TYPE public.mood AS ENUM ('glad', 'sad')")
        yield connection


@pytest.fixture
def owner(superuser: Superuser) -> Iterator[Deps]:
    """Dependencies that connect to the database as its owner."""
    info = superuser.info
    url = f"postgresql://postgres@/{info.dbname}?host={info.host}&port={info.port}"
    settings = Settings(postgres_url=as_role(url), encryption_key=ENCRYPTION_KEY)
    with closing(Deps(settings)) as deps:
        yield deps


@dataclass(frozen=True)
class Value:
    """One cell of a legacy table as Postgres stored it."""

    table: str
    column: Column
    token: str | None
    ctid: str
    text: str
    value: Any
    """The value as JSON; for a column of type json, its text, since JSONB refuses some JSON."""

    def __str__(self) -> str:
        return f"{self.table}.{self.column.name} ({self.column.type}): {self.text!r}"

    @property
    def is_empty(self) -> bool:
        """Whether the value carries no information."""
        return not self.plain_text.strip() or (
            self.column.kind is Kind.JSON and self.text.strip() in {"[]", "{}", "null"}
        )

    @property
    def plain_text(self) -> str:
        """Return the text, without the quotes of JSON if the column's type is `json_text`."""
        return str(self.value) if self.column.type == "json_text" else self.text

    @property
    def row_key(self) -> str:
        if self.token is None or not self.token.strip():
            return f"ctid {self.ctid}"
        return hashlib.sha256(self.token.encode()).hexdigest()[:16]


class Contents:
    """Contents of the unified tables and of a run's report, with secrets decrypted."""

    def __init__(self, connection: Superuser, vault: Vault, run: Run) -> None:
        self._vault = vault
        self.sessions = {
            row["session_token"]: {**row, **self._decrypted(row)}
            for (row,) in connection.execute(
                "SELECT to_jsonb(s) || jsonb_build_object('student', to_jsonb(st))"
                " FROM public.sessions AS s JOIN public.students AS st USING (student_id)"
            )
        }
        self.findings = {
            (source, row_key, field, outcome)
            for source, row_key, field, outcome in connection.execute(
                "SELECT source, row_key, field, outcome FROM legacy.migration_findings"
                " WHERE run_id = %s", [run.id],
            )
        }  # fmt: skip

    def _decrypted(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "openai_api_key": self._open(
                row["openai_api_key"], row["session_token"], API_KEY_FIELD
            ),
            "account": self._open(row["student"]["twilio_account_sid"], "", ACCOUNT_FIELD),
            "exercises": self._decrypted_parts(
                row["exercises"], row["session_token"], LEGACY_FIELD
            ),
            "extra": self._decrypted_parts(row["extra"], row["session_token"], AUTH_TOKEN_FIELD),
        }

    def _open(self, text: str | None, token: str, field: str) -> str | None:
        return text and self._vault.open(text, token, field)

    def _decrypted_parts(self, value: Any, token: str, field: str) -> Any:
        text = json.dumps(value)
        return json.loads(SEALED.sub(
            lambda sealed: json.dumps(self._vault.open(sealed[0], token, field))[1:-1], text
        ))  # fmt: skip

    def sessions_of(self, value: Value) -> list[dict[str, Any]]:
        """Return the sessions that may hold values of the value's row."""
        shared_prefix = f"shared_{value.row_key}_"
        return [
            session
            for token, session in self.sessions.items()
            if token == value.token or token.startswith(shared_prefix)
        ]

    def raw_values(self, value: Value) -> list[Any]:
        """Return the values of the value's column that `_legacy` holds."""
        sessions = self.sessions_of(value)
        entries = (s["exercises"].get("_legacy", {}).get(value.table, []) for s in sessions)
        rows = [row for entry in entries for row in (entry if isinstance(entry, list) else [entry])]
        names = value.column.names
        return [row[name] for row in rows for name in names if name in row]

    def reports(self, value: Value, *outcomes: str) -> bool:
        """Return whether a finding about the value's column or whole row has a given outcome."""
        names = value.column.names
        return any(
            (source, key) == (value.table, value.row_key)
            and outcome in outcomes
            and (field.split(".")[0] in names or key.startswith("ctid"))
            for source, key, field, outcome in self.findings
        )

    def has(self, value: Value) -> bool:
        """Return whether the value is empty, stored somewhere or reported."""
        if value.is_empty or self.reports(value, "skipped", "mended"):
            return True
        if any(_same(raw_value, value) for raw_value in self.raw_values(value)):
            return True
        if value.column.kind is Kind.UNKNOWN:
            return False
        check = _CHECKS[value.column.kind]
        return any(check(session, value) for session in self.sessions_of(value))


def _same(migrated: Any, value: Value) -> bool:
    if value.column.type == "json":
        return migrated == value.text or _leaves(json.dumps(migrated)) == _leaves(value.text)
    if migrated in (value.value, value.text, value.text.strip()) or migrated == _json(value.text):
        return True
    # Sealing turns a number into text.
    return _leaves(json.dumps(migrated)) == _leaves(json.dumps(value.value))


def _leaves(text: str) -> list[str]:
    """Return the scalar values in a JSON text, sorted, including those under duplicate names."""
    leaves = []

    def collect(part: Any) -> None:
        for member in part if isinstance(part, list) else [part]:
            if isinstance(member, list):
                collect(member)
            else:
                leaves.append(member if isinstance(member, str) else json.dumps(member))

    collect(json.loads(text, object_pairs_hook=lambda pairs: [value for _, value in pairs]))
    return sorted(leaves)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _has_marks(session: dict[str, Any], value: Value) -> bool:
    """Return whether each mark in a JSON value is somewhere in the session."""
    marks = re.findall(r"mark\d+end", value.text)
    return all(mark in json.dumps(session) for mark in marks)


def _moment(text: str) -> datetime:
    if text.isdecimal():
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    if "GMT" in text:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _email(text: str) -> str:
    text = unicodedata.normalize("NFC", text).lower().strip()
    return re.sub(r"^.*<(.*)>$", r"\1", text.removeprefix("mailto:"))


def _number(text: str) -> int:
    """Return the number as Postgres rounds it: a half goes up."""
    return round(float(text) + 1e-9)


TRUE = {"true", "t", "1", "yes", "x", "2", "on"}
_CHECKS: dict[Kind, Callable[[dict[str, Any], Value], bool]] = {
    Kind.TOKEN: lambda _session, _value: True,
    Kind.EMAIL: lambda s, v: s["student"]["student_email"] == _email(v.text),
    Kind.NAME: lambda s, v: (
        v.text.strip() in {s["student"]["student_name"], s["student_name_given"]}
    ),
    Kind.ACCOUNT: lambda s, v: s["account"] == v.text.strip(),
    Kind.GITHUB: lambda s, v: s["student"]["github_username"] == v.text.strip(),
    Kind.TEXT: lambda s, v: s[v.column.known_as] == v.plain_text,
    Kind.KEY: lambda s, v: s["openai_api_key"] == v.text.strip(),
    Kind.FIRST_TIME: lambda s, v: datetime.fromisoformat(s[v.column.known_as]) <= _moment(v.text),
    Kind.LAST_TIME: lambda s, v: datetime.fromisoformat(s[v.column.known_as]) >= _moment(v.text),
    Kind.FLAG: lambda s, v: s[v.column.known_as] or v.text.strip().lower() not in TRUE,
    Kind.CHOICE: lambda s, v: s["demo_mode"] == (v.text.strip().lower() in TRUE),
    Kind.COUNTER: lambda s, v: s[v.column.known_as] >= _number(v.text),
    Kind.JSON: _has_marks,
}


def read_values(connection: Superuser, tables: tuple[Table, ...]) -> list[Value]:
    """Return every value of the tables that is not null."""
    values = []
    for table in tables:
        for column in table.columns:
            name = '"' + column.name + '"'
            as_json = f"to_jsonb({name}::text)" if column.type == "json" else f"to_jsonb({name})"
            rows = connection.execute(
                f"SELECT ctid::text, {name}::text, {as_json} FROM public.{table.name} "
                "ORDER BY ctid".encode()
            )
            values += [
                Value(table.name, column, token, ctid, text, value)
                for token, (ctid, text, value) in zip(table.tokens, rows, strict=True)
                if text is not None
            ]
    return values


def run_to_the_end(deps: Deps, *, dry_run: bool = False) -> Run:
    while True:
        run = migrate(deps, dry_run=dry_run, pace=WHOLE_RUN)
        if run.phase is Phase.DONE:
            return run


def empty(connection: Superuser) -> None:
    connection.execute("TRUNCATE public.students, public.sessions, public.events CASCADE")
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS public.{table} CASCADE".encode())


def unified(connection: Superuser) -> list[Any]:
    query = "SELECT to_jsonb(s) FROM students AS s UNION ALL SELECT to_jsonb(s) FROM sessions AS s"
    return connection.execute(query.encode()).fetchall()


@hypothesis_settings(max_examples=EXAMPLES)
@given(tables=databases())
def test_every_value_is_somewhere_or_the_run_is_refused(
    superuser: Superuser, owner: Deps, tables: tuple[Table, ...]
) -> None:
    empty(superuser)
    create(superuser, tables)
    values = read_values(superuser, tables)
    unreadable_tables = [table for table in tables if table.access in REFUSING]
    if unreadable_tables:
        with pytest.raises(AppError) as raised:
            run_to_the_end(owner)
        assert any(table.name in str(raised.value) for table in unreadable_tables), raised.value
        assert unified(superuser) == []
        return
    run = run_to_the_end(owner)
    contents = Contents(superuser, Vault.from_settings(owner.settings), run)
    assert [str(value) for value in values if not contents.has(value)] == []
    assert run.verified
    before = unified(superuser)
    second_run = run_to_the_end(owner)
    assert (second_run.verified, unified(superuser)) == (True, before)


LOSSES = {
    "sessions": (
        "system_prompt = NULL", "selected_voice = NULL", "tools = '[]'", "bug_reports = '[]'",
        "voice_settings = '{}'", "openai_api_key = NULL", "total_time_spent = 0",
        "exercises = NEW.exercises - '_legacy'", "exercises = NEW.exercises - 'quiz'",
        "exercises = NEW.exercises #- '{_legacy,workshop_students,notes}'",
        "exercises = NEW.exercises #- '{_legacy,workshop_students,started_at}'",
        "repo_created = FALSE", "demo_mode = FALSE", "last_activity = '2024-01-01Z'",
        "student_name_given = NULL",
    ),
    "students": ("student_name = NULL", "twilio_account_sid = NULL", "github_username = NULL"),
    "step_progress": ("time_spent = 0", "validation_passed = FALSE"),
}  # fmt: skip
"""Assignments by which a trigger loses a value while the migration stores it, by table."""


@pytest.mark.parametrize(("table", "loss"), [(t, loss) for t in LOSSES for loss in LOSSES[t]])
def test_a_run_that_lost_a_value_is_not_verified(legacy: Legacy, table: str, loss: str) -> None:
    legacy.connection.execute(
        "ALTER TABLE workshop_students ADD COLUMN notes TEXT, ADD COLUMN ai_model TEXT,"
        " ADD COLUMN github_username TEXT, ADD COLUMN twilio_account_sid TEXT,"
        " ALTER COLUMN started_at TYPE TEXT"
    )
    legacy.put(
        "workshop_students", session_token="token-a", student_email="ann@x.org",
        student_name="Ann", system_prompt="Be kind.", selected_voice="alloy",
        tools='[{"name": "t"}]', bug_reports='[{"description": "b"}]',
        voice_settings='{"speed": 1}', openai_api_key="sk-the-key-of-ann-0123",
        total_time_spent=900,
        exercises='{"quiz": 1, "step-1": {"completed": true, "timeSpent": 5}}',
        notes="kept", started_at="in spring", repo_created=True, demo_mode=True,
        last_activity="2025-01-01", ai_model="m", github_username="ann-gh",
        twilio_account_sid="AC" + 32 * "1",
    )  # fmt: skip
    assert legacy.run(dry_run=True).verified
    legacy.connection.execute(
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN NEW.{loss.replace(' = ', ' := ', 1)}; RETURN NEW; END $$;"
        f"CREATE TRIGGER lose BEFORE INSERT OR UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION lose()".encode()
    )
    assert not legacy.run().verified
