"""Recomputed answers to the demo's statistics questions; outcomes are counted where possible."""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, permutations, product
from statistics import NormalDist, mean, median, mode, pstdev, pvariance, quantiles

from tests.demo.judges import Judge, is_number, is_text

SALARIES = list(range(28_000, 34_000, 600))
SUMMARIES: dict[str, Callable[[list[int]], float]] = {
    "The mean": mean,
    "The median": median,
    "The upper quartile": lambda salaries: quantiles(salaries)[2],
}
SPREAD = [1.0, 4.0, 9.0, 16.0]
COINS = list(product("HT", repeat=5))
PAIRS = list(permutations("RRRRGGGGGG", 2))
WEEKDAYS = list(product(range(7), repeat=3))
SICK_AND_POSITIVE, WELL_AND_POSITIVE = 0.01 * 0.90, 0.99 * 0.09


def changes_most(option: str) -> bool:
    """Accept the summary that a further salary of 600,000 changes most."""

    def change(name: str) -> float:
        return abs(SUMMARIES[name]([*SALARIES, 600_000]) - SUMMARIES[name](SALARIES))

    return option == max(SUMMARIES, key=change)


RECOMPUTED: dict[str, Judge] = {
    "sta-001": is_number(mode([4, 4, 6, 9, 12])),
    "sta-002": is_number(mean([4, 8, 9, 11])),
    "sta-003": is_number(median([7, 3, 12, 9, 5])),
    "sta-004": is_number(Fraction(sum(face > 4 for face in range(1, 7)), 6)),
    "sta-005": is_number(median([2, 9, 4, 8])),
    "sta-006": is_number(Fraction("RRRRRBBB".count("B"), 8)),
    "sta-007": is_number(max(-4, 2, 7, -1, 5) - min(-4, 2, 7, -1, 5)),
    "sta-008": is_number(1 - 0.35),
    "sta-009": is_number(90 * 80 / 360),
    "sta-010": is_number(Fraction(sum(c.count("H") == 1 for c in product("HT", repeat=2)), 4)),
    "sta-011": is_number(5 * 12 - (9 + 10 + 13 + 15)),
    "sta-012": changes_most,
    "sta-013": is_number(mean([1] * 4 + [2] * 3 + [3] * 2 + [4])),
    "sta-014": is_number(Fraction(PAIRS.count(("R", "R")), len(PAIRS))),
    "sta-015": is_number(19 - 8),
    "sta-016": is_number(mean([70] * 20 + [80] * 30)),
    "sta-017": is_number(1 - (1 - 0.4) * (1 - 0.5)),
    "sta-018": is_number(6 * pstdev([3 * x + 10 for x in SPREAD]) / pstdev(SPREAD)),
    "sta-019": is_number(len(list(combinations(range(8), 3)))),
    "sta-020": is_text(f"{NormalDist(100, 15).cdf(115) - NormalDist(100, 15).cdf(85):.0%}"),
    "sta-022": is_number(pvariance([2, 4, 6, 8])),
    "sta-023": is_number(Fraction(60 * 30, 60 * 30 + 40 * 20)),
    "sta-024": is_number(next(n for n in range(1, 100) if n**-0.5 == 1 / 2)),
    "sta-025": is_number(mean([10 - 2, *[-2] * 5]), tolerance=0.005),
    "sta-026": is_number(Fraction(sum(toss.count("H") == 2 for toss in COINS), len(COINS))),
    "sta-027": is_text(f"{SICK_AND_POSITIVE / (SICK_AND_POSITIVE + WELL_AND_POSITIVE):.0%}"),
    "sta-029": is_number(Fraction(sum(len(set(d)) < 3 for d in WEEKDAYS), len(WEEKDAYS))),
    "sta-030": is_number(sum(6 / missing for missing in range(1, 7))),
}
