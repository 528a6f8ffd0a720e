"""Statements of classes and marks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from lib.learning.ids import Reference, live_id
from lib.learning.insertion import insert_into
from lib.learning.tables import Class, ExamMark, StudentProfile
from lib.learning.tables.base import new_id


@dataclass(frozen=True)
class ClassRow:
    """A class."""

    id: UUID
    former_id: int | None
    name: str
    grade: int
    teacher_id: UUID | None
    join_code: str | None
    student_count: int

    @property
    def live_id(self) -> int | UUID:
        """Id of the class in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.id, self.former_id)


@dataclass(frozen=True)
class MarkRow:
    """A mark in an exam."""

    student_id: UUID
    exam: str
    exam_date: datetime
    mark: float


def add_class(db: Session, values: Mapping[str, Any]) -> None:
    """Store a new class."""
    db.execute(insert(Class).values(**values))


def change_class(db: Session, class_id: UUID, values: Mapping[str, Any]) -> None:
    """Store changes to a class."""
    db.execute(update(Class).where(Class.id == class_id).values(**values))


def find_class(db: Session, reference: Reference) -> ClassRow | None:
    """Return a class; None if there is none with this id."""
    rows = _classes(db, reference.of(Class))
    return rows[0] if rows else None


def lock_open_class(db: Session, code: str) -> UUID | None:
    """Return the id of the class with a join code; None if no class has it.

    The class is locked, so its code stays valid until the transaction ends.
    """
    query = select(Class.id).where(Class.join_code == code).with_for_update(read=True)
    return db.execute(query).scalar_one_or_none()


def list_classes(
    db: Session,
    after: tuple[str, UUID] | None,
    limit: int,
    *,
    teacher_id: UUID | None = None,
    student_id: UUID | None = None,
) -> list[ClassRow]:
    """Return a page of the classes of a teacher or of a student, or of all, by name.

    Args:
        db: The session.
        after: Name and id of the last class of the page before; None for the first page.
        limit: Maximum number of classes to return.
        teacher_id: Teacher whose classes are wanted.
        student_id: Student whose class is wanted.
    """
    conditions = []
    if teacher_id is not None:
        conditions.append(Class.teacher_id == teacher_id)
    if student_id is not None:
        own_class_id = select(StudentProfile.class_id).where(StudentProfile.id == student_id)
        conditions.append(Class.id.in_(own_class_id))
    if after is not None:
        conditions.append(tuple_(Class.name, Class.id) > after)
    return _classes(db, *conditions, limit=limit)


def join_class(db: Session, student_id: UUID, class_id: UUID, now: datetime) -> None:
    """Put a student into a class."""
    db.execute(
        update(StudentProfile)
        .where(StudentProfile.id == student_id)
        .values(class_id=class_id, updated_at=now)
    )


def move_members(
    db: Session,
    class_id: UUID,
    student_ids: Collection[UUID],
    to_class_id: UUID | None,
    now: datetime,
) -> int:
    """Move members of a class to another one, or out; return how many were members."""
    moved_ids = db.execute(
        update(StudentProfile)
        .where(StudentProfile.id.in_(student_ids), StudentProfile.class_id == class_id)
        .values(class_id=to_class_id, updated_at=now)
        .returning(StudentProfile.id)
    )
    return len(moved_ids.all())


def put_marks(db: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[UUID, UUID]:
    """Store marks in one exam; a student's mark in the same exam on the same day is replaced.

    They are stored in the order of the students' ids, so that two calls cannot deadlock.

    Returns:
        The ids of the rows by student.
    """
    statement = insert_into(db, ExamMark)
    replacement_values = {
        name: statement.excluded[name] for name in ("mark", "entered_by", "updated_at")
    }
    stored_rows = db.execute(
        statement.on_conflict_do_update(
            index_elements=["student_id", "exam", "exam_date"], set_=replacement_values
        ).returning(ExamMark.student_id, ExamMark.id),
        [
            {"id": new_id(), "created_at": now, "updated_at": now, **row}
            for row in sorted(rows, key=lambda row: row["student_id"])
        ],
    )
    return {row[0]: row[1] for row in stored_rows}


def list_marks(
    db: Session,
    after: tuple[datetime, str, UUID] | None,
    limit: int,
    *,
    student_id: UUID | None = None,
    class_id: UUID | None = None,
) -> list[MarkRow]:
    """Return a page of the marks of a student, of a class, or of one student of a class.

    Args:
        db: The session.
        after: Day, exam and student of the last mark of the page before; None for the first page.
            The newest exam is first.
        limit: Maximum number of marks to return.
        student_id: Student whose marks are wanted.
        class_id: Class whose marks are wanted.
    """
    query = select(ExamMark.student_id, ExamMark.exam, ExamMark.exam_date, ExamMark.mark)
    if class_id is not None:
        members = select(StudentProfile.id).where(StudentProfile.class_id == class_id)
        query = query.where(ExamMark.student_id.in_(members))
    if student_id is not None:
        query = query.where(ExamMark.student_id == student_id)
    if after is not None:
        day, exam, last_student_id = after
        of_day = tuple_(ExamMark.exam, ExamMark.student_id) > (exam, last_student_id)
        older = ExamMark.exam_date < day
        query = query.where(or_(older, and_(ExamMark.exam_date == day, of_day)))
    ordered = query.order_by(ExamMark.exam_date.desc(), ExamMark.exam, ExamMark.student_id)
    return [MarkRow(*row) for row in db.execute(ordered.limit(limit))]


def mean_of_newest_exam(db: Session, student_ids: Collection[UUID]) -> float | None:
    """Return the mean mark of students in the newest exam in which one of them has a mark."""
    of_students = ExamMark.student_id.in_(student_ids)
    newest = (
        select(ExamMark.exam_date, ExamMark.exam)
        .where(of_students)
        .order_by(ExamMark.exam_date.desc(), ExamMark.exam)
        .limit(1)
    )
    query = select(func.avg(ExamMark.mark)).where(
        of_students, tuple_(ExamMark.exam_date, ExamMark.exam).in_(newest)
    )
    mean: float | None = db.execute(query).scalar_one()
    return mean


def _classes(
    db: Session, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[ClassRow]:
    count = (
        select(func.count())
        .where(StudentProfile.class_id == Class.id)
        .correlate(Class)
        .scalar_subquery()
    )
    rows = db.execute(
        select(
            Class.id,
            Class.former_id,
            Class.name,
            Class.grade,
            Class.teacher_id,
            Class.join_code,
            count,
        )
        .where(*conditions)
        .order_by(Class.name, Class.id)
        .limit(limit)
    )
    return [ClassRow(*row) for row in rows]
