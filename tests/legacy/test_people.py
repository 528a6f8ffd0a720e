"""The students that a migration creates from the people in the legacy tables."""

from hashlib import sha256

import pytest

from tests.legacy.legacy_database import Legacy


def anonymous_email(token: str) -> str:
    return "anonymous_" + sha256(token.encode()).hexdigest()[:16]


def test_spellings_of_one_email_are_one_person(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email         | student_name | created_at
        token-a       | Ann@Example.com       | Ann          | 2025-01-03
        token-b       | "  ann@example.com  " | Ann          | 2025-01-02
        token-c       | ann@example.com       | Ann          | 2025-01-04
        """,
    )
    assert legacy.run().verified
    assert legacy.rows("SELECT student_email FROM public.students") == ["ann@example.com"]
    assert legacy.one("SELECT created_at::date::text FROM public.students") == "2025-01-02"
    assert legacy.one("SELECT count(*) FROM public.sessions") == 3


def test_the_newest_name_that_is_not_empty_wins(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email   | student_name | last_activity
        token-a       | ann@example.com | Old          | 2025-01-01
        token-b       | ann@example.com | New          | 2025-01-02
        token-c       | ann@example.com | " "          | 2025-01-04
        """,
    )
    legacy.add(
        "student_configs",
        """
        session_token | student_email   | student_name | updated_at
        token-d       | ann@example.com | Newest       | 2025-01-03
        """,
    )
    legacy.run()
    assert legacy.rows("SELECT student_name FROM public.students") == ["Newest"]


def test_an_address_like_a_placeholder_in_a_row_without_a_token_is_kept(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email           | student_name
        -             | anonymous_x@example.com | Xenia
        """,
    )
    legacy.run()
    assert legacy.rows("SELECT student_email FROM public.students") == ["anonymous_x@example.com"]


def test_each_session_without_email_has_an_anonymous_student_of_its_own(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token              | student_email               | student_name
        ws_1736150400000_aaaaaaaaa | -                           | Ann
        ws_1736150400000_bbbbbbbbb | "  "                        | Ben
        ws_1736150400000_ccccccccc | anonymous_ws_1736150400000  | -
        """,
    )
    assert legacy.run().verified
    assert sorted(legacy.rows("SELECT student_email, student_name FROM public.students")) == sorted(
        [
            (anonymous_email("ws_1736150400000_aaaaaaaaa"), "Ann"),
            (anonymous_email("ws_1736150400000_bbbbbbbbb"), "Ben"),
            (anonymous_email("ws_1736150400000_ccccccccc"), None),
        ]
    )


def test_an_id_is_not_an_email_and_is_kept(legacy: Legacy) -> None:
    legacy.add(
        "workshop_sessions",
        """
        session_id | student_id   | account_sid | last_activity
        token-a    | student_1234 | AC1         | 2025-01-01
        token-b    | student_1234 | AC1         | 2025-01-01
        """,
    )
    assert legacy.run().verified
    emails = set(legacy.rows("SELECT student_email FROM public.students"))
    assert emails == {anonymous_email("token-a"), anonymous_email("token-b")}
    raw_id = legacy.session("exercises #>> '{_legacy,workshop_sessions,student_id}'")
    assert raw_id == "student_1234"


def test_account_and_expiry_are_taken_from_a_login(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email   | last_activity
        token-a       | ann@example.com | 2025-01-01
        """,
    )
    legacy.add(
        "workshop_sessions",
        """
        session_id | student_id      | account_sid | expires_at | last_activity
        token-a    | Ann@example.com | AC1         | 2099-01-01 | 2025-01-02
        """,
    )
    assert legacy.run().verified
    assert legacy.accounts() == ["AC1"]
    assert legacy.session("expires_at::date::text, last_activity::date::text") == (
        "2099-01-01",
        "2025-01-02",
    )


def test_an_address_that_begins_like_a_placeholder_is_an_email(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token              | student_email               | created_at
        token-a                    | anonymous_x@example.com     | 2025-01-02
        token-b                    | Anonymous_X@example.com     | 2025-01-01
        ws_1736150400000_ccccccccc | anonymous_ab@example.com    | -
        token-d                    | anonymous_ann               | -
        """,
    )
    assert legacy.run().verified
    assert legacy.rows("SELECT student_email FROM public.students ORDER BY 1") == [
        "anonymous_ab@example.com",
        anonymous_email("token-d"),
        "anonymous_x@example.com",
    ]
    assert [(field, outcome) for field, outcome, _ in legacy.findings()] == [
        ("student_email", "kept raw"),
        ("student_email", "mended"),
    ]
    legacy.put("student_configs", session_token="token-a", student_email="ben@example.com")
    legacy.run()
    assert legacy.one(
        "SELECT student_email FROM public.sessions JOIN public.students USING (student_id) "
        "WHERE session_token = 'token-a'"
    ) == ("anonymous_x@example.com")


@pytest.mark.parametrize(
    ("token", "placeholder"),
    [
        ("token-a", "anonymous_token-a"),
        ("token-a", " Anonymous_Token-A "),
        ("x@example.com and more", "anonymous_x@example.com an"),
        ("token-a", "anonymous_ws_1736150400000"),
        (None, "anonymous_ws_1736150400000"),
    ],
)
def test_the_placeholder_of_the_older_application_is_not_an_email(
    legacy: Legacy, token: str | None, placeholder: str
) -> None:
    legacy.put("workshop_students", session_token=token, student_email=placeholder)
    assert legacy.run().verified
    assert legacy.rows("SELECT student_email FROM public.students") == (
        [anonymous_email(token)] if token else []
    )
    assert legacy.rows("SELECT exercises FROM public.sessions") == ([{}] if token else [])


def test_the_account_of_a_login_without_email_is_kept(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", student_email="ann@example.com")
    legacy.add(
        "workshop_sessions",
        """
        session_id | student_id   | account_sid | last_activity
        token-a    | student_1234 | AC1         | 2025-01-01
        token-b    | -            | AC2         | 2025-01-01
        token-c    | student_1234 | AC3         | -
        """,
    )
    run = legacy.run()
    assert run.verified
    accounts = legacy.rows(
        "SELECT session_token, "
        "exercises #>> '{_legacy,workshop_sessions,account_sid}' "
        "FROM public.sessions JOIN public.students USING (student_id) ORDER BY 1"
    )
    assert accounts == [
        ("token-a", "AC1"),
        ("token-b", "AC2"),
        ("token-c", "AC3"),
    ]
    assert legacy.accounts() == ["AC1", "AC2", "AC3"]
    unified_before = legacy.unified()
    legacy.run()
    assert legacy.unified() == unified_before


def test_a_person_whose_rows_have_no_token_still_becomes_a_student(legacy: Legacy) -> None:
    legacy.add(
        "workshop_students",
        """
        session_token | student_email   | student_name
        -             | ann@example.com | Ann
        " "           | ben@example.com | Ben
        """,
    )
    run = legacy.run()
    assert run.verified
    assert legacy.one("SELECT count(*) FROM public.students") == 2
    assert legacy.one("SELECT count(*) FROM public.sessions") == 0
    assert run.counts["workshop_students.skipped"] == 2
    assert (
        legacy.findings()
        == [("session_token", "skipped", "no session token: the row stays in its table")] * 2
    )


def test_existing_students_keep_newer_values(legacy: Legacy) -> None:
    legacy.connection.execute(
        "INSERT INTO public.students (student_email, student_name, created_at, updated_at) "
        "VALUES ('ann@example.com', 'Live', '2025-06-01', '2025-06-01')"
    )
    legacy.add(
        "workshop_students",
        """
        session_token | student_email   | student_name | last_activity | created_at
        token-a       | ann@example.com | Legacy       | 2025-01-01    | 2025-01-01
        """,
    )
    legacy.run()
    assert legacy.one("SELECT student_name, created_at::date::text FROM public.students") == (
        "Live",
        "2025-01-01",
    )


def test_an_anonymous_session_whose_email_came_later_goes_to_that_person(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", exercises='{"step-1": true}')
    legacy.run()
    assert legacy.one("SELECT student_email FROM public.students") == anonymous_email("token-a")
    legacy.put("student_configs", session_token="token-a", student_email="ann@example.com")
    assert legacy.run().verified
    assert legacy.rows(
        "SELECT student_email FROM public.students JOIN public.sessions USING (student_id) "
        "JOIN public.step_progress USING (student_id)"
    ) == ["ann@example.com"]
    assert legacy.one("SELECT count(*) FROM public.students") == 1
