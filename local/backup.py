"""Back up and restore a database: `python -m local.backup dump|restore [FILE]`.

`dump` writes `.local/backups/stepwise-<UTC time>.dump` in pg_dump's custom format. `restore` loads
the newest backup, or FILE, which may also be a dump in plain SQL, compressed by gzip or not. It
first dumps the current database (`before-restore-…`), then replaces every schema in one
transaction, so that a failure changes nothing. Finally it upgrades the schema.
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
from local.dump_script import adapt, is_archive, server_at, unpack
from local.servers.child import ServerError
from local.servers.postgres_server import VERSION, address_in_environment, program
from local.upgrade_output import explain

ROOT = Path(__file__).resolve().parents[1]
BACKUPS = Path(".local/backups")
REPLACED_NAME = "before-restore"
SCHEMA_NAMES_QUERY = """
    SELECT nspname FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
"""


def dump(url: str, folder: Path = BACKUPS, name: str = "stepwise") -> Path:
    """Write the whole database to a new file in the folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # backups contain e-mail addresses
    file = folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.dump"
    unfinished_file = file.with_suffix(".unfinished")
    _call(url, "pg_dump", "--format=custom", f"--file={unfinished_file}")
    unfinished_file.rename(file)
    return file


def newest(folder: Path = BACKUPS) -> Path:
    """Return the newest backup; those that a restore made of the replaced database do not count.

    Raises:
        ServerError: If there is no backup.
    """
    backups = sorted(folder.glob("stepwise-*.dump"))
    if not backups:
        raise ServerError(f"There is no backup in {folder}. Make one with `make backup`.")
    return backups[-1]


def restore(url: str, file: Path) -> list[str]:
    """Return the database to the state in the file; a failure changes nothing.

    Returns:
        A line about each part that was left out because this server does not support it.

    Raises:
        ServerError: If the backup cannot be read or the database rejects it.
    """
    server = server_at(url)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = unpack(file, folder)
        if is_archive(source, file):
            script = folder / "archive.sql"
            _call(url, "pg_restore", "--no-owner", "--no-acl", f"--file={script}", str(source))
            source = script
        adapt(source, folder / "restore.sql", server)
        (folder / "clear.sql").write_text(_clearing_script(url))
        # A dump does not contain the settings of the database, but changes those of the session.
        search_path = load_script("database/schema/search_path.sql")
        (folder / "settings.sql").write_text(f"RESET ALL;\n{search_path}")
        files = [f"--file={folder / name}.sql" for name in ("clear", "restore", "settings")]
        options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _call(url, "psql", *options, *files)
    return server.left_out


def upgrade() -> None:
    """Bring the schema of the database in the environment up to date.

    Raises:
        ServerError: If that fails; the message says why and what to do.
    """
    process = subprocess.run(
        [sys.executable, "migrate.py", "upgrade"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise ServerError(explain(process.stdout + process.stderr))
    print(process.stdout, end="")


def _require_file(file: Path) -> Path:
    if not file.exists():
        raise ServerError(f"There is no file {file}. Name a backup, such as one in {BACKUPS}.")
    return file


def _clearing_script(url: str) -> str:
    """Return SQL that removes every schema and creates `public`, which dumps do not create."""
    with psycopg.connect(url) as connection:
        names = [row[0] for row in connection.execute(SCHEMA_NAMES_QUERY)]
        drops = [sql.SQL("DROP SCHEMA {} CASCADE;").format(sql.Identifier(name)) for name in names]
        lines = [drop.as_string(connection) for drop in drops]
    return "\n".join(["SET client_min_messages = warning;", *lines, "CREATE SCHEMA public;", ""])


def _call(url: str, name: str, *arguments: str) -> None:
    """Run a program on the database, with the address hidden from other users of the machine."""
    command = [str(_matching_program(url, name)), *arguments]
    environment = {**os.environ, **address_in_environment(url)}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise ServerError(f"{name} failed:\n{process.stderr.strip()}")


def _matching_program(url: str, name: str) -> Path:
    """Return the program on the PATH if only that has the server's version, else the embedded one.

    A newer pg_restore writes settings that an older server rejects; an older pg_dump refuses a
    newer server.

    Raises:
        ServerError: If the embedded program is older than the server.
    """
    with psycopg.connect(url) as connection:
        version = connection.info.server_version // 10_000
    on_path = shutil.which(name)
    if on_path and _major_version(on_path) == version and version != int(VERSION):
        return Path(on_path)
    if version <= int(VERSION):
        return program(name)
    raise ServerError(
        f"The server is PostgreSQL {version}. Put {name} of that version on the PATH."
    )


def _major_version(path: str) -> int:
    process = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"(\d+)", process.stdout)
    return int(number[1]) if number else 0


def main(command_line: list[str] | None = None) -> int:
    """Run the action that the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.backup", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("dump")
    actions.add_parser("restore").add_argument("file", nargs="?", type=Path)
    arguments = parser.parse_args(command_line)
    settings = Settings.from_env(os.environ)
    url = settings.migration_url
    if url is None:
        advice = "No database is set. Set DATABASE_URL, or use `make backup` and `make restore`"
        print(f"{settings.migration_problem or advice}.", file=sys.stderr)
        return 1
    for warning in settings.unknown_options:
        print(f"{warning}.", file=sys.stderr)
    try:
        if arguments.action == "dump":
            print(f"Wrote {dump(url)}")
        else:
            file = _require_file(arguments.file or newest())
            print(f"Saved the current database to {dump(url, name=REPLACED_NAME)}")
            for left_out in restore(url, file):
                print(f"Left out: {left_out}")
            print(f"Restored {file}", flush=True)
            upgrade()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
