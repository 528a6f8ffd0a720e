"""POST /api/student-progress beside a bare FastAPI endpoint that makes the same Postgres call.

Both run under uvicorn, each in a process of its own, on one Postgres, and take many short turns,
so that a slow moment of the machine meets both. The bare endpoint has no checks, no envelope, no
log, no limits and no model: it hands the body to the same SQL function and its answer back as it
comes.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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
GOAL = 1.5
"""Times the bare endpoint."""
CALL = """
SELECT public.record_step_progress(%(sessionToken)s, %(studentEmail)s, %(studentName)s, NULL,
  %(stepNumber)s, %(stepName)s, %(completed)s, %(timeSpent)s, 1, %(codeSubmitted)s,
  %(deploymentUrl)s, NULL, NULL)::TEXT
"""


def bare_app() -> FastAPI:
    """The floor: one endpoint, one call."""
    app = FastAPI()
    local = threading.local()

    @app.post("/api/student-progress")
    def record(body: dict[str, Any]) -> Response:
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(
                os.environ["POSTGRES_URL"], autocommit=True, prepare_threshold=None
            )
        row = local.connection.execute(CALL, body).fetchone()
        answer = f'{{"success":true,"progress":{row[0]}}}'
        return Response(answer, media_type="application/json")

    return app


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextmanager
def served(name: str, url: str, *arguments: str) -> Iterator[int]:
    """Serve an app in a process of its own; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--no-access-log", *arguments]
    server = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "POSTGRES_URL": url},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            if answers(port):
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"{name} did not start")
        yield port
    finally:
        server.terminate()
        server.wait()


def body(worker: int, number: int) -> bytes:
    """A report of one worker's student: steps in turn, a session each, so that nobody waits."""
    return json.dumps(
        {
            "sessionToken": f"ws_{worker:013d}_benchmark",
            "studentEmail": f"student{worker}@example.com",
            "studentName": "Student",
            "stepNumber": number % 9 + 1,
            "stepName": "Services",
            "completed": True,
            "timeSpent": 1,
            "codeSubmitted": "export const handler = () => 1;",
            "deploymentUrl": "https://voice.example.com",
        }
    ).encode()


def load(port: int, seconds: float) -> list[float]:
    """Post from a few connections at once; how long each answer took, in ms."""
    until = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in range(WORKERS)]

    def work(worker: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Content-Type": "application/json"}
        while time.perf_counter() < until:
            sent = time.perf_counter()
            report = body(worker, len(times[worker]))
            connection.request("POST", "/api/student-progress", report, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"answered {answer.status}")
            times[worker].append(1000 * (time.perf_counter() - sent))
        connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [spent for worker in times for spent in worker]


def main() -> None:
    """Measure in turns and print the table."""
    with running_postgres() as postgres:
        url = postgres.create_database("benchmark")
        with psycopg.connect(url) as connection:
            for _, script in schema_scripts():
                connection.execute(script.encode())
        bare = served("bare", url, "--factory", "benchmarks.workshop_progress:bare_app")
        ours = served("ours", url, "api.workshop.student_progress:app")
        with bare as bare_port, ours as our_port:
            ports = {"bare FastAPI, same call": bare_port, "student-progress": our_port}
            times: dict[str, list[float]] = {name: [] for name in ports}
            ratios = []
            for number in range(ROUNDS + 1):
                counts = []
                for name, port in ports.items():
                    spent = load(port, SECONDS_PER_ROUND)
                    counts.append(len(spent))
                    if number:  # the first round warms both
                        times[name] += spent
                if number:
                    ratios.append(counts[0] / counts[1])
    report(times, ratios)


def report(times: dict[str, list[float]], ratios: list[float]) -> None:
    """Print requests a second, latency, and ours as a multiple of the floor."""
    print(f"{WORKERS} connections, {ROUNDS} rounds of {SECONDS_PER_ROUND:g} s each, in turns\n")
    print("| endpoint | requests/s | p50 ms | p95 ms |")
    print("|---|--:|--:|--:|")
    for name, spent in times.items():
        cuts = statistics.quantiles(spent, n=20)
        rate = len(spent) / (ROUNDS * SECONDS_PER_ROUND)
        print(f"| {name} | {rate:.0f} | {cuts[9]:.1f} | {cuts[18]:.1f} |")
    lower, ratio, upper = statistics.quantiles(ratios, n=4)
    verdict = "met" if ratio <= GOAL else "missed"
    print(
        f"\nTime per request: {ratio:.2f} times the bare endpoint (median of rounds, "
        f"quartiles {lower:.2f} and {upper:.2f}; goal {GOAL}: {verdict})"
    )


if __name__ == "__main__":
    main()
