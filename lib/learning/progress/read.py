"""A student's progress: 30 days, topics that rose or fell in the last seven, and mistakes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.days import day_of, midnight
from lib.learning.decision.open_topics import MasteryOf, exam_mastery, topic_mastery
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.student import Student
from lib.learning.progress import store
from lib.learning.progress.store import Mistake
from lib.learning.progress.wire import (
    ConceptMistakesOut,
    DayOut,
    MistakeOut,
    MovedTopicOut,
    StudyProgressOut,
    TopicTodayOut,
)
from lib.learning.students.student import own_or_named
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.syllabus import Syllabus
from lib.web.response_size import within

TIMELINE_DAYS = 30
LAST = datetime.max.replace(tzinfo=UTC)
"""A time after every answer."""
WEEK = timedelta(days=7)
LARGE_CHANGE = 15.0
"""Points of mastery in a week above which a change is marked."""
LEAST_CHANGE = 0.05
"""Smallest difference in mastery that counts as a change, points."""
MOST_COMMON = 5
"""Maximum number of wrong answers that are listed for a concept."""


class History:
    """Mastery of every concept as answers come in, oldest first."""

    def __init__(self, answers: Sequence[Attempt], calibration: Calibration) -> None:
        self._answers = answers
        self._next = 0
        self.student = Student(calibration)
        """The student after the answers that have been folded so far."""

    def forward_to(self, moment: datetime) -> list[Attempt]:
        """Fold the answers before a moment, and return them; moments must not go backwards."""
        answers = []
        while self._next < len(self._answers) and _time(self._answers[self._next]) < moment:
            answers.append(self._answers[self._next])
            self._next += 1
        for answer in answers:
            self.student.add(answer)
        return answers

    def scores(self) -> MasteryOf:
        """Return the mastery of concepts after the folded answers, 0 to 100; 0 without answers."""
        scores = {concept: it.score for concept, it in self.student.skills().items()}
        return lambda concept_id: scores.get(str(concept_id), 0.0)


def _time(answer: Attempt) -> datetime:
    return datetime.fromtimestamp(answer.time or 0.0, UTC)


def read_progress(call: Call, sent_id: str | None) -> StudyProgressOut:
    """Return the progress of a student.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    syllabus = syllabus_store.read_syllabus(call.db)
    answers = mastery_store.list_attempts(call.db, student.id)
    history = History(answers, current_calibration(call.db))
    timeline, week_ago = _walk(history, syllabus, call.now)
    now = _topic_masteries(syllabus, history.scores())
    moved_topics = _moved_topics(week_ago, now, syllabus)
    return StudyProgressOut(
        student_id=student.id,
        mastery_score=timeline[-1].mastery_score,
        questions_attempted=len(answers),
        accuracy=_accuracy(answers),
        timeline=timeline,
        rose=[it for it in moved_topics if it.change > 0],
        fell=[it for it in reversed(moved_topics) if it.change < 0],
        today=_today(history, now, syllabus, call.now),
        mistakes=_mistakes(store.list_mistakes(call.db, student.id), syllabus),
    )


def _walk(
    history: History, syllabus: Syllabus, now: datetime
) -> tuple[list[DayOut], Mapping[UUID, float]]:
    """Fold all answers; return the timeline, and each topic's mastery a week ago."""
    today = day_of(now)
    first_day = today - timedelta(days=TIMELINE_DAYS - 1)
    history.forward_to(midnight(first_day))
    week_ago: Mapping[UUID, float] = {}
    timeline = []
    for number in range(TIMELINE_DAYS):
        day = first_day + timedelta(days=number)
        early_answers = []
        if day == today - WEEK:
            early_answers = history.forward_to(now - WEEK)
            week_ago = _topic_masteries(syllabus, history.scores())
        # A device's clock may be ahead, so today includes all later answers.
        end = LAST if day == today else midnight(day + timedelta(days=1))
        answers = [*early_answers, *history.forward_to(end)]
        timeline.append(_day(day, answers, exam_mastery(syllabus, history.scores())))
    return timeline, week_ago


def _day(day: date, attempts: Sequence[Attempt], mastery_score: float) -> DayOut:
    return DayOut(
        date=day.isoformat(),
        questions_attempted=len(attempts),
        correct=sum(answer.is_correct for answer in attempts),
        accuracy=_accuracy(attempts),
        mastery_score=mastery_score,
    )


def _today(
    history: History, masteries: Mapping[UUID, float], syllabus: Syllabus, now: datetime
) -> list[TopicTodayOut]:
    """Return all topics with answers, by the chance that the next answer is right, lowest first."""
    practised_ids = history.student.skills().keys()
    topics = []
    for topic_id, mastery in masteries.items():
        concepts = [
            str(it.id) for it in syllabus.concepts_of[topic_id] if str(it.id) in practised_ids
        ]
        if not concepts:
            continue
        chances = [
            history.student.predict(Question("", (concept,)), now.timestamp())
            for concept in concepts
        ]
        topics.append(
            TopicTodayOut(
                topic_id=topic_id,
                topic_name=syllabus.topics[topic_id].name,
                mastery_score=mastery,
                expected_accuracy=round(100 * fmean(chances), 1),
            )
        )
    return sorted(topics, key=lambda it: (it.expected_accuracy, it.topic_name))


def _topic_masteries(syllabus: Syllabus, score_of: MasteryOf) -> dict[UUID, float]:
    return {
        topic_id: mastery
        for topic_id in syllabus.topics
        if (mastery := topic_mastery(syllabus, topic_id, score_of)) is not None
    }


def _moved_topics(
    before: Mapping[UUID, float], now: Mapping[UUID, float], syllabus: Syllabus
) -> list[MovedTopicOut]:
    """Return the topics that moved, the largest rise first, the largest fall last."""
    moved_topics = [
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
    return sorted(moved_topics, key=lambda it: -it.change)


def _accuracy(answers: Sequence[Attempt]) -> float | None:
    if not answers:
        return None
    return 100 * sum(answer.is_correct for answer in answers) / len(answers)


def _mistakes(mistakes: Sequence[Mistake], syllabus: Syllabus) -> list[ConceptMistakesOut]:
    names = {concept.id: concept.name for concept in syllabus.concepts}
    mistakes_by_concept: dict[UUID, list[Mistake]] = {}
    for mistake in mistakes:
        mistakes_by_concept.setdefault(mistake.concept_id, []).append(mistake)
    concepts = [
        ConceptMistakesOut(
            concept_id=concept_id,
            concept_name=names[concept_id],
            wrong_answers=sum(mistake.count for mistake in concept_mistakes),
            most_common=[
                MistakeOut(
                    question_id=mistake.question_id,
                    question_text=mistake.question_text,
                    answer=mistake.answer,
                    count=mistake.count,
                )
                for mistake in concept_mistakes[:MOST_COMMON]
            ],
        )
        for concept_id, concept_mistakes in mistakes_by_concept.items()
    ]
    most_first = sorted(concepts, key=lambda it: (-it.wrong_answers, it.concept_name))
    return list(within(most_first))
