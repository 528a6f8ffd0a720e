"""Upload of questions: thousands at once, all or nothing, as a new version of their pool."""

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from lib.assessment.errors import PoolConceptMismatch, QuestionInOtherPool, RuleConflict
from lib.assessment.pools import rules, store
from lib.assessment.pools.store import ExistingPool
from lib.assessment.pools.wire import UploadIn, UploadOut
from lib.deps import Deps

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def upload(body: UploadIn, deps: Deps) -> UploadOut:
    """Add questions to a pool, or change those it has; running sessions keep their version.

    Without a pool's id, the questions go to the pool that already holds questions with these ids,
    so that repeating an upload changes nothing. If there is none, they make a new pool.

    Raises:
        QuestionInOtherPool: If another pool holds one of the questions.
        PoolConceptMismatch: If the pool tests a different number of concepts.
        RuleConflict: If the rules do not fit together.
    """
    with (
        deps.postgres.transaction() as tx,
        tx.connection.transaction(force_rollback=body.dry_run),
    ):
        pool_id = _pool_to_write(body.question_pool_id, store.stage_upload(tx, _rows(body)))
        _write(body, pool_id, tx)
    count = len(body.questions)
    noun = "question" if count == 1 else "questions"
    done = "can be uploaded; nothing was stored" if body.dry_run else "uploaded"
    return UploadOut(
        message=f"{count} {noun} {done}",
        count=count,
        question_pool_id=pool_id,
    )


def _rows(body: UploadIn) -> list[dict[str, Any]]:
    return [
        {
            **question.model_dump(exclude={"guessing"}),
            "place": place,
            "correct_option": question.options.index(question.correct_answer),
            "guessing": body.guessing if question.guessing is None else question.guessing,
        }
        for place, question in enumerate(body.questions)
    ]


def _pool_to_write(requested_id: UUID | None, pools: list[ExistingPool]) -> UUID:
    pool_id = requested_id or (pools[0].pool_id if pools else uuid4())
    for pool in pools:
        if pool.pool_id != pool_id:
            raise QuestionInOtherPool(
                place=pool.place, question_id=pool.question_id, pool_id=pool.pool_id
            )
    return pool_id


def _write(body: UploadIn, pool_id: UUID, tx: "Transaction") -> None:
    concepts = len(body.questions[0].concepts)
    expected = store.lock_or_create_pool(tx, pool_id, body.name, concepts)
    if expected != concepts:
        raise PoolConceptMismatch(expected=expected, actual=concepts)
    given_rules = body.model_dump(include=set(rules.RULES) & body.model_fields_set)
    pool_rules = store.write_rules(tx, pool_id, given_rules)
    if conflict := rules.problem(pool_rules, concepts):
        field, problem = conflict
        raise RuleConflict(field=field, problem=problem)
    selection = None if body.selection is None else body.selection.model_dump()
    store.write_upload(tx, pool_id, selection)
