"""Item calibration: difficulty, discrimination and guessing estimated from recorded answers.

    written = ItemParameters(concepts, difficulty, discrimination, guessing)   # Q-matrix (n, k)
    result = calibrate(person, item, correct, origin=written, current=now)     # parallel arrays
    result.parameters.difficulty, result.errors.difficulty, result.answers     # (n,) each
    result.parameters.bank(), result.correlation, result.drift.drifted

Marginal maximum likelihood with priors that keep new and sparse items near what their authors
wrote. Answers may come from adaptive tests: nothing is assumed about the items a person did not
see. docs/calibration.md explains the method and its numbers.
"""

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.calibration.answers import Answers
from lib.engine.calibration.drift import Drift, find_drift
from lib.engine.calibration.estimation import MAX_ROUNDS, Budget, fit
from lib.engine.calibration.parameters import ItemParameters, Shrinkage
from lib.engine.calibration.result import Calibration, ItemErrors, standard_errors

__all__ = [
    "MAX_ROUNDS",
    "Budget",
    "Calibration",
    "Drift",
    "ItemErrors",
    "ItemParameters",
    "Shrinkage",
    "calibrate",
]


def calibrate(
    person: ArrayLike,
    item: ArrayLike,
    correct: ArrayLike,
    *,
    origin: ItemParameters,
    current: ItemParameters | None = None,
    correlation: ArrayLike | None = None,
    shrinkage: Shrinkage | None = None,
    budget: Budget | None = None,
) -> Calibration:
    """Estimate the parameters of every item.

    The scale is the population's: each ability is N(0, 1) over the people who answered. All that
    decided which items a person saw must be among that person's answers.

    Args:
        person: An integer per person, one entry per answer.
        item: Index of the item, 0 to n - 1.
        correct: True or 1 for a right answer.
        origin: What the authors wrote, the centre of the priors. Never an earlier calibration:
            the same answers would count again each time.
        current: What the engine asks with now, where the search starts and what drift is
            measured from; `origin` when None.
        correlation: Of abilities, to start from, shape (k, k); independent when None.
        shrinkage: Widths of the priors.
        budget: Seconds after which the last whole round is the result; unlimited when None.

    Raises:
        ValueError: If the arrays do not fit each other or the items.
    """
    shrinkage = shrinkage or Shrinkage()
    current = origin if current is None else current
    if current.concepts.shape != origin.concepts.shape:
        raise ValueError("origin and current must have the same items and concepts")
    k = origin.concepts.shape[1]
    start = np.eye(k) if correlation is None else np.asarray(correlation, float)
    answers = Answers.of(person, item, correct, origin.directions)
    found = fit(answers, origin, current, shrinkage, start, budget or Budget())
    parameters = ItemParameters.of_latent(
        origin.concepts, found.log_slope, found.location, found.guessing
    )
    drift = find_drift(
        parameters,
        current,
        found.covariance,
        answers.per_item > 0,
        guessing_is_free=bool(np.isfinite(shrinkage.guessing_answers)),
    )
    return Calibration(
        parameters,
        standard_errors(found, origin, answers.per_item),
        answers.per_item,
        answers.people,
        found.correlation,
        drift,
        found.log_likelihood,
        found.rounds,
        found.furthest_move,
        found.converged,
    )
