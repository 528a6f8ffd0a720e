"""Python scripts of the project, run as a person runs them, on a database.

Each script runs in a process of its own with its own arguments, environment, folder and output.
The process is forked from a server that has imported the packages, because importing them takes
longer than the script; the script itself imports the project's modules. `run_command` starts a new
interpreter instead.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["alembic.config", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
Completed = subprocess.CompletedProcess[str]


def run(
    script: str, *arguments: str, url: str, sqlite: Path | None = None, folder: Path = ROOT
) -> str:
    """Run a script that has to succeed; return what it printed."""
    process = run_unchecked(script, *arguments, url=url, sqlite=sqlite, folder=folder)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def run_unchecked(
    script: str, *arguments: str, url: str, sqlite: Path | None = None, folder: Path = ROOT
) -> Completed:
    """Run a script; `-m` in place of its name runs a module.

    Args:
        script: Its name, and arguments that always belong to it.
        arguments: More arguments.
        url: Address of Postgres; empty if the environment names none.
        sqlite: Path of the SQLite file, if the environment names one.
        folder: Working directory and project.
    """
    command = [*script.split(), *arguments]
    environment = environment_of(url, sqlite)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PACKAGES)
    with tempfile.TemporaryDirectory() as outputs:
        files = Path(outputs, "stdout"), Path(outputs, "stderr")
        process = context.Process(target=_run_script, args=(command, environment, folder, files))
        process.start()
        process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return Completed(command, code, *(file.read_text() for file in files))


def run_command(script: str, *arguments: str, url: str, sqlite: Path | None = None) -> Completed:
    """Run a script, or a module, in a new interpreter."""
    return subprocess.run(
        [sys.executable, *script.split(), *arguments],
        cwd=ROOT,
        env=environment_of(url, sqlite),
        capture_output=True,
        text=True,
        check=False,
    )


def environment_of(url: str, sqlite: Path | None) -> dict[str, str]:
    """Return the variables that name these databases."""
    names = {"DATABASE_URL": url, "SQLITE_DATABASE_URL": f"sqlite:///{sqlite}" if sqlite else ""}
    return {name: value for name, value in names.items() if value}


def _run_script(
    command: list[str], environment: dict[str, str], folder: Path, files: tuple[Path, Path]
) -> None:
    """Run a script in the forked process, with its output in two files."""
    for number, file in enumerate(files, start=1):
        with file.open("wb") as output:
            os.dup2(output.fileno(), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    if command[0] == "-m":
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
