"""Recomputed questions on numbers."""

from fractions import Fraction
from itertools import permutations
from math import factorial, gcd, lcm, prod, sqrt

from tests.demo.judges import Judge, is_number, is_text
from tests.demo.notation import evaluate

MINUTES = (16 * 60 + 20) - (14 * 60 + 35)
ZEROS = len(str(factorial(100))) - len(str(factorial(100)).rstrip("0"))

RECOMPUTED: dict[str, Judge] = {
    "mat-001": is_number(7 + 6 * 2),
    "mat-002": is_text(f"{MINUTES // 60} h {MINUTES % 60} min"),
    "mat-003": is_number(0.75),
    "mat-004": is_number(round(4.5962, 2)),
    "mat-005": is_number(360 * 25 / 100),
    "mat-006": is_number(-8 - (-3)),
    "mat-007": lambda option: all(int(option) % d for d in range(2, int(option))),
    "mat-008": is_number(Fraction(2, 3) + Fraction(1, 4)),
    "mat-009": is_number(Fraction(3, 4) / Fraction(1, 2)),
    "mat-010": is_number(gcd(84, 126)),
    "mat-011": is_number(lcm(12, 18)),
    "mat-012": is_number(300 / 4 * 10),
    "mat-013": is_number(80 * (100 - 15) / 100),
    "mat-014": is_text(f"It is {100 - 120 * 80 // 100}% lower"),
    "mat-015": is_number(prod([2] * 3) * prod([2] * 4)),
    "mat-016": is_number(1 / (5 * 5)),
    "mat-017": is_number(float("3.2e-3")),
    "mat-018": is_number((12 + 12) / (2 + 12 / 4)),
    "mat-019": is_number(sqrt(50)),
    "mat-020": is_number(0.363636363636, tolerance=1e-9),
    "mat-021": is_number(3 * 8 / 4),
    "mat-022": lambda option: evaluate(option.strip("$")) * 0.75 == 360,
    "mat-023": is_number(len(list(permutations("12345", 3)))),
    "mat-024": is_number(4 * (50_000 / 100_000) ** 2),  # 1 cm is 50,000 cm; 1 km is 100,000 cm
    "mat-025": is_text(f"{0b1011 * 0b11:b}"),
    "mat-026": lambda option: evaluate(option) == max(5**12, 10**9, 2**30, 3**20),
    "mat-027": is_number(7**100 % 5),
    "mat-028": is_number(sum(360 % d == 0 for d in range(1, 361))),
    "mat-029": is_number(sum(all(n % p for p in (2, 3, 5)) for n in range(1, 1001))),
    "mat-030": is_number(ZEROS),
}
