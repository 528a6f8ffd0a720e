"""POST /api/learning/sync, compared with the live system's sync and with a call per change.

Each way sends the answers of a new student to one server on Postgres and fetches the student's
rows; the ways take turns. Then a single further answer is synchronised. Finally, the ways that send
many changes in a call drain a long queue. Only the bytes of bodies are counted. The live system's
way also computes mastery; for the other ways, the server computes it when it is read.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg

from benchmarks.workshop_progress import ROOT, serving
from lib.learning.changes.clock import next_reading, suffix_of
from lib.learning.changes.synced import SCHEMA_VERSION
from lib.learning.sync.wire import MAX_OPERATIONS
from lib.learning.tables.base import new_id
from local.servers.postgres_server import running_postgres

ANSWERS = 100
"""Number of answers that a new student's first sync sends."""
QUEUED = 2_000
"""Number of answers in the queue that is drained."""
ROUNDS = 3
BATCH = 200
TOPIC, CONCEPT, QUESTION = (UUID(int=number) for number in (1, 2, 3))
SYLLABUS = f"""
INSERT INTO learning.topics (id, name, exam_weightage, estimated_hours)
VALUES ('{TOPIC}', 'Algebra', 100, 4);
INSERT INTO learning.concepts (id, topic_id, name) VALUES ('{CONCEPT}', '{TOPIC}', 'Lines');
INSERT INTO learning.questions (id, concept_id, question_text, question_type, correct_answer,
  difficulty, expected_time_seconds)
VALUES ('{QUESTION}', '{CONCEPT}', 'Is it?', 'true_false', 'true', 'easy', 60);
"""  # noqa: S608 the ids are constants


@dataclass
class Student:
    """A new student and the traffic of one device.

    Args:
        http: Client of the server.
        name: User name.
    """

    http: httpx.Client
    name: str
    up: int = 0
    """Bytes sent."""
    down: int = 0
    """Bytes received."""
    calls: int = 0
    cursor: str | None = None
    syncs: int = 0
    device_id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        """Register the student."""
        body = {"username": self.name, "password": secrets.token_hex(8), "role": "student"}
        response = self.http.post(
            "/api/auth/register", json={**body, "grade": 10, "target_exam": "Finals"}
        )
        response.raise_for_status()
        self.token = response.json()["access_token"]
        self.id = self.send("GET", "/api/auth/me")["student_profile"]["id"]
        self.up = self.down = self.calls = 0

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and count the bytes of both bodies."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        response = self.http.request(method, path, content=content, headers=headers)
        if response.is_error:
            raise SystemExit(f"{path} returned {response.status_code}: {response.text[:300]}")
        self.calls += 1
        self.up += len(content)
        self.down += len(response.content)
        return response.json()


@dataclass(frozen=True)
class Cost:
    """Cost of a first sync, and of the sync of one more answer after it."""

    answers: int
    seconds: float
    calls: int
    up: int
    """Bytes sent by the first sync."""
    down: int
    next_up: int
    next_down: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


Way = Callable[[Student, int], None]
"""Function that synchronises a student's device after a number of new answers."""


def in_calls_of(size: int) -> Way:
    """Return the way of a device that sends at most `size` changes a call."""

    def synchronise(student: Student, answers: int) -> None:
        waiting = _changes(student, answers)
        while True:
            body = {
                "device": {
                    "id": str(student.device_id),
                    "schema_version": SCHEMA_VERSION,
                    "syncs": student.syncs,
                },
                "operations": waiting[:size],
                "cursor": student.cursor,
                "digests": len(waiting) <= size,
            }
            response = student.send("POST", "/api/learning/sync", body)
            decided_ids = {it["id"] for it in response["outcomes"] if it["status"] != "retry"}
            waiting = [it for it in waiting if it["id"] not in decided_ids]
            student.cursor, student.syncs = response["cursor"], student.syncs + 1
            if not waiting and not response["has_more"]:
                return

    return synchronise


def as_live(student: Student, answers: int) -> None:
    """Upload the queue and download rows, even those that the device has, as live devices do."""
    operations = [
        {
            "operation_type": "create",
            "table_name": "question_attempts",
            "record_id": str(it["row_id"]),
            "data": it["columns"],
            "timestamp": it["columns"]["timestamp"],
        }
        for it in _changes(student, answers)
    ]
    for start in range(0, answers, MAX_OPERATIONS):
        queue = operations[start : start + MAX_OPERATIONS]
        body = {"student_id": student.id, "operations": queue}
        if student.send("POST", "/api/sync/upload", body)["failed_count"]:
            raise SystemExit(f"The server refused operations of {student.name}; see its log.")
    student.send("GET", f"/api/sync/download/{student.id}")


def _changes(student: Student, number: int) -> list[dict[str, Any]]:
    """Return new answers as a device queues them."""
    changes, clocks = [], list[str]()
    for _ in range(number):
        now = datetime.now(UTC)
        clocks = [next_reading(now, clocks, suffix_of(student.device_id))]
        columns = {
            "question_id": str(QUESTION),
            "answer": "true",
            "time_taken_seconds": 60,
            "confidence": 3,
            "timestamp": now.isoformat(),
        }
        changes.append(
            {
                "id": str(new_id()),
                "table_name": "question_attempts",
                "row_id": str(new_id()),
                "kind": "create",
                "columns": columns,
                "clock": clocks[0],
            }
        )
    return changes


def main() -> None:
    """Measure the ways in turns and print the tables."""
    batched_ways = {
        f"calls of up to {BATCH} changes": in_calls_of(BATCH),
        "live system's way": as_live,
    }
    ways = {**batched_ways, "a call per change": in_calls_of(1)}
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    with server() as http:
        for number in range(ROUNDS + 1):
            for name, way in ways.items():
                cost = measure(http, way, ANSWERS if number else ANSWERS // 10)
                if number:  # the first round warms up
                    costs[name].append(cost)
        queue_costs = {name: measure(http, way, QUEUED) for name, way in batched_ways.items()}
    report(costs, queue_costs)


@contextmanager
def server() -> Iterator[httpx.Client]:
    """Serve all endpoints on a new database with one question; yield a client of the server."""
    with running_postgres() as postgres:
        url = postgres.create_database("benchmark")
        environment = {**os.environ, "POSTGRES_URL": url}
        command = [sys.executable, "migrate.py", "upgrade", "--database", "postgres"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        with psycopg.connect(url) as connection:
            connection.execute(SYLLABUS)
        variables = {"WRITE_LIMITS": "off", "ENCRYPTION_KEY": secrets.token_hex(32)}
        with (
            serving("sync", url, "api.index:app", **variables) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
        ):
            yield http


def measure(http: httpx.Client, way: Way, answers: int) -> Cost:
    """Return the cost of a new student's first sync, and of the next one.

    Raises:
        SystemExit: If the server has not stored every answer.
    """
    student = Student(http, f"student-{secrets.token_hex(4)}")
    start = time.perf_counter()
    way(student, answers)
    seconds = time.perf_counter() - start
    calls, up, down = student.calls, student.up, student.down
    way(student, 1)
    cost = Cost(answers, seconds, calls, up, down, student.up - up, student.down - down)
    rows = student.send("GET", f"/api/attempts/mastery/student/{student.id}")
    if [row["total_attempts"] for row in rows] != [answers + 1]:
        raise SystemExit(f"The server has not stored {answers + 1} answers: {rows}")
    return cost


def report(costs: Mapping[str, Sequence[Cost]], queue_costs: Mapping[str, Cost]) -> None:
    """Print the medians of `costs`, and `queue_costs`, with the ratios to the first way."""
    print(f"{ANSWERS} answers of a new student, then one more; medians of {ROUNDS} rounds")
    print("In brackets: ratio to the first way (rate: median and range of the rounds' ratios)\n")
    print("| way | changes/s | KB up | KB down | one more: KB up | KB down |")
    print("|---|--:|--:|--:|--:|--:|")
    first = next(iter(costs.values()))
    for name, rows in costs.items():
        ratios = [row.rate / reference.rate for row, reference in zip(rows, first, strict=True)]
        ratio = f"{statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
        cells = [f"{statistics.median(row.rate for row in rows):.0f} ({ratio})"]
        for size in ("up", "down", "next_up", "next_down"):
            median = statistics.median(getattr(row, size) for row in rows)
            base = statistics.median(getattr(row, size) for row in first)
            cells.append(f"{median / 1024:.1f} ({median / base:.2f})")
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n{QUEUED} answers of a new student, then one more\n")
    print("| way | calls | seconds | changes/s | KB up | KB down | one more: KB up | KB down |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    first_cost = next(iter(queue_costs.values()))
    for name, cost in queue_costs.items():
        sizes = (cost.up, cost.down, cost.next_up, cost.next_down)
        print(
            f"| {name} | {cost.calls} | {cost.seconds:.1f} | {cost.rate:.0f}"
            f" ({cost.rate / first_cost.rate:.2f}) | "
            + " | ".join(f"{size / 1024:.1f}" for size in sizes)
            + " |"
        )


if __name__ == "__main__":
    main()
