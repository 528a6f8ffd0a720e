"""Puts the demo into a database; what is there already stays as it is."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

from lib.assessment.pools.item_pool import item_pool
from lib.assessment.pools.upload import upload
from lib.assessment.pools.wire import QuestionIn, UploadIn
from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.vault import API_KEY_FIELD, Vault
from local.demo.examinees import examinees
from local.demo.pool import GUESSING, POOL_ID, POOL_NAME, load_questions
from local.demo.students import Seal, workshop
from local.demo.tests_taken import Taken, response_rows, session_row, tests_taken

QUERIES = load_queries(str(Path(__file__).with_name("queries.sql")))


@dataclass(frozen=True)
class WorkshopAdded:
    """How many rows a load added."""

    students: int
    sessions: int
    steps: int
    events: int


@dataclass(frozen=True)
class TestsAdded:
    """How many rows a load added."""

    students: int
    sessions: int
    answers: int


@dataclass(frozen=True)
class _Known:
    id: str


def load_workshop(deps: Deps) -> WorkshopAdded:
    """Add the workshop's students, each with all their rows or not at all."""
    rows = asdict(workshop(deps.clock(), _seal(deps)))
    params = {table: json.dumps(given) for table, given in rows.items()}
    (added,) = deps.postgres.fetch_all(QUERIES["add_workshop"], params, WorkshopAdded)
    return added


def load_pool(deps: Deps) -> int:
    """Upload the questions, unless the pool is there; return how many were added."""
    if _pool_version(deps) is not None:
        return 0
    asked = UploadIn(
        questions=[QuestionIn(**question) for question in load_questions()],
        question_pool_id=UUID(POOL_ID),
        name=POOL_NAME,
        guessing=GUESSING,
    )
    return upload(asked, deps).count


def load_tests(deps: Deps) -> TestsAdded:
    """Add the examinees with all their tests, in one transaction; the pool is there already."""
    everyone = examinees()
    ids = {"ids": [examinee.id for examinee in everyone]}
    known = {row.id for row in deps.postgres.fetch_all(QUERIES["known_examinees"], ids, _Known)}
    missing = [examinee for examinee in everyone if examinee.id not in known]
    if not missing:
        return TestsAdded(0, 0, 0)
    pool = item_pool(deps.postgres, UUID(POOL_ID), _pool_version(deps))
    rounds = tests_taken(missing, pool, deps.clock().astimezone(UTC).replace(tzinfo=None))
    deps.postgres.batch(
        [_students(rounds[0]), *(_ for tests in rounds for _ in _statements(tests))]
    )
    return TestsAdded(
        students=len(missing),
        sessions=sum(map(len, rounds)),
        answers=sum(len(test.answers) for tests in rounds for test in tests),
    )


def _pool_version(deps: Deps) -> Any:
    return deps.postgres.fetch_value(QUERIES["pool_version"], {"pool_id": POOL_ID})


def _students(first_tests: list[Taken]) -> Statement:
    rows = [
        {
            "id": test.examinee.id,
            "created_at": test.started.isoformat(),
            "updated_at": test.started.isoformat(),
        }
        for test in first_tests
    ]
    return Statement(QUERIES["add_examinees"], {"students": json.dumps(rows)})


def _statements(tests: list[Taken]) -> list[Statement]:
    sessions = json.dumps([session_row(test) for test in tests])
    responses = json.dumps([row for test in tests for row in response_rows(test)])
    given: dict[str, Any] = {"sessions": sessions, "responses": responses}
    return [
        Statement(QUERIES["add_tests"], given),
        Statement(QUERIES["close_tests"], {"sessions": sessions}),
    ]


def _seal(deps: Deps) -> Seal | None:
    if deps.settings.encryption_key is None:
        return None
    vault = Vault.from_settings(deps.settings)
    return lambda key, token: vault.seal(key, token, API_KEY_FIELD)
