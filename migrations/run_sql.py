"""Run a script of many statements within Alembic's transaction, or print it with `--sql`."""

from alembic import context, op


def run_sql(script: str) -> None:
    """Run it as it stands: no parameters, so that `%` and `:` mean themselves."""
    if context.is_offline_mode():
        op.get_context().impl.static_output(script)
        return
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("Alembic gave no connection")
    connection.execute(script)
