"""Python scripts of the project, run as a person runs them, on a database."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: str, url: str) -> str:
    """Run a script that has to succeed; return what it printed."""
    process = run_unchecked(script, *arguments, url=url)
    assert process.returncode == 0, process.stderr
    return process.stdout


def run_unchecked(
    script: str, *arguments: str, url: str, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a script; `-m` in place of its name runs a module."""
    return subprocess.run(
        [sys.executable, *script.split(), *arguments],
        cwd=folder,
        env={"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
