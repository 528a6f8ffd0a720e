"""Update of the posterior by one answer, and its restoration from the sites.

`add_answer` computes the new answer's site; `restore` rebuilds the same numbers, bit for bit, from
the prior, the answers and their sites. Both work in coordinates z in which the prior is standard
normal.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..normal import FloatArray
from .marginals import posterior_moments
from .one_concept import (
    OneConceptMoments,
    integrate_one_concept,
    one_concept_normal,
    site_between,
)
from .propagation import (
    Normal,
    is_proper,
    match_sites,
    new_site,
    normal_of_sites,
    with_site,
)

SITE_DTYPE = np.float16
"""Type to which a site's τ and η are rounded; docs/engine.md states the resulting error."""

Sites = NDArray[np.float16]
_NEGLIGIBLE_CHANGE = 2e-3  # relative; float16 rounds by up to a quarter of it
_LARGEST_SITE = 6e4  # float16 ends at 65,504


class SitesAndMoments(NamedTuple):
    """The sites of all answers, and the posterior moments relative to the prior mean m₀."""

    sites: Sites
    """τ and η of each answer, shape (t, 2)."""
    normal: Normal
    """Product of the prior and the sites, a normal distribution of z."""
    mean: FloatArray
    """Posterior mean of θ - m₀, shape (k,)."""
    covariance: FloatArray
    """Posterior covariance of θ, shape (k, k)."""


def add_answer(
    root: FloatArray, evidence: FloatArray, sites: Sites, normal: Normal
) -> SitesAndMoments:
    """Return the sites and moments after one more answer.

    Args:
        root: Root R of the prior covariance, shape (k, k).
        evidence: All answers, the new one last, shape (k + 2, t); see
            `lib.engine.posterior.propagation`.
        sites: Sites before the new answer, shape (t - 1, 2).
        normal: Prior times sites before the new answer.
    """
    if len(root) == 1:
        moments = integrate_one_concept(evidence, normal)
        site = np.array([site_between(normal, moments)])
        return _one_concept_result(root, np.concatenate((sites, _rounded(site))), moments)
    tau, eta = new_site(evidence[:, -1], normal)
    initial = np.concatenate((sites.T, ((tau,), (eta,))), axis=1, dtype=float)
    refined = match_sites(evidence, initial, with_site(normal, evidence[:-2, -1], tau, eta))
    # A site that would hardly change is kept, so that rounding does not move concepts on which the
    # answer carries no information.
    changed = np.abs(refined - initial) > _NEGLIGIBLE_CHANGE * np.abs(initial)
    changed[:, -1] = True
    rounded = _rounded(np.where(changed, refined, initial).T)
    exact = rounded.T.astype(float)
    after = normal_of_sites(evidence, exact)
    if not is_proper(after, exact):
        # Guessing makes some τ negative. The old sites with the new one are always proper.
        return restore(root, evidence, _rounded(initial.T))
    return _several_concepts_result(root, evidence, rounded, after)


def restore(root: FloatArray, evidence: FloatArray, sites: Sites) -> SitesAndMoments:
    """Return the sites and moments that belong to `sites`, shape (t, 2), t >= 1."""
    if len(root) == 1:
        return _one_concept_result(
            root, sites, integrate_one_concept(evidence, one_concept_normal(sites[:-1]))
        )
    return _several_concepts_result(
        root, evidence, sites, normal_of_sites(evidence, sites.T.astype(float))
    )


def _one_concept_result(
    root: FloatArray, sites: Sites, moments: OneConceptMoments
) -> SitesAndMoments:
    scale = float(root[0, 0])
    return SitesAndMoments(
        sites,
        one_concept_normal(sites),
        np.array([scale * moments.mean]),
        np.array([[(scale * moments.deviation) ** 2]]),
    )


def _several_concepts_result(
    root: FloatArray, evidence: FloatArray, sites: Sites, normal: Normal
) -> SitesAndMoments:
    moments = posterior_moments(root, evidence, sites.T.astype(float), normal)
    return SitesAndMoments(sites, normal, moments.mean, moments.covariance)


def _rounded(sites: FloatArray) -> Sites:
    bounded = np.minimum(np.maximum(sites, -_LARGEST_SITE), _LARGEST_SITE)
    return bounded.astype(SITE_DTYPE, order="C")
