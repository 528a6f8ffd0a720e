"""The study page with its copy: what a browser holds, and what the server has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.school import Account
from tests.support.browser import WatchedPage, watched_page

PATH = "/learn"
BADGE = ".bar .badge"
TOPIC = "Algebraic expressions"
SYNC = "**/api/learning/sync"
WAIT_FOR_WORKER = """
async () => {
  await navigator.serviceWorker.ready;
  while (navigator.serviceWorker.controller === null) {
    await new Promise((next) => setTimeout(next, 20));
  }
}
"""
"""Script that waits until the service worker controls the page."""
STORE = """
async (write) => {
  const [{ name }] = await indexedDB.databases();
  const request = indexedDB.open(name);
  await new Promise((done) => { request.onsuccess = done; });
  const tables = request.result.transaction(["rows", "queue", "meta"], "readwrite");
  const all = (name) => new Promise((done) => {
    tables.objectStore(name).getAll().onsuccess = ({ target }) => done(target.result);
  });
  const value = (key) => new Promise((done) => {
    tables.objectStore("meta").get(key).onsuccess = ({ target }) => done(target.result);
  });
  for (const [key, content] of Object.entries(write?.meta ?? {})) {
    tables.objectStore("meta").put(content, key);
  }
  for (const row of write?.rows ?? []) tables.objectStore("rows").put(row);
  for (const operation of write?.queue ?? []) tables.objectStore("queue").put(operation);
  for (const key of write?.removed ?? []) tables.objectStore("rows").delete(key);
  const contents = { rows: await all("rows"), queue: await all("queue") };
  for (const key of ["device", "sync"]) contents[key] = await value(key);
  request.result.close();
  return contents;
}
"""
"""Script that writes `meta`, `rows` and `queue` to the only copy in this browser, deletes the rows
`removed`, and returns the contents of the copy."""


@contextmanager
def laptop(browser: Browser, account: Account, path: str = PATH) -> Iterator[WatchedPage]:
    """Open the page in a browser of its own, which holds a copy when the block begins."""
    with watched_page(browser, account.url, workers=True) as watched:
        watched.open("/icon.svg", idle=False)
        account.enter(watched, path)
        watched.page.evaluate(WAIT_FOR_WORKER)
        expect_synced(watched.page)
        yield watched


def expect_synced(page: Page) -> None:
    """Wait until the page shows that the server has everything."""
    expect(page.locator(BADGE)).to_contain_text("Synced")


def answer(page: Page, option: str = "1", confidence: str = "3") -> None:
    """Answer the question with the keyboard, and wait for the feedback."""
    expect(page.get_by_role("button", name="Send answer")).to_be_visible()
    for key in (option, "Enter", confidence, "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Next question")).to_be_visible()


def practise(page: Page, topic: str, answers: int = 1) -> None:
    """Answer questions of a topic, with changing options and confidence, and go back to today."""
    page.goto(f"{PATH}#practise={topic}")
    for number in range(answers):
        answer(page, str(1 + number % 2), str(1 + number % 5))
        page.keyboard.press("Enter")
    page.goto(f"{PATH}#")


def browser_copy(page: Page, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make changes, then return what the browser holds: `rows`, `queue`, `device` and `sync`."""
    contents: dict[str, Any] = page.evaluate(STORE, changes)
    return contents


def rows_here(page: Page) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of the copy by table and id."""
    return {(row["table"], row["id"]): row["columns"] for row in browser_copy(page)["rows"]}


def rows_at_server(account: Account) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the synchronised rows of a student at the server by table and id."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for table in ("student_profiles", "question_attempts", "exam_marks", "plan_arms"):
        position = None
        while True:
            query = {"table": table, "limit": 200} | ({"cursor": position} if position else {})
            body = account.get("sync/rows", **query)
            rows |= {(table, row["row_id"]): row["columns"] for row in body["rows"]}
            position = body["next_cursor"]
            if position is None:
                break
    return rows


def assert_synced(page: Page, account: Account) -> None:
    """Assert that nothing waits, and that the copy has the same rows as the server."""
    assert browser_copy(page)["queue"] == []
    assert rows_here(page) == rows_at_server(account)


def unexpected_errors(watched: WatchedPage) -> list[str]:
    """Return the errors except the browser's own lines about failed requests."""
    return [error for error in watched.errors if "Failed to load resource" not in error]
