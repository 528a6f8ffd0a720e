"""Recomputed algebra questions: equations by trial, formulas by their values."""

from math import log2, pi, sqrt

from tests.demo.judges import (
    Judge,
    holds_where,
    is_formula,
    is_number,
    is_text,
    names_exactly,
    solution,
    solutions,
)

ROOTS_BY_DISCRIMINANT = (
    "None" if (-3) ** 2 < 4 * 2 * 5 else "One" if (-3) ** 2 == 4 * 2 * 5 else "Two"
)

RECOMPUTED: dict[str, Judge] = {
    "alg-001": is_number(solution(lambda x: x + 9 == 4)),
    "alg-002": is_number(solution(lambda x: 3 * x == 24)),
    "alg-003": is_formula(lambda a, b: 5 * a + 3 * b - 2 * a + b, "ab"),
    "alg-004": is_number(2 * (-3) ** 2),
    "alg-005": is_number(solution(lambda x: 2 * x - 7 == 11)),
    "alg-006": is_formula(lambda x: 4 * (x - 3)),
    "alg-007": is_number(solution(lambda x: 5 * x + 2 == 3 * x + 10)),
    "alg-008": is_number((3 - 2 * 1) - (3 - 2 * 0)),
    "alg-009": is_formula(lambda x: (x + 5) ** 2),
    "alg-010": holds_where(lambda x: -3 * x > 12),
    "alg-011": is_formula(lambda x: x**2 - 49),
    "alg-012": is_formula(lambda x: 4 + (0 - 4) / (2 - 0) * x),
    "alg-013": is_number(solution(lambda x: x - (10 - x) == 4)),
    "alg-014": is_formula(lambda x: x**2 + x - 12),
    "alg-015": is_formula(lambda x: (2 * x**3) ** 2),
    "alg-016": is_formula(lambda area: sqrt(area / pi), "A"),
    "alg-017": is_number(solution(lambda x: (x - 2) + (x - 1) + x == 72)),
    "alg-018": names_exactly(solutions(lambda x: x**2 == 5 * x)),
    "alg-019": is_formula(lambda x: (x**2 - 9) / (x - 3)),
    "alg-020": is_text(ROOTS_BY_DISCRIMINANT),
    "alg-021": is_number(2 * (3**2) + 1),
    "alg-022": is_number(log2(32) + log2(2)),
    "alg-023": is_number(list(range(5, 1000, 3))[40 - 1]),
    "alg-024": names_exactly(solutions(lambda x: abs(2 * x - 3) == 7)),
    "alg-025": is_number(solution(lambda x: x != 0 and 1 / x + 1 / (2 * x) == 3)),
    "alg-026": names_exactly(solutions(lambda k: k**2 - 4 * 1 * 9 == 0)),
    "alg-027": holds_where(lambda x: x**2 - x - 6 < 0),
    "alg-028": is_number((-1) ** 3 - 2 * (-1) ** 2 + 4),
    "alg-029": is_number(sum(12 * (-1 / 3) ** k for k in range(60))),
    # a and b are the roots of t² - 5t + 3.
    "alg-030": is_number(((5 + sqrt(13)) / 2) ** 3 + ((5 - sqrt(13)) / 2) ** 3),
}
