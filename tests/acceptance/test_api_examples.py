"""Every example of the API's description, sent as it stands to the local server with the demo."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.assessment.sessions.cache import STATISTICS_KEY
from lib.deps import Deps
from lib.settings import Settings
from tests.legacy.drawn import Legacy
from tests.support.described import Operation, operations

OPERATIONS = {str(operation): operation for operation in operations()}
KINDS = {
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*",
    "day": r"\d{4}-\d\d-\d\d",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "token": r"ws_\d+_\w+",
    "digest": r"[0-9a-f]{32,}",
}
MIGRATE = "/api/admin-migrate-to-unified-schema"
SYNC = "POST /api/debug/sync/{session_id}"
SUBMIT = "POST /api/test/submit"
FLAG = b"""
WITH disagreeing AS (
  INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count, report)
  SELECT v.pool_id, v.version + 1, v.origin, v.question_count, v.report
  FROM assessment.pool_versions v WHERE v.origin = 'calibration'
  RETURNING pool_id, version
)
INSERT INTO assessment.pool_items
SELECT i.pool_id, i.position, new.version, i.question_id, i.revision, i.option_count,
  i.correct_option, i.concepts, 0.9, i.discrimination, i.guessing,
  i.calibration || '{"drifted": true}'
FROM disagreeing new
JOIN assessment.pool_items i ON i.pool_id = new.pool_id AND i.version = new.version - 1
WHERE i.question_id = 'mat-001'
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Backups go to a folder of the test."""
    return replace(settings, backup_folder=str(tmp_path))


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


class Scene:
    """What some calls need to have happened before them."""

    def __init__(
        self, here: TestClient, database: psycopg.Connection[Any], deps: Deps, backups: Path
    ) -> None:
        self._here = here
        self._database = database
        self._deps = deps
        self._backups = backups

    def call(self, name: str) -> Any:
        """Send the example of an operation."""
        return send(self._here, OPERATIONS[name]).json()

    def add_old_tables(self) -> None:
        """Two people of the older version, one of them with her key in the clear."""
        old = Legacy(self._database, self._deps)
        old.create()
        old.add(
            "workshop_students",
            """
            session_token    | student_email      | current_step | exercises
            ws_1735689600000 | Ann@Example.com    | 3            | {"step-1": {"completed": true}}
            ws_1735689700000 | bob@example.com    | 1            | {"warm-up": true}
            """,
        )
        old.add(
            "student_configs",
            """
            session_token    | student_email      | openai_api_key     | selected_voice
            ws_1735689600000 | ann@example.com    | sk-old-1234567890  | en-US-Journey-O
            """,
        )

    def migrate(self) -> None:
        """Move those rows."""
        self.add_old_tables()
        moved = self._here.post(MIGRATE, json={"dryRun": False}).json()
        assert moved["verification"]["verified"]

    def set_old_tables_aside(self) -> None:
        """As the clean-up does."""
        self.migrate()
        self.call("POST /api/admin-cleanup-old-tables")

    def lose_everything_but_a_backup(self) -> None:
        """The backup has the name of the example."""
        made = self._backups / self.call("POST /api/admin-backup")["name"]
        made.rename(self._backups / OPERATIONS["POST /api/admin-restore"].request["name"])
        self._database.execute("TRUNCATE public.students, public.sessions, public.events CASCADE")

    def flag_a_question(self) -> None:
        """The demo's answers are as its authors expect, so a second calibration has to disagree."""
        self.call("POST /api/admin-calibrate")
        self._database.execute(FLAG)

    def read_questions(self) -> None:
        """Nine of ten from the cache; whether a process asks it depends on what it holds itself."""
        self.call(SUBMIT)
        assert self._deps.redis is not None
        self._deps.redis.pipeline([["HSET", STATISTICS_KEY, "hits", "9", "misses", "1"]])


BEFORE: dict[str, Callable[[Scene], object]] = {
    f"POST {MIGRATE}": Scene.add_old_tables,
    "POST /api/admin-normalize-database-v2": Scene.add_old_tables,
    "POST /api/admin-cleanup-old-tables": Scene.migrate,
    "POST /api/admin-restore-old-tables": Scene.set_old_tables_aside,
    "POST /api/admin-restore": Scene.lose_everything_but_a_backup,
    "GET /api/debug/session/{session_id}": lambda scene: scene.call(SYNC),
    "GET /api/debug/pool/{question_pool_id}": Scene.flag_a_question,
    "GET /api/debug/redis/stats": Scene.read_questions,
}


@pytest.fixture
def scene(here: TestClient, database: psycopg.Connection[Any], deps: Deps, tmp_path: Path) -> Scene:
    return Scene(here, database, deps, tmp_path)


def send(here: TestClient, operation: Operation) -> Any:
    path = operation.path.format(**operation.examples_in("path"))
    return here.request(
        operation.method,
        path,
        params=operation.examples_in("query"),
        headers=operation.examples_in("header"),
        json=operation.request,
    )


def differences(shown: Any, real: Any, at: str = "answer") -> list[str]:
    """Where the shown answer has other keys, or values of another kind, than the real one.

    A list is shown shortened: each of its entries has to be like one of the real ones.
    """
    if isinstance(shown, dict) and isinstance(real, dict):
        found = [f"{at}.{key} is in one only" for key in sorted(shown.keys() ^ real.keys())]
        for key in shown.keys() & real.keys():
            found += differences(shown[key], real[key], f"{at}.{key}")
        return found
    if isinstance(shown, list) and isinstance(real, list):
        if real and not shown:
            return [f"{at} is shown empty"]
        closest = [_fewest(entry, real, f"{at}[{place}]") for place, entry in enumerate(shown)]
        return [problem for problems in closest for problem in problems]
    kinds = kind(shown), kind(real)
    return [] if kinds[0] == kinds[1] else [f"{at} is shown as {kinds[0]}, answered as {kinds[1]}"]


def _fewest(entry: Any, real: list[Any], at: str) -> list[str]:
    nothing_alike = [f"{at} is like no entry of the answer"]
    return min((differences(entry, one, at) for one in real), key=len, default=nothing_alike)


def kind(value: Any) -> str:
    """What a reader takes it for."""
    if isinstance(value, str):
        found = (name for name, pattern in KINDS.items() if re.fullmatch(pattern, value))
        return next(found, "text")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__
    return "number"


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)
def test_example_is_answered_as_it_shows(
    here: TestClient, scene: Scene, operation: Operation
) -> None:
    if prepare := BEFORE.get(str(operation)):
        prepare(scene)
    answer = send(here, operation)
    assert answer.status_code == 200, answer.text
    assert differences(operation.answers["Answer"], answer.json()) == []


def test_every_other_answer_is_asked_for_here() -> None:
    titles = {title for operation in OPERATIONS.values() for title in operation.answers}
    assert titles == {"Answer", "Without a token", "All students, for operators", "The last one"}


def test_progress_looked_up_without_a_token_is_as_shown(here: TestClient) -> None:
    looked_up = OPERATIONS["GET /api/student-progress"]
    params = {"studentEmail": looked_up.examples_in("query")["studentEmail"]}
    answer = here.get(looked_up.path, params=params)
    assert differences(looked_up.answers["Without a token"], answer.json()) == []


def test_all_students_are_as_shown(here: TestClient, operator: dict[str, str]) -> None:
    tracked = OPERATIONS["GET /api/track-student-progress"]
    answer = here.get(tracked.path, params={"getAllStudents": "true"}, headers=operator)
    assert differences(tracked.answers["All students, for operators"], answer.json()) == []


def test_the_last_answer_is_answered_as_shown(here: TestClient) -> None:
    one_question = {"type": "fixed_length", "min_questions": 1, "max_questions": 1}
    start = OPERATIONS["POST /api/test/start"]
    begun = here.post(start.path, json={**start.request, "end_criteria": one_question}).json()
    given = {"session_id": begun["session_id"], "question_id": begun["next_question"]["id"]}
    answer = here.post("/api/test/submit", json={**given, "response": 0})
    assert differences(OPERATIONS[SUBMIT].answers["The last one"], answer.json()) == []


def test_a_difference_is_seen() -> None:
    real = {"a": [{"b": 1}, {"b": None}], "at": "2026-01-01T09:00:00Z"}
    assert differences({"a": [{"b": 2}], "at": "2026-02-02T10:00:00Z"}, real) == []
    for shown in (
        {"a": [{"b": 2}]},
        {"a": [{"b": 2}], "at": "now"},
        {"a": [{"b": "2"}], "at": "2026-02-02T10:00:00Z"},
        {"a": [{"b": 2, "c": 3}], "at": "2026-02-02T10:00:00Z"},
        {"a": [], "at": "2026-02-02T10:00:00Z"},
        {"a": [2], "at": "2026-02-02T10:00:00Z"},
    ):
        assert len(differences(shown, real)) == 1, shown
