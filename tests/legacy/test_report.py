"""The report of a migration: findings by kind, the worst first, and counts of what was merged."""

import pytest
from fastapi.testclient import TestClient

from lib.legacy.migration import migrate
from lib.legacy.report import report
from lib.legacy.wire import Source
from tests.legacy.legacy_database import ONE_SMALL_BATCH, Legacy
from tests.legacy.test_calls import MIGRATE, call


def test_findings_about_many_exercises_make_one_group(legacy: Legacy, client: TestClient) -> None:
    for number in range(600):
        step = f'{{"step-{number + 10}": true, "step-1": {{"timeSpent": "x{number}"}}}}'
        legacy.put("workshop_students", session_token=f"t{number}", exercises=step)
    legacy.put("workshop_students", exercises="{}")
    legacy.put("student_configs", session_token="negative", current_step=-1)
    for dry_run in (True, False):
        findings = call(client, MIGRATE, dryRun=dry_run)["findings"]
        assert [
            (group["outcome"], group["field"], group["rows"]) for group in findings["groups"]
        ] == [
            ("skipped", "session_token", 1),
            ("kept raw", "exercises.*", 600),
            ("mended", "exercises.*.timeSpent", 600),
            ("mended", "current_step", 1),
        ]
        assert findings["groups"][1]["examples"] == [
            "exercises.step-10",
            "exercises.step-100",
            "exercises.step-101",
        ]
        assert findings["groups"][0]["examples"] == []
        findings_of_page = [(row["outcome"], row["source"]) for row in findings["rows"]]
        assert len(findings_of_page) == 500
        # The first 20 of each kind, the worst kinds first, precede all others.
        assert findings_of_page[:42] == [
            ("skipped", "workshop_students"),
            *[("kept raw", "workshop_students")] * 20,
            ("mended", "student_configs"),
            *[("mended", "workshop_students")] * 20,
        ]
        assert not findings["complete"]


def test_worst_findings_come_first_whatever_their_number(
    legacy: Legacy, client: TestClient
) -> None:
    legacy.add(
        "workshop_sessions",
        """
        session_id | student_id
        a          | user-1
        b          | ANN@example.com
        c          | BOB@example.com
        -          | ann@example.com
        """,
    )
    groups = call(client, MIGRATE, dryRun=True)["findings"]["groups"]
    assert [(group["outcome"], group["rows"]) for group in groups] == [
        ("skipped", 1),
        ("kept raw", 1),
        ("mended", 2),
    ]


def test_people_and_tokens_that_were_merged_are_counted(legacy: Legacy, client: TestClient) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email
        a             | Ann@example.com
        b             | "ann@example.com "
        c             | bob@example.com
        c             | bob@example.com
        d             | -
        """,
    )
    legacy.add("student_configs", "session_token | student_email\n a | -\n e | cid@example.com")
    for dry_run in (True, False):
        report = call(client, MIGRATE, dryRun=dry_run)
        summary = report["summary"]
        assert (summary["peopleMerged"], summary["tokensMerged"]) == (2, 2)
        assert "people with several rows: 2, merged" in report["results"]
        assert "tokens with several rows: 2, merged" in report["results"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_report_of_an_unfinished_run_names_the_tables_and_counts_rows_so_far(
    dated_rows: Legacy, dry_run: bool
) -> None:
    dated_rows.connection.execute("DROP TABLE public.workshop_sessions")
    rows_read: list[int] = []
    done = False
    while not done:
        run_report = report(
            migrate(dated_rows.deps, dry_run=dry_run, pace=ONE_SMALL_BATCH), dated_rows.deps
        )
        done = run_report.done
        students, configs, logins = run_report.sources
        assert logins == Source(
            table="workshop_sessions", present=False, read=0,
            created=0, merged=0, unchanged=0, skipped=0,
        )  # fmt: skip
        assert (students.table, students.present) == ("workshop_students", True)
        assert (configs.table, configs.present) == ("student_configs", True)
        for source in (students, configs):
            outcomes = source.created + source.merged + source.unchanged + source.skipped
            assert source.read == outcomes
        rows_read.append(students.read)
    assert rows_read == sorted(rows_read)
    assert len(set(rows_read)) > 5
    assert rows_read[0] == 0, "the first batch moves people only"
    assert rows_read[-1] == dated_rows.one("SELECT count(*) FROM public.workshop_students")


def test_keys_in_the_clear_are_counted_by_legacy_rows(legacy: Legacy, client: TestClient) -> None:
    legacy.add("workshop_students", "session_token\n token-a\n token-a\n token-b")
    legacy.connection.execute("SELECT public.open_session('token-a', NULL, NULL, NULL, NULL)")
    legacy.connection.execute("UPDATE public.sessions SET openai_api_key = 'in the clear'")
    verification = call(client, MIGRATE, dryRun=False)["verification"]
    assert (verification["verified"], verification["keysInTheClear"]) == (False, 2)
    assert verification["whyNot"] == [
        "legacy rows whose session has an API key that is not encrypted: 2"
    ]
