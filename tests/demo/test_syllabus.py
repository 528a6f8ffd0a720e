"""The demo's syllabus keeps every rule, and each broken rule is reported."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.demo.syllabus_rules import CONCEPTS, TOPICS, Row, broken_rules, rows

SYLLABUS = Path(__file__).resolve().parents[2] / "local" / "demo" / "syllabus"
MATHEMATICS = "questions/mathematics.csv"


def test_syllabus_keeps_every_rule() -> None:
    assert broken_rules(SYLLABUS) == []


def replace_rows(path: Path, new_rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, new_rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(new_rows)


def change_row(path: Path, column: str, value: str, changes: Row) -> None:
    """Change cells of the first row with a value in a column."""
    all_rows = rows(path)
    next(row for row in all_rows if row[column] == value).update(changes)
    replace_rows(path, all_rows)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SYLLABUS, tmp_path / "syllabus"))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("Gases", {"topic": "Radioactivity"}, "Radioactivity: a second topic has this name"),
        ("Waves", {"topic": "Waves "}, "'Waves ': the name is empty or has blanks around it"),
        ("Gases", {"description": " "}, "Gases: the description is empty"),
        ("Gases", {"parent": "Heat"}, "Gases: the parent Heat does not exist"),
        ("Gases", {"parent": "Physics"}, "Gases: its level is wrong; exactly the topics"),
        ("Gases", {"parent": "Radioactivity"}, "Radioactivity: its level is wrong; exactly"),
        ("Waves", {"parent": "Waves"}, "Waves: its level is wrong; exactly the topics"),
        ("Gases", {"exam_weightage": "0"}, "Gases: exam_weightage is not above 0"),
        ("Gases", {"exam_weightage": "-1"}, "Gases: exam_weightage is not above 0"),
        ("Waves", {"exam_weightage": "1"}, "Waves: exam_weightage of a parent is not 0"),
        ("Gases", {"exam_weightage": "1.6"}, "exam_weightage adds up to 100.1"),
        ("Gases", {"exam_weightage": "1.4"}, "exam_weightage adds up to 99.9"),
        ("Gases", {"estimated_hours": "0"}, "Gases: estimated_hours is not above 0"),
        ("Gases", {"estimated_hours": "5"}, "Thermal physics: estimated_hours is not the sum"),
        ("Gases", {"prerequisites": "Waves:50"}, "Gases: the prerequisite Waves is not a topic"),
        ("Gases", {"prerequisites": "Light:50"}, "Gases: the prerequisite Light is not a topic"),
        ("Gases", {"prerequisites": "Functions:101"}, "Gases: a prerequisite is not 'Topic name:"),
        ("Gases", {"prerequisites": "Functions"}, "Gases: a prerequisite is not 'Topic name:"),
        (
            "Gases",
            {"prerequisites": "Functions:50; Functions:60"},
            "Gases: a prerequisite is named twice",
        ),
        (
            "Waves",
            {"prerequisites": "Functions:50"},
            "Waves: a topic without concepts has prerequisites",
        ),
        ("Gases", {"prerequisites": "Gases:50"}, "cycle of prerequisites: Gases"),
        (
            "Heat and temperature",
            {"prerequisites": "Gases:50"},
            "cycle of prerequisites: Gases, Heat and temperature",
        ),
    ],
)
def test_damaged_topic_is_noticed(copy: Path, name: str, changes: Row, message: str) -> None:
    change_row(copy / TOPICS, "topic", name, changes)
    assert [rule for rule in broken_rules(copy) if rule.startswith(message)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"concept": "Ratio"}, "Percentages and proportion: Ratio: a second concept of the topic"),
        ({"concept": ""}, "'': the name is empty or has blanks around it"),
        ({"description": ""}, "Percentage change: the description is empty"),
        ({"topic": "Number"}, "Number: it has concepts, but is not a topic at the third level"),
        ({"topic": "Functions"}, "Functions: 6 concepts"),
        ({"concept": "Change"}, "Percentages and proportion: Percentage change has questions and"),
        ({"concept": "Change"}, "Percentages and proportion: Change has fewer than 3 questions"),
    ],
)
def test_damaged_concept_is_noticed(copy: Path, changes: Row, message: str) -> None:
    change_row(copy / CONCEPTS, "concept", "Percentage change", changes)
    assert [rule for rule in broken_rules(copy) if rule.startswith(message)]


@pytest.mark.parametrize(
    ("question_type", "changes", "message"),
    [
        ("mcq", {"question_text": "What is this"}, "What is this is not a sentence"),
        ("mcq", {"question_text": "What is this? "}, "What is this?  is not a sentence"),
        ("mcq", {"question_text": "Solve  5ˣ =  125."}, "solve 5ˣ = 125. a second question"),
        ("mcq", {"question_type": "choice"}, "{text} has options and is not mcq"),
        ("mcq", {"question_type": "choice", "options": ""}, "{text} has no known question_type"),
        ("mcq", {"correct_answer": "5"}, "{text} the answer is not exactly one of the options"),
        (
            "mcq",
            {"options": '["12%", "12%", "15%", "1.12%"]'},
            "{text} the answer is not exactly one of the options",
        ),
        (
            "mcq",
            {"options": '["12%", "1%", "15%", "15% "]'},
            "{text} does not have 4 different options",
        ),
        (
            "mcq",
            {"options": '["12%", "1%", "15%"]'},
            "{text} does not have 4 different options",
        ),
        (
            "mcq",
            {"options": '["12%", "1%", "15%", " "]'},
            "{text} does not have 4 different options",
        ),
        (
            "mcq",
            {"options": '["12%", "1%", "2%", "3%", "3%"]'},
            "{text} does not have 4 different options",
        ),
        ("numerical", {"options": "[]"}, "{text} has options and is not mcq"),
        ("numerical", {"correct_answer": "68 euros"}, "{text} the answer is not a plain, finite"),
        ("numerical", {"correct_answer": "1/2"}, "{text} the answer is not a plain, finite"),
        ("numerical", {"correct_answer": "inf"}, "{text} the answer is not a plain, finite"),
        ("numerical", {"correct_answer": "9" * 400}, "{text} the answer is not a plain, finite"),
        (
            "numerical",
            {"question_text": "What is π? Round to 2 decimal places.", "correct_answer": "3.142"},
            "What is π? Round to 2 decimal places. the answer has more decimal places",
        ),
        (
            "numerical",
            {
                "question_text": "What is π? Round to the nearest whole number.",
                "correct_answer": "3.1",
            },
            "What is π? Round to the nearest whole number. the answer has more decimal places",
        ),
        ("true_false", {"correct_answer": "True"}, "{text} the answer is neither true nor false"),
        ("mcq", {"difficulty": "easier"}, "{topic}: {concept} does not have questions of all"),
        ("mcq", {"difficulty": "hard"}, "{topic}: {concept} does not have questions of all"),
        ("mcq", {"concept": "Growth"}, "{topic}: {concept} has fewer than 3 questions"),
        ("mcq", {"concept": "Growth"}, "{topic}: Growth has questions and is not a concept"),
        (
            "mcq",
            {"topic": "Gases", "concept": "Boyle's law"},
            "Gases: Boyle's law has questions in mathematics.csv",
        ),
        ("mcq", {"expected_time_seconds": "29"}, "{text} expected_time_seconds is not 30 to 300"),
        ("mcq", {"expected_time_seconds": "301"}, "{text} expected_time_seconds is not 30 to 300"),
    ],
)
def test_damaged_question_is_noticed(
    copy: Path, question_type: str, changes: Row, message: str
) -> None:
    row = next(row for row in rows(copy / MATHEMATICS) if row["question_type"] == question_type)
    change_row(copy / MATHEMATICS, "question_text", row["question_text"], changes)
    start = message.format(text=row["question_text"], **row)
    assert [rule for rule in broken_rules(copy) if rule.startswith(start)]


@pytest.mark.parametrize(
    ("file", "column", "value", "changes"),
    [
        (TOPICS, "topic", "Gases", {"prerequisites": "Functions:0; Vectors:100"}),
        (MATHEMATICS, "question_type", "numerical", {"correct_answer": "-0.25"}),
        (MATHEMATICS, "question_type", "mcq", {"expected_time_seconds": "30"}),
        (MATHEMATICS, "question_type", "mcq", {"expected_time_seconds": "300"}),
    ],
)
def test_values_at_the_limits_are_accepted(
    copy: Path, file: str, column: str, value: str, changes: Row
) -> None:
    change_row(copy / file, column, value, changes)
    assert broken_rules(copy) == []


@pytest.mark.parametrize(
    ("file", "size", "message"),
    [
        (TOPICS, 60, "fewer than 60 topics"),
        (CONCEPTS, 200, "fewer than 200 concepts"),
        (MATHEMATICS, 600, "fewer than 600 questions"),
    ],
)
def test_removed_rows_are_noticed(copy: Path, file: str, size: int, message: str) -> None:
    other_files = [path for path in copy.glob("questions/*.csv") if path != copy / file]
    other_rows = sum(len(rows(path)) for path in other_files) if file == MATHEMATICS else 0
    first_rows = rows(copy / file)[: size - other_rows]
    replace_rows(copy / file, first_rows)
    assert message not in broken_rules(copy)
    replace_rows(copy / file, first_rows[:-1])
    assert message in broken_rules(copy)


def test_topic_with_one_concept_is_noticed(copy: Path) -> None:
    other_rows = [row for row in rows(copy / CONCEPTS) if row["topic"] != "Gases"]
    rows_of_gases = [row for row in rows(copy / CONCEPTS) if row["topic"] == "Gases"]
    replace_rows(copy / CONCEPTS, other_rows + rows_of_gases[:2])
    assert not [rule for rule in broken_rules(copy) if rule.startswith("Gases: 2 concepts")]
    replace_rows(copy / CONCEPTS, other_rows + rows_of_gases[:1])
    assert "Gases: 1 concepts instead of 2 to 5" in broken_rules(copy)


def test_right_options_at_one_position_are_noticed(copy: Path) -> None:
    questions = rows(copy / MATHEMATICS)
    for row in questions:
        if row["question_type"] == "mcq":
            options = sorted(json.loads(row["options"]), key=row["correct_answer"].__ne__)
            row["options"] = json.dumps(options)
    replace_rows(copy / MATHEMATICS, questions)
    assert broken_rules(copy) == ["mathematics.csv: right options favour some positions"]


@pytest.mark.parametrize("file", [TOPICS, CONCEPTS, MATHEMATICS])
def test_damaged_file_is_noticed(copy: Path, file: str) -> None:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("topic,", "name,", 1), encoding="utf-8")
    assert broken_rules(copy)[0].startswith(f"{path.name}: the header is not topic,")
    for row in ("too,few\n", "too,many" + "," * 10 + "\n"):
        path.write_text(text + row, encoding="utf-8")
        assert broken_rules(copy) == [f"{path.name}: a row has too few or too many cells"]
