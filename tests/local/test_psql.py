"""`make psql` opens psql on the database in use."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.local.processes import ROOT, remaining_processes, run

IN_A_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))"
CACHE = {"UPSTASH_REDIS_REST_URL": "http://given", "UPSTASH_REDIS_REST_TOKEN": "given"}
"""Redis in the environment; if a database is set as well, no embedded server starts."""


def psql(
    *arguments: str, cwd: Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = ("local.with_services", "-m", "local.psql", *arguments)
    return run(*command, cwd=cwd, stdin=stdin, **environment)


def test_piped_statements_run_on_an_embedded_database_started_for_them(folder: Path) -> None:
    process = psql("-At", cwd=folder, stdin="select 40 + 2; select current_database();")
    assert process.stdout.split() == ["42", "stepwise"], process.stderr
    assert remaining_processes(folder) == []


def test_database_of_the_environment_is_opened(folder: Path, postgres_url: str) -> None:
    variables = {"DATABASE_URL": postgres_url, **CACHE}
    with psycopg.connect(postgres_url) as connection:
        name = connection.info.dbname
    process = psql("-Atc", "select current_database()", cwd=folder, **variables)
    assert (process.stdout, process.returncode) == (f"{name}\n", 0)
    assert psql("-c", "no SQL", cwd=folder, **variables).returncode == 1, "psql's own exit code"
    assert list(folder.iterdir()) == []


def test_a_password_stays_out_of_the_command_line(folder: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        address = connection.info
        url = f"postgresql://{address.user}:canary@/{address.dbname}?host={address.host}"
    show_command_line = r"\! tr '\0' ' ' < /proc/$PPID/cmdline"
    process = psql("-c", show_command_line, cwd=folder, DATABASE_URL=url, **CACHE)
    assert "bin/psql -c" in process.stdout
    assert "canary" not in process.stdout


def test_malformed_address_is_refused_with_the_name_of_its_variable(folder: Path) -> None:
    process = psql(cwd=folder, DATABASE_URL="nonsense", **CACHE)
    assert process.returncode == 1
    assert process.stderr.startswith("DATABASE_URL: it is not a valid address; ")
    assert "Traceback" not in process.stderr


def test_an_unknown_option_is_named_and_left_out(folder: Path, postgres_url: str) -> None:
    process = psql("-Atc", "SELECT 1", cwd=folder, DATABASE_URL=f"{postgres_url}&supa_x=1", **CACHE)
    assert (process.returncode, process.stdout) == (0, "1\n")
    assert process.stderr.startswith("DATABASE_URL: unknown option supa_x, which was left out")


def test_ctrl_c_in_a_terminal_cancels_the_query_and_keeps_the_console(
    folder: Path, postgres_url: str
) -> None:
    terminal = {"HOME": str(folder), "TERM": "dumb", "PAGER": "cat", "PYTHONPATH": str(ROOT)}
    program = (sys.executable, "-m", "local.with_services", "-m", "local.psql")
    console = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, *program],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": postgres_url, **CACHE, **terminal},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with console:
        assert console.stdin is not None
        console.stdin.write("select pg_sleep(600);\n")
        console.stdin.flush()
        wait_until_asleep(postgres_url)
        console.stdin.write("\x03")
        console.stdin.flush()
        output, _ = console.communicate("select 40 + 2 as answer;\n\\q\n", timeout=60)
    assert "canceling statement due to user request" in output
    assert "42" in output.split()
    assert console.returncode == 0


def wait_until_asleep(url: str) -> None:
    asleep_query = "SELECT FROM pg_stat_activity WHERE query ~ '^select pg_sleep' AND datname = %s"
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + 60
        while connection.execute(asleep_query, [connection.info.dbname]).fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("variables", "zone"), [({}, "UTC"), ({"PGTZ": "Asia/Kolkata"}, "Asia/Kolkata")]
)
def test_times_are_in_utc_unless_the_environment_names_a_zone(
    folder: Path, postgres_url: str, variables: dict[str, str], zone: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = psycopg.sql.Identifier(connection.info.dbname)
        statement = "ALTER DATABASE {} SET TimeZone = 'America/New_York'"
        connection.execute(psycopg.sql.SQL(statement).format(name))
    process = psql(
        "-Atc", "SHOW TimeZone", cwd=folder, DATABASE_URL=postgres_url, **CACHE, **variables
    )
    assert process.stdout == f"{zone}\n"
