"""`make calibrate` and `make simulate` on the command line."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from lib.assessment.pools import store
from lib.assessment.pools.item_pool import ItemPool, load_pool
from lib.assessment.pools.store import ItemRow
from lib.assessment.pools.upload import upload
from lib.assessment.pools.wire import UploadIn
from lib.deps import Deps
from local.pools import calibrate, simulate
from local.pools.wrong_parameters import (
    CERTAIN,
    Comparison,
    Errors,
    compare,
    draw_truth,
    plug_in_bank,
)

QUESTIONS = 40


def upload_pool(body: UploadIn, deps: Deps) -> ItemPool:
    """Upload questions and return the pool."""
    pool_id = upload(body, deps).question_pool_id
    version = store.current_version(deps.postgres, pool_id)
    assert version is not None
    return load_pool(deps.postgres, pool_id, version)


@pytest.fixture
def pool(deps: Deps, monkeypatch: pytest.MonkeyPatch) -> ItemPool:
    """A pool of two concepts, in the database that the environment names."""
    monkeypatch.setenv("POSTGRES_URL", deps.settings.postgres_url or "")
    body = UploadIn.model_validate(
        {
            "questions": [
                {
                    "id": f"q{i}",
                    "content": "Which?",
                    "options": ["this", "that"],
                    "correct_answer": "this",
                    "concepts": [i % 2, 1 - i % 2],
                    "difficulty": (i + 1) / (QUESTIONS + 1),
                    "discrimination": 1.2,
                }
                for i in range(QUESTIONS)
            ]
        }
    )
    return upload_pool(body, deps)


def test_calibrate_reports_too_few_answers(
    pool: ItemPool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate.main([str(pool.pool_id)]) == 0
    assert (
        f"There are too few answers: version {pool.version} stays in use."
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("arguments", [[], ["not an id"], [str(uuid4()), str(uuid4())]])
def test_calibrate_requires_exactly_one_pool(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate.main(arguments) == 2
    assert "POOL=<id>" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        ["--students", "0"],
        ["--questions", "-1"],
        ["--seed", "x"],
        ["--difficulty-error", "-0.1"],
        ["--discrimination-error", "3.1"],
        ["--threshold", "nan"],
        ["--truths", "0"],
    ],
)
def test_simulate_names_the_option_with_an_invalid_number(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        simulate.main([str(uuid4()), *option])
    assert option[0] in capsys.readouterr().err


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("command", [calibrate.main, simulate.main])
def test_unknown_pool_is_reported_as_not_found(
    command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command([str(UUID(int=1))]) == 1
    assert "There is no such question pool." in capsys.readouterr().err


def test_longer_tests_have_smaller_errors_and_intervals_cover_the_true_ability(
    pool: ItemPool,
) -> None:
    accuracy = simulate.measure(pool, 40, 20, np.random.default_rng(1))
    assert accuracy.lengths == [5, 10, 15, 20]
    population = accuracy.groups.index(simulate.POPULATION)
    rmse = accuracy.rmse[population]
    assert rmse[-1] < 0.75 * rmse[0]
    assert rmse[-1] == pytest.approx(accuracy.predicted[population, -1], rel=0.2)
    assert 0.88 < accuracy.coverage[population].mean() < 0.99


def test_short_tests_shrink_estimates_towards_the_mean(pool: ItemPool) -> None:
    accuracy = simulate.measure(pool, 20, 10, np.random.default_rng(2))
    lowest, highest = accuracy.bias[0], accuracy.bias[len(simulate.ABILITIES) - 1]
    assert lowest[0] > lowest[-1] > 0 > highest[-1] > highest[0]


def test_exposure_counts_each_question_once_per_student(pool: ItemPool) -> None:
    accuracy = simulate.measure(pool, 10, 10, np.random.default_rng(3))
    assert accuracy.exposure.sum(axis=2) == pytest.approx(np.tile([5, 10], (6, 1)))
    assert np.max(accuracy.exposure) <= 1


def test_simulated_tests_use_the_settings_of_the_pool(deps: Deps) -> None:
    questions = [
        {
            "id": f"q{i}",
            "content": "Which?",
            "options": ["this", "that"],
            "correct_answer": "this",
            "concepts": [i % 2, 1 - i % 2],
            "difficulty": (i + 1) / 101,
            "discrimination": 2.0 if i % 10 < 2 else 0.8,
        }
        for i in range(100)
    ]
    max_exposures = []
    for selection in ({}, {"max_exposure": 0.2}):
        fields = {"questions": questions, "selection": selection}
        pool = upload_pool(UploadIn.model_validate(fields), deps)
        accuracy = simulate.measure(pool, 30, 8, np.random.default_rng(5))
        # Over the 180 students of all groups: a share of 0.2 has a standard error of 0.03.
        max_exposures.append(float(np.max(accuracy.exposure[:, -1].mean(axis=0))))
    unlimited, limited = max_exposures
    assert unlimited > 0.5
    assert limited < 0.35, (unlimited, limited)


def test_concept_that_no_question_tests_is_left_out(deps: Deps) -> None:
    body = UploadIn.model_validate(
        {
            "questions": [
                {
                    "id": f"one{i}",
                    "content": "Which?",
                    "options": ["this", "that"],
                    "correct_answer": "this",
                    "concepts": [1, 0],
                    "discrimination": 2.0,
                }
                for i in range(20)
            ]
        }
    )
    pool = upload_pool(body, deps)
    accuracy = simulate.measure(pool, 20, 20, np.random.default_rng(4))
    assert accuracy.predicted[-1, -1] < 0.6  # above 0.7 with the untested concept


def test_question_that_cannot_be_graded_is_not_simulated(pool: ItemPool) -> None:
    first_concept = np.arange(QUESTIONS) % 2 == 0
    accuracy = simulate.measure(
        replace(pool, gradable=first_concept), 20, 20, np.random.default_rng(4)
    )
    assert accuracy.exposure.shape[2] == QUESTIONS / 2
    assert accuracy.exposure.sum(axis=2)[:, -1] == pytest.approx(np.full(6, 20))
    assert accuracy.predicted[-1, -1] < 0.6  # above 0.7 with the other concept


def items_of(pool: ItemPool, deps: Deps) -> list[ItemRow]:
    """Return the items of a pool's version."""
    rows = store.read_version(deps.postgres, pool.pool_id, pool.version)
    assert rows is not None
    return rows[1]


def test_drawn_parameters_scatter_around_the_stated_ones(pool: ItemPool, deps: Deps) -> None:
    items = items_of(pool, deps)
    stated = plug_in_bank(pool, items)
    rng, locations, slopes = np.random.default_rng(6), [], []
    for _ in range(50):
        truth = draw_truth(pool, items, Errors(0.5, 0.2), rng)
        lengths = [np.linalg.norm(bank.slopes, axis=1) for bank in (truth, stated)]
        slopes.append(np.log(lengths[0] / lengths[1]))
        locations.append(stated.intercepts / lengths[1] - truth.intercepts / lengths[0])
    # With 2,000 draws, the standard errors of the means are 0.011 and 0.004, and those of the
    # deviations 0.008 and 0.003.
    assert np.mean(locations) == pytest.approx(0, abs=0.04)
    assert np.std(locations) == pytest.approx(0.5, abs=0.03)
    assert np.mean(slopes) == pytest.approx(0, abs=0.02)
    assert np.std(slopes) == pytest.approx(0.2, abs=0.015)
    same = draw_truth(pool, items, CERTAIN, rng)
    assert same.slopes == pytest.approx(stated.slopes)
    assert same.intercepts == pytest.approx(stated.intercepts)


def test_only_the_bank_of_the_pool_states_the_right_error_if_parameters_are_wrong(
    pool: ItemPool, deps: Deps
) -> None:
    def compare_banks(errors: Errors) -> tuple[Comparison, Comparison]:
        rng = np.random.default_rng(7)
        return compare(
            pool,
            items_of(pool, deps),
            errors,
            truths=25,
            students=4,
            questions=16,
            threshold=0.5,
            rng=rng,
        )

    # The pool has the default settings, deviations of 0.7 and 0.3. With 200 errors (4 students for
    # each of 25 truths, in 2 concepts), a ratio has a standard error of about 0.07.
    pools_bank, plug_in = compare_banks(Errors(0.7, 0.3))
    for comparison in (pools_bank, plug_in):
        assert comparison.fixed.answers == 16
        assert comparison.precision.answers < 16
    assert pools_bank.precision.answers > plug_in.precision.answers
    assert 0.85 < pools_bank.fixed.ratio < 1.15 < plug_in.fixed.ratio
    assert pools_bank.fixed.coverage > plug_in.fixed.coverage
    assert pools_bank.fixed.stated > plug_in.fixed.stated
    # Where the parameters are right, it is the plug-in bank that states the right error.
    pools_bank, plug_in = compare_banks(CERTAIN)
    assert pools_bank.fixed.ratio < plug_in.fixed.ratio
    assert 0.85 < plug_in.fixed.ratio < 1.15


def test_simulate_prints_both_banks_when_parameters_are_wrong(
    pool: ItemPool, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--discrimination-error", "0.3", "--truths", "2", "--students", "2"]
    arguments = [str(pool.pool_id), *options, "--questions", "6", "--threshold", "0.9"]
    assert simulate.main(arguments) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = [line for line in lines if line and line[0] in {"pool", "plug-in"}]
    assert [row[:3] for row in rows] == [
        [bank, *end]
        for bank in ("pool", "plug-in")
        for end in (["length", "6"], ["precision", "0.9"])
    ]
    fixed, precise = float(rows[0][3]), float(rows[1][3])
    assert fixed == 6
    assert 5 <= precise <= 6
