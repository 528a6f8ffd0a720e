"""A real browser, and everything it complains about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ARGUMENTS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`violation: ${event.violatedDirective} ${event.blockedURI}`));
"""


def find_browser() -> str | None:
    """The browser of this machine; none is downloaded."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def running_browser(path: str) -> Iterator[Browser]:
    """A headless browser for a block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and what went wrong on it: script errors, console errors, broken policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go there and wait until nothing loads any more."""
        self.page.goto(path, wait_until="networkidle")

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(width))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@contextmanager
def watched_page(browser: Browser, base_url: str, *, width: int = 1200) -> Iterator[Watched]:
    """A page in a fresh profile."""
    context = browser.new_context(
        base_url=base_url, viewport={"width": width, "height": 800}, service_workers="block"
    )
    context.add_init_script(REPORT_VIOLATIONS)
    watched = Watched(context.new_page())
    watched.page.on("console", watched._note)
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield watched
    context.close()
