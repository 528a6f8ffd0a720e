"""`make seed`: load the demo data, without changing existing rows."""

import sys

from lib.deps import Deps
from lib.errors import AppError
from lib.settings import Settings
from local.demo.loading import load_pool, load_tests, load_workshop
from local.demo.people import people
from local.demo.pool import POOL_ID
from local.demo.students import session_token
from local.servers.running import dev_url

EXAMPLE_MAILBOX = "noor.haddad"
EXAMPLES = """
Some calls to try at {url} (docs/try-it.md has more):

  question pool     {pool}
  tested student    demo-student-08
  workshop student  {email}
  session token     {token}

curl '{url}/api/student-progress?sessionToken={token}'
curl -X POST {url}/api/test/start -H 'Content-Type: application/json' \\
  -d '{{"student_id": "me", "question_pool_id": "{pool}"}}'
"""


def main() -> int:
    """Load the demo into the database that the environment names; return the exit code."""
    deps = Deps(Settings.from_env())
    try:
        questions, workshop, tests = load_pool(deps), load_workshop(deps), load_tests(deps)
    except AppError as error:
        print(f"The demo could not be loaded: {error}", file=sys.stderr)
        return 1
    finally:
        deps.close()
    print(f"Questions added: {questions}")
    print(
        f"Workshop: {workshop.students} students added, {workshop.sessions} sessions,"
        f" {workshop.steps} steps, {workshop.events} events"
    )
    print(
        f"Tests: {tests.students} students added, {tests.sessions} tests, {tests.answers} answers"
    )
    example = next(person for person in people() if person.mailbox == EXAMPLE_MAILBOX)
    print(
        EXAMPLES.format(
            url=dev_url(), pool=POOL_ID, email=example.email, token=session_token(example)
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
