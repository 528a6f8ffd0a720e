"""Reading of rosters: CSV files of any origin, and lists."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lib.workshop.errors import UnreadableRoster
from lib.workshop.fields import GithubName, OptionalEmail, ShortText
from lib.workshop.roster.wire import MAX_PEOPLE, RejectedLine

DELIMITERS = ",;\t"
EMAIL, NAME, GITHUB = "studentEmail", "studentName", "githubUsername"
FIRST, LAST, IDENTIFIER = "first", "last", "identifier"
COLUMNS: Mapping[str, frozenset[str]] = {
    EMAIL: frozenset(
        {"email", "mail", "emailaddress", "mailaddress", "studentemail", "emailid", "useremail"}
    ),
    NAME: frozenset({"name", "fullname", "studentname", "displayname", "student"}),
    GITHUB: frozenset(
        {"github", "githubusername", "githubname", "githublogin", "githubhandle", "githubuser"}
    ),
    FIRST: frozenset({"firstname", "first", "givenname", "forename"}),
    LAST: frozenset({"lastname", "last", "surname", "familyname"}),
    IDENTIFIER: frozenset({"identifier"}),  # GitHub Classroom's: an e-mail, a name or a number
}
"""Headings of each column, in lower case, without blanks and punctuation."""
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_email: TypeAdapter[str | None] = TypeAdapter(OptionalEmail)
_name: TypeAdapter[str | None] = TypeAdapter(ShortText)
_github: TypeAdapter[str | None] = TypeAdapter(GithubName)


@dataclass(frozen=True)
class Person:
    """A line that can be imported; without an e-mail it has a GitHub name."""

    line: int
    email: str | None
    name: str | None
    github: str | None


@dataclass(frozen=True)
class Roster:
    """The lines of a roster."""

    people: list[Person]
    rejected: list[RejectedLine]
    repeated: int
    """Number of lines about a person of an earlier line."""
    ignored_columns: list[str]


def read_csv(text: str, *, by_github: bool) -> Roster:
    """Read a CSV file; its first line may name the columns.

    Raises:
        UnreadableRoster: If the file is not CSV, is empty, is too long, or has no column for
            e-mails, identifiers or GitHub names.
    """
    rows = _rows(text)
    if not rows:
        raise UnreadableRoster(reason="The file has no lines.")
    columns = [_column_of(cell) for cell in rows[0][1]]
    if any(columns):
        header = [cell.strip() for cell in rows[0][1]]
        ignored_names = [
            cell for cell, column in zip(header, columns, strict=True) if cell and not column
        ]
        del rows[0]
    else:
        columns, ignored_names = _guess_columns(rows[0][1]), []
    if not {EMAIL, IDENTIFIER, GITHUB} & set(columns):
        raise UnreadableRoster(
            reason="No column holds e-mails. Name it in the first line, as in: email,name,github."
        )
    if len(rows) > MAX_PEOPLE:
        raise UnreadableRoster(reason=f"A roster has at most {MAX_PEOPLE} lines.")
    lines = ((number, _cells(columns, cells)) for number, cells in rows)
    return _roster(lines, ignored_names, by_github=by_github)


def read_list(students: Iterable[Mapping[str, Any]], *, by_github: bool) -> Roster:
    """Read a list of objects."""
    objects = list(students)
    names = dict.fromkeys(name for each in objects for name in each)
    ignored_names = [name for name in names if name not in {EMAIL, NAME, GITHUB}]
    return _roster(enumerate(objects, start=1), ignored_names, by_github=by_github)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return the lines that are not blank, each with its number in the file."""
    text = text.removeprefix("\ufeff").replace("\0", "\ufffd")
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    lines_read = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((lines_read + 1, cells))
            lines_read = reader.line_num
    except csv.Error as error:
        raise UnreadableRoster(reason=f"Line {lines_read + 1} is not CSV: {error}.") from error
    return rows


def _column_of(cell: str) -> str | None:
    key = _NOT_ALPHANUMERIC.sub("", cell).lower()
    return next((column for column, names in COLUMNS.items() if key in names), None)


def _guess_columns(cells: list[str]) -> list[str | None]:
    """Return the columns of a file without a header, by the cells of its first line.

    The first cell with an @ is the e-mail; of the others, the first is the name and the second the
    GitHub name. Without an @, no column is known.
    """
    further_columns = iter((NAME, GITHUB))
    columns: list[str | None] = []
    for cell in cells:
        is_email = "@" in cell and EMAIL not in columns
        columns.append(EMAIL if is_email else next(further_columns, None))
    return columns if EMAIL in columns else [None] * len(cells)


def _cells(columns: list[str | None], cells: list[str]) -> dict[str, str]:
    """Return the fields of a line; an identifier becomes an e-mail or a name."""
    values = {
        column: cell.strip()
        for column, cell in zip(columns, cells, strict=False)
        if column and cell.strip()
    }
    parts = [values.pop(part) for part in (FIRST, LAST) if part in values]
    if parts and NAME not in values:
        values[NAME] = " ".join(parts)
    if identifier := values.pop(IDENTIFIER, None):
        values.setdefault(EMAIL if "@" in identifier else NAME, identifier)
    return values


def _roster(
    lines: Iterable[tuple[int, Mapping[str, Any]]], ignored_names: list[str], *, by_github: bool
) -> Roster:
    people: dict[str, Person] = {}
    rejected: list[RejectedLine] = []
    repeated = 0
    for number, values in lines:
        problem = _problem(values, by_github=by_github)
        if problem is not None:
            rejected.append(RejectedLine(line=number, field=problem[0], problem=problem[1]))
            continue
        person = Person(
            line=number,
            email=_email.validate_python(values.get(EMAIL)),
            name=_name.validate_python(values.get(NAME)),
            github=_github.validate_python(values.get(GITHUB)),
        )
        key = person.email or f"github {person.github}".lower()
        repeated += key in people
        people.setdefault(key, person)
    return Roster(list(people.values()), rejected, repeated, ignored_names)


def _problem(values: Mapping[str, Any], *, by_github: bool) -> tuple[Any, str] | None:
    """Return the field at fault and the problem, quoting no value; None for a line to import."""
    for field, adapter, problem in (
        (EMAIL, _email, "This is not an e-mail address."),
        (NAME, _name, "A name is a text of at most 200 characters."),
        (GITHUB, _github, "A GitHub name is a text of at most 200 characters."),
    ):
        try:
            adapter.validate_python(values.get(field))
        except ValidationError:
            return field, problem
    if _email.validate_python(values.get(EMAIL)) is not None:
        return None
    if by_github and _github.validate_python(values.get(GITHUB)) is not None:
        return None
    if _github.validate_python(values.get(GITHUB)) is not None:
        return EMAIL, "There is no e-mail; send byGithub to enroll by GitHub name."
    return EMAIL, "There is no e-mail."
