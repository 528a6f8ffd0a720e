"""Updates of a student's mastery after answers.

An answer that is later than all others is folded in, in constant time. An earlier answer, from a
device that was offline, or a new calibration makes the stored mastery stale; then all answers are
folded again, once per call.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from lib.learning.mastery import store
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery.figures import StudentFigures, count_all
from lib.learning.mastery.store import SkillRow
from lib.learning.mastery_model.attempts import Attempt


def count_attempt(db: Session, skill_row: SkillRow, attempt: Attempt, now: datetime) -> bool:
    """Fold in an answer that was just stored, unless the figures are stale or it makes them stale.

    Args:
        db: The session.
        skill_row: Figures so far, as `store.lock_student` returned them in this transaction.
        attempt: The answer.
        now: Time of the call.

    Returns:
        Whether the figures are up to date; if not, `refresh` has to follow in the same call.
    """
    calibration = current_calibration(db)
    if skill_row.calibration != calibration.version:
        return False
    if skill_row.last is not None and attempt.position <= skill_row.last:
        store.write_student(db, replace(skill_row, calibration=None), now)
        return False
    [concept] = attempt.question.concepts
    concept_id = UUID(concept)
    stored_figures = store.read_figures(db, skill_row.student_id, concept_id)
    figures = StudentFigures(
        skill_row.ability,
        skill_row.attempts,
        {} if stored_figures is None else {concept: stored_figures},
        store.repeated_questions(db, skill_row.student_id, attempt),
    )
    figures.add(attempt, calibration)
    _write(db, skill_row, figures, {concept_id: attempt}, attempt, now)
    return True


def refresh(db: Session, student_id: UUID, now: datetime) -> None:
    """Recompute a student's mastery from all answers if the figures are stale."""
    skill_row = store.lock_student(db, student_id, now)
    if skill_row.calibration != current_calibration(db).version:
        recount(db, skill_row, now)


def recount(db: Session, skill_row: SkillRow, now: datetime) -> None:
    """Recompute a student's mastery from all answers, for example after many were stored.

    Args:
        db: The session.
        skill_row: Figures so far, as `store.lock_student` returned them in this transaction.
        now: Time of the call.
    """
    calibration = current_calibration(db)
    attempts = store.list_attempts(db, skill_row.student_id)
    figures = count_all(attempts, calibration)
    skill_row = replace(skill_row, calibration=calibration.version)
    newest = {UUID(it.question.concepts[0]): it for it in attempts}
    _write(db, skill_row, figures, newest, attempts[-1] if attempts else None, now)


def _write(
    db: Session,
    skill_row: SkillRow,
    figures: StudentFigures,
    newest_by_concept: dict[UUID, Attempt],
    newest_attempt: Attempt | None,
    now: datetime,
) -> None:
    """Store figures.

    Args:
        db: The session.
        skill_row: Figures before the call.
        figures: The figures.
        newest_by_concept: The newest answer about each concept whose figures have changed.
        newest_attempt: The newest of all answers; None if there are none.
        now: Time of the call.
    """
    position = None if newest_attempt is None else newest_attempt.position
    after = replace(skill_row, ability=figures.ability, attempts=figures.attempts, last=position)
    store.write_student(db, after, now)
    changed_figures = {
        concept_id: (figures.concepts[str(concept_id)], attempt)
        for concept_id, attempt in newest_by_concept.items()
    }
    store.write_figures(db, skill_row.student_id, changed_figures, now)
