"""The calibration of a deployment that has no answers yet, from prior knowledge alone.

Nothing is fitted. Abilities and difficulties predict answers as in an Elo rating; the recent past,
tries at the same question, confidence, pace and pauses shift the prediction by amounts that are
usual in the literature. No question has parameters of its own until the first fit.
"""

from lib.learning.mastery_model.calibration import Calibration, Steps

VERSION = "prior knowledge 1"
SHARE_RIGHT = 0.65
"""Usual share of right answers in practice."""
DIFFICULTY = -0.62
"""Difficulty at which the average student has that share: -ln(0.65 / 0.35), logits."""
WEIGHTS = {
    "difficulty": -1.0,
    "overall_ability": 0.5,
    "concepts_ability": 0.5,
    "overall_residuals_2": 0.5,
    "concepts_residuals_1": 0.8,
    "concepts_confidence_right": 0.2,
    "concepts_confidence_wrong": -0.1,
    "concepts_pace_right": -0.1,
    "item_log_right": 0.5,
    "item_log_wrong": -0.3,
    "concepts_log_gap": -0.04,  # a day after the last answer -0.3, a month -0.4
}


def default_calibration() -> Calibration:
    """Return the calibration before the first fit."""
    return Calibration(
        version=VERSION,
        mean=SHARE_RIGHT,
        difficulty=DIFFICULTY,
        steps=Steps(),
        weights=WEIGHTS,
    )
