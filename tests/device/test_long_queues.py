"""Long queues: they drain without waits, and applied changes do not pile up."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import insert, select

from device import queue
from device.context import Device
from device.sync import MAX_OPERATIONS, synchronise
from device.tables import Operation, OperationState
from lib.learning.tables import QuestionAttempt
from lib.learning.tables.base import new_id
from tests.device.devices import QUESTION_IDS
from tests.device.test_sync import (
    OpenDevice,
    answer,
    attempts,
    change,
    device_named,
    school,
    server_attempts,
    states,
    user_of,
)

__all__ = ["device_named", "school"]


def give_answers(device: Device, count: int) -> set[UUID]:
    """Store `count` answers in one transaction; triggers queue an operation for each."""
    student_id, now = user_of(device).student_id, device.now()
    rows = [
        {
            "id": new_id(),
            "student_id": student_id,
            "question_id": QUESTION_IDS[number % len(QUESTION_IDS)],
            "answer": "true",
            "is_correct": True,
            "time_taken_seconds": 30,
            "confidence": 4,
            "timestamp": now,
        }
        for number in range(count)
    ]
    with device.database.session() as db:
        db.execute(insert(QuestionAttempt), rows)
        db.commit()
    return {row["id"] for row in rows}  # type: ignore[misc]


def queued_clocks(device: Device) -> list[str]:
    with device.database.session() as db:
        return list(db.execute(select(Operation.clock).order_by(Operation.clock)).scalars())


def test_queue_that_takes_several_calls_drains_in_one_sync(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    answer_ids = give_answers(device, 2 * MAX_OPERATIONS + 50)
    outcome = synchronise(device)
    assert not outcome.must_wait
    assert server_attempts(postgres_url) == attempts(device) == answer_ids
    assert states(device) == {"pending": 0, "applied": queue.KEPT_CHANGES, "rejected": 0}


def test_applied_changes_do_not_pile_up(device_named: OpenDevice) -> None:
    device = device_named("laptop")
    change(device, target_exam="JEE")
    synchronise(device)
    applied_counts, latest = [], ""
    for _ in range(3):
        give_answers(device, MAX_OPERATIONS)
        latest = queued_clocks(device)[-1]
        synchronise(device)
        applied_counts.append(states(device)["applied"])
        assert queued_clocks(device)[-1] == latest
    # The latest changes, and the change of target_exam, which no later change replaces.
    assert applied_counts == [queue.KEPT_CHANGES + 1] * 3
    with device.database.session() as db:
        operations = queue._stored(db, select(*queue._STORED).order_by(Operation.clock))
        older = replace(operations[0], clock="0" + operations[0].clock[1:])
        assert "target_exam" in operations[0].columns
        assert queue.has_later(db, older, "target_exam")


def test_refused_and_pending_changes_outlive_a_long_history(device_named: OpenDevice) -> None:
    device = device_named("laptop")
    refused_id = answer(device, 1)
    with device.database.session() as db:
        [operation] = queue.list_pending(db)
        queue.settle(db, operation.id, OperationState.REJECTED, "code", "reason")
        db.commit()
    give_answers(device, MAX_OPERATIONS + 5)
    synchronise(device)
    pending_id = answer(device, 2)
    with device.database.session() as db:
        assert queue.prune(db) == 0
        [rejected], [pending] = queue.list_rejected(db, 10), queue.list_pending(db)
    assert (UUID(rejected.row_id), UUID(pending.row_id)) == (refused_id, pending_id)
