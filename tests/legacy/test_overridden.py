"""Values that another value overrides are reported, since only their table keeps them."""

from tests.legacy.legacy_database import Legacy
from tests.legacy.test_unknown_columns import add_column

OVERRIDDEN = "the session has another value: this one stays in its table"
OTHER_ACCOUNT = "the student has another Twilio account: this one stays in its table"


def test_values_that_the_configuration_overrides_are_reported(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students", session_token="token-a", student_name="Annie", system_prompt="older",
        selected_voice="alloy", demo_mode=True, tools='[{"name": "older"}]',
        voice_settings='{"speed": 1}', openai_api_key="sk-the-older-key-of-ann",
        last_activity="2025-01-01",
    )  # fmt: skip
    legacy.put(
        "student_configs", session_token="token-a", student_name="Ann", system_prompt="newer",
        selected_voice="alloy", demo_mode=False, tools='[{"name": "newer"}]', voice_settings="{}",
        openai_api_key="sk-the-newer-key-of-ann", updated_at="2025-01-02",
    )  # fmt: skip
    assert legacy.run().verified
    skipped_findings = [finding for finding in legacy.findings() if finding[1] == "skipped"]
    assert skipped_findings == [
        (field, "skipped", OVERRIDDEN)
        for field in ("demo_mode", "openai_api_key", "student_name", "system_prompt", "tools")
    ]


def test_a_value_that_a_page_has_changed_since_is_reported(legacy: Legacy) -> None:
    legacy.put(
        "workshop_students", session_token="token-a", system_prompt="old", selected_voice="alloy",
        last_activity="2025-01-01",
    )  # fmt: skip
    legacy.run()
    assert legacy.findings() == []
    legacy.connection.execute("UPDATE public.sessions SET system_prompt = 'new'")
    assert legacy.run().verified
    assert legacy.findings() == [("system_prompt", "skipped", OVERRIDDEN)]


def test_a_second_account_of_a_person_is_reported(legacy: Legacy) -> None:
    accounts = ["AC" + 32 * digit for digit in "12"]
    for number, account in enumerate((accounts[0], accounts[1], f" {accounts[1]}")):
        legacy.put(
            "workshop_sessions", session_id=f"login-{number}", student_id="ann@x.org",
            account_sid=account, created_at=f"2025-01-0{number + 1}",
        )  # fmt: skip
    assert legacy.run().verified
    assert legacy.accounts() == [accounts[1]]
    assert legacy.findings() == [("account_sid", "skipped", OTHER_ACCOUNT)]


def test_a_replaced_secret_is_reported_for_the_row_that_had_it(legacy: Legacy) -> None:
    legacy.put("workshop_students", session_token="token-a", selected_voice="alloy")
    legacy.put(
        "student_configs", session_token="token-a", selected_voice="my key sk-abcdefghijklmnop12"
    )
    assert legacy.run().verified
    assert legacy.rows(
        "SELECT source FROM legacy.migration_findings WHERE field = 'selected_voice'"
        " AND outcome = 'mended'"
    ) == ["student_configs"]


def test_json_with_two_members_of_the_same_name_keeps_both(legacy: Legacy) -> None:
    add_column(legacy, "workshop_students", "notes JSON")
    text = '[{"a": {"b": 1, "b": 2}}]'
    legacy.put("workshop_students", session_token="token-a", notes=text)
    assert legacy.run().verified
    assert legacy.session("exercises #>> '{_legacy,workshop_students,notes}'") == text
