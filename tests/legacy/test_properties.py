"""A migration of a random legacy database loses no value, and a second one changes nothing."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.deps import Deps
from lib.legacy.verification.verdict import checksum, objections
from lib.settings import Settings
from tests.legacy.legacy_database import Legacy
from tests.legacy.oracle import API_KEY, TEXTS, read_emails, read_tokens
from tests.legacy.test_sessions import FLAGS
from tests.support.legacy_data import ENCRYPTION_KEY, TABLES, WILD, LegacyData, fill

NEVER_DROPPED = {"session_token", "session_id"}


@pytest.fixture
def generated(legacy: Legacy, settings: Settings) -> Iterator[Legacy]:
    """A legacy database with the encryption key of the generator."""
    settings_of_the_generator = Settings(
        postgres_url=settings.postgres_url, encryption_key=ENCRYPTION_KEY
    )
    legacy.deps = Deps(settings_of_the_generator)
    yield legacy
    legacy.deps.close()


def regenerate(legacy: Legacy, people: int, seed: int, dropped: int) -> None:
    """Generate a new random database, without every seventh column unless `dropped` is 0."""
    legacy.connection.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "TRUNCATE public.students, public.sessions, public.step_progress, public.events CASCADE"
    )
    for table in TABLES:
        legacy.connection.execute(f"DROP TABLE IF EXISTS public.{table}".encode())
    legacy.create()
    fill(legacy.connection, LegacyData(people, seed, WILD))
    columns = legacy.rows(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = ANY (%s) ORDER BY 1, 2",
        list(TABLES),
    )
    if dropped:
        for number, (table, column) in enumerate(columns):
            if column not in NEVER_DROPPED and number % 7 == dropped % 7:
                legacy.connection.execute(
                    f"ALTER TABLE public.{table} DROP COLUMN {column}".encode()
                )


@hypothesis_settings(max_examples=15)
@given(
    people=st.integers(0, 25),
    seed=st.integers(0, 2**32),
    dropped=st.one_of(st.just(0), st.integers(1, 7)),
)
def test_nothing_is_lost_and_a_second_run_changes_nothing(
    generated: Legacy, people: int, seed: int, dropped: int
) -> None:
    regenerate(generated, people, seed, dropped)
    empty = generated.unified()
    dry_run = generated.run(dry_run=True)
    assert generated.unified() == empty
    real_run = generated.run()
    assert (objections(dry_run), objections(real_run)) == ([], [])
    counts = {
        name: value for name, value in real_run.counts.items() if not name.startswith("checksum")
    }
    assert counts.items() <= dry_run.counts.items()
    for table in ("students", "sessions", "step_progress"):
        assert checksum(dry_run, table, "expected") == checksum(real_run, table, "stored")
    _check_sessions(generated)
    _check_people(generated)
    unified_before = generated.unified()
    second_run = generated.run()
    assert generated.unified() == unified_before
    assert objections(second_run) == []
    assert {
        value for name, value in second_run.counts.items() if name.endswith((".created", ".merged"))
    } <= {0}


def _check_sessions(legacy: Legacy) -> None:
    tokens = read_tokens(legacy.connection)
    rows = legacy.rows(
        "SELECT session_token, student_email, to_jsonb(s) FROM public.sessions AS s "
        "JOIN public.students USING (student_id)"
    )
    assert {token for token, _, _ in rows} == set(tokens)
    for token, email, session in rows:
        expected = tokens[token]
        assert email == expected.email() or (
            expected.email() is None and email.startswith("anonymous_")
        )
        for column in TEXTS:
            assert session[column] == expected.first(column), column
        for flag in FLAGS:
            assert session[flag] == expected.flag(flag), flag
        assert session["total_time_spent"] >= max(
            (row.get("total_time_spent") or 0 for row in expected.rows), default=0
        )
        passed_steps = legacy.rows(
            "SELECT step_number FROM public.step_progress "
            "WHERE session_token = %s AND validation_passed",
            token,
        )
        assert set(passed_steps) == expected.passed_steps()
        assert (session["openai_api_key"] is None) == (expected.key() is None)
        for table, column, value in expected.raw():
            raw_values = session["exercises"]["_legacy"][table]
            raw_rows = raw_values if isinstance(raw_values, list) else [raw_values]
            assert value in [raw[column] for raw in raw_rows if column in raw], column
        if expected.moments():
            assert session["last_activity"][:19] >= str(max(expected.moments())).replace(" ", "T")
            assert session["last_activity"][:4] < "2100"


def _check_people(legacy: Legacy) -> None:
    emails = Counter(legacy.rows("SELECT lower(btrim(student_email)) FROM public.students"))
    assert max(emails.values(), default=1) == 1
    assert {email for email in emails if "@" in email} == read_emails(legacy.connection)


@hypothesis_settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_values_that_pages_emptied_are_not_restored(generated: Legacy, seed: int) -> None:
    regenerate(generated, 8, seed, 0)
    generated.run()
    generated.connection.execute(
        "UPDATE public.sessions SET openai_api_key = NULL, tools = '[]', voice_settings = '{}'"
    )
    unified_before = generated.unified()
    run = generated.run()
    assert objections(run) == []
    assert generated.unified() == unified_before


@hypothesis_settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_no_key_of_random_databases_is_stored_as_plain_text(generated: Legacy, seed: int) -> None:
    regenerate(generated, 12, seed, 0)
    generated.run()
    rows = generated.rows(
        "SELECT s::text FROM public.sessions AS s UNION ALL SELECT t::text FROM public.students "
        "AS t UNION ALL SELECT f::text FROM legacy.migration_findings AS f"
    )
    assert [row for row in rows if API_KEY.search(row)] == []
    findings = generated.rows("SELECT f::text FROM legacy.migration_findings AS f")
    assert [row for row in findings if "@" in row or "ws_17" in row] == []


def test_progress_equals_that_of_update_session_progress(generated: Legacy) -> None:
    regenerate(generated, 60, 7, 0)
    generated.run()
    columns = "session_token, completion_rate, total_time_spent, current_step"
    query = f"SELECT {columns} FROM public.sessions ORDER BY 1"
    migrated_progress = generated.rows(query)
    generated.connection.execute(
        "SELECT public.update_session_progress(session_token) FROM public.sessions"
    )
    assert generated.rows(query) == migrated_progress


def test_each_key_is_stored_sealed_and_opens_as_it_was(generated: Legacy) -> None:
    regenerate(generated, 60, 8, 0)
    generated.run()
    tokens = read_tokens(generated.connection)
    keys = generated.rows("SELECT session_token, openai_api_key FROM public.sessions")
    for token, sealed in keys:
        legacy_key = tokens[token].key()
        if legacy_key is not None and legacy_key.startswith("sk-"):
            assert generated.key(token) == legacy_key
        else:
            assert sealed == legacy_key
