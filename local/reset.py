"""`make reset`: start over with a new local database.

    python -m local.reset

It asks first; CONFIRM=yes in the environment answers for a script. The database is dumped to
`.local/backups` and removed with the cache; secrets, backups and logs stay.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.backup import dump
from local.servers.child import FolderLock, ServerError
from local.servers.postgres_server import PostgresServer
from local.servers.running import claim
from local.services import DATABASE_NAMES, FOLDER

BEFORE_RESET = "before-reset"


def main() -> int:
    """Ask, save and remove; return the exit code."""
    try:
        _require_local(os.environ)
        with _claim_folder(FOLDER):
            return _reset(FOLDER)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


def _require_local(environment: Mapping[str, str]) -> None:
    """Refuse while the environment names a database, which this command never touches."""
    names = " and ".join(name for name in DATABASE_NAMES if environment.get(name, "").strip())
    if names:
        raise ServerError(
            f"Nothing was changed: a database is set in {names}, and `make reset` only removes the "
            f"local one in {FOLDER}. Unset {names}, then run it again."
        )


def _claim_folder(folder: Path) -> FolderLock:
    """Lock the folder against other commands; refuse while `make dev` runs on it."""
    lock_or_dev = claim(folder)
    if isinstance(lock_or_dev, FolderLock):
        return lock_or_dev
    raise ServerError(
        f"Nothing was changed: `make dev` is running on {folder} (process {lock_or_dev.pid}). Stop "
        f"it first, with Ctrl-C in its terminal or: kill {lock_or_dev.pid}"
    )


def _reset(folder: Path) -> int:
    postgres_folder = folder / "postgres"
    if not (postgres_folder / "data").exists():
        print(f"There is no local database in {folder}; `make dev` creates one.")
        return 0
    if not _ask_for_confirmation(folder):
        print("Nothing was changed.")
        return 1
    remark = _save(postgres_folder, folder / "backups")
    shutil.rmtree(postgres_folder, ignore_errors=True)
    shutil.rmtree(folder / "redis", ignore_errors=True)
    print(f"The local database is gone; {remark}. `make dev` creates a new one with the demo data.")
    return 0


def _ask_for_confirmation(folder: Path) -> bool:
    answer = os.environ.get("CONFIRM", "").strip()
    if answer:
        return answer == "yes"
    question = f"Remove the local database in {folder} with every row? Type yes: "
    try:
        return input(question).strip().lower() == "yes"
    except EOFError:
        print("\nThere is no terminal to ask: confirm with CONFIRM=yes.")
        return False


def _save(postgres_folder: Path, backups: Path) -> str:
    """Dump the database, or move its folder away if that fails; return what was done, in words."""
    server = PostgresServer(postgres_folder)
    try:
        server.start()
        try:
            return f"`make restore FILE={dump(server.url(), backups, BEFORE_RESET)}` brings it back"
        finally:
            server.stop()
    except ServerError as error:
        name = f"postgres-{BEFORE_RESET}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        new_folder = postgres_folder.with_name(name)
        postgres_folder.rename(new_folder)
        return f"it could not be dumped, so its files were moved to {new_folder} ({error})"


if __name__ == "__main__":
    sys.exit(main())
