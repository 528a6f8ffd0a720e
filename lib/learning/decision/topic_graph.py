"""Topics with their share of the exam and their prerequisites, as arrays; pure."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import READY_LEVEL, FloatArray
from lib.learning.syllabus.syllabus import Syllabus

TopicId: TypeAlias = Hashable

MINUTES_PER_HOUR = 60
PERCENT = 100
SHORTEST_MINUTES = 5.0
"""Estimated minutes of a topic that names fewer."""


@dataclass(frozen=True)
class StudyTopic:
    """A topic that can be studied."""

    id: TopicId
    weight: float
    """Share of the exam's marks in any unit, 0 or more; the graph makes percentages of it."""
    minutes: float
    """Minutes until a novice has learned 80 %."""


@dataclass(frozen=True)
class Requirement:
    """A topic that has to be known before another one."""

    topic: TopicId
    prerequisite: TopicId
    minimum_mastery: float
    """Mastery of the prerequisite that opens the topic, 0 to 1."""


@dataclass(frozen=True)
class TopicGraph:
    """Topics by position; equal scores are decided in favour of the first position."""

    ids: tuple[TopicId, ...]
    marks: FloatArray
    """Share of the exam in percent, shape (n,); adds up to 100 unless no topic has any."""
    minutes: FloatArray
    """Minutes until a novice has learned 80 %, shape (n,)."""
    prerequisites: tuple[tuple[tuple[int, float], ...], ...]
    """Prerequisites of each topic: positions and minimum masteries, 0 to 1."""

    @cached_property
    def position(self) -> Mapping[TopicId, int]:
        """Position of each id."""
        return {topic: position for position, topic in enumerate(self.ids)}

    @cached_property
    def dependents(self) -> tuple[tuple[int, ...], ...]:
        """Positions of the topics that build on each topic."""
        following: list[list[int]] = [[] for _ in self.ids]
        for topic, needs in enumerate(self.prerequisites):
            for prerequisite, _ in needs:
                following[prerequisite].append(topic)
        return tuple(tuple(each) for each in following)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Positions in an order in which prerequisites come first; those on a circle come last."""
        missing = [len(needs) for needs in self.prerequisites]
        order = [topic for topic, number in enumerate(missing) if number == 0]
        for topic in order:  # grows while it is read
            for dependent in self.dependents[topic]:
                missing[dependent] -= 1
                if missing[dependent] == 0:
                    order.append(dependent)
        return (*order, *(topic for topic, number in enumerate(missing) if number > 0))

    @cached_property
    def edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Position of the topic, of the prerequisite, and the minimum of each requirement."""
        flat = [
            (topic, prerequisite, minimum)
            for topic, needs in enumerate(self.prerequisites)
            for prerequisite, minimum in needs
        ]
        return (
            np.array([topic for topic, _, _ in flat], dtype=np.intp),
            np.array([prerequisite for _, prerequisite, _ in flat], dtype=np.intp),
            np.array([minimum for _, _, minimum in flat], dtype=float),
        )

    def is_open(self, mastery: FloatArray) -> NDArray[np.bool_]:
        """Return the topics whose prerequisites have their minimum mastery, shape (n,)."""
        topics, prerequisites, minimums = self.edges
        is_open = np.ones(len(self.ids), dtype=bool)
        is_open[topics[mastery[prerequisites] < minimums]] = False
        return is_open

    def supply(self, mastery: FloatArray) -> FloatArray:
        """Return how far the weakest prerequisite of each topic carries it, 0 to 1, shape (n,)."""
        topics, prerequisites, minimums = self.edges
        shares = mastery[prerequisites] / np.maximum(minimums, READY_LEVEL)
        supply = np.ones(len(self.ids))
        np.minimum.at(supply, topics, shares)
        return supply

    @cached_property
    def highest_minimum(self) -> FloatArray:
        """Highest mastery that a dependent requires of each topic, 0 to 1; 0 without dependents."""
        highest = np.zeros(len(self.ids))
        for needs in self.prerequisites:
            for prerequisite, minimum in needs:
                highest[prerequisite] = max(highest[prerequisite], minimum)
        return highest

    def values_of(self, by_topic: Mapping[Any, float]) -> FloatArray:
        """Return the value of each topic as an array; NaN where there is none."""
        return np.array([by_topic.get(topic, np.nan) for topic in self.ids])


def graph_of(topics: Sequence[StudyTopic], requirements: Collection[Requirement]) -> TopicGraph:
    """Return the graph of topics, whose order decides between equal scores.

    Requirements that name other topics are left out.
    """
    position = {topic.id: number for number, topic in enumerate(topics)}
    needs: list[list[tuple[int, float]]] = [[] for _ in topics]
    for each in requirements:
        if each.topic in position and each.prerequisite in position:
            needs[position[each.topic]].append((position[each.prerequisite], each.minimum_mastery))
    weights = np.array([topic.weight for topic in topics], dtype=float)
    total = weights.sum()
    return TopicGraph(
        ids=tuple(position),
        marks=PERCENT * weights / total if total > 0 else weights,
        minutes=np.array([max(topic.minutes, SHORTEST_MINUTES) for topic in topics], dtype=float),
        prerequisites=tuple(tuple(sorted(each)) for each in needs),
    )


def graph_of_syllabus(syllabus: Syllabus) -> TopicGraph:
    """Return the graph of the topics that have concepts, the smallest id first."""
    rows = sorted(
        (topic for topic in syllabus.topics.values() if syllabus.concepts_of[topic.id]),
        key=lambda topic: topic.order,
    )
    topics = [
        StudyTopic(row.id, row.exam_weightage, row.estimated_hours * MINUTES_PER_HOUR)
        for row in rows
    ]
    requirements = [
        Requirement(edge.topic_id, edge.prerequisite_topic_id, edge.minimum_mastery / PERCENT)
        for edge in syllabus.prerequisites
    ]
    return graph_of(topics, requirements)
