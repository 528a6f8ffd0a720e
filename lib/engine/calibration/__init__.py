"""Item calibration: estimation of item parameters from recorded answers.

    written = ItemParameters(concepts, difficulty, discrimination, guessing)   # Q-matrix (n, k)
    result = calibrate(person, item, correct, origin=written, current=now)     # parallel arrays
    result.parameters.difficulty, result.errors.difficulty, result.answers     # (n,) each
    result.parameters.bank(), result.correlation, result.drift.drifted

The method is marginal maximum likelihood, with priors that keep items with few answers near their
authors' parameters. Answers may come from adaptive tests: nothing is assumed about the items that a
person was not asked. docs/calibration.md explains the method and its numbers.
"""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import boolean, finite
from ..normal import FloatArray
from .answers import Answers
from .drift import Drift, find_drift
from .estimation import MAX_ROUNDS, Budget, fit
from .parameters import ItemParameters, Shrinkage
from .result import Calibration, ItemErrors, standard_errors

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
    plain: bool = False,
) -> Calibration:
    """Estimate the parameters of every item.

    The scale is the population's: each ability is N(0, 1) over the people who answered. Everything
    that decided which items a person was asked must be among that person's answers.

    Args:
        person: Integer that identifies the person of each answer, shape (m,).
        item: Index of the item of each answer, 0 to n - 1, shape (m,).
        correct: Whether each answer was right, as booleans or as 0 and 1, shape (m,).
        origin: The authors' parameters, the centre of the priors. Never an earlier calibration:
            the same answers would then count again with every run.
        current: The parameters in use, from which the search starts and against which drift is
            tested; `origin` when None.
        correlation: Correlations of abilities at the start, shape (k, k); I when None.
        shrinkage: Widths of the priors; the defaults of `Shrinkage` when None.
        plain: Whether to leave out all priors: plain marginal maximum likelihood, as most other
            programs compute it, with the c of `current`. Items that everybody gets right or
            wrong then end at the bounds of the locations.
        budget: Time limit, after which the last complete round is the result; none when None.

    Raises:
        ValueError: If the arrays differ in length, `person`, `item` or `correct` has an invalid
            value, `person` and `item` repeat a pair, `current` differs from `origin` in the
            number of its items or concepts, `correlation` is not a positive definite matrix (k, k)
            with a unit diagonal, `plain` is not a boolean, or it comes with `shrinkage`.
    """
    if boolean("plain", plain) and shrinkage is not None:
        raise ValueError("plain leaves out all priors, so shrinkage cannot be given, too")
    shrinkage = Shrinkage.none() if plain else shrinkage or Shrinkage()
    current = origin if current is None else current
    if current.concepts.shape != origin.concepts.shape:
        raise ValueError("origin and current must have the same items and concepts")
    k = origin.concepts.shape[1]
    start = np.eye(k) if correlation is None else _checked_correlation(correlation, k)
    answers = Answers.of(person, item, correct, origin.directions)
    estimate = fit(answers, origin, current, shrinkage, start, budget or Budget())
    parameters = ItemParameters.of_latent(
        origin.concepts, estimate.log_slope, estimate.location, estimate.guessing
    )
    drift = find_drift(
        parameters,
        current,
        estimate.covariance,
        answers.per_item > 0,
        guessing_is_free=bool(np.isfinite(shrinkage.guessing_answers)),
    )
    return Calibration(
        parameters=parameters,
        errors=standard_errors(estimate, origin, answers.per_item),
        answers=answers.per_item,
        people=answers.people,
        correlation=estimate.correlation,
        drift=drift,
        log_likelihood=estimate.log_likelihood,
        rounds=estimate.rounds,
        furthest_move=estimate.furthest_move,
        converged=estimate.converged,
    )


def _checked_correlation(correlation: ArrayLike, k: int) -> FloatArray:
    matrix = finite("correlation", correlation)
    if matrix.shape != (k, k):
        raise ValueError(f"correlation must be ({k}, {k}), not {matrix.shape}")
    is_valid = np.allclose(matrix, matrix.T) and np.allclose(np.diagonal(matrix), 1.0)
    if not is_valid or np.linalg.eigvalsh(matrix)[0] <= 0:
        raise ValueError(
            "correlation must be symmetric and positive definite, with a diagonal of 1"
        )
    return matrix
