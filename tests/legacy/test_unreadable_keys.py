"""API keys that the encryption key does not open are reported row by row."""

from hashlib import sha256

from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy

OTHER_KEY = bytes.fromhex("ab" * 32)
REASON = (
    "cannot be decrypted with ENCRYPTION_KEY: kept as it is, of no use until the key that "
    "encrypted it is set"
)


def key_findings(legacy: Legacy) -> list[object]:
    return legacy.rows(
        "SELECT source, row_key, outcome, reason FROM legacy.migration_findings WHERE run_id = "
        "(SELECT max(id) FROM legacy.migration_runs) AND field = 'openai_api_key' ORDER BY 1, 2"
    )


def test_each_unreadable_key_is_a_finding_and_stays_as_it_is(legacy: Legacy) -> None:
    key = bytes.fromhex(legacy.deps.settings.encryption_key or "")
    unreadable = old_format("sk-lost-0123456789abcdef", OTHER_KEY)
    readable = old_format("sk-kept-0123456789abcdef", key)
    legacy.put("student_configs", session_token="token-a", openai_api_key=unreadable)
    legacy.put("workshop_students", session_token="token-a", system_prompt="no key here")
    legacy.put("workshop_students", session_token="token-b", openai_api_key=f" {unreadable}")
    legacy.put("student_configs", session_token="token-c", openai_api_key=readable)
    expected = [
        ("student_configs", sha256(b"token-a").hexdigest()[:16], "kept raw", REASON),
        ("workshop_students", sha256(b"token-b").hexdigest()[:16], "kept raw", REASON),
    ]
    for dry_run in (True, False, False):
        legacy.run(dry_run=dry_run)
        assert [row for row in key_findings(legacy) if row[3] == REASON] == expected  # type: ignore[index]
    assert legacy.session("openai_api_key") == unreadable
    assert legacy.key("token-c") == "sk-kept-0123456789abcdef"
