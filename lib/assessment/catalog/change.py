"""Changes to one question or to a pool's parameters: each makes a new version of the pool.

Running tests keep the version they began with. Editors state the version of the question that they
read, so that nobody overwrites what another has changed in the meantime.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from lib.assessment.catalog import store
from lib.assessment.catalog.lists import question_out
from lib.assessment.catalog.store import LockedItem
from lib.assessment.catalog.wire import (
    ChangedQuestionOut,
    EditIn,
    PoolVersionIn,
    PoolVersionOut,
    RetireIn,
)
from lib.assessment.errors import (
    EditConceptMismatch,
    OtherQuestionId,
    PoolNotFound,
    PoolVersionNotFound,
    QuestionChanged,
    QuestionNotFound,
)
from lib.assessment.pools import store as pool_store
from lib.deps import Deps

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def edit(pool_id: UUID, question_id: str, body: EditIn, deps: Deps) -> ChangedQuestionOut:
    """Replace a question with the given one, for tests that start later.

    Raises:
        QuestionNotFound: If the pool has no such question.
        QuestionChanged: If it has changed since the version that the caller read.
        OtherQuestionId: If the body names another question.
        EditConceptMismatch: If the pool tests a different number of concepts.
    """
    if body.id not in {"", question_id}:
        raise OtherQuestionId(question_id=question_id)
    row = {
        **body.model_dump(exclude={"version", "adminPassword"}),
        "id": question_id,
        "place": 0,
        "correct_option": body.options.index(body.correct_answer),
    }
    with deps.postgres.transaction() as tx:
        pool_store.stage_upload(tx, [row])
        item = _lock(tx, pool_id, question_id, body.version)
        if item.concept_count != len(body.concepts):
            raise EditConceptMismatch(expected=item.concept_count, actual=len(body.concepts))
        pool_store.write_upload(tx, pool_id, None)
        question = store.read_question(tx, pool_id, question_id)
    return ChangedQuestionOut(question_pool_id=pool_id, question=question_out(question))


def retire(pool_id: UUID, question_id: str, body: RetireIn, deps: Deps) -> ChangedQuestionOut:
    """Exclude a question from tests that start later; a retired question stays as it is.

    Raises:
        QuestionNotFound: If the pool has no such question.
        QuestionChanged: If the caller states the version that they read, and the question has
            changed since.
    """
    with deps.postgres.transaction() as tx:
        item = _lock(tx, pool_id, question_id, None)
        if not item.retired:
            _refuse_if_changed(item, question_id, body.version)
            store.retire(tx, pool_id, item)
        question = store.read_question(tx, pool_id, question_id)
    return ChangedQuestionOut(question_pool_id=pool_id, question=question_out(question))


def go_back(body: PoolVersionIn, deps: Deps) -> PoolVersionOut:
    """Give tests that start later the parameters and settings of an earlier version.

    Texts, correct answers, retirements and exposure counts stay. Going back to the version in use
    changes nothing.

    Raises:
        PoolNotFound: If the pool does not exist.
        PoolVersionNotFound: If the pool has no such version.
    """
    pool_id, version = body.question_pool_id, body.version
    with deps.postgres.transaction() as tx:
        versions = store.lock_versions(tx, pool_id, version)
        if versions is None:
            raise PoolNotFound
        if not versions.exists:
            raise PoolVersionNotFound
        current = versions.current_version
        if version not in {current, versions.restored_version}:
            current = store.restore(tx, pool_id, version, current)
    return PoolVersionOut(question_pool_id=pool_id, version=current, restored_version=version)


def _lock(
    tx: "Transaction", pool_id: UUID, question_id: str, read_version: int | None
) -> LockedItem:
    item = store.lock_item(tx, pool_id, question_id)
    if item is None:
        raise QuestionNotFound
    _refuse_if_changed(item, question_id, read_version)
    return item


def _refuse_if_changed(item: LockedItem, question_id: str, read_version: int | None) -> None:
    """Refuse unless the question is still as it was in the version that the caller read."""
    if read_version is not None and not item.version <= read_version <= item.current_version:
        raise QuestionChanged(question_id=question_id, version=read_version)
