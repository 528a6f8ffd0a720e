"""Statements of content files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, delete, extract, func, insert, literal, select, union_all, update
from sqlalchemy.orm import Session

from lib.learning.content_files.wire import (
    CalibrationFileRow,
    ConceptFileRow,
    PrerequisiteFileRow,
    QuestionFileRow,
    TopicFileRow,
)
from lib.learning.tables import (
    Concept,
    MasteryCalibration,
    Question,
    QuestionAttempt,
    Topic,
    TopicPrerequisite,
)
from lib.learning.tables.base import ONE_STATEMENT, Base

FileRow = TopicFileRow | PrerequisiteFileRow | ConceptFileRow | QuestionFileRow | CalibrationFileRow
_TABLES: dict[type[FileRow], type[Base]] = {
    TopicFileRow: Topic,
    PrerequisiteFileRow: TopicPrerequisite,
    ConceptFileRow: Concept,
    QuestionFileRow: Question,
    CalibrationFileRow: MasteryCalibration,
}
"""Tables of the rows in files; whatever changes one of them sets `updated_at`."""


@dataclass(frozen=True)
class TableStamp:
    """Summary of the times at which a table's rows were changed; it differs after any change.

    The newest time alone would miss a change that was committed after a change with a newer time.
    """

    number: int
    """Position of the table in `_TABLES`."""
    rows: int
    """Number of rows."""
    newest: datetime | None
    """Newest time of a change; None without rows."""
    total: Decimal
    """Sum of the times, seconds since 1970; Postgres has microseconds, SQLite whole seconds."""


def read_stamps(db: Session) -> tuple[TableStamp, ...]:
    """Return the stamps of the content's tables, as of one moment."""
    parts = [
        select(
            literal(number).label("number"),
            func.count().label("rows"),
            func.max(table.__table__.c.updated_at).label("newest"),
            func.coalesce(func.sum(extract("epoch", table.__table__.c.updated_at)), 0),
        )
        for number, table in enumerate(_TABLES.values())
    ]
    rows = db.execute(union_all(*parts).order_by("number"))
    return tuple(TableStamp(row[0], row[1], row[2], Decimal(row[3])) for row in rows)


def read_topics(db: Session) -> list[TopicFileRow]:
    """Return all topics in the order of their ids."""
    return [TopicFileRow(**values) for values in _values(db, TopicFileRow)]


def read_prerequisites(db: Session) -> list[PrerequisiteFileRow]:
    """Return all prerequisites in the order of their ids."""
    return [PrerequisiteFileRow(**values) for values in _values(db, PrerequisiteFileRow)]


def read_concepts(db: Session) -> list[ConceptFileRow]:
    """Return all concepts in the order of their ids."""
    return [ConceptFileRow(**values) for values in _values(db, ConceptFileRow)]


def read_questions(db: Session) -> list[QuestionFileRow]:
    """Return all questions in the order of their ids."""
    return [QuestionFileRow(**values) for values in _values(db, QuestionFileRow)]


def read_newest_calibration(db: Session) -> list[CalibrationFileRow]:
    """Return the calibration in use; nothing before the first."""
    newest = (MasteryCalibration.created_at.desc(), MasteryCalibration.id.desc())
    rows = db.execute(select(*_columns(CalibrationFileRow)).order_by(*newest).limit(1))
    return [CalibrationFileRow(**row) for row in rows.mappings()]


def put_rows(db: Session, rows: Sequence[FileRow], now: datetime) -> int:
    """Store the rows of one table that are new or differ from the stored ones.

    Returns:
        Number of rows that are new or have changed.
    """
    if not rows:
        return 0
    kind = type(rows[0])
    stored_by_id = {values["id"]: dict(values) for values in _values(db, kind)}
    values_of_rows = [_as_stored(row) for row in rows]
    new_rows = [
        {"created_at": now, **values, "updated_at": now}
        for values in values_of_rows
        if values["id"] not in stored_by_id
    ]
    changed_rows = [
        {**values, "updated_at": now}
        for values in values_of_rows
        if values["id"] in stored_by_id and values != stored_by_id[values["id"]]
    ]
    if new_rows:
        db.execute(insert(_TABLES[kind]), new_rows, execution_options=ONE_STATEMENT)
    if changed_rows:
        db.execute(update(_TABLES[kind]), changed_rows)
    return len(new_rows) + len(changed_rows)


def delete_others(db: Session, kind: type[FileRow], kept_ids: Iterable[UUID]) -> int:
    """Delete the rows of a table except those with certain ids; return how many were deleted."""
    table = _table(kind)
    other_ids = set(db.execute(select(table.c.id)).scalars()) - set(kept_ids)
    return _delete(db, kind, other_ids)


def delete_unanswered(db: Session, topic_id: UUID, kept_ids: Collection[UUID]) -> int:
    """Delete questions of a topic that have no answers, except those with certain ids."""
    answered = select(QuestionAttempt.id).where(QuestionAttempt.question_id == Question.id)
    query = (
        select(Question.id)
        .join(Concept, Concept.id == Question.concept_id)
        .where(Concept.topic_id == topic_id, ~answered.exists())
    )
    return _delete(db, QuestionFileRow, set(db.execute(query).scalars()) - set(kept_ids))


def delete_empty_concepts(db: Session, kept_ids: Collection[UUID]) -> int:
    """Delete concepts that have no questions, except those with certain ids."""
    questions = select(Question.id).where(Question.concept_id == Concept.id)
    unused_ids = set(db.execute(select(Concept.id).where(~questions.exists())).scalars())
    return _delete(db, ConceptFileRow, unused_ids - set(kept_ids))


def delete_empty_topics(db: Session, kept_ids: Collection[UUID]) -> int:
    """Delete topics that have no concepts and no parts, except those with certain ids.

    A topic whose last part is deleted here is deleted, too, and so on up to the topmost one.
    """
    parents = {row[0]: row[1] for row in db.execute(select(Topic.id, Topic.parent_id))}
    used_ids = set(kept_ids) | set(db.execute(select(Concept.topic_id)).scalars())
    total = 0
    while empty := parents.keys() - used_ids - set(parents.values()):
        total += _delete(db, TopicFileRow, empty)
        parents = {topic: parent for topic, parent in parents.items() if topic not in empty}
    return total


def list_topic_ids(db: Session) -> set[UUID]:
    """Return the ids of all topics."""
    return set(db.execute(select(Topic.id)).scalars())


def _table(kind: type[FileRow]) -> Table:
    return cast("Table", _TABLES[kind].__table__)


def _columns(kind: type[FileRow]) -> list[Any]:
    return [getattr(_TABLES[kind], name) for name in kind.model_fields]


def _values(db: Session, kind: type[FileRow]) -> Iterable[Mapping[str, Any]]:
    query = select(*_columns(kind)).order_by(_table(kind).c.id)
    return cast("Iterable[Mapping[str, Any]]", db.execute(query).mappings())


def _as_stored(row: FileRow) -> dict[str, Any]:
    """Return the values of the columns, with enum members as their texts."""
    values = row.model_dump()
    return {name: getattr(value, "value", value) for name, value in values.items()}


def _delete(db: Session, kind: type[FileRow], ids: Collection[UUID]) -> int:
    if ids:
        db.execute(delete(_TABLES[kind]).where(_table(kind).c.id.in_(ids)))
    return len(ids)
