"""The fold over a student's attempts: abilities, scores and predictions, in constant time each."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.learning.mastery_model.abilities import ability_after, step_factor
from lib.learning.mastery_model.attempts import LONGEST_SECONDS, Attempt, Question, canonical
from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.features import NAMES, ScopeRecords, dense, sparse
from lib.learning.mastery_model.records import EMPTY, Record

NO_CONCEPT = ""
"""Key of the record that questions without concepts share; it is in no result."""
SLOW_PACE = math.log(2)
"""Pace above which an answer is slow: twice the usual time."""
LONGEST_PACE = 2.0
"""Largest absolute value of a pace; larger ones are cut to it."""
MIDDLE_CONFIDENCE = 3
LARGEST_LOGIT = 30.0
"""Largest absolute logit; larger ones are cut to it, so that no probability is 0 or 1."""


@dataclass(frozen=True, slots=True)
class ConceptSkill:
    """The model's estimate of one concept that a student has practised."""

    skill: float
    """Ability in the concept, logits; 0 is the average student of the calibration."""
    attempts: int
    """Number of attempts, further tries included."""
    correct: int
    """Number of right attempts."""
    last_time: float | None
    """Time of the last attempt whose time is known, seconds."""
    streak: int
    """Length of the last run of equal outcomes: positive if right, negative if wrong."""
    score: float
    """Expected share of right answers to the concept's questions, 0 to 100."""


@dataclass(frozen=True, slots=True)
class Ability:
    """An ability, and the number of answers that it is based on."""

    value: float
    """Logits."""
    answers: int
    """Number of answers."""


class Student:
    """One student's records; `add` the attempts in canonical order, `predict` at any moment."""

    def __init__(self, calibration: Calibration) -> None:
        """Begin with a student of whom nothing is known."""
        self.calibration = calibration
        self._overall = Record()
        self._concepts: dict[str, Record] = {}
        self._combinations: dict[tuple[str, ...], Record] = {}
        self._items: dict[str, Record] = {}
        self._last: Attempt | None = None
        self._weights = [calibration.weights.get(name, 0.0) for name in NAMES]

    def add(self, attempt: Attempt) -> None:
        """Take one attempt into the records.

        Raises:
            ValueError: If it is not later in the canonical order than the last one.
        """
        if self._last is not None and attempt.position <= self._last.position:
            raise ValueError("Attempts must come in canonical order; fold them all again.")
        question, outcome = attempt.question, float(attempt.is_correct)
        records = []
        for key in question.concepts or (NO_CONCEPT,):
            record = self._concepts.get(key)
            if record is None:
                record = self._concepts[key] = self._new_concept()
            records.append(record)
        combination = self._combinations.setdefault(question.concepts, Record())
        item = self._items.setdefault(question.item, Record())
        difficulty = self.calibration.difficulty_of(question)
        residual = outcome - probability(self._mix(records) - difficulty)
        self._move(attempt, records, item)
        number = self._overall.number + 1
        confidence = _confidence(attempt)
        pace = pace_of(attempt, self.calibration.seconds_of(question))
        for record in (self._overall, *records, combination, item):
            record.count(outcome, self.calibration.mean, residual, number)
            if attempt.time is not None:
                record.add_time(outcome, attempt.time)
            record.add_pace_and_confidence(pace, confidence, is_correct=attempt.is_correct)
        self._last = attempt

    def predict(self, question: Question, time: float | None = None) -> float:
        """Return the probability that the next answer to a question is right, above 0, below 1.

        Args:
            question: The question; it, and its concepts, may be unknown to the calibration.
            time: Moment of the question, on the clock of `Attempt.time`; None if not known.
        """
        values, entries = self.features(question, time)
        logit = self.calibration.intercept
        for weight, value in zip(self._weights, values, strict=True):
            logit += weight * value
        effects = self.calibration.effects
        for family, key, value in entries:
            weights = effects.get(family)
            if weights:
                logit += weights.get(key, 0.0) * value
        return probability(logit)

    def skills(self) -> dict[str, ConceptSkill]:
        """Return the estimate of each practised concept, in the order of their ids."""
        return {key: self._skill(key) for key in sorted(self._concepts) if key != NO_CONCEPT}

    def features(
        self, question: Question, time: float | None
    ) -> tuple[list[float], list[tuple[str, str, float]]]:
        """Return the dense and the sparse features of a question at a moment."""
        item, concepts = question.item, question.concepts
        scopes = self._scopes_of(question)
        parameters = self.calibration.items.get(item)
        difficulty = self.calibration.difficulty_of(question)
        answers = 0 if parameters is None else parameters.answers
        return (
            dense(scopes, item, concepts, difficulty, answers, time),
            sparse(scopes, item, concepts, difficulty),
        )

    def _scopes_of(self, question: Question) -> ScopeRecords:
        last_question = None if self._last is None else self._last.question
        return ScopeRecords(
            self._overall,
            [
                self._concepts.get(key) or self._new_concept()
                for key in question.concepts or (NO_CONCEPT,)
            ],
            self._combinations.get(question.concepts, EMPTY),
            self._items.get(question.item, EMPTY),
            None if last_question is None else last_question.item,
            () if last_question is None else last_question.concepts,
        )

    def _mix(self, records: list[Record]) -> float:
        share = self.calibration.steps.share
        concepts = sum(record.ability for record in records) / len(records)
        return (1 - share) * self._overall.ability + share * concepts

    def _new_concept(self) -> Record:
        """Return the record of a concept before its first answer."""
        return Record(ability=beginning_of(self.calibration, self._overall.ability))

    def _move(self, attempt: Attempt, records: list[Record], item: Record) -> None:
        """Move the abilities towards the outcome."""
        moved_abilities = abilities_after(
            self.calibration,
            attempt,
            Ability(self._overall.ability, self._overall.answers),
            [Ability(record.ability, record.answers) for record in records],
            is_repeated=item.answers > 0,
        )
        for record, ability in zip((self._overall, *records), moved_abilities, strict=True):
            record.ability = ability

    def _skill(self, concept: str) -> ConceptSkill:
        record = self._concepts[concept]
        return ConceptSkill(
            record.ability,
            record.answers,
            record.right,
            record.time,
            record.streak,
            score_of(self.calibration, concept, record.ability),
        )


def fold(attempts: Iterable[Attempt], calibration: Calibration) -> Student:
    """Fold attempts, given in any order, into a new student, and return the student."""
    student = Student(calibration)
    for attempt in canonical(attempts):
        student.add(attempt)
    return student


def beginning_of(calibration: Calibration, overall: float) -> float:
    """Return the ability with which a concept begins, given the overall ability; both in logits."""
    return calibration.steps.transfer * overall


def abilities_after(
    calibration: Calibration,
    attempt: Attempt,
    overall: Ability,
    concepts: Sequence[Ability],
    *,
    is_repeated: bool,
) -> list[float]:
    """Return the overall ability and those in the concepts after an attempt, logits.

    Args:
        calibration: The coefficients.
        attempt: The attempt.
        overall: The overall ability before it.
        concepts: The abilities in the question's concepts before it, in the concepts' order.
        is_repeated: Whether the student has answered the question before.
    """
    steps = calibration.steps
    difficulty = calibration.difficulty_of(attempt.question)
    size = step_factor(
        steps,
        is_repeated=is_repeated,
        is_slow=is_slow(attempt, calibration.seconds_of(attempt.question)),
        doubt=doubt_of(attempt),
    )
    right = attempt.is_correct
    first, decay = size * steps.overall, steps.overall_decay
    new_abilities = [ability_after(overall.value, overall.answers, difficulty, right, first, decay)]
    first, decay = size * steps.concept, steps.concept_decay
    new_abilities += [
        ability_after(it.value, it.answers, difficulty, right, first, decay) for it in concepts
    ]
    return new_abilities


def score_of(calibration: Calibration, concept: str, skill: float) -> float:
    """Return the expected share of right answers to a concept's questions, 0 to 100."""
    return 100 * probability(skill - calibration.concepts.get(concept, calibration.difficulty))


def probability(logit: float) -> float:
    """Return 1 / (1 + exp(-logit))."""
    return 1 / (1 + math.exp(-max(-LARGEST_LOGIT, min(LARGEST_LOGIT, logit))))


def limited_seconds(seconds: float) -> float:
    """Return the time of an answer, at most `LONGEST_SECONDS`."""
    return min(seconds, LONGEST_SECONDS)


def pace_of(attempt: Attempt, usual: float | None) -> float | None:
    """Return the log of the time over the usual time, -2 to 2; None if either is unknown."""
    if attempt.seconds is None or usual is None:
        return None
    pace = math.log(limited_seconds(attempt.seconds) / usual)
    return max(-LONGEST_PACE, min(LONGEST_PACE, pace))


def is_slow(attempt: Attempt, usual: float | None) -> bool:
    """Return whether a right answer took more than twice the usual time."""
    pace = pace_of(attempt, usual)
    return attempt.is_correct and pace is not None and pace > SLOW_PACE


def doubt_of(attempt: Attempt) -> float:
    """Return how unsure a right answer was: 1 with confidence 1, 0 from confidence 3 on.

    Wrong answers and those without a confidence have 0, too.
    """
    if not attempt.is_correct or attempt.confidence is None:
        return 0.0
    return max(0.0, (MIDDLE_CONFIDENCE - attempt.confidence) / (MIDDLE_CONFIDENCE - 1))


def _confidence(attempt: Attempt) -> float | None:
    """Return the confidence from -1 (a guess) to 1 (certain)."""
    if attempt.confidence is None:
        return None
    return (attempt.confidence - MIDDLE_CONFIDENCE) / (MIDDLE_CONFIDENCE - 1)
