"""Load the demo into a database, without changing existing rows."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

from lib.assessment.pools.item_pool import item_pool
from lib.assessment.pools.upload import upload
from lib.assessment.pools.wire import QuestionIn, SelectionIn, UploadIn
from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.vault import Vault
from lib.workshop.course import COURSE_LISTS
from local.demo.examinees import Examinee, examinees
from local.demo.pool import CONCEPTS, GUESSING, POOL_ID, POOL_NAME, load_questions
from local.demo.students import workshop
from local.demo.tests_taken import DemoTest, response_rows, session_row, tests_taken

_queries = load_queries(str(Path(__file__).with_name("queries.sql")), COURSE_LISTS)


@dataclass(frozen=True)
class AddedWorkshop:
    """Numbers of rows that were added."""

    students: int
    sessions: int
    steps: int
    events: int


@dataclass(frozen=True)
class AddedTests:
    """Numbers of rows that were added."""

    students: int
    sessions: int
    answers: int


@dataclass(frozen=True)
class _StudentId:
    id: str


def load_workshop(deps: Deps) -> AddedWorkshop:
    """Add the workshop's missing students with all their rows."""
    rows = asdict(workshop(deps.clock(), _vault(deps)))
    params = {table: json.dumps(table_rows) for table, table_rows in rows.items()}
    (numbers,) = deps.postgres.fetch_all(_queries["add_workshop"], params, AddedWorkshop)
    return numbers


def load_pool(deps: Deps) -> int:
    """Upload the questions unless the pool exists; return the number of questions added."""
    if _pool_version(deps) is not None:
        return 0
    body = UploadIn(
        questions=[QuestionIn(**question) for question in load_questions()],
        question_pool_id=UUID(POOL_ID),
        name=POOL_NAME,
        guessing=GUESSING,
        concept_names=list(CONCEPTS),
        trains=True,
        # The demo's students answer by these parameters, which therefore have no error.
        selection=SelectionIn(difficulty_error=0.0, discrimination_error=0.0),
    )
    return upload(body, deps).count


def load_tests(deps: Deps, everyone: Sequence[Examinee] | None = None) -> AddedTests:
    """Add the missing examinees with all their tests in one transaction; the pool must exist.

    Args:
        deps: Provides the database.
        everyone: Students who take tests; None for all students of the demo.
    """
    everyone = examinees() if everyone is None else everyone
    ids = {"ids": [examinee.id for examinee in everyone]}
    existing = {
        row.id for row in deps.postgres.fetch_all(_queries["existing_examinees"], ids, _StudentId)
    }
    missing_examinees = [examinee for examinee in everyone if examinee.id not in existing]
    if not missing_examinees:
        return AddedTests(students=0, sessions=0, answers=0)
    pool = item_pool(deps.postgres, UUID(POOL_ID), _pool_version(deps))
    rounds = tests_taken(missing_examinees, pool, deps.clock().astimezone(UTC).replace(tzinfo=None))
    deps.postgres.batch(
        [_students(rounds[0]), *(statement for tests in rounds for statement in _statements(tests))]
    )
    return AddedTests(
        students=len(missing_examinees),
        sessions=sum(map(len, rounds)),
        answers=sum(len(test.answers) for tests in rounds for test in tests),
    )


def _pool_version(deps: Deps) -> Any:
    return deps.postgres.fetch_value(_queries["pool_version"], {"pool_id": POOL_ID})


def _students(first_tests: list[DemoTest]) -> Statement:
    rows = [
        {
            "id": test.examinee.id,
            "created_at": test.started.isoformat(),
            "updated_at": test.started.isoformat(),
        }
        for test in first_tests
    ]
    return Statement(_queries["add_examinees"], {"students": json.dumps(rows)})


def _statements(tests: list[DemoTest]) -> list[Statement]:
    sessions = json.dumps([session_row(test) for test in tests])
    responses = json.dumps([row for test in tests for row in response_rows(test)])
    parameters: dict[str, Any] = {"sessions": sessions, "responses": responses}
    return [
        Statement(_queries["add_tests"], parameters),
        Statement(_queries["close_tests"], {"sessions": sessions}),
    ]


def _vault(deps: Deps) -> Vault | None:
    if deps.settings.encryption_key is None:
        return None
    return Vault.from_settings(deps.settings)
