"""Settings from the environment."""

import pytest

from lib.settings import Platform, Settings

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
            "DATABASE_URL": "pooled",
            "DATABASE_URL_UNPOOLED": "direct",
            "KV_REST_API_URL": "redis",
            "KV_REST_API_TOKEN": "token",
        }
    )
    assert settings.postgres_url == "pooled"
    assert settings.migration_url == "direct"
    assert (settings.redis_url, settings.redis_token) == ("redis", "token")


def test_deployment_never_trusts_loopback() -> None:
    env = {"STEPWISE_TRUST_LOOPBACK": "1"}
    assert Settings.from_env(env).trust_loopback
    assert not Settings.from_env({**env, "VERCEL": "1"}).trust_loopback


def test_repr_contains_no_secret() -> None:
    env = dict.fromkeys(("ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY", "POSTGRES_URL"), SECRET)
    assert SECRET not in repr(Settings.from_env(env))


@pytest.mark.parametrize("days", ["0", "-3", "soon", "1e3", "9" * 30, "٣"])
def test_invalid_retention_time_is_ignored(days: str) -> None:
    assert Settings.from_env({"WORKSHOP_RETENTION_DAYS": days}).workshop_retention_days is None


def test_wildcard_and_null_origins_are_ignored() -> None:
    origins = "*, https://a.example/ ,null,http://localhost:8080, *.example"
    settings = Settings.from_env({"ALLOWED_ORIGINS": origins})
    assert settings.allowed_origins == ("https://a.example", "http://localhost:8080")
