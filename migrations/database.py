"""Connection to the database that the environment names for migrations."""

import psycopg

from lib.settings import MIGRATION_NAMES, Settings


def connect() -> psycopg.Connection:
    """Connect to the unpooled address of the database, or else to the pooled one.

    Raises:
        SystemExit: If none is set, or the connection fails; the message contains no password.
    """
    url = Settings.from_env().migration_url
    names = ", ".join(MIGRATION_NAMES)
    if url is None:
        raise SystemExit(f"No database is set. Set one of {names}.")
    try:
        return psycopg.connect(url, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise SystemExit(
            f"The database cannot be reached: {error}\nCheck its address in {names}."
        ) from None
    except psycopg.ProgrammingError:  # its text contains the address
        raise SystemExit(
            f"The address of the database is not valid. Correct it in {names};"
            " the form is postgresql://user:password@host:5432/database"
        ) from None
