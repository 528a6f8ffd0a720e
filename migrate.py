"""Schema migrations: `python migrate.py upgrade|downgrade|current|history|autogenerate`."""

import argparse
from pathlib import Path

from alembic import command
from alembic.config import Config

CONFIG = Path(__file__).resolve().parent / "alembic.ini"


def main(arguments: list[str] | None = None) -> None:
    """Run one of Alembic's commands on the database that the environment names."""
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, default in (("upgrade", "head"), ("downgrade", "-1")):
        action = actions.add_parser(name)
        action.add_argument("revision", nargs="?", default=default)
        action.add_argument("--sql", action="store_true", help="print the SQL, run nothing")
    actions.add_parser("current")
    actions.add_parser("history")
    actions.add_parser("autogenerate").add_argument("description")
    _run(parser.parse_args(_with_relative_revision(arguments)))


def _with_relative_revision(arguments: list[str] | None) -> list[str] | None:
    """Let `downgrade -1` through: argparse would take it for an option."""
    import sys

    given = sys.argv[1:] if arguments is None else arguments
    relative = len(given) > 1 and given[1][:1] == "-" and given[1][1:].isdigit()
    return [given[0], "--", *given[1:]] if relative else given


def _run(asked: argparse.Namespace) -> None:
    config = Config(CONFIG)
    match asked.action:
        case "upgrade":
            config.attributes["upgrading"] = True
            command.upgrade(config, asked.revision, sql=asked.sql)
            _tell(config)
        case "downgrade":
            command.downgrade(config, asked.revision, sql=asked.sql)
            _tell(config)
        case "current":
            command.current(config, verbose=True)
        case "history":
            command.history(config)
        case "autogenerate":
            command.revision(config, asked.description, autogenerate=True)


def _tell(config: Config) -> None:
    """Say what was done; nothing of it where the SQL was printed instead."""
    if "moved" not in config.attributes:
        return
    before, after = (", ".join(heads) or "none" for heads in config.attributes["moved"])
    if before != after:
        print(f"The database went from revision {before} to {after}.")  # noqa: T201 a person asked
    else:
        print(f"Nothing to do: the database is at revision {after}.")  # noqa: T201 as above
    if config.attributes["renewed"]:
        print("Its tables, functions and views are those of sql/ now.")  # noqa: T201 as above


if __name__ == "__main__":
    main()
