"""Plans that bring the most marks within the hours of each day; pure.

Day by day, the sessions with the most expected marks per minute are chosen and then studied by the
expected student, so that later days start from what earlier ones teach. A topic comes once a day
unless nothing else is worth as much. Topics whose prerequisites are below the minimum wait until
the plan has taught these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.learning.decision.memory import (
    IMPLICIT_SHARE,
    PRODUCTIVE,
    FloatArray,
    Theory,
    restored,
    retained,
    strengthened,
)
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph, TopicId
from lib.learning.decision.worth import SESSION_MINUTES, Worth, minutes_per_log, worth

SHORTEST_SESSION = 10.0
"""Minutes below which nothing is begun."""
SAME_DAY = 0.65
"""Worth of another session on a topic on the same day: rest between sessions teaches more."""
LONGEST_FRESH = 25.0
"""Minutes on one topic in a day from which on attention is halved."""
LEARNED = 0.6
"""Level from which on a session counts as revision."""
READY_MARGIN = 0.1
"""Mastery beyond the minimum from which on a prerequisite slows nothing down."""
READY_EXPONENT = 2.0
"""Steepness with which weak prerequisites slow learning down."""
DECIMALS = 9
"""Scores that differ less are equal, and the first topic is chosen."""


@dataclass(frozen=True)
class PlannedSession:
    """Study of a topic on a day of the plan."""

    day: int
    """Days after the start of the plan."""
    topic: TopicId
    minutes: float
    is_revision: bool
    """Whether the topic is expected to be known by then."""
    marks_per_minute: float
    """Expected marks in percent for each minute, as judged on that day."""


@dataclass(frozen=True)
class StudyTime:
    """The time until the exam."""

    minutes: Sequence[float]
    """Declared minutes of each day from today until the exam, which is on the day after."""
    attendance: float = 0.9
    """Expected share of the declared minutes that is studied, above 0, at most 1."""


def plan_study(
    graph: TopicGraph,
    state: StudentState,
    time: StudyTime,
    days: int,
    gate: FloatArray | None = None,
) -> list[PlannedSession]:
    """Return the sessions of the first days, in the order in which they are best studied.

    Args:
        graph: The topics.
        state: The student today.
        time: The time until the exam.
        days: Days to plan; none after the exam is planned.
        gate: Recorded mastery that opens topics, 0 to 1, shape (n,); the expected mastery of the
            day if it is not given.
    """
    sessions: list[PlannedSession] = []
    learner = _Learner(graph, state, gate)
    total = len(time.minutes)
    for day in range(min(days, total)):
        minutes = float(time.minutes[day])
        if minutes >= SHORTEST_SESSION:
            left = float(np.sum(time.minutes[day:])) * time.attendance
            state = learner.state
            judged = worth(graph, state, learner.gate(), total - day, left)
            chosen = _choose(session_scores(judged), minutes)
            for topic, length in chosen:
                sessions.append(learner.planned(day, topic, length, judged))
            for topic, length in chosen:
                learner.study(topic, length)
        learner.sleep()
    return sessions


def session_scores(judged: Worth) -> FloatArray:
    """Return the marks per minute of a session on each topic, shape (n,); 0 for closed ones.

    An open topic is worth its own marks, or those of the best topic that it leads to.
    """
    through, _ = judged.sets.best_for_roots(judged.package)
    best = np.where(judged.sets.is_open, np.maximum(judged.own, through), 0.0)
    scores: FloatArray = np.round(np.maximum(best, 0.0), DECIMALS)
    return scores


def _choose(scores: FloatArray, minutes: float) -> list[tuple[int, float]]:
    """Return topics and minutes of a day, the most valuable first, within its minutes."""
    current = scores.copy()
    chosen: dict[int, float] = {}
    left = minutes
    while left >= SHORTEST_SESSION:
        topic = int(np.argmax(current))
        if current[topic] <= 0:
            break
        length = SESSION_MINUTES if left >= SESSION_MINUTES + SHORTEST_SESSION else left
        chosen[topic] = chosen.get(topic, 0.0) + length
        left -= length
        current[topic] *= SAME_DAY
    return sorted(chosen.items(), key=lambda each: (-scores[each[0]], each[0]))


class _Learner:
    """The expected student, who follows the plan."""

    def __init__(self, graph: TopicGraph, state: StudentState, gate: FloatArray | None) -> None:
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
        return self.expected() if self.recorded is None else self.recorded

    def expected(self) -> FloatArray:
        """Return the expected mastery, shape (n,)."""
        return np.tensordot(self.state.theories, self.state.level * self.state.retention, axes=1)

    def planned(self, day: int, topic: int, minutes: float, judged: Worth) -> PlannedSession:
        """Return a session as it stands in the plan."""
        level = float(self.state.theories @ self.state.level[:, topic])
        score = float(session_scores(judged)[topic])
        return PlannedSession(day, self.graph.ids[topic], minutes, level >= LEARNED, score)

    def study(self, topic: int, minutes: float) -> None:
        """Learn from a session."""
        state = self.state
        productive = PRODUCTIVE * (
            min(minutes, LONGEST_FRESH) + max(minutes - LONGEST_FRESH, 0.0) / 2
        )
        column = np.s_[:, topic]
        ready = self._readiness(topic)
        missing = np.exp(-productive * ready / PRODUCTIVE / self.rate[column])
        state.stability[column] = strengthened(
            state.stability[column], state.retention[column], productive
        )
        state.retention[column] = restored(state.retention[column], productive)
        state.level[column] = 1 - (1 - state.level[column]) * missing
        if self.recorded is not None:
            factor = float(state.theories @ missing)
            self.recorded[topic] = 1 - (1 - self.recorded[topic]) * factor
        for prerequisite, _ in self.graph.prerequisites[topic]:
            state.retention[:, prerequisite] = restored(
                state.retention[:, prerequisite], IMPLICIT_SHARE * productive
            )

    def _readiness(self, topic: int) -> float:
        """Return the speed of learning that the prerequisites allow, 0 to 1."""
        mastery = self.expected()
        return min(
            (
                min(1.0, mastery[prerequisite] / (minimum + READY_MARGIN)) ** READY_EXPONENT
                for prerequisite, minimum in self.graph.prerequisites[topic]
            ),
            default=1.0,
        )

    def sleep(self) -> None:
        """Forget for a day."""
        state = self.state
        state.retention[:] = retained(state.retention, state.stability, 1)
        state.retention[Theory.ALL_OR_NONE] = 1.0
