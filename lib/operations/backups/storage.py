"""The storage of backups: a bucket, or a folder of the local server.

Only this module imports boto3.
"""

import io
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from lib.errors import NotConfigured
from lib.logs import log
from lib.operations.errors import BackupNotFound, BackupPlaceUnavailable
from lib.settings import Settings

NAME = re.compile(r"stepwise-\d{8}T\d{6}Z-[0-9a-f]{8}\.jsonl\.gz")
PART_BYTES = 8 * 1024 * 1024  # part of an upload; one is in memory at a time
READ_BYTES = 256 * 1024


def write(settings: Settings, name: str, chunks: Iterator[bytes]) -> str:
    """Store the chunks as they arrive; return their location.

    Raises:
        NotConfigured: If a deployment has no BACKUP_BUCKET.
        BackupPlaceUnavailable: If the bucket cannot be written to.
    """
    if settings.backup_bucket is not None:
        from boto3.s3.transfer import TransferConfig

        transfer_config = TransferConfig(multipart_chunksize=PART_BYTES, use_threads=False)
        with _translated_errors():
            _client().upload_fileobj(
                Chunks(chunks), settings.backup_bucket, name, Config=transfer_config
            )
        return f"s3://{settings.backup_bucket}/{name}"
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial_file = folder / f"{name}.part"
    try:
        with partial_file.open("wb") as file:
            file.writelines(chunks)
        partial_file.replace(folder / name)
    finally:
        partial_file.unlink(missing_ok=True)
    return str(folder / name)


def read(settings: Settings, name: str) -> Iterator[bytes]:
    """Return the chunks of a backup.

    Raises:
        NotConfigured: As for `write`.
        BackupNotFound: If there is no backup of that name.
        BackupPlaceUnavailable: If the bucket cannot be read, now or while the chunks are read.
    """
    if not NAME.fullmatch(name):
        raise BackupNotFound
    if settings.backup_bucket is not None:
        return _read_object(settings.backup_bucket, name)
    path = _folder(settings) / name
    if not path.is_file():
        raise BackupNotFound
    return _read_file(path)


class Chunks(io.RawIOBase):
    """A readable file over an iterator of bytes, for boto3."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._remainder = memoryview(b"")

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the next chunk; return the number of bytes, 0 at the end."""
        while not self._remainder:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._remainder = memoryview(chunk)
        count = min(len(buffer), len(self._remainder))
        buffer[:count] = self._remainder[:count]
        self._remainder = self._remainder[count:]
        return count


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise our error in place of boto3's."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        log("backup_place_error", kind=type(error).__name__)
        raise BackupPlaceUnavailable from error


def _client() -> Any:
    import boto3

    return boto3.client("s3")


def _read_object(bucket: str, name: str) -> Iterator[bytes]:
    with _translated_errors():
        client = _client()
        try:
            body = client.get_object(Bucket=bucket, Key=name)["Body"]
        except client.exceptions.NoSuchKey as error:
            raise BackupNotFound from error
    return _read_body(body)


def _read_body(body: Any) -> Iterator[bytes]:
    with closing(body), _translated_errors():
        yield from body.iter_chunks(READ_BYTES)


def _read_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            yield chunk


def _folder(settings: Settings) -> Path:
    if settings.deployed:
        raise NotConfigured(name="BACKUP_BUCKET")
    return Path(settings.backup_folder)
