"""Difficulties of questions, estimated from answers and abilities."""

import numpy as np

from lib.learning.mastery_model.regression import FloatArray, IntArray, sigmoid

HOLD_OUTS = 5
"""Number of parts into which students are divided; the features of one part use difficulties that
are estimated from the others."""
ITEM_PRECISION = 2.0
"""Precision of a question's difficulty around that of its combination of concepts, 1/logit²."""
COMBINATION_PRECISION = 1.0
"""Precision of a combination's mean difficulty around the overall one, 1/logit²."""
ROUNDS = 6
"""Number of Newton steps."""


def item_difficulties(
    items: IntArray,
    combination_of: IntArray,
    outcomes: FloatArray,
    abilities: FloatArray,
) -> FloatArray:
    """Return each question's difficulty, logits, shape (number of questions,).

    Args:
        items: Question of each answer, shape (n,).
        combination_of: Combination of concepts of each question.
        outcomes: 1 or 0 for each answer, shape (n,).
        abilities: Ability before each answer, logits, shape (n,).
    """
    combinations = combination_of[items]
    overall = _fit_groups(np.zeros(len(items), np.int64), np.zeros(1), 1e-3, outcomes, abilities)
    means = _fit_groups(
        combinations,
        np.full(int(np.max(combination_of)) + 1, overall[0]),
        COMBINATION_PRECISION,
        outcomes,
        abilities,
    )
    return _fit_groups(items, means[combination_of], ITEM_PRECISION, outcomes, abilities)


def _fit_groups(
    groups: IntArray,
    centers: FloatArray,
    precision: float,
    outcomes: FloatArray,
    abilities: FloatArray,
) -> FloatArray:
    """Return each group's difficulty with a normal prior around its center, by Newton steps."""
    difficulties = centers.copy()
    for _ in range(ROUNDS):
        expected = sigmoid(abilities - difficulties[groups])
        slope = np.bincount(groups, expected - outcomes, len(centers))
        curvature = np.bincount(groups, expected * (1 - expected), len(centers))
        step = (slope - precision * (difficulties - centers)) / (curvature + precision)
        difficulties = difficulties + np.clip(step, -1, 1)
    return difficulties
