"""Submit beside a bare endpoint with the same three network calls; Redis bytes per session.

Both are served by uvicorn in a process of their own and asked in turns, so that the machine's
other load falls on both.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg

from benchmarks.assessment_bare import prepare
from lib.database.schema import schema_scripts
from local.redis_gateway.gateway import Gateway, running_gateway
from local.servers.postgres_server import running_postgres
from local.servers.redis_server import RedisServer, running_redis

ROUNDS = 4
ANSWERS = 20  # a session
SESSIONS = 5  # a client and round
OPEN_SESSIONS = 50
CLIENTS = 8
ITEMS = 500
PASSWORD = "benchmark password"  # noqa: S105 of a server that lives for a minute


class Server(NamedTuple):
    """A server in a process of its own."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


def main() -> None:
    """Print the table."""
    with running_postgres() as server, running_redis() as redis, running_gateway(redis) as gateway:
        url = server.create_database("bench")
        with psycopg.connect(url, autocommit=True) as connection:
            for _, script in schema_scripts():
                connection.execute(script.encode())
        env = environment(url, gateway)
        bare_ids = prepare(url, CLIENTS)
        with (
            serving("benchmarks.assessment_bare:app", env) as bare,
            serving("api.assessment.submit:app", env) as submit,
            serving("api.index:app", env) as others,
        ):
            pool_id = upload(others.url)
            measure(partial(run_bare, bare, bare_ids), partial(run_ours, submit, others, pool_id))
            print_redis(redis, others.url, pool_id)


def measure(bare: Callable[[int], "Figures"], ours: Callable[[int], "Figures"]) -> None:
    """Latency with one client, requests a second with several; rounds taken in turns."""
    print("| clients | endpoint | median ms | p95 ms | requests/s | CPU ms |")
    print("|---|---|---|---|---|---|")
    for clients in (1, CLIENTS):
        found = {"bare": Figures(), "submit": Figures()}
        for round_number in range(ROUNDS + 1):
            for name, run in (("bare", bare), ("submit", ours)):
                figures = run(clients)
                if round_number:  # the first one warms up
                    found[name].add(figures)
        for name, figures in found.items():
            print(f"| {clients} | {name} | {figures.row()} |")
        one, other = found["bare"], found["submit"]
        print(
            f"| {clients} | **submit / bare** | {other.median() / one.median():.2f} | "
            f"{other.p95() / one.p95():.2f} | {one.rate() / other.rate():.2f} | "
            f"{other.cpu_each() / one.cpu_each():.2f} |"
        )


class Figures:
    """Seconds of requests, how long they took together, and the server's CPU seconds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.seconds = 0.0
        self.cpu = 0.0

    def add(self, other: "Figures") -> None:
        """Add a round."""
        self.times += other.times
        self.seconds += other.seconds
        self.cpu += other.cpu

    def median(self) -> float:
        """Milliseconds."""
        return 1000 * statistics.median(self.times)

    def p95(self) -> float:
        """Milliseconds."""
        return 1000 * statistics.quantiles(self.times, n=20)[-1]

    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds

    def cpu_each(self) -> float:
        """Milliseconds of the server's CPU a request."""
        return 1000 * self.cpu / len(self.times)

    def row(self) -> str:
        """Cells of the table."""
        return f"{self.median():.2f} | {self.p95():.2f} | {self.rate():.0f} | {self.cpu_each():.2f}"


def timed_run(server: Server, jobs: list[Callable[[], list[float]]]) -> Figures:
    """Run jobs at once, a thread each."""
    figures = Figures()
    before, cpu = time.perf_counter(), server.cpu_seconds()
    with ThreadPoolExecutor(len(jobs)) as pool:
        figures.times = [t for part in pool.map(lambda job: job(), jobs) for t in part]
    figures.seconds = time.perf_counter() - before
    figures.cpu = server.cpu_seconds() - cpu
    return figures


def run_bare(server: Server, ids: list[str], clients: int) -> Figures:
    """As many requests as `run_ours` makes."""
    return timed_run(server, [partial(ask_bare, server.url, ids[n]) for n in range(clients)])


def run_ours(server: Server, others: Server, pool_id: str, clients: int) -> Figures:
    """Take tests that were started before the clock."""
    with httpx.Client(base_url=others.url, timeout=30) as starts:
        begun = [
            [start(starts, pool_id, str(uuid4())) for _ in range(SESSIONS)] for _ in range(clients)
        ]
    return timed_run(server, [partial(take_tests, server.url, bodies) for bodies in begun])


def ask_bare(url: str, session_id: str) -> list[float]:
    """Times of its requests."""
    body = {"session_id": session_id, "question_id": "q1", "response": 1}
    with httpx.Client(base_url=url, timeout=30) as client:
        return [timed(client, body)[0] for _ in range(SESSIONS * ANSWERS)]


def take_tests(url: str, begun: list[Any]) -> list[float]:
    """Times of its submits."""
    times: list[float] = []
    with httpx.Client(base_url=url, timeout=30) as client:
        for started in begun:
            body, session_id = started, started["session_id"]
            while question := body.get("next_question"):
                answer = {"session_id": session_id, "question_id": question["id"], "response": 1}
                seconds, body = timed(client, answer)
                times.append(seconds)
    return times


def start(client: httpx.Client, pool_id: str, student: str) -> Any:
    """The answer to a start."""
    body = {"student_id": student, "question_pool_id": pool_id}
    return client.post("/api/test/start", json=body).raise_for_status().json()


def timed(client: httpx.Client, body: dict[str, Any]) -> tuple[float, Any]:
    """Seconds and answer of one submit."""
    before = time.perf_counter()
    answer = client.post("/api/test/submit", json=body)
    return time.perf_counter() - before, answer.raise_for_status().json()


def upload(url: str) -> str:
    """A pool of 500 questions over five concepts."""
    questions = [
        {
            "id": f"q{i}",
            "content": f"Question {i}: " + "which of these is right? " * 4,
            "options": ["one", "two", "three", "four"],
            "correct_answer": "two",
            "concepts": [1 if c == i % 5 else 0 for c in range(5)],
            "difficulty": 0.05 + 0.9 * (7 * i % ITEMS) / ITEMS,
            "discrimination": 0.7 + 0.1 * (i % 9),
        }
        for i in range(ITEMS)
    ]
    answer = httpx.post(
        f"{url}/api/questions/upload",
        json={"questions": questions, "guessing": 0.2, "adminPassword": PASSWORD},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["question_pool_id"])


def print_redis(redis: RedisServer, url: str, pool_id: str) -> None:
    """Memory that sessions take, in the middle of their tests: 10 answers of 20."""
    with redis.client() as client, httpx.Client(base_url=url, timeout=30) as students:
        client.flushall()
        for _ in range(OPEN_SESSIONS):
            body = start(students, pool_id, str(uuid4()))
            session_id = body["session_id"]
            for _ in range(ANSWERS // 2):
                question = body["next_question"]
                answer = {"session_id": session_id, "question_id": question["id"], "response": 1}
                _, body = timed(students, answer)
        keys = list(client.scan_iter("session:*:state"))
        states = [client.strlen(key) for key in keys]
        each = statistics.mean(client.memory_usage(key) for key in keys)
    print(
        f"\nRedis, half-way through a test of {ANSWERS}: a state of {max(states)} bytes, "
        f"{each:.0f} with its key; 1,000 sessions {1000 * each / 2**20:.2f} MB"
    )


def environment(url: str, gateway: Gateway) -> dict[str, str]:
    """Of the servers; their logs cost what they cost in production."""
    return {
        **os.environ,
        "POSTGRES_URL": url,
        "KV_REST_API_URL": gateway.url,
        "KV_REST_API_TOKEN": gateway.token,
        "ADMIN_PASSWORD": PASSWORD,
    }


@contextmanager
def serving(app: str, env: dict[str, str]) -> Iterator[Server]:
    """Serve an app in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
    server = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url)
        yield Server(url, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(10)


def wait_until_up(url: str) -> None:
    """Ask until something answers."""
    for _ in range(200):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing answers at {url}")


if __name__ == "__main__":
    main()
