"""The study page without the server: practice, profile, and the queue that is sent later."""

import json
import re
from pathlib import Path
from uuid import UUID, uuid4

from playwright.sync_api import Browser, Route, expect

from tests.browser.offline import (
    BADGE,
    PATH,
    SYNC,
    TOPIC,
    assert_synced,
    browser_copy,
    expect_synced,
    laptop,
    practise,
    rows_at_server,
    rows_here,
    unexpected_errors,
)
from tests.browser.school import Account, School
from tests.support.browser import watched_page


def test_student_practises_offline_across_reloads_and_everything_is_sent_later(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        page.reload()
        expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
        expect(page.get_by_text("Recommendations and plans are from")).to_be_visible()
        practise(page, topic, answers=3)
        expect(page.get_by_text("1 of 30 days. 3 answers")).to_be_visible()
        page.reload()
        expect(page.locator(BADGE)).to_contain_text("3 answers waiting")
        expect(page.get_by_text("1 of 30 days. 3 answers")).to_be_visible()
        expect(page.get_by_text("Waiting since")).to_be_visible()
        page.get_by_role("button", name="Change exam and hours").click()
        page.get_by_label("Hours a day").fill("4.5")
        page.get_by_label("Date of the exam").fill("2098-01-02")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Finals on 2 January 2098")).to_be_visible()
        expect(page.locator(BADGE)).to_contain_text("4 changes waiting")
        assert watched.violations() == []
        assert watched.overflow_at(320, 640, 2560) == [0, 0, 0]
        here = rows_here(page)
        assert student.get("attempts")["count"] == 0
        page.context.set_offline(False)
        expect_synced(page)
        expect(page.get_by_text("The server cannot be reached.")).to_have_count(0)
        sent_rows = {key: row for key, row in here.items() if key[0] == "question_attempts"}
        at_server = rows_at_server(student)
        assert len(sent_rows) == 3
        for key, row in sent_rows.items():
            assert at_server[key]["is_correct"] == row["is_correct"]
        assert student.get("profile")["available_hours_per_day"] == 4.5
        assert student.get("profile")["exam_date"] == "2098-01-02T00:00:00Z"
        assert_synced(page, student)
        assert unexpected_errors(watched) == []


def test_browser_and_server_derive_the_same_mastery(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        practise(page, topic, answers=4)
        page.goto(f"{PATH}#progress")
        score = page.get_by_role("row").filter(has_text=TOPIC).get_by_role("cell").first
        expect(score).to_have_text(re.compile("[0-9]+"))
        offline = score.inner_text()
        page.context.set_offline(False)
        expect_synced(page)
        [mastery] = [
            it["mastery_score"]
            for it in student.get("mastery")["topics"]
            if it["topic_id"] == topic
        ]
        assert offline == str(round(mastery))
        assert mastery > 0


def test_lost_response_stores_nothing_twice(browser: Browser, student: Account, topic: str) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        lost_statuses: list[int] = []

        def lose(route: Route) -> None:
            has_attempts = "question_attempts" in (route.request.post_data or "")
            if has_attempts and len(lost_statuses) < 2:
                lost_statuses.append(route.fetch().status)
                route.abort()
            else:
                route.continue_()

        page.context.route(SYNC, lose)
        practise(page, topic)
        expect_synced(page)
        assert lost_statuses == [200, 200]
        assert student.get("attempts")["count"] == 1
        assert_synced(page, student)


def test_closed_page_keeps_the_answers_that_it_has_graded(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.route(SYNC, lambda route: route.abort())
        practise(page, topic, answers=2)
        page.close()
        page.context.unroute(SYNC)
        second = page.context.new_page()
        second.goto(PATH)
        expect_synced(second)
        assert student.get("attempts")["count"] == 2
        assert browser_copy(second)["queue"] == []
        assert rows_here(second) == rows_at_server(student)


def test_two_tabs_share_the_store_and_send_once(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        first = watched.page
        second = first.context.new_page()
        second.goto(PATH)
        expect_synced(second)
        first.context.set_offline(True)
        practise(first, topic, answers=2)
        expect(second.locator(BADGE)).to_contain_text("2 answers waiting")
        bodies: list[str] = []
        first.context.on(
            "request",
            lambda sent: (
                bodies.append(sent.post_data or "") if sent.url.endswith("/sync") else None
            ),
        )
        first.context.set_offline(False)
        expect_synced(first)
        expect_synced(second)
        bodies_with_attempts = [body for body in bodies if "question_attempts" in body]
        assert len(bodies_with_attempts) == 1
        assert student.get("attempts")["count"] == 2
        assert_synced(first, student)


def test_queue_survives_an_expired_log_in(browser: Browser, student: Account, topic: str) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        practise(page, topic)
        header, content, _signature = student.access.split(".")
        account = {
            "access": f"{header}.{content}.x",
            "refresh": "used before",
            "username": student.username,
            "role": "student",
        }
        page.evaluate("text => localStorage.setItem('stepwise.account', text)", json.dumps(account))
        page.reload()
        expect(page.locator(BADGE)).to_contain_text("1 answer waiting")
        page.context.set_offline(False)
        expect(page.get_by_text("Your log-in has ended.")).to_be_visible()
        assert len(browser_copy(page)["queue"]) == 1
        student.enter(watched, PATH)
        expect_synced(page)
        assert student.get("attempts")["count"] == 1
        assert_synced(page, student)


def test_another_user_neither_sees_nor_sends_waiting_changes(
    browser: Browser, student: Account, school: School, topic: str
) -> None:
    other = school.register()
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.route(SYNC, lambda route: route.abort())
        practise(page, topic)
        page.get_by_role("button", name="Log out").click()
        dialog = page.get_by_role("dialog", name="1 change not sent yet")
        expect(dialog).to_be_visible()
        assert watched.violations() == []
        dialog.get_by_role("button", name="Stay and send").click()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Log out").click()
        dialog.get_by_role("button", name="Log out anyway").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        page.context.unroute(SYNC)
        other.enter(watched, PATH)
        expect_synced(page)
        expect(page.get_by_text("No answers in the last 30 days.")).to_be_visible()
        assert other.get("attempts")["count"] == student.get("attempts")["count"] == 0
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Log in")).to_be_visible()
        assert len(page.evaluate("indexedDB.databases()")) == 1
        student.enter(watched, PATH)
        expect_synced(page)
        assert student.get("attempts")["count"] == 1


def test_refused_answer_is_kept_and_shown_with_the_reason(
    browser: Browser, student: Account, topic: str
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
        expect(page.get_by_text("There is no such question.")).to_be_visible()
        assert watched.violations() == []
        assert watched.overflow_at(320) == [0]
        page.context.unroute(SYNC)
        page.reload()
        expect(page.get_by_text("There is no such question.")).to_be_visible()
        expect(page.get_by_text("No answers in the last 30 days.")).to_be_visible()
        page.get_by_role("button", name="Remove from this list").click()
        expect_synced(page)
        assert_synced(page, student)


def test_unsent_answers_travel_in_a_file(
    browser: Browser, student: Account, school: School, topic: str, tmp_path: Path
) -> None:
    file = tmp_path / "answers.jsonl"
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        practise(page, topic, answers=2)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save unsent answers to a file").click()
        download.value.save_as(file)
        assert download.value.suggested_filename.endswith(".jsonl")
    with laptop(browser, student) as watched:
        page = watched.page
        page.context.set_offline(True)
        chooser = page.locator("input[type=file]")
        damaged = file.read_text().replace('"confidence":1', '"confidence":5')
        assert damaged != file.read_text()
        for content, note in (
            (damaged, "damaged or incomplete"),
            ("not a file", "not a file of unsent answers"),
            (file.read_text(), "2 changes imported."),
            (file.read_text(), "0 changes imported; 2 were here already."),
        ):
            upload = tmp_path / "upload.jsonl"
            upload.write_text(content, encoding="utf-8")
            chooser.set_input_files(upload)
            expect(page.get_by_text(note)).to_be_visible()
        expect(page.locator(BADGE)).to_contain_text("2 answers waiting")
        page.context.set_offline(False)
        expect_synced(page)
        assert student.get("attempts")["count"] == 2
        assert_synced(page, student)
    with laptop(browser, school.register()) as watched:
        watched.page.locator("input[type=file]").set_input_files(file)
        expect(watched.page.get_by_text("belongs to another student")).to_be_visible()


def test_answers_of_an_earlier_version_of_the_page_are_moved_once(
    browser: Browser, student: Account, topic: str
) -> None:
    question = student.get("questions", topic_id=topic)["questions"][0]
    kept_answer = {
        "id": str(uuid4()),
        "question_id": question["id"],
        "answer": question["options"][0],
        "time_taken_seconds": 9,
        "confidence": 2,
    }
    # A further try with the same answer: it is another attempt.
    student.post("attempts", {**kept_answer, "id": str(uuid4())})
    with watched_page(browser, student.url, workers=True) as watched:
        page = watched.page
        watched.open("/icon.svg", idle=False)
        page.evaluate(
            "text => localStorage.setItem('stepwise.answers', text)",
            json.dumps({student.username: [kept_answer, kept_answer]}),
        )
        student.enter(watched, PATH)
        expect_synced(page)
        assert page.evaluate("localStorage.getItem('stepwise.answers')") == "{}"
        assert student.get("attempts")["count"] == 2
        assert_synced(page, student)


def test_copied_store_becomes_a_new_device(browser: Browser, student: Account, topic: str) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        old = browser_copy(page)
        answers = 0
        # Each sync sends the number of earlier syncs. After two more, the number that the server
        # holds is greater than that of the old copy.
        while browser_copy(page)["device"]["syncs"] < old["device"]["syncs"] + 2:
            practise(page, topic)
            expect_synced(page)
            answers += 1
        page.goto("about:blank")
        page.goto("/icon.svg")
        browser_copy(page, {"meta": {"device": old["device"], "sync": old["sync"]}})
        page.goto(PATH)
        expect_synced(page)
        practise(page, topic)
        expect_synced(page)
        device = browser_copy(page)["device"]
        assert device["id"] != old["device"]["id"]
        assert device["former"] == [old["device"]["id"]]
        assert student.get("attempts")["count"] == answers + 1
        assert_synced(page, student)


def test_copy_that_differs_from_the_server_is_repaired(
    browser: Browser, student: Account, topic: str
) -> None:
    with laptop(browser, student) as watched:
        page = watched.page
        practise(page, topic, answers=2)
        expect_synced(page)
        page.goto("/icon.svg")
        [first, second] = [
            row for row in browser_copy(page)["rows"] if row["table"] == "question_attempts"
        ]
        changed_row = {**second, "columns": {**second["columns"], "time_taken_seconds": 1.25}}
        extra = {**second, "id": str(uuid4())}  # as if the server had been restored without it
        refused_columns = {**extra["columns"], "question_id": str(UUID(int=1))}
        refused_row = {**extra, "id": str(uuid4()), "columns": refused_columns}
        removed = [[first["table"], first["id"]]]
        browser_copy(page, {"rows": [changed_row, extra, refused_row], "removed": removed})
        assert rows_here(page) != rows_at_server(student)
        page.goto(PATH)
        expect(page.locator(BADGE)).to_contain_text("1 refused")
        expect(page.get_by_text("There is no such question.")).to_be_visible()
        expect(page.get_by_text("1 of 30 days. 3 answers")).to_be_visible()
        assert student.get("attempts")["count"] == 3
        page.get_by_role("button", name="Remove from this list").click()
        expect_synced(page)
        assert_synced(page, student)
