"""Operations of revisions that may run repeatedly and skip what exists already.

A database can be ahead of the revision that it records: `init_db.py` and
admin-create-unified-schema create the newest tables without Alembic, and a revision that failed
halfway may have built an index already. Revisions name tables without a schema. In Postgres, such a
name means a table of `learning`, never one of another application.
"""

from collections.abc import Callable
from typing import Any

import psycopg
from alembic.operations import Operations, ops
from alembic.operations import toimpl as standard
from sqlalchemy import Connection, Inspector, func, inspect, select
from sqlalchemy.schema import conv

from lib.database.queries import load_queries
from lib.learning.tables.base import SCHEMA

_queries = load_queries("database/migrations.sql")
POSTGRES = "postgresql"
FOR_SCRIPT = "for_script"
"""Option of a migration context whose printed SQL is run as a whole, in one transaction."""

Implementation = Callable[[Operations, Any], Any]
Condition = Callable[[Inspector, Any], bool]
"""Function that returns whether a database meets a condition for an operation."""


def name_learning_tables(operations: Operations) -> Callable[[], None]:
    """Let names without a schema mean tables of `learning` until the transaction ends.

    Returns:
        A function that restores their usual meaning earlier.
    """
    connection = operations.migration_context.connection
    if (
        operations.migration_context.as_sql
        or connection is None
        or connection.dialect.name != POSTGRES
        or _is_autocommit(connection)
    ):
        return lambda: None
    before = _setting(connection, "search_path")
    _set(connection, "search_path", SCHEMA)
    return lambda: _set(connection, "search_path", before)


def _setting(connection: Connection, name: str) -> str:
    return str(connection.scalar(select(func.current_setting(name))))


def _set(connection: Connection, name: str, value: str) -> None:
    """Change a setting of the transaction or, in autocommit mode, of the connection."""
    in_transaction = not _is_autocommit(connection)
    connection.scalar(select(func.set_config(name, value, in_transaction)))


def _is_autocommit(connection: Connection) -> bool:
    driver: Any = connection.connection.driver_connection
    return bool(driver.autocommit)


def _make_repeatable(
    operation_type: type[ops.MigrateOperation],
    run: Implementation,
    *,
    unless: Condition,
    printed: Implementation,
) -> None:
    """Replace Alembic's implementation of an operation.

    Args:
        operation_type: Alembic's class of the operation.
        run: Alembic's implementation.
        unless: Condition under which the operation is skipped, such as that its result exists.
        printed: Implementation that prints SQL, and so cannot look at the database.
    """

    def implementation(operations: Operations, operation: Any) -> Any:
        context = operations.migration_context
        if isinstance(operation, ops.AddConstraintOp):  # the name that the convention gives
            mutable: Any = operation
            mutable.constraint_name = conv(str(operation.to_constraint(context).name))
        if context.as_sql:
            return printed(operations, operation)
        name_learning_tables(operations)
        assert context.connection is not None  # noqa: S101 only printed SQL has none
        if unless(inspect(context.connection), operation):
            return None
        return run(operations, operation)

    Operations.implementation_for(operation_type, replace=True)(implementation)


def _schema(inspector: Inspector) -> str | None:
    return SCHEMA if inspector.dialect.name == POSTGRES else None


def _columns(inspector: Inspector, table: str) -> set[str]:
    return {column["name"] for column in inspector.get_columns(table, _schema(inspector))}


def _indexes(inspector: Inspector, table: str) -> set[str | None]:
    schema = _schema(inspector)
    if not inspector.has_table(table, schema):
        return set()
    return {index["name"] for index in inspector.get_indexes(table, schema)}


def _constraints(inspector: Inspector, table: str) -> set[str | None]:
    schema = _schema(inspector)
    key = inspector.get_pk_constraint(table, schema)
    others: list[Any] = [
        *inspector.get_unique_constraints(table, schema),
        *inspector.get_foreign_keys(table, schema),
        *inspector.get_check_constraints(table, schema),
    ]
    return {constraint["name"] for constraint in [key, *others]}


def _has_table(inspector: Inspector, operation: Any) -> bool:
    return inspector.has_table(operation.table_name, _schema(inspector))


def _has_column(inspector: Inspector, operation: Any) -> bool:
    return operation.column.name in _columns(inspector, operation.table_name)


def _has_index(inspector: Inspector, operation: Any) -> bool:
    if inspector.dialect.name == POSTGRES:
        return bool(_is_valid_index(inspector.bind, operation.index_name))
    return operation.index_name in _indexes(inspector, operation.table_name)


def _lacks_index(inspector: Inspector, operation: Any) -> bool:
    return operation.index_name not in _indexes(inspector, operation.table_name)


def _is_valid_index(connection: Any, name: str) -> bool | None:
    """Return whether an index is complete; None if there is none of that name."""
    driver: psycopg.Connection = connection.connection.driver_connection
    row = driver.execute(_queries["is_valid_index"].text, {"name": name}).fetchone()
    return None if row is None else bool(row[0])


def _has_constraint(inspector: Inspector, operation: Any) -> bool:
    table = operation.to_constraint().table.name
    return operation.constraint_name in _constraints(inspector, table)


def _lacks_column(inspector: Inspector, operation: Any) -> bool:
    return operation.column_name not in _columns(inspector, operation.table_name)


def _lacks_constraint(inspector: Inspector, operation: Any) -> bool:
    return operation.constraint_name not in _constraints(inspector, operation.table_name)


def _with(run: Implementation, **flags: bool) -> Implementation:
    """Return an implementation that prints IF EXISTS or IF NOT EXISTS."""

    def printed(operations: Operations, operation: Any) -> Any:
        for name, value in flags.items():
            setattr(operation, name, value)
        return run(operations, operation)

    return printed


def _omitted_in_scripts(run: Implementation) -> Implementation:
    """Return an implementation that prints nothing if FOR_SCRIPT is set.

    Indexes have a script of their own.
    """

    def printed(operations: Operations, operation: Any) -> Any:
        if not operations.migration_context.opts.get(FOR_SCRIPT):
            run(operations, operation)

    return printed


def _replacing(run: Implementation) -> Implementation:
    """Return an implementation that drops a constraint of the same name first."""

    def printed(operations: Operations, operation: Any) -> Any:
        constraint = operation.to_constraint()
        _print_drop(operations, ops.DropConstraintOp(constraint.name, constraint.table.name))
        return run(operations, operation)

    return printed


def _print_drop(operations: Operations, operation: ops.DropConstraintOp) -> None:
    """Print DROP CONSTRAINT IF EXISTS, which Alembic's batch operations cannot do."""
    constraint = operations.schema_obj.generic_constraint(
        operation.constraint_name, operation.table_name, operation.constraint_type
    )
    operations.migration_context.impl.drop_constraint(constraint, if_exists=True)


def _index_operation(run: Implementation) -> Implementation:
    """Return an implementation that names the schema, and has no lock timeout in autocommit mode.

    In autocommit mode, no search path is set, and an index is built concurrently: the build waits
    for older transactions, but no transaction waits for it. The remains of an earlier failed build
    are dropped first.
    """

    def implementation(operations: Operations, operation: Any) -> Any:
        connection = operations.migration_context.connection
        if connection is None or connection.dialect.name != POSTGRES:
            return run(operations, operation)
        operation.schema = SCHEMA
        if isinstance(operation, ops.CreateIndexOp):
            _drop_leftover(operations, operation, connection)
        if not _is_autocommit(connection):
            return run(operations, operation)
        timeout = _setting(connection, "lock_timeout")
        _set(connection, "lock_timeout", "0")
        try:
            return run(operations, operation)
        finally:
            _set(connection, "lock_timeout", timeout)

    return implementation


def _drop_leftover(
    operations: Operations, operation: ops.CreateIndexOp, connection: Connection
) -> None:
    name = str(operation.index_name)
    if _is_valid_index(connection, name) is False:
        leftover = ops.DropIndexOp(name, operation.table_name, schema=SCHEMA)
        standard.drop_index(operations, leftover)


def _execute(operations: Operations, operation: ops.ExecuteSQLOp) -> None:
    name_learning_tables(operations)
    standard.execute_sql(operations, operation)


def make_operations_repeatable() -> None:
    """Replace Alembic's implementations in this process."""
    add_column, drop_column = standard.add_column, standard.drop_column
    create_index, drop_index = standard.create_index, standard.drop_index
    create_table, drop_table = standard.create_table, standard.drop_table
    add_constraint, drop_constraint = standard.create_constraint, standard.drop_constraint
    if_not_exists, if_exists = {"if_not_exists": True}, {"if_exists": True}
    implementations: list[tuple[type[Any], Implementation, Condition, Implementation]] = [
        (ops.CreateTableOp, create_table, _has_table, _with(create_table, **if_not_exists)),
        (ops.DropTableOp, drop_table, _not(_has_table), _with(drop_table, **if_exists)),
        (ops.AddColumnOp, add_column, _has_column, _with(add_column, **if_not_exists)),
        (ops.DropColumnOp, drop_column, _lacks_column, _with(drop_column, **if_exists)),
        (ops.CreateIndexOp, _index_operation(create_index), _has_index,
         _omitted_in_scripts(_with(create_index, **if_not_exists))),
        (ops.DropIndexOp, _index_operation(drop_index), _lacks_index,
         _omitted_in_scripts(_with(drop_index, **if_exists))),
        (ops.DropConstraintOp, drop_constraint, _lacks_constraint, _print_drop),
        (ops.AlterColumnOp, standard.alter_column, _lacks_column, standard.alter_column),
        *((addition, add_constraint, _has_constraint, _replacing(add_constraint)) for addition in (
            ops.CreateUniqueConstraintOp, ops.CreateForeignKeyOp, ops.CreateCheckConstraintOp)),
    ]  # fmt: skip
    for operation_type, run, unless, printed in implementations:
        _make_repeatable(operation_type, run, unless=unless, printed=printed)
    Operations.implementation_for(ops.ExecuteSQLOp, replace=True)(_execute)


def _not(condition: Condition) -> Condition:
    return lambda inspector, operation: not condition(inspector, operation)
