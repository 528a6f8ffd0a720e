"""A folder in memory for the servers of the tests.

A database has four hundred files, which take much longer to create and remove on a disk. The
tests that share these servers need no durability. Where there is no room in memory (on macOS, or
in a container with a small /dev/shm), the folder is a temporary one on disk.
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
CREATION_SECONDS = 60.0  # an older folder without a lock was left by a run that was killed


@contextmanager
def folder_in_memory(memory: Path = MEMORY) -> Iterator[Path]:
    """Make an empty folder for a block, open to `nobody`, the user that root runs Postgres as."""
    _remove_folders_of_killed_runs(memory)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory if _is_roomy(memory) else None))
    folder.chmod(0o711)
    inside = folder / "server"
    inside.mkdir(mode=0o711)
    try:
        with FolderLock(folder):
            yield inside
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_roomy(memory: Path) -> bool:
    return memory.is_dir() and shutil.disk_usage(memory).free >= FREE_BYTES


def _remove_folders_of_killed_runs(memory: Path) -> None:
    """Free memory that would otherwise be in use until the next reboot."""
    for old_folder in memory.glob(f"{PREFIX}*"):
        with suppress(OSError, ServerError):  # it belongs to another user, or is in use
            if time.time() - old_folder.stat().st_mtime > CREATION_SECONDS:
                with FolderLock(old_folder).acquire(seconds=0):
                    shutil.rmtree(old_folder)
