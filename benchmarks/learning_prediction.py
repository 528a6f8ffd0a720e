"""Accuracy of the model of mastery for the next answer, compared with published models.

    python -m benchmarks learning_prediction ATTEMPTS.csv SPLIT.csv OUT.csv

ATTEMPTS.csv has the columns row, user, item, skills (separated by semicolons), ts (seconds),
correct (0 or 1), dur (seconds) and conf (1 to 3); ts, dur and conf may be empty. Its rows are
grouped by student and in order. SPLIT.csv has user and split. The model learns from the users whose
split is train, and OUT.csv gets row and p for every row of the test users, where p is predicted
before the row is read. Without arguments, the students are simulated.
"""

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.learning_peers import (
    Row,
    auc,
    best_lr,
    calibration_error,
    log_loss,
    moving_average,
    tuned_elo,
)
from benchmarks.learning_simulation import practice_with_forgetting, stationary_course
from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.mastery_model.calibration import Calibration
from lib.learning.mastery_model.fit import fit
from lib.learning.mastery_model.regression import FloatArray
from lib.learning.mastery_model.student import Student

CONFIDENCES = {"1": 1, "2": 3, "3": 5}
"""Confidence in the model for each confidence in the files."""


def main(arguments: Sequence[str] = ()) -> None:
    """Print each model's quality on a file, or on simulated students."""
    if arguments:
        if len(arguments) != 3:
            raise SystemExit(
                "learning_prediction needs ATTEMPTS.csv SPLIT.csv OUT.csv, or nothing."
            )
        attempts, split, out = map(Path, arguments)
        names, students, is_training = _read(attempts, split)
        predictions = compare(attempts.stem, students, is_training)
        _write(out, names, predictions)
        return
    for name, students in (
        ("stationary abilities", stationary_course(seed=1)),
        ("learning, forgetting, times and confidences", practice_with_forgetting(seed=2)),
    ):
        compare(name, students, {user: int(user) % 5 > 0 for user in students})


def compare(
    name: str, students: dict[str, list[Attempt]], is_training: dict[str, bool]
) -> dict[str, FloatArray]:
    """Print all models' quality; return our predictions for the students to test on."""
    rows = [
        Row(
            user,
            it.question.item,
            it.question.concepts,
            it.is_correct,
            is_training[user],
        )
        for user, attempts in students.items()
        for it in attempts
    ]
    is_tested = np.array([not row.learn for row in rows])
    outcomes = np.array([row.correct for row in rows], float)[is_tested]
    print(f"{name}: {len(rows)} answers of {len(students)} students, {len(outcomes)} tested\n")
    print(f"{'':16} {'AUC':>7} {'log loss':>9} {'cal. error':>11} {'seconds':>8}", flush=True)
    ours: dict[str, FloatArray] = {}

    def fit_and_predict(_: Sequence[Row]) -> FloatArray:
        calibration = fit(
            {user: it for user, it in students.items() if is_training[user]}, version="benchmark"
        )
        ours.update(
            (user, predict(calibration, attempts))
            for user, attempts in students.items()
            if not is_training[user]
        )
        predictions = np.zeros(len(rows))
        predictions[is_tested] = np.concatenate(list(ours.values()))
        return predictions

    models: dict[str, Callable[[Sequence[Row]], FloatArray]] = {
        "ours": fit_and_predict,
        "Best-LR": best_lr,
        "tuned Elo": tuned_elo,
        "moving average": moving_average,
    }
    for label, model in models.items():
        start = time.monotonic()
        predictions = model(rows)[is_tested]
        print(
            f"{label:16} {auc(outcomes, predictions):7.4f} {log_loss(outcomes, predictions):9.4f}"
            f" {calibration_error(outcomes, predictions):11.4f} {time.monotonic() - start:8.0f}",
            flush=True,
        )
    print()
    return ours


def predict(calibration: Calibration, attempts: Sequence[Attempt]) -> FloatArray:
    """Return the probability that each attempt of a student is right, predicted before it."""
    student, predictions = Student(calibration), np.empty(len(attempts))
    for number, attempt in enumerate(attempts):
        predictions[number] = student.predict(attempt.question, attempt.time)
        student.add(attempt)
    return predictions


def _read(
    attempts_path: Path, split_path: Path
) -> tuple[dict[str, list[str]], dict[str, list[Attempt]], dict[str, bool]]:
    """Return the row names, the attempts, and whether to learn from them, all by user."""
    with split_path.open(encoding="utf-8", newline="") as file:
        splits = {row["user"]: row["split"] for row in csv.DictReader(file)}
    names: dict[str, list[str]] = {}
    students: dict[str, list[Attempt]] = {}
    with attempts_path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            user = row["user"]
            if splits.get(user) not in {"train", "test"}:
                continue
            attempts = students.setdefault(user, [])
            names.setdefault(user, []).append(row["row"])
            attempts.append(_attempt(row, len(attempts)))
    return names, students, {user: splits[user] == "train" for user in students}


def _attempt(row: dict[str, str], number: int) -> Attempt:
    seconds = _number(row["dur"])
    return Attempt(
        clock=f"{number:09}",
        id=row["row"],
        question=Question(row["item"], tuple(it for it in row["skills"].split(";") if it)),
        is_correct=float(row["correct"]) > 0,
        time=_number(row["ts"]),
        seconds=seconds if seconds is not None and seconds > 0 else None,
        confidence=CONFIDENCES.get(row["conf"].removesuffix(".0")),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _write(path: Path, names: dict[str, list[str]], predictions: dict[str, FloatArray]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "p"])
        for user, values in predictions.items():
            writer.writerows(zip(names[user], values.tolist(), strict=True))


if __name__ == "__main__":
    main()
