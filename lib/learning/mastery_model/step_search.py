"""The search for the steps with which abilities predict answers best."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lib.learning.mastery_model.abilities import GradedAnswer, abilities_before
from lib.learning.mastery_model.calibration import Steps

GRID: dict[str, tuple[float, ...]] = {
    "overall": (0.2, 0.3, 0.45, 0.7, 1.0),
    "overall_decay": (0.01, 0.02, 0.05, 0.1),
    "transfer": (0.0, 0.4, 0.7, 1.0),
    "concept": (0.3, 0.45, 0.7, 1.0, 1.4),
    "concept_decay": (0.01, 0.03, 0.1, 0.2),
    "repeated": (0.0, 0.25, 0.5, 0.75, 1.0),
    "slow": (0.0, 0.25, 0.5, 0.75, 1.0),
    "unsure": (0.0, 0.25, 0.5, 0.75, 1.0),
    "share": (0.2, 0.4, 0.6, 0.8),
}
"""Values that are tried for each step, one step at a time."""
LARGEST_SAMPLE = 20_000
"""Number of answers after which further students are left out."""
FEWEST = 500
"""Number of repeated, slow or unsure answers below which their factor is not fitted."""


def best_steps(answers: Sequence[GradedAnswer], difficulties: Sequence[float]) -> Steps:
    """Return steps from `GRID`, chosen one after another, each for the smallest log loss.

    A factor with fewer than `FEWEST` answers keeps its default. The overall ability's steps are
    judged by the predictions of that ability; the concepts' steps, the transfer and the factors by
    those of the concepts' abilities; and the share by the predictions of both together.

    Args:
        answers: Answers, student after student, in canonical order; the first ones are used.
        difficulties: Difficulty of each answer's question, logits.
    """
    size = _whole_students(answers)
    answers, difficulties = answers[:size], difficulties[:size]
    outcomes = np.array([answer.is_correct for answer in answers], float)
    difficulty_array = np.array(difficulties)

    def losses(steps: Steps) -> dict[str, float]:
        overall, concepts = map(np.array, abilities_before(answers, difficulties, steps))
        mixed = (1 - steps.share) * overall + steps.share * concepts
        return {
            name: float(np.mean(np.logaddexp(0, (1 - 2 * outcomes) * (ability - difficulty_array))))
            for name, ability in (("overall", overall), ("concept", concepts), ("share", mixed))
        }

    steps = Steps()
    for name in _fitted_names(answers):
        steps = _best(name, steps, losses)
    return steps


def _best(name: str, steps: Steps, losses: Callable[[Steps], dict[str, float]]) -> Steps:
    criterion = name.removesuffix("_decay") if name.startswith("overall") else "concept"
    criterion = "share" if name == "share" else criterion
    candidates = [replace(steps, **{name: value}) for value in GRID[name]]
    return min(candidates, key=lambda it: losses(it)[criterion])


def _fitted_names(answers: Sequence[GradedAnswer]) -> list[str]:
    rare = {
        "repeated": sum(answer.is_repeated for answer in answers),
        "slow": sum(answer.is_slow for answer in answers),
        "unsure": sum(answer.doubt > 0 for answer in answers),
    }
    return [name for name in GRID if rare.get(name, math.inf) >= FEWEST]


def _whole_students(answers: Sequence[GradedAnswer]) -> int:
    size = min(len(answers), LARGEST_SAMPLE)
    while 0 < size < len(answers) and answers[size].student == answers[size - 1].student:
        size += 1
    return size
