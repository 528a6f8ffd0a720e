"""The health of the service: it needs Postgres with its tables, and is slower without Redis."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.database.expected_tables import CONTEXT_SCHEMAS, expected_tables, workshop_tables
from lib.deps import Deps
from lib.errors import DatabaseUnavailable, NotConfigured
from lib.operations import store

TABLES_MISSING = "tables are missing: run `make migrate` or admin-create-unified-schema"
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
    # Redis is down, so responses take longer; or the workshop waits for the end of an upgrade.
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"  # Postgres cannot be used, or lacks tables


@dataclass(frozen=True)
class Schema:
    """The state of the database's schema."""

    missing: list[str]
    """Tables that calls need and that do not exist, such as `assessment.questions`."""
    waiting: list[str]
    """Tables that do not exist yet because an older version still uses the name of one."""
    remarks: list[str]
    """Facts that an operator should know, each with what to do."""


@dataclass(frozen=True)
class Health:
    """The health at one moment."""

    status: Status
    """The overall state."""
    version: str
    """Version of the application."""
    timestamp: datetime
    """Time of the check."""
    services: dict[str, ServiceState]
    """State of `postgres` and of `redis`."""
    schema: Schema | None
    """None while Postgres cannot be asked."""


def check(deps: Deps) -> Health:
    """Call both services, one round trip each."""
    (postgres, schema), redis = _check_postgres(deps), _check_redis(deps)
    return Health(
        status=_status(schema, redis),
        version=deps.settings.version,
        timestamp=deps.clock(),
        services={"postgres": postgres, "redis": redis},
        schema=schema,
    )


def _status(schema: Schema | None, redis: ServiceState) -> Status:
    """Return the overall state; a Redis that is not configured does not count as down."""
    if schema is None or schema.missing:
        return Status.UNAVAILABLE
    waits = bool(schema.waiting)
    return Status.DEGRADED if waits or redis is ServiceState.DOWN else Status.HEALTHY


def _check_postgres(deps: Deps) -> tuple[ServiceState, Schema | None]:
    try:
        facts = store.inspect_schema(deps.postgres, expected_tables(), CONTEXT_SCHEMAS)
    except NotConfigured:
        return ServiceState.NOT_CONFIGURED, None
    except DatabaseUnavailable:
        return ServiceState.DOWN, None
    return ServiceState.UP, _described(facts)


def _described(facts: store.SchemaFacts) -> Schema:
    waits = set(workshop_tables()) if facts.students_is_view else set()
    waiting = [table for table in facts.absent_tables if table in waits]
    missing = [table for table in facts.absent_tables if table not in waits]
    remarks = []
    if missing:
        remarks.append(TABLES_MISSING)
    if waiting:
        remarks.append(WORKSHOP_WAITS)
    if facts.schemas_off_path:
        remarks.append(NOT_ON_PATH.format(schemas=", ".join(facts.schemas_off_path)))
    return Schema(missing, waiting, remarks)


def _check_redis(deps: Deps) -> ServiceState:
    if deps.redis is None:
        return ServiceState.NOT_CONFIGURED
    return ServiceState.UP if deps.redis.pipeline([["PING"]]) == ["PONG"] else ServiceState.DOWN
