"""The health of the service: it needs Postgres, and is slower without Redis."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.deps import Deps
from lib.errors import DatabaseUnavailable, NotConfigured
from lib.operations import store


class ServiceState(StrEnum):
    """The state of one service."""

    UP = "up"
    DOWN = "down"
    NOT_CONFIGURED = "not configured"


class Status(StrEnum):
    """The overall state."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  # everything works, but responses take longer
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Health:
    """The health at one moment."""

    status: Status
    version: str
    timestamp: datetime
    services: dict[str, ServiceState]


def check(deps: Deps) -> Health:
    """Call both services, one round trip each."""
    postgres, redis = _check_postgres(deps), _check_redis(deps)
    return Health(
        status=_status(postgres, redis),
        version=deps.settings.version,
        timestamp=deps.clock(),
        services={"postgres": postgres, "redis": redis},
    )


def _status(postgres: ServiceState, redis: ServiceState) -> Status:
    """Return the overall state; a Redis that is not configured does not count as down."""
    if postgres is not ServiceState.UP:
        return Status.UNAVAILABLE
    return Status.DEGRADED if redis is ServiceState.DOWN else Status.HEALTHY


def _check_postgres(deps: Deps) -> ServiceState:
    try:
        store.ping(deps.postgres)
    except NotConfigured:
        return ServiceState.NOT_CONFIGURED
    except DatabaseUnavailable:
        return ServiceState.DOWN
    return ServiceState.UP


def _check_redis(deps: Deps) -> ServiceState:
    if deps.redis is None:
        return ServiceState.NOT_CONFIGURED
    return ServiceState.UP if deps.redis.pipeline([["PING"]]) == ["PONG"] else ServiceState.DOWN
