"""What answers say along one concept: each on its own, and what pairs of them say together.

Given the standardised concept x, an answer's u = slopes · z is normal; its cavity is that normal
over the answer's site, and likelihood over site has a one-dimensional expectation, the ratio. The
product of the ratios is exact if the answers are uncorrelated given x. Without guessing they are
nearly enough.

Where they are not, pairs tell by how much. Let y be the deviation of u from its mean given x, over
its standard deviation, and exp(tilt y - ½ bend y²) the normal factor over the site that gives the
cavity the moments of cavity times likelihood. To second order in the correlations r of the y, the
product is too small by the factor exp(Σ r tilt tilt + ½ r² bend bend), a sum over pairs.

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT"; Opper, Paquet & Winther (2013), JMLR 14.
"""

from typing import NamedTuple

import numpy as np

from lib.engine.logistic_integrals import curve_moments, nodes_of
from lib.engine.normal import FloatArray, SingleArray

_NARROWEST = 1e-12  # variance given x, logits²
_LEAST_SHARE = 1e-3
_LEAST_LEFT = np.float32(1e-9)  # of a cavity's variance
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)


class Seen(NamedTuple):
    """The answers' u = slopes · z, seen from j directions x, standardised under the normal."""

    pull: FloatArray
    """Slope of E[u | x] in x, shape (j, t)."""
    rest: FloatArray
    """Var[u | x], shape (j, t)."""
    centre: FloatArray
    """E[u], shape (t,)."""
    offset: FloatArray
    """Of the answers, see lib.engine.posterior.propagation; shape (t,)."""
    floor: FloatArray
    """Shape (t,)."""
    sites: FloatArray
    """τ and η, shape (2, t)."""


class _Cavities(NamedTuple):
    share: FloatArray
    """Var[u | x] over the cavity's variance, shape (j, t)."""
    mean: SingleArray
    """Of the curve's argument, shape (j, t, g)."""
    log_ratio: FloatArray
    """What normal and sites come to, shape (j, g)."""


def apart(seen: Seen, x: FloatArray) -> FloatArray:
    """Return Σ log ratio at the points x, shape (j, g), of answers that cannot be guessed."""
    share, mean, log_ratio = _cavities(seen, x)
    (curve,) = _curve(mean, seen.rest / share, 1)
    log_ratio += _total(np.log(curve, out=curve))
    return log_ratio


def apart_and_paired(seen: Seen, covariance: FloatArray, x: FloatArray) -> FloatArray:
    """Return Σ log ratio at the points x, alone and with what pairs say; shape (2, j, g).

    Args:
        seen: The answers, of which some can be guessed.
        covariance: Of the answers' u, shape (t, t).
        x: Shape (g,).
    """
    share, mean, log_ratio = _cavities(seen, x)
    total, shift, left = _matched(mean, seen.rest / share, seen.floor)
    log_ratio += _total(np.log(total, out=total))
    kept = share.astype(np.float32)[:, :, None]
    bend = kept / left
    bend -= _ONE
    tilt = np.sqrt(kept) * shift
    tilt -= _pull_of_sites(seen, x)
    tilt /= left
    found = np.empty((2, *log_ratio.shape))
    found[0] = log_ratio
    np.add(log_ratio, _pairs(tilt, bend, _correlations(seen, covariance)), out=found[1])
    return found


def _cavities(seen: Seen, x: FloatArray) -> _Cavities:
    tau, eta = seen.sites
    share = np.maximum(1.0 - tau * seen.rest, _LEAST_SHARE)
    per_share = seen.pull / share
    # Site and normal along u given x: log ratio = ½ bend x² + tilt x.
    log_ratio = (0.5 * ((per_share * seen.pull) @ tau))[:, None] * x
    log_ratio += (per_share @ (tau * seen.centre - eta))[:, None]
    log_ratio *= x
    centre = (seen.centre - eta * seen.rest) / share + seen.offset
    return _Cavities(share, _line(centre, per_share, x), log_ratio)


def _matched(
    mean: SingleArray, variance: FloatArray, floor: FloatArray
) -> tuple[SingleArray, SingleArray, SingleArray]:
    """Return E[likelihood], and by what it moves and narrows the cavity.

    The move is in the cavity's deviations, the narrowing what is left of its variance; without a
    floor no more than there was.
    """
    total, shift, left = _curve(mean, variance, 3)
    f = floor.astype(np.float32)[:, None]
    total *= _ONE - f
    total += f
    known = (_ONE - f) / total
    shift *= known
    left *= known
    left += f / total
    left -= shift * shift
    np.maximum(left, _LEAST_LEFT, out=left)
    np.minimum(left, np.where(f > 0.0, _TWO, _ONE), out=left)
    return total, shift, left


def _pull_of_sites(seen: Seen, x: FloatArray) -> SingleArray:
    """Return the derivative of the sites' logarithms at y = 0, shape (j, t, g)."""
    tau, eta = seen.sites
    width = np.sqrt(seen.rest)
    return _line(width * (eta - tau * seen.centre), -tau * width * seen.pull, x)


def _correlations(seen: Seen, covariance: FloatArray) -> SingleArray:
    """Return the correlations of the answers' u given x, 0 on the diagonal; shape (j, t, t)."""
    inverse = 1.0 / np.sqrt(np.maximum(seen.rest, _NARROWEST))
    scaled = seen.pull * inverse
    r = covariance * inverse[:, :, None]
    r *= inverse[:, None, :]
    r -= scaled[:, :, None] * scaled[:, None, :]
    j, t = inverse.shape
    r.reshape(j, -1)[:, :: t + 1] = 0.0
    return r.astype(np.float32)


def _pairs(tilt: SingleArray, bend: SingleArray, r: SingleArray) -> SingleArray:
    """Return Σ over pairs of r tilt tilt + ½ r² bend bend, shape (j, g)."""
    both = r @ tilt
    both *= tilt
    np.square(r, out=r)
    bends = r @ bend
    bends *= bend
    bends *= _HALF
    both += bends
    return _HALF * _total(both)


def _curve(mean: SingleArray, variance: FloatArray, count: int) -> SingleArray:
    single = variance.astype(np.float32)[:, :, None]
    return curve_moments(mean, single, nodes_of(variance, count), count)


def _line(start: FloatArray, slope: FloatArray, x: FloatArray) -> SingleArray:
    """Return start + slope x, both of shape (j, t), as (j, t, g)."""
    line = slope.astype(np.float32)[:, :, None] * x.astype(np.float32)
    line += start.astype(np.float32)[:, :, None]
    return np.asarray(line)


def _total(values: SingleArray) -> SingleArray:
    """Return the sum over the answers, (j, g), of (j, t, g): a product, faster than a reduction."""
    ones = np.ones((1, values.shape[1]), np.float32)
    return np.asarray((ones @ values)[:, 0])
