"""The next upgrade merges tables that the guides' CREATE TABLE statements made beside ours."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD
from tests.support.old_assessment import POOL, SESSION

# The statements of the older guide, which name no foreign keys.
QUESTIONS = """
CREATE TABLE public.questions (
  id VARCHAR PRIMARY KEY, pool_id UUID NOT NULL, content TEXT NOT NULL, options JSONB NOT NULL,
  correct_answer VARCHAR NOT NULL, concepts JSONB NOT NULL, difficulty DECIMAL,
  discrimination DECIMAL, created_at TIMESTAMP);
"""
SESSIONS = """
CREATE TABLE public.test_sessions (
  id UUID PRIMARY KEY, student_id VARCHAR NOT NULL, question_pool_id UUID,
  status VARCHAR DEFAULT 'active', initial_proficiency JSONB, total_questions INT DEFAULT 0,
  accuracy DECIMAL, started_at TIMESTAMP, last_activity TIMESTAMP);
"""
RESPONSES = """
CREATE TABLE public.test_responses (
  id UUID PRIMARY KEY, student_id VARCHAR NOT NULL, session_id UUID NOT NULL,
  question_id VARCHAR NOT NULL, response INT NOT NULL, is_correct BOOLEAN, timestamp TIMESTAMP);
"""
OUR_ROWS = f"""
INSERT INTO assessment.examinees (id) VALUES ('ann');
INSERT INTO assessment.questions (id, pool_id, content, options, correct_answer, concepts)
  VALUES ('q1', '{POOL}', '1+1?', '["1", "2"]', '2', '[1]'),
         ('q2', '{POOL}', '2+2?', '["4", "2"]', '4', '[1]');
INSERT INTO assessment.test_sessions (id, student_id) VALUES ('{SESSION.format(1)}', 'ann');
"""


@pytest.fixture
def url(settings: Settings, postgres_url: str) -> Iterator[str]:
    """The URL of a migrated database that the application uses."""
    deps = Deps(replace(settings, postgres_url=postgres_url))
    install_deps(deps)
    yield postgres_url
    install_deps(None)
    deps.close()


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def fetch(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def upgrade() -> Any:
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    return client.post("/api/admin-create-unified-schema", json={"adminPassword": ADMIN_PASSWORD})


def twins(url: str) -> list[Any]:
    return fetch(
        url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN"
        " ('questions', 'test_sessions', 'test_responses', 'student_proficiencies') ORDER BY 1",
    )


def test_empty_twins_are_removed(url: str) -> None:
    execute(url, QUESTIONS + SESSIONS + RESPONSES)
    response = upgrade()
    assert response.status_code == 200
    for name in ("questions", "test_sessions", "test_responses"):
        line = f"public.{name}: empty twin of assessment.{name} removed"
        assert response.json()["results"].count(line) == 1
    assert twins(url) == []
    assert not [line for line in upgrade().json()["results"] if "twin" in line]


def test_new_rows_are_moved_equal_ones_dropped_and_different_ones_set_aside(url: str) -> None:
    execute(url, OUR_ROWS + QUESTIONS)
    execute(
        url,
        f"""
        INSERT INTO public.questions (id, pool_id, content, options, correct_answer, concepts,
          difficulty)
        VALUES ('q1', '{POOL}', '1+1?', '["1", "2"]', '2', '[1]', NULL),  -- NULL counts as equal
               ('q2', '{POOL}', '2+2 = ?', '["4", "2"]', '4', '[1]', 0.5),
               ('q3', '{POOL}', '3+3?', '["6", "2"]', '6', '[1]', 0.4);
        """,
    )
    (line,) = [line for line in upgrade().json()["results"] if "public.questions" in line]
    assert line == (
        "public.questions: twin of assessment.questions merged; rows moved: 1, equal: 1,"
        " set aside in assessment.set_aside_rows: 1 (q2)"
    )
    assert fetch(
        url, "SELECT id, content, difficulty::float, discrimination::float"
        " FROM assessment.questions ORDER BY id"
    ) == [("q1", "1+1?", 0.5, 1.0), ("q2", "2+2?", 0.5, 1.0), ("q3", "3+3?", 0.4, 1.0)]  # fmt: skip
    assert fetch(
        url, "SELECT table_name, reason, row_data->>'content' FROM assessment.set_aside_rows"
    ) == [("public.questions", "another row has this id", "2+2 = ?")]
    # The merged question has a place in its pool, so tests can ask it.
    assert fetch(url, "SELECT count(*) FROM assessment.pool_items WHERE question_id = 'q3'") == [
        (1,)
    ]
    assert twins(url) == []


def test_twin_that_refers_to_another_twin_is_merged_after_it(url: str) -> None:
    execute(url, OUR_ROWS)
    execute(
        url,
        f"""
        {SESSIONS} {RESPONSES}
        ALTER TABLE public.test_responses ADD FOREIGN KEY (session_id)
          REFERENCES public.test_sessions (id);
        INSERT INTO public.test_sessions (id, student_id, started_at)
          VALUES ('{SESSION.format(2)}', 'ann', '2025-01-01'),
                 ('{SESSION.format(3)}', 'nobody', '2025-01-01');
        INSERT INTO public.test_responses (id, student_id, session_id, question_id, response)
          VALUES (gen_random_uuid(), 'ann', '{SESSION.format(2)}', 'q1', 1),
                 (gen_random_uuid(), 'nobody', '{SESSION.format(3)}', 'q1', 1);
        """,
    )
    assert upgrade().status_code == 200
    assert fetch(url, "SELECT id::text FROM assessment.test_sessions ORDER BY id") == [
        (SESSION.format(1),), (SESSION.format(2),),
    ]  # fmt: skip
    assert fetch(url, "SELECT session_id::text FROM assessment.test_responses") == [
        (SESSION.format(2),)
    ]
    assert fetch(
        url, "SELECT table_name, reason FROM assessment.set_aside_rows ORDER BY 1"
    ) == [
        ("public.test_responses", "it violates test_responses_student_id_fkey"),
        ("public.test_sessions", "it violates test_sessions_student_id_fkey"),
    ]  # fmt: skip
    assert twins(url) == []


def test_rows_with_values_that_the_table_cannot_hold_are_set_aside_whole(url: str) -> None:
    execute(url, OUR_ROWS + QUESTIONS.replace("pool_id UUID", "hint TEXT, pool_id TEXT"))
    execute(
        url,
        f"""
        INSERT INTO public.questions (id, pool_id, content, options, correct_answer, concepts, hint)
        VALUES ('q4', 'topic_1', '4+4?', '["8"]', '8', '[1]', NULL),
               ('q5', '{POOL}', '5+5?', '["10"]', '10', '[1]', 'ten'),
               ('q6', '{POOL}', '6+6?', '["12"]', '12', '[1]', NULL);
        """,
    )
    assert upgrade().status_code == 200
    assert fetch(
        url, "SELECT row_data->>'id', reason, row_data->>'hint' FROM assessment.set_aside_rows"
        " ORDER BY 1"
    ) == [
        ("q4", "a value does not fit the type of its column", None),
        ("q5", "it has columns that the table lacks", "ten"),
    ]  # fmt: skip
    assert fetch(url, "SELECT count(*) FROM assessment.questions") == [(3,)]


def test_questions_of_the_learning_system_are_not_a_twin(url: str) -> None:
    execute(
        url,
        "CREATE TABLE public.questions (id SERIAL PRIMARY KEY, concept_id INT, pool_id UUID,"
        " question_text TEXT, question_type TEXT, options JSON, correct_answer TEXT,"
        " difficulty TEXT, expected_time_seconds INT);"
        " INSERT INTO public.questions (concept_id) VALUES (1)",
    )
    before = fetch(url, "SELECT count(*) FROM assessment.questions")
    response = upgrade()
    assert response.status_code == 200, response.text
    assert fetch(url, "SELECT count(*) FROM assessment.questions") == before
    assert not [line for line in response.json()["results"] if "twin of assessment" in line]


def test_a_twin_that_something_depends_on_stays_and_stops_the_upgrade(url: str) -> None:
    execute(url, QUESTIONS + "CREATE VIEW easy AS SELECT id FROM public.questions")
    response = upgrade()
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    assert "public.questions" in response.json()["error"]
    assert "view easy" in response.json()["error"]
    assert twins(url) == [("questions",)]
    execute(url, "DROP VIEW easy")
    assert upgrade().status_code == 200


def test_a_students_table_of_the_tests_is_merged_into_the_examinees(url: str) -> None:
    execute(
        url,
        "DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE;"
        " CREATE TABLE students (id VARCHAR PRIMARY KEY, created_at TIMESTAMP DEFAULT NOW(),"
        " updated_at TIMESTAMP DEFAULT NOW());"
        " INSERT INTO students (id) VALUES ('new')",
    )
    results = upgrade().json()["results"]
    assert [line for line in results if line.startswith("public.students: twin of assessment.exam")]
    assert "students: created" in results
    assert fetch(url, "SELECT id FROM assessment.examinees") == [("new",)]


def test_a_students_table_of_another_application_stops_the_upgrade(url: str) -> None:
    execute(
        url,
        "DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE;"
        " CREATE TABLE students (id TEXT PRIMARY KEY, house TEXT);"
        " INSERT INTO students VALUES ('h', 'Gryffindor')",
    )
    response = upgrade()
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    assert "public.students" in response.json()["error"]
    assert fetch(url, "SELECT * FROM public.students") == [("h", "Gryffindor")]
    assert fetch(url, "SELECT count(*) FROM assessment.examinees") == [(0,)]


def test_only_public_has_tables_with_the_names_that_the_guides_drop(url: str) -> None:
    assert fetch(
        url,
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname IN ('students', 'sessions', 'step_progress', 'events')"
        " AND n.nspname <> 'pg_catalog' AND c.relkind <> 'i' ORDER BY c.relname",
    ) == [("public", "events"), ("public", "sessions"), ("public", "step_progress"),
          ("public", "students")]  # fmt: skip
    execute(url, "INSERT INTO assessment.examinees (id) VALUES ('ann')")
    for _ in range(2):
        execute(
            url,
            "DROP TABLE IF EXISTS events CASCADE; DROP TABLE IF EXISTS step_progress CASCADE;"
            " DROP TABLE IF EXISTS sessions CASCADE; DROP TABLE IF EXISTS students CASCADE;",
        )
    assert upgrade().status_code == 200
    assert fetch(url, "SELECT id FROM assessment.examinees") == [("ann",)]


def test_students_table_of_an_earlier_version_is_renamed_to_examinees(url: str) -> None:
    execute(
        url,
        "INSERT INTO assessment.examinees (id) VALUES ('ann');"
        " ALTER TABLE assessment.examinees RENAME CONSTRAINT examinees_pkey TO students_pkey;"
        " ALTER TABLE assessment.examinees RENAME TO students",
    )
    assert "assessment.students: renamed to assessment.examinees" in upgrade().json()["results"]
    assert fetch(url, "SELECT id FROM assessment.examinees") == [("ann",)]


def test_rows_that_a_column_with_generated_values_refuses_are_set_aside(url: str) -> None:
    execute(
        url,
        "ALTER TABLE assessment.student_proficiencies DROP COLUMN id, ADD COLUMN id BIGINT"
        " GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"
        " INSERT INTO assessment.examinees (id) VALUES ('ann');"
        " CREATE TABLE public.student_proficiencies (id BIGINT PRIMARY KEY,"
        " student_id VARCHAR NOT NULL, concept_name VARCHAR NOT NULL, proficiency_value DECIMAL);"
        " INSERT INTO public.student_proficiencies VALUES (77, 'ann', 'Math', 0.5)",
    )
    assert upgrade().status_code == 200
    assert fetch(url, "SELECT reason, row_data ->> 'id' FROM assessment.set_aside_rows") == [
        ("a column generates its values itself", "77")
    ]
