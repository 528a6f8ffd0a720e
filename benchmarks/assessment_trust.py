"""Effects of trust in authors' parameters: errors, actual and stated, and the length of tests.

The pools have questions that were never calibrated: the demo's 150 on five concepts, and 60 on one
concept. Their true parameters equal the stated ones or scatter around them. Tests have a fixed
length, or end by `precision`. The settings *0, 0* treat authors' parameters as exact.
"""

from dataclasses import dataclass
from uuid import UUID

import numpy as np

from lib.assessment.pools.item_pool import ItemPool, build_pool
from lib.assessment.pools.store import ItemRow, VersionRow
from local.demo.pool import GUESSING, load_questions
from local.pools.wrong_parameters import Comparison, Errors, compare

ERRORS = (Errors(0.0, 0.0), Errors(0.35, 0.15), Errors(0.7, 0.3))
ASSUMED_ERRORS = (Errors(0.35, 0.15), Errors(0.7, 0.3))
QUESTIONS_ON_ONE_CONCEPT = 60


@dataclass(frozen=True)
class Case:
    """A pool, its tests, and how many are simulated."""

    name: str
    items: list[ItemRow]
    questions: int
    threshold: float
    truths: int
    """Number of draws of true parameters."""
    students: int = 6


def main() -> None:
    """Print a table for each pool."""
    demo = [
        _item(q["id"], q["concepts"], q["difficulty"], q["discrimination"])
        for q in load_questions()
    ]
    difficulties = np.linspace(0.03, 0.97, QUESTIONS_ON_ONE_CONCEPT).tolist()
    on_one_concept = [_item(f"q{i}", [1.0], value, 1.0) for i, value in enumerate(difficulties)]
    for case in (
        Case("the demo's questions, five concepts", demo, 30, 0.6, 20),
        Case("60 questions, one concept", on_one_concept, 20, 0.35, 40),
    ):
        print(
            f"\n{case.name}: {case.questions} questions, or precision {case.threshold}\n"
            "| errors of b, log a | settings | error | actual over stated | coverage"
            " | precision: answers | error | actual over stated |\n" + "|---" * 8 + "|"
        )
        for errors in ERRORS:
            plug_in = None
            for assumed_errors in ASSUMED_ERRORS:
                with_errors, as_exact = _compare_settings(case, errors, assumed_errors)
                if plug_in is None:
                    _print_row(errors, Errors(0.0, 0.0), plug_in := as_exact)
                _print_row(errors, assumed_errors, with_errors)


def _item(name: str, concepts: list[float], difficulty: float, discrimination: float) -> ItemRow:
    return ItemRow(name, 1, 4, 0, concepts, difficulty, discrimination, GUESSING, None, None)


def _compare_settings(
    case: Case, errors: Errors, assumed_errors: Errors
) -> tuple[Comparison, Comparison]:
    return compare(
        _pool(case.items, assumed_errors),
        case.items,
        errors,
        truths=case.truths,
        students=case.students,
        questions=case.questions,
        threshold=case.threshold,
        rng=np.random.default_rng(5),
    )


def _pool(items: list[ItemRow], assumed_errors: Errors) -> ItemPool:
    selection = {
        "difficulty_error": assumed_errors.difficulty,
        "discrimination_error": assumed_errors.discrimination,
    }
    version = VersionRow(len(items[0].concepts), len(items), None, selection, None)
    return build_pool(UUID(int=1), 1, version, items)


def _print_row(errors: Errors, assumed_errors: Errors, result: Comparison) -> None:
    fixed, precision = result.fixed, result.precision
    print(
        f"| {errors.difficulty:g}, {errors.discrimination:g}"
        f" | {assumed_errors.difficulty:g}, {assumed_errors.discrimination:g}"
        f" | {fixed.rmse:.3f} | {fixed.ratio:.2f} | {fixed.coverage:.3f}"
        f" | {precision.answers:.1f} | {precision.rmse:.3f} | {precision.ratio:.2f} |",
        flush=True,
    )
