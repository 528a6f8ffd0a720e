"""The result of a test in figures, as its student may see it."""

from lib.assessment.sessions.store import accuracy
from lib.assessment.sessions.wire import TestSummary
from lib.assessment.telling import Tells, as_told


def summary_of(
    tells: Tells,
    *,
    initial: list[float],
    final: list[float],
    correct: int,
    total: int,
    learning_gain: float | None,
    test_efficiency: float | None,
) -> TestSummary:
    """Return the figures of a closed test.

    Args:
        tells: Rule of the pool: exact figures after each answer, or rounded ones at the end.
        initial: Proficiency in each concept before the first answer.
        final: Proficiency in each concept after the last answer. An older deployment may have
            stored only one of `initial` and `final`.
        correct: Number of correct answers.
        total: Number of answers.
        learning_gain: Recorded value; None if there is none.
        test_efficiency: Recorded value; None if there is none.
    """
    before, after = as_told(tells, initial), as_told(tells, final)
    gain, efficiency = as_told(tells, [learning_gain or 0.0, test_efficiency or 0.0])
    return TestSummary(
        total_questions=total,
        correct_responses=correct,
        accuracy=accuracy(correct, total),
        initial_proficiency=before,
        final_proficiency=after,
        proficiency_change=[round(b - a, 6) for a, b in zip(before, after, strict=False)],
        learning_gain=gain,
        test_efficiency=efficiency,
    )
