"""A check that no test of the engine uses a global random generator."""

import random
from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _global_random_generators_stay_untouched() -> Iterator[None]:
    """Fail a test that changes the state of a global random generator."""
    numpy_before, python_before = _numpy_state(), random.getstate()
    yield
    if _numpy_state() != numpy_before or random.getstate() != python_before:
        pytest.fail("a global random generator was used; pass a numpy Generator instead")


def _numpy_state() -> tuple[object, ...]:
    name, keys, *counters = np.random.get_state()  # noqa: NPY002 - the global generator
    return (name, np.asarray(keys).tobytes(), *counters)
