"""Predicted results of the exam, with intervals, for a student and for a class; pure.

Intervals include the uncertainty of the theory of memory, the levels, the speed, what is learned
and forgotten until the exam, the questions of the exam, and an error that all theories share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erf, sqrt

import numpy as np

from lib.learning.decision.expected_student import ExpectedStudent
from lib.learning.decision.memory import FloatArray, Theory, credit
from lib.learning.decision.planning import PlannedSession
from lib.learning.decision.student_model import Committee, StudentState
from lib.learning.decision.topic_graph import PERCENT, TopicGraph

MODEL_ERROR = 7.0
"""Standard deviation of the error that all theories share, in percent of the marks.
With it, intervals hold 95 % of the results of simulated students who follow none of the theories
(`python -m benchmarks learning`)."""
RETENTION_ERROR = 0.4
"""Standard deviation of what a topic loses, as a share of the expected loss: topics differ."""
LEARNING_ERROR = 0.25
"""Standard deviation of what a topic gains from the plan, as a share of the expected gain."""
STEP = 1e-3
"""Change of knowledge by which the slope of the marks is measured."""
PRECISION = 1e-3
"""Precision of the ends of intervals, in percent of the marks."""


@dataclass(frozen=True)
class ExamFormat:
    """Conversion of knowledge into marks."""

    questions: int = 50
    """Number of questions; the fewer there are, the more random a result is. With 0, the choice of
    questions adds no randomness."""
    guess: float = 0.0
    """Probability of a right answer without knowledge."""
    slip: float = 0.0
    """Probability of a wrong answer with knowledge."""


@dataclass(frozen=True)
class Prediction:
    """A predicted result in percent of the marks."""

    mean: float
    low: float
    """Lower end of the 95 % interval, 0 or more."""
    high: float
    """Upper end, at most 100."""
    theories: FloatArray
    """Probability of each theory, shape (3,)."""
    means: FloatArray
    """Mean by theory, shape (3,)."""
    variances: FloatArray
    """Variance by theory without `MODEL_ERROR`, the error that all theories share, shape (3,)."""


def predict_exam(
    graph: TopicGraph,
    committee: Committee,
    days: int,
    sessions: Sequence[PlannedSession] = (),
    attendance: float = 1.0,
    exam: ExamFormat | None = None,
) -> Prediction:
    """Return a student's predicted result.

    The part of the exam outside the topics is expected to bring the same share of its marks.

    Args:
        graph: The topics.
        committee: Hypotheses about the student today.
        days: Days until the exam, 0 or more.
        sessions: Planned sessions until then, in the order of their days; empty without a plan.
        attendance: Share of their minutes that is expected to be studied, 0 to 1.
        exam: Rules by which knowledge becomes marks.
    """
    exam_format = exam or ExamFormat()
    marks = _shares_of_exam(graph)
    state = committee.mean()
    spread = _speed_spread(committee)
    expected = _at_exam(graph, state, days, sessions, attendance)
    quicker = replace(state, speed=state.speed * np.exp(spread))
    expected_if_quicker = _at_exam(graph, quicker, days, sessions, attendance)
    means = _marks(marks, expected, exam_format)
    speed_variance = (_marks(marks, expected_if_quicker, exam_format) - means) ** 2
    independent_variance = _independent_variance(marks, committee, state, expected, exam_format)
    return _prediction(state.theories, means, speed_variance + independent_variance)


def predict_class(students: Sequence[Prediction]) -> Prediction:
    """Return the predicted mean result of a class of at least one student.

    The error of a theory is the same for the whole class, while the errors about each student
    average out.
    """
    theories = np.mean([each.theories for each in students], axis=0)
    means = np.mean([each.means for each in students], axis=0)
    variances = np.mean([each.variances for each in students], axis=0) / len(students)
    return _prediction(theories, means, variances)


def _at_exam(
    graph: TopicGraph,
    state: StudentState,
    days: int,
    sessions: Sequence[PlannedSession],
    attendance: float,
) -> StudentState:
    """Return the state on the day of the exam, after the sessions."""
    student = ExpectedStudent(graph, state, None)
    minutes = np.zeros((max([each.day for each in sessions], default=-1) + 1, len(graph.ids)))
    for each in sessions:
        minutes[each.day, graph.position[each.topic]] += each.minutes * attendance
    for today in minutes:
        student.study(today)
        student.forget(1)
    student.forget(days - len(minutes))
    return student.state


def _speed_spread(committee: Committee) -> FloatArray:
    """Return the standard deviation of the logarithm of speed by theory, shape (3,)."""
    weights = committee.probabilities / committee.theories[:, None]
    logs = np.log(committee.speeds)
    mean = (weights * logs).sum(axis=1, keepdims=True)
    spread: FloatArray = np.sqrt((weights * (logs - mean) ** 2).sum(axis=1))
    return spread


def _chances(knowledge: FloatArray, exam: ExamFormat) -> FloatArray:
    """Return the probabilities of right answers."""
    return exam.guess + (1 - exam.guess - exam.slip) * credit(knowledge)


def _shares_of_exam(graph: TopicGraph) -> FloatArray:
    """Return each topic's share of the marks of all topics, percent, shape (n,)."""
    total = float(graph.marks.sum())
    shares: FloatArray = graph.marks * (PERCENT / total if total > 0 else 1.0)
    return shares


def _marks(marks: FloatArray, state: StudentState, exam: ExamFormat) -> FloatArray:
    """Return the expected result in percent by theory, shape (3,)."""
    expected: FloatArray = _chances(state.level * state.retention, exam) @ marks
    return expected


def _independent_variance(
    marks: FloatArray,
    committee: Committee,
    today: StudentState,
    at_exam: StudentState,
    exam: ExamFormat,
) -> FloatArray:
    """Return the variance of the result from errors that topics do not share, shape (3,)."""
    weights = committee.probabilities / committee.theories[:, None]
    within = np.einsum("tk,tkn->tn", weights, committee.level_variance)
    unlearned_share = (1 - at_exam.level) / np.maximum(1 - today.level, 1e-6)
    gained = np.maximum(at_exam.level - today.level, 0.0)
    level_variance = within * unlearned_share**2 + (LEARNING_ERROR * gained) ** 2
    retention_variance = (RETENTION_ERROR * (1 - at_exam.retention)) ** 2
    retention_variance[Theory.ALL_OR_NONE] = 0.0
    knowledge = at_exam.level * at_exam.retention
    variance = level_variance * at_exam.retention**2 + retention_variance * at_exam.level**2
    slope = (_chances(knowledge + STEP, exam) - _chances(knowledge, exam)) / STEP
    total = (marks**2 * slope**2 * variance).sum(axis=1)
    if exam.questions:
        chance = _chances(knowledge, exam)
        total = total + PERCENT / exam.questions * (chance * (1 - chance)) @ marks
    variances: FloatArray = total
    return variances


def _prediction(theories: FloatArray, means: FloatArray, variances: FloatArray) -> Prediction:
    """Return a prediction from the mean and variance by theory."""
    deviations = np.sqrt(variances + MODEL_ERROR**2)
    return Prediction(
        mean=float(np.clip(theories @ means, 0, PERCENT)),
        low=_quantile(0.025, theories, means, deviations),
        high=_quantile(0.975, theories, means, deviations),
        theories=theories,
        means=means,
        variances=variances,
    )


def _quantile(
    share: float, theories: FloatArray, means: FloatArray, deviations: FloatArray
) -> float:
    """Return a quantile of a mixture of normal distributions, 0 to 100, by bisection."""
    low, high = 0.0, float(PERCENT)
    parts = list(zip(theories.tolist(), means.tolist(), deviations.tolist(), strict=True))
    while high - low > PRECISION:
        middle = (low + high) / 2
        below = sum(
            weight * (1 + erf((middle - mean) / deviation / sqrt(2))) / 2
            for weight, mean, deviation in parts
        )
        low, high = (middle, high) if below < share else (low, middle)
    return (low + high) / 2
