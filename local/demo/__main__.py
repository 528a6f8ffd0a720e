"""`make seed`: load the demo data, without changing existing rows."""

import sys

from lib.deps import Deps
from lib.errors import AppError
from lib.settings import Settings
from local.demo.examples import examples
from local.demo.loading import load_pool, load_tests, load_workshop
from local.demo.planner import load_planner
from local.demo.planner_accounts import accounts, demo_password
from local.servers.running import dev_url


def main() -> int:
    """Load the demo into the database that the environment names; return the exit code."""
    deps = Deps(Settings.from_env())
    try:
        questions, workshop, tests = load_pool(deps), load_workshop(deps), load_tests(deps)
        planner, password = load_planner(deps), demo_password(deps.settings)
    except AppError as error:
        print(f"The demo could not be loaded: {error}", file=sys.stderr)
        return 1
    finally:
        deps.close()
    print(f"Questions added: {questions}")
    print(
        f"Workshop; students added: {workshop.students}, sessions: {workshop.sessions},"
        f" steps: {workshop.steps}, events: {workshop.events}"
    )
    print(
        f"Tests; students added: {tests.students}, tests: {tests.sessions},"
        f" answers: {tests.answers}"
    )
    print(
        f"Study planner; questions: {planner.questions}, users: {planner.users},"
        f" answers: {planner.answers}"
    )
    print(accounts(password))
    print()
    print(examples(dev_url()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
