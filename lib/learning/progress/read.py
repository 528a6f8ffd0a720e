"""A student's progress: 30 days, what rose and fell this week, and frequent mistakes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.decision.priority import MasteryOf, exam_mastery, topic_mastery
from lib.learning.mastery.formula import Answered, mastery_of
from lib.learning.progress import store
from lib.learning.progress.store import Mistake, PastAnswer
from lib.learning.progress.wire import (
    ConceptMistakesOut,
    DayOut,
    MistakeOut,
    MovedTopicOut,
    ProgressAnswer,
)
from lib.learning.students.student import own_or_named
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.syllabus import Syllabus

TIMELINE_DAYS = 30
WEEK = timedelta(days=7)
LARGE_CHANGE = 15.0
"""Points of mastery in a week from which a change is marked."""
LEAST_CHANGE = 0.05
"""Smaller differences count as none."""
MOST_COMMON = 5
"""Wrong answers that are listed for a concept."""


class History:
    """Mastery of every concept as answers come in, oldest first."""

    def __init__(self, answers: Sequence[PastAnswer]) -> None:
        self._answers = answers
        self._next = 0
        self._of_concept: dict[UUID, list[Answered]] = {}
        self._scores: dict[UUID, float] = {}

    def forward_to(self, moment: datetime) -> list[PastAnswer]:
        """Take the answers before a time, and return them; times may only increase."""
        taken = []
        while self._next < len(self._answers) and self._answers[self._next].timestamp < moment:
            taken.append(self._answers[self._next])
            self._next += 1
        for answer in taken:
            self._of_concept.setdefault(answer.concept_id, []).append(answer.answered)
        for concept_id in {answer.concept_id for answer in taken}:
            self._scores[concept_id] = mastery_of(self._of_concept[concept_id]).mastery_score
        return taken

    def score_of(self, concept_id: UUID) -> float:
        """Return the mastery of a concept, 0 to 100; 0 without answers."""
        return self._scores.get(concept_id, 0.0)


def read_progress(call: Call, sent_id: str | None) -> ProgressAnswer:
    """Return the progress of a student.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    syllabus = syllabus_store.read_syllabus(call.db)
    answers = store.list_answers(call.db, student.id)
    timeline, week_ago, now = _walk(answers, syllabus, call.now)
    moved = _moved(week_ago, now, syllabus)
    return ProgressAnswer(
        student_id=student.id,
        mastery_score=timeline[-1].mastery_score,
        questions_attempted=len(answers),
        accuracy=_accuracy([answer.answered for answer in answers]),
        timeline=timeline,
        rose=[it for it in moved if it.change > 0],
        fell=[it for it in reversed(moved) if it.change < 0],
        mistakes=_mistakes(store.list_mistakes(call.db, student.id), syllabus),
    )


def _walk(
    answers: Sequence[PastAnswer], syllabus: Syllabus, now: datetime
) -> tuple[list[DayOut], Mapping[UUID, float], Mapping[UUID, float]]:
    """Return the timeline, and each topic's mastery a week ago and now."""
    today = now.astimezone(UTC).date()
    history = History(answers)
    first_day = today - timedelta(days=TIMELINE_DAYS - 1)
    history.forward_to(_midnight(first_day))
    week_ago: Mapping[UUID, float] = {}
    timeline = []
    for number in range(TIMELINE_DAYS):
        day = first_day + timedelta(days=number)
        if day == today - WEEK:
            before = history.forward_to(now - WEEK)
            week_ago = _topics(syllabus, history.score_of)
        else:
            before = []
        end = max(_midnight(day + timedelta(days=1)), _after(answers, day == today))
        taken = [*before, *history.forward_to(end)]
        timeline.append(_day(day, taken, exam_mastery(syllabus, history.score_of)))
    return timeline, week_ago, _topics(syllabus, history.score_of)


def _after(answers: Sequence[PastAnswer], is_today: bool) -> datetime:
    """Return a time after the newest answer, since a device's clock may be ahead, for today."""
    if is_today and answers:
        return answers[-1].timestamp + timedelta(microseconds=1)
    return datetime.min.replace(tzinfo=UTC)


def _day(day: date, taken: Sequence[PastAnswer], mastery_score: float) -> DayOut:
    answered = [answer.answered for answer in taken]
    return DayOut(
        date=day.isoformat(),
        questions_attempted=len(answered),
        correct=sum(answer.is_correct for answer in answered),
        accuracy=_accuracy(answered),
        mastery_score=mastery_score,
    )


def _topics(syllabus: Syllabus, score_of: MasteryOf) -> dict[UUID, float]:
    return {
        topic_id: mastery
        for topic_id in syllabus.topics
        if (mastery := topic_mastery(syllabus, topic_id, score_of)) is not None
    }


def _moved(
    before: Mapping[UUID, float], now: Mapping[UUID, float], syllabus: Syllabus
) -> list[MovedTopicOut]:
    """Return the topics that moved, the largest rise first, the largest fall last."""
    moved = [
        MovedTopicOut(
            topic_id=topic_id,
            topic_name=syllabus.topics[topic_id].name,
            before=before.get(topic_id, 0.0),
            now=mastery,
            change=change,
            is_large=abs(change) > LARGE_CHANGE,
        )
        for topic_id, mastery in now.items()
        if abs(change := mastery - before.get(topic_id, 0.0)) >= LEAST_CHANGE
    ]
    return sorted(moved, key=lambda it: -it.change)


def _accuracy(answered: Sequence[Answered]) -> float | None:
    if not answered:
        return None
    return 100 * sum(answer.is_correct for answer in answered) / len(answered)


def _mistakes(mistakes: Sequence[Mistake], syllabus: Syllabus) -> list[ConceptMistakesOut]:
    names = {concept.id: concept.name for concept in syllabus.concepts}
    grouped: dict[UUID, list[Mistake]] = {}
    for mistake in mistakes:
        grouped.setdefault(mistake.concept_id, []).append(mistake)
    concepts = [
        ConceptMistakesOut(
            concept_id=concept_id,
            concept_name=names[concept_id],
            wrong_answers=sum(mistake.count for mistake in of_concept),
            most_common=[
                MistakeOut(
                    question_id=mistake.question_id,
                    question_text=mistake.question_text,
                    answer=mistake.answer,
                    count=mistake.count,
                )
                for mistake in of_concept[:MOST_COMMON]
            ],
        )
        for concept_id, of_concept in grouped.items()
    ]
    return sorted(concepts, key=lambda it: (-it.wrong_answers, it.concept_name))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
