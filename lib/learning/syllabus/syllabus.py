"""The syllabus as a value: topics with their prerequisites and concepts; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from lib.learning.ids import live_id

Node = TypeVar("Node")


@dataclass(frozen=True)
class ConceptRow:
    """A unit of learning within a topic."""

    id: UUID
    former_id: int | None
    topic_id: UUID
    name: str
    description: str | None

    @property
    def live_id(self) -> int | UUID:
        """Id in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.id, self.former_id)


@dataclass(frozen=True)
class PrerequisiteRow:
    """A topic that has to be known before another one."""

    topic_id: UUID
    prerequisite_topic_id: UUID
    minimum_mastery: float
    """Mastery, 0 to 100, that every concept of the prerequisite has to reach."""


@dataclass(frozen=True)
class TopicRow:
    """A part of the syllabus."""

    id: UUID
    former_id: int | None
    name: str
    parent_id: UUID | None
    exam_weightage: float
    """Share of the exam's marks in percent."""
    estimated_hours: float
    description: str | None

    @property
    def live_id(self) -> int | UUID:
        """Id in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.id, self.former_id)

    @property
    def order(self) -> tuple[bool, int, UUID]:
        """Key that breaks ties between topics: the smaller id comes first."""
        return (self.former_id is None, self.former_id or 0, self.id)


@dataclass(frozen=True)
class Syllabus:
    """All topics with their prerequisites and concepts."""

    topics: Mapping[UUID, TopicRow]
    """Topics by id, in their `order`."""
    prerequisites: Sequence[PrerequisiteRow]
    concepts: Sequence[ConceptRow]

    @cached_property
    def prerequisites_of(self) -> Mapping[UUID, list[PrerequisiteRow]]:
        """The prerequisites of each topic."""
        grouped: dict[UUID, list[PrerequisiteRow]] = {topic: [] for topic in self.topics}
        for edge in self.prerequisites:
            grouped[edge.topic_id].append(edge)
        return grouped

    @cached_property
    def dependents_of(self) -> Mapping[UUID, list[UUID]]:
        """The topics that have each topic as a prerequisite."""
        grouped: dict[UUID, list[UUID]] = {topic: [] for topic in self.topics}
        for edge in self.prerequisites:
            grouped[edge.prerequisite_topic_id].append(edge.topic_id)
        return grouped

    @cached_property
    def concepts_of(self) -> Mapping[UUID, list[ConceptRow]]:
        """The concepts of each topic."""
        grouped: dict[UUID, list[ConceptRow]] = {topic: [] for topic in self.topics}
        for concept in self.concepts:
            grouped[concept.topic_id].append(concept)
        return grouped

    def depth_of(self, topic_id: UUID) -> int:
        """Return the number of topics above a topic."""
        depth, parent = 0, self.topics[topic_id].parent_id
        while parent is not None:
            depth, parent = depth + 1, self.topics[parent].parent_id
        return depth


def find_cycle(edges: Iterable[tuple[Node, Node]]) -> list[Node]:
    """Return the nodes of a cycle in order, the first again at the end; empty if there is no cycle.

    Args:
        edges: Pairs of a node and one that it leads to.
    """
    following: dict[Node, list[Node]] = {}
    for start, end in edges:
        following.setdefault(start, []).append(end)
    finished: set[Node] = set()
    for first in list(following):
        path: list[Node] = []
        on_path: set[Node] = set()
        stack: list[tuple[Node, bool]] = [(first, False)]
        while stack:
            node, is_finished = stack.pop()
            if is_finished:
                on_path.discard(path.pop())
                finished.add(node)
            elif node in on_path:
                return [*path[path.index(node) :], node]
            elif node not in finished:
                path.append(node)
                on_path.add(node)
                stack.append((node, True))
                stack += [(end, False) for end in following.get(node, [])]
    return []


def normalized(weightages: Mapping[Node, float]) -> dict[Node, float]:
    """Return weightages scaled to add up to 100; unchanged if all are 0."""
    total = sum(weightages.values())
    if total <= 0:
        return dict(weightages)
    return {key: 100 * weightage / total for key, weightage in weightages.items()}
