"""Unsynchronised changes travel in a file, to the same device or another one, and only once."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from device import queue
from device.__main__ import main
from device.errors import CannotTransfer
from device.exchange import export_file, import_file
from device.folder import Folder
from device.tables import Operation, OperationState
from device.user import DeviceUser, store_user
from lib.learning.current_user import Call, read_user
from lib.learning.mastery.store import list_mastery
from lib.learning.students.profile import change_profile, read_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.logs import install_writer, write_json
from tests.device.devices import (
    NOW,
    STUDENT_ID,
    USER_ID,
    answer,
    attempt_ids,
    fill_database,
    folder_database,
    queued_rows,
    user_details,
)


@pytest.fixture
def exported_file(folder: Path, tmp_path: Path) -> Path:
    """A file with three answers and a change of the profile, exported while the device runs."""
    target = tmp_path / "queue.jsonl"
    with folder_database(folder) as database:
        for number in range(4):
            answer(database, number=number)
        with database.session() as db:
            user = read_user(db, USER_ID)
            assert user is not None
            change_profile(Call(db, user, NOW), ProfileChangeIn(grade=12, exam_date=NOW))
            # The server has applied the first answer, which is therefore not exported.
            first = queue.list_pending(db)[0]
            queue.settle(db, first.id, OperationState.APPLIED)
            db.commit()
        assert export_file(Folder(folder), target) == f"Changes written to {target}: 4."
    return target


def other_device(path: Path) -> Path:
    with folder_database(path) as database:
        fill_database(database)
    return path


def student_state(path: Path) -> tuple[int, object, object]:
    """Return grade, date of the exam, and number of answers in the one concept."""
    with folder_database(path) as database, database.session() as db:
        user = read_user(db, USER_ID)
        assert user is not None
        profile = read_profile(Call(db, user, NOW))
        [mastery] = list_mastery(db, [STUDENT_ID])
        return profile.grade, profile.exam_date, mastery.mastery.total_attempts


def test_other_device_shows_and_queues_the_changes_once(
    exported_file: Path, tmp_path: Path
) -> None:
    other = other_device(tmp_path / "other")
    report = import_file(Folder(other), exported_file)
    assert report == "Imported changes: 4. Already there: 0."
    assert student_state(other) == (12, NOW, 3)
    with folder_database(other) as database:
        assert set(queued_rows(database)) == attempt_ids(database)
        with database.session() as db:
            before = [(each.id, each.columns, each.clock) for each in queue.list_pending(db)]
    assert import_file(Folder(other), exported_file) == "Imported changes: 0. Already there: 4."
    assert student_state(other) == (12, NOW, 3)
    with folder_database(other) as database, database.session() as db:
        after = [(each.id, each.columns, each.clock) for each in queue.list_pending(db)]
    assert after == before
    assert len(after) == 4


def test_import_on_the_same_device_changes_nothing(exported_file: Path, folder: Path) -> None:
    before = student_state(folder)
    assert import_file(Folder(folder), exported_file) == "Imported changes: 0. Already there: 4."
    assert student_state(folder) == before


def test_later_change_of_the_other_device_stays(exported_file: Path, tmp_path: Path) -> None:
    other = other_device(tmp_path / "other")
    with folder_database(other) as database, database.session() as db:
        user = read_user(db, USER_ID)
        assert user is not None
        change_profile(Call(db, user, NOW), ProfileChangeIn(grade=9))
        db.execute(update(Operation).values(clock="2099-01-01T00:00:00.000000Z-0000-00000000"))
        db.commit()
    import_file(Folder(other), exported_file)
    assert student_state(other)[:2] == (9, NOW)


def test_answer_without_its_question_is_kept_for_the_server(
    exported_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    with folder_database(other) as database, database.session() as db:
        store_user(db, user_details(), NOW)
        db.commit()
    report = import_file(Folder(other), exported_file)
    assert report.endswith("Kept for the server, but not shown here yet: 3.")
    with folder_database(other) as database:
        assert len(queued_rows(database)) == 3
        assert attempt_ids(database) == set()


def test_first_line_names_the_user_of_the_changes(exported_file: Path) -> None:
    header = json.loads(exported_file.read_text().splitlines()[0])
    assert (header["format"], header["version"], header["count"]) == ("stepwise queue", 1, 4)
    assert (header["username"], header["student_id"]) == ("ann", str(STUDENT_ID))
    assert exported_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"answer": "true"', '"answer": "false"'),
        ('"grade": 12', '"grade": 11'),
        ("\n", ""),
        ('"sha256": "', '"sha256": "0'),
    ],
)
def test_file_that_was_changed_is_refused(
    old: str, new: str, exported_file: Path, tmp_path: Path
) -> None:
    text = exported_file.read_text()
    place = text.rindex(old)
    exported_file.write_text(text[:place] + new + text[place + len(old) :])
    other = other_device(tmp_path / "other")
    with pytest.raises(CannotTransfer):
        import_file(Folder(other), exported_file)
    with folder_database(other) as database:
        assert queued_rows(database) == []


def test_changes_of_another_student_are_refused(exported_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with folder_database(other) as database, database.session() as db:
        ben = user_details("ben")
        profile = {**ben.profile, "id": "01a00000-0000-7000-8000-000000000099"}
        user = store_user(db, type(ben)(USER_ID, ben.me, profile, {}), NOW)
        assert isinstance(user, DeviceUser)
        db.commit()
    with pytest.raises(CannotTransfer, match="changes of ann; this device belongs to ben"):
        import_file(Folder(other), exported_file)


@pytest.mark.parametrize("content", ["", "notes", '{"format": "other"}', "[]"])
def test_file_that_is_not_an_export_is_refused(content: str, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(content)
    with pytest.raises(CannotTransfer, match="neither"):
        import_file(Folder(folder), file)


def test_unusable_file_and_folder_are_reported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "missing" / "queue.jsonl"
    mask = os.umask(0o077)  # `main` sets it and the log's writer for the whole process
    try:
        assert main(["--folder", str(folder), "export", str(target)]) == 1
        assert "No such file" in capsys.readouterr().err
        (tmp_path / "file").write_text("")
        assert main(["--folder", str(tmp_path / "file"), "serve"]) == 1
    finally:
        os.umask(mask)
        install_writer(write_json)
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_device_without_a_user_exports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "device"
    with pytest.raises(CannotTransfer, match="does not hold the data of a device"):
        export_file(Folder(path), tmp_path / "queue")
    with folder_database(path):
        pass
    with pytest.raises(CannotTransfer, match="logged in"):
        export_file(Folder(path), tmp_path / "queue")
