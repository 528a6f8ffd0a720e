"""Statistics of Redis: keys by kind, memory, and the question cache."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from lib.assessment.debug.wire import RedisStats, RedisStatsOut
from lib.assessment.errors import CacheUnavailable
from lib.assessment.sessions.cache import STATISTICS_KEY
from lib.deps import Deps

if TYPE_CHECKING:
    from lib.redis_rest import RedisRest

KEYS_PER_CALL = 1000
MAX_CALLS = 200
"""Maximum number of SCAN calls; counting stops at about 200,000 keys."""
MEGABYTE = 1024 * 1024


def redis_stats(deps: Deps) -> RedisStatsOut:
    """Count keys; read memory and the question cache's hits and misses.

    Raises:
        CacheUnavailable: If Redis is unavailable.
    """
    if deps.redis is None:
        raise CacheUnavailable
    counters, size, memory = _run(
        deps.redis, ["HMGET", STATISTICS_KEY, "hits", "misses"], ["DBSIZE"], ["INFO", "memory"]
    )
    hits, misses = (int(value or 0) for value in counters or (0, 0))
    kinds = _count_by_kind(deps.redis)
    return RedisStatsOut(
        redis_stats=RedisStats(
            active_sessions=kinds["session"],
            active_locks=kinds["lock"],
            cached_questions=kinds["question"],
            memory_used_mb=_megabytes(memory),
            total_keys=int(size or 0),
            question_cache_hits=hits,
            question_cache_misses=misses,
            question_cache_hit_ratio=round(hits / (hits + misses), 4) if hits + misses else None,
        )
    )


def _count_by_kind(redis: "RedisRest") -> Counter[str]:
    """Count keys by the part before their first colon."""
    kinds: Counter[str] = Counter()
    cursor = 0
    for _ in range(MAX_CALLS):
        (page,) = _run(redis, ["SCAN", cursor, "COUNT", KEYS_PER_CALL])
        cursor, keys = page
        kinds.update(key.partition(":")[0] for key in keys)
        if cursor == 0:
            break
    return kinds


def _run(redis: "RedisRest", *commands: list[str | int]) -> list[Any]:
    replies = redis.pipeline(commands)
    if replies is None:
        raise CacheUnavailable
    return replies


def _megabytes(info: Any) -> float | None:
    """Return `used_memory` of an INFO reply in MiB."""
    for line in str(info or "").splitlines():
        name, _, value = line.partition(":")
        if name == "used_memory" and value.strip().isdigit():
            return round(int(value) / MEGABYTE, 3)
    return None
