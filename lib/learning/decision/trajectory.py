"""The trajectory of a student who follows a plan, and the worth of changes of the plan; pure.

The expected student of each theory follows a plan day by day. Derivatives, computed backwards
through the same days, say how many marks at the exam a little more level, retention or stability
on a day is worth, with all its effects on later sessions, on prerequisites and on forgetting.
Together they give the worth of one session more or less on any topic and any day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.expected_student import ExpectedStudent
from lib.learning.decision.memory import (
    IMPLICIT_SHARE,
    FloatArray,
    average,
    credit,
    credit_slope,
    productive_of_day,
    restored,
    restored_share,
    retained,
    retained_slopes,
    strengthened,
    strengthened_slopes,
)
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import TopicGraph
from lib.learning.decision.worth import minutes_per_log


@dataclass(frozen=True)
class Trajectory:
    """Knowledge of the expected student at the beginning of each day, if a plan is followed."""

    minutes: FloatArray
    """Minutes of each topic on each day, shape (days, n)."""
    level: FloatArray
    """Shape (3, days, n), like retention and stability."""
    retention: FloatArray
    stability: FloatArray
    supply: FloatArray
    """Mastery of each topic's weakest prerequisite divided by the mastery needed, at most 1, shape
    (days, n)."""
    is_open: NDArray[np.bool_]
    """Topics whose prerequisites have their minimum mastery, shape (days, n)."""
    last: StudentState
    """The student after the plan."""
    marks: float
    """Expected marks at the exam, in percent."""

    @property
    def keeps_prerequisites(self) -> bool:
        """Whether every topic is open on the days on which it is studied."""
        return bool(self.is_open[self.minutes > 0].all())


class Simulation:
    """Simulation of plans from a student's state to the exam."""

    def __init__(
        self,
        graph: TopicGraph,
        state: StudentState,
        gate: FloatArray | None,
        days_after_plan: float,
    ) -> None:
        """Take the recorded mastery that opens topics, if any, and the days from plan to exam."""
        self.graph, self.state, self.gate = graph, state, gate
        self.days_after_plan = days_after_plan
        self.minutes_per_log = minutes_per_log(graph, state)

    def follow(self, minutes: FloatArray) -> Trajectory:
        """Return the trajectory of a student who follows a plan.

        Args:
            minutes: Minutes of each topic on each day, shape (days, n).
        """
        student = ExpectedStudent(self.graph, self.state, self.gate)
        level, retention, stability = (
            np.empty((len(self.state.theories), *minutes.shape)) for _ in range(3)
        )
        gates = np.empty(minutes.shape)
        useful = productive_of_day(minutes)
        restoring = useful + self.graph.implicit_minutes(useful)
        for day in range(len(minutes)):
            state = student.state
            level[:, day], retention[:, day] = state.level, state.retention
            stability[:, day], gates[day] = state.stability, student.gate()
            student.learn(useful[day], restoring[day])
            student.forget(1)
        last = student.state
        student.forget(self.days_after_plan)
        knowledge = student.state.level * student.state.retention
        return Trajectory(
            minutes=minutes,
            level=level,
            retention=retention,
            stability=stability,
            supply=self.graph.supply(average(level * retention, last.theories)),
            is_open=self.graph.is_open(gates),
            last=last,
            marks=float(self.graph.marks @ average(credit(knowledge), last.theories)),
        )

    def slopes(self, trajectory: Trajectory) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the worth of a unit more of level, retention or stability after each day's study.

        Returns:
            Each of shape (3, days, n), marks in percent.
        """
        state = self.state
        theories = state.theories[:, None]
        useful = productive_of_day(trajectory.minutes)
        restoring = useful + self.graph.implicit_minutes(useful)
        ready = state.readiness(trajectory.supply)
        missing = np.exp(-ready * useful / self.minutes_per_log[:, None, :])
        fresh = restored(trajectory.retention, restoring)
        stable = strengthened(trajectory.stability, trajectory.retention, useful)
        night_retention, night_stability = retained_slopes(fresh, stable, 1)
        by_stability, by_retention = strengthened_slopes(
            trajectory.stability, trajectory.retention, useful
        )
        kept_share = 1 - restored_share(restoring)
        supply_slope = (
            state.readiness_slope(trajectory.supply)
            * useful
            * ((1 - trajectory.level) * missing / self.minutes_per_log[:, None, :])
        )
        weakest, needed = self._weakest(trajectory)
        level, retention, stability = (np.empty_like(trajectory.level) for _ in range(3))
        level_slope, retention_slope, stability_slope = self._at_the_end(trajectory)
        for day in reversed(range(len(trajectory.minutes))):
            stability_slope = stability_slope + retention_slope * night_stability[:, day]
            retention_slope = retention_slope * night_retention[:, day]
            level[:, day], retention[:, day], stability[:, day] = (
                level_slope,
                retention_slope,
                stability_slope,
            )
            through = (level_slope * supply_slope[:, day]).sum(axis=0) / needed[day]
            mastery_slope = np.bincount(weakest[day], through, len(through) + 1)[:-1]
            level_slope = (
                level_slope * missing[:, day]
                + theories * mastery_slope * trajectory.retention[:, day]
            )
            retention_slope = (
                retention_slope * kept_share[day]
                + stability_slope * by_retention[:, day]
                + theories * mastery_slope * trajectory.level[:, day]
            )
            stability_slope = stability_slope * by_stability[:, day]
        return level, retention, stability

    def _at_the_end(self, trajectory: Trajectory) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the worth of a unit more of level, retention or stability after the plan."""
        last = trajectory.last
        level, retention, stability = last.level, last.retention, last.stability
        at_exam = retained(retention, stability, self.days_after_plan)
        value = self.state.theories[:, None] * self.graph.marks * credit_slope(level * at_exam)
        by_retention, by_stability = retained_slopes(retention, stability, self.days_after_plan)
        return value * at_exam, value * level * by_retention, value * level * by_stability

    def _weakest(self, trajectory: Trajectory) -> tuple[NDArray[np.intp], FloatArray]:
        """Return each topic's weakest prerequisite on each day, and the mastery it must have."""
        positions, _, needed = self.graph.table
        if positions.shape[1] == 0:
            shape = trajectory.supply.shape
            return np.full(shape, shape[1]), np.ones(shape)
        mastery = average(trajectory.level * trajectory.retention, self.state.theories)
        column = (self.graph.prerequisite_values(mastery, np.inf) / needed).argmin(axis=-1)
        rows = np.arange(len(needed))
        return positions[rows, column], needed[rows, column]

    def worth(
        self,
        trajectory: Trajectory,
        slopes: tuple[FloatArray, FloatArray, FloatArray],
        minutes: FloatArray,
    ) -> FloatArray:
        """Return the marks that each change of a topic's minutes on a day would add on its own.

        Args:
            trajectory: The trajectory of the plan.
            slopes: Its slopes.
            minutes: The minutes after the change, shape (days, n).

        Returns:
            Shape (days, n), marks in percent; below 0 where the change would cost marks.
        """
        before, after = productive_of_day(trajectory.minutes), productive_of_day(minutes)
        rate = self.state.readiness(trajectory.supply) / self.minutes_per_log[:, None, :]
        level_gain = (1 - trajectory.level) * (np.exp(-rate * before) - np.exp(-rate * after))
        kept_share = 1 - restored_share(before + self.graph.implicit_minutes(before))
        forgotten = (1 - trajectory.retention) * kept_share
        retention_gain = forgotten * restored_share(after - before)
        stability_gain = strengthened(
            trajectory.stability, trajectory.retention, after
        ) - strengthened(trajectory.stability, trajectory.retention, before)
        level_slope, retention_slope, stability_slope = slopes
        own = (
            level_slope * level_gain
            + retention_slope * retention_gain
            + stability_slope * stability_gain
        )
        refreshing = (retention_slope * forgotten).sum(axis=0)
        worth_of_use = self.graph.prerequisite_values(refreshing, 0.0).sum(axis=-1)
        total: FloatArray = own.sum(axis=0) + worth_of_use * restored_share(
            IMPLICIT_SHARE * (after - before)
        )
        return total
