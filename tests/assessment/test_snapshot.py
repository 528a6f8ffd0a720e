"""Snapshots: small, lossless, and discarded unless their checksum is right."""

import json
from base64 import b85decode, b85encode
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.pools.rules import STOP_RULES
from lib.assessment.sessions import snapshot as snapshots
from lib.assessment.sessions.prior import ConceptRecord, Records
from lib.assessment.sessions.session import Session, grade, new_session
from lib.assessment.sessions.snapshot import (
    _HEADER,
    CHECK_BYTES,
    FORMAT,
    MAX_ASKED_BEFORE,
    MAX_BYTES,
    decode,
    encode,
)
from lib.assessment.sessions.wire import EndCriteria
from lib.assessment.telling import Tells
from lib.deps import Deps
from lib.engine import VERSION, ItemBank
from tests.assessment.conftest import Student, make_questions, upload
from tests.assessment.traces import actual_trace, expected_trace

AT = datetime(2026, 3, 1, 9, 30, 15)  # noqa: DTZ001 recorded times have no time zone and mean UTC
SESSION = UUID("5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11")


def make_pool(items: int = 400, concepts: int = 5) -> ItemPool:
    """Return a pool of random items on one concept each, whose first option is correct."""
    rng = np.random.default_rng(7)
    q = np.eye(concepts)[np.arange(items) % concepts]
    ids = tuple(str(UUID(int=i)) for i in range(items))  # of realistic length
    return ItemPool(
        pool_id=uuid4(),
        version=3,
        bank=ItemBank.from_questions(
            q, rng.uniform(0.1, 0.9, items), rng.uniform(0.7, 2, items), 0.2
        ),
        question_ids=ids,
        positions={name: place for place, name in enumerate(ids)},
        correct_option=np.zeros(items, np.int16),
        option_count=np.full(items, 4, np.int16),
        revision=np.ones(items, np.int32),
        gradable=np.ones(items, bool),
        correlation=None,
    )


POOL = make_pool()
RECORDS = tuple(ConceptRecord(0.1 + 0.15 * j, 0.7, 12.3456) for j in range(5))


def session_after(
    answers: int, records: Records = (None,) * 5, criteria: EndCriteria | None = None
) -> Session:
    session = new_session(
        SESSION, str(uuid4()), POOL, criteria or EndCriteria(max_questions=200), records
    )
    for number in range(answers):
        session = grade(session, number % 3 % 2).after
    return session


@pytest.mark.parametrize(
    "records", [(None,) * 5, RECORDS, (None, RECORDS[1], None, RECORDS[3], None)]
)
def test_decoded_snapshot_restores_the_session_bit_for_bit(records: Records) -> None:
    criteria = EndCriteria(
        type="classification", min_questions=3, max_questions=57, classification_threshold=0.87
    )
    session = session_after(17, records, criteria)
    snapshot = decode(SESSION, encode(session, AT))
    assert snapshot is not None
    assert snapshot.is_complete
    restored_session = snapshot.restore(POOL)
    for field in ("mean", "covariance", "sites", "prior_mean"):
        assert np.array_equal(
            getattr(restored_session.posterior, field), getattr(session.posterior, field)
        )
    assert (restored_session.posterior.items, restored_session.posterior.correct) == (
        session.posterior.items,
        session.posterior.correct,
    )
    assert (restored_session.criteria, restored_session.records) == (
        session.criteria,
        session.records,
    )
    assert (restored_session.student_id, restored_session.next_item) == (
        session.student_id,
        session.next_item,
    )
    first, second = grade(restored_session, 0), grade(session, 0)
    assert encode(first.after, AT) == encode(second.after, AT)


@pytest.mark.parametrize("answers", [0, 5, 20])
@pytest.mark.parametrize("records", [(None,) * 5, RECORDS])
def test_snapshot_of_a_typical_test_fits_a_kilobyte_with_its_answers(
    answers: int, records: Records
) -> None:
    text = encode(session_after(answers, records), AT)
    assert len(text.encode()) <= 1024
    snapshot = decode(SESSION, text)
    assert snapshot is not None
    assert snapshot.is_complete


def test_snapshot_of_the_longest_test_of_a_returning_student_has_all_its_answers() -> None:
    session = replace(session_after(199, RECORDS), asked_before=tuple(range(MAX_ASKED_BEFORE)))
    text = encode(session, AT)
    assert len(text.encode()) <= MAX_BYTES == 4096
    snapshot = decode(SESSION, text)
    assert snapshot is not None
    assert snapshot.is_complete
    assert snapshot.asked_before == tuple(range(400))
    assert np.array_equal(snapshot.restore(POOL).posterior.mean, session.posterior.mean)


@pytest.mark.parametrize("tells", ["each", "end"])
def test_snapshot_keeps_what_the_pool_tells_and_the_items_of_earlier_tests(tells: Tells) -> None:
    session = replace(session_after(3, RECORDS), tells=tells, asked_before=(0, 399, 70_000))
    snapshot = decode(SESSION, encode(session, AT))
    assert snapshot is not None
    assert (snapshot.tells, snapshot.asked_before) == (tells, (0, 399, 70_000))
    assert (snapshot.records, snapshot.items) == (RECORDS, session.posterior.items)
    restored_session = snapshot.restore(POOL)
    assert (restored_session.tells, restored_session.asked_before) == (tells, (0, 399, 70_000))


def test_snapshot_that_would_be_too_large_omits_its_answers() -> None:
    session = replace(session_after(199, RECORDS), asked_before=tuple(range(MAX_ASKED_BEFORE)))
    text = encode(replace(session, student_id="ä" * 200), AT)
    assert len(text.encode()) <= MAX_BYTES
    snapshot = decode(SESSION, text)
    assert snapshot is not None
    assert not snapshot.is_complete
    assert snapshot.questions_answered == 199


def test_session_whose_snapshot_omits_its_answers_continues_from_the_record(
    client: TestClient, operator: dict[str, str], deps: Deps
) -> None:
    # 32 concepts and the longest ids leave room for about 110 answers in the second test.
    questions = make_questions(150, "😀" * 197, concepts=32)
    names = [f"concept {number}" for number in range(32)]
    pool_id = upload(client, operator, questions, concept_names=names)
    ann = Student(client, pool_id, "😀" * 200)
    ann.start(end_criteria={"max_questions": 20})
    for _ in range(20):
        ann.answer()
    ann.start(end_criteria={"max_questions": 130})
    responses, are_complete = [], []
    for number in range(130):
        snapshots._cached_sessions.clear()  # as in a process that wrote no snapshot
        are_complete.append(has_complete_snapshot(ann, deps))
        responses.append(ann.answer(right=number % 2 == 0))
    assert responses[-1]["status"] == "completed"
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)
    assert (are_complete[0], are_complete[-1]) == (True, False)


def has_complete_snapshot(student: Student, deps: Deps) -> bool:
    """Return whether the snapshot in Redis includes the answers of the student's test."""
    assert deps.redis
    (text,) = deps.redis.pipeline([["GET", f"session:{student.session_id}:state"]]) or [None]
    snapshot = decode(UUID(student.session_id), text)
    assert snapshot is not None
    return snapshot.is_complete


TEXT = encode(session_after(12), AT)
PACKED = b85decode(json.loads(TEXT)["packed"])


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_detected(place: int, change: int) -> None:
    changed_bytes = bytearray(PACKED)
    changed_bytes[place] ^= change
    text = json.dumps({**json.loads(TEXT), "packed": b85encode(bytes(changed_bytes)).decode()})
    assert decode(SESSION, text) is None


@given(st.integers(0, len(TEXT) - 1))
def test_any_truncation_is_detected(length: int) -> None:
    assert decode(SESSION, TEXT[:length]) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
    | st.binary()
)
def test_no_other_value_is_accepted_as_a_snapshot(value: object) -> None:
    assert decode(SESSION, value) is None
    assert decode(SESSION, json.dumps(value, default=repr)) is None


def test_snapshot_of_an_old_format_or_engine_is_discarded() -> None:
    fields = {name: value for name, value in json.loads(TEXT).items() if name != "packed"}
    fields_json = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()

    def with_checksum(body: bytes) -> str:
        check = blake2b(fields_json + body, digest_size=CHECK_BYTES, key=SESSION.bytes).digest()
        return json.dumps({**fields, "packed": b85encode(body + check).decode()})

    body = PACKED[:-CHECK_BYTES]
    assert decode(SESSION, with_checksum(body)) is not None
    assert decode(SESSION, with_checksum(bytes([1]) + body[1:])) is None
    assert body[1] == VERSION
    assert decode(SESSION, with_checksum(body[:1] + bytes([VERSION - 1]) + body[2:])) is None


def test_snapshot_of_another_session_is_refused() -> None:
    assert decode(SESSION, TEXT) is not None
    assert decode(uuid4(), TEXT) is None


def test_a_thousand_active_sessions_take_at_most_a_megabyte_of_redis(deps: Deps) -> None:
    assert deps.redis
    (before,) = deps.redis.pipeline([["INFO", "memory"]]) or [""]
    texts = [encode(session_after(number % 20, RECORDS), AT) for number in range(100)]
    for _ in range(10):
        deps.redis.pipeline(
            [["SET", f"session:{uuid4()}:state", text, "EX", 1800] for text in texts]
        )
    (after,) = deps.redis.pipeline([["INFO", "memory"]]) or [""]
    used_bytes = [
        int(line.split(":")[1])
        for info in (before, after)
        for line in info.splitlines()
        if line.startswith("used_memory:")
    ]
    assert used_bytes[1] - used_bytes[0] <= 1024 * 1024


OTHER_NUMBERS: dict[str, Any] = {
    "min_questions": 3,
    "max_questions": 57,
    "precision_threshold": 0.41,
    "classification_threshold": 0.87,
    "minimum_gain": 0.125,
}
"""Values that differ from the defaults."""


@pytest.mark.parametrize("kind", STOP_RULES)
def test_snapshot_keeps_every_end_criterion(kind: Any) -> None:
    fields_without_value = EndCriteria.model_fields.keys() - {"type"} - OTHER_NUMBERS.keys()
    assert fields_without_value == set(), (
        "give these a value in OTHER_NUMBERS that is not the default"
    )
    criteria = EndCriteria(type=kind, **OTHER_NUMBERS)
    snapshot = decode(SESSION, encode(session_after(2, criteria=criteria), AT))
    assert snapshot is not None
    assert snapshot.criteria == criteria, (
        "add the missing field to _HEADER, _pack_header() and _unpack() of"
        " lib/assessment/sessions/snapshot.py, and increase FORMAT"
    )


def test_another_layout_of_snapshots_has_another_format() -> None:
    """A snapshot that an older version wrote must not be read as one of this version."""
    assert (FORMAT, _HEADER.format) == (5, "<BB16sIBBBdddBBBH"), (
        "increase FORMAT in lib/assessment/sessions/snapshot.py, then write both here"
    )
