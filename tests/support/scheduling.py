"""Which tests run in one worker: those whose servers are dear to start.

A mark of xdist's own would say the same, but it writes the group into the test's node id, which
pytest 9 no longer lets it do: the mark is ignored without a word.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

TOGETHER = ("tests/contract/", "tests/browser/")


def group_of(nodeid: str) -> str:
    """The folder, for tests that share servers; else every test is its own group."""
    return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out groups instead of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Used by xdist in place of its own."""
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Refuse the mark that would do nothing."""
    marked = [item.nodeid for item in items if item.get_closest_marker("xdist_group")]
    if marked:
        raise pytest.UsageError(
            f"xdist_group is ignored, see tests/support/scheduling.py: {marked}"
        )
