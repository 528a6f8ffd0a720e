"""Python programs in processes forked from a server that has already imported the packages.

Tests start hundreds of programs, and importing FastAPI, SQLAlchemy and numpy takes longer than
what most programs do. So each is forked from a server that has imported these packages; the
program imports the project's modules itself.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "lib",  # prepares the import of the packages
    *("fastapi", "fastapi.testclient", "uvicorn.main", "httpx", "multipart", "numpy"),
    *("psycopg", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql.psycopg", "alembic.config"),
    *("bcrypt", "jwt", "cryptography.fernet"),
]
"""Modules to import beforehand; those that cannot be imported are left out."""


def start(
    command: list[str], environment: Mapping[str, str], folder: Path, stdout: Path, stderr: Path
) -> BaseProcess:
    """Start a program with its own arguments, variables, working directory and output.

    Args:
        command: Arguments of the interpreter: a script, or `-m` and a module, and then the
            program's own arguments; or only `-c` and code.
        environment: All environment variables of the program.
        folder: Its working directory, which is also the first place where it looks for modules.
        stdout: File for its output.
        stderr: File for its errors; may be the same file.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PACKAGES)
    process = context.Process(
        target=_run, args=(command, dict(environment), folder, (stdout, stderr))
    )
    process.start()
    return process


def _run(
    command: list[str], environment: dict[str, str], folder: Path, files: tuple[Path, Path]
) -> None:
    for number, file in enumerate(files, start=1):
        with file.open("ab") as output:
            os.dup2(output.fileno(), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    del sys.modules["lib"]  # the folder may contain another `lib`
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    match command:
        case ["-m", module, *_]:
            sys.argv = command[1:]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code]:
            sys.argv = ["-c"]
            exec(code, {"__name__": "__main__"})
        case [script, *_]:
            sys.argv = command
            runpy.run_path(script, run_name="__main__")
