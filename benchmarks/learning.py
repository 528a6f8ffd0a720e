"""Mastery and study plans: times, marks on simulated exams, and the coverage of predicted results.

The simulator of students is not part of the project: `PLAN_SIMULATOR` names its file, and without
it the plans' marks are left out. `PLAN_STUDENTS` is the number of students per scenario, by default
12.
"""

import importlib.util
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmarks import learning_mastery
from benchmarks.learning_syllabus import SimulatedStudent, syllabus
from benchmarks.plan_adapter import plan, plan_without_revision_share
from lib.learning.decision.estimate import GUESS, SLIP, estimate
from lib.learning.decision.planning import StudyTime, plan_study
from lib.learning.decision.prediction import (
    ExamFormat,
    Prediction,
    predict_class,
    predict_exam,
)
from lib.learning.decision.recommending import recommend_topics
from lib.learning.decision.student_model import PastSession

QUESTIONS = 60
CLASS_SIZE = 25
REPLAN_DAYS = 7


def main() -> None:
    """Print all tables."""
    learning_mastery.main()
    print()
    print_times()
    print_coverage()
    path = os.environ.get("PLAN_SIMULATOR")
    if path is None or not Path(path).is_file():
        print("\nThe marks of plans are not measured: set PLAN_SIMULATOR to the simulator's file.")
        return
    print_marks(simulator(Path(path)))


def print_times() -> None:
    """Print the time of recommendations and plans."""
    print("Milliseconds of CPU, median of 9\n")
    print(f"{'topics':>7} {'recommendations':>16} {'plan of a week':>15} {'of 60 days':>11}")
    for size in (50, 200, 1_000):
        rng = np.random.default_rng(1)
        graph = syllabus(size, rng)
        recorded = SimulatedStudent(graph, rng).recorded_mastery()
        state = estimate(graph, recorded, [], 0).mean()
        minutes = StudyTime([120.0] * 60)

        def recommend() -> object:
            # 60 days and 6,000 minutes until the exam, at most 10 topics
            return recommend_topics(graph, state, recorded, 60, 6_000, 10)  # noqa: B023

        def week() -> object:
            return plan_study(graph, state, minutes, 7, recorded)  # noqa: B023

        def countdown() -> object:
            return plan_study(graph, state, minutes, 60, recorded)  # noqa: B023

        figures = [_median_ms(recommend), _median_ms(week), _median_ms(countdown)]
        print(f"{size:>7} {figures[0]:>16.1f} {figures[1]:>15.1f} {figures[2]:>11.1f}")


def _median_ms(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(9):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return 1e3 * float(np.median(seconds))


def print_coverage() -> None:
    """Print how many simulated results lie within their predicted 95 % intervals."""
    rng = np.random.default_rng(2)
    predictions, results = [], []
    for _ in range(400):
        prediction, result = _prediction_and_result(rng)
        predictions.append(prediction)
        results.append(result)
    inside = [it.low <= result <= it.high for it, result in zip(predictions, results, strict=True)]
    width = np.mean([it.high - it.low for it in predictions])
    print(
        f"\nCoverage of 95 % intervals, 400 simulated students, exam of {QUESTIONS} questions:"
        f" {100 * np.mean(inside):.1f} %, mean width {width:.1f}"
    )
    classes = [slice(first, first + CLASS_SIZE) for first in range(0, 400, CLASS_SIZE)]
    inside = []
    for members in classes:
        prediction = predict_class(predictions[members])
        inside.append(prediction.low <= float(np.mean(results[members])) <= prediction.high)
    share = 100 * np.mean(inside)
    print(f"Coverage for the means of {len(classes)} classes of {CLASS_SIZE}: {share:.1f} %")


def _prediction_and_result(rng: np.random.Generator) -> tuple[Prediction, float]:
    """Return a prediction after some days of study, and the result of the exam."""
    graph = syllabus(40, rng)
    student = SimulatedStudent(graph, rng)
    recorded = student.recorded_mastery()
    days, ahead = int(rng.integers(0, 30)), int(rng.integers(0, 30))
    sessions = []
    for day in range(days):
        topics = rng.choice(len(graph.ids), 4, replace=False).tolist()
        sessions += [PastSession(day, it, 25.0, *student.study(it, 25.0)) for it in topics]
        student.sleep()
    committee = estimate(graph, recorded, sessions, days)
    for _ in range(ahead):
        student.sleep()
    form = ExamFormat(QUESTIONS, GUESS, SLIP)
    return predict_exam(graph, committee, ahead, exam=form), student.exam(QUESTIONS)


def simulator(path: Path) -> ModuleType:
    """Return the simulator's module."""
    spec = importlib.util.spec_from_file_location("plan_simulator", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"PLAN_SIMULATOR is not a Python file: {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def print_marks(module: ModuleType) -> None:
    """Print the mean result of the simulator's students with each planner."""
    students = int(os.environ.get("PLAN_STUDENTS", "12"))
    names = ("none", "lowest_first", "weight_gap", "frontier")  # the simulator's own planners
    planners = {name: module.PLANNERS[name] for name in names} | {
        "ours": plan,
        "ours_by_marks_only": plan_without_revision_share,
    }
    print(f"\nMean result, {students} students per scenario and world, replanned every week\n")
    module.bench(planners, students, modes=(REPLAN_DAYS,), upper=False)
