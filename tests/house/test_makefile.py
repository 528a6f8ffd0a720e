"""What `make` promises while there is no environment: nothing is lost, what is missing is said."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make") or "make"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile with all that it looks at, and an environment of an older Python."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements-dev.txt", "local/servers/redis-server.txt", ".venv/bin/in-use"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make there."""
    return subprocess.run(
        [MAKE, "--no-print-directory", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def python(project: Path, program: str) -> str:
    """The name of an interpreter that does what `program`, a shell script, says."""
    path = project / "python"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["", "/no/such/python"])
def test_without_a_python_the_environment_that_is_there_stays(project: Path, name: str) -> None:
    done = make(project, f"PYTHON={name}", "dev")
    assert done.returncode != 0
    assert "No Python from 3.11 to 3.14 found" in done.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_a_python_of_another_version_is_refused_by_name(project: Path) -> None:
    done = make(project, f"PYTHON={python(project, 'exit 1')}", "dev")
    assert done.returncode != 0
    assert "set PYTHON=/path/to/python" in done.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_a_python_that_makes_no_environment_is_told_what_to_install(project: Path) -> None:
    program = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    done = make(project, f"PYTHON={python(project, program)}", "dev")
    assert done.returncode != 0
    assert "install python3-venv" in done.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_every_target_is_explained(project: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    listed = [line.split(maxsplit=1) for line in make(project).stdout.splitlines()]
    assert {name for name, text in listed if text} == set(phony[1].split())
