"""The model's state of a student: a record of fixed size per scope.

A scope is everything that the student answered, one concept, one combination of concepts, or one
question. Updating a record takes the same time however many answers it counts.
"""

from dataclasses import dataclass, field

RATES = (0.5, 0.2, 0.06, 0.02)
"""Weights of the newest answer in the exponential means, which span about 2 to 50 answers."""
HALF_LIVES = (3_600.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0)
"""Half-lives of the counts that fade, seconds."""
LONGEST_STREAK = 5.0
"""Longest streak in features; a longer one counts as this."""
FIRST_NODE_OF_TWO, FIRST_NODE_OF_THREE = 3, 7
"""First nodes of `Record.recent` for two and for three outcomes."""
_NOTHING = (0.0,) * len(RATES)


@dataclass(slots=True)
class Record:
    """Record of a student's answers in one scope."""

    right: int = 0
    wrong: int = 0
    outcomes: tuple[float, ...] = _NOTHING
    """Exponentially weighted means of the outcome (1 or 0) minus the calibration's mean."""
    residuals: tuple[float, ...] = _NOTHING
    """Means, weighted like `outcomes`, of the outcome minus the abilities' prediction."""
    pace_right: float = 0.0
    """Weighted mean, with the second rate, of the pace of right answers."""
    pace_wrong: float = 0.0
    """Weighted mean, with the second rate, of the pace of wrong answers."""
    confidence_right: float = 0.0
    """Weighted mean, with the second rate, of the confidence of right answers, -1 to 1."""
    confidence_wrong: float = 0.0
    """Weighted mean, with the second rate, of the confidence of wrong answers, -1 to 1."""
    recent: int = 0
    """The last three outcomes as a node of a binary tree whose root, 0, stands for no answers."""
    streak: int = 0
    """Length of the last run of equal outcomes: positive if right, negative if wrong."""
    number: int = 0
    """Number of the scope's last answer among all the student's answers, from 1; 0 if none."""
    time: float | None = None
    """Time of the last answer whose time is known, seconds."""
    fading: list[float] = field(default_factory=lambda: [0.0] * (2 * len(HALF_LIVES)))
    """Counts of right, then of wrong answers, that fade with each half-life, as of `time`."""
    ability: float = 0.0
    """Ability, logits; meaningful only for all answers together and for one concept."""

    @property
    def answers(self) -> int:
        """Number of answers."""
        return self.right + self.wrong

    def faded(self, time: float) -> list[float]:
        """Return the fading counts as of a time, or as of the last answer if that is later."""
        if self.time is None or time <= self.time:
            return self.fading
        gap = time - self.time
        factors = [0.5 ** (gap / half_life) for half_life in HALF_LIVES]
        return [count * factor for count, factor in zip(self.fading, factors * 2, strict=True)]

    def count(self, outcome: float, mean: float, residual: float, number: int) -> None:
        """Take one answer into the counts and means.

        Args:
            outcome: 1 for a right answer, 0 for a wrong one.
            mean: Share of right answers in the calibration.
            residual: The outcome minus its expectation.
            number: Number of the answer among the student's, from 1.
        """
        surplus = outcome - mean
        self.outcomes = tuple(
            [old + rate * (surplus - old) for old, rate in zip(self.outcomes, RATES, strict=True)]
        )
        self.residuals = tuple(
            [old + rate * (residual - old) for old, rate in zip(self.residuals, RATES, strict=True)]
        )
        right = outcome > 0
        if right:
            self.right += 1
            self.streak = max(self.streak, 0) + 1
        else:
            self.wrong += 1
            self.streak = min(self.streak, 0) - 1
        self.recent = 2 * _without_oldest(self.recent) + 1 + right
        self.number = number

    def add_time(self, outcome: float, time: float) -> None:
        """Take the time of one answer into the fading counts."""
        self.fading = list(self.faded(time))
        offset = 0 if outcome > 0 else len(HALF_LIVES)
        for index in range(offset, offset + len(HALF_LIVES)):
            self.fading[index] += 1.0
        self.time = time if self.time is None else max(time, self.time)

    def add_pace_and_confidence(
        self, pace: float | None, confidence: float | None, *, is_correct: bool
    ) -> None:
        """Take pace and confidence of one answer into the means; None for an unknown one."""
        rate = RATES[1]
        if pace is not None:
            if is_correct:
                self.pace_right += rate * (pace - self.pace_right)
            else:
                self.pace_wrong += rate * (pace - self.pace_wrong)
        if confidence is not None:
            if is_correct:
                self.confidence_right += rate * (confidence - self.confidence_right)
            else:
                self.confidence_wrong += rate * (confidence - self.confidence_wrong)


def _without_oldest(node: int) -> int:
    """Return the node of the last two outcomes instead of three; other nodes are unchanged."""
    if node < FIRST_NODE_OF_THREE:
        return node
    return FIRST_NODE_OF_TWO + (node - FIRST_NODE_OF_THREE) % 4


EMPTY = Record()
"""The record of a scope without answers; it is never written to."""
