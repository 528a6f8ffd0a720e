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
def test_platform_is_told_by_its_own_variable(env: dict[str, str], platform: Platform) -> None:
    settings = Settings.from_env(env)
    assert settings.platform is platform
    assert settings.deployed is (platform is not Platform.LOCAL)


def test_every_name_in_the_wild_is_understood() -> None:
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


def test_a_deployment_never_trusts_its_neighbours() -> None:
    env = {"STEPWISE_TRUST_LOOPBACK": "1"}
    assert Settings.from_env(env).trust_loopback
    assert not Settings.from_env({**env, "VERCEL": "1"}).trust_loopback


def test_secrets_do_not_show_in_a_repr() -> None:
    env = dict.fromkeys(("ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY", "POSTGRES_URL"), SECRET)
    assert SECRET not in repr(Settings.from_env(env))


@pytest.mark.parametrize("days", ["0", "-3", "soon", "1e3", "9" * 30, "٣"])
def test_a_nonsensical_retention_time_is_none_and_stops_nothing_else(days: str) -> None:
    assert Settings.from_env({"WORKSHOP_RETENTION_DAYS": days}).workshop_retention_days is None


def test_no_wildcard_lets_every_page_in() -> None:
    origins = "*, https://a.example/ ,null,http://localhost:8080, *.example"
    settings = Settings.from_env({"ALLOWED_ORIGINS": origins})
    assert settings.allowed_origins == ("https://a.example", "http://localhost:8080")
