"""The configuration of a process. Nothing else reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MINIMUM_SECRET_LENGTH = 16  # characters, as Vercel recommends for CRON_SECRET
WORKSHOP_RETENTION_DAYS = 365
MAX_DAYS = 36_500
POSTGRES_NAMES = ("POSTGRES_URL", "DATABASE_URL")
MIGRATION_NAMES = ("POSTGRES_URL_NON_POOLING", "DATABASE_URL_UNPOOLED", *POSTGRES_NAMES)
SUPABASE_NAMES = (
    "SUPABASE_URL",
    "SUPABASE_KEY",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_SECRET_KEY",
    "NEXT_PUBLIC_SUPABASE_URL",
)
"""Variables that lead only to Supabase's REST interface, which is not used."""
SUPABASE_HINT = (
    "SUPABASE_URL and a key are not enough: take the connection string of the transaction pooler,"
    " port 6543, as docs/deploy.md says"
)
FOREIGN_PARAMETERS = frozenset(
    {"supa", "workaround", "pgbouncer", "connection_limit", "pool_timeout", "schema"}
)
"""Parameters in the addresses that Supabase, Vercel and Prisma write; libpq refuses them."""
REDIS_URL_NAMES = ("UPSTASH_REDIS_REST_URL", "KV_REST_API_URL")
REDIS_TOKEN_NAMES = ("UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_TOKEN")


class Platform(StrEnum):
    """The platform that runs the process."""

    VERCEL = "vercel"
    LAMBDA = "lambda"
    LOCAL = "local"


@dataclass(frozen=True)
class Settings:
    """Values from the environment; a repr shows no secrets."""

    platform: Platform = Platform.LOCAL
    version: str = "0.1.0"
    postgres_url: str | None = field(default=None, repr=False)
    migration_url: str | None = field(default=None, repr=False)
    """Unpooled URL for schema changes and long work; by default `postgres_url`."""
    names_supabase: bool = False
    """Whether the environment has variables of Supabase, which explain a missing POSTGRES_URL."""
    redis_url: str | None = None
    redis_token: str | None = field(default=None, repr=False)
    admin_password: str | None = field(default=None, repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    encryption_key: str | None = field(default=None, repr=False)
    encryption_key_previous: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] = ()
    workshop_retention_days: int | None = WORKSHOP_RETENTION_DAYS
    """None if WORKSHOP_RETENTION_DAYS is invalid; clean-up is then disabled."""
    backup_bucket: str | None = None
    backup_folder: str = ".local/backups"
    """Folder for backups if there is no bucket; unused in deployments, whose disk is temporary."""
    trust_loopback: bool = False
    """Whether operators' calls from this machine need no password; on the local server only."""

    @property
    def deployed(self) -> bool:
        """Whether this is Vercel or Lambda, where a missing secret disables what it protects."""
        return self.platform is not Platform.LOCAL

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment; empty and blank values count as not set."""
        platform = _platform(env)
        return cls(
            platform=platform,
            postgres_url=_database_address(env, POSTGRES_NAMES),
            migration_url=_database_address(env, MIGRATION_NAMES),
            names_supabase=_first(env, SUPABASE_NAMES) is not None,
            redis_url=_first(env, REDIS_URL_NAMES),
            redis_token=_first(env, REDIS_TOKEN_NAMES),
            admin_password=_first(env, ("ADMIN_PASSWORD",)),
            cron_secret=_first(env, ("CRON_SECRET",)),
            encryption_key=_first(env, ("ENCRYPTION_KEY",)),
            encryption_key_previous=_first(env, ("ENCRYPTION_KEY_PREVIOUS",)),
            allowed_origins=_origins(_first(env, ("ALLOWED_ORIGINS",))),
            workshop_retention_days=_days(_first(env, ("WORKSHOP_RETENTION_DAYS",))),
            backup_bucket=_first(env, ("BACKUP_BUCKET",)),
            backup_folder=_first(env, ("BACKUP_FOLDER",)) or cls.backup_folder,
            trust_loopback=platform is Platform.LOCAL
            and _first(env, ("STEPWISE_TRUST_LOOPBACK",)) == "1",
        )


def _platform(env: Mapping[str, str]) -> Platform:
    if env.get("VERCEL"):
        return Platform.VERCEL
    if env.get("AWS_LAMBDA_FUNCTION_NAME"):
        return Platform.LAMBDA
    return Platform.LOCAL


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := env.get(name, "").strip())), None)


def _database_address(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Return the address without parameters that are meant for other drivers."""
    address = _first(env, names)
    if address is None or not address.startswith(("postgres://", "postgresql://")):
        return address
    location, _, parameters = address.partition("?")
    kept = [
        parameter
        for parameter in parameters.split("&")
        if parameter.partition("=")[0] not in FOREIGN_PARAMETERS
    ]
    return "?".join(part for part in (location, "&".join(kept)) if part)


def _origins(text: str | None) -> tuple[str, ...]:
    """Return the origins that are named in full; `*` would admit every page."""
    parts = (part.strip().rstrip("/") for part in (text or "").split(","))
    return tuple(part for part in parts if part.startswith(("https://", "http://")))


def _days(text: str | None) -> int | None:
    """Return the days, None if invalid, so that nothing is removed by mistake."""
    if text is None:
        return WORKSHOP_RETENTION_DAYS
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_DAYS else None
