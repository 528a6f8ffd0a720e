"""Comparison of marks in two arms; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt, tan
from statistics import NormalDist, fmean, variance

FEWEST = 2
"""Minimum number of marks in an arm: a single mark says nothing about their spread."""
PROBABILITY = 0.975
"""Probability below the upper end of a 95 % interval."""


@dataclass(frozen=True)
class Difference:
    """A difference of means with its 95 % interval."""

    mean: float
    lower: float
    upper: float


def compare(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """Return the first marks' mean minus the second's, with Welch's interval (1947).

    Returns:
        The difference; None if either has fewer than two marks.
    """
    if min(len(first), len(second)) < FEWEST:
        return None
    difference = fmean(first) - fmean(second)
    errors = [variance(marks) / len(marks) for marks in (first, second)]
    total = sum(errors)
    if total == 0:
        return Difference(difference, difference, difference)
    freedom = total**2 / sum(
        error**2 / (len(marks) - 1) for error, marks in zip(errors, (first, second), strict=True)
    )
    margin = t_quantile(int(freedom)) * sqrt(total)
    return Difference(difference, difference - margin, difference + margin)


def t_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t distribution.

    From 3 degrees of freedom on, the expansion of Fisher and Cornish (1960) is within 1 %.

    Args:
        freedom: Degrees of freedom, 1 or more.
    """
    if freedom == 1:
        return tan(pi * (PROBABILITY - 0.5))
    if freedom == 2:  # noqa: PLR2004 the closed form for two degrees of freedom
        return (2 * PROBABILITY - 1) / sqrt(2 * PROBABILITY * (1 - PROBABILITY))
    z = NormalDist().inv_cdf(PROBABILITY)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum((term / float(freedom) ** power for power, term in enumerate(terms)), 0.0)
