"""The part of a large syllabus that the time until the exam can reach; pure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.closed_sets import ClosedSets, closed_sets
from lib.learning.decision.memory import FloatArray
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph
from lib.learning.decision.worth import Worth, worth

WHOLE_SIZE = 150
"""Topics up to which nothing is left out."""
SURPLUS = 1.5
"""Time that the chosen topics take, as a multiple of the time that there is."""


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

    There are enough of them for one and a half times the time that there is. Each comes with all
    that has to be learned before it, and with the known prerequisites that may slow it down.

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
    judged = worth(graph, state, mastery, days, minutes)
    sets = closed_sets(graph, mastery)
    chosen = np.flatnonzero(_with_prerequisites(graph, sets, _best(judged, sets, minutes)))
    return _part(graph, state, gate, chosen)


def _best(judged: Worth, sets: ClosedSets, minutes: float) -> NDArray[np.bool_]:
    """Return the most rewarding topics with what is missing before them, shape (n,)."""
    scores = np.maximum(np.where(judged.is_open, judged.own, 0.0), judged.package)
    chosen = np.zeros(len(scores), dtype=bool)
    for topic in np.argsort(-scores, kind="stable"):
        is_enough = judged.own_minutes[chosen].sum() >= SURPLUS * minutes
        if is_enough and np.count_nonzero(chosen) >= WHOLE_SIZE:
            break
        chosen[topic] = True
        chosen |= sets.missing[topic]
    return chosen


def _with_prerequisites(
    graph: TopicGraph, sets: ClosedSets, chosen: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the topics with their direct prerequisites and what is missing before these."""
    topics, prerequisites, _ = graph.edges
    support = chosen.copy()
    support[prerequisites[chosen[topics]]] = True
    return support | sets.missing[support].any(axis=0)


def _part(
    graph: TopicGraph, state: StudentState, gate: FloatArray | None, chosen: NDArray[np.intp]
) -> Part:
    place = {topic: number for number, topic in enumerate(chosen.tolist())}
    return Part(
        TopicGraph(
            ids=tuple(graph.ids[topic] for topic in place),
            marks=graph.marks[chosen],
            minutes=graph.minutes[chosen],
            prerequisites=tuple(
                tuple((place[it], least) for it, least in graph.prerequisites[topic] if it in place)
                for topic in place
            ),
        ),
        replace(
            state,
            level=state.level[:, chosen],
            retention=state.retention[:, chosen],
            stability=state.stability[:, chosen],
        ),
        None if gate is None else gate[chosen],
    )
