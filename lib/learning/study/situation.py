"""Facts on which decisions about a student depend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from uuid import UUID

import numpy as np

from lib.learning.current_user import Call
from lib.learning.days import day_of
from lib.learning.decision.estimate import GUESS, SLIP, estimate
from lib.learning.decision.memory import FloatArray
from lib.learning.decision.student_model import Committee, PastSession
from lib.learning.decision.study_plan import DAYS_WITHOUT_DATE
from lib.learning.decision.topic_graph import (
    MINUTES_PER_HOUR,
    PERCENT,
    TopicGraph,
    graph_of_syllabus,
)
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.read import Masteries
from lib.learning.students.profile import days_to_exam
from lib.learning.students.student import Student
from lib.learning.study import store
from lib.learning.study.store import PastAnswer
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.syllabus import Syllabus

MAX_ANSWER_AGE = timedelta(days=365)
"""Age of the oldest answers that count for the estimate of speed and forgetting."""
MOST_SESSIONS = 100
"""Number of newest sessions that count for the estimate; an earlier one only supplies the day on
which its topic was last studied."""
RECENT_DAYS = 28
"""Number of days before today; the share of them with practice estimates the share of the declared
hours that will be studied."""
EXPECTED_DAYS, EXPECTED_ATTENDED = 10, 9
"""Prior of the attendance: days of an average student, and the days with practice among them, both
added to the student's own counts."""
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Situation:
    """The facts about a student on one day from which decisions are made."""

    student: Student
    syllabus: Syllabus
    graph: TopicGraph
    masteries: Masteries
    sessions: Sequence[PastSession]
    """Past study; days are counted from `first_day`."""
    first_day: date
    today: date
    """The present day, UTC."""
    days_to_exam: int | None
    """Days from today to the exam, negative after it; None without a date."""

    @cached_property
    def gate(self) -> FloatArray:
        """Mastery of each topic's weakest concept, 0 to 1; opens the topics that build on it."""
        score_of = self.masteries.score_of
        return np.array(
            [
                min(score_of(concept.id) for concept in self.syllabus.concepts_of[topic_id])
                for topic_id in self._topic_ids
            ]
        ) / float(PERCENT)

    @cached_property
    def recorded_knowledge(self) -> FloatArray:
        """Recorded knowledge of each topic, 0 to 1; NaN for those that were never practised.

        Mastery is a share of right answers; knowledge is that share without guesses and slips.
        """
        return self.graph.values_of(
            {topic_id: self._knowledge(topic_id) for topic_id in self._topic_ids}
        )

    def committee(self, day: date | None = None) -> Committee:
        """Return the hypotheses about the student on a day, without study between today and then.

        Args:
            day: The day; today when it is None or in the past.
        """
        number = (max(day or self.today, self.today) - self.first_day).days
        earlier, newest = self.sessions[:-MOST_SESSIONS], self.sessions[-MOST_SESSIONS:]
        return estimate(self.graph, self.recorded_knowledge, newest, number, earlier)

    @property
    def days_left(self) -> int:
        """Days until the exam, 0 if it is over; 180 without a date."""
        return DAYS_WITHOUT_DATE if self.days_to_exam is None else max(self.days_to_exam, 0)

    @cached_property
    def attendance(self) -> float:
        """Share of the declared hours that the student is expected to study, 0 to 1."""
        today = (self.today - self.first_day).days
        days = min(RECENT_DAYS, today)
        recent = {it.day for it in self.sessions if today - days <= it.day < today}
        return (len(recent) + EXPECTED_ATTENDED) / (days + EXPECTED_DAYS)

    @property
    def minutes_left(self) -> float:
        """Minutes of study that are expected until the exam, at least those of a day."""
        hours = self.student.available_hours_per_day * max(self.days_left, 1)
        return self.attendance * MINUTES_PER_HOUR * hours

    @property
    def _topic_ids(self) -> list[UUID]:
        return [UUID(str(topic_id)) for topic_id in self.graph.ids]

    def _knowledge(self, topic_id: UUID) -> float:
        concepts = self.syllabus.concepts_of[topic_id]
        masteries = [self.masteries.of_concept(concept.id) for concept in concepts]
        if not any(mastery.total_attempts for mastery in masteries):
            return float("nan")
        scores = [it.mastery_score / PERCENT for it in masteries if it.total_attempts]
        knowledge = [max(0.0, min(1.0, (score - GUESS) / (1 - GUESS - SLIP))) for score in scores]
        return sum(knowledge) / len(concepts)


def situation_of(call: Call, student: Student) -> Situation:
    """Return the situation of a student."""
    return situations_of(call, [student])[student.id]


def situations_of(call: Call, students: Sequence[Student]) -> Mapping[UUID, Situation]:
    """Return the situation of each student, with as many statements as for one."""
    ids = [student.id for student in students]
    syllabus = syllabus_store.read_syllabus(call.db)
    graph = graph_of_syllabus(syllabus)
    rows = mastery_store.list_mastery(call.db, ids)
    masteries = {it: Masteries.of(row for row in rows if row.student_id == it) for it in ids}
    answers = store.list_answers(call.db, ids, call.now - MAX_ANSWER_AGE)
    today = day_of(call.now)
    situations = {}
    for student in students:
        own_answers = answers[student.id]
        first_day = min(today, day_of(own_answers[0].timestamp)) if own_answers else today
        situations[student.id] = Situation(
            student,
            syllabus,
            graph,
            masteries[student.id],
            _sessions(own_answers, first_day, lambda topic_id: topic_id in graph.position),
            first_day,
            today,
            days_to_exam(student.exam_date, call.now),
        )
    return situations


def _sessions(
    answers: Sequence[PastAnswer], first_day: date, is_counted: Callable[[UUID], bool]
) -> list[PastSession]:
    """Return the study of each topic on each day as one session."""
    answers_by_session: dict[tuple[int, UUID], list[PastAnswer]] = {}
    for answer in answers:
        if is_counted(answer.topic_id):
            key = ((day_of(answer.timestamp) - first_day).days, answer.topic_id)
            answers_by_session.setdefault(key, []).append(answer)
    return [
        PastSession(
            day,
            topic_id,
            sum(it.seconds for it in answers) / SECONDS_PER_MINUTE,
            len(answers),
            sum(it.is_correct for it in answers),
        )
        for (day, topic_id), answers in answers_by_session.items()
    ]
