"""Reading of content: lists of objects, or a CSV file of topics, concepts or questions."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lib.errors import AppError
from lib.learning.errors import ContentRefused
from lib.learning.syllabus.grading import option_fault
from lib.learning.syllabus.wire import (
    ContentConceptIn,
    ContentIn,
    ContentQuestionIn,
    ContentTopicIn,
)
from lib.learning.tables.syllabus import DEFAULT_MINIMUM_MASTERY
from lib.logs import shown_name
from lib.web import strict_json

DELIMITERS = ",;\t"
T = TypeVar("T")
_topic: TypeAdapter[ContentTopicIn] = TypeAdapter(ContentTopicIn)
_concept: TypeAdapter[ContentConceptIn] = TypeAdapter(ContentConceptIn)
_question: TypeAdapter[ContentQuestionIn] = TypeAdapter(ContentQuestionIn)


@dataclass
class Content:
    """Valid rows with their places in the request, and the faults of the others."""

    topics: list[tuple[str, ContentTopicIn]] = field(default_factory=list)
    concepts: list[tuple[str, ContentConceptIn]] = field(default_factory=list)
    questions: list[tuple[str, ContentQuestionIn]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def read_content(body: ContentIn) -> Content:
    """Read the lists of a body, and its CSV file.

    Raises:
        ContentRefused: If the CSV file cannot be read at all.
    """
    content = Content()
    _read("topics", body.topics, _topic, content.topics, content.problems)
    _read("concepts", body.concepts, _concept, content.concepts, content.problems)
    _read("questions", body.questions, _question, content.questions, content.problems)
    if body.csv is not None:
        _read_csv(body.csv, content)
    for place, question in content.questions:
        fault = option_fault(question.question_type, question.options, question.correct_answer)
        if fault is not None:
            content.problems.append((place, fault))
    return content


def _read(
    name: str,
    objects: Sequence[Any],
    kind: TypeAdapter[T],
    rows: list[tuple[str, T]],
    problems: list[tuple[str, str]],
) -> None:
    for number, values in enumerate(objects):
        _add(f"{name}[{number}]", values, kind, rows, problems)


def _add(
    place: str,
    values: Any,
    kind: TypeAdapter[T],
    rows: list[tuple[str, T]],
    problems: list[tuple[str, str]],
) -> None:
    try:
        rows.append((place, kind.validate_python(values)))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            parts = ".".join(str(part) for part in fault["loc"])
            problems.append((f"{place}.{shown_name(parts)}".rstrip("."), fault["msg"]))


def _read_csv(text: str, content: Content) -> None:
    rows = list(_lines(text))
    if not rows:
        raise ContentRefused([("csv", "The file has no lines.")])
    header = [cell.strip() for cell in rows[0][1]]
    duplicate = _first_duplicate(name for name in header if name)
    if duplicate:
        reason = f"The first line names the column “{shown_name(duplicate)}” twice."
        raise ContentRefused([(f"line-{rows[0][0]}", reason)])
    if "question_text" in header:
        _read_lines(header, rows[1:], _question_cell, _question, content.questions, content)
    elif "concept" in header:
        _read_lines(header, rows[1:], _plain_cell, _concept, content.concepts, content)
    elif "topic" in header:
        _read_lines(header, rows[1:], _topic_cell, _topic, content.topics, content)
    else:
        reason = (
            "The first line names neither topics (topic, exam_weightage, estimated_hours), nor"
            " concepts (topic, concept), nor questions (topic, concept, question_text)."
        )
        raise ContentRefused([(f"line-{rows[0][0]}", reason)])


def _read_lines(
    header: list[str],
    lines: list[tuple[int, list[str]]],
    convert: Callable[[str, str], Any],
    kind: TypeAdapter[T],
    rows: list[tuple[str, T]],
    content: Content,
) -> None:
    for number, cells in lines:
        place = f"line-{number}"
        if len(cells) > len(header):
            content.problems.append((place, "It has more cells than the first line has names."))
            continue
        try:
            values = {
                name: convert(name, cell.strip())
                for name, cell in zip(header, cells, strict=False)
                if name and cell.strip()
            }
        except ValueError as error:
            content.problems.append((place, str(error)))
            continue
        _add(place, values, kind, rows, content.problems)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not blank, each with its number in the file."""
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    last_line = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield last_line + 1, cells
            last_line = reader.line_num
    except csv.Error as error:
        raise ContentRefused([(f"line-{last_line + 1}", f"It is not CSV: {error}.")]) from error


def _plain_cell(_name: str, cell: str) -> Any:
    return cell


def _topic_cell(name: str, cell: str) -> Any:
    if name == "prerequisites":
        prerequisites = [_prerequisite(part) for part in cell.split(";") if part.strip()]
        duplicate = _first_duplicate(name for name, _ in prerequisites)
        if duplicate:
            raise ValueError(f"prerequisites: The topic “{shown_name(duplicate)}” is named twice.")
        return dict(prerequisites)
    return cell


def _first_duplicate(names: Iterable[str]) -> str | None:
    """Return a name that occurs twice; None if there is none."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _prerequisite(part: str) -> tuple[str, Any]:
    """Return name and minimum mastery of `Algebra:60`; the second part may be left out."""
    name, colon, minimum = part.rpartition(":")
    if colon and minimum.strip().replace(".", "", 1).isdigit():
        return name.strip(), minimum.strip()
    return part.strip(), DEFAULT_MINIMUM_MASTERY


def _question_cell(name: str, cell: str) -> Any:
    if name == "options":
        try:
            return strict_json.parse(cell.encode())
        except AppError:
            raise ValueError('options: Write a JSON array of texts, as in ["2", "3"].') from None
    return cell
