"""Random databases of the old assessment: columns of any type, rows with the faults of live ones.

The rows are kept beside the script that writes them, so that a test can compare each with
its result.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

CONCEPTS = ("Factoring", "Roots", "Graphs")
START = datetime(2025, 1, 1, 10, tzinfo=UTC)

TEXTS = ("TEXT", "VARCHAR", "VARCHAR(60)")
TIMES = ("TIMESTAMPTZ", "TIMESTAMP", "TEXT", "BIGINT", "TIMESTAMPTZ(0)")
NUMBERS = ("NUMERIC", "DOUBLE PRECISION", "TEXT", "NUMERIC(9, 4)")
COUNTS = ("INTEGER", "BIGINT", "SMALLINT", "TEXT", "NUMERIC")
JSONS = ("JSONB", "JSON", "TEXT")
VECTORS = (*JSONS, "DOUBLE PRECISION[]")
ID_TYPES = ("SERIAL", "BIGSERIAL", "UUID")


@dataclass(frozen=True)
class Answer:
    """An answer as the old service wrote it."""

    number: int
    student: str
    session: str
    question: str
    is_correct: bool
    at: datetime


@dataclass(frozen=True)
class Proficiency:
    """A proficiency as the old service wrote it."""

    number: int
    student: str
    concept: str
    value: float
    at: datetime


@dataclass(frozen=True)
class Session:
    """A test as the old service wrote it."""

    id: str
    student: str
    status: str | None
    final: list[float]
    started: datetime


@dataclass(frozen=True)
class Question:
    """A question, its options as they are meant, and the index of the right one."""

    id: str
    options: list[str]
    right: int
    weights: list[int]
    difficulty: float
    discrimination: float


@dataclass(frozen=True)
class LiveDatabase:
    """A script that writes a database, and what it writes."""

    script: str
    types: dict[str, str]
    """Types by kind of column, and by `table.column`; empty if a column is left out."""
    pool: str
    """Id of the one pool."""
    in_logits: bool
    answers: list[Answer]
    proficiencies: list[Proficiency]
    sessions: list[Session]
    questions: list[Question]


def make_live_database(random: Random) -> LiveDatabase:
    """Return a database of random columns and rows."""
    return _Maker(random).make()


@dataclass
class _Maker:
    random: Random
    types: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)

    def make(self) -> LiveDatabase:
        self._choose_types()
        is_uuid = self.types["pool"] == "UUID"
        pool = str(self._uuid()) if is_uuid else f"topic_{self._uuid()}"
        in_logits = self.random.random() < 0.5
        students = ["ann", "bob", "Ünïque / 1"]
        sessions = [self._session(n, self.random.choice(students)) for n in range(4)]
        questions = [self._question(n, in_logits) for n in range(6)]
        answers = self._answers(sessions, questions)
        proficiencies = self._proficiencies(students)
        self._create()
        # One student has no row in `students`.
        self._insert("students", [{"id": name, "name": f"Name of {name}"} for name in students[:2]])
        self._insert("questions", [self._question_row(it, pool) for it in questions])
        self._insert("test_sessions", [self._session_row(it, pool) for it in sessions])
        self._insert("test_responses", [self._answer_row(it) for it in answers])
        self._insert("student_proficiencies", [self._proficiency_row(it) for it in proficiencies])
        return LiveDatabase(
            "\n".join(self.statements), self.types, pool, in_logits, answers, proficiencies,
            sessions,
            questions,
        )  # fmt: skip

    def _choose_types(self) -> None:
        choose = self.random.choice
        response = choose(("", *COUNTS))
        self.types = {
            "text": choose(TEXTS), "time": choose(TIMES), "number": choose(NUMBERS),
            "count": choose(COUNTS), "json": choose(JSONS), "vector": choose(VECTORS),
            "session": choose((*TEXTS, "UUID")), "pool": choose((*TEXTS, "UUID")),
            "answer_id": choose(ID_TYPES), "proficiency_id": choose(ID_TYPES),
            "response": response, "pool_of_session": choose(("", "TEXT", "UUID")),
            "is_correct": choose(("BOOLEAN", *COUNTS, *([""] if response else []))),
            "status": choose(("", "TEXT", "VARCHAR(9)")),
            "last_activity": choose(("", "TIMESTAMP")),
            "confidence": choose(("", "NUMERIC", "DOUBLE PRECISION")),
        }  # fmt: skip
        if self.types["pool"] != "UUID" and self.types["pool_of_session"] == "UUID":
            self.types["pool_of_session"] = "TEXT"

    def _create(self) -> None:
        types = self.types
        reference = "REFERENCES test_sessions (id)" if self.random.random() < 0.5 else ""
        self._table(
            "students",
            {"id": f"{types['text']} PRIMARY KEY", "name": "TEXT NOT NULL", "grade_level": "INT"},
        )
        self._table("questions", {
            "id": f"{types['text']} PRIMARY KEY", "pool_id": f"{types['pool']} NOT NULL",
            "content": "TEXT", "options": types["json"], "correct_answer": types["text"],
            "concepts": types["vector"], "difficulty": types["number"],
            "discrimination": types["number"], "guessing": "NUMERIC", "topic_id": "UUID",
        })  # fmt: skip
        self._table("test_sessions", {
            "id": f"{types['session']} PRIMARY KEY", "student_id": types["text"],
            "question_pool_id": types["pool_of_session"], "status": types["status"],
            "initial_proficiency": types["vector"], "final_proficiency": types["vector"],
            "total_questions": types["count"], "started_at": types["time"],
            "last_activity": types["last_activity"],
        })  # fmt: skip
        self._table("test_responses", {
            "id": f"{types['answer_id']} PRIMARY KEY", "student_id": types["text"],
            "session_id": f"{types['session']} {reference}", "question_id": types["text"],
            "response": types["response"], "is_correct": types["is_correct"],
            "response_time_ms": "INT NOT NULL", "proficiency_after": types["vector"],
            "timestamp": types["time"],
        })  # fmt: skip
        self._table("student_proficiencies", {
            "id": f"{types['proficiency_id']} PRIMARY KEY", "student_id": types["text"],
            "concept_name": types["text"], "proficiency_value": types["number"],
            "confidence": types["confidence"], "updated_at": types["time"],
        })  # fmt: skip

    def _table(self, name: str, columns: dict[str, str]) -> None:
        present = [f"{column} {kind}" for column, kind in columns.items() if kind]
        self.statements.append(f"CREATE TABLE {name} ({', '.join(present)});")
        self.types.update({f"{name}.{column}": kind for column, kind in columns.items()})

    def _insert(self, table: str, rows: list[dict[str, object]]) -> None:
        for row in rows:
            present = {c: v for c, v in row.items() if self.types.get(f"{table}.{c}")}
            values = ", ".join(_literal(value) for value in present.values())
            self.statements.append(f"INSERT INTO {table} ({', '.join(present)}) VALUES ({values});")

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def _session(self, n: int, student: str) -> Session:
        final = [round(self.random.uniform(-3, 3), 3) for _ in CONCEPTS]
        statuses = ("completed", "completed", "abandoned") if self.types["status"] else (None,)
        started = START + timedelta(days=n)
        return Session(str(self._uuid()), student, self.random.choice(statuses), final, started)

    def _session_row(self, session: Session, pool: str) -> dict[str, object]:
        return {
            "id": session.id, "student_id": session.student, "question_pool_id": pool,
            "status": session.status, "final_proficiency": self._vector(session.final),
            "total_questions": self.random.choice((None, 3)),
            "started_at": self._time(session.started),
        }  # fmt: skip

    def _answers(self, sessions: list[Session], questions: list[Question]) -> list[Answer]:
        answers = []
        for n in range(1, 16):
            session = self.random.choice(sessions)
            question = self.random.choice(questions[:4])  # so that some are answered twice
            at = session.started + timedelta(minutes=self.random.randrange(4))
            right = self.random.random() < 0.5
            answers.append(Answer(n, session.student, session.id, question.id, right, at))
        return answers

    def _answer_row(self, answer: Answer) -> dict[str, object]:
        grade: object = int(answer.is_correct)
        if self.types["is_correct"] == "BOOLEAN":
            grade = answer.is_correct
        elif self.types["is_correct"] == "TEXT":
            grade = self.random.choice(("true", "T", "1") if answer.is_correct else ("false", "0"))
        # In the oldest form, `response` was 1 for a right answer and 0 for a wrong one.
        return {
            "id": self._id("answer_id", answer.number), "student_id": answer.student,
            "session_id": answer.session, "question_id": answer.question,
            "response": int(answer.is_correct), "is_correct": grade, "response_time_ms": 900,
            "proficiency_after": self._vector([0.5, 0.25, 1.5]), "timestamp": self._time(answer.at),
        }  # fmt: skip

    def _proficiencies(self, students: list[str]) -> list[Proficiency]:
        return [
            Proficiency(
                n,
                self.random.choice(students),
                self.random.choice(CONCEPTS),
                round(self.random.uniform(-3, 3), 3),
                START + timedelta(days=self.random.randrange(3)),
            )
            for n in range(1, 13)
        ]

    def _proficiency_row(self, proficiency: Proficiency) -> dict[str, object]:
        return {
            "id": self._id("proficiency_id", proficiency.number), "student_id": proficiency.student,
            "concept_name": proficiency.concept,
            "proficiency_value": proficiency.value,
            "confidence": self.random.choice((None, 0)), "updated_at": self._time(proficiency.at),
        }  # fmt: skip

    def _question(self, n: int, in_logits: bool) -> Question:
        right = self.random.randrange(3)
        options = [f"Option {letter} of {n}" for letter in "xyz"]
        weights = [0, 0, 0]
        weights[n % 3] = 1
        difficulty = round(self.random.uniform(-2, 2) if in_logits else self.random.random(), 3)
        if n == 0:
            difficulty = -1.5 if in_logits else 0.5  # distinguishes the scales
        return Question(
            f"q{n}", options, right, weights, difficulty, round(self.random.uniform(0.5, 2), 3)
        )

    def _question_row(self, question: Question, pool: str) -> dict[str, object]:
        text, right = question.options[question.right], question.right
        letter = "ABC"[right]
        shapes: list[tuple[object, list[str]]] = [
            (question.options, [text, f" {text.upper()}\n", letter, letter.lower()]),
            (dict(zip("ABC", question.options, strict=True)), [text, letter, letter.lower()]),
            (
                [{"id": f"o{i}", "text": option} for i, option in enumerate(question.options)],
                [text, f"o{right}", letter],
            ),
            (json.dumps(question.options), [text, text.lower()]),
        ]
        options, answers = self.random.choice(shapes)
        weights: object = question.weights
        if self.types["vector"] in JSONS:
            weights = self.random.choice(
                (
                    question.weights,
                    [bool(w) for w in question.weights],
                    json.dumps(question.weights),
                )
            )
        return {
            "id": question.id, "pool_id": pool, "content": f"Question {question.id}?",
            "options": json.dumps(options), "correct_answer": self.random.choice(answers),
            "concepts": self._vector(weights), "difficulty": question.difficulty,
            "discrimination": question.discrimination, "guessing": self.random.choice((None, 0, 1)),
        }  # fmt: skip

    def _id(self, kind: str, number: int) -> object:
        return number if "SERIAL" in self.types[kind] else str(UUID(int=number))

    def _time(self, at: datetime) -> object:
        return int(at.timestamp()) if self.types["time"] == "BIGINT" else at.isoformat()

    def _vector(self, numbers: object) -> object:
        if self.types["vector"] not in JSONS:
            return f"{{{','.join(map(str, numbers))}}}" if isinstance(numbers, list) else None
        return json.dumps(numbers)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return "'" + str(value).replace("'", "''") + "'"
