"""SQL is in `sql/` and takes parameters, and names that become part of it are quoted.

Linters miss statements such as `DROP TABLE` in an f-string, so these tests read the syntax trees
and find every string that looks like a statement, however it is composed.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for place in ("api", "lib", "local", "migrations", "migrate.py", "init_db.py")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)
SQL_FILES = sorted((ROOT / "sql").rglob("*.sql"))
STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|DELETE\s+FROM\s|UPDATE\s+\S+\s+SET\s|WITH\s+\w+\s+AS\s|DO\s+\$"
    r"|TRUNCATE\s+\w|COPY\s+\S|GRANT\s+\w|LOCK\s+TABLE\s|SET\s+(LOCAL\s+)?\w+\s*(=|TO\s)"
    r"|(CREATE|DROP|ALTER|COMMENT\s+ON)\s+(OR\s+REPLACE\s+|TEMP\s+|UNIQUE\s+)*"
    r"(TABLE|SCHEMA|DATABASE|VIEW|INDEX|ROLE|FUNCTION|TRIGGER)\b)"
)
DYNAMIC = re.compile(r"\bEXECUTE\s+(?!FUNCTION\b|ON\b)(.*?);", re.DOTALL)
EXECUTE_METHODS = {"execute", "executemany", "execute_script", "copy", "exec_driver_sql"}
NAMED = re.compile(
    r"(_query\(.*\)|load_script\(.*\)|[\w.()'/]+\[[\w']+\]|_?\w*quer\w*)(\.text)?|script"
)
MAY_HOLD_SQL = {
    "lib/learning/tables/ddl.py": "the statement that creates the schema of generated tables",
    "lib/legacy/report.py": "a query for a person to type, which contains a number",
    "lib/database/schema.py": "the frame of a whole script, which takes no values",
    "migrations/on_postgres.py": "drops what a failed rebuild left; names by sql.Identifier",
    "local/learning_schema.py": "the frame of a generated script, which takes no values",
    "migrations/printed_sql.py": "patterns of Alembic's own statements",
    "local/backup.py": "restores a whole database; names by sql.Identifier",
    "local/dump_script.py": "reads the catalog of the server that receives a dump; no values",
    "local/servers/postgres_server.py": "creates and drops databases; names by sql.Identifier",
}
MAY_COMPOSE = {
    "lib/operations/backups/store.py": "queries of sql/ as psycopg.sql, tables by Identifier",
    "lib/operations/keys/store.py": "named queries of a place of keys",
    "lib/database/schema.py": "whole files of sql/",
    "lib/database/postgres.py": "execute_script, which runs whole files of sql/",
    "lib/redis_rest.py": "Redis commands",
}
MAY_SPLICE = {
    "sql/assessment/schema/free_older_tables.sql": "regclass values, names quoted by the catalog",
    "sql/assessment/schema/return_older_objects.sql": "statements and tables that were freed",
    "sql/learning/schema/adopt.sql": "regclass values",
    "sql/learning/schema/read_old_rows.sql": "regclass values, expressions of this file",
    "sql/assessment/schema/normalize_older_tables.sql": "regclass values, expressions of this file",
    "sql/assessment/schema/repair_older_questions.sql": "conditions and changes of this file",
    "sql/assessment/schema/previous_version.sql": "regclass, regrole, privileges, quoted names",
    "sql/assessment/schema/twins.sql": "columns of the catalog, by quote_ident",
    "sql/database/schema/downgrade.sql": "a regclass, which the catalog quotes itself",
    "sql/workshop/schema/adopt.sql": "regclass and regnamespace values",
    "sql/database/schema/rights.sql": "kinds of this file, names that the catalog quotes itself",
    "sql/database/schema/search_path.sql": "statements of this file, by %I and quote_ident",
    "sql/database/schema/old_overloads.sql": "a regprocedure, which the catalog quotes itself",
    "sql/legacy/schema/old_tables.sql": "kinds of this file, catalog columns by quote_ident",
    "sql/legacy/schema/sources.sql": "a regclass, expressions by format(%I, %L) of its columns",
    "sql/operations/schema/restore.sql": "quoted columns, and types as the catalog writes them",
    "sql/workshop/schema/old_log.sql": "a regclass, expressions of this file by format(%I, %L)",
    "sql/workshop/schema/removals.sql": "expressions of this file, of columns from the catalog",
    "sql/workshop/schema/tables.sql": "definitions of the same file",
    "sql/operations/schema/set_aside.sql": "INDEX or SEQUENCE, by a CASE beside it",
}
"""Scripts whose dynamic statements contain more than quoted names and values (%I, %L)."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield node
            yield from without_docstrings(node)


def statements(source: str) -> list[str]:
    """Return the strings of any kind that begin like a statement."""
    texts = []
    for node in without_docstrings(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if STATEMENT.match(text):
                texts.append(text)
    return texts


def composed_statements(source: str) -> list[str]:
    """Return the statements that are run but are neither named queries nor whole files."""
    return [
        ast.unparse(call.args[0])
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and call.args
        if getattr(call.func, "attr", "") in EXECUTE_METHODS
        if not NAMED.fullmatch(ast.unparse(call.args[0]))
    ]


def dynamic_statements(script: str) -> list[str]:
    """Return the expressions that a script runs with EXECUTE."""
    return DYNAMIC.findall(re.sub(r"--.*", "", script))


def test_statements_are_in_the_folder_sql() -> None:
    files_with_sql = {name(path) for path in FILES if statements(path.read_text())}
    assert files_with_sql - set(MAY_HOLD_SQL) == set(), "move these statements to sql/"
    assert set(MAY_HOLD_SQL) - files_with_sql == set(), (
        "these no longer contain SQL: remove them from MAY_HOLD_SQL"
    )


def test_every_executed_statement_is_a_named_query_or_a_whole_file() -> None:
    """The study planner composes its statements with SQLAlchemy, not from strings."""
    paths = [
        path
        for path in FILES
        if name(path).startswith(("api/", "lib/")) and not name(path).startswith("lib/learning/")
    ]
    composed_by_file = {
        name(path): texts for path in paths if (texts := composed_statements(path.read_text()))
    }
    assert composed_by_file.keys() == MAY_COMPOSE.keys(), composed_by_file


def test_study_planner_composes_no_statement_from_text() -> None:
    """SQLAlchemy runs text as a statement where one of these names is used."""
    from_text = re.compile(r"\b(text|literal_column|exec_driver_sql)\(")
    paths = [path for path in FILES if name(path).startswith("lib/learning/")]
    # Defaults of columns, and the beginning of SQLite's transactions.
    allowed = ("lib/learning/tables/", "lib/learning/engines.py")
    assert len(paths) > 50
    names = {name(path) for path in paths if from_text.search(path.read_text(encoding="utf-8"))}
    assert {path for path in names if not path.startswith(allowed)} == set()


def test_queries_are_made_only_from_files() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text())
        imports_query = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "lib.database.queries"
            and "Query" in [alias.name for alias in node.names]
            for node in ast.walk(tree)
        )
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        constructors = [ast.unparse(call.func) for call in calls]
        assert not imports_query or "Query" not in constructors, name(path)


def column_list_arguments(source: str) -> list[str]:
    """Return the column lists that the source passes to `load_queries` or `load_script`."""
    return [
        ast.unparse(argument)
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        if ast.unparse(call.func).rpartition(".")[2] in {"load_queries", "load_script"}
        for argument in [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    ]


def test_column_lists_are_constants() -> None:
    """The loader itself checks that each name is a plain identifier."""
    arguments_by_file = {name(path): set(column_list_arguments(path.read_text())) for path in FILES}
    assert set().union(*arguments_by_file.values()) <= {
        "SESSION_LISTS",
        "COURSE_LISTS",
        "lists",
    }
    assert [path for path, lists in arguments_by_file.items() if "lists" in lists] == [
        "lib/database/queries.py"
    ]


def test_column_list_that_is_not_a_constant_is_detected() -> None:
    assert column_list_arguments('load_queries("a.sql", {"c": (request.column,)})') == [
        "{'c': (request.column,)}"
    ]
    assert column_list_arguments("queries.load_script(file, lists=body.columns)") == [
        "body.columns"
    ]


@pytest.mark.parametrize("path", SQL_FILES, ids=name)
def test_scripts_quote_every_name_in_a_dynamic_statement(path: Path) -> None:
    for expression in dynamic_statements(path.read_text()):
        assert re.match(r"format\(\s*('|\$\w*\$)", expression), expression
        assert not re.search(r"%(\d\$)?s", expression) or name(path) in MAY_SPLICE, expression


@pytest.mark.parametrize(
    "source",
    [
        'run(f"DROP TABLE {table}")',
        'run("SELECT * FROM t ORDER BY " + column)',
        'run("DELETE FROM %s" % table)',
        'run(b"UPDATE t SET a = 1")',
        'run("""\n  with x as (select 1) INSERT INTO t SELECT 1""", "INSERT INTO t SELECT 1")',
        'run("ALTER TABLE {} ADD c int".format(table))',
        'run("; ".join(["TRUNCATE t"]))',
    ],
)
def test_statement_in_a_string_is_detected(source: str) -> None:
    assert statements(source)


@pytest.mark.parametrize(
    "source",
    [
        'connection.execute(f"{verb} TABLE {table}")',
        "cursor.execute(text % names)",
        "cursor.execute(template.format(table=table))",
        "transaction.execute_script(head + script)",
        'cursor.copy("".join(parts))',
    ],
)
def test_composed_statement_is_detected(source: str) -> None:
    assert composed_statements(source)


def test_dynamic_statement_in_a_script_is_detected() -> None:
    script = "EXECUTE 'DROP TABLE ' || t; -- EXECUTE no;\nEXECUTE FUNCTION f();"
    assert dynamic_statements(script) == ["'DROP TABLE ' || t"]
