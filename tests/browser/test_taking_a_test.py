"""The test page in a real browser: begin, answer, lose the connection, come back, see a result."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from local.demo.pool import CONCEPTS, POOL_ID
from tests.conftest import ADMIN_PASSWORD
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/test"
SUBMIT = "**/api/test/submit"
OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
LONG_WORD = "Wahrscheinlichkeitsverteilungsfunktionsgleichungen"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "محمد عبد الرحمن",
    "${alert(1)} {{7*7}}",
    LONG_WORD,
)
Visit = Callable[..., WatchedPage]


@pytest.fixture
def url(student_server: LocalServer) -> str:
    return student_server.url


@pytest.fixture
def visit(visit: Visit) -> Visit:
    """Open a page without waiting for further requests; the tests wait for what they expect."""
    return partial(visit, idle=False)


@pytest.fixture
def ticket_link(url: str) -> Callable[..., str]:
    """Function that issues a ticket and returns the link with it."""

    def make(student: str, pool_id: str = POOL_ID, questions: int = 3, uses: int = 5) -> str:
        body = {
            "question_pool_id": pool_id,
            "student_ids": [student],
            "uses": uses,
            "end_criteria": {"max_questions": questions},
        }
        response = httpx.post(f"{url}/api/test/tickets", json=body, headers=OPERATOR)
        assert response.status_code == 200, response.text
        return str(response.json()["tickets"][0]["link"])

    return make


def begin(page: Page) -> None:
    page.get_by_role("button", name="Start the test").click()
    expect(page.locator("fieldset")).to_be_visible()


def answer(page: Page, number: int, key: str = "1") -> None:
    """Answer question `number` by keyboard, and wait until it is acknowledged."""
    expect(page.get_by_text(f"Question {number} of")).to_be_visible()
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Question {number} of")).to_be_hidden()


def finish(page: Page, questions: int = 3, key: str = "1") -> None:
    for number in range(1, questions + 1):
        answer(page, number, key)
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()


def current_test(page: Page) -> dict[str, Any]:
    script = "JSON.parse(localStorage.getItem('stepwise.tests')).current"
    stored: dict[str, Any] = page.evaluate(script)
    return stored


def answer_count(page: Page, url: str) -> int:
    status = httpx.get(f"{url}/api/test/status/{current_test(page)['sessionId']}").json()
    return int(status["questions_answered"])


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_view_of_a_test_is_accessible_and_fits(
    visit: Visit, url: str, ticket_link: Callable[..., str], width: int, *, dark: bool
) -> None:
    watched = visit(ticket_link(f"fits {width}"), width=width, dark=dark, url=url)

    def check() -> None:
        expect(watched.page.locator("h1")).to_be_visible()
        assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
        assert watched.violations() == []

    check()
    begin(watched.page)
    check()
    watched.page.keyboard.press("Enter")
    expect(watched.page.get_by_role("alert")).to_have_text("Choose an answer first.")
    check()
    finish(watched.page)
    watched.page.get_by_text("What does").click()
    check()
    watched.page.goto(f"{PATH}#tests")
    expect(watched.page.locator("svg.chart")).to_be_visible()
    check()
    assert watched.errors == []


def test_page_without_a_ticket_asks_for_one(visit: Visit, url: str) -> None:
    watched = visit(PATH, url=url)
    page = watched.page
    page.get_by_label("Ticket").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paste your ticket first.")).to_be_visible()
    expect(page.get_by_label("Ticket")).to_be_focused()
    page.keyboard.type("x" * 40)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the test").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This ticket is not valid.")
    expect(page.locator("h1")).to_have_text("Take a test")
    expect(page.get_by_role("button", name="Start the test")).to_have_count(0)
    page.get_by_label("Ticket").fill("y" * 40)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your test is ready")
    assert errors_but_refusals(watched) == []


def test_test_without_a_ticket_is_taken_by_keyboard_alone(visit: Visit, url: str) -> None:
    watched = visit(f"{PATH}?pool={POOL_ID}", url=url)
    page = watched.page
    for _tab in range(6):
        page.keyboard.press("Tab")
        if page.locator("button:focus", has_text="Start").count():
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input:checked")).to_have_count(1)
    page.keyboard.press("Enter")
    for number in range(2, 21):
        answer(page, number, str(1 + number % 4))
        if number == 7:
            expect(page).to_have_title(re.compile("^Question 8"))
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_contain_text("the middle in")
    expect(page.get_by_text("taken without a ticket")).to_be_visible()
    assert watched.errors == []


def test_two_clicks_start_one_test_and_send_one_answer(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("double"), url=url).page
    calls: list[str] = []
    page.on("request", lambda request: calls.append(f"{request.method} {request.url}"))
    page.get_by_role("button", name="Start the test").dblclick()
    expect(page.get_by_text("Question 1 of")).to_be_visible()
    page.keyboard.press("2")
    page.get_by_role("button", name="Send answer").evaluate(
        "button => [1, 2].map(() => button.click())"
    )
    expect(page.get_by_text("Question 2 of")).to_be_visible()
    assert sum(call.endswith("/api/test/start") for call in calls) == 1
    assert sum(call.endswith("/api/test/submit") for call in calls) == 1
    assert answer_count(page, url) == 1


def test_answer_waits_for_the_connection_and_counts_once(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("offline"), url=url).page
    begin(page)
    page.context.set_offline(True)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are offline. Your answer is kept on this device.")).to_be_visible()
    expect(page.get_by_text("Next try in")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator("input:checked")).to_have_value("on")
    expect(page.locator("input").nth(1)).to_be_checked()
    page.context.set_offline(False)
    expect(page.get_by_text("Question 2 of")).to_be_visible()
    expect(page.get_by_text("You are offline.")).to_be_hidden()
    assert answer_count(page, url) == 1


def test_lost_acknowledgement_does_not_count_twice(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("lost"), url=url).page
    begin(page)
    lost_statuses: list[int] = []

    def lose_first(route: Route) -> None:
        if lost_statuses:
            route.continue_()
            return
        lost_statuses.append(route.fetch().status)
        route.abort()

    page.route(SUBMIT, lose_first)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Question 2 of")).to_be_visible()
    assert lost_statuses == [200]
    assert answer_count(page, url) == 1


def test_answer_that_was_not_sent_is_sent_after_the_page_was_closed(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("closed page"), url=url).page
    begin(page)
    page.route(SUBMIT, lambda route: route.abort())
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your answer is kept on this device.")).to_be_visible()
    assert answer_count(page, url) == 0
    page.goto("about:blank")
    page.unroute(SUBMIT)
    page.goto(PATH)
    expect(page.get_by_text("Question 2 of")).to_be_visible()
    assert answer_count(page, url) == 1
    assert current_test(page)["answer"] is None


def test_reload_goes_on_at_the_same_question(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("reload"), url=url).page
    begin(page)
    assert "ticket" not in page.url
    answer(page, 1)
    question = page.locator("h1").inner_text()
    page.reload()
    expect(page.locator("h1")).to_have_text(question)
    expect(page.get_by_text("Welcome back. Your 1 answer so far is saved.")).to_be_visible()
    answer(page, 2)
    answer(page, 3)
    headline = page.locator("h1").inner_text()
    page.reload()
    expect(page.locator("h1")).to_have_text(headline)


def test_link_with_the_ticket_resumes_in_another_browser(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    link = ticket_link("two browsers")
    first = visit(link, url=url).page
    begin(first)
    answer(first, 1)
    question = first.locator("h1").inner_text()
    second = visit(link, url=url).page
    begin(second)
    expect(second.locator("h1")).to_have_text(question)


def test_answer_from_another_tab_is_reported(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("two tabs"), url=url).page
    begin(page)
    session = current_test(page)["sessionId"]
    status = httpx.get(f"{url}/api/test/status/{session}").json()
    body = {"session_id": session, "question_id": status["next_question"]["id"], "response": 0}
    httpx.post(f"{url}/api/test/submit", json=body).raise_for_status()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This test went on in another tab.")).to_be_visible()
    answer(page, 2)
    expect(page.get_by_text("another tab")).to_be_hidden()


def test_expired_test_shows_what_was_saved(
    visit: Visit, student_server: LocalServer, ticket_link: Callable[..., str]
) -> None:
    watched = visit(ticket_link("expired"), url=student_server.url)
    page = watched.page
    begin(page)
    answer(page, 1)
    with psycopg.connect(student_server.environment["POSTGRES_URL"]) as connection:
        connection.execute(
            "UPDATE assessment.test_sessions SET last_activity = last_activity - interval '31 min'"
            " WHERE id = %s",
            [current_test(page)["sessionId"]],
        )
    page.reload()
    expect(page.locator("h1")).to_contain_text("This test has closed")
    expect(page.get_by_text("Your 1 answer is saved and counts")).to_be_visible()
    assert watched.violations() == []
    page.get_by_role("button", name="See your result so far").press("Enter")
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
    page.goto(PATH)
    expect(page.locator("h1")).to_have_text("Take a test")


def test_reset_of_a_running_test_is_shown(
    visit: Visit, student_server: LocalServer, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("reset"), url=student_server.url).page
    begin(page)
    answer(page, 1)
    httpx.post(
        f"{student_server.url}/api/admin-reset-test",
        json={"session_id": current_test(page)["sessionId"]},
        headers=OPERATOR,
    ).raise_for_status()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("closed")
    expect(page.get_by_text("It was reset, so its answers do not count.")).to_be_visible()
    expect(page.get_by_role("button", name="See your result so far")).to_have_count(0)
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("h1")).to_have_text("Take a test")


def test_leaving_ends_the_test_or_lets_it_wait(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("leaves"), url=url).page
    begin(page)
    answer(page, 1)
    page.get_by_role("button", name="Leave").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("within 30 minutes")
    page.get_by_role("link", name="Go on later").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Learn in steps.")
    page.goto(PATH)
    expect(page.get_by_text("Question 2 of")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("button", name="End the test now").click()
    expect(page.get_by_text("You ended the test.")).to_be_visible()


def test_result_is_shown_in_words_and_numbers(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    page = visit(ticket_link("result", questions=12), url=url).page
    begin(page)
    session = current_test(page)["sessionId"]
    finish(page, 12)
    headers = {"X-Session-Id": session}
    proficiency = httpx.get(f"{url}/api/student/result/proficiency", headers=headers).json()
    (test,) = httpx.get(f"{url}/api/student/result/history", headers=headers).json()[
        "test_sessions"
    ]
    expect(page.get_by_text(f"12 questions, {test['correct_responses']} right")).to_be_visible()
    rows = page.locator(".pf tbody tr")
    assert rows.locator("th").all_inner_texts() == list(CONCEPTS)
    values = dict(zip(proficiency["concept_names"], proficiency["proficiency"], strict=True))
    for row, concept in zip(rows.all(), CONCEPTS, strict=True):
        expect(row.locator(".rg b")).to_have_text(str(round(100 * values[concept])))
        low, high = map(int, row.locator(".rg span").inner_text().split(" to "))
        level = "below" if high < 50 else "above" if low > 50 else "around"
        expect(row.locator(".badge")).to_have_text(f"{level} the middle")
        inside = low <= 50 <= high
        expect(row.locator(".ch")).to_contain_text("about the same" if inside else "was 50")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "concept,level,value,lowest,highest,before"
    assert len(lines) == 6
    page.route("**/api/student/**", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(300)  # long enough for the page to render a note
    assert page.locator(".note").count() == 0


def test_tests_over_time_show_each_concept_and_can_be_forgotten(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    watched = visit(ticket_link("over time"), url=url)
    page = watched.page
    begin(page)
    finish(page)
    page.goto(ticket_link("over time"))
    begin(page)
    finish(page, key="2")
    page.get_by_role("link", name="All your tests").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("svg.chart circle")).to_have_count(2)
    expect(page.locator("h2")).to_contain_text("The mean of your concepts")
    page.get_by_label("Concept", exact=True).select_option("Algebra")
    expect(page.locator("h2")).to_contain_text("Algebra")
    expect(page.locator("tbody td").first).to_contain_text(" to ")
    page.get_by_role("button", name="Forget these tests").click()
    expect(page.get_by_text("No test yet")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No test yet")).to_be_visible()
    assert watched.errors == []


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_and_long_words_are_shown_as_text_and_fit(
    visit: Visit, url: str, ticket_link: Callable[..., str], width: int
) -> None:
    questions = [
        {
            "id": f"hostile-{width}-{place}",
            "content": f"{text}\n{LONG_WORD}?",
            "options": list(HOSTILE),
            "correct_answer": HOSTILE[0],
            "concepts": [1, 1],
            "difficulty": 0.5,
        }
        for place, text in enumerate(HOSTILE)
    ]
    rules = {"concept_names": [HOSTILE[0], LONG_WORD]}
    response = httpx.post(
        f"{url}/api/questions/upload", json={"questions": questions, **rules}, headers=OPERATOR
    )
    assert response.status_code == 200, response.text
    link = ticket_link(HOSTILE[0], pool_id=response.json()["question_pool_id"])
    watched = visit(link, width=width, url=url)
    page = watched.page
    begin(page)
    assert watched.overflow <= 0
    assert page.locator(".opt span").all_inner_texts() == list(HOSTILE)
    page.get_by_text("Why this question?").click()
    expect(page.locator("details")).to_contain_text(HOSTILE[0])
    assert watched.violations() == []
    finish(page)
    expect(page.locator(".pf tbody th").first).to_have_text(HOSTILE[0])
    assert watched.overflow <= 0
    page.goto(f"{PATH}#tests")
    expect(page.locator("svg.chart")).to_be_visible()
    assert watched.overflow <= 0
    assert page.locator("img, main script").count() == 0
    assert watched.errors == []


def test_result_of_a_test_that_ended_before_its_minimum_length_is_not_shown(
    visit: Visit, url: str, ticket_link: Callable[..., str]
) -> None:
    questions = [
        {
            "id": f"undisclosed-{place}",
            "content": f"{place} + 1?",
            "options": ["1", "2", "3"],
            "correct_answer": "2",
            "concepts": [1],
            "difficulty": 0.5,
        }
        for place in range(6)
    ]
    body = {"questions": questions, "tells": "end", "concept_names": ["Sums"]}
    response = httpx.post(f"{url}/api/questions/upload", json=body, headers=OPERATOR)
    link = ticket_link("undisclosed", pool_id=response.json()["question_pool_id"], questions=5)
    watched = visit(link, url=url)
    page = watched.page
    begin(page)
    answer(page, 1)
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("button", name="End the test now").click()
    expect(page.locator("h1")).to_have_text("Your answers are saved.")
    assert page.locator(".pf").count() == 0
    assert watched.errors == []
