"""Pools in process memory stay within their limits."""

import gc
import tracemalloc
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.item_pool import ItemPool, ItemPoolCache, build_pool
from lib.assessment.pools.question import Question
from lib.assessment.pools.question_cache import QuestionCache
from lib.assessment.pools.store import ItemRow, VersionRow
from lib.assessment.sessions.session import new_session
from lib.assessment.sessions.wire import EndCriteria
from lib.deps import Deps
from tests.assessment.conftest import Rows, make_questions, upload

ITEMS = 20_000


def question(question_id: str, content: str) -> Question:
    return Question(question_id, content, ["a", "b"], [1.0], 1)


def used_pool(concepts: int) -> ItemPool:
    """Return a pool with everything that the engine derives from it."""
    items = [
        ItemRow(str(uuid4()), 1, 4, i % 4, [float(c == i % concepts) for c in range(concepts)],
              0.5, 1.0, 0.2, None, None)
        for i in range(ITEMS)
    ]  # fmt: skip
    settings = {"content_shares": [1.0] * concepts, "max_exposure": 0.3}
    pool = build_pool(uuid4(), 1, VersionRow(concepts, ITEMS, None, settings, None), items)
    new_session(uuid4(), "ann", pool, EndCriteria(), (None,) * concepts)
    return pool


@pytest.mark.parametrize("concepts", [1, 5, 32])
def test_pool_takes_about_as_much_memory_as_it_states(concepts: int) -> None:
    tracemalloc.start()
    try:
        pool = used_pool(concepts)
        gc.collect()
        measured_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    stated_bytes = pool.bytes - 1_000_000  # the question cache is empty
    assert 0.7 * stated_bytes < measured_bytes < 1.1 * stated_bytes


def test_least_recently_used_pool_is_evicted(
    client: TestClient, operator: dict[str, str], deps: Deps, rows: Rows
) -> None:
    ids = [UUID(upload(client, operator, make_questions(20, prefix))) for prefix in "abc"]
    versions_by_pool: dict[UUID, int] = dict(
        rows("SELECT pool_id, version FROM assessment.pool_versions")
    )
    cache = ItemPoolCache(max_bytes=2_100_000)  # room for two pools
    first, second = (cache.get(deps.postgres, pool, versions_by_pool[pool]) for pool in ids[:2])
    assert cache.get(deps.postgres, ids[0], versions_by_pool[ids[0]]) is first
    cache.get(deps.postgres, ids[2], versions_by_pool[ids[2]])
    assert cache.get(deps.postgres, ids[0], versions_by_pool[ids[0]]) is first
    assert cache.get(deps.postgres, ids[1], versions_by_pool[ids[1]]) is not second


def test_question_cache_is_limited_by_size_not_number() -> None:
    cache = QuestionCache(max_bytes=100_000)
    for number in range(10):
        cache.put(question(str(number), "x" * 30_000))
    assert [number for number in range(10) if cache.get(str(number))] == [7, 8, 9]
    for _ in range(5):  # replacing a question takes no more room
        cache.put(question("9", "x" * 30_000))
    assert cache.get("7")
    cache.put(question("long", "é" * 30_000))
    assert cache.get("long") is None  # larger than the whole cache
