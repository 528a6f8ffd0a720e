"""The admin page in a real browser: system, migration from end to end, upkeep, audit trail.

The last test imports a roster on the instructor dashboard.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lib.deps import Deps
from lib.settings import Settings
from local.demo.legacy import load_legacy
from tests.conftest import ADMIN_PASSWORD, INSTRUCTOR_PASSWORD
from tests.support.browser import WatchedPage, errors_but_refusals
from tests.support.local_server import LocalServer

PATH = "/admin"
Visit = Callable[..., WatchedPage]


def log_in(page: Page, password: str = ADMIN_PASSWORD) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Open", exact=True).click()


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_every_part_is_accessible_and_fits(
    visit: Visit, demo_server: LocalServer, width: int, *, dark: bool
) -> None:
    watched = visit(PATH, width=width, dark=dark, url=demo_server.url)
    page = watched.page
    assert watched.violations() == []
    log_in(page)
    headings = {
        "System": "Everything is up.",
        "Move an older database": "Create the unified schema",
        "Backups, keys, roster": "Back up",
        "Audit trail": "Audit trail",
    }
    for part, heading in headings.items():
        page.get_by_role("link", name=part).click()
        expect(page.get_by_role("heading", level=2, name=heading)).to_be_visible()
        assert watched.overflow_at(320, 640, 2560, width) == [0, 0, 0, 0]
        assert watched.violations() == []
    assert errors_but_refusals(watched) == []


def test_wizard_moves_an_older_database(visit: Visit, own_server: LocalServer) -> None:
    deps = Deps(Settings.from_env(own_server.environment))
    assert load_legacy(deps) is not None
    deps.close()
    watched = visit(f"{PATH}#migration", url=own_server.url)
    page = watched.page
    log_in(page)
    page.get_by_role("button", name="Create schema", exact=True).last.click()
    page.get_by_role("button", name="Go to “Dry run”").click()
    page.get_by_role("button", name="Start dry run").click()
    heading = page.locator("[data-heading]")
    expect(heading).to_contain_text("rows would move. Everything was rolled back.")
    expect(heading).to_be_focused()
    expect(page.get_by_text("to decide", exact=True).first).to_be_visible()
    assert watched.violations() == []
    page.get_by_role("button", name="Go to “Run”").click()
    page.get_by_role("button", name="Run for real").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the box to go on.")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Run for real").click()
    expect(heading).to_contain_text("rows moved.")
    page.get_by_role("button", name="Go to “Verify”").click()
    expect(page.get_by_text("Verified:")).to_be_visible()
    page.get_by_role("button", name="Go to “Clean up”").click()
    page.get_by_role("button", name="Clean up …").click()
    page.get_by_label("Type DELETE OLD TABLES to confirm").fill("delete")
    page.get_by_role("button", name="Rename the old tables").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    page.get_by_label("Type DELETE OLD TABLES to confirm").fill("DELETE OLD TABLES")
    page.get_by_role("button", name="Rename the old tables").click()
    expect(page.get_by_text("workshop_students: renamed to")).to_be_visible()
    page.get_by_role("button", name="Restore the old names").click()
    expect(page.get_by_text("renamed to workshop_students")).to_be_visible()
    assert errors_but_refusals(watched) == []


def test_operator_backs_up_seals_keys_and_reads_the_audit_trail(
    visit: Visit, own_server: LocalServer
) -> None:
    watched = visit(f"{PATH}#upkeep", url=own_server.url)
    page = watched.page
    log_in(page)
    page.get_by_role("button", name="Make a backup").click()
    expect(page.get_by_text("Backup written:")).to_be_visible()
    page.get_by_role("button", name="Seal with the current key").click()
    expect(page.get_by_text("Nothing is left under the former key.")).to_be_visible()
    page.get_by_role("button", name="Restore …").click()
    expect(page.get_by_text("Enter the name of the backup.")).to_be_visible()
    page.get_by_label("Name of the backup").fill("stepwise-20260101T000000Z-00000000.jsonl.gz")
    page.get_by_role("button", name="Restore …").click()
    page.get_by_label("Type RESTORE to confirm").fill("RESTORE")
    page.get_by_role("button", name="Restore backup").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Audit trail").click()
    expect(page.get_by_text("The chain is unbroken.")).to_be_visible()
    expect(page.get_by_role("rowheader").first).to_be_visible()
    page.get_by_label("Outcome").select_option("done")
    expect(page.get_by_text("/api/admin-backup", exact=True)).to_have_count(1)
    assert errors_but_refusals(watched) == []


def test_instructors_do_not_get_in(visit: Visit, own_server: LocalServer) -> None:
    page = visit(PATH, url=own_server.url).page
    log_in(page, INSTRUCTOR_PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("This password does not allow that.")


def test_roster_is_checked_before_it_is_stored(visit: Visit, own_server: LocalServer) -> None:
    watched = visit("/instructor-dashboard", url=own_server.url)
    page = watched.page
    page.get_by_role("button", name="Admin Login").click()
    expect(page.locator("input[type=password]")).to_be_focused()
    page.keyboard.type(ADMIN_PASSWORD)
    page.get_by_role("button", name="Load Sessions").click()
    page.get_by_role("button", name="Import a roster").click()
    text = "email,name,github,colour\nann@example.com,Ann,,red\n,Ben,ben-h,\nnonsense,Cid,,\n"
    chooser = page.locator('input[type="file"]')
    chooser.set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": text.encode()})
    expect(page.get_by_text("1 student can be enrolled:")).to_be_visible()
    expect(page.locator(".el")).to_have_count(2)
    expect(page.get_by_text("These columns are not read: colour.")).to_be_visible()
    assert watched.violations() == []
    page.get_by_label("Enroll those without an e-mail").check()
    page.get_by_role("button", name="Enroll 2 students").click()
    expect(page.get_by_text("2 students enrolled.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Not started")).to_contain_text("2")
    assert errors_but_refusals(watched) == []
