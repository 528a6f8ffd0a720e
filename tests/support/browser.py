"""A real browser whose pages record errors."""

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
EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`violation: ${event.violatedDirective} ${event.blockedURI}`));
"""


def find_browser() -> str | None:
    """Return the path of this machine's browser, None if there is none."""
    return next((path for name in EXECUTABLES if (path := shutil.which(name))), None)


@contextmanager
def running_browser(path: str) -> Iterator[Browser]:
    """Run a headless browser for a block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class WatchedPage:
    """A page with its script errors, console errors and violations of the content security
    policy."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a path and wait until the network is idle."""
        self.page.goto(path, wait_until="networkidle")

    @property
    def overflow(self) -> int:
        """Number of pixels by which the page is wider than the window."""
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(width))

    def _record(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)


@contextmanager
def watched_page(browser: Browser, base_url: str, *, width: int = 1200) -> Iterator[WatchedPage]:
    """Open a page in a fresh profile for a block."""
    context = browser.new_context(
        base_url=base_url, viewport={"width": width, "height": 800}, service_workers="block"
    )
    context.add_init_script(REPORT_VIOLATIONS)
    watched = WatchedPage(context.new_page())
    watched.page.on("console", watched._record)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    yield watched
    context.close()
