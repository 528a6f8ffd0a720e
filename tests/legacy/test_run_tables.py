"""A run belongs to the tables that it started with; other tables get a run of their own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.schema import schema_scripts
from lib.errors import AlreadyRunning
from lib.legacy.errors import NotSafeYet
from lib.legacy.migration import migrate
from lib.legacy.old_tables.rename import CONFIRMATION, clean_up
from lib.legacy.report import report
from lib.legacy.runs.run import Phase, Run
from lib.operations.schema.creation import CONFIRMATION as DROP
from lib.operations.schema.creation import create_schema
from lib.settings import Settings
from tests.conftest import ADMIN_PASSWORD
from tests.legacy.legacy_database import ONE_BATCH, ONE_SMALL_BATCH, SMALL_BATCHES, Legacy

SESSIONS_BEFORE_PAUSE = 30  # minimum; the tables have about 200
CHECKS_ALONE = replace(ONE_BATCH, idle_seconds=0.001)
"""A pace at which the final checks take a call of their own."""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('stepwise.legacy', 0))"


def pause_run(legacy: Legacy, *, dry_run: bool = False) -> Run:
    """Migrate some of the sessions, and return the run, which is then paused."""
    run = migrate(legacy.deps, dry_run=dry_run, pace=ONE_SMALL_BATCH)
    while run.counts.get("sessions.created", 0) < SESSIONS_BEFORE_PAUSE:
        run = migrate(legacy.deps, dry_run=dry_run, pace=ONE_SMALL_BATCH)
    assert run.phase is Phase.SESSIONS
    return run


def drop_by_hand(legacy: Legacy) -> None:
    """Drop and create the tables as the older guide says."""
    legacy.connection.execute(
        "DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE"
    )
    for _, script in schema_scripts():
        legacy.connection.execute(script.encode())


def drop_by_endpoint(legacy: Legacy) -> None:
    create_schema(legacy.deps, drop_existing=True, confirmation=DROP)


def truncate(legacy: Legacy) -> None:
    legacy.connection.execute(
        "SET LOCAL stepwise.removal = 'test';TRUNCATE public.students, public.sessions CASCADE"
    )


RECREATIONS = [drop_by_hand, drop_by_endpoint, truncate]


@pytest.mark.parametrize("recreate", RECREATIONS)
def test_a_paused_run_does_not_continue_in_recreated_tables(
    dated_rows: Legacy, recreate: Callable[[Legacy], None]
) -> None:
    dated_rows.run(pace=SMALL_BATCHES)
    complete = dated_rows.unified()
    truncate(dated_rows)
    paused_run = pause_run(dated_rows)
    recreate(dated_rows)
    run = dated_rows.run(pace=SMALL_BATCHES)
    assert run.id != paused_run.id
    assert run.verified
    assert dated_rows.unified() == complete


@pytest.mark.parametrize("recreate", RECREATIONS)
def test_a_finished_run_does_not_verify_recreated_tables(
    dated_rows: Legacy, recreate: Callable[[Legacy], None]
) -> None:
    assert dated_rows.run().verified
    recreate(dated_rows)
    dated_rows.connection.execute(
        "WITH ann AS (INSERT INTO public.students (student_email) VALUES ('ann@example.com') "
        "RETURNING student_id) INSERT INTO public.sessions (session_token, student_id) "
        "SELECT 'token-a', student_id FROM ann"
    )
    with pytest.raises(NotSafeYet, match="no migration of these tables has been completed"):
        clean_up(CONFIRMATION, dated_rows.deps)
    dated_rows.run()
    clean_up(CONFIRMATION, dated_rows.deps)


def test_a_paused_run_does_not_continue_with_a_legacy_table_that_was_replaced(
    dated_rows: Legacy,
) -> None:
    paused_run = pause_run(dated_rows)
    dated_rows.connection.execute("ALTER TABLE public.workshop_students RENAME TO workshop_before")
    dated_rows.connection.execute(
        "CREATE TABLE public.workshop_students AS SELECT * FROM public.workshop_before"
    )
    dated_rows.connection.execute(
        "UPDATE public.workshop_students SET session_token = 'new_' || session_token"
    )
    run = dated_rows.run(pace=SMALL_BATCHES)
    assert (run.id != paused_run.id, run.verified) == (True, True)
    assert dated_rows.one(
        "SELECT count(*) FROM public.workshop_students AS w "
        "WHERE legacy.token_of(session_token) IS NOT NULL AND NOT EXISTS ("
        "SELECT FROM public.sessions AS s WHERE s.session_token = w.session_token)"
    ) == 0  # fmt: skip


def test_sessions_deleted_between_two_calls_are_noticed_at_the_end(
    dated_rows: Legacy, client: TestClient
) -> None:
    pause_run(dated_rows)
    dated_rows.connection.execute("SET stepwise.removal = 'test'")
    deleted = dated_rows.connection.execute("DELETE FROM public.sessions").rowcount
    run = dated_rows.run(pace=SMALL_BATCHES)
    assert run.verified is False
    assert run.counts["lost.tokens_missing"] >= deleted
    body = {"adminPassword": ADMIN_PASSWORD, "confirmText": CONFIRMATION}
    response = client.post("/api/admin-cleanup-old-tables", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "not_safe_yet")
    assert dated_rows.run(pace=SMALL_BATCHES).verified
    assert client.post("/api/admin-cleanup-old-tables", json=body).status_code == 200


def test_sessions_deleted_after_a_verified_run_stop_the_cleanup(dated_rows: Legacy) -> None:
    dated_rows.run()
    dated_rows.connection.execute(
        "DELETE FROM public.sessions WHERE session_token = (SELECT session_token "
        "FROM public.student_configs WHERE btrim(session_token) <> '' LIMIT 1)"
    )
    with pytest.raises(NotSafeYet, match="without a session now"):
        clean_up(CONFIRMATION, dated_rows.deps)
    dated_rows.run()
    clean_up(CONFIRMATION, dated_rows.deps)


def test_a_paused_dry_run_is_deleted_when_a_real_run_writes(dated_rows: Legacy) -> None:
    pause_run(dated_rows, dry_run=True)
    assert dated_rows.one("SELECT count(*) FROM public.sessions") == 0
    real = dated_rows.run(pace=SMALL_BATCHES)
    assert real.verified
    dry = dated_rows.run(dry_run=True, pace=SMALL_BATCHES)
    assert dry.counts.get("sessions.created", 0) == 0
    assert dry.counts["sessions.unchanged"] == real.counts["sessions.created"]


def test_a_dry_run_does_not_touch_the_cursor_of_a_paused_run(dated_rows: Legacy) -> None:
    dated_rows.run(pace=SMALL_BATCHES)
    complete = dated_rows.unified()
    truncate(dated_rows)
    paused_run = pause_run(dated_rows)
    dry = dated_rows.run(dry_run=True, pace=SMALL_BATCHES)
    assert dry.counts["sessions.unchanged"] == paused_run.counts["sessions.created"]
    run = dated_rows.run(pace=SMALL_BATCHES)
    assert (run.id, run.verified) == (paused_run.id, True)
    assert dated_rows.unified() == complete


def test_dry_run_of_many_calls_counts_the_same_as_the_real_run_and_names_unchecked_parts(
    dated_rows: Legacy,
) -> None:
    pause_run(dated_rows, dry_run=True)
    dry = report(dated_rows.run(dry_run=True, pace=SMALL_BATCHES), dated_rows.deps)
    real = report(dated_rows.run(pace=SMALL_BATCHES), dated_rows.deps)
    assert dry.verification is not None
    assert real.verification is not None
    assert dry.verification.verified
    assert dry.verification.after == real.verification.after
    assert dry.summary == real.summary
    assert "Only the real run looks for" in dry.results[-1]
    assert "Only the real run" not in real.results[-1]


def test_runs_of_an_earlier_version_stay_readable_and_are_not_continued(dated_rows: Legacy) -> None:
    first = migrate(dated_rows.deps, dry_run=False, pace=ONE_BATCH)
    dated_rows.connection.execute(
        "ALTER TABLE legacy.migration_runs DROP COLUMN tables, DROP COLUMN calls, "
        "DROP CONSTRAINT migration_runs_phase_check, ADD CONSTRAINT migration_runs_phase_check "
        "CHECK (phase IN ('people', 'sessions', 'done')); "
        "ALTER TABLE legacy.migration_findings ADD CONSTRAINT migration_findings_run_id_fkey "
        "FOREIGN KEY (run_id) REFERENCES legacy.migration_runs ON DELETE CASCADE"
    )
    run = dated_rows.run(pace=CHECKS_ALONE)
    assert (run.id != first.id, run.verified) == (True, True)
    assert dated_rows.one("SELECT count(*) FROM legacy.migration_runs") == 2
    assert not dated_rows.rows(
        "SELECT FROM pg_constraint WHERE conname = 'migration_findings_run_id_fkey'"
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_deleting_a_dry_run_deletes_its_findings(dated_rows: Legacy, dry_run: bool) -> None:
    paused_run = migrate(dated_rows.deps, dry_run=True, pace=CHECKS_ALONE)
    while not dated_rows.findings():
        paused_run = migrate(dated_rows.deps, dry_run=True, pace=CHECKS_ALONE)
    if dry_run:
        dated_rows.run(dry_run=True)  # continues the paused run to its end
    last = dated_rows.run(dry_run=dry_run)
    assert last.id > paused_run.id
    assert set(dated_rows.rows("SELECT run_id FROM legacy.migration_findings")) == {last.id}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("admin-create-unified-schema", {"dropExisting": True, "confirmText": DROP}),
        ("admin-create-unified-schema", {}),
        ("admin-restore", {"name": "stepwise-20250101T000000Z-0123abcd.jsonl.gz"}),
        ("admin-cleanup-old-tables", {"confirmText": CONFIRMATION}),
        ("admin-delete-sessions", {"sessionTokens": ["ws_1_some_token"], "deleteType": "full"}),
        ("admin-delete-student", {"studentEmail": "ann@example.com"}),
    ],
)
def test_nothing_else_changes_the_tables_while_a_migration_runs(
    dated_rows: Legacy, settings: Settings, client: TestClient, path: str, body: dict[str, Any]
) -> None:
    if path == "admin-restore":
        backup = client.post("/api/admin-backup", json={"adminPassword": ADMIN_PASSWORD})
        body = {"name": backup.json()["name"]}
    with psycopg.connect(settings.postgres_url or "") as other:
        other.execute(LOCK)
        response = client.post(f"/api/{path}", json={"adminPassword": ADMIN_PASSWORD, **body})
    assert (response.status_code, response.json()["code"]) == (409, "already_running")
    assert dated_rows.run().verified


def test_a_removal_blocks_a_migration_but_not_another_removal(
    dated_rows: Legacy, settings: Settings, client: TestClient
) -> None:
    with psycopg.connect(settings.postgres_url or "") as other:
        other.execute(LOCK.replace("xact_lock(", "xact_lock_shared("))
        with pytest.raises(AlreadyRunning):
            dated_rows.run()
        body = {"adminPassword": ADMIN_PASSWORD, "sessionTokens": ["x"], "deleteType": "full"}
        assert client.post("/api/admin-delete-sessions", json=body).status_code == 200
