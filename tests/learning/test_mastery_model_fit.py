"""The fit of the model of mastery: known parameters are recovered from simulated answers."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lib.learning.mastery_model.abilities import GradedAnswer, abilities_before
from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.mastery_model.calibration import Calibration, Steps
from lib.learning.mastery_model.difficulties import item_difficulties
from lib.learning.mastery_model.fit import fit
from lib.learning.mastery_model.regression import Design, FloatArray, regress, sigmoid
from lib.learning.mastery_model.step_search import best_steps
from lib.learning.mastery_model.student import Student, fold

ITEMS, CONCEPTS, STUDENTS = 40, 4, 150


def rasch_students(
    seed: int, students: int = STUDENTS
) -> tuple[dict[str, list[Attempt]], FloatArray, FloatArray]:
    """Return attempts, each question's difficulty, and the true probability of each attempt.

    The difficulties are the same whatever the seed.
    """
    rng = np.random.default_rng(seed)
    difficulty = np.random.default_rng(0).normal(0, 1.2, ITEMS)
    histories: dict[str, list[Attempt]] = {}
    truth = []
    for student in range(students):
        ability = rng.normal() + rng.normal(0, 0.7, CONCEPTS)
        attempts = []
        for number, item in enumerate(rng.permutation(ITEMS)):
            chance = float(1 / (1 + math.exp(difficulty[item] - ability[item % CONCEPTS])))
            truth.append(chance)
            question = Question(f"{item}", (f"c{item % CONCEPTS}",))
            right = bool(rng.random() < chance)
            attempts.append(Attempt(f"{number:03}", str(number), question, right))
        histories[f"{student:03}"] = attempts
    return histories, difficulty, np.array(truth)


def predictions(calibration: Calibration, students: dict[str, list[Attempt]]) -> FloatArray:
    chances = []
    for attempts in students.values():
        student = Student(calibration)
        for it in attempts:
            chances.append(student.predict(it.question, it.time))
            student.add(it)
    return np.array(chances)


def log_loss(students: dict[str, list[Attempt]], chances: FloatArray) -> float:
    right = np.array([it.is_correct for attempts in students.values() for it in attempts])
    return float(-np.mean(np.log(np.where(right, chances, 1 - chances))))


@pytest.fixture(scope="module")
def model() -> Calibration:
    return fit(rasch_students(1)[0], "of a test")


def test_difficulties_are_recovered(model: Calibration) -> None:
    truth = rasch_students(1)[1]
    estimates = np.array([model.items[str(item)].difficulty for item in range(ITEMS)])
    # 150 answers give a standard error near sqrt(1 / (150 * 0.18)) = 0.2.
    centered = (estimates - estimates.mean()) - (truth - truth.mean())
    assert float(np.sqrt(np.mean(centered**2))) < 0.3
    assert {it.answers for it in model.items.values()} == {STUDENTS}


def test_concepts_difficulties_are_the_means_of_their_questions(model: Calibration) -> None:
    for concept in range(CONCEPTS):
        own = [model.items[str(item)].difficulty for item in range(concept, ITEMS, CONCEPTS)]
        assert model.concepts[f"c{concept}"] == pytest.approx(np.mean(own), abs=1e-5)


def test_new_students_are_predicted_almost_as_well_as_the_data_allow(model: Calibration) -> None:
    students, _, truth = rasch_students(2, students=100)
    predicted = predictions(model, students)
    right = np.array([it.is_correct for attempts in students.values() for it in attempts])
    constant = np.full(len(right), right.mean())
    best, loss_of_model, worst = (log_loss(students, it) for it in (truth, predicted, constant))
    assert loss_of_model - best < 0.4 * (worst - best)
    order = np.argsort(predicted)
    gaps = [abs(right[rows].mean() - predicted[rows].mean()) for rows in np.array_split(order, 10)]
    assert float(np.mean(gaps)) < 0.03


def test_calibration_does_not_depend_on_the_order_of_attempts_or_students() -> None:
    students = rasch_students(3, students=20)[0]
    reordered = {key: students[key][::-1] for key in reversed(students)}
    assert fit(reordered, "v") == fit(students, "v")


def test_fitted_calibration_survives_its_json(model: Calibration) -> None:
    assert Calibration.from_json(model.to_json()) == model


def test_empty_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no attempts"):
        fit({"nobody": []}, "v")


def test_one_attempt_is_enough() -> None:
    question = Question("i", ())
    calibration = fit({"s": [Attempt("1", "1", question, True, 1.0, 9.0, 3)]}, "v")
    assert 0.5 < Student(calibration).predict(question, 2.0) < 1


def test_regression_finds_the_weights_that_made_the_outcomes() -> None:
    rng = np.random.default_rng(5)
    dense = np.column_stack([np.ones(20_000), rng.normal(size=20_000)])
    groups = rng.integers(0, 3, 20_000)
    truth = np.array([0.5, -1.0, 0.0, 0.7, -0.7])
    design = Design(dense, np.arange(20_000), groups, np.ones(20_000), 3)
    outcomes = (rng.random(20_000) < sigmoid(design.times(truth))).astype(float)
    weights = regress(design, outcomes, np.array([1e-6, 1e-6, 1.0, 1.0, 1.0]))
    # Standard errors are near 1 / sqrt(20,000 / 3 * 0.2) = 0.03; the intercept trades off
    # against the groups.
    assert weights[1] == pytest.approx(-1.0, abs=0.06)
    assert np.diff(weights[2:]) == pytest.approx([0.7, -1.4], abs=0.1)


def test_regression_ends_where_the_penalised_gradient_is_zero() -> None:
    # One column of ones, 3 right of 4, precision 2: 4 p - 3 + 2 w = 0 with p = 1 / (1 + exp(-w)).
    # At w = 0.3343: p = 0.582805, 2.331220 - 3 + 0.6686 = -0.0002.
    nothing = np.zeros(0, np.int64)
    design = Design(np.ones((4, 1)), nothing, nothing, nothing.astype(float), 0)
    weights = regress(design, np.array([1.0, 1.0, 1.0, 0.0]), np.array([2.0]))
    assert 4 / (1 + math.exp(-weights[0])) - 3 + 2 * weights[0] == pytest.approx(0, abs=1e-3)
    assert weights[0] == pytest.approx(0.3343, abs=1e-3)


def test_rare_questions_are_drawn_towards_their_combination() -> None:
    items = np.array([0] * 100 + [1])
    outcomes = np.array([1.0] * 50 + [0.0] * 50 + [0.0])
    difficulties = item_difficulties(items, np.zeros(2, np.int64), outcomes, np.zeros(101))
    assert difficulties[0] == pytest.approx(0, abs=0.03)
    # One wrong answer: slope 1/2 over curvature 1/4 and precision 2 is about 1/2 / 2.25 = 0.22.
    assert 0.1 < difficulties[1] < 0.35


def test_questions_without_answers_are_as_hard_as_their_combination() -> None:
    items = np.array([0] * 100 + [2] * 100)
    outcomes = np.array([1.0] * 80 + [0.0] * 20 + [1.0] * 20 + [0.0] * 80)
    difficulties = item_difficulties(items, np.array([0, 0, 1, 1]), outcomes, np.zeros(200))
    # 100 (1 / (1 + exp(d)) - 0.8) = d at d = -1.3068; the other combination mirrors it.
    assert difficulties[[1, 3]] == pytest.approx([-1.3068, 1.3068], abs=0.01)


def test_steps_follow_how_fast_abilities_change() -> None:
    """Abilities that jump need large steps to the end; those that stay need shrinking ones."""
    rng = np.random.default_rng(11)

    def answers(*, jumps: bool) -> list[GradedAnswer]:
        graded_answers = []
        for student in range(60):
            ability = rng.normal(0, 2)
            for number in range(100):
                if jumps and number % 15 == 0:
                    ability = rng.normal(0, 3)
                right = bool(rng.random() < 1 / (1 + math.exp(-ability)))
                graded_answers.append(GradedAnswer(student, (0,), right, False, False, 0.0))
        return graded_answers

    def late_step(steps: Steps) -> float:
        return steps.concept / (1 + 50 * steps.concept_decay)

    stable, jumping = (
        best_steps(it, [0.0] * 6_000) for it in (answers(jumps=False), answers(jumps=True))
    )
    assert late_step(jumping) > 2 * late_step(stable)
    assert stable.repeated == jumping.repeated == Steps().repeated  # no answer is a repeat


def test_abilities_in_bulk_are_those_of_the_fold() -> None:
    steps = Steps(repeated=0.3)
    calibration = Calibration("v", 0.5, 0.2, steps=steps, weights={"concepts_ability": 1.0})
    history = [
        Attempt(f"{n:02}", "", Question(f"{n % 7}", (f"{n % 3}", f"{n % 2}")), n % 4 > 0)
        for n in range(30)
    ]
    graded_answers = [
        GradedAnswer(0, tuple(map(int, it.question.concepts)), it.is_correct, n >= 7, False, 0.0)
        for n, it in enumerate(history)
    ]
    bulk = abilities_before(graded_answers, [0.2] * 30, steps)[1]
    student, folded = Student(calibration), []
    for it in history:
        chance = student.predict(it.question)
        folded.append(math.log(chance / (1 - chance)))
        student.add(it)
    assert folded == pytest.approx(bulk)
    assert all(one != other for one, other in pairwise(bulk[2:]))


def coin_flips(seed: int) -> dict[str, list[Attempt]]:
    """Return answers that nothing explains, two or so to each of many questions."""
    rng = np.random.default_rng(seed)
    return {
        str(student): [
            Attempt(
                f"{n:03}", "", Question(f"{rng.integers(900)}", ("c",)), bool(rng.random() < 0.5)
            )
            for n in range(30)
        ]
        for student in range(60)
    }


def test_random_answers_are_hardly_overfitted() -> None:
    """Difficulties of questions with few answers are mostly noise, and are weighed as such."""
    calibration = fit(coin_flips(1), "v")
    others = coin_flips(2)
    assert log_loss(others, predictions(calibration, others)) < math.log(2) + 0.02


@pytest.mark.parametrize(
    ("able", "unable"),
    [({"seconds": 10.0}, {"seconds": 40.0}), ({"confidence": 5}, {"confidence": 2})],
)
def test_times_and_confidences_are_used_where_they_are_informative(
    able: dict[str, float], unable: dict[str, float]
) -> None:
    rng = np.random.default_rng(4)
    students: dict[str, list[Attempt]] = {}
    for student in range(80):
        chance, facts = ((0.8, able), (0.4, unable))[student % 2]
        students[str(student)] = [
            Attempt(
                f"{n:03}",
                "",
                Question(f"{rng.integers(30)}", ("c",)),
                bool(rng.random() < chance),
                **facts,  # type: ignore[arg-type]
            )
            for n in range(20)
        ]
    calibration = fit(students, "v")
    # The usual time is the geometric mean, sqrt(10 * 40).
    assert calibration.seconds == (pytest.approx(20.0) if "seconds" in able else None)
    first = [
        Attempt(f"{n}", "", Question("7", ("c",)), True, **able)  # type: ignore[arg-type]
        for n in range(3)
    ]
    other = [replace(it, **unable) for it in first]  # type: ignore[arg-type]
    question = Question("8", ("c",))
    gain = fold(first, calibration).predict(question) - fold(other, calibration).predict(question)
    assert gain > 0.05


def test_usual_times_are_drawn_towards_the_mean_of_all_questions() -> None:
    attempts = [
        Attempt(f"{n}", "", Question("ab"[n % 2], ("c",)), n % 3 > 0, seconds=(10.0, 40.0)[n % 2])
        for n in range(10)
    ]
    calibration = fit({"s": attempts[:4], "t": attempts[4:]}, "v")
    # Five answers weigh as much as the mean of all, 20: sqrt(10 * 20) and sqrt(40 * 20).
    assert calibration.items["a"].seconds == pytest.approx(14.1421, abs=1e-4)
    assert calibration.items["b"].seconds == pytest.approx(28.2843, abs=1e-4)
