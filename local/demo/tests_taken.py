"""The demo's adaptive tests, as rows that the service would have recorded.

Seeded generators produce the answers. `lib.assessment.sessions.session` chooses the questions,
estimates the proficiencies and ends the tests, so a demo session can be continued and rebuilt like
any other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from numpy.random import Generator

from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.sessions.prior import records_of
from lib.assessment.sessions.session import (
    GradedAnswer,
    Session,
    confidences,
    grade,
    new_session,
    proficiency,
)
from lib.engine.normal import FloatArray
from local.demo.examinees import MAX_TESTS, Examinee
from local.demo.pool import CONCEPTS, MISREAD

Row = dict[str, Any]
Prior = dict[str, list[float]]

TESTS = UUID("5e9d0000-0000-4000-8000-000000000003")
MEDIAN_SECONDS, LOG_DEVIATION, MAX_SECONDS = 24.0, 0.5, 60.0  # time per answer
IDLE = timedelta(minutes=30)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """An answer with its result, its time and the session before it."""

    before: Session
    response: int
    graded: GradedAnswer
    at: datetime
    seconds: float


@dataclass(frozen=True)
class DemoTest:
    """A test session of an examinee."""

    examinee: Examinee
    number: int
    started: datetime
    prior: Prior | None
    initial: Session
    answers: list[Answer]

    @property
    def last(self) -> Session:
        """Session after the last answer."""
        return self.answers[-1].graded.after

    @property
    def ended(self) -> datetime:
        """Time of the last answer."""
        return self.answers[-1].at

    @property
    def status(self) -> str:
        """Status of the session."""
        if self.answers[-1].graded.end_reason is not None:
            return "completed"
        return "active" if self.examinee.has_open_test else "expired"

    @property
    def closed(self) -> datetime | None:
        """Time of completion, or of expiry half an hour after the last answer; None if active."""
        match self.status:
            case "completed":
                return self.ended
            case "expired":
                return self.ended + IDLE
        return None


def tests_taken(
    missing_examinees: list[Examinee], pool: ItemPool, now: datetime
) -> list[list[DemoTest]]:
    """Return all first tests, all second tests, and so on, in the order of recording.

    Args:
        missing_examinees: Examinees whose tests are to be added.
        pool: Question pool of the tests.
        now: Time of the load in UTC, without time zone, as in the tables.
    """
    rounds: list[list[DemoTest]] = [[] for _ in range(MAX_TESTS)]
    for examinee in missing_examinees:
        previous = None
        for number in range(examinee.tests):
            previous = _take_test(examinee, number, pool, now, previous)
            rounds[number].append(previous)
    return rounds


def _take_test(
    examinee: Examinee, number: int, pool: ItemPool, now: datetime, previous: DemoTest | None
) -> DemoTest:
    started = examinee.started_at(number, now)
    prior = _prior_from(previous, started) if previous else None
    session = initial = new_session(
        uuid5(TESTS, f"{examinee.id} {number}"),
        examinee.id,
        pool,
        examinee.criteria(number),
        records_of(CONCEPTS, prior),
    )
    rng, ability = examinee.generator(number), examinee.ability(number)
    answers: list[Answer] = []
    at, limit = started, examinee.answer_limit(number)
    while (item := session.next_item) is not None and len(answers) != limit:
        response = _respond(session.pool, item, ability, rng)
        seconds = round(min(MEDIAN_SECONDS * rng.lognormal(0, LOG_DEVIATION), MAX_SECONDS), 3)
        at += timedelta(seconds=seconds)
        answers.append(Answer(session, response, grade(session, response), at, seconds))
        session = answers[-1].graded.after
    return DemoTest(
        examinee=examinee,
        number=number,
        started=started,
        prior=prior,
        initial=initial,
        answers=answers,
    )


def _respond(pool: ItemPool, item: int, ability: FloatArray, rng: Generator) -> int:
    """Return the correct option with the model's probability, and otherwise a wrong one.

    Most students misread one question, however able they are.
    """
    if pool.question_ids[item] == MISREAD.question_id and rng.random() < MISREAD.share:
        return MISREAD.option
    correct = int(pool.correct_option[item])
    if rng.random() < pool.bank.probability(ability, [item]).item():
        return correct
    wrong_options = [option for option in range(int(pool.option_count[item])) if option != correct]
    return int(rng.choice(wrong_options))


def _prior_from(test: DemoTest, now: datetime) -> Prior:
    """Return the result of a test, with its age in days, as the prior of a later session."""
    days = round((now - test.ended) / DAY, 4)
    results = zip(
        CONCEPTS, proficiency(test.last.posterior), confidences(test.last.posterior), strict=True
    )
    return {concept: [value, confidence, days] for concept, value, confidence in results}


def session_row(test: DemoTest) -> Row:
    """Return the test as a row of `test_sessions`."""
    graded, closed = test.answers[-1].graded, test.closed
    correct = sum(answer.graded.is_correct for answer in test.answers)
    final = proficiency(test.last.posterior)
    return {
        "id": str(test.initial.session_id),
        "student_id": test.examinee.id,
        "question_pool_id": str(test.initial.pool.pool_id),
        "pool_version": test.initial.pool.version,
        "status": test.status,
        "initial_proficiency": proficiency(test.initial.posterior),
        "final_proficiency": final if closed else None,
        "total_questions": len(test.answers),
        "correct_responses": correct,
        "accuracy": round(correct / len(test.answers), 6),
        "learning_gain": graded.learning_gain,
        "test_efficiency": graded.test_efficiency,
        "started_at": test.started.isoformat(),
        "completed_at": closed and closed.isoformat(),
        "last_activity": test.ended.isoformat(),
        "concept_names": list(CONCEPTS),
        "end_criteria": test.initial.criteria.model_dump(),
        "prior": test.prior,
        "current_proficiency": final,
        "current_confidence": confidences(test.last.posterior),
        "next_question_id": test.last.next_question_id,
        "end_reason": graded.end_reason or ("expired" if closed else None),
    }


def response_rows(test: DemoTest) -> list[Row]:
    """Return the answers of the test as rows of `test_responses`."""
    return [
        {
            "id": str(uuid5(test.initial.session_id, str(position))),
            "student_id": test.examinee.id,
            "session_id": str(test.initial.session_id),
            "question_id": answer.before.next_question_id,
            "response": answer.response,
            "is_correct": answer.graded.is_correct,
            "proficiency_before": proficiency(answer.before.posterior),
            "proficiency_after": proficiency(answer.graded.after.posterior),
            "timestamp": answer.at.isoformat(),
            "position": position,
            "next_question_id": answer.graded.after.next_question_id,
            "seconds": answer.seconds,
        }
        for position, answer in enumerate(test.answers)
    ]
