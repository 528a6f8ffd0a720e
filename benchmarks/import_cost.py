"""CPU time for importing each function, compared with the minimum for any FastAPI function.

Each import runs in a fresh process with valid byte code. The imports take turns, so that a slow
moment of the machine affects all of them, and the best of several rounds counts. "Ready" includes
the imports of the first request to Postgres and Redis, which are only deferred.
"""

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from lib.routes import modules

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
FLOOR = "import fastapi, mangum, pydantic"
CLIENTS = "import psycopg, upstash_redis"
GOAL = 1.4
"""Largest acceptable multiple of the floor, for functions without numpy."""
REPORT_NUMPY = "import sys; raise SystemExit(7 if 'numpy' in sys.modules else 0)"


def cpu_ms(code: str) -> float:
    """Return the user and system time of a fresh process that runs this code, ms."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def best_of_rounds(codes: list[str], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the shortest time of each; a first round, not counted, writes byte code."""
    times: dict[str, list[float]] = {code: [] for code in codes}
    for number in range(rounds + 1):
        for code in codes:
            milliseconds = cpu_ms(code)
            if number:
                times[code].append(milliseconds)
    return {code: min(durations) for code, durations in times.items()}


def loads_numpy(module: str) -> bool:
    """Return whether importing the function imports numpy."""
    code = f"import api.{module}; {REPORT_NUMPY}"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 7


def main() -> None:
    """Measure and print the table."""
    names = (*modules(), "index")
    imports = {name: f"import api.{name}" for name in names}
    ready = {name: f"{code}; {CLIENTS}" for name, code in imports.items()}
    best = best_of_rounds([FLOOR, f"{FLOOR}; {CLIENTS}", *imports.values(), *ready.values()])
    floor, floor_ready = best[FLOOR], best[f"{FLOOR}; {CLIENTS}"]
    print(
        f"Floor: fastapi + mangum + pydantic {floor:.0f} ms CPU, with clients {floor_ready:.0f}\n"
    )
    print("| function | import ms | of floor | ready ms | of floor with clients | |")
    print("|---|--:|--:|--:|--:|---|")
    for name in names:
        ratio, numpy = best[imports[name]] / floor, loads_numpy(name)
        note = "numpy" if numpy else ("over the goal" if ratio > GOAL else "")
        print(
            f"| {name} | {best[imports[name]]:.0f} | {ratio:.2f} | {best[ready[name]]:.0f} "
            f"| {best[ready[name]] / floor_ready:.2f} | {note} |"
        )


if __name__ == "__main__":
    main()
