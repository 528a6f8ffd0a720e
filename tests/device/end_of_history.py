"""Checks of what has to hold once all devices have synchronised after a history."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from device.tables import OperationState
from lib.learning.changes.rows import digests, read_rows
from lib.learning.changes.synced import SYNCED, SyncedTable
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery.figures import count_all
from lib.learning.tables import SyncOperation
from tests.device.histories import World

INITIAL = {"grade": 10, "target_exam": "Finals", "available_hours_per_day": 3.0}


def check(world: World) -> None:
    """Synchronise all devices, and check everything."""
    assert world.settle(), "all devices synchronise to the end"
    check_queues(world)
    check_answers(world)
    check_copies(world)
    check_mastery(world)
    check_profile(world)


def check_queues(world: World) -> None:
    """Check that nothing waits, refused answers are rejections, and each device has its own id."""
    ids = [laptop.identity() for laptop in world.devices]
    assert len(set(ids)) == len(ids)
    for laptop in world.devices:
        assert laptop.operations(OperationState.PENDING) == []
        assert laptop.refused <= laptop.rejected_answers()
        for columns in laptop.operations(OperationState.REJECTED):
            assert len(columns["answer"]) > 1_000, (
                "the server refuses only answers that are too long"
            )


def check_answers(world: World) -> None:
    """Check that the server has each acknowledged attempt once, and no refused one."""
    counts = world.numbers_at_server()
    acknowledged = set().union(world.saved, *(laptop.acknowledged for laptop in world.devices))
    refused_numbers = set().union(*(laptop.refused for laptop in world.devices))
    assert acknowledged <= counts.keys(), "no acknowledged answer is lost"
    assert set(counts.values()) <= {1}, "no answer is there twice"
    assert counts.keys() <= set(world.numbers) - refused_numbers


def check_copies(world: World) -> None:
    """Check that all copies are equal, row by row and by digest."""
    with world.sessions() as db:
        rows, server_digests = _copy(db, world.student_id)
    for laptop in world.devices:
        with laptop.device.database.session() as db:
            own_rows, own_digests = _copy(db, world.student_id)
        assert own_rows == rows
        assert own_digests == server_digests


def check_mastery(world: World) -> None:
    """Check that each side's mastery equals the one recomputed from all attempts."""
    with world.sessions() as db:
        expected = _mastery(db, world.student_id)
    for laptop in world.devices:
        with laptop.device.database.session() as db:
            assert _mastery(db, world.student_id) == expected


def check_profile(world: World) -> None:
    """Check that each column has the value of its latest change by the clocks."""
    with world.sessions() as db:
        query = select(SyncOperation.data).where(
            SyncOperation.student_id == world.student_id,
            SyncOperation.table_name == SyncedTable.STUDENT_PROFILES.value,
            SyncOperation.synced,
        )
        received_operations = [it for it in db.execute(query).scalars() if "clock" in it]
        [profile] = read_rows(db, SyncedTable.STUDENT_PROFILES, world.student_id).values()
    edits = list(world.edits)
    for operation in received_operations:
        clock = operation.get("counted_clock", operation["clock"])
        edits += [(name, clock, it) for name, it in operation["columns"].items()]
    latest = sorted(edits, key=lambda edit: edit[1])
    expected = {**INITIAL, **{name: value for name, _clock, value in latest}}
    assert {name: profile[name] for name in expected} == expected


def _copy(db: Session, student_id: UUID) -> tuple[Any, Any]:
    return {name: read_rows(db, name, student_id) for name in SYNCED}, digests(db, student_id)


def _mastery(db: Session, student_id: UUID) -> dict[str, Any]:
    """Return the stored figures, after a check that they equal recomputed ones."""
    attempts = mastery_store.list_attempts(db, student_id)
    recomputed_figures = count_all(attempts, current_calibration(db)).concepts
    expected = {concept: asdict(it.mastery) for concept, it in recomputed_figures.items()}
    rows = mastery_store.list_mastery(db, [student_id])
    stored_figures = {str(row.concept_id): asdict(row.mastery) for row in rows}
    assert stored_figures == expected
    return stored_figures
