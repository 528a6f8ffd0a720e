"""Databases of live deployments are upgraded with every value and can be used afterwards."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.assessment.former_ids import fixed_uuid
from lib.engine import ItemBank
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.support.databases import Databases
from tests.support.live_assessments import (
    ANSWERS_C,
    FORM_A,
    FORM_B,
    POOL,
    QUESTIONS_C,
    ROWS_A,
    SESSIONS,
)
from tests.support.upgrade import upgrade

Run = Callable[..., None]


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """An empty database, in place of the migrated one."""
    with databases.copy() as url:
        yield url


@pytest.fixture
def run(postgres_url: str) -> Run:
    """Run scripts in the database."""

    def execute(*scripts: str) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for script in scripts:
                connection.execute(script.encode())

    return execute


@pytest.fixture(scope="module")
def connection_to_migrated(databases: Databases) -> Iterator[psycopg.Connection]:
    """A connection to a database with the current schema."""
    with databases.copy() as url:
        upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection


def create_schema(client: TestClient, operator: dict[str, str], **fields: Any) -> Any:
    return client.post("/api/admin-create-unified-schema", json=fields, headers=operator)


def test_oldest_form_is_moved_row_by_row(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A)
    response = create_schema(client, operator, finish=True)
    assert response.status_code == 200, response.text
    assert rows("SELECT id, name, email, grade_level FROM assessment.examinees ORDER BY 1") == [
        ("ann", "Ann", "ann@example.com", 7), ("bob", "Bob", None, 8),
    ]  # fmt: skip
    bob = fixed_uuid("session", "session of bob")
    sessions_query = (
        "SELECT id::text, former_id, student_id, status, total_questions, started_at::text"
    )
    assert rows(f"{sessions_query} FROM assessment.test_sessions ORDER BY started_at") == [
        (SESSIONS[0], None, "ann", "completed", 2, "2025-01-01 10:00:00"),
        (SESSIONS[1], None, "ann", "completed", 1, "2025-02-01 10:00:00"),
        (str(bob), "session of bob", "bob", "active", 0, "2025-03-01 10:00:00"),
    ]
    answers_query = (
        "SELECT former_id, id, session_id::text, question_id, response, is_correct,"
        " response_time_ms, timestamp::text FROM assessment.test_responses ORDER BY former_id"
    )
    assert rows(answers_query) == [
        ("1", fixed_uuid("answer", "1"), SESSIONS[0], "q1", 1, True, 900, "2025-01-01 10:01:00"),
        ("2", fixed_uuid("answer", "2"), SESSIONS[0], "q2", 0, False, 800, "2025-01-01 10:05:00"),
        ("3", fixed_uuid("answer", "3"), SESSIONS[1], "q1", 1, True, 700, "2025-02-01 10:02:00"),
        ("4", fixed_uuid("answer", "4"), str(bob), "q1", 1, True, 600, "2025-03-01 10:02:00"),
    ]
    proficiencies_query = "SELECT student_id, concept_name, proficiency_value::float, proven"
    assert rows(f"{proficiencies_query} FROM assessment.student_proficiencies ORDER BY 1, 2") == [
        ("ann", "Algebra", 1.2, False), ("ann", "Math", 0.5, False), ("bob", "Algebra", 2.9, False),
    ]  # fmt: skip
    set_aside = "SELECT row_data ->> 'proficiency_value' FROM assessment.set_aside_rows"
    assert rows(f"{set_aside} WHERE table_name = 'student_proficiencies'") == [("-0.7",)]
    assert create_schema(client, operator, finish=True).status_code == 200
    assert len(rows(answers_query)) == 4


def test_student_of_the_oldest_form_takes_a_test_and_finds_the_history(
    client: TestClient, operator: dict[str, str], run: Run
) -> None:
    run(FORM_A, ROWS_A)
    assert create_schema(client, operator, finish=True).status_code == 200
    ann = Student(client, upload(client, operator, make_questions(20)), "ann")
    assert set(ann.start()["initial_proficiency"]) == {0.5}
    ann.answer()
    ann.end()
    progress = client.get("/api/student/ann/progress", headers=operator).json()["progress_data"]
    first, second, last = progress["progress_timeline"]
    assert first["proficiency"] == [0.6, 0.4, 0.5, 0.7, 0.5]
    assert (first["questions_answered"], first["date"]) == (2, "2025-01-01T10:09:00Z")
    assert last["questions_answered"] == 1
    maths = progress["concept_progress"]["Math"]
    assert [point["value"] for point in maths["timeline"]][:2] == [0.6, 0.8]
    assert maths["current_level"] == last["proficiency"][0]
    assert maths["improvement"] == pytest.approx(last["proficiency"][0] - 0.6)
    assert second["accuracy"] == 1
    history = client.get("/api/student/ann/history", headers=operator).json()["test_sessions"]
    assert {SESSIONS[0], SESSIONS[1]} <= {session["session_id"] for session in history}


def test_views_that_no_longer_fit_are_dropped_and_kept_as_text(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A)
    body = create_schema(client, operator, finish=True).json()
    assert any("v_right_answers: dropped" in line for line in body["results"])
    definitions = rows("SELECT row_data ->> 'definition' FROM assessment.set_aside_rows"
                " WHERE table_name = 'pg_views' ORDER BY row_data ->> 'name'")  # fmt: skip
    assert len(definitions) == 2
    assert "sum" in definitions[1][0]
    run("CREATE VIEW public.works AS SELECT id FROM assessment.test_sessions")


def test_right_options_are_determined_in_every_spelling_and_other_questions_are_listed(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C)
    body = create_schema(client, operator, finish=True).json()
    pool = fixed_uuid("pool", f"topic_{POOL}")
    items_query = (
        "SELECT i.question_id, q.options ->> i.correct_option, i.concepts, i.guessing"
        " FROM assessment.pool_items i JOIN assessment.questions q ON q.id = i.question_id"
        " WHERE i.pool_id = %s ORDER BY i.question_id"
    )
    items_by_name = {row[0]: row[1:] for row in rows(items_query, pool)}
    assert {
        name: (right, weights) for name, (right, weights, _) in items_by_name.items() if right
    } == ANSWERS_C
    assert items_by_name["lost"][0] is None
    assert (items_by_name["list"][2], items_by_name["objects"][2]) == (0, 0)
    assert any("lost" in line and "right answer" in line for line in body["results"])
    details = client.get(f"/api/pools/{pool}", headers=operator).json()
    (version,) = details["versions"]
    assert version["not_asked"] == ["lost"]
    assert version["repaired"]["the right answer was found among the options"] == ["letter", "list"]
    assert (
        "objects" in version["repaired"]["a discrimination too high for any question was lowered"]
    )
    assert rows(
        "SELECT discrimination FROM assessment.pool_items WHERE question_id = 'objects'"
    ) == [(2.35,)]
    original_answers = (
        "SELECT row_data ->> 'correct_answer' FROM assessment.set_aside_rows WHERE reason LIKE"
    )
    assert rows(f"{original_answers} '%%right answer%%' AND row_data ->> 'id' = 'list'") == [
        (" TWO ",)
    ]


def test_pool_in_logits_keeps_its_curves(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C)
    create_schema(client, operator, finish=True)
    items_query = (
        "SELECT concepts, difficulty, discrimination FROM assessment.pool_items"
        " WHERE question_id LIKE 'logit%%' ORDER BY question_id"
    )
    for (weights, difficulty, discrimination), (a, b) in zip(
        rows(items_query), [(1.1, -1.5), (0.9, 0.8)], strict=True
    ):
        bank = ItemBank.from_questions([weights], difficulty, discrimination)
        for theta in ([-1.0, 0.5], [0.3, 0.3], [2.0, -0.4]):
            x = a * sum(w * t for w, t in zip(weights, theta, strict=True)) - b
            assert bank.probability(theta)[0] == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-9)


def test_student_takes_a_test_on_an_old_pool_by_its_former_id(
    client: TestClient, operator: dict[str, str], run: Run
) -> None:
    run(FORM_A, ROWS_A, FORM_B, QUESTIONS_C)
    assert create_schema(client, operator, finish=True).status_code == 200
    student = Student(client, f"topic_{POOL}", "ann")
    body = student.start(concept_names=["Algebra", "Geometry"])
    question_ids = set()
    while student.question is not None:
        question = student.question
        right_text = ANSWERS_C[question["id"]][0]
        response = student.post(question["id"], question["options"].index(right_text)).json()
        question_ids.add(question["id"])
        student.question = response.get("next_question")
    summary = response["test_summary"]
    assert (summary["total_questions"], summary["correct_responses"]) == (5, 5)
    assert summary == client.post(f"/api/test/end/{body['session_id']}").json()["summary"]
    assert question_ids == set(ANSWERS_C)
    status = client.get(f"/api/test/status/{body['session_id']}").json()
    assert status["status"] == "completed"


NO_SESSION = "session_not_found"
NO_POOL = "pool_not_found"
CALLS: list[tuple[str, str, str | None, str]] = [
    ("GET", "/api/test/status/{}", None, NO_SESSION),
    ("POST", "/api/test/end/{}", None, NO_SESSION),
    ("POST", "/api/test/end", "session_id", NO_SESSION),
    ("POST", "/api/test/submit", "session_id", NO_SESSION),
    ("POST", "/api/test/start", "session_id", NO_SESSION),
    ("POST", "/api/test/start", "question_pool_id", NO_POOL),
    ("POST", "/api/test/tickets", "question_pool_id", NO_POOL),
    ("POST", "/api/admin-reset-test", "session_id", NO_SESSION),
    ("POST", "/api/admin-pool-version", "question_pool_id", NO_POOL),
    ("POST", "/api/admin-calibrate", "question_pool_id", NO_POOL),
    ("GET", "/api/debug/session/{}", None, NO_SESSION),
    ("POST", "/api/debug/sync/{}", None, NO_SESSION),
    ("GET", "/api/debug/pool/{}", None, NO_POOL),
    ("GET", "/api/pools/{}", None, NO_POOL),
    ("GET", "/api/pools/{}/questions", None, NO_POOL),
    ("GET", "/api/pools/{}/results", None, NO_POOL),
    ("GET", "/api/student/ann/progress?session_id={}", None, "student_not_found"),
]
"""Method, path, field of the body that contains the id, and the expected code."""
OTHER_FIELDS: dict[str, dict[str, Any]] = {
    "/api/test/submit": {"question_id": "q", "response": 0},
    "/api/test/start": {"student_id": "ann"},
    "/api/test/tickets": {"student_ids": ["ann"]},
    "/api/admin-pool-version": {"version": 1},
}


@pytest.mark.parametrize(("method", "path", "field", "code"), CALLS)
def test_unknown_ids_that_are_not_uuids_are_not_found(
    client: TestClient,
    operator: dict[str, str],
    method: str,
    path: str,
    field: str | None,
    code: str,
) -> None:
    create_schema(client, operator)
    ids_in_bodies: list[str | int] = ["", 12, "x" * 300, "two\nlines"]
    for text in ["topic_none", "1", "ünï", *(ids_in_bodies if field else [])]:
        body = {**OTHER_FIELDS.get(path, {}), field: text} if field else None
        headers = {} if "session_id={}" in path else operator
        response = client.request(method, path.format(text), json=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (404, code), (text, response.text)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.uuids().map(str))
@example("{5F0C6B8E-3F0D-4B0E-9A52-0D8F6F2F7B11}")
@example("urn:uuid:5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11")
@example("\t5f0c6b8e3f0d4b0e9a520d8f6f2f7b11\n")
def test_upgrade_and_requests_derive_the_same_uuid_from_an_id(
    connection_to_migrated: psycopg.Connection, text: str
) -> None:
    cursor = connection_to_migrated.execute("SELECT assessment.fixed_uuid('pool', %s)", [text])
    assert cursor.fetchone() == (fixed_uuid("pool", text),)


def test_session_without_a_status_gets_the_one_that_follows_from_its_end(
    client: TestClient, operator: dict[str, str], run: Run
) -> None:
    run(FORM_A, ROWS_A, "UPDATE test_sessions SET status = NULL, accuracy = 'NaN'")
    assert create_schema(client, operator, finish=True).status_code == 200
    for session, status in ((SESSIONS[0], "completed"), ("session of bob", "expired")):
        assert client.get(f"/api/test/status/{session}").json()["status"] == status
    history = client.get("/api/student/ann/history", headers=operator)
    assert [test["accuracy"] for test in history.json()["test_sessions"]] == [None, None]


def test_session_of_the_oldest_form_is_found_by_its_former_id(
    client: TestClient, operator: dict[str, str], run: Run
) -> None:
    run(FORM_A, ROWS_A)
    create_schema(client, operator, finish=True)
    status = client.get("/api/test/status/session of bob")
    assert status.status_code == 200, status.text
    session_header = {"X-Session-Id": "session of bob"}
    assert client.get("/api/student/bob/history", headers=session_header).status_code == 200
    assert client.get("/api/student/ann/history", headers=session_header).status_code == 404


def test_table_that_cannot_be_converted_is_refused_and_other_contexts_are_upgraded(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(
        FORM_A.replace(
            "is_correct INTEGER NOT NULL CHECK (is_correct IN (0, 1))",
            "is_correct INTEGER GENERATED ALWAYS AS (length(question_id) - 1) STORED",
        ),
        "DROP TABLE students CASCADE",  # the workshop has a table of this name
    )
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    response = create_schema(client, operator, finish=True)
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    for word in ("is_correct", "test_responses", "integer", "boolean"):
        assert word in response.json()["error"]
    names = {name for (name,) in rows(tables)}
    assert {"test_responses", "test_sessions", "sessions", "step_progress", "events"} <= names
    assert client.get("/health").json()["schema"]["behind"]
    report = {"sessionToken": "ws_1764200000000_" + "5f" * 32, "stepNumber": 1, "completed": True}
    assert client.post("/api/student-progress", json=report).status_code == 200


COLUMNS = {
    "session_id": ["TEXT", "UUID", "VARCHAR(40)"],
    "is_correct": ["INTEGER", "BOOLEAN", "TEXT", "SMALLINT", ""],
    "response": ["INTEGER", "TEXT", "BIGINT", "NUMERIC", ""],
    "answer_id": ["SERIAL", "UUID DEFAULT gen_random_uuid()", "BIGSERIAL"],
    "pool": ["", "TEXT", "UUID"],
    "vector": ["JSON", "JSONB", "TEXT", "DOUBLE PRECISION[]"],
    "time": ["TIMESTAMPTZ", "TIMESTAMP", "TEXT", "BIGINT"],
}
VECTORS = {"DOUBLE PRECISION[]": "{0.6,0.4}"}
TIMES = {"BIGINT": "1735725600", "TEXT": "2025-01-01T10:00:00Z"}
MIXTURE = st.fixed_dictionaries(
    {name: st.sampled_from(kinds) for name, kinds in COLUMNS.items()}
).filter(lambda kinds: kinds["response"] or kinds["is_correct"])


def mixture(kinds: dict[str, str]) -> str:
    """Return SQL that creates tables with these column types, and two answers of one session."""
    vector = VECTORS.get(kinds["vector"], "[0.6,0.4]")
    moment = TIMES.get(kinds["time"], "2025-01-01 10:00Z")
    pool = f", question_pool_id {kinds['pool']}" if kinds["pool"] else ""
    optional_columns = [name for name in ("response", "is_correct") if kinds[name]]
    definitions = "".join(f", {name} {kinds[name]} NOT NULL" for name in optional_columns)
    names = ["student_id", "session_id", "question_id", "proficiency_after", "timestamp"]
    names += optional_columns
    results = {"response": (1, 2), "is_correct": (0, 1)}
    rows = [
        [
            "ann",
            SESSIONS[0],
            f"q{n}",
            vector,
            moment,
            *(results[name][n] for name in optional_columns),
        ]
        for n in (0, 1)
    ]
    values = ", ".join(str(tuple(map(str, row))) for row in rows)
    return f"""
    CREATE TABLE students (id TEXT PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE test_sessions (id {kinds["session_id"]} PRIMARY KEY, student_id TEXT NOT NULL
      REFERENCES students(id), status TEXT, total_questions INT, started_at {kinds["time"]},
      final_proficiency {kinds["vector"]}{pool});
    CREATE TABLE test_responses (id {kinds["answer_id"]} PRIMARY KEY,
      student_id TEXT NOT NULL, question_id TEXT NOT NULL,
      session_id {kinds["session_id"]} NOT NULL REFERENCES test_sessions(id),
      proficiency_after {kinds["vector"]}, timestamp {kinds["time"]}{definitions});
    INSERT INTO students VALUES ('ann', 'Ann');
    INSERT INTO test_sessions
      (id, student_id, status, total_questions, started_at, final_proficiency)
      VALUES ('{SESSIONS[0]}', 'ann', 'completed', 2, '{moment}', '{vector}');
    INSERT INTO test_responses ({", ".join(names)}) VALUES {values};
    """


@hypothesis_settings(max_examples=25)
@given(kinds=MIXTURE)
def test_any_mixture_of_column_types_is_moved_with_every_value(
    databases: Databases, kinds: dict[str, str]
) -> None:
    with databases.copy() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(mixture(kinds).encode())
        reports = upgrade(url)
        assert any("test_responses" in line for line in reports)
        answers = connection.execute(
            "SELECT s.id::text, r.student_id, r.question_id, r.is_correct, r.response,"
            " r.proficiency_after, r.timestamp::text, s.final_proficiency, s.started_at::text"
            " FROM assessment.test_responses r"
            " JOIN assessment.test_sessions s ON s.id = r.session_id"
            " ORDER BY r.question_id"
        ).fetchall()
        responses = [1, 2] if kinds["response"] else [0, 1]  # the old service sent 1 for right
        correct = [False, True] if kinds["is_correct"] else [None, None]
        assert answers == [
            (SESSIONS[0], "ann", f"q{n}", correct[n], responses[n], [0.6, 0.4],
             "2025-01-01 10:00:00", [0.6, 0.4], "2025-01-01 10:00:00")
            for n in (0, 1)
        ]  # fmt: skip
        assert connection.execute("SELECT count(*) FROM assessment.set_aside_rows").fetchone() == (
            0,
        )
