"""Functions that are imported alone map the constraints of the workshop's SQL to its errors."""

import subprocess
import sys

import pytest

CONSTRAINTS = (
    "session_of_one_student",
    "sessions_newest_version",
    "idempotency_keys_same_body",
    "sessions_exercises_limit",
)
FUNCTIONS = (
    "operations.admin_create_unified_schema",
    "workshop.cleanup_sessions",
    "workshop.generate_session",
    "workshop.report_bug",
    "workshop.student_config_save",
    "workshop.student_progress",
    "workshop.track_student_progress",
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_imported_alone_maps_the_workshops_constraints(function: str) -> None:
    program = (
        f"import api.{function}\n"
        "from lib.database.statements import constraint_error\n"
        f"print([name for name in {CONSTRAINTS} if constraint_error(name, None) is None])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
