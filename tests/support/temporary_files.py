"""Keep temporary files in memory: `tmp_path`, and the profiles of the browser.

SQLite, Postgres and Chromium wait for a disk whenever they commit, and the copies of the project
that some tests make have thousands of files.
"""

import os
import tempfile
from contextlib import ExitStack

import pytest

from tests.support.memory import folder_in_memory

VARIABLES = ("PYTEST_DEBUG_TEMPROOT", "TMPDIR")
"""Variables that name the folder, for pytest and for everything else; the workers inherit them."""


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder of a run, which is removed at its end."""
    if hasattr(config, "workerinput"):
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    folder = stack.enter_context(folder_in_memory())
    for name in VARIABLES:
        os.environ[name] = str(folder)
    tempfile.tempdir = None  # read the variable again
