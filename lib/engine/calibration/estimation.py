"""Rounds of one sweep and one step of items, scale and correlations, until nothing moves."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lib.engine.calibration.answers import Answers
from lib.engine.calibration.parameters import (
    LOCATION_BOUNDS,
    LOG_SLOPE_BOUNDS,
    ItemParameters,
    Shrinkage,
)
from lib.engine.calibration.people import Sites
from lib.engine.calibration.propagation import Sweep, sweep
from lib.engine.calibration.state import Estimate
from lib.engine.calibration.steps import (
    correlation_step,
    item_step,
    pace_of,
    scale_step,
    without_common,
)
from lib.engine.normal import FloatArray

TOLERANCE = 5e-3
"""Standard errors: a round that moves no parameter further is the last."""

USABLE = 0.05
"""Standard errors: what moves no further is near enough to be used, if it must be."""

MAX_ROUNDS = 150
UNDAMPED_ROUNDS = 40
"""Rounds of full steps; the few fits that still swing go on with half of them."""


@dataclass(frozen=True)
class Budget:
    """How long a fit may take.

    Attributes:
        seconds: No round begins that would, if as long as the longest so far, end later.
        clock: Seconds since any moment, such as `time.monotonic`.
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
    """Return the mode of the penalised marginal likelihood, from `start`.

    Out of time or rounds it is the last round's whole state, and `furthest_move` says how far from
    settled.
    """
    n, k = origin.directions.shape
    state = Estimate(
        start.log_slope,
        start.location,
        np.maximum(start.guessing, 0.1 * origin.guessing),  # at 0 the beta prior is infinite
        correlation,
        Sites.none(answers),
        np.zeros((n, 3, 3)),
        np.zeros((2, k)),
        np.zeros((n, 3)),
        np.ones(n),
    )
    begun = now = budget.clock()
    longest = 0.0
    while not state.converged and state.rounds < MAX_ROUNDS:
        if state.rounds and now - begun + longest > budget.seconds:
            break
        damping = 1.0 if state.rounds < UNDAMPED_ROUNDS else 0.5
        swept = sweep(answers, state.sites, state.curves, state.correlation, damping)
        state = _round(state, swept, answers, origin, shrinkage)
        before, now = now, budget.clock()
        longest = max(longest, now - before)
    return state


def _round(
    state: Estimate, swept: Sweep, answers: Answers, origin: ItemParameters, shrinkage: Shrinkage
) -> Estimate:
    """Return the state after one step of the items, the scale and the correlations."""
    answered = (answers.per_item > 0)[:, None]
    items = item_step(state, swept, origin, shrinkage)
    scale = scale_step(state, swept, answers, origin, shrinkage)
    u, loads = origin.directions * answered, origin.directions**2 * answered
    shift, stretch = u @ scale.mean, loads @ scale.log_spread
    # The common move would hide from the pace that an item's own turns round.
    items.step[:, 1] = without_common(items.step[:, 1], u, items.covariance[:, 1, 1])
    pace = pace_of(state, items)
    step = items.step * pace[:, None]
    moved = replace(
        state,
        log_slope=np.clip(state.log_slope + step[:, 0] + stretch, *LOG_SLOPE_BOUNDS),
        location=np.clip(
            (state.location + step[:, 1] - shift) * np.exp(-stretch), *LOCATION_BOUNDS
        ),
        guessing=state.guessing + step[:, 2],
        correlation=correlation_step(
            state.correlation,
            swept.population,
            answers.people,
            shrinkage,
            plain=state.rounds >= UNDAMPED_ROUNDS,
        ),
        sites=swept.sites.rescaled(answers, scale.mean, scale.log_spread),
        covariance=items.covariance,
        step=items.step,
        pace=pace,
        scale_variance=scale.variance,
        log_likelihood=swept.log_likelihood,
        rounds=state.rounds + 1,
    )
    furthest = _furthest_move(state, moved)
    return replace(moved, furthest_move=furthest, converged=furthest < TOLERANCE)


def _furthest_move(before: Estimate, after: Estimate) -> float:
    """Return the largest change: of an item in standard errors, of a correlation as it is."""
    error = np.sqrt(np.diagonal(after.covariance, axis1=1, axis2=2))
    moves = [np.abs(after.correlation - before.correlation).max()]
    for column, name in enumerate(("log_slope", "location", "guessing")):
        change = np.abs(getattr(after, name) - getattr(before, name))
        moves.append((change / np.maximum(error[:, column], 1e-9)).max(initial=0.0))
    return float(max(moves))
