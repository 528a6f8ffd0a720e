"""Whether the service can do its work: with Postgres yes, without Redis slower, else no."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.errors import DatabaseUnavailable, NotConfigured


class ServiceState(StrEnum):
    """What one service answered."""

    UP = "up"
    DOWN = "down"
    NOT_CONFIGURED = "not configured"


class Status(StrEnum):
    """What that means for callers."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  # every promise holds, answers take longer
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Health:
    """The state at one moment."""

    status: Status
    version: str
    timestamp: datetime
    services: dict[str, ServiceState]


def check(deps: Deps) -> Health:
    """Ask both services; one round trip each."""
    postgres, redis = _postgres(deps), _redis(deps)
    return Health(
        status=_status(postgres, redis),
        version=deps.settings.version,
        timestamp=deps.clock(),
        services={"postgres": postgres, "redis": redis},
    )


def _status(postgres: ServiceState, redis: ServiceState) -> Status:
    """Nothing works without Postgres; a Redis that was never wanted is not missed."""
    if postgres is not ServiceState.UP:
        return Status.UNAVAILABLE
    return Status.DEGRADED if redis is ServiceState.DOWN else Status.HEALTHY


def _postgres(deps: Deps) -> ServiceState:
    try:
        deps.postgres.fetch_value(load_queries("operations/health.sql")["ping"], read=True)
    except NotConfigured:
        return ServiceState.NOT_CONFIGURED
    except DatabaseUnavailable:
        return ServiceState.DOWN
    return ServiceState.UP


def _redis(deps: Deps) -> ServiceState:
    if deps.redis is None:
        return ServiceState.NOT_CONFIGURED
    return ServiceState.UP if deps.redis.pipeline([["PING"]]) == ["PONG"] else ServiceState.DOWN
