"""Fixtures of an empty folder, and of `make dev` as a process."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.processes import ROOT, Dev, open_folder, wait_until_all_ended


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder for data."""
    with open_folder() as path:
        yield path


@pytest.fixture
def start_dev(folder: Path) -> Iterator[Callable[..., Dev]]:
    """Start `make dev` on a free port; it is stopped when the test ends."""
    with ExitStack() as stack:

        def start(data: Path = folder, *, root: Path = ROOT, demo: bool = False) -> Dev:
            dev = Dev(data, root=root, demo=demo)
            stack.callback(wait_until_all_ended, data)
            stack.callback(dev.end, signal.SIGKILL)
            dev.wait_until_up()
            return dev

        yield start
