"""The value of an item under five selection rules.

Let x = a · θ + d be normal with mean s and variance v, and P(x) the probability of a correct
answer. The first three rules take expectations over x, the Fisher rules evaluate P at its mean.
Rules that weight the concepts also use how much the concepts change with x.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from ..logistic_integrals import logistic_moments, logistic_of_negative, nodes_for
from ..normal import FloatArray

Rule = Literal["variance", "logdet", "mutual_information", "fisher_d", "fisher_a"]

Value = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]

_CHUNK = 4096  # items
_TINY = 1e-12


def _expected_fall(
    s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray
) -> FloatArray:
    """Return the expected fall of the weighted variances: ‖W^½Σa‖² E'[P]² / (E[P] (1 - E[P]))."""
    total, slope, _ = logistic_moments(s, np.sqrt(v))
    one_minus_c = 1.0 - c
    right = c + one_minus_c * total
    slope *= one_minus_c
    slope *= slope
    slope *= sensitivity
    value: FloatArray = slope / (np.maximum(right * (1.0 - right), _TINY) * v)
    return value


def _logdet(s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray) -> FloatArray:
    """Return the expected fall of log det Σ, as if posteriors after the answer were normal."""
    del sensitivity
    p, first, second = answer_moments(s, v, c)
    q = np.maximum(1 - p, _TINY)
    p = np.maximum(p, _TINY)
    after_right = second / p - (first / p) ** 2
    after_wrong = (1 - second) / q - (first / q) ** 2
    return np.asarray(-p * np.log(after_right) - q * np.log(np.maximum(after_wrong, _TINY)))


def _mutual_information(
    s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray
) -> FloatArray:
    """Return the mutual information of the answer and θ, nats: H(E[P]) - E[H(P)]."""
    del sensitivity
    z, moments = nodes_for(float(np.sqrt(np.max(v))))
    p = c[:, None] + (1 - c)[:, None] * logistic_of_negative(
        -(s[:, None] + np.sqrt(v)[:, None] * z)
    )
    return _entropy(p @ moments[:, 0]) - _entropy(p) @ moments[:, 0]


def _fisher_d(s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray) -> FloatArray:
    """Return the rise of the precision's log determinant at the posterior mean: log(1 + I v)."""
    del sensitivity
    return np.log1p(fisher_information(s, c) * v)


def _fisher_a(s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray) -> FloatArray:
    """Return the fall of the weighted variances at the posterior mean: ‖W^½Σa‖² I / (1 + I v)."""
    information = fisher_information(s, c)
    return np.asarray(sensitivity * information / (1 + information * v))


RULES: dict[str, Value] = {
    "variance": _expected_fall,
    "logdet": _logdet,
    "mutual_information": _mutual_information,
    "fisher_d": _fisher_d,
    "fisher_a": _fisher_a,
}


def rule_values(
    rule: Rule, s: FloatArray, v: FloatArray, c: FloatArray, sensitivity: FloatArray
) -> FloatArray:
    """Return the value of each item under a rule, exact to 1e-6; the greatest is best.

    Args:
        rule: A key of `RULES`.
        s: Mean of x = a · θ + d, logits, shape (j,).
        v: Variance of x, logits², shape (j,).
        c: Guessing, shape (j,).
        sensitivity: ‖W^½Σa‖², shape (j,); divided by v², it is the squared change of the
            weighted concepts per unit of x.

    Returns:
        Values, shape (j,).

    Raises:
        ValueError: If the rule is unknown.
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, not {rule!r}")
    value = RULES[rule]
    v = np.maximum(v, 1e-12)
    if len(s) <= _CHUNK:
        return value(s, v, c, sensitivity)
    parts = [slice(i, i + _CHUNK) for i in range(0, len(s), _CHUNK)]
    return np.concatenate([value(s[j], v[j], c[j], sensitivity[j]) for j in parts])


def answer_moments(
    s: FloatArray, v: FloatArray, c: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return E[P], E[P z] and E[P z²] with z = (x - s) / √v, each of shape (j,)."""
    total, first, second = logistic_moments(s, np.sqrt(v))
    one_minus_c = 1 - c
    return c + one_minus_c * total, one_minus_c * first, c + one_minus_c * second


def fisher_information(s: FloatArray, c: FloatArray) -> FloatArray:
    """Return each item's Fisher information on x: ((P - c)/(1 - c))² (1 - P)/P, shape (j,)."""
    p = logistic_of_negative(-s)
    return np.asarray((1 - c) * p * p * (1 - p) / np.maximum(c + (1 - c) * p, _TINY))


def _entropy(p: FloatArray) -> FloatArray:
    p = np.clip(p, _TINY, 1.0)
    q = np.maximum(1 - p, _TINY)
    return np.asarray(-p * np.log(p) - q * np.log(q))
