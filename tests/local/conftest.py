import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.processes import ROOT, Dev, wait_until_all_ended


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that `nobody` may enter, which runs Postgres when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="stepwise-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_dev(folder: Path) -> Iterator[Callable[..., Dev]]:
    """Start `make dev` on a free port; the test's end stops it."""
    with ExitStack() as stack:

        def start(data: Path = folder, *, root: Path = ROOT, demo: bool = False) -> Dev:
            dev = Dev(data, root=root, demo=demo)
            stack.callback(wait_until_all_ended, data)
            stack.callback(dev.end, signal.SIGKILL)
            dev.wait_until_up()
            return dev

        yield start
