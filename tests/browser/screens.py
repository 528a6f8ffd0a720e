"""Pictures of the pages for docs/screens/, of a running `make dev` with its demo data.

Run `make seed-legacy` first, so that there is something to migrate, and then `make screens`.
"""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.support.browser import find_browser, running_browser

URL = "http://127.0.0.1:5300"
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
SIZE = (1280, 800)
SETTLE_MS = 500


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


SCREENS: dict[str, Callable[[Page], None]] = {
    "dashboard": _dashboard,
    "student": _student,
    "pool": _pool,
    "dry-run": _dry_run,
}


def main() -> None:
    """Write a picture of the first screen of each page, in light colours.

    Raises:
        SystemExit: If this machine has no Chromium.
    """
    path = find_browser()
    if path is None:
        raise SystemExit("There is no Chromium on this machine.")
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
