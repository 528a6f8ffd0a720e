"""Exact posterior of a single concept, by integration on a grid.

The density is the prior times the likelihoods, evaluated on a grid centred on the posterior before
the last answer. If answers can be guessed, the grid covers the whole prior.

As with several concepts, each answer has a site (τ, η): its contributions to the precision and to
the precision-weighted mean of a normal distribution of z, the whitened ability of `propagation.py`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..logistic_integrals import logistic_of_negative
from ..normal import FloatArray, any_of, largest, total_over
from .grid import fine_grid_for, wide_grid_for
from .propagation import Normal

_PRIOR_REACH = 6.5
"""Distance from the prior mean within which a second mode can lie, prior standard deviations.

Guessing can make the posterior bimodal: a right answer was either known or guessed.
"""


class OneConceptMoments(NamedTuple):
    """Posterior mean and standard deviation of z, for one concept."""

    mean: float
    deviation: float


def one_concept_normal(sites: NDArray[np.float16]) -> Normal:
    """Return the product of the prior and the sites, shape (t, 2), as a normal distribution of z.

    The next grid is centred on it.
    """
    tau, eta = total_over(sites, axis=0, dtype=float).tolist()
    variance = 1.0 / max(1.0 + tau, 1e-3)
    return Normal(np.array([eta * variance]), np.array([[variance]]))


def integrate_one_concept(evidence: FloatArray, around: Normal) -> OneConceptMoments:
    """Return the exact posterior moments of z.

    Args:
        evidence: All answers, shape (3, t); see `lib.engine.posterior.propagation`.
        around: Normal distribution that gives the grid's centre and width.
    """
    centre, width = around.mean.item(), around.covariance.item() ** 0.5
    slope, offset, floor = evidence
    steepest = float(largest(np.abs(slope))) * width
    if any_floor := any_of(floor):
        grid = wide_grid_for(steepest, (_PRIOR_REACH + abs(centre)) / width)
    else:
        grid = fine_grid_for(steepest)
    z = centre + width * grid.x
    minus_x = slope[:, None] * -z
    minus_x -= offset[:, None]
    likelihood = logistic_of_negative(minus_x)
    if any_floor:
        likelihood *= (1.0 - floor)[:, None]
        likelihood += floor[:, None]
    log_density = total_over(np.log(likelihood, out=likelihood), axis=0)
    log_density += grid.log_jacobian
    log_density -= 0.5 * z * z
    log_density -= largest(log_density)
    total, first, second = (np.exp(log_density, out=log_density) @ grid.powers).tolist()
    mean = first / total
    spread = max(second / total - mean * mean, 1e-12)
    return OneConceptMoments(centre + width * mean, width * spread**0.5)


def site_between(before: Normal, after: OneConceptMoments) -> tuple[float, float]:
    """Return the site (τ, η) whose product with `before` has the moments `after`."""
    precision_before = 1.0 / before.covariance.item()
    precision = after.deviation**-2
    return (
        precision - precision_before,
        precision * after.mean - precision_before * before.mean.item(),
    )
