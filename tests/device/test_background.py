"""The background thread waits longer after each failure, and as long as the server asks."""

import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from device.background import LONGEST_WAIT, REGULAR_WAIT, Background, Outcome
from device.errors import LogInNeeded, ServerAway
from device.server import seconds_of
from device.state import ProgressBoard
from lib.errors import Busy

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
Step = Outcome | Exception


def background(
    steps: Sequence[Step], board: ProgressBoard | None = None
) -> tuple[Background, ProgressBoard]:
    remaining = list(steps)

    def sync() -> Outcome:
        step = remaining.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    board = board or ProgressBoard()
    return Background(sync, board, lambda: NOW, random.Random(1)), board


def waits(*steps: Step) -> list[tuple[float, bool]]:
    thread, _ = background(steps)
    return [thread.attempt() for _ in steps]


def test_waits_double_with_jitter_up_to_half_a_minute() -> None:
    seconds = [wait for wait, _ in waits(*[ServerAway()] * 9)]
    for wait, longest in zip(seconds, (1, 2, 4, 8, 16, 30, 30, 30, 30), strict=True):
        assert longest / 2 <= wait <= longest
    assert len(set(seconds[5:])) == 4, "equal waits differ by their jitter"
    assert LONGEST_WAIT == 30


def test_success_ends_the_long_waits() -> None:
    results = waits(*[ServerAway()] * 6, Outcome(), ServerAway())
    assert results[6] == (REGULAR_WAIT, False)
    assert results[7][0] <= 1


def test_wait_that_the_server_names_is_kept_and_cannot_be_shortened() -> None:
    for step in (ServerAway(retry_after=90), Outcome(90, must_wait=True)):
        [(wait, must_wait)] = waits(step)
        assert 90 <= wait <= 108
        assert must_wait
    [(wait, must_wait)] = waits(Busy())  # a `Busy` error asks for a wait of one second
    assert 1 <= wait <= 1.2
    assert must_wait


def test_wait_for_deferred_changes_without_a_time_from_the_server_cannot_be_shortened() -> None:
    deferred = waits(*[Outcome(must_wait=True)] * 3)
    for (wait, must_wait), longest in zip(deferred, (1, 2, 4), strict=True):
        assert longest / 2 <= wait <= longest
        assert must_wait
    for step in (ServerAway(), Outcome(problem="Update it.")):
        assert [must_wait for _, must_wait in waits(step)] == [False]


def test_next_sync_comes_after_the_wait_that_the_server_names() -> None:
    # After a success, no jitter is added: the server has spread the times of its devices.
    assert waits(Outcome(77)) == [(77, False)]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (ServerAway(), {"server_away": True, "problem": None}),
        (LogInNeeded(), {"server_away": False, "problem": None}),
        (Outcome(), {"server_away": False, "problem": None}),
        (Outcome(problem="Update it."), {"server_away": False, "problem": "Update it."}),
    ],
)
def test_outcome_is_shown(step: Step, expected: dict[str, object]) -> None:
    thread, board = background([step])
    thread.attempt()
    progress = board.read()
    assert not progress.is_syncing
    assert {name: getattr(progress, name) for name in expected} == expected


def test_unforeseen_error_does_not_end_the_thread() -> None:
    thread, board = background([ValueError("a fault"), Outcome()])
    thread.attempt()
    problem = board.read().problem
    assert problem is not None
    assert "a fault" not in problem
    assert thread.attempt() == (REGULAR_WAIT, False)
    assert board.read().problem is None


def test_thread_syncs_at_once_when_asked_and_stops() -> None:
    calls: Sequence[threading.Event] = [threading.Event(), threading.Event()]
    expected_calls = list(calls)

    def sync() -> Outcome:
        expected_calls.pop(0).set()
        return Outcome(3_600)

    thread = Background(sync, ProgressBoard(), lambda: datetime.now(UTC), random.Random(1))
    thread.start()
    assert calls[0].wait(10)
    assert not calls[1].wait(0.3), "the next sync is not due yet"
    thread.soon()
    assert calls[1].wait(10)
    thread.stop()


def test_waiting_for_a_sync_ends_with_its_success_or_the_time_limit() -> None:
    outcomes = iter([Outcome(3_600), Outcome(3_600), Outcome(3_600, problem="refused")])
    has_synced = threading.Event()

    def sync() -> Outcome:
        has_synced.set()
        return next(outcomes)

    thread = Background(sync, ProgressBoard(), lambda: datetime.now(UTC), random.Random(1))
    thread.start()
    assert has_synced.wait(10)
    has_synced.clear()
    thread.wait_for_success(60)
    assert has_synced.is_set()
    thread.wait_for_success(0.05)
    thread.stop()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("-7", 0),
        ("Sat, 28 Nov 2026 12:01:30 GMT", 90),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds
