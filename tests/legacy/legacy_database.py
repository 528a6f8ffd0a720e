"""Legacy databases drawn as small text tables, and their contents after a migration."""

from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from lib.deps import Deps
from lib.legacy.migration import migrate
from lib.legacy.runs.pace import Pace
from lib.legacy.runs.run import Phase, Run
from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD, Vault
from tests.support.legacy_data import create_tables

NULL = "-"
WHOLE_RUN = Pace(call_seconds=60.0)
"""A pace at which one call takes a run to its end."""
ONE_BATCH = Pace(call_seconds=0.0)
"""A pace at which each call moves one batch."""
SMALL_BATCHES = replace(WHOLE_RUN, first_people=40, batch_seconds=1e6, min_batches=8)
"""A pace at which a migration of a few hundred rows takes about a dozen batches."""
ONE_SMALL_BATCH = replace(SMALL_BATCHES, call_seconds=0.0)


@dataclass
class Legacy:
    """A database with the three legacy tables beside the unified schema."""

    connection: psycopg.Connection[Any]
    deps: Deps

    def create(self) -> None:
        """Create the legacy tables, empty."""
        create_tables(self.connection)

    def add(self, table: str, drawing: str) -> None:
        """Insert rows from a text table.

        The first line names the columns, bars separate the cells, and - stands for null.
        """
        header, *lines = [line for line in drawing.strip().splitlines() if line.strip()]
        columns = [name.strip() for name in header.split("|")]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("public", table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        for line in lines:
            cells = [cell.strip() for cell in line.split("|")]
            values = [None if cell == NULL else cell.strip('"') for cell in cells]
            self.connection.execute(statement, values)

    def put(self, table: str, **values: Any) -> None:
        """Insert one row."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("public", table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        self.connection.execute(statement, list(values.values()))

    def retype(self, table: str, column: str, type_name: str) -> None:
        """Change the type of a column to one that it has in some legacy databases."""
        self.connection.execute(
            f"ALTER TABLE public.{table} ALTER {column} TYPE {type_name} "
            f"USING {column}::text::{type_name}".encode()
        )

    def run(self, *, dry_run: bool = False, pace: Pace = WHOLE_RUN) -> Run:
        """Repeat the call until the run is complete; return the run."""
        while True:
            run = migrate(self.deps, dry_run=dry_run, pace=pace)
            if run.phase is Phase.DONE:
                return run

    def rows(self, query: str, *params: Any) -> list[Any]:
        """Return the rows of a query as tuples, or as bare values if there is one column."""
        rows = self.connection.execute(query.encode(), params or None).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def one(self, query: str, *params: Any) -> Any:
        """Return the only row."""
        (row,) = self.rows(query, *params)
        return row

    def session(self, columns: str, token: str = "token-a") -> Any:
        """Return some columns of one session."""
        return self.one(f"SELECT {columns} FROM public.sessions WHERE session_token = %s", token)

    def steps(self, token: str = "token-a") -> list[Any]:
        """Return each step of a session: number, seconds, attempts, and whether it was passed."""
        return self.rows(
            "SELECT step_number, time_spent, attempts, validation_passed "
            "FROM public.step_progress WHERE session_token = %s ORDER BY 1",
            token,
        )

    def findings(self) -> list[Any]:
        """Return the field, outcome and reason of each finding of the newest run."""
        return self.rows(
            "SELECT field, outcome, reason FROM legacy.migration_findings WHERE run_id = "
            "(SELECT max(id) FROM legacy.migration_runs) ORDER BY 1, 2, 3"
        )

    def key(self, token: str = "token-a") -> str | None:
        """Return the session's API key in plain text."""
        sealed = self.session("openai_api_key", token)
        if sealed is None:
            return None
        return Vault.from_settings(self.deps.settings).open(sealed, token, API_KEY_FIELD)

    def accounts(self) -> list[str]:
        """Return the students' Twilio accounts in plain text; check that all are stored sealed."""
        vault = Vault.from_settings(self.deps.settings)
        stored_accounts = self.rows(
            "SELECT twilio_account_sid FROM public.students WHERE twilio_account_sid IS NOT NULL"
        )
        assert not any(text.startswith("AC") for text in stored_accounts)
        return sorted(vault.open(text, "", ACCOUNT_FIELD) for text in stored_accounts)

    def unified(self) -> dict[str, list[Any]]:
        """Return the rows of the unified tables, without values that differ from run to run."""
        return {
            "students": self.rows(
                "SELECT student_email, student_name, twilio_account_sid IS NULL, "
                "created_at, updated_at "
                "FROM public.students ORDER BY 1"
            ),
            "sessions": self.rows(
                "SELECT to_jsonb(s) - '{student_id,expires_at,openai_api_key}'::text[], "
                "student_email, openai_api_key IS NULL "
                "FROM public.sessions AS s JOIN public.students USING (student_id) "
                "ORDER BY session_token"
            ),
            "steps": self.rows(
                "SELECT to_jsonb(p) - '{id,student_id}'::text[] FROM public.step_progress AS p "
                "ORDER BY session_token, step_number"
            ),
        }
