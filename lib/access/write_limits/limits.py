"""Limits on the writes of the public, by address and by the credential or name that they carry.

All calls of users who have logged in are limited, too: for each user and endpoint, the calls of a
minute are counted. `lib/routes.py` has the limit of each endpoint. A process collects a few writes
and then adds them to the counts of all processes, in a call to the database or to Redis that a
handler makes anyway: `begin` prepares this, and the first such call carries it out. The request is
admitted if Redis returns no count. It is also admitted if the database lacks the function that
counts; this is logged.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from lib.access.caller import caller_address
from lib.access.endpoint import WRITING, Endpoint
from lib.access.write_limits import store
from lib.database.statements import Statement, precede_next, register_reason
from lib.errors import TooManyWrites
from lib.framework import Request

if TYPE_CHECKING:
    from lib.deps import Deps
    from lib.redis_rest import Command

WINDOW_SECONDS = 15 * 60
USER_WINDOW_SECONDS = 60
MAX_UNCOUNTED = 20
"""Maximum number of writes that a process collects under one key before it counts them."""
TICKET_FACTOR = 10
"""Factor of the limit on an address for calls with a ticket: an operator has admitted these
students, and a whole school may begin an exam from one address."""
PROOFS = ("session_id", "sessionToken", "sessionId", "ticket", "refresh_token")
"""Fields with a credential of the caller, by which a call is counted first, so that nobody can use
up somebody else's limit."""
NAMES = ("studentEmail", "question_pool_id", "username")
"""Fields by which a call without a credential is counted: the student's e-mail, the pool, or the
user whose password may be guessed."""
_PROOF_HEADERS = ("x-session-token", "x-session-id")


class UncountedWrites:
    """The writes that a process has not yet added to the counts of all processes; thread-safe."""

    def __init__(self) -> None:
        self._writes: Counter[str] = Counter()
        self._ends_at: datetime | None = None
        self._lock = threading.Lock()

    def add(self, limits: Mapping[str, int], ends_at: datetime) -> dict[str, int]:
        """Add one write under each key.

        Args:
            limits: Limit of each key.
            ends_at: End of the window; uncounted writes of earlier windows are dropped.

        Returns:
            The writes to count now, by key: those under all these keys once one of the keys has
            enough of them, otherwise none.
        """
        with self._lock:
            if ends_at != self._ends_at:
                self._writes.clear()
                self._ends_at = ends_at
            self._writes.update(limits.keys())
            is_due = any(self._writes[key] >= _threshold(limit) for key, limit in limits.items())
            return {key: self._writes.pop(key) for key in limits} if is_due else {}

    def put_back(self, writes: Mapping[str, int]) -> None:
        """Keep the writes of a refused request, so that the next write is checked at once, too."""
        with self._lock:
            self._writes.update(writes)


@dataclass
class WriteCount:
    """The writes, or the one call of a user, that a request adds to the counts of all processes."""

    writes: dict[str, int]
    """Number of writes by key. A key is a digest of who is counted; the key of the address, if
    known, comes first."""
    limits: list[int]
    origins: list[str]
    """For each key, its words in the error message, such as `from this address`."""
    now: datetime
    ends_at: datetime
    uncounted: UncountedWrites
    done: bool = False

    def statement(self) -> Statement:
        """Return the statement that counts, to be sent before another one in the same call."""
        self.done = True
        return store.count_writes(self.writes, self.limits, self.now, self.ends_at)

    def commands(self) -> "list[Command]":
        """Return the commands that count in Redis; `settle` takes their results."""
        commands: list[Command] = []
        for key, number in self.writes.items():
            commands.append(["INCRBY", f"writes:{key}", number])
            commands.append(["EXPIRE", f"writes:{key}", WINDOW_SECONDS])
        return commands

    def settle(self, results: Sequence[Any]) -> None:
        """Compare the counts in the results of `commands` with the limits.

        Raises:
            TooManyWrites: If one of the counts is above its limit.
        """
        self.done = True
        for position, count in enumerate(results[::2]):
            if isinstance(count, int) and count > self.limits[position]:
                raise self.refusal(position)

    def refusal(self, position: int) -> TooManyWrites:
        """Put the writes back, and return the error for the key at this position, from 0."""
        self.uncounted.put_back(self.writes)
        seconds = max(1, round((self.ends_at - self.now).total_seconds()))
        return TooManyWrites(origin=self.origins[position], retry_after=seconds)


_uncounted: WeakKeyDictionary["Deps", UncountedWrites] = WeakKeyDictionary()
_request_count: ContextVar[WriteCount | None] = ContextVar("write_count", default=None)


def begin(request: Request, body: Any, deps: "Deps") -> None:
    """Prepare the count of a request, if its endpoint limits writes or the calls of a user.

    Args:
        request: The request; its state holds the endpoint.
        body: Its parsed body.
        deps: Clock and settings.
    """
    _request_count.set(_count_of(request, body, deps))
    precede_next(_pending_statements)


def pending() -> WriteCount | None:
    """Return the count of this request; None if there is none or it has been carried out."""
    count = _request_count.get()
    return None if count is None or count.done else count


def _pending_statements() -> list[Statement]:
    """Return the statement that must precede the next one; none if nothing is to be counted."""
    count = pending()
    return [] if count is None else [count.statement()]


def _count_of(request: Request, body: Any, deps: "Deps") -> WriteCount | None:
    endpoint: Endpoint = request.state.endpoint
    if not deps.settings.limits_writes:
        return None
    if endpoint.calls_per_minute is not None:
        return _count_of_user(request, endpoint, endpoint.calls_per_minute, deps)
    limit = endpoint.limit
    if limit is None or request.method not in WRITING:
        return None
    now = deps.clock()
    window = int(now.timestamp()) // WINDOW_SECONDS
    ends_at = datetime.fromtimestamp((window + 1) * WINDOW_SECONDS, UTC)
    name, value = _counted_field(request, body)
    address = caller_address(request, deps.settings)
    by_address = ("from this address", limit.by_address, address)
    if name == "ticket":
        tickets = limit.by_address * TICKET_FACTOR
        by_address = ("with tickets from this address", tickets, address)
    by_holder = (f"with this {name}", limit.by_holder, value)
    limits, origins = {}, []
    for origin, maximum, source in (by_address, by_holder):
        if source:
            limits[_digest(endpoint.path, window, origin, source)] = maximum
            origins.append(origin)
    uncounted = _uncounted.setdefault(deps, UncountedWrites())
    writes = uncounted.add(limits, ends_at)
    if not writes:
        return None
    return WriteCount(writes, list(limits.values()), origins, now, ends_at, uncounted)


def _count_of_user(request: Request, endpoint: Endpoint, limit: int, deps: "Deps") -> WriteCount:
    """Return the count of a call by a user who has logged in; reading calls count, too."""
    now = deps.clock()
    minute = int(now.timestamp()) // USER_WINDOW_SECONDS
    ends_at = datetime.fromtimestamp((minute + 1) * USER_WINDOW_SECONDS, UTC)
    user_id = str(request.state.claims.user_id)
    key = _digest(f"{request.method} {endpoint.path}", minute, "user", user_id)
    return WriteCount({key: 1}, [limit], ["of this user"], now, ends_at, UncountedWrites())


def _threshold(limit: int) -> int:
    """Return the number of writes that a process collects before it counts them."""
    return max(1, min(limit // 100, MAX_UNCOUNTED))


def _counted_field(request: Request, body: Any) -> tuple[str, str]:
    """Return the field by which a request is counted, and its value; empty if it has none."""
    fields = body if isinstance(body, dict) else {}
    headers = {name: request.headers.get(name) for name in _PROOF_HEADERS}
    places = (
        *((name, {**request.path_params, **fields}.get(name)) for name in PROOFS),
        *headers.items(),
        *((name, fields.get(name)) for name in NAMES),
    )
    return next(((name, value) for name, value in places if isinstance(value, str)), ("field", ""))


def _digest(path: str, window: int, origin: str, value: str) -> str:
    text = "\0".join((path, str(window), origin, value))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refusal_of(position: str) -> TooManyWrites:
    count = _request_count.get()
    assert count is not None  # noqa: S101 only its statement raises this
    return count.refusal(int(position) - 1)


register_reason("write_limit", _refusal_of)
