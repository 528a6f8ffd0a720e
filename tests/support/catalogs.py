"""Catalogs of the learning context's tables, for comparisons that ignore the order of columns."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

Catalog = list[tuple[object, ...]]
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'learning'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
    FROM pg_constraint WHERE connamespace = 'learning'::regnamespace
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid, indisunique
    FROM pg_index JOIN pg_class c ON c.oid = indrelid
    WHERE c.relnamespace = 'learning'::regnamespace
"""
NAMED_CONSTRAINT = re.compile(r"^\s*(CONSTRAINT \w+ .*?)[, ]*$", re.MULTILINE)


def postgres_catalog(url: str) -> Catalog:
    """Return columns, constraints and indexes of the schema `learning`."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = ''")
        rows = [
            row
            for query in (COLUMNS, CONSTRAINTS, INDEXES)
            for row in connection.execute(query.encode())
        ]
    return sorted(rows, key=repr)


def sqlite_catalog(file: Path) -> Catalog:
    """Return columns, constraints and indexes of the tables.

    The table `schema_version` and tables that were set aside are left out.
    """
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite%' AND name <> 'schema_version'"
            " AND name NOT LIKE '%set_aside%'"
        ).fetchall()
        rows: Catalog = []
        for name, text in tables:
            columns = connection.execute(f"SELECT * FROM pragma_table_xinfo('{name}')")
            rows += [(name, *column[1:]) for column in columns]
            keys = connection.execute(f"SELECT * FROM pragma_foreign_key_list('{name}')")
            rows += [(name, "references", *key[2:]) for key in keys]
            constraints = NAMED_CONSTRAINT.findall(text)
            rows += [(name, re.sub(r'[\s"]+', "", constraint)) for constraint in constraints]
            indexes = connection.execute(
                "SELECT name, sql FROM sqlite_master"
                " WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
                (name,),
            )
            rows += [(name, index, unquoted(sql)) for index, sql in indexes]
    return sorted(rows, key=repr)


def unquoted(sql: str) -> str:
    """Return a statement without IF NOT EXISTS and unneeded quotes."""
    return sql.replace("IF NOT EXISTS ", "").replace('"', "")
