"""GET /api/debug/redis/stats: statistics of Redis, for operators."""

from typing import Annotated

from lib.assessment.debug.cache_stats import redis_stats
from lib.assessment.debug.wire import RedisStatsOut
from lib.assessment.errors import CacheUnavailable
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.debug_redis_stats", tag="Assessment: operators")


@app.get("/api/debug/redis/stats")
@raises(CacheUnavailable)
def debug_redis_stats(deps: Annotated[Deps, Depends(get_deps)]) -> RedisStatsOut:
    """Return the numbers of sessions, locks and questions in Redis, and its memory."""
    return redis_stats(deps)


lambda_handler = lambda_entry(app)
