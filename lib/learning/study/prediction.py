"""Predicted results of the exam."""

from dataclasses import dataclass

from lib.learning.decision.planning import StudyTime, plan_study
from lib.learning.decision.prediction import Prediction, predict_exam
from lib.learning.decision.study_plan import LONGEST_PLAN_DAYS
from lib.learning.decision.topic_graph import MINUTES_PER_HOUR
from lib.learning.study.situation import Situation

ROUNDS = 3
"""Rounds that improve the plan; more would change the result by a few tenths of a percent."""


@dataclass(frozen=True)
class PredictedResult:
    """A student's predicted result."""

    days: int
    """Days until the exam; 0 if it is over, and 60 if it is later or has no date, since habits
    after that are unknown."""
    with_plan: Prediction
    """Result if the student studies by the plan as regularly as in the last four weeks."""
    without_study: Prediction
    """Result if the student stops today."""


def predict_today(situation: Situation) -> Prediction | None:
    """Return a student's predicted result if the exam were today; None without topics."""
    graph = situation.graph
    return predict_exam(graph, situation.committee(), 0) if graph.ids else None


def predict_result(situation: Situation) -> PredictedResult | None:
    """Return a student's predicted result; None without topics."""
    graph = situation.graph
    if not graph.ids:
        return None
    days = min(situation.days_left, LONGEST_PLAN_DAYS)
    minutes = situation.student.available_hours_per_day * MINUTES_PER_HOUR
    committee = situation.committee()
    time = StudyTime([minutes] * days, situation.attendance)
    sessions = plan_study(graph, committee.mean(), time, days, situation.gate, most_rounds=ROUNDS)
    return PredictedResult(
        days,
        predict_exam(graph, committee, days, sessions, situation.attendance),
        predict_exam(graph, committee, days),
    )
