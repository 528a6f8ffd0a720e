"""The three steps between sweeps: each item, the scale they share, the correlations.

An item takes Fisher scoring steps on its penalised marginal likelihood. What no item can see
alone, a move of all of them together, is taken from the people instead: the population's mean and
spread, which the scale fixes (θ ~ N(0, 1) per concept), push every location and slope at once
(parameter-expanded EM: Liu, Rubin & Wu, 1998, Biometrika 85, 755-770).
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.engine.calibration.answers import Answers
from lib.engine.calibration.parameters import MOST_GUESSING, ItemParameters, Shrinkage
from lib.engine.calibration.people import Population
from lib.engine.calibration.propagation import Curves, Sweep
from lib.engine.calibration.state import Estimate
from lib.engine.normal import FloatArray

LONGEST_STEP = 1.0
"""Of log a and b in one round: Fisher scoring is sure only near the optimum."""

LONGEST_GUESSING_STEP = 0.2
SLOWEST_PACE, FASTEST_PACE = 0.2, 1.0
"""Of an item's own step; see `pace_of`."""
LONGEST_SHIFT, LONGEST_STRETCH = 0.5, 0.3  # of the population's mean and log spread

_LEAST_SHARE = 0.3  # of a correlation that answers are taken to show
_LEAST_EIGENVALUE = 0.05  # of correlations beyond plain EM
_TINY = 1e-12
_X, _W = np.polynomial.hermite_e.hermegauss(15)
_W = _W / _W.sum()


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
    gradient[:, 0] -= _volume_trend(state, swept, shrinkage)
    # Where answers pull a slope down against its prior, log a bends the likelihood by its score.
    precision[:, 0, 0] += np.maximum(0.0, -swept.score[:, 0])
    rate = _add_guessing_prior(gradient, precision, state.guessing, origin.guessing, shrinkage)
    step = _bounded_step(gradient, precision, state.guessing, origin.guessing, shrinkage)
    stuck = state.guessing + step[:, 2] <= 0
    precision[stuck, 2, :2] = precision[stuck, :2, 2] = 0.0
    precision[stuck, 2, 2] += rate[stuck] ** 2
    covariance = np.asarray(np.linalg.inv(precision), float)
    covariance[:, 2, 2] *= np.isfinite(shrinkage.guessing_answers)
    return ItemStep(step, covariance)


def pace_of(state: Estimate, items: ItemStep) -> FloatArray:
    """Return how much of its step each item should take, shape (n,).

    Near the mode the next step is (1 - λ · pace) of the last. A step that turns round was too long,
    one that hardly shrinks too short; 1 / λ would have been right (Barzilai & Borwein, 1988, IMA
    J. Numerical Analysis 8, 141-148). Without it, single items swing for ever.
    """
    variance = np.maximum(np.diagonal(items.covariance, axis1=1, axis2=2), _TINY)
    before = np.square(state.step / np.sqrt(variance)).sum(axis=1)
    along = (state.step * items.step / variance).sum(axis=1) / np.maximum(before, _TINY)
    rate = (1.0 - along) / state.pace
    best = 1.0 / np.maximum(rate, 1.0 / FASTEST_PACE)
    return np.where(before > 0, np.maximum(best, SLOWEST_PACE), 1.0)


def _volume_trend(state: Estimate, swept: Sweep, shrinkage: Shrinkage) -> FloatArray:
    """Return the derivative by log a of half the log precision of each location."""
    step = 0.1
    steeper, flatter = (
        _location_information(swept, replace(state, log_slope=state.log_slope + change).curves)
        for change in (step, -step)
    )
    known = swept.information[:, 1, 1]
    share = known / (known + shrinkage.location_sd**-2)
    return np.asarray(0.5 * share * np.log(steeper / flatter) / (2 * step))


def _location_information(swept: Sweep, curves: Curves) -> FloatArray:
    """Return the mean Fisher information on b over those who answered, shape (n,)."""
    t = swept.takers_mean[:, None] + np.sqrt(swept.takers_variance)[:, None] * _X
    level = 0.5 + 0.5 * np.tanh(0.5 * curves.slope[:, None] * (t - curves.location[:, None]))
    floor = curves.guessing[:, None]
    chance = np.maximum(floor + (1 - floor) * level, _TINY)
    information = (1 - floor) * level**2 * (1 - level) / chance @ _W
    return np.asarray(curves.slope**2 * np.maximum(information, _TINY))


def _add_guessing_prior(
    gradient: FloatArray,
    precision: FloatArray,
    guessing: FloatArray,
    mode: FloatArray,
    shrinkage: Shrinkage,
) -> FloatArray:
    """Add w (c₀ log c + (1 - c₀) log(1 - c)); return the gradient by c, shape (n,).

    Where c ends at 0 its posterior is not normal but exponential, with that gradient as its rate
    and the rate's square as its precision, and it tells nothing about slope and location.
    """
    weight = shrinkage.guessing_answers
    if np.isinf(weight):  # kept: a variable of its own that never moves
        precision[:, 2] = precision[:, :, 2] = (0.0, 0.0, 1.0)
        return np.zeros(len(guessing))
    known, unknown = mode / np.maximum(guessing, _TINY), (1 - mode) / (1 - guessing)
    gradient[:, 2] += weight * (known - unknown)
    precision[:, 2, 2] += weight * (known / np.maximum(guessing, _TINY) + unknown / (1 - guessing))
    return gradient[:, 2]


def _bounded_step(
    gradient: FloatArray,
    precision: FloatArray,
    guessing: FloatArray,
    mode: FloatArray,
    shrinkage: Shrinkage,
) -> FloatArray:
    """Return the scoring step (n, 3): guessing first, inside its bounds, then the rest given it."""
    inverse, cross = np.linalg.inv(precision[:, :2, :2]), precision[:, :2, 2]
    pull = (inverse @ cross[:, :, None])[:, :, 0]
    own = (inverse @ gradient[:, :2, None])[:, :, 0]
    left = gradient[:, 2] - (cross * own).sum(axis=1)
    curvature = precision[:, 2, 2] - (cross * pull).sum(axis=1)
    step = np.clip(left / curvature, -LONGEST_GUESSING_STEP, LONGEST_GUESSING_STEP)
    lowest = np.where(mode > 0, 0.3 * guessing, 0.0)  # a prior with c₀ > 0 keeps c from 0
    step = np.clip(guessing + step, lowest, MOST_GUESSING) - guessing
    step *= np.isfinite(shrinkage.guessing_answers)
    rest = np.clip(own - pull * step[:, None], -LONGEST_STEP, LONGEST_STEP)
    return np.concatenate([rest, step[:, None]], axis=1)


def without_common(step: FloatArray, design: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the step without the move that all items share, which the scale step takes.

    Taking it twice overshoots, the more the more concepts there are.
    """
    weighted = design / variance[:, None]
    left = weighted.T @ design + _TINY * np.eye(design.shape[1])
    return np.asarray(step - design @ np.linalg.solve(left, weighted.T @ step))


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
    off_slope += _volume_trend(state, swept, shrinkage)
    prior, people, count = np.linalg.inv(state.correlation), swept.population, answers.people
    pull = u.T @ u / shrinkage.location_sd**2 + _TINY * np.eye(len(prior))
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
    correlation: FloatArray,
    population: Population,
    count: int,
    shrinkage: Shrinkage,
    *,
    plain: bool,
) -> FloatArray:
    """Return the correlations of abilities, moved towards those of the posteriors.

    Plain EM goes only as far as the answers are reliable, r_i r_j of the way; dividing by that
    share goes the rest, unless the result would hardly be a correlation matrix.
    """
    k, weight = len(correlation), shrinkage.correlation_people
    moment = (population.second_moment + weight * np.eye(k)) / (count + weight)
    root = np.sqrt(np.diag(moment))
    towards = moment / np.outer(root, root)
    reliability = np.clip(1.0 - np.diag(population.covariance) / max(count, 1), 0.0, 1.0)
    share = (count * np.outer(reliability, reliability) + weight) / (count + weight)
    moved = correlation + (towards - correlation) / np.maximum(share, _LEAST_SHARE)
    np.fill_diagonal(moved, 1.0)
    if plain or np.linalg.eigvalsh(moved)[0] < _LEAST_EIGENVALUE:
        return np.asarray(towards)
    return np.asarray(moved)
