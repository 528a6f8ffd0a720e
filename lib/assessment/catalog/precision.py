"""The precision that tests on a pool can reach, for its authors."""

from itertools import repeat
from uuid import UUID

import numpy as np

from lib.assessment.catalog import store
from lib.assessment.catalog.lists import concept_names
from lib.assessment.catalog.wire import ConceptPrecisionOut, PrecisionOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.sessions.wire import EndCriteria
from lib.deps import Deps
from lib.engine.normal import normal_quantile
from lib.engine.precision import reachable_deviation

PROFICIENCIES = tuple(round(0.02 * step, 2) for step in range(1, 50))
"""Percentiles at which the precision is computed, 0.02 to 0.98."""


def precision(pool_id: UUID, deps: Deps) -> PrecisionOut:
    """Return how precisely a test on a pool can measure each concept, by proficiency.

    Raises:
        PoolNotFound: If the pool does not exist.
    """
    details = store.read_pool(deps.postgres, pool_id, before=None, limit=1)
    if details is None:
        raise PoolNotFound
    row, criteria = details.pool, EndCriteria()
    pool = item_pool(deps.postgres, pool_id, row.version)
    pool_maximum = row.rules.get("max_questions") or criteria.max_questions
    least = row.rules.get("min_questions") or 1
    questions = max(least, min(pool_maximum, criteria.max_questions))
    deviations = reachable_deviation(
        pool.bank, normal_quantile(np.array(PROFICIENCIES)), pool.gradable, questions
    )
    counts = np.count_nonzero(pool.bank.slopes[pool.gradable], axis=0)
    names = concept_names(row) or repeat(None)
    return PrecisionOut(
        question_pool_id=pool_id,
        version=row.version,
        questions=questions,
        precise_enough=criteria.precision_threshold,
        proficiencies=list(PROFICIENCIES),
        concepts=[
            ConceptPrecisionOut(
                name=name, question_count=int(count), deviations=np.round(each, 4).tolist()
            )
            for name, count, each in zip(names, counts, deviations, strict=False)
        ],
    )
