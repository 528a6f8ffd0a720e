"""Lists of pools, of a pool's versions and of its questions."""

from dataclasses import asdict
from datetime import datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

from lib.assessment.catalog import store
from lib.assessment.catalog.store import PoolPosition, PoolRow, QuestionRow
from lib.assessment.catalog.wire import (
    CalibrationFitOut,
    ErrorsOut,
    LiveParametersOut,
    OfferedPoolOut,
    OfferedPoolsOut,
    PoolDetailsOut,
    PoolOut,
    PoolQuestionOut,
    PoolQuestionsOut,
    PoolsOut,
    ProposalOut,
    RulesOut,
    SelectionOut,
    VersionOut,
)
from lib.assessment.errors import PoolNotFound
from lib.assessment.pools.rules import DEFAULT_CONCEPTS
from lib.assessment.pools.selection_settings import Selection
from lib.deps import Deps
from lib.errors import Unauthenticated
from lib.web import cursor

MAX_PAGE = 200
"""Maximum length of a page of pools or versions."""
MAX_QUESTIONS = 100
"""Maximum length of a page of questions."""
MAX_BYTES = 3_500_000
"""Maximum size of the texts on a page of questions; the platforms refuse responses of 4.5 MB."""


def pools(
    limit: int, after: str | None, deps: Deps, *, holds_password: bool
) -> PoolsOut | OfferedPoolsOut:
    """Return a page of pools; on the local server, callers without a password get the public part.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        Unauthenticated: If the caller has no valid password, in a deployment.
    """
    if not holds_password and not deps.settings.trust_loopback:
        raise Unauthenticated
    rows = store.list_pools(deps.postgres, _pool_position(after), limit)
    last = rows[-1] if len(rows) == limit else None
    next_cursor = None if last is None else cursor.write(last.created_at, last.id)
    if holds_password:
        return PoolsOut(pools=[_pool(row) for row in rows], next_cursor=next_cursor)
    offered = [
        OfferedPoolOut(
            id=row.id,
            name=row.name,
            question_count=row.question_count,
            concept_names=concept_names(row),
        )
        for row in rows
    ]
    return OfferedPoolsOut(pools=offered, next_cursor=next_cursor)


def pool(pool_id: UUID, limit: int, after: str | None, deps: Deps) -> PoolDetailsOut:
    """Return a pool with its settings and a page of its versions, newest first.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        PoolNotFound: If the pool does not exist.
    """
    before = None if after is None else cursor.read(after, _number)[0]
    details = store.read_pool(deps.postgres, pool_id, before, limit)
    if details is None:
        raise PoolNotFound
    rows = details.versions
    return PoolDetailsOut(
        pool=_pool(details.pool),
        selection=SelectionOut(**asdict(Selection.of_version(details.pool.selection))),
        rules=RulesOut.model_validate(details.pool.rules),
        proposal=None if details.proposal is None else ProposalOut(**vars(details.proposal)),
        versions=[VersionOut.model_validate(vars(row)) for row in rows],
        next_cursor=cursor.write(rows[-1].version) if len(rows) == limit else None,
    )


def questions(pool_id: UUID, limit: int, after: str | None, deps: Deps) -> PoolQuestionsOut:
    """Return a page of a pool's questions with correct answers and statistics, by position.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        PoolNotFound: If the pool does not exist.
    """
    position = None if after is None else cursor.read(after, _number)[0]
    rows = store.list_questions(deps.postgres, pool_id, position, limit)
    if rows is None:
        raise PoolNotFound
    page = _rows_within_size(rows)
    is_last = len(page) == len(rows) < limit
    return PoolQuestionsOut(
        questions=[question_out(row) for row in page],
        next_cursor=None if is_last else cursor.write(page[-1].position),
    )


def _rows_within_size(rows: list[QuestionRow]) -> list[QuestionRow]:
    """Return the first rows whose texts have at most `MAX_BYTES`, but at least one row."""
    sizes = accumulate(
        len(f"{row.content}{row.options}{row.correct_answer}".encode()) for row in rows
    )
    return [
        row
        for i, (row, size) in enumerate(zip(rows, sizes, strict=True))
        if i == 0 or size <= MAX_BYTES
    ]


def question_out(row: QuestionRow) -> PoolQuestionOut:
    """Return a question as operators and instructors see it."""
    fields: dict[str, Any] = {
        name: value
        for name, value in vars(row).items()
        if name in PoolQuestionOut.model_fields and name != "calibration"
    }
    return PoolQuestionOut(
        **fields,
        parameters=LiveParametersOut(
            difficulty=row.live_difficulty,
            discrimination=row.live_discrimination,
            guessing=row.live_guessing,
            is_calibrated=row.calibration is not None,
        ),
        calibration=None if row.calibration is None else _fit(row.calibration),
        times_shown=row.answer_count,
        right_share=round(row.correct_count / row.answer_count, 6) if row.answer_count else None,
    )


def _fit(calibration: dict[str, Any]) -> CalibrationFitOut:
    return CalibrationFitOut(
        answers=calibration["answers"],
        errors=ErrorsOut(
            difficulty=calibration["difficulty_error"],
            discrimination=calibration["discrimination_error"],
            guessing=calibration["guessing_error"],
        ),
        drifted=calibration["drifted"],
        p_value=calibration["p_value"],
        curve_change=calibration["curve_change"],
    )


def _pool(row: PoolRow) -> PoolOut:
    fields = {name: value for name, value in vars(row).items() if name in PoolOut.model_fields}
    return PoolOut(**fields, concept_names=concept_names(row))


def concept_names(row: PoolRow) -> list[str] | None:
    """Return the names of a pool's concepts; None if they have neither given nor default names."""
    names: list[str] | None = row.rules.get("concept_names")
    if names is None and row.concept_count == len(DEFAULT_CONCEPTS):
        return list(DEFAULT_CONCEPTS)
    return names


def _pool_position(after: str | None) -> PoolPosition:
    if after is None:
        return PoolPosition()
    created_at, pool_id = cursor.read(after, datetime.fromisoformat, UUID)
    return PoolPosition(created_at=created_at, pool_id=pool_id)


def _number(number: int) -> int:
    if type(number) is not int or not 0 <= number < 2**31:
        raise ValueError("not a version or position")
    return number
