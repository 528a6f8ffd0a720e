"""Analytics of a class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from uuid import UUID

from lib.learning.class_analytics import store
from lib.learning.class_analytics.arms import compare_arms
from lib.learning.class_analytics.figures import (
    HIGH_CONFIDENCE,
    MEDIUM_CONFIDENCE,
    MEDIUM_RISK,
    WEAK,
    Figures,
    critical_topics,
    figures,
)
from lib.learning.class_analytics.predictions import NAMELESS, mean_prediction, predict, predictions
from lib.learning.class_analytics.store import Scores
from lib.learning.class_analytics.wire import (
    AtRiskOut,
    ClassAnalyticsOut,
    ConfidenceLevel,
    LiveAtRiskOut,
    LiveClassOut,
    LiveComparisonOut,
    LivePredictionsOut,
    LiveWeakTopicsOut,
    TopicAverageOut,
    TopicComparisonOut,
    WeakTopicOfStudentOut,
    WeakTopicOut,
)
from lib.learning.classes import store as class_store
from lib.learning.classes.manage import managed_class
from lib.learning.classes.store import ClassRow
from lib.learning.current_user import Call
from lib.learning.days import midnight
from lib.learning.errors import ClassClosed
from lib.learning.ids import reference
from lib.learning.students.student import Student, list_students, readable_student
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.topics import topic_of
from lib.learning.tables.closed_lists import Role

LARGE_DIFFERENCE = 10.0
"""Smallest difference between a student and the class, in points, for which `marked` is true."""


@dataclass(frozen=True)
class Filters:
    """Choices of a teacher: one student, one topic, a period."""

    student_id: str | None = None
    topic_id: str | None = None
    since: date | None = None
    """First day, UTC: a concept counts only if it was last practised on or after it."""
    until: date | None = None
    """Last day, UTC: a concept counts only if it was last practised on or before it."""


@dataclass(frozen=True)
class ClassView:
    """A class, its students and their figures."""

    row: ClassRow
    members: Sequence[Student]
    scores: Mapping[UUID, Scores]
    figures: Figures

    @property
    def data_points(self) -> int:
        """Number of rows of mastery in the period of the filters."""
        return sum(len(each.by_concept) for each in self.scores.values())


def view_of(call: Call, row: ClassRow, filters: Filters) -> ClassView:
    """Return the figures of a class.

    Raises:
        TopicNotFound: If the filters name a topic that does not exist.
    """
    members = list_students(call.db, row.id)
    if filters.student_id is not None:
        student = reference(filters.student_id)
        members = [
            member
            for member in members
            if member.id == student.id
            or (student.former_id is not None and member.former_id == student.former_id)
        ]
    syllabus = syllabus_store.read_syllabus(call.db)
    topic_id = None
    if filters.topic_id is not None:
        topic_id = topic_of(syllabus, filters.topic_id).id
    scores = store.list_scores(
        call.db,
        [member.id for member in members],
        None if filters.since is None else midnight(filters.since),
        None if filters.until is None else midnight(filters.until + timedelta(days=1)),
    )
    by_student = {student_id: each.of for student_id, each in scores.items()}
    return ClassView(row, members, scores, figures(syllabus, by_student, topic_id))


def read_class_analytics(call: Call, sent_id: str, filters: Filters) -> ClassAnalyticsOut:
    """Return everything that a teacher sees of a class.

    Raises:
        ClassClosed: If there is no such class, or it is another teacher's.
        TopicNotFound: If the filters name a topic that does not exist.
    """
    view = view_of(call, managed_class(call, sent_id), filters)
    results = predict(call, view.members)
    mean, interval = mean_prediction(results.values())
    return ClassAnalyticsOut(
        class_id=view.row.id,
        class_name=view.row.name,
        student_count=len(view.members),
        avg_mastery=view.figures.mean,
        topics=sorted(_averages(view), key=lambda it: it.avg_mastery),
        weak_topics=_weak_topics(view, WEAK),
        at_risk_students=_at_risk(view),
        predicted_avg_score=mean,
        confidence_interval=interval,
        confidence_level=_confidence(view.data_points),
        predictions=predictions(view.members, results),
        plan_arms=compare_arms(call, view.members),
        avg_mark=class_store.mean_of_newest_exam(call.db, [it.id for it in view.members]),
    )


def read_live_class(call: Call, sent_id: str, filters: Filters) -> LiveClassOut:
    """Return a class's mastery by topic, in the live system's shape.

    Raises:
        ClassClosed, TopicNotFound: As for `read_class_analytics`.
    """
    view = view_of(call, managed_class(call, sent_id), filters)
    return LiveClassOut(
        class_id=view.row.live_id,
        class_name=view.row.name,
        student_count=len(view.members),
        avg_mastery=view.figures.mean,
        avg_mastery_by_topic=_averages(view),
    )


def read_live_weak_topics(
    call: Call, sent_id: str, threshold: float, filters: Filters
) -> LiveWeakTopicsOut:
    """Return the topics in which a class is weak, in the live system's shape.

    Raises:
        ClassClosed, TopicNotFound: As for `read_class_analytics`.
    """
    view = view_of(call, managed_class(call, sent_id), filters)
    return LiveWeakTopicsOut(_weak_topics(view, threshold))


def read_live_at_risk(call: Call, sent_id: str, filters: Filters) -> LiveAtRiskOut:
    """Return the students who need help, in the live system's shape.

    Raises:
        ClassClosed, TopicNotFound: As for `read_class_analytics`.
    """
    view = view_of(call, managed_class(call, sent_id), filters)
    return LiveAtRiskOut(_at_risk(view))


def read_live_predictions(call: Call, sent_id: str, filters: Filters) -> LivePredictionsOut:
    """Return the predicted exam result of a class, in the live system's shape.

    Raises:
        ClassClosed, TopicNotFound: As for `read_class_analytics`.
    """
    view = view_of(call, managed_class(call, sent_id), filters)
    mean, interval = mean_prediction(predict(call, view.members).values())
    return LivePredictionsOut(
        class_id=view.row.live_id,
        predicted_avg_score=mean,
        confidence_interval=interval,
        confidence_level=_confidence(view.data_points),
        data_points=view.data_points,
    )


def compare_live(call: Call, sent_id: str, sent_class: str | None) -> LiveComparisonOut:
    """Return a student's mastery compared with the class's, in the live system's shape.

    A student sees the means of the class and their own place in it, but nobody else's figures.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        ClassClosed: If the student has no class, is not in the class that the request names, or is
            in a class of a teacher other than the caller.
    """
    student = readable_student(call, sent_id)
    row = None
    if student.class_id is not None:
        row = class_store.find_class(call.db, reference(student.class_id))
    if row is None:
        raise ClassClosed
    if sent_class is not None:
        requested = class_store.find_class(call.db, reference(sent_class))
        if requested is None or requested.id != row.id:
            raise ClassClosed
    if call.user.role is Role.TEACHER and row.teacher_id != call.user.id:
        raise ClassClosed
    view = view_of(call, row, Filters())
    if student.id not in view.scores:  # moved to another class meanwhile
        raise ClassClosed
    own = view.figures.exam_mastery[student.id]
    return LiveComparisonOut(
        student_id=student.live_id,
        student_name=student.username or NAMELESS,
        avg_mastery=own,
        class_avg_mastery=fmean(view.figures.exam_mastery.values()),
        rank=1 + sum(other > own for other in view.figures.exam_mastery.values()),
        total_students=len(view.members),
        topic_comparison=_comparison(view, student.id),
    )


def _comparison(view: ClassView, student_id: UUID) -> list[TopicComparisonOut]:
    rows = []
    for topic in view.figures.topics:
        own = view.figures.by_student[student_id][topic.id]
        mean = view.figures.mean_of_topic(topic.id)
        rows.append(
            TopicComparisonOut(
                topic_id=topic.live_id,
                topic_name=topic.name,
                student_mastery=own,
                class_avg_mastery=mean,
                difference=own - mean,
                marked=abs(own - mean) >= LARGE_DIFFERENCE,
            )
        )
    return rows


def _averages(view: ClassView) -> list[TopicAverageOut]:
    return [
        TopicAverageOut(
            topic_id=topic.live_id,
            topic_name=topic.name,
            avg_mastery=view.figures.mean_of_topic(topic.id),
            student_count=len(view.members),
        )
        for topic in view.figures.topics
    ]


def _weak_topics(view: ClassView, threshold: float) -> list[WeakTopicOut]:
    weak = [
        WeakTopicOut(
            topic_id=topic.live_id,
            topic_name=topic.name,
            avg_mastery=mean,
            student_count=len(view.members),
            struggling_students=sum(it < threshold for it in view.figures.of_topic(topic.id)),
        )
        for topic in view.figures.topics
        if view.members and (mean := view.figures.mean_of_topic(topic.id)) < threshold
    ]
    return sorted(weak, key=lambda it: it.avg_mastery)


def _at_risk(view: ClassView) -> list[AtRiskOut]:
    critical = critical_topics(view.figures.topics)
    students = []
    for member in view.members if critical else ():
        masteries = view.figures.by_student[member.id]
        mean = fmean(masteries[topic.id] for topic in critical)
        if mean >= MEDIUM_RISK:
            continue
        weak = [
            WeakTopicOfStudentOut(
                topic_id=topic.live_id, topic_name=topic.name, mastery_score=masteries[topic.id]
            )
            for topic in view.figures.topics
            if masteries[topic.id] < WEAK
        ]
        students.append(
            AtRiskOut(
                student_id=member.live_id,
                student_name=member.username or NAMELESS,
                avg_mastery=mean,
                risk_level="high" if mean < WEAK else "medium",
                weak_topics=sorted(weak, key=lambda it: it.mastery_score),
            )
        )
    return sorted(students, key=lambda it: it.avg_mastery)


def _confidence(data_points: int) -> ConfidenceLevel:
    if data_points > HIGH_CONFIDENCE:
        return "high"
    return "medium" if data_points > MEDIUM_CONFIDENCE else "low"
