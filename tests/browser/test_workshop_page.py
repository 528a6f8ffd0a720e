"""The workshop page in a real browser: get in, see the steps, ask for help, save, share."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ADMIN_PASSWORD
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/workshop"
OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
LONG_WORD = "Sprachassistentenbereitstellungsverantwortlichkeit"
HOSTILE = "<img src=x onerror=alert(1)>"
HOSTILE_SETTINGS = {
    "Your name": '"><script>alert(1)</script>',
    "GitHub name": "محمد عبد الرحمن",
    "Use case": f"{HOSTILE} {LONG_WORD}",
    "Greeting": "${alert(1)} {{7*7}}",
    "Voice": LONG_WORD,
}
REFRESH_MS = 10_000
Visit = Callable[..., WatchedPage]
_numbers = count(1)


@pytest.fixture
def url(student_server: LocalServer) -> str:
    return student_server.url


@pytest.fixture
def visit(visit: Visit) -> Visit:
    """Open a page without waiting for further requests; the tests wait for what they expect."""
    return partial(visit, idle=False)


class Student:
    """A session of a student, and its state on the server."""

    def __init__(self, url: str, **fields: Any) -> None:
        self.url = url
        body = {"studentEmail": f"student-{next(_numbers)}@example.com", **fields}
        response = httpx.post(f"{url}/api/generate-session", json=body)
        assert response.status_code == 200, response.text
        self.token = str(response.json()["sessionToken"])
        self.link = f"{PATH}#sessionToken={self.token}"

    @property
    def session(self) -> dict[str, Any]:
        headers = {"X-Session-Token": self.token}
        response = httpx.get(f"{self.url}/api/student-progress", headers=headers)
        progress: dict[str, Any] = response.json()["progress"]
        return progress

    def report(self, step: int, **fields: Any) -> None:
        body = {"sessionToken": self.token, "stepNumber": step, "completed": True, **fields}
        httpx.post(f"{self.url}/api/student-progress", json=body).raise_for_status()

    def save(self, **fields: Any) -> None:
        body = {"sessionToken": self.token, **fields}
        httpx.put(f"{self.url}/api/student-config-update", json=body).raise_for_status()


@pytest.fixture
def amina(url: str) -> Student:
    """A student who has done three steps and is at the fourth."""
    student = Student(url, studentName="Amina")
    for step, seconds in ((1, 360), (2, 540), (3, 420)):
        student.report(step, timeSpent=seconds)
    student.report(4, completed=False, timeSpent=1860, attempts=3)
    student.save(step4CodeValidated=True, openaiApiKey="sk-" + "a" * 40, callDirection="inbound")
    return student


def stored_token(page: Page) -> str | None:
    token: str | None = page.evaluate("localStorage.getItem('stepwise.workshop')")
    return token


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_view_of_a_workshop_is_accessible_and_fits(
    visit: Visit, url: str, amina: Student, width: int, *, dark: bool
) -> None:
    watched = visit(PATH, width=width, dark=dark, url=url)
    page = watched.page

    def check() -> None:
        expect(watched.page.locator("h1")).to_be_visible()
        assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
        assert watched.violations() == []

    check()
    page.get_by_role("button", name="Open my session").press("Enter")
    page.get_by_role("button", name="Show the steps").press("Enter")
    page.get_by_label("E-mail (optional)").fill("no e-mail")
    page.keyboard.press("Enter")
    expect(page.locator(".error")).to_have_count(3)
    check()
    watched.open(f"{PATH}?student={amina.session['student_id']}", idle=False)
    expect(page.locator("h1")).to_have_text("At step 4 of 9")
    check()
    page.goto("about:blank")
    watched.open(amina.link, idle=False)
    expect(page.locator("h1")).to_have_text("Hello Amina, you are at step 4 of 9")
    check()
    page.get_by_role("button", name="Change settings").click()
    page.get_by_label("Repository").fill("github.com/x")
    page.get_by_label("E-mail").fill("no e-mail")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Write a report").click()
    page.get_by_role("button", name="Send report").press("Enter")
    expect(page.get_by_label("What happened?")).to_be_focused()
    check()
    assert watched.errors == []


def test_student_begins_and_asks_for_help_by_keyboard_alone(visit: Visit, url: str) -> None:
    watched = visit(PATH, url=url)
    page = watched.page

    def go_to(words: str) -> None:
        for _tab in range(30):
            page.keyboard.press("Tab")
            if page.locator("button:focus, a:focus", has_text=words).count():
                return
        raise AssertionError(f"{words} cannot be reached by Tab")

    page.keyboard.press("Tab")
    while not page.locator("input:focus").count():
        assert page.locator(":focus").count(), "the field for the name cannot be reached by Tab"
        page.keyboard.press("Tab")
    page.keyboard.type("Keyboard Kim")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Hello Keyboard Kim, you have 9 steps ahead of you")
    go_to("Ask for help")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your hand is up")).to_be_visible()
    headers = {"X-Session-Token": str(stored_token(page))}
    session = httpx.get(f"{url}/api/student-progress", headers=headers).json()["progress"]
    assert session["help_asked_at"] is not None
    go_to("take my hand down")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stuck? Ask.")).to_be_visible()
    assert watched.errors == []


def test_steps_show_progress_time_and_what_comes_next(
    visit: Visit, url: str, amina: Student
) -> None:
    page = visit(amina.link, url=url).page
    steps = page.locator(".ws")
    expect(steps).to_have_count(9)
    expect(steps.nth(0)).to_contain_text("Connect Accounts, done")
    expect(steps.nth(0)).to_contain_text("6 min")
    current_step = page.locator(".ws[aria-current=step]")
    expect(current_step).to_contain_text("Basic TwiML")
    expect(current_step).to_contain_text("31 min so far, 3 attempts")
    expect(current_step.get_by_role("progressbar")).to_have_attribute("value", "1")
    expect(current_step.get_by_role("progressbar")).to_have_attribute("max", "3")
    expect(current_step.locator(".badge.good")).to_have_text("✓code validated")
    expect(current_step).to_contain_text("next: committed")
    expect(page.get_by_text("3 of 9 steps done")).to_be_visible()
    expect(page.get_by_text("53 min spent")).to_be_visible()


def test_link_is_kept_on_the_device_and_leaves_the_address(
    visit: Visit, url: str, amina: Student
) -> None:
    page = visit(amina.link, url=url).page
    expect(page.locator("h1")).to_contain_text("Amina")
    assert page.url == f"{url}{PATH}"
    assert stored_token(page) == amina.token
    page.reload()
    expect(page.locator("h1")).to_contain_text("Amina")
    page.get_by_role("button", name="Leave").click()
    expect(page.locator("h1")).to_have_text("Open your workshop")
    assert stored_token(page) is None


def test_link_that_an_operator_makes_opens_the_session(
    visit: Visit, url: str, amina: Student
) -> None:
    watched = visit("/instructor-dashboard", url=url)
    page = watched.page
    page.get_by_role("button", name="Admin Login").click()
    expect(page.locator("input[type=password]")).to_be_focused()
    page.keyboard.type(ADMIN_PASSWORD)
    page.get_by_role("button", name="Load Sessions").click()
    page.get_by_label("Search").fill(amina.session["student_email"])
    page.locator(".who button").last.click()
    page.get_by_role("button", name="New link").click()
    link = page.get_by_role("dialog").locator(".note code").inner_text()
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("h1")).to_have_text("Hello Amina, you are at step 4 of 9")
    assert stored_token(page) not in {None, amina.token}
    assert errors_but_refusals(watched) == []


def test_token_without_a_session_is_reported_and_removed(visit: Visit, url: str) -> None:
    watched = visit(f"{PATH}#sessionToken=ws_1764200000000_{'ab' * 32}", url=url)
    page = watched.page
    expect(page.get_by_text("This link no longer opens a session.")).to_be_visible()
    assert stored_token(page) is None
    assert errors_but_refusals(watched) == []


def test_share_view_shows_steps_and_nothing_about_the_person(
    visit: Visit, url: str, amina: Student
) -> None:
    session = amina.session
    watched = visit(f"{PATH}?student={session['student_id']}", url=url)
    page = watched.page
    expect(page.locator("h1")).to_have_text("At step 4 of 9")
    expect(page.locator(".ws").nth(2)).to_contain_text("Provision Services, done")
    text = page.locator("body").inner_text()
    # "min" would be the unit of a time, "inbound" a setting.
    for secret in ("Amina", session["student_email"], amina.token, "min", "inbound"):
        assert secret not in text
    assert stored_token(page) is None
    unknown = "00000000-0000-4000-8000-000000000000"
    page.goto(f"{PATH}?student={unknown}")
    expect(page.locator("h1")).to_have_text("No session yet")
    page.goto(PATH)
    page.get_by_label("E-mail or student id").fill(session["student_email"])
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("At step 4 of 9")
    assert "@" not in page.url
    assert watched.errors == []


def test_share_link_shows_a_session_to_its_student_and_the_share_view_to_others(
    visit: Visit, url: str, amina: Student
) -> None:
    other = Student(url, studentName="Other")
    page = visit(amina.link, url=url).page
    page.goto(f"{PATH}?student={amina.session['student_id'].upper()}")
    expect(page.locator("h1")).to_contain_text("Hello Amina")
    page.goto(f"{PATH}?student={other.session['student_id']}")
    expect(page.locator("h1")).to_have_text("Not begun: 9 steps ahead")
    expect(page.get_by_text("Amina")).to_have_count(0)


def test_all_sessions_of_the_student_are_listed(visit: Visit, url: str, amina: Student) -> None:
    Student(url, studentEmail=amina.session["student_email"]).report(1)
    page = visit(amina.link, url=url).page
    rows = page.locator(".sessions tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("this one")
    expect(rows.nth(0)).to_contain_text("33 %")
    expect(rows.nth(1)).to_contain_text("11 %")


def test_new_progress_appears_without_a_reload(visit: Visit, url: str, amina: Student) -> None:
    page = visit(amina.link, url=url, clock=True).page
    expect(page.locator("h1")).to_contain_text("step 4")
    amina.report(4)
    page.clock.run_for(REFRESH_MS + 1000)
    expect(page.locator("h1")).to_contain_text("step 5")


def test_settings_are_saved_as_they_were_written(visit: Visit, url: str, amina: Student) -> None:
    watched = visit(amina.link, width=320, url=url)
    page = watched.page
    page.get_by_role("button", name="Change settings").click()
    for label, value in HOSTILE_SETTINGS.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Repository").fill("https://github.com/amina/voice")
    page.get_by_role("button", name="Save settings").press("Enter")
    expect(page.get_by_text("Settings saved at")).to_be_visible()
    session = amina.session
    assert session["student_name"] == HOSTILE_SETTINGS["Your name"]
    assert session["use_case_description"] == HOSTILE_SETTINGS["Use case"]
    assert session["call_direction"] == "inbound"
    assert session["has_api_key"] is True
    expect(page.locator("h1")).to_contain_text(HOSTILE_SETTINGS["Your name"])
    expect(page.locator("dl a")).to_have_attribute("href", "https://github.com/amina/voice")
    assert watched.overflow <= 0
    assert page.locator("img, main script").count() == 0
    page.reload()
    expect(page.locator("h1")).to_contain_text(HOSTILE_SETTINGS["Your name"])
    assert watched.violations() == []
    assert watched.errors == []


def test_hostile_addresses_are_shown_and_only_https_is_linked(
    visit: Visit, url: str, amina: Student
) -> None:
    amina.save(githubRepoUrl="javascript:alert(1)", railwayUrl=f"https://x.example/{HOSTILE}")
    watched = visit(amina.link, url=url)
    page = watched.page
    expect(page.get_by_text("javascript:alert(1)")).to_be_visible()
    expect(page.locator("dl a")).to_have_count(1)
    assert "javascript:" not in str(page.locator("a").evaluate_all("all => all.map(a => a.href)"))
    assert watched.errors == []


def test_keys_are_never_shown_and_are_kept_if_their_field_is_left_empty(
    visit: Visit, url: str, amina: Student
) -> None:
    page = visit(amina.link, url=url).page
    expect(page.locator("dd", has_text="not set")).to_have_count(1)  # the Twilio account
    page.get_by_role("button", name="Change settings").click()
    expect(page.get_by_label("OpenAI key")).to_have_value("")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Nothing has changed.")).to_be_visible()
    page.get_by_label("Voice", exact=True).fill("Marisol")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Settings saved at")).to_be_visible()
    assert amina.session["has_api_key"] is True
    assert "sk-" not in page.content()


def test_settings_saved_elsewhere_are_not_overwritten(
    visit: Visit, url: str, amina: Student
) -> None:
    page = visit(amina.link, url=url).page
    page.get_by_role("button", name="Change settings").click()
    page.get_by_label("Voice", exact=True).fill("Mine")
    amina.save(selectedVoice="Elsewhere")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("saved elsewhere")
    assert amina.session["selected_voice"] == "Elsewhere"


def test_bug_report_is_stored_once_without_the_token(
    visit: Visit, url: str, amina: Student
) -> None:
    page = visit(amina.link, url=url).page
    page.get_by_role("button", name="Write a report").click()
    page.get_by_label("What happened?").fill(f"{HOSTILE} the socket closes")
    expect(page.get_by_label("At which step?")).to_have_value("4")
    page.get_by_role("button", name="Send report").dblclick()
    expect(page.get_by_text("was received")).to_be_visible()
    (report,) = amina.session["bug_reports"]
    assert report["description"] == f"{HOSTILE} the socket closes"
    assert str(report["step"]) == "4"
    assert amina.token not in str(report)
    expect(page.get_by_role("button", name="Write a report")).to_be_focused()


def test_steps_stay_visible_without_a_connection(visit: Visit, url: str, amina: Student) -> None:
    page = visit(amina.link, url=url, clock=True).page
    expect(page.locator("h1")).to_contain_text("step 4")
    page.context.set_offline(True)
    page.clock.run_for(REFRESH_MS + 1000)
    expect(page.get_by_text("This computer is offline.")).to_be_visible()
    expect(page.locator(".ws")).to_have_count(9)


def test_course_with_long_names_fits_a_phone(visit: Visit, url: str) -> None:
    course = {
        "courseId": "long-words",
        "name": LONG_WORD,
        "steps": [{"name": f"{LONG_WORD} {place}"} for place in range(12)],
    }
    response = httpx.post(f"{url}/api/admin-save-course", json=course, headers=OPERATOR)
    assert response.status_code == 200, response.text
    student = Student(url, studentName=LONG_WORD, courseId="long-words")
    student.report(1, timeSpent=60)
    watched = visit(student.link, width=320, url=url)
    expect(watched.page.locator("h1")).to_contain_text("step 2 of 12")
    assert watched.overflow_at(320, 640) == [0, 0]
    watched.page.get_by_role("button", name="Change settings").click()
    # Only the built-in course has the fields of a voice assistant.
    expect(watched.page.get_by_label("Greeting")).to_have_count(0)
    assert watched.overflow <= 0
