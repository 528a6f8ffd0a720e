"""Files of the content as it is now; each is identified by the hash of its bytes and never changes.

A change of one question makes a new file for its topic and leaves the other files as they are, so
a device fetches only what has changed, and its syncs carry the student's own rows only.
"""

import gzip
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from lib.learning.content_files import store
from lib.learning.content_files.store import TableStamp
from lib.learning.content_files.wire import ContentFileOut, QuestionFileRow, TopicFileRow

SYLLABUS = "syllabus"
CALIBRATION = "calibration"
QUESTIONS = "questions/"
"""Beginning of the name of a file of questions; the id of their topic follows."""
MAX_REBUILDS = 3
"""Maximum number of times that the content is read again because it changed meanwhile."""


Stamps = tuple[TableStamp, ...]


@dataclass(frozen=True)
class ContentFile:
    """A file: its name, and its bytes, which are JSON of `ContentFileOut` in UTF-8."""

    name: str
    body: bytes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes, as hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def compressed(self) -> bytes:
        """The bytes in gzip format, the same every time."""
        return gzip.compress(self.body, mtime=0)


@dataclass(frozen=True)
class Content:
    """All files, ordered by name."""

    files: Sequence[ContentFile]

    @cached_property
    def version(self) -> str:
        """SHA-256 of the names and hashes of the files, as hexadecimal digits."""
        lines = "".join(f"{file.name} {file.sha256}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


_content_cache: WeakKeyDictionary[Engine, tuple[Stamps, Content]] = WeakKeyDictionary()
"""For each database, the content that was built last, and the stamps of its tables."""


def content_version(db: Session) -> str:
    """Return the hash of the content, by which devices see whether theirs is the present one.

    Only times of changes are read as long as nothing changes.
    """
    return current_content(db).version


def current_content(db: Session) -> Content:
    """Return the files of the content as it is now."""
    engine = db.get_bind().engine
    stamps = store.read_stamps(db)
    cached = _content_cache.get(engine)
    if cached is not None and cached[0] == stamps:
        return cached[1]
    content = _build(db)
    for _ in range(MAX_REBUILDS):
        before, stamps = stamps, store.read_stamps(db)
        if before == stamps:
            _content_cache[engine] = (stamps, content)
            break
        content = _build(db)  # it changed meanwhile, so the files may not belong together
    return content


def _build(db: Session) -> Content:
    topics = _parents_first(store.read_topics(db))
    concepts = store.read_concepts(db)
    syllabus = ContentFileOut(
        topics=tuple(topics),
        topic_prerequisites=tuple(store.read_prerequisites(db)),
        concepts=tuple(concepts),
    )
    calibration = ContentFileOut(mastery_calibrations=tuple(store.read_newest_calibration(db)))
    topic_of = {concept.id: concept.topic_id for concept in concepts}
    by_topic: dict[UUID, list[QuestionFileRow]] = {}
    for question in store.read_questions(db):
        if question.concept_id in topic_of:  # otherwise its concept was added after the read above
            by_topic.setdefault(topic_of[question.concept_id], []).append(question)
    files = {SYLLABUS: syllabus, CALIBRATION: calibration} | {
        f"{QUESTIONS}{topic_id}": ContentFileOut(questions=tuple(questions))
        for topic_id, questions in by_topic.items()
    }
    return Content([_file(name, content) for name, content in sorted(files.items())])


def _file(name: str, content: ContentFileOut) -> ContentFile:
    return ContentFile(name, content.model_dump_json().encode())


def _parents_first(topics: Iterable[TopicFileRow]) -> list[TopicFileRow]:
    """Return topics so that each comes after its parent; those of one depth keep their order."""
    remaining_topics = list(topics)
    ordered_topics: list[TopicFileRow] = []
    placed_ids: set[UUID | None] = {None}
    while remaining_topics:
        next_topics = [topic for topic in remaining_topics if topic.parent_id in placed_ids]
        if not next_topics:  # a cycle of parents, which only a manual edit can create
            return ordered_topics + remaining_topics
        ordered_topics += next_topics
        placed_ids |= {topic.id for topic in next_topics}
        remaining_topics = [topic for topic in remaining_topics if topic.id not in placed_ids]
    return ordered_topics
