"""A damaged database is set aside, and every row that can be read is in the new one."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from device.database import faults
from device.opening import CannotOpen
from device.values import REPAIR, SYNC, read_value, write_value
from lib.learning.tables import ConceptMastery, Question, QuestionAttempt, StudyPlan, User
from lib.learning.tables.base import Base, new_id
from tests.device.devices import answer, attempt_ids, folder_database, queued_rows

PAGE = 4096


@pytest.fixture
def answered_folder(folder: Path) -> tuple[Path, list[UUID]]:
    """A folder with 60 answers, and their ids in their order."""
    ids = [new_id() for _ in range(60)]
    with folder_database(folder) as database:
        for number, attempt_id in enumerate(ids):
            answer(database, attempt_id, number)
        with database.session() as db:
            write_value(db, SYNC, {"cursor": "somewhere", "content": "hash", "files": {"a": "b"}})
            db.commit()
    return folder, ids


def leaves(path: Path, table: str) -> list[int]:
    """Return the numbers, from 0, of the leaf pages of a table, in the order of their rows."""
    content = path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
        [root] = connection.execute(query, (table,)).fetchone()
    return list(_leaves(content, root - 1))


def _leaves(content: bytes, page: int) -> list[int]:
    header = page * PAGE
    if content[header] == 0x0D:
        return [page]
    assert content[header] == 0x05, "an interior page of a table"
    count = int.from_bytes(content[header + 3 : header + 5])
    leaf_pages = []
    for cell in range(count):
        place = header + 12 + 2 * cell
        start = header + int.from_bytes(content[place : place + 2])
        leaf_pages += _leaves(content, int.from_bytes(content[start : start + 4]) - 1)
    return leaf_pages + _leaves(content, int.from_bytes(content[header + 8 : header + 12]) - 1)


def damage(path: Path, *pages: int) -> None:
    """Overwrite pages with bytes that are not those of a page."""
    content = bytearray(path.read_bytes())
    for page in pages:
        content[page * PAGE : (page + 1) * PAGE] = b"\xa5" * PAGE
    path.write_bytes(content)


def repair_of(path: Path) -> tuple[set[UUID], set[UUID], dict[str, object]]:
    """Open a damaged device; return the ids of its answers and queued answers, and the report."""
    with folder_database(path) as database:
        assert faults(path / "local.db") == []
        with database.session() as db:
            report = read_value(db, REPAIR)
        assert report is not None
        return attempt_ids(database), set(queued_rows(database)), report


def test_damaged_page_costs_only_its_rows(
    answered_folder: tuple[Path, list[UUID]],
) -> None:
    folder, ids = answered_folder
    pages = leaves(folder / "local.db", "question_attempts")
    assert len(pages) >= 3
    (folder / "local.db.previous").unlink()
    damage(folder / "local.db", pages[1])
    present, queued, report = repair_of(folder)
    lost_ids = set(ids) - present
    assert 0 < len(lost_ids) < 60 * 2 / len(pages)
    assert queued == set(ids), "the operations of the lost answers are there"
    assert report["unreadable"] == ["question_attempts"]
    positions = sorted(ids.index(each) for each in lost_ids)
    assert positions == list(range(positions[0], positions[-1] + 1)), "rows of one page"


def test_previous_file_fills_the_gaps(answered_folder: tuple[Path, list[UUID]]) -> None:
    folder, ids = answered_folder
    damage(folder / "local.db", *leaves(folder / "local.db", "question_attempts")[:2])
    present, queued, report = repair_of(folder)
    assert present == queued == set(ids)
    assert report["rows"]["question_attempts"] == 60  # type: ignore[index]


def test_unreadable_header_costs_at_most_the_last_change(
    answered_folder: tuple[Path, list[UUID]],
) -> None:
    folder, ids = answered_folder
    with folder_database(folder) as database:
        answer(database, last := new_id())
    damage(folder / "local.db", 0)
    present, queued, _report = repair_of(folder)
    assert present == queued == set(ids)
    assert last not in present


def test_empty_file_costs_at_most_the_last_change(answered_folder: tuple[Path, list[UUID]]) -> None:
    folder, ids = answered_folder
    with folder_database(folder) as database:
        answer(database, new_id())
    (folder / "local.db").write_bytes(b"")
    present, queued, report = repair_of(folder)
    assert present == queued == set(ids)
    assert report["faults"] == ["the file is empty"]


def test_missing_file_costs_at_most_the_last_change(
    answered_folder: tuple[Path, list[UUID]],
) -> None:
    folder, ids = answered_folder
    with folder_database(folder) as database:
        answer(database, new_id())
    (folder / "local.db").unlink()
    with folder_database(folder) as database:
        assert attempt_ids(database) == set(ids)
        answer(database, new_id())
    assert (folder / "local.db").exists()


def test_damaged_index_costs_no_row(answered_folder: tuple[Path, list[UUID]]) -> None:
    folder, _ids = answered_folder
    tables: list[type[Base]] = [User, Question, QuestionAttempt, ConceptMastery, StudyPlan]

    def counts() -> list[int]:
        with folder_database(folder) as database, database.session() as db:
            return [
                db.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
            ]

    before = counts()
    assert before[:4] == [1, 20, 60, 1]
    # Only an index is damaged, so every row can be read.
    with closing(sqlite3.connect(folder / "local.db")) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'idx_attempts_student_timestamp'"
        [root] = connection.execute(query).fetchone()
    damage(folder / "local.db", root - 1)
    assert counts() == before


def test_damaged_file_is_kept_and_the_next_sync_fetches_everything(
    answered_folder: tuple[Path, list[UUID]],
) -> None:
    folder, _ids = answered_folder
    damage(folder / "local.db", leaves(folder / "local.db", "question_attempts")[0])
    damaged_content = (folder / "local.db").read_bytes()
    _present, _queued, report = repair_of(folder)
    assert (folder / str(report["file"])).read_bytes() == damaged_content
    assert str(report["file"]).startswith("local.db.damaged-20")
    with folder_database(folder) as database, database.session() as db:
        state = read_value(db, SYNC)
        assert state == {"cursor": None, "content": None, "files": {}}
        assert read_value(db, REPAIR), "it is reported until a sync has succeeded"


def test_row_that_refers_to_nothing_is_left_out(answered_folder: tuple[Path, list[UUID]]) -> None:
    folder, ids = answered_folder
    with closing(sqlite3.connect(folder / "local.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            "UPDATE question_attempts SET question_id = ? WHERE id = ?", (new_id().hex, ids[5].hex)
        )
    (folder / "local.db.previous").unlink()
    present, queued, report = repair_of(folder)
    assert set(ids) - present == {ids[5]}
    assert queued == set(ids)
    assert report["left_out"] == {"question_attempts": 1}


def test_any_damaged_page_leaves_a_device_that_works(
    answered_folder: tuple[Path, list[UUID]],
) -> None:
    folder, ids = answered_folder
    whole = (folder / "local.db").read_bytes()
    previous = (folder / "local.db.previous").read_bytes()
    rng = random.Random(7)
    for page in rng.sample(range(len(whole) // PAGE), 12):
        (folder / "local.db").write_bytes(whole)
        (folder / "local.db.previous").write_bytes(previous)
        damage(folder / "local.db", page)
        if not faults(folder / "local.db"):
            continue  # a page that is not in use
        with folder_database(folder) as database:
            assert attempt_ids(database) == set(ids)
            answer(database)
        for file in folder.glob("local.db.damaged-*"):
            file.unlink()


def test_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "device"
    path.mkdir()
    with closing(sqlite3.connect(path / "local.db")) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT)")
        connection.commit()
    before = (path / "local.db").read_bytes()
    with pytest.raises(CannotOpen, match="IMPORT="), folder_database(path):
        pass
    assert (path / "local.db").read_bytes() == before
