"""Settings are read from environment variables, in every form in which people paste them."""

import pytest
from fastapi.testclient import TestClient

from lib.access.guard import same_secret
from lib.deps import Deps, install_deps
from lib.errors import NotConfigured
from lib.settings import Platform, Settings
from lib.web.functions import function_app

SECRET = "correct horse battery staple"


def test_blank_values_count_as_not_set() -> None:
    settings = Settings.from_env({"ADMIN_PASSWORD": "   ", "POSTGRES_URL": ""})
    assert settings.admin_password is None
    assert settings.postgres_url is None


@pytest.mark.parametrize(
    ("env", "platform"),
    [
        ({}, Platform.LOCAL),
        ({"VERCEL": "1"}, Platform.VERCEL),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, Platform.LAMBDA),
    ],
)
def test_platform_is_recognized_by_its_own_variable(
    env: dict[str, str], platform: Platform
) -> None:
    settings = Settings.from_env(env)
    assert settings.platform is platform
    assert settings.deployed is (platform is not Platform.LOCAL)


def test_alternative_variable_names_are_read() -> None:
    settings = Settings.from_env(
        {
            "DATABASE_URL": "postgresql://pooled/d",
            "DATABASE_URL_UNPOOLED": "postgresql://direct/d",
            "KV_REST_API_URL": "https://redis.example",
            "KV_REST_API_TOKEN": "token",
        }
    )
    assert settings.postgres_url == "postgresql://pooled/d"
    assert settings.migration_url == "postgresql://direct/d"
    assert (settings.redis_url, settings.redis_token) == ("https://redis.example", "token")


WRAPPINGS = ['"{}"', "'{}'", "“{}”", "„{}“", "  {}\n", "{}\\n", "\ufeff{}", '"{}"\n', "`{}`"]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_quotes_blanks_and_line_breaks_around_a_value_do_not_count(wrapping: str) -> None:
    values = {
        "POSTGRES_URL": "postgresql://u:p@h/d",
        "POSTGRES_URL_NON_POOLING": "postgresql://u:p@direct/d",
        "UPSTASH_REDIS_REST_URL": "https://redis.example",
        "UPSTASH_REDIS_REST_TOKEN": "token",
        "ADMIN_PASSWORD": SECRET,
        "CRON_SECRET": SECRET,
        "ENCRYPTION_KEY": "ab" * 32,
        "ENCRYPTION_KEY_PREVIOUS": "cd" * 32,
        "ALLOWED_ORIGINS": "https://a.example,https://b.example",
        "WEBSOCKET_DOMAIN": "ws.example",
        "WORKSHOP_RETENTION_DAYS": "30",
        "TEST_RETENTION_DAYS": "90",
        "TEST_ADMISSION": "ticket",
        "OPEN_TESTS_COUNT": "1",
        "WRITE_LIMITS": "off",
        "BACKUP_BUCKET": "bucket",
        "SQLITE_DATABASE_URL": "sqlite:///./local.db",
        "BACKUP_FOLDER": "folder",
    }
    wrapped = {name: wrapping.format(value) for name, value in values.items()}
    assert Settings.from_env(wrapped) == Settings.from_env(values)
    assert Settings.from_env({name: wrapping.format("") for name in values}) == Settings()


def test_quotes_within_a_secret_count() -> None:
    assert Settings.from_env({"ADMIN_PASSWORD": "a\"b'c"}).admin_password == "a\"b'c"


@pytest.mark.parametrize("secret", [SECRET, f'"{SECRET}"', f"{SECRET}\n"])
def test_a_secret_may_be_sent_as_the_variable_has_it(secret: str) -> None:
    assert same_secret(secret, SECRET)
    assert not same_secret(f"{secret}x", SECRET)
    assert not same_secret("", SECRET)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"UPSTASH_REDIS_REST_URL": "https://r.example"}, "set without UPSTASH_REDIS_REST_TOKEN"),
        ({"KV_REST_API_TOKEN": SECRET}, "KV_REST_API_TOKEN: it is set without UPSTASH_REDIS_REST"),
        (
            {"UPSTASH_REDIS_REST_URL": f"rediss://x:{SECRET}@h", "UPSTASH_REDIS_REST_TOKEN": "t"},
            "UPSTASH_REDIS_REST_URL: it is not a REST address",
        ),
        (
            {"KV_REST_API_URL": "h.upstash.io", "KV_REST_API_TOKEN": SECRET},
            "KV_REST_API_URL: it is not a REST address",
        ),
        ({"KV_URL": f"redis://x:{SECRET}@h"}, "KV_URL: it is not a REST address"),
        ({"REDIS_URL": f"redis://x:{SECRET}@h"}, "REDIS_URL: it is not a REST address"),
    ],
)
def test_a_redis_that_cannot_be_used_is_named(environment: dict[str, str], words: str) -> None:
    settings = Settings.from_env(environment)
    assert (settings.redis_url, settings.redis_token) == (None, None)
    assert words in str(settings.redis_problem)
    assert SECRET not in str(settings.redis_problem)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("sqlite:///./local.db", "sqlite:///./local.db"),
        ("sqlite:///local.db", "sqlite:///local.db"),
        ("sqlite:////home/mei/local.db", "sqlite:////home/mei/local.db"),
        ("SQLite+pysqlite:///C:\\data\\local.db", "sqlite:///C:\\data\\local.db"),
    ],
)
def test_address_of_an_sqlite_file_is_read(address: str, url: str) -> None:
    settings = Settings.from_env({"SQLITE_DATABASE_URL": address})
    assert (settings.sqlite_url, settings.sqlite_problem) == (url, None)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("./local.db", "it should begin with sqlite:///"),
        ("sqlite://local.db", "it should begin with sqlite:///"),
        (f"postgresql://u:{SECRET}@h/d", "it should begin with sqlite:///"),
        ("sqlite:///", "it names no file"),
        ("sqlite:///:memory:", "it names no file"),
        ("sqlite:///file:a?mode=memory", "it names no file"),
        ("sqlite:///data/", "it names no file"),
        ("sqlite:///./local.db?check_same_thread=false", "it has options after a question mark"),
    ],
)
def test_address_of_an_sqlite_file_that_cannot_be_used_is_named(address: str, words: str) -> None:
    settings = Settings.from_env({"SQLITE_DATABASE_URL": address})
    assert settings.sqlite_url is None
    assert f"SQLITE_DATABASE_URL: {words}" in str(settings.sqlite_problem)
    assert SECRET not in str(settings.sqlite_problem)


def test_address_and_token_of_redis_are_read_as_a_pair() -> None:
    environment = {
        "UPSTASH_REDIS_REST_URL": "https://half.example",
        "KV_REST_API_URL": "https://whole.example/",
        "KV_REST_API_TOKEN": "token",
    }
    settings = Settings.from_env(environment)
    assert settings.redis_url == "https://whole.example"
    assert settings.redis_problem is None


def test_deployment_never_trusts_loopback() -> None:
    env = {"STEPWISE_TRUST_LOOPBACK": "1"}
    assert Settings.from_env(env).trust_loopback
    assert not Settings.from_env({**env, "VERCEL": "1"}).trust_loopback


def test_repr_contains_no_secret() -> None:
    env = dict.fromkeys(("ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY", "POSTGRES_URL"), SECRET)
    assert SECRET not in repr(Settings.from_env(env))


@pytest.mark.parametrize("days", ["0", "-3", "soon", "1e3", "9" * 30, "٣"])
def test_invalid_retention_time_does_not_become_the_default(days: str) -> None:
    assert Settings.from_env({"WORKSHOP_RETENTION_DAYS": days}).workshop_retention_days is None
    assert Settings.from_env({"TEST_RETENTION_DAYS": days}).test_retention_days is None


def test_wildcard_and_null_origins_are_ignored() -> None:
    origins = "*, https://a.example/ ,null,http://localhost:8080, *.example"
    settings = Settings.from_env({"ALLOWED_ORIGINS": origins})
    assert settings.allowed_origins == ("https://a.example", "http://localhost:8080")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (
            "postgres://postgres.ref:p@aws.example:6543/postgres?sslmode=require&supa=base-pooler.x",
            "postgresql://postgres.ref:p@aws.example:6543/postgres?sslmode=require",
        ),
        ("postgresql://a/b?pgbouncer=true&connection_limit=1", "postgresql://a/b"),
        ("postgresql://a/b?workaround=supabase-pooler.vercel", "postgresql://a/b"),
        (
            "postgresql://a/b?supa_typo=1&sslmode=require",
            "postgresql://a/b?sslmode=require",
        ),
        ("postgresql://a/b", "postgresql://a/b"),
        ("host=a password=x?supa=1", "host=a password=x?supa=1"),
    ],
)
def test_parameters_for_other_drivers_are_left_out_of_addresses(address: str, url: str) -> None:
    settings = Settings.from_env({"POSTGRES_URL": address})
    assert (settings.postgres_url, settings.migration_url) == (url, url)
    assert Settings.from_env({"POSTGRES_URL_NON_POOLING": address}).migration_url == url


@pytest.mark.parametrize("key", ["SUPABASE_KEY", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY"])
def test_supabase_without_postgres_is_explained(key: str) -> None:
    environment = {"SUPABASE_URL": "https://ref.supabase.co", key: SECRET}
    deps = Deps(Settings.from_env(environment))
    install_deps(deps)
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    response = client.get("/api/test/status/00000000-0000-4000-8000-000000000000")
    install_deps(None)
    assert response.status_code == 503
    body = response.json()
    assert body["code"] == "not_configured"
    assert body["error"].startswith("POSTGRES_URL (SUPABASE_URL and a key are not enough: ")
    assert "transaction pooler, port 6543" in body["error"]
    assert SECRET not in response.text


def test_missing_database_without_supabase_is_not_blamed_on_it() -> None:
    with pytest.raises(NotConfigured) as raised:
        _ = Deps(Settings.from_env({})).postgres
    assert "SUPABASE" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "needs_tickets"),
    [("ticket", True), ("tickets", True), ("Ticket", True), ("open", False), ("", False)],
)
def test_a_misspelt_admission_requires_tickets(value: str, needs_tickets: bool) -> None:
    assert Settings.from_env({"TEST_ADMISSION": value}).tests_need_tickets is needs_tickets


@pytest.mark.parametrize(("value", "count"), [("1", True), ("0", False), ("yes", False)])
def test_open_tests_count_only_if_the_value_is_1(value: str, count: bool) -> None:
    assert Settings.from_env({"OPEN_TESTS_COUNT": value}).open_tests_count is count
    assert not Settings.from_env({}).open_tests_count


@pytest.mark.parametrize(("value", "limited"), [("off", False), ("Off", True), ("", True)])
def test_writes_are_limited_unless_the_value_is_off(value: str, limited: bool) -> None:
    assert Settings.from_env({"WRITE_LIMITS": value}).limits_writes is limited
    assert Settings.from_env({}).limits_writes
