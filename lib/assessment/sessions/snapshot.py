"""The hot state of a session, as Redis holds it: at most 1 KB, no answers' correctness in words.

JSON with the documented fields for whoever looks, and `packed`, from which the sitting is restored
bit for bit: version of the format, pool and its version, end criteria, what was known of the
student, and of each answer the item, whether it was correct and its site (see
`lib.engine.posterior`). The last 8 bytes of `packed` check all of it and the session's id, so a
value that is stale in form, cut, mixed up or altered is discarded and the session rebuilt.
"""

import binascii
import json
import struct
import threading
from base64 import b85decode, b85encode
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import numpy as np

from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.sessions.end_criteria import EndCriteria
from lib.assessment.sessions.prior import Known, starting_point
from lib.assessment.sessions.session import Sitting, proficiency
from lib.engine import Posterior

FORMAT = 3
"""3: sites over several concepts are made otherwise than before."""
MAX_BYTES = 1024
"""A longer value is written without its answers; such a session is rebuilt at every answer."""
CHECK_BYTES = 8
SITE_BYTES = 4
ITEM_BYTES = 3

MAX_REMEMBERED = 1_000
"""Sittings, of about 4 KB each."""

_written: OrderedDict[str, Sitting] = OrderedDict()
_lock = threading.Lock()
_TYPES = ("fixed_length", "precision", "classification")
_UNREADABLE = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    RecursionError,  # JSON nested without end
    struct.error,
    binascii.Error,
)
_HEAD = struct.Struct("<B16sIBBBdddBB")
_KNOWN = struct.Struct("<Bddd")


@dataclass(frozen=True)
class HotState:
    """A decoded value: all that is needed but the item pool."""

    session_id: UUID
    student_id: str
    next_question_id: str
    questions_answered: int
    current_proficiency: list[float]
    pool_id: UUID
    pool_version: int
    criteria: EndCriteria
    known: tuple[Known | None, ...]
    items: tuple[int, ...]
    correct: tuple[bool, ...]
    sites: "np.ndarray[tuple[int, ...], np.dtype[np.float16]]"

    @property
    def is_whole(self) -> bool:
        """Whether the answers are in it."""
        return len(self.items) == self.questions_answered

    def sitting(self, pool: ItemPool) -> Sitting:
        """Restore the session."""
        prior = starting_point(self.known, pool.correlation)
        posterior = Posterior.from_sites(prior, pool.bank, self.items, self.correct, self.sites)
        return Sitting(
            self.session_id,
            self.student_id,
            pool,
            self.criteria,
            self.known,
            prior,
            proficiency(prior),
            posterior,
            self.current_proficiency,
            pool.positions[self.next_question_id],
        )


def encode(sitting: Sitting, last_activity: datetime) -> str:
    """Write a session that waits for an answer as text of at most `MAX_BYTES` where it fits."""
    fields = {
        "student_id": sitting.student_id,
        "current_proficiency": sitting.current,
        "next_question_id": sitting.next_question_id,
        "status": "active",
        "questions_answered": sitting.posterior.answered,
        "last_activity": last_activity.isoformat(timespec="seconds"),
    }
    whole = _sealed(sitting.session_id, fields, _head(sitting) + _answers(sitting.posterior))
    if len(whole.encode()) <= MAX_BYTES:
        return whole
    return _sealed(sitting.session_id, fields, _head(sitting))


def decode(session_id: UUID, text: Any) -> HotState | None:
    """Read a value; None if it is not one that this version wrote for this session."""
    try:
        fields = json.loads(text)
        packed = b85decode(fields.pop("packed"))
        body, check = packed[:-CHECK_BYTES], packed[-CHECK_BYTES:]
        if check != _check(session_id, fields, body) or body[0] != FORMAT:
            return None
        return _opened(session_id, fields, body)
    except _UNREADABLE:
        return None


def remember(text: str, sitting: Sitting) -> None:
    """Keep the sitting that was written as `text`: the next answer often meets this process."""
    with _lock:
        _written[text] = sitting
        if len(_written) > MAX_REMEMBERED:
            _written.popitem(last=False)


def remembered(session_id: UUID, text: Any) -> Sitting | None:
    """The sitting that this process wrote as this very text; spares decoding, changes nothing."""
    with _lock:
        sitting = _written.pop(text, None) if isinstance(text, str) else None
    return sitting if sitting is not None and sitting.session_id == session_id else None


def shown(session_id: UUID, text: Any) -> dict[str, Any] | None:
    """The fields of a value that `decode` accepts, `packed` as it stands; None for any other."""
    if decode(session_id, text) is None:
        return None
    fields: dict[str, Any] = json.loads(text)
    return fields


def _sealed(session_id: UUID, fields: dict[str, Any], body: bytes) -> str:
    packed = b85encode(body + _check(session_id, fields, body)).decode()
    return _dumped({**fields, "packed": packed})


def _check(session_id: UUID, fields: dict[str, Any], body: bytes) -> bytes:
    seen = _dumped(fields).encode() + body
    return blake2b(seen, digest_size=CHECK_BYTES, key=session_id.bytes).digest()


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _head(sitting: Sitting) -> bytes:
    ends = sitting.criteria
    head = _HEAD.pack(
        FORMAT,
        sitting.pool.pool_id.bytes,
        sitting.pool.version,
        _TYPES.index(ends.type),
        ends.min_questions,
        ends.max_questions,
        ends.precision_threshold,
        ends.classification_threshold,
        ends.minimum_gain,
        len(sitting.known),
        sum(found is not None for found in sitting.known),
    )
    return head + b"".join(
        _KNOWN.pack(place, *found) for place, found in enumerate(sitting.known) if found is not None
    )


def _answers(posterior: Posterior) -> bytes:
    """Items and outcomes, 3 bytes each, then the sites, 4 bytes each."""
    taken = zip(posterior.items, posterior.correct, strict=True)
    items = b"".join((2 * item + right).to_bytes(ITEM_BYTES, "little") for item, right in taken)
    return items + posterior.sites.astype("<f2").tobytes()


def _opened(session_id: UUID, fields: dict[str, Any], body: bytes) -> HotState:
    _, pool, version, kind, least, most, precise, sure, gain, k, found = _HEAD.unpack_from(body)
    known: list[Known | None] = [None] * k
    for start in range(_HEAD.size, _HEAD.size + found * _KNOWN.size, _KNOWN.size):
        place, *values = _KNOWN.unpack_from(body, start)
        known[place] = Known(*values)
    rest = body[_HEAD.size + found * _KNOWN.size :]
    count, ragged = divmod(len(rest), ITEM_BYTES + SITE_BYTES)
    if ragged:
        raise ValueError("not a whole number of answers")
    taken = [
        int.from_bytes(rest[at : at + ITEM_BYTES], "little")
        for at in range(0, count * ITEM_BYTES, ITEM_BYTES)
    ]
    criteria = EndCriteria.model_construct(
        type=_TYPES[kind],
        min_questions=least,
        max_questions=most,
        precision_threshold=precise,
        classification_threshold=sure,
        minimum_gain=gain,
    )
    return HotState(
        session_id,
        fields["student_id"],
        fields["next_question_id"],
        fields["questions_answered"],
        fields["current_proficiency"],
        UUID(bytes=pool),
        version,
        criteria,
        tuple(known),
        tuple(value // 2 for value in taken),
        tuple(value % 2 == 1 for value in taken),
        np.frombuffer(rest[count * ITEM_BYTES :], "<f2").reshape(count, 2),
    )
