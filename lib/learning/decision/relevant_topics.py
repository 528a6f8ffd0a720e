"""The part of a large syllabus that the time until the exam can reach; pure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.closed_sets import ClosedSets, closed_sets
from lib.learning.decision.memory import FloatArray
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph
from lib.learning.decision.worth import SESSION_MINUTES, Worth, worth

WHOLE_SIZE = 150
"""Number of topics up to which a syllabus is used as a whole."""
MINUTES_OF_TOPIC = 2 * SESSION_MINUTES
"""Minutes of study for each topic that is chosen. A plan spends three sessions or more on most
topics, so it has more topics to choose from than it has time for."""
UNREACHABLE = 2.0
"""Mastery that is never reached: a topic that requires it of itself stays closed."""


@dataclass(frozen=True)
class Part:
    """Some topics of a graph, in their order, and what is known about the student in them."""

    graph: TopicGraph
    state: StudentState
    gate: FloatArray | None
    """Recorded mastery, shape (n,)."""


def relevant_part(
    graph: TopicGraph, state: StudentState, gate: FloatArray | None, days: float, minutes: float
) -> Part:
    """Return the topics that are worth the most per minute, with their prerequisites.

    If there are at most `WHOLE_SIZE` topics, all are returned. From a larger syllabus, as many are
    chosen as suit the time until the exam. Each is returned with all topics that have to be
    learned before it, and with its other prerequisites. A closed topic that is returned only as one
    of these other prerequisites stays closed.

    Args:
        graph: The topics.
        state: The student.
        gate: Recorded mastery that opens topics, shape (n,); expected mastery if it is not given.
        days: Days until the exam.
        minutes: Minutes of study until then, more than 0.
    """
    if len(graph.ids) <= WHOLE_SIZE:
        return Part(graph, state, gate)
    mastery = state.mastery if gate is None else gate
    topic_worth = worth(graph, state, mastery, days, minutes)
    sets = closed_sets(graph, mastery)
    number = max(WHOLE_SIZE, minutes / MINUTES_OF_TOPIC)
    chosen = _best(topic_worth, sets, number)
    topics, prerequisites, _ = graph.edges
    support = chosen.copy()
    support[prerequisites[chosen[topics]]] = True
    return _part(graph, state, gate, np.flatnonzero(support), ~chosen & ~topic_worth.is_open)


def _best(topic_worth: Worth, sets: ClosedSets, number: float) -> NDArray[np.bool_]:
    """Return a mask (n,) of about `number` topics: the best, and all to be learned before them."""
    scores = np.maximum(np.where(topic_worth.is_open, topic_worth.own, 0.0), topic_worth.package)
    chosen = np.zeros(len(scores), dtype=bool)
    for topic in np.argsort(-scores, kind="stable"):
        if np.count_nonzero(chosen) >= number:
            break
        chosen[topic] = True
        chosen |= sets.missing[topic]
    return chosen


def _part(
    graph: TopicGraph,
    state: StudentState,
    gate: FloatArray | None,
    kept: NDArray[np.intp],
    stays_closed: NDArray[np.bool_],
) -> Part:
    place = {topic: number for number, topic in enumerate(kept.tolist())}

    def prerequisites(topic: int) -> tuple[tuple[int, float], ...]:
        if stays_closed[topic]:
            return ((place[topic], UNREACHABLE),)
        needs = graph.prerequisites[topic]
        return tuple((place[other], minimum) for other, minimum in needs if other in place)

    return Part(
        TopicGraph(
            ids=tuple(graph.ids[topic] for topic in place),
            marks=graph.marks[kept],
            minutes=graph.minutes[kept],
            prerequisites=tuple(prerequisites(topic) for topic in place),
        ),
        replace(
            state,
            level=state.level[:, kept],
            retention=state.retention[:, kept],
            stability=state.stability[:, kept],
        ),
        None if gate is None else gate[kept],
    )
