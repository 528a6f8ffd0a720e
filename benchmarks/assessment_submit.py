"""Submit compared with a bare endpoint that makes the same network calls; Redis bytes per session.

Each endpoint is served by uvicorn in its own process. The two are called in turn, so that other
load on the machine affects both.
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
ANSWERS = 20  # per session
SESSIONS = 5  # per client and round
OPEN_SESSIONS = 50
CLIENTS = 8
ITEMS = 500
PASSWORD = "benchmark password"  # noqa: S105 password of a server that runs for a minute


class Server(NamedTuple):
    """A server in its own process."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used so far, user and system."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def main() -> None:
    """Print the table of both endpoints, then the memory of sessions in Redis."""
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
            serving("api.index:app", env) as all_endpoints,
        ):
            pool_id = upload(all_endpoints.url)
            measure(
                partial(run_bare, bare, bare_ids), partial(run_ours, submit, all_endpoints, pool_id)
            )
            print_redis(redis, all_endpoints.url, pool_id)


def measure(bare: Callable[[int], "Figures"], ours: Callable[[int], "Figures"]) -> None:
    """Print latency, throughput and CPU time with one client and with several."""
    print("| clients | endpoint | median ms | p95 ms | requests/s | CPU ms |")
    print("|---|---|---|---|---|---|")
    for clients in (1, CLIENTS):
        totals = {"bare": Figures(), "submit": Figures()}
        for round_number in range(ROUNDS + 1):
            for name, run in (("bare", bare), ("submit", ours)):
                figures = run(clients)
                if round_number:  # round 0 warms up
                    totals[name].add(figures)
        for name, figures in totals.items():
            print(f"| {clients} | {name} | {figures.row()} |")
        reference, submit = totals["bare"], totals["submit"]
        print(
            f"| {clients} | **submit / bare** | {submit.median() / reference.median():.2f} | "
            f"{submit.p95() / reference.p95():.2f} | {submit.rate() / reference.rate():.2f} | "
            f"{submit.cpu_each() / reference.cpu_each():.2f} |"
        )


class Figures:
    """Times of requests, duration of all runs, and the server's CPU time, in seconds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.seconds = 0.0
        self.cpu = 0.0

    def add(self, other: "Figures") -> None:
        """Add the figures of another round."""
        self.times += other.times
        self.seconds += other.seconds
        self.cpu += other.cpu

    def median(self) -> float:
        """Return the median latency, milliseconds."""
        return 1000 * statistics.median(self.times)

    def p95(self) -> float:
        """Return the 95th percentile of latency, milliseconds."""
        return 1000 * statistics.quantiles(self.times, n=20)[-1]

    def rate(self) -> float:
        """Return requests per second."""
        return len(self.times) / self.seconds

    def cpu_each(self) -> float:
        """Return the server's CPU time per request, milliseconds."""
        return 1000 * self.cpu / len(self.times)

    def row(self) -> str:
        """Return the cells of a table row."""
        return f"{self.median():.2f} | {self.p95():.2f} | {self.rate():.0f} | {self.cpu_each():.2f}"


def timed_run(server: Server, jobs: list[Callable[[], list[float]]]) -> Figures:
    """Run the jobs concurrently, one thread each; return their figures."""
    figures = Figures()
    before, cpu = time.perf_counter(), server.cpu_seconds()
    with ThreadPoolExecutor(len(jobs)) as pool:
        figures.times = [t for part in pool.map(lambda job: job(), jobs) for t in part]
    figures.seconds = time.perf_counter() - before
    figures.cpu = server.cpu_seconds() - cpu
    return figures


def run_bare(server: Server, ids: list[str], clients: int) -> Figures:
    """Measure the bare endpoint with as many requests as `run_ours` makes."""
    return timed_run(server, [partial(call_bare, server.url, ids[n]) for n in range(clients)])


def run_ours(server: Server, all_endpoints: Server, pool_id: str, clients: int) -> Figures:
    """Measure submit in tests that were started beforehand."""
    with httpx.Client(base_url=all_endpoints.url, timeout=30) as client:
        first_bodies = [
            [start(client, pool_id, str(uuid4())) for _ in range(SESSIONS)] for _ in range(clients)
        ]
    return timed_run(server, [partial(take_tests, server.url, bodies) for bodies in first_bodies])


def call_bare(url: str, session_id: str) -> list[float]:
    """Call the bare endpoint; return the seconds of each request."""
    body = {"session_id": session_id, "question_id": "q1", "response": 1}
    with httpx.Client(base_url=url, timeout=30) as client:
        return [time_submit(client, body)[0] for _ in range(SESSIONS * ANSWERS)]


def take_tests(url: str, first_bodies: list[Any]) -> list[float]:
    """Complete tests that have been started; return the seconds of each submit."""
    times: list[float] = []
    with httpx.Client(base_url=url, timeout=30) as client:
        for first_body in first_bodies:
            body, session_id = first_body, first_body["session_id"]
            while question := body.get("next_question"):
                answer = {"session_id": session_id, "question_id": question["id"], "response": 1}
                seconds, body = time_submit(client, answer)
                times.append(seconds)
    return times


def start(client: httpx.Client, pool_id: str, student: str) -> Any:
    """Start a test; return the body of the response."""
    body = {"student_id": student, "question_pool_id": pool_id}
    return client.post("/api/test/start", json=body).raise_for_status().json()


def time_submit(client: httpx.Client, answer: dict[str, Any]) -> tuple[float, Any]:
    """Submit one answer; return the seconds it took and the body of the response."""
    before = time.perf_counter()
    response = client.post("/api/test/submit", json=answer)
    return time.perf_counter() - before, response.raise_for_status().json()


def upload(url: str) -> str:
    """Upload a pool of 500 questions over five concepts; return its id."""
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
    response = httpx.post(
        f"{url}/api/questions/upload",
        json={"questions": questions, "guessing": 0.2, "adminPassword": PASSWORD},
        timeout=60,
    )
    return str(response.raise_for_status().json()["question_pool_id"])


def print_redis(redis: RedisServer, url: str, pool_id: str) -> None:
    """Print the memory that sessions take in Redis halfway through their tests."""
    with redis.client() as client, httpx.Client(base_url=url, timeout=30) as students:
        client.flushall()
        for _ in range(OPEN_SESSIONS):
            body = start(students, pool_id, str(uuid4()))
            session_id = body["session_id"]
            for _ in range(ANSWERS // 2):
                question = body["next_question"]
                answer = {"session_id": session_id, "question_id": question["id"], "response": 1}
                _, body = time_submit(students, answer)
        keys = list(client.scan_iter("session:*:state"))
        sizes = [client.strlen(key) for key in keys]
        mean_bytes = statistics.mean(client.memory_usage(key) for key in keys)
    print(
        f"\nRedis, halfway through a test of {ANSWERS} questions: a snapshot of {max(sizes)} bytes,"
        f" {mean_bytes:.0f} with its key; 1,000 sessions {1000 * mean_bytes / 2**20:.2f} MB"
    )


def environment(url: str, gateway: Gateway) -> dict[str, str]:
    """Return the servers' environment; they log as in production."""
    return {
        **os.environ,
        "POSTGRES_URL": url,
        "KV_REST_API_URL": gateway.url,
        "KV_REST_API_TOKEN": gateway.token,
        "ADMIN_PASSWORD": PASSWORD,
    }


@contextmanager
def serving(app: str, env: dict[str, str]) -> Iterator[Server]:
    """Serve an app in its own process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
    """Wait until the server responds."""
    for _ in range(200):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"No server responds at {url}. Run the app with uvicorn to see the error.")


if __name__ == "__main__":
    main()
