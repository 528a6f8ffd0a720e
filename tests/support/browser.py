"""A real browser whose pages record errors."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.node_packages import install_packages

ARGUMENTS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HEADLESS_SHELL = "chromium-headless-shell"
"""Chromium without windows, which takes a fifth of the time for a new profile."""
EXECUTABLES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "chrome")
AXE = """
async (tags) => {
  const options = { runOnly: tags, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, options);
  return violations;
}
"""
"""Axe-core describes only violations here: describing every element that passes takes longer."""
WCAG_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NO_ICON = "/favicon.ico"
"""Address that the browser tries when a test opens a file that is not a page, such as icon.svg."""
WORKER_BLOCKED = "Service Worker registration blocked by Playwright"
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


@cache
def axe_source() -> str:
    """Return the code of axe-core, which the driver runs outside of the page's policy."""
    packages = install_packages(Path(__file__).parents[1] / "browser" / "javascript")
    return (packages / "node_modules" / "axe-core" / "axe.min.js").read_text()


@dataclass
class WatchedPage:
    """A page with its script errors, console errors and warnings, and violations of the content
    security policy."""

    page: Page
    errors: list[str] = field(default_factory=list)

    def open(self, path: str, *, idle: bool = True) -> None:
        """Go to a path, and wait until the network is idle or only until the files are loaded."""
        self.page.goto(path, wait_until="networkidle" if idle else "load")

    @property
    def overflow(self) -> int:
        """Number of pixels by which the page is wider than the window."""
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(width))

    def overflow_at(self, *widths: int) -> list[int]:
        """Return the number of pixels by which the page is wider than windows of these widths.

        640 pixels are a window of 1280 at 200 % zoom. The last width stays.
        """
        overflows = []
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 800})
            overflows.append(max(0, self.overflow))
        return overflows

    def violations(self) -> list[str]:
        """Return the violations of WCAG 2.2 AA and of best practices that axe-core finds.

        Each is a text with the rule, its impact, the element and a summary.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(axe_source())
        return [
            f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
            for rule in self.page.evaluate(AXE, list(WCAG_TAGS))
            for node in rule["nodes"]
        ]

    def _record(self, message: ConsoleMessage) -> None:
        is_expected = message.text == WORKER_BLOCKED or message.location["url"].endswith(NO_ICON)
        if message.type in {"error", "warning"} and not is_expected:
            self.errors.append(message.text)


def errors_but_refusals(watched: WatchedPage) -> list[str]:
    """Return the errors without the browser's own lines about responses of 401 and the like."""
    return [
        error for error in watched.errors if "the server responded with a status of" not in error
    ]


@contextmanager
def watched_page(
    browser: Browser,
    base_url: str,
    *,
    width: int = 1200,
    dark: bool = False,
    workers: bool = False,
) -> Iterator[WatchedPage]:
    """Open a page in a fresh profile for a block.

    Service workers are blocked unless `workers`: each would copy all files of its page.
    """
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        service_workers="allow" if workers else "block",
    )
    context.add_init_script(REPORT_VIOLATIONS)
    watched = WatchedPage(context.new_page())
    watched.page.on("console", watched._record)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    yield watched
    context.close()
