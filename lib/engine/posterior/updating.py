"""What evidence makes of a standard normal z: the same two steps for one concept and for several.

`absorb` takes one more answer in and makes its site; `recall` rebuilds the very same numbers from
the sites alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray
from lib.engine.posterior.marginals import posterior_moments
from lib.engine.posterior.one_concept import Line, integrate_line, line_of_sites, site_between
from lib.engine.posterior.propagation import (
    Normal,
    is_proper,
    match_sites,
    new_site,
    normal_of_sites,
    with_site,
)

SITE_DTYPE = np.float16
"""What a site's τ and η are rounded to; docs/engine.md states the error this adds."""

Sites = NDArray[np.float16]
_STILL = 2e-3  # share of a site; float16 rounds by up to a quarter of that
_LARGEST_SITE = 6e4  # float16 ends at 65,504


class Belief(NamedTuple):
    """A posterior relative to the prior mean."""

    sites: Sites
    """Shape (t, 2)."""
    normal: Normal
    """Prior times sites, of z."""
    mean: FloatArray
    """Of θ - m₀, shape (k,)."""
    covariance: FloatArray
    """Of θ, shape (k, k)."""


def absorb(root: FloatArray, evidence: FloatArray, sites: Sites, normal: Normal) -> Belief:
    """Return the belief after one more answer.

    Args:
        root: R of the prior, shape (k, k).
        evidence: With the new answer, shape (k + 2, t); see lib.engine.posterior.propagation.
        sites: Before it, shape (t - 1, 2).
        normal: Before it.
    """
    if len(root) == 1:
        line = integrate_line(evidence, normal)
        site = np.array([site_between(normal, line)])
        return _on_line(root, np.concatenate((sites, _rounded(site))), line)
    tau, eta = new_site(evidence[:, -1], normal)
    once = np.concatenate((sites.T, ((tau,), (eta,))), axis=1, dtype=float)
    twice = match_sites(evidence, once, with_site(normal, evidence[:-2, -1], tau, eta))
    # A site that would hardly move stays: rounding must not stir what the answer says nothing of.
    moved = np.abs(twice - once) > _STILL * np.abs(once)
    moved[:, -1] = True
    rounded = _rounded(np.where(moved, twice, once).T)
    exact = rounded.T.astype(float)
    after = normal_of_sites(evidence, exact)
    if not is_proper(after, exact):
        # Guessing makes some τ negative; the old sites with the one new site are always proper.
        return recall(root, evidence, _rounded(once.T))
    return _in_space(root, evidence, rounded, after)


def recall(root: FloatArray, evidence: FloatArray, sites: Sites) -> Belief:
    """Return the belief whose sites are given, shape (t, 2), t >= 1."""
    if len(root) == 1:
        return _on_line(root, sites, integrate_line(evidence, line_of_sites(sites[:-1])))
    return _in_space(root, evidence, sites, normal_of_sites(evidence, sites.T.astype(float)))


def _on_line(root: FloatArray, sites: Sites, line: Line) -> Belief:
    scale = float(root[0, 0])
    return Belief(
        sites,
        line_of_sites(sites),
        np.array([scale * line.mean]),
        np.array([[(scale * line.deviation) ** 2]]),
    )


def _in_space(root: FloatArray, evidence: FloatArray, sites: Sites, normal: Normal) -> Belief:
    seen = posterior_moments(root, evidence, sites.T.astype(float), normal)
    return Belief(sites, normal, seen.mean, seen.covariance)


def _rounded(sites: FloatArray) -> Sites:
    bounded = np.minimum(np.maximum(sites, -_LARGEST_SITE), _LARGEST_SITE)
    return bounded.astype(SITE_DTYPE, order="C")
