"""CPU time up to the first response of a function, compared with an empty FastAPI function's.

Each function starts in the platform's own runtime, with the packages of a deployment and valid byte
code, and receives one request that succeeds. The empty function is plain FastAPI, on
Lambda behind Mangum. It takes turns with the functions of an earlier commit and of today, so a
slow moment of the machine affects all of them. A busy machine adds to each time, so the minimum
of several rounds counts.

    make bench ARGS=cold_start
    python -m benchmarks.cold_start REVISION [ROUNDS [FUNCTION]]    # another commit, one function
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from local.redis_gateway.gateway import Gateway, running_gateway
from local.servers.postgres_server import PostgresServer, running_postgres
from local.servers.redis_server import running_redis
from tests.support.lambda_runtime import LambdaFunction
from tests.support.processes import Tree
from tests.support.vercel_runtime import VercelFunction
from tests.support.wire import Request, Response

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "07e56e4"
"""The last commit before cold starts were shortened."""
ROUNDS = 7
PASSWORD = "benchmark password"  # noqa: S105 password of a server that runs for a minute
GOALS: dict[str, float | None] = {"Postgres": 1.2, "Redis": 1.3, "numpy": 1.6, "SQLAlchemy": None}
"""Largest acceptable multiple of the empty function's CPU time, by the most expensive package in
use; None if the multiple is only reported."""
EMPTY = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def read_root():
    return {"Hello": "World"}
"""
EMPTY_ON_LAMBDA = """
from mangum import Mangum

lambda_handler = Mangum(app)
"""
CREATE_SCHEMA = """
import sys

import psycopg

from lib.database.schema import schema_scripts

with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    for _, script in schema_scripts():
        connection.execute(script.encode())
"""
QUESTIONS = [
    {
        "id": f"q{i}",
        "content": f"Question {i}",
        "options": ["one", "two", "three", "four"],
        "correct_answer": "two",
        "concepts": [1 if c == i % 5 else 0 for c in range(5)],
        "difficulty": 0.05 + 0.9 * (7 * i % 100) / 100,
        "discrimination": 0.7 + 0.1 * (i % 9),
    }
    for i in range(100)
]


RUNTIME_PACKAGES = ("vercel-runtime", "awslambdaric", "simplejson", "snapshot-restore-py")
"""Packages that the platforms add to those of requirements.txt."""


class RunningFunction(Protocol):
    """A function in one of the runtimes."""

    def send(self, request: Request, path: str) -> Response:
        """Send a request."""

    def stop(self) -> float:
        """End the process; return its CPU time, seconds."""


class Start(Protocol):
    """A Python function that starts a deployed function in one of the runtimes."""

    def __call__(self, module: str, env: dict[str, str], tree: Tree) -> RunningFunction:
        """Start the function `module` of the tree."""


class Cost(NamedTuple):
    """Time up to the first response, milliseconds."""

    cpu: float
    wall: float


@dataclass
class Project:
    """A tree of functions with a database and a running server of their own."""

    tree: Tree
    env: dict[str, str]
    server: RunningFunction
    pool_id: str = ""

    def call(self, path: str, body: dict[str, Any]) -> Any:
        """Call an endpoint of the running server; return the body of the response."""
        return _require_success(self.server.send(Request("POST", path, body), path)).body

    def upload(self) -> None:
        """Create the pool that tests are drawn from."""
        body = {"questions": QUESTIONS, "guessing": 0.2, "adminPassword": PASSWORD}
        self.pool_id = self.call("/api/questions/upload", body)["question_pool_id"]

    def start_test(self) -> Any:
        """Start a test of a new student; return the body of the response."""
        body = {"student_id": str(uuid4()), "question_pool_id": self.pool_id}
        return self.call("/api/test/start", body)


class Case(NamedTuple):
    """A function, and a first request that succeeds."""

    module: str
    uses: str
    """The most expensive package that the request needs; see GOALS."""
    request: Callable[[Project], Request]


def _health(_: Project) -> Request:
    return Request("GET", "/health")


def _student() -> dict[str, str]:
    """Return a new student, since the sessions of one e-mail address are limited by the hour."""
    return {"studentEmail": f"{uuid4()}@example.org", "studentName": "Sam"}


def _generate_session(_: Project) -> Request:
    return Request("POST", "/api/generate-session", _student())


def _report_step(project: Project) -> Request:
    student = _student()
    token = project.call("/api/generate-session", student)["sessionToken"]
    report = {"stepNumber": 1, "stepName": "Setup", "completed": True}
    return Request("POST", "/api/student-progress", {"sessionToken": token, **student, **report})


def _list_configs(_: Project) -> Request:
    return Request("POST", "/api/admin-list-configs-v2", {"adminPassword": PASSWORD})


def _start_test(project: Project) -> Request:
    body = {"student_id": str(uuid4()), "question_pool_id": project.pool_id}
    return Request("POST", "/api/test/start", body)


def _submit(project: Project) -> Request:
    test = project.start_test()
    answer = {"question_id": test["next_question"]["id"], "response": 1}
    return Request("POST", "/api/test/submit", {"session_id": test["session_id"], **answer})


def _recommend(project: Project) -> Request:
    account = {"username": f"user {uuid4()}", "password": PASSWORD, "role": "student"}
    profile = {"grade": 10, "target_exam": "Finals"}
    token = project.call("/api/auth/register", account | profile)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return Request("GET", "/api/learning/recommendations", None, headers)


CASES = (
    Case("workshop.generate_session", "Postgres", _generate_session),
    Case("workshop.student_progress", "Postgres", _report_step),
    Case("workshop.admin_list_configs_v2", "Postgres", _list_configs),
    Case("index", "Postgres", _generate_session),
    Case("operations.health", "Redis", _health),
    Case("learning.recommendations", "SQLAlchemy", _recommend),
    Case("assessment.start", "numpy", _start_test),
    Case("assessment.submit", "numpy", _submit),
)


def start_on_lambda(module: str, env: dict[str, str], tree: Tree) -> RunningFunction:
    """Start a function in Lambda's runtime client."""
    return LambdaFunction(f"api/{module.replace('.', '/')}.lambda_handler", env, tree)


def start_on_vercel(module: str, env: dict[str, str], tree: Tree) -> RunningFunction:
    """Start a function in Vercel's runtime."""
    return VercelFunction(module, {**env, "VERCEL": "1"}, tree)


RUNTIMES: dict[str, Start] = {"Vercel": start_on_vercel, "Lambda": start_on_lambda}


def first_response(
    start: Start, module: str, env: dict[str, str], tree: Tree, request: Request
) -> Cost:
    """Start a function, send its first request, and end it; return the cost."""
    before = time.perf_counter()
    function = start(module, env, tree)
    try:
        _require_success(function.send(request, request.path))
        wall = time.perf_counter() - before
    finally:
        cpu = function.stop()
    return Cost(1000 * cpu, 1000 * wall)


def _require_success(response: Response) -> Response:
    if response.status >= 300:
        raise SystemExit(f"A request failed with status {response.status}: {response.body}")
    return response


ABSENT = Cost(float("nan"), float("nan"))
"""Cost of a function that the earlier commit did not have."""


class Costs(NamedTuple):
    """Costs of the empty function, and of a function at the earlier commit and today."""

    empty: list[Cost]
    before: list[Cost]
    after: list[Cost]


def measure(start: Start, case: Case, empty: Tree, projects: list[Project], rounds: int) -> Costs:
    """Measure one function in one runtime; a round that is not counted writes the byte code."""
    all_costs = Costs([], [], [])
    for number in range(rounds + 1):
        costs = [first_response(start, "empty", {}, empty, Request("GET", "/"))]
        for project in projects:
            if not (project.tree.root / "api" / f"{case.module.replace('.', '/')}.py").exists():
                costs.append(ABSENT)
                continue
            request = case.request(project)
            costs.append(first_response(start, case.module, project.env, project.tree, request))
        if number:
            for list_of_costs, cost in zip(all_costs, costs, strict=True):
                list_of_costs.append(cost)
    return all_costs


def row(runtime: str, case: Case, all_costs: Costs) -> str:
    """Return a row of the table: minimum times, ratios with ranges, ratio of wall times, goal."""
    least = [min(cost.cpu for cost in costs) for costs in all_costs]
    cells = [runtime, case.module, case.uses, *(f"{cpu:.0f}" for cpu in least)]
    for cpu, costs in zip(least[1:], all_costs[1:], strict=True):
        ratios = [cost.cpu / empty.cpu for cost, empty in zip(costs, all_costs.empty, strict=True)]
        cells.append(f"{cpu / least[0]:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    wall = min(cost.wall for cost in all_costs.after) / min(cost.wall for cost in all_costs.empty)
    return f"| {' | '.join([*cells, f'{wall:.2f}', str(GOALS[case.uses] or 'none')])} |"


@contextmanager
def projects_of(
    trees: dict[str, Tree], postgres: PostgresServer, gateway: Gateway
) -> Iterator[list[Project]]:
    """Prepare each tree: a database with its own schema, and a pool of questions."""
    projects = []
    for name, tree in trees.items():
        url = postgres.create_database(name)
        subprocess.run([tree.python, "-c", CREATE_SCHEMA, url], cwd=tree.root, check=True)
        env = {
            "POSTGRES_URL": url,
            "KV_REST_API_URL": gateway.url,
            "KV_REST_API_TOKEN": gateway.token,
            "ADMIN_PASSWORD": PASSWORD,
            "CRON_SECRET": PASSWORD,
            "ENCRYPTION_KEY": "0123456789abcdef" * 4,
        }
        project = Project(tree, env, start_on_vercel("index", env, tree))
        project.upload()
        projects.append(project)
    try:
        yield projects
    finally:
        for project in projects:
            project.server.stop()


def environment_of_deployment(folder: Path) -> str:
    """Make an environment with the packages of a deployment alone; return its interpreter.

    Other packages would affect the times: httpx imports click and rich if they are installed.
    """
    venv.EnvBuilder(symlinks=True).create(folder)
    (site_packages,) = folder.glob("lib/*/site-packages")
    pins = (ROOT / "requirements.txt").read_text()
    for name in (*re.findall(r"^([\w.-]+)==", pins, re.MULTILINE), *RUNTIME_PACKAGES):
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # for another system, or another version of Python
            continue
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site_packages / top).exists():
                (site_packages / top).symlink_to(str(distribution(name).locate_file(top)))
    return str(folder / "bin" / "python")


def write_empty_function(root: Path, code: str) -> Path:
    """Write the function that others are compared with; return the root of its project."""
    (root / "api").mkdir(parents=True)
    (root / "api" / "empty.py").write_text(code)
    return root


def check_out(revision: str, root: Path) -> Path:
    """Unpack a commit; return the root of its tree."""
    command = ["git", "archive", revision]
    archive = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with closing(tarfile.open(fileobj=BytesIO(archive))) as tree:
        tree.extractall(root, filter="data")
    return root


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print the table; the arguments are the commit, the rounds and one function."""
    before, rounds, only = (*arguments, *(BEFORE, str(ROUNDS), "")[len(arguments) :])
    print(
        "| runtime | function | uses | empty, CPU ms | before | after | before / empty "
        "| after / empty | wall | goal |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    with (
        tempfile.TemporaryDirectory(prefix="stepwise-cold-") as folder,
        running_postgres() as postgres,
        running_redis() as redis,
        running_gateway(redis) as gateway,
    ):
        python = environment_of_deployment(Path(folder, "environment"))
        trees = {
            "before": Tree(check_out(before, Path(folder, "before")), python),
            "after": Tree(ROOT, python),
        }
        empty = {
            "Vercel": Tree(write_empty_function(Path(folder, "vercel"), EMPTY), python),
            "Lambda": Tree(
                write_empty_function(Path(folder, "lambda"), EMPTY + EMPTY_ON_LAMBDA), python
            ),
        }
        with projects_of(trees, postgres, gateway) as projects:
            for runtime, start in RUNTIMES.items():
                for case in (it for it in CASES if only in {"", it.module}):
                    costs = measure(start, case, empty[runtime], projects, int(rounds))
                    print(row(runtime, case, costs), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
