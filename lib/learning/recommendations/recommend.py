"""Recommendations for a student, with their reasons."""

from math import floor
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from lib.learning.current_user import Call
from lib.learning.decision.recommending import (
    StudyRecommendation,
    judge_topic,
    recommend_topics,
)
from lib.learning.decision.topic_graph import MINUTES_PER_HOUR, PERCENT
from lib.learning.plan_arms.store import decides_alone
from lib.learning.recommendations.wire import (
    AlternativeOut,
    ComponentsOut,
    LiveExplanationOut,
    LiveRecommendationOut,
    LiveTopOut,
    NothingOut,
    RecommendationOut,
    RecommendationsOut,
)
from lib.learning.students.student import own_or_named, readable_student
from lib.learning.study.situation import Situation, situation_of
from lib.learning.syllabus.syllabus import TopicRow
from lib.learning.syllabus.topics import topic_of

ALL_REACHED = "Every topic has a mastery of at least {:g}; keep practising what you know least."
NOTHING_TO_PRACTISE = "No topic has concepts yet, so there is nothing to practise."
NO_MARKS = "No open topic adds marks to the exam."
NO_MARKS_BELOW = "No open topic with a mastery below {:g} adds marks to the exam."
OPEN_REACHED = (
    "Every open topic has a mastery of at least {:g}; to open the others, practise their"
    " prerequisites."
)
NONE_OPEN = "No topic is open, because prerequisites form a cycle; a teacher can change them."
OWN_CHOICE = (
    "You decide what to study, so that your class can compare results with and without advice."
)
DECIMALS = 2


def best_topics(
    situation: Situation, limit: int, mastery_threshold: float | None
) -> list[StudyRecommendation]:
    """Return the open topics that bring the most marks per minute.

    Args:
        situation: The student.
        limit: Maximum number of topics to return.
        mastery_threshold: Mastery from which a topic is left out, 0 to 100; None keeps all, for
            revision.
    """
    graph = situation.graph
    if not graph.ids:
        return []
    allowed = None if mastery_threshold is None else _is_below(situation, mastery_threshold)
    return recommend_topics(
        graph,
        situation.committee().mean(),
        situation.gate,
        situation.days_left,
        situation.minutes_left,
        limit,
        allowed,
    )


def reason_for_none(situation: Situation, mastery_threshold: float | None) -> str:
    """Return why nothing can be recommended.

    Args:
        situation: The student.
        mastery_threshold: As for `best_topics`.
    """
    if not situation.graph.ids:
        return NOTHING_TO_PRACTISE
    threshold = PERCENT if mastery_threshold is None else mastery_threshold
    unfinished = _is_below(situation, threshold)
    if not unfinished.any():
        return ALL_REACHED.format(threshold)
    is_open = situation.graph.is_open(situation.gate)
    if not is_open.any():
        return NONE_OPEN
    if mastery_threshold is None:
        return NO_MARKS
    reason = NO_MARKS_BELOW if (unfinished & is_open).any() else OPEN_REACHED
    return reason.format(threshold)


def recommend(
    call: Call, sent_id: str | None, limit: int, mastery_threshold: float | None
) -> RecommendationsOut:
    """Return the topics that bring the most marks per minute, with their reasons.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    if decides_alone(call.db, student.id):
        return RecommendationsOut(
            student_id=student.id, recommendations=[], count=0, message=OWN_CHOICE
        )
    situation = situation_of(call, student)
    best = best_topics(situation, limit, mastery_threshold)
    return RecommendationsOut(
        student_id=student.id,
        recommendations=[_out(each, situation) for each in best],
        count=len(best),
        message=None if best else reason_for_none(situation, mastery_threshold),
    )


def recommend_live_next(
    call: Call, sent_id: str, mastery_threshold: float
) -> LiveRecommendationOut | NothingOut:
    """Return the topic with the most marks per minute; the response has the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    if decides_alone(call.db, student.id):
        return NothingOut(message=OWN_CHOICE)
    situation = situation_of(call, student)
    best = best_topics(situation, 1, mastery_threshold)
    if not best:
        return NothingOut(message=reason_for_none(situation, mastery_threshold))
    return _live(best[0], situation)


def recommend_live_top(call: Call, sent_id: str, n: int, mastery_threshold: float) -> LiveTopOut:
    """Return the topics with the most marks per minute; the response has the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    best: list[LiveRecommendationOut] = []
    if not decides_alone(call.db, student.id):
        situation = situation_of(call, student)
        best = [_live(each, situation) for each in best_topics(situation, n, mastery_threshold)]
    return LiveTopOut(student_id=student.live_id, count=len(best), recommendations=best)


def explain_live(call: Call, sent_id: str, sent_topic: str) -> LiveExplanationOut:
    """Return why a topic has its priority for a student, whether it is open or not.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        TopicNotFound: If there is no such topic.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    topic = topic_of(situation.syllabus, sent_topic)
    if topic.id not in situation.graph.position:
        return LiveExplanationOut(
            topic_id=topic.live_id,
            topic_name=topic.name,
            priority_score=0.0,
            explanation=f"{topic.name} has no concepts yet, so there is nothing to practise.",
            components=_components_without_concepts(topic, situation),
        )
    recommendation = judge_topic(
        situation.graph,
        situation.committee().mean(),
        situation.gate,
        situation.days_left,
        situation.minutes_left,
        topic.id,
    )
    return LiveExplanationOut(
        topic_id=topic.live_id,
        topic_name=topic.name,
        priority_score=round(recommendation.priority, DECIMALS),
        explanation=in_words(recommendation, situation),
        components=_components(recommendation, situation),
    )


def in_words(recommendation: StudyRecommendation, situation: Situation) -> str:
    """Return the reasons for a topic as sentences."""
    topic = _topic(recommendation.topic, situation)
    names = {it.id: it.name for it in situation.syllabus.topics.values()}
    conditions = _missing_prerequisites(topic, situation)
    if conditions:
        return (
            f"{topic.name} is closed until {conditions}. {_worth_of_mastery(recommendation, topic)}"
        )
    unlocks = ", ".join(
        situation.syllabus.topics[it].name for it in situation.syllabus.dependents_of[topic.id]
    )
    dependents = (
        f"It is a prerequisite of {unlocks}." if unlocks else "No other topic builds on it."
    )
    return " ".join(
        (
            recommendation.sentence(names),
            _worth_of_mastery(recommendation, topic),
            dependents,
            _time_left(situation),
        )
    )


def _time_left(situation: Situation) -> str:
    """Return a sentence about the days to the exam."""
    days = situation.days_to_exam
    if days is None:
        return f"Without an exam date, {situation.days_left} days are assumed."
    if days < 0:
        return "The exam is over; set the date of the next one."
    near = {0: "today", 1: "tomorrow"}
    return f"The exam is {near.get(days, f'in {days} days')}."


def _worth_of_mastery(recommendation: StudyRecommendation, topic: TopicRow) -> str:
    share = f"“{topic.name}” is worth {topic.exam_weightage:.1f} % of the marks"
    if recommendation.minutes_to_learn <= recommendation.minutes:
        return f"{share}."
    hours = recommendation.minutes_to_learn / MINUTES_PER_HOUR
    gain = _gain(recommendation)
    return f"{share}; learning it takes about {hours:.1f} hours and adds about {gain:.1f} %."


def _missing_prerequisites(topic: TopicRow, situation: Situation) -> str:
    """Return the missing prerequisites of a topic as text; empty if it is open."""
    score_of = situation.masteries.score_of
    missing = [
        f"“{concept.name}” has a mastery of {edge.minimum_mastery:g}"
        f" (now {floor(score_of(concept.id))})"
        for edge in situation.syllabus.prerequisites_of[topic.id]
        for concept in situation.syllabus.concepts_of[edge.prerequisite_topic_id]
        if score_of(concept.id) < edge.minimum_mastery
    ]
    return " and ".join(missing)


def _is_below(situation: Situation, mastery_threshold: float) -> NDArray[np.bool_]:
    """Return whether the mean mastery of each topic is below a threshold, shape (n,)."""
    means = [_mastery(_topic(it, situation), situation) for it in situation.graph.ids]
    return np.array(means) < mastery_threshold


def _mastery(topic: TopicRow, situation: Situation) -> float:
    return situation.masteries.of_topic(topic.id, situation.syllabus) or 0.0


def _topic(topic_id: object, situation: Situation) -> TopicRow:
    return situation.syllabus.topics[UUID(str(topic_id))]


def _gain(recommendation: StudyRecommendation) -> float:
    """Return the marks in percent that learning a topic adds on the day of the exam."""
    gain = max(recommendation.own_marks_per_minute, 0.0) * recommendation.minutes_to_learn
    return float(min(gain, recommendation.exam_share))


def _accuracy(topic: TopicRow, situation: Situation) -> float:
    concepts = situation.syllabus.concepts_of[topic.id]
    masteries = [situation.masteries.of_concept(concept.id) for concept in concepts]
    total = sum(mastery.total_attempts for mastery in masteries)
    correct = sum(mastery.correct_attempts for mastery in masteries)
    return 100 * correct / total if total else 0.0


def _components(recommendation: StudyRecommendation, situation: Situation) -> ComponentsOut:
    topic = _topic(recommendation.topic, situation)
    mastery = _mastery(topic, situation)
    return ComponentsOut(
        mastery_gap=round(100 - mastery, DECIMALS),
        current_mastery=round(mastery, DECIMALS),
        current_accuracy=round(_accuracy(topic, situation), DECIMALS),
        exam_weightage=topic.exam_weightage,
        time_to_exam_days=situation.days_left,
        estimated_hours=topic.estimated_hours,
        hours_to_learn=round(recommendation.minutes_to_learn / MINUTES_PER_HOUR, DECIMALS),
        dependencies_unlocked=len(situation.syllabus.dependents_of[topic.id]),
        expected_marks_gain=round(_gain(recommendation), DECIMALS),
        session_minutes=recommendation.minutes,
        session_marks=round(recommendation.marks, DECIMALS + 1),
        marks_per_hour=round(recommendation.marks_per_minute * MINUTES_PER_HOUR, DECIMALS),
        knowledge_today=round(PERCENT * recommendation.mastery, DECIMALS),
        knowledge_at_exam=round(PERCENT * recommendation.mastery_at_exam, DECIMALS),
        is_revision=recommendation.is_revision,
    )


def _components_without_concepts(topic: TopicRow, situation: Situation) -> ComponentsOut:
    return ComponentsOut(
        mastery_gap=100.0,
        current_mastery=0.0,
        current_accuracy=0.0,
        exam_weightage=topic.exam_weightage,
        time_to_exam_days=situation.days_left,
        estimated_hours=topic.estimated_hours,
        hours_to_learn=topic.estimated_hours,
        dependencies_unlocked=len(situation.syllabus.dependents_of[topic.id]),
        expected_marks_gain=0.0,
        session_minutes=0.0,
        session_marks=0.0,
        marks_per_hour=0.0,
        knowledge_today=0.0,
        knowledge_at_exam=0.0,
        is_revision=False,
    )


def _out(recommendation: StudyRecommendation, situation: Situation) -> RecommendationOut:
    topic = _topic(recommendation.topic, situation)
    topics = situation.syllabus.topics
    return RecommendationOut(
        topic_id=topic.id,
        topic_name=topic.name,
        priority_score=recommendation.priority,
        explanation=in_words(recommendation, situation),
        components=_components(recommendation, situation),
        unlocks=[topics[it].name for it in situation.syllabus.dependents_of[topic.id]],
        leads_to=None
        if recommendation.leads_to is None
        else _topic(recommendation.leads_to, situation).name,
        alternatives=[
            AlternativeOut(
                topic_id=UUID(str(it.topic)),
                topic_name=_topic(it.topic, situation).name,
                session_marks=round(it.marks, DECIMALS + 1),
            )
            for it in recommendation.alternatives
        ],
    )


def _live(recommendation: StudyRecommendation, situation: Situation) -> LiveRecommendationOut:
    topic = _topic(recommendation.topic, situation)
    return LiveRecommendationOut(
        topic_id=topic.live_id,
        topic_name=topic.name,
        priority_score=recommendation.priority,
        current_mastery=_mastery(topic, situation),
        exam_weightage=topic.exam_weightage,
        estimated_hours=topic.estimated_hours,
        expected_marks_gain=_gain(recommendation),
    )
