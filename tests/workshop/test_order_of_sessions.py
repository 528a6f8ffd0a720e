"""Look-ups of a student under whose e-mail a stranger has begun sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.web import cursor

Rows = Callable[..., list[tuple[Any, ...]]]
ANN = "ann@example.com"
PATH = "/api/student-progress"
IN_ORDER = ["own-newer", "own-older", "empty-newer", "empty-older"]


@pytest.fixture
def sessions(rows: Rows) -> None:
    """Create two sessions with progress, and two later ones without."""
    for minutes, token in enumerate(reversed(IN_ORDER)):
        own = token.startswith("own")
        rows("SELECT open_session(%s, %s, NULL, NULL, NULL)", token, ANN)
        rows(
            "UPDATE sessions SET current_step = %s, completion_rate = %s, last_activity ="
            " '2026-01-01'::timestamptz + %s * interval '1 minute' WHERE session_token = %s",
            3 if own else 0, minutes if own else 0, minutes - 10 * own, token,
        )  # fmt: skip


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_list_sessions_with_progress_before_empty_ones(
    client: TestClient, operator: dict[str, str], limit: int
) -> None:
    tokens: list[str] = []
    params: dict[str, Any] = {"studentEmail": ANN, "limit": limit}
    while True:
        page = client.get(PATH, params=params, headers=operator).json()
        assert len(page["sessions"]) <= limit
        tokens += [session["session_token"] for session in page["sessions"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert tokens == IN_ORDER


@pytest.mark.usefixtures("sessions")
def test_share_view_lists_sessions_with_progress_first_and_within_its_limit(
    client: TestClient, rows: Rows
) -> None:
    rows(
        "INSERT INTO sessions (session_token, student_id, course_id) SELECT 'empty-' || n,"
        " student_id, 'voice-assistant' FROM students, generate_series(1, 200) AS n"
    )
    shared_sessions = client.get(PATH, params={"studentEmail": ANN}).json()["sessions"]
    assert [session["current_step"] for session in shared_sessions] == [3, 3] + [0] * 198
    assert [session["completion_rate"] for session in shared_sessions[:2]] == [3, 2]


def test_cursor_of_the_earlier_order_is_refused(
    client: TestClient, operator: dict[str, str]
) -> None:
    params = {"studentEmail": ANN, "cursor": cursor.write("2026-01-01T00:00:00+00:00", "own-newer")}
    response = client.get(PATH, params=params, headers=operator)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")
