"""The expected student: what sessions teach, and what nights take away; pure."""

from dataclasses import replace

import numpy as np

from lib.learning.decision.memory import (
    IMPLICIT_SHARE,
    FloatArray,
    productive,
    restored,
    retained,
    strengthened,
)
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph
from lib.learning.decision.worth import minutes_per_log

MOST_LEARNED = 1 - 1e-6
"""Highest level, so that what is missing stays above 0."""
LONGEST_FRESH = 25.0
"""Minutes on one topic in a day from which on attention is halved."""


class ExpectedStudent:
    """A student who follows a plan; studies and forgets."""

    def __init__(self, graph: TopicGraph, state: StudentState, gate: FloatArray | None) -> None:
        """Begin as a copy of a state, with the recorded mastery that opens topics, if any."""
        self.graph = graph
        self.state = replace(
            state,
            level=state.level.copy(),
            retention=state.retention.copy(),
            stability=state.stability.copy(),
        )
        self.recorded = None if gate is None else np.nan_to_num(gate)
        self.rate = minutes_per_log(graph, state)

    def gate(self) -> FloatArray:
        """Return the mastery that opens topics, shape (n,)."""
        return self.state.mastery if self.recorded is None else self.recorded

    def study(self, topic: int, minutes: float) -> None:
        """Learn from a session."""
        state = self.state
        fresh = min(minutes, LONGEST_FRESH)
        useful = productive(fresh + (minutes - fresh) / 2)
        column = np.s_[:, topic]
        ready = self._readiness(topic)
        missing = np.exp(-useful * ready / self.rate[column])
        state.stability[column] = strengthened(
            state.stability[column], state.retention[column], useful
        )
        state.retention[column] = restored(state.retention[column], useful)
        state.level[column] = np.minimum(1 - (1 - state.level[column]) * missing, MOST_LEARNED)
        if self.recorded is not None:
            factor = float(state.theories @ missing)
            self.recorded[topic] = 1 - (1 - self.recorded[topic]) * factor
        for prerequisite, _ in self.graph.prerequisites[topic]:
            state.retention[:, prerequisite] = restored(
                state.retention[:, prerequisite], IMPLICIT_SHARE * useful
            )

    def _readiness(self, topic: int) -> float:
        """Return the speed of learning that the prerequisites allow, 0 to 1."""
        supply = self.graph.supply(self.state.mastery)[topic]
        return float(self.state.readiness(supply))

    def rest(self, days: float) -> None:
        """Forget for some days without study."""
        state = self.state
        state.retention[:] = retained(state.retention, state.stability, days)
