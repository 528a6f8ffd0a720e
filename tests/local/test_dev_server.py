"""`make dev` as a process: started, used by other commands, killed, restarted."""

import os
import re
import shutil
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from local.demo.examples import examples
from local.demo.pool import POOL_ID
from tests.local.processes import ROOT, WAIT_SECONDS, Dev, run, wait_until_all_ended

Start = Callable[..., Dev]
SHOW = 'import os; print(os.environ["DATABASE_URL"], os.environ["ADMIN_PASSWORD"])'
CODE = ("api", "lib", "local", "migrations", "sql", "alembic.ini", "migrate.py")


def test_a_kill_during_writes_loses_no_acknowledged_row(folder: Path, start_dev: Start) -> None:
    dev = start_dev()
    # The earlier service's name for Postgres is `supabase`.
    assert dev.get("/health")[1]["services"] == {"postgres": "up", "redis": "up", "supabase": "up"}
    password, system_id = dev.value_of("Admin password"), system_identifier(dev)
    acknowledged = []

    def write() -> None:
        with psycopg.connect(dev.database, autocommit=True) as connection:
            connection.execute("CREATE TABLE public.kept (n int)")
            for number in range(1_000_000):
                connection.execute("INSERT INTO public.kept VALUES (%s)", [number])
                acknowledged.append(number)

    def write_until_killed() -> None:
        with pytest.raises(psycopg.OperationalError):
            write()

    writer = threading.Thread(target=write_until_killed)
    writer.start()
    while len(acknowledged) < 100:
        time.sleep(0.01)
    url = dev.value_of("Stepwise")
    assert dev.end(signal.SIGKILL) == -signal.SIGKILL
    writer.join()
    wait_until_all_ended(folder)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=1)

    restarted = start_dev()
    assert restarted.get("/health")[0] == 200
    with psycopg.connect(restarted.database) as connection:
        stored_numbers = {row[0] for row in connection.execute("SELECT n FROM public.kept")}
    assert stored_numbers >= set(acknowledged)
    assert system_identifier(restarted) == system_id, "the data of the first start are in use"
    assert (folder / "migrate.log").read_text().count("The database is at revision ") == 1
    assert restarted.value_of("Admin password") == password
    assert restarted.end(signal.SIGINT) == 0
    assert restarted.output.endswith("nothing was left running.\n")
    wait_until_all_ended(folder)


def system_identifier(dev: Dev) -> Any:
    """Return the identifier that Postgres gave the data folder when it was created."""
    with psycopg.connect(dev.database) as connection:
        return connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()


def test_other_commands_find_a_running_make_dev(folder: Path, start_dev: Start) -> None:
    dev = start_dev(folder / ".local", demo=True)
    with psycopg.connect(dev.database) as connection:
        counts = connection.execute("SELECT count(*) FROM assessment.questions").fetchone()
    assert counts is not None
    assert counts[0] >= 120, "the first start loads the demo"

    second_run = run("local", cwd=folder)
    assert second_run.returncode == 1
    assert f"is already running at {dev.value_of('Stepwise')} (process " in second_run.stdout
    for name in ("secrets.json", "running.json"):
        assert (dev.folder / name).stat().st_mode & 0o777 == 0o600

    demo_process = run("local.with_services", "-m", "local.demo", cwd=folder)
    assert examples(dev.value_of("Stepwise")) in demo_process.stdout, demo_process.stderr
    dev.wait_for_output(examples(dev.value_of("Stepwise")))

    command = run("local.with_services", "-c", SHOW, cwd=folder)
    assert command.stdout.split() == [dev.database, dev.value_of("Admin password")], command.stderr
    assert dev.get("/health")[1]["status"] == "healthy"

    test = {"student_id": "newcomer", "question_pool_id": POOL_ID}
    assert httpx.post(f"{dev.value_of('Stepwise')}/api/test/start", json=test).status_code == 200
    with psycopg.connect(dev.database) as connection:
        flags = connection.execute(
            "SELECT proven, admitted FROM assessment.test_sessions WHERE student_id = 'newcomer'"
        ).fetchall()
    assert flags == [(True, True)], "tests without a ticket count here, and the demo pool trains"

    statuses = [guess_as(dev.value_of("Stepwise"), f"198.51.100.{n}") for n in range(6)]
    assert statuses == [401] * 5 + [429], "forged forwarding headers do not change the address"

    with redis.Redis(unix_socket_path=str(dev.folder / "redis" / "redis.sock")) as client:
        os.kill(client.info()["process_id"], signal.SIGKILL)
    dev.wait_for_output("Redis has stopped; starting it again.")
    dev.wait_for("status", "healthy")

    assert dev.end(signal.SIGTERM) == 0
    wait_until_all_ended(folder / ".local")
    assert not (folder / ".local" / "running.json").exists()


def guess_as(url: str, address: str) -> int:
    """Send a wrong password under a forged address; return the status."""
    forged = {"Authorization": "Bearer wrong", "X-Forwarded-For": address, "X-Real-IP": address}
    return httpx.post(f"{url}/api/admin-list-configs", headers=forged).status_code


def test_invalid_port_is_reported(folder: Path) -> None:
    process = run("local", "--folder", str(folder), PORT="99999")
    assert process.returncode == 1
    assert "There is no port 99999" in process.stderr


def test_busy_port_is_reported_before_anything_starts(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = run("local", "--folder", str(folder), PORT=str(port))
    assert process.returncode == 1
    assert f"Port {port} is not free" in process.stderr
    assert f"make dev PORT={port + 1}" in process.stderr
    assert not (folder / "postgres").exists()


@pytest.fixture
def code_copy(folder: Path) -> Path:
    """A copy of the code that tests may change."""
    copy = folder / "code"
    copy.mkdir()
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


def wait_for_response(dev: Dev, path: str, status: int, method: str = "GET") -> httpx.Response:
    """Repeat a request until its status is `status`; every attempt must get a response in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        response = httpx.request(method, dev.value_of("Stepwise") + path, timeout=WAIT_SECONDS)
        if response.status_code == status:
            return response
        assert time.monotonic() < deadline, (response.text, dev.output[-2000:])
        time.sleep(0.1)


def test_changed_code_takes_effect_and_broken_code_is_reported_until_repaired(
    folder: Path, code_copy: Path, start_dev: Start
) -> None:
    dev = start_dev(folder / "data", root=code_copy)
    settings = code_copy / "lib" / "settings.py"
    text = settings.read_text()
    changed_text = re.sub(r'version: str = "[^"]+"', 'version: str = "0.0.0-changed"', text)
    assert changed_text != text
    settings.write_text(changed_text)
    dev.wait_for("version", "0.0.0-changed")
    error_keys = wait_for_response(dev, "/nowhere", 404).json().keys()

    for broken_code, reason in (
        ("this is no Python", "SyntaxError in lib/settings.py:1: invalid syntax"),
        ("import sys\nsys.exit('not now')", "SystemExit in lib/settings.py:2: not now"),
    ):
        settings.write_text(broken_code)
        dev.wait_for_output(f"The code cannot be imported: {reason}. Every request gets a 503")
        wait_for_response(dev, "/api/test/start", 503, "POST")
        response = wait_for_response(dev, "/", 503)
        body = response.json()
        assert reason in body["error"]
        assert body["code"] == "code_not_importable"
        assert body.keys() == error_keys
        assert body["requestId"] == response.headers["X-Request-Id"]
    assert "Traceback (most recent call last):" in dev.output

    settings.write_text(text)
    wait_for_response(dev, "/health", 200)
    dev.kill_worker()
    dev.wait_for("status", "healthy")
    assert dev.end(signal.SIGINT) == 0
    wait_until_all_ended(folder / "data")


def test_broken_function_is_shown_on_the_console_and_the_others_still_work(
    folder: Path, code_copy: Path, start_dev: Start
) -> None:
    dev = start_dev(folder / "data", root=code_copy)
    url = dev.value_of("Stepwise")
    path = "/api/test/status/7b0c0000-0000-4000-8000-000000000001"
    function = code_copy / "api" / "assessment" / "status.py"
    text = function.read_text()
    function.write_text(f"{text}\nnowhere\n")
    response = wait_for_response(dev, path, 500)
    assert response.json()["code"] == "internal"
    assert response.json()["requestId"] == response.headers["X-Request-Id"]
    assert httpx.get(f"{url}/openapi.json", timeout=WAIT_SECONDS).json()["code"] == "internal"
    assert httpx.get(f"{url}/health", timeout=WAIT_SECONDS).status_code == 200
    dev.wait_for_output("GET /api/test/status/{session_id} 500 ")
    dev.wait_for_output("GET /openapi.json 500 ")
    line = f"api/assessment/status.py:{len(text.splitlines()) + 2}"
    request = response.headers["X-Request-Id"]
    assert f"Unforeseen NameError at {line}, request {request}:\n" in dev.output
    assert "    NameError: name 'nowhere' is not defined\n" in dev.output
    assert '"event"' not in dev.output, "JSON lines are for deployments"
    assert "7b0c0000-" not in dev.output

    function.write_text(text)
    wait_for_response(dev, path, 404)
    assert dev.end(signal.SIGINT) == 0
