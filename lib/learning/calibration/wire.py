"""Bodies of calibrations."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import StrictBody, SuccessOut

MAX_ANSWERS = 20_000
"""Maximum number of answers in a fit by a function; such a fit takes about 10 s."""

Outcome = Literal["calibrated", "no_better", "nothing_new", "too_few_answers"]


class LearningCalibrationIn(StrictBody):
    """A calibration of the model of mastery."""

    max_answers: Annotated[int, Field(ge=1_000, le=MAX_ANSWERS)] = MAX_ANSWERS
    """Maximum number of answers in the fit, unless the ten students with the newest answers have
    more; students with the newest answers come first."""


class LearningCalibrationOut(SuccessOut):
    """Result of a calibration of the model of mastery."""

    outcome: Outcome
    """`calibrated` if new coefficients are in use, `no_better` if they predict held-out students
    no better than those in use, `nothing_new` if there are hardly any new answers,
    `too_few_answers` if there are too few answers or students."""
    version: str
    """Version of the calibration in use."""
    answers: int
    """Number of answers of all students."""
    students: int
    """Number of students with answers."""
    fitted_answers: int
    """Number of answers in the fit, those of held-out students included; 0 without a fit."""
    log_loss_before: float | None
    """Mean log loss of held-out students with the coefficients that were in use before the call;
    null without a fit."""
    log_loss_after: float | None
    """Mean log loss of held-out students with the new coefficients; null without a fit."""
    recounted: int
    """Number of students whose mastery was recomputed."""
    waiting: int
    """Number of students whose mastery is recomputed with their next answer or the next run."""
