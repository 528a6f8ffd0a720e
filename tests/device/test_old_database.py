"""An old device's local.db is imported: each unsent row once, under a new id, and none is lost."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from device import queue
from device.errors import CannotTransfer
from device.exchange import import_file
from device.folder import Folder
from device.old_rows import old_database
from device.tables import SetAsideRow
from device.user import store_user
from lib.learning.fixed_ids import uuid_of
from lib.learning.tables import Question, QuestionAttempt, StudentProfile
from tests.device.devices import (
    NOW,
    QUESTION_IDS,
    attempt_ids,
    fill_database,
    folder_database,
    queued_rows,
    store_syllabus,
    user_details,
)
from tests.support.live_learning import LIVE_TABLES, TABLES, Row, generate

SQLITE_TABLES = re.sub(r"SERIAL PRIMARY KEY", "INTEGER PRIMARY KEY", LIVE_TABLES)


QUEUED = "- changes that are queued, because the server does not have them"


class OldDevice:
    """An old device's database, with the student ann as number 3 and the questions 1 to 20."""

    def __init__(self, path: Path, *, questions: int = 20) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(SQLITE_TABLES)
        self.add("users", id=2, username="ann", password_hash="x", role="student")
        self.add("student_profiles", id=3, user_id=2, grade=10, target_exam="Finals")
        for number in range(1, questions + 1):
            self.add(
                "questions",
                id=number,
                concept_id=1,
                question_text=f"Question {number}?",
                question_type="true_false",
                correct_answer="true",
                difficulty="easy",
            )

    def add(self, table: str, **row: Any) -> None:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *row.values())

    def run(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(statement, values)
            connection.commit()

    def attempt(self, number: int, **changes: Any) -> None:
        row = {
            "id": number,
            "student_id": 3,
            "question_id": number % 20 + 1,
            "answer": "true",
            "is_correct": 0,
            "time_taken_seconds": 30.5,
            "confidence": 4,
            "timestamp": f"2025-03-{number % 28 + 1:02} 10:00:00",
            "synced": 0,
        }
        self.add("question_attempts", **(row | changes))

    def queue(self, number: int, table: str, record: int, data: Any, **changes: Any) -> None:
        row = {
            "id": number,
            "operation_type": "create",
            "table_name": table,
            "record_id": record,
            "data": data if isinstance(data, str) else json.dumps(data),
            "timestamp": "2025-04-01 10:00:00",
            "synced": 0,
            "retry_count": 5,
        }
        self.add("sync_operations", **(row | changes))


@pytest.fixture
def old(tmp_path: Path) -> OldDevice:
    """An old device's database without answers."""
    return OldDevice(tmp_path / "old.db")


def aside_rows(path: Path) -> list[tuple[str, str]]:
    with folder_database(path) as database, database.session() as db:
        rows = db.execute(select(SetAsideRow.table_name, SetAsideRow.reason))
        return sorted((row[0], row[1]) for row in rows)


def attempts(path: Path) -> list[QuestionAttempt]:
    with folder_database(path) as database, database.session() as db:
        query = select(QuestionAttempt).order_by(QuestionAttempt.timestamp)
        return list(db.execute(query).scalars())


def test_unsent_answers_are_queued_under_ids_of_their_own(old: OldDevice, folder: Path) -> None:
    old.attempt(1)
    old.attempt(2, synced=1)
    old.attempt(3, synced=None, answer="false", question_id=7)
    report = import_file(Folder(folder), old.path)
    assert "because the server does not have them: 2\n" in report
    assert "already sent by the old device: 1\n" in report
    first, third = attempts(folder)
    assert [first.answer, third.answer] == ["true", "false"]
    assert [first.is_correct, third.is_correct] == [True, False], "they are graded again"
    assert third.question_id == QUESTION_IDS[6]
    assert third.timestamp == datetime(2025, 3, 4, 10, tzinfo=UTC)
    assert (third.time_taken_seconds, third.confidence) == (30.5, 4)
    with folder_database(folder) as database:
        assert queued_rows(database) == [first.id, third.id]
        with database.session() as db:
            assert [each.clock[:19] for each in queue.list_pending(db)] == [
                "2025-03-02T10:00:00",
                "2025-03-04T10:00:00",
            ]


def test_importing_again_adds_what_is_new_and_nothing_else(old: OldDevice, folder: Path) -> None:
    old.attempt(1)
    import_file(Folder(folder), old.path)
    before = attempts(folder)[0].id
    assert f"{QUEUED}: 0" in import_file(Folder(folder), old.path)
    old.attempt(2)
    old.queue(1, "question_attempts", 2, {"question_id": 3})
    assert f"{QUEUED}: 1" in import_file(Folder(folder), old.path)
    assert attempts(folder)[0].id == before
    assert len(attempts(folder)) == 2


def test_two_old_devices_with_equal_ids_lose_nothing(
    old: OldDevice, folder: Path, tmp_path: Path
) -> None:
    other = OldDevice(tmp_path / "other.db")
    old.attempt(1)
    other.attempt(1, answer="false", timestamp="2025-05-01 10:00:00")
    import_file(Folder(folder), old.path)
    import_file(Folder(folder), other.path)
    assert [it.answer for it in attempts(folder)] == ["true", "false"]


def test_same_file_gives_the_same_ids_on_another_device(
    old: OldDevice, folder: Path, tmp_path: Path
) -> None:
    old.attempt(1)
    with folder_database(tmp_path / "second") as database:
        fill_database(database)
    for path in (folder, tmp_path / "second"):
        import_file(Folder(path), old.path)
    operations = []
    for path in (folder, tmp_path / "second"):
        with folder_database(path) as database, database.session() as db:
            operations.append([(it.id, it.row_id, it.clock) for it in queue.list_pending(db)])
    assert operations[0] == operations[1]
    assert len(operations[0]) == 1


def test_ids_are_made_from_device_table_and_number(old: OldDevice, folder: Path) -> None:
    old.attempt(1)
    import_file(Folder(folder), old.path)
    with folder_database(folder) as database, database.session() as db:
        [pending] = queue.list_pending(db)
    origin = origin_of(old.path)
    assert UUID(pending.row_id) == uuid_of(f"{origin}:question_attempts:1")


def origin_of(path: Path) -> str:
    with old_database(path) as database:
        return database.identity()


@pytest.mark.parametrize("name", ["sync_operations", "sync_queue"])
def test_queue_is_imported(name: str, old: OldDevice, folder: Path) -> None:
    data = {
        "question_id": 5,
        "answer": "true",
        "time_taken_seconds": 12,
        "confidence": 2,
        "timestamp": "2025-03-30T09:00:00",
    }
    old.attempt(4)
    old.queue(1, "question_attempts", 4, data)
    old.queue(2, "question_attempts", 9, data)
    old.queue(3, "student_profiles", 3, {"grade": 11, "class_id": 8}, operation_type="update")
    old.queue(4, "concept_mastery", 1, {"mastery_score": 55})
    old.queue(5, "study_plans", 1, {})
    old.queue(6, "student_profiles", 3, {"grade": 12}, operation_type="update", synced=1)
    if name != "sync_operations":
        old.run(f"ALTER TABLE sync_operations RENAME TO {name}")
    report = import_file(Folder(folder), old.path)
    assert "because the server does not have them: 3\n" in report
    assert "imported before, or in the file twice: 1\n" in report
    assert "about mastery or plans, which are derived: 2" in report
    assert len(attempts(folder)) == 2
    with folder_database(folder) as database, database.session() as db:
        assert db.execute(select(StudentProfile.grade)).scalar_one() == 11
        kinds = [(it.table_name, it.kind) for it in queue.list_pending(db)]
    assert sorted(kinds) == [
        ("question_attempts", "create"),
        ("question_attempts", "create"),
        ("student_profiles", "update"),
    ]


def test_unusable_rows_are_kept_aside_and_reported(old: OldDevice, folder: Path) -> None:
    old.attempt(1, confidence=9)
    old.attempt(2, question_id=77)
    old.attempt(3, student_id=8)
    old.attempt(4, time_taken_seconds=-1)
    old.attempt(5, timestamp="soon")
    old.queue(1, "question_attempts", 9, "{")
    old.queue(2, "users", 1, {})
    old.queue(3, "question_attempts", 1, {}, operation_type="delete")
    old.queue(4, "student_profiles", 3, {"grade": 99}, operation_type="update")
    old.run("ALTER TABLE users ADD COLUMN nickname TEXT")
    old.run("UPDATE users SET nickname = 'Annie'")
    old.run("CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB)")
    old.add("notes", id=1, body=b"\xff\x00")
    report = import_file(Folder(folder), old.path)
    assert attempts(folder) == []
    set_aside_rows = aside_rows(folder)
    assert [table for table, _ in set_aside_rows] == [
        "notes",
        *["question_attempts"] * 5,
        *["sync_operations"] * 4,
        "users",
    ]
    assert all(f" kept aside from {table}: {reason}" in report for table, reason in set_aside_rows)
    import_file(Folder(folder), old.path)
    assert aside_rows(folder) == set_aside_rows
    with folder_database(folder) as database, database.session() as db:
        contents = {
            row.table_name: row.content for row in db.execute(select(SetAsideRow)).scalars()
        }
    assert contents["users"] == {"id": 2, "nickname": "Annie"}
    assert contents["notes"] == {"id": 1, "body": {"base64": "/wA="}}


def test_changes_of_another_student_in_the_queue_are_kept_aside(
    old: OldDevice, folder: Path
) -> None:
    answer = {"question_id": 1, "answer": "true", "time_taken_seconds": 5, "confidence": 3}
    old.attempt(1, student_id=8)
    old.queue(1, "question_attempts", 1, answer | {"student_id": 8})
    old.queue(2, "question_attempts", 1, answer)  # the owner is in the table of attempts
    old.queue(3, "student_profiles", 8, {"target_exam": "Theirs"}, operation_type="update")
    old.queue(4, "student_profiles", 3, {"target_exam": "Ours"}, operation_type="update")
    old.queue(5, "question_attempts", 2, answer | {"student_id": 3})
    report = import_file(Folder(folder), old.path)
    assert "because the server does not have them: 2\n" in report
    reason = "it is another student's"
    assert aside_rows(folder) == [("question_attempts", reason), *3 * [("sync_operations", reason)]]
    (attempt,) = attempts(folder)
    assert attempt.time_taken_seconds == 5
    with folder_database(folder) as database, database.session() as db:
        assert db.execute(select(StudentProfile.target_exam)).scalars().all() == ["Ours"]


def test_question_is_found_by_its_text_where_numbers_differ(folder: Path, tmp_path: Path) -> None:
    old = OldDevice(tmp_path / "old.db", questions=0)
    for number, text in ((1, "Question 9?"), (2, "Unknown?")):
        old.add(
            "questions",
            id=number,
            concept_id=1,
            question_text=text,
            question_type="true_false",
            correct_answer="true",
            difficulty="easy",
        )
    old.attempt(1, question_id=1)
    old.attempt(2, question_id=2)
    import_file(Folder(folder), old.path)
    assert [it.question_id for it in attempts(folder)] == [QUESTION_IDS[8]]
    assert [table for table, _ in aside_rows(folder)] == ["question_attempts"]


def test_answer_is_kept_aside_if_several_questions_have_the_same_text(
    old: OldDevice, folder: Path
) -> None:
    old.run("UPDATE questions SET question_text = 'Twin?' WHERE id = 1")
    with folder_database(folder) as database, database.session() as db:
        twins = update(Question).where(Question.id.in_(QUESTION_IDS[8:10]))
        db.execute(twins.values(question_text="Twin?"))
        db.commit()
    old.attempt(1, question_id=1)
    import_file(Folder(folder), old.path)
    assert attempts(folder) == []
    reason = "several questions on this device have the text of its question"
    assert aside_rows(folder) == [("question_attempts", reason)]


def test_answers_are_imported_after_their_questions_have_arrived(
    old: OldDevice, tmp_path: Path
) -> None:
    path = tmp_path / "new"
    with folder_database(path) as database, database.session() as db:
        store_user(db, user_details(), NOW)
        db.commit()
    old.attempt(1)
    assert f"{QUEUED}: 0" in import_file(Folder(path), old.path)
    with folder_database(path) as database, database.session() as db:
        store_syllabus(db)
        db.commit()
    assert f"{QUEUED}: 1" in import_file(Folder(path), old.path)


def test_old_database_in_use_is_read_with_its_log(old: OldDevice, folder: Path) -> None:
    with closing(sqlite3.connect(old.path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(
            "INSERT INTO question_attempts VALUES"
            " (1, 3, 1, 'true', 1, 30, 4, '2025-03-02 10:00:00', 0)"
        )
        connection.commit()
        assert f"{QUEUED}: 1" in import_file(Folder(folder), old.path)


def test_file_of_another_student_or_a_current_device_is_refused(
    old: OldDevice, folder: Path, tmp_path: Path
) -> None:
    old.run("UPDATE users SET username = 'ben'")
    with pytest.raises(CannotTransfer, match="belongs to ben"):
        import_file(Folder(folder), old.path)
    with pytest.raises(CannotTransfer, match="export its changes"):
        import_file(Folder(folder), folder / "local.db")
    empty = tmp_path / "empty.db"
    with closing(sqlite3.connect(empty)) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER)")
        connection.commit()
    with pytest.raises(CannotTransfer, match="not the database of an old device"):
        import_file(Folder(folder), empty)
    (tmp_path / "half.db").write_bytes(old.path.read_bytes()[:9000])
    with pytest.raises(CannotTransfer, match="damaged"):
        import_file(Folder(folder), tmp_path / "half.db")


@pytest.mark.parametrize("seed", range(6))
def test_generated_databases_are_imported_completely(
    seed: int, folder: Path, tmp_path: Path
) -> None:
    """Each unsent answer in the file is queued, or kept aside with the reason."""
    live = generate(seed)
    path = tmp_path / "live.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            re.sub(r"( NOT NULL| UNIQUE| REFERENCES \w+ \(id\))", "", SQLITE_TABLES)
        )
        for table in TABLES:
            for row in live.rows[table]:
                _insert(connection, table, row)
        # Without users, every row counts as belonging to the device's user.
        connection.execute("DELETE FROM users")
        connection.commit()
    report = import_file(Folder(folder), path)
    unsent_rows = [row for row in live.rows["question_attempts"] if not row["synced"]]
    with folder_database(folder) as database:
        imported_count = len(attempt_ids(database))
    set_aside_count = sum(1 for table, _ in aside_rows(folder) if table == "question_attempts")
    assert imported_count + set_aside_count == len(unsent_rows), report


def _insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
