"""The fit of a calibration to the attempts of many students; needs numpy and some minutes.

Difficulties are estimated first, from answers and the abilities that they imply. A student's
features are computed with difficulties estimated from other students, so that no answer contributes
to its own prediction; then one logistic regression gives the weights of all features.
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lib.learning.mastery_model.abilities import GradedAnswer, abilities_before
from lib.learning.mastery_model.attempts import Attempt, canonical
from lib.learning.mastery_model.calibration import Calibration, ItemParameters, Steps
from lib.learning.mastery_model.difficulties import HOLD_OUTS, item_difficulties
from lib.learning.mastery_model.features import FAMILIES, NAMES
from lib.learning.mastery_model.regression import Design, FloatArray, regress
from lib.learning.mastery_model.step_search import best_steps
from lib.learning.mastery_model.student import Student, doubt_of, is_slow, limited_seconds

ALTERNATIONS = 2
"""Number of rounds that estimate difficulties and abilities from each other."""
DENSE_PENALTY = 1.0
"""Precision of the weight of a standardised dense feature."""
DIGITS = 6
"""Significant digits of the parameters of questions."""
SMALLEST_DEVIATION = 1e-9
"""Standard deviation up to which a dense feature is a constant."""
PENALTIES = {
    "item": 8.0,
    "combination": 3.0,
    "concept": 3.0,
    "concept_right": 10.0,
    "concept_wrong": 10.0,
    "concept_outcomes": 10.0,
    "concept_overall": 10.0,
    "item_ability": 20.0,
    "combination_recent": 5.0,
    "item_recent": 20.0,
}
"""Precision of the weights of each family of sparse features."""


class _Numbers:
    """Numbers for names, in the order of their first use."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


class _TrainingSet:
    """The attempts of all students as arrays, student after student."""

    def __init__(self, students: Mapping[str, Iterable[Attempt]]) -> None:
        self.histories = [canonical(students[student]) for student in sorted(students)]
        self.attempts = [attempt for history in self.histories for attempt in history]
        if not self.attempts:
            raise ValueError("There are no attempts to fit to.")
        self.student = np.repeat(np.arange(len(self.histories)), list(map(len, self.histories)))
        self.part = self.student % HOLD_OUTS
        self.outcomes = np.array([it.is_correct for it in self.attempts], float)
        self.item_number, combination_number = _Numbers(), _Numbers()
        self.items = np.array([self.item_number(it.question.item) for it in self.attempts])
        self.concepts_of: list[tuple[str, ...]] = [()] * len(self.item_number.numbers)
        for item, attempt in zip(self.items, self.attempts, strict=True):
            self.concepts_of[item] = attempt.question.concepts
        self.combination_of = np.array(
            [combination_number(";".join(concepts)) for concepts in self.concepts_of]
        )

    def difficulties(self, abilities: FloatArray, part: int) -> FloatArray:
        """Return every question's difficulty, estimated without the students of one part.

        With `HOLD_OUTS` as the part, no student is left out.
        """
        rows = self.part != part
        return item_difficulties(
            self.items[rows], self.combination_of, self.outcomes[rows], abilities[rows]
        )


def fit(students: Mapping[str, Iterable[Attempt]], version: str) -> Calibration:
    """Return the calibration that fits the attempts of students best.

    Args:
        students: Attempts of each student; their order does not matter.
        version: Name of the calibration.

    Raises:
        ValueError: If there is no attempt.
    """
    training_set = _TrainingSet(students)
    usual = _usual_seconds(training_set)
    answers = _answers(training_set, usual)
    abilities = np.zeros(len(answers))
    steps = Steps()
    for alternation in range(ALTERNATIONS + 1):
        by_part = [training_set.difficulties(abilities, part) for part in range(HOLD_OUTS + 1)]
        if alternation == ALTERNATIONS:
            break
        held_out_difficulties = np.array(by_part)[training_set.part, training_set.items].tolist()
        if alternation == ALTERNATIONS - 1:
            steps = best_steps(answers, held_out_difficulties)
        overall, concepts = map(np.array, abilities_before(answers, held_out_difficulties, steps))
        abilities = (1 - steps.share) * overall + steps.share * concepts
    calibrations = [
        _unweighted(training_set, part, difficulties, steps, usual, version)
        for part, difficulties in enumerate(by_part)
    ]
    return _weighted(training_set, calibrations)


def _usual_seconds(training_set: _TrainingSet) -> dict[str, float]:
    """Return geometric mean times by question, shrunk towards the mean of all answers.

    The mean of all answers itself has the key `""`.
    """
    total: dict[str, list[float]] = {}
    for attempt in training_set.attempts:
        if attempt.seconds is not None:
            entry = total.setdefault(attempt.question.item, [0.0, 0.0])
            entry[0] += math.log(limited_seconds(attempt.seconds))
            entry[1] += 1
    if not total:
        return {}
    mean = sum(it[0] for it in total.values()) / sum(it[1] for it in total.values())
    prior = 5.0  # answers with the mean time that are added to each question's own
    usual = {
        item: rounded(math.exp((logs + prior * mean) / (count + prior)))
        for item, (logs, count) in total.items()
    }
    return {**usual, "": math.exp(mean)}


def _answers(training_set: _TrainingSet, usual: Mapping[str, float]) -> list[GradedAnswer]:
    concept_number = _Numbers()
    answers = []
    for student, history in enumerate(training_set.histories):
        earlier_items: set[str] = set()
        for attempt in history:
            question = attempt.question
            answers.append(
                GradedAnswer(
                    student,
                    tuple(map(concept_number, question.concepts or ("",))),
                    attempt.is_correct,
                    question.item in earlier_items,
                    is_slow(attempt, usual.get(question.item)),
                    doubt_of(attempt),
                )
            )
            earlier_items.add(question.item)
    return answers


def _unweighted(
    training_set: _TrainingSet,
    part: int,
    difficulties: FloatArray,
    steps: Steps,
    usual: Mapping[str, float],
    version: str,
) -> Calibration:
    """Return a calibration without weights; its difficulties leave out the students of one part.

    With `HOLD_OUTS` as the part, no student is left out.
    """
    rows = training_set.part != part
    counts = np.bincount(training_set.items[rows], minlength=len(difficulties))
    has_answers = counts > 0
    overall = float(np.average(difficulties, weights=counts if has_answers.any() else None))
    sums: dict[str, list[float]] = {}
    for item, concepts in enumerate(training_set.concepts_of):
        for concept in concepts:
            entry = sums.setdefault(concept, [0.0, 0.0])
            entry[0] += counts[item] * float(difficulties[item])
            entry[1] += counts[item]
    return Calibration(
        version=version,
        mean=float(np.mean(training_set.outcomes)),
        difficulty=overall,
        seconds=usual.get(""),
        steps=steps,
        items={
            name: ItemParameters(rounded(difficulties[item]), int(counts[item]), usual.get(name))
            for name, item in training_set.item_number.numbers.items()
            if has_answers[item]
        },
        concepts={name: total / count for name, (total, count) in sorted(sums.items()) if count},
    )


def _weighted(training_set: _TrainingSet, calibrations: Sequence[Calibration]) -> Calibration:
    """Return the last calibration with the weights that fit all students' features."""
    dense = np.ones(
        (len(training_set.attempts), len(NAMES) + 1)
    )  # the last column is the intercept's
    rows, columns, values = array("q"), array("q"), array("d")
    numbers: dict[tuple[str, str], int] = {}
    row = 0
    for student_number, history in enumerate(training_set.histories):
        student = Student(calibrations[student_number % HOLD_OUTS])
        for attempt in history:
            dense[row, :-1], entries = student.features(attempt.question, attempt.time)
            for family, key, value in entries:
                if value:
                    rows.append(row)
                    columns.append(numbers.setdefault((family, key), len(numbers)))
                    values.append(value)
            student.add(attempt)
            row += 1
    means, deviations = dense.mean(axis=0), dense.std(axis=0)
    means[-1], deviations[-1] = 0.0, 1.0
    varying = np.flatnonzero(deviations > SMALLEST_DEVIATION)
    dense, means, deviations = dense[:, varying], means[varying], deviations[varying]
    dense -= means
    dense /= deviations
    design = Design(
        dense,
        np.array(rows, np.int64),
        np.array(columns, np.int64),
        np.array(values, float),
        len(numbers),
    )
    penalty = np.full(len(varying) + len(numbers), DENSE_PENALTY)
    penalty[len(varying) :] = [PENALTIES[family] for family, _ in numbers]
    weights = regress(design, training_set.outcomes, penalty)
    slopes = weights[: len(varying)] / deviations
    effects: dict[str, dict[str, float]] = {family: {} for family in FAMILIES}
    for (family, key), number in numbers.items():
        effects[family][key] = rounded(weights[len(varying) + number])
    return replace(
        calibrations[-1],
        intercept=float(slopes[-1] - slopes[:-1] @ means[:-1]),
        weights={
            NAMES[it]: float(slope) for it, slope in zip(varying[:-1], slopes[:-1], strict=True)
        },
        effects=effects,
    )


def rounded(value: float) -> float:
    """Return a number rounded to the digits that are sent to devices."""
    return float(f"{value:.{DIGITS}g}")
