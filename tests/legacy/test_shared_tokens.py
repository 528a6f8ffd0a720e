"""Several people under one session token: each becomes a student with a session of their own."""

from hashlib import sha256
from typing import Any

import pytest

from tests.legacy.legacy_database import SMALL_BATCHES, Legacy

PEOPLE = """
    session_token | student_email | student_name | system_prompt | current_step | last_activity
    {token}       | ann@x.org     | Ann          | Ann's prompt  | 3            | 2025-01-03
    {token}       | ben@x.org     | Ben          | Ben's prompt  | 7            | 2025-01-02
    {token}       | " ANN@x.org " | Ann          | Older prompt  | 2            | 2025-01-01
    {token}       | -             | Nobody       | No prompt     | 5            | 2025-01-04
"""
LONGEST_ACCEPTED = 200
"""Maximum number of characters of a token that an endpoint accepts."""


def sessions(legacy: Legacy) -> list[Any]:
    """Return each session's student, prompt and step."""
    return legacy.rows(
        "SELECT CASE WHEN student_email LIKE 'anonymous%%' THEN '-' ELSE student_email END AS who, "
        "system_prompt, current_step FROM public.sessions JOIN public.students USING (student_id) "
        "ORDER BY 1"
    )


def tokens(legacy: Legacy) -> dict[str, str]:
    """Return the token of each person's session."""
    return dict(
        legacy.rows(
            "SELECT CASE WHEN student_email LIKE 'anonymous%%' THEN '-' ELSE student_email END, "
            "session_token FROM public.sessions JOIN public.students USING (student_id)"
        )
    )


@pytest.mark.parametrize("token", ["token-a", "undefined", "NULL", "ws_1736150400000_abc"])
def test_each_person_keeps_their_own_session(legacy: Legacy, token: str) -> None:
    legacy.add("workshop_students", PEOPLE.format(token=token))
    run = legacy.run()
    assert run.verified
    assert sessions(legacy) == [
        ("-", "No prompt", 5),
        ("ann@x.org", "Ann's prompt", 3),
        ("ben@x.org", "Ben's prompt", 7),
    ]
    unreachable = {who for who, name in tokens(legacy).items() if len(name) > LONGEST_ACCEPTED}
    if token in {"undefined", "NULL"}:
        assert unreachable == {"-", "ann@x.org", "ben@x.org"}
    else:
        assert unreachable == {"-", "ben@x.org"}
        assert tokens(legacy)["ann@x.org"] == token
    state_before = legacy.unified()
    second_run = legacy.run()
    assert second_run.verified
    assert second_run.counts["workshop_students.unchanged"] == 4
    assert legacy.unified() == state_before


def test_configuration_progress_and_key_stay_with_their_person(legacy: Legacy) -> None:
    key = "sk-plain-key-of-ann-0123"
    legacy.put(
        "student_configs", session_token="token-a", student_email="ann@x.org", openai_api_key=key,
        tools='[{"name": "ann"}]', services_ready=True, updated_at="2025-01-01",
    )  # fmt: skip
    legacy.put(
        "workshop_students", session_token="token-a", student_email="ben@x.org",
        exercises='{"step-1": true}', bug_reports='[{"text": "ben"}]', last_activity="2025-02-01",
    )  # fmt: skip
    legacy.put("workshop_sessions", session_id="token-a", student_id="cyd@x.org", account_sid="AC1")
    assert legacy.run().verified
    by_person = tokens(legacy)
    assert by_person["ann@x.org"] == "token-a"  # because the configuration is hers
    columns = "tools::text, services_ready, bug_reports::text, openai_api_key IS NOT NULL"
    assert legacy.session(columns) == ('[{"name": "ann"}]', True, "[]", True)
    ben = by_person["ben@x.org"]
    assert legacy.session(columns, ben) == ("[]", False, '[{"text": "ben"}]', False)
    assert (legacy.steps(), legacy.steps(ben)) == ([], [(1, 0, 0, True)])
    assert legacy.session(columns, by_person["cyd@x.org"]) == ("[]", False, "[]", False)
    accounts = legacy.rows(
        "SELECT student_email FROM public.students WHERE twilio_account_sid IS NOT NULL"
    )
    assert accounts == ["cyd@x.org"]


def test_findings_name_the_hash_of_a_shared_token_and_the_number_of_people(legacy: Legacy) -> None:
    legacy.add("workshop_students", PEOPLE.format(token="token-a"))
    legacy.put("workshop_students", session_token="token-b", student_email="ann@x.org")
    legacy.run()
    findings = legacy.rows(
        "SELECT row_key, left(reason, 28), count(*) FROM legacy.migration_findings "
        "WHERE field = 'session_token' GROUP BY 1, 2"
    )
    key = sha256(b"token-a").hexdigest()[:16]
    assert findings == [(key, "2 people have this token: th", 4)]
    assert set(legacy.rows("SELECT row_key FROM legacy.migration_findings")) == {key}


def test_spellings_of_one_email_are_not_a_shared_token(legacy: Legacy) -> None:
    for spelling in ("ann@x.org", " ANN@x.org", "Ann <ann@x.org>", "mailto:ann@x.org", None):
        legacy.put("workshop_students", session_token="token-a", student_email=spelling)
    assert legacy.run().verified
    assert tokens(legacy) == {"ann@x.org": "token-a"}


def test_a_person_who_comes_later_does_not_enter_the_stored_session(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students", session_token="token-a", student_email="ann@x.org",
        system_prompt="Ann's", last_activity="2025-01-01",
    )  # fmt: skip
    legacy.run()
    legacy.put(
        "student_configs", session_token="token-a", student_email="ben@x.org",
        system_prompt="Ben's", updated_at="2025-03-01",
    )  # fmt: skip
    assert legacy.run().verified
    assert sessions(legacy) == [("ann@x.org", "Ann's", 0), ("ben@x.org", "Ben's", 0)]
    assert tokens(legacy)["ann@x.org"] == "token-a"


def test_separated_person_stays_separate_after_the_other_is_removed(legacy: Legacy) -> None:
    legacy.add("workshop_students", PEOPLE.format(token="token-a"))
    legacy.run()
    legacy.one("SELECT older_rows FROM public.remove_student('ann@x.org')")
    state_before = legacy.unified()
    assert legacy.run().verified
    assert legacy.unified() == state_before
    assert [who for who, _, _ in sessions(legacy)] == ["-", "ben@x.org"]


def test_a_changed_email_does_not_make_a_second_person(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", student_email="ann@x.org")
    legacy.run()
    legacy.connection.execute(
        "UPDATE public.students SET student_email = 'anna@x.org', former_emails = '{ann@x.org}'"
    )
    legacy.put("student_configs", session_token="token-a", student_email="ann@x.org")
    assert legacy.run().verified
    assert tokens(legacy) == {"anna@x.org": "token-a"}


def test_dry_and_real_run_in_small_batches_separate_the_same_people(legacy: Legacy) -> None:
    for number in range(60):
        for person in range(3):
            legacy.put(
                "workshop_students", session_token=f"token-{number}",
                student_email=f"p{person}@x.org", system_prompt=f"{number}/{person}",
            )  # fmt: skip
    dry = legacy.run(dry_run=True, pace=SMALL_BATCHES)
    real = legacy.run(pace=SMALL_BATCHES)
    assert dry.verified
    assert real.verified
    name = "checksum.sessions.expected"
    assert dry.counts[name] == real.counts[name]
    prompts = legacy.rows(
        "SELECT student_email, count(*), count(DISTINCT system_prompt) FROM public.sessions "
        "JOIN public.students USING (student_id) GROUP BY 1 ORDER BY 1"
    )
    assert prompts == [(f"p{person}@x.org", 60, 60) for person in range(3)]


def test_rows_of_a_shared_token_that_are_set_aside_have_sessions(legacy: Legacy) -> None:
    legacy.add("workshop_students", PEOPLE.format(token="undefined"))
    legacy.run()
    (name,) = legacy.rows("SELECT legacy.set_aside('workshop_students', '20250101')")
    assert legacy.rows(
        "SELECT row_count, without_session FROM legacy.rows_of(%s, 'workshop_students')", name
    ) == [(4, 0)]
