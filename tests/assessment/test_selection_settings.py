"""Selection settings: exposure control, content balancing, draws among the best items."""

from dataclasses import asdict
from string import ascii_letters
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.eligibility import ALL_LEVELS, LEVELS, Eligibility, level_of
from lib.assessment.pools.exposure_counts import MEMORY_TESTS, merge_counts
from lib.assessment.pools.item_pool import load_pool
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import TestCount
from lib.assessment.pools.wire import SelectionIn
from lib.deps import Deps
from lib.engine import concept_shares
from tests.assessment.conftest import CONCEPTS, Rows, Student, make_questions, upload, versions
from tests.assessment.test_calibration import CRON
from tests.assessment.traces import actual_trace, expected_trace

LENGTH = 8
STUDENTS = 40
SHARES = [4, 2, 2, 0, 0]
LIMIT = 0.25
CERTAIN = {"difficulty_error": 0.0, "discrimination_error": 0.0}
"""Settings that assume exact parameters, so that a few informative questions are asked most."""


def upload_with(
    client: TestClient,
    operator: dict[str, str],
    selection: dict[str, Any] | None,
    pool_id: str | None = None,
    prefix: str = "q",
) -> str:
    """Upload 60 questions with these settings to a pool that trains; return its id."""
    body = {
        "questions": make_questions(60, prefix),
        "question_pool_id": pool_id or str(uuid4()),
        "trains": True,
    }
    response = client.post(
        "/api/questions/upload", json={**body, "selection": selection}, headers=operator
    )
    assert response.status_code == 200, response.text
    return str(response.json()["question_pool_id"])


def take_test(
    client: TestClient, pool_id: str, name: str, right: np.ndarray[Any, Any]
) -> list[str]:
    """Take a whole test; return its questions in the order asked."""
    student = Student(client, pool_id, name)
    student.start(end_criteria={"max_questions": LENGTH})
    questions = []
    for is_right in right:
        assert student.question
        questions.append(student.question["id"])
        student.answer(right=bool(is_right))
    return questions


def exposures(
    client: TestClient, pool_id: str, prefix: str, students: int = STUDENTS
) -> np.ndarray[Any, Any]:
    """Let many students take a test; return the exposure of each question."""
    rng, times = np.random.default_rng(5), np.zeros(60)
    for number in range(students):
        questions = take_test(client, pool_id, f"{prefix}{number}", rng.random(LENGTH) < 0.5)
        times[[int(question.strip(ascii_letters)) for question in questions]] += 1
    return times / students


def test_limit_lowers_the_exposure_of_popular_questions(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    without_limit = exposures(client, upload_with(client, operator, CERTAIN), "anyone")
    selection = {"max_exposure": LIMIT, **CERTAIN}
    pool_id = upload_with(client, operator, selection, prefix="limited")
    exposure_before = exposures(client, pool_id, "before")
    assert client.get("/api/calibrate", headers=CRON).status_code == 200
    exposure_after = exposures(client, pool_id, "after")
    popular_questions = np.argsort(without_limit)[-LENGTH:]
    assert without_limit.max() > 0.9
    assert without_limit[popular_questions].mean() > LIMIT + 0.3
    # Session ids, and so the draws, are random. At probability 0.25 and 40 students the mean
    # exposure of eight questions has a standard error of 0.024, that of one question 0.068.
    for exposure in (exposure_before, exposure_after):
        assert exposure[popular_questions].mean() < LIMIT + 0.2
        assert exposure.max() < LIMIT + 0.45
    origins = rows(
        "SELECT origin FROM assessment.pool_versions WHERE pool_id = %s ORDER BY version", pool_id
    )
    assert origins[:2] == [("upload",), ("exposure",)]


def test_content_shares_are_kept_in_every_test(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id = upload_with(client, operator, {"content_shares": SHARES})
    bank = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1]).bank
    for number in range(5):
        right = np.random.default_rng(number).random(LENGTH) < 0.5
        questions = take_test(client, pool_id, f"s{number}", right)
        items = [int(question[1:]) for question in questions]
        shares = concept_shares(bank)[items].sum(axis=0)
        assert shares == pytest.approx(np.array(SHARES) * LENGTH / sum(SHARES), abs=1e-6)


def test_session_rebuilt_from_the_record_asks_the_same_questions(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id = upload_with(client, operator, {"max_exposure": 0.2, "content_shares": SHARES})
    exposures(client, pool_id, "before", students=20)  # the fewest that are counted
    client.get("/api/calibrate", headers=CRON)
    assert len(versions(rows)) == 2, "the exposure has been counted"
    for name in ("ann", "bob", "cyd"):
        student = Student(client, pool_id, name)
        student.start(end_criteria={"max_questions": LENGTH})
        responses = []
        for number in range(LENGTH):
            assert deps.redis
            deps.redis.pipeline([["FLUSHALL"]])
            responses.append(student.answer(right=number % 2 == 0))
        assert actual_trace(responses) == expected_trace(student.session_id, deps)


def test_running_session_keeps_the_settings_it_started_with(
    client: TestClient, operator: dict[str, str], deps: Deps
) -> None:
    pool_id = upload_with(client, operator, {"content_shares": [1, 0, 0, 0, 0]})
    ann = Student(client, pool_id)
    ann.start()
    ann.answer()
    upload_with(client, operator, {"content_shares": [0, 1, 0, 0, 0]}, pool_id)
    assert deps.redis
    deps.redis.pipeline([["FLUSHALL"]])
    ann.answer()
    assert ann.question
    assert ann.question["concepts"] == [1, 0, 0, 0, 0]
    bob = Student(client, pool_id, "bob")
    bob.start()
    assert bob.question
    assert bob.question["concepts"] == [0, 1, 0, 0, 0]


def test_settings_stay_until_they_are_changed(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    def newest_selection() -> Any:
        return rows("SELECT selection FROM assessment.pool_versions ORDER BY version DESC LIMIT 1")[
            0
        ][0]

    pool_id = upload_with(client, operator, None)
    assert newest_selection() == {
        "max_exposure": 1.0,
        "content_shares": None,
        "best_items": 5,
        "greatest_loss": 0.05,
        "difficulty_error": 0.7,
        "discrimination_error": 0.3,
    }
    upload_with(client, operator, {}, pool_id)
    assert len(versions(rows)) == 1  # {} stands for the defaults, which already hold
    upload_with(client, operator, {"best_items": 9}, pool_id)
    upload_with(client, operator, {"best_items": 9}, pool_id)
    upload_with(client, operator, None, pool_id)
    assert len(versions(rows)) == 2
    upload(client, operator, make_questions(61), pool_id)
    assert newest_selection()["best_items"] == 9
    upload_with(client, operator, {}, pool_id)
    assert newest_selection()["best_items"] == 5


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({"max_exposure": 0}, "selection.max_exposure"),
        ({"max_exposure": 1.2}, "selection.max_exposure"),
        ({"max_exposure": "often"}, "selection.max_exposure"),
        ({"max_exposure": True}, "selection.max_exposure"),
        ({"content_shares": [1, 1]}, "selection.content_shares"),
        ({"content_shares": [0] * CONCEPTS}, "selection.content_shares"),
        ({"content_shares": [1, -1, 1, 1, 1]}, "selection.content_shares[1]"),
        ({"best_items": 0}, "selection.best_items"),
        ({"difficulty_error": -0.1}, "selection.difficulty_error"),
        ({"difficulty_error": 3.1}, "selection.difficulty_error"),
        ({"discrimination_error": 1.1}, "selection.discrimination_error"),
        ({"greatest_loss": 1}, "selection.greatest_loss"),
        ({"maximum_exposure": 0.3}, "selection.maximum_exposure"),
    ],
)
def test_invalid_settings_are_refused_by_name(
    client: TestClient, operator: dict[str, str], selection: dict[str, Any], field: str
) -> None:
    response = client.post(
        "/api/questions/upload",
        json={"questions": make_questions(5), "selection": selection},
        headers=operator,
    )
    assert response.status_code == 422
    assert field in response.text


def test_defaults_of_an_upload_are_those_of_a_pool_without_settings() -> None:
    assert SelectionIn().model_dump() == asdict(Selection())


def test_pool_with_few_new_tests_is_not_counted(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload_with(client, operator, {"max_exposure": 0.25})
    take_test(client, pool_id, "ann", np.ones(LENGTH))
    client.get("/api/calibrate", headers=CRON)
    assert len(versions(rows)) == 1


def counts_at_middle_level(tests: int, times_shown: dict[int, int]) -> list[TestCount]:
    """Return the counts of `tests` tests that stayed at the middle level."""
    return [
        TestCount(position, level, count)
        for level in (1, ALL_LEVELS)
        for position, count in [(None, tests), *times_shown.items()]
    ]


def test_question_asked_at_several_levels_is_limited_over_all_of_them() -> None:
    rows = [TestCount(None, 0, 60), TestCount(None, 1, 100), TestCount(None, ALL_LEVELS, 100)]
    rows += [TestCount(7, 0, 12), TestCount(7, 1, 18), TestCount(7, ALL_LEVELS, 30)]
    eligibility = Eligibility.of_counts(merge_counts(None, rows, 0.2), 0.2)
    assert eligibility is not None
    # Question 7 was eligible with the probability 0.2, so 20 of the 100 tests count as able to ask
    # it, although 30 did. With the limit r = 0.2: r (20 + 10) / (30 + 10) over all levels, less
    # than at either level alone.
    assert eligibility.probability[:, 0].tolist() == pytest.approx([0.15] * 3)


def test_probability_follows_from_the_counts() -> None:
    without_counts = Eligibility.of_counts(None, 0.2)
    assert without_counts is not None
    assert without_counts.default_probability.tolist() == pytest.approx([0.2] * 3)
    first = merge_counts(None, counts_at_middle_level(100, {7: 16, 9: 1}), 0.2)
    assert first["items"] == [7]  # question 9 was asked in 1 of the 20 tests that could ask it
    updated_eligibility = Eligibility.of_counts(first, 0.2)
    assert updated_eligibility is not None
    # r (ε + 10) / (s + 10) with the limit r, ε tests that could ask the question and s that did:
    # 0.2 · 30 / 26 for question 7, 0.2 · 30 / 10 for questions that were never asked.
    assert updated_eligibility.probability[:, 0].tolist() == pytest.approx(
        [0.2, 0.2 * 30 / 26, 0.2]
    )
    assert updated_eligibility.default_probability.tolist() == pytest.approx([0.2, 0.6, 0.2])
    second = merge_counts(first, counts_at_middle_level(100, {7: 23}), 0.2)
    fade = MEMORY_TESTS / (MEMORY_TESTS + 100)
    assert second["eligible"][1] == pytest.approx([fade * 20 + 100 * 0.2 * 30 / 26], abs=1e-3)
    assert second["shown"][1] == pytest.approx([fade * 16 + 23], abs=1e-3)
    assert second["usual"][1] == pytest.approx(fade * 20 + 60, abs=1e-3)


def test_rarely_asked_questions_become_always_eligible() -> None:
    counts = None
    for _ in range(4):
        counts = merge_counts(counts, counts_at_middle_level(100, {7: 20}), 0.2)
    eligibility = Eligibility.of_counts(counts, 0.2)
    assert eligibility is not None
    assert eligibility.default_probability[1] == 1.0
    assert eligibility.probability[1, 0] < 0.9


def test_session_draws_the_same_every_time_and_sessions_draw_differently() -> None:
    eligibility = Eligibility(np.array([3, 5]), np.full((3, 2), 0.5), np.array([0.2, 1.0, 1.0]))
    sessions = [UUID(int=number) for number in range(400)]
    all_items = np.ones(10, bool)
    eligible_sets = [eligibility.eligible(all_items, session, 1) for session in sessions]
    repeated_sets = [eligibility.eligible(all_items, session, 1) for session in sessions]
    assert np.array_equal(eligible_sets, repeated_sets)
    assert np.mean(eligible_sets, axis=0)[[3, 5]] == pytest.approx(0.5, abs=0.08)
    assert np.mean(eligible_sets, axis=0)[0] == 1
    # At the low level, the probability that none of the ten is eligible is 0.8**8 · 0.5**2; then
    # all are.
    low_level_sets = [eligibility.eligible(all_items, session, 0) for session in sessions]
    assert np.mean(low_level_sets, axis=0)[0] == pytest.approx(0.2 + 0.8**8 * 0.25, abs=0.08)
    only_question_3 = np.arange(10) == 3
    assert all(
        eligibility.eligible(only_question_3, session, 1)[3] for session in sessions
    )  # if no item is eligible, all are


def test_level_is_that_of_the_mean_proficiency() -> None:
    assert [level_of(p) for p in ([0.1, 0.2], [0.5, 0.5], [0.9, 0.65])] == [0, 1, 2]
    assert level_of([LEVELS[0]]) == 1
