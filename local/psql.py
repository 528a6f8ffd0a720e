"""`make psql`: run psql on the database in use.

    python -m local.psql [ARGUMENT ...]

The arguments are those of psql. This process becomes psql, so that the terminal, Ctrl-C and pipes
work as usual.
"""

import os
import sys
from typing import NoReturn

from lib.settings import Settings
from local.servers.child import ServerError
from local.servers.postgres_server import address_in_environment, program


def main(arguments: list[str]) -> int:
    """Become psql; return an exit code only if that is impossible."""
    settings = Settings.from_env(os.environ)
    url = settings.migration_url
    try:
        if url is not None:
            for warning in settings.unknown_options:
                print(f"{warning}.", file=sys.stderr)
            _become_psql(url, arguments)
        advice = "No database is set. Set DATABASE_URL, or use `make psql`"
        print(f"{settings.migration_problem or advice}.", file=sys.stderr)
    except ServerError as error:
        print(error, file=sys.stderr)
    return 1


def _become_psql(url: str, arguments: list[str]) -> NoReturn:
    psql = str(program("psql"))
    # Columns without a time zone mean UTC, also where a query compares them to now().
    environment = {"PGTZ": "UTC", **os.environ, **address_in_environment(url)}
    os.execve(psql, [psql, *arguments], environment)  # noqa: S606 no shell is needed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
