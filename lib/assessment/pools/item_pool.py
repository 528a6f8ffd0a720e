"""Question pools in process memory: a version's item bank and answer keys, loaded once.

A version never changes and its number is never given again, not even after a backup is restored,
so what was loaded stays right for as long as the process lives. States of sessions share it and
hold positions only. Of the texts, those asked last are held; correct
answers are nowhere else.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lib.assessment.pools.eligibility import Eligibility
from lib.assessment.pools.question_cache import MAX_TEXT_BYTES, TextShelf
from lib.assessment.pools.selection_settings import Selection
from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.engine import ItemBank
from lib.errors import NotFound

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

MAX_BYTES = 128_000_000
"""Held by a process at most, as `ItemPool.bytes` counts, or one pool; that used longest ago goes.
400,000 items at five concepts, 150,000 at 32. While a pool is loaded it takes as much again."""

ITEM_BYTES, CONCEPT_BYTES = 210, 20
"""Of an item, and of each of its concepts: id, key, place, slopes, and what the engine keeps to
choose by; 30 MB for 100,000 items at five concepts. tests/assessment/test_item_pool.py measures."""

NOT_ASKED = -1

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
    """0-based; `NOT_ASKED` where no option is the correct answer."""
    option_count: NDArray[np.int16]
    revision: NDArray[np.int32]
    askable: NDArray[np.bool_]
    correlation: FloatArray | None
    """Of the concepts in the population, shape (k, k)."""
    selection: Selection = field(default_factory=Selection)
    eligibility: Eligibility | None = None
    """None: every session may use every question."""
    texts: TextShelf = field(default_factory=TextShelf)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.question_ids)

    @property
    def bytes(self) -> int:
        """About how much memory it takes once it is in use, its texts at their most."""
        return len(self) * (ITEM_BYTES + CONCEPT_BYTES * self.bank.concepts) + MAX_TEXT_BYTES

    def is_correct(self, item: int, response: int) -> bool:
        """Whether the option is the correct one."""
        return bool(self.correct_option[item] == response)


@dataclass(frozen=True)
class _Version:
    concept_count: int
    question_count: int
    prior_covariance: list[float] | None
    selection: dict[str, Any] | None
    exposure: dict[str, Any] | None


@dataclass(frozen=True)
class _Item:
    question_id: str
    revision: int
    option_count: int
    correct_option: int | None
    concepts: list[float]
    difficulty: float
    discrimination: float
    guessing: float


def load_pool(postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
    """Read a version of a pool; one round trip.

    Raises:
        NotFound: If there is no such version.
    """
    params = {"pool_id": pool_id, "version": version}
    versions, items = postgres.batch(
        [
            Statement(_query("read_version"), params, _Version),
            Statement(_query("read_items"), params, _Item),
        ],
        read=True,
    )
    if not versions:
        raise NotFound(what="Question pool")
    return _build(pool_id, version, versions[0], items)


def _build(pool_id: UUID, version: int, row: _Version, items: list[_Item]) -> ItemPool:
    correct = np.array(
        [NOT_ASKED if i.correct_option is None else i.correct_option for i in items], np.int16
    )
    ids = tuple(i.question_id for i in items)
    selection = Selection.model_validate(row.selection or {})
    return ItemPool(
        pool_id=pool_id,
        version=version,
        bank=ItemBank.from_questions(
            np.array([i.concepts for i in items], float).reshape(len(items), row.concept_count),
            [i.difficulty for i in items],
            [i.discrimination for i in items],
            [i.guessing for i in items],
        ),
        question_ids=ids,
        positions={question_id: place for place, question_id in enumerate(ids)},
        correct_option=correct,
        option_count=np.array([i.option_count for i in items], np.int16),
        revision=np.array([i.revision for i in items], np.int32),
        askable=correct != NOT_ASKED,
        correlation=_square(row.prior_covariance, row.concept_count),
        selection=selection,
        eligibility=Eligibility.of_counts(row.exposure, selection.max_exposure),
    )


def _square(numbers: list[float] | None, k: int) -> FloatArray | None:
    return None if numbers is None else np.reshape(np.array(numbers, float), (k, k))


class PoolShelf:
    """The pools a process holds, newest use last; safe for threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pools: OrderedDict[tuple[UUID, int], ItemPool] = OrderedDict()
        self._loading: dict[tuple[UUID, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
        """The pool from memory, else from Postgres; threads that want the same one load it once."""
        key = (pool_id, version)
        if (pool := self._held(key)) is not None:
            return pool
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            pool = self._held(key) or load_pool(postgres, pool_id, version)
            self._hold(key, pool)
        return pool

    def _held(self, key: tuple[UUID, int]) -> ItemPool | None:
        with self._lock:
            pool = self._pools.get(key)
            if pool is not None:
                self._pools.move_to_end(key)
            return pool

    def _hold(self, key: tuple[UUID, int], pool: ItemPool) -> None:
        with self._lock:
            self._pools[key] = pool
            self._pools.move_to_end(key)
            self._loading.pop(key, None)
            held = sum(pool.bytes for pool in self._pools.values())
            while held > self._max_bytes and len(self._pools) > 1:
                _, oldest = self._pools.popitem(last=False)
                held -= oldest.bytes


_shelves: WeakKeyDictionary["Postgres", PoolShelf] = WeakKeyDictionary()


def item_pool(postgres: "Postgres", pool_id: UUID, version: int) -> ItemPool:
    """A version of a pool, from this process's memory if it was used before."""
    return _shelves.setdefault(postgres, PoolShelf()).get(postgres, pool_id, version)


def _query(name: str) -> Any:
    return load_queries("assessment/pools.sql")[name]
