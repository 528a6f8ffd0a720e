"""`make dev` and commands as processes of a test."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # installed with the embedded Postgres

from local.servers.child import FolderLock

ROOT = Path(__file__).parents[2]
START_SECONDS = 120  # the first start loads the demo
WAIT_SECONDS = 90  # for anything else; a worker imports slowly on a busy machine


class Dev:
    """A process of `python -m local` on a free port."""

    def __init__(self, folder: Path, *, root: Path = ROOT, demo: bool = False) -> None:
        self.folder = folder
        if not demo:
            (folder / "postgres").mkdir(parents=True, exist_ok=True)
            (folder / "postgres" / "demo-loaded").touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "--port", "0", "--folder", str(folder)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_up(self) -> None:
        assert self._ready.wait(START_SECONDS), self.output
        assert self.value_of("Stepwise"), self.output

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if line.startswith("  Stop "):
                self._ready.set()
        self._ready.set()

    def value_of(self, name: str) -> str:
        """Return the value that the output shows under a name; "" if there is none."""
        match = re.search(rf"^  {name} +(\S+)$", self.output, re.MULTILINE)
        return match[1] if match else ""

    def get(self, path: str) -> tuple[int, Any]:
        with urllib.request.urlopen(
            self.value_of("Stepwise") + path, timeout=WAIT_SECONDS
        ) as response:
            return response.status, json.load(response)

    def wait_for(self, name: str, value: str) -> None:
        """Wait for a value in the health report; requests may wait, but must not be refused."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (report := self.get("/health")[1])[name] != value:
            assert time.monotonic() < deadline, (report, self.output[-2000:])
            time.sleep(0.1)

    def wait_for_output(self, text: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while text not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            time.sleep(0.05)

    def kill_worker(self) -> None:
        children = psutil.Process(self._process.pid).children()
        (worker,) = [child for child in children if "local.worker" in child.cmdline()]
        worker.kill()

    @property
    def database(self) -> str:
        running = json.loads((self.folder / "running.json").read_text())
        return str(running["environment"]["DATABASE_URL"])

    def end(self, number: signal.Signals) -> int:
        """Send the process a signal if it is running, wait for its end and return its exit code."""
        self._process.send_signal(number)
        code = self._process.wait(30)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make an empty folder for a block, open to `nobody`, the user that root runs Postgres as."""
    path = Path(tempfile.mkdtemp(prefix="stepwise-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def remaining_processes(folder: Path) -> list[str]:
    """Return the command lines of processes that name the folder."""
    commands = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
    return [command for command in commands if str(folder) in command]


def wait_until_all_ended(folder: Path) -> None:
    deadline = time.monotonic() + 20
    while commands := remaining_processes(folder):
        assert time.monotonic() < deadline, commands
        time.sleep(0.05)
    for name in ("postgres", "redis"):
        FolderLock(folder / name).acquire(seconds=5).release()


def run(
    *arguments: str, cwd: Path = ROOT, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of the project to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
