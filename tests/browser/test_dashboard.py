"""The instructor's dashboard in a real browser, with the demo's students."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ADMIN_PASSWORD, INSTRUCTOR_PASSWORD
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/instructor-dashboard"
TOKEN = "ws_1764200000000_" + "5f" * 32
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "محمد عبد الرحمن",
    "Wolfeschlegelsteinhausenbergerdorff-Donaudampf",
    "=HYPERLINK(1)",
)
REFRESH_MS = 10_000
Visit = Callable[..., WatchedPage]


def log_in(page: Page, password: str = ADMIN_PASSWORD) -> None:
    page.get_by_role("button", name="Admin Login").click()
    expect(page.locator("input[type=password]")).to_be_focused()
    page.keyboard.type(password)
    page.get_by_role("button", name="Load Sessions").click()


@pytest.fixture
def dashboard(visit: Visit, demo_server: LocalServer) -> WatchedPage:
    """The dashboard after the log-in."""
    watched = visit(PATH, url=demo_server.url)
    log_in(watched.page)
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("Build a voice assistant")
    return watched


def report(server: LocalServer, n: int, **fields: Any) -> None:
    body = {"sessionToken": f"{TOKEN[:-2]}{n:02x}", "stepNumber": 1, **fields}
    response = httpx.post(f"{server.url}/api/student-progress", json=body)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_dashboard_is_accessible_and_fits(
    visit: Visit, demo_server: LocalServer, width: int, *, dark: bool
) -> None:
    watched = visit(PATH, width=width, dark=dark, url=demo_server.url)
    assert watched.violations() == []
    log_in(watched.page)
    expect(watched.page.locator("tbody tr")).to_have_count(40)
    assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
    assert watched.violations() == []
    watched.page.locator(".who button").nth(1).click()
    expect(watched.page.get_by_role("dialog")).to_contain_text("Test results")
    assert watched.violations() == []
    assert errors_but_refusals(watched) == []


def test_address_of_the_guide_opens_the_dashboard(visit: Visit, demo_server: LocalServer) -> None:
    watched = visit("/public/instructor-dashboard.html", url=demo_server.url)
    log_in(watched.page, INSTRUCTOR_PASSWORD)
    expect(watched.page.locator("tbody tr")).to_have_count(40)


def test_wrong_and_missing_passwords_are_reported(visit: Visit, own_server: LocalServer) -> None:
    page = visit(PATH, url=own_server.url).page
    page.get_by_role("button", name="Load Sessions").click()
    expect(page.get_by_text("Enter the password from your")).to_be_visible()
    for _tries in range(5):
        log_in(page, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("not right")
        page.get_by_label("Password").fill("")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("You can try again in 1[45] min"))


def test_counts_add_up_and_a_click_on_one_filters_the_rows(dashboard: WatchedPage) -> None:
    page = dashboard.page
    counts = page.locator(".count b").all_inner_texts()
    assert sum(map(int, counts)) == 40
    page.locator(".count", has_text="Completed").click()
    expect(page.locator("tbody tr")).to_have_count(int(counts[3]))
    expect(page.get_by_role("status").last).to_contain_text(f"{counts[3]} of 40 students")
    assert page.url.endswith("#status=completed")
    page.locator(".count", has_text="Completed").click()
    expect(page.locator("tbody tr")).to_have_count(40)


def test_link_with_a_filter_opens_filtered(visit: Visit, demo_server: LocalServer) -> None:
    page = visit(f"{PATH}#status=stuck", url=demo_server.url).page
    log_in(page)
    expect(page.locator(".count[aria-pressed=true]")).to_contain_text("Stuck")
    expect(page.locator("tbody .badge.warn").first).to_be_visible()
    assert page.locator("tbody .badge:not(.warn)").count() == 0


def test_search_by_keyboard_opens_a_student_and_returns_to_the_row(dashboard: WatchedPage) -> None:
    page = dashboard.page
    page.keyboard.press("/")
    page.keyboard.type("rosa del")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator(".who button").last.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_be_focused()
    expect(dialog).to_contain_text("rosa.delgado@example.com")
    expect(dialog.locator("tbody tr", has_text="Connect Accounts")).to_contain_text("min")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".who button").last).to_be_focused()


def test_sorting_by_a_column_is_announced(dashboard: WatchedPage) -> None:
    page = dashboard.page
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator("th.pc").first).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Done").first.click()
    expect(page.locator("th.pc").first).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody .pc").first).to_have_text("100 %")


def test_page_shows_only_that_a_key_is_set(dashboard: WatchedPage) -> None:
    page = dashboard.page
    page.get_by_label("Search").fill("Amara")
    page.locator(".who button").last.click()
    keys = page.locator("dd", has=page.locator(".badge"))
    expect(keys.first).to_have_text("set")
    assert "sk-" not in page.content()


def test_export_has_the_filtered_rows(dashboard: WatchedPage, tmp_path: Path) -> None:
    page = dashboard.page
    page.locator(".count", has_text="Not started").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export 3 rows").click()
    download.value.save_as(tmp_path / "students.csv")
    lines = (tmp_path / "students.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("name,email,github,status,1 Connect Accounts")


def test_page_refreshes_itself_and_keeps_the_focus(visit: Visit, own_server: LocalServer) -> None:
    page = visit(PATH, url=own_server.url, clock=True).page
    log_in(page)
    expect(page.get_by_role("heading", name="No student has begun")).to_be_visible()
    report(own_server, 1, studentName="Ann", studentEmail="ann@example.com")
    page.clock.run_for(REFRESH_MS)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator(".who button").last.focus()
    httpx.post(f"{own_server.url}/api/ask-for-help", json={"sessionToken": f"{TOKEN[:-2]}01"})
    page.clock.run_for(REFRESH_MS)
    expect(page.locator(".note.warn")).to_contain_text("1 hand raised")
    expect(page.locator(".who button").last).to_be_focused()
    page.locator(".who button").last.press("Enter")
    page.get_by_role("button", name="Mark as helped").click()
    expect(page.locator(".note.warn")).to_have_count(0)


def test_old_figures_stay_while_the_server_is_away(
    visit: Visit, start_server: Callable[..., LocalServer]
) -> None:
    server = start_server()
    report(server, 1, studentName="Ann")
    page = visit(PATH, url=server.url, clock=True).page
    log_in(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    server.stop()
    page.clock.run_for(REFRESH_MS)
    expect(page.locator(".note.warn")).to_contain_text("These figures are from")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("button", name="Try now")).to_be_visible()


def test_paused_page_asks_for_nothing(visit: Visit, own_server: LocalServer) -> None:
    report(own_server, 1, studentName="Ann")
    page = visit(PATH, url=own_server.url, clock=True).page
    log_in(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    with page.expect_request("**/api/**"):
        page.clock.run_for(REFRESH_MS)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    # Once a call of the test has ended, all earlier calls of the page are in `calls`.
    for _refresh in range(3):
        page.evaluate("fetch('/health').then((response) => response.text())")
        page.clock.run_for(REFRESH_MS)
    assert [httpx.URL(url).path for url in calls] == ["/health"] * 3
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Live")).to_be_visible()


def test_session_and_student_are_deleted_after_a_typed_confirmation(
    visit: Visit, own_server: LocalServer
) -> None:
    for n in (1, 2):
        report(own_server, n, studentName="Ann", studentEmail="ann@example.com", stepNumber=n)
    page = visit(PATH, url=own_server.url).page
    log_in(page)
    page.locator(".who button").last.click()
    page.get_by_role("button", name="Delete …").last.click()
    confirmation = page.get_by_role("dialog").last
    confirmation.get_by_label("Type DELETE").fill("delete")
    confirmation.get_by_role("button", name="Delete session").click()
    expect(confirmation).to_contain_text("Nothing was changed")
    confirmation.get_by_label("Type DELETE").fill("DELETE")
    confirmation.get_by_role("button", name="Delete session").click()
    expect(page.get_by_role("button", name="Delete …")).to_have_count(1)
    page.get_by_role("button", name="Delete student …").click()
    confirmation = page.get_by_role("dialog").last
    confirmation.get_by_label("Type ann@example.com").fill("ann@example.com")
    confirmation.get_by_role("button", name="Delete student", exact=True).click()
    expect(page.get_by_role("heading", name="No student has begun")).to_be_visible(timeout=15_000)


def test_instructors_may_read_and_their_changes_are_refused_with_the_reason(
    visit: Visit, own_server: LocalServer
) -> None:
    report(own_server, 1, studentName="Ann", studentEmail="ann@example.com")
    page = visit(PATH, url=own_server.url).page
    log_in(page, INSTRUCTOR_PASSWORD)
    page.locator(".who button").last.click()
    page.get_by_role("button", name="Delete student …").click()
    confirmation = page.get_by_role("dialog").last
    confirmation.get_by_label("Type ann@example.com").fill("ann@example.com")
    confirmation.get_by_role("button", name="Delete student", exact=True).click()
    expect(confirmation.get_by_role("alert")).to_contain_text("does not open this call")
    expect(confirmation.get_by_role("alert")).to_contain_text("ADMIN_PASSWORD")


def test_hostile_names_and_values_are_shown_as_text(visit: Visit, own_server: LocalServer) -> None:
    for n, name in enumerate(HOSTILE, start=1):
        report(own_server, n, studentName=name, studentEmail=f"s{n}@example.com")
    save = {
        "sessionToken": f"{TOKEN[:-2]}01",
        "systemPrompt": HOSTILE[0],
        "useCaseDescription": HOSTILE[1],
    }
    httpx.post(f"{own_server.url}/api/student-config-save", json=save).raise_for_status()
    bug = {"sessionToken": f"{TOKEN[:-2]}01", "description": HOSTILE[0]}
    httpx.post(f"{own_server.url}/api/report-bug", json=bug).raise_for_status()
    watched = visit(PATH, url=own_server.url, width=320)
    log_in(watched.page)
    expect(watched.page.locator("tbody tr")).to_have_count(len(HOSTILE))
    names = watched.page.locator(".who bdi").all_inner_texts()
    assert sorted(names) == sorted(HOSTILE)
    watched.page.locator(".who button", has_text="<img").click()
    expect(watched.page.get_by_role("dialog")).to_contain_text("Bug reported")
    assert watched.overflow <= 0
    assert errors_but_refusals(watched) == []


def test_many_students_are_shown_a_hundred_at_a_time_and_filtered(
    visit: Visit, own_server: LocalServer
) -> None:
    with httpx.Client(base_url=own_server.url, timeout=60) as client:
        for n in range(130):
            body = {
                "sessionToken": f"ws_{n:013d}_{'0' * 64}",
                "studentName": f"Student {n}",
                "studentEmail": f"s{n}@example.com",
                "stepNumber": 1,
            }
            assert client.post("/api/student-progress", json=body).status_code == 200
    page = visit(PATH, url=own_server.url).page
    log_in(page)
    expect(page.locator("tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Show 30 more of 30").click()
    expect(page.locator("tbody tr")).to_have_count(130)
    page.get_by_label("Search").fill("student 129")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_role("heading", name="No student named “nobody”")).to_be_visible()
