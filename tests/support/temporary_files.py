"""Keep temporary files in memory: `tmp_path`, and the profiles of the browser.

SQLite, Postgres and Chromium wait for a disk whenever they commit, and the copies of the project
that some tests make have thousands of files.
"""

import os
import tempfile
from contextlib import ExitStack
from multiprocessing.util import Finalize

import pytest

from tests.support.memory import folder_in_memory

VARIABLES = ("PYTEST_DEBUG_TEMPROOT", "TMPDIR")
"""Variables that name the folder, for pytest and for everything else; the workers inherit them."""
REMOVAL_PRIORITY = -200
"""Lower than -100, the priority with which multiprocessing removes its own folder, which is in the
folder of the run."""


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder of a run, which is removed when the process ends."""
    if hasattr(config, "workerinput"):
        return
    stack = ExitStack()
    Finalize(None, stack.close, exitpriority=REMOVAL_PRIORITY)
    folder = stack.enter_context(folder_in_memory())
    for name in VARIABLES:
        os.environ[name] = str(folder)
    tempfile.tempdir = None  # read the variable again
