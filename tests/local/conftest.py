import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.processes import ROOT, Dev, wait_until_nothing_is_left


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that others may enter: root's Postgres runs as `nobody`."""
    made = Path(tempfile.mkdtemp(prefix="stepwise-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start_dev(folder: Path) -> Iterator[Callable[..., Dev]]:
    """Start a `make dev` on a free port; it ends with the test, whatever happens."""
    with ExitStack() as ending:

        def start(data: Path = folder, *, root: Path = ROOT, demo: bool = False) -> Dev:
            dev = Dev(data, root=root, demo=demo)
            ending.callback(wait_until_nothing_is_left, data)
            ending.callback(dev.end, signal.SIGKILL)
            dev.wait_until_up()
            return dev

        yield start
