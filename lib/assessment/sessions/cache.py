"""What the test service keeps in Redis: hot states, locks, questions without answers.

A cache that may vanish, lie or lag: whatever is here can be had from Postgres, and nothing is
acknowledged because of it. Each function is one HTTP call.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.pools.question import Shown

if TYPE_CHECKING:
    from lib.redis_rest import Command, RedisRest

STATE_SECONDS = 30 * 60
LOCK_SECONDS = 5
QUESTION_SECONDS = 60 * 60
CHECK_BYTES = 8
STATISTICS_KEY = "stats:questions"

# Only who took the lock may release it: after 5 s it may be another's.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
# Reads a question and counts the hit or miss, over all processes.
_READ_QUESTION = (
    "local held = redis.call('GET', KEYS[1]) "
    "redis.call('HINCRBY', KEYS[2], held and 'hits' or 'misses', 1) "
    "return held"
)


@dataclass(frozen=True)
class Taken:
    """What Redis said when an answer came in."""

    is_there: bool
    """Redis answered."""
    is_mine: bool
    """The lock is ours: nobody else is at work on this answer."""
    state: Any
    """As stored, unchecked; None if there is none."""
    token: str


def take(redis: "RedisRest | None", session_id: UUID, question_id: str) -> Taken:
    """Take the lock of an answer and read the session's state."""
    token = secrets.token_hex(8)
    answers = _run(
        redis,
        ["SET", lock_key(session_id, question_id), token, "NX", "EX", LOCK_SECONDS],
        ["GET", state_key(session_id)],
    )
    if not answers:
        return Taken(is_there=False, is_mine=False, state=None, token=token)
    locked, state = answers
    return Taken(is_there=True, is_mine=locked is True, state=state, token=token)


def keep(
    redis: "RedisRest | None",
    taken: Taken,
    session_id: UUID,
    question_id: str,
    state: str | None,
    next_question: Shown | None,
) -> None:
    """Write what an answer left: the new state (None: the test is over), the next question.

    A state that was there is only replaced: one that vanished since was removed by the end of the
    test. Where Redis did not answer before, it is not asked again.
    """
    if not taken.is_there:
        return
    commands: list[Command] = [["DEL", state_key(session_id)]]
    if state is not None:
        only_if_there = ["XX"] if taken.state is not None else []
        commands = [["SET", state_key(session_id), state, "EX", STATE_SECONDS, *only_if_there]]
    commands.append(["EVAL", _UNLOCK, 1, lock_key(session_id, question_id), taken.token])
    if next_question is not None:
        commands.append(_write_question(next_question))
    _run(redis, *commands)


def begin(
    redis: "RedisRest | None",
    session_id: UUID,
    state: str | None,
    question_id: str,
    revision: int,
    *,
    is_new: bool,
) -> Shown | None:
    """Write the state of a session that starts; return its question if it is cached.

    The state of a session that was there before is left alone: it may be further on by now.
    """
    commands: list[Command] = [
        ["EVAL", _READ_QUESTION, 2, question_key(question_id), STATISTICS_KEY]
    ]
    if state is not None:
        only_if_gone = [] if is_new else ["NX"]
        commands.append(["SET", state_key(session_id), state, "EX", STATE_SECONDS, *only_if_gone])
    answers = _run(redis, *commands)
    return None if answers is None else _question(answers[0], question_id, revision)


def cache_question(redis: "RedisRest | None", question: Shown) -> None:
    """Hold a question for an hour."""
    _run(redis, _write_question(question))


def read_state(redis: "RedisRest | None", session_id: UUID) -> Any:
    """A session's state as stored, unchecked; None if there is none."""
    answers = _run(redis, ["GET", state_key(session_id)])
    return answers[0] if answers else None


def write_state(redis: "RedisRest | None", session_id: UUID, state: str) -> bool:
    """Put a state in place, whatever was there; say whether Redis took it."""
    return _run(redis, ["SET", state_key(session_id), state, "EX", STATE_SECONDS]) == [True]


def drop_states(redis: "RedisRest | None", session_ids: Sequence[UUID]) -> bool:
    """Remove the states of closed sessions; say whether Redis took it."""
    keys = [state_key(session_id) for session_id in session_ids]
    return not keys or _run(redis, ["DEL", *keys]) is not None


def inspect(redis: "RedisRest | None", session_id: UUID) -> tuple[Any, Any] | None:
    """A session's state as stored and the seconds it has to live; None if Redis is away."""
    key = state_key(session_id)
    answers = _run(redis, ["GET", key], ["TTL", key])
    return None if answers is None else (answers[0], answers[1])


def state_key(session_id: UUID) -> str:
    """Key of a session's hot state."""
    return f"session:{session_id}:state"


def lock_key(session_id: UUID, question_id: str) -> str:
    """Key of the lock of one answer."""
    return f"lock:{session_id}:{question_id}"


def question_key(question_id: str) -> str:
    """Key of a cached question."""
    return f"question:{question_id}"


def _run(redis: "RedisRest | None", *commands: "Command") -> list[Any] | None:
    return None if redis is None else redis.pipeline(commands)


def _write_question(question: Shown) -> "Command":
    sealed = _dumped({**question, "check": _check(question)})
    return ["SET", question_key(question["id"]), sealed, "EX", QUESTION_SECONDS]


def _question(text: Any, question_id: str, revision: int) -> Shown | None:
    """A cached question, if it is whole and the right one in the right revision."""
    try:
        question: Shown = json.loads(text)
        unchanged = question.pop("check") == _check(question)
        fits = question["id"] == question_id and question["revision"] == revision
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        return None
    return question if unchanged and fits else None


def _check(question: Shown) -> str:
    return blake2b(_dumped(question).encode(), digest_size=CHECK_BYTES).hexdigest()


def _dumped(value: Shown) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
