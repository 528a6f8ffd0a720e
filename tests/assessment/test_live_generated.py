"""Generated live databases are upgraded with every row, and their pools stay usable."""

import math
from collections import defaultdict
from random import Random
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lib.assessment.former_ids import fixed_uuid
from lib.engine import ItemBank
from tests.assessment.conftest import Rows, Student
from tests.assessment.test_live_databases import Run, create_schema, postgres_url, run
from tests.support.live_generator import LiveDatabase, make_live_database
from tests.support.scripts import run_unchecked

__all__ = ["postgres_url", "run"]


@pytest.mark.parametrize("seed", range(16))
def test_generated_database_is_adopted_row_by_row_and_a_test_on_its_pool_works(
    client: TestClient, operator: dict[str, str], postgres_url: str, run: Run, rows: Rows, seed: int
) -> None:
    database = make_live_database(Random(seed))
    run(database.script)
    if seed % 4 == 0:
        process = run_unchecked("migrate.py", "finish", url=postgres_url)
        assert process.returncode == 0, process.stderr
    else:
        response = create_schema(client, operator, finish=True)
        assert response.status_code == 200, response.text
    check_answers(database, rows)
    check_proficiencies(database, rows)
    check_sessions(database, rows)
    check_questions(database, rows)
    take_test(database, client, operator)


def row_id(database: LiveDatabase, column: str, kind: Any, number: int) -> UUID:
    return fixed_uuid(kind, str(number)) if "SERIAL" in database.types[column] else UUID(int=number)


def check_answers(database: LiveDatabase, rows: Rows) -> None:
    """Check that the first answer to a question in a session stays, and others are set aside."""
    first_answers: dict[tuple[str, str], Any] = {}
    for answer in sorted(database.answers, key=lambda it: (it.at, it.number)):
        first_answers.setdefault((answer.session, answer.question), answer)
    answers = rows(
        "SELECT id, student_id, session_id::text, question_id, is_correct, response,"
        " timestamp, proficiency_after FROM assessment.test_responses"
    )
    has_grades = bool(database.types["is_correct"])
    assert sorted(answers) == sorted(
        (
            row_id(database, "answer_id", "answer", answer.number),
            answer.student,
            answer.session,
            answer.question,
            answer.is_correct if has_grades else None,
            int(answer.is_correct),
            answer.at.replace(tzinfo=None),
            [0.5, 0.25, 1.5],
        )
        for answer in first_answers.values()
    )
    set_aside_ids = rows(
        "SELECT (row_data ->> 'id')::uuid FROM assessment.set_aside_rows"
        " WHERE table_name = 'test_responses'"
    )
    assert {row[0] for row in set_aside_ids} == {
        row_id(database, "answer_id", "answer", answer.number)
        for answer in database.answers
        if answer not in first_answers.values()
    }


def check_proficiencies(database: LiveDatabase, rows: Rows) -> None:
    """Check that the newest value of a student in a concept stays, and others are set aside."""
    newest_proficiencies = {
        (it.student, it.concept): it
        for it in sorted(database.proficiencies, key=lambda it: (it.at, it.number))
    }
    if database.types["proficiency_id"] == "UUID":
        # UUIDs do not show the order: of rows with the same time, the lowest id stays.
        for old_row in sorted(database.proficiencies, key=lambda it: it.number, reverse=True):
            if old_row.at == newest_proficiencies[old_row.student, old_row.concept].at:
                newest_proficiencies[old_row.student, old_row.concept] = old_row
    proficiencies = rows(
        "SELECT id, student_id, concept_name, proficiency_value::float, updated_at, proven"
        " FROM assessment.student_proficiencies"
    )
    assert sorted(proficiencies) == sorted(
        (
            row_id(database, "proficiency_id", "proficiency", it.number),
            it.student,
            it.concept,
            it.value,
            it.at.replace(tzinfo=None),
            False,
        )
        for it in newest_proficiencies.values()
    )
    ((set_aside_count,),) = rows(
        "SELECT count(*) FROM assessment.set_aside_rows WHERE table_name = 'student_proficiencies'"
    )
    assert set_aside_count + len(newest_proficiencies) == len(database.proficiencies)


def check_sessions(database: LiveDatabase, rows: Rows) -> None:
    pool = fixed_uuid("pool", database.pool) if database.types["pool_of_session"] else None
    sessions = rows(
        "SELECT id::text, student_id, question_pool_id, status, final_proficiency, started_at"
        " FROM assessment.test_sessions ORDER BY started_at"
    )
    assert sessions == [
        (
            session.id,
            session.student,
            pool,
            session.status or "completed",
            session.final,
            session.started.replace(tzinfo=None),
        )
        for session in database.sessions
    ]


def check_questions(database: LiveDatabase, rows: Rows) -> None:
    """Check options, right option and weights; then the parameters, or the curves if in logits."""
    items = rows(
        "SELECT q.id, q.options, i.correct_option, i.concepts, i.difficulty, i.discrimination"
        " FROM assessment.pool_items i JOIN assessment.questions q ON q.id = i.question_id"
        " WHERE i.pool_id = %s ORDER BY q.id",
        fixed_uuid("pool", database.pool),
    )
    assert [item[:4] for item in items] == [
        (question.id, question.options, question.right, question.weights)
        for question in database.questions
    ]
    for question, (*_, difficulty, discrimination) in zip(database.questions, items, strict=True):
        if not database.in_logits:
            expected = question.difficulty, question.discrimination
            assert (difficulty, discrimination) == pytest.approx(expected)
            continue
        bank = ItemBank.from_questions([question.weights], difficulty, discrimination)
        for theta in ([-1.5, 0.3, 2.0], [0.0, 0.0, 0.0], [1.0, -2.0, 0.4]):
            x = sum(w * t for w, t in zip(question.weights, theta, strict=True))
            curve = 1 / (1 + math.exp(question.difficulty - question.discrimination * x))
            assert bank.probability(theta)[0] == pytest.approx(curve, abs=1e-9)


def take_test(database: LiveDatabase, client: TestClient, operator: dict[str, str]) -> None:
    """Take a test as a student of the old service, with right answers only; check the history."""
    old_sessions = defaultdict(list)
    for session in database.sessions:
        old_sessions[session.student].append(session)
    name = database.sessions[0].student
    student = Student(client, database.pool, name)
    assert student.start(concept_names=["A", "B", "C"])["initial_proficiency"] == [0.5] * 3
    right_options = {question.id: question.right for question in database.questions}
    while student.question is not None:
        response = student.post(student.question["id"], right_options[student.question["id"]])
        assert response.status_code == 200, response.text
        student.question = response.json().get("next_question")
    assert response.json()["test_summary"]["correct_responses"] == len(database.questions)
    history = client.get(f"/api/student/{name}/history", headers=operator)
    assert [it["session_id"] for it in history.json()["test_sessions"]] == [
        student.session_id,
        *(session.id for session in reversed(old_sessions[name])),
    ]
    progress = client.get(f"/api/student/{name}/progress", headers=operator).json()
    timeline = progress["progress_data"]["progress_timeline"]
    old_points = [point for point in timeline if point["session_id"] != student.session_id]
    final_proficiencies = {session.id: session.final for session in old_sessions[name]}
    assert [point["proficiency"] for point in old_points] == [
        final_proficiencies[point["session_id"]] for point in old_points
    ]
    for session in database.sessions:
        assert client.get(f"/api/test/status/{session.id}").status_code == 200
