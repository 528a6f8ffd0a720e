"""Connection to the database that the environment names for migrations."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lib.database.address import FORM, SUPABASE_HINT
from lib.database.statements import constraint_error
from lib.settings import MIGRATION_NAMES, Settings


def connect() -> psycopg.Connection:
    """Connect to the unpooled address of the database, or else to the pooled one.

    Raises:
        SystemExit: If neither address is set, if one is invalid, or if the connection fails; the
            message contains no password.
    """
    settings = Settings.from_env()
    url = settings.migration_url
    names = ", ".join(MIGRATION_NAMES)
    if settings.migration_problem is not None:
        raise SystemExit(f"{settings.migration_problem}.")
    for warning in settings.unknown_options:
        print(f"{warning}.", file=sys.stderr)  # noqa: T201 for the person at the terminal
    if url is None:
        hint = f"\n{SUPABASE_HINT}." if settings.has_supabase_variables else ""
        raise SystemExit(f"No database is set. Set one of {names}.{hint}")
    try:
        return psycopg.connect(url, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise SystemExit(
            f"The database cannot be reached: {error}\nCheck its address in {names}."
        ) from None
    except psycopg.ProgrammingError:  # its text contains the address
        raise SystemExit(
            f"The address of the database is not valid. Correct it in {names}; the form is {FORM}"
        ) from None


@contextmanager
def explained_errors() -> Iterator[None]:
    """End the program with a message instead of a traceback if the database refuses something.

    Raises:
        SystemExit: If a statement fails; the one transaction of all statements is undone.
    """
    try:
        yield
    except psycopg.Error as error:
        raise SystemExit(refusal_text(error)) from None


def refusal_text(error: psycopg.Error) -> str:
    """Return what the database refused, and what to do about it."""
    app_error = constraint_error(error.diag.constraint_name, error.diag.message_primary)
    if app_error is not None:
        return str(app_error)
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return (
            "Another connection holds a lock that the change needs. The wait was cut short,"
            " because queries that arrive meanwhile would wait, too. Nothing was changed:"
            " run this again when that connection has ended."
        )
    reason = error.diag.message_primary or str(error)
    context = (error.diag.context or "").strip().splitlines()
    where = f" ({context[-1]})" if context else ""
    return f"The database refused the change, and nothing was changed: {reason}{where}"
