"""The study page's copy when the server refuses calls or is updated, or the browser deletes it."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.offline import (
    BADGE,
    PATH,
    SYNC,
    assert_synced,
    browser_copy,
    expect_synced,
    laptop,
    practise,
    unexpected_errors,
)
from tests.browser.school import Account


def write(page: Page, content: dict[str, Any]) -> None:
    """Write into the store while no page uses it."""
    page.goto("/icon.svg")
    browser_copy(page, content)


def wait_for_attempts(page: Page, account: Account, count: int) -> None:
    """Wait until the server has stored `count` answers."""
    for _ in range(100):
        if account.get("attempts")["count"] == count:
            return
        page.wait_for_timeout(100)
    assert account.get("attempts")["count"] == count


@pytest.mark.parametrize(
    ("invalid", "reason"),
    [
        ({"columns": {"answer": "x" * 300_000}}, "larger than"),
        ({"clock": "yesterday"}, "clock"),
    ],
)
def test_change_that_makes_a_call_unreadable_is_rejected_and_the_others_are_sent(
    browser: Browser, student: Account, topic: str, invalid: dict[str, Any], reason: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        practise(page, topic, answers=4)
        second = browser_copy(page)["queue"][1]
        columns = {**second["columns"], **invalid.get("columns", {})}
        browser_copy(page, {"queue": [{**second, **invalid, "columns": columns}]})
        page.context.set_offline(False)
        expect(page.locator(BADGE)).to_contain_text("1 refused")
        wait_for_attempts(page, student, 3)
        [rejected] = browser_copy(page)["queue"]
        assert rejected["id"] == second["id"]
        assert rejected["state"] == "rejected"
        assert reason in rejected["reason"]
        expect(page.get_by_text(rejected["reason"])).to_be_visible()
        page.get_by_role("button", name="Remove from this list").click()
        expect_synced(page)


def foreign_response(status: int) -> Callable[[Route], None]:
    """Return a handler that responds in the server's place, as a captive portal does."""
    page = "<html>Accept the terms</html>"
    return lambda route: route.fulfill(status=status, content_type="text/html", body=page)


def test_response_that_is_not_from_the_server_rejects_no_change(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        for pattern, status in (
            *(("**/api/**", status) for status in (200, 401, 404)),
            *((SYNC, status) for status in (401, 413, 422)),
        ):
            page.context.route(pattern, foreign_response(status))
            if status == HTTPStatus.OK:
                practise(page, topic)
            with page.expect_request("**/api/learning/content-files"):
                page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(500)
            expect(page.locator(BADGE)).to_contain_text("1 answer waiting")
            page.context.unroute(pattern)
        page.evaluate("dispatchEvent(new Event('online'))")
        expect_synced(page)
        assert student.get("attempts")["count"] == 1
        assert page.evaluate("localStorage.getItem('stepwise.account')") is not None
        assert_synced(page, student)


def test_cursor_that_the_server_cannot_read_is_dropped(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        practise(page, topic)
        expect_synced(page)
        write(page, {"meta": {"sync": {**browser_copy(page)["sync"], "cursor": "not a cursor"}}})
        page.goto(PATH)
        practise(page, topic)
        wait_for_attempts(page, student, 2)
        expect_synced(page)
        assert browser_copy(page)["sync"]["cursor"] != "not a cursor"
        assert_synced(page, student)


def test_unknown_table_is_left_alone_and_a_known_one_that_differs_is_repaired_once(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        row_urls: list[str] = []
        page.context.on(
            "request", lambda sent: row_urls.append(sent.url) if "/sync/rows" in sent.url else None
        )

        def respond_as_newer(route: Route) -> None:
            response = route.fetch()
            body = response.json()
            body["rows"].append(
                {
                    "table_name": "moods",
                    "row_id": str(UUID(int=1)),
                    "is_deleted": False,
                    "columns": {"mood": "good"},
                    "clocks": {},
                }
            )
            if body["digests"]:
                body["digests"]["moods"] = {"count": 1, "sha256": "0" * 64}
                body["digests"]["exam_marks"] = {"count": 7, "sha256": "1" * 64}
            route.fulfill(response=response, json=body)

        page.context.route(SYNC, respond_as_newer)
        for number in range(3):
            practise(page, topic)
            wait_for_attempts(page, student, number + 1)
            expect_synced(page)
            page.wait_for_timeout(500)
        assert len(row_urls) == 1
        assert "exam_marks" in row_urls[0]
        assert_synced(page, student)
        assert unexpected_errors(watched) == []


@pytest.mark.parametrize("change", ["content", "version"])
def test_refused_answer_is_sent_again_when_the_server_may_accept_it(
    browser: Browser, student: Account, topic: str, change: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page

        def spoil(route: Route) -> None:
            body = json.loads(route.request.post_data or "{}")
            for each in body["operations"]:
                each["columns"]["question_id"] = str(UUID(int=1))
            route.continue_(post_data=json.dumps(body))

        page.context.route(SYNC, spoil)
        practise(page, topic)
        expect(page.locator(BADGE)).to_contain_text("1 refused")
        page.context.unroute(SYNC)
        page.reload()
        expect(page.locator(BADGE)).to_contain_text("1 refused")
        page.wait_for_timeout(500)
        assert student.get("attempts")["count"] == 0
        # As if the content or the version of the server had changed since the refusal.
        key, value = ("content", "old") if change == "content" else ("sync", {"version": 0})
        write(page, {"meta": {key: value}})
        page.goto(PATH)
        expect_synced(page)
        assert student.get("attempts")["count"] == 1
        assert browser_copy(page)["queue"] == []
        assert_synced(page, student)


def test_store_that_the_browser_has_deleted_is_a_new_device(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        practise(page, topic)
        expect_synced(page)
        before = browser_copy(page)["device"]["id"]
        page.goto("/icon.svg")
        page.evaluate(
            """async () => {
              const [{ name }] = await indexedDB.databases();
              const request = indexedDB.deleteDatabase(name);
              await new Promise((done) => { request.onsuccess = done; });
            }"""
        )
        page.goto(PATH)
        expect_synced(page)
        assert browser_copy(page)["device"]["id"] != before
        assert_synced(page, student)
        assert unexpected_errors(watched) == []


def test_answer_without_room_is_reported_as_not_saved_and_sent_when_online(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.goto(f"{PATH}#practise={topic}")
        expect(page.get_by_role("button", name="Send answer")).to_be_visible()
        page.evaluate(
            """() => {
              const full = () => { throw new DOMException("full", "QuotaExceededError"); };
              IDBObjectStore.prototype.put = full;
              Storage.prototype.setItem = full;
            }"""
        )
        page.context.set_offline(True)
        for key in ("1", "Enter", "3", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_text("so it is not saved")).to_be_visible()
        expect(page.get_by_text("This browser has no room left for this page.")).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_role("button", name="Next question")).to_be_visible()
        assert student.get("attempts")["count"] == 1


def test_page_that_is_too_old_for_the_server_says_so_and_keeps_its_answers(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page

        def send_unsupported_version(route: Route) -> None:
            body = json.loads(route.request.post_data or "{}")
            body["device"]["schema_version"] = 9
            route.continue_(post_data=json.dumps(body))

        page.context.route(SYNC, send_unsupported_version)
        practise(page, topic)
        expect(page.get_by_text("This page is older than the server.")).to_be_visible()
        assert len(browser_copy(page)["queue"]) == 1
        page.context.unroute(SYNC)
        page.reload()
        expect_synced(page)
        assert student.get("attempts")["count"] == 1
