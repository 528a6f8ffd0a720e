"""Settings of selection and trust, as an operator chooses them and a pool's versions keep them."""

from dataclasses import dataclass
from typing import Any, Self

BEST_ITEMS = 5
"""Default number of best items to draw from, so that no question is asked in every test."""
GREATEST_LOSS = 0.05
"""Default share of the best item's information that a drawn item may lack."""
DIFFICULTY_ERROR, DISCRIMINATION_ERROR = 0.7, 0.3
"""Default standard deviations of the true b = Φ⁻¹(difficulty) and the true log discrimination
around what an author wrote. docs/assessment.md states their costs and benefits."""
FULL_TRUST = {"difficulty_error": 0.0, "discrimination_error": 0.0}
"""Deviations of versions that name none: they were stored when authors' parameters were always
treated as exact, and the tests that began with them keep their results."""


@dataclass(frozen=True)
class Selection:
    """Settings that decide which item is asked next and how far its parameters are trusted.

    Attributes:
        max_exposure: Maximum share of the tests at a level of ability that may ask a question,
            0.01 to 1; 1 sets no limit.
        content_shares: Relative share of a test's questions for each concept; None: no balancing.
        best_items: Number of best items that the next one is drawn from, 1 to 50.
        greatest_loss: Maximum share of the best item's information that a drawn item may lack,
            0 to below 1.
        difficulty_error: Standard deviation of the true b = Φ⁻¹(difficulty) around the author's,
            for questions whose parameters are still the author's, 0 to 3; 0 treats it as exact.
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
        """Return the settings of a version.

        Deviations that it does not store are 0, see `FULL_TRUST`; other settings that it does not
        store have their defaults.
        """
        return cls(**{**FULL_TRUST, **(stored or {})})
