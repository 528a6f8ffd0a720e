"""Simulated students of the demo's adaptive tests, with their abilities and times."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.random import Generator

from lib.assessment.sessions.wire import EndCriteria
from lib.engine.normal import FloatArray
from local.demo.people import people
from local.demo.pool import CONCEPTS
from local.demo.students import student_id

SEED = 5300
OUTSIDERS = 10  # students who do not take part in the workshop
SECOND_CLASS = 40  # students of another class, who take one test each
FIRST_OF_WORKSHOP = 20  # index of the first workshop student who takes tests
MAX_TESTS = 4
SHARED_VARIANCE = 0.5  # correlation between a student's abilities in two concepts
GROWTH = (0.25, 0.12)  # mean and deviation of the gain in θ between tests
UNFINISHED_ANSWERS = 4  # fewer than any of CRITERIA requires
WEEK = timedelta(days=7)
UNDER_WAY = frozenset({3, 17})  # numbers of students whose last test is active
GAVE_UP = frozenset({5, 22})  # numbers of students whose last test expired
ABANDONED = frozenset({69})  # numbers of students whose last test is idle and not closed yet

CRITERIA = (
    EndCriteria(),
    EndCriteria(type="precision", min_questions=10, max_questions=30, precision_threshold=0.6),
    EndCriteria(type="classification", max_questions=25),
    EndCriteria(max_questions=12),
)


@dataclass(frozen=True)
class Examinee:
    """A simulated student."""

    number: int
    id: str
    tests: int
    """Number of tests taken, 1 to 4."""
    seed: int = SEED

    @property
    def has_open_test(self) -> bool:
        """Whether the last test is open, even if it is idle."""
        return self.number in UNDER_WAY | ABANDONED

    def generator(self, test: int) -> Generator:
        """Return the random generator of a test; the first test is 0."""
        return np.random.default_rng([self.seed, self.number, test])

    def ability(self, test: int) -> FloatArray:
        """Return the true abilities θ at the time of a test, shape (5,)."""
        rng = self.generator(MAX_TESTS)  # a number that no test has
        own, shared = rng.standard_normal(len(CONCEPTS)), rng.standard_normal()
        first = math.sqrt(SHARED_VARIANCE) * shared + math.sqrt(1 - SHARED_VARIANCE) * own
        steps: FloatArray = rng.normal(*GROWTH, (MAX_TESTS, len(CONCEPTS)))
        return np.asarray(first + steps[:test].sum(axis=0))

    def criteria(self, test: int) -> EndCriteria:
        """Return the stop rule of a test."""
        return CRITERIA[(self.number + test) % len(CRITERIA)]

    def answer_limit(self, test: int) -> int | None:
        """Return the number of answers after which the student stops; None for a finished test."""
        unfinished = test == self.tests - 1 and self.number in UNDER_WAY | GAVE_UP | ABANDONED
        return UNFINISHED_ANSWERS if unfinished else None

    def started_at(self, test: int, now: datetime) -> datetime:
        """Return the start of a test: one test a week, the last one up to five days ago."""
        last = test == self.tests - 1
        if last and self.number in UNDER_WAY:
            return now - timedelta(minutes=6)
        if last and self.number in ABANDONED:
            return now - timedelta(hours=3)
        days = self.generator(test).uniform(0.1, 5)
        moment = now - (self.tests - 1 - test) * WEEK - timedelta(days=days)
        return moment.replace(microsecond=0)


def examinees(seed: int = SEED) -> list[Examinee]:
    """Return the 70 students: ten who only take tests, 20 from the workshop, and a second class.

    Their numbers and tests stay the same when students are added, so that `make seed` adds the new
    ones to an older demo.
    """
    second_class_numbers = range(OUTSIDERS + 1, OUTSIDERS + 1 + SECOND_CLASS)
    ids = [_outsider(number) for number in range(1, OUTSIDERS + 1)]
    ids += [student_id(person) for person in people()[FIRST_OF_WORKSHOP:]]
    second_class = [_outsider(number) for number in second_class_numbers]
    test_counts = [1 + number % MAX_TESTS for number in range(len(ids))] + [1] * len(second_class)
    return [
        Examinee(number, student, tests, seed)
        for number, (student, tests) in enumerate(zip(ids + second_class, test_counts, strict=True))
    ]


def _outsider(number: int) -> str:
    return f"demo-student-{number:02}"
