"""The study page as an app: it opens without the server, and can be installed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from local.pages import shell
from tests.browser.offline import PATH, WAIT_FOR_WORKER, unexpected_errors
from tests.browser.school import School
from tests.browser.site import Site, running_site
from tests.support.browser import WatchedPage, watched_page

WAIT_FOR_NEW_COPY = """
async (old) => {
  await (await navigator.serviceWorker.ready).update();
  for (;;) {
    const [first, ...others] = await caches.keys();
    if (first !== old && others.length === 0) return;
    await new Promise((next) => setTimeout(next, 20));
  }
}
"""
"""Script that waits until another copy has replaced the one with the name `old`."""
COPY_NAMES = "caches.keys()"
OUTCOME = """
async () => {
  const registration = await navigator.serviceWorker.ready;
  await registration.update().catch(() => {});
  const next = registration.installing;
  if (!next || next.state === "redundant") return "redundant";
  return new Promise((resolve) => {
    next.addEventListener("statechange", () => resolve(next.state));
  });
}
"""
"""Script that returns the state of a new version of the worker after its installation."""
OFFER = """
() => {
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  offer.prompt = async () => { window.prompts = (window.prompts ?? 0) + 1; };
  dispatchEvent(offer);
  return offer.defaultPrevented;
}
"""
"""Script that offers to install the page; returns whether the page keeps the offer for later."""
LOG_IN = """localStorage.setItem("stepwise.account", JSON.stringify(
  { access: "a", refresh: "r", username: "ann", role: "student" }))"""
TITLE = "What should you study today?"
NEW_TITLE = "Second version"
CARD = "Install this page"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Site, str]]:
    with running_site(tmp_path) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, site: tuple[Site, str]) -> Iterator[WatchedPage]:
    """The study page, after its service worker has copied the files."""
    with ExitStack() as stack:
        watched = stack.enter_context(watched_page(browser, site[1], workers=True))
        watched.open(PATH, idle=False)
        watched.page.evaluate(WAIT_FOR_WORKER)
        yield watched


def test_page_opens_without_a_connection_and_loads_more_on_demand(watched: WatchedPage) -> None:
    page = watched.page
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_have_text(TITLE)
    expect(page.get_by_role("button", name="Create an account")).to_be_visible()
    assert page.evaluate("[...document.styleSheets].every((sheet) => sheet.cssRules.length > 0)")
    page.evaluate(LOG_IN)
    page.reload()
    expect(page.get_by_text("This computer is offline.")).to_be_visible()
    assert watched.overflow_at(320, 640, 2560) == [0, 0, 0]
    assert watched.violations() == []
    assert unexpected_errors(watched) == []


def test_other_pages_and_calls_are_not_answered_from_the_copy(watched: WatchedPage) -> None:
    page = watched.page
    paths = page.evaluate(
        """async () => {
          const copy = await caches.open((await caches.keys())[0]);
          return (await copy.keys()).map(({ url }) => new URL(url).pathname);
        }"""
    )
    assert PATH in paths
    assert "/learn/practice.js" in paths
    assert not [path for path in paths if path.startswith("/api/")]
    page.context.set_offline(True)
    for path in ("/api/learning/profile", "/admin", "/teach"):
        call = "path => fetch(path).then(() => 'answered', () => 'lost')"
        assert page.evaluate(call, path) == "lost"


@pytest.mark.parametrize("fault", ["slow", "failing"])
def test_page_opens_while_the_server_is_slow_or_failing(
    watched: WatchedPage, site: tuple[Site, str], fault: str
) -> None:
    server, _url = site
    server.delay = 60.0 if fault == "slow" else 0.0
    server.is_failing = fault == "failing"
    watched.page.reload()
    expect(watched.page.locator("h1")).to_have_text(TITLE)
    server.delay, server.is_failing = 0.0, False
    server.replace("learn/texts.js", TITLE, NEW_TITLE)
    watched.page.reload()
    expect(watched.page.locator("h1")).to_have_text(NEW_TITLE)


def test_new_version_replaces_the_copy(watched: WatchedPage, site: tuple[Site, str]) -> None:
    server, _url = site
    page = watched.page
    before = page.evaluate(COPY_NAMES)
    server.replace("learn/texts.js", TITLE, NEW_TITLE)
    (server.folder / shell.WORKER).write_text(shell.content(server.folder), encoding="utf-8")
    page.reload()
    page.evaluate(WAIT_FOR_NEW_COPY, before[0])
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_have_text(NEW_TITLE)


def test_half_deployed_version_leaves_the_copy_as_it_was(
    watched: WatchedPage, site: tuple[Site, str]
) -> None:
    server, _url = site
    page = watched.page
    server.replace("learn/texts.js", TITLE, NEW_TITLE)
    (server.folder / shell.WORKER).write_text(shell.content(server.folder), encoding="utf-8")
    server.replace("learn/practice.js", "// ", "// newer than the worker's list ")
    outcome = page.evaluate(OUTCOME)
    assert outcome == "redundant"
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_have_text(TITLE)


def test_page_offers_its_installation_until_it_is_put_off(browser: Browser, school: School) -> None:
    with watched_page(browser, school.url, width=320) as watched:
        page = watched.page
        watched.open("/icon.svg", idle=False)
        school.register().enter(watched, PATH)
        card = page.locator(".card", has_text=CARD)
        expect(page.locator("h1")).to_contain_text("days to your exam.")
        expect(card).to_have_count(0)
        assert page.evaluate(OFFER) is True
        expect(card).to_be_visible()
        assert watched.violations() == []
        assert watched.overflow == 0
        card.get_by_role("button", name="Install").press("Enter")
        expect(card).to_have_count(0)
        assert page.evaluate("window.prompts") == 1
        page.evaluate(OFFER)
        card.get_by_role("button", name="Not now").press("Enter")
        expect(card).to_have_count(0)
        page.reload()
        expect(page.locator("h1")).to_contain_text("days to your exam.")
        page.evaluate(OFFER)
        expect(card).to_have_count(0)
        # "Not now" holds for 7 days. An iPhone has `standalone` and makes no offer. To imitate
        # an iPhone, the test sends `appinstalled`, on which the page drops the offer above.
        page.evaluate("localStorage.setItem('stepwise.install', String(Date.now() - 8 * 864e5))")
        page.evaluate("Object.defineProperty(navigator, 'standalone', { value: false })")
        page.evaluate("dispatchEvent(new Event('appinstalled'))")
        expect(page.get_by_text("Add to Home Screen")).to_be_visible()
        expect(card.get_by_role("button", name="Install")).to_have_count(0)
        assert watched.errors == []
