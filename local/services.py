"""Postgres and Redis for the functions: the environment's, or embedded ones in `.local/`."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.database.address import SUPABASE_HINT
from lib.settings import (
    MIGRATION_NAMES,
    POSTGRES_NAMES,
    REDIS_TOKEN_NAMES,
    REDIS_URL_NAMES,
    Settings,
)
from lib.text.pasted import unwrapped
from local.redis_gateway.gateway import Gateway
from local.servers.child import ServerError
from local.servers.own_secrets import own_secrets
from local.servers.postgres_server import PostgresServer
from local.servers.redis_server import RedisServer

FOLDER = Path(".local")
DATABASE_NAMES = tuple(dict.fromkeys((*MIGRATION_NAMES, *POSTGRES_NAMES)))
REDIS_NAMES = (*REDIS_URL_NAMES, *REDIS_TOKEN_NAMES)
SECRET_NAMES = ("ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY")


@dataclass(frozen=True)
class Services:
    """Running servers, and the variables that lead to them.

    Attributes:
        environment: Whole environment for a child process, with secrets.
        postgres: Embedded server; None if the environment names a database.
        redis: Embedded server; None if the environment names one.
    """

    environment: dict[str, str]
    postgres: PostgresServer | None
    redis: RedisServer | None

    def restart_redis_if_ended(self) -> None:
        """Start the embedded Redis again if it has ended.

        Raises:
            ServerError: If the embedded Postgres has ended, or Redis cannot start.
        """
        if self.postgres is not None and not self.postgres.running:
            log = self.postgres.folder / "log"
            raise ServerError(f"PostgreSQL has ended unexpectedly. See {log}, then start again.")
        if self.redis is not None and not self.redis.running:
            print("Redis has stopped; starting it again.", flush=True)
            self.redis.start()


@contextmanager
def running_services(
    folder: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[Services]:
    """Start the servers that the environment does not name, for a block.

    Raises:
        ServerError: If a server cannot start, `secrets.json` is damaged, or the environment names
            a database or a Redis that cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored_secrets = own_secrets(folder)
    variables = {**environment}
    settings = Settings.from_env(environment)
    _require_usable(settings, environment)
    _add_missing_secrets(variables, stored_secrets)
    with ExitStack() as stack:
        postgres = redis = None
        if settings.postgres_url is None:
            if settings.has_supabase_variables:
                print(
                    f"Using the embedded database, not Supabase's, because POSTGRES_URL is not set."
                    f" {SUPABASE_HINT}.",
                    file=sys.stderr,
                )
            postgres = PostgresServer(folder / "postgres")
            stack.callback(postgres.stop)
            postgres.start()
            _replace(variables, DATABASE_NAMES, DATABASE_URL=postgres.url())
        if settings.redis_url is None:
            redis = RedisServer(folder / "redis")
            stack.callback(redis.stop)
            redis.start()
            gateway = Gateway(redis, token=stored_secrets["UPSTASH_REDIS_REST_TOKEN"])
            stack.callback(gateway.stop)
            gateway.start()
            _replace(
                variables,
                REDIS_NAMES,
                UPSTASH_REDIS_REST_URL=gateway.url,
                UPSTASH_REDIS_REST_TOKEN=gateway.token,
            )
        yield Services(variables, postgres, redis)


def names_all_services(environment: Mapping[str, str]) -> bool:
    """Return whether the environment names both servers, so that none has to be started.

    Raises:
        ServerError: If it names one that cannot be used.
    """
    settings = Settings.from_env(environment)
    _require_usable(settings, environment)
    return settings.postgres_url is not None and settings.redis_url is not None


def with_running_services(
    environment: Mapping[str, str], running_environment: Mapping[str, str]
) -> dict[str, str]:
    """Add the variables of a running `make dev` to a command's own, which take precedence."""
    variables = {**environment}
    settings = Settings.from_env(environment)
    if settings.postgres_url is None:
        _replace(variables, DATABASE_NAMES, **_only(running_environment, DATABASE_NAMES))
    if settings.redis_url is None:
        _replace(variables, REDIS_NAMES, **_only(running_environment, REDIS_NAMES))
    return {**_only(running_environment, SECRET_NAMES), **variables}


def service_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a command needs to use the services of this process."""
    return _only(environment, (*DATABASE_NAMES, *REDIS_NAMES, *SECRET_NAMES))


def _require_usable(settings: Settings, environment: Mapping[str, str]) -> None:
    """Refuse a database or a Redis that cannot be used; the embedded one would hide the mistake."""
    problem = settings.postgres_problem or settings.migration_problem
    if problem is not None:
        raise ServerError(f"{problem}, or unset it to use the embedded database.")
    names_redis = any(environment.get(name, "").strip() for name in REDIS_NAMES)
    if settings.redis_problem is not None and names_redis:
        raise ServerError(f"{settings.redis_problem}, or unset it to use the embedded Redis.")


def _add_missing_secrets(variables: dict[str, str], stored_secrets: dict[str, str]) -> None:
    for name in SECRET_NAMES:
        if not unwrapped(variables.get(name, "")):
            variables[name] = stored_secrets[name]


def _replace(variables: dict[str, str], names: tuple[str, ...], **values: str) -> None:
    for name in names:
        variables.pop(name, None)
    variables.update(values)


def _only(environment: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: environment[name] for name in names if name in environment}
