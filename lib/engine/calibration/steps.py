"""The three steps between sweeps: each item, the scale they share, the correlations.

An item takes Fisher scoring steps on its penalised marginal likelihood. What no item can see
alone, a move of all of them together, is taken from the people instead: the population's mean and
spread, which the scale fixes (θ ~ N(0, 1) per concept), push every location and slope at once
(parameter-expanded EM: Liu, Rubin & Wu, 1998, Biometrika 85, 755-770).
"""

from dataclasses import dataclass

import numpy as np

from lib.engine.calibration.answers import Answers
from lib.engine.calibration.parameters import MOST_GUESSING, ItemParameters, Shrinkage
from lib.engine.calibration.propagation import People, Sweep
from lib.engine.calibration.state import Estimate
from lib.engine.normal import FloatArray

LONGEST_STEP = 1.0
"""Of log a and b in one round: Fisher scoring is sure only near the optimum."""

LONGEST_GUESSING_STEP = 0.2
LONGEST_SHIFT, LONGEST_STRETCH = 0.5, 0.3  # of the population's mean and log spread

_LEAST_SHARE = 0.2  # of a correlation that answers are taken to show
_LEAST_EIGENVALUE = 0.02  # of the correlations
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class ItemStep:
    """The move of (log a, b, c), shape (n, 3), and their errors' covariance, (n, 3, 3)."""

    step: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class ScaleStep:
    """The population's mean and log spread on the items' scale, (k,); their variance, (2, k)."""

    mean: FloatArray
    log_spread: FloatArray
    variance: FloatArray


def item_step(
    state: Estimate, swept: Sweep, origin: ItemParameters, shrinkage: Shrinkage
) -> ItemStep:
    """Take a scoring step on log-likelihood plus log prior, inside the bounds.

    The location is integrated out of the slope's gradient (Laplace): otherwise a location that is
    drawn to its author's value drags the slope up, by a quarter of a standard error at 200
    answers per item.
    """
    gradient, precision = swept.score.copy(), swept.information.copy()
    for column, value, centre, sd in (
        (0, state.log_slope, origin.log_slope, shrinkage.log_slope_sd),
        (1, state.location, origin.location, shrinkage.location_sd),
    ):
        gradient[:, column] -= (value - centre) / sd**2
        precision[:, column, column] += sd**-2
    gradient[:, 0] -= _share_from_answers(swept, shrinkage)
    held = _add_guessing_prior(gradient, precision, state.guessing, origin.guessing, shrinkage)
    covariance = np.linalg.inv(precision)
    gradient[held, 2] = 0.0
    step = (covariance @ gradient[:, :, None])[:, :, 0]
    step[:, :2] = np.clip(step[:, :2], -LONGEST_STEP, LONGEST_STEP)
    step[:, 2] = _bounded_guessing_step(step[:, 2], state.guessing, origin.guessing) * ~held
    return ItemStep(step, covariance)


def _share_from_answers(swept: Sweep, shrinkage: Shrinkage) -> FloatArray:
    """Return the share of what is known of each location that comes from answers."""
    seen = swept.information[:, 1, 1]
    return np.asarray(seen / (seen + shrinkage.location_sd**-2))


def _add_guessing_prior(
    gradient: FloatArray,
    precision: FloatArray,
    guessing: FloatArray,
    mode: FloatArray,
    shrinkage: Shrinkage,
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Add w (c₀ log c + (1 - c₀) log(1 - c)); return which items' guessing stays as it is.

    At c = 0 with the likelihood falling, c stays there: its posterior is exponential, with its
    rate's square as precision, and independent of the rest.
    """
    weight = shrinkage.guessing_answers
    if np.isinf(weight):
        held = np.ones(len(guessing), bool)
    else:
        known, unknown = mode / np.maximum(guessing, _TINY), (1 - mode) / (1 - guessing)
        gradient[:, 2] += weight * (known - unknown)
        precision[:, 2, 2] += weight * (
            known / np.maximum(guessing, _TINY) + unknown / (1 - guessing)
        )
        held = (guessing <= 0) & (gradient[:, 2] <= 0)
    precision[held, 2, :2] = precision[held, :2, 2] = 0.0
    precision[held, 2, 2] += gradient[held, 2] ** 2 if np.isfinite(weight) else _TINY**-2
    return held


def _bounded_guessing_step(step: FloatArray, guessing: FloatArray, mode: FloatArray) -> FloatArray:
    lowest = np.where(mode > 0, 0.3 * guessing, 0.0)
    moved = guessing + np.clip(step, -LONGEST_GUESSING_STEP, LONGEST_GUESSING_STEP)
    return np.clip(moved, lowest, MOST_GUESSING) - guessing


def scale_step(
    state: Estimate,
    swept: Sweep,
    answers: Answers,
    origin: ItemParameters,
    shrinkage: Shrinkage,
) -> ScaleStep:
    """Return the population's mean and spread, weighed against the priors of the items.

    Both are zero at the mode: the likelihood cannot tell a shift of all people from one of all
    items, so its gradient by one is the sum of the gradients by the other.
    """
    answered = (answers.per_item > 0)[:, None]
    u, loads = origin.directions * answered, origin.directions**2 * answered
    off_location = (state.location - origin.location) / shrinkage.location_sd**2
    off_slope = (state.log_slope - origin.log_slope) / shrinkage.log_slope_sd**2
    off_slope += _share_from_answers(swept, shrinkage)
    prior, people, count = np.linalg.inv(state.correlation), swept.people, answers.people
    pull = u.T @ u / shrinkage.location_sd**2
    mean = np.linalg.solve(count * prior + pull, prior @ people.mean + u.T @ off_location)
    stretch = np.diag(prior @ people.second_moment) - count
    stretch = stretch + loads.T @ (state.location * off_location - off_slope)
    stiffness = loads.sum(axis=0) / shrinkage.log_slope_sd**2
    known = count * prior - prior @ people.covariance @ prior
    reliability = np.clip(1.0 - np.diag(people.covariance) / max(count, 1), 0.0, 1.0)
    return ScaleStep(
        np.clip(mean, -LONGEST_SHIFT, LONGEST_SHIFT),
        np.clip(stretch / (2 * count + stiffness + _TINY), -LONGEST_STRETCH, LONGEST_STRETCH),
        np.stack(
            [
                np.diag(np.linalg.pinv(known + pull, hermitian=True)),
                1.0 / (2 * count * reliability**2 + stiffness + _TINY),
            ]
        ),
    )


def correlation_step(
    correlation: FloatArray, people: People, count: int, shrinkage: Shrinkage
) -> FloatArray:
    """Return the correlations of abilities, moved towards those of the posteriors.

    Plain EM goes only as far as the answers are reliable, r_i r_j of the way; dividing by that
    share goes the rest.
    """
    k = len(correlation)
    weight = shrinkage.correlation_people
    moment = (people.second_moment + weight * np.eye(k)) / (count + weight)
    root = np.sqrt(np.diag(moment))
    reliability = np.clip(1.0 - np.diag(people.covariance) / max(count, 1), 0.0, 1.0)
    share = np.maximum(np.outer(reliability, reliability), _LEAST_SHARE)
    moved = correlation + (moment / np.outer(root, root) - correlation) / share
    np.fill_diagonal(moved, 1.0)
    lacking = max(0.0, _LEAST_EIGENVALUE - float(np.linalg.eigvalsh(moved)[0]))
    return np.asarray((moved + lacking * np.eye(k)) / (1.0 + lacking))
