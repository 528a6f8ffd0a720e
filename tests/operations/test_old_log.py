"""The rows of the old log function's tables, keyed by numbers, are copied to the unified schema."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.queries import load_script
from lib.database.schema import DOWNGRADE
from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD

CREATE = "/api/admin-create-unified-schema"
OLD_LOG = """
CREATE TABLE public.students (
  student_id SERIAL PRIMARY KEY, student_email VARCHAR(255) UNIQUE, student_name TEXT,
  shoe_size INTEGER, created_at TIMESTAMP
);
CREATE TABLE public.events (
  event_id SERIAL PRIMARY KEY, student_id INTEGER REFERENCES public.students, session_token TEXT,
  event_type VARCHAR(50) NOT NULL, event_data JSONB, user_agent TEXT, created_at TIMESTAMP
);
CREATE INDEX idx_events_student ON public.events (student_id);
INSERT INTO public.students (student_email, student_name, created_at) VALUES
  ('Ann@X.org', 'Ann', '2025-01-01'), ('ann@x.org ', NULL, '2025-01-02'), (NULL, 'Nobody', NULL);
INSERT INTO public.events
  (student_id, session_token, event_type, event_data, user_agent, created_at) VALUES
  (1, 'ws_1_ann', 'navigation', '{"to": "step 2"}', 'curl', '2025-01-03'),
  (2, 'ws_1_ann', 'error', '"{\\"code\\": 7}"', NULL, '2025-01-04'),
  (3, NULL, 'action', NULL, NULL, '2025-01-05'),
  (NULL, 'ws_2_stranger', 'action', '[1]', NULL, '2025-01-06');
"""
EVENTS = """
SELECT event_type, session_token, student_email, event_data, e.created_at::date::text
FROM public.events AS e LEFT JOIN public.students USING (student_id)
WHERE e.event_type <> 'session_created' ORDER BY e.created_at, e.id
"""


@pytest.fixture
def old_log(settings: Settings, empty_postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The application's database, which has the old log function's tables."""
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(OLD_LOG.encode())
        yield connection
    install_deps(None)
    deps.close()


def create() -> Any:
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    response = client.post(CREATE, json={"adminPassword": ADMIN_PASSWORD})
    assert response.status_code == 200, response.text
    return response.json()


def fetch(connection: psycopg.Connection[Any], query: str) -> list[Any]:
    return connection.execute(query.encode()).fetchall()


def test_people_and_events_of_the_old_log_are_copied_and_reported(
    old_log: psycopg.Connection[Any],
) -> None:
    results = "\n".join(create()["results"])
    people = fetch(old_log, "SELECT student_email, student_name FROM public.students ORDER BY 1")
    assert ("ann@x.org", "Ann") in people
    assert [name for email, name in people if email.startswith("anonymous_")].count("Nobody") == 1
    assert len(people) == 3
    anonymous = {email for email, _ in people} - {"ann@x.org"}
    events = fetch(old_log, EVENTS)
    assert events[:2] == [
        ("navigation", "ws_1_ann", "ann@x.org",
         {"to": "step 2", "_legacy": {"user_agent": "curl"}}, "2025-01-03"),
        ("error", "ws_1_ann", "ann@x.org", {"code": 7}, "2025-01-04"),
    ]  # fmt: skip
    assert [event[:2] + event[3:] for event in events[2:]] == [
        ("action", None, {}, "2025-01-05"),
        ("action", "ws_2_stranger", {"value": [1]}, "2025-01-06"),
    ]
    assert {event[2] for event in events[2:]} == anonymous
    assert fetch(old_log, "SELECT session_token FROM public.sessions ORDER BY 1") == [
        ("ws_1_ann",), ("ws_2_stranger",)
    ]  # fmt: skip
    assert "a table of the old log; people: 2" in results
    assert "a table of the old log; events: 4, sessions: 2" in results
    assert "shoe_size" in results


def test_the_old_tables_keep_their_rows_and_a_second_call_copies_nothing(
    old_log: psycopg.Connection[Any],
) -> None:
    create()
    before = fetch(old_log, EVENTS)
    create()
    assert fetch(old_log, EVENTS) == before
    backups = fetch(
        old_log, "SELECT relname FROM pg_class WHERE relname ~ '^(events|students)_backup_[0-9]+$'"
    )
    assert len(backups) == 2
    counts = [fetch(old_log, f"SELECT count(*) FROM public.{name}")[0][0] for (name,) in backups]
    assert sorted(counts) == [3, 4]


def test_a_downgrade_returns_the_old_tables_and_an_upgrade_copies_their_new_rows(
    old_log: psycopg.Connection[Any],
) -> None:
    create()
    events_before = fetch(old_log, EVENTS)
    with old_log.transaction():
        old_log.execute(load_script(DOWNGRADE).encode())
    assert fetch(old_log, "SELECT count(*) FROM public.events WHERE student_id = 1") == [(1,)]
    old_log.execute(
        "INSERT INTO public.events (student_id, session_token, event_type, created_at) "
        "VALUES (1, 'ws_1_ann', 'later', '2025-02-01')"
    )
    create()
    assert fetch(old_log, EVENTS) == [
        *events_before, ("later", "ws_1_ann", "ann@x.org", {}, "2025-02-01")
    ]  # fmt: skip


def test_old_events_beside_the_unified_students_are_copied(
    old_log: psycopg.Connection[Any],
) -> None:
    old_log.execute("DROP TABLE public.students CASCADE")
    create()
    assert [event[:2] for event in fetch(old_log, EVENTS)] == [
        ("navigation", "ws_1_ann"), ("error", "ws_1_ann"),
        ("action", None), ("action", "ws_2_stranger"),
    ]  # fmt: skip
