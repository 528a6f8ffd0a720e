"""Keep and bring back a database: `python -m local.backup dump|restore [FILE]`.

`dump` writes `.local/backups/stepwise-<UTC time>.dump`, pg_dump's own format. `restore` takes the
newest one, or FILE: it dumps what is there first (`before-restore-…`), then replaces every schema
of the database in one transaction, so that it ends as it was in the file or stays as it is.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from lib.database.queries import load_script
from lib.settings import Settings
from local.servers.child import ServerError
from local.servers.postgres_server import VERSION, address_in_environment, program

BACKUPS = Path(".local/backups")
REPLACED = "before-restore"
SCHEMAS = """
    SELECT nspname FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


def dump(url: str, folder: Path = BACKUPS, name: str = "stepwise") -> Path:
    """Write the whole database to a new file in the folder; its path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # e-mails are in it
    file = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.dump"
    unfinished = file.with_suffix(".unfinished")
    _call(url, "pg_dump", "--format=custom", f"--file={unfinished}")
    unfinished.rename(file)
    return file


def newest(folder: Path = BACKUPS) -> Path:
    """The backup made last; not one that a restore made of what it replaced.

    Raises:
        ServerError: If there is none.
    """
    found = sorted(folder.glob("stepwise-*.dump"))
    if not found:
        raise ServerError(f"There is no backup in {folder}; `make backup` makes one.")
    return found[-1]


def restore(url: str, file: Path) -> None:
    """Make the database what it was when the file was written; all or nothing.

    Raises:
        ServerError: If there is no such backup, or the database refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        _call(url, "pg_restore", "--no-owner", "--no-acl", f"--file={script}", str(file))
        clear = Path(folder) / "clear.sql"
        clear.write_text(_clearing(url))
        after = Path(folder) / "after.sql"
        # A dump does not contain the settings of the database.
        after.write_text(load_script("database/schema/search_path.sql"))
        files = [f"--file={path}" for path in (clear, script, after)]
        how = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _call(url, "psql", *how, *files)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ServerError(f"There is no file {file}.")
    return file


def _clearing(url: str) -> str:
    """SQL that removes every schema and makes `public`, which dumps take for granted."""
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute(SCHEMAS)]
        drops = [sql.SQL("DROP SCHEMA {} CASCADE;").format(sql.Identifier(name)) for name in names]
        lines = [drop.as_string(connection) for drop in drops]
    return "\n".join(["SET client_min_messages = warning;", *lines, "CREATE SCHEMA public;", ""])


def _call(url: str, name: str, *arguments: str) -> None:
    """Run a program on the database; its address travels unseen by other users of the machine."""
    command = [str(_matching(url, name)), *arguments]
    environment = {**os.environ, **address_in_environment(url)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerError(f"{name} failed:\n{done.stderr.strip()}")


def _matching(url: str, name: str) -> Path:
    """The program of the server's own version if the PATH has it, else ours if it is not older.

    A newer pg_restore writes settings that an older server does not know; an older pg_dump
    refuses a newer server.
    """
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
    found = shutil.which(name)
    if found and _major_version(found) == server and server != int(VERSION):
        return Path(found)
    if server <= int(VERSION):
        return program(name)
    raise ServerError(f"The server is PostgreSQL {server}: put its {name} on the PATH.")


def _major_version(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)", said)
    return int(number[1]) if number else 0


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m local.backup", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("dump")
    actions.add_parser("restore").add_argument("file", nargs="?", type=Path)
    asked = parser.parse_args(arguments)
    url = Settings.from_env(os.environ).migration_url
    if url is None:
        print("Set DATABASE_URL, or use `make backup` and `make restore`.", file=sys.stderr)
        return 1
    try:
        if asked.action == "dump":
            print(f"Wrote {dump(url)}")
        else:
            file = _existing(asked.file or newest())
            print(f"Kept what was there in {dump(url, name=REPLACED)}")
            restore(url, file)
            print(f"Restored {file}")
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
