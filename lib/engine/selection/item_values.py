"""What asking an item is worth, under five rules.

With x = a · θ + d normal with mean s and variance v, and the answer's probability P(x), every value
is a one-dimensional integral over x times what the item's direction means for the concepts.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from lib.engine.logistic_integrals import logistic_moments, logistic_of_negative, nodes_for
from lib.engine.normal import FloatArray

Rule = Literal["variance", "logdet", "mutual_information", "fisher_d", "fisher_a"]

Value = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]

_CHUNK = 4096
_TINY = 1e-12


def _expected_variance(
    s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray
) -> FloatArray:
    """Expected fall of the weighted sum of variances: ‖WΣa‖² E'[P]² / (E[P] (1 - E[P]))."""
    total, slope, _ = logistic_moments(s, np.sqrt(v))
    rest = 1.0 - c
    right = c + rest * total
    slope *= rest
    slope *= slope
    slope *= reach
    value: FloatArray = slope / (np.maximum(right * (1.0 - right), _TINY) * v)
    return value


def _logdet(s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray) -> FloatArray:
    """Expected fall of log det Σ, each answer's posterior taken as normal."""
    del reach
    p, first, second = answer_moments(s, v, c)
    q = np.maximum(1 - p, _TINY)
    p = np.maximum(p, _TINY)
    after_right = second / p - (first / p) ** 2
    after_wrong = (1 - second) / q - (first / q) ** 2
    return np.asarray(-p * np.log(after_right) - q * np.log(np.maximum(after_wrong, _TINY)))


def _mutual_information(
    s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray
) -> FloatArray:
    """Information, nats, that the answer and θ share: H(E[P]) - E[H(P)]."""
    del reach
    z, moments = nodes_for(float(np.sqrt(np.max(v))))
    p = c[:, None] + (1 - c)[:, None] * logistic_of_negative(
        -(s[:, None] + np.sqrt(v)[:, None] * z)
    )
    return _entropy(p @ moments[:, 0]) - _entropy(p) @ moments[:, 0]


def _fisher_d(s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray) -> FloatArray:
    """Log det of precision gained at the posterior mean: log(1 + I v)."""
    del reach
    return np.log1p(_information(s, c) * v)


def _fisher_a(s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray) -> FloatArray:
    """Fall of the weighted sum of variances at the posterior mean: ‖WΣa‖² I / (1 + I v)."""
    information = _information(s, c)
    return np.asarray(reach * information / (1 + information * v))


RULES: dict[str, Value] = {
    "variance": _expected_variance,
    "logdet": _logdet,
    "mutual_information": _mutual_information,
    "fisher_d": _fisher_d,
    "fisher_a": _fisher_a,
}


def rule_values(
    rule: Rule, s: FloatArray, v: FloatArray, c: FloatArray, reach: FloatArray
) -> FloatArray:
    """Return the value of each item under a rule, exact to 1e-6, greater is better.

    Args:
        rule: A key of `RULES`.
        s: Mean of a · θ + d, logits, shape (j,).
        v: Its variance, shape (j,).
        c: Guessing, shape (j,).
        reach: ‖W^½ Σ a‖², shape (j,), what moving the projection does to the weighted concepts.

    Raises:
        ValueError: If there is no such rule.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    value = RULES[rule]
    v = np.maximum(v, 1e-12)
    if len(s) <= _CHUNK:
        return value(s, v, c, reach)
    parts = [slice(i, i + _CHUNK) for i in range(0, len(s), _CHUNK)]
    return np.concatenate([value(s[j], v[j], c[j], reach[j]) for j in parts])


def answer_moments(
    s: FloatArray, v: FloatArray, c: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return E[P], E[P z] and E[P z²], z the standardised projection."""
    total, first, second = logistic_moments(s, np.sqrt(v))
    rest = 1 - c
    return c + rest * total, rest * first, c + rest * second


def _information(s: FloatArray, c: FloatArray) -> FloatArray:
    """Fisher information of one item on its own projection: ((P - c)/(1 - c))² (1 - P)/P."""
    p = logistic_of_negative(-s)
    return np.asarray((1 - c) * p * p * (1 - p) / np.maximum(c + (1 - c) * p, _TINY))


def _entropy(p: FloatArray) -> FloatArray:
    p = np.clip(p, _TINY, 1.0)
    q = np.maximum(1 - p, _TINY)
    return np.asarray(-p * np.log(p) - q * np.log(q))
