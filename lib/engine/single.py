"""One concept: the posterior integrated directly, with nothing approximate.

The density is prior times likelihoods on a grid laid around the posterior before the last answer.
Sites keep the meaning of two numbers per answer that add up to a normal distribution, here on z
itself: τ and η are what the answer added to the precision and to the precision-weighted mean.
"""

from typing import NamedTuple

import numpy as np

from lib.engine.marginals import grid_for
from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.projection import logistic_of_negative


class Line(NamedTuple):
    """Mean and standard deviation of z."""

    mean: float
    deviation: float


def line_of_sites(sites: FloatArray) -> Line:
    """Return prior times sites, shape (2, t): where the next grid is laid."""
    tau, eta = total_over(sites, axis=1).tolist()
    precision = max(1.0 + tau, 1e-3)
    return Line(eta / precision, precision**-0.5)


def integrate_line(evidence: FloatArray, around: Line) -> Line:
    """Return the exact moments of z given all the evidence, shape (3, t)."""
    slope, offset, floor = evidence
    steepest = float(largest(np.abs(slope))) * around.deviation
    x, log_jacobian, powers = grid_for(steepest, finer=1)
    z = around.mean + around.deviation * x
    minus = slope[:, None] * -z
    minus -= offset[:, None]
    likelihood = logistic_of_negative(minus)
    if any_of(floor):
        likelihood *= (1.0 - floor)[:, None]
        likelihood += floor[:, None]
    log_density = total_over(np.log(likelihood, out=likelihood), axis=0)
    log_density += log_jacobian
    log_density -= 0.5 * z * z
    log_density -= largest(log_density)
    total, first, second = (np.exp(log_density, out=log_density) @ powers).tolist()
    mean = first / total
    spread = max(second / total - mean * mean, 1e-12)
    return Line(around.mean + around.deviation * mean, around.deviation * spread**0.5)


def site_between(sites: FloatArray, after: Line) -> tuple[float, float]:
    """Return the site (τ, η) that brings prior times `sites`, shape (2, t), to `after`."""
    tau, eta = total_over(sites, axis=1).tolist()
    precision = after.deviation**-2
    return precision - 1.0 - tau, precision * after.mean - eta
