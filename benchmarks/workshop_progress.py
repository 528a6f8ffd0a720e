"""POST /api/student-progress, compared with a bare FastAPI endpoint with the same Postgres call.

The endpoint also runs without its limit on writes (`WRITE_LIMITS=off`), which shows the cost of
counting them. Each runs under uvicorn in its own process, on one Postgres, in many short,
alternating rounds, so that a slow moment of the machine affects all. The bare endpoint lacks
checks, limits, models, logs and error envelopes. It passes the body to the same SQL function and
returns its result.
"""

import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from fastapi import FastAPI, Response

from lib.database.schema import schema_scripts
from local.servers.postgres_server import running_postgres

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 60
SECONDS_PER_ROUND = 0.25
WORKERS = 4
REPORTS_PER_SESSION = 300
"""Number of a session's reports, after which a new session begins; below the limit of reports."""
BARE = "bare FastAPI, same call"
GOAL = 1.5
"""Largest acceptable multiple of the bare endpoint's time."""
CALL = """
SELECT public.record_step_progress(%(sessionToken)s, %(studentEmail)s, %(studentName)s, NULL, NULL,
  %(stepNumber)s, %(stepName)s, %(completed)s, NULL, %(timeSpent)s, 1, %(codeSubmitted)s,
  %(deploymentUrl)s, NULL, NULL, NULL, NULL)::TEXT
"""


def bare_app() -> FastAPI:
    """Make the app of the bare endpoint."""
    app = FastAPI()
    local = threading.local()

    @app.post("/api/student-progress")
    def record(body: dict[str, Any]) -> Response:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(
                os.environ["POSTGRES_URL"], autocommit=True, prepare_threshold=None
            )
        row = local.connection.execute(CALL, body).fetchone()
        text = f'{{"success":true,"progress":{row[0]}}}'
        return Response(text, media_type="application/json")

    return app


def listens(port: int) -> bool:
    """Return whether a server listens on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextmanager
def serving(name: str, url: str, *arguments: str, **variables: str) -> Iterator[int]:
    """Serve an app in its own process with these variables; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log", *arguments]
    server = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "POSTGRES_URL": url, **variables},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            if listens(port):
                break
            time.sleep(0.1)
        else:
            raise SystemExit(
                f"The server '{name}' did not start. Run its app with uvicorn to see the error."
            )
        yield port
    finally:
        server.terminate()
        server.wait()


def body(worker: int, number: int) -> bytes:
    """Return a report of a worker's own student, so that no worker waits for another's row."""
    session = worker + WORKERS * (number // REPORTS_PER_SESSION)
    return json.dumps(
        {
            "sessionToken": f"ws_{session:013d}_benchmark",
            "studentEmail": f"student{session}@example.com",
            "studentName": "Student",
            "stepNumber": number % 9 + 1,
            "stepName": "Services",
            "completed": True,
            "timeSpent": 1,
            "codeSubmitted": "export const handler = () => 1;",
            "deploymentUrl": "https://voice.example.com",
        }
    ).encode()


_numbers = [itertools.count() for _ in range(WORKERS)]
"""The number of each worker's next report."""


def load(port: int, seconds: float) -> list[float]:
    """Post from several connections at once; return the time to each response, ms."""
    end = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in range(WORKERS)]

    def work(worker: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "application/json"}
        while time.perf_counter() < end:
            sent_at = time.perf_counter()
            report = body(worker, next(_numbers[worker]))
            connection.request("POST", "/api/student-progress", report, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise SystemExit(f"The endpoint returned {response.status}, not 200.")
            times[worker].append(1000 * (time.perf_counter() - sent_at))
        connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))  # raises a worker's exception here
    return [milliseconds for worker in times for milliseconds in worker]


def main() -> None:
    """Measure the endpoints in turns and print the table."""
    endpoint = "api.workshop.student_progress:app"
    with running_postgres() as postgres:
        url = postgres.create_database("benchmark")
        with psycopg.connect(url) as connection:
            for _, script in schema_scripts():
                connection.execute(script.encode())
        with (
            serving("bare", url, "--factory", "benchmarks.workshop_progress:bare_app") as bare,
            serving("full", url, endpoint) as full,
            serving("unlimited", url, endpoint, WRITE_LIMITS="off") as unlimited,
        ):
            ports = {BARE: bare, "student-progress": full, "without its limit": unlimited}
            times: dict[str, list[float]] = {name: [] for name in ports}
            ratios: dict[str, list[float]] = {name: [] for name in ports if name != BARE}
            for number in range(ROUNDS + 1):
                rounds = {name: load(port, SECONDS_PER_ROUND) for name, port in ports.items()}
                if number == 0:
                    continue  # a warm-up round
                for name, durations in rounds.items():
                    times[name] += durations
                    if name in ratios:
                        ratios[name].append(len(rounds[BARE]) / len(durations))
    report(times, ratios)


def report(times: dict[str, list[float]], ratios: dict[str, list[float]]) -> None:
    """Print requests per second, latency, and the multiples of the bare endpoint's time."""
    print(f"{WORKERS} connections, {ROUNDS} rounds of {SECONDS_PER_ROUND:g} s each, in turns\n")
    print("| endpoint | requests/s | p50 ms | p95 ms | multiple of the bare time (quartiles) |")
    print("|---|--:|--:|--:|--:|")
    for name, durations in times.items():
        cuts = statistics.quantiles(durations, n=20)
        rate = len(durations) / (ROUNDS * SECONDS_PER_ROUND)
        multiple = "1"
        if name in ratios:
            lower, middle, upper = statistics.quantiles(ratios[name], n=4)
            multiple = f"{middle:.2f} ({lower:.2f} to {upper:.2f})"
        print(f"| {name} | {rate:.0f} | {cuts[9]:.1f} | {cuts[18]:.1f} | {multiple} |")
    ratio = statistics.median(ratios["student-progress"])
    print(f"\nGoal: {GOAL} times the bare endpoint; {'met' if ratio <= GOAL else 'missed'}.")


if __name__ == "__main__":
    main()
