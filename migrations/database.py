"""The database that schema changes go to, by the environment; in words where it is not there."""

import psycopg

from lib.settings import MIGRATION_NAMES, Settings


def connect() -> psycopg.Connection:
    """Open the unpooled database, or else the pooled one.

    Raises:
        SystemExit: If none is named, or the one that is cannot be used; no password is shown.
    """
    url = Settings.from_env().migration_url
    names = ", ".join(MIGRATION_NAMES)
    if url is None:
        raise SystemExit(f"There is no database: set one of {names}.")
    try:
        return psycopg.connect(url, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise SystemExit(f"The database cannot be reached: {error}\nIts address: {names}") from None
    except psycopg.ProgrammingError:  # whose text repeats the address
        raise SystemExit(
            f"This is no address of a Postgres ({names}): it looks like"
            " postgresql://user:password@host:5432/database"
        ) from None
