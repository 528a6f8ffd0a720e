"""Health of the service, which needs Postgres with its tables and is slower without Redis.

The response comes within 2 s, even if a name server or a service does not reply, or if a service
accepts no connection. Each service is therefore checked in its own thread, and the response does
not wait for that thread longer than CHECK_SECONDS.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Generic, TypeVar

from lib import deadline
from lib.database.expected_tables import CONTEXT_SCHEMAS, expected_tables, workshop_tables
from lib.database.schema import REVISIONS, fingerprint
from lib.deps import Deps
from lib.errors import DatabaseUnavailable, NotConfigured
from lib.operations.health import store
from lib.web.wire import UtcTime

T = TypeVar("T")
CHECK_SECONDS = 1.5
"""Time limit of both checks together; the remaining 0.5 s are for sending the response."""
TABLES_MISSING = "tables are missing: run `make migrate` or admin-create-unified-schema"
SCHEMA_BEHIND = (
    "the schema is older than this version of the code: run `make migrate` or"
    " admin-create-unified-schema"
)
SCHEMA_ELSEWHERE = (
    "another version of the code, probably a newer one, changed the schema last: deploy it,"
    " or run `make migrate` with this one"
)
WORKSHOP_WAITS = (
    "public.students is a view that serves an older version, so the workshop's tables are not "
    'there yet: run `python migrate.py finish` or admin-create-unified-schema with "finish": true'
)
NOT_ON_PATH = (
    "the search_path of the database lacks {schemas}, so queries typed without a schema may not "
    "find their tables: run `make migrate` or admin-create-unified-schema"
)


class ServiceState(StrEnum):
    """The state of one service."""

    UP = "up"
    DOWN = "down"
    NOT_CONFIGURED = "not configured"


class Status(StrEnum):
    """The overall state."""

    HEALTHY = "healthy"
    # Redis is down or cannot be used, so responses take longer; the schema is behind the code; or
    # the workshop waits for the end of an upgrade.
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"  # Postgres cannot be used, or lacks tables


@dataclass(frozen=True)
class Schema:
    """The state of the database's schema."""

    version: str | None
    """Revision that migrate.py recorded; null if it never ran, or if it may not be read."""
    behind: bool
    """Whether the schema is older than the code."""
    missing: list[str]
    """Tables that calls need and that do not exist, such as `assessment.questions`."""
    waiting: list[str]
    """Tables that do not exist yet because an older version still uses the name of one of them."""
    remarks: list[str]
    """Facts that an operator should know, each with what to do."""


@dataclass(frozen=True)
class Health:
    """The health at one moment."""

    status: Status
    """The overall state."""
    version: str
    """Version of the application."""
    timestamp: UtcTime
    """Time of the check."""
    services: dict[str, ServiceState]
    """State of `postgres` and of `redis`; `supabase` is the earlier service's name for Postgres."""
    schema: Schema | None
    """Version of the schema and what it lacks; null while Postgres cannot be used."""
    remarks: list[str]
    """Variables that cannot be used, and options that were left out of addresses."""


async def check(deps: Deps) -> Health:
    """Call both services at the same time, one round trip each."""
    checks = _checks(deps)
    postgres_check = asyncio.wrap_future(checks.postgres.start())
    redis_check = asyncio.wrap_future(checks.redis.start())
    await asyncio.wait((postgres_check, redis_check), timeout=CHECK_SECONDS)
    postgres, schema = _result(postgres_check, (ServiceState.DOWN, None))
    redis = _result(redis_check, ServiceState.DOWN)
    settings = deps.settings
    problems = filter(None, (settings.postgres_problem, settings.redis_problem))
    return Health(
        status=_status(schema, redis, redis_problem=settings.redis_problem),
        version=settings.version,
        timestamp=deps.clock(),
        services={"postgres": postgres, "redis": redis, "supabase": postgres},
        schema=schema,
        remarks=[*problems, *settings.unknown_options],
    )


class _Check(Generic[T]):
    """A check of a service; callers that start it while it is running share its result."""

    def __init__(self, service: str, run_check: Callable[[], T]) -> None:
        self._service = service
        self._run_check = run_check
        self._lock = threading.Lock()
        self._running: Future[T] | None = None

    def start(self) -> Future[T]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = Future()
                self._running.set_running_or_notify_cancel()
                threading.Thread(
                    name=f"health of {self._service}",
                    target=copy_context().run,
                    args=(self._run, self._running),
                    daemon=True,  # a silent name server can hold it for a minute
                ).start()
            return self._running

    def _run(self, future: Future[T]) -> None:
        deadline.start(CHECK_SECONDS + deadline.MARGIN_SECONDS)
        try:
            future.set_result(self._run_check())
        except BaseException as error:  # noqa: BLE001 raised again in each caller
            future.set_exception(error)


class _Checks:
    def __init__(self, deps: Deps) -> None:
        _import_clients(deps)
        self.postgres = _Check("postgres", lambda: _check_postgres(deps))
        self.redis = _Check("redis", lambda: _check_redis(deps))


@lru_cache(maxsize=1)
def _checks(deps: Deps) -> _Checks:
    """Return the process's checks."""
    return _Checks(deps)


def _import_clients(deps: Deps) -> None:
    """Import the drivers and read the scripts before the time limit begins."""
    with suppress(NotConfigured):
        _ = deps.postgres
    _ = deps.redis, expected_tables(), workshop_tables(), fingerprint()


def _result(check_result: "asyncio.Future[T]", default: T) -> T:
    if check_result.done():
        return check_result.result()
    check_result.cancel()
    return default


def _status(schema: Schema | None, redis: ServiceState, *, redis_problem: str | None) -> Status:
    """Return the overall state; a Redis that is not configured does not count as down."""
    if schema is None or schema.missing:
        return Status.UNAVAILABLE
    lacks_redis = redis is ServiceState.DOWN or redis_problem is not None
    return Status.DEGRADED if lacks_redis or schema.waiting or schema.behind else Status.HEALTHY


def _check_postgres(deps: Deps) -> tuple[ServiceState, Schema | None]:
    try:
        facts = store.inspect_schema(deps.postgres, expected_tables(), CONTEXT_SCHEMAS)
    except NotConfigured:
        return ServiceState.NOT_CONFIGURED, None
    except DatabaseUnavailable:
        return ServiceState.DOWN, None
    return ServiceState.UP, _schema_state(facts)


def _schema_state(facts: store.SchemaFacts) -> Schema:
    postponed_tables = set(workshop_tables()) if facts.students_is_view else set()
    waiting = [table for table in facts.absent_tables if table in postponed_tables]
    missing = [table for table in facts.absent_tables if table not in postponed_tables]
    behind = _is_behind(facts)
    remarks = []
    if missing:
        remarks.append(TABLES_MISSING)
    elif behind:
        remarks.append(SCHEMA_BEHIND)
    elif _is_of_another_version(facts):
        remarks.append(SCHEMA_ELSEWHERE)
    if waiting:
        remarks.append(WORKSHOP_WAITS)
    if facts.schemas_off_path:
        remarks.append(NOT_ON_PATH.format(schemas=", ".join(facts.schemas_off_path)))
    return Schema(facts.revision, behind, missing, waiting, remarks)


def _is_behind(facts: store.SchemaFacts) -> bool:
    """Return whether this version's scripts have never run, or a revision is not applied yet.

    False if the recorded revision is unknown to this version, since the schema may be newer.
    Scripts whose record may not be read count as run.
    """
    if facts.revision is not None and facts.revision not in REVISIONS:
        return False
    if facts.revision is not None and facts.revision != REVISIONS[-1]:
        return True
    return not facts.script_runs_hidden and fingerprint() not in facts.script_runs


def _is_of_another_version(facts: store.SchemaFacts) -> bool:
    if facts.revision is not None and facts.revision not in REVISIONS:
        return True
    return bool(facts.script_runs) and facts.script_runs[-1] != fingerprint()


def _check_redis(deps: Deps) -> ServiceState:
    if deps.redis is None:
        return ServiceState.NOT_CONFIGURED
    return ServiceState.UP if deps.redis.pipeline([["PING"]]) == ["PONG"] else ServiceState.DOWN
