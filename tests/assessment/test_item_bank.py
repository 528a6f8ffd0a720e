"""An item bank allows for errors of parameters, from the calibration or the pool's settings."""

import json
from uuid import UUID

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.item_bank import LARGEST_ERRORS, build_bank, errors
from lib.assessment.pools.item_pool import load_pool
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import ItemRow
from lib.deps import Deps
from lib.engine import ItemBank
from lib.engine.uncertainty import attenuated
from tests.assessment.conftest import Rows, make_questions, upload, versions

CERTAIN = Selection(difficulty_error=0.0, discrimination_error=0.0)


def item(
    difficulty: float = 0.5,
    discrimination: float = 1.0,
    difficulty_error: float | None = None,
    discrimination_error: float | None = None,
) -> ItemRow:
    return ItemRow(
        "q", 1, 4, 0, [1.0], difficulty, discrimination, 0.2, difficulty_error, discrimination_error
    )


def test_question_that_was_never_calibrated_has_the_deviations_of_the_settings() -> None:
    location_error, log_slope_error = errors([item()], Selection())
    assert (location_error.tolist(), log_slope_error.tolist()) == ([0.7], [0.3])
    location_error, log_slope_error = errors(
        [item()], Selection(difficulty_error=0.4, discrimination_error=0.1)
    )
    assert (location_error.tolist(), log_slope_error.tolist()) == ([0.4], [0.1])


def test_calibrated_question_has_its_own_standard_errors_on_the_latent_scale() -> None:
    # φ(0) = 0.39894, so an error of 0.079788 in a difficulty of 0.5 is 0.2 in b = Φ⁻¹(difficulty).
    # An error of 0.3 in a discrimination of 2 is 0.15 in its logarithm.
    # φ(Φ⁻¹(0.9)) = φ(1.28155) = 0.17550.
    rows = [item(0.5, 2.0, 0.079788, 0.3), item(0.9, 0.5, 0.03510, 0.05)]
    location_error, log_slope_error = errors(rows, Selection())
    assert location_error == pytest.approx([0.2, 0.2], abs=1e-4)
    assert log_slope_error == pytest.approx([0.15, 0.1])


def test_standard_errors_are_capped_at_the_widths_of_the_calibration_priors() -> None:
    location_error, log_slope_error = errors([item(1e-5, 1.0, 0.1, 3.0)], Selection())
    assert (location_error[0], log_slope_error[0]) == LARGEST_ERRORS == (1.0, 0.4)


def test_parameters_without_errors_give_the_bank_of_exact_parameters() -> None:
    rows = [item(0.3, 1.2), item(0.6, 0.8, 0.0, 0.0)]
    bank = build_bank(rows, 1, CERTAIN)
    plain_bank = ItemBank.from_questions([[1.0], [1.0]], [0.3, 0.6], [1.2, 0.8], 0.2)
    assert bank.slopes.tobytes() == plain_bank.slopes.tobytes()
    assert bank.intercepts.tobytes() == plain_bank.intercepts.tobytes()


def test_pool_reads_standard_errors_only_of_calibrated_questions(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(6))
    version = versions(rows)[-1]
    before = load_pool(deps.postgres, UUID(pool_id), version)
    rows(  # skips the trigger that refuses changes of versions
        "DO $$ BEGIN SET LOCAL session_replication_role = replica;"
        " UPDATE assessment.pool_items SET calibration = jsonb_build_object("
        "'difficulty_error', 0.2, 'discrimination_error', 0.1) WHERE position = 2; END $$"
    )
    after = load_pool(deps.postgres, UUID(pool_id), version)
    is_changed = (after.bank.slopes != before.bank.slopes).any(axis=1)
    assert is_changed.tolist() == [False, False, True, False, False, False]
    # Its calibrated errors are smaller than the default errors of a question without answers.
    assert np.abs(after.bank.slopes[2]).sum() > np.abs(before.bank.slopes[2]).sum()


def test_pool_without_settings_has_the_default_deviations_and_0_means_none(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id, questions = upload(client, operator, make_questions(6)), make_questions(6)
    default_bank = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1]).bank
    body = {
        "questions": questions,
        "question_pool_id": pool_id,
        "selection": {"difficulty_error": 0.0, "discrimination_error": 0.0},
    }
    assert client.post("/api/questions/upload", json=body, headers=operator).status_code == 200
    certain_bank = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1]).bank
    stated_slopes = np.array([1.702 * question["discrimination"] for question in questions])
    assert np.linalg.norm(certain_bank.slopes, axis=1) == pytest.approx(stated_slopes)
    expected = attenuated(stated_slopes, 0.7, 0.3)
    assert np.linalg.norm(default_bank.slopes, axis=1) == pytest.approx(expected)


@pytest.mark.parametrize("stored_selection", [None, {"best_items": 9}])
def test_version_of_an_earlier_deployment_has_no_deviations_and_the_next_has_the_defaults(
    client: TestClient,
    operator: dict[str, str],
    deps: Deps,
    rows: Rows,
    stored_selection: dict[str, int] | None,
) -> None:
    """Posteriors of tests on such a version are therefore reproduced bit for bit."""
    pool_id = upload(client, operator, make_questions(6))
    rows(  # skips the trigger that refuses changes of versions
        "DO $$ BEGIN SET LOCAL session_replication_role = replica;"
        f" UPDATE assessment.pool_versions SET selection = '{json.dumps(stored_selection)}'::JSONB;"
        " UPDATE assessment.pool_versions SET selection = NULL WHERE selection = 'null'; END $$"
    )
    questions = make_questions(6)
    plain_bank = ItemBank.from_questions(
        [question["concepts"] for question in questions],
        [question["difficulty"] for question in questions],
        [question["discrimination"] for question in questions],
    )
    earlier_version = versions(rows)[-1]
    bank = load_pool(deps.postgres, UUID(pool_id), earlier_version).bank
    assert bank.slopes.tobytes() == plain_bank.slopes.tobytes()
    upload(client, operator, make_questions(6), pool_id)
    assert versions(rows)[-1] == earlier_version, "nothing has changed"
    upload(client, operator, make_questions(7), pool_id)
    newest_pool = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1])
    assert (newest_pool.selection.difficulty_error, newest_pool.selection.discrimination_error) == (
        0.7,
        0.3,
    )
    assert newest_pool.selection.best_items == (stored_selection or {"best_items": 5})["best_items"]
    reloaded_bank = load_pool(deps.postgres, UUID(pool_id), earlier_version).bank
    assert reloaded_bank.slopes.tobytes() == plain_bank.slopes.tobytes()


def test_earlier_pool_gets_the_default_deviations_once_they_are_requested(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(6))
    rows(
        "DO $$ BEGIN SET LOCAL session_replication_role = replica;"
        " UPDATE assessment.pool_versions SET selection = NULL; END $$"
    )
    body = {"questions": make_questions(6), "question_pool_id": pool_id, "selection": {}}
    for _ in range(2):
        assert client.post("/api/questions/upload", json=body, headers=operator).status_code == 200
    stored_errors = rows(
        "SELECT selection ->> 'difficulty_error' FROM assessment.pool_versions ORDER BY version"
    )
    assert stored_errors == [(None,), ("0.7",)]


def test_default_deviations_are_those_of_adopted_pools() -> None:
    """tests/assessment/test_upgrade.py expects the same numbers from the schema script."""
    default_selection = Selection()
    assert (default_selection.difficulty_error, default_selection.discrimination_error) == (
        0.7,
        0.3,
    )
