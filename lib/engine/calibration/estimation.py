"""Fitting: each round is a sweep, then a step of the items, the scale and the correlations."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..normal import FloatArray
from .answers import Answers
from .parameters import (
    LOCATION_BOUNDS,
    LOG_SLOPE_BOUNDS,
    ItemParameters,
    Shrinkage,
)
from .person_posteriors import Sites
from .propagation import Sweep, sweep
from .state import Estimate
from .steps import (
    correlation_step,
    item_step,
    scale_step,
    step_factors,
    without_common_move,
)

TOLERANCE = 5e-3
"""Standard errors, or units of a correlation; a round whose moves are all smaller is the last."""

USABLE = 0.05
"""Standard errors, or units of a correlation; a fit whose last moves are smaller may be used."""

MAX_ROUNDS = 150
UNDAMPED_ROUNDS = 40
"""Rounds with full updates of the sites; a fit that needs more goes on with half updates."""


@dataclass(frozen=True)
class Budget:
    """Time limit of a fit.

    Attributes:
        seconds: Seconds from the start of the fit. A round that would end later, if it took as long
            as the longest so far, does not start.
        clock: Function that returns seconds since a fixed moment, such as `time.monotonic`.
    """

    seconds: float = math.inf
    clock: Callable[[], float] = lambda: 0.0


def fit(
    answers: Answers,
    origin: ItemParameters,
    start: ItemParameters,
    shrinkage: Shrinkage,
    correlation: FloatArray,
    budget: Budget,
) -> Estimate:
    """Return the mode of the penalised marginal likelihood.

    If time or rounds run out first, the state of the last complete round is returned, and its
    `furthest_move` is its distance from convergence.

    Args:
        answers: The answers of all people.
        origin: The authors' parameters, the centre of the priors.
        start: Parameters from which the search starts.
        shrinkage: Widths of the priors.
        correlation: Correlations of abilities at the start, shape (k, k).
        budget: Time limit.
    """
    n, k = origin.directions.shape
    state = Estimate(
        log_slope=start.log_slope,
        location=start.location,
        guessing=np.maximum(start.guessing, 0.1 * origin.guessing),  # at 0 the beta density is 0
        correlation=correlation,
        sites=Sites.zero(answers),
        covariance=np.zeros((n, 3, 3)),
        scale_variance=np.zeros((2, k)),
        step=np.zeros((n, 3)),
        step_factor=np.ones(n),
    )
    started = now = budget.clock()
    longest = 0.0
    while not state.converged and state.rounds < MAX_ROUNDS:
        if state.rounds and now - started + longest > budget.seconds:
            break
        damping = 1.0 if state.rounds < UNDAMPED_ROUNDS else 0.5
        result = sweep(answers, state.sites, state.curves, state.correlation, damping)
        state = _round(state, result, answers, origin, shrinkage)
        previous, now = now, budget.clock()
        longest = max(longest, now - previous)
    return state


def _round(
    state: Estimate, result: Sweep, answers: Answers, origin: ItemParameters, shrinkage: Shrinkage
) -> Estimate:
    """Return the state after one step of the items, the scale and the correlations."""
    answered = (answers.per_item > 0)[:, None]
    items = item_step(state, result, origin, shrinkage, answers.identifies_slope)
    scale = scale_step(state, result, answers, origin, shrinkage)
    u = origin.directions * answered
    squared_loadings = origin.directions**2 * answers.identifies_slope[:, None]
    shift, stretch = u @ scale.mean, squared_loadings @ scale.log_spread
    # The common move would hide an oscillation of an item's own step from its step factor.
    items.step[:, 1] = without_common_move(items.step[:, 1], u, items.covariance[:, 1, 1])
    step_factor = step_factors(state, items)
    step = items.step * step_factor[:, None]
    next_state = replace(
        state,
        log_slope=np.clip(state.log_slope + step[:, 0] + stretch, *LOG_SLOPE_BOUNDS),
        location=np.clip(
            (state.location + step[:, 1] - shift) * np.exp(-stretch), *LOCATION_BOUNDS
        ),
        guessing=state.guessing + step[:, 2],
        correlation=correlation_step(
            state.correlation,
            result.population,
            answers.people,
            shrinkage,
            without_extension=state.rounds >= UNDAMPED_ROUNDS,
        ),
        sites=result.sites.rescaled(answers, scale.mean, scale.log_spread),
        covariance=items.covariance,
        step=items.step,
        step_factor=step_factor,
        scale_variance=scale.variance,
        log_likelihood=result.log_likelihood,
        rounds=state.rounds + 1,
    )
    furthest = _furthest_move(state, next_state)
    return replace(next_state, furthest_move=furthest, converged=furthest < TOLERANCE)


def _furthest_move(previous: Estimate, current: Estimate) -> float:
    """Return the largest change of an item parameter, in standard errors, or of a correlation."""
    error = np.sqrt(np.diagonal(current.covariance, axis1=1, axis2=2))
    changes = [np.abs(current.correlation - previous.correlation).max()]
    for column, name in enumerate(("log_slope", "location", "guessing")):
        change = np.abs(getattr(current, name) - getattr(previous, name))
        changes.append((change / np.maximum(error[:, column], 1e-9)).max(initial=0.0))
    return float(max(changes))
