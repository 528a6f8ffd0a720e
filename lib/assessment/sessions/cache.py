"""Redis cache of sessions: snapshots, locks, and questions without their correct answers.

Redis may lose, corrupt or delay any value. Snapshots and questions can be rebuilt from Postgres,
and no answer is acknowledged because of Redis. Each function makes at most one HTTP call.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.pools.question import Question

if TYPE_CHECKING:
    from lib.access.write_limits.limits import WriteCount
    from lib.redis_rest import Command, RedisRest

SNAPSHOT_SECONDS = 30 * 60
LOCK_SECONDS = 5
QUESTION_SECONDS = 60 * 60
CHECK_BYTES = 8
STATISTICS_KEY = "stats:questions"

# Deletes the lock only if the caller still owns it: it expires after 5 s, and another caller may
# have acquired it since.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
# Reads a question and counts the hit or miss for all processes.
_READ_QUESTION = (
    "local cached = redis.call('GET', KEYS[1]) "
    "redis.call('HINCRBY', KEYS[2], cached and 'hits' or 'misses', 1) "
    "return cached"
)


@dataclass(frozen=True)
class LockResult:
    """Redis's reply to `lock_and_read`."""

    replied: bool
    """Whether Redis replied at all."""
    acquired: bool
    """Whether the lock is ours, so that no other caller is processing this answer."""
    snapshot: Any
    """The snapshot as stored, not validated; None if there is none."""
    token: str
    """Value of the lock, by which its owner releases it."""


def lock_and_read(
    redis: "RedisRest | None", session_id: UUID, question_id: str, count: "WriteCount | None" = None
) -> LockResult:
    """Lock the answer to a question, read the session's snapshot, and count the call with `count`.

    Raises:
        TooManyWrites: If there were too many of these calls.
    """
    token = secrets.token_hex(8)
    replies = _run(
        redis,
        ["SET", lock_key(session_id, question_id), token, "NX", "EX", LOCK_SECONDS],
        ["GET", snapshot_key(session_id)],
        *([] if count is None else count.commands()),
    )
    if not replies:
        return LockResult(replied=False, acquired=False, snapshot=None, token=token)
    locked, snapshot, *counts = replies
    if count is not None:
        count.settle(counts)
    return LockResult(replied=True, acquired=locked is True, snapshot=snapshot, token=token)


def write_and_unlock(
    redis: "RedisRest | None",
    lock: LockResult,
    session_id: UUID,
    question_id: str,
    snapshot: str | None,
    next_question: Question | None,
) -> None:
    """Write the snapshot after an answer (None: delete it) and the next question; unlock.

    If `lock_and_read` found a snapshot, it is only replaced if it still exists: otherwise the end
    of the test has deleted it. If Redis did not reply to `lock_and_read`, it is not called again.
    """
    if not lock.replied:
        return
    commands: list[Command] = [["DEL", snapshot_key(session_id)]]
    if snapshot is not None:
        only_if_exists = ["XX"] if lock.snapshot is not None else []
        commands = [
            ["SET", snapshot_key(session_id), snapshot, "EX", SNAPSHOT_SECONDS, *only_if_exists]
        ]
    commands.append(["EVAL", _UNLOCK, 1, lock_key(session_id, question_id), lock.token])
    if next_question is not None:
        commands.append(_write_question(next_question))
    _run(redis, *commands)


def read_question_and_add_snapshot(
    redis: "RedisRest | None",
    session_id: UUID,
    snapshot: str | None,
    question_id: str,
    revision: int,
    *,
    is_new: bool,
) -> Question | None:
    """Return a question if it is cached, and write the first snapshot of a session if given.

    The snapshot of a session that is not new is only written if there is none: an existing one
    may already include answers.
    """
    commands: list[Command] = [
        ["EVAL", _READ_QUESTION, 2, question_key(question_id), STATISTICS_KEY]
    ]
    if snapshot is not None:
        only_if_missing = [] if is_new else ["NX"]
        commands.append(
            ["SET", snapshot_key(session_id), snapshot, "EX", SNAPSHOT_SECONDS, *only_if_missing]
        )
    replies = _run(redis, *commands)
    return None if replies is None else _decode_question(replies[0], question_id, revision)


def write_question(redis: "RedisRest | None", question: Question) -> None:
    """Cache a question for an hour."""
    _run(redis, _write_question(question))


def read_snapshot(redis: "RedisRest | None", session_id: UUID) -> Any:
    """Return a session's snapshot as stored, not validated; None if there is none."""
    replies = _run(redis, ["GET", snapshot_key(session_id)])
    return replies[0] if replies else None


def write_snapshot(redis: "RedisRest | None", session_id: UUID, snapshot: str) -> bool:
    """Write a snapshot, replacing any other; return whether Redis accepted it."""
    command: Command = ["SET", snapshot_key(session_id), snapshot, "EX", SNAPSHOT_SECONDS]
    return _run(redis, command) == [True]


def delete_snapshots(redis: "RedisRest | None", session_ids: Sequence[UUID]) -> bool:
    """Delete the snapshots of closed sessions; return whether Redis accepted it."""
    keys = [snapshot_key(session_id) for session_id in session_ids]
    return not keys or _run(redis, ["DEL", *keys]) is not None


def read_snapshot_and_ttl(redis: "RedisRest | None", session_id: UUID) -> tuple[Any, Any] | None:
    """Return a session's snapshot as stored and its remaining seconds; None without Redis."""
    key = snapshot_key(session_id)
    replies = _run(redis, ["GET", key], ["TTL", key])
    return None if replies is None else (replies[0], replies[1])


def snapshot_key(session_id: UUID) -> str:
    """Return the key of a session's snapshot."""
    return f"session:{session_id}:state"


def lock_key(session_id: UUID, question_id: str) -> str:
    """Return the key of the lock of one answer."""
    return f"lock:{session_id}:{question_id}"


def question_key(question_id: str) -> str:
    """Return the key of a cached question."""
    return f"question:{question_id}"


def _run(redis: "RedisRest | None", *commands: "Command") -> list[Any] | None:
    return None if redis is None else redis.pipeline(commands)


def _write_question(question: Question) -> "Command":
    text = _compact_json({**vars(question), "check": _check(question)})
    return ["SET", question_key(question.id), text, "EX", QUESTION_SECONDS]


def _decode_question(text: Any, question_id: str, revision: int) -> Question | None:
    """Return a cached question if it is intact and has the given id and revision."""
    try:
        fields = json.loads(text)
        check = fields.pop("check")
        question = Question(**fields)
        is_intact = check == _check(question)
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        return None
    matches = question.id == question_id and question.revision == revision
    return question if is_intact and matches else None


def _check(question: Question) -> str:
    return blake2b(_compact_json(vars(question)).encode(), digest_size=CHECK_BYTES).hexdigest()


def _compact_json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
