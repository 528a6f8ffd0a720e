"""Improvement of a plan by exchanging its sessions; pure.

For every session, the topic that would bring the most marks in its place is considered; for every
two sessions, a swap of their topics is considered. The best exchanges that do not touch the same
topics are made together and kept if the expected student has more marks at the exam and every topic
is open when it is studied; otherwise half of them are tried. A round tries one such changed plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import FloatArray
from lib.learning.decision.trajectory import Simulation, Trajectory
from lib.learning.decision.worth import SESSION_MINUTES

MOST_AT_ONCE = 16
"""Maximum number of exchanges in a round."""
MOST_LOOKED_AT = 600
"""Maximum number of sessions among which a round looks for exchanges: the time for swaps grows with
their square, and a student with many hours a day has thousands of sessions."""
ROUNDING = 1e-9  # minutes
LEAST_GAIN = 1e-6
"""Marks in percent below which an exchange is not worth trying."""


@dataclass(frozen=True)
class Slots:
    """Sessions of a plan; arrays of shape (sessions,) unless noted."""

    day: NDArray[np.intp]
    topic: NDArray[np.intp]
    minutes: FloatArray
    is_kept: NDArray[np.bool_]
    """Sessions that stay as they are."""
    shape: tuple[int, int]
    """Number of days and of topics."""
    limits: FloatArray
    """Maximum minutes of one topic on each day, shape (days,)."""

    @classmethod
    def of_rows(
        cls,
        rows: Sequence[tuple[int, int, float, bool]],
        shape: tuple[int, int],
        limits: FloatArray,
    ) -> "Slots":
        """Return sessions from rows of day, topic, minutes and whether it is kept."""
        return cls(
            np.array([day for day, *_ in rows], dtype=np.intp),
            np.array([topic for _, topic, *_ in rows], dtype=np.intp),
            np.array([minutes for _, _, minutes, _ in rows], dtype=float),
            np.array([is_kept for *_, is_kept in rows], dtype=bool),
            shape,
            limits,
        )

    @property
    def minutes_by_topic(self) -> FloatArray:
        """Minutes of each topic on each day, shape (days, topics)."""
        table = np.zeros(self.shape)
        np.add.at(table, (self.day, self.topic), self.minutes)
        return table


@dataclass(frozen=True)
class Exchange:
    """New topics for one or two sessions."""

    gain: float
    """Approximate gain, marks in percent."""
    sessions: tuple[int, ...]
    topics: tuple[int, ...]


def improve(simulation: Simulation, slots: Slots, rounds: int) -> Slots:
    """Return a plan with at least as many expected marks.

    Args:
        simulation: Simulation of the time until the exam.
        slots: The plan.
        rounds: Maximum number of plans to try.
    """
    trajectory = simulation.follow(slots.minutes_by_topic)
    exchanges = _exchanges(simulation, trajectory, slots)
    size = MOST_AT_ONCE
    for _ in range(rounds):
        if not exchanges:
            break
        size = min(size, len(exchanges))
        candidate = _with_exchanges(slots, exchanges[:size])
        other = simulation.follow(candidate.minutes_by_topic)
        if other.marks > trajectory.marks and other.keeps_prerequisites:
            slots, trajectory = candidate, other
            exchanges = _exchanges(simulation, trajectory, slots)
            size = min(2 * size, MOST_AT_ONCE)
        elif size > 1:
            size //= 2
        else:
            exchanges = exchanges[1:]
    return slots


def _with_exchanges(slots: Slots, exchanges: Sequence[Exchange]) -> Slots:
    topic = slots.topic.copy()
    for each in exchanges:
        topic[list(each.sessions)] = each.topics
    return replace(slots, topic=topic)


def _exchanges(simulation: Simulation, trajectory: Trajectory, slots: Slots) -> list[Exchange]:
    """Return promising exchanges of which no two touch the same topic, the best first."""
    if not slots.day.size:
        return []
    marks_instead, marks_now = _prices(simulation, trajectory, slots)
    positions = _most_promising(marks_instead, marks_now)
    marks_instead, marks_now, topic = (
        marks_instead[positions],
        marks_now[positions],
        slots.topic[positions],
    )
    options = _replacements(marks_instead, marks_now) + _swaps(marks_instead, marks_now, topic)
    options.sort(key=lambda each: -each.gain)
    used_topics: set[int] = set()
    chosen = []
    for each in options:
        topics = {*each.topics, *topic[list(each.sessions)].tolist()}
        if used_topics.isdisjoint(topics):
            used_topics |= topics
            sessions = tuple(positions[list(each.sessions)].tolist())
            chosen.append(replace(each, sessions=sessions))
    return chosen


def _most_promising(marks_instead: FloatArray, marks_now: FloatArray) -> NDArray[np.intp]:
    """Return the positions of the sessions that gain most by another topic, or lose least."""
    if len(marks_now) <= MOST_LOOKED_AT:
        return np.arange(len(marks_now))
    gains = marks_instead.max(axis=1) - marks_now
    return np.sort(np.argsort(-gains, kind="stable")[:MOST_LOOKED_AT])


def _prices(
    simulation: Simulation, trajectory: Trajectory, slots: Slots
) -> tuple[FloatArray, FloatArray]:
    """Return the marks that topics would bring in place of sessions, and those of the sessions now.

    Returns:
        Shape (sessions, topics), -inf where a topic cannot take the place; and (sessions,).
    """
    slopes = simulation.slopes(trajectory)
    cells = slots.day, slots.topic
    longer = simulation.worth(trajectory, slopes, trajectory.minutes + SESSION_MINUTES)
    shorter = trajectory.minutes.copy()
    shorter[cells] -= slots.minutes
    marks_instead = np.where(trajectory.is_open, longer, -np.inf)[slots.day]
    marks_instead *= slots.minutes[:, None] / SESSION_MINUTES
    marks_instead[np.arange(len(slots.day)), slots.topic] = -np.inf
    marks_instead[slots.is_kept] = -np.inf
    minutes_after = trajectory.minutes[slots.day] + slots.minutes[:, None]
    marks_instead[minutes_after > slots.limits[slots.day, None] + ROUNDING] = -np.inf
    return marks_instead, -simulation.worth(trajectory, slopes, shorter)[cells]


def _replacements(marks_instead: FloatArray, marks_now: FloatArray) -> list[Exchange]:
    """Return the best other topic of each session where it would bring more marks."""
    best = marks_instead.argmax(axis=1)
    gains = marks_instead.max(axis=1) - marks_now
    return [
        Exchange(float(gains[session]), (session,), (int(best[session]),))
        for session in np.flatnonzero(gains > LEAST_GAIN).tolist()
    ]


def _swaps(
    marks_instead: FloatArray, marks_now: FloatArray, topic: NDArray[np.intp]
) -> list[Exchange]:
    """Return, for each session, the best swap of topics with another one, if any gains marks."""
    crossed = marks_instead[:, topic]
    gains = crossed + crossed.T - marks_now[:, None] - marks_now
    best = gains.argmax(axis=1).tolist()
    return [
        Exchange(
            float(gains[session, best[session]]),
            (session, best[session]),
            (int(topic[best[session]]), int(topic[session])),
        )
        for session in np.flatnonzero(gains.max(axis=1) > LEAST_GAIN).tolist()
    ]
