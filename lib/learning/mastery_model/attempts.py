"""Input of the model: questions, and a student's attempts in canonical order."""

from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_SECONDS = 3_600.0
"""Longest time for an answer; longer times count as this."""


@dataclass(frozen=True, slots=True)
class Question:
    """Facts about a question that a prediction uses."""

    item: str
    """Id of the question."""
    concepts: tuple[str, ...]
    """Ids of its concepts; their order and repetitions do not matter."""
    offset: float = 0.0
    """Difficulty beyond its concepts' mean as its author judges it, logits; used until the
    calibration contains the question."""
    seconds: float | None = None
    """Usual time of an answer as its author judges it; used until the calibration has one."""

    def __post_init__(self) -> None:
        """Sort the concepts and remove repetitions."""
        object.__setattr__(self, "concepts", tuple(sorted(set(self.concepts))))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of a student; a further try at the same question is a further attempt."""

    clock: str
    """Time of the answer, as text that sorts in the order of the events."""
    id: str
    """Id of the attempt; it orders two attempts with the same clock."""
    question: Question
    is_correct: bool
    time: float | None = None
    """Seconds since some fixed moment; None if it is not known."""
    seconds: float | None = None
    """Time that the answer took; None if it is not known."""
    confidence: int | None = None
    """1 (a guess) to 5 (certain), given with the answer; None if it is not known."""

    def __post_init__(self) -> None:
        """Refuse values that no device can have recorded.

        Raises:
            ValueError: If `seconds` is not above 0, or `confidence` is not from 1 to 5.
        """
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError("The time of an answer must be above 0 seconds.")
        if self.confidence is not None and self.confidence not in range(1, 6):
            raise ValueError("Confidence is from 1 to 5.")

    @property
    def position(self) -> tuple[str, str]:
        """Key of the attempt in the canonical order."""
        return self.clock, self.id


def canonical(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return attempts in the canonical order, each once, whatever the order of their delivery."""
    ordered_attempts = sorted(attempts, key=lambda attempt: attempt.position)
    return [
        attempt
        for index, attempt in enumerate(ordered_attempts)
        if index == 0 or attempt.position != ordered_attempts[index - 1].position
    ]
