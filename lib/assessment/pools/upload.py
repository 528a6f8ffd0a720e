"""Uploading questions: thousands at once, all or nothing, as a new version of their pool."""

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from lib.assessment.errors import OtherConceptCount, QuestionElsewhere
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.wire import UploadIn, UploadOut
from lib.database.queries import Query, load_queries
from lib.database.statements import as_jsonb
from lib.deps import Deps

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def upload(asked: UploadIn, deps: Deps) -> UploadOut:
    """Add questions to a pool, or change those that are there; running sessions keep theirs.

    Without a pool's id the questions go where questions of these ids are already, so that the same
    upload twice is one pool, else into a new pool.

    Raises:
        QuestionElsewhere: If a question is in another pool.
        OtherConceptCount: If the pool tests another number of concepts.
    """
    with deps.postgres.transaction() as tx:
        tx.fetch_value(_query("take_turns"))
        tx.execute(_query("stage_upload"), {"questions": as_jsonb(_rows(asked))})
        pool_id = _pool_of(asked.question_pool_id, tx)
        _write(asked, pool_id, tx)
    count = len(asked.questions)
    return UploadOut(
        message=f"{count} question{'' if count == 1 else 's'} uploaded",
        count=count,
        question_pool_id=pool_id,
    )


def _rows(asked: UploadIn) -> list[dict[str, Any]]:
    return [
        {
            **question.model_dump(exclude={"guessing"}),
            "place": place,
            "correct_option": question.options.index(question.correct_answer),
            "guessing": asked.guessing if question.guessing is None else question.guessing,
        }
        for place, question in enumerate(asked.questions)
    ]


def _pool_of(asked: UUID | None, tx: "Transaction") -> UUID:
    """The pool to write to."""
    there = tx.connection.execute(_query("pools_of_uploaded").text).fetchall()
    pool_id: UUID = asked or (there[0][0] if there else uuid4())
    for other, place, question_id in there:
        if other != pool_id:
            raise QuestionElsewhere(place=place, question_id=question_id, pool_id=other)
    return pool_id


def _write(asked: UploadIn, pool_id: UUID, tx: "Transaction") -> None:
    concepts = len(asked.questions[0].concepts)
    pool = {"pool_id": pool_id, "name": asked.name, "concept_count": concepts}
    expected = tx.fetch_value(_query("lock_pool"), pool)
    if expected != concepts:
        raise OtherConceptCount(expected=expected, given=concepts)
    changed = tx.connection.execute(_query("reparametrised").text).fetchall()
    tx.execute(_query("archive_changed_texts"))
    tx.execute(_query("write_questions"), {"pool_id": pool_id})
    tx.execute(_query("stage_changes"), {"reparametrised": [row[0] for row in changed]})
    version = tx.fetch_value(
        _query("write_version"),
        {
            "pool_id": pool_id,
            "selection": asked.selection and as_jsonb(asked.selection.model_dump()),
            "usual": as_jsonb(Selection().model_dump()),
        },
    )
    if version is not None:
        tx.execute(_query("write_items"), {"pool_id": pool_id, "version": version})


def _query(name: str) -> Query:
    return load_queries("assessment/pools.sql")[name]
