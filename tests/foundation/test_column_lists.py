"""Lists of columns that are written into SQL files."""

import pytest

from lib.database.column_lists import fill

LISTS = {"flags": ("ready", "done"), "times": ("seen_at",), "none": ()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT {{flags: $column}} FROM t", "SELECT ready,\n  done FROM t"),
        ("{{flags: s.$column OR w.$column}}", "s.ready OR w.ready,\n  s.done OR w.done"),
        ("{{flags OR: t.$column}}", "t.ready\n  OR t.done"),
        ("{{times: '$column', $column}}", "'seen_at', seen_at"),
        ("{{flags: $column; done: TRUE::text AS done}}", "ready,\n  TRUE::text AS done"),
        ("{{flags: coalesce($column, '{}')}}", "coalesce(ready, '{}'),\n  coalesce(done, '{}')"),
        ("SELECT '{}', '{\"a\": 1}', {table}", "SELECT '{}', '{\"a\": 1}', {table}"),
    ],
)
def test_each_column_of_a_list_gets_an_expression(text: str, expected: str) -> None:
    assert fill(text, LISTS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{unknown: $column}}",
        "{{none: $column}}",
        "{{flags: $column; seen_at: now()}}",
        "{{flags: $column; now()}}",
    ],
)
def test_unknown_empty_or_mismatched_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"list|column"):
        fill(text, LISTS)


@pytest.mark.parametrize(
    "name", ["a b", "a; DROP TABLE t", "a'", 'a"', "A", "1a", "", "a.b", "a--"]
)
def test_a_name_that_is_not_a_plain_identifier_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a list of columns"):
        fill("{{flags: $column}}", {"flags": ("ready", name)})
