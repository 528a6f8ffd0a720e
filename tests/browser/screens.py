"""Pictures of the pages for docs/screens/, taken from a running `make dev` with its demo data.

Run `make seed-legacy` first, so that there is something to migrate, and then `make screens`.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from lib.settings import Settings
from local.demo.planner_accounts import DILIGENT, TEACHER, demo_password
from local.demo.pool import POOL_ID
from local.servers.own_secrets import own_secrets
from tests.support.browser import find_browser, running_browser

URL = "http://127.0.0.1:5300"
ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screens"
LOCAL = ROOT / ".local"
"""Data and secrets of `make dev`."""
SIZE = (1280, 800)
SETTLE_MS = 500
STUDENT_IN_THE_WORKSHOP = "Rosa Delgado"
STUDENT_WITH_TESTS = "d7dbb526-c3ee-55b2-80a8-7d9eeb09eb7b"  # Aisha Khan, who has taken four tests


def _dashboard(page: Page) -> None:
    page.goto(f"{URL}/instructor-dashboard")
    page.locator("tbody tr").nth(30).wait_for()


def _student(page: Page) -> None:
    _dashboard(page)
    page.locator(".who button").nth(1).click()
    page.get_by_text("Test results").wait_for()


def _pool(page: Page) -> None:
    page.goto(f"{URL}/questions")
    page.get_by_role("link", name="Demo: school mathematics").click()
    page.get_by_text("150 of 150 questions.").wait_for()


def _dry_run(page: Page) -> None:
    page.goto(f"{URL}/admin#migration")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Start dry run").click()
    page.locator("[data-heading]").wait_for()
    page.locator("h1").click()  # takes the focus ring off the heading


def _workshop(page: Page) -> None:
    sessions = page.request.post(f"{URL}/api/admin-list-configs-v2", data={}).json()["sessions"]
    student = next(row for row in sessions if row["studentName"] == STUDENT_IN_THE_WORKSHOP)
    page.goto(f"{URL}/workshop#sessionToken={student['sessionToken']}")
    page.locator(".sessions tbody tr").first.wait_for()


def _answer(page: Page, questions: int) -> None:
    for number in range(1, questions + 1):
        page.get_by_text(f"Question {number} of").wait_for()
        page.keyboard.press(str(1 + number % 4))
        page.keyboard.press("Enter")
    page.get_by_text(f"Question {questions + 1} of").wait_for()


def _question(page: Page) -> None:
    page.goto(f"{URL}/test?pool={POOL_ID}")
    page.get_by_role("button", name="Start the test").click()
    _answer(page, 6)
    page.keyboard.press("2")
    page.locator("h1").click()


def _short_test(page: Page) -> None:
    page.goto(URL)
    page.get_by_role("button", name="Take a test now").click()
    page.mouse.move(0, 0)
    _answer(page, 4)
    expect(page.locator("#demo")).to_contain_text("after your last answer")


def _store_tests(page: Page, student: str) -> None:
    """Give the browser a student's tests, as if they had been taken in it."""
    history = page.request.get(f"{URL}/api/student/{student}/history").json()["test_sessions"]
    tests: list[dict[str, Any]] = [
        {"sessionId": test["session_id"], "studentId": student} for test in history
    ]
    script = f"localStorage.setItem('stepwise.tests', {json.dumps(json.dumps({'tests': tests}))})"
    page.add_init_script(script)


def _result(page: Page) -> None:
    _store_tests(page, STUDENT_WITH_TESTS)
    page.goto(f"{URL}/test#result")
    page.locator("svg.chart").wait_for()


def _history(page: Page) -> None:
    _store_tests(page, STUDENT_WITH_TESTS)
    page.goto(f"{URL}/test#tests")
    page.get_by_label("Concept", exact=True).select_option("Math")
    expect(page.locator("h2")).to_have_text(re.compile("Math"))


def _log_in(page: Page, username: str) -> None:
    """Log in to the study planner as an account of the demo."""
    settings = Settings(encryption_key=own_secrets(LOCAL)["ENCRYPTION_KEY"])
    body = {"username": username, "password": demo_password(settings)}
    tokens = page.request.post(f"{URL}/api/auth/login", data=body).json()
    account = {
        "access": tokens["access_token"],
        "refresh": tokens["refresh_token"],
        "username": username,
        "role": tokens["user"]["role"],
    }
    account_text = json.dumps(json.dumps(account))
    page.add_init_script(f"localStorage.setItem('stepwise.account', {account_text})")


def _study(page: Page) -> None:
    _log_in(page, DILIGENT[0])
    page.goto(f"{URL}/learn")
    page.get_by_role("button", name=re.compile("Plan (today|again)")).click()
    page.locator(".plan li").first.wait_for()
    expect(page.locator("h1")).to_contain_text("Today can bring")
    expect(page.get_by_role("button", name="Planning")).to_have_count(0, timeout=30_000)
    page.evaluate("scrollTo(0, 0)")


def _practice(page: Page) -> None:
    _log_in(page, DILIGENT[1])
    page.goto(f"{URL}/learn")
    page.get_by_role("link", name="Start practising").click()
    page.get_by_role("button", name="Send answer").wait_for()
    for key in ("2", "Enter", "4"):
        page.keyboard.press(key)
    page.locator("h1").click()


def _class(page: Page) -> None:
    _log_in(page, TEACHER)
    page.goto(f"{URL}/teach")
    page.locator(".rk tbody tr").nth(10).wait_for()


SCREENS: dict[str, Callable[[Page], None]] = {
    "dashboard": _dashboard,
    "student": _student,
    "pool": _pool,
    "dry-run": _dry_run,
    "workshop": _workshop,
    "question": _question,
    "result": _result,
    "history": _history,
    "short-test": _short_test,
    "study": _study,
    "practice": _practice,
    "class": _class,
}


def main() -> None:
    """Write a picture of each view of SCREENS as its window shows it, in light colours.

    Raises:
        SystemExit: If this machine has no Chromium.
    """
    path = find_browser()
    if path is None:
        raise SystemExit("This machine has no Chromium: install it, then repeat `make screens`.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_browser(path) as browser:
        for name, show in SCREENS.items():
            width, height = SIZE
            page = browser.new_page(viewport={"width": width, "height": height})
            show(page)
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()


if __name__ == "__main__":
    main()
