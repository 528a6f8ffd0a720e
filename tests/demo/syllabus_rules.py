"""Rules of the demo's syllabus: what its CSV files must contain."""

import csv
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

TOPICS, CONCEPTS = "topics.csv", "concepts.csv"
HEADERS = {
    "topics": "topic,parent,exam_weightage,estimated_hours,description,prerequisites",
    "concepts": "topic,concept,description",
    "questions": "topic,concept,question_text,question_type,options,correct_answer,difficulty,"
    "expected_time_seconds",
}
TIMES = {str(seconds) for seconds in range(30, 301)}
DIFFICULTIES = {"easy", "medium", "hard"}
DECIMAL_NUMBER = re.compile(r"-?\d+(\.\d+)?")
PREREQUISITE = re.compile(r"(?P<topic>[^:;]+):(?P<mastery>\d+)")

Row = dict[str, str]


@dataclass(frozen=True)
class Syllabus:
    """The rows of a syllabus's CSV files; rows of questions also have the name of their file."""

    topics: list[Row]
    concepts: list[Row]
    questions: list[Row]

    @property
    def parents(self) -> dict[str, str]:
        return {row["topic"]: row["parent"] for row in self.topics}

    @property
    def leaves(self) -> set[str]:
        return self.parents.keys() - self.parents.values()


def files(folder: Path) -> dict[Path, str]:
    """Return the files of a syllabus with the header that each must have."""
    questions = sorted((folder / "questions").glob("*.csv"))
    return {
        folder / TOPICS: HEADERS["topics"],
        folder / CONCEPTS: HEADERS["concepts"],
        **dict.fromkeys(questions, HEADERS["questions"]),
    }


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def broken_rules(folder: Path) -> list[str]:
    """Return a sentence for each place of a syllabus that breaks a rule."""
    if malformed := list(malformed_files(folder)):
        return malformed
    syllabus = Syllabus(
        topics=rows(folder / TOPICS),
        concepts=rows(folder / CONCEPTS),
        questions=[
            row | {"file": path.stem}
            for path in sorted((folder / "questions").glob("*.csv"))
            for row in rows(path)
        ],
    )
    return [message for rule in RULES for message in rule(syllabus)]


def malformed_files(folder: Path) -> Iterator[str]:
    for path, header in files(folder).items():
        if path.read_text(encoding="utf-8").partition("\n")[0] != header:
            yield f"{path.name}: the header is not {header}"
        elif any(None in row or None in row.values() for row in rows(path)):
            yield f"{path.name}: a row has too few or too many cells"


def sizes(syllabus: Syllabus) -> Iterator[str]:
    for name, smallest in (("topics", 60), ("concepts", 200), ("questions", 600)):
        if len(getattr(syllabus, name)) < smallest:
            yield f"fewer than {smallest} {name}"


def names_and_descriptions(syllabus: Syllabus) -> Iterator[str]:
    for name in duplicates(row["topic"] for row in syllabus.topics):
        yield f"{name}: a second topic has this name"
    for name in duplicates(f"{row['topic']}: {row['concept']}" for row in syllabus.concepts):
        yield f"{name}: a second concept of the topic has this name"
    for row in [*syllabus.topics, *syllabus.concepts]:
        name = row.get("concept", row["topic"])
        if not name or name != name.strip():
            yield f"{name!r}: the name is empty or has blanks around it"
        if not row["description"].strip():
            yield f"{name}: the description is empty"


def hierarchy(syllabus: Syllabus) -> Iterator[str]:
    leaves = syllabus.leaves
    for name, parent in syllabus.parents.items():
        if parent and parent not in syllabus.parents:
            yield f"{name}: the parent {parent} does not exist"
        elif len(path_to(name, syllabus.parents)) not in ({3} if name in leaves else {1, 2}):
            yield f"{name}: its level is wrong; exactly the topics at the third level have concepts"


def path_to(name: str, parents: dict[str, str]) -> list[str]:
    """Return a topic and the topics above it, at most four."""
    path = [name]
    while (parent := parents.get(path[-1])) and len(path) < 4:
        path.append(parent)
    return path


def weightages(syllabus: Syllabus) -> Iterator[str]:
    for row in syllabus.topics:
        weightage = Decimal(row["exam_weightage"])
        if row["topic"] in syllabus.leaves and not weightage > 0:
            yield f"{row['topic']}: exam_weightage is not above 0"
        if row["topic"] not in syllabus.leaves and weightage != 0:
            yield f"{row['topic']}: exam_weightage of a parent is not 0"
    total = sum(Decimal(row["exam_weightage"]) for row in syllabus.topics)
    if total != 100:
        yield f"exam_weightage adds up to {total}, not 100"


def hours(syllabus: Syllabus) -> Iterator[str]:
    hours_of_children: dict[str, Decimal] = defaultdict(Decimal)
    for row in syllabus.topics:
        hours_of_children[row["parent"]] += Decimal(row["estimated_hours"])
    for row in syllabus.topics:
        name, own_hours = row["topic"], Decimal(row["estimated_hours"])
        if not own_hours > 0:
            yield f"{name}: estimated_hours is not above 0"
        if hours_of_children.get(name, own_hours) != own_hours:
            yield f"{name}: estimated_hours is not the sum of the children's"


def prerequisites(syllabus: Syllabus) -> Iterator[str]:
    graph: dict[str, list[str]] = {}
    for row in syllabus.topics:
        entries = [text for text in row["prerequisites"].split("; ") if text]
        matches = [PREREQUISITE.fullmatch(entry) for entry in entries]
        names = [match["topic"] for match in matches if match]
        if not all(match and int(match["mastery"]) <= 100 for match in matches):
            yield f"{row['topic']}: a prerequisite is not 'Topic name:0 to 100'"
        if len(set(names)) < len(names):
            yield f"{row['topic']}: a prerequisite is named twice"
        if entries and row["topic"] not in syllabus.leaves:
            yield f"{row['topic']}: a topic without concepts has prerequisites"
        for name in sorted(set(names) - syllabus.leaves):
            yield f"{row['topic']}: the prerequisite {name} is not a topic with concepts"
        graph[row["topic"]] = names
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        yield f"cycle of prerequisites: {', '.join(sorted(set(exc.args[1])))}"


def concepts_of_topics(syllabus: Syllabus) -> Iterator[str]:
    counts = Counter(row["topic"] for row in syllabus.concepts)
    for name in sorted(counts.keys() - syllabus.leaves):
        yield f"{name}: it has concepts, but is not a topic at the third level"
    for name in sorted(syllabus.leaves):
        if not 2 <= counts[name] <= 5:
            yield f"{name}: {counts[name]} concepts instead of 2 to 5"


def questions_of_concepts(syllabus: Syllabus) -> Iterator[str]:
    questions = defaultdict(list)
    for row in syllabus.questions:
        questions[row["topic"], row["concept"]].append(row)
    concepts = {(row["topic"], row["concept"]) for row in syllabus.concepts}
    for topic, concept in sorted(questions.keys() - concepts):
        yield f"{topic}: {concept} has questions and is not a concept"
    for topic, concept in sorted(concepts):
        own_questions = questions.get((topic, concept), [])
        if len(own_questions) < 3:
            yield f"{topic}: {concept} has fewer than 3 questions"
        if {row["difficulty"] for row in own_questions} != DIFFICULTIES:
            yield f"{topic}: {concept} does not have questions of all three difficulties"
        for file in sorted({row["file"] for row in own_questions}):
            if file != path_to(topic, syllabus.parents)[-1].lower():
                yield f"{topic}: {concept} has questions in {file}.csv"


def texts_of_questions(syllabus: Syllabus) -> Iterator[str]:
    texts = [" ".join(row["question_text"].casefold().split()) for row in syllabus.questions]
    for text in duplicates(texts):
        yield f"{text} a second question has this text"
    for row in syllabus.questions:
        text = row["question_text"]
        if text != text.strip() or not text.endswith((".", "?")):
            yield f"{text} is not a sentence that ends in . or ? with no blanks around it"
        if row["expected_time_seconds"] not in TIMES:
            yield f"{text} expected_time_seconds is not 30 to 300"


def answers(syllabus: Syllabus) -> Iterator[str]:
    for row in syllabus.questions:
        text, answer = row["question_text"], row["correct_answer"]
        if row["question_type"] == "mcq":
            yield from (f"{text} {fault}" for fault in faults_of_options(row["options"], answer))
        elif row["options"]:
            yield f"{text} has options and is not mcq"
        elif row["question_type"] == "numerical":
            yield from (f"{text} {fault}" for fault in faults_of_number(text, answer))
        elif row["question_type"] != "true_false":
            yield f"{text} has no known question_type"
        elif answer not in {"true", "false"}:
            yield f"{text} the answer is neither true nor false"


def faults_of_options(text: str, answer: str) -> Iterator[str]:
    options = json.loads(text)
    if len({option.strip().casefold() for option in options} - {""}) != 4 or len(options) != 4:
        yield "does not have 4 different options"
    if options.count(answer) != 1:
        yield "the answer is not exactly one of the options"


def faults_of_number(text: str, answer: str) -> Iterator[str]:
    if not DECIMAL_NUMBER.fullmatch(answer) or not math.isfinite(float(answer)):
        yield "the answer is not a plain, finite decimal number"
    rounding = re.search(r"Round to (?:(\d+) decimal|the nearest whole)", text)
    if rounding and len(answer.partition(".")[2]) > int(rounding[1] or 0):
        yield "the answer has more decimal places than the question asks for"


def positions(syllabus: Syllabus) -> Iterator[str]:
    by_file = defaultdict(list)
    for row in syllabus.questions:
        by_file[row["file"]].append(row)
    for file, questions in by_file.items():
        mcq = [row for row in questions if row["question_type"] == "mcq"]
        counts = Counter(
            json.loads(row["options"]).index(row["correct_answer"])
            for row in mcq
            if row["correct_answer"] in json.loads(row["options"])
        )
        if any(counts[position] < 0.15 * len(mcq) for position in range(4)):
            yield f"{file}.csv: right options favour some positions"


def duplicates(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


RULES: tuple[Callable[[Syllabus], Iterator[str]], ...] = (
    sizes,
    names_and_descriptions,
    hierarchy,
    weightages,
    hours,
    prerequisites,
    concepts_of_topics,
    questions_of_concepts,
    texts_of_questions,
    answers,
    positions,
)
