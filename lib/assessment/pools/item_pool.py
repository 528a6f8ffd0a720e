"""Question pools in process memory: each version's item bank and answer key, loaded once.

A version never changes and its number is never reused, not even after a backup is restored, so a
loaded pool stays valid for as long as the process lives. All sessions on a version share it and
refer to items by position. Texts are held only for the questions asked most recently. Correct
answers are held nowhere else outside Postgres.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lib.assessment.errors import PoolNotFound
from lib.assessment.pools import store
from lib.assessment.pools.eligibility import Eligibility
from lib.assessment.pools.item_bank import build_bank
from lib.assessment.pools.question_cache import MAX_CACHE_BYTES, QuestionCache
from lib.assessment.pools.selection_settings import Selection
from lib.assessment.pools.store import ItemRow, VersionRow
from lib.engine import ItemBank

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

MAX_BYTES = 128_000_000
"""Maximum size of all pools in a process, as `ItemPool.bytes` estimates it: about 400,000 items at
five concepts, or 149,000 at 32. A larger pool evicts all others. Loading a pool needs its size
twice."""

ITEM_BYTES, CONCEPT_BYTES = 210, 20
"""Estimated size of an item and of each of its concepts, with what the engine derives from them;
30 MB for 100,000 items at five concepts. tests/assessment/test_item_pool.py measures it."""

NO_CORRECT_OPTION = -1

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ItemPool:
    """One version of a pool; item i is the question at position i."""

    pool_id: UUID
    version: int
    bank: ItemBank
    question_ids: tuple[str, ...]
    positions: dict[str, int]
    """Question id -> position."""
    correct_option: NDArray[np.int16]
    """0-based index of the correct option; `NO_CORRECT_OPTION` if none or the item is retired."""
    option_count: NDArray[np.int16]
    revision: NDArray[np.int32]
    gradable: NDArray[np.bool_]
    """Whether an item has a correct option and is not retired; the others are never asked."""
    correlation: FloatArray | None
    """Correlation of the concepts in the population, shape (k, k); None if independent."""
    selection: Selection = field(default_factory=Selection)
    eligibility: Eligibility | None = None
    """Exposure control; None if every session may use every question."""
    question_cache: QuestionCache = field(default_factory=QuestionCache)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.question_ids)

    @property
    def bytes(self) -> int:
        """Estimated size once the pool is in use and its question cache is full."""
        return len(self) * (ITEM_BYTES + CONCEPT_BYTES * self.bank.concepts) + MAX_CACHE_BYTES

    def is_correct(self, item: int, response: int) -> bool:
        """Return whether the option is the correct one."""
        return bool(self.correct_option[item] == response)


def load_pool(postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
    """Read a version of a pool in one round trip.

    Raises:
        PoolNotFound: If the version does not exist.
    """
    rows = store.read_version(postgres, pool_id, version)
    if rows is None:
        raise PoolNotFound
    return build_pool(pool_id, version, *rows)


def build_pool(pool_id: UUID, version: int, row: VersionRow, items: list[ItemRow]) -> ItemPool:
    """Return the pool that the rows of a version describe."""
    correct_option = np.array(
        [NO_CORRECT_OPTION if i.correct_option is None else i.correct_option for i in items],
        np.int16,
    )
    question_ids = tuple(i.question_id for i in items)
    selection = Selection.of_version(row.selection)
    return ItemPool(
        pool_id=pool_id,
        version=version,
        bank=build_bank(items, row.concept_count, selection),
        question_ids=question_ids,
        positions={question_id: position for position, question_id in enumerate(question_ids)},
        correct_option=correct_option,
        option_count=np.array([i.option_count for i in items], np.int16),
        revision=np.array([i.revision for i in items], np.int32),
        gradable=correct_option != NO_CORRECT_OPTION,
        correlation=_square(row.prior_covariance, row.concept_count),
        selection=selection,
        eligibility=Eligibility.of_counts(row.exposure, selection.max_exposure),
    )


def _square(numbers: list[float] | None, k: int) -> FloatArray | None:
    return None if numbers is None else np.reshape(np.array(numbers, float), (k, k))


class ItemPoolCache:
    """Pools in process memory; evicts the least recently used; thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pools: OrderedDict[tuple[UUID, int], ItemPool] = OrderedDict()
        self._loading: dict[tuple[UUID, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
        """Return the pool from memory or load it; threads that need the same one load it once."""
        key = (pool_id, version)
        if (pool := self._cached(key)) is not None:
            return pool
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            pool = self._cached(key) or load_pool(postgres, pool_id, version)
            self._put(key, pool)
        return pool

    def _cached(self, key: tuple[UUID, int]) -> ItemPool | None:
        with self._lock:
            pool = self._pools.get(key)
            if pool is not None:
                self._pools.move_to_end(key)
            return pool

    def _put(self, key: tuple[UUID, int], pool: ItemPool) -> None:
        with self._lock:
            self._pools[key] = pool
            self._pools.move_to_end(key)
            self._loading.pop(key, None)
            total_bytes = sum(pool.bytes for pool in self._pools.values())
            while total_bytes > self._max_bytes and len(self._pools) > 1:
                _, evicted = self._pools.popitem(last=False)
                total_bytes -= evicted.bytes


_caches: WeakKeyDictionary["Postgres", ItemPoolCache] = WeakKeyDictionary()


def item_pool(postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
    """Return a version of a pool, from this process's cache if possible."""
    return _caches.setdefault(postgres, ItemPoolCache()).get(postgres, pool_id, version)
