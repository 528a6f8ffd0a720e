"""Folders in memory are removed, even after runs that were killed."""

import os
from pathlib import Path

from tests.support.memory import CREATION_SECONDS, PREFIX, folder_in_memory


def age(folder: Path, seconds: float) -> None:
    changed_at = folder.stat().st_mtime - seconds
    os.utime(folder, (changed_at, changed_at))


def test_folder_is_empty_and_gone_afterwards(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path) as folder:
        assert folder.is_relative_to(tmp_path)
        assert list(folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    abandoned = tmp_path / f"{PREFIX}abandoned"
    (abandoned / "server").mkdir(parents=True)
    age(abandoned, CREATION_SECONDS + 1)
    with folder_in_memory(tmp_path):
        assert not abandoned.exists()


def test_folders_in_use_just_made_or_of_others_stay(tmp_path: Path) -> None:
    just_made, of_others = tmp_path / f"{PREFIX}new", tmp_path / "other"
    for folder in (just_made, of_others):
        folder.mkdir()
    age(of_others, CREATION_SECONDS + 1)
    with folder_in_memory(tmp_path) as used:
        age(used.parent, CREATION_SECONDS + 1)
        with folder_in_memory(tmp_path):
            assert used.exists()
            assert just_made.exists()
            assert of_others.exists()


def test_without_room_the_temporary_folder_serves(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path / "no such folder") as folder:
        assert folder.is_dir()
        assert not folder.is_relative_to(tmp_path)
