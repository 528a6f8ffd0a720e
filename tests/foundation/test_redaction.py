"""Secrets are recognized by format and by name, and ordinary text stays as it is."""

from typing import Any

import pytest

from lib.text.redaction import REDACTED, holds_secret, redact, redact_text

HEX = "0123456789abcdef" * 2
SECRETS = {
    "OpenAI": "sk-proj-abcDEF123456_-x",
    "Twilio account": f"AC{HEX}",
    "Twilio key": f"SK{HEX}",
    "Google": "AIzaSyD-1234567890abcdefghijklmnopqrstuv",
    "GitHub": "ghp_1234567890abcdefghijABCDEFGHIJ123456",
    "Slack": "xoxb-1234567890-abcdef",
    "AWS": "AKIAIOSFODNN7EXAMPLE",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "key={}&x=1", '"{}"', "a\n{}\nb", "\\n{}", "x:{},"])
def test_what_looks_like_a_secret_is_removed(name: str, frame: str) -> None:
    redacted = redact_text(frame.format(SECRETS[name]))
    assert SECRETS[name][6:] not in redacted
    assert REDACTED in redacted


@pytest.mark.parametrize(
    "text",
    [
        "https://ann:hunter22@example.com/x",
        "postgres://:hunter22@db/x",
        "https://example.com/x?a=1&token=hunter22",
        "wss://example.com/x?apiKey=hunter22#y",
        "https://example.com/?sessionToken=hunter22",
        "Authorization: Bearer hunter22hunter22",
        "TWILIO_AUTH_TOKEN=hunter22hunter22",
        'auth_token = "hunter22"',
        "const authToken = 'hunter22';",
        '{"twilioAuthToken": "hunter22"}',
        '"{\\"apiKeySecret\\": \\"hunter22\\"}"',
        "password: `hunter22`",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter22\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_follows_the_name_of_a_secret_is_removed(text: str) -> None:
    assert "hunter22" not in redact_text(text)
    assert REDACTED in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "auth_token = os.environ['TWILIO_AUTH_TOKEN']",
        "const apiKey = process.env.OPENAI_API_KEY1234567890.trim()",
        "authToken: getAuthToken12345(request)",
        "apiKey: '${OPENAI_API_KEY}'",
        "wss://example.com/?token=${token}",
        "The password is on the sheet: ask Ann.",
        "ask-somebody and task-12345678",
        "https://example.com/path?page=2&step=4",
        "https://example.com:8080/@ann",
        f"PN{HEX} is a phone number",
        "the account ACME, the SKU",
        "",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text
    assert not holds_secret(text)


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        ({"authToken": "hunter22"}, {"authToken": REDACTED}),
        ([{"a": {"client_secret": "x"}}], [{"a": {"client_secret": REDACTED}}]),
        ({"hasApiKey": True, "password": None}, {"hasApiKey": True, "password": None}),
        ({"password": "The caller's own word"}, {"password": "The caller's own word"}),
        ({SECRETS["OpenAI"]: 1}, {REDACTED: 1}),
        ({"apiKey": ""}, {"apiKey": ""}),
    ],
)
def test_members_of_json_are_judged_by_their_names_too(value: Any, redacted: Any) -> None:
    assert redact(value) == redacted
    assert redact(redacted) == redacted, "a redacted value stays as it is"


@pytest.mark.parametrize(
    "piece",
    ["a", "sk-", "eyJ", "://a:", "?", "?a", "password", "password=", "secret: '", "-----BEGIN "],
)
def test_redaction_of_a_long_text_takes_little_time(piece: str) -> None:
    """A pattern that backtracks over the whole text would make this test hang."""
    redact_text(piece * (400_000 // len(piece)))
