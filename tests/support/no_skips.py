"""In CI nothing may be skipped: a skip there hides what was to be shown."""

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # noqa: ARG001, ANN201 pytest names the arguments
    """Turn a skip into a failure where STEPWISE_NO_SKIP=1 says so."""
    report = yield
    if (
        report.skipped
        and os.environ.get("STEPWISE_NO_SKIP") == "1"
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report
