"""Predicted results: intervals worked by hand, and what moves them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.learning.decision.estimate import estimate
from lib.learning.decision.planning import PlannedSession
from lib.learning.decision.prediction import ExamFormat, predict_class, predict_exam
from lib.learning.decision.student_model import Committee
from lib.learning.decision.topic_graph import StudyTopic, TopicGraph, graph_of

ALMOST = 1e-12


def graph(size: int) -> TopicGraph:
    return graph_of([StudyTopic(number, 1, 100) for number in range(size)], [])


def committee(level: float, variance: float) -> Committee:
    """Return a committee on one topic, in which only the theory without forgetting is likely."""
    shape = (3, 1, 1)
    return Committee(
        probabilities=np.array([[ALMOST], [ALMOST], [1 - 2 * ALMOST]]),
        speeds=np.ones((3, 1)),
        is_hard=np.array([False]),
        level=np.full(shape, level),
        level_variance=np.full(shape, variance),
        retention=np.ones(shape),
        stability=np.full(shape, 10.0),
    )


def test_interval_agrees_with_a_calculation_by_hand() -> None:
    prediction = predict_exam(graph(1), committee(0.6, 0.0025), 10, exam=ExamFormat(questions=0))
    # Credit 1 / (1 + exp(8 (0.6 - 0.6))) = 0.5; slope 8 * 0.5 * 0.5 = 2 per unit of level, so 0.05
    # of level is 10 marks of 100. With the error of 7 that the theories share:
    # sqrt(100 + 49) = 12.207.
    assert prediction.mean == pytest.approx(50)
    assert prediction.low == pytest.approx(50 - 1.95996 * 12.207, abs=0.1)
    assert prediction.high == pytest.approx(50 + 1.95996 * 12.207, abs=0.1)


def test_limited_number_of_questions_widens_the_interval_as_calculated_by_hand() -> None:
    prediction = predict_exam(graph(1), committee(0.6, 0.0025), 10, exam=ExamFormat(questions=100))
    # Binomial: 100 questions at 0.5 have a variance of 25 marks²: sqrt(100 + 25 + 49) = 13.191.
    assert prediction.high - prediction.low == pytest.approx(2 * 1.95996 * 13.191, abs=0.2)


def test_marks_for_other_topics_are_predicted_like_those_for_the_stored_ones() -> None:
    whole = graph_of([StudyTopic("only", 30, 100)], [])
    part = graph_of([StudyTopic("only", 30, 100)], [], other_weight=70)
    assert part.marks == pytest.approx([30])
    expected, prediction = (predict_exam(it, committee(0.6, 0.0025), 10) for it in (whole, part))
    assert (prediction.mean, prediction.high) == pytest.approx((expected.mean, expected.high))


def test_guessing_lifts_and_flattens_the_result() -> None:
    form = ExamFormat(questions=0, guess=0.2, slip=0.04)
    prediction = predict_exam(graph(1), committee(0.6, 0.0025), 10, exam=form)
    # 0.2 + 0.76 * 0.5 = 0.58; the slope shrinks by 0.76: sqrt(7.6² + 49) = 10.332.
    assert prediction.mean == pytest.approx(58)
    assert prediction.high == pytest.approx(58 + 1.95996 * 10.332, abs=0.1)


def test_a_class_averages_out_errors_about_students_but_not_those_of_the_theories() -> None:
    students = [
        predict_exam(graph(1), committee(level, 0.0025), 10, exam=ExamFormat(questions=0))
        for level in (0.6, 0.6, 0.6, 0.6)
    ]
    whole = predict_class(students)
    # The variance of 100 falls to 25 for four students; the 49 of the error that the theories share
    # stays: sqrt(74) = 8.602.
    assert whole.mean == pytest.approx(50)
    assert whole.high - whole.low == pytest.approx(2 * 1.95996 * 8.602, abs=0.2)


def test_planned_study_raises_the_prediction_and_absence_lowers_it_again() -> None:
    estimated = estimate(graph(1), np.array([0.3]), [], 0)
    sessions = [PlannedSession(day, 0, 30, False, 1.0) for day in range(5)]
    without, half, full = (
        predict_exam(graph(1), estimated, 6, plan, attendance).mean
        for plan, attendance in (((), 1.0), (sessions, 0.5), (sessions, 1.0))
    )
    assert full > half + 3 > without + 6


def test_waiting_lowers_the_prediction_by_what_is_forgotten() -> None:
    estimated = estimate(graph(3), np.array([0.7, 0.8, 0.6]), [], 0)
    soon, later = (predict_exam(graph(3), estimated, days) for days in (0, 60))
    assert later.mean < soon.mean - 5


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(0, 200))
@hypothesis_settings(max_examples=50, deadline=None)
def test_intervals_surround_the_mean_within_0_and_100(mastery: list[float], days: int) -> None:
    estimated = estimate(graph(len(mastery)), np.array(mastery), [], 0)
    prediction = predict_exam(graph(len(mastery)), estimated, days)
    assert 0 <= prediction.low <= prediction.mean <= prediction.high <= 100
