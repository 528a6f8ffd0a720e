"""Grading of answers by the type of their question; pure."""

import math
from collections.abc import Sequence

from lib.learning.tables.closed_lists import QuestionType

NUMERICAL_TOLERANCE = 0.01
ROUNDING = 1e-9
"""Allowance for decimal numbers in binary: 0.31 - 0.3 is not exactly 0.01."""
TRUTH = ("true", "false")


def is_correct(question_type: str, correct_answer: str, answer: str) -> bool:
    """Return whether an answer is right.

    Case and surrounding blanks of options, and of true or false, do not matter; numbers may differ
    by 0.01.
    """
    if question_type == QuestionType.NUMERICAL:
        expected, value = number_of(correct_answer), number_of(answer)
        if expected is not None and value is not None:
            return abs(expected - value) <= NUMERICAL_TOLERANCE + ROUNDING
    return answer.strip().casefold() == correct_answer.strip().casefold()


def number_of(text: str) -> float | None:
    """Return the finite number in a text; None if it is not one. A decimal comma is accepted."""
    compact = text.strip().replace("\u2212", "-")
    if "," in compact and "." not in compact:
        compact = compact.replace(",", ".")
    try:
        number = float(compact)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in compact else None


def option_fault(
    question_type: str, options: Sequence[str] | None, correct_answer: str
) -> str | None:
    """Return the fault of a question's options or answer; None if there is none."""
    if question_type == QuestionType.MCQ:
        return _fault_of_options(options or (), correct_answer)
    if options:
        return "options: Only a question of type mcq has them."
    if question_type == QuestionType.NUMERICAL and number_of(correct_answer) is None:
        return "correct_answer: It is not a number."
    is_truth = correct_answer.strip().casefold() in TRUTH
    if question_type == QuestionType.TRUE_FALSE and not is_truth:
        return "correct_answer: Write true or false."
    return None


def _fault_of_options(options: Sequence[str], correct_answer: str) -> str | None:
    spellings = [option.strip().casefold() for option in options]
    if not spellings:
        return "options: A question of type mcq needs them."
    if len(set(spellings)) != len(spellings):
        return "options: Two of them are equal."
    if correct_answer.strip().casefold() not in spellings:
        return "correct_answer: It is not one of the options."
    return None
