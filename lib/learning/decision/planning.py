"""Plans that bring the most marks within the hours of each day; pure.

A first plan is made day by day: the sessions with the most expected marks per minute are chosen and
then studied by the expected student, so that later days start from what earlier ones teach. A
further session on a topic on the same day counts for less than the first. Topics whose
prerequisites are below the minimum wait until the plan has taught these. The first plan is then
improved by exchanging its sessions, except those that are kept for revision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.expected_student import ExpectedStudent
from lib.learning.decision.improving import Slots, improve
from lib.learning.decision.memory import FloatArray, average
from lib.learning.decision.relevant_topics import relevant_part
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph, TopicId
from lib.learning.decision.trajectory import Simulation
from lib.learning.decision.worth import (
    DECIMALS,
    LEARNED,
    SESSION_MINUTES,
    session_scores,
    worth,
)

SHORTEST_SESSION = 10.0
"""Length below which no session is planned, minutes."""
SAME_DAY = 0.65
"""Factor on the worth of another session on a topic on the same day, and on the next day if topics
are not weighed again by then, because spaced sessions teach more."""
REVISION_SHARE = 0.2
"""Share of the time that is reserved for fading topics."""
TOPIC_SHARE = 0.5
"""Largest share of a day for one topic, since attention wanes."""
FADING = 0.9
"""Expected retention below which a topic that was learned is due for revision."""
HORIZON = 60
"""Minimum number of days that are planned, even for a shorter plan: what comes later decides what
is best now. If the exam is sooner, all days until the exam are planned."""
NEAR_DAYS = 7
"""Number of first days on each of which the first plan weighs all topics again."""
STRIDE = 2
"""Number of days from one weighing of all topics to the next, after the first `NEAR_DAYS` days."""
MOST_ROUNDS = 30
"""Maximum number of changed plans to try."""
WORK, OVERHEAD = 300_000, 150
"""Limit of the sum over all rounds of days times (topics + `OVERHEAD`); `OVERHEAD` is the cost of a
day that does not depend on its topics, as a number of topics."""


@dataclass(frozen=True)
class PlannedSession:
    """Study of a topic on a day of the plan."""

    day: int
    """Days after the start of the plan."""
    topic: TopicId
    minutes: float
    is_revision: bool
    """Whether the topic is expected to be learned by then."""
    marks_per_minute: float
    """Expected marks in percent that the plan would lose without it, for each minute; 0 or more."""


@dataclass(frozen=True)
class StudyTime:
    """The time from the start of a plan until the exam."""

    minutes: Sequence[float]
    """Declared minutes of each day, from the first day of the plan to the day before the exam."""
    attendance: float = 0.9
    """Expected share of the declared minutes that is studied, above 0, at most 1."""


def plan_study(
    graph: TopicGraph,
    state: StudentState,
    time: StudyTime,
    days: int,
    gate: FloatArray | None = None,
    revision_share: float = REVISION_SHARE,
    topic_share: float = TOPIC_SHARE,
    most_rounds: int = MOST_ROUNDS,
) -> list[PlannedSession]:
    """Return the sessions of the first days, in the order in which they are best studied.

    Args:
        graph: The topics.
        state: The student today.
        time: The time until the exam.
        days: Days to plan; only days before the exam are planned.
        gate: Recorded mastery that opens topics, 0 to 1, shape (n,); the expected mastery of the
            day if it is not given.
        revision_share: Share of the time that is reserved for fading topics; on short days it is
            saved until it suffices for a session. With 0, revisions compete by their marks per
            minute, like everything else.
        topic_share: Largest share of a day for one topic, above 0, at most 1.
        most_rounds: Maximum number of rounds of exchanges.
    """
    total = len(time.minutes)
    horizon = max(min(days, total), min(total, HORIZON))
    if horizon == 0 or not graph.ids:
        return []
    recorded_mastery = None if gate is None else np.nan_to_num(gate)
    part = relevant_part(graph, state, recorded_mastery, total, _minutes_left(time, 0))
    graph, state = part.graph, part.state
    simulation = Simulation(graph, state, part.gate, total - horizon)
    first_plan = _first_plan(simulation, time, horizon, revision_share, topic_share)
    rounds = min(most_rounds, _rounds(horizon, len(graph.ids)))
    return _sessions(simulation, improve(simulation, first_plan, rounds), days)


def _minutes_left(time: StudyTime, day: int) -> float:
    """Return the minutes that will be studied from a day on, at least 1."""
    return max(float(np.sum(time.minutes[day:])) * time.attendance, 1.0)


def _rounds(days: int, topics: int) -> int:
    """Return the number of rounds: fewer for long plans, whose rounds take longer."""
    return min(MOST_ROUNDS, int(WORK / (days * (topics + OVERHEAD))))


def _first_plan(
    simulation: Simulation, time: StudyTime, days: int, revision_share: float, topic_share: float
) -> Slots:
    """Return the most valuable sessions of each day, chosen day by day."""
    rows: list[tuple[int, int, float, bool]] = []
    student = ExpectedStudent(simulation.graph, simulation.state, simulation.gate)
    scores = due = np.zeros(len(simulation.graph.ids))
    reserved = 0.0
    for day in range(days):
        minutes = float(time.minutes[day])
        reserved = min(reserved, SESSION_MINUTES) + revision_share * minutes
        state, gate = student.state, student.gate()
        if day < NEAR_DAYS or (day - NEAR_DAYS) % STRIDE == 0:
            until_exam, minutes_left = len(time.minutes) - day, _minutes_left(time, day)
            scores = session_scores(worth(simulation.graph, state, gate, until_exam, minutes_left))
            due = np.where(_is_learned(state) & _is_fading(state), scores, 0.0)
        is_open = simulation.graph.is_open(gate)
        today = np.zeros(len(simulation.graph.ids))
        for topic, length, is_kept in _choose(
            scores * is_open, due * is_open, minutes, reserved, topic_share
        ):
            rows.append((day, topic, length, is_kept))
            today[topic] += length
            reserved -= length * is_kept
        scores = np.where(today > 0, scores * SAME_DAY, scores)
        due = np.where(today > 0, 0.0, due)
        student.study(today)
        student.forget(1)
    limits = topic_share * np.array(time.minutes[:days], dtype=float)
    return Slots.of_rows(rows, (days, len(simulation.graph.ids)), limits)


def _sessions(simulation: Simulation, slots: Slots, days: int) -> list[PlannedSession]:
    """Return the sessions of the first days, the most valuable of each day first."""
    trajectory = simulation.follow(slots.minutes_by_topic)
    loss = -simulation.worth(
        trajectory, simulation.slopes(trajectory), np.zeros_like(trajectory.minutes)
    )
    is_learned = average(trajectory.level, simulation.state.theories) >= LEARNED
    sessions = []
    for day, minutes in enumerate(trajectory.minutes[:days]):
        topics = np.flatnonzero(minutes)
        scores = np.round(np.maximum(loss[day, topics] / minutes[topics], 0.0), DECIMALS)
        for place in np.argsort(-scores, kind="stable").tolist():
            topic = int(topics[place])
            is_revision, score = bool(is_learned[day, topic]), float(scores[place])
            length = float(minutes[topic])
            sessions.append(
                PlannedSession(day, simulation.graph.ids[topic], length, is_revision, score)
            )
    return sessions


def _is_learned(state: StudentState) -> NDArray[np.bool_]:
    """Return whether enough of each topic was learned for a revision, shape (n,)."""
    return average(state.level, state.theories) >= LEARNED


def _is_fading(state: StudentState) -> NDArray[np.bool_]:
    """Return whether enough of each topic is forgotten for a revision, shape (n,)."""
    return average(state.retention, state.theories) < FADING


def _choose(
    scores: FloatArray, due: FloatArray, minutes: float, reserved: float, topic_share: float
) -> list[tuple[int, float, bool]]:
    """Return the sessions of a day: topic, minutes, and whether it is kept for revision.

    Args:
        scores: Marks per minute of each topic, shape (n,).
        due: Marks per minute of the topics that are due for revision; 0 for the others.
        minutes: Minutes of the day.
        reserved: Minutes that are reserved for topics which are due.
        topic_share: Largest share of the day for one topic.
    """
    limit = topic_share * minutes
    revision = min(SESSION_MINUTES, limit)
    room = int(min(reserved, minutes) / revision) if revision >= SHORTEST_SESSION else 0
    revision_topics = [
        topic for topic in np.argsort(-due, kind="stable")[:room].tolist() if due[topic] > 0
    ]
    chosen = [(topic, revision, True) for topic in revision_topics]
    current = scores.copy()
    current[revision_topics] *= SAME_DAY
    minutes_by_topic = np.zeros(len(scores))
    minutes_by_topic[revision_topics] = revision
    remaining = minutes - revision * len(chosen)
    while remaining >= SHORTEST_SESSION:
        topic = int(np.argmax(current))
        if current[topic] <= 0:
            break
        length = SESSION_MINUTES if remaining >= SESSION_MINUTES + SHORTEST_SESSION else remaining
        length = min(length, limit - float(minutes_by_topic[topic]))
        if length < SHORTEST_SESSION:
            current[topic] = 0.0
            continue
        chosen.append((topic, length, False))
        minutes_by_topic[topic] += length
        remaining -= length
        current[topic] *= SAME_DAY
    return chosen
