"""`make reset` asks, dumps the local database or moves it away, and removes it with the cache."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from local.servers.postgres_server import running_postgres
from tests.local.processes import Dev, open_folder, run, wait_until_all_ended


@pytest.fixture(scope="session")
def stopped_data() -> Iterator[Path]:
    """A `.local` with a database of one row, whose server has stopped."""
    with open_folder() as data:
        with (
            running_postgres(data / "postgres", durable=True) as server,
            psycopg.connect(server.url()) as connection,
        ):
            connection.execute("CREATE TABLE public.kept (word TEXT)")
            connection.execute("INSERT INTO public.kept VALUES ('kept')")
        yield data


@pytest.fixture
def local(folder: Path, stopped_data: Path) -> Path:
    """A `.local` with a database of one row, a secret and an older backup."""
    data = folder / ".local"
    shutil.copytree(stopped_data, data)
    (data / "backups").mkdir()
    (data / "redis").mkdir()
    (data / "secrets.json").write_text("{}")
    (data / "backups" / "stepwise-1.dump").touch()
    return data


def is_kept(data: Path) -> bool:
    with (
        running_postgres(data / "postgres", durable=True) as server,
        psycopg.connect(server.url()) as connection,
    ):
        row = connection.execute("SELECT to_regclass('public.kept') IS NOT NULL").fetchone()
    return row == (True,)


@pytest.mark.parametrize("stdin", ["no\n", "", "y\n"])
def test_nothing_happens_without_a_yes(folder: Path, local: Path, stdin: str) -> None:
    process = run("local.reset", cwd=folder, stdin=stdin)
    assert process.returncode == 1
    assert "Nothing was changed." in process.stdout
    assert is_kept(local)


def test_confirm_with_another_value_outweighs_a_typed_yes(folder: Path, local: Path) -> None:
    assert run("local.reset", cwd=folder, stdin="yes\n", CONFIRM="true").returncode == 1
    assert is_kept(local)


def test_a_yes_removes_the_database_and_a_dump_brings_it_back(folder: Path, local: Path) -> None:
    process = run("local.reset", cwd=folder, stdin="yes\n")
    assert process.returncode == 0, process.stderr
    assert not (local / "postgres").exists()
    assert not (local / "redis").exists()
    assert (local / "secrets.json").exists()
    assert (local / "backups" / "stepwise-1.dump").exists()
    (dump,) = (local / "backups").glob("before-reset-*.dump")
    assert f"make restore FILE={dump.relative_to(folder)}" in process.stdout

    second_run = run("local.reset", cwd=folder, CONFIRM="yes")
    assert (second_run.returncode, "There is no local database" in second_run.stdout) == (0, True)

    restore = ("local.with_services", "-m", "local.backup", "restore", str(dump))
    assert run(*restore, cwd=folder).returncode == 0
    assert is_kept(local)


def test_data_that_cannot_be_dumped_are_moved_away(folder: Path, local: Path) -> None:
    version = local / "postgres" / "data" / "PG_VERSION"
    version.write_text("9\n")
    process = run("local.reset", cwd=folder, CONFIRM="yes")
    assert process.returncode == 0, process.stderr
    assert "belongs to PostgreSQL 9" in process.stdout
    (moved_folder,) = local.glob("postgres-before-reset-*")
    assert (moved_folder / "data" / "PG_VERSION").read_text() == "9\n"
    assert not (local / "postgres").exists()


@pytest.mark.parametrize("name", ["DATABASE_URL", "POSTGRES_URL", "POSTGRES_URL_NON_POOLING"])
def test_a_database_of_the_environment_is_refused(folder: Path, local: Path, name: str) -> None:
    url = {name: "postgresql://me:secret@db.example/live"}
    process = run("local.reset", cwd=folder, CONFIRM="yes", **url)
    assert process.returncode == 1
    assert f"a database is set in {name}" in process.stderr
    assert "secret" not in process.stderr
    assert is_kept(local)


@pytest.fixture
def running_dev(folder: Path, start_dev: Callable[..., Dev]) -> Iterator[Dev]:
    dev = start_dev(folder / ".local")
    yield dev
    assert dev.end(signal.SIGINT) == 0
    wait_until_all_ended(folder / ".local")


def test_a_running_make_dev_blocks_the_reset(folder: Path, running_dev: Dev) -> None:
    process = run("local.reset", cwd=folder, CONFIRM="yes")
    assert process.returncode == 1
    assert "`make dev` is running on .local (process " in process.stderr
    assert running_dev.get("/health")[1]["status"] == "healthy"
    assert os.listdir(folder / ".local" / "postgres" / "data")  # noqa: PTH208 it is not empty
