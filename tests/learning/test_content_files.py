"""Content files: what they hold, when they change, and what a device stores from them."""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from lib.database.queries import load_script
from lib.deps import Deps
from lib.learning.content_files.files import ContentFile, content_version, current_content
from lib.learning.content_files.install import (
    ContentFileUnusable,
    RowChanges,
    store_content,
    verified_file,
)
from lib.learning.content_files.published import list_files, read_file
from lib.learning.content_files.wire import ContentFileOut
from lib.learning.current_user import Call
from lib.learning.database import postgres_session
from lib.learning.engines import create_sqlite_engine
from lib.learning.errors import ContentFileNotFound
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.store import list_questions, read_syllabus
from lib.learning.syllabus.wire import ContentIn
from lib.learning.tables import (
    Concept,
    MasteryCalibration,
    Question,
    QuestionAttempt,
    StudentProfile,
    Topic,
    TopicPrerequisite,
)
from tests.learning.school import NOW, School

TOPICS = """
    topic     weight  hours  concepts  needs
    Algebra   60      4      2         -
    Calculus  40      6      1         Algebra
"""


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Session]:
    """A session on the empty database of a device."""
    engine = create_sqlite_engine(f"sqlite:///{tmp_path / 'device.db'}")
    with Session(engine, expire_on_commit=False) as session:
        connection = session.connection().connection.driver_connection
        assert connection is not None
        connection.rollback()
        connection.executescript(load_script("learning/schema/sqlite_tables.sql"))
        yield session
    engine.dispose()


def fetch(
    call: Call, *, stored_hashes: dict[str, str] | None = None
) -> tuple[list[str], list[ContentFile]]:
    """Return the names in the list, and the files whose hashes a device does not have."""
    files = list_files(call).files
    new_files = [file for file in files if (stored_hashes or {}).get(file.name) != file.sha256]
    fetched_files = [
        verified_file(file.name, file.sha256, read_file(call, file.sha256).body)
        for file in new_files
    ]
    return [file.name for file in files], fetched_files


def install(call: Call, device: Session) -> RowChanges:
    row_changes = store_content(device, *fetch(call), NOW)
    device.commit()
    return row_changes


def hashes(call: Call) -> dict[str, str]:
    return {file.name: file.sha256 for file in list_files(call).files}


def question(topic: str, concept: str, text: str, **changes: Any) -> dict[str, Any]:
    return {
        "topic": topic,
        "concept": concept,
        "question_text": text,
        "question_type": "numerical",
        "correct_answer": "2",
        "difficulty": "medium",
        **changes,
    }


def later(call: Call, minutes: int = 1) -> Call:
    return Call(call.db, call.user, call.now + timedelta(minutes=minutes))


def content_of(db: Session) -> tuple[Any, Any, Any]:
    """Return everything that recommendations and grading read."""
    return read_syllabus(db), list_questions(db, None, None, 1_000), current_calibration(db)


def test_list_names_every_file_with_its_hash_and_size(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    file_list = list_files(student)
    algebra, calculus = school.topic("Algebra"), school.topic("Calculus")
    expected = ["calibration", f"questions/{algebra}", f"questions/{calculus}", "syllabus"]
    assert [file.name for file in file_list.files] == expected
    assert file_list.count == 4
    for file in file_list.files:
        content = read_file(student, file.sha256)
        assert hashlib.sha256(content.body).hexdigest() == file.sha256
        assert len(content.body) == file.size
        assert gzip.decompress(content.compressed) == content.body
    by_name = {file.name: file.sha256 for file in file_list.files}
    questions = read_file(student, by_name[f"questions/{algebra}"])
    rows = ContentFileOut.model_validate_json(questions.body).questions
    assert [row.correct_answer for row in rows] == ["true", "true"]
    assert {row.concept_id for row in rows} == {
        school.concept("Algebra 1"),
        school.concept("Algebra 2"),
    }


def test_unknown_hash_is_not_found(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    for sha256 in ("0" * 64, "", "syllabus"):
        with pytest.raises(ContentFileNotFound):
            read_file(student, sha256)


def test_change_gives_only_its_own_file_another_hash(school: School) -> None:
    school.syllabus(TOPICS)
    author = later(school.call("author"))
    before, version = hashes(author), content_version(school.db)
    new_question = question("Algebra", "Algebra 1", "What is 1 + 1?")
    import_content(author, ContentIn(questions=[new_question]))
    after = hashes(author)
    algebra_file = f"questions/{school.topic('Algebra')}"
    assert {name for name in after if after[name] != before.get(name)} == {algebra_file}
    assert content_version(school.db) != version == _version(before)
    assert content_version(school.db) == list_files(author).content == _version(after)
    with pytest.raises(ContentFileNotFound):
        read_file(author, before[algebra_file])


def _version(files: dict[str, str]) -> str:
    lines = "".join(f"{name} {files[name]}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize(
    ("body", "file"),
    [
        ({"questions": [question("Algebra", "Algebra 1", "Algebra 1, question 1")]}, "questions"),
        ({"concepts": [{"topic": "Algebra", "concept": "Algebra 3"}]}, "syllabus"),
        (
            {"concepts": [{"topic": "Algebra", "concept": "Algebra 1", "description": "New"}]},
            "syllabus",
        ),
        (
            {"topics": [{"topic": "Algebra", "exam_weightage": 10, "estimated_hours": 4}]},
            "syllabus",
        ),
        (
            {
                "topics": [
                    {
                        "topic": "Calculus",
                        "exam_weightage": 40,
                        "estimated_hours": 6,
                        "prerequisites": {"Algebra": 70},
                    }
                ]
            },
            "syllabus",
        ),
    ],
)
def test_every_kind_of_change_is_seen(school: School, body: dict[str, Any], file: str) -> None:
    school.syllabus(TOPICS)
    author = later(school.call("author"))
    before = hashes(author)
    import_content(author, ContentIn(**body))
    after = hashes(author)
    changed_names = [name for name in after if after[name] != before[name]]
    assert [name.partition("/")[0] for name in changed_names] == [file]


def test_weightages_that_another_topic_changes_are_seen(school: School) -> None:
    """A new topic scales the shares of the others, whose rows nothing else touches."""
    school.syllabus(TOPICS)
    author = later(school.call("author"))
    list_files(author)
    topic = {"topic": "Geometry", "exam_weightage": 100, "estimated_hours": 2}
    import_content(author, ContentIn(topics=[topic]))
    syllabus = read_file(author, hashes(author)["syllabus"])
    rows = ContentFileOut.model_validate_json(syllabus.body).topics
    assert {row.name: row.exam_weightage for row in rows} == {
        "Algebra": 30,
        "Calculus": 20,
        "Geometry": 50,
    }


def test_change_that_is_committed_after_a_newer_one_is_seen(school: School) -> None:
    school.syllabus(TOPICS)
    author = school.call("author")
    for concept, days in (("Algebra 1", 2), ("Algebra 2", 1)):
        before = content_version(school.db)
        school.db.execute(
            update(Question)
            .where(Question.id == school.question(concept))
            .values(correct_answer="false", updated_at=NOW + timedelta(days=days))
        )
        school.db.commit()
        assert content_version(school.db) != before, concept
    assert content_version(school.db) == _version(hashes(author))


def test_files_that_are_read_while_the_content_changes_belong_together(
    deps: Deps, postgres_url: str
) -> None:
    """The change is committed after topics were read and before questions are read."""
    with postgres_session(deps) as db, psycopg.connect(postgres_url, autocommit=True) as other:
        school = School(db, deps.settings)
        school.syllabus(TOPICS)
        changes = iter(
            [
                "UPDATE learning.topics SET name = 'New', updated_at = now()",
                (
                    "INSERT INTO learning.concepts (id, topic_id, name)"
                    " SELECT gen_random_uuid(), id, 'New' FROM learning.topics LIMIT 1"
                ),
                (
                    "INSERT INTO learning.questions (id, concept_id, question_text, question_type,"
                    "  correct_answer, difficulty)"
                    " SELECT gen_random_uuid(), id, 'New', 'numerical', '2', 'easy'"
                    " FROM learning.concepts WHERE name = 'New'"
                ),
                "UPDATE learning.questions SET question_text = 'New', updated_at = now()",
            ]
        )

        def change(
            _connection: object, _cursor: object, text: str, *_other_arguments: object
        ) -> None:
            if "FROM learning.concepts" in text and "count" not in text:
                for statement in changes:
                    other.execute(statement)

        event.listen(db.get_bind(), "after_cursor_execute", change)
        try:
            content = current_content(db)
        finally:
            event.remove(db.get_bind(), "after_cursor_execute", change)
    rows = [ContentFileOut.model_validate_json(file.body) for file in content.files]
    assert next(changes, None) is None
    assert {topic.name for each in rows for topic in each.topics} == {"New"}
    assert [it.question_text for each in rows for it in each.questions] == ["New"] * 4


def test_content_that_is_restored_has_the_same_files(school: School) -> None:
    school.syllabus(TOPICS)
    author = school.call("author")
    first = hashes(author)
    text = "Algebra 1, question 1"
    original = question(
        "Algebra",
        "Algebra 1",
        text,
        question_type="true_false",
        correct_answer="true",
        difficulty="easy",
        expected_time_seconds=60,
    )
    for number, answer in enumerate(("false", "true"), start=1):
        sent_question = original | {"correct_answer": answer}
        import_content(later(author, number), ContentIn(questions=[sent_question]))
        assert (hashes(author) == first) == (answer == "true")


def test_device_has_the_content_of_the_server(school: School, device: Session) -> None:
    school.syllabus(TOPICS, questions_per_concept=2)
    author = later(school.call("author"))
    options = ["2", "3", "\u00bd, é"]
    choice = question("Algebra", "Algebra 1", "Which?", question_type="mcq", options=options)
    import_content(author, ContentIn(questions=[choice]))
    school.store(
        MasteryCalibration,
        version="fitted",
        attempts=1_000,
        coefficients=current_calibration(school.db).to_values() | {"version": "fitted"},
        created_at=NOW,
        updated_at=NOW,
    )
    row_changes = install(author, device)
    # 2 topics, 1 prerequisite, 3 concepts, 7 questions, 1 calibration
    assert (row_changes.stored, row_changes.deleted) == (2 + 1 + 3 + 7 + 1, 0)
    assert content_of(device) == content_of(school.db)
    assert current_calibration(device).version == "fitted"
    assert current_content(device) == current_content(school.db)
    assert content_version(device) == content_version(school.db)


def test_storing_files_again_changes_nothing(school: School, device: Session) -> None:
    school.syllabus(TOPICS)
    author = school.call("author")
    install(author, device)
    before = [device.execute(select(table.__table__)).all() for table in (Topic, Question)]
    assert store_content(device, *fetch(author), NOW + timedelta(days=1)) == RowChanges(0, 0)
    device.commit()
    after = [device.execute(select(table.__table__)).all() for table in (Topic, Question)]
    assert after == before


def test_device_that_has_most_files_stores_the_others(school: School, device: Session) -> None:
    school.syllabus(TOPICS)
    author = later(school.call("author"))
    install(author, device)
    stored_hashes = hashes(author)
    import_content(
        author, ContentIn(questions=[question("Calculus", "Calculus 1", "What is d 2x / dx?")])
    )
    names, files = fetch(author, stored_hashes=stored_hashes)
    assert [file.name for file in files] == [f"questions/{school.topic('Calculus')}"]
    assert store_content(device, names, files, NOW) == RowChanges(1, 0)
    assert content_of(device) == content_of(school.db)


def test_rows_that_the_content_no_longer_has_are_deleted(school: School, device: Session) -> None:
    school.syllabus(TOPICS)
    author = later(school.call("author"))
    install(author, device)
    algebra_2, calculus = school.concept("Algebra 2"), school.topic("Calculus")
    for table, condition in (
        (Question, Question.concept_id.in_([algebra_2, school.concept("Calculus 1")])),
        (Concept, Concept.id.in_([algebra_2, school.concept("Calculus 1")])),
        (TopicPrerequisite, TopicPrerequisite.topic_id == calculus),
        (Topic, Topic.id == calculus),
    ):
        school.db.execute(delete(table).where(condition))
    school.db.commit()
    # 2 questions, 2 concepts, 1 prerequisite, 1 topic
    assert install(author, device) == RowChanges(0, 6)
    assert content_of(device) == content_of(school.db)


def test_parts_are_stored_after_their_topic_and_deleted_before_it(
    school: School, device: Session
) -> None:
    """Each part has a smaller id than its topic, so an order by id would violate foreign keys."""
    whole, part, piece = (UUID(int=number) for number in (3, 2, 1))
    values = {"exam_weightage": 0, "estimated_hours": 1, "created_at": NOW, "updated_at": NOW}
    for topic_id, parent_id in ((whole, None), (part, whole), (piece, part)):
        school.store(Topic, id=topic_id, name=str(topic_id), parent_id=parent_id, **values)
    author = school.user("ann")
    assert install(author, device) == RowChanges(3, 0)
    for topic_id in (piece, part, whole):
        school.db.execute(delete(Topic).where(Topic.id == topic_id))
    school.db.commit()
    assert install(author, device) == RowChanges(0, 3)


def store_answer(device: Session, question_id: UUID) -> None:
    """Store an answer of the device's student."""
    student_id, times = uuid4(), {"created_at": NOW, "updated_at": NOW}
    device.add(StudentProfile(id=student_id, grade=10, target_exam="Finals", **times))
    device.flush()
    device.add(
        QuestionAttempt(
            student_id=student_id,
            question_id=question_id,
            answer="true",
            is_correct=True,
            time_taken_seconds=5,
            timestamp=NOW,
            **times,
        )
    )
    device.commit()


def test_question_with_an_answer_is_never_deleted(school: School, device: Session) -> None:
    school.syllabus(TOPICS, questions_per_concept=2)
    author = later(school.call("author"))
    install(author, device)
    answered_question = school.question("Calculus 1")
    store_answer(device, answered_question)
    concept, calculus = school.concept("Calculus 1"), school.topic("Calculus")
    for table, condition in (
        (Question, Question.concept_id == concept),
        (Concept, Concept.id == concept),
        (TopicPrerequisite, TopicPrerequisite.topic_id == calculus),
        (Topic, Topic.id == calculus),
    ):
        school.db.execute(delete(table).where(condition))
    school.db.commit()
    for deleted in (2, 0):  # the other question and the prerequisite; then nothing
        assert install(author, device) == RowChanges(0, deleted)
    remaining = {it.question_text for it in list_questions(device, [concept], None, 10)}
    assert remaining == {"Calculus 1, question 1"}
    assert calculus in read_syllabus(device).topics
    assert device.execute(select(QuestionAttempt.question_id)).scalars().all() == [
        answered_question
    ]


def test_question_moves_with_its_concept(school: School, device: Session) -> None:
    school.syllabus(TOPICS)
    author = school.call("author")
    install(author, device)
    store_answer(device, school.question("Algebra 2"))
    for concept in ("Algebra 1", "Algebra 2"):
        school.db.execute(
            update(Concept)
            .where(Concept.id == school.concept(concept))
            .values(topic_id=school.topic("Calculus"), updated_at=NOW + timedelta(days=1))
        )
    school.db.commit()
    stored_hashes = {name: sha for name, sha in hashes(author).items() if name == "calibration"}
    names, files = fetch(author, stored_hashes=stored_hashes)
    assert f"questions/{school.topic('Algebra')}" not in names
    assert store_content(device, names, files, NOW) == RowChanges(2, 0)
    assert content_of(device) == content_of(school.db)


def test_calibration_in_use_replaces_the_earlier_one(school: School, device: Session) -> None:
    student = school.user("ann")
    for days, version in ((0, "first"), (1, "second")):
        school.store(
            MasteryCalibration,
            version=version,
            attempts=1_000,
            coefficients=current_calibration(school.db).to_values() | {"version": version},
            created_at=NOW + timedelta(days=days),
            updated_at=NOW + timedelta(days=days),
        )
        install(student, device)
        assert current_calibration(device) == current_calibration(school.db)
    school.db.execute(delete(MasteryCalibration).where(MasteryCalibration.version == "second"))
    school.db.commit()
    install(student, device)
    assert current_calibration(device).version == "first"


def test_damaged_file_is_refused(school: School, device: Session) -> None:
    school.syllabus(TOPICS)
    author = school.call("author")
    listed_file = next(file for file in list_files(author).files if file.name == "syllabus")
    body = read_file(author, listed_file.sha256).body
    for damaged in (body[:-1], body.replace(b"Algebra", b"algebra"), b""):
        with pytest.raises(ContentFileUnusable, match="syllabus is damaged"):
            verified_file("syllabus", listed_file.sha256, damaged)
    unreadable = ContentFile("syllabus", body.replace(b'"format":1', b'"format":2'))
    with pytest.raises(
        ContentFileUnusable, match="syllabus does not have the expected form: format"
    ):
        store_content(device, ["syllabus"], [unreadable], NOW)
    with pytest.raises(ContentFileUnusable, match="syllabus is not in the list"):
        store_content(device, ["calibration"], [ContentFile("syllabus", body)], NOW)
    assert device.execute(select(Topic.id)).all() == []
