"""Each example request of the API's description gets a response like its example response."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.assessment.sessions.cache import STATISTICS_KEY
from lib.deps import Deps
from tests.legacy.legacy_database import Legacy
from tests.support.api_operations import Operation, operations
from tests.support.examples import differences

OPERATIONS = {str(operation): operation for operation in operations()}
MIGRATE = "/api/admin-migrate-to-unified-schema"
CALIBRATE = "POST /api/admin-calibrate"
SYNC = "POST /api/debug/sync/{session_id}"
SUBMIT = "POST /api/test/submit"
MERGE = "POST /api/admin-merge-students"
DETACH = "POST /api/admin-detach-session"


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


class Preparation:
    """Steps that must precede the example of some operations."""

    def __init__(
        self, loopback_client: TestClient, database: psycopg.Connection[Any], deps: Deps
    ) -> None:
        self._client = loopback_client
        self._database = database
        self._deps = deps
        self._backups = Path(deps.settings.backup_folder)

    def call(self, name: str) -> Any:
        """Send the example of an operation."""
        return send(self._client, OPERATIONS[name]).json()

    def add_legacy_tables(self) -> None:
        """Create legacy tables with two students, one of whom has an unencrypted API key."""
        legacy = Legacy(self._database, self._deps)
        legacy.create()
        legacy.add(
            "workshop_students",
            """
            session_token    | student_email      | current_step | exercises
            ws_1735689600000 | Ann@Example.com    | 3            | {"step-1": {"completed": true}}
            ws_1735689700000 | bob@example.com    | 1            | {"warm-up": true}
            """,
        )
        legacy.add(
            "student_configs",
            """
            session_token    | student_email      | openai_api_key     | selected_voice
            ws_1735689600000 | ann@example.com    | sk-old-1234567890  | en-US-Journey-O
            """,
        )

    def migrate(self) -> None:
        """Create legacy tables and migrate them."""
        self.add_legacy_tables()
        run = self._client.post(MIGRATE, json={"dryRun": False}).json()
        assert run["verification"]["verified"]

    def set_legacy_tables_aside(self) -> None:
        """Migrate the legacy tables and set them aside."""
        self.migrate()
        self.call("POST /api/admin-cleanup-old-tables")

    def lose_everything_but_a_backup(self) -> None:
        """Write a backup under the name of the example, then empty the tables."""
        backup = self._backups / self.call("POST /api/admin-backup")["name"]
        backup.rename(self._backups / OPERATIONS["POST /api/admin-restore"].request["name"])
        self._database.execute("SET stepwise.removal = 'test'")
        self._database.execute("TRUNCATE public.students, public.sessions, public.events CASCADE")
        self._database.execute(
            "TRUNCATE assessment.examinees, assessment.question_pools, assessment.questions CASCADE"
        )

    def number_version(self) -> None:
        """Give the pool's version the number that the examples have."""
        example = OPERATIONS["POST /api/admin-pool-version"].request
        number = {"number": example["version"], "pool_id": example["question_pool_id"]}
        self._database.execute("SET session_replication_role = replica")  # no foreign keys
        for statement in (
            "UPDATE assessment.pool_versions SET version = %(number)s WHERE pool_id = %(pool_id)s",
            "UPDATE assessment.pool_items SET version = %(number)s WHERE pool_id = %(pool_id)s",
            "UPDATE assessment.question_pools SET current_version = %(number)s",
            "UPDATE assessment.test_sessions SET pool_version = %(number)s",
        ):
            self._database.execute(statement.encode(), number)

    def begin_session(self, **fields: str) -> None:
        """Report a step, as a student's page would."""
        body = {"sessionToken": f"ws_1735689600000_{'4d' * 32}", "stepNumber": 1, **fields}
        self._client.post("/api/student-progress", json=body).raise_for_status()

    def store_revision(self) -> None:
        """Store the revision of the schema, as `migrate.py` does."""
        self._database.execute("INSERT INTO stepwise.schema_version VALUES ('001')")

    def set_cache_statistics(self) -> None:
        """Set the cache's hits and misses, which otherwise depend on the item banks in memory."""
        self.call(SUBMIT)
        assert self._deps.redis is not None
        self._deps.redis.pipeline([["HSET", STATISTICS_KEY, "hits", "9", "misses", "1"]])


PREPARATIONS: dict[str, Callable[[Preparation], object]] = {
    "GET /health": Preparation.store_revision,
    "GET /api/health": Preparation.store_revision,
    f"POST {MIGRATE}": Preparation.add_legacy_tables,
    "POST /api/admin-normalize-database-v2": Preparation.add_legacy_tables,
    "POST /api/admin-cleanup-old-tables": Preparation.migrate,
    "POST /api/admin-restore-old-tables": Preparation.set_legacy_tables_aside,
    "POST /api/admin-restore": Preparation.lose_everything_but_a_backup,
    MERGE: lambda preparation: preparation.begin_session(
        studentEmail=OPERATIONS[MERGE].request["keepStudentEmail"]
    ),
    DETACH: lambda preparation: preparation.begin_session(
        sessionToken=OPERATIONS[DETACH].request["sessionToken"], studentEmail="ann@example.com"
    ),
    "GET /api/workshop-analytics": lambda preparation: preparation.call("POST /api/ask-for-help"),
    "GET /api/admin-audit": lambda preparation: preparation.call("POST /api/admin-rotate-keys"),
    "GET /api/debug/session/{session_id}": lambda preparation: preparation.call(SYNC),
    "GET /api/debug/pool/{question_pool_id}": lambda preparation: preparation.call(CALIBRATE),
    "GET /api/pools/{question_pool_id}/questions": lambda preparation: preparation.call(CALIBRATE),
    "PUT /api/pools/{question_pool_id}/questions/{question_id}": Preparation.number_version,
    "POST /api/admin-pool-version": Preparation.number_version,
    "GET /api/debug/redis/stats": Preparation.set_cache_statistics,
}


@pytest.fixture
def preparation(
    loopback_client: TestClient, database: psycopg.Connection[Any], deps: Deps
) -> Preparation:
    return Preparation(loopback_client, database, deps)


def send(loopback_client: TestClient, operation: Operation) -> Any:
    path = operation.path.format(**operation.examples_in("path"))
    return loopback_client.request(
        operation.method,
        path,
        params=operation.examples_in("query"),
        headers=operation.examples_in("header"),
        json=operation.request,
    )


@pytest.mark.parametrize(
    "operation",
    # Operations of the study planner need a class first: tests/learning/test_api_examples.py.
    [each for each in OPERATIONS.values() if not each.row.module.startswith("learning.")],
    ids=str,
)
def test_example_request_returns_the_example_response(
    loopback_client: TestClient, preparation: Preparation, operation: Operation
) -> None:
    if prepare := PREPARATIONS.get(str(operation)):
        prepare(preparation)
    response = send(loopback_client, operation)
    assert response.status_code == 200, response.text
    is_json = response.headers["content-type"] == "application/json"
    content = response.json() if is_json else response.text
    assert differences(operation.responses["Response"], content) == []


def test_further_examples_are_those_that_the_tests_below_use() -> None:
    titles = {title for operation in OPERATIONS.values() for title in operation.responses}
    assert titles == {
        "Response",
        "Without a token",
        "All students, with a password",
        "After the last answer",
        "With a password",
    }


def test_pools_with_a_password_match_their_example(
    loopback_client: TestClient, operator: dict[str, str]
) -> None:
    pools = OPERATIONS["GET /api/pools"]
    response = loopback_client.get(pools.path, headers=operator)
    assert differences(pools.responses["With a password"], response.json()) == []


def test_progress_without_a_token_matches_its_example(loopback_client: TestClient) -> None:
    look_up = OPERATIONS["GET /api/student-progress"]
    params = {"studentEmail": look_up.examples_in("query")["studentEmail"]}
    response = loopback_client.get(look_up.path, params=params)
    assert differences(look_up.responses["Without a token"], response.json()) == []


def test_progress_of_all_students_matches_its_example(
    loopback_client: TestClient, operator: dict[str, str]
) -> None:
    tracking = OPERATIONS["GET /api/track-student-progress"]
    response = loopback_client.get(
        tracking.path, params={"getAllStudents": "true"}, headers=operator
    )
    assert differences(tracking.responses["All students, with a password"], response.json()) == []


def test_submitting_the_last_answer_matches_its_example(loopback_client: TestClient) -> None:
    one_question = {"type": "fixed_length", "min_questions": 1, "max_questions": 1}
    start = OPERATIONS["POST /api/test/start"]
    session = loopback_client.post(
        start.path, json={**start.request, "end_criteria": one_question}
    ).json()
    ids = {"session_id": session["session_id"], "question_id": session["next_question"]["id"]}
    response = loopback_client.post("/api/test/submit", json={**ids, "response": 0})
    assert differences(OPERATIONS[SUBMIT].responses["After the last answer"], response.json()) == []


def test_each_difference_is_reported() -> None:
    response = {"a": [{"b": 1}, {"b": None}], "at": "2026-01-01T09:00:00Z"}
    assert differences({"a": [{"b": 2}], "at": "2026-02-02T10:00:00Z"}, response) == []
    for example in (
        {"a": [{"b": 2}]},
        {"a": [{"b": 2}], "at": "now"},
        {"a": [{"b": "2"}], "at": "2026-02-02T10:00:00Z"},
        {"a": [{"b": 2, "c": 3}], "at": "2026-02-02T10:00:00Z"},
        {"a": [], "at": "2026-02-02T10:00:00Z"},
        {"a": [2], "at": "2026-02-02T10:00:00Z"},
    ):
        assert len(differences(example, response)) == 1, example
