"""Worth of study: expected marks on the day of the exam for each minute; pure.

Learning, revising and opening topics are measured in the same unit. Knowledge is valued as it will
be on the day of the exam. While there is time for a last revision, forgetting until then counts
only as far as that revision does not make up for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.closed_sets import ClosedSets, closed_sets
from lib.learning.decision.memory import (
    MASTERED_LOG,
    READY_LEVEL,
    FloatArray,
    average,
    credit,
    productive,
    restored,
    restored_share,
    retained,
    strengthened,
)
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph

SESSION_MINUTES = 20.0
"""Length of a session. Shorter ones lose time to settling down; longer ones, to fatigue."""
REVISION_MINUTES = 15.0
"""Length of a last revision."""
SHARE = productive(SESSION_MINUTES) / SESSION_MINUTES
"""Productive share of a session."""
TARGET_LEVELS = np.array([0.35, 0.5, 0.65, 0.8, 0.9, 0.95])
"""Levels that learning may aim at; the best one counts."""
LEARNED_RETENTION = 0.95
"""Retention at the end of learning that is spread over several sessions."""
LEARNED_STABILITY = (2.5, 1.6, 1.0)
"""Factor by which stability has grown at the end of learning, by theory."""
REVISABLE = 0.05
"""Smallest expected gain of knowledge for which time for a last revision is kept."""
PREREQUISITE_MARGIN = 0.1
"""Mastery by which a prerequisite is learned beyond its minimum, so that the minimum is not lost at
once."""
HIGHEST_LEVEL = 0.95
"""Highest level to which a prerequisite is learned."""
LEARNED = 0.6
"""Expected level at or above which studying a topic counts as revision."""
WEAK_MASTERY = 0.5
"""Mastery of a prerequisite below which strengthening it before its dependents is considered."""
LOWEST_READINESS = 0.05
"""Lower bound of the readiness that minutes are divided by."""
SHORTEST_PREREQUISITE = 12.0  # minutes

DECIMALS = 9
"""Decimals to which scores are rounded; of topics with equal scores, the first is chosen."""


@dataclass(frozen=True)
class Worth:
    """Worth of studying each topic now; all of shape (n,)."""

    own: FloatArray
    """Marks per minute of the topic itself, by learning or by revising it."""
    own_minutes: FloatArray
    """Minutes that the best way to study the topic itself takes."""
    through: FloatArray
    """Marks per minute of the best topic that this one leads to, together with all that is missing
    or weak before it; -inf if it leads to none."""
    target: NDArray[np.intp]
    """Position of that topic."""
    package: FloatArray
    """Marks per minute of learning each topic with all that is missing or weak before it."""
    is_open: NDArray[np.bool_]
    """Topics whose prerequisites have their minimum mastery."""


def worth(
    graph: TopicGraph, state: StudentState, gate: FloatArray, days: float, minutes: float
) -> Worth:
    """Return the worth of studying each topic.

    Args:
        graph: The topics.
        state: The student.
        gate: Mastery that opens topics, 0 to 1, shape (n,).
        days: Days until the exam, 0 or more.
        minutes: Minutes of study that are left until the exam, more than 0.
    """
    at_exam = retained(state.retention, state.stability, days)
    revised = at_exam + (1 - at_exam) * restored_share(productive(REVISION_MINUTES))
    useful = average(state.level * (revised - at_exam), state.theories) > REVISABLE
    is_time = minutes > REVISION_MINUTES * np.count_nonzero(useful)
    share = float(restored_share(productive(REVISION_MINUTES))) if is_time else 0.0
    ready = np.maximum(state.readiness(graph.supply(state.mastery)), LOWEST_READINESS)
    now = _marks(graph, state, state.level, at_exam, share)
    one_session = (_after_session(graph, state, ready, days, share) - now) / SESSION_MINUTES
    needed_minutes, gained_marks = _by_target(graph, state, days, share, now)
    slowed_minutes = needed_minutes / ready
    by_target = np.where(needed_minutes > 0, gained_marks / np.maximum(slowed_minutes, 1), 0.0)
    by_target *= np.minimum(1, minutes / np.maximum(slowed_minutes, 1))
    best = by_target.argmax(axis=0)
    columns = np.arange(len(graph.ids))
    is_session = one_session >= by_target[best, columns]
    sets = closed_sets(graph, np.minimum(gate, state.mastery), WEAK_MASTERY)
    packages = _packages(
        graph, state, days, share, sets, now, needed_minutes, gained_marks, minutes
    )
    through, target = sets.best_for_roots(packages)
    return Worth(
        own=np.where(is_session, one_session, by_target[best, columns]),
        own_minutes=np.where(is_session, SESSION_MINUTES, slowed_minutes[best, columns]),
        through=through,
        target=target,
        package=packages,
        is_open=graph.is_open(gate),
    )


def session_scores(topic_worth: Worth) -> FloatArray:
    """Return the marks per minute of a session on each topic, shape (n,); 0 for closed ones.

    An open topic has its own marks per minute or, if they are more, those of the best topic that it
    leads to.
    """
    best = np.where(topic_worth.is_open, np.maximum(topic_worth.own, topic_worth.through), 0.0)
    scores: FloatArray = np.maximum(best, 0.0).round(DECIMALS)
    return scores


def minutes_per_log(graph: TopicGraph, state: StudentState) -> FloatArray:
    """Return the productive minutes in which what is not learned falls to 37 %, shape (3, n)."""
    return graph.minutes / (MASTERED_LOG * state.speed[:, None])


def _marks(
    graph: TopicGraph,
    state: StudentState,
    level: FloatArray,
    retention: FloatArray,
    revision: float,
) -> FloatArray:
    """Return the expected marks of topics in percent, averaged over the theories.

    Args:
        graph: The topics.
        state: The student.
        level: First axis: theories; last axis: topics.
        retention: Retention at the exam without a last revision; of the same shape.
        revision: Share of what is forgotten that a last revision will restore.
    """
    knowledge = level * (retention + (1 - retention) * revision)
    return graph.marks * average(credit(knowledge), state.theories)


def _after_session(
    graph: TopicGraph,
    state: StudentState,
    ready: FloatArray,
    days: float,
    revision: float,
) -> FloatArray:
    """Return the expected marks of each topic after a session on it, shape (n,)."""
    minutes = productive(SESSION_MINUTES)
    missing = np.exp(-minutes * ready / minutes_per_log(graph, state))
    stability = strengthened(state.stability, state.retention, minutes)
    at_exam = retained(restored(state.retention, minutes), stability, days)
    return _marks(graph, state, 1 - (1 - state.level) * missing, at_exam, revision)


def _by_target(
    graph: TopicGraph, state: StudentState, days: float, revision: float, now: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return minutes and gained marks for each target level, each of shape (levels, n).

    Both are 0 where the target is reached already.
    """
    level = state.level[:, None, :]
    target = np.maximum(TARGET_LEVELS[:, None], level)
    logs = np.log((1 - level) / (1 - target)) * minutes_per_log(graph, state)[:, None, :] / SHARE
    needed_minutes = average(logs, state.theories)
    at_exam = _learned_retention(state, days)
    after = _marks(graph, state, target, at_exam[:, None, :], revision)
    is_ahead = needed_minutes > 0
    return (
        np.where(is_ahead, np.maximum(needed_minutes, SESSION_MINUTES), 0.0),
        np.where(is_ahead, after - now, 0.0),
    )


def _learned_retention(state: StudentState, days: float) -> FloatArray:
    """Return the retention at the exam of what is learned now, shape (3, n)."""
    stability = state.stability * np.array(LEARNED_STABILITY)[:, None]
    return retained(np.full_like(stability, LEARNED_RETENTION), stability, days)


def _packages(
    graph: TopicGraph,
    state: StudentState,
    days: float,
    revision: float,
    sets: ClosedSets,
    now: FloatArray,
    needed_minutes: FloatArray,
    gained_marks: FloatArray,
    minutes: float,
) -> FloatArray:
    """Return the marks per minute of each topic with what is missing or weak before it, (n,)."""
    target = np.minimum(
        (np.maximum(graph.highest_minimum, WEAK_MASTERY) + PREREQUISITE_MARGIN) / LEARNED_RETENTION,
        HIGHEST_LEVEL,
    )
    level = np.maximum(state.level, target)
    logs = np.log((1 - state.level) / (1 - level)) * minutes_per_log(graph, state) / SHARE
    cost = np.maximum(average(logs, state.theories), SHORTEST_PREREQUISITE)
    after = _marks(graph, state, level, _learned_retention(state, days), revision)
    before = sets.totals(np.column_stack((cost, np.maximum(after - now, 0.0))))
    supply = min(1.0, (WEAK_MASTERY + PREREQUISITE_MARGIN) / READY_LEVEL)
    readiness = float(state.readiness(np.array(supply)))
    total = (needed_minutes + before[:, 0]) / np.where(sets.is_complete, 1.0, readiness)
    rate = (
        (gained_marks + before[:, 1])
        / np.maximum(total, 1)
        * np.minimum(1, minutes / np.maximum(total, 1))
    )
    best: FloatArray = np.where(needed_minutes > 0, rate, 0.0).max(axis=0)
    return best
