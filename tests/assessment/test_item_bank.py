"""The bank of a pool trusts a question as far as its calibration, or the pool's settings, say."""

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
from tests.assessment.conftest import Rows, make_questions, upload, versions

CERTAIN = Selection()


def item(
    difficulty: float = 0.5,
    discrimination: float = 1.0,
    difficulty_error: float | None = None,
    discrimination_error: float | None = None,
) -> ItemRow:
    return ItemRow(
        "q", 1, 4, 0, [1.0], difficulty, discrimination, 0.2, difficulty_error, discrimination_error
    )


def test_question_that_was_never_calibrated_has_the_settings_deviations() -> None:
    location_error, log_slope_error = errors([item()], Selection())
    assert (location_error.tolist(), log_slope_error.tolist()) == ([0.0], [0.0])
    location_error, log_slope_error = errors(
        [item()], Selection(difficulty_error=0.4, discrimination_error=0.1)
    )
    assert (location_error.tolist(), log_slope_error.tolist()) == ([0.4], [0.1])


def test_calibrated_question_has_its_own_standard_errors_on_the_latent_scale() -> None:
    # φ(0) = 0.39894, so 0.079788 of a percentile at the median are 0.2 deviations; an error of 0.3
    # of a discrimination of 2 is 0.15 in its logarithm. φ(Φ⁻¹(0.9)) = φ(1.28155) = 0.17550.
    rows = [item(0.5, 2.0, 0.079788, 0.3), item(0.9, 0.5, 0.03510, 0.05)]
    location_error, log_slope_error = errors(rows, Selection())
    assert location_error == pytest.approx([0.2, 0.2], abs=1e-4)
    assert log_slope_error == pytest.approx([0.15, 0.1])


def test_standard_errors_end_at_the_widths_of_calibration_s_priors() -> None:
    location_error, log_slope_error = errors([item(1e-5, 1.0, 0.1, 3.0)], Selection())
    assert (location_error[0], log_slope_error[0]) == LARGEST_ERRORS == (1.0, 0.4)


def test_certain_parameters_give_the_bank_as_it_always_was() -> None:
    rows = [item(0.3, 1.2), item(0.6, 0.8, 0.0, 0.0)]
    bank = build_bank(rows, 1, CERTAIN)
    plain = ItemBank.from_questions([[1.0], [1.0]], [0.3, 0.6], [1.2, 0.8], 0.2)
    assert bank.slopes.tobytes() == plain.slopes.tobytes()
    assert bank.intercepts.tobytes() == plain.intercepts.tobytes()


def test_pool_reads_standard_errors_of_calibrated_questions_alone(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(6))
    version = versions(rows)[-1]
    before = load_pool(deps.postgres, UUID(pool_id), version)
    rows(  # the trigger that refuses changes of versions is left out
        "DO $$ BEGIN SET LOCAL session_replication_role = replica;"
        " UPDATE assessment.pool_items SET calibration = jsonb_build_object("
        "'difficulty_error', 0.2, 'discrimination_error', 0.1) WHERE position = 2; END $$"
    )
    after = load_pool(deps.postgres, UUID(pool_id), version)
    flatter = np.abs(after.bank.slopes).sum(axis=1) < np.abs(before.bank.slopes).sum(axis=1)
    assert flatter.tolist() == [False, False, True, False, False, False]
