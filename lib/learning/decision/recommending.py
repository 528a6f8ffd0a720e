"""Choice of the topics to study now, each with its reasons; pure.

Every open topic is measured by the marks on the day of the exam that a minute of study adds: for
the topic itself or, if that is more, for the best topic that it leads to. For the latter, marks and
minutes include all that is missing or weak before it. Learning and revising are compared in the
same unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import FloatArray, average, retained
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import PERCENT, TopicGraph, TopicId
from lib.learning.decision.worth import LEARNED, SESSION_MINUTES, Worth, session_scores, worth

ALTERNATIVES = 3
"""Maximum number of alternatives that a recommendation is compared with."""


@dataclass(frozen=True)
class Alternative:
    """Gain from another topic in the same time."""

    topic: TopicId
    marks_per_minute: float
    marks: float
    """Expected marks in percent for the minutes of the recommendation."""


@dataclass(frozen=True)
class StudyRecommendation:
    """A topic with the numbers that justify its recommendation, or speak against it."""

    topic: TopicId
    marks_per_minute: float
    """Expected marks in percent on the day of the exam for each minute, 0 or more."""
    minutes: float
    """Length of the recommended session."""
    marks: float
    """Expected marks in percent that the session adds, directly or through the best topic that this
    one leads to."""
    priority: float
    """Marks per minute as a percentage of the best topic's, 0 to 100."""
    own_marks_per_minute: float
    """Marks per minute without what the topic leads to."""
    minutes_to_learn: float
    """Minutes that the best way to study the topic itself takes."""
    is_revision: bool
    exam_share: float
    """Share of the exam in percent."""
    mastery: float
    """Expected knowledge now, 0 to 1."""
    mastery_at_exam: float
    """Expected knowledge at the exam without further study, 0 to 1."""
    leads_to: TopicId | None
    """Topic that this one leads to, if its marks per minute exceed this topic's own; else None."""
    opens: tuple[TopicId, ...]
    """Topics that wait for this one."""
    alternatives: tuple[Alternative, ...]
    """The best other topics, at most `ALTERNATIVES`; only topics that bring marks."""

    def sentence(self, names: Mapping[Any, str]) -> str:
        """Return the reasons in words.

        Args:
            names: Name of each topic by its id.
        """
        verb = "Revise" if self.is_revision else "Learn"
        text = (
            f"{verb} “{names[self.topic]}” for {self.minutes:.0f} minutes: that adds about"
            f" {self.marks:.2f} % of the marks. About {100 * self.mastery:.0f} % of the topic is"
            f" known now, and {100 * self.mastery_at_exam:.0f} % on the day of the exam without"
            " further study."
        )
        if self.leads_to is not None:
            text += f" The topic leads to “{names[self.leads_to]}”."
        if self.alternatives:
            other = self.alternatives[0]
            text += f" “{names[other.topic]}” would add {other.marks:.2f} % in the same time."
        return text


def recommend_topics(
    graph: TopicGraph,
    state: StudentState,
    gate: FloatArray,
    days: float,
    minutes: float,
    limit: int,
    allowed: NDArray[np.bool_] | None = None,
) -> list[StudyRecommendation]:
    """Return the open topics that bring marks, the most marks per minute first.

    Args:
        graph: The topics. Among topics with equal marks per minute, the one with more own marks per
            minute comes first; if these are equal too, the earlier one in the graph.
        state: The student today.
        gate: Recorded mastery that opens topics, 0 to 1, shape (n,); NaN counts as 0. A topic is
            open when every prerequisite has its minimum mastery.
        days: Days until the exam, 0 or more.
        minutes: Minutes of study that are left until the exam.
        limit: Largest number of recommendations.
        allowed: Topics that may be recommended, shape (n,); all by default.
    """
    gate = np.nan_to_num(gate)
    topic_worth = worth(graph, state, gate, days, max(minutes, 1.0))
    scores = session_scores(topic_worth)
    if allowed is not None:
        scores = np.where(allowed, scores, 0.0)
    positions = np.arange(len(scores))
    ranked = np.lexsort((positions, -topic_worth.own, -scores))
    ranked = ranked[scores[ranked] > 0][: limit + ALTERNATIVES]
    facts = _Facts(graph, state, gate, days, topic_worth, scores)
    return [facts.recommendation(int(topic), ranked.tolist()) for topic in ranked[:limit]]


def judge_topic(
    graph: TopicGraph,
    state: StudentState,
    gate: FloatArray,
    days: float,
    minutes: float,
    topic: TopicId,
) -> StudyRecommendation:
    """Return the numbers of one topic, whether it is open or not; a closed one brings no marks.

    Args:
        graph: The topics.
        state: The student today.
        gate: As for `recommend_topics`.
        days: As for `recommend_topics`.
        minutes: As for `recommend_topics`.
        topic: Id of the topic.
    """
    gate = np.nan_to_num(gate)
    topic_worth = worth(graph, state, gate, days, max(minutes, 1.0))
    scores = session_scores(topic_worth)
    best = np.argsort(-scores, kind="stable")[: ALTERNATIVES + 1]
    facts = _Facts(graph, state, gate, days, topic_worth, scores)
    return facts.recommendation(graph.position[topic], [int(it) for it in best if scores[it] > 0])


class _Facts:
    """The numbers from which recommendations are made."""

    def __init__(
        self,
        graph: TopicGraph,
        state: StudentState,
        gate: FloatArray,
        days: float,
        topic_worth: Worth,
        scores: FloatArray,
    ) -> None:
        self.graph, self.gate, self.topic_worth, self.scores = graph, gate, topic_worth, scores
        self.best = float(np.max(scores, initial=0.0))
        self.level = average(state.level, state.theories)
        self.mastery = state.mastery
        later = state.level * retained(state.retention, state.stability, days)
        self.at_exam = average(later, state.theories)

    def recommendation(self, topic: int, ranked: list[int]) -> StudyRecommendation:
        """Return a topic's recommendation.

        Args:
            topic: Position of the topic.
            ranked: Positions of the best topics in their order.
        """
        graph, topic_worth = self.graph, self.topic_worth
        own = float(topic_worth.own[topic])
        minutes = SESSION_MINUTES
        others = [each for each in ranked if each != topic][:ALTERNATIVES]
        is_own = own >= topic_worth.through[topic]
        return StudyRecommendation(
            topic=graph.ids[topic],
            marks_per_minute=float(self.scores[topic]),
            minutes=minutes,
            marks=float(self.scores[topic]) * minutes,
            priority=PERCENT * (float(self.scores[topic]) / self.best) if self.best > 0 else 0.0,
            own_marks_per_minute=own,
            minutes_to_learn=float(topic_worth.own_minutes[topic]),
            is_revision=bool(self.level[topic] >= LEARNED),
            exam_share=float(graph.marks[topic]),
            mastery=float(self.mastery[topic]),
            mastery_at_exam=float(self.at_exam[topic]),
            leads_to=None if is_own else graph.ids[int(topic_worth.target[topic])],
            opens=self._opens(topic),
            alternatives=tuple(
                Alternative(graph.ids[it], float(self.scores[it]), float(self.scores[it]) * minutes)
                for it in others
            ),
        )

    def _opens(self, topic: int) -> tuple[TopicId, ...]:
        """Return the topics whose minimum for this one is not reached yet."""
        graph = self.graph
        return tuple(
            graph.ids[each]
            for each in graph.dependents[topic]
            if self.gate[topic] < dict(graph.prerequisites[each])[topic]
        )
