"""Histories of three or more devices end with equal copies, with nothing lost or stored twice."""

import shutil
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.device.end_of_history import check
from tests.device.histories import World
from tests.device.in_process import Mishap

MAX_STEPS = 40
Step = tuple[str, int, tuple[Any, ...]]
numbers = st.integers(0, 4)
texts = st.sampled_from(["true", "false"])
columns = st.one_of(
    st.fixed_dictionaries({"grade": st.integers(1, 12)}),
    st.fixed_dictionaries({"target_exam": st.sampled_from(["JEE", "NEET", "CAT"])}),
    st.fixed_dictionaries({"available_hours_per_day": st.sampled_from([1.0, 2.0, 5.0])}),
)
mishaps = st.lists(st.tuples(st.sampled_from(Mishap), st.integers(0, 6)), max_size=3)
crashes = st.one_of(st.none(), st.none(), st.integers(0, 60))
on_device = st.one_of(
    st.tuples(st.just("answer"), texts),
    st.tuples(st.just("answer"), texts),
    st.tuples(st.just("change"), columns),
    st.tuples(st.just("sync"), mishaps),
    st.tuples(st.just("sync"), mishaps),
    st.sampled_from([("answer_too_long",), ("back_up",), ("restore",), ("sign_in",), ("clone",)]),
)
at_server = st.one_of(
    st.sampled_from([("answer_at_server",), ("serve_late",)]),
    st.tuples(st.just("change_at_server"), columns),
    st.tuples(st.just("upload"), columns),
    st.tuples(st.just("mark"), st.sampled_from([40.0, 60.0])),
    st.tuples(st.just("assign"), st.sampled_from(["own", "planner", None])),
    st.tuples(st.just("advance"), st.sampled_from([1, 600, 90_000])),
)
steps = st.tuples(numbers, crashes, st.one_of(on_device, on_device, on_device, at_server))
# Lengths are drawn evenly: short lists, which Hypothesis prefers, leave subtle faults unnoticed.
histories = st.integers(0, MAX_STEPS).flatmap(
    lambda length: st.lists(steps, min_size=length, max_size=length)
)


def run(world: World, number: int, crash: int | None, step: tuple[Any, ...]) -> None:
    """Do one step of a history."""
    world.advance()
    laptop = world.devices[number % len(world.devices)]
    match step:
        case ("clone",):
            world.clone(laptop)
        case ("serve_late",):
            world.server.serve_late()
        case ("back_up",) | ("restore",) | ("sign_in",):
            getattr(laptop, step[0])()
        case ("answer" | "answer_too_long" | "sync" as name, *arguments):
            with laptop.crashing_after(crash):
                getattr(laptop, name)(*(arguments[0] if name == "sync" else arguments))
        case ("change", values):
            with laptop.crashing_after(crash):
                laptop.change(**values)
        case ("change_at_server" | "upload" as name, values):
            getattr(world, name)(**values)
        case (name, *arguments):
            getattr(world, name)(*arguments)


def check_history(sessions: Any, blank: Path, history: list[Any]) -> None:
    folder = blank.parent.parent / "devices"
    folder.mkdir()
    world = World(sessions, folder, blank)
    try:
        for step in history:
            run(world, *step)
        check(world)
    finally:
        world.close()
        shutil.rmtree(folder)


@settings(max_examples=8, phases=[Phase.generate])
@given(history=histories)
def test_history_ends_with_equal_copies(
    sqlite_sessions: Any, blank: Path, history: list[Any]
) -> None:
    check_history(sqlite_sessions, blank, history)


@settings(max_examples=2, phases=[Phase.generate])
@given(history=histories)
def test_history_on_postgres_ends_with_equal_copies(
    postgres_sessions: Any, blank: Path, history: list[Any]
) -> None:
    check_history(postgres_sessions, blank, history)


def test_server_on_postgres_may_end_in_the_middle_of_a_sync(
    postgres_sessions: Any, blank: Path
) -> None:
    ends = [[(0, None, ("sync", [(Mishap.SERVER_ENDS, place)]))] for place in range(7)]
    changes: list[Any] = [(0, None, ("answer", "true")), (1, None, ("mark", 40.0))]
    check_history(postgres_sessions, blank, [step for end in ends for step in changes + end])
