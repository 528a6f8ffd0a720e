"""The report of a migration: findings by kind, the worst first, and counts of what was merged."""

from fastapi.testclient import TestClient

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_calls import MIGRATE, call


def test_spellings_of_exercises_make_one_group(legacy: Legacy, client: TestClient) -> None:
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
