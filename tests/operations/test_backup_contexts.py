"""Backups contain all tables of every context, as PostgreSQL's system catalog lists them."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from lib.deps import Deps, install_deps
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.operations.backups import store
from lib.operations.backups.backup import back_up
from lib.operations.backups.restore import restore
from lib.operations.errors import BackupUnreadable, NothingToBackUp, TablesNotReadable
from lib.settings import Settings
from lib.vault import Vault
from lib.web.functions import function_app
from tests.assessment.conftest import Student, make_questions, upload
from tests.conftest import ADMIN_PASSWORD
from tests.support.legacy_data import legacy_tables

Connection = psycopg.Connection[Any]
IN_CONTEXTS = """
SELECT schemaname || '.' || tablename FROM pg_tables
WHERE schemaname IN ('assessment', 'learning')
  OR schemaname = 'public' AND tablename IN (
    'courses', 'students', 'enrollments', 'sessions', 'step_progress', 'events')
ORDER BY 1
"""
OLD_ASSESSMENT = """
CREATE TABLE public.students (id VARCHAR PRIMARY KEY, name VARCHAR NOT NULL);
CREATE TABLE public.student_proficiencies (
  id SERIAL PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES public.students(id),
  concept_name VARCHAR(20) NOT NULL, proficiency_value NUMERIC(4,2) NOT NULL);
CREATE TABLE public.test_sessions (
  id TEXT PRIMARY KEY, student_id VARCHAR NOT NULL REFERENCES public.students(id), status VARCHAR,
  question_pool_id UUID);
CREATE TABLE public.test_responses (
  id SERIAL PRIMARY KEY, student_id VARCHAR NOT NULL, question_id VARCHAR NOT NULL,
  session_id TEXT NOT NULL REFERENCES public.test_sessions(id), is_correct INTEGER NOT NULL);
INSERT INTO public.students VALUES ('ann', 'Ann'), ('bob', 'Bob');
INSERT INTO public.student_proficiencies (student_id, concept_name, proficiency_value)
VALUES ('ann', 'Math', 0.5), ('bob', 'Math', -1.25);
INSERT INTO public.test_sessions
VALUES ('5e9d0000-0000-4000-8000-00000000000a', 'ann', 'completed');
INSERT INTO public.test_responses (student_id, question_id, session_id, is_correct)
SELECT student_id, 'q1', id, 1 FROM public.test_sessions;
"""


@pytest.fixture
def database(postgres_url: str) -> Iterator[Connection]:
    # Without prepared statements: the tests change tables between equal queries.
    with psycopg.connect(postgres_url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture
def used_assessment(
    client: TestClient, operator: dict[str, str], database: Connection
) -> Connection:
    """An assessment with a pool, a finished test, an open one, and rows that were set aside."""
    pool_id = upload(client, operator, make_questions(12))
    ann = Student(client, pool_id)
    ann.start()
    for _ in range(3):
        ann.answer()
    ann.end()
    Student(client, pool_id, "bob").start()
    database.execute(
        "INSERT INTO assessment.set_aside_rows (table_name, reason, row_data) VALUES"
        " ('a', 'b', '{}'), ('a', 'c', '{}')"
    )
    return database


def one(database: Connection, query: str) -> Any:
    row = database.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def tables_of(database: Connection, query: str = IN_CONTEXTS) -> list[str]:
    return [row[0] for row in database.execute(query.encode())]


def all_rows(database: Connection) -> dict[str, list[str]]:
    return {
        table: [
            row[0] for row in database.execute(f"SELECT t::text FROM {table} t ORDER BY 1".encode())
        ]
        for table in tables_of(database)
    }


def empty(database: Connection) -> None:
    database.execute("SET stepwise.removal = 'test'")
    database.execute(f"TRUNCATE {', '.join(tables_of(database))} CASCADE".encode())


def flat(rows: dict[str, dict[str, int]]) -> dict[str, int]:
    return {table: count for tables in rows.values() for table, count in tables.items()}


def file_of(deps: Deps, name: str) -> Path:
    return Path(deps.settings.backup_folder) / name


def lines_of(deps: Deps, name: str) -> list[Any]:
    return [json.loads(line) for line in gzip.open(file_of(deps, name))]


def test_an_assessment_is_restored_and_can_be_used(
    used_assessment: Connection, deps: Deps, client: TestClient, operator: dict[str, str]
) -> None:
    before = all_rows(used_assessment)
    backup = back_up(deps)
    assert backup.rows["assessment"]["assessment.test_responses"] == 3
    empty(used_assessment)
    restoration = restore(backup.name, deps)
    assert all_rows(used_assessment) == before
    counts = {table: len(rows) for table, rows in before.items()}
    assert flat(restoration.rows) == counts
    assert counts.items() <= flat(backup.rows).items()

    ada = Student(client, upload(client, operator, make_questions(6, "r")), "ada")
    ada.start()
    ada.answer()
    used_assessment.execute(
        "INSERT INTO assessment.set_aside_rows (table_name, reason, row_data)"
        " VALUES ('a', 'd', '{}')"
    )
    assert one(
        used_assessment, "SELECT array_agg(reason ORDER BY id) FROM assessment.set_aside_rows"
    ) == [
        "b",
        "c",
        "d",
    ]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
        used_assessment.execute("UPDATE assessment.test_responses SET response = 0")


def test_unknown_tables_are_saved_and_created_again(database: Connection, deps: Deps) -> None:
    database.execute("""
        CREATE SCHEMA IF NOT EXISTS learning;
        CREATE TABLE learning.b_topics (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t TEXT);
        CREATE TABLE learning.a_plans (
          topic BIGINT REFERENCES learning.b_topics, day DATE, hours NUMERIC(4,1) NOT NULL,
          PRIMARY KEY (day, topic));
        CREATE TABLE assessment.later (n INT);
        INSERT INTO learning.b_topics (t) VALUES ('x'), ('y');
        INSERT INTO learning.a_plans VALUES (2, '2026-01-01', 1.5);
        INSERT INTO assessment.later VALUES (7);
    """)
    backup = back_up(deps)
    names = tables_of(database)
    assert set(names) <= flat(backup.rows).keys()
    unknown = {"learning.a_plans", "learning.b_topics"}
    in_order = [name for name in backup.rows["learning"] if name in unknown]
    assert in_order == ["learning.b_topics", "learning.a_plans"], "a_plans refers to b_topics"
    before = all_rows(database)
    empty(database)
    database.execute("DROP TABLE learning.a_plans, learning.b_topics, assessment.later")
    restoration = restore(backup.name, deps)
    assert all_rows(database) == before
    assert [note.partition(": created")[0] for note in restoration.notes if "created" in note] == [
        "assessment.later",
        "learning.b_topics",
        "learning.a_plans",
    ]
    database.execute("INSERT INTO learning.b_topics (t) VALUES ('z')")
    assert one(database, "SELECT max(id) FROM learning.b_topics") == 3
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("INSERT INTO learning.a_plans VALUES (2, '2026-01-01', 2)")
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        database.execute("INSERT INTO learning.a_plans VALUES (1, '2026-01-01', 20000)")


def test_unknown_columns_are_kept(database: Connection, deps: Deps) -> None:
    database.execute("""
        CREATE DOMAIN public.mood AS TEXT;
        ALTER TABLE public.students ADD COLUMN mood public.mood, ADD COLUMN "Nick Name" VARCHAR(9),
          ADD COLUMN initial TEXT GENERATED ALWAYS AS (left(student_email, 1)) STORED;
        INSERT INTO public.students (student_email, mood, "Nick Name")
        VALUES ('a@example.com', 'calm', 'al');
    """)
    backup = back_up(deps)
    before = all_rows(database)
    empty(database)
    restore(backup.name, deps)
    assert all_rows(database) == before, "the columns still exist, and are filled"

    empty(database)
    database.execute(
        'ALTER TABLE public.students DROP COLUMN mood, DROP COLUMN "Nick Name", DROP COLUMN initial'
    )
    database.execute("DROP DOMAIN public.mood")
    notes = restore(backup.name, deps).notes
    assert "public.students: added mood, Nick Name, initial, which only the backup had" in notes
    assert all_rows(database) == before
    assert one(
        database,
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'public.students'::regclass AND attname = 'Nick Name'",
    ) == ("character varying(9)")


def test_values_that_parsing_as_json_changes_are_restored(database: Connection, deps: Deps) -> None:
    database.execute("INSERT INTO public.students (student_email) VALUES ('a@example.com')")
    database.execute(
        "INSERT INTO public.sessions (session_token, student_id, tools, system_prompt)"
        " SELECT 'ws_1', student_id, 'null', E'\\\\u0000 \\n \\\\' FROM public.students"
    )
    database.execute(
        "CREATE TABLE public.workshop_students (session_token TEXT, exercises JSON, n NUMERIC(5,2))"
    )
    database.execute(
        "INSERT INTO public.workshop_students VALUES ('t', E'{\"a\":\\r\\n\"\\\\u0000\"}', 1.50)"
    )
    backup = back_up(deps)
    before = all_rows(database)
    empty(database)
    database.execute("DROP TABLE public.workshop_students")
    restore(backup.name, deps)
    assert all_rows(database) == before
    # A JSON null stays a JSON null, since the column is NOT NULL.
    assert one(database, "SELECT tools = 'null' FROM public.sessions") is True
    exercises = one(database, "SELECT exercises::text FROM public.workshop_students")
    assert exercises == '{"a":\r\n"\\u0000"}'
    assert one(database, "SELECT n::text FROM public.workshop_students") == "1.50"


def test_a_table_is_locked_while_it_is_restored(database: Connection, deps: Deps) -> None:
    modes = "SELECT array_agg(mode) FROM pg_locks WHERE relation = 'public.events'::regclass"
    with deps.postgres.transaction() as transaction:
        store.begin_restore(transaction)
        assert store.prepare_table(transaction, "public.events", []) == []
        assert "ShareRowExclusiveLock" in one(database, modes)


def test_rows_of_one_context_stop_the_restore_of_all(
    used_assessment: Connection, deps: Deps
) -> None:
    used_assessment.execute("INSERT INTO public.students (student_email) VALUES ('a@example.com')")
    backup = back_up(deps)
    empty(used_assessment)
    used_assessment.execute(
        "INSERT INTO assessment.question_pools VALUES (gen_random_uuid(), NULL, 1, 1)"
    )
    with pytest.raises(NotSafeYet, match=r"assessment\.question_pools has rows"):
        restore(backup.name, deps)
    assert one(used_assessment, "SELECT count(*) FROM public.students") == 0
    restoration = restore(backup.name, deps, unified_only=True)
    assert restoration.rows.keys() == {"workshop"}
    assert one(used_assessment, "SELECT count(*) FROM public.students") == 1
    assert one(used_assessment, "SELECT count(*) FROM assessment.question_pools") == 1


def test_an_assessment_is_restored_without_tables_of_the_workshop(
    used_assessment: Connection, deps: Deps
) -> None:
    used_assessment.execute(
        "DROP TABLE public.events, public.step_progress, public.sessions, public.courses CASCADE"
    )
    used_assessment.execute("DROP TABLE public.students CASCADE")
    backup = back_up(deps)
    before = all_rows(used_assessment)
    empty(used_assessment)
    used_assessment.execute(
        "CREATE VIEW public.students AS SELECT id FROM assessment.test_sessions"
    )
    assert restore(backup.name, deps).rows.keys() == {"assessment", "learning"}
    assert all_rows(used_assessment) == before
    empty(used_assessment)
    used_assessment.execute("DROP TABLE assessment.question_revisions")
    with pytest.raises(UnifiedSchemaNotFound):
        restore(backup.name, deps)


def test_the_audit_trail_is_saved_and_never_replaced(
    used_assessment: Connection, deps: Deps, client: TestClient
) -> None:
    body = {"adminPassword": ADMIN_PASSWORD}
    backup = client.post("/api/admin-backup", json=body).json()
    entries = backup["rows"]["operators"]["public.operator_audit"]
    assert entries > 0
    lines = [line for line in lines_of(deps, backup["name"]) if "entry_sha256" in line]
    assert len(lines) == entries
    empty(used_assessment)
    before = one(used_assessment, "SELECT count(*) FROM public.operator_audit")
    response = client.post("/api/admin-restore", json={**body, "name": backup["name"]}).json()
    assert response["success"] is True
    (note,) = response["notes"]
    assert note.startswith(f"public.operator_audit: rows not restored: {entries};")
    assert one(used_assessment, "SELECT count(*) FROM public.operator_audit") == before + 2
    assert one(used_assessment, "SELECT public.verify_operator_audit()") is None


def test_tables_that_are_left_out_are_reported_with_the_reason(
    database: Connection, deps: Deps
) -> None:
    database.execute("""
        CREATE TABLE public.student_configs_backup_20250123 (n INT);
        CREATE TABLE public.sessions_old_20250123_101500 (n INT);
        CREATE TABLE public.enrollments_old_20250123_101500 (n INT);
        CREATE SCHEMA workshop_set_aside_20250123_101500;
        CREATE TABLE workshop_set_aside_20250123_101500.students (n INT);
        CREATE SCHEMA elsewhere;
        CREATE TABLE elsewhere.workshop_students (session_token TEXT);
        CREATE TABLE elsewhere.students (n INT);
        CREATE TABLE public.orders (n INT);
    """)
    backup = back_up(deps)
    reasons = dict(line.split(": ", 1) for line in backup.left_out)
    for table in (
        "public.student_configs_backup_20250123",
        "public.sessions_old_20250123_101500",
        "public.enrollments_old_20250123_101500",
        "workshop_set_aside_20250123_101500.students",
    ):
        assert "`make backup`" in reasons[table]
    assert reasons["elsewhere.workshop_students"] == "it is in another schema"
    assert {"public.removals", "public.idempotency_keys", "legacy.*"} <= reasons.keys()
    assert not {"public.orders", "elsewhere.students"} & {*reasons, *flat(backup.rows)}


def test_tables_of_other_applications_are_recognized_by_their_columns(
    database: Connection, deps: Deps
) -> None:
    database.execute("""
        DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE;
        CREATE TABLE public.students (id INT, grade INT);
        CREATE TABLE public.events (id INT, title TEXT);
        CREATE TABLE public.questions (id INT, concept_id INT, correct_answer TEXT);
    """)
    assert [name for name in flat(back_up(deps).rows) if name.startswith("public.")] == [
        "public.operator_audit"
    ]


def test_a_view_is_not_backed_up_as_a_table(database: Connection, deps: Deps) -> None:
    database.execute("""
        DROP TABLE public.events, public.step_progress, public.sessions, public.students CASCADE;
        CREATE VIEW public.students AS SELECT id AS student_id FROM assessment.test_sessions;
        CREATE VIEW assessment.seen AS SELECT 1;
    """)
    names = flat(back_up(deps).rows)
    assert not {"public.students", "assessment.seen"} & names.keys()


@pytest.fixture
def deps_of(settings: Settings) -> Iterator[Callable[[str], Deps]]:
    """Function that returns dependencies for the database and role of an address."""
    all_deps = []

    def open_deps(url: str) -> Deps:
        all_deps.append(Deps(replace(settings, postgres_url=url)))
        return all_deps[-1]

    yield open_deps
    for deps in all_deps:
        deps.close()


def test_a_database_without_our_tables_gives_no_backup(
    empty_postgres_url: str, deps_of: Callable[[str], Deps]
) -> None:
    deps = deps_of(empty_postgres_url)
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.orders (n INT)")
    with pytest.raises(NothingToBackUp):
        back_up(deps)
    install_deps(deps)
    client = TestClient(function_app("operations.admin_backup"))
    response = client.post("/api/admin-backup", json={"adminPassword": ADMIN_PASSWORD})
    install_deps(None)
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_back_up")
    assert not Path(deps.settings.backup_folder).exists()


@pytest.mark.parametrize(
    ("restriction", "table"),
    [
        ("REVOKE SELECT ON assessment.test_sessions FROM reader", "assessment.test_sessions"),
        ("REVOKE USAGE ON SCHEMA assessment FROM reader", "assessment.questions"),
        ("ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY", "public.sessions"),
        (
            """ALTER TABLE public.kept ENABLE ROW LEVEL SECURITY;
            CREATE VIEW public.student_configs WITH (security_invoker) AS
            SELECT n::text AS session_token FROM public.kept;
            GRANT SELECT ON public.student_configs TO reader""",
            "public.student_configs",
        ),
    ],
)
def test_a_table_that_cannot_be_read_in_full_stops_the_backup_and_is_named(
    used_assessment: Connection,
    deps: Deps,
    deps_of: Callable[[str], Deps],
    restriction: str,
    table: str,
) -> None:
    back_up(deps)  # creates the schema legacy
    url = deps.settings.postgres_url or ""
    used_assessment.execute("CREATE ROLE reader LOGIN")
    try:
        used_assessment.execute("CREATE TABLE public.kept (n INT)")
        used_assessment.execute("INSERT INTO public.kept VALUES (1)")
        for schema in ("public", "assessment", "learning", "legacy"):
            used_assessment.execute(f"GRANT USAGE ON SCHEMA {schema} TO reader".encode())
            used_assessment.execute(
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader".encode()
            )
        used_assessment.execute("GRANT CREATE ON SCHEMA legacy TO reader")
        # The role creates these schemas again, since it may not change those of another owner.
        used_assessment.execute(
            "ALTER SCHEMA legacy RENAME TO gone; ALTER SCHEMA stepwise RENAME TO gone_2"
        )
        used_assessment.execute(restriction.encode())
        used_assessment.execute(
            sql.SQL("GRANT CREATE ON DATABASE {} TO reader").format(
                sql.Identifier(used_assessment.info.dbname)
            )
        )
        reader = deps_of(url.replace("postgres@", "reader@"))
        before = set(Path(deps.settings.backup_folder).iterdir())
        with pytest.raises(TablesNotReadable, match=table):
            back_up(reader)
        assert set(Path(deps.settings.backup_folder).iterdir()) == before
        reader.close()
    finally:
        used_assessment.execute("DROP OWNED BY reader CASCADE; DROP ROLE reader")


def test_an_assessment_before_its_first_upgrade_is_restored_unchanged(
    empty_postgres_url: str, deps_of: Callable[[str], Deps]
) -> None:
    deps = deps_of(empty_postgres_url)
    queries = [f"SELECT t::text FROM public.{name} t ORDER BY 1" for name in (
        "students", "student_proficiencies", "test_sessions", "test_responses")]  # fmt: skip
    with psycopg.connect(empty_postgres_url, autocommit=True, prepare_threshold=None) as database:
        database.execute(OLD_ASSESSMENT)
        before = [database.execute(query.encode()).fetchall() for query in queries]
        backup = back_up(deps)
        assert backup.rows == {
            "assessment": {
                "public.students": 2,
                "public.student_proficiencies": 2,
                "public.test_sessions": 1,
                "public.test_responses": 1,
            }
        }
        with pytest.raises(NotSafeYet, match=r"public\.students has rows"):
            restore(backup.name, deps)
        database.execute("DROP TABLE public.students, public.student_proficiencies CASCADE")
        database.execute("DROP TABLE public.test_sessions, public.test_responses CASCADE")
        restoration = restore(backup.name, deps)
        assert restoration.rows == backup.rows
        assert [database.execute(query.encode()).fetchall() for query in queries] == before
        database.execute(
            "INSERT INTO public.student_proficiencies (student_id, concept_name, proficiency_value)"
            " VALUES ('bob', 'Algebra', 0)"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            database.execute("INSERT INTO public.students VALUES ('ann', 'Again')")


def test_an_old_assessment_is_not_restored_over_the_workshop(
    empty_postgres_url: str, deps: Deps, deps_of: Callable[[str], Deps]
) -> None:
    with psycopg.connect(empty_postgres_url, autocommit=True) as database:
        database.execute(OLD_ASSESSMENT)
    backup = back_up(deps_of(empty_postgres_url))
    with pytest.raises(NotSafeYet, match=r"another table or view is called public\.students"):
        restore(backup.name, deps)


def write_version_1(deps: Deps, token: str) -> str:
    """Write a backup in version 1 of the format; return the name of its file."""
    vault = Vault.from_settings(deps.settings)
    sealed = vault.seal("sk-plain", "t1", "backup.student_configs.openai_api_key")
    text_columns = [
        ("session_token", "text"),
        ("student_email", "text"),
        ("openai_api_key", "text"),
    ]
    tables: list[tuple[str, list[tuple[str, str]], list[dict[str, Any]]]] = [
        (
            "students",
            [("student_id", "uuid"), ("student_email", "text")],
            [
                {
                    "student_id": "5e9d0000-0000-4000-8000-00000000000a",
                    "student_email": "a@b.example",
                }
            ],
        ),
        (
            "sessions",
            [("session_token", "text"), ("student_id", "uuid"), ("tools", "jsonb")],
            [
                {
                    "session_token": token,
                    "student_id": "5e9d0000-0000-4000-8000-00000000000a",
                    "tools": [1.50],
                }
            ],
        ),
        (
            "events",
            [("id", "integer"), ("event_type", "text")],
            [{"id": 41, "event_type": "bug_reported"}],
        ),
        (
            "student_configs",
            [*text_columns, ("score", "numeric(5,2)"), ("note", "json")],
            [
                {
                    "session_token": "t1",
                    "score": 1.50,
                    "note": "text",
                    "openai_api_key:sealed": sealed,
                }
            ],
        ),
    ]
    lines: list[bytes] = [json.dumps({"format": "stepwise-backup", "version": 1}).encode()]
    for name, columns, rows in tables:
        descriptions = [{"name": column, "type": kind} for column, kind in columns]
        header = {"table": name, "rows": len(rows), "columns": descriptions}
        lines += [json.dumps(line).encode() for line in (header, *rows)]
    content = b"".join(line + b"\n" for line in lines)
    checksum_line = json.dumps({"sha256": hashlib.sha256(content).hexdigest()}).encode()
    file = file_of(deps, "stepwise-20250123T101500Z-1f2e3d4c.jsonl.gz")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(content + checksum_line + b"\n"))
    return file.name


def test_a_backup_of_version_1_is_restored(database: Connection, deps: Deps) -> None:
    restoration = restore(write_version_1(deps, "ws_1"), deps)
    assert restoration.rows == {
        "workshop": {"public.students": 1, "public.sessions": 1, "public.events": 1},
        "legacy": {"public.student_configs": 1},
    }
    assert one(database, "SELECT tools::text FROM public.sessions") == "[1.5]"
    assert one(database, "SELECT completion_rate FROM public.sessions") == 0, "the default"
    assert one(database, "SELECT openai_api_key FROM public.student_configs") == "sk-plain"
    assert one(database, "SELECT note::text FROM public.student_configs") == '"text"'
    assert one(database, "INSERT INTO public.events (event_type) VALUES ('x') RETURNING id") == 42


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version": 3', b'"version": 4'),
        (b'"context": "workshop"', b'"context": "learning"'),
        (b'"context": "workshop"', b'"context": "none"'),
        (b'"public.students"', b'"pg_catalog.pg_class"'),
        (
            b'"assessment.questions", "context": "assessment"',
            b'"other.questions", "context": "other"',
        ),
        (b'"assessment.questions"', b'"public.removals"'),
    ],
)
def test_a_file_with_a_version_context_or_table_that_no_backup_has_is_refused(
    used_assessment: Connection, deps: Deps, old: bytes, new: bytes
) -> None:
    backup = back_up(deps)
    content = gzip.decompress(file_of(deps, backup.name).read_bytes())
    assert old in content
    file_of(deps, backup.name).write_bytes(gzip.compress(content.replace(old, new, 1)))
    empty(used_assessment)
    with pytest.raises(BackupUnreadable):
        restore(backup.name, deps)
    assert all_rows(used_assessment) == {table: [] for table in tables_of(used_assessment)}


def test_a_legacy_database_with_an_old_assessment_is_saved_whole(
    empty_postgres_url: str, deps_of: Callable[[str], Deps]
) -> None:
    with psycopg.connect(empty_postgres_url, autocommit=True) as database:
        database.execute(OLD_ASSESSMENT)
        database.execute(legacy_tables().encode())
    rows = back_up(deps_of(empty_postgres_url)).rows
    assert rows["legacy"].keys() == {
        "public.workshop_students",
        "public.student_configs",
        "public.workshop_sessions",
    }
    assert rows["assessment"]["public.students"] == 2


def test_enrollments_of_another_application_are_not_in_a_backup(
    database: Connection, deps: Deps
) -> None:
    assert "public.enrollments" in flat(back_up(deps).rows)
    database.execute("""
        DROP TABLE public.enrollments;
        CREATE TABLE public.enrollments (student_id UUID, course_id TEXT, created_at TIMESTAMPTZ);
    """)
    tables = flat(back_up(deps).rows)
    assert "public.students" in tables
    assert "public.enrollments" not in tables
