"""What the functions stand on: the environment's Postgres and Redis, or our own in `.local/`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.settings import (
    MIGRATION_NAMES,
    POSTGRES_NAMES,
    REDIS_TOKEN_NAMES,
    REDIS_URL_NAMES,
    Settings,
)
from local.redis_gateway.gateway import Gateway
from local.servers.child import ServerError
from local.servers.own_secrets import own_secrets
from local.servers.postgres_server import PostgresServer
from local.servers.redis_server import RedisServer

FOLDER = Path(".local")
DATABASE = tuple(dict.fromkeys((*MIGRATION_NAMES, *POSTGRES_NAMES)))
CACHE = (*REDIS_URL_NAMES, *REDIS_TOKEN_NAMES)
SECRETS = ("ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY")


@dataclass(frozen=True)
class Services:
    """Servers that run, and the environment that leads to them.

    Attributes:
        environment: Whole, for a child process; secrets included.
        postgres: Ours; None where the environment names a database.
        redis: Ours; None where the environment names one.
    """

    environment: dict[str, str]
    postgres: PostgresServer | None
    redis: RedisServer | None

    def mend(self) -> None:
        """Start our Redis again if it has ended: it is a cache, and nobody should miss it.

        Raises:
            ServerError: If our Postgres has ended by itself, or Redis will not start.
        """
        if self.postgres is not None and not self.postgres.running:
            log = self.postgres.folder / "log"
            raise ServerError(f"PostgreSQL has stopped; {log} may say why.")
        if self.redis is not None and not self.redis.running:
            print("Redis has stopped; starting it again.", flush=True)
            self.redis.start()


@contextmanager
def running_services(folder: Path, given: Mapping[str, str] = os.environ) -> Iterator[Services]:
    """Start what the environment does not give, for a block.

    Raises:
        ServerError: If a server cannot start, `secrets.json` is damaged, or half of a pair of names
            is set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = own_secrets(folder)
    environment = {**given}
    settings = Settings.from_env(given)
    _keep(environment, own, settings)
    with ExitStack() as stack:
        postgres = redis = None
        if settings.postgres_url is None:
            postgres = PostgresServer(folder / "postgres")
            stack.callback(postgres.stop)
            postgres.start()
            _replace(environment, DATABASE, DATABASE_URL=postgres.url())
        if settings.redis_url is None:
            redis = RedisServer(folder / "redis")
            stack.callback(redis.stop)
            redis.start()
            gateway = Gateway(redis, token=own["UPSTASH_REDIS_REST_TOKEN"])
            stack.callback(gateway.stop)
            gateway.start()
            _replace(
                environment,
                CACHE,
                UPSTASH_REDIS_REST_URL=gateway.url,
                UPSTASH_REDIS_REST_TOKEN=gateway.token,
            )
        yield Services(environment, postgres, redis)


def given_all(given: Mapping[str, str]) -> bool:
    """True if the environment names a database and a cache, so that nothing of ours is needed."""
    settings = Settings.from_env(given)
    return settings.postgres_url is not None and settings.redis_url is not None


def joined(given: Mapping[str, str], running: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command beside a `make dev`: its own names first, then those."""
    environment = {**given}
    settings = Settings.from_env(given)
    if settings.postgres_url is None:
        _replace(environment, DATABASE, **_only(running, DATABASE))
    if settings.redis_url is None:
        _replace(environment, CACHE, **_only(running, CACHE))
    return {**_only(running, SECRETS), **environment}


def shared(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a command beside us needs."""
    return _only(environment, (*DATABASE, *CACHE, *SECRETS))


def _keep(environment: dict[str, str], own: dict[str, str], settings: Settings) -> None:
    """Secrets of the environment stand; the others are ours."""
    if (settings.redis_url is None) != (settings.redis_token is None):
        raise ServerError("Set both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or none.")
    for name in SECRETS:
        if not environment.get(name, "").strip():
            environment[name] = own[name]


def _replace(environment: dict[str, str], names: tuple[str, ...], **values: str) -> None:
    for name in names:
        environment.pop(name, None)
    environment.update(values)


def _only(environment: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: environment[name] for name in names if name in environment}
