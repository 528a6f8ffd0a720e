"""The three steps between sweeps: of each item, of the common scale, and of the correlations.

An item takes Fisher scoring steps on its penalised marginal likelihood. A move that all items have
in common hardly shows in the gradient of a single item, so it is derived from the people: the scale
requires θ ~ N(0, 1) per concept, and a deviation of the population's mean or spread from that moves
all locations and slopes at once (parameter-expanded EM: Liu, Rubin & Wu, 1998, Biometrika 85,
755-770).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..normal import FloatArray
from .answers import Answers
from .parameters import MAX_GUESSING, ItemParameters, Shrinkage
from .person_posteriors import Population
from .propagation import Curves, Sweep
from .state import Estimate

MAX_STEP = 1.0
"""Largest change of log a and b in one round; Fisher scoring is reliable only near the optimum."""

MAX_GUESSING_STEP = 0.2
"""Largest change of c in one round."""

MIN_STEP_FACTOR, MAX_STEP_FACTOR = 0.2, 1.0
"""Bounds of the fraction of its step that an item takes; see `step_factors`."""

MAX_SHIFT, MAX_STRETCH = 0.5, 0.3
"""Largest corrections of the population's mean and log spread in one round."""

_MIN_RELIABILITY = 0.3  # smallest divisor of a step of a correlation
_MIN_EIGENVALUE = 0.05  # allowed in a correlation matrix after a lengthened step
_TINY = 1e-12
_X, _W = np.polynomial.hermite_e.hermegauss(15)
_W = _W / _W.sum()


@dataclass(frozen=True, eq=False)
class ItemStep:
    """Scoring steps of all items.

    Attributes:
        step: Changes of (log a, b, c), shape (n, 3).
        covariance: Covariance of the errors of (log a, b, c), shape (n, 3, 3).
    """

    step: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class ScaleStep:
    """The population's distribution on the current scale of the items.

    Attributes:
        mean: Mean of each ability, shape (k,).
        log_spread: Log standard deviation of each ability, shape (k,).
        variance: Error variances of `mean` and `log_spread`, shape (2, k).
    """

    mean: FloatArray
    log_spread: FloatArray
    variance: FloatArray


def item_step(
    state: Estimate,
    sweep: Sweep,
    origin: ItemParameters,
    shrinkage: Shrinkage,
    identifies_slope: NDArray[np.bool_],
) -> ItemStep:
    """Return scoring steps on log-likelihood plus log prior, within the bounds.

    The location is integrated out of the slope's gradient by Laplace's method. Otherwise the prior
    of the location biases the slope upwards, by a quarter of a standard error at 200 answers per
    item. Items whose answers do not identify the slope (False in `identifies_slope`) get the slope
    of their prior.
    """
    gradient, precision = sweep.score.copy(), sweep.information.copy()
    for column, value, centre, sd in (
        (0, state.log_slope, origin.log_slope, shrinkage.log_slope_sd),
        (1, state.location, origin.location, shrinkage.location_sd),
    ):
        gradient[:, column] -= (value - centre) / sd**2
        precision[:, column, column] += sd**-2
    gradient[:, 0] -= _volume_trend(state, sweep, shrinkage)
    _use_slope_prior(
        gradient, precision, state.log_slope - origin.log_slope, shrinkage, ~identifies_slope
    )
    # Where the score pulls a slope down against the prior, the magnitude of the score adds to the
    # curvature in log a.
    precision[:, 0, 0] += np.maximum(0.0, -sweep.score[:, 0]) * identifies_slope
    rate = _add_guessing_prior(gradient, precision, state.guessing, origin.guessing, shrinkage)
    step = _bounded_step(gradient, precision, state.guessing, origin.guessing, shrinkage)
    at_zero = state.guessing + step[:, 2] <= 0
    precision[at_zero, 2, :2] = precision[at_zero, :2, 2] = 0.0
    precision[at_zero, 2, 2] += rate[at_zero] ** 2
    covariance = np.asarray(np.linalg.inv(precision), float)
    covariance[:, 2, 2] *= np.isfinite(shrinkage.guessing_answers)
    return ItemStep(step, covariance)


def _use_slope_prior(
    gradient: FloatArray,
    precision: FloatArray,
    change: FloatArray,
    shrinkage: Shrinkage,
    unidentified: NDArray[np.bool_],
) -> None:
    """Replace the posterior of log a by its prior, independent of b and c, in place.

    Args:
        gradient: Gradient in (log a, b, c), shape (n, 3).
        precision: Precision of (log a, b, c), shape (n, 3, 3).
        change: Log slopes minus the centres of their priors, shape (n,).
        shrinkage: Widths of the priors; a missing prior of log a is replaced by one of width 1.
        unidentified: Mask of the items whose answers do not identify the slope, shape (n,).
    """
    sd = shrinkage.log_slope_sd if np.isfinite(shrinkage.log_slope_sd) else 1.0
    precision[unidentified, 0, :] = precision[unidentified, :, 0] = 0.0
    precision[unidentified, 0, 0] = sd**-2
    gradient[unidentified, 0] = -change[unidentified] / sd**2


def step_factors(state: Estimate, items: ItemStep) -> FloatArray:
    """Return the fraction of its step that each item should take, shape (n,).

    Near the mode each step is (1 - λ f) times the one before, where f is the fraction taken and λ a
    constant of the item. If the sign changes, f was too large; if the step hardly shrinks, f was
    too small; f = 1 / λ would have been right (Barzilai & Borwein, 1988, IMA J. Numerical Analysis
    8, 141-148). With full steps, single items can oscillate forever.
    """
    variance = np.maximum(np.diagonal(items.covariance, axis1=1, axis2=2), _TINY)
    previous_square = np.square(state.step / np.sqrt(variance)).sum(axis=1)
    along = (state.step * items.step / variance).sum(axis=1) / np.maximum(previous_square, _TINY)
    rate = (1.0 - along) / state.step_factor
    best = 1.0 / np.maximum(rate, 1.0 / MAX_STEP_FACTOR)
    return np.where(previous_square > 0, np.maximum(best, MIN_STEP_FACTOR), 1.0)


def _volume_trend(state: Estimate, sweep: Sweep, shrinkage: Shrinkage) -> FloatArray:
    """Return ∂/∂(log a) of half the log precision of each location, shape (n,).

    Without priors it is 0: maximum likelihood does not integrate the location out.
    """
    if shrinkage.is_none:
        return np.zeros(len(state.log_slope))
    step = 0.1
    steeper, flatter = (
        _location_information(sweep, replace(state, log_slope=state.log_slope + change).curves)
        for change in (step, -step)
    )
    information = sweep.information[:, 1, 1]
    share = information / (information + shrinkage.location_sd**-2)
    return np.asarray(0.5 * share * np.log(steeper / flatter) / (2 * step))


def _location_information(sweep: Sweep, curves: Curves) -> FloatArray:
    """Return the mean Fisher information on b over an item's respondents, shape (n,)."""
    t = sweep.respondent_mean[:, None] + np.sqrt(sweep.respondent_variance)[:, None] * _X
    level = 0.5 + 0.5 * np.tanh(0.5 * curves.slope[:, None] * (t - curves.location[:, None]))
    floor = curves.guessing[:, None]
    probability = np.maximum(floor + (1 - floor) * level, _TINY)
    information = (1 - floor) * level**2 * (1 - level) / probability @ _W
    return np.asarray(curves.slope**2 * np.maximum(information, _TINY))


def _add_guessing_prior(
    gradient: FloatArray,
    precision: FloatArray,
    guessing: FloatArray,
    mode: FloatArray,
    shrinkage: Shrinkage,
) -> FloatArray:
    """Add the log prior w (c₀ log c + (1 - c₀) log(1 - c)) in place; return the gradient in c.

    `item_step` needs the gradient where c ends at 0: there the posterior falls off at this rate, so
    the square of the rate is added to the precision of c, and c is taken as uncorrelated with slope
    and location.

    Returns:
        Shape (n,).
    """
    weight = shrinkage.guessing_answers
    if np.isinf(weight):  # c is kept: an independent parameter that never moves
        precision[:, 2] = precision[:, :, 2] = (0.0, 0.0, 1.0)
        return np.zeros(len(guessing))
    right_term, wrong_term = mode / np.maximum(guessing, _TINY), (1 - mode) / (1 - guessing)
    gradient[:, 2] += weight * (right_term - wrong_term)
    precision[:, 2, 2] += weight * (
        right_term / np.maximum(guessing, _TINY) + wrong_term / (1 - guessing)
    )
    return gradient[:, 2]


def _bounded_step(
    gradient: FloatArray,
    precision: FloatArray,
    guessing: FloatArray,
    mode: FloatArray,
    shrinkage: Shrinkage,
) -> FloatArray:
    """Return the scoring steps, shape (n, 3): c within its bounds, then log a and b given c."""
    inverse, cross = np.linalg.inv(precision[:, :2, :2]), precision[:, :2, 2]
    pull = (inverse @ cross[:, :, None])[:, :, 0]
    step_at_fixed_c = (inverse @ gradient[:, :2, None])[:, :, 0]
    residual_gradient = gradient[:, 2] - (cross * step_at_fixed_c).sum(axis=1)
    curvature = precision[:, 2, 2] - (cross * pull).sum(axis=1)
    c_step = np.clip(residual_gradient / curvature, -MAX_GUESSING_STEP, MAX_GUESSING_STEP)
    lowest = np.where(mode > 0, 0.3 * guessing, 0.0)  # a prior with c₀ > 0 excludes c = 0
    c_step = np.clip(guessing + c_step, lowest, MAX_GUESSING) - guessing
    c_step *= np.isfinite(shrinkage.guessing_answers)
    other_steps = np.clip(step_at_fixed_c - pull * c_step[:, None], -MAX_STEP, MAX_STEP)
    return np.concatenate([other_steps, c_step[:, None]], axis=1)


def without_common_move(step: FloatArray, design: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the step without the move that all items have in common.

    The scale step takes that move. Taking it twice overshoots, increasingly so with more concepts.

    Args:
        step: Steps of one parameter, shape (n,).
        design: Directions of the items, shape (n, k); 0 for items without answers.
        variance: Error variances of the parameter, shape (n,).
    """
    weighted = design / variance[:, None]
    normal_matrix = weighted.T @ design + _TINY * np.eye(design.shape[1])
    return np.asarray(step - design @ np.linalg.solve(normal_matrix, weighted.T @ step))


def scale_step(
    state: Estimate,
    sweep: Sweep,
    answers: Answers,
    origin: ItemParameters,
    shrinkage: Shrinkage,
) -> ScaleStep:
    """Return the population's mean and log spread, weighted against the items' priors.

    Both are zero at the mode. The likelihood cannot distinguish a shift of all people from the
    opposite shift of all items, so its gradient for the former is minus the sum of the items'
    gradients.
    """
    answered = (answers.per_item > 0)[:, None]
    u, squared_loadings = origin.directions * answered, origin.directions**2 * answered
    off_location = (state.location - origin.location) / shrinkage.location_sd**2
    off_slope = (state.log_slope - origin.log_slope) / shrinkage.log_slope_sd**2
    off_slope += _volume_trend(state, sweep, shrinkage)
    people, count = sweep.population, answers.people
    ability_precision = np.linalg.inv(state.correlation)
    location_precision = u.T @ u / shrinkage.location_sd**2 + _TINY * np.eye(u.shape[1])
    mean = np.linalg.solve(
        count * ability_precision + location_precision,
        ability_precision @ people.mean + u.T @ off_location,
    )
    stretch = np.diag(ability_precision @ people.second_moment) - count
    stretch = stretch + squared_loadings.T @ (state.location * off_location - off_slope)
    slope_precision = squared_loadings.sum(axis=0) / shrinkage.log_slope_sd**2
    mean_precision = (
        count * ability_precision - ability_precision @ people.covariance @ ability_precision
    )
    reliability = np.clip(1.0 - np.diag(people.covariance) / max(count, 1), 0.0, 1.0)
    return ScaleStep(
        mean=np.clip(mean, -MAX_SHIFT, MAX_SHIFT),
        log_spread=np.clip(
            stretch / (2 * count + slope_precision + _TINY), -MAX_STRETCH, MAX_STRETCH
        ),
        variance=np.stack(
            [
                np.diag(np.linalg.pinv(mean_precision + location_precision, hermitian=True)),
                1.0 / (2 * count * reliability**2 + slope_precision + _TINY),
            ]
        ),
    )


def correlation_step(
    correlation: FloatArray,
    population: Population,
    count: int,
    shrinkage: Shrinkage,
    *,
    without_extension: bool,
) -> FloatArray:
    """Return the correlations of abilities after one step towards those of the posteriors.

    A step of plain EM covers only the fraction r_i r_j of the distance, the product of the two
    abilities' reliabilities. The step is divided by that fraction, unless the result would be close
    to singular.

    Args:
        correlation: Current correlations, shape (k, k).
        population: Sums over the people's posteriors.
        count: Number of people.
        shrinkage: Widths of the priors.
        without_extension: Whether to take the step of plain EM in any case.
    """
    k, weight = len(correlation), shrinkage.correlation_people
    moment = (population.second_moment + weight * np.eye(k)) / (count + weight)
    root = np.sqrt(np.diag(moment))
    target = moment / np.outer(root, root)
    reliability = np.clip(1.0 - np.diag(population.covariance) / max(count, 1), 0.0, 1.0)
    share = (count * np.outer(reliability, reliability) + weight) / (count + weight)
    extended = correlation + (target - correlation) / np.maximum(share, _MIN_RELIABILITY)
    np.fill_diagonal(extended, 1.0)
    if without_extension or np.linalg.eigvalsh(extended)[0] < _MIN_EIGENVALUE:
        return np.asarray(target)
    return np.asarray(extended)
