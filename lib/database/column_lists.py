"""Lists of columns in SQL files: `{{flags: bool_or($column)}}` is an expression for each column.

The SQL stays in `sql/`, and the names of the columns stay in one table in code. A column that is
added to that table appears in every list made from it.
"""

import re
from collections.abc import Mapping, Sequence

from lib.text.patterns import late_pattern

ColumnLists = Mapping[str, Sequence[str]]
"""Names of columns by the name of their list."""

_LIST = late_pattern(r"\{\{(?P<list>\w+)(?P<operator> OR)?: (?P<expressions>.*?)\}\}", re.DOTALL)
_EXCEPTION = late_pattern(r"\s*(?P<column>\w+): (?P<expression>.*)", re.DOTALL)
_IDENTIFIER = late_pattern(r"[a-z][a-z0-9_]*")


def fill(text: str, lists: ColumnLists) -> str:
    """Return the SQL with an expression for each column in place of each `{{list: expression}}`.

    `$column` in the expression is the name of the column. Commas separate the expressions, or OR in
    the case of `{{list OR: condition}}`. `{{list: expression; name: another}}` gives one column of
    the list an expression of its own.

    Raises:
        ValueError: If a list is unknown or empty, a name is not a plain lower-case identifier, or
            a column with an expression of its own is not in the list.
    """
    return _LIST.sub(lambda match: _expand(match, lists), text)


def _expand(match: re.Match[str], lists: ColumnLists) -> str:
    name = match["list"]
    columns = lists.get(name, ())
    default, *exceptions = match["expressions"].split(";")
    expressions = dict.fromkeys(columns, default)
    for exception in exceptions:
        column, expression = _own_expression(exception)
        if column not in expressions:
            raise ValueError(f"{column} is not in the list {name}")
        expressions[column] = expression
    if not expressions or not all(map(_IDENTIFIER.fullmatch, columns)):
        raise ValueError(f"{name} is not a list of columns")
    separator = "\n  OR " if match["operator"] else ",\n  "
    return separator.join(
        expression.strip().replace("$column", column) for column, expression in expressions.items()
    )


def _own_expression(text: str) -> tuple[str, str]:
    match = _EXCEPTION.fullmatch(text)
    if match is None:
        raise ValueError(f"not `column: expression`: {text}")
    return match["column"], match["expression"]
