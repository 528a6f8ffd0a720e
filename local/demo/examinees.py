"""Simulated students who sit the demo's adaptive tests: what they can do, and when they came."""

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
OUTSIDERS = 10  # who take no part in the workshop
FIRST_OF_WORKSHOP = 20
MOST_TESTS = 4
SHARED_VARIANCE = 0.5  # correlation between a student's abilities in two concepts
GROWTH = (0.25, 0.12)  # what is learned between two tests: mean and deviation, logits
PATIENCE = 4  # answers; fewer than any of the criteria ask for
WEEK = timedelta(days=7)
UNDER_WAY = frozenset({3, 17})  # whose last test goes on while the demo is loaded
GAVE_UP = frozenset({5, 22})  # who left their last test unanswered until it expired

CRITERIA = (
    EndCriteria(),
    EndCriteria(type="precision", min_questions=10, max_questions=30, precision_threshold=0.6),
    EndCriteria(type="classification", max_questions=25),
    EndCriteria(max_questions=12),
)


@dataclass(frozen=True)
class Examinee:
    """One simulated student."""

    number: int
    id: str

    @property
    def tests(self) -> int:
        """How many they have taken, 1 to 4."""
        return 1 + self.number % MOST_TESTS

    def generator(self, test: int) -> Generator:
        """The randomness of one test, from 0."""
        return np.random.default_rng([SEED, self.number, test])

    def ability(self, test: int) -> FloatArray:
        """True abilities at a test, shape (5,), logits."""
        rng = self.generator(MOST_TESTS)
        own, shared = rng.standard_normal(len(CONCEPTS)), rng.standard_normal()
        first = math.sqrt(SHARED_VARIANCE) * shared + math.sqrt(1 - SHARED_VARIANCE) * own
        steps: FloatArray = rng.normal(*GROWTH, (MOST_TESTS, len(CONCEPTS)))
        return np.asarray(first + steps[:test].sum(axis=0))

    def criteria(self, test: int) -> EndCriteria:
        """When a test is over."""
        return CRITERIA[(self.number + test) % len(CRITERIA)]

    def patience(self, test: int) -> int | None:
        """After how many answers a test stands still; None: it is taken to its end."""
        unfinished = test == self.tests - 1 and self.number in UNDER_WAY | GAVE_UP
        return PATIENCE if unfinished else None

    def started(self, test: int, now: datetime) -> datetime:
        """When they began a test: a week apart, the last one a few days or minutes ago."""
        last = test == self.tests - 1
        if last and self.number in UNDER_WAY:
            return now - timedelta(minutes=6)
        days = self.generator(test).uniform(0.1, 5)
        moment = now - (self.tests - 1 - test) * WEEK - timedelta(days=days)
        return moment.replace(microsecond=0)


def examinees() -> list[Examinee]:
    """Return the 30 students: ten who are here for tests alone, twenty of the workshop."""
    ids = [f"demo-student-{number:02}" for number in range(1, OUTSIDERS + 1)]
    ids += [student_id(person) for person in people()[FIRST_OF_WORKSHOP:]]
    return [Examinee(number, given) for number, given in enumerate(ids)]
