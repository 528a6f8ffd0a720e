"""A person is erased from every context, by any of the person's ids and e-mails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from tests.assessment.conftest import Student, make_questions, upload
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
Post = Callable[..., Any]
PATH = "/api/admin-delete-student"
EMAIL = "ann.canary@example.com"
LIST_TABLES = """
  SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'assessment', 'legacy', 'stepwise')"""


@pytest.fixture
def pool_id(client: TestClient, operator: dict[str, str]) -> str:
    return upload(client, operator, make_questions(12))


@pytest.fixture
def ann_id(client: TestClient, post: Post, rows: Rows, pool_id: str) -> str:
    """Create Ann and Ben in the workshop and the assessment; return Ann's id.

    In the assessment, Ann is three examinees: under her id and two spellings of her e-mail. Another
    examinee there is a stranger, whose e-mail ends with hers.
    """
    for n, name in enumerate(("ann.canary", "ben")):
        token = f"{TOKEN[:-2]}0{n}"
        post(sessionToken=token, studentEmail=f"{name}@example.com", stepNumber=2, completed=True)
        client.post("/api/report-bug", json={"sessionToken": token, "description": f"{name} bug"})
    ((student_id,),) = rows("SELECT student_id FROM students WHERE student_email = %s", EMAIL)
    for examinee in (str(student_id), f" {EMAIL.upper()}", f"Ann <{EMAIL}>", "ben", f"x{EMAIL}"):
        student = Student(client, pool_id, examinee)
        student.start()
        for _ in range(3):
            student.answer()
        if examinee != f" {EMAIL.upper()}":  # Ann's second test stays active
            student.end()
    rows(
        "INSERT INTO assessment.set_aside_rows (table_name, reason, row_data) VALUES"
        " ('assessment.student_proficiencies', 'twice',"
        "  jsonb_build_object('student_id', %s::text)),"
        " ('assessment.student_proficiencies', 'twice', '{\"student_id\": \"ben\"}')",
        str(student_id),
    )
    return str(student_id)


def stored_text(rows: Rows) -> str:
    """Return the text of all rows in the tables of LIST_TABLES but the audit trail."""
    tables = [table for (table,) in rows(LIST_TABLES) if table != "public.operator_audit"]
    return "\n".join(row for table in tables for (row,) in rows(f"SELECT t::text FROM {table} t"))


def everything(rows: Rows) -> str:
    """Return `stored_text` with the rows of the study planner and of schemas set aside."""
    tables = rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname ~ '^learning$|_set_aside_'"
    )
    texts = [row for (table,) in tables for (row,) in rows(f"SELECT t::text FROM {table} t")]
    return "\n".join([stored_text(rows), *texts])


def count_rows(rows: Rows, table: str) -> int:
    return int(rows(f"SELECT count(*) FROM {table}")[0][0])


def erase(client: TestClient, operator: dict[str, str], **body: Any) -> Any:
    return client.post(PATH, json=body, headers=operator)


@pytest.mark.parametrize("by", ["studentEmail", "studentId", "testStudentId", "test e-mail"])
def test_any_id_or_email_erases_the_person_from_every_context(
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
    ann_id: str,
    by: str,
) -> None:
    names = {
        "studentEmail": {"studentEmail": f"Ann <{EMAIL.upper()}>"},
        "studentId": {"studentId": ann_id},
        "testStudentId": {"testStudentId": ann_id.upper()},
        "test e-mail": {"testStudentId": EMAIL},
    }
    response = erase(client, operator, **names[by])
    assert response.status_code == 200, response.text
    assert response.json()["removed"] == {
        "workshop": {"students": 1, "sessions": 1, "steps": 1, "events": 4, "olderRows": 0},
        "assessment": {
            "students": 3,
            "tests": 3,
            "answers": 9,
            "proficiencies": 10,
            "setAside": 1,
        },
        "learning": dict.fromkeys(
            (
                "users",
                "profiles",
                "attempts",
                "mastery",
                "plans",
                "marks",
                "tokens",
                "syncOperations",
                "setAside",
            ),
            0,
        ),
    }
    assert response.json()["cacheCleared"] is True
    remaining_text = stored_text(rows)
    for trace in (ann_id, f"Ann <{EMAIL}", f" {EMAIL.upper()}", "ann.canary bug"):
        assert trace not in remaining_text
    assert remaining_text.replace(f"x{EMAIL}", "").count(EMAIL) == 0
    assert count_rows(rows, "students") == 1
    assert count_rows(rows, "assessment.examinees") == 2
    assert count_rows(rows, "assessment.test_responses") == 6
    assert count_rows(rows, "assessment.set_aside_rows") == 1
    assert erase(client, operator, **names[by]).status_code == 404


@pytest.mark.parametrize(
    "statement",
    [
        "DROP FUNCTION public.remove_student(text)",
        "DROP FUNCTION assessment.remove_students(text[])",
        "DROP FUNCTION learning.remove_person(text, uuid)",
        "ALTER SCHEMA assessment RENAME TO assessment_set_aside_20260102_030405",
        "ALTER SCHEMA learning RENAME TO learning_set_aside_20260102_030405_000006",
    ],
)
def test_nothing_is_removed_while_a_context_cannot_remove_its_rows(
    client: TestClient, operator: dict[str, str], rows: Rows, ann_id: str, statement: str
) -> None:
    rows(
        "INSERT INTO learning.users (id, username, password_hash, role)"
        " VALUES (%s, 'ann canary', 'x', 'student')",
        ann_id,
    )
    rows(statement)
    before = everything(rows)
    assert "ann canary" in before
    for body in ({"studentEmail": EMAIL}, {"studentId": ann_id, "learningUsername": "ann canary"}):
        response = erase(client, operator, **body)
        assert (response.status_code, response.json()["code"]) == (503, "schema_missing")
        assert "make migrate" in response.json()["error"]
    assert everything(rows) == before


def test_person_is_erased_from_a_database_without_the_other_contexts(
    client: TestClient, operator: dict[str, str], rows: Rows, ann_id: str
) -> None:
    rows("SET stepwise.removal = 'test'; DROP SCHEMA assessment, learning CASCADE")
    response = erase(client, operator, studentId=ann_id)
    assert response.status_code == 200, response.text
    assert response.json()["removed"]["workshop"]["students"] == 1
    assert ann_id not in stored_text(rows)


def test_running_test_of_an_erased_person_takes_no_more_answers(
    client: TestClient, operator: dict[str, str], rows: Rows, pool_id: str
) -> None:
    ann = Student(client, pool_id, "ann")
    ann.start()
    ann.answer()
    assert ann.question is not None
    question = ann.question["id"]
    erase(client, operator, testStudentId="ann").raise_for_status()
    response = ann.post(question, 0)
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
    assert client.get(f"/api/test/status/{ann.session_id}").status_code == 404
    assert count_rows(rows, "assessment.test_responses") == 0


def test_erasing_works_while_redis_is_away(
    client_for: Callable[[str], TestClient], operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    client = client_for("index")
    pool_id = upload(client, operator, make_questions(12))
    ann = Student(client, pool_id, "ann")
    ann.start()
    assert ann.question is not None
    question = ann.question["id"]
    without_redis = Deps(replace(deps.settings, redis_url="http://127.0.0.1:9"))
    install_deps(without_redis)
    assert erase(client, operator, testStudentId="ann").json()["cacheCleared"] is False
    install_deps(deps)
    without_redis.close()
    assert ann.post(question, 0).status_code == 404
    assert count_rows(rows, "assessment.test_responses") == 0


def test_unknown_person_is_404_and_bad_requests_are_422(
    client: TestClient, operator: dict[str, str], rows: Rows, ann_id: str
) -> None:
    before = stored_text(rows)
    for body, status in (
        ({"studentEmail": "nobody@example.com"}, 404),
        ({"learningUsername": "ann"}, 404),
        ({"studentId": "00000000-0000-4000-8000-000000000000"}, 404),
        ({}, 422),
        ({"studentEmail": " "}, 422),
        ({"studentId": "ann"}, 422),
        ({"student": EMAIL}, 422),
        ({"studentEmail": "a\0b"}, 422),
    ):
        assert erase(client, operator, **body).status_code == status, body
    assert stored_text(rows) == before
    assert ann_id in before


def test_erasing_is_audited_with_counts_and_without_names(
    client: TestClient, operator: dict[str, str], rows: Rows, ann_id: str
) -> None:
    erase(client, operator, studentId=ann_id).raise_for_status()
    ((action, outcome, facts),) = rows(
        "SELECT action, outcome, facts::text FROM operator_audit ORDER BY id DESC LIMIT 1"
    )
    assert (action, outcome) == (PATH, "done")
    assert '"tests": 3' in facts
    assert "canary" not in facts
    assert ann_id not in facts


def test_name_that_is_part_of_another_id_erases_nobody_else(
    client: TestClient, operator: dict[str, str], rows: Rows, pool_id: str
) -> None:
    for examinee in ("ann", "ann2", "joann", "x-ann@x.org", "n@x.org", "ann@x.org.example"):
        Student(client, pool_id, examinee).start()
    erase(client, operator, testStudentId="ANN ").raise_for_status()
    assert count_rows(rows, "assessment.examinees") == 5
    assert erase(client, operator, testStudentId="ann@x.org").status_code == 404
    erase(client, operator, testStudentId="n@x.org").raise_for_status()
    assert count_rows(rows, "assessment.examinees") == 4


@pytest.mark.usefixtures("ann_id")
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM assessment.test_responses",
        "TRUNCATE assessment.test_responses",
        "UPDATE assessment.test_responses SET response = 0",
        "TRUNCATE assessment.test_sessions CASCADE",
    ],
)
def test_statements_outside_an_erasure_cannot_change_answers(rows: Rows, statement: str) -> None:
    before = count_rows(rows, "assessment.test_responses")
    assert before == 15
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="test_responses"):
        rows(statement)
    assert count_rows(rows, "assessment.test_responses") == before


def test_restored_backup_does_not_bring_an_erased_person_back(
    client: TestClient, operator: dict[str, str], rows: Rows, ann_id: str
) -> None:
    backup = client.post("/api/admin-backup", json={}, headers=operator)
    assert backup.status_code == 200, backup.text
    erase(client, operator, studentId=ann_id).raise_for_status()
    with_removal = "SET stepwise.removal = 'test';"
    rows(with_removal + "TRUNCATE students, sessions, events, enrollments, courses CASCADE")
    tables = [table for (table,) in rows(LIST_TABLES) if table.startswith("assessment.")]
    rows(f"{with_removal} TRUNCATE {', '.join(tables)} CASCADE")
    restoration = client.post(
        "/api/admin-restore", json={"name": backup.json()["name"]}, headers=operator
    )
    assert restoration.status_code == 200, restoration.text
    remaining_text = stored_text(rows)
    assert ann_id not in remaining_text
    assert f"Ann <{EMAIL}" not in remaining_text
    assert count_rows(rows, "assessment.examinees") == 2
    assert count_rows(rows, "assessment.test_responses") == 6
