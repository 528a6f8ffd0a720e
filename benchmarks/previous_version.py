"""Time of the previous version's statements before and after an upgrade, and of an upgrade.

The same statements run on a database that was never upgraded, on the views of one that was, and on
its tables, in many short alternating rounds, so that a slow moment of the machine affects all. Each
round is one test of ten answers in the previous version's way: a session, an insert for each
answer, and the results. Then the upgraded database is upgraded again, which changes nothing.
"""

import statistics
import time
import uuid
from itertools import islice
from typing import TYPE_CHECKING

import psycopg

from lib.database.schema import Step, upgrade_schema
from local.servers.postgres_server import running_postgres
from tests.support.old_assessment import FULL, POOL, QUESTIONS

if TYPE_CHECKING:
    from local.servers.postgres_server import PostgresServer

ROUNDS = 200
UPGRADES = 20
ANSWERS = 10
ROWS = """
CREATE INDEX idx_test_sessions_student_id ON test_sessions (student_id);
INSERT INTO students (id) SELECT 'student' || n FROM generate_series(1, 5000) AS n;
INSERT INTO test_sessions (id, student_id, status, started_at)
  SELECT gen_random_uuid(), id, 'completed', '2025-01-01' FROM students, generate_series(1, 4);
INSERT INTO test_responses (student_id, session_id, question_id, response, is_correct)
  SELECT student_id, id, 'old' || n, 1, TRUE FROM test_sessions, generate_series(1, 10) AS n;
"""
SESSION = """
INSERT INTO test_sessions (id, student_id, question_pool_id, initial_proficiency)
VALUES (%(session)s, 'student1', %(pool)s, '[0.5, 0.5]')
"""
ANSWER = """
INSERT INTO test_responses (student_id, session_id, question_id, response, is_correct)
VALUES ('student1', %(session)s, %(question)s, 1, TRUE)
"""
COMPLETION = """
UPDATE test_sessions SET status = 'completed', completed_at = now(), total_questions = 10,
  correct_responses = 10, accuracy = 1, final_proficiency = '[0.6, 0.5]' WHERE id = %(session)s
"""
ANSWERS_OF_A_SESSION = """
SELECT r.question_id, r.is_correct FROM test_responses r JOIN test_sessions s ON s.id = r.session_id
WHERE s.id = %(session)s ORDER BY r.timestamp
"""
SESSIONS_OF_A_STUDENT = """
SELECT * FROM test_sessions WHERE student_id = 'student4999' ORDER BY started_at DESC LIMIT 20
"""


def take_test(connection: psycopg.Connection) -> dict[str, float]:
    """Run the statements of one test; return the milliseconds of each kind."""
    session = {"session": uuid.uuid4(), "pool": POOL}
    steps = (
        ("insert a session", SESSION, [session]),
        ("insert an answer", ANSWER, [{**session, "question": f"q{n}"} for n in range(ANSWERS)]),
        ("complete the session", COMPLETION, [session]),
        ("read a session's answers", ANSWERS_OF_A_SESSION, [session]),
        ("read a student's sessions", SESSIONS_OF_A_STUDENT, [session]),
    )
    milliseconds = {}
    for name, statement, parameters in steps:
        start = time.perf_counter()
        for values in parameters:
            connection.execute(statement.encode(), values)
        milliseconds[name] = (time.perf_counter() - start) / len(parameters) * 1000
    return milliseconds


def old_database(server: "PostgresServer", name: str) -> psycopg.Connection:
    """Connect to a new database of the previous version."""
    connection = psycopg.connect(server.create_database(name), autocommit=True)
    connection.execute((FULL + QUESTIONS + ROWS).encode())
    return connection


def upgrade(connection: psycopg.Connection) -> list[Step]:
    """Upgrade a database; return the scripts that ran, with their seconds."""
    with connection.transaction():
        return upgrade_schema(connection).steps


def main() -> None:
    """Print the time of each statement before and after an upgrade, and the time of upgrades."""
    with (
        running_postgres() as server,
        old_database(server, "never_upgraded") as never_upgraded,
        old_database(server, "upgraded") as views,
        psycopg.connect(server.url("upgraded"), autocommit=True) as new_tables,
    ):
        first_upgrade = upgrade(views)
        new_tables.execute("SET search_path = assessment")
        places = {"before": never_upgraded, "views": views, "tables": new_tables}
        for connection in places.values():
            connection.execute("ANALYZE")
            take_test(connection)
        rounds = [
            {place: take_test(connection) for place, connection in places.items()}
            for _ in range(ROUNDS)
        ]
        print(f"{'milliseconds, median of ' + str(ROUNDS):28}", *(f"{name:>8}" for name in places))
        for statement in rounds[0]["before"]:
            medians = (
                statistics.median(times[place][statement] for times in rounds) for place in places
            )
            print(f"{statement:28}", *(f"{median:8.2f}" for median in medians))
        print(f"\nfirst upgrade, 225,000 rows: {sum(step.seconds for step in first_upgrade):.2f} s")
        repeated_upgrades = [upgrade(views) for _ in range(UPGRADES)]
        print(f"upgrade of an up-to-date database, median of {UPGRADES}, by script:")
        scripts = {
            steps[0].name: statistics.median(step.seconds for step in steps)
            for steps in zip(*repeated_upgrades, strict=True)
        }
        for name, seconds in islice(sorted(scripts.items(), key=lambda item: -item[1]), 5):
            print(f"{seconds:9.3f} s  sql/{name}")
        total = statistics.median(
            sum(step.seconds for step in steps) for steps in repeated_upgrades
        )
        print(f"{total:9.3f} s  all scripts")


if __name__ == "__main__":
    main()
