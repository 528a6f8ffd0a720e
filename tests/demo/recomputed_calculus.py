"""Recomputed calculus questions, by difference quotients, sums and search."""

from itertools import pairwise
from math import cos, exp, log, pi, sin, sqrt

from tests.demo.judges import (
    POINTS,
    Function,
    Judge,
    area,
    is_antiderivative,
    is_derivative,
    is_formula,
    is_number,
    slope,
)


def limit(function: Function, at: float) -> float:
    """Return the value next to a point, accurate to about four digits."""
    return function(at + 1e-6)


def is_limit(function: Function, at: float) -> Judge:
    return is_number(limit(function, at), tolerance=1e-4)


def is_integral(function: Function, start: float, end: float) -> Judge:
    return is_number(area(function, start, end), tolerance=1e-6)


def is_slope(function: Function, at: float) -> Judge:
    return is_number(slope(function, at), tolerance=1e-5)


def is_true_of_rising_function(option: str) -> bool:
    """Return whether a claim holds for f(x) = -1/x, whose derivative is positive."""
    values = [-1 / x for x in POINTS]
    rises = [b - a for a, b in pairwise(values)]
    claims = {
        "f is increasing": min(rises) > 0,
        "f is positive": min(values) > 0,
        "f is curved upwards": slope(lambda x: 1 / x**2, 2) > 0,
        "f has a maximum": max(values) != values[-1],
    }
    return claims[option]


RECOMPUTED: dict[str, Judge] = {
    "cal-001": is_number(150 / 3),
    "cal-002": is_derivative(lambda x: 4 * x - 7),
    "cal-003": is_limit(lambda x: 3 * x + 1, 2),
    "cal-004": is_derivative(lambda x: x**5),
    "cal-005": is_derivative(lambda _: 9),
    "cal-006": is_derivative(lambda x: 3 * x**2 - 4 * x + 1),
    "cal-007": is_slope(lambda t: t**2, 3),
    "cal-008": is_antiderivative(lambda x: 2 * x),
    "cal-009": is_limit(lambda x: (x**2 - 9) / (x - 3), 3),
    "cal-010": is_integral(lambda x: 2 * x, 0, 3),
    "cal-011": is_true_of_rising_function,
    "cal-012": is_derivative(lambda x: sin(x) + cos(x)),
    "cal-013": is_integral(lambda x: 3 * x**2, 1, 2),
    "cal-014": is_derivative(sqrt),
    "cal-015": is_derivative(lambda x: (2 * x + 1) ** 3),
    "cal-016": is_number(min(range(-100, 101), key=lambda x: x**2 - 6 * x + 5)),
    "cal-017": is_derivative(lambda x: x**2 * exp(x)),
    "cal-018": is_derivative(lambda x: log(3 * x)),
    "cal-019": is_formula(lambda x: 1 + slope(lambda t: t**2, 1) * (x - 1)),
    "cal-020": is_antiderivative(lambda x: 1 / x**2),
    "cal-021": is_number((3e14 + 1e7) / (2e14 - 5), tolerance=1e-4),  # at x = 10,000,000
    "cal-022": is_limit(lambda x: sin(3 * x) / x, 0),
    "cal-023": is_derivative(lambda x: x / (x + 1)),
    "cal-024": is_integral(lambda x: x - x**2, 0, 1),
    "cal-025": is_integral(sin, 0, pi),
    "cal-026": is_slope(lambda seconds: (5 + 0.2 * seconds) ** 3, 0),
    "cal-027": is_number(max(side * (40 - 2 * side) for side in range(41))),
    "cal-028": is_antiderivative(lambda x: x * exp(x)),
    # The branch of the curve through (1, 2).
    "cal-029": is_slope(lambda x: (-x + sqrt(28 - 3 * x**2)) / 2, 1),
    "cal-030": is_number((exp(0.05**2) - 1 - 0.05**2) / 0.05**4, tolerance=0.001),
}
