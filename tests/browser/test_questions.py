"""The authors' page in a real browser: import, charts, editor, tickets, results."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ADMIN_PASSWORD, INSTRUCTOR_PASSWORD
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/questions"
OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
HOSTILE = "<img src=x onerror=alert(1)>"
FILE = f"""id,question,option_a,option_b,option_c,answer,concepts,difficulty
s1,What is 2 + 2?,3,4,5,4,Sums,0.3
s2,{HOSTILE},a,b,c,b,Sums,0.5
s3,No such answer,a,b,c,z,Sums,0.5
s4,Difficulty out of range,a,b,c,a,Shapes,7
s5,Which is a square?,cube,square,line,square,Shapes,0.4
s1,The same id again,a,b,c,a,Sums,0.5
"""
Visit = Callable[..., WatchedPage]


def log_in(page: Page, password: str = ADMIN_PASSWORD) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Show the pools").click()
    expect(page.get_by_role("heading", level=2, name="Import questions")).to_be_visible()


def choose(page: Page, name: str, text: str) -> None:
    chooser = page.locator('input[type="file"]')
    chooser.set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})


@pytest.fixture
def demo_pool(visit: Visit, demo_server: LocalServer) -> WatchedPage:
    """The demo's pool, opened from the list."""
    watched = visit(PATH, url=demo_server.url)
    log_in(watched.page)
    watched.page.get_by_role("link", name="Demo: school mathematics").click()
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("Demo: school mathematics")
    return watched


def pools(server: LocalServer) -> list[dict[str, Any]]:
    response = httpx.get(f"{server.url}/api/pools", headers=OPERATOR)
    rows: list[dict[str, Any]] = response.json()["pools"]
    return rows


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_authors_page_is_accessible_and_fits(
    visit: Visit, demo_server: LocalServer, width: int, *, dark: bool
) -> None:
    watched = visit(PATH, width=width, dark=dark, url=demo_server.url)
    assert watched.violations() == []
    log_in(watched.page)
    watched.page.get_by_role("link", name="Demo: school mathematics").click()
    expect(watched.page.get_by_text("150 of 150 questions.")).to_be_visible()
    assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
    assert watched.violations() == []
    for button in ("Tickets for a class", "Results"):
        watched.page.get_by_role("button", name=button).click()
        expect(watched.page.get_by_role("dialog")).to_be_visible()
        assert watched.violations() == []
        watched.page.keyboard.press("Escape")
    assert errors_but_refusals(watched) == []


def test_file_is_imported_without_its_bad_lines(visit: Visit, own_server: LocalServer) -> None:
    watched = visit(PATH, url=own_server.url)
    page = watched.page
    log_in(page)
    choose(page, "shapes.csv", FILE)
    expect(page.get_by_text("3 questions can be imported.")).to_be_visible()
    lines = page.locator(".el")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_contain_text("4")  # its line in the file
    expect(lines.nth(0)).to_contain_text("“z” is not one of the options")
    expect(lines.nth(1)).to_contain_text("difficulty: ")
    expect(lines.nth(2)).to_contain_text("s1 is already on line 2")
    assert pools(own_server) == []
    assert watched.violations() == []
    page.get_by_label("Name of the new pool").fill("Shapes and sums")
    page.get_by_role("button", name="Import 3 questions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shapes and sums")
    (pool,) = pools(own_server)
    assert (pool["question_count"], pool["concept_names"]) == (3, ["Sums", "Shapes"])
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert errors_but_refusals(watched) == []


def test_file_that_is_not_json_is_refused_with_the_line(
    visit: Visit, own_server: LocalServer
) -> None:
    page = visit(PATH, url=own_server.url).page
    log_in(page)
    choose(page, "x.json", '[\n{"id": "a"},\n{"id": }\n]')
    expect(page.get_by_text("No question can be imported.")).to_be_visible()
    expect(page.locator(".el")).to_contain_text("3")
    assert page.get_by_role("button", name="Import 0 questions").count() == 0


def test_question_is_found_opened_edited_and_retired(
    visit: Visit, start_server: Callable[..., LocalServer]
) -> None:
    server = start_server("demo")
    try:
        watched = visit(PATH, url=server.url)
        page = watched.page
        log_in(page)
        page.get_by_role("link", name="Demo: school mathematics").click()
        expect(page.get_by_text("150 of 150 questions.")).to_be_visible()
        page.get_by_label("Search").fill("mat-001")
        page.get_by_role("button", name="mat-001").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("right answer")
        dialog.get_by_role("button", name="Edit").click()
        dialog.get_by_label("Right answer").fill("18")
        dialog.get_by_role("button", name="Save the question").click()
        expect(dialog).to_contain_text("The right answer must be one of the options.")
        dialog.get_by_label("Right answer").fill("19")
        dialog.get_by_label("Question", exact=True).fill("What is 7 + 6 · 2?")
        assert watched.violations() == []
        dialog.get_by_role("button", name="Save the question").click()
        expect(dialog).to_contain_text("Saved.")
        expect(dialog).to_contain_text("7 + 6 · 2")
        dialog.get_by_role("button", name="Retire …").click()
        page.get_by_label("Type RETIRE to confirm").fill("RETIRE")
        page.get_by_role("button", name="Retire question").click()
        expect(page.get_by_text("Retired.")).to_be_visible()
        (pool,) = pools(server)
        assert (pool["question_count"], pool["retired_count"]) == (149, 1)
        assert errors_but_refusals(watched) == []
    finally:
        server.stop()


def test_charts_have_a_text_alternative(demo_pool: WatchedPage) -> None:
    page = demo_pool.page
    expect(page.get_by_text("150 of 150 questions.")).to_be_visible()
    for name in ("150 questions by difficulty and discrimination", "With 20 questions, a test"):
        expect(page.get_by_role("img", name=name)).to_be_visible()
    page.get_by_label("Concept", exact=True).select_option(label="Algebra")
    expect(page.get_by_role("img", name="a test measures Algebra")).to_be_visible()


def test_tickets_of_a_class_are_downloaded(
    demo_pool: WatchedPage, demo_server: LocalServer
) -> None:
    page = demo_pool.page
    page.get_by_role("button", name="Tickets for a class").click()
    page.get_by_role("button", name="Make tickets").click()
    expect(page.get_by_text("Enter at least one student.")).to_be_visible()
    page.get_by_label("Students, one per line").fill("ann\nDoe, Jane\nann\n")
    page.get_by_role("button", name="Make tickets").click()
    expect(page.get_by_text("2 tickets made")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [row["student_id"] for row in rows] == ["ann", "Doe, Jane"]
    assert rows[0]["link"].startswith(f"{demo_server.url}/")
    start = {"ticket": rows[0]["ticket"]}
    response = httpx.post(f"{demo_server.url}/api/test/start", json=start)
    assert response.json()["student_id"] == "ann"


def test_results_are_downloaded_whole(demo_pool: WatchedPage, demo_server: LocalServer) -> None:
    page = demo_pool.page
    (pool,) = pools(demo_server)
    page.get_by_role("button", name="Results").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert len(rows) == pool["test_count"] > 100


def test_instructors_may_read_and_their_changes_are_refused_with_the_reason(
    visit: Visit, demo_server: LocalServer
) -> None:
    page = visit(PATH, url=demo_server.url).page
    log_in(page, INSTRUCTOR_PASSWORD)
    page.get_by_role("link", name="Demo: school mathematics").click()
    page.get_by_role("button", name="Tickets for a class").click()
    page.get_by_label("Students, one per line").fill("ann")
    page.get_by_role("button", name="Make tickets").click()
    expect(page.get_by_role("alert")).to_contain_text("This password does not allow that.")


def test_wrong_password_shows_nothing(visit: Visit, own_server: LocalServer) -> None:
    page = visit(PATH, url=own_server.url).page
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Show the pools").click()
    expect(page.get_by_role("alert")).to_contain_text("This password is not right.")
    expect(page.get_by_role("heading", level=2, name="Import questions")).to_have_count(0)
