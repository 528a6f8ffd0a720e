"""The demo is loaded once, is reproducible, and never replaces later changes."""

import re
from dataclasses import replace

import pytest

from lib.deps import Deps
from lib.settings import Settings
from local.demo.__main__ import main
from local.demo.examinees import examinees
from local.demo.examples import examples
from local.demo.loading import load_pool, load_tests, load_workshop
from local.servers.postgres_server import PostgresServer
from tests.demo.conftest import LOADED_AT, RunQuery
from tests.demo.dump import dump

# The other tables have random ids and real times.
REPRODUCIBLE_TABLES = (
    "public.students",
    "public.sessions",
    "public.step_progress",
    "public.events",
    "assessment.examinees",
    "assessment.test_sessions",
    "assessment.test_responses",
)


def load(deps: Deps) -> None:
    load_pool(deps)
    load_workshop(deps)
    load_tests(deps)


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", str(settings.postgres_url))
    monkeypatch.setenv("ENCRYPTION_KEY", str(settings.encryption_key))


@pytest.mark.usefixtures("environment")
def test_seeding_reports_the_added_rows_and_calls_to_try(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main() == 0
    first_output = capsys.readouterr().out
    assert "Questions added: 150" in first_output
    assert "students added: 40, sessions: 44" in first_output
    assert "students added: 70, tests: 113" in first_output
    assert main() == 0
    second_output = capsys.readouterr().out
    assert "Questions added: 0" in second_output
    assert examples("http://127.0.0.1:5300") in second_output


def test_seeding_without_a_schema_fails_with_a_message(
    empty_postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_postgres_url)
    assert main() == 1
    assert "could not be loaded" in capsys.readouterr().err


def test_loading_twice_changes_nothing(deps: Deps, postgres_url: str) -> None:
    load(deps)
    before = dump(postgres_url)
    load(deps)
    assert dump(postgres_url) == before


def test_two_databases_loaded_at_one_moment_agree_in_the_reproducible_tables(
    deps_at_fixed_time: Deps, postgres_url: str, postgres_server: PostgresServer
) -> None:
    other_url = postgres_server.create_database("demo_again", template="migrated")
    other = Deps(replace(deps_at_fixed_time.settings, postgres_url=other_url), lambda: LOADED_AT)
    load(deps_at_fixed_time)
    load(other)
    one, two = dump(postgres_url), dump(other_url)
    other.close()
    postgres_server.drop_database("demo_again")
    assert [without_version(one[table]) for table in REPRODUCIBLE_TABLES] == [
        without_version(two[table]) for table in REPRODUCIBLE_TABLES
    ]


def without_version(rows: list[str]) -> list[str]:
    """Return rows without the version of the pool, which depends on the real time."""
    return [re.sub(r'"pool_version": \d+', '"pool_version": 0', row) for row in rows]


def test_loading_adds_what_a_demo_of_an_earlier_version_lacks(
    deps_at_fixed_time: Deps, postgres_url: str
) -> None:
    load_pool(deps_at_fixed_time)
    load_tests(deps_at_fixed_time, examinees()[:30])
    before = dump(postgres_url)
    added = load_tests(deps_at_fixed_time)
    assert (added.students, added.sessions) == (40, 40)
    after = dump(postgres_url)
    assert all(set(before[table]) <= set(after[table]) for table in before)


def test_a_changed_question_stays_changed(deps: Deps, run_query: RunQuery) -> None:
    load_pool(deps)
    run_query("UPDATE assessment.questions SET content = 'Mine' WHERE id = 'alg-001' RETURNING 1")
    load_pool(deps)
    assert run_query("SELECT content FROM assessment.questions WHERE id = 'alg-001'") == [("Mine",)]


def test_without_an_encryption_key_no_api_key_is_stored(
    deps_at_fixed_time: Deps, run_query: RunQuery
) -> None:
    load_workshop(deps_at_fixed_time)
    assert run_query("SELECT count(*), count(openai_api_key) FROM sessions") == [(44, 0)]
