"""Snapshot of a session, as Redis stores it: at most 4 KB, without the correct options.

A snapshot is JSON with the documented fields, for people to read, and `packed`, from which the
session is restored bit for bit: the versions of the format and of the engine, the pool and its
version, the end criteria, the pool's rule `tells`, the student's records, the items of earlier
tests, and for each answer the item, whether it was correct and its site (see
`lib.engine.posterior`). The last 8 bytes of `packed` are a checksum over the whole snapshot and the
session's id. A snapshot that is truncated or altered, or that belongs to another session, format or
version of the engine, is therefore discarded, and the session is rebuilt from the record.
"""

import binascii
import json
import struct
import threading
from base64 import b85decode, b85encode
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import numpy as np

from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.pools.rules import STOP_RULES
from lib.assessment.sessions.prior import ConceptRecord, Records, session_prior
from lib.assessment.sessions.session import Session, proficiency
from lib.assessment.sessions.wire import EndCriteria
from lib.assessment.telling import TELLS, Tells
from lib.engine import VERSION, Posterior

FORMAT = 5
"""Version of the format; increase it when snapshots of older deployments must not be read."""
MAX_BYTES = 4096
"""Maximum size, enough for the longest test of a returning student; a longer snapshot omits its
answers, and a process that has not kept the session rebuilds it from the record."""
CHECK_BYTES = 8
SITE_BYTES = 4
ITEM_BYTES = 3
MAX_ASKED_BEFORE = 400
"""Maximum number of items of earlier tests that a session avoids; `start_session` enforces it."""

MAX_CACHED_SESSIONS = 1_000
"""Maximum number of sessions kept in process memory, about 4 KB each."""

_cached_sessions: OrderedDict[str, Session] = OrderedDict()
_lock = threading.Lock()
_UNREADABLE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    RecursionError,  # deeply nested JSON
    struct.error,
    binascii.Error,
)
_HEADER = struct.Struct("<BB16sIBBBdddBBBH")
_RECORD = struct.Struct("<Bddd")


@dataclass(frozen=True)
class Snapshot:
    """A decoded snapshot: everything that a session needs except its item pool."""

    session_id: UUID
    student_id: str
    next_question_id: str
    questions_answered: int
    current_proficiency: list[float]
    pool_id: UUID
    pool_version: int
    criteria: EndCriteria
    records: Records
    tells: Tells
    asked_before: tuple[int, ...]
    items: tuple[int, ...]
    correct: tuple[bool, ...]
    sites: "np.ndarray[tuple[int, ...], np.dtype[np.float16]]"

    @property
    def is_complete(self) -> bool:
        """Whether the snapshot includes the session's answers."""
        return len(self.items) == self.questions_answered

    def restore(self, pool: ItemPool) -> Session:
        """Return the session."""
        prior = session_prior(self.records, pool.correlation)
        return Session(
            session_id=self.session_id,
            student_id=self.student_id,
            pool=pool,
            criteria=self.criteria,
            records=self.records,
            prior=prior,
            initial_proficiency=proficiency(prior),
            posterior=Posterior.from_sites(prior, pool.bank, self.items, self.correct, self.sites),
            current_proficiency=self.current_proficiency,
            next_item=pool.positions[self.next_question_id],
            tells=self.tells,
            asked_before=self.asked_before,
        )


def encode(session: Session, last_activity: datetime) -> str:
    """Return the snapshot of a session that waits for an answer."""
    fields = {
        "student_id": session.student_id,
        "current_proficiency": session.current_proficiency,
        "next_question_id": session.next_question_id,
        "status": "active",
        "questions_answered": session.posterior.answer_count,
        "last_activity": last_activity.isoformat(timespec="seconds"),
    }
    header = _pack_header(session)
    text = _with_checksum(session.session_id, fields, header + _pack_answers(session.posterior))
    if len(text.encode()) <= MAX_BYTES:
        return text
    return _with_checksum(session.session_id, fields, header)


def decode(session_id: UUID, text: Any) -> Snapshot | None:
    """Read a snapshot; return None if it is damaged, or of another session, format or engine."""
    try:
        fields = json.loads(text)
        packed = b85decode(fields.pop("packed"))
        body, checksum = packed[:-CHECK_BYTES], packed[-CHECK_BYTES:]
        if checksum != _checksum(session_id, fields, body) or tuple(body[:2]) != (FORMAT, VERSION):
            return None
        return _unpack(session_id, fields, body)
    except _UNREADABLE:
        return None


def cache_session(text: str, session: Session) -> None:
    """Cache a session under its snapshot; the next answer often reaches the same process."""
    with _lock:
        _cached_sessions[text] = session
        if len(_cached_sessions) > MAX_CACHED_SESSIONS:
            _cached_sessions.popitem(last=False)


def pop_cached_session(session_id: UUID, text: Any) -> Session | None:
    """Remove a session from the cache and return it; None if the cache lacks it."""
    with _lock:
        session = _cached_sessions.pop(text, None) if isinstance(text, str) else None
    return session if session is not None and session.session_id == session_id else None


def readable_fields(session_id: UUID, text: Any) -> dict[str, Any] | None:
    """Return the JSON fields of a snapshot, `packed` included; None if `decode` rejects it."""
    if decode(session_id, text) is None:
        return None
    fields: dict[str, Any] = json.loads(text)
    return fields


def _with_checksum(session_id: UUID, fields: dict[str, Any], body: bytes) -> str:
    packed = b85encode(body + _checksum(session_id, fields, body)).decode()
    return _compact_json({**fields, "packed": packed})


def _checksum(session_id: UUID, fields: dict[str, Any], body: bytes) -> bytes:
    content = _compact_json(fields).encode() + body
    return blake2b(content, digest_size=CHECK_BYTES, key=session_id.bytes).digest()


def _compact_json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _pack_header(session: Session) -> bytes:
    criteria = session.criteria
    header = _HEADER.pack(
        FORMAT,
        VERSION,
        session.pool.pool_id.bytes,
        session.pool.version,
        STOP_RULES.index(criteria.type),
        criteria.min_questions,
        criteria.max_questions,
        criteria.precision_threshold,
        criteria.classification_threshold,
        criteria.minimum_gain,
        len(session.records),
        sum(record is not None for record in session.records),
        TELLS.index(session.tells),
        len(session.asked_before),
    )
    records = b"".join(
        _RECORD.pack(position, *record)
        for position, record in enumerate(session.records)
        if record is not None
    )
    return header + records + _pack_items(session.asked_before)


def _pack_answers(posterior: Posterior) -> bytes:
    """Return items and grades, 3 bytes an answer, followed by sites, 4 bytes an answer."""
    answers = zip(posterior.items, posterior.correct, strict=True)
    items = _pack_items(2 * item + is_correct for item, is_correct in answers)
    return items + posterior.sites.astype("<f2").tobytes()


def _pack_items(numbers: Iterable[int]) -> bytes:
    return b"".join(number.to_bytes(ITEM_BYTES, "little") for number in numbers)


def _unpack(session_id: UUID, fields: dict[str, Any], body: bytes) -> Snapshot:
    (
        _,
        _,
        pool_id,
        pool_version,
        stop_rule,
        min_questions,
        max_questions,
        precision_threshold,
        classification_threshold,
        minimum_gain,
        concept_count,
        record_count,
        tells,
        asked_count,
    ) = _HEADER.unpack_from(body)
    asked_start = _HEADER.size + record_count * _RECORD.size
    answers_start = asked_start + asked_count * ITEM_BYTES
    items, correct, sites = _unpack_answers(body[answers_start:])
    return Snapshot(
        session_id=session_id,
        student_id=fields["student_id"],
        next_question_id=fields["next_question_id"],
        questions_answered=fields["questions_answered"],
        current_proficiency=fields["current_proficiency"],
        pool_id=UUID(bytes=pool_id),
        pool_version=pool_version,
        criteria=EndCriteria.model_construct(
            type=STOP_RULES[stop_rule],
            min_questions=min_questions,
            max_questions=max_questions,
            precision_threshold=precision_threshold,
            classification_threshold=classification_threshold,
            minimum_gain=minimum_gain,
        ),
        records=_unpack_records(body[_HEADER.size : asked_start], concept_count),
        tells=TELLS[tells],
        asked_before=_unpack_items(body[asked_start:answers_start]),
        items=items,
        correct=correct,
        sites=sites,
    )


def _unpack_records(packed: bytes, concept_count: int) -> Records:
    records: list[ConceptRecord | None] = [None] * concept_count
    for position, *values in _RECORD.iter_unpack(packed):
        records[position] = ConceptRecord(*values)
    return tuple(records)


def _unpack_items(packed: bytes) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(packed[start : start + ITEM_BYTES], "little")
        for start in range(0, len(packed), ITEM_BYTES)
    )


def _unpack_answers(
    packed: bytes,
) -> "tuple[tuple[int, ...], tuple[bool, ...], np.ndarray[tuple[int, ...], np.dtype[np.float16]]]":
    count, excess_bytes = divmod(len(packed), ITEM_BYTES + SITE_BYTES)
    if excess_bytes:
        raise ValueError("not a whole number of answers")
    values = _unpack_items(packed[: count * ITEM_BYTES])
    sites = np.frombuffer(packed[count * ITEM_BYTES :], "<f2").reshape(count, 2)
    return tuple(v // 2 for v in values), tuple(v % 2 == 1 for v in values), sites
