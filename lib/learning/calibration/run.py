"""Calibration of the model of mastery.

New coefficients come into use only if they predict the answers of held-out students better than
the present ones. Everybody's mastery is then recomputed, as far as there is time.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from lib.learning.calibration import store
from lib.learning.calibration.store import StudentAnswers
from lib.learning.calibration.wire import MAX_ANSWERS, LearningCalibrationOut, Outcome
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery.store import list_attempts_of
from lib.learning.mastery.update import refresh
from lib.learning.mastery_model.attempts import Attempt
from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.student import Student
from lib.learning.tables.base import new_id
from lib.learning.transactions import transaction

MAX_SECONDS = 22.0
"""Seconds after which a call of the function recomputes no further student."""
FEWEST_ANSWERS, FEWEST_STUDENTS = 1_000, 10
"""Minimum numbers of answers, and of students with answers, for a fit."""
MIN_GROWTH = 1.1
"""Minimum ratio of the present number of answers to the number at the last calibration."""
HELD_OUT = 5
"""One student in this many is held out to compare coefficients."""

Clock = Callable[[], float]
"""Function that returns seconds since any fixed moment."""


def calibrate(
    db: Session,
    now: datetime,
    max_answers: int | None = MAX_ANSWERS,
    max_seconds: float = MAX_SECONDS,
    clock: Clock = time.monotonic,
) -> LearningCalibrationOut:
    """Fit the model if there are enough answers and enough new ones; recompute stale mastery.

    Args:
        db: The session.
        now: Time of the call.
        max_answers: Maximum number of answers in the fit; None for all.
        max_seconds: Seconds after which no further student is recomputed.
        clock: Returns seconds.
    """
    stop_at = clock() + max_seconds
    counts = store.count_answers(db)
    total = sum(it.answers for it in counts)
    outcome: Outcome = "nothing_new"
    losses: tuple[float, float] | None = None
    answers_in_fit = 0
    if total < FEWEST_ANSWERS or len(counts) < FEWEST_STUDENTS:
        outcome = "too_few_answers"
    elif total >= MIN_GROWTH * store.last_total(db):
        chosen_ids = _newest(counts, max_answers)
        histories = list_attempts_of(db, chosen_ids)
        db.rollback()  # no transaction stays open during the fit
        new_calibration, losses = _fit(histories, current_calibration(db))
        answers_in_fit = sum(len(it) for it in histories.values())
        outcome = "no_better"
        if losses[1] < losses[0]:
            outcome = "calibrated"
            with transaction(db):
                store.add_calibration(db, new_calibration, total, now)
    recounted, waiting = _recount(db, [it.student_id for it in counts], now, stop_at, clock)
    return LearningCalibrationOut(
        outcome=outcome,
        version=current_calibration(db).version,
        answers=total,
        students=len(counts),
        fitted_answers=answers_in_fit,
        log_loss_before=None if losses is None else losses[0],
        log_loss_after=None if losses is None else losses[1],
        recounted=recounted,
        waiting=waiting,
    )


def _newest(counts: Sequence[StudentAnswers], max_answers: int | None) -> list[UUID]:
    """Return the students with the newest answers, at least `FEWEST_STUDENTS` of them.

    More students are taken only as long as the answers of all of them are at most `max_answers`.
    """
    chosen_ids: list[UUID] = []
    remaining = math.inf if max_answers is None else max_answers
    for each in counts:
        if each.answers > remaining and len(chosen_ids) >= FEWEST_STUDENTS:
            break
        remaining -= each.answers
        chosen_ids.append(each.student_id)
    return chosen_ids


def _fit(
    histories: Mapping[UUID, Sequence[Attempt]], present: Calibration
) -> tuple[Calibration, tuple[float, float]]:
    """Return new coefficients, and the log loss of held-out students with the old and new ones."""
    from lib.learning.mastery_model.fit import fit

    student_ids = sorted(histories)
    held_out = set(student_ids[::HELD_OUT])
    training = {str(it): history for it, history in histories.items() if it not in held_out}
    new_calibration = fit(training, str(new_id()))
    validation = [histories[it] for it in student_ids if it in held_out]
    return new_calibration, (log_loss(validation, present), log_loss(validation, new_calibration))


def log_loss(histories: Sequence[Sequence[Attempt]], calibration: Calibration) -> float:
    """Return the mean log loss of predictions of each answer from those before it."""
    total, count = 0.0, 0
    for history in histories:
        student = Student(calibration)
        for attempt in history:
            p_correct = student.predict(attempt.question, attempt.time)
            total -= math.log(p_correct if attempt.is_correct else 1 - p_correct)
            count += 1
            student.add(attempt)
    return total / count


def _recount(
    db: Session, student_ids: Sequence[UUID], now: datetime, stop_at: float, clock: Clock
) -> tuple[int, int]:
    """Recompute stale mastery; return the numbers of students who were recomputed and who wait."""
    stale = store.list_stale(db, current_calibration(db).version, student_ids)
    for number, student_id in enumerate(stale):
        if clock() > stop_at:
            return number, len(stale) - number
        with transaction(db):
            refresh(db, student_id, now)
    return len(stale), 0
