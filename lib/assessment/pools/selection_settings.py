"""Settings of selection and trust, as an operator chooses them and a pool's versions keep them."""

from dataclasses import dataclass
from typing import Any, Self

BEST_ITEMS = 5
"""Default number of best items to draw from, so that no question is asked in every test."""
GREATEST_LOSS = 0.05
"""Default share of information that a drawn item may lose against the best one."""
DIFFICULTY_ERROR = DISCRIMINATION_ERROR = 0.0
"""Default standard deviations of the true b = Φ⁻¹(difficulty) and the true log discrimination
around what an author wrote: as uploaded, authors' parameters are treated as exact."""


@dataclass(frozen=True)
class Selection:
    """Settings that decide which item is asked next and how far its parameters are trusted.

    Attributes:
        max_exposure: Maximum share of the tests at a level of ability that may ask a question,
            0.01 to 1; 1 sets no limit.
        content_shares: Relative share of each test for each concept; None for no balancing.
        best_items: Number of best items that the next one is drawn from, 1 to 50.
        greatest_loss: Maximum share of the best item's information that a drawn item may lack,
            0 to below 1.
        difficulty_error: Standard deviation of the true b = Φ⁻¹(difficulty) around the author's,
            for questions that were never calibrated, 0 to 3; 0 treats it as exact.
        discrimination_error: Standard deviation of the true log discrimination around the author's,
            for the same questions, 0 to 1.
    """

    max_exposure: float = 1.0
    content_shares: list[float] | None = None
    best_items: int = BEST_ITEMS
    greatest_loss: float = GREATEST_LOSS
    difficulty_error: float = DIFFICULTY_ERROR
    discrimination_error: float = DISCRIMINATION_ERROR

    @classmethod
    def of_version(cls, stored: dict[str, Any] | None) -> Self:
        """Return the settings of a version; a version that stores none has the defaults."""
        return cls(**(stored or {}))
