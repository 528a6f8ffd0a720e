"""Run tests that share expensive preparations in one worker of pytest-xdist.

Xdist's own mark `xdist_group` would do the same by changing the node ids of tests, but pytest 9
ignores such changes silently.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

SHARING = (
    "tests/contract/",
    "tests/assessment/test_poisoned_pool.py",
    "tests/house/test_import_graph.py",
    "tests/house/test_import_rules.py",
    "tests/learning/test_live_pages.py",
)
"""Folders and files whose tests share something slow to make, or have to run in order."""
SHARING_BY_FILE = ("tests/browser/",)
"""Folders in which all tests of a file share a browser."""


def group_of(nodeid: str) -> str:
    """Return the folder or file of tests that belong together; any other test is its own group."""
    if nodeid.startswith(SHARING_BY_FILE):
        return nodeid.partition("::")[0]
    return next((place for place in SHARING if nodeid.startswith(place)), nodeid)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A scheduler that assigns groups of tests to workers."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Give xdist this scheduler instead of its own."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Reject the mark of xdist, which has no effect."""
    marked = [item.nodeid for item in items if item.get_closest_marker("xdist_group")]
    if marked:
        raise pytest.UsageError(
            f"The mark xdist_group has no effect. Add the folder or file to {__name__}: {marked}"
        )
