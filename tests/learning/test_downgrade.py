"""A downgrade returns the live system's tables, and the next upgrade brings everything back."""

from collections.abc import Iterator

import pytest

from lib.learning.fixed_ids import fixed_uuid
from tests.support.adopted_learning import (
    Connection,
    adopted,
    everything,
    fetch,
    live_database,
)
from tests.support.databases import Databases
from tests.support.live_learning import BCRYPT, TABLES, generate, insert
from tests.support.scripts import run, run_unchecked


@pytest.fixture
def live(databases: Databases) -> Iterator[Connection]:
    """A live database with rows of every kind."""
    with live_database(databases) as connection:
        generate(2).insert(connection)
        yield connection


def up(live: Connection) -> str:
    return run("migrate.py", "upgrade", url=live.info.dsn)


def down(live: Connection) -> str:
    return run("migrate.py", "downgrade", url=live.info.dsn)


def rows_in_schema(live: Connection, prefix: str) -> dict[str, list[str]]:
    """Return the rows of the live system's tables in schemas whose names have a prefix."""
    return {
        table: rows
        for name, rows in everything(live).items()
        for schema, table in [name.split(".")]
        if schema.startswith(prefix) and table in TABLES
    }


def learning_rows(live: Connection) -> dict[str, list[str]]:
    return {name: rows for name, rows in everything(live).items() if name.startswith("learning.")}


def schemas(live: Connection) -> list[str]:
    """Return the schemas whose names begin with `learning`."""
    return [name for (name,) in fetch(live, "SELECT nspname FROM pg_namespace ORDER BY 1")
            if name.startswith("learning")]  # fmt: skip


def test_downgrade_returns_the_tables_as_they_were(live: Connection) -> None:
    before = rows_in_schema(live, "public")
    query = (
        "SELECT relname, relkind, relrowsecurity, pg_get_indexdef(oid) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND (relname ~ %s) ORDER BY 1"
    )
    name_pattern = f"^(ix_|idx_)?({'|'.join(TABLES)})(_pkey|_id_seq)?$"
    definitions = fetch(live, query, name_pattern)
    assert len(definitions) >= 33
    up(live)
    rows = sum(map(len, learning_rows(live).values()))
    output = down(live)
    assert rows_in_schema(live, "public") == before
    assert fetch(live, query, name_pattern) == definitions
    (set_aside,) = schemas(live)
    assert f"- learning: set aside in the schema {set_aside} (tables: 21, rows: {rows});" in output
    users = len(before["users"])
    assert f"- public.users: serves the previous version again; rows: {users}" in output


def test_up_and_down_and_up_again_keeps_every_row(live: Connection) -> None:
    up(live)
    before, moved_rows = learning_rows(live), rows_in_schema(live, "learning_set_aside_")
    for _ in range(2):
        down(live)
        output = up(live)
        assert "- learning: returned from learning_set_aside_" in output
        assert learning_rows(live) == before
        assert rows_in_schema(live, "learning_set_aside_") == moved_rows
    assert len(schemas(live)) == 2
    assert fetch(live, "SELECT count(*) FROM stepwise.set_aside") == [(0,)]
    count_query = "SELECT count(*) FROM stepwise.adopted_tables"
    assert fetch(live, count_query) == [(len(TABLES),)]


def test_rows_written_on_either_side_are_all_there_afterwards(live: Connection) -> None:
    up(live)
    live.execute(
        "INSERT INTO learning.users (id, username, role)"
        " VALUES (gen_random_uuid(), 'cy', 'student'), (gen_random_uuid(), 'dee', 'teacher')"
    )
    live.execute("UPDATE learning.users SET username = 'renamed' WHERE former_id = 2")
    before = fetch(live, "SELECT id, username FROM learning.users")
    down(live)
    assert fetch(live, "SELECT count(*) FROM public.users") == [(12,)]
    insert(live, "users", [
        {"id": number, "username": name, "password_hash": BCRYPT, "role": "student"}
        for number, name in ((21, "eve"), (22, "cy"))])  # fmt: skip
    insert(live, "student_profiles", [
        {"id": 21, "user_id": 21, "grade": 9, "target_exam": "JEE"}])  # fmt: skip
    up(live)
    after = fetch(live, "SELECT id, username FROM learning.users")
    assert {*before} < {*after}
    assert {name for _, name in {*after} - {*before}} == {"eve", "cy-2"}
    eve = str(fixed_uuid("users", 21))
    assert adopted(live, "student_profiles")[21]["user_id"] == eve


def test_newer_mastery_of_the_live_system_counts_and_older_does_not(live: Connection) -> None:
    live.execute("UPDATE concept_mastery SET last_updated = '2025-01-01', mastery_score = 50")
    up(live)
    first, second, third = [*adopted(live, "concept_mastery")][:3]
    live.execute(
        "UPDATE learning.concept_mastery SET mastery_score = 60, last_updated = '2025-02-01Z'"
    )
    down(live)
    live.execute("UPDATE concept_mastery SET mastery_score = 70")
    live.execute("UPDATE concept_mastery SET last_updated = '2025-03-01' WHERE id = %s", [first])
    live.execute("UPDATE concept_mastery SET last_updated = '2025-01-31' WHERE id = %s", [second])
    up(live)
    scores = {n: row["mastery_score"] for n, row in adopted(live, "concept_mastery").items()}
    assert (scores[first], scores[second], scores[third]) == (70, 60, 60)
    assert {score for n, score in scores.items() if n != first} == {60}


def test_downgrade_is_refused_while_a_name_is_taken(live: Connection) -> None:
    up(live)
    before = everything(live)
    live.execute("CREATE TABLE public.users (email TEXT)")
    process = run_unchecked("migrate.py", "downgrade", url=live.info.dsn)
    assert process.returncode == 1
    assert ".users cannot return to public.users" in process.stderr
    live.execute("DROP TABLE public.users")
    assert everything(live) == before
    down(live)


def test_without_a_live_system_the_rows_are_set_aside_and_return(databases: Databases) -> None:
    with live_database(databases) as live:
        live.execute("DROP TABLE " + ", ".join(TABLES) + " CASCADE")
        up(live)
        live.execute("INSERT INTO learning.users (id, username, role)"
                     " VALUES (gen_random_uuid(), 'cy', 'student')")  # fmt: skip
        assert "(tables: 21, rows: 1); the next upgrade returns them" in down(live)
        up(live)
        assert fetch(live, "SELECT username FROM learning.users") == [("cy",)]
        assert schemas(live) == ["learning"]


def test_downgrade_returns_the_newest_of_tables_that_were_moved_twice(live: Connection) -> None:
    """A dump of the live system may be loaded again beside tables that were set aside."""
    up(live)
    live.execute("CREATE TABLE public.users (id INT, username TEXT, password_hash TEXT, role TEXT)")
    live.execute("CREATE TABLE public.topics (id INT, name TEXT, exam_weightage INT,"
                 " estimated_hours INT)")  # fmt: skip
    live.execute("INSERT INTO public.users VALUES (77, 'new', NULL, 'student')")
    up(live)
    assert adopted(live, "users")[77]["username"] == "new"
    down(live)
    assert fetch(live, "SELECT id FROM public.users") == [(77,)]
    count_tables = (
        "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'learning%%' AND tablename = %s"
    )
    assert fetch(live, count_tables, "users") == [(2,)]
