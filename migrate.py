"""Migrate the schema: `python migrate.py COMMAND [--database postgres|sqlite]`.

Commands are upgrade, finish, downgrade, current, history, stamp and autogenerate. Without
--database, they run on each database that the environment names, but autogenerate and --sql only
on the first of them. finish always runs on Postgres.
`upgrade` brings the schema up to date. If tables of an earlier deployment of the tests were moved,
views serve that version until `finish` drops them. `downgrade` goes back by one revision; from
the first one, it returns the tables to `public`, or renames those of SQLite.
"""

import argparse
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from migrations.database import explained_errors
from migrations.explained import explanation_of

RECORD = "`python migrate.py upgrade` records it."
NEXT = (
    "Read the revision, add its name to REVISIONS in lib/database/schema.py, and run"
    " `python -m local.learning_schema`, which writes the scripts for deployments without Alembic."
)
CONFIG = Path(__file__).resolve().parent / "alembic.ini"


def main(command_line: list[str] | None = None) -> None:
    """Run a command on the databases that it is for.

    Raises:
        SystemExit: If it fails; the message says why and what to do.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, default in (("upgrade", "head"), ("downgrade", "-1"), ("stamp", "head")):
        action = actions.add_parser(name)
        action.add_argument("revision", nargs="?", default=default)
        action.add_argument(
            "--sql", action="store_true", help="print the SQL instead of running it"
        )
    actions.add_parser("finish").add_argument("--sql", action="store_true")
    actions.add_parser("current")
    actions.add_parser("history")
    actions.add_parser("autogenerate").add_argument("description")
    for action in actions.choices.values():
        action.add_argument(
            "--database",
            choices=("postgres", "sqlite"),
            help="default: each one that the environment names; autogenerate, --sql: the first one",
        )
    try:
        with explained_errors():
            _run(parser.parse_args(_with_relative_revision(command_line)))
    except CommandError as error:
        raise SystemExit(explanation_of(str(error))) from None


def _with_relative_revision(command_line: list[str] | None) -> list[str]:
    """Mark `-1` in `downgrade -1`, which argparse takes for an option, as an argument."""
    words = sys.argv[1:] if command_line is None else command_line
    relative = [word for word in words[1:] if word[:1] == "-" and word[1:].isdigit()]
    other_words = [word for word in words if word not in relative]
    return [*other_words, "--", *relative] if relative else words


def _run(arguments: argparse.Namespace) -> None:
    config = Config(CONFIG)
    attributes = config.attributes
    attributes["database"] = arguments.database
    match arguments.action:
        case "upgrade" | "finish":
            finish = arguments.action == "finish"
            if finish:  # only Postgres has views for the previous version
                attributes["database"] = "postgres"
            attributes.update(command=command.upgrade, finish=finish)
            command.upgrade(config, getattr(arguments, "revision", "head"), sql=arguments.sql)
            _print_result(config)
        case "downgrade":
            attributes["command"] = command.downgrade
            command.downgrade(config, arguments.revision, sql=arguments.sql)
            _print_result(config)
        case "stamp":
            attributes["command"] = command.stamp
            # A revision that no longer exists is replaced, too.
            command.stamp(config, arguments.revision, sql=arguments.sql, purge=not arguments.sql)
            _print_result(config)
        case "current":
            command.current(config, verbose=True)
            for result in attributes["results"]:
                if not result.after:
                    print(f"No revision is recorded in {result.database}. {RECORD}")  # noqa: T201 for the person at the terminal
        case "history":
            command.history(config)
        case "autogenerate":
            attributes["command"] = command.revision
            command.revision(config, arguments.description, autogenerate=True)
            print(NEXT)  # noqa: T201 same


def _print_result(config: Config) -> None:
    """Print what the migration did, unless it only printed SQL."""
    for result in config.attributes.get("results", []):
        print(*result.lines(), sep="\n")  # noqa: T201 same


if __name__ == "__main__":
    main()
