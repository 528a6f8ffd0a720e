"""In CI nothing may be skipped: a skip there hides what was to be shown."""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where STEPWISE_NO_SKIP=1 says so."""
    report = yield
    nothing_may_be = os.environ.get("STEPWISE_NO_SKIP") == "1"
    if report.skipped and nothing_may_be and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report
