"""Histories of two browsers and a third device of one student, with mishaps: all copies agree."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.offline import rows_at_server
from tests.browser.school import Account, School
from tests.support.browser import watched_page

DRIVER = (Path(__file__).parent / "store_driver.js").read_text(encoding="utf-8")
MAX_STEPS = 24
TABLE = "question_attempts"
MISHAPS = ("none", "none", "dropped", "lost", "twice", "expired", "crash")
"""Dropped requests, lost responses, requests sent twice, an expired token, a crash at a write."""
TOPIC = "Algebraic expressions"


class BrowserDevice:
    """The store in one browser.

    Attributes:
        acknowledged: Ids of the answers that the store in the browser has accepted.
        at_risk: Ids of the rows whose queued changes a restoration removed; the server may lack
            them.
        edits: Column, clock and value of each change of the profile.
    """

    def __init__(self, page: Page, account: Account, skew: int) -> None:
        self._page = page
        self._account = account
        self._skew = skew
        self._copy: dict[str, Any] | None = None
        self.acknowledged: set[str] = set()
        self.at_risk: set[str] = set()
        self.edits: list[tuple[str, str, object]] = []

    def run(self, action: str, value: object = None, **options: Any) -> Any:
        """Let the driver act on the store."""
        account = {"token": self._account.access, "user": "history", "skew": self._skew}
        return self._page.evaluate(DRIVER, {**account, "action": action, "value": value, **options})

    def answer(self, question: dict[str, Any], rng: Random) -> None:
        """Answer a question."""
        body = {
            "id": str(uuid4()),
            "question_id": question["id"],
            "answer": rng.choice(question["options"] or ["true", "2"]),
            "time_taken_seconds": rng.choice([5, 7.25, 61.125]),
            "confidence": rng.randint(1, 5),
        }
        self.run("answer", body)
        self.acknowledged.add(body["id"])

    def edit(self, rng: Random) -> None:
        """Change a column of the profile."""
        column, value = rng.choice(
            [
                ("available_hours_per_day", rng.randint(1, 48) / 2),
                ("exam_date", f"2098-0{rng.randint(1, 9)}-01T00:00:00Z"),
                ("target_exam", f"Finals {rng.randint(1, 99)}"),
            ]
        )
        before, after = self.run("profile", {column: value})
        if before.get(column) != after.get(column):
            assert after[column] > before.get(column, "")
            self.edits.append((column, after[column], value))

    def sync(self, rng: Random, mishap: str) -> None:
        """Synchronise, with a mishap."""
        crash = rng.randint(1, 4) if mishap == "crash" else None
        outcome = self.run("sync", mishap="none" if crash else mishap, crash=crash)
        assert outcome.get("repaired", []) == []  # a repair would hide a lost row

    def back_up_or_restore(self) -> None:
        """Copy the store, or put the copy back, which loses what was queued since."""
        if self._copy is None:
            self._copy = self.run("dump")
            return
        copied_ids = {each["row_id"] for each in self._copy["queue"]}
        queued_ids = {each["row_id"] for each in self.run("dump")["queue"]}
        self.at_risk |= queued_ids - copied_ids
        self.run("restore", self._copy)
        self._copy = None

    def settle(self) -> dict[str, Any]:
        """Synchronise without mishaps; return all that the store holds."""
        assert self.run("sync") == {"repaired": []}
        contents: dict[str, Any] = self.run("dump")
        return contents


@pytest.fixture
def student(school: School) -> Account:
    return school.register()


@pytest.fixture
def devices(browser: Browser, student: Account) -> Iterator[list[BrowserDevice]]:
    with ExitStack() as stack:
        pages = [stack.enter_context(watched_page(browser, student.url)) for _ in range(2)]
        for watched in pages:
            watched.open("/icon.svg", idle=False)
        skews = (0, 300_000)  # milliseconds; the server accepts 10 minutes
        yield [
            BrowserDevice(watched.page, student, skew)
            for watched, skew in zip(pages, skews, strict=True)
        ]


def play(
    devices: list[BrowserDevice],
    student: Account,
    questions: list[dict[str, Any]],
    rng: Random,
    *,
    restores: bool,
) -> set[str]:
    """Play a history; return the ids of the answers that the third device has sent."""
    sent_directly = set()
    for _ in range(rng.randint(MAX_STEPS // 2, MAX_STEPS)):
        device = rng.choice(devices)
        action = rng.choice(["answer", "answer", "edit", "sync", "sync", "other"])
        if action == "answer":
            device.answer(rng.choice(questions), rng)
        elif action == "edit":
            device.edit(rng)
        elif action == "sync":
            device.sync(rng, rng.choice(MISHAPS))
        elif restores and rng.random() < 0.7:
            device.back_up_or_restore()
        else:
            question = rng.choice(questions)
            body = {"id": str(uuid4()), "question_id": question["id"], "confidence": 2}
            student.post("attempts", {**body, "answer": "x", "time_taken_seconds": 3})
            student.change("profile", {"grade": rng.randint(1, 12)})
            sent_directly.add(body["id"])
    return sent_directly


@pytest.mark.parametrize("seed", range(6))
def test_all_copies_agree_after_any_history(
    devices: list[BrowserDevice], student: Account, seed: int
) -> None:
    rng = Random(seed)
    restores = seed % 2 == 1
    [topic] = [it["id"] for it in student.get("topics")["topics"] if it["name"] == TOPIC]
    questions = student.get("questions", topic_id=topic)["questions"]
    for device in devices:
        device.settle()
    sent_directly = play(devices, student, questions, rng, restores=restores)
    for device in devices:
        device.settle()
    server = rows_at_server(student)
    for device in devices:
        contents = device.settle()
        assert contents["queue"] == []
        copy = {(row["table"], row["id"]): row["columns"] for row in contents["rows"]}
        assert copy == server
    stored_ids = {row_id for table, row_id in server if table == TABLE}
    acknowledged = sent_directly.union(*(each.acknowledged for each in devices))
    assert (
        acknowledged.difference(*(each.at_risk for each in devices)) <= stored_ids <= acknowledged
    )
    if not restores:
        [profile] = [row for (table, _), row in server.items() if table == "student_profiles"]
        edits = [edit for device in devices for edit in device.edits]
        for column in {name for name, _, _ in edits}:
            _, newest = max((clock, str(value)) for name, clock, value in edits if name == column)
            assert str(profile[column]) == newest
