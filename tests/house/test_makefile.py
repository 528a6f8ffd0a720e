"""`make` keeps its environment until it can build another, and reports at once what is missing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from local.servers.child import FolderLock

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make") or "make"
RUN_PYTHON = f'exec {sys.executable} "$@"'
RUNNING_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
STAGES = ("", "-local", "-dev", "-bench")
PINS = tuple(f"requirements{stage}.txt" for stage in STAGES)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, the files it reads, and an environment of an older Python."""
    return fill(tmp_path)


def fill(folder: Path) -> Path:
    """Write the Makefile, its files and an environment into the folder; return the folder."""
    shutil.copy(ROOT / "Makefile", folder)
    # `in-use` stands for the environment: it is gone once make has built another one.
    for name in (*PINS, "local/servers/redis-server.txt", ".venv/bin/in-use"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the folder, where it finds the folder's interpreters first."""
    return subprocess.run(
        [MAKE, "--no-print-directory", *arguments],
        cwd=project,
        env={
            **os.environ,
            "PATH": f"{project}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(project),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def python(project: Path, program: str, name: str = "python") -> str:
    """Make an interpreter that runs `program`, a shell script; return its path."""
    path = project / name
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return str(path)


def recorder(project: Path, name: str = "python", on_program: str = RUN_PYTHON) -> str:
    """Make an interpreter that records its arguments and installs nothing; return its path.

    The programs of an environment that it creates record their arguments too. Programs on the
    command line (`-c`), by which make inspects the machine, are left to `on_program`.
    """
    record = f'echo "$0 $*" >> {project}/recorded'
    program = f"""
        [ "$1" = -c ] && {on_program}
        {record}
        case "$*" in "-m venv "*)
            for folder; do :; done
            mkdir -p $folder/bin
            for name in python uv; do
                printf '%s\\n' '#!/bin/sh' '{record}' > $folder/bin/$name
                chmod +x $folder/bin/$name
            done;;
        esac"""
    return python(project, program, name)


def recorded_calls(project: Path) -> str:
    """Return the calls that recorders have recorded since this function was last called."""
    file = project / "recorded"
    text = file.read_text() if file.exists() else ""
    file.unlink(missing_ok=True)
    return text


def pins(name: str) -> dict[str, str]:
    """Return the hashes of each package and version that a file pins."""
    text = (ROOT / name).read_text()
    return dict(re.findall(r"^(\S+==\S+).*((?:\n    --hash=\S+.*)+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["", "/no/such/python"])
def test_without_a_python_the_existing_environment_stays(project: Path, name: str) -> None:
    process = make(project, f"PYTHON={name}", "dev")
    assert process.returncode != 0
    assert "No Python from 3.11 to 3.14 found" in process.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_python_of_another_version_is_refused(project: Path) -> None:
    process = make(project, f"PYTHON={python(project, 'exit 1')}", "dev")
    assert process.returncode != 0
    assert "set PYTHON=/path/to/python" in process.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_python_without_venv_is_refused_with_what_to_install(project: Path) -> None:
    program = f'case "$2" in *pip*) exit 1;; *) exec {sys.executable} "$@";; esac'
    process = make(project, f"PYTHON={python(project, program)}", "dev")
    assert process.returncode != 0
    assert "install python3-venv" in process.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_byte_code_is_kept_whatever_the_environment_says(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    interpreter = f"PYTHON={recorder(project)}"
    make(project, interpreter, "test")
    python(project / ".venv/bin", 'echo "PYTHONDONTWRITEBYTECODE=$PYTHONDONTWRITEBYTECODE."')
    assert make(project, interpreter, "test").stdout == "PYTHONDONTWRITEBYTECODE=.\n"


def descriptions(project: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the descriptions that `make` prints of its targets and variables."""
    targets, _, variables = make(project).stdout.partition("\nVariables")
    parts = (targets.splitlines(), variables.splitlines()[1:])
    target_texts, variable_texts = (dict(line.split(maxsplit=1) for line in part) for part in parts)
    return target_texts, variable_texts


def test_every_target_is_explained(project: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(descriptions(project)[0]) == set(phony[1].split())


def test_every_variable_is_explained(project: Path) -> None:
    targets, variables = descriptions(project)
    names = {"PORT", "FILE", "CONFIRM", "ARGS", "POOL", "SERVER", "FOLDER", "IMPORT", "EXPORT"}
    assert set(variables) == names | {"PYTHON"}
    for name in names:
        users = variables[name].partition(":")[0].split(", ")
        assert set(users) <= set(targets), (
            f"{name}: begin its description with the targets that read it"
        )


@pytest.fixture(scope="module")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like `project` with an up-to-date environment, whose Python prints its arguments."""
    project = fill(tmp_path_factory.mktemp("built"))
    assert make(project, f"PYTHON={recorder(project)}", "dev", "bench").returncode == 0
    program = project / ".venv/bin/python"
    program.write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo "PORT=$PORT"\n')
    program.chmod(0o755)
    return project


@pytest.mark.parametrize(
    ("arguments", "expected_call"),
    [
        (["dev", "PORT=8000"], "<-m><local>PORT=8000"),
        (["restore", "FILE=my backup"], "<local.backup><restore><my backup>PORT="),
        (["restore"], "<local.backup><restore>PORT="),
        (["reset", "CONFIRM=yes"], "<-m><local.reset>PORT="),
        (["test", "ARGS=-k 'a b'"], "<-m><pytest><-k><a b>PORT="),
        (["psql", "ARGS=-c 'select 1'"], "<-m><local.psql><-c><select 1>PORT="),
        (["bench", "ARGS=x"], "<-m><benchmarks><x>PORT="),
        (["simulate", "POOL=p"], "<local.pools.simulate><p>PORT="),
        (
            ["simulate", "POOL=p", "ARGS=--difficulty-error 0.7"],
            "<local.pools.simulate><p><--difficulty-error><0.7>PORT=",
        ),
        (["calibrate", "POOL=p"], "<local.pools.calibrate><p>PORT="),
        (["calibrate-learning"], "<local.calibrate_learning>PORT="),
    ],
)
def test_variables_reach_the_program(
    built_project: Path, arguments: list[str], expected_call: str
) -> None:
    process = make(built_project, f"PYTHON={sys.executable}", *arguments)
    assert process.stdout.endswith(f"{expected_call}\n"), process.stdout + process.stderr


def test_dev_installs_its_own_packages_and_test_adds_to_them(project: Path) -> None:
    name = recorder(project)
    assert make(project, f"PYTHON={name}", "dev").returncode == 0
    calls = recorded_calls(project)
    assert "-r requirements-local.txt" in calls
    assert "requirements-dev.txt" not in calls
    assert not (project / ".venv/bin/in-use").exists(), "the old environment had another Python"

    (project / ".venv/bin/in-use").touch()
    assert make(project, f"PYTHON={name}", "test").returncode == 0
    calls = recorded_calls(project)
    assert "-r requirements-dev.txt" in calls
    assert "-m venv" not in calls
    assert "requirements-local.txt" not in calls
    assert (project / ".venv/bin/in-use").exists()

    assert make(project, f"PYTHON={name}", "dev", "test").returncode == 0
    assert "install" not in recorded_calls(project)


def test_environment_is_rebuilt_for_changed_pins_and_not_for_newer_files(project: Path) -> None:
    name = recorder(project)
    pinned = project / "requirements-dev.txt"
    for text in ("a==1", "a==2", "a==1"):
        pinned.write_text(text)
        assert make(project, f"PYTHON={name}", "dev", "test", "bench").returncode == 0
        calls = recorded_calls(project)
        assert "-r requirements-dev.txt" in calls
        assert "-r requirements-bench.txt" in calls
        for stage in STAGES:
            os.utime(project / f"requirements{stage}.txt", (2**32, 2**32))
        assert make(project, f"PYTHON={name}", "dev", "test", "bench").returncode == 0
        assert "install" not in recorded_calls(project)
    (project / "requirements-local.txt").write_text("b==1")
    assert make(project, f"PYTHON={name}", "dev").returncode == 0
    assert "-m venv" in recorded_calls(project)


def test_environment_in_use_is_not_rebuilt(project: Path) -> None:
    name = recorder(project)
    (project / ".local").mkdir()
    with FolderLock(project / ".local"):
        for target in ("dev", "test"):
            process = make(project, f"PYTHON={name}", target)
            assert process.returncode != 0
            assert "running from it. Stop that, then run make again." in process.stdout
            assert (project / ".venv/bin/in-use").exists()
    assert make(project, f"PYTHON={name}", "dev").returncode == 0
    assert not (project / ".venv/bin/in-use").exists()


def test_packages_for_tests_are_added_beside_a_running_server(project: Path) -> None:
    name = recorder(project)
    assert make(project, f"PYTHON={name}", "dev").returncode == 0
    (project / ".local").mkdir()
    with FolderLock(project / ".local"):
        assert make(project, f"PYTHON={name}", "test").returncode == 0
    assert "-r requirements-dev.txt" in recorded_calls(project)


def test_deploy_check_requires_its_python_before_it_installs(project: Path) -> None:
    python(project, "exit 127", "python3.12")  # like pyenv's shim while 3.12 is not selected
    # The program with %d.%d is the one by which make asks an interpreter for its version.
    name = python(
        project, f"""case "$2" in *%d.%d*) echo 3.13;; *) exec {sys.executable} "$@";; esac"""
    )
    process = make(project, f"PYTHON={name}", "deploy-check")
    assert process.returncode != 0
    assert "finds none. Install it so that python3.12 is on the PATH" in process.stdout
    assert "Installing" not in process.stdout
    assert (project / ".venv/bin/in-use").exists()


def test_each_file_of_pins_contains_the_one_before() -> None:
    for smaller, larger in pairwise(PINS):
        entries = pins(smaller)
        assert len(entries) > 20
        assert entries.items() <= pins(larger).items(), f"{larger} differs: run make pins"


def test_types_are_checked_for_each_version_that_is_supported(project: Path) -> None:
    runs = mypy_runs(project, {*SUPPORTED} - {RUNNING_VERSION})
    assert runs == {f".venv/bin/python {version}" for version in SUPPORTED}


def test_oldest_and_newest_interpreter_check_types_with_packages_of_their_own(
    project: Path,
) -> None:
    oldest, newest = SUPPORTED[0], SUPPORTED[-1]
    with_own_packages = {oldest, newest} - {RUNNING_VERSION}
    assert mypy_runs(project, set()) == {
        f".build/python{version}/bin/python {version}"
        if version in with_own_packages
        else f".venv/bin/python {version}"
        for version in SUPPORTED
    }
    for version in with_own_packages:
        assert list((project / f".build/python{version}").glob(".dev-*")), (
            f"the environment of Python {version} has no stamp, so make would build it again"
        )


def mypy_runs(project: Path, absent: set[str]) -> set[str]:
    """Run `make types`; return the program and the version of each run of mypy."""
    for version in SUPPORTED:
        if version in absent:
            python(project, "exit 127", f"python{version}")
        else:
            recorder(project, f"python{version}", "exit 0")
    process = make(project, f"PYTHON={recorder(project)}", "types")
    assert process.returncode == 0, process.stderr
    runs = re.findall(
        r"^(\S+) -m mypy --python-version (\S+) ", recorded_calls(project), re.MULTILINE
    )
    assert len(runs) == len(SUPPORTED)
    return {f"{program} {version}" for program, version in runs}


def test_a_type_error_under_one_version_fails(project: Path) -> None:
    recorder(project)
    assert make(project, f"PYTHON={recorder(project)}", "test").returncode == 0
    for version in SUPPORTED:
        python(project, "exit 127", f"python{version}")
    refuse = 'case "$*" in *3.13*) echo "an error"; exit 1;; esac'
    python(project, refuse, ".venv/bin/python")
    process = make(project, f"PYTHON={project / 'python'}", "types")
    assert process.returncode != 0
    assert "Python 3.13: an error" in process.stdout


def test_supported_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    minors = [int(version.partition(".")[2]) for version in SUPPORTED]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert project["requires-python"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    assert "make types\n" in (ROOT / ".ci/run").read_text()
