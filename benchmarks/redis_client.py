"""Cost of importing and calling our Redis client on top of Upstash's, compared with plain urllib3.

The alternative sends the same pipeline with urllib3 and parses the response with `json`. Both call
the REST gateway on this machine in turns; CPU time is that of the calling thread alone.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import urllib3

from lib.redis_rest import TIMEOUT_SECONDS, Command, RedisRest
from local.redis_gateway.gateway import Gateway, running_gateway
from local.servers.redis_server import running_redis

ROOT = Path(__file__).resolve().parent.parent
FLOOR = "import fastapi, mangum, pydantic"
IMPORT_ROUNDS = 3
CALLS_PER_ROUND = 400
ROUNDS = 5
SNAPSHOT = "x" * 600
COMMANDS: list[Command] = [
    ["SET", "lock", "token", "NX", "EX", 5],
    ["GET", "snapshot"],
    ["SET", "snapshot", SNAPSHOT, "EX", 1800],
]


def main() -> None:
    """Measure and print the two tables."""
    print_import()
    with running_redis() as server, running_gateway(server) as gateway:
        print_calls(gateway)


def cpu_ms(code: str) -> float:
    """Return the user and system time of a fresh process that runs this code, ms."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def best_of_rounds(codes: list[str]) -> dict[str, float]:
    """Return each code's shortest CPU time, ms; a first round, not counted, writes byte code."""
    times: dict[str, list[float]] = {code: [] for code in codes}
    for number in range(IMPORT_ROUNDS + 1):
        for code in codes:
            milliseconds = cpu_ms(code)
            if number:
                times[code].append(milliseconds)
    return {code: min(durations) for code, durations in times.items()}


def print_import() -> None:
    """Print the CPU time of a fresh process that imports the client after FastAPI."""
    codes = {
        "floor": FLOOR,
        "urllib3": f"{FLOOR}; import urllib3",
        "upstash-redis": f"{FLOOR}; import lib.redis_rest",
    }
    best = best_of_rounds(list(codes.values()))
    print("| import, including fastapi, mangum, pydantic | CPU ms | times the floor |")
    print("|---|--:|--:|")
    for name, code in codes.items():
        print(f"| {name} | {best[code]:.0f} | {best[code] / best[FLOOR]:.2f} |")


def print_calls(gateway: Gateway) -> None:
    """Print the cost of a pipeline of three commands with each client."""
    bare = urllib3_client(gateway.url, gateway.token)
    with closing(RedisRest(gateway.url, gateway.token)) as redis:
        clients: dict[str, Callable[[], Any]] = {
            "urllib3": bare,
            "upstash-redis": lambda: redis.pipeline(COMMANDS),
        }
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
        for number in range(ROUNDS + 1):
            for name, call in clients.items():
                times = measure_call(call)
                if number:  # the first round opens the connections
                    figures[name].append(times)
    base = statistics.median(cpu for cpu, _ in figures["urllib3"])
    print("\n| a pipeline of three commands | CPU ms | times urllib3 | elapsed ms |")
    print("|---|--:|--:|--:|")
    for name, rounds in figures.items():
        cpu = statistics.median(cpu for cpu, _ in rounds)
        wall = statistics.median(wall for _, wall in rounds)
        print(f"| {name} | {cpu:.2f} | {cpu / base:.2f} | {wall:.2f} |")


def measure_call(call: Callable[[], Any]) -> tuple[float, float]:
    """Return the CPU and wall time of a call, averaged over a round, ms."""
    cpu, wall = time.thread_time(), time.perf_counter()
    for _ in range(CALLS_PER_ROUND):
        if call() is None:
            raise SystemExit("The pipeline has no result: Redis or the gateway failed.")
    return (
        1000 * (time.thread_time() - cpu) / CALLS_PER_ROUND,
        1000 * (time.perf_counter() - wall) / CALLS_PER_ROUND,
    )


def urllib3_client(url: str, token: str) -> Callable[[], list[Any]]:
    """Return a function that sends the pipeline with urllib3."""
    pool = urllib3.PoolManager(
        retries=False,
        timeout=TIMEOUT_SECONDS,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )

    def call() -> list[Any]:
        body = json.dumps(COMMANDS).encode()
        response = pool.request("POST", f"{url}/pipeline", body=body, redirect=False)
        return [reply["result"] for reply in json.loads(response.data)]

    return call


if __name__ == "__main__":
    main()
