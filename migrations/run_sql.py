"""Run a script of several statements in a revision, or print it with `--sql`."""

from alembic import op


def run_sql(script: str) -> None:
    """Run a script without parameters, so that `%` and `:` have no special meaning."""
    if op.get_context().as_sql:
        op.get_context().impl.static_output(script)
        return
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("Alembic has no connection to the database.")
    connection.execute(script)
