"""Storage of content files in the database of a device.

A device fetches those files of the server's list that it does not have, and stores them in one
transaction. Rows that are no longer in the files are deleted, except what the student's answers
depend on: a question with an answer stays, with its concept and topic.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from lib.learning.content_files import store
from lib.learning.content_files.files import CALIBRATION, QUESTIONS, SYLLABUS, ContentFile
from lib.learning.content_files.wire import (
    CalibrationFileRow,
    ContentFileOut,
    PrerequisiteFileRow,
)


class ContentFileUnusable(Exception):
    """A content file is damaged, or of another format; the message names it."""


@dataclass(frozen=True)
class RowChanges:
    """Numbers of rows that were changed by storing files."""

    stored: int
    """Rows that are new or have changed."""
    deleted: int
    """Rows that are no longer in the content."""


def verified_file(name: str, sha256: str, body: bytes) -> ContentFile:
    """Return a fetched file, after a check that its bytes have the hash in the list.

    Args:
        name: Its name in the list.
        sha256: Its hash in the list, 64 hexadecimal digits.
        body: Its bytes, uncompressed.

    Raises:
        ContentFileUnusable: If the bytes have another hash.
    """
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ContentFileUnusable(f"{name} is damaged: its hash does not match; fetch it again.")
    return ContentFile(name, body)


def store_content(
    db: Session, listed_names: Collection[str], files: Sequence[ContentFile], now: datetime
) -> RowChanges:
    """Store files; doing so again changes nothing. The caller commits.

    Args:
        db: A session on the device's database.
        listed_names: Names of all files of the list, including those that the device already has.
        files: At least those files of the list that the device does not have.
        now: Time of the call.

    Raises:
        ContentFileUnusable: If a file cannot be read or is not in the list; nothing was stored.
    """
    contents = {file.name: _read(file) for file in files}
    if unlisted := contents.keys() - set(listed_names):
        raise ContentFileUnusable(f"{min(unlisted)} is not in the list of files.")
    stored = deleted = 0
    syllabus = contents.get(SYLLABUS)
    if syllabus is not None:
        deleted += store.delete_others(
            db, PrerequisiteFileRow, (row.id for row in syllabus.topic_prerequisites)
        )
        for rows in (syllabus.topics, syllabus.topic_prerequisites, syllabus.concepts):
            stored += store.put_rows(db, rows, now)
    if (calibration := contents.get(CALIBRATION)) is not None:
        rows_in_use = calibration.mastery_calibrations
        deleted += store.delete_others(db, CalibrationFileRow, (row.id for row in rows_in_use))
        stored += store.put_rows(db, rows_in_use, now)
    questions = [row for content in contents.values() for row in content.questions]
    stored += store.put_rows(db, questions, now)
    question_ids = {row.id for row in questions}
    for topic_id in _replaced_topics(db, listed_names, contents):
        deleted += store.delete_unanswered(db, topic_id, question_ids)
    if syllabus is not None:
        deleted += store.delete_empty_concepts(db, {row.id for row in syllabus.concepts})
        deleted += store.delete_empty_topics(db, {row.id for row in syllabus.topics})
    return RowChanges(stored, deleted)


def _read(file: ContentFile) -> ContentFileOut:
    try:
        return ContentFileOut.model_validate_json(file.body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise ContentFileUnusable(
            f"{file.name} does not have the expected form: {place}: {fault['msg']}"
        ) from error


def _replaced_topics(
    db: Session, listed_names: Collection[str], contents: Collection[str]
) -> Iterator[UUID]:
    """Yield the topics whose questions are all in the files, or which no longer have any."""
    for topic_id in store.list_topic_ids(db):
        name = f"{QUESTIONS}{topic_id}"
        if name in contents or name not in listed_names:
            yield topic_id
