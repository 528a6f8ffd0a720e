"""The calls of docs/migration.md, pasted into a shell, migrate what `make seed-legacy` loads."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.demo import legacy
from tests.support.local_server import LocalServer

GUIDE = Path(__file__).parents[2] / "docs" / "migration.md"
LIVE = "https://your-app.vercel.app"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELL_SECONDS = 120.0
END = "--- end of a call"


def seed(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        assert legacy.main() == 0


def follow(url: str) -> list[dict[str, Any]]:
    """Run the calls of steps 0 to 4 of the guide in a shell; return their responses."""
    steps = GUIDE.read_text(encoding="utf-8").split("## What it costs")[0]
    definitions, *calls = BLOCK.findall(steps)
    script = definitions + "".join(f"{call}printf '\\n%s\\n' '{END}'\n" for call in calls)
    assert LIVE in definitions
    process = subprocess.run(
        ["bash"],
        input=script.replace(LIVE, url),
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        encoding="utf-8",
        timeout=SHELL_SECONDS,
        check=True,
    )
    return [json.loads(response) for response in process.stdout.split(f"\n{END}\n")[:-1]]


def test_guide_migrates_the_legacy_tables_of_the_demo(
    server: LocalServer,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed(environment, monkeypatch)
    output = capsys.readouterr().out
    assert "workshop_students 8, student_configs 2, workshop_sessions 2" in output
    backup, schema, dry_run, real_run, clean_up = follow(server.url)
    assert all(response["success"] for response in (backup, schema, dry_run, real_run, clean_up))
    assert backup["rows"]["legacy"]["public.workshop_students"] == 8
    assert dry_run["preflight"]["keys"] == {"sealed": 2, "plain": 1, "checked": 2, "unreadable": 0}
    assert dry_run["preflight"]["tables"][0]["unknownColumns"] == ["instructor_notes"]
    outcomes = {group["outcome"] for group in dry_run["findings"]["groups"]}
    assert outcomes == {"skipped", "kept raw", "mended"}
    assert real_run["verification"]["verified"] is True
    assert real_run["verification"]["checksums"] == dry_run["verification"]["checksums"]
    assert len(clean_up["backupTables"]) == 3
    assert clean_up["rowsOnlyInOldTables"] == 1


def test_existing_legacy_tables_are_left_alone(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with psycopg.connect(environment["POSTGRES_URL"]) as connection:
        connection.execute("CREATE TABLE public.student_configs (session_token TEXT)")
    seed(environment, monkeypatch)
    assert "nothing was changed" in capsys.readouterr().out
    with psycopg.connect(environment["POSTGRES_URL"]) as connection:
        other_table_and_rows = connection.execute(
            "SELECT to_regclass('public.workshop_students'), count(*) FROM public.student_configs"
        ).fetchone()
    assert other_table_and_rows == (None, 0)
