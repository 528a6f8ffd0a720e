"""Processes that run for a test, such as the platforms' runtimes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.support import forks
from tests.support.forks import ROOT

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
            env=_environment(env, tree),
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


class ForkedProcess(Process):
    """A process that starts with the packages imported, for tests of anything but the start."""

    def __init__(
        self, arguments: list[str], env: Mapping[str, str], tree: Tree = THIS_TREE
    ) -> None:
        self._output = file = tempfile.NamedTemporaryFile()  # noqa: SIM115 closed by stop()
        output = Path(file.name)
        self._fork = forks.start(arguments, _environment(env, tree), tree.root, output, output)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return not self._fork.is_alive()

    def stop(self) -> float:
        """Kill the process; return 0, since its CPU time is not known."""
        self._fork.kill()
        self._fork.join()
        self._output.close()
        return 0.0


def _environment(env: Mapping[str, str], tree: Tree) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(tree.root), **env}
