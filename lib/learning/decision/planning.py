"""Plans that bring the most marks within the hours of each day; pure.

Day by day, the sessions with the most expected marks per minute are chosen and then studied by the
expected student, so that later days start from what earlier ones teach. A topic comes once a day
unless nothing else is worth as much. Topics whose prerequisites are below the minimum wait until
the plan has taught these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.expected_student import ExpectedStudent
from lib.learning.decision.memory import FloatArray, average
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph, TopicId
from lib.learning.decision.worth import SESSION_MINUTES, session_scores, worth

SHORTEST_SESSION = 10.0
"""Minutes below which nothing is begun."""
SAME_DAY = 0.65
"""Worth of another session on a topic on the same day: rest between sessions teaches more."""
REVISION_SHARE = 0.2
"""Share of a day that topics which fade have before all others."""
FADING = 0.9
"""Expected retention below which a topic that was learned is due for revision."""
LEARNED = 0.6
"""Level from which on a session counts as revision."""


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
    revision_share: float = REVISION_SHARE,
) -> list[PlannedSession]:
    """Return the sessions of the first days, in the order in which they are best studied.

    Args:
        graph: The topics.
        state: The student today.
        time: The time until the exam.
        days: Days to plan; none after the exam is planned.
        gate: Recorded mastery that opens topics, 0 to 1, shape (n,); the expected mastery of the
            day if it is not given.
        revision_share: Share of each day that topics which fade have before all others; 0 leaves
            revisions to their marks per minute, like everything else.
    """
    sessions: list[PlannedSession] = []
    learner = ExpectedStudent(graph, state, gate)
    total = len(time.minutes)
    for day in range(min(days, total)):
        minutes = float(time.minutes[day])
        if minutes >= SHORTEST_SESSION:
            left = float(np.sum(time.minutes[day:])) * time.attendance
            state = learner.state
            judged = worth(graph, state, learner.gate(), total - day, left)
            scores = session_scores(judged)
            known = average(state.level, state.theories) >= LEARNED
            due = np.where(known & _is_fading(state), scores, 0.0)
            for topic, length in _choose(scores, due, minutes, revision_share):
                revises, score = bool(known[topic]), float(scores[topic])
                sessions.append(PlannedSession(day, graph.ids[topic], length, revises, score))
                learner.study(topic, length)
        learner.rest(1)
    return sessions


def _is_fading(state: StudentState) -> NDArray[np.bool_]:
    """Return the topics of which enough is forgotten for a revision, shape (n,)."""
    return average(state.retention, state.theories) < FADING


def _choose(
    scores: FloatArray, due: FloatArray, minutes: float, revision_share: float
) -> list[tuple[int, float]]:
    """Return topics and minutes of a day, the most valuable first, within its minutes.

    Args:
        scores: Marks per minute of each topic, shape (n,).
        due: The same of topics that are due for revision, which have a share of the time; else 0.
        minutes: Minutes of the day.
        revision_share: Share of them that is for topics that are due.
    """
    room = int(revision_share * minutes / SESSION_MINUTES)
    revised = np.argsort(-due, kind="stable")[:room].tolist()
    chosen = {topic: SESSION_MINUTES for topic in revised if due[topic] > 0}
    current = scores.copy()
    current[list(chosen)] *= SAME_DAY
    left = minutes - sum(chosen.values())
    while left >= SHORTEST_SESSION:
        topic = int(np.argmax(current))
        if current[topic] <= 0:
            break
        length = SESSION_MINUTES if left >= SESSION_MINUTES + SHORTEST_SESSION else left
        chosen[topic] = chosen.get(topic, 0.0) + length
        left -= length
        current[topic] *= SAME_DAY
    return sorted(chosen.items(), key=lambda each: (-scores[each[0]], each[0]))
