"""Calls of a migration: dry, repeated, continued, simultaneous and killed."""

import threading
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from lib import deadline
from lib.deps import Deps
from lib.errors import AlreadyRunning, AppError, NotConfigured
from lib.legacy.errors import UnifiedSchemaNotFound
from lib.legacy.migration import migrate
from lib.legacy.runs.run import Phase
from lib.settings import Settings
from lib.workshop.cleanup.clean_up import clean_up
from tests.legacy.legacy_database import ONE_BATCH, ONE_SMALL_BATCH, SMALL_BATCHES, Legacy
from tests.support.legacy_data import ENCRYPTION_KEY

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('stepwise.legacy', 0))"


def contents(legacy: Legacy) -> Any:
    """Return the contents of the unified tables, and the row versions of the sessions."""
    return legacy.unified(), legacy.rows("SELECT xmin::text FROM public.sessions ORDER BY 1")


def test_a_dry_run_reports_and_changes_nothing(dated_rows: Legacy) -> None:
    run = dated_rows.run(dry_run=True)
    assert run.counts["sessions.created"] > 100
    assert len(dated_rows.findings()) > 100
    assert dated_rows.one("SELECT count(*) FROM public.sessions") == 0
    assert dated_rows.one("SELECT count(*) FROM public.students") == 0


def test_a_second_run_writes_no_row(dated_rows: Legacy) -> None:
    dated_rows.run()
    before = contents(dated_rows)
    run = dated_rows.run()
    assert contents(dated_rows) == before
    assert (run.counts["sessions.unchanged"], run.counts.get("sessions.merged", 0)) == (
        len(before[0]["sessions"]),
        0,
    )


def test_a_second_run_adds_new_rows(dated_rows: Legacy) -> None:
    before = dated_rows.run().counts["after.sessions"]
    dated_rows.put("workshop_students", session_token="token-a", student_email="ann@example.com")
    run = dated_rows.run()
    assert run.verified
    assert (run.counts["sessions.created"], run.counts["people.created"]) == (1, 1)
    assert dated_rows.one("SELECT count(*) FROM public.sessions") == before + 1


def test_newer_values_in_the_unified_schema_stay(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students",
        session_token="token-a",
        last_activity="2025-01-01",
        created_at="2025-01-01",
        tts_provider="legacy",
        system_prompt="legacy",
        openai_api_key="sk-legacy",
        exercises='{"step-1": {"completed": true, "timeSpent": 10}}',
    )
    legacy.run()
    legacy.connection.execute(
        "UPDATE public.sessions SET tts_provider = 'live', openai_api_key = NULL, "
        "total_time_spent = 99"
    )
    legacy.connection.execute(
        "UPDATE public.step_progress SET time_spent = 99, validation_passed = TRUE"
    )
    before = contents(legacy)
    assert legacy.run().verified
    assert contents(legacy) == before
    assert legacy.session("tts_provider, openai_api_key") == ("live", None)


def test_a_legacy_row_that_became_newer_wins_where_it_has_a_value(legacy: Legacy) -> None:
    legacy.put(
        "student_configs",
        session_token="token-a",
        updated_at="2025-01-01",
        tts_provider="old",
        railway_url="kept",
        twilio_connected=True,
    )
    legacy.run()
    legacy.connection.execute(
        "UPDATE public.student_configs SET updated_at = '2025-06-01', tts_provider = 'new', "
        "railway_url = NULL, twilio_connected = FALSE, openai_api_key = 'sk-new', current_step = 4"
    )
    run = legacy.run()
    assert run.verified
    assert run.counts["sessions.merged"] == 1
    assert legacy.session("tts_provider, railway_url, twilio_connected, current_step, version") == (
        "new",
        "kept",
        True,
        4,
        2,
    )
    assert legacy.key() == "sk-new"
    before = contents(legacy)
    assert legacy.run().verified
    assert contents(legacy) == before


def test_a_session_of_the_new_application_is_filled_in_not_overwritten(
    legacy: Legacy,
) -> None:
    legacy.connection.execute(
        "WITH ann AS (INSERT INTO public.students (student_email) VALUES ('ann@example.com') "
        "RETURNING student_id) INSERT INTO public.sessions (session_token, student_id, "
        "tts_provider) SELECT 'token-a', student_id, 'live' FROM ann"
    )
    legacy.put(
        "student_configs",
        session_token="token-a",
        created_at="2025-01-01",
        updated_at="2025-01-01",
        tts_provider="legacy",
        selected_voice="legacy",
        openai_api_key="sk-legacy",
        services_ready=True,
    )
    run = legacy.run()
    assert run.verified
    assert legacy.session(
        "tts_provider, selected_voice, services_ready, completion_rate, created_at::date::text"
    ) == ("live", "legacy", True, 11, "2025-01-01")
    assert legacy.key() == "sk-legacy"


def test_many_short_calls_give_the_same_result_as_one(dated_rows: Legacy) -> None:
    run = dated_rows.run(pace=SMALL_BATCHES)
    expected = dated_rows.unified()
    dated_rows.connection.execute(
        "SET LOCAL stepwise.removal = 'test';TRUNCATE public.students, public.sessions CASCADE"
    )
    calls = 0
    while calls < 200:
        calls += 1
        last = migrate(dated_rows.deps, dry_run=False, pace=ONE_SMALL_BATCH)
        if last.phase is Phase.DONE:
            break
        assert 0 <= last.fraction_done < 1
    assert calls > 10
    assert last.verified
    assert dated_rows.unified() == expected
    names = {name for name in run.counts if not name.startswith("before")}
    assert {name: last.counts[name] for name in names} == {name: run.counts[name] for name in names}


def test_slow_reading_does_not_make_batches_narrower(dated_rows: Legacy) -> None:
    pace = replace(ONE_BATCH, first_people=20, batch_seconds=0.8)
    dated_rows.connection.execute(  # reading about 400 rows takes longer than batch_seconds
        "CREATE OR REPLACE FUNCTION public.normalized_email(p_email TEXT) RETURNS TEXT "
        "LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(0.003); "
        "RETURN nullif(lower(btrim(p_email, E' \t\n\r\f\v')), ''); END $$"
    )
    first, second = (migrate(dated_rows.deps, dry_run=False, pace=pace) for _ in range(2))
    assert first.phase is Phase.PEOPLE
    assert second.batch_hashes > first.batch_hashes


def test_first_batch_of_sessions_is_narrow_after_fast_batches_of_people(
    dated_rows: Legacy,
) -> None:
    # Every batch is fast, and the first batch of sessions has 4 rows of a few hundred.
    pace = replace(ONE_BATCH, batch_seconds=1e6, first_sessions=4)
    widths: list[int] = []
    while len(widths) < 4:
        run = migrate(dated_rows.deps, dry_run=False, pace=pace)
        if run.phase is Phase.SESSIONS:
            widths.append(run.batch_hashes)
    assert 0 < widths[0] < 2**32 // 20
    assert widths == [widths[0] * 2**n for n in range(4)]  # each twice as wide as the one before


def test_slow_batches_become_narrower_to_a_limit_and_narrower_still_after_a_kill(
    dated_rows: Legacy,
) -> None:
    pace = replace(ONE_BATCH, batch_seconds=0.0)  # no batch is fast enough
    narrowest = 2**32 // pace.max_batches
    assert migrate(dated_rows.deps, dry_run=False, pace=pace).batch_hashes > narrowest
    for width in (narrowest, narrowest // 2, narrowest // 2):
        run = migrate(dated_rows.deps, dry_run=False, pace=pace)
        assert run.batch_hashes == width
        status = "running" if width == narrowest else "paused"
        dated_rows.connection.execute("UPDATE legacy.migration_runs SET status = %s", [status])


def test_a_dry_run_of_many_calls_reports_what_the_real_run_does(dated_rows: Legacy) -> None:
    dry = dated_rows.run(dry_run=True, pace=replace(ONE_BATCH, first_people=100))
    findings = dated_rows.findings()
    assert dated_rows.one("SELECT count(*) FROM public.students") == 0
    real = dated_rows.run()
    assert dated_rows.findings() == findings
    for name, value in real.counts.items():
        if not name.startswith(("after", "before")):
            assert dry.counts[name] == value, name


def test_without_encryption_key_nothing_starts(dated_rows: Legacy, settings: Settings) -> None:
    deps = Deps(Settings(postgres_url=settings.postgres_url))
    with pytest.raises(NotConfigured, match="ENCRYPTION_KEY"):
        migrate(deps, dry_run=True)
    assert dated_rows.one("SELECT to_regclass('legacy.migration_runs')") is None


def test_missing_unified_schema_is_reported(empty_postgres_url: str) -> None:
    deps = Deps(Settings(postgres_url=empty_postgres_url, encryption_key=ENCRYPTION_KEY))
    with pytest.raises(UnifiedSchemaNotFound, match=r"Unified schema not found\. ") as raised:
        migrate(deps, dry_run=True)
    assert raised.value.status == 400
    deps.close()


def run_with_a_deadline(dated_rows: Legacy) -> None:
    """Migrate, but fail instead of waiting for a lock for ever."""
    deadline.start(deadline.MARGIN_SECONDS + 10)
    dated_rows.run()


def test_a_second_call_is_refused_while_the_first_runs(
    dated_rows: Legacy, settings: Settings
) -> None:
    with psycopg.connect(settings.postgres_url or "") as other:
        other.execute(LOCK)
        with pytest.raises(AlreadyRunning) as raised:
            copy_context().run(run_with_a_deadline, dated_rows)
    assert raised.value.status == 409
    assert dated_rows.run().verified


def test_five_calls_at_once_migrate_everything_once(dated_rows: Legacy, settings: Settings) -> None:
    outcomes: list[Any] = []
    barrier = threading.Barrier(5)

    def call() -> None:
        deps = Deps(settings)
        barrier.wait()
        try:
            outcomes.append(migrate(deps, dry_run=False))
        except AppError as error:
            outcomes.append(error)
        deps.close()

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refusals = [outcome for outcome in outcomes if isinstance(outcome, AlreadyRunning)]
    runs = [outcome for outcome in outcomes if not isinstance(outcome, AppError)]
    assert len(refusals) + len(runs) == 5
    unified_before = dated_rows.unified()
    assert dated_rows.run().counts.get("sessions.created", 0) == 0
    assert dated_rows.unified() == unified_before


def test_an_interruption_is_counted_and_the_run_continues(dated_rows: Legacy) -> None:
    first_call = migrate(dated_rows.deps, dry_run=False, pace=ONE_BATCH)
    dated_rows.connection.execute("UPDATE legacy.migration_runs SET status = 'running'")
    run = dated_rows.run()
    assert (run.id, run.interruptions, run.verified) == (first_call.id, 1, True)


def test_a_locked_table_gives_a_503_and_changes_nothing(
    dated_rows: Legacy, settings: Settings
) -> None:
    with psycopg.connect(settings.postgres_url or "") as other:
        other.execute("LOCK TABLE public.sessions IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(AppError) as raised:
            dated_rows.run()
    assert raised.value.status == 503
    assert dated_rows.one("SELECT count(*) FROM public.students") == 0
    assert dated_rows.run().verified


def test_a_pooled_connection_keeps_nothing_of_a_run(dated_rows: Legacy) -> None:
    dated_rows.run(dry_run=True)
    dated_rows.run()
    with dated_rows.deps.postgres.transaction() as transaction:
        temporary_relations = transaction.connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() "
            "AND relkind IN ('r', 'v')"
        ).fetchall()
        limit = transaction.connection.execute("SHOW statement_timeout").fetchone()
    assert temporary_relations == []
    assert limit == ("0",)


def test_an_old_session_survives_the_nightly_clean_up_after_the_migration(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", last_activity="2020-01-01")
    legacy.run()
    clean_up(legacy.deps)
    assert legacy.session("last_activity::date::text, is_active") == ("2020-01-01", True)
