"""The dependencies of handlers, created once in a process, when first used."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from lib.database.address import SUPABASE_HINT
from lib.errors import NotConfigured, UnusableSetting
from lib.logs import log
from lib.settings import Settings

if TYPE_CHECKING:
    from lib.database.postgres import Postgres
    from lib.redis_rest import RedisRest


class Deps:
    """Settings, Postgres, Redis and a clock; clients are imported and created when first used."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings
        self.clock = clock or (lambda: datetime.now(UTC))
        self._lock = threading.Lock()
        self._postgres: Postgres | None = None
        self._redis: RedisRest | None = None
        self._closers: list[Callable[[], None]] = []

    @property
    def postgres(self) -> "Postgres":
        """The database.

        Raises:
            NotConfigured: If the environment names no database, or its address cannot be used.
        """
        if self._postgres is None:
            url = self.postgres_url
            from lib.database.postgres import Postgres

            with self._lock:
                self._postgres = self._postgres or Postgres(url)
        return self._postgres

    @property
    def postgres_url(self) -> str:
        """The address of the database.

        Raises:
            NotConfigured: If the environment names none, or it cannot be used.
        """
        if self.settings.postgres_problem is not None:
            raise UnusableSetting(reason=f"{self.settings.postgres_problem}.")
        if self.settings.postgres_url is None:
            hint = f" ({SUPABASE_HINT})" if self.settings.has_supabase_variables else ""
            raise NotConfigured(name=f"POSTGRES_URL{hint}")
        return self.settings.postgres_url

    @property
    def sqlite_url(self) -> str:
        """The address of the database on this machine.

        Raises:
            NotConfigured: If the environment names none, or it cannot be used.
        """
        if self.settings.sqlite_problem is not None:
            raise UnusableSetting(reason=f"{self.settings.sqlite_problem}.")
        if self.settings.sqlite_url is None:
            raise NotConfigured(name="SQLITE_DATABASE_URL")
        return self.settings.sqlite_url

    @property
    def redis(self) -> "RedisRest | None":
        """The cache; None if the environment names no Redis that can be used."""
        url, token = self.settings.redis_url, self.settings.redis_token
        if self._redis is None and url is not None and token is not None:
            from lib.redis_rest import RedisRest

            with self._lock:
                self._redis = self._redis or RedisRest(url, token)
        return self._redis

    def close(self) -> None:
        """Close the clients."""
        if self._postgres is not None:
            self._postgres.close()
        if self._redis is not None:
            self._redis.close()
        for close in self._closers:
            close()

    def on_close(self, close: Callable[[], None]) -> None:
        """Call `close` when these dependencies are closed."""
        self._closers.append(close)


_installed_deps: Deps | None = None


def current_deps() -> Deps:
    """Return the dependencies of the process, created from the environment when first used."""
    return _installed_deps or _from_environment()


async def get_deps() -> Deps:
    """Return `current_deps()`; a coroutine, because FastAPI runs plain functions in a thread."""
    return current_deps()


def install_deps(deps: Deps | None) -> None:
    """Replace the dependencies in the whole process; None restores those of the environment."""
    global _installed_deps  # noqa: PLW0603 one per process is the point
    _installed_deps = deps


@cache
def _from_environment() -> Deps:
    settings = Settings.from_env()
    for problem in (
        settings.postgres_problem,
        settings.sqlite_problem,
        settings.redis_problem,
    ):
        if problem is not None:
            log("setting_unusable", reason=problem)
    for reason in (*settings.ignored_options, *settings.unknown_options):
        log("option_left_out", reason=reason)
    return Deps(settings)
