"""Progress stays correct while a guide's function replaces ours; an upgrade repairs old rows."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.requirements import sql_block
from tests.support.upgrade import upgrade
from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
DOCUMENTED_FUNCTION = "CREATE OR REPLACE FUNCTION update_session_progress"
CALL = "SELECT update_session_progress(session_token) FROM sessions"
FIGURES = "SELECT completion_rate, total_time_spent, current_step FROM sessions"
TIMES = """
SELECT session_token, last_activity, expires_at, is_active, created_at, updated_at, version
FROM sessions ORDER BY 1
"""


@pytest.fixture
def session_of_three_steps(client: TestClient, post: Post) -> None:
    """Create a session with three steps: passed, with time only, and completed by a flag."""
    post(stepNumber=1, completed=True, timeSpent=60)
    post(stepNumber=2, timeSpent=30)
    body = {"sessionToken": TOKEN, "systemPromptSaved": True}
    assert client.post("/api/student-config-save", json=body).status_code == 200


@pytest.mark.usefixtures("session_of_three_steps")
def test_reports_stay_correct_while_the_documented_function_is_in_place(
    client: TestClient, post: Post, rows: Rows
) -> None:
    rows(sql_block("003", DOCUMENTED_FUNCTION))
    progress = post(stepNumber=4, completed=True, timeSpent=10).json()["progress"]
    assert (progress["completion_rate"], progress["total_time_spent"]) == (33, 100)  # steps 1, 7, 4
    body = {"sessionToken": TOKEN, "servicesReady": True}
    assert client.post("/api/student-config-save", json=body).status_code == 200
    assert rows(FIGURES) == [(44, 100, 7)]
    body = {"sessionToken": TOKEN, "exerciseId": "extra", "completed": True}
    assert client.post("/api/track-student-progress", json=body).status_code == 200
    assert rows(FIGURES) == [(44, 100, 7)]


@pytest.mark.usefixtures("session_of_three_steps")
def test_upgrade_repairs_sessions_that_the_documented_function_lowered(
    rows: Rows, postgres_url: str
) -> None:
    rows(sql_block("003", DOCUMENTED_FUNCTION))
    rows(CALL)
    assert rows(FIGURES) == [(11, 60, 7)]
    rows("UPDATE sessions SET last_activity = '2025-01-01Z', updated_at = '2025-01-02Z'")
    before = rows(TIMES)
    assert upgrade(postgres_url) == [
        "public.sessions: progress and time recomputed from steps and flags; rows: 1"
    ]
    assert rows(FIGURES) == [(22, 90, 7)]
    assert rows(TIMES) == before
    assert upgrade(postgres_url) == []
    assert rows(TIMES) == before
    rows(CALL)  # our function is back
    assert rows(FIGURES) == [(22, 90, 7)]


@pytest.mark.usefixtures("session_of_three_steps")
def test_repair_counts_what_a_report_would_count(post: Post, rows: Rows, postgres_url: str) -> None:
    """It raises figures that are lower than the steps and flags give, and lowers none."""
    post(sessionToken="ws_2_untouched", stepNumber=3, completed=True, timeSpent=5)
    post(sessionToken="ws_3_more_time", stepNumber=3, timeSpent=5)
    post(sessionToken="ws_4_of_an_older_application", stepNumber=3, timeSpent=5)
    post(sessionToken="ws_5_explained", stepNumber=3, timeSpent=5)
    rows("INSERT INTO sessions (session_token, student_id, completion_rate)"
         " SELECT 'ws_6_without_steps', student_id, 50 FROM students LIMIT 1")  # fmt: skip
    rows("UPDATE sessions SET total_time_spent = 500 WHERE session_token = 'ws_3_more_time';"
         "UPDATE sessions SET completion_rate = 80 WHERE session_token LIKE 'ws_4%';"
         "UPDATE sessions SET completion_rate = 80, exercises = '{\"quiz\": true}'"
         " WHERE session_token LIKE 'ws_5%';"
         "UPDATE sessions SET completion_rate = 0, total_time_spent = 0, current_step = 0"
         f" WHERE session_token = '{TOKEN}'")  # fmt: skip
    (line,) = upgrade(postgres_url)
    assert line.endswith("rows: 1")
    figures = f"{FIGURES} WHERE session_token LIKE %s"
    assert rows(figures, TOKEN) == [(22, 90, 7)]
    assert rows(figures, "ws_2%") == [(11, 5, 3)]
    assert rows(figures, "ws_3%") == [(0, 500, 3)]
    assert rows(figures, "ws_4%") == [(80, 5, 3)]
    assert rows(figures, "ws_5%") == [(80, 5, 3)]
    assert rows(figures, "ws_6%") == [(50, 0, 0)]
    repaired = rows(f"{FIGURES} WHERE session_token !~ '^ws_[456]' ORDER BY session_token")
    rows(CALL)
    assert rows(f"{FIGURES} WHERE session_token !~ '^ws_[456]' ORDER BY session_token") == (
        repaired
    )


def test_repair_leaves_triggers_as_they_were(post: Post, rows: Rows, postgres_url: str) -> None:
    post(stepName="Setup", timeSpent=5)
    rows("CREATE TRIGGER of_an_operator BEFORE UPDATE ON sessions FOR EACH ROW"
         " EXECUTE FUNCTION set_updated_at();"
         "CREATE TRIGGER disabled_by_an_operator BEFORE UPDATE ON step_progress FOR EACH ROW"
         " EXECUTE FUNCTION set_updated_at();"
         "ALTER TABLE step_progress DISABLE TRIGGER disabled_by_an_operator;"
         "UPDATE sessions SET total_time_spent = 0; UPDATE step_progress SET step_name = 'x'"
    )  # fmt: skip
    states = "SELECT tgrelid, tgname, tgenabled FROM pg_trigger ORDER BY 1, 2"
    before = rows(states)
    assert len(upgrade(postgres_url)) == 2
    assert rows(states) == before


@pytest.mark.parametrize(
    "definition",
    [
        (
            "FUNCTION update_session_progress(p_session_token TEXT) RETURNS INTEGER"
            " LANGUAGE sql AS 'SELECT 1'"
        ),
        "FUNCTION update_session_progress(token TEXT) RETURNS VOID LANGUAGE sql AS ''",
        "PROCEDURE update_session_progress(p_session_token TEXT) LANGUAGE sql AS ''",
    ],
    ids=["other result", "other parameter", "procedure"],
)
def test_upgrade_replaces_any_other_update_session_progress(
    post: Post, rows: Rows, postgres_url: str, definition: str
) -> None:
    post(completed=True, timeSpent=5)
    rows(f"DROP FUNCTION update_session_progress; CREATE {definition}")
    rows("UPDATE sessions SET completion_rate = 0")
    upgrade(postgres_url)
    rows("UPDATE sessions SET completion_rate = 0")
    rows(CALL)
    assert rows("SELECT completion_rate FROM sessions") == [(11,)]


def test_upgrade_renames_steps_and_keeps_their_former_names_in_events(
    post: Post, rows: Rows, postgres_url: str
) -> None:
    for number in (1, 2, 3, 7):
        post(stepNumber=number)
    rows("UPDATE step_progress SET updated_at = '2025-01-02Z', created_at = '2025-01-01Z',"
         " step_name = (ARRAY['Setup', 'Choose Use Case', 'Provision Services'])[step_number]"
         " WHERE step_number < 4;"
         "UPDATE step_progress SET step_name = 'Custom AI Prompt' WHERE step_number = 7;"
         "SET LOCAL stepwise.removal = 'test'; DELETE FROM events")  # fmt: skip
    assert upgrade(postgres_url) == [
        (
            "public.step_progress: steps renamed as the course names them, and their former names"
            " kept in public.events; rows: 2"
        )
    ]
    assert rows("SELECT step_number, step_name FROM step_progress ORDER BY 1") == [
        (1, "Connect Accounts"), (2, "Choose Use Case"), (3, "Provision Services"),
        (7, "Prompt Engineering"),
    ]  # fmt: skip
    assert rows("SELECT updated_at = '2025-01-02Z' FROM step_progress WHERE step_number = 1") == [
        (True,)
    ]
    assert rows("SELECT event_type, event_data, session_token, student_id IS NOT NULL,"
                " created_at = '2025-01-01Z' FROM events ORDER BY id") == [
        ("step_progress", {"stepNumber": 1, "stepName": "Setup"}, TOKEN, True, True),
        ("step_progress", {"stepNumber": 7, "stepName": "Custom AI Prompt"}, TOKEN, True, False),
    ]  # fmt: skip
    assert upgrade(postgres_url) == []


def test_step_without_a_session_is_renamed_too(post: Post, rows: Rows, postgres_url: str) -> None:
    post()
    rows("ALTER TABLE step_progress DROP CONSTRAINT step_progress_session_token_fkey;"
         "UPDATE step_progress SET session_token = 'gone', step_name = 'Setup'")  # fmt: skip
    (line,) = upgrade(postgres_url)
    assert line.endswith("rows: 1")
    assert rows("SELECT session_token FROM events WHERE event_data ->> 'stepName' = 'Setup'") == [
        (None,)
    ]


LIVE_NAMES = (
    "Connect Accounts", "Choose Use Case", "Provision Services", "Basic TwiML",
    "WebSocket Handler", "ConversationRelay", "Custom AI Prompt", "Tools & Functions",
    "Final Deployment",
)  # fmt: skip
"""The names under which the live page reports the steps 0 to 8."""
STEPS = "SELECT step_number, step_name, time_spent, attempts, validation_passed FROM step_progress"
ROWS_AS_JSON = """
SELECT (SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM step_progress p),
  (SELECT jsonb_agg(to_jsonb(e) ORDER BY id) FROM events e),
  (SELECT jsonb_agg(to_jsonb(s) ORDER BY session_token) FROM sessions s)
"""


@pytest.fixture
def store_steps(post: Post, rows: Rows) -> Callable[..., None]:
    """Function that stores steps as the old application did: number, name, seconds, passed."""

    def store(*steps: tuple[int, str, int, bool]) -> None:
        post()
        rows("ALTER TABLE step_progress DROP CONSTRAINT step_progress_step_number_check;"
             "DROP TRIGGER check_new_step_numbers ON step_progress;"
             "SET LOCAL stepwise.removal = 'test';"
             "DELETE FROM step_progress; DELETE FROM events;"
             "UPDATE sessions SET current_step = 0, completion_rate = 0")  # fmt: skip
        for step in steps:
            rows("INSERT INTO step_progress (session_token, student_id, step_number, step_name,"
                 " time_spent, attempts, validation_passed, completed_at)"
                 " SELECT session_token, student_id, %s, %s, %s, 1, %s, '2025-03-01Z'"
                 " FROM sessions", *step)  # fmt: skip

    return store


def test_upgrade_numbers_the_steps_that_the_live_page_counted_from_0(
    store_steps: Callable[..., None], post: Post, rows: Rows, postgres_url: str
) -> None:
    store_steps(*((number, name, 5, True) for number, name in enumerate(LIVE_NAMES)))
    rows("ALTER TABLE step_progress ADD CHECK (step_number BETWEEN 0 AND 8);"
         "UPDATE sessions SET completion_rate = 100; UPDATE step_progress SET code_submitted ="
         " 'code of ' || step_number, updated_at = '2025-03-02Z'")  # fmt: skip
    assert upgrade(postgres_url) == [
        (
            "public.step_progress: steps numbered as the course numbers them; rows: 9; of these,"
            " moved to public.events: 0"
        ),
        (
            "public.step_progress: steps renamed as the course names them, and their former names"
            " kept in public.events; rows: 2"
        ),
        "public.sessions: progress and time recomputed from steps and flags; rows: 1",
    ]
    assert rows("SELECT step_number, code_submitted, validation_passed, completed_at::TEXT,"
                " updated_at::TEXT FROM step_progress ORDER BY 1") == [
        (number, f"code of {number - 1}", True, "2025-03-01 00:00:00+00", "2025-03-02 00:00:00+00")
        for number in range(1, 10)
    ]  # fmt: skip
    assert rows(FIGURES) == [(100, 45, 9)]
    before = rows(ROWS_AS_JSON)
    assert upgrade(postgres_url) == []
    assert rows(ROWS_AS_JSON) == before
    progress = post(stepNumber=0, stepName="Connect Accounts", completed=True).json()["progress"]
    assert (progress["completion_rate"], len(progress["step_progress"])) == (100, 9)


def test_upgrade_numbers_steps_by_their_names_and_keeps_numbers_1_to_9_of_unknown_names(
    store_steps: Callable[..., None], rows: Rows, postgres_url: str
) -> None:
    store_steps((0, "Setup", 1, True), (1, "choose  use case", 2, False), (3, "Services", 3, True),
                (8, "Wrap up", 4, True))  # fmt: skip
    upgrade(postgres_url)
    assert rows(f"{STEPS} ORDER BY 1") == [
        (1, "Connect Accounts", 1, 1, True), (2, "Choose Use Case", 2, 1, False),
        (3, "Provision Services", 3, 1, True), (8, "Tools & Functions", 4, 1, True),
    ]  # fmt: skip


def test_rows_about_one_step_are_added_up_and_none_is_lost(
    store_steps: Callable[..., None], rows: Rows, postgres_url: str
) -> None:
    store_steps((1, "Connect Accounts", 10, False), (0, "Connect Accounts", 7, True),
                (2, "Choose Use Case", 20, True), (12, "Bonus", 3, True), (-1, "Lobby", 2, True),
                (4, "Tools & Functions", 1, True), (8, "Somewhere", 5, False))  # fmt: skip
    rows("UPDATE step_progress SET completed_at = NULL, deployment_url = 'https://a.example'"
         " WHERE step_number = 1")  # fmt: skip
    line, *_ = upgrade(postgres_url)
    assert line.endswith("rows: 5; of these, moved to public.events: 4")
    assert rows(f"{STEPS} ORDER BY 1") == [
        (1, "Connect Accounts", 17, 2, True), (2, "Choose Use Case", 20, 1, True),
        (8, "Tools & Functions", 6, 2, True),
    ]  # fmt: skip
    assert rows(
        "SELECT completed_at::TEXT, deployment_url FROM step_progress WHERE step_number = 1"
    ) == [("2025-03-01 00:00:00+00", "https://a.example")]
    events = rows(
        "SELECT event_data -> 'step_number', event_data ->> 'step_name', session_token,"
        " student_id IS NOT NULL FROM events WHERE event_data ? 'step_number' ORDER BY 1"
    )
    assert events == [(-1, "Lobby", TOKEN, True), (0, "Connect Accounts", TOKEN, True),
                    (8, "Somewhere", TOKEN, True), (12, "Bonus", TOKEN, True)]  # fmt: skip
    before = rows(ROWS_AS_JSON)
    assert upgrade(postgres_url) == []
    assert rows(ROWS_AS_JSON) == before
