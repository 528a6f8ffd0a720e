"""The expected student: what days of study teach, and what nights take away; pure."""

from dataclasses import replace

import numpy as np

from lib.learning.decision.memory import (
    FloatArray,
    average,
    productive_of_day,
    restored,
    retained,
    strengthened,
)
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph
from lib.learning.decision.worth import minutes_per_log
MOST_LEARNED = 1 - 1e-6
"""Highest level, so that what is missing stays above 0."""


class ExpectedStudent:
    """A student who follows a plan; studies and forgets."""

    def __init__(self, graph: TopicGraph, state: StudentState, gate: FloatArray | None) -> None:
        """Begin with a state, and with the recorded mastery that opens topics, if any."""
        self.graph, self.state = graph, state
        self.recorded = None if gate is None else np.nan_to_num(gate)
        self.rate = minutes_per_log(graph, state)
        self.mastery = state.mastery

    def gate(self) -> FloatArray:
        """Return the mastery that opens topics, shape (n,)."""
        return self.mastery if self.recorded is None else self.recorded

    def study(self, minutes: FloatArray) -> None:
        """Learn from a day's sessions.

        Prerequisites carry a topic as far as they are known at the beginning of the day.

        Args:
            minutes: Minutes of each topic, shape (n,).
        """
        state = self.state
        useful = productive_of_day(minutes)
        pace = state.readiness(self.graph.supply(self.mastery)) / self.rate
        missing = np.exp(-pace * useful)
        if self.recorded is not None:
            self.recorded = 1 - (1 - self.recorded) * average(missing, state.theories)
        self.state = replace(
            state,
            level=np.minimum(1 - (1 - state.level) * missing, MOST_LEARNED),
            retention=restored(state.retention, useful + self.graph.implicit(useful)),
            stability=strengthened(state.stability, state.retention, useful),
        )
        self.mastery = self.state.mastery

    def rest(self, days: float) -> None:
        """Forget for some days without study."""
        state = self.state
        self.state = replace(state, retention=retained(state.retention, state.stability, days))
        self.mastery = self.state.mastery
