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


def described(project: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What `make` says of each target and of each variable."""
    targets, _, variables = make(project).stdout.partition("\nVariables")
    parts = (targets.splitlines(), variables.splitlines()[1:])
    first, second = (dict(line.split(maxsplit=1) for line in part) for part in parts)
    return first, second


def test_every_target_is_explained(project: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(described(project)[0]) == set(phony[1].split())


def test_every_variable_is_explained(project: Path) -> None:
    targets, variables = described(project)
    assert set(variables) == {"PORT", "FILE", "ARGS", "POOL", "PYTHON"}
    for name in ("PORT", "FILE", "ARGS", "POOL"):
        users = variables[name].partition(":")[0].split(", ")
        assert set(users) <= set(targets), f"{name} says first which targets read it"


@pytest.fixture
def built(project: Path) -> Path:
    """The same with an environment that is up to date, whose Python shows how it is called."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    shown = project / ".venv/bin/python"
    shown.write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo "PORT=$PORT"\n')
    shown.chmod(0o755)
    (project / "requirements-bench.txt").touch()
    for name in (f".built-{version}", ".bench"):
        (project / ".venv" / name).touch()
    return project


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["dev", "PORT=8000"], "<-m><local>PORT=8000"),
        (["restore", "FILE=my backup"], "<local.backup><restore><my backup>PORT="),
        (["restore"], "<local.backup><restore>PORT="),
        (["test", "ARGS=-k 'a b'"], "<-m><pytest><-k><a b>PORT="),
        (["psql", "ARGS=-c 'select 1'"], "<-m><local.psql><-c><select 1>PORT="),
        (["bench", "ARGS=x"], "<-m><benchmarks><x>PORT="),
        (["simulate", "POOL=p"], "<local.pools.simulate><p>PORT="),
        (["calibrate", "POOL=p"], "<local.pools.calibrate><p>PORT="),
    ],
)
def test_variables_reach_the_program(built: Path, arguments: list[str], called: str) -> None:
    done = make(built, f"PYTHON={sys.executable}", *arguments)
    assert done.stdout.endswith(f"{called}\n"), done.stdout + done.stderr
