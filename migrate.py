"""Migrate the schema: `python migrate.py COMMAND`.

Commands are upgrade, finish, downgrade, current, history, stamp and autogenerate.
`upgrade` brings the schema up to date. If tables of an earlier deployment of the tests were moved,
views serve that version until `finish` drops them. `downgrade` returns the tables.
"""

import argparse
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from migrations.database import explained_errors
from migrations.explained import explained

CONFIG = Path(__file__).resolve().parent / "alembic.ini"


def main(command_line: list[str] | None = None) -> None:
    """Run one of Alembic's commands on the database that the environment names.

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
    try:
        with explained_errors():
            _run(parser.parse_args(_with_relative_revision(command_line)))
    except CommandError as error:
        raise SystemExit(explained(str(error))) from None


def _with_relative_revision(command_line: list[str] | None) -> list[str]:
    """Mark `-1` in `downgrade -1` as an argument, which argparse takes for an option."""
    words = sys.argv[1:] if command_line is None else command_line
    relative = [word for word in words[1:] if word[:1] == "-" and word[1:].isdigit()]
    others = [word for word in words if word not in relative]
    return [*others, "--", *relative] if relative else words


def _run(arguments: argparse.Namespace) -> None:
    config = Config(CONFIG)
    attributes = config.attributes
    match arguments.action:
        case "upgrade" | "finish":
            attributes.update(command=command.upgrade, finish=arguments.action == "finish")
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
            if not attributes["revisions"][1]:
                print("No revision is recorded. `python migrate.py upgrade` records it.")  # noqa: T201 for the person at the terminal
        case "history":
            command.history(config)
        case "autogenerate":
            command.revision(config, arguments.description, autogenerate=True)


def _print_result(config: Config) -> None:
    """Print what the migration did, unless it only printed SQL."""
    if "revisions" not in config.attributes:
        return
    for step in config.attributes["steps"]:
        print(f"{step.seconds:7.2f} s  sql/{step.name}")  # noqa: T201 for the person at the terminal
    for line in config.attributes["reports"]:
        print(f"- {line}")  # noqa: T201 same
    before, after = (", ".join(heads) or "none" for heads in config.attributes["revisions"])
    if before != after:
        print(f"The database went from revision {before} to {after}.")  # noqa: T201 same
    else:
        print(f"The database is at revision {after}.")  # noqa: T201 same
    if config.attributes["steps"]:
        print("Its tables, functions and views now match the scripts in sql/.")  # noqa: T201 same


if __name__ == "__main__":
    main()
