"""The configuration of a process. No other module of `lib` reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lib.database.address import Address, read_address, read_sqlite_address
from lib.text.pasted import unwrapped

WORKSHOP_RETENTION_DAYS = 365
TEST_RETENTION_DAYS = 730
"""Two years: a course that is taught again a year later still finds its students' proficiencies."""
MAX_DAYS = 36_500
POSTGRES_NAMES = ("POSTGRES_URL", "DATABASE_URL")
MIGRATION_NAMES = ("POSTGRES_URL_NON_POOLING", "DATABASE_URL_UNPOOLED", *POSTGRES_NAMES)
SQLITE_NAME = "SQLITE_DATABASE_URL"
SUPABASE_NAMES = (
    "SUPABASE_URL",
    "SUPABASE_KEY",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_SECRET_KEY",
    "NEXT_PUBLIC_SUPABASE_URL",
)
"""Variables of Supabase's REST interface, which Stepwise does not use."""
REDIS_URL_NAMES = ("UPSTASH_REDIS_REST_URL", "KV_REST_API_URL")
REDIS_TOKEN_NAMES = ("UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_TOKEN")
"""Names of tokens in the order of REDIS_URL_NAMES: a URL and its token are one pair."""
WEBSOCKET_NAMES = ("WEBSOCKET_DOMAIN", "RAILWAY_WEBSOCKET_DOMAIN")
"""Names of WEBSOCKET_DOMAIN; deployments of the old application use the second one."""
OTHER_REDIS_NAMES = ("KV_URL", "REDIS_URL", "UPSTASH_REDIS_URL")
"""Variables for Redis's own protocol, which needs a connection for each function."""
_NO_REST_ADDRESS = (
    "it is not a REST address; set UPSTASH_REDIS_REST_URL to the one that begins with https://,"
    " and UPSTASH_REDIS_REST_TOKEN to its token"
)


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
    postgres_problem: str | None = None
    """Reason why the address that is set cannot be used; `postgres_url` is None then."""
    migration_problem: str | None = None
    """Reason why the address for migrations cannot be used; `migration_url` is None then."""
    sqlite_url: str | None = None
    """Address of the study planner's database on a student's own machine."""
    sqlite_problem: str | None = None
    """Reason why the address that is set cannot be used; `sqlite_url` is None then."""
    has_supabase_variables: bool = False
    """Whether the environment has variables of Supabase, which explain a missing POSTGRES_URL."""
    redis_url: str | None = None
    redis_token: str | None = field(default=None, repr=False)
    redis_problem: str | None = None
    """Reason why the Redis settings cannot be used; `redis_url` and `redis_token` are None then."""
    ignored_options: tuple[str, ...] = ()
    """Sentences about options that were removed from addresses because other drivers use them."""
    unknown_options: tuple[str, ...] = ()
    """Sentences about options that were removed from addresses because they are unknown."""
    admin_password: str | None = field(default=None, repr=False)
    instructor_password: str | None = field(default=None, repr=False)
    """Password for the endpoints of instructors; None if only ADMIN_PASSWORD opens them."""
    cron_secret: str | None = field(default=None, repr=False)
    encryption_key: str | None = field(default=None, repr=False)
    encryption_key_previous: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] = ()
    websocket_domain: str | None = None
    """Host, with or without a port, of the WebSocket server that the students share."""
    workshop_retention_days: int | None = WORKSHOP_RETENTION_DAYS
    """Days for which a closed session is kept; None if WORKSHOP_RETENTION_DAYS is invalid, which
    disables clean-up."""
    test_retention_days: int | None = TEST_RETENTION_DAYS
    """Days for which a closed test is kept; None if TEST_RETENTION_DAYS is invalid: then no test is
    removed."""
    backup_bucket: str | None = None
    backup_folder: str = ".local/backups"
    """Folder for backups if there is no bucket; unused in deployments, whose disk is temporary."""
    tests_need_tickets: bool = False
    """Whether every pool admits by ticket only, whatever its own rule."""
    open_tests_count: bool = False
    """Whether a test without a ticket or an operator changes the proficiency of its student."""
    limits_writes: bool = True
    """Whether writes without a password and calls of users are counted and limited."""
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
        postgres = _database_address(env, POSTGRES_NAMES)
        migration = _database_address(env, MIGRATION_NAMES)
        sqlite = _first(env, (SQLITE_NAME,))
        local_file = Address() if sqlite is None else read_sqlite_address(sqlite, SQLITE_NAME)
        redis = _redis(env)
        return cls(
            platform=platform,
            postgres_url=postgres.url,
            migration_url=migration.url,
            postgres_problem=postgres.problem,
            migration_problem=migration.problem,
            sqlite_url=local_file.url,
            sqlite_problem=local_file.problem,
            has_supabase_variables=_first(env, SUPABASE_NAMES) is not None,
            redis_url=redis.url,
            redis_token=redis.token,
            redis_problem=redis.problem,
            ignored_options=_unique(postgres.ignored, migration.ignored),
            unknown_options=_unique(postgres.unknown, migration.unknown),
            admin_password=_first(env, ("ADMIN_PASSWORD",)),
            instructor_password=_first(env, ("INSTRUCTOR_PASSWORD",)),
            cron_secret=_first(env, ("CRON_SECRET",)),
            encryption_key=_first(env, ("ENCRYPTION_KEY",)),
            encryption_key_previous=_first(env, ("ENCRYPTION_KEY_PREVIOUS",)),
            allowed_origins=_origins(_first(env, ("ALLOWED_ORIGINS",))),
            websocket_domain=_domain(_first(env, WEBSOCKET_NAMES)),
            workshop_retention_days=_days(
                _first(env, ("WORKSHOP_RETENTION_DAYS",)), WORKSHOP_RETENTION_DAYS
            ),
            test_retention_days=_days(_first(env, ("TEST_RETENTION_DAYS",)), TEST_RETENTION_DAYS),
            backup_bucket=_first(env, ("BACKUP_BUCKET",)),
            backup_folder=_first(env, ("BACKUP_FOLDER",)) or cls.backup_folder,
            # A value other than "open" requires tickets, so a misspelling does not leave tests
            # open; without a value, tests are open.
            tests_need_tickets=_first(env, ("TEST_ADMISSION",)) not in {None, "open"},
            open_tests_count=_first(env, ("OPEN_TESTS_COUNT",)) == "1",
            limits_writes=_first(env, ("WRITE_LIMITS",)) != "off",
            trust_loopback=platform is Platform.LOCAL
            and _first(env, ("STEPWISE_TRUST_LOOPBACK",)) == "1",
        )


def _domain(text: str | None) -> str | None:
    """Return the host in an address, which may be pasted with its scheme and a path."""
    return None if text is None else text.rpartition("://")[2].partition("/")[0] or None


@dataclass(frozen=True)
class _Redis:
    url: str | None = None
    token: str | None = None
    problem: str | None = None


def _platform(env: Mapping[str, str]) -> Platform:
    if env.get("VERCEL"):
        return Platform.VERCEL
    if env.get("AWS_LAMBDA_FUNCTION_NAME"):
        return Platform.LAMBDA
    return Platform.LOCAL


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    name = _first_name(env, names)
    return None if name is None else unwrapped(env[name])


def _first_name(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if unwrapped(env.get(name, ""))), None)


def _database_address(env: Mapping[str, str], names: tuple[str, ...]) -> Address:
    name = _first_name(env, names)
    return Address() if name is None else read_address(env[name], name)


def _unique(*groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return each sentence once, since one variable often serves migrations, too."""
    return tuple(dict.fromkeys(sentence for group in groups for sentence in group))


def _redis(env: Mapping[str, str]) -> _Redis:
    """Return the REST address and token of Redis, or why they cannot be used."""
    pairs = zip(REDIS_URL_NAMES, REDIS_TOKEN_NAMES, strict=True)
    full_pairs = (pair for pair in pairs if None not in (_first(env, (name,)) for name in pair))
    url_name, token_name = next(full_pairs, None) or (
        _first_name(env, REDIS_URL_NAMES),
        _first_name(env, REDIS_TOKEN_NAMES),
    )
    other_name = _first_name(env, OTHER_REDIS_NAMES)
    if url_name is None and token_name is None:
        return _Redis(problem=None if other_name is None else f"{other_name}: {_NO_REST_ADDRESS}")
    if url_name is None or token_name is None:
        name, missing_names = (
            (url_name, REDIS_TOKEN_NAMES) if url_name else (token_name, REDIS_URL_NAMES)
        )
        return _Redis(problem=f"{name}: it is set without {' or '.join(missing_names)}; set both")
    url = unwrapped(env[url_name]).rstrip("/")
    if not url.lower().startswith(("https://", "http://")):
        return _Redis(problem=f"{url_name}: {_NO_REST_ADDRESS}")
    return _Redis(url, unwrapped(env[token_name]))


def _origins(text: str | None) -> tuple[str, ...]:
    """Return the origins that are named in full; `*` would admit every page."""
    parts = (unwrapped(part).rstrip("/") for part in (text or "").split(","))
    return tuple(part for part in parts if part.startswith(("https://", "http://")))


def _days(text: str | None, default: int) -> int | None:
    """Return the number of days; None if it is invalid, so that nothing is removed by mistake."""
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_DAYS else None
