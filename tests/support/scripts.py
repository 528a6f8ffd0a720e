"""Python scripts of the project, run as a person runs them, on a database.

Each script runs in a forked process with its own arguments, environment, folder and output.
`run_command` starts a new interpreter instead.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import forks
from tests.support.forks import ROOT

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
    with tempfile.TemporaryDirectory() as outputs:
        files = Path(outputs, "stdout"), Path(outputs, "stderr")
        process = forks.start(command, environment_of(url, sqlite), folder, *files)
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
