"""Features of a student's records and of a question, from which its answer is predicted."""

from collections.abc import Iterable, Sequence
from math import log1p

from lib.learning.mastery_model.records import HALF_LIVES, LONGEST_STREAK, RATES, Record

NODES = 15
"""Number of values that `Record.recent` can have: the nodes of a tree of the last outcomes."""
UNIT_SECONDS = 60.0
"""Unit of the gaps, whose logarithm is a feature."""
_SCOPES = ("overall", "concepts", "combination")
_PACE_AND_CONFIDENCE = ("pace_right", "pace_wrong", "confidence_right", "confidence_wrong")
_MEANS = range(len(RATES))
_WINDOWS = range(2 * len(HALF_LIVES))

NAMES: tuple[str, ...] = (
    "difficulty",
    "log_item_answers",
    "overall_ability",
    "concepts_ability",
    "weakest_ability",
    *(f"{scope}_{outcome}" for scope in _SCOPES for outcome in ("log_right", "log_wrong")),
    *("overall_log_answers", "concepts_log_answers", "item_log_right", "item_log_wrong"),
    *("item_last_right", "item_last_wrong"),
    *(f"{scope}_outcomes_{index}" for scope in _SCOPES for index in _MEANS),
    *(f"{scope}_residuals_{index}" for scope in _SCOPES for index in _MEANS),
    *("overall_streak", "concepts_streak"),
    *(
        f"{scope}_{name}"
        for scope in ("overall", "concepts", "item")
        for name in _PACE_AND_CONFIDENCE
    ),
    *("concepts_log_lag", "concepts_new", "item_log_lag"),
    *("same_item", "same_concepts", "shared_concept", "same_right", "same_wrong"),
    *(
        f"{scope}_{gap}"
        for scope in ("overall", "concepts", "item")
        for gap in ("log_gap", "gap_unknown")
    ),
    *(f"{scope}_fading_{index}" for scope in ("overall", "concepts") for index in _WINDOWS),
    *(f"overall_recent_{node}" for node in range(NODES)),
    *(f"combination_recent_{node}" for node in range(NODES)),
)
"""Names of the dense features, in their order."""

FAMILIES = (
    *("item", "combination", "concept"),
    *("concept_right", "concept_wrong", "concept_outcomes", "concept_overall"),
    *("item_ability", "combination_recent", "item_recent"),
)
"""Families of sparse features: one weight per question, concept, or combination of concepts. The
families `…_recent` have one weight for each of these with each outcome of the last answer."""


class ScopeRecords:
    """Records of a student in the scopes of one question, just before the answer."""

    __slots__ = ("combination", "concepts", "item", "overall", "previous_concepts", "previous_item")

    def __init__(
        self,
        overall: Record,
        concepts: Sequence[Record],
        combination: Record,
        item: Record,
        previous_item: str | None,
        previous_concepts: tuple[str, ...],
    ) -> None:
        """Keep the records of a question's scopes, and the question that was answered before it."""
        self.overall = overall
        self.concepts = concepts
        self.combination = combination
        self.item = item
        self.previous_item = previous_item
        self.previous_concepts = previous_concepts

    @property
    def concepts_ability(self) -> float:
        """Mean ability in the question's concepts, logits."""
        return mean(record.ability for record in self.concepts)


def mean(values: Iterable[float]) -> float:
    """Return the mean of one or more values, added from left to right."""
    total, count = 0.0, 0
    for value in values:
        total, count = total + value, count + 1
    return total / count


def dense(
    scopes: ScopeRecords,
    item: str,
    concepts: tuple[str, ...],
    difficulty: float,
    item_answers: int,
    time: float | None,
) -> list[float]:
    """Return the values of the dense features, in the order of `NAMES`."""
    overall, records, combination, item_record = (
        scopes.overall,
        scopes.concepts,
        scopes.combination,
        scopes.item,
    )
    values = [
        difficulty,
        log1p(item_answers),
        overall.ability,
        scopes.concepts_ability,
        min(it.ability for it in records),
        log1p(overall.right),
        log1p(overall.wrong),
        mean(log1p(it.right) for it in records),
        mean(log1p(it.wrong) for it in records),
        log1p(combination.right),
        log1p(combination.wrong),
        log1p(overall.answers),
        mean(log1p(it.answers) for it in records),
        log1p(item_record.right),
        log1p(item_record.wrong),
        float(item_record.streak > 0),
        float(item_record.streak < 0),
        *overall.outcomes,
        *_means([it.outcomes for it in records]),
        *combination.outcomes,
        *overall.residuals,
        *_means([it.residuals for it in records]),
        *combination.residuals,
        _streak(overall),
        mean(_streak(it) for it in records),
        *_pace_and_confidence(overall),
        *_means([_pace_and_confidence(it) for it in records]),
        *_pace_and_confidence(item_record),
    ]
    newest = max(it.number for it in records)
    shared = any(it in scopes.previous_concepts for it in concepts)
    same = concepts == scopes.previous_concepts
    values += [
        log1p(overall.number - newest) if newest else 0.0,
        float(newest == 0),
        log1p(overall.number - item_record.number) if item_record.number else 0.0,
        float(item == scopes.previous_item),
        float(same),
        float(shared),
        float(same and overall.streak > 0),
        float(same and overall.streak < 0),
    ]
    values += _time_features(overall, records, item_record, time)
    values += _one_hot(overall.recent)
    values += _one_hot(combination.recent)
    return values


def _pace_and_confidence(record: Record) -> tuple[float, ...]:
    return (
        record.pace_right,
        record.pace_wrong,
        record.confidence_right,
        record.confidence_wrong,
    )


def _time_features(
    overall: Record, records: Sequence[Record], item: Record, time: float | None
) -> list[float]:
    if time is None:
        return [0.0, 1.0, 0.0, 1.0, 0.0, 1.0] + [0.0] * (2 * len(_WINDOWS))
    times = [it.time for it in records if it.time is not None]
    values: list[float] = []
    for last in (overall.time, max(times, default=None), item.time):
        values += [0.0, 1.0] if last is None else [log1p(max(0.0, time - last) / UNIT_SECONDS), 0.0]
    values += map(log1p, overall.faded(time))
    values += map(log1p, _means([it.faded(time) for it in records]))
    return values


def sparse(
    scopes: ScopeRecords, item: str, concepts: tuple[str, ...], difficulty: float
) -> list[tuple[str, str, float]]:
    """Return the sparse features as family, key and value; those of n concepts weigh 1/n each."""
    combination = ";".join(concepts)
    ability = scopes.overall.ability
    values = [
        ("item", item, 1.0),
        ("combination", combination, 1.0),
        ("item_ability", item, ability + scopes.concepts_ability - difficulty),
        ("combination_recent", f"{combination} {_last(scopes.combination)}", 1.0),
        ("item_recent", f"{item} {_last(scopes.overall)}", 1.0),
    ]
    part = 1.0 / len(concepts) if concepts else 0.0
    for concept, record in zip(concepts, scopes.concepts, strict=False):
        values += [
            ("concept", concept, part),
            ("concept_right", concept, part * log1p(record.right)),
            ("concept_wrong", concept, part * log1p(record.wrong)),
            ("concept_outcomes", concept, part * record.outcomes[2]),
            ("concept_overall", concept, part * ability),
        ]
    return values


def _last(record: Record) -> int:
    return (record.streak > 0) - (record.streak < 0)


def _streak(record: Record) -> float:
    return max(-LONGEST_STREAK, min(LONGEST_STREAK, record.streak))


def _means(rows: Sequence[Sequence[float]]) -> list[float]:
    if len(rows) == 1:
        return list(rows[0])
    return [mean(column) for column in zip(*rows, strict=True)]


def _one_hot(node: int) -> list[float]:
    values = [0.0] * NODES
    values[node] = 1.0
    return values
