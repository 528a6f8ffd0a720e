"""Time of the fold over a student's attempts, and of the live formula, which reads all of them."""

import time

from benchmarks.learning_simulation import practice_with_forgetting
from benchmarks.live_mastery import AnswerFacts, mastery_of
from lib.learning.mastery_model.attempts import Attempt
from lib.learning.mastery_model.default import default_calibration
from lib.learning.mastery_model.student import Student, fold

ATTEMPTS = 10_000


def main() -> None:
    """Print the times."""
    [history] = practice_with_forgetting(seed=3, students=1, answers=ATTEMPTS).values()
    calibration = default_calibration()
    start = time.process_time()
    student = fold(history, calibration)
    print(f"fold of {ATTEMPTS} attempts: {time.process_time() - start:8.3f} s of CPU")
    for count in (100, ATTEMPTS):
        print(f"one more after {count:6}: {1e6 * _seconds_to_add(history[:count]):8.0f} µs of CPU")
    start = time.process_time()
    for attempt in history[:1_000]:
        student.predict(attempt.question, attempt.time)
    print(f"one prediction:          {1e3 * (time.process_time() - start):8.0f} µs of CPU")
    answers = [AnswerFacts(it.is_correct, it.seconds or 1, 60, it.confidence) for it in history]
    start = time.process_time()
    mastery_of(answers)
    print(
        f"the live formula for {ATTEMPTS:6} answers to one concept:"
        f" {1e6 * (time.process_time() - start):8.0f} µs of CPU"
    )


def _seconds_to_add(history: list[Attempt]) -> float:
    """Return the mean CPU time of adding one of the last 50 attempts, seconds."""
    student = Student(default_calibration())
    for attempt in history[:-50]:
        student.add(attempt)
    start = time.process_time()
    for attempt in history[-50:]:
        student.add(attempt)
    return (time.process_time() - start) / 50


if __name__ == "__main__":
    main()
