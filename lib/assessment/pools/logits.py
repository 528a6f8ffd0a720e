"""Conversion of item parameters from logits to the scale of an upload.

Most other systems write item parameters in logits.
"""

import math
from typing import Any

LOGITS_PER_PROBIT = 1.702
"""Logits per probit; repeated from lib/engine/bank.py, which would import numpy."""


def from_logits(question: Any) -> Any:
    """Return a question whose difficulty is a percentile and whose discrimination is in probits.

    P(knows) = 1 / (1 + exp(b - a q·θ)) becomes difficulty Φ(b / (a‖q‖)) and discrimination
    a‖q‖ / 1.702, so that the curve stays the same.

    Args:
        question: A question of an upload, not yet checked; it is returned unchanged if its numbers
            cannot be converted, so that the checks name what is wrong.
    """
    if not isinstance(question, dict):
        return question
    difficulty, slope = question.get("difficulty", 0.0), question.get("discrimination", 1.0)
    try:
        steepness = slope * math.hypot(*question["concepts"])
        percentile = (1 + math.erf(difficulty / steepness / math.sqrt(2))) / 2
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return question
    return {
        **question,
        "difficulty": percentile,
        "discrimination": steepness / LOGITS_PER_PROBIT,
    }
