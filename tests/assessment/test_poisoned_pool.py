"""Tests under invented names that always answer one question right change no live parameter."""

import random
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.exposure_counts import count_exposure
from lib.assessment.pools.item_pool import load_pool
from lib.deps import Deps
from lib.settings import Settings
from lib.web.functions import function_app
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import Rows, Student, correct_option, upload, versions
from tests.assessment.test_calibration import CRON, accept, calibrate, record_answers
from tests.assessment.test_poisoning import all_items, difficulty, medium_questions
from tests.conftest import ADMIN_PASSWORD, installed_deps
from tests.contract.call import OPERATOR
from tests.support.databases import Databases

INVENTED_STUDENTS = 33
POOL = "5e9d0000-0000-4000-8000-0000000000aa"
ADMIT = "UPDATE assessment.test_sessions SET admitted = TRUE"


@pytest.fixture
def postgres_url(databases: Databases, redis_gateway: Gateway) -> Iterator[str]:
    """A copy of a database with a poisoned pool; the original is made once per worker."""

    def fill(url: str) -> None:
        settings = Settings(
            postgres_url=url,
            redis_url=redis_gateway.url,
            redis_token=redis_gateway.token,
            admin_password=ADMIN_PASSWORD,
            open_tests_count=True,
        )
        with installed_deps(settings):
            client = TestClient(function_app("index"))
            upload(client, OPERATOR, medium_questions(), POOL, selection={"max_exposure": 0.5})
            poison(client)

    with databases.copy(databases.template("poisoned", "migrated", fill)) as url:
        yield url


def poison(client: TestClient) -> None:
    """Take tests under invented names; answer q0 right and every other question at random."""
    rng = random.Random(1)
    for i in range(INVENTED_STUDENTS):
        student = Student(client, POOL, f"x{i}")
        student.start(concept_names=["one", "two"], end_criteria={"max_questions": 30})
        while student.question is not None:
            right = student.question["id"] == "q0" or rng.random() < 0.3
            option = correct_option(student.question)
            response = student.post(student.question["id"], option if right else (option + 1) % 4)
            student.question = response.json().get("next_question")


def test_invented_tests_move_no_parameter(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    assert rows("SELECT count(*) > 900 FROM assessment.test_responses") == [(True,)]
    items, versions_before = all_items(rows), versions(rows)
    result = calibrate(client, operator, POOL, accepts=False)
    assert (result["outcome"], result["answers"]) == ("too_few_answers", 0)
    response = client.get("/api/calibrate", headers=CRON)
    assert response.json()["pools"] == []
    assert all_items(rows) == items
    assert versions(rows) == versions_before
    assert difficulty(client, POOL) == 0.5


def test_the_same_tests_would_move_the_parameters_if_they_were_admitted(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    """The attack works without the rule that tests without a ticket are not admitted."""
    rows(ADMIT)
    result = calibrate(client, operator, POOL, accepts=False)
    assert result["answers"] > 900
    if result["outcome"] == "needs_acceptance":
        accept(client, POOL, True)
    assert difficulty(client, POOL) < 0.2


def test_invented_tests_beside_admitted_ones_change_no_estimate(
    client: TestClient, operator: dict[str, str], postgres_url: str, deps: Deps, rows: Rows
) -> None:
    renamed_questions = [
        {**question, "id": f"a{question['id'][1:]}"} for question in medium_questions()
    ]
    clean_pool = upload(client, operator, renamed_questions)
    estimates = []
    for pool_id, prefix in ((clean_pool, "a"), (POOL, "q")):
        record_answers(postgres_url, pool_id, prefix=f"{prefix}-", question_prefix=prefix)
        rows(f"{ADMIT} WHERE student_id ^@ %s", f"{prefix}-")
        result = calibrate(client, operator, pool_id)
        assert (result["outcome"], result["answers"]) == ("calibrated", 150 * 30)
        bank = load_pool(deps.postgres, UUID(pool_id), result["version"]).bank
        estimates.append(bank.intercepts)
    assert np.abs(estimates[0] - estimates[1]).max() < 0.02


def test_invented_tests_do_not_count_as_exposure(deps: Deps, rows: Rows) -> None:
    versions_before = versions(rows)
    count_exposure(deps, UUID(POOL))
    assert versions(rows) == versions_before
    rows(ADMIT)
    count_exposure(deps, UUID(POOL))
    assert len(versions(rows)) == len(versions_before) + 1
