"""Predicted results of a class."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from lib.learning.class_analytics.wire import IntervalOut, StudentPredictionOut
from lib.learning.current_user import Call
from lib.learning.decision.prediction import Prediction, predict_class
from lib.learning.students.student import Student
from lib.learning.study.prediction import predict_today
from lib.learning.study.situation import situations_of

NAMELESS = "(no account)"
"""Name of a student whose adopted profile has no account."""


def predict(call: Call, students: Sequence[Student]) -> Mapping[UUID, Prediction]:
    """Return each student's predicted result if the exam were today; empty without topics."""
    situations = situations_of(call, students)
    results = {student_id: predict_today(it) for student_id, it in situations.items()}
    return {student_id: it for student_id, it in results.items() if it is not None}


def mean_prediction(results: Collection[Prediction]) -> tuple[float, IntervalOut]:
    """Return the predicted mean of a class with its interval; 0 without results."""
    if not results:
        return 0.0, IntervalOut(lower=0.0, upper=0.0)
    prediction = predict_class(list(results))
    return prediction.mean, IntervalOut(lower=prediction.low, upper=prediction.high)


def predictions(
    students: Sequence[Student], results: Mapping[UUID, Prediction]
) -> list[StudentPredictionOut]:
    """Return the predicted results, the lowest first."""
    rows = [
        StudentPredictionOut(
            student_id=student.live_id,
            student_name=student.username or NAMELESS,
            predicted_score=round(results[student.id].mean, 1),
            confidence_interval=IntervalOut(
                lower=round(results[student.id].low, 1),
                upper=round(results[student.id].high, 1),
            ),
        )
        for student in students
        if student.id in results
    ]
    return sorted(rows, key=lambda it: it.predicted_score)
