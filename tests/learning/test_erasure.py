"""A user of the study planner is erased with everything, and stays erased."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.learning.fixed_ids import fixed_uuid
from tests.support.databases import Databases
from tests.support.live_learning import BCRYPT, LIVE_TABLES, LOOSEN, insert
from tests.support.upgrade import upgrade

Rows = Callable[..., list[tuple[Any, ...]]]
PATH = "/api/admin-delete-student"
NAME = "ann canary"
LIST_TABLES = """
  SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND (n.nspname IN ('public', 'learning', 'legacy', 'stepwise')
    OR n.nspname LIKE '%set_aside%') AND c.relname <> 'operator_audit'"""


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A live database with Ann (user 1, student 11) and Ben (2, 12), adopted."""
    with databases.copy() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(LIVE_TABLES + LOOSEN)
            fill(connection)
        upgrade(url)
        yield url


@pytest.fixture
def rows(postgres_url: str) -> Iterator[Rows]:
    """Run a statement; return its rows."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        def fetch(query: str, *params: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

        yield fetch


def fill(connection: psycopg.Connection[Any]) -> None:
    insert(connection, "topics", [{"id": 1, "name": "t", "exam_weightage": 100,
                                   "estimated_hours": 1}])  # fmt: skip
    insert(connection, "concepts", [{"id": 1, "topic_id": 1, "name": "c"}])
    insert(connection, "questions", [
        {"id": 1, "concept_id": 1, "question_text": "?", "question_type": "numerical",
         "correct_answer": "1", "difficulty": "easy"}])  # fmt: skip
    for number, name in ((1, NAME), (2, "ben")):
        student = number + 10
        insert(
            connection,
            "users",
            [{"id": number, "username": name, "password_hash": BCRYPT, "role": "student"}],
        )
        insert(
            connection,
            "student_profiles",
            [{"id": student, "user_id": number, "grade": 9, "target_exam": f"exam of {name}"}],
        )
        insert(
            connection,
            "question_attempts",
            [
                {
                    "id": id_,
                    "student_id": student,
                    "question_id": 1,
                    "answer": f"{name} {seconds}",
                    "is_correct": True,
                    "time_taken_seconds": seconds,
                    "confidence": 3,
                }
                for id_, seconds in ((number * 10, 5), (number * 10 + 1, 0))
            ],
        )  # the attempt of 0 seconds is not adopted
        insert(
            connection,
            "concept_mastery",
            [{"id": number, "student_id": student, "concept_id": 1, "mastery_score": 10}],
        )
        insert(
            connection,
            "study_plans",
            [
                {
                    "id": number,
                    "student_id": student,
                    "plan_type": "daily",
                    "start_date": "2025-01-01",
                    "end_date": "2025-01-02",
                    "topics": f'{{"of": "{name}"}}',
                }
            ],
        )
        insert(
            connection,
            "sync_operations",
            [
                {
                    "id": number * 10,
                    "operation_type": "create",
                    "table_name": "question_attempts",
                    "record_id": 1,
                    "data": f'{{"student_id": {student}, "answer": "{name}"}}',
                },
                {
                    "id": number * 10 + 1,
                    "operation_type": "update",
                    "table_name": "student_profiles",
                    "record_id": student,
                    "data": f'{{"target_exam": "exam of {name}"}}',
                },
                {
                    "id": number * 10 + 2,
                    "operation_type": "create",
                    "table_name": "accounts",
                    "record_id": 1,
                    "data": f'{{"username": "{name}"}}',
                },
            ],
        )
    connection.execute("INSERT INTO classes (name, teacher_id, grade) VALUES ('9a', 1, 9)")


def everything(rows: Rows) -> str:
    tables = [table for (table,) in rows(LIST_TABLES)]
    return "\n".join(row for table in tables for (row,) in rows(f"SELECT t::text FROM {table} t"))


def add_new_rows(rows: Rows) -> None:
    """Give both users a refresh token, a mark and a synchronised change."""
    for number in (1, 2):
        user, student = fixed_uuid("users", number), fixed_uuid("student_profiles", number + 10)
        rows(
            "INSERT INTO learning.refresh_tokens (id, user_id, token_sha256, family_id, expires_at)"
            " VALUES (gen_random_uuid(), %s, %s, gen_random_uuid(), now())",
            user,
            str(number),
        )
        rows("INSERT INTO learning.exam_marks (id, student_id, exam, exam_date, mark)"
             " VALUES (gen_random_uuid(), %s, 'x', now(), 5)", student)  # fmt: skip
        rows("INSERT INTO learning.sync_operations (id, student_id, operation_type, table_name,"
             " record_id, data, timestamp) VALUES (gen_random_uuid(), %s, 'create',"
             " 'question_attempts', 'r', '{}', now())", student)  # fmt: skip


def erase(client: TestClient, operator: dict[str, str], **body: Any) -> Any:
    return client.post(PATH, json=body, headers=operator)


@pytest.mark.parametrize("by", ["learningUsername", "user's studentId", "profile's studentId"])
def test_user_is_erased_with_everything_and_others_stay(
    client: TestClient, operator: dict[str, str], rows: Rows, by: str
) -> None:
    add_new_rows(rows)
    body = {
        "learningUsername": {"learningUsername": NAME},
        "user's studentId": {"studentId": str(fixed_uuid("users", 1))},
        "profile's studentId": {"studentId": str(fixed_uuid("student_profiles", 11))},
    }[by]
    response = erase(client, operator, **body)
    assert response.status_code == 200, response.text
    # Set aside: a user, a profile, two attempts, a mastery, a plan and three operations.
    assert response.json()["removed"]["learning"] == {
        "users": 1, "profiles": 1, "attempts": 1, "mastery": 1, "plans": 1, "marks": 1, "tokens": 1,
        "syncOperations": 4, "setAside": 9,
    }  # fmt: skip
    remaining = everything(rows)
    assert "canary" not in remaining
    assert str(fixed_uuid("users", 1)) not in remaining
    counts_of_ben = {"sync_operations": 4}
    for table in (
        "users",
        "student_profiles",
        "question_attempts",
        "concept_mastery",
        "study_plans",
        "exam_marks",
        "refresh_tokens",
        "sync_operations",
        "classes",
    ):
        count = counts_of_ben.get(table, 1)
        assert rows(f"SELECT count(*) FROM learning.{table}") == [(count,)], table
    assert rows("SELECT teacher_id FROM learning.classes") == [(None,)]
    ((schema,),) = rows(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'learning_set_aside_%'"
    )
    assert rows(f"SELECT count(*) FROM {schema}.question_attempts") == [(2,)]
    assert rows(f"SELECT count(*) FROM {schema}.sync_operations") == [(3,)]
    assert rows(f"SELECT teacher_id FROM {schema}.classes") == [(None,)]
    assert erase(client, operator, **body).status_code == 404


def test_erasure_is_audited_with_counts_and_without_names(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    erase(client, operator, learningUsername=NAME).raise_for_status()
    ((action, outcome, facts),) = rows(
        "SELECT action, outcome, facts::text FROM operator_audit ORDER BY id DESC LIMIT 1"
    )
    assert (action, outcome) == (PATH, "done")
    assert '"attempts": 1' in facts
    assert "canary" not in facts


def test_name_in_another_spelling_erases_nobody(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    before = everything(rows)
    assert erase(client, operator, learningUsername=NAME.upper()).status_code == 404
    assert erase(client, operator, learningUsername="ann").status_code == 404
    assert everything(rows) == before


def test_restored_backup_does_not_bring_an_erased_user_back(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    add_new_rows(rows)
    backup = client.post("/api/admin-backup", json={}, headers=operator)
    assert backup.status_code == 200, backup.text
    erase(client, operator, learningUsername=NAME).raise_for_status()
    tables = [table for (table,) in rows(LIST_TABLES) if table.startswith("learning.")]
    rows_before = {table: rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables}
    # A backup is restored into empty tables only, and `courses` has the built-in course.
    rows(f"SET stepwise.removal = 'test'; TRUNCATE courses, {', '.join(tables)} CASCADE")
    restored = client.post(
        "/api/admin-restore", json={"name": backup.json()["name"]}, headers=operator
    )
    assert restored.status_code == 200, restored.text
    assert restored.json()["removedAgain"] == 1
    assert "canary" not in everything(rows)
    for table in tables:
        assert rows(f"SELECT t::text FROM {table} t ORDER BY 1") == rows_before[table], table
    assert rows("SELECT username FROM learning.users") == [("ben",)]


def test_erased_user_is_not_adopted_again(
    client: TestClient, operator: dict[str, str], rows: Rows, postgres_url: str
) -> None:
    """A dump of the old tables may come back into `public`."""
    erase(client, operator, learningUsername=NAME).raise_for_status()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE public.alembic_version")
        connection.execute(LIVE_TABLES + LOOSEN)
        fill(connection)
    reports = upgrade(postgres_url)
    assert rows("SELECT username FROM learning.users") == [("ben",)]
    assert rows("SELECT count(*) FROM learning.question_attempts") == [(1,)]
    assert [line for line in reports if "operator removed" in line] != []


def test_nothing_is_erased_while_another_table_needs_the_user(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    ((schema,),) = rows(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'learning_set_aside_%'"
    )
    rows(f"ALTER TABLE {schema}.users ADD UNIQUE (id)")
    rows(f"CREATE TABLE public.badges (user_id INTEGER REFERENCES {schema}.users (id))")
    rows("INSERT INTO public.badges VALUES (1)")
    before = everything(rows)
    response = erase(client, operator, learningUsername=NAME)
    assert (response.status_code, response.json()["code"]) == (409, "older_table_refuses")
    assert f"{schema}.users has rows of this person" in response.json()["error"]
    assert everything(rows) == before
    rows("DROP TABLE public.badges")
    assert erase(client, operator, learningUsername=NAME).status_code == 200


def test_users_with_the_same_name_are_erased_one_by_one(
    client: TestClient, operator: dict[str, str], rows: Rows, postgres_url: str
) -> None:
    """The second `ben` is `ben-2` in `learning.users`, but `ben` in the table set aside."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "DROP TABLE public.alembic_version; DROP SCHEMA learning CASCADE;"
            "DELETE FROM stepwise.adopted_tables"
        )
        connection.execute(LIVE_TABLES + LOOSEN)
        fill(connection)
        connection.execute("UPDATE users SET username = 'ben'")
    upgrade(postgres_url)
    assert rows("SELECT username FROM learning.users ORDER BY 1") == [("ben",), ("ben-2",)]
    newest = max(t for (t,) in rows(LIST_TABLES) if "set_aside" in t and t.endswith(".users"))
    erase(client, operator, learningUsername="ben").raise_for_status()
    assert rows("SELECT former_id FROM learning.users") == [(2,)]
    assert rows(f"SELECT id FROM {newest}") == [(2,)]
    erase(client, operator, learningUsername="ben-2").raise_for_status()
    assert rows(f"SELECT count(*) FROM {newest}") == [(0,)]
