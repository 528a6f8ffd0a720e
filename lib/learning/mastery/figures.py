"""Figures of a student's mastery, counted answer by answer; pure.

The same answers in the same order give the same figures to the last bit, whether they are counted
one by one as they arrive or all again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lib.learning.mastery_model.attempts import Attempt, canonical
from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.student import Ability, abilities_after, beginning_of, score_of


@dataclass(frozen=True)
class Mastery:
    """Mastery of one concept."""

    total_attempts: int
    correct_attempts: int
    avg_time_seconds: float
    avg_confidence: float
    """Mean of the known confidences, 1 to 5; 0 if none is known."""
    mastery_score: float
    """Expected share of right answers to the concept's questions, 0 to 100."""

    @property
    def accuracy(self) -> float:
        """Share of right answers in percent."""
        return 100 * self.correct_attempts / self.total_attempts if self.total_attempts else 0.0


NEVER_PRACTISED = Mastery(0, 0, 0.0, 0.0, 0.0)
"""Mastery of a concept that was never practised."""


@dataclass(frozen=True)
class ConceptFigures:
    """Mastery of a concept, and the values that are needed to count the next answer."""

    mastery: Mastery
    skill: float
    """Ability in the concept, logits."""
    streak: int
    """Length of the last run of equal outcomes: positive if right, negative if wrong."""
    known_confidences: int
    """Number of answers whose confidence is known."""


@dataclass
class StudentFigures:
    """A student's overall ability, and the figures of the concepts that are counted."""

    ability: float = 0.0
    """Overall ability, logits."""
    attempts: int = 0
    concepts: dict[str, ConceptFigures] = field(default_factory=dict)
    answered_questions: set[str] = field(default_factory=set)
    """Ids of the questions that the student has answered."""

    def add(self, attempt: Attempt, calibration: Calibration) -> None:
        """Count an answer to a question with one concept, later than all answers so far."""
        [concept] = attempt.question.concepts
        earlier = self.concepts.get(concept)
        beginning = Ability(beginning_of(calibration, self.ability), 0)
        before = (
            beginning if earlier is None else Ability(earlier.skill, earlier.mastery.total_attempts)
        )
        self.ability, skill = abilities_after(
            calibration,
            attempt,
            Ability(self.ability, self.attempts),
            [before],
            is_repeated=attempt.question.item in self.answered_questions,
        )
        self.attempts += 1
        self.answered_questions.add(attempt.question.item)
        self.concepts[concept] = _figures_after(earlier, attempt, skill, calibration)


def count_all(attempts: Iterable[Attempt], calibration: Calibration) -> StudentFigures:
    """Return the figures after all answers of a student, in whatever order they come."""
    figures = StudentFigures()
    for attempt in canonical(attempts):
        figures.add(attempt, calibration)
    return figures


def _figures_after(
    earlier: ConceptFigures | None, attempt: Attempt, skill: float, calibration: Calibration
) -> ConceptFigures:
    before = NEVER_PRACTISED if earlier is None else earlier.mastery
    streak = 0 if earlier is None else earlier.streak
    confidences = 0 if earlier is None else earlier.known_confidences
    [concept] = attempt.question.concepts
    total = before.total_attempts + 1
    seconds = before.avg_time_seconds
    if attempt.seconds is not None:
        seconds += (attempt.seconds - seconds) / total
    confidence = before.avg_confidence
    if attempt.confidence is not None:
        confidences += 1
        confidence += (attempt.confidence - confidence) / confidences
    return ConceptFigures(
        Mastery(
            total,
            before.correct_attempts + attempt.is_correct,
            seconds,
            confidence,
            score_of(calibration, concept, skill),
        ),
        skill,
        max(streak, 0) + 1 if attempt.is_correct else min(streak, 0) - 1,
        confidences,
    )
