"""A folder in memory for the tests' own servers.

A database is four hundred files, and a disk's file system takes many times as long to make and
remove them. No test asks the shared servers what a power cut would leave. Where memory cannot be
had as a folder (on macOS, or in a container with a small /dev/shm), the temporary folder serves.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.servers.child import FolderLock, ServerError

MEMORY = Path("/dev/shm")
PREFIX = "stepwise-tests-"
FREE_BYTES = 2 * 2**30  # a worker's server takes 60 MB, and up to 400 MB in the largest tests
MAKING_SECONDS = 60.0  # a folder older than this and not locked belongs to a run that was killed


@contextmanager
def folder_in_memory(memory: Path = MEMORY) -> Iterator[Path]:
    """An empty folder that others may enter (root's Postgres runs as `nobody`); gone afterwards."""
    _remove_what_killed_runs_left(memory)
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory if _is_roomy(memory) else None))
    place.chmod(0o711)
    inside = place / "server"
    inside.mkdir(mode=0o711)
    try:
        with FolderLock(place):
            yield inside
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_roomy(memory: Path) -> bool:
    return memory.is_dir() and shutil.disk_usage(memory).free >= FREE_BYTES


def _remove_what_killed_runs_left(memory: Path) -> None:
    """Give back memory that would be taken until the machine starts again."""
    for old in memory.glob(f"{PREFIX}*"):
        with suppress(OSError, ServerError):  # another user's, or in use
            if time.time() - old.stat().st_mtime > MAKING_SECONDS:
                with FolderLock(old).acquire(seconds=0):
                    shutil.rmtree(old)
