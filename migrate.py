"""Migrate the schema: `python migrate.py upgrade|downgrade|current|history|autogenerate`."""

import argparse
from pathlib import Path

from alembic import command
from alembic.config import Config

CONFIG = Path(__file__).resolve().parent / "alembic.ini"


def main(command_line: list[str] | None = None) -> None:
    """Run one of Alembic's commands on the database that the environment names."""
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, default in (("upgrade", "head"), ("downgrade", "-1")):
        action = actions.add_parser(name)
        action.add_argument("revision", nargs="?", default=default)
        action.add_argument(
            "--sql", action="store_true", help="print the SQL instead of running it"
        )
    actions.add_parser("current")
    actions.add_parser("history")
    actions.add_parser("autogenerate").add_argument("description")
    _run(parser.parse_args(_with_relative_revision(command_line)))


def _with_relative_revision(command_line: list[str] | None) -> list[str]:
    """Mark `-1` in `downgrade -1` as an argument, which argparse takes for an option."""
    import sys

    words = sys.argv[1:] if command_line is None else command_line
    relative = len(words) > 1 and words[1][:1] == "-" and words[1][1:].isdigit()
    return [words[0], "--", *words[1:]] if relative else words


def _run(arguments: argparse.Namespace) -> None:
    config = Config(CONFIG)
    match arguments.action:
        case "upgrade":
            config.attributes["upgrading"] = True
            command.upgrade(config, arguments.revision, sql=arguments.sql)
            _print_result(config)
        case "downgrade":
            command.downgrade(config, arguments.revision, sql=arguments.sql)
            _print_result(config)
        case "current":
            command.current(config, verbose=True)
        case "history":
            command.history(config)
        case "autogenerate":
            command.revision(config, arguments.description, autogenerate=True)


def _print_result(config: Config) -> None:
    """Print what the migration did, unless it only printed SQL."""
    if "revisions" not in config.attributes:
        return
    before, after = (", ".join(heads) or "none" for heads in config.attributes["revisions"])
    if before != after:
        print(f"The database went from revision {before} to {after}.")  # noqa: T201 for the person at the terminal
    else:
        print(f"Nothing to do: the database is at revision {after}.")  # noqa: T201 same
    if config.attributes["ran_scripts"]:
        print("Its tables, functions and views now match the scripts in sql/.")  # noqa: T201 same


if __name__ == "__main__":
    main()
