"""Simulated tests (`make simulate`) are those that the service would give."""

from uuid import UUID

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.item_pool import load_pool
from lib.assessment.sessions.session import proficiency
from lib.deps import Deps
from local.pools.simulated_tests import simulate_test, simulate_tests
from tests.assessment.conftest import CONCEPTS, Rows, Student, versions
from tests.assessment.test_calibration import CRON
from tests.assessment.test_selection_settings import (
    LENGTH,
    SHARES,
    exposures,
    upload_with,
)

RIGHT, WRONG = 0.0, 1.0
"""Values of `draws` that make an answer right or wrong, whatever the question."""


@pytest.mark.parametrize(
    "selection",
    [None, {"max_exposure": 0.2}, {"content_shares": SHARES, "best_items": 1, "max_exposure": 0.5}],
)
def test_simulated_student_gets_the_questions_of_a_real_one(
    selection: dict[str, object] | None,
    client: TestClient,
    operator: dict[str, str],
    deps: Deps,
    rows: Rows,
) -> None:
    pool_id = upload_with(client, operator, selection)
    exposures(client, pool_id, "before")
    client.get("/api/calibrate", headers=CRON)
    pool = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1])
    for name in ("ann", "bob", "cyd"):
        student = Student(client, pool_id, name)
        student.start(end_criteria={"max_questions": LENGTH})
        questions, proficiencies = [], []
        for number in range(LENGTH):
            assert student.question
            questions.append(student.question["id"])
            response = student.answer(right=number % 3 != 0)
            proficiencies.append(
                response.get("current_proficiency") or response["final_proficiency"]
            )
        draws = [WRONG if number % 3 == 0 else RIGHT for number in range(LENGTH)]
        test = simulate_test(pool, UUID(student.session_id), np.zeros(CONCEPTS), draws)
        assert [pool.question_ids[item] for item in test.items] == questions
        assert [proficiency(posterior) for posterior in test.posteriors[1:]] == proficiencies


def test_simulated_tests_end_when_the_pool_is_used_up_and_repeat_no_question(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    pool_id = upload_with(client, operator, None)
    pool = load_pool(deps.postgres, UUID(pool_id), versions(rows)[-1])
    simulation = simulate_tests(pool, np.zeros((2, CONCEPTS)), 100, np.random.default_rng(1))
    assert simulation.length.tolist() == [60, 60]
    assert all(len(set(row)) == 60 for row in simulation.items.tolist())
    assert simulation.mean.shape == (2, 61, CONCEPTS)
