"""Everything that is said on each platform, in this order."""

import re

from lib.routes import ENDPOINTS, Access
from tests.contract.assessment_turns import ASSESSMENT
from tests.contract.legacy_turns import LEGACY
from tests.contract.turn import ABSENT, Turn
from tests.contract.workshop_turns import WORKSHOP

ALL_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
HOUSE = (
    Turn("GET", "/health", 200),
    Turn("GET", "/api/health", 200),
    Turn("GET", "/api/no-such-thing", 404),
    Turn("POST", "/api/no/such/thing", 404, {}),
)


def _refused_methods() -> tuple[Turn, ...]:
    """For every path one method it does not take."""
    taken: dict[str, set[str]] = {}
    for row in ENDPOINTS:
        taken.setdefault(_concrete(row.path), set()).update(row.methods)
    return tuple(
        Turn(next(method for method in ALL_METHODS if method not in methods), path, 405)
        for path, methods in taken.items()
    )


def _concrete(template: str) -> str:
    return re.sub(r"\{\w+\}", ABSENT, template)


def _strangers() -> tuple[Turn, ...]:
    """Every closed endpoint, without a credential."""
    closed = {Access.OPERATOR, Access.CRON}
    return tuple(
        Turn(method, _concrete(row.path), 401)
        for row in ENDPOINTS
        if row.access in closed
        for method in row.methods
    )


TURNS = (*HOUSE, *WORKSHOP, *ASSESSMENT, *LEGACY, *_refused_methods(), *_strangers())
