"""Topics with their share of the exam and their prerequisites, as arrays; pure."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import IMPLICIT_SHARE, READY_LEVEL, FloatArray
from lib.learning.syllabus.syllabus import Syllabus

TopicId: TypeAlias = Hashable

MINUTES_PER_HOUR = 60
PERCENT = 100
SHORTEST_MINUTES = 5.0
"""Minimum of a topic's estimated minutes; smaller estimates are raised to it."""


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
    """Share of the exam in percent, shape (n,); adds up to 100, or less if some of the exam is
    about topics that are not in this graph."""
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
        """Positions in an order in which prerequisites come first.

        Topics on a cycle, and those that build on such topics, come last.
        """
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
        """Topic's position, prerequisite's position, and minimum, each of shape (requirements,)."""
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

    @cached_property
    def table(self) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
        """Prerequisites in columns: positions, minimums, and levels for learning at full speed.

        All of shape (n, width), where width is the largest number of prerequisites of a topic.
        Where a topic has fewer, the position is n, the minimum 0 and the level 1.
        """
        size = len(self.ids)
        width = max([len(needs) for needs in self.prerequisites], default=0)
        positions = np.full((size, width), size, dtype=np.intp)
        minimums, needed = np.zeros((size, width)), np.ones((size, width))
        for topic, needs in enumerate(self.prerequisites):
            for column, (prerequisite, minimum) in enumerate(needs):
                positions[topic, column] = prerequisite
                minimums[topic, column] = minimum
                needed[topic, column] = max(minimum, READY_LEVEL)
        return positions, minimums, needed

    def prerequisite_values(self, values: FloatArray, otherwise: float) -> FloatArray:
        """Return the values of each topic's prerequisites, shape (..., n, width).

        Args:
            values: Values of all topics, shape (..., n).
            otherwise: Value where a topic has fewer prerequisites.
        """
        padded = np.concatenate((values, np.full((*values.shape[:-1], 1), otherwise)), axis=-1)
        chosen: FloatArray = padded[..., self.table[0]]
        return chosen

    def is_open(self, mastery: FloatArray) -> NDArray[np.bool_]:
        """Return whether each topic's prerequisites have their minimums, shape (..., n)."""
        minimums = self.table[1]
        lacks: NDArray[np.bool_] = self.prerequisite_values(mastery, np.inf) < minimums
        is_open: NDArray[np.bool_] = ~np.any(lacks, axis=-1)
        return is_open

    def supply(self, mastery: FloatArray) -> FloatArray:
        """Return the weakest prerequisite's share of the level needed, at most 1; (..., n)."""
        shares = self.prerequisite_values(mastery, np.inf) / self.table[2]
        supply: FloatArray = shares.min(axis=-1, initial=1.0)
        return supply

    def implicit_minutes(self, minutes: FloatArray) -> FloatArray:
        """Return the productive minutes by which topics are refreshed when others use them.

        Args:
            minutes: Productive minutes of each topic, shape (n,) or (days, n).
        """
        topics, prerequisites, _ = self.edges
        refreshed = np.zeros_like(minutes)
        np.add.at(refreshed.T, prerequisites, IMPLICIT_SHARE * minutes.T[topics])
        return refreshed

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


def graph_of(
    topics: Sequence[StudyTopic],
    requirements: Collection[Requirement],
    other_weight: float = 0.0,
) -> TopicGraph:
    """Return the graph of topics, whose order decides between equal scores.

    Requirements that name other topics are left out.

    Args:
        topics: The topics.
        requirements: Their prerequisites.
        other_weight: Weight of what the exam asks beyond the topics, in their unit.
    """
    position = {topic.id: number for number, topic in enumerate(topics)}
    needs: list[list[tuple[int, float]]] = [[] for _ in topics]
    for each in requirements:
        if each.topic in position and each.prerequisite in position:
            needs[position[each.topic]].append((position[each.prerequisite], each.minimum_mastery))
    weights = np.array([topic.weight for topic in topics], dtype=float)
    total = weights.sum() + other_weight
    return TopicGraph(
        ids=tuple(position),
        marks=PERCENT * weights / total if total > 0 else weights,
        minutes=np.array([max(topic.minutes, SHORTEST_MINUTES) for topic in topics], dtype=float),
        prerequisites=tuple(tuple(sorted(each)) for each in needs),
    )


def graph_of_syllabus(syllabus: Syllabus) -> TopicGraph:
    """Return the graph of the topics that have concepts, the smallest id first.

    Topics without concepts keep their share of the exam. If no topic with concepts has a share, all
    topics with concepts count alike.
    """
    rows = sorted(
        (topic for topic in syllabus.topics.values() if syllabus.concepts_of[topic.id]),
        key=lambda topic: topic.order,
    )
    weight = sum(row.exam_weightage for row in rows)
    topics = [
        StudyTopic(
            row.id,
            row.exam_weightage if weight > 0 else 1.0,
            row.estimated_hours * MINUTES_PER_HOUR,
        )
        for row in rows
    ]
    whole = sum(row.exam_weightage for row in syllabus.topics.values())
    requirements = [
        Requirement(edge.topic_id, edge.prerequisite_topic_id, edge.minimum_mastery / PERCENT)
        for edge in syllabus.prerequisites
    ]
    return graph_of(topics, requirements, whole - weight if weight > 0 else 0.0)
