"""Values of the live learning system that need care when they are adopted."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from lib.learning.fixed_ids import fixed_uuid
from lib.learning.syllabus.topics import change_topic
from lib.learning.syllabus.wire import TopicChangeIn
from lib.learning.tables.closed_lists import Role
from lib.settings import Settings
from tests.learning.school import School
from tests.support.adopted_learning import (
    Connection,
    adopted,
    everything,
    fetch,
    line_with,
    live_database,
    upgrade,
)
from tests.support.databases import Databases
from tests.support.live_learning import BCRYPT, LIVE_TABLES, insert, pbkdf2_hash

ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"


@pytest.fixture
def live(databases: Databases) -> Iterator[Connection]:
    with live_database(databases) as connection:
        yield connection


def add_topics(live: Connection, *weightages: float, parents: dict[int, int] | None = None) -> None:
    insert(live, "topics", [
        {"id": number, "name": f"topic {number}", "exam_weightage": weightage,
         "estimated_hours": 1, "parent_id": (parents or {}).get(number)}
        for number, weightage in enumerate(weightages, start=1)])  # fmt: skip


def add_student(live: Connection, number: int = 1) -> None:
    insert(live, "student_profiles", [{"id": number, "grade": 9, "target_exam": "JEE"}])


def add_question(live: Connection, number: int = 1, **fields: Any) -> None:
    insert(live, "questions", [
        {"id": number, "concept_id": 1, "question_text": "?", "question_type": "mcq",
         "correct_answer": "1", "difficulty": "easy", **fields}])  # fmt: skip


def add_concept(live: Connection) -> None:
    add_topics(live, 100)
    insert(live, "concepts", [{"id": 1, "topic_id": 1, "name": "c"}])


def weightages(live: Connection) -> list[tuple[float, float | None]]:
    topics = adopted(live, "topics")
    return [(topics[n]["exam_weightage"], topics[n]["stated_weightage"]) for n in sorted(topics)]


def test_weightages_are_scaled_to_100_and_kept_unscaled(live: Connection) -> None:
    # 144 in all, as in the live system's seeds: 18 of 144 are 12.5 of 100
    add_topics(live, 18, 18, 36, 72, 0)
    result = upgrade(live)
    assert weightages(live) == [(12.5, 18), (12.5, 18), (25, 36), (50, 72), (0, 0)]
    assert "added up to 144.00, not 100" in line_with(result, "weightages")


def test_weightages_that_add_up_to_100_stay_as_they_are(live: Connection) -> None:
    """The sum is 100, apart from rounding, only if a parent's weightage excludes its child's."""
    add_topics(live, 60, 39.995, parents={2: 1})
    result = upgrade(live)
    assert weightages(live) == [(60, None), (39.995, None)]
    assert not [line for line in result.reports if "weightages" in line]


def test_weightages_of_children_are_subtracted_from_that_of_their_parent(live: Connection) -> None:
    # 30 is 10 + 15 and 5 of its own; 20 is less than the 25 of its child, so nothing is its own:
    # 5 + 10 + 15 + 50 + 0 + 25 = 105
    add_topics(live, 30, 10, 15, 50, 20, 25, parents={2: 1, 3: 1, 6: 5})
    result = upgrade(live)
    expected = [5 / 1.05, 10 / 1.05, 15 / 1.05, 50 / 1.05, 0, 25 / 1.05]
    assert [share for share, _ in weightages(live)] == pytest.approx(expected)
    assert [stated for _, stated in weightages(live)] == [5, 10, 15, 50, 0, 25]
    assert "; topics: 2" in line_with(result, "children")
    assert "added up to 150.00" in line_with(result, "added up")


def test_changes_of_an_adopted_syllabus_count_no_child_twice(
    live: Connection, settings: Settings
) -> None:
    add_topics(live, 100, 60, 40, parents={2: 1, 3: 1})
    upgrade(live)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(live.info.dsn, password=live.info.password),
    )
    with Session(engine) as db:
        teacher = School(db, settings).user("tea", Role.TEACHER)
        for sent, expected in ((60, [0, 60, 40]), (20, [0, 100 / 3, 200 / 3]), (60, [0, 60, 40])):
            change_topic(teacher, "2", TopicChangeIn(exam_weightage=sent))
            assert [share for share, _ in weightages(live)] == pytest.approx(expected)
    engine.dispose()


def test_weightages_of_topics_stored_before_adoption_keep_their_meaning(live: Connection) -> None:
    """In `learning.topics`, a topic's weightage already excludes those of its children."""
    upgrade(live)
    live.execute(
        "WITH parent AS (INSERT INTO learning.topics"
        " (id, former_id, name, exam_weightage, stated_weightage, estimated_hours)"
        " VALUES (gen_random_uuid(), 8, 'parent', 75, 30, 1) RETURNING id)"
        " INSERT INTO learning.topics (id, former_id, name, parent_id, exam_weightage,"
        " stated_weightage, estimated_hours)"
        " SELECT gen_random_uuid(), 9, 'child', id, 25, 10, 1 FROM parent"
    )
    live.execute("DROP TABLE public.alembic_version")
    live.execute(LIVE_TABLES)
    add_topics(live, 60, 40, parents={2: 1})
    upgrade(live)
    assert weightages(live) == [(20, 20), (40, 40), (30, 30), (10, 10)]


def test_weightages_that_are_all_0_are_reported(live: Connection) -> None:
    add_topics(live, 0, 0)
    assert "set them" in line_with(upgrade(live), "no topic is worth any marks")
    assert weightages(live) == [(0, None), (0, None)]


def test_newest_prerequisite_of_a_cycle_is_left_out(live: Connection) -> None:
    add_topics(live, 25, 25, 25, 25)
    edges = [(1, 2, 1), (2, 3, 2), (3, 1, 3), (4, 4, 4), (5, 4, 1), (6, 4, 1), (7, 4, 9), (8, 2, 4)]
    insert(live, "topic_prerequisites", [
        {"id": id_, "topic_id": topic, "prerequisite_topic_id": prerequisite,
         "minimum_mastery": {1: None, 2: -5, 5: 120}.get(id_, 70)}
        for id_, topic, prerequisite in reversed(edges)])  # fmt: skip
    result = upgrade(live)
    prerequisites = adopted(live, "topic_prerequisites")
    assert {id_: row["minimum_mastery"] for id_, row in prerequisites.items()} == {
        1: 60,
        2: 0,
        5: 100,
        8: 70,
    }
    for reason, id_ in (("closes a cycle", 3), ("own prerequisite", 4), ("already", 6),
                        ("prerequisite_topic_id is not", 7)):  # fmt: skip
        assert line_with(result, reason, "rows not adopted: ").endswith(f" (id {id_})")


def test_newest_parent_of_a_cycle_is_left_out(live: Connection) -> None:
    add_topics(live, 20, 20, 20, 20, 20, parents={1: 2, 2: 3, 3: 1, 4: 4, 5: 77})
    result = upgrade(live)
    parents = {number: row["parent_id"] for number, row in adopted(live, "topics").items()}
    assert parents == {
        1: str(fixed_uuid("topics", 2)), 2: str(fixed_uuid("topics", 3)), 3: None, 4: None, 5: None,
    }  # fmt: skip
    assert line_with(result, "parents formed a cycle").endswith(" (id 3)")
    assert line_with(result, "its own parent").endswith(" (id 4)")
    assert line_with(result, "not that of an adopted topic").endswith(" (id 5)")


def test_users_with_the_same_name_are_all_kept(live: Connection) -> None:
    names = ["ann", "ann", "ann-2", "Ann", "ann"]
    insert(live, "users", [
        {"id": number, "username": name, "password_hash": BCRYPT, "role": "student"}
        for number, name in reversed([*enumerate(names, start=1)])])  # fmt: skip
    result = upgrade(live)
    users = adopted(live, "users")
    assert {number: user["username"] for number, user in users.items()} == {
        1: "ann", 2: "ann-3", 3: "ann-2", 4: "Ann", 5: "ann-4",
    }  # fmt: skip
    assert line_with(result, "-3 was added").endswith(" (id 2)")
    assert line_with(result, "-4 was added").endswith(" (id 5)")


def test_only_hashes_of_passwords_are_stored(live: Connection) -> None:
    passwords = {
        1: BCRYPT, 2: BCRYPT.replace("$2b", "$2y"), 3: pbkdf2_hash("secret canary"), 4: ARGON2,
        5: "canary", 6: "$2b$12$canary", 7: pbkdf2_hash("x")[:-4], 8: f"{pbkdf2_hash('x')}canary",
        9: None, 10: "",
    }  # fmt: skip
    insert(live, "users", [
        {"id": number, "username": f"u{number}", "password_hash": password, "role": "student"}
        for number, password in passwords.items()])  # fmt: skip
    result = upgrade(live)
    users = adopted(live, "users")
    assert {number: user["password_hash"] for number, user in users.items()} == {
        number: password if number <= 4 else None for number, password in passwords.items()
    }
    assert line_with(result, "a new password is needed").endswith(" (id 5, 6, 7, 8, 10)")
    assert not [line for line in result.reports if "canary" in line]
    learning_rows = [
        rows for table, rows in everything(live).items() if table.startswith("learning.")
    ]
    assert "canary" not in str(learning_rows)


def test_unknown_columns_are_kept_by_name_and_secret_ones_are_not(live: Connection) -> None:
    live.execute(
        "ALTER TABLE users ADD COLUMN email TEXT, ADD COLUMN settings JSON,"
        " ADD COLUMN plain_password TEXT, ADD COLUMN tokens_valid_from TIMESTAMP"
    )
    insert(live, "users", [
        {"id": 1, "username": "a", "role": "student", "email": "a@example.com",
         "settings": '{"theme": null, "size": 2}', "plain_password": "canary"},
        {"id": 2, "username": "b", "role": "student", "settings": '{"bad": "\\u0000"}',
         "tokens_valid_from": "2025-01-01 10:00"},
        {"id": 3, "username": "c", "role": "student"}])  # fmt: skip
    result = upgrade(live)
    users = adopted(live, "users")
    assert users[1]["extra"] == {"email": "a@example.com", "settings": {"theme": None, "size": 2}}
    assert users[2]["extra"] == {
        "settings": '{"bad": "\\u0000"}', "tokens_valid_from": "2025-01-01T10:00:00",
    }  # fmt: skip
    assert (users[3]["extra"], users[2]["tokens_valid_from"]) == (None, None)
    assert "values in the column extra: 1" in line_with(result, "column email")
    assert "values in the column extra: 2" in line_with(result, "column settings")
    assert "the column is named like a secret: 1" in line_with(result, "column plain_password")
    assert "canary" not in str([users, result.reports])


def test_options_are_lists_of_texts_however_they_were_wrapped(live: Connection) -> None:
    live.execute("ALTER TABLE questions ALTER COLUMN options TYPE TEXT")
    add_concept(live)
    for number, options in enumerate((
        '["a", "b"]', '"[\\"a\\", \\"b\\"]"', "[1, true]", "null", '"null"', None, " ", "[]",
        '{"A": "a"}', "a, b", '[{"text": "a"}]', "[null]",
    ), start=1):  # fmt: skip
        add_question(live, number, options=options)
    add_question(live, 20, question_type="true-false", options='["True", "False"]')
    result = upgrade(live)
    questions = adopted(live, "questions")
    assert {number: row["options"] for number, row in questions.items()} == {
        1: ["a", "b"], 2: ["a", "b"], 3: ["1", "true"], 4: None, 5: None, 6: None, 7: None, 8: [],
        20: None,
    }  # fmt: skip
    assert questions[20]["extra"] == {"options": ["True", "False"]}
    assert line_with(result, "not a list of texts").endswith(" (id 9, 10, 11, 12)")


def test_times_without_a_zone_mean_utc_in_every_session_time_zone(live: Connection) -> None:
    live.execute("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'")
    live.execute(
        "ALTER TABLE users ALTER COLUMN created_at TYPE TIMESTAMPTZ USING created_at::timestamptz;"
        "ALTER TABLE users ALTER COLUMN last_login TYPE TEXT"
    )
    times = ["2025-03-01 10:00:00.25", "2025-03-01T10:00:00.25Z", "2025-03-01 15:30:00.25+05:30",
             "1740823200.25", "soon", "infinity"]  # fmt: skip
    insert(live, "users", [
        {"id": number, "username": f"u{number}", "role": "student", "last_login": time,
         "created_at": "2025-03-01 15:30+05:30"}
        for number, time in enumerate(times, start=1)])  # fmt: skip
    add_student(live)
    live.execute("UPDATE student_profiles SET exam_date = '2026-01-02 03:04'")
    upgrade(live)
    live.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'")
    assert fetch(live, "SELECT last_login::text FROM learning.users ORDER BY former_id") == [
        *[("2025-03-01 10:00:00.25+00",)] * 4, (None,), (None,),
    ]  # fmt: skip
    created = "SELECT DISTINCT created_at::text FROM learning.users"
    assert fetch(live, created) == [("2025-03-01 10:00:00+00",)]
    dates = "SELECT exam_date::text FROM learning.student_profiles"
    assert fetch(live, dates) == [("2026-01-02 03:04:00+00",)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("TEXT", {"true": True, " T ": True, "no": False, "0": False, "maybe": None}),
        ("INTEGER", {1: True, 0: False, 2: None}),
        ("VARCHAR(5)", {"TRUE": True, "False": False, "": None}),
    ],
)
def test_booleans_of_other_types_are_read(
    live: Connection, kind: str, values: dict[Any, bool | None]
) -> None:
    expression = "is_correct::integer" if kind == "INTEGER" else f"is_correct::{kind}"
    live.execute(
        f"ALTER TABLE question_attempts ALTER COLUMN is_correct TYPE {kind} USING {expression},"
        " ALTER COLUMN student_id TYPE VARCHAR, ALTER COLUMN confidence TYPE REAL".encode()
    )
    add_concept(live)
    add_question(live)
    add_student(live)
    insert(live, "question_attempts", [
        {"id": number, "student_id": " 1", "question_id": 1, "answer": "x", "is_correct": value,
         "time_taken_seconds": 1, "confidence": 3}
        for number, value in enumerate(values, start=1)])  # fmt: skip
    result = upgrade(live)
    adopted_values = {
        number: row["is_correct"] for number, row in adopted(live, "question_attempts").items()
    }
    assert adopted_values == {n: v for n, v in enumerate(values.values(), start=1) if v is not None}
    assert line_with(result, "neither true nor false").endswith(f" (id {len(values)})")


def test_answer_without_a_time_gets_the_newest_time_of_smaller_ids(live: Connection) -> None:
    add_concept(live)
    add_question(live)
    add_student(live)
    insert(live, "question_attempts", [
        {"id": number, "student_id": 1, "question_id": 1, "answer": "x", "is_correct": True,
         "time_taken_seconds": 1, "timestamp": time}
        for number, time in reversed(
            [(1, "2025-01-02 00:00"), (2, None), (3, "2025-01-05 00:00"), (4, None)])])  # fmt: skip
    result = upgrade(live)
    times = "SELECT (timestamp AT TIME ZONE 'UTC')::date::text FROM learning.question_attempts"
    assert fetch(live, f"{times} ORDER BY former_id") == [
        ("2025-01-02",), ("2025-01-02",), ("2025-01-05",), ("2025-01-05",),
    ]  # fmt: skip
    assert line_with(result, "timestamp is missing").endswith(" (id 2, 4)")


def test_grades_and_plans_in_other_spellings_are_read(live: Connection) -> None:
    live.execute("ALTER TABLE student_profiles ALTER COLUMN grade TYPE VARCHAR")
    grades = {1: "9", 2: " Grade 10 ", 3: "11th", 4: "12.0", 5: "13", 6: "nine", 7: "9 or 10"}
    insert(live, "student_profiles", [
        {"id": number, "grade": grade, "target_exam": "JEE"}
        for number, grade in grades.items()])  # fmt: skip
    plans = {1: "Daily", 2: "exam", 3: "exam countdown", 4: "EXAM-COUNTDOWN", 5: "yearly"}
    insert(live, "study_plans", [
        {"id": number, "student_id": 1, "plan_type": kind, "start_date": "2025-01-02",
         "end_date": "2025-01-02", "topics": "{}"} for number, kind in plans.items()])  # fmt: skip
    insert(live, "study_plans", [
        {"id": 6, "student_id": 1, "plan_type": "daily", "start_date": "2025-01-02",
         "end_date": "2025-01-01", "topics": "{}"}])  # fmt: skip
    result = upgrade(live)
    stored_grades = {
        number: row["grade"] for number, row in adopted(live, "student_profiles").items()
    }
    assert stored_grades == {1: 9, 2: 10, 3: 11, 4: 12}
    assert line_with(result, "grade is not").endswith(" (id 5, 6, 7)")
    kinds = {number: row["plan_type"] for number, row in adopted(live, "study_plans").items()}
    assert kinds == {1: "daily", 2: "exam_countdown", 3: "exam_countdown", 4: "exam_countdown"}
    assert line_with(result, "end_date is before").endswith(" (id 6)")


def test_many_rows_with_the_same_fault_are_counted_and_the_first_named(live: Connection) -> None:
    insert(live, "classes", [{"id": n, "name": "x", "grade": 13} for n in range(1, 26)])
    line = line_with(upgrade(live), "learning.classes", "rows not adopted: 25")
    assert line.endswith(", 19, 20 and 5 more)")


def test_rows_without_an_id_or_with_a_repeated_one_are_not_adopted(live: Connection) -> None:
    live.execute("ALTER TABLE classes DROP CONSTRAINT classes_pkey, ALTER COLUMN id DROP NOT NULL")
    live.execute("INSERT INTO classes VALUES (1, 'a', NULL, 9), (1, 'a', NULL, 9),"
                 " (NULL, 'b', NULL, 9), (2, 'c', NULL, 9)")  # fmt: skip
    add_student(live)
    result = upgrade(live)
    assert sorted(adopted(live, "classes")) == [1, 2]
    assert line_with(result, "another row has this id").endswith(" (id 1)")
    assert line_with(result, "it has no id").endswith(" (id unknown)")
