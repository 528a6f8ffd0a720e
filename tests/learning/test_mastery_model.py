"""The model of mastery: histories worked by hand, and properties of every history."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.learning.mastery_model.attempts import Attempt, Question, canonical
from lib.learning.mastery_model.calibration import Calibration, ItemParameters, Steps
from lib.learning.mastery_model.default import default_calibration
from lib.learning.mastery_model.features import NAMES
from lib.learning.mastery_model.records import Record
from lib.learning.mastery_model.student import Student, fold

DAY = 86_400.0
BY_HAND = Calibration(
    version="by hand",
    mean=0.5,
    difficulty=0.0,
    steps=Steps(
        overall=0.4,
        overall_decay=1.0,
        concept=1.0,
        concept_decay=1.0,
        transfer=0.5,
        share=0.5,
        slow=0.5,
        unsure=0.5,
        repeated=0.5,
    ),
    items={"i": ItemParameters(0.0, 9, 60.0), "hard": ItemParameters(1.0, 9, 60.0)},
    concepts={"A": 0.0, "B": 1.0},
)


def attempt(number: int, item: str, concepts: str, correct: bool, **values: object) -> Attempt:
    return Attempt(
        f"{number:06}",
        str(number),
        Question(item, tuple(concepts)),
        correct,
        **values,  # type: ignore[arg-type]
    )


def test_history_gives_the_skills_worked_out_by_hand() -> None:
    student = Student(BY_HAND)

    # Everything begins at 0, so the first answer is right with probability 1/2: A = 1 * 1/2.
    student.add(attempt(1, "i", "A", True))
    assert student.skills()["A"].skill == pytest.approx(0.5)
    # 100 / (1 + exp(-0.5)) = 100 / 1.606531 = 62.246
    assert student.skills()["A"].score == pytest.approx(62.246, abs=1e-3)

    # A second try counts half; the second step is 1 / (1 + 1) = 1/2. Expected 0.622459:
    # 0.5 - 1/2 * 1/2 * 0.622459 = 0.344385. Overall: 0.4 * 1/2 = 0.2 before; expected
    # 1 / (1 + exp(-0.2)) = 0.549834; 0.2 - 1/2 * 0.4/2 * 0.549834 = 0.145017.
    student.add(attempt(2, "i", "A", False))
    assert student.skills()["A"].skill == pytest.approx(0.344385, abs=1e-6)

    # B begins with half of the overall ability, 0.072508. Difficulty 1: expected
    # 1 / (1 + exp(1 - 0.072508)) = 1 / 3.528158 = 0.283434. Slow (121 s of 60) and, with
    # confidence 1, unsure: 1/2 * 1/2. 0.072508 + 1/4 * 0.716566 = 0.251650.
    student.add(attempt(3, "hard", "B", True, seconds=121.0, confidence=1, time=5.0))
    skill = student.skills()["B"]
    assert skill.skill == pytest.approx(0.251650, abs=1e-5)
    # The questions of B have the mean difficulty 1: 100 / (1 + exp(1 - 0.251650)) = 32.117.
    assert skill.score == pytest.approx(32.117, abs=1e-2)
    assert (skill.attempts, skill.correct, skill.last_time, skill.streak) == (1, 1, 5.0, 1)
    first = student.skills()["A"]
    assert (first.attempts, first.correct, first.last_time, first.streak) == (2, 1, None, -1)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"seconds": 119.0}, 0.5),  # just under twice the usual time
        ({"seconds": 121.0}, 0.25),
        ({"confidence": 5}, 0.5),
        ({"confidence": 3}, 0.5),
        ({"confidence": 2}, 0.375),  # halfway between 1/2 and 1
        ({"confidence": 1}, 0.25),
    ],
)
def test_slow_and_unsure_right_answers_count_less(values: dict[str, float], step: float) -> None:
    student = fold([attempt(1, "i", "A", True, **values)], BY_HAND)
    assert student.skills()["A"].skill == pytest.approx(step)


@pytest.mark.parametrize("values", [{"seconds": 1_000.0}, {"confidence": 1}, {"confidence": 5}])
def test_wrong_answers_count_in_full_however_they_were_given(values: dict[str, float]) -> None:
    student = fold([attempt(1, "i", "A", False, **values)], BY_HAND)
    assert student.skills()["A"].skill == pytest.approx(-0.5)


def test_prediction_is_the_weighted_sum_of_features() -> None:
    calibration = replace(
        BY_HAND,
        intercept=0.1,
        weights={"difficulty": -1.0, "concepts_ability": 2.0, "same_right": 0.25},
        effects={"item": {"hard": 0.3}, "concept_right": {"A": 0.5}},
    )
    student = fold([attempt(1, "i", "A", True)], calibration)
    # 0.1 - 1 * 1 + 2 * 0.5 + 0.25 + 0.3 + 0.5 * ln 2 = 0.996574
    expected = 1 / (1 + math.exp(-0.996574))
    assert student.predict(Question("hard", ("A",))) == pytest.approx(expected, abs=1e-6)


def test_features_equal_those_worked_out_by_hand() -> None:
    """A question on A is answered right and a day later wrong; one on A and B follows."""
    history = [
        attempt(1, "i", "A", True, time=0.0, seconds=120.0, confidence=4),
        attempt(2, "i", "A", False, time=DAY, seconds=30.0, confidence=5),
    ]
    student = fold(history, BY_HAND)
    values, _ = student.features(Question("hard", ("B", "A")), 2 * DAY)
    features = dict(zip(NAMES, values, strict=True))
    assert len(features) == len(NAMES)
    # The abilities are those of the history worked by hand; B begins with half of the overall one.
    # Residuals: 1/2, then -1 / (1 + exp(-(0.2 + 0.5) / 2)) = -0.586618; the mean with the first of
    # RATES, 0.5, is 0.25, then 0.25 + (-0.586618 - 0.25) / 2. Features called concepts_... are the
    # means over A and B, and B has no answers, so what comes from answers to A is halved. Paces and
    # confidences are means with the second rate, 0.2; a confidence of 5 is 1, and one of 4 is 1/2.
    expected = {
        "difficulty": 1.0,
        "log_item_answers": math.log(10),
        "overall_ability": 0.145017,
        "concepts_ability": (0.344385 + 0.072508) / 2,
        "weakest_ability": 0.072508,
        "overall_log_right": math.log(2),
        "concepts_log_wrong": math.log(2) / 2,
        "overall_log_answers": math.log(3),
        "combination_log_right": 0.0,
        "item_log_right": 0.0,
        "overall_outcomes_0": -0.125,
        "concepts_outcomes_0": -0.0625,
        "overall_residuals_0": -0.168309,
        "overall_streak": -1.0,
        "concepts_streak": -0.5,
        "overall_pace_right": 0.2 * math.log(2),
        "overall_pace_wrong": -0.2 * math.log(2),
        "concepts_confidence_right": 0.5 * 0.2 * 0.5,
        "overall_confidence_wrong": 0.2,
        "item_pace_right": 0.0,
        "concepts_new": 0.0,
        "shared_concept": 1.0,
        "same_concepts": 0.0,
        "same_wrong": 0.0,
        "overall_log_gap": math.log(1 + DAY / 60),
        "item_gap_unknown": 1.0,
        "overall_fading_1": math.log(1 + 0.25),
        "overall_fading_5": math.log(1 + 0.5),
        "concepts_fading_1": math.log(1 + 0.125),
        "overall_recent_5": 1.0,
        "combination_recent_0": 1.0,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-6)

    values, entries = student.features(Question("i", ("A",)), None)
    features = dict(zip(NAMES, values, strict=True))
    expected = {
        "item_log_wrong": math.log(2),
        "item_last_wrong": 1.0,
        "item_last_right": 0.0,
        "item_pace_right": 0.2 * math.log(2),
        "same_item": 1.0,
        "same_concepts": 1.0,
        "same_wrong": 1.0,
        "same_right": 0.0,
        "combination_recent_5": 1.0,
        "overall_log_gap": 0.0,
        "overall_gap_unknown": 1.0,
        "overall_fading_1": 0.0,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert ("combination_recent", "A -1", 1.0) in entries


def test_lag_counts_the_answers_since_a_concept_and_a_question() -> None:
    history = [attempt(1, "i", "A", True), *(attempt(n, "j", "B", False) for n in range(2, 6))]
    values, _ = fold(history, BY_HAND).features(Question("i", ("A",)), None)
    features = dict(zip(NAMES, values, strict=True))
    # The newest answer is the fifth, and the answer about A is the first: four came after it.
    assert features["concepts_log_lag"] == features["item_log_lag"] == pytest.approx(math.log(5))
    assert (features["same_wrong"], features["shared_concept"]) == (0, 0)


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("concepts", ["A", "AB", "B"])
def test_last_outcome_counts_only_for_the_same_concepts(correct: bool, concepts: str) -> None:
    student = fold([attempt(1, "i", "A", correct)], BY_HAND)
    features = dict(
        zip(NAMES, student.features(Question("j", tuple(concepts)), None)[0], strict=True)
    )
    same = concepts == "A"
    assert features["same_concepts"] == same
    assert features["shared_concept"] == ("A" in concepts)
    assert (features["same_right"], features["same_wrong"]) == (
        same and correct,
        same and not correct,
    )


def test_clock_that_goes_back_does_not_change_the_time() -> None:
    record = Record()
    for time in (DAY, 0.0):
        record.add_time(1.0, time)
    assert record.time == DAY
    assert record.fading[1] == 2.0
    assert record.faded(2 * DAY)[1] == pytest.approx(1.0)


def test_counts_fade_with_their_half_lives() -> None:
    record = Record()
    record.add_time(1.0, 0.0)
    record.add_time(0.0, DAY)
    # A day later the right answer counts 2^-24, 1/2, 2^(-1/7) and 2^(-1/30); the wrong one, which
    # was just given, counts 1 with each half-life.
    assert record.fading == pytest.approx([2**-24, 0.5, 0.905724, 0.977160, 1, 1, 1, 1], abs=1e-6)
    assert record.faded(2 * DAY)[1] == pytest.approx(0.25)
    assert record.faded(0.0) == record.fading  # a clock that went back


@pytest.mark.parametrize(
    ("outcomes", "node"),
    [("", 0), ("0", 1), ("1", 2), ("10", 5), ("011", 10), ("1011", 10), ("0000", 7), ("0111", 14)],
)
def test_the_last_three_outcomes_are_a_node_of_a_tree(outcomes: str, node: int) -> None:
    record = Record()
    for number, outcome in enumerate(outcomes):
        record.count(float(outcome), 0.5, 0.0, number + 1)
    assert record.recent == node


def test_attempts_delivered_twice_count_once() -> None:
    history = [attempt(1, "i", "A", True), attempt(2, "i", "A", False)]
    assert fold(history * 2, BY_HAND).skills() == fold(history, BY_HAND).skills()


def test_equal_clocks_are_ordered_by_id() -> None:
    first, second = (replace(attempt(1, "i", "A", True), id=it) for it in "ab")
    assert canonical([second, first]) == [first, second]


@pytest.mark.parametrize("number", [1, 2])
def test_attempts_out_of_order_are_refused(number: int) -> None:
    student = fold([attempt(2, "i", "A", True)], BY_HAND)
    with pytest.raises(ValueError, match="canonical order"):
        student.add(attempt(number, "i", "A", True))


@pytest.mark.parametrize("values", [{"seconds": 0.0}, {"confidence": 0}, {"confidence": 6}])
def test_impossible_attempts_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"above 0|from 1 to 5"):
        attempt(1, "i", "A", True, **values)


def test_confidence_is_used_only_after_its_answer() -> None:
    """Confidence changes the next prediction, but not the one for its own answer or before."""
    calibration = default_calibration()
    question = Question("i", ("A",))
    sure, unsure = Student(calibration), Student(calibration)
    for student, confidence in ((sure, 5), (unsure, 1)):
        student.add(attempt(1, "i", "A", True))
        before = student.predict(question)
        assert before == fold([attempt(1, "i", "A", True)], calibration).predict(question)
        student.add(attempt(2, "i", "A", True, confidence=confidence))
    assert sure.predict(question) > unsure.predict(question)


def test_predicting_changes_nothing() -> None:
    student = fold([attempt(1, "i", "A", True, time=1.0)], BY_HAND)
    before = student.skills()
    student.predict(Question("new", ("A", "new")), 1e9)
    assert student.skills() == before


QUESTIONS = st.builds(
    Question,
    st.sampled_from(["i", "hard", "new", "newer"]),
    st.lists(st.sampled_from("ABC"), max_size=3).map(tuple),
)
UNNUMBERED_ATTEMPTS = st.builds(
    Attempt,
    st.just(""),
    st.just(""),
    QUESTIONS,
    st.booleans(),
    st.none() | st.floats(0, 1e9),
    st.none() | st.floats(0.01, 1e5),
    st.none() | st.integers(1, 5),
)
HISTORIES = st.lists(UNNUMBERED_ATTEMPTS, min_size=1, max_size=40).map(
    lambda attempts: [
        replace(it, clock=f"{number // 2:04}", id=f"{number:04}")
        for number, it in enumerate(attempts)
    ]
)
FACTORS = st.floats(0, 1)
STEPS = st.builds(
    Steps, *[st.floats(0, 5), st.floats(0, 1)] * 2, *[FACTORS] * 5
)  # overall, concept and their decays, then shares and factors


@given(HISTORIES, STEPS)
def test_right_answers_lower_no_skill_and_wrong_ones_raise_none(
    history: list[Attempt], steps: Steps
) -> None:
    student = Student(replace(BY_HAND, steps=steps))
    for it in history:
        before = student.skills()
        student.add(it)
        after = student.skills()
        for concept in it.question.concepts:
            if concept in before:
                rises = after[concept].skill - before[concept].skill
                gains = after[concept].score - before[concept].score
                assert min(rises, gains) >= 0 if it.is_correct else max(rises, gains) <= 0
        for concept in before.keys() - set(it.question.concepts):
            assert after[concept] == before[concept]


@given(HISTORIES, st.randoms(use_true_random=False))
def test_order_of_delivery_changes_nothing(history: list[Attempt], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    calibration = default_calibration()
    one, other = fold(history, calibration), fold(shuffled, calibration)
    assert one.skills() == other.skills()
    for item in ("i", "hard", "unknown"):
        question = Question(item, ("A", "B"))
        assert one.predict(question, 1e9) == other.predict(question, 1e9)


@given(HISTORIES)
def test_scores_and_predictions_stay_within_their_ranges(history: list[Attempt]) -> None:
    student = fold(history, default_calibration())
    assert all(0 <= it.score <= 100 for it in student.skills().values())
    for time in (None, 0.0, 1e12):
        assert 0 < student.predict(history[-1].question, time) < 1


def test_fold_of_10_000_attempts_equals_the_incremental_one() -> None:
    history = [
        attempt(
            number,
            f"item {number * number % 97}",
            "ABC"[number % 3] + "ABCD"[number % 4],
            number * 7 % 11 > 4,
            time=number * 1_000.0,
            seconds=float(1 + number % 100),
            confidence=1 + number % 5,
        )
        for number in range(10_000)
    ]
    calibration = default_calibration()
    student = Student(calibration)
    for it in history:
        student.add(it)
    folded = fold(reversed(history), calibration)
    assert folded.skills() == student.skills()
    assert len(folded.skills()) == 4
    question = Question("item 5", ("A",))
    assert folded.predict(question, 1e8) == student.predict(question, 1e8)
