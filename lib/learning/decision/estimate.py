"""Estimation of a student from recorded masteries and past sessions; pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import (
    FIRST_STABILITY,
    IMPLICIT_SHARE,
    MASTERED_LOG,
    PRIOR,
    READY_EXPONENTS,
    READY_LEVEL,
    FloatArray,
    Theory,
    productive,
    restored,
    retained,
    strengthened,
)
from lib.learning.decision.student_model import Committee, PastSession
from lib.learning.decision.topic_graph import TopicGraph

SPEEDS = (0.55, 0.75, 1.0, 1.3, 1.75)
"""Speeds of learning in relation to a topic's estimated minutes."""
SPEED_SPREAD = 0.35
"""Standard deviation of the logarithm of speed in the population."""
FRESHNESS = ((0.88, 0.75), (0.5, 0.25))
"""Pairs: a retention of what was known before the first session, and its probability. Most students
come from lessons, some from a long break."""
GUESS, SLIP = 0.2, 0.04
"""Probability of a right answer without knowledge, and of a wrong one with it."""
MASTERY_ERROR = 0.12
"""Standard deviation of a recorded mastery around the truth."""
SUMMARY_WEIGHT = 0.5
"""Weight of the recorded mastery of a topic with sessions; the sessions' answers count, too."""
LEARNING_ERROR = 0.25
"""Standard deviation of what a session teaches, as a share of what it teaches on average."""
ANSWER_ERROR = 1.3
"""Factor by which an answer's variance exceeds the binomial one, since questions differ."""
UNKNOWN_LEVEL, UNKNOWN_SPREAD = 0.12, 0.15
"""Mean and standard deviation of the level of a topic about which nothing is recorded."""
FEWEST_TOPICS = 5
"""Fewest topics whose mean describes a student."""
LOWEST, HIGHEST = 0.02, 0.98
"""Bounds of an estimated level."""


def estimate(
    graph: TopicGraph,
    mastery: FloatArray,
    sessions: Sequence[PastSession],
    today: int,
    earlier: Sequence[PastSession] = (),
) -> Committee:
    """Return the committee of hypotheses about a student.

    Args:
        graph: The topics.
        mastery: Recorded mastery, 0 to 1, shape (n,); NaN where nothing is recorded.
        sessions: Past sessions in the order of their days; those on other topics and those without
            answers are left out.
        today: Number of the day of the estimate, counted like the days of the sessions.
        earlier: Sessions before `sessions`; only their days are used, as the last study of a topic.
    """
    usable_sessions = [
        each for each in sessions if each.topic in graph.position and each.answers > 0
    ]
    is_practised = np.zeros(len(graph.ids), dtype=bool)
    is_practised[[graph.position[each.topic] for each in usable_sessions]] = True
    replay = _Replay(graph, *_first_knowledge(mastery, is_practised))
    for each in earlier:
        if each.topic in graph.position:
            replay.last_day[graph.position[each.topic]] = each.day
    for each in usable_sessions:
        replay.add(each)
    return replay.committee(today, np.where(is_practised, mastery, np.nan))


def _first_knowledge(
    mastery: FloatArray, practised: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of knowledge before the first session, each of shape (n,).

    Recorded masteries are shrunk towards their mean by the share of their variance that is noise.
    Practised topics get that mean, since their mastery contains what the sessions taught.
    """
    is_recorded = ~np.isnan(mastery)
    typical = mastery[is_recorded & ~practised]
    if typical.size < FEWEST_TOPICS:
        typical = mastery[is_recorded]
    center = float(typical.mean()) if typical.size else UNKNOWN_LEVEL
    spread = float(typical.var()) if typical.size else UNKNOWN_SPREAD**2
    # At least a fifth of the variance counts as true, and some even if all masteries are equal.
    true_variance = max(spread - MASTERY_ERROR**2, 0.03**2 + 0.2 * spread)
    reliability = true_variance / (true_variance + MASTERY_ERROR**2)
    mean = np.where(practised, center, center + reliability * (mastery - center))
    variance = np.where(
        practised, max(true_variance, UNKNOWN_SPREAD**2), true_variance * (1 - reliability)
    )
    return (
        np.where(is_recorded, mean, UNKNOWN_LEVEL),
        np.where(is_recorded, variance, UNKNOWN_SPREAD**2),
    )


class _Replay:
    """The committee while it replays a student's sessions."""

    def __init__(self, graph: TopicGraph, mean: FloatArray, variance: FloatArray) -> None:
        """Take mean and variance of the knowledge before the first session, each of shape (n,)."""
        self.graph = graph
        members = [
            (speed, *each, exponent)
            for speed in SPEEDS
            for each in FRESHNESS
            for exponent in READY_EXPONENTS
        ]
        self.exponents = np.array([exponent for *_, exponent in members])
        shape = (len(Theory), len(members), len(graph.ids))
        self.speeds = np.tile([speed for speed, *_ in members], (len(Theory), 1))
        freshness = np.tile([fresh for _, fresh, *_ in members], (len(Theory), 1))
        freshness[Theory.ALL_OR_NONE] = 1.0
        self.log_weights = (
            np.log(PRIOR)[:, None]
            - 0.5 * (np.log(self.speeds) / SPEED_SPREAD) ** 2
            + np.log([probability for _, _, probability, _ in members])
        )
        self.retention = np.broadcast_to(freshness[:, :, None], shape).copy()
        self.stability = np.broadcast_to(np.array(FIRST_STABILITY)[:, None, None], shape).copy()
        self.level = np.clip(mean / self.retention, LOWEST, HIGHEST)
        self.variance = np.broadcast_to(variance, shape).copy()
        self.last_day = np.zeros(shape[-1])

    def add(self, session: PastSession) -> None:
        """Apply a session to every hypothesis, and compare its expectation with the answers."""
        topic = self.graph.position[session.topic]
        minutes = productive(session.minutes)
        days = session.day - self.last_day[topic]
        self.last_day[topic] = session.day
        before = retained(self.retention[:, :, topic], self.stability[:, :, topic], days)
        self.stability[:, :, topic] = strengthened(self.stability[:, :, topic], before, minutes)
        retention = self._restore(topic, before, minutes)
        speeds = self.speeds * self._readiness(topic, session.day)
        missing = np.exp(-MASTERED_LOG * speeds * minutes / self.graph.minutes[topic])
        level = 1 - (1 - self.level[:, :, topic]) * missing
        learned = level - self.level[:, :, topic]
        variance = self.variance[:, :, topic] * missing**2 + (LEARNING_ERROR * learned) ** 2
        self._correct(topic, level, variance, retention, session)
        for prerequisite, _ in self.graph.prerequisites[topic]:
            self._restore(
                prerequisite, self.retention[:, :, prerequisite], IMPLICIT_SHARE * minutes
            )

    def _readiness(self, topic: int, day: int) -> FloatArray:
        """Return the share of each member's speed that the prerequisites allow.

        Returns:
            Shape (theories, members).
        """
        supply = np.ones_like(self.speeds)
        for each, minimum in self.graph.prerequisites[topic]:
            days = day - self.last_day[each]
            retention = retained(self.retention[:, :, each], self.stability[:, :, each], days)
            knowledge = self.level[:, :, each] * retention
            supply = np.minimum(supply, knowledge / max(minimum, READY_LEVEL))
        share: FloatArray = supply**self.exponents
        return share

    def _restore(self, topic: int, retention: FloatArray, minutes: float) -> FloatArray:
        after = restored(retention, minutes)
        after[Theory.ALL_OR_NONE] = 1.0
        self.retention[:, :, topic] = after
        return after

    def _correct(
        self,
        topic: int,
        level: FloatArray,
        variance: FloatArray,
        retention: FloatArray,
        session: PastSession,
    ) -> None:
        """Correct the levels and the probabilities by a session's answers (a Kalman filter)."""
        expected = level * retention
        scale = 1 - GUESS - SLIP
        right = np.clip(GUESS + scale * expected, 0.05, 0.95)
        noise = ANSWER_ERROR * right * (1 - right) / session.answers / scale**2
        surprise = (session.correct / session.answers - GUESS) / scale - expected
        total = variance * retention**2 + noise
        gain = variance * retention / total
        self.log_weights -= 0.5 * (surprise**2 / total + np.log(total))
        self.level[:, :, topic] = np.clip(level + gain * surprise, LOWEST, HIGHEST)
        self.variance[:, :, topic] = variance * (1 - gain * retention)

    def committee(self, today: int, summary: FloatArray) -> Committee:
        """Return the committee on a day.

        Args:
            today: The day.
            summary: Recorded mastery of the practised topics, shape (n,); NaN for the others. It is
                as of the last answer, before any forgetting, so it corrects the level.
        """
        gain = SUMMARY_WEIGHT * self.variance / (self.variance + MASTERY_ERROR**2)
        change = np.where(np.isnan(summary), 0.0, gain * (summary - self.level))
        weights = np.exp(self.log_weights - np.max(self.log_weights))
        return Committee(
            probabilities=weights / weights.sum(),
            speeds=self.speeds,
            is_hard=self.exponents == READY_EXPONENTS[1],
            level=np.clip(self.level + change, LOWEST, HIGHEST),
            level_variance=self.variance,
            retention=retained(self.retention, self.stability, today - self.last_day),
            stability=self.stability,
        )
