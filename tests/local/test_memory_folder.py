"""Folders in memory are removed, even after runs that were killed."""

import os
from pathlib import Path

from tests.support.memory import CREATION_SECONDS, PREFIX, folder_in_memory


def age(folder: Path, seconds: float) -> None:
    changed_at = folder.stat().st_mtime - seconds
    os.utime(folder, (changed_at, changed_at))


def test_folder_is_empty_and_removed_afterwards(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path) as folder:
        assert folder.is_relative_to(tmp_path)
        assert list(folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    abandoned = tmp_path / f"{PREFIX}abandoned"
    (abandoned / "server").mkdir(parents=True)
    age(abandoned, CREATION_SECONDS + 1)
    with folder_in_memory(tmp_path):
        assert not abandoned.exists()


def test_new_folders_and_those_in_use_or_of_others_stay(tmp_path: Path) -> None:
    new_folder, other_folder = tmp_path / f"{PREFIX}new", tmp_path / "other"
    for folder in (new_folder, other_folder):
        folder.mkdir()
    age(other_folder, CREATION_SECONDS + 1)
    with folder_in_memory(tmp_path) as folder_in_use:
        age(folder_in_use.parent, CREATION_SECONDS + 1)
        with folder_in_memory(tmp_path):
            assert folder_in_use.exists()
            assert new_folder.exists()
            assert other_folder.exists()


def test_without_the_parent_folder_the_temporary_folder_is_used(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path / "no such folder") as folder:
        assert folder.is_dir()
        assert not folder.is_relative_to(tmp_path)
