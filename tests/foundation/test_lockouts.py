"""Whom wrong passwords lock out and whom they do not; a deployment refuses weak secrets."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.access.endpoint import Access
from lib.access.guard import ADDRESS_LIMIT, GLOBAL_LIMIT
from lib.access.weak_secrets import key_weakness, weakness
from lib.settings import Platform, Settings
from lib.vault import Vault
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, ENCRYPTION_KEY, INSTRUCTOR_PASSWORD
from tests.foundation.test_access import _close_deps, audit_rows, post, scratch

__all__ = ["_close_deps"]
PATH = "/api/admin-scratch"
UMLAUT = "ein Schlüsselbund ist länger"
WEAK = (
    *("password1234", "Password123!!", "P@ssw0rd2024", "admin-password-1", "aaaaaaaaaaaaaaaa"),
    *("abcabcabcabcabca", "123456789012345678", "changeme-changeme", "qwertyuiop123456"),
    *("YOUR_ADMIN_PASSWORD", "your-cron-secret-here", "secret secret secret", "0" * 20),
)
CROSS_SITE: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://[::1"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
)


def failures(settings: Settings) -> int:
    with psycopg.connect(str(settings.postgres_url)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM operator_failures")
    return int(count)


def test_calls_without_a_password_lock_nobody_out(settings: Settings) -> None:
    client = scratch(settings)
    for _ in range(GLOBAL_LIMIT + 1):
        assert client.post(PATH).status_code == 401
    for blank in ("", " ", '""', None):
        assert post(client, blank).status_code == 401
    assert failures(settings) == 0
    assert post(client, ADMIN_PASSWORD).status_code == 200


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_pages_of_other_sites_are_refused_and_lock_nobody_out(
    settings: Settings, headers: dict[str, str]
) -> None:
    client = scratch(settings)
    for password in ("wrong", ADMIN_PASSWORD):
        for _ in range(ADDRESS_LIMIT):
            response = post(client, password, headers=headers)
            assert (response.status_code, response.json()["code"]) == (
                403,
                "called_from_another_site",
            )
    assert failures(settings) == 0
    assert post(client, ADMIN_PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind-a-proxy.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Origin": "https://pages.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_own_pages_and_allowed_origins_are_admitted_and_their_guesses_count(
    settings: Settings, headers: dict[str, str]
) -> None:
    client = scratch(replace(settings, allowed_origins=("https://pages.example",)))
    assert post(client, ADMIN_PASSWORD, headers=headers).status_code == 200
    assert post(client, "wrong", headers=headers).status_code == 401
    assert failures(settings) == 1


def test_guesses_from_elsewhere_do_not_lock_an_admitted_address(settings: Settings) -> None:
    operator = scratch(settings, client=("192.0.2.1", 1))
    assert post(operator, ADMIN_PASSWORD).status_code == 200
    for n in range(GLOBAL_LIMIT):
        post(scratch(settings, client=(f"198.51.100.{n}", 1)), "wrong")
    assert post(scratch(settings, client=("192.0.2.2", 1)), ADMIN_PASSWORD).status_code == 429
    assert post(operator, ADMIN_PASSWORD).status_code == 200
    for _ in range(ADDRESS_LIMIT):
        assert post(operator, "wrong").status_code == 401
    assert post(operator, ADMIN_PASSWORD).status_code == 429


def test_wrong_secrets_of_schedules_are_audited_up_to_a_limit(
    settings: Settings, postgres_url: str
) -> None:
    client = scratch(settings)

    def status(secret: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return client.get("/api/cron-scratch", headers=headers).status_code

    assert client.get("/api/cron-scratch").status_code == 401
    assert audit_rows(postgres_url) == []
    assert status("wrong") == 401
    assert audit_rows(postgres_url) == [("/api/cron-scratch", "refused")]
    for _ in range(GLOBAL_LIMIT):
        assert status("wrong") == 401
    assert len(audit_rows(postgres_url)) == GLOBAL_LIMIT
    assert status(CRON_SECRET) == 200
    assert post(client, ADMIN_PASSWORD).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("name", ["admin_password", "instructor_password"])
def test_password_with_an_umlaut_works_in_every_encoding(
    settings: Settings, name: str, encoding: str
) -> None:
    password: dict[str, Any] = {name: UMLAUT}
    client = scratch(replace(settings, **password), access=Access.INSTRUCTOR)
    decomposed = UMLAUT.replace("ä", "a\u0308").replace("ü", "u\u0308")
    assert post(client, UMLAUT).status_code == 200
    assert post(client, decomposed).status_code == 200
    headers = {b"Authorization": b"Bearer " + UMLAUT.encode(encoding)}
    assert client.post(PATH, headers=headers).status_code == 200
    assert post(client, UMLAUT.replace("ä", "a")).status_code == 401


@pytest.mark.parametrize("secret", WEAK)
def test_weak_secrets_disable_a_deployment_and_are_not_repeated(
    settings: Settings, secret: str
) -> None:
    weak = replace(
        settings, platform=Platform.VERCEL, admin_password=secret, cron_secret=secret.ljust(16, "1")
    )
    client = scratch(weak)
    headers = {"Authorization": f"Bearer {weak.cron_secret}"}
    for response in (post(client, secret), client.get("/api/cron-scratch", headers=headers)):
        assert (response.status_code, response.json()["code"]) == (503, "not_configured")
        assert secret not in response.text
    assert post(scratch(replace(weak, platform=Platform.LOCAL)), secret).status_code == 200


@pytest.mark.parametrize("secret", [ADMIN_PASSWORD, CRON_SECRET, INSTRUCTOR_PASSWORD, UMLAUT])
def test_good_secrets_are_accepted(secret: str) -> None:
    assert weakness(secret, 16) is None


@pytest.mark.parametrize("key", ["0" * 64, "F" * 64, "deadbeef" * 8, "01" * 32])
def test_encryption_key_that_is_not_random_seals_nothing_in_a_deployment(key: str) -> None:
    deployed = Settings(platform=Platform.LAMBDA, encryption_key=key)
    with pytest.raises(Exception, match=r"^ENCRYPTION_KEY (repeats|has fewer)") as raised:
        Vault.from_settings(deployed)
    assert key not in str(raised.value)
    Vault.from_settings(replace(deployed, platform=Platform.LOCAL))
    Vault.from_settings(
        replace(deployed, encryption_key=ENCRYPTION_KEY, encryption_key_previous=key)
    )
    assert key_weakness(ENCRYPTION_KEY) is None


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "INSTRUCTOR_PASSWORD has fewer than 12 characters"),
        ("password1234", "INSTRUCTOR_PASSWORD consists of common words"),
        (ADMIN_PASSWORD, "INSTRUCTOR_PASSWORD is the same as ADMIN_PASSWORD"),
    ],
)
def test_deployment_without_a_valid_password_of_instructors_is_closed_to_them(
    settings: Settings, password: str, reason: str
) -> None:
    weak = replace(settings, platform=Platform.VERCEL, instructor_password=password)
    response: Any = post(scratch(weak, access=Access.INSTRUCTOR), password)
    assert response.status_code == 503
    assert response.json()["error"].startswith(reason)


def test_instructor_who_makes_an_operators_call_is_audited_but_not_counted(
    settings: Settings, postgres_url: str
) -> None:
    client: TestClient = scratch(settings)
    for _ in range(ADDRESS_LIMIT + 1):
        response = post(client, INSTRUCTOR_PASSWORD)
        assert (response.status_code, response.json()["code"]) == (403, "instructor_refused")
    assert failures(settings) == 0
    assert set(audit_rows(postgres_url)) == {(PATH, "allowed"), (PATH, "rejected")}
    with psycopg.connect(postgres_url) as connection:
        facts = connection.execute("SELECT facts FROM operator_audit ORDER BY id").fetchall()
    assert facts[:2] == [({"password": "INSTRUCTOR_PASSWORD"},), ({"error": "instructor_refused"},)]


def test_a_lock_hides_whether_an_instructors_password_was_right(settings: Settings) -> None:
    client = scratch(settings)
    for _ in range(ADDRESS_LIMIT):
        post(client, "wrong")
    assert post(client, INSTRUCTOR_PASSWORD).status_code == 429


def test_operator_of_a_database_of_an_earlier_version_gets_in(
    settings: Settings, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "ALTER FUNCTION public.admit_operator(text, text, boolean, integer, interval, integer,"
            " interval, interval, jsonb) RENAME TO admit_operator_of_this_version"
        )
    client = scratch(settings)
    assert post(client, "wrong").status_code == 401
    assert post(client, ADMIN_PASSWORD).status_code == 200
