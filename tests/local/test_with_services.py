"""Commands with a running `make dev`, and without it."""

import json
import threading
from pathlib import Path

import pytest

from local.servers.child import ServerError
from local.servers.own_secrets import own_secrets
from local.services import names_all_services, running_services, with_running_services
from tests.local.processes import remaining_processes, run

COUNT = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS public.runs (n int)")
    connection.execute("INSERT INTO public.runs VALUES (1)")
    print(connection.execute("SELECT count(*) FROM public.runs").fetchone()[0])
"""
RUNNING_SERVICES = {
    "DATABASE_URL": "postgresql://running",
    "UPSTASH_REDIS_REST_URL": "http://running",
    "UPSTASH_REDIS_REST_TOKEN": "running",
    "ADMIN_PASSWORD": "running",
}


def test_concurrent_commands_use_the_same_data_one_after_the_other(folder: Path) -> None:
    outputs: list[str] = []

    def count() -> None:
        process = run("local.with_services", "-c", COUNT, cwd=folder)
        outputs.append(process.stdout.strip() if process.returncode == 0 else process.stderr)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outputs) == ["1", "2"]
    assert remaining_processes(folder) == []


def test_command_has_the_exit_code_of_its_program(folder: Path) -> None:
    variables = {"DATABASE_URL": "postgresql://given", "UPSTASH_REDIS_REST_URL": "http://given"}
    variables["UPSTASH_REDIS_REST_TOKEN"] = "given"
    process = run("local.with_services", "-c", "raise SystemExit(7)", cwd=folder, **variables)
    assert process.returncode == 7
    assert list(folder.iterdir()) == [], "no embedded server was needed"


def test_variables_of_the_environment_take_precedence() -> None:
    assert with_running_services({}, RUNNING_SERVICES) == RUNNING_SERVICES
    variables = {"POSTGRES_URL": "postgresql://given", "ADMIN_PASSWORD": "given", "OTHER": "1"}
    assert with_running_services(variables, RUNNING_SERVICES) == {
        **variables,
        "UPSTASH_REDIS_REST_URL": "http://running",
        "UPSTASH_REDIS_REST_TOKEN": "running",
    }
    stray = {"DATABASE_URL_UNPOOLED": "postgresql://elsewhere", "KV_REST_API_TOKEN": "stray"}
    assert with_running_services(stray, RUNNING_SERVICES) == RUNNING_SERVICES
    without_redis_url = {"POSTGRES_URL": "postgresql://a", "KV_REST_API_TOKEN": "given"}
    assert names_all_services({**without_redis_url, "KV_REST_API_URL": "http://a"})
    assert not names_all_services({"POSTGRES_URL": "postgresql://a", "KV_REST_API_URL": " "})


def test_services_of_the_environment_replace_the_embedded_ones(folder: Path) -> None:
    variables = {
        "POSTGRES_URL": "postgresql://given",
        "KV_REST_API_URL": "http://given",
        "KV_REST_API_TOKEN": "given",
        "CRON_SECRET": "given by the environment",
    }
    with running_services(folder, variables) as services:
        assert (services.postgres, services.redis) == (None, None)
        assert variables.items() <= services.environment.items()
        assert "DATABASE_URL" not in services.environment
    assert not (folder / "postgres").exists()


def test_supabase_without_postgres_is_explained(folder: Path) -> None:
    variables = {"SUPABASE_URL": "https://ref.supabase.co", "SUPABASE_ANON_KEY": "key"}
    process = run("local.with_services", "-c", COUNT, cwd=folder, **variables)
    assert (process.returncode, process.stdout) == (0, "1\n")
    assert process.stderr.startswith("Using the embedded database, not Supabase's")
    assert "transaction pooler, port 6543" in process.stderr
    assert "SUPABASE" not in run("local.with_services", "-c", COUNT, cwd=folder).stderr


def test_redis_address_without_a_token_is_an_error(folder: Path) -> None:
    variables = {"POSTGRES_URL": "postgresql://given", "KV_REST_API_URL": "http://given"}
    with (
        pytest.raises(ServerError, match="KV_REST_API_URL: it is set without"),
        running_services(folder, variables),
    ):
        pass


def test_own_secrets_are_created_once_and_readable_only_by_the_owner(folder: Path) -> None:
    secrets = own_secrets(folder)
    assert own_secrets(folder) == secrets
    assert len(secrets["ENCRYPTION_KEY"]) == 64
    file = folder / "secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(json.dumps({"ENCRYPTION_KEY": secrets["ENCRYPTION_KEY"]}))
    assert own_secrets(folder)["ENCRYPTION_KEY"] == secrets["ENCRYPTION_KEY"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"ENCRYPTION_KEY": "canary', "it is not JSON: Unterminated string"),
        (b"", "it is not JSON: Expecting value"),
        (b"\xff\xfecanary", "it is not UTF-8 text"),
        (b'["canary"]', "it is not a JSON object"),
        (
            b'{"CRON_SECRET": 17, "ADMIN_PASSWORD": ""}',
            "these are empty or not text: CRON_SECRET, ADMIN_PASSWORD",
        ),
    ],
)
def test_damaged_secrets_are_reported_and_not_changed(
    folder: Path, content: bytes, reason: str
) -> None:
    data = folder / ".local"
    data.mkdir()
    file = data / "secrets.json"
    file.write_bytes(content)
    with pytest.raises(ServerError) as raised:
        own_secrets(data)
    message = str(raised.value)
    assert message.startswith(f"{file} is damaged ({reason}")
    assert f"mv {file} {file}.damaged" in message
    assert "canary" not in message
    assert file.read_bytes() == content


@pytest.mark.parametrize("program", [("local",), ("local.with_services", "-c", "pass")])
def test_damaged_secrets_end_a_command_without_a_traceback(
    folder: Path, program: tuple[str, ...]
) -> None:
    (folder / ".local").mkdir()
    (folder / ".local" / "secrets.json").write_text("{")
    process = run(*program, cwd=folder, PORT="0")
    assert process.returncode == 1
    assert process.stderr.startswith(".local/secrets.json is damaged (it is not JSON: ")
    assert "Traceback" not in process.stderr
    assert not (folder / ".local" / "postgres").exists(), "nothing was started"


def test_unreadable_secrets_are_reported(folder: Path) -> None:
    (folder / "secrets.json").mkdir()
    with pytest.raises(ServerError, match=r"secrets\.json cannot be read \(Is a directory\)"):
        own_secrets(folder)
