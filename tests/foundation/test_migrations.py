"""Alembic's commands do what their guide says, or explain what to do."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from local.servers.postgres_server import address_in_environment, program
from tests.foundation.test_schema import dump
from tests.support.forks import ROOT
from tests.support.scripts import run, run_command, run_unchecked

ALEMBIC = "-m alembic"
DRAFT = '''"""A draft."""
revision = "{revision}"
down_revision = "001"

def upgrade():
    pass

def downgrade():
    pass
'''


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def psql(url: str, script: str) -> None:
    subprocess.run(
        [program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
        env=address_in_environment(url),
        input=script,
        check=True,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the files that migrations need, to which tests add revisions."""
    for name in ("lib", "sql", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("alembic.ini", "migrate.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("arguments", [["head"], ["+1"], ["001"]])
@pytest.mark.parametrize("script", [ALEMBIC, "migrate.py"])
def test_each_way_to_upgrade_makes_the_whole_schema(
    script: str, arguments: list[str], empty_postgres_url: str, postgres_url: str
) -> None:
    process = run_command(script, "upgrade", *arguments, url=empty_postgres_url)
    assert process.returncode == 0, process.stderr
    assert dump(empty_postgres_url) == dump(postgres_url)
    assert fetch(empty_postgres_url, "SELECT * FROM stepwise.schema_version") == [("001",)]


@pytest.mark.parametrize("script", [ALEMBIC, "migrate.py"])
def test_a_step_beyond_the_newest_revision_is_explained(
    script: str, empty_postgres_url: str
) -> None:
    run("migrate.py", "upgrade", url=empty_postgres_url)
    process = run_unchecked(script, "upgrade", "+1", url=empty_postgres_url)
    assert process.returncode != 0
    assert "No revision is newer than the database's" in process.stdout + process.stderr


def test_going_down_before_any_revision_is_explained(empty_postgres_url: str) -> None:
    run("init_db.py", url=empty_postgres_url)
    process = run_unchecked("migrate.py", "downgrade", "-1", url=empty_postgres_url)
    assert process.returncode == 1
    assert "no revision to go back from" in process.stderr
    assert "No revision is recorded" in run("migrate.py", "current", url=empty_postgres_url)
    run("migrate.py", "upgrade", url=empty_postgres_url)
    run("migrate.py", "downgrade", "-1", url=empty_postgres_url)


def test_printed_sql_may_be_piped_into_psql_repeatedly(
    empty_postgres_url: str, postgres_url: str
) -> None:
    sql_script = run(ALEMBIC, "upgrade", "head", "--sql", url=empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT to_regnamespace('stepwise')") == [(None,)]
    for _ in range(2):
        psql(empty_postgres_url, sql_script)
    assert dump(empty_postgres_url) == dump(postgres_url)
    assert "001 (head)" in run("migrate.py", "current", url=empty_postgres_url)
    psql(empty_postgres_url, run("migrate.py", "finish", "--sql", url=empty_postgres_url))


def test_stamp_records_a_revision_without_running_it(empty_postgres_url: str) -> None:
    run(ALEMBIC, "stamp", "head", url=empty_postgres_url)
    assert "001 (head)" in run("migrate.py", "current", url=empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT to_regclass('public.sessions')") == [(None,)]
    run("migrate.py", "upgrade", url=empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT count(*) FROM public.sessions") == [(0,)]


def test_a_revision_that_was_deleted_is_named_with_the_way_out(empty_postgres_url: str) -> None:
    run("migrate.py", "upgrade", url=empty_postgres_url)
    fetch(empty_postgres_url, "UPDATE stepwise.schema_version SET version_num = 'd7af' RETURNING 1")
    for arguments in (["upgrade"], ["downgrade"], ["current"]):
        process = run_unchecked("migrate.py", *arguments, url=empty_postgres_url)
        assert process.returncode == 1
        assert "at revision d7af" in process.stderr
        assert "migrate.py stamp head" in process.stderr
        assert "Traceback" not in process.stderr
    run("migrate.py", "stamp", url=empty_postgres_url)
    assert "at revision 001" in run("migrate.py", "upgrade", url=empty_postgres_url)


@pytest.mark.parametrize("action", ["upgrade", "stamp"])
def test_a_mistyped_revision_is_reported_as_unknown_to_the_code(
    action: str, empty_postgres_url: str
) -> None:
    process = run_unchecked("migrate.py", action, "0001", url=empty_postgres_url)
    assert process.returncode == 1
    assert process.stderr.startswith("This version of the code has no revision 0001")
    assert "migrate.py history" in process.stderr


@pytest.mark.parametrize("arguments", [["--sql"], ["-1", "--sql"], ["--sql", "-1"]])
def test_printing_the_way_back_asks_for_both_revisions(arguments: list[str]) -> None:
    process = run_unchecked("migrate.py", "downgrade", *arguments, url="")
    assert process.returncode == 1
    assert "migrate.py downgrade 001:base --sql" in process.stderr


def test_two_heads_are_named_with_the_way_to_join_them(
    project: Path, empty_postgres_url: str
) -> None:
    for revision in ("00a", "00b"):
        path = project / "migrations" / "versions" / f"{revision}_draft.py"
        path.write_text(DRAFT.format(revision=revision))
    for script in (ALEMBIC, "migrate.py"):
        process = run_unchecked(script, "upgrade", "head", url=empty_postgres_url, folder=project)
        assert process.returncode != 0
        assert "alembic merge" in process.stdout + process.stderr
    merge = run_unchecked(ALEMBIC, "merge", "-m", "join", "heads", url=empty_postgres_url,
                          folder=project)  # fmt: skip
    assert merge.returncode == 0, merge.stderr
    upgrade = run_unchecked("migrate.py", "upgrade", url=empty_postgres_url, folder=project)
    assert upgrade.returncode == 0, upgrade.stderr
    assert fetch(empty_postgres_url, "SELECT count(*) FROM public.sessions") == [(0,)]


def test_scripts_run_only_with_the_newest_revision(project: Path, empty_postgres_url: str) -> None:
    path = project / "migrations" / "versions" / "00a_draft.py"
    path.write_text(DRAFT.format(revision="00a"))
    run_unchecked("migrate.py", "upgrade", "+1", url=empty_postgres_url, folder=project)
    assert fetch(empty_postgres_url, "SELECT to_regclass('public.sessions')") == [(None,)]
    run_unchecked("migrate.py", "upgrade", "+1", url=empty_postgres_url, folder=project)
    assert fetch(empty_postgres_url, "SELECT count(*) FROM public.sessions") == [(0,)]


def test_the_table_of_versions_of_another_application_stays_as_it_is(
    empty_postgres_url: str,
) -> None:
    psql(
        empty_postgres_url,
        "CREATE TABLE public.alembic_version (version_num VARCHAR(32) PRIMARY KEY);"
        " INSERT INTO public.alembic_version VALUES ('9f1c')",
    )
    for arguments in (["upgrade"], ["downgrade"], ["upgrade"]):
        run("migrate.py", *arguments, url=empty_postgres_url)
    assert fetch(empty_postgres_url, "SELECT * FROM public.alembic_version") == [("9f1c",)]


def test_migration_reports_its_changes(empty_postgres_url: str) -> None:
    up = "The database went from revision none to 001."
    down = "The database went from revision 001 to none."
    scripts = "Its tables, functions and views now match the scripts in sql/."
    for arguments, last_lines in (
        (["upgrade"], [up, scripts]),
        (["upgrade"], ["The database is at revision 001.", scripts]),
        (["downgrade", "-1"], [down]),
        (["upgrade", "001"], [up, scripts]),
        (["downgrade", "base"], [down]),
    ):
        lines = run("migrate.py", *arguments, url=empty_postgres_url).splitlines()
        assert lines[-len(last_lines) :] == last_lines
        seconds = [line.split() for line in lines if " s  sql/" in line]
        assert (float(seconds[0][0]) >= 0) if arguments[0] == "upgrade" else not seconds


def test_current_and_history_name_the_revision(empty_postgres_url: str) -> None:
    run("migrate.py", "upgrade", url=empty_postgres_url)
    assert "001 (head)" in run("migrate.py", "current", url=empty_postgres_url)
    assert "001" in run("migrate.py", "history", url=empty_postgres_url)


def test_current_needs_no_right_to_write(empty_postgres_url: str) -> None:
    database = empty_postgres_url.partition("@/")[2].partition("?")[0]
    psql(empty_postgres_url, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    assert "No revision" in run("migrate.py", "current", url=empty_postgres_url)
