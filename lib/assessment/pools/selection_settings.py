"""Settings of item selection, as an operator chooses them and each version of a pool keeps them."""

from dataclasses import dataclass
from typing import Any, Self

BEST_ITEMS = 5
"""Default number of best items to draw from, so that no question is asked in every test."""
GREATEST_LOSS = 0.05
"""Default share of information that a drawn item may lose against the best one."""


@dataclass(frozen=True)
class Selection:
    """Settings that decide, besides information, which item is asked next.

    Attributes:
        max_exposure: Maximum share of the tests at a level of ability that may ask a question,
            0.01 to 1; 1 sets no limit.
        content_shares: Relative share of each test for each concept; None for no balancing.
        best_items: Number of best items that the next one is drawn from, 1 to 50.
        greatest_loss: Maximum share of the best item's information that a drawn item may lack,
            0 to below 1.
    """

    max_exposure: float = 1.0
    content_shares: list[float] | None = None
    best_items: int = BEST_ITEMS
    greatest_loss: float = GREATEST_LOSS

    @classmethod
    def of_version(cls, stored: dict[str, Any] | None) -> Self:
        """Return the settings of a version; a version that stores none has the defaults."""
        return cls(**(stored or {}))
