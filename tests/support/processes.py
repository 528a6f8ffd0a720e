"""Processes that run for a test, such as the platforms' runtimes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0  # limit for the start of a process on a busy machine


@dataclass(frozen=True)
class Tree:
    """The root of a project's code, and the interpreter that has its packages."""

    root: Path = ROOT
    python: str = sys.executable


THIS_TREE = Tree()


class Process:
    """A Python process at the root of a project, with its output in a file."""

    def __init__(
        self, arguments: list[str], env: Mapping[str, str], tree: Tree = THIS_TREE
    ) -> None:
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 closed by stop()
        self._child = subprocess.Popen(
            [tree.python, *arguments],
            cwd=tree.root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tree.root), **env},
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

    def stop(self) -> float:
        """Kill the process, since Lambda's client ignores SIGTERM while it waits for an event.

        Returns:
            CPU time that it used in user and system mode, seconds; 0 if it had ended before.
        """
        self._child.kill()
        self._output.close()
        if self._child.returncode is not None:
            return 0.0
        _, status, usage = os.wait4(self._child.pid, 0)
        self._child.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime
