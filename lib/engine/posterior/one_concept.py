"""One concept: the posterior integrated directly, with nothing approximate.

The density is prior times likelihoods on a grid laid around the posterior before the last answer;
where answers can be guessed it reaches over all of the prior.
Sites keep the meaning of two numbers per answer that add up to a normal distribution, here on z
itself: τ and η are what the answer added to the precision and to the precision-weighted mean.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.logistic_integrals import logistic_of_negative
from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.posterior.grid import far_grid_for, fine_grid_for
from lib.engine.posterior.propagation import Normal

_FARTHEST = 6.5
"""Prior standard deviations: where a second mode can be, for guessed answers tell two stories."""


class Line(NamedTuple):
    """Mean and standard deviation of z."""

    mean: float
    deviation: float


def line_of_sites(sites: NDArray[np.float16]) -> Normal:
    """Return prior times sites, shape (t, 2): where the next grid is laid."""
    tau, eta = total_over(sites, axis=0, dtype=float).tolist()
    variance = 1.0 / max(1.0 + tau, 1e-3)
    return Normal(np.array([eta * variance]), np.array([[variance]]))


def integrate_line(evidence: FloatArray, around: Normal) -> Line:
    """Return the exact moments of z given all the evidence, shape (3, t)."""
    centre, width = around.mean.item(), around.covariance.item() ** 0.5
    slope, offset, floor = evidence
    steepest = float(largest(np.abs(slope))) * width
    if guessed := any_of(floor):
        grid = far_grid_for(steepest, (_FARTHEST + abs(centre)) / width)
    else:
        grid = fine_grid_for(steepest)
    z = centre + width * grid.x
    minus = slope[:, None] * -z
    minus -= offset[:, None]
    likelihood = logistic_of_negative(minus)
    if guessed:
        likelihood *= (1.0 - floor)[:, None]
        likelihood += floor[:, None]
    log_density = total_over(np.log(likelihood, out=likelihood), axis=0)
    log_density += grid.log_jacobian
    log_density -= 0.5 * z * z
    log_density -= largest(log_density)
    total, first, second = (np.exp(log_density, out=log_density) @ grid.powers).tolist()
    mean = first / total
    spread = max(second / total - mean * mean, 1e-12)
    return Line(centre + width * mean, width * spread**0.5)


def site_between(before: Normal, after: Line) -> tuple[float, float]:
    """Return the site (τ, η) that brings `before` to `after`."""
    precision_before = 1.0 / before.covariance.item()
    precision = after.deviation**-2
    return (
        precision - precision_before,
        precision * after.mean - precision_before * before.mean.item(),
    )
