"""The expected student, who learns on days of study and forgets overnight; pure."""

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
    """A student who follows a plan, learns and forgets."""

    def __init__(self, graph: TopicGraph, state: StudentState, gate: FloatArray | None) -> None:
        """Begin with a state, and with the recorded mastery that opens topics, if any."""
        self.graph, self.state = graph, state
        self.recorded = None if gate is None else np.nan_to_num(gate)
        self.minutes_per_log = minutes_per_log(graph, state)

    def gate(self) -> FloatArray:
        """Return the mastery that opens topics, shape (n,)."""
        return self.state.mastery if self.recorded is None else self.recorded

    def study(self, minutes: FloatArray) -> None:
        """Learn from a day's sessions.

        The speed of learning depends on the prerequisites' mastery at the beginning of the day.

        Args:
            minutes: Minutes of each topic, shape (n,).
        """
        useful = productive_of_day(minutes)
        self.learn(useful, useful + self.graph.implicit_minutes(useful))

    def learn(self, useful: FloatArray, restoring: FloatArray) -> None:
        """Learn from a day's productive minutes.

        Args:
            useful: Productive minutes of each topic, shape (n,).
            restoring: Minutes that restore each topic, shape (n,): its productive minutes, and
                those in which it is refreshed by the study of topics that build on it.
        """
        state = self.state
        rate = state.readiness(self.graph.supply(state.mastery)) / self.minutes_per_log
        missing = np.exp(-rate * useful)
        if self.recorded is not None:
            self.recorded = 1 - (1 - self.recorded) * average(missing, state.theories)
        self.state = replace(
            state,
            level=np.minimum(1 - (1 - state.level) * missing, MOST_LEARNED),
            retention=restored(state.retention, restoring),
            stability=strengthened(state.stability, state.retention, useful),
        )

    def forget(self, days: float) -> None:
        """Forget for some days without study."""
        state = self.state
        self.state = replace(state, retention=retained(state.retention, state.stability, days))
