"""Upgrades serve the previous version of the assessment until "finish", and can be undone."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD
from tests.operations.older_schemas import NORMALIZED_V2
from tests.operations.older_schemas import ROWS as WORKSHOP_ROWS
from tests.support.old_assessment import FULL, POOL, QUESTIONS, ROWS
from tests.support.scripts import run, run_unchecked

PATH = "/api/admin-create-unified-schema"
OLD_TABLES = ("students", "student_proficiencies", "questions", "test_sessions", "test_responses")
NEW_SESSION = "00000000-0000-0000-0000-0000000000aa"
# Statements of the previous version, as in its guide: with its own names and without a schema.
OLD_SQL = f"""
INSERT INTO students (id) VALUES ('dee') ON CONFLICT (id) DO NOTHING;
INSERT INTO students (id) VALUES ('dee') ON CONFLICT (id) DO NOTHING;
INSERT INTO questions (id, pool_id, content, options, correct_answer, concepts)
  VALUES ('q9', '{POOL}', '9+9?', '["18", "2"]', '18', '[1, 0]');
INSERT INTO test_sessions (id, student_id, question_pool_id, initial_proficiency)
  VALUES ('{NEW_SESSION}', 'dee', '{POOL}', '[0.5, 0.5]');
INSERT INTO test_responses (student_id, session_id, question_id, response, is_correct)
  VALUES ('dee', '{NEW_SESSION}', 'q9', 0, TRUE);
UPDATE test_sessions SET status = 'completed', completed_at = NOW(), last_activity = NOW(),
  total_questions = 1, correct_responses = 1, accuracy = 1, final_proficiency = '[0.6, 0.5]'
  WHERE id = '{NEW_SESSION}';
INSERT INTO student_proficiencies (student_id, concept_name, proficiency_value)
  VALUES ('dee', 'Math', 0.6);
UPDATE student_proficiencies SET proficiency_value = 0.7 WHERE student_id = 'dee';
DELETE FROM student_proficiencies WHERE student_id = 'bob';
"""
READ = (
    "SELECT s.accuracy FROM test_sessions s JOIN students st ON st.id = s.student_id"
    " WHERE st.id = 'dee'"
)


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def fetch(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def kinds(url: str) -> dict[str, str]:
    """Return the kind of each relation in `public` that has the name of an old table: r or v."""
    names = ", ".join(f"'{name}'" for name in OLD_TABLES)
    return dict(
        fetch(
            url,
            "SELECT relname, relkind::text FROM pg_class"
            f" WHERE relnamespace = 'public'::regnamespace AND relname IN ({names})",
        )
    )


@pytest.fixture
def old_url(settings: Settings, empty_postgres_url: str) -> Iterator[str]:
    """The URL of the application's database, which has the previous version's tables."""
    execute(empty_postgres_url, FULL + ROWS + QUESTIONS)
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    yield empty_postgres_url
    install_deps(None)
    deps.close()


def create(**body: Any) -> Any:
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    return client.post(PATH, json={"adminPassword": ADMIN_PASSWORD, **body})


def test_response_names_the_moved_tables_and_the_waiting_workshop(old_url: str) -> None:
    body = create().json()
    assert "public.students: moved to assessment.examinees; rows: 3" in body["results"]
    assert "assessment.pool_items: created" in body["results"]
    assert "public.test_responses: moved to assessment.test_responses; rows: 4" in body["results"]
    assert not [line for line in body["results"] if line.startswith("students:")]
    (workshop_line,) = [line for line in body["results"] if '"finish": true' in line]
    assert workshop_line.startswith(
        "public.students, courses, sessions, step_progress, events, enrollments: the workshop's"
        " tables wait until"
    )
    assert "the workshop's tables were not created" in body["message"]
    assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "v")
    assert fetch(old_url, "SELECT to_regclass('public.sessions')") == [(None,)]


def test_the_old_sql_runs_on_the_views_and_reaches_the_new_tables(old_url: str) -> None:
    create()
    execute(old_url, OLD_SQL)
    assert fetch(old_url, READ) == [(1,)]
    assert fetch(old_url, "SELECT id FROM assessment.examinees ORDER BY id") == [
        ("ann",), ("bob",), ("cyd",), ("dee",),
    ]  # fmt: skip
    assert fetch(
        old_url, "SELECT student_id, proficiency_value::float FROM assessment.student_proficiencies"
        " WHERE student_id IN ('bob', 'dee')"
    ) == [("dee", 0.7)]  # fmt: skip
    create()
    execute(old_url, "INSERT INTO students (id) VALUES ('eve')")


def test_a_test_of_the_new_version_starts_while_views_serve_the_previous_one(old_url: str) -> None:
    create()
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    body = {"student_id": "fay", "question_pool_id": POOL, "concept_names": ["Math", "Algebra"]}
    assert client.post("/api/test/start", json=body).status_code == 200
    assert fetch(old_url, "SELECT count(*) FROM public.students WHERE id = 'fay'") == [(1,)]


def test_finish_drops_the_views_and_creates_the_workshop(old_url: str) -> None:
    create()
    execute(old_url, OLD_SQL)
    body = create(finish=True).json()
    assert "students: created" in body["results"]
    assert "public.students: the view for the previous version was dropped" in body["results"]
    assert kinds(old_url) == {"students": "r"}
    assert fetch(old_url, "SELECT count(*) FROM public.students") == [(0,)]
    assert fetch(old_url, "SELECT count(*) FROM assessment.examinees") == [(4,)]
    second_response = create().json()
    assert second_response["message"] == "Unified schema created successfully"
    assert kinds(old_url) == {"students": "r"}


def test_finish_is_refused_while_something_depends_on_a_view(old_url: str) -> None:
    create()
    execute(old_url, "CREATE VIEW statistics AS SELECT count(*) FROM public.test_sessions")
    response = create(finish=True)
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    assert "statistics" in response.json()["error"]
    assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "v")
    execute(old_url, "DROP VIEW statistics")
    assert create(finish=True).status_code == 200


def test_views_that_others_made_follow_the_moved_tables(old_url: str) -> None:
    execute(old_url, "CREATE VIEW v_cache_statistics AS SELECT count(*) AS n FROM test_sessions")
    create()
    assert fetch(old_url, "SELECT n FROM v_cache_statistics") == [(3,)]
    assert create(finish=True).status_code == 200
    assert fetch(old_url, "SELECT n FROM v_cache_statistics") == [(3,)]


def test_an_upgrade_with_workshop_tables_is_refused_before_it_moves_anything(old_url: str) -> None:
    execute(old_url, "CREATE TABLE workshop_students (session_token TEXT)")
    response = create()
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    assert "public.students (rows: 3)" in response.json()["error"]
    assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "r")
    assert create(finish=True).status_code == 200
    assert kinds(old_url) == {"students": "r"}


def test_beside_the_workshop_the_old_version_keeps_its_other_four_tables(
    old_url: str,
) -> None:
    execute(old_url, "ALTER TABLE students RENAME TO test_takers")
    execute(old_url, NORMALIZED_V2 + WORKSHOP_ROWS)
    assert create().status_code == 200
    assert kinds(old_url) == {**dict.fromkeys(OLD_TABLES, "v"), "students": "r"}
    execute(old_url, "UPDATE test_sessions SET status = 'abandoned'")
    assert fetch(old_url, "SELECT count(*) FROM public.students") == [(2,)]


def test_an_empty_table_students_does_not_keep_the_workshop_waiting(
    old_url: str,
) -> None:
    execute(old_url, "TRUNCATE students CASCADE")
    body = create().json()
    assert "students: created" in body["results"]
    assert kinds(old_url)["students"] == "r"


def test_roles_of_a_rest_interface_keep_the_rights_on_the_old_tables(old_url: str) -> None:
    role = "rest_of_the_previous_version"
    execute(
        old_url,
        f"""
        DROP ROLE IF EXISTS {role}; CREATE ROLE {role};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {role};
        GRANT SELECT, INSERT ON students, test_sessions, test_responses TO {role};
        GRANT UPDATE (status) ON test_sessions TO {role};
        CREATE TABLE numbered (id SERIAL PRIMARY KEY);
        """,
    )
    create()
    try:
        with psycopg.connect(old_url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {role}".encode())
            connection.execute("INSERT INTO public.students (id) VALUES ('dee')")
            connection.execute("UPDATE public.test_sessions SET status = 'abandoned'")
            assert connection.execute("SELECT count(*) FROM public.test_sessions").fetchone() == (
                3,
            )
            for statement in (
                "DELETE FROM public.students",
                "UPDATE public.test_sessions SET accuracy = 1",
                "SELECT * FROM public.questions",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())
    finally:
        execute(old_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_policies_of_the_old_tables_hold_for_their_views(old_url: str) -> None:
    role = "owner_of_one_row"
    execute(
        old_url,
        f"""
        DROP ROLE IF EXISTS {role}; CREATE ROLE {role};
        GRANT SELECT ON students TO {role};
        ALTER TABLE students ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON students FOR SELECT TO {role} USING (id = 'ann');
        """,
    )
    create()
    try:
        with psycopg.connect(old_url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {role}".encode())
            assert connection.execute("SELECT id FROM public.students").fetchall() == [("ann",)]
    finally:
        execute(old_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize("finish", [False, True], ids=["serving", "finished"])
def test_downgrade_returns_the_old_tables_with_the_rows_written_since(
    old_url: str, finish: bool
) -> None:
    run("migrate.py", "finish" if finish else "upgrade", url=old_url)
    execute(old_url, "INSERT INTO assessment.examinees (id) VALUES ('new')")
    if finish:
        execute(old_url, "INSERT INTO public.students (student_email) VALUES ('a@example.com')")
    output = run("migrate.py", "downgrade", url=old_url)
    assert "- public.students: serves the previous version again; rows: 4" in output
    assert "assessment_set_aside_" in output
    # The two rows are the student and the built-in course.
    assert bool(re.search(r"workshop_set_aside_\w+ \(tables: \d, rows: 2\)", output)) == finish
    assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "r")
    execute(old_url, OLD_SQL)
    # The constraints and triggers of the new version no longer bind the previous one.
    execute(old_url, "INSERT INTO student_proficiencies (student_id, concept_name)"
                 " VALUES ('ann', 'Math'), ('ann', 'Math')")  # fmt: skip
    execute(old_url, "UPDATE test_responses SET response = response")
    assert fetch(old_url, READ) == [(1,)]


def test_up_and_down_and_up_again_keeps_every_row(old_url: str) -> None:
    run("migrate.py", "finish", url=old_url)
    execute(old_url, "INSERT INTO public.students (student_email) VALUES ('a@example.com')")
    execute(
        old_url,
        "INSERT INTO public.sessions (session_token, student_id)"
        " SELECT 'ws_1_long_enough', student_id FROM public.students",
    )
    counts = (
        "SELECT (SELECT count(*) FROM assessment.examinees),"
        " (SELECT count(*) FROM assessment.test_sessions),"
        " (SELECT count(*) FROM assessment.test_responses),"
        " (SELECT count(*) FROM assessment.student_proficiencies),"
        " (SELECT count(*) FROM assessment.pool_items),"
        " (SELECT count(*) FROM assessment.set_aside_rows),"
        " (SELECT count(*) FROM public.students), (SELECT count(*) FROM public.sessions)"
    )
    before = fetch(old_url, counts)
    for _ in range(2):
        run("migrate.py", "downgrade", url=old_url)
        output = run("migrate.py", "upgrade", url=old_url)
        assert "- assessment: returned from assessment_set_aside_" in output
        assert "wait" in output
        run("migrate.py", "finish", url=old_url)
        assert fetch(old_url, counts) == before
    assert fetch(old_url, "SELECT count(*) FROM stepwise.set_aside") == [(0,)]
    assert fetch(old_url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%set_aside%'") == []


def test_tables_of_an_older_workshop_stay_in_place_in_a_downgrade(
    empty_postgres_url: str,
) -> None:
    url = empty_postgres_url
    execute(url, NORMALIZED_V2 + WORKSHOP_ROWS)
    run("migrate.py", "upgrade", url=url)
    execute(url, "UPDATE public.sessions SET system_prompt = 'Be kind.', project_deployed = TRUE")
    run("migrate.py", "downgrade", url=url)
    assert fetch(url, "SELECT count(*) FROM public.sessions WHERE system_prompt = 'Be kind.'") == [
        (3,)
    ]
    execute(url, "INSERT INTO students (student_email) VALUES ('New@Example.com')")
    run("migrate.py", "upgrade", url=url)
    assert fetch(url, "SELECT count(*) FROM public.sessions WHERE project_deployed") == [(3,)]
    assert fetch(url, "SELECT count(*) FROM public.students WHERE student_email = 'new@example.com'"
                 ) == [(1,)]  # fmt: skip


def test_downgrade_leaves_tables_of_other_applications_and_those_it_returned(old_url: str) -> None:
    execute(old_url, "CREATE TABLE public.events (id INT); INSERT INTO public.events VALUES (1)")
    run("migrate.py", "upgrade", url=old_url)
    for _ in range(2):
        run("migrate.py", "downgrade", url=old_url)
        assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "r")
        assert fetch(old_url, "SELECT (SELECT count(*) FROM public.students),"
                          " (SELECT count(*) FROM public.events)") == [(3, 1)]  # fmt: skip
        run("migrate.py", "stamp", url=old_url)


def test_downgrade_is_refused_while_a_name_is_taken(old_url: str) -> None:
    run("migrate.py", "finish", url=old_url)
    execute(old_url, "CREATE TABLE public.questions (concept_id INT)")
    process = run_unchecked("migrate.py", "downgrade", url=old_url)
    assert process.returncode == 1
    assert process.stderr.startswith("assessment.questions cannot return to public.questions")
    assert "Nothing was changed." in process.stderr
    assert "001 (head)" in run("migrate.py", "current", url=old_url)


def test_rows_that_cannot_return_stay_set_aside_and_are_named(empty_postgres_url: str) -> None:
    url = empty_postgres_url
    run("migrate.py", "upgrade", url=url)
    execute(url, "INSERT INTO public.students (student_email) VALUES ('a@example.com')")
    run("migrate.py", "downgrade", url=url)
    execute(url, NORMALIZED_V2.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    output = run("migrate.py", "upgrade", url=url)
    assert re.search(
        r"public\.students: stays set aside in workshop_set_aside_.*; rows: 1\n", output
    )
    assert fetch(url, "SELECT count(*) FROM public.students") == [(0,)]


def test_tables_of_another_owner_are_served_and_returned(old_url: str) -> None:
    owner = "owner of the previous version"
    execute(old_url, f'DROP ROLE IF EXISTS "{owner}"; CREATE ROLE "{owner}"')
    for table in OLD_TABLES:
        execute(old_url, f'ALTER TABLE {table} OWNER TO "{owner}"')
    try:
        run("migrate.py", "upgrade", url=old_url)
        # Foreign keys are checked as the owner, even if a superuser writes.
        execute(old_url, OLD_SQL)
        execute(old_url, f'SET ROLE "{owner}"; UPDATE public.students SET updated_at = NOW()')
        run("migrate.py", "finish", url=old_url)
        execute(old_url, "UPDATE assessment.test_sessions SET student_id = 'dee'")
        run("migrate.py", "downgrade", url=old_url)
        execute(old_url, f'SET ROLE "{owner}"; UPDATE students SET id = id')
    finally:
        execute(old_url, f'DROP OWNED BY "{owner}" CASCADE; DROP ROLE "{owner}"')


def test_after_a_downgrade_only_an_upgrade_takes_tables_back(old_url: str) -> None:
    run("migrate.py", "upgrade", url=old_url)
    run("migrate.py", "downgrade", url=old_url)
    for arguments in (["downgrade", "base"], ["stamp", "base"], ["stamp", "head"]):
        output = run("migrate.py", *arguments, url=old_url)
        assert "returned" not in output
        assert fetch(old_url, "SELECT to_regnamespace('assessment')") == [(None,)]
    assert "- assessment: returned" in run("migrate.py", "upgrade", url=old_url)


def test_additions_after_a_downgrade_are_served_and_kept(old_url: str) -> None:
    run("migrate.py", "upgrade", url=old_url)
    run("migrate.py", "downgrade", url=old_url)
    execute(
        old_url,
        "ALTER TABLE questions ADD COLUMN hint TEXT DEFAULT 'none';"
        " ALTER TABLE questions ADD CONSTRAINT short CHECK (length(hint) < 9);"
        " CREATE FUNCTION keep() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER keep BEFORE UPDATE ON questions FOR EACH ROW EXECUTE FUNCTION keep();"
        " ALTER TABLE questions ENABLE ROW LEVEL SECURITY",
    )
    # The view gets the column that was added, but not `position`, which the new version adds.
    columns = (
        "SELECT array_agg(attname::text) FROM pg_attribute"
        " WHERE attrelid = 'public.questions'::regclass AND attname IN ('hint', 'position')"
    )
    for _ in range(2):
        run("migrate.py", "upgrade", url=old_url)
        assert fetch(old_url, columns) == [(["hint"],)]
        run("migrate.py", "downgrade", url=old_url)
        assert fetch(
            old_url,
            "SELECT (SELECT count(*) FROM pg_constraint WHERE conname = 'short'),"
            " (SELECT count(*) FROM pg_trigger WHERE tgname = 'keep'), relrowsecurity"
            " FROM pg_class WHERE oid = 'public.questions'::regclass",
        ) == [(1, 1, True)]


def test_downgrade_names_the_objects_that_depend_on_a_view(old_url: str) -> None:
    run("migrate.py", "upgrade", url=old_url)
    execute(old_url, "CREATE VIEW statistics AS SELECT count(*) FROM public.test_sessions")
    process = run_unchecked("migrate.py", "downgrade", url=old_url)
    assert process.returncode == 1
    assert "view statistics depends on view test_sessions" in process.stderr
    assert "Nothing was changed." in process.stderr
    assert kinds(old_url) == dict.fromkeys(OLD_TABLES, "v")
