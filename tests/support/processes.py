"""Processes that run for a test, such as the platforms' runtimes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0  # limit for the start of a process on a busy machine


class Process:
    """A Python process at the root of the project, with its output in a file."""

    def __init__(self, arguments: list[str], env: Mapping[str, str]) -> None:
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 closed by stop()
        self._child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
        )

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._child.poll() is not None

    def output(self) -> str:
        """Return the output so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def stop(self) -> None:
        """Kill the process, since Lambda's client ignores SIGTERM while it waits for an event."""
        self._child.kill()
        self._child.wait()
        self._output.close()
