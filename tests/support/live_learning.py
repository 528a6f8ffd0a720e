"""Databases of the live learning system, in `public`, as its own migration creates them."""

import base64
import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

LIVE_TABLES: LiteralString = """
CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('001');
CREATE TABLE users (
  id SERIAL PRIMARY KEY, username VARCHAR NOT NULL, password_hash VARCHAR NOT NULL,
  role VARCHAR NOT NULL, created_at TIMESTAMP, last_login TIMESTAMP);
CREATE INDEX ix_users_id ON users (id);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE TABLE classes (
  id SERIAL PRIMARY KEY, name VARCHAR NOT NULL, teacher_id INTEGER REFERENCES users (id),
  grade INTEGER NOT NULL);
CREATE TABLE student_profiles (
  id SERIAL PRIMARY KEY, user_id INTEGER UNIQUE REFERENCES users (id), grade INTEGER NOT NULL,
  target_exam VARCHAR NOT NULL, exam_date TIMESTAMP, available_hours_per_day DOUBLE PRECISION,
  class_id INTEGER REFERENCES classes (id));
CREATE TABLE topics (
  id SERIAL PRIMARY KEY, name VARCHAR NOT NULL, parent_id INTEGER REFERENCES topics (id),
  exam_weightage DOUBLE PRECISION NOT NULL, estimated_hours DOUBLE PRECISION NOT NULL,
  description TEXT, created_at TIMESTAMP);
CREATE TABLE topic_prerequisites (
  id SERIAL PRIMARY KEY, topic_id INTEGER NOT NULL REFERENCES topics (id),
  prerequisite_topic_id INTEGER NOT NULL REFERENCES topics (id), minimum_mastery DOUBLE PRECISION);
CREATE TABLE concepts (
  id SERIAL PRIMARY KEY, topic_id INTEGER NOT NULL REFERENCES topics (id), name VARCHAR NOT NULL,
  description TEXT);
CREATE TABLE questions (
  id SERIAL PRIMARY KEY, concept_id INTEGER NOT NULL REFERENCES concepts (id),
  question_text TEXT NOT NULL, question_type VARCHAR NOT NULL, options JSON,
  correct_answer VARCHAR NOT NULL, difficulty VARCHAR NOT NULL, expected_time_seconds INTEGER);
CREATE TABLE question_attempts (
  id SERIAL PRIMARY KEY, student_id INTEGER NOT NULL REFERENCES student_profiles (id),
  question_id INTEGER NOT NULL REFERENCES questions (id), answer VARCHAR NOT NULL,
  is_correct BOOLEAN NOT NULL, time_taken_seconds DOUBLE PRECISION NOT NULL,
  confidence INTEGER NOT NULL, timestamp TIMESTAMP, synced BOOLEAN);
CREATE INDEX idx_attempts_student_timestamp ON question_attempts (student_id, timestamp);
CREATE TABLE concept_mastery (
  id SERIAL PRIMARY KEY, student_id INTEGER NOT NULL REFERENCES student_profiles (id),
  concept_id INTEGER NOT NULL REFERENCES concepts (id), total_attempts INTEGER,
  correct_attempts INTEGER, avg_time_seconds DOUBLE PRECISION, avg_confidence DOUBLE PRECISION,
  mastery_score DOUBLE PRECISION, last_updated TIMESTAMP);
CREATE UNIQUE INDEX idx_mastery_student_concept ON concept_mastery (student_id, concept_id);
CREATE TABLE study_plans (
  id SERIAL PRIMARY KEY, student_id INTEGER NOT NULL REFERENCES student_profiles (id),
  plan_type VARCHAR NOT NULL, start_date TIMESTAMP NOT NULL, end_date TIMESTAMP NOT NULL,
  topics VARCHAR NOT NULL, created_at TIMESTAMP, is_active BOOLEAN);
CREATE TABLE sync_operations (
  id SERIAL PRIMARY KEY, operation_type VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
  record_id INTEGER NOT NULL, data VARCHAR NOT NULL, timestamp TIMESTAMP, synced BOOLEAN,
  retry_count INTEGER, last_error VARCHAR);
CREATE INDEX idx_sync_pending ON sync_operations (synced, timestamp);
"""
LOOSEN: LiteralString = """
DO $$ DECLARE v RECORD; v_tables OID[] := ARRAY(
  SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN (
    'users', 'classes', 'student_profiles', 'topics', 'topic_prerequisites', 'concepts',
    'questions', 'question_attempts', 'concept_mastery', 'study_plans', 'sync_operations'));
BEGIN
  FOR v IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
    WHERE contype IN ('f', 'u') AND conrelid = ANY (v_tables)
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v.relation, v.conname); END LOOP;
  FOR v IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute
    WHERE attnum > 0 AND attnotnull AND attname <> 'id' AND attrelid = ANY (v_tables)
  LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', v.relation, v.attname);
  END LOOP;
END $$;
DROP INDEX public.ix_users_username, public.idx_mastery_student_concept;
"""
"""Script that drops the constraints that hand-made databases lack."""
TABLES = (
    "users", "classes", "student_profiles", "topics", "topic_prerequisites", "concepts",
    "questions", "question_attempts", "concept_mastery", "study_plans", "sync_operations",
)  # fmt: skip
BCRYPT = "$2b$12$" + "abcdefghijklmnopqrstu." + "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
Row = dict[str, Any]


def pbkdf2_hash(password: str) -> str:
    """Return a hash in the live system's form: base64 of salt and key, 32 bytes each.

    It has fewer iterations than the live system's 100,000, so no password matches it.
    """
    salt = bytes(range(32))
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1_000)
    return base64.b64encode(salt + key).decode()


def insert(connection: psycopg.Connection[Any], table: str, rows: list[Row]) -> None:
    """Insert rows, each with the columns that it has."""
    for row in rows:
        connection.execute(
            sql.SQL("INSERT INTO public.{} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join([sql.Placeholder()] * len(row)),
            ),
            list(row.values()),
        )
        connection.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(%s, 1))",
            [f"public.{table}", row["id"]],
        )


@dataclass
class LiveRows:
    """Rows of a live database, and the rows that an upgrade must make of them."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})
    expected: dict[str, dict[int, Row]] = field(
        default_factory=lambda: {table: {} for table in TABLES}
    )
    """Values of the rows that are adopted, by table and former id."""

    def add(self, table: str, row: Row, expected: Row | None) -> None:
        """Add a row; `expected` is None if it cannot be adopted."""
        self.rows[table].append(row)
        if expected is not None:
            self.expected[table][row["id"]] = expected

    def insert(self, connection: psycopg.Connection[Any]) -> None:
        """Insert the rows into tables without constraints."""
        for table, rows in self.rows.items():
            insert(connection, table, rows)


def generate(seed: int) -> LiveRows:
    """Return a random mixture of sound, repairable and unusable rows."""
    return _Generator(random.Random(seed)).generate()


_NAIVE = "2025-03-{:02} 10:00:00"
_UTC = "2025-03-{:02}T10:00:00+00:00"


class _Generator:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.live = LiveRows()

    def one_of(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def adopted_ids(self, table: str) -> list[int]:
        return list(self.live.expected[table])

    def reference(self, table: str) -> int | None:
        """Return the id of an adopted row, or sometimes None or an id without a row."""
        ids = self.adopted_ids(table)
        return self.rng.choice(ids) if ids and self.rng.random() < 0.85 else self.one_of(900, None)

    def is_adopted(self, table: str, reference: int | None) -> bool:
        return reference in self.live.expected[table]

    def generate(self) -> LiveRows:
        for number in range(1, 13):
            self.user(number)
        for number in range(1, 4):
            self.school_class(number)
        for number in range(1, 9):
            self.student(number)
        for number in range(1, 9):
            self.topic(number)
        for number in range(1, 9):
            self.concept(number)
        for number in range(1, 12):
            self.question(number)
        for number in range(1, 40):
            self.attempt(number)
        self.mastery()
        for number in range(1, 9):
            self.plan(number)
        for number in range(1, 12):
            self.operation(number)
        return self.live

    def user(self, number: int) -> None:
        stored_hash, expected_hash = self.one_of(
            (BCRYPT, BCRYPT), (pbkdf2_hash("x"), pbkdf2_hash("x")), ("sunshine", None),
            (None, None), (BCRYPT[:-1], None), ("$2 a day keeps", None),
        )  # fmt: skip
        role, expected_role = self.one_of(
            ("student", "student"), (" Teacher ", "teacher"), ("ADMIN", "admin"),
            ("student", "student"), ("owner", None),
        )  # fmt: skip
        name = self.one_of(f"user{number}", "ann", f" Ünal {number}")
        usernames = {row["username"] for row in self.live.expected["users"].values()}
        suffix = next(n for n in range(2, 99) if f"ann-{n}" not in usernames)
        expected = {
            "username": f"ann-{suffix}" if name == "ann" and "ann" in usernames else name,
            "password_hash": expected_hash,
            "role": expected_role,
        }
        row = {"id": number, "username": name, "password_hash": stored_hash, "role": role}
        self.live.add("users", row, expected if expected_role else None)

    def school_class(self, number: int) -> None:
        teacher = self.reference("users")
        grade, expected_grade = self.one_of((9, 9), (12, 12), (1, 1), (13, None), (None, None))
        expected = {
            "teacher": teacher if self.is_adopted("users", teacher) else None,
            "grade": expected_grade,
        }
        row = {"id": number, "name": f"class {number}", "teacher_id": teacher, "grade": grade}
        self.live.add("classes", row, expected if expected_grade else None)

    def student(self, number: int) -> None:
        user, school_class = self.reference("users"), self.reference("classes")
        grade, expected_grade = self.one_of((9, 9), (10, 10), (11, 11), (0, None))
        hours, expected_hours = self.one_of(
            (2.5, 2.5), (None, 3), (24, 24), (24.5, None), (-1, None)
        )
        users = {row["user"] for row in self.live.expected["student_profiles"].values()}
        expected = {
            "user": user if self.is_adopted("users", user) and user not in users else None,
            "class": school_class if self.is_adopted("classes", school_class) else None,
            "grade": expected_grade,
            "available_hours_per_day": expected_hours,
        }
        row = {
            "id": number, "user_id": user, "grade": grade, "target_exam": "JEE",
            "available_hours_per_day": hours, "class_id": school_class,
        }  # fmt: skip
        sound = expected_grade and expected_hours
        self.live.add("student_profiles", row, expected if sound else None)

    def topic(self, number: int) -> None:
        weightage, hours = self.one_of(5, 12.5, 30, -1, 101), self.one_of(1, 2.5, 8, 0)
        sound = 0 <= weightage <= 100 and hours > 0
        row = {
            "id": number, "name": f"topic {number}", "exam_weightage": weightage,
            "estimated_hours": hours,
        }  # fmt: skip
        expected = {"stated": weightage, "estimated_hours": hours}
        self.live.add("topics", row, expected if sound else None)

    def concept(self, number: int) -> None:
        topic = self.reference("topics")
        row = {"id": number, "topic_id": topic, "name": f"concept {number}"}
        expected = {"topic": topic} if self.is_adopted("topics", topic) else None
        self.live.add("concepts", row, expected)

    def question(self, number: int) -> None:
        concept = self.reference("concepts")
        kind, expected_kind = self.one_of(
            ("mcq", "mcq"), ("MCQ ", "mcq"), ("numerical", "numerical"),
            ("True/False", "true_false"), ("essay", None),
        )  # fmt: skip
        difficulty, expected_difficulty = self.one_of(
            ("easy", "easy"), ("Medium", "medium"), (" HARD", "hard"), ("tricky", None)
        )
        options = self.one_of(None, ["1", "2"], ["a"]) if expected_kind == "mcq" else None
        text = self.one_of(json.dumps(options), json.dumps(json.dumps(options)))
        seconds, expected_seconds = self.one_of((None, 120), (60, 60), (0, None))
        row = {
            "id": number, "concept_id": concept, "question_text": "?", "question_type": kind,
            "options": text, "correct_answer": "1", "difficulty": difficulty,
            "expected_time_seconds": seconds,
        }  # fmt: skip
        expected = {
            "concept": concept, "question_type": expected_kind, "difficulty": expected_difficulty,
            "options": options, "expected_time_seconds": expected_seconds,
        }  # fmt: skip
        sound = self.is_adopted("concepts", concept) and all(
            (expected_kind, expected_difficulty, expected_seconds)
        )
        self.live.add("questions", row, expected if sound else None)

    def attempt(self, number: int) -> None:
        student, question = self.reference("student_profiles"), self.reference("questions")
        confidence, sound_confidence = self.one_of((1, True), (5, True), (None, True), (6, False))
        seconds, right = self.one_of(0.5, 30, 4_000, 0), self.one_of(True, False)
        day = number % 28 + 1
        row = {
            "id": number, "student_id": student, "question_id": question, "answer": f"a{number}",
            "is_correct": right, "time_taken_seconds": seconds, "confidence": confidence,
            "timestamp": _NAIVE.format(day), "synced": self.one_of(True, False, None),
        }  # fmt: skip
        expected = {
            "student": student, "question": question, "answer": f"a{number}", "is_correct": right,
            "time_taken_seconds": seconds, "confidence": confidence,
            "timestamp": _UTC.format(day), "synced": True,
        }  # fmt: skip
        has_parents = self.is_adopted("student_profiles", student) and self.is_adopted(
            "questions", question
        )
        sound = has_parents and sound_confidence and seconds > 0
        self.live.add("question_attempts", row, expected if sound else None)

    def mastery(self) -> None:
        newest: dict[tuple[int | None, int | None], tuple[tuple[str, int], int]] = {}
        for number in range(1, 40):
            student, concept = self.reference("student_profiles"), self.reference("concepts")
            score, expected_score = self.one_of(
                (-3.5, 0), (0, 0), (61.25, 61.25), (104, 100), (None, 0)
            )
            day = self.one_of(1, 2, 3, None)
            row = {
                "id": number, "student_id": student, "concept_id": concept, "mastery_score": score,
                "total_attempts": self.one_of(4, None), "correct_attempts": None,
                "last_updated": day and _NAIVE.format(day),
            }  # fmt: skip
            expected = {
                "student": student, "concept": concept, "mastery_score": expected_score,
                "total_attempts": row["total_attempts"] or 0, "correct_attempts": 0,
                "last_updated": day and _UTC.format(day),
            }  # fmt: skip
            self.live.add("concept_mastery", row, None)
            if self.is_adopted("student_profiles", student) and self.is_adopted(
                "concepts", concept
            ):
                rank = ((_NAIVE.format(day) if day else "", number), number)
                if (student, concept) not in newest or rank > newest[student, concept]:
                    if (student, concept) in newest:
                        del self.live.expected["concept_mastery"][newest[student, concept][1]]
                    newest[student, concept] = rank
                    self.live.expected["concept_mastery"][number] = expected

    def plan(self, number: int) -> None:
        student = self.reference("student_profiles")
        kind, expected_kind = self.one_of(("daily", "daily"), ("Exam-Countdown", "exam_countdown"),
                                       ("monthly", None))  # fmt: skip
        text, topics = self.one_of(
            ('{"days": [1]}', {"days": [1]}), ("[]", {"topics": []}), ("soon", None),
            ('"{\\"days\\": []}"', {"days": []}),
        )  # fmt: skip
        row = {
            "id": number, "student_id": student, "plan_type": kind, "start_date": _NAIVE.format(1),
            "end_date": self.one_of(_NAIVE.format(1), _NAIVE.format(9)), "topics": text,
            "is_active": self.one_of(None, False),
        }  # fmt: skip
        expected = {
            "student": student, "plan_type": expected_kind, "topics": topics,
            "is_active": row["is_active"] is None,
        }  # fmt: skip
        sound = (
            self.is_adopted("student_profiles", student) and expected_kind and topics is not None
        )
        self.live.add("study_plans", row, expected if sound else None)

    def operation(self, number: int) -> None:
        kind, expected_kind = self.one_of(
            ("create", "create"), ("UPDATE", "update"), ("upsert", None)
        )
        text, data = self.one_of(('{"a": 1}', {"a": 1}), ("{}", {}), ("{", None), ("[1]", None))
        row = {
            "id": number, "operation_type": kind, "table_name": "question_attempts",
            "record_id": self.one_of(1, 7), "data": text, "timestamp": _NAIVE.format(number),
            "synced": self.one_of(True, False, None), "retry_count": self.one_of(None, 2),
        }  # fmt: skip
        expected = {
            "operation_type": expected_kind, "record_id": str(row["record_id"]), "data": data,
            "synced": bool(row["synced"]), "retry_count": row["retry_count"] or 0,
            "student": None,
        }  # fmt: skip
        sound = expected_kind and data is not None
        self.live.add("sync_operations", row, expected if sound else None)
