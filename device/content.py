"""Topics, questions and the calibration, which a device fetches as files by their hash.

A file never changes, so only files with new hashes are fetched. Each is verified before it is used,
and all are stored in one transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from device import queue
from device.context import Device
from device.errors import ServerAway
from device.log_in import require_success
from device.rows import recount_mastery
from device.user import read_device_user
from device.values import SYNC, read_value, write_value
from lib.learning.content_files.files import ContentFile
from lib.learning.content_files.install import (
    ContentFileUnusable,
    store_content,
    verified_file,
)
from lib.learning.errors import PracticeQuestionNotFound
from lib.logs import log

PATH = "/api/learning/content-files"
TRIES = 3
"""Maximum number of tries to fetch the files, which the server may replace meanwhile."""


def fetch_content(device: Device) -> None:
    """Fetch and store the content files that the device does not have.

    Raises:
        ServerAway, LogInNeeded: If they cannot be fetched, or are damaged; nothing is changed then.
    """
    for _ in range(TRIES):
        content_list = require_success(device.server.call_as_user("GET", PATH))
        with device.database.session() as db:
            state = read_value(db, SYNC) or {}
        if state.get("content") == content_list["content"]:
            return
        present: Mapping[str, str] = state.get("files") or {}
        new_files = [it for it in content_list["files"] if present.get(it["name"]) != it["sha256"]]
        files = _fetch_files(device, new_files)
        if files is not None:
            _store(device, content_list, files)
            return
    raise ServerAway


def _fetch_files(
    device: Device, new_files: Sequence[Mapping[str, Any]]
) -> list[ContentFile] | None:
    """Fetch and verify the files; return None if the list of files has changed meanwhile.

    Raises:
        ServerAway, LogInNeeded: As for `fetch_content`.
    """
    files = []
    for each in new_files:
        reply = device.server.call_as_user("GET", f"{PATH}/{each['sha256']}")
        if reply.status == 404:  # noqa: PLR2004 not found
            return None
        if not reply.succeeded:
            raise ServerAway(retry_after=reply.whole_seconds)
        try:
            files.append(verified_file(each["name"], each["sha256"], reply.content))
        except ContentFileUnusable as error:
            log("content_file_unusable", reason=str(error))
            raise ServerAway from error
    return files


def _store(device: Device, content_list: Mapping[str, Any], files: Sequence[ContentFile]) -> None:
    names = [it["name"] for it in content_list["files"]]
    now = device.now()
    with device.database.session() as db, device.database.recorder.paused():
        store_content(db, names, files, now)
        user = read_device_user(db)
        if user is not None:
            recount_mastery(db, user.student_id, now)
        queue.retry_rejected(
            db, PracticeQuestionNotFound.code
        )  # the server may have the question again
        hashes = {it["name"]: it["sha256"] for it in content_list["files"]}
        state = read_value(db, SYNC) or {}
        write_value(db, SYNC, {**state, "content": content_list["content"], "files": hashes})
        db.commit()
