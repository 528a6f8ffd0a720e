"""How a pool's questions are chosen, as its operator wants it and as its versions keep it."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from lib.assessment.pools.question import MAX_CONCEPTS
from lib.web.wire import StrictBody

BEST_ITEMS = 5
"""The next question is drawn among as many of the best, so that none is shown to everyone …"""
GREATEST_LOSS = 0.05
"""… and among those only if it is expected to tell at most this share less than the best."""

Share = Annotated[float, Field(ge=0, le=1_000, strict=True)]


class Selection(StrictBody):
    """What decides, besides what a question tells, which one is asked next."""

    max_exposure: float = Field(default=1.0, ge=0.01, le=1, strict=True)
    """Share of the tests at a level of ability that may show a question; 1: no limit."""
    content_shares: list[Share] | None = Field(default=None, min_length=1, max_length=MAX_CONCEPTS)
    """How much of each test falls to each concept; only ratios count. None: as it turns out."""
    best_items: int = Field(default=BEST_ITEMS, ge=1, le=50, strict=True)
    greatest_loss: float = Field(default=GREATEST_LOSS, ge=0, lt=1, strict=True)

    @model_validator(mode="after")
    def _some_concept_is_asked_for(self) -> Self:
        if self.content_shares is not None and not any(self.content_shares):
            raise PydanticCustomError(
                "no_share", "must not all be 0", {"field": "selection.content_shares"}
            )
        return self
