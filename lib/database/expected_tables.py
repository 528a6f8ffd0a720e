"""The tables that the schema scripts create, read from the scripts themselves."""

import re
from functools import cache

from lib.database.schema import schema_scripts

CONTEXT_SCHEMAS = ("public", "assessment", "learning")
"""Schemas of the contexts' tables; other schemas hold bookkeeping, which calls do not need."""
_CREATION = re.compile(
    rf"^ *CREATE TABLE IF NOT EXISTS (?P<table>(?:{'|'.join(CONTEXT_SCHEMAS)})\.\w+)", re.MULTILINE
)


@cache
def expected_tables() -> tuple[str, ...]:
    """Return every table that calls need, as `schema.name`, in the order of creation."""
    return _created_by("")


@cache
def workshop_tables() -> tuple[str, ...]:
    """Return the workshop's tables, which are not created while a view is named `students`."""
    return _created_by("workshop/")


def _created_by(folder: str) -> tuple[str, ...]:
    return tuple(
        match["table"]
        for name, script in schema_scripts()
        if name.startswith(folder)
        for match in _CREATION.finditer(script)
    )
