"""When a test is over, as the caller asks for it and as a session keeps it."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from lib.web.wire import StrictBody

MAX_QUESTIONS = 200


class EndCriteria(StrictBody):
    """When the test completes itself.

    `fixed_length` asks `max_questions`. `precision` stops once no tested concept's posterior
    standard deviation (latent scale) is above `precision_threshold`, `classification` once every
    tested concept is above or below percentile 0.5 with at least `classification_threshold`
    probability; both within `min_questions` and `max_questions`.
    """

    type: Literal["fixed_length", "precision", "classification"] = "fixed_length"
    min_questions: int = Field(default=5, ge=1, le=MAX_QUESTIONS)
    max_questions: int = Field(default=20, ge=1, le=MAX_QUESTIONS)
    precision_threshold: float = Field(default=0.3, gt=0, le=1)
    classification_threshold: float = Field(default=0.8, gt=0.5, lt=1)
    minimum_gain: float = Field(default=0.0, ge=0, lt=1)
    """Stop when the next question is expected to remove less than this share of the variance."""

    @model_validator(mode="before")
    @classmethod
    def _shorter_than_usual(cls, given: Any) -> Any:
        """A test of at most 3 questions needs no word about the least number."""
        if isinstance(given, dict) and "min_questions" not in given:
            longest = given.get("max_questions")
            if isinstance(longest, int) and longest < cls.model_fields["min_questions"].default:
                return {**given, "min_questions": longest}
        return given

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_questions > self.max_questions:
            raise ValueError("min_questions must not be greater than max_questions")
        return self
