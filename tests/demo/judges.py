"""Functions that decide from a recomputation whether an option of a question is right."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

from tests.demo.notation import NotMathematicsError, evaluate, numbers, quantity

Judge = Callable[[str], bool]
Function = Callable[[float], float]

# Away from zeros, poles and symmetric pairs, where different formulas could agree.
POINTS = (0.37, 0.81, 1.43, 2.19, 3.61)


def is_number(value: float | Fraction, tolerance: float = 1e-9) -> Judge:
    """Accept an option with this number, whatever its unit."""

    def judge(option: str) -> bool:
        number = quantity(option)
        return number is not None and math.isclose(number, value, abs_tol=tolerance)

    return judge


def is_text(expected: str) -> Judge:
    """Accept an option with exactly this text."""
    return lambda option: option == expected


def names_exactly(solutions: Iterable[float | Fraction]) -> Judge:
    """Accept an option that names exactly these numbers: "x = 0 and x = 5"."""
    expected = sorted(solutions)
    return lambda option: sorted(numbers(option)) == expected


def is_formula(expected: Callable[..., float], variables: str = "x") -> Judge:
    """Accept a formula with the same values as a function, whatever its form."""

    def judge(option: str) -> bool:
        right_side = option.rsplit("=", 1)[-1]
        return all(
            math.isclose(
                _value(right_side, dict(zip(variables, point, strict=True))),
                expected(*point),
                abs_tol=1e-6,
            )
            for point in _points(len(variables))
        )

    return judge


def is_antiderivative(integrand: Function) -> Judge:
    """Accept a formula with a constant C whose derivative is the integrand."""
    return lambda option: (
        "C" in option
        and all(
            math.isclose(
                slope(lambda x: _value(option, {"x": x, "C": 4.2}), at), integrand(at), abs_tol=1e-5
            )
            for at in POINTS
        )
    )


def is_derivative(function: Function) -> Judge:
    """Accept a formula of the function's derivative."""
    return is_formula(lambda x: slope(function, x))


def holds_where(condition: Callable[[float], bool]) -> Judge:
    """Accept an inequality that holds where a condition does, at multiples of ½ from -9 to 9."""
    grid = [half / 2 for half in range(-18, 19)]
    return lambda option: all(_value(option, {"x": x}) == float(condition(x)) for x in grid)


def solutions(equation: Callable[[Fraction], bool]) -> list[Fraction]:
    """Return the solutions among the multiples of 1/18 from -100 to 100."""
    return [x for k in range(-1800, 1801) if equation(x := Fraction(k, 18))]


def solution(equation: Callable[[Fraction], bool]) -> float:
    """Return the only solution."""
    (only,) = solutions(equation)
    return float(only)


def slope(function: Function, at: float, step: float = 1e-5) -> float:
    """Return the symmetric difference quotient; its error is of order step squared."""
    return (function(at + step) - function(at - step)) / (2 * step)


def area(function: Function, start: float, end: float, pieces: int = 1000) -> float:
    """Return the integral by Simpson's rule."""
    width = (end - start) / pieces
    weights = [1, *[4, 2] * (pieces // 2 - 1), 4, 1]
    return width / 3 * sum(w * function(start + k * width) for k, w in enumerate(weights))


def _points(dimensions: int) -> list[tuple[float, ...]]:
    return [tuple(POINTS[(k + shift) % 5] for shift in range(dimensions)) for k in range(5)]


def _value(expression: str, variables: dict[str, float]) -> float:
    try:
        return evaluate(expression, **variables)
    except NotMathematicsError:
        return math.nan
