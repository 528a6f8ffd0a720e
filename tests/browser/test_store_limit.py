"""The study page's store while IndexedDB does not respond: every operation ends, with an error."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.offline import (
    PATH,
    assert_synced,
    expect_synced,
    laptop,
    practise,
)
from tests.browser.school import Account
from tests.support.browser import WatchedPage

LIMIT_MS = 1500
STORE = f"""
const {{ openStore, removeStore }} = await import("/learn/offline/store.js");
const name = `stepwise.learn.${{user}}`;
const open = () => openStore(user, {{ limit: {LIMIT_MS} }});
const done = (request) => new Promise((resolve, reject) => {{
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
}});
const row = (id) => ({{ table: "question_attempts", id }});
const ids = async (store) => {{
  const rows = await store.read((tables) => tables.rows("question_attempts"));
  return rows.map(({{ id }}) => id);
}};
const failure = (promise) =>
  promise.then(() => null, ({{ kind, reason, cause }}) => [kind, reason, cause.name]);
"""
"""Functions for scripts: they open the store, return the ids of its rows, and return the failure of
an operation, or null."""
HOLD = """
(name) => new Promise((resolve) => {
  const request = indexedDB.open(name);
  request.onsuccess = () => {
    const rows = request.result.transaction("rows", "readwrite").objectStore("rows");
    const again = () => {
      if (globalThis.released) request.result.close();
      else rows.count().onsuccess = again;
    };
    rows.count().onsuccess = () => { again(); resolve(); };
  };
})
"""
"""Script that keeps a database busy, as another tab can, until `released` is true."""
NO_END = """
new Promise((_, reject) => setTimeout(() => reject(new Error("the script does not end")), 60_000))
"""


@pytest.fixture
def page(visit: Callable[..., WatchedPage]) -> Page:
    """A page of the site that does not open the store."""
    return visit("/icon.svg", idle=False).page


def run(page: Page, user: str, script: str) -> Any:
    """Run a script with the functions of `STORE`; return its result, or fail if it does not end."""
    whole_script = f"async (user) => {{ {STORE} {script} }}"
    return page.evaluate(f"(user) => Promise.race([({whole_script})(user), {NO_END}])", user)


UNAVAILABLE = ["storage", "unavailable", "TimeoutError"]


def test_transaction_that_never_begins_fails_and_stores_nothing(page: Page) -> None:
    outcome = run(
        page,
        "transaction",
        f"""
        const store = await open();
        await ({HOLD})(name);
        const writing = store.write((tables) => tables.put("rows", row("a")));
        const failures = await Promise.all([failure(writing), failure(ids(store))]);
        globalThis.released = true;
        const before = await ids(store);
        await store.write((tables) => tables.put("rows", row("b")));
        return {{ failures, before, after: await ids(store) }};
        """,
    )
    assert outcome == {"failures": [UNAVAILABLE, UNAVAILABLE], "before": [], "after": ["b"]}


def test_store_fails_to_open_while_another_tab_blocks_an_upgrade(page: Page) -> None:
    outcome = run(
        page,
        "upgrade",
        """
        const other = await done(indexedDB.open(name, 1));
        const upgrade = indexedDB.open(name, 2);
        await new Promise((blocked) => { upgrade.onblocked = blocked; });
        const openFailure = await failure(open());
        other.close();
        (await done(upgrade)).close();
        return openFailure;
        """,
    )
    assert outcome == UNAVAILABLE


def test_store_that_opens_too_late_is_closed(page: Page) -> None:
    """Otherwise, it would block the removal of the database."""
    outcome = run(
        page,
        "late",
        """
        const other = await done(indexedDB.open(name, 1));
        const removal = indexedDB.deleteDatabase(name);
        await new Promise((blocked) => { removal.onblocked = blocked; });
        const openFailure = await failure(open());
        other.close();
        await done(removal);
        const later = indexedDB.deleteDatabase(name);
        const end = await new Promise((resolve) => {
          for (const type of ["success", "blocked"]) later[`on${type}`] = () => resolve(type);
        });
        return [openFailure, end];
        """,
    )
    assert outcome == [UNAVAILABLE, "success"]


def test_removal_returns_while_another_tab_blocks_it_and_happens_later(page: Page) -> None:
    outcome = run(
        page,
        "removal",
        f"""
        const other = await done(indexedDB.open(name, 1));
        await removeStore(user, {LIMIT_MS});
        other.close();
        const names = async () => (await indexedDB.databases()).map((each) => each.name);
        while ((await names()).includes(name)) await new Promise((next) => setTimeout(next, 20));
        return "removed";
        """,
    )
    assert outcome == "removed"


def test_writes_may_take_longer_than_the_limit_while_requests_complete(page: Page) -> None:
    outcome = run(
        page,
        "progress",
        f"""
        const store = await open();
        const end = Date.now() + {3 * LIMIT_MS};
        const long = store.write(async (tables) => {{
          await tables.put("rows", row("a"));
          while (Date.now() < end) await tables.get("rows", ["question_attempts", "a"]);
        }});
        const waiting = store.write((tables) => tables.put("rows", row("b")));
        await Promise.all([long, waiting]);
        return ids(store);
        """,
    )
    assert outcome == ["a", "b"]


def test_answer_is_sent_to_the_server_when_the_store_does_not_respond(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        practise(page, topic)
        expect_synced(page)
        page.clock.install()
        page.goto(f"{PATH}#practise={topic}")
        expect(page.get_by_role("button", name="Send answer")).to_be_visible()
        [database] = page.evaluate("indexedDB.databases()")
        page.evaluate(HOLD, database["name"])
        for key in ("1", "Enter", "3", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="Sending …")).to_be_visible()
        page.clock.run_for(35_000)  # the store's own limit is 30 s
        expect(page.get_by_role("button", name="Next question")).to_be_visible()
        expect(page.get_by_text("This browser keeps no data for this page.")).to_be_visible()
        assert student.get("attempts")["count"] == 2
        page.goto("/icon.svg")  # this ends the transaction that keeps the database busy
        practise(page, topic)
        expect_synced(page)
        assert student.get("attempts")["count"] == 3
        assert_synced(page, student)
