"""Recommendations for a student, with their reasons."""

from dataclasses import dataclass

from lib.learning.current_user import Call
from lib.learning.decision.priority import Recommendation, judge, open_topics, recommendations
from lib.learning.mastery.read import Masteries, read_masteries
from lib.learning.recommendations.wire import (
    ComponentsOut,
    LiveConceptOut,
    LiveConceptsOut,
    LiveExplanationOut,
    LiveRecommendationOut,
    LiveTopOut,
    NothingOut,
    RecommendationOut,
    RecommendationsAnswer,
)
from lib.learning.students.profile import days_to_exam
from lib.learning.students.student import Student, own_or_named, readable_student
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.syllabus import Syllabus
from lib.learning.syllabus.topics import live_topic_out, topic_of
from lib.learning.syllabus.wire import LiveUnlockableOut, LiveUnlockablesOut

EVERYTHING_MASTERED = "Every topic is mastered; keep practising what you know least."
PREREQUISITES_FIRST = "No topic is open: complete prerequisites first."
DECIMALS = 2


@dataclass(frozen=True)
class Situation:
    """Facts on which a recommendation depends."""

    student: Student
    syllabus: Syllabus
    masteries: Masteries
    days_to_exam: int | None

    def ranked(self, mastery_threshold: float) -> list[Recommendation]:
        """Return the open topics, the most important first."""
        return recommendations(
            self.syllabus, self.masteries.score_of, self.days_to_exam, mastery_threshold
        )

    def lack(self, mastery_threshold: float) -> str:
        """Return why nothing can be recommended."""
        masteries = [
            self.masteries.of_topic(topic_id, self.syllabus) for topic_id in self.syllabus.topics
        ]
        is_unfinished = any(it is not None and it < mastery_threshold for it in masteries)
        return PREREQUISITES_FIRST if is_unfinished else EVERYTHING_MASTERED


def situation_of(call: Call, student: Student) -> Situation:
    """Return what recommendations for a student depend on."""
    return Situation(
        student,
        syllabus_store.read_syllabus(call.db),
        read_masteries(call, student.id),
        days_to_exam(student.exam_date, call.now),
    )


def recommend(
    call: Call, sent_id: str | None, limit: int, mastery_threshold: float
) -> RecommendationsAnswer:
    """Return the most important topics with their reasons.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    situation = situation_of(call, own_or_named(call, sent_id))
    ranked = situation.ranked(mastery_threshold)[:limit]
    return RecommendationsAnswer(
        student_id=situation.student.id,
        recommendations=[_out(each, situation) for each in ranked],
        count=len(ranked),
        message=None if ranked else situation.lack(mastery_threshold),
    )


def recommend_live_next(
    call: Call, sent_id: str, mastery_threshold: float
) -> LiveRecommendationOut | NothingOut:
    """Return the most important topic in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    ranked = situation.ranked(mastery_threshold)
    return _live(ranked[0]) if ranked else NothingOut(message=situation.lack(mastery_threshold))


def recommend_live_top(call: Call, sent_id: str, n: int, mastery_threshold: float) -> LiveTopOut:
    """Return the most important topics in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    ranked = situation.ranked(mastery_threshold)[:n]
    return LiveTopOut(
        student_id=situation.student.live_id,
        count=len(ranked),
        recommendations=[_live(each) for each in ranked],
    )


def explain_live(call: Call, sent_id: str, sent_topic: str) -> LiveExplanationOut:
    """Return why a topic has its priority for a student, whether it is open or not.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        TopicNotFound: If there is no such topic.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    topic = topic_of(situation.syllabus, sent_topic)
    mastery = situation.masteries.of_topic(topic.id, situation.syllabus) or 0.0
    judged = judge(situation.syllabus, topic, mastery, situation.days_to_exam)
    return LiveExplanationOut(
        topic_id=topic.live_id,
        topic_name=topic.name,
        priority_score=round(judged.priority_score, DECIMALS),
        explanation=in_words(judged, situation),
        components=_components(judged, situation),
    )


def recommend_live_concepts(call: Call, sent_id: str, sent_topic: str, n: int) -> LiveConceptsOut:
    """Return the least mastered concepts of a topic in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        TopicNotFound: If there is no such topic.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    topic = topic_of(situation.syllabus, sent_topic)
    score_of = situation.masteries.score_of
    concepts = sorted(
        situation.syllabus.concepts_of[topic.id],
        key=lambda it: (score_of(it.id), it.former_id is None, it.former_id or 0, it.id),
    )[:n]
    return LiveConceptsOut(
        student_id=situation.student.live_id,
        topic_id=topic.live_id,
        count=len(concepts),
        concepts=[
            LiveConceptOut(
                concept_id=concept.live_id,
                concept_name=concept.name,
                current_mastery=score_of(concept.id),
                priority=100 - score_of(concept.id),
            )
            for concept in concepts
        ],
    )


def list_live_unlockable(call: Call, sent_id: str, mastery_threshold: float) -> LiveUnlockablesOut:
    """Return the topics that a student can study now in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    situation = situation_of(call, readable_student(call, sent_id))
    topics = open_topics(situation.syllabus, situation.masteries.score_of, mastery_threshold)
    return LiveUnlockablesOut(
        [
            LiveUnlockableOut(
                **live_topic_out(it.topic, situation.syllabus).model_dump(),
                current_mastery=it.current_mastery,
            )
            for it in topics
        ]
    )


def in_words(judged: Recommendation, situation: Situation) -> str:
    """Return the reasons for a topic as sentences."""
    topic = judged.topic
    exam = (
        f"The exam is in {judged.time_to_exam_days} days"
        if situation.days_to_exam is not None
        else f"Without an exam date, {judged.time_to_exam_days} days are assumed"
    )
    unlocks = ", ".join(it.name for it in judged.unlocks)
    sentences = [
        (
            f"{topic.name} is worth {topic.exam_weightage:.1f} % of the marks, and you master"
            f" {judged.current_mastery:.0f} % of it: full mastery would add"
            f" {judged.expected_marks_gain:.1f} % of the marks."
        ),
        f"It takes about {topic.estimated_hours:g} hours. {exam}.",
        f"It opens the way to {unlocks}." if unlocks else "No other topic builds on it.",
    ]
    return " ".join(sentences)


def _accuracy(judged: Recommendation, situation: Situation) -> float:
    concepts = situation.syllabus.concepts_of[judged.topic.id]
    masteries = [situation.masteries.of_concept(concept.id) for concept in concepts]
    total = sum(mastery.total_attempts for mastery in masteries)
    correct = sum(mastery.correct_attempts for mastery in masteries)
    return 100 * correct / total if total else 0.0


def _components(judged: Recommendation, situation: Situation) -> ComponentsOut:
    return ComponentsOut(
        mastery_gap=round(judged.mastery_gap, DECIMALS),
        current_mastery=round(judged.current_mastery, DECIMALS),
        current_accuracy=round(_accuracy(judged, situation), DECIMALS),
        exam_weightage=judged.topic.exam_weightage,
        urgency_factor=round(judged.urgency_factor, DECIMALS),
        time_to_exam_days=judged.time_to_exam_days,
        efficiency_factor=round(judged.efficiency_factor, DECIMALS),
        estimated_hours=judged.topic.estimated_hours,
        dependencies_unlocked=len(judged.unlocks),
        expected_marks_gain=round(judged.expected_marks_gain, DECIMALS),
    )


def _out(judged: Recommendation, situation: Situation) -> RecommendationOut:
    return RecommendationOut(
        topic_id=judged.topic.id,
        topic_name=judged.topic.name,
        priority_score=judged.priority_score,
        explanation=in_words(judged, situation),
        components=_components(judged, situation),
        unlocks=[topic.name for topic in judged.unlocks],
    )


def _live(judged: Recommendation) -> LiveRecommendationOut:
    return LiveRecommendationOut(
        topic_id=judged.topic.live_id,
        topic_name=judged.topic.name,
        priority_score=judged.priority_score,
        current_mastery=judged.current_mastery,
        exam_weightage=judged.topic.exam_weightage,
        estimated_hours=judged.topic.estimated_hours,
        expected_marks_gain=judged.expected_marks_gain,
    )
