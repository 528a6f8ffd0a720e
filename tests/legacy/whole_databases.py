"""Whole legacy databases for Hypothesis: columns, types, spellings, owners and policies vary.

Most texts hold a mark, such as `mark7end`, that occurs nowhere else, so that a test can look for it
afterwards. Most e-mails hold a mark such as `mark0of` instead, which all rows with the same session
token share.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from hypothesis import strategies as st
from psycopg import Connection, sql

from tests.support.limited_role import OTHER, OWNER

TABLES = ("workshop_students", "student_configs", "workshop_sessions")
TOKENS = ("ws_1_" + "a" * 64, "ws_1_" + "b" * 64, "tok c", "undefined", "", None)


class Kind(StrEnum):
    """Meaning of a column for the migration."""

    TOKEN = "token"
    EMAIL = "email"
    NAME = "name"
    TEXT = "text"
    KEY = "key"
    ACCOUNT = "account"
    GITHUB = "github name"
    FIRST_TIME = "first time"
    LAST_TIME = "last time"
    FLAG = "flag"
    CHOICE = "choice"
    COUNTER = "counter"
    JSON = "json"
    UNKNOWN = "unknown"


CELLS: dict[Kind, tuple[str | None, ...]] = {
    Kind.EMAIL: (
        None, "p{person}@x.org", "P{person}@X.ORG", " p{person}@x.org\t", "Ann <p{person}@x.org>",
        "mailto:P{person}@x.org", "q{mark}@y.org", "\u3000p{person}@x.org", "n/a", "null", "{mark}",
        "anonymous_0123456789abcdef",
    ),
    Kind.NAME: (None, "Ann {mark}", "  {mark}", "{mark} sk-abcdefghijklmnop12", ""),
    Kind.TEXT: (
        None, "{mark}", " {mark} ", "Ünï {mark}\u3000", '"{mark}"', '{{"a": "{mark}"}}', "",
        "{mark} sk-abcdefghijklmnop12",
    ),
    Kind.KEY: (None, "sk-{mark}-and-more-letters", " sk-{mark}-and-more-letters\n", ""),
    Kind.ACCOUNT: (None, "AC{mark}", " AC{mark}"),
    Kind.GITHUB: (None, "{mark}", " {mark} ", ""),
    Kind.FIRST_TIME: (
        None, "2025-01-05T10:00:00", "2025-03-01 04:05:06", "1970-01-01", "2999-01-01",
    ),
    Kind.FLAG: (None, "true", "false", "1", "0"),
    Kind.COUNTER: (None, "3", "12", "-2", "0"),
    Kind.JSON: (
        None, '{{"step-1": {{"completed": "TRUE", "note": "{mark}"}}}}',
        '[{{"description": "{mark}"}}]',
        '"{{\\"step 2\\": {{\\"completed\\": 2, \\"note\\": \\"{mark}\\"}}}}"', '"{mark}"',
        '{{"quiz": "{mark}", "step-3": true}}', '{{"step-12": {{"note": "{mark}"}}}}', "{{}}", "[]",
        '["{mark}", null, {{"b": ["{mark}"]}}]',
    ),
}  # fmt: skip
CELLS[Kind.LAST_TIME] = CELLS[Kind.FIRST_TIME]
CELLS[Kind.CHOICE] = CELLS[Kind.FLAG]
SPELLINGS: dict[Kind, tuple[str, ...]] = {
    Kind.FIRST_TIME: (
        "1736150400000", "1736150400", "Mon, 06 Jan 2025 08:00:00 GMT", "{mark}",
        "2025-01-05T10:00:00Z",
    ),
    Kind.FLAG: ("TRUE", "yes", "t", "x", "2", "no", "pending", "{mark}", " on "),
    Kind.COUNTER: ("7.6", " 4 ", "{mark}", "99999999999"),
    Kind.JSON: ("{mark}", "{{broken {mark}"),
}  # fmt: skip
"""Further cells, for columns of type text or varchar."""
SPELLINGS[Kind.LAST_TIME] = SPELLINGS[Kind.FIRST_TIME]
SPELLINGS[Kind.CHOICE] = SPELLINGS[Kind.FLAG]
TYPES: dict[Kind, tuple[str, ...]] = {
    Kind.TOKEN: ("text", "varchar(200)"),
    Kind.EMAIL: ("text", "varchar(300)"),
    Kind.NAME: ("text", "varchar"),
    Kind.TEXT: ("text", "varchar", "char(80)", "json_text"),
    Kind.KEY: ("text", "varchar"),
    Kind.ACCOUNT: ("text", "char(40)"),
    Kind.GITHUB: ("text", "varchar"),
    Kind.FIRST_TIME: ("timestamp", "timestamptz", "text", "date"),
    Kind.LAST_TIME: ("timestamp", "timestamptz", "text", "varchar"),
    Kind.FLAG: ("boolean", "text", "varchar"),
    Kind.CHOICE: ("boolean", "text"),
    Kind.COUNTER: ("integer", "bigint", "numeric", "text", "float8", "smallint"),
    Kind.JSON: ("jsonb", "json", "text"),
}
COLUMNS: dict[str, dict[str, Kind]] = {
    "workshop_students": {
        "session_token": Kind.TOKEN, "student_email": Kind.EMAIL, "student_name": Kind.NAME,
        "exercises": Kind.JSON, "started_at": Kind.FIRST_TIME, "last_activity": Kind.LAST_TIME,
        "total_time_spent": Kind.COUNTER, "current_step": Kind.COUNTER, "repo_created": Kind.FLAG,
        "demo_mode": Kind.CHOICE, "system_prompt": Kind.TEXT, "selected_voice": Kind.TEXT,
        "openai_api_key": Kind.KEY, "tools": Kind.JSON, "bug_reports": Kind.JSON,
        "created_at": Kind.FIRST_TIME, "github_username": Kind.GITHUB,
    },
    "student_configs": {
        "session_token": Kind.TOKEN, "student_email": Kind.EMAIL, "student_name": Kind.NAME,
        "system_prompt": Kind.TEXT, "selected_voice": Kind.TEXT, "openai_api_key": Kind.KEY,
        "tools": Kind.JSON, "voice_settings": Kind.JSON, "ci_service_sid": Kind.TEXT,
        "demo_mode": Kind.CHOICE, "current_step": Kind.COUNTER, "services_ready": Kind.FLAG,
        "step4_deployed": Kind.FLAG, "created_at": Kind.FIRST_TIME,
        "twilio_account_sid": Kind.ACCOUNT,
    },
    "workshop_sessions": {
        "session_id": Kind.TOKEN, "student_id": Kind.EMAIL, "created_at": Kind.FIRST_TIME,
        "last_activity": Kind.LAST_TIME, "is_demo_mode": Kind.CHOICE,
        "account_sid": Kind.ACCOUNT,
    },
}  # fmt: skip
UNKNOWN_NAMES = (
    "instructor_notes", "apiKeySecret", "Shoe Size", "größe", "select", "aiModel", "auth_token",
    "memory_retention_days", "sessionTokens", "twilio_auth_token",
)  # fmt: skip
UNKNOWN_CELLS: dict[str, tuple[str | None, ...]] = {
    "text": (None, "{mark}", "AC0123456789abcdef0123456789abcdef {mark}", ""),
    "integer[]": (None, "{{7,8}}"),
    "text[]": (None, '{{"{mark}",NULL}}'),
    "numeric": (None, "0.70", "NaN"),
    "float8": (None, "Infinity", "1e300"),
    "boolean": (None, "true", "false"),
    "timestamptz": (None, "2025-01-05T10:00:00Z", "infinity"),
    "interval": (None, "1 day 02:03:04"),
    "uuid": (None, "0123456789abcdef0123456789abcdef"),
    "inet": (None, "10.0.0.1/8"),
    "bytea": (None, "\\x00ff"),
    "int4range": (None, "[1,5)"),
    "mood": (None, "glad"),
    "jsonb": (None, '{{"password": "{mark}", "n": 1}}', "null", '["{mark}"]'),
    "json": (None, '{{"a": "{mark}"}}', '{{"a": 1, "a": "{mark}"}}', '"\\u0000{mark}"'),
}
"""Cells by SQL type, for columns that the unified schema lacks; a test creates the enum `mood`."""


class Access(StrEnum):
    """The access that the migrating role has to a table."""

    OWN = "own"
    OWN_WITH_POLICIES = "own, with policies that its owner need not obey"
    FORCED = "own, with policies that hide rows"
    GRANTED = "of another owner, may be read"
    GRANTED_IN_PART = "of another owner, with policies that hide rows"
    DENIED = "of another owner"


REFUSING = {Access.FORCED, Access.GRANTED_IN_PART, Access.DENIED}
"""Kinds of access with which a migration is refused."""


@dataclass(frozen=True)
class Column:
    """One column of a legacy table."""

    known_as: str
    """Name under which the migration expects the column, or the column's own if it is unknown."""
    name: str
    """Name as spelled in this database."""
    kind: Kind
    type: str
    cells: tuple[str | None, ...]
    """Values, one for each row."""

    @property
    def names(self) -> set[str]:
        """Return the names under which the migration reports and keeps the column."""
        known_as = "account_sid" if self.kind is Kind.ACCOUNT else self.known_as
        return {self.name, known_as}

    @property
    def sql_type(self) -> str:
        """Return the type's name in SQL."""
        return {"json_text": "jsonb", "mood": "public.mood"}.get(self.type, self.type)


@dataclass(frozen=True)
class Table:
    """One legacy table with its rows, column by column."""

    name: str
    columns: tuple[Column, ...]
    row_count: int
    access: Access

    @property
    def tokens(self) -> tuple[str | None, ...]:
        """Return the token of each row."""
        return next(column.cells for column in self.columns if column.kind is Kind.TOKEN)


@dataclass
class _Marks:
    number: int = 0
    people: dict[str | None, str] = field(default_factory=dict)

    def fill(self, cell: str | None, token: str | None) -> str | None:
        if cell is None:
            return None
        self.number += 1
        person = self.people.setdefault(token, f"mark{len(self.people)}of")
        return cell.format(mark=f"mark{self.number}end", person=person)


@st.composite
def databases(draw: st.DrawFn) -> tuple[Table, ...]:
    """Return one to three tables; most of them can be read."""
    marks = _Marks()
    names = draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=3, unique=True))
    return tuple(_table(draw, name, marks) for name in names)


def _table(draw: st.DrawFn, name: str, marks: _Marks) -> Table:
    rows = draw(st.integers(2, 4))
    tokens = tuple(draw(st.sampled_from(TOKENS)) for _ in range(rows))
    kinds = COLUMNS[name]
    token_column = next(column for column, kind in kinds.items() if kind is Kind.TOKEN)
    others = [column for column in kinds if column != token_column]
    half = len(others) // 2
    names = [token_column, *draw(st.lists(st.sampled_from(others), min_size=half, unique=True))]
    in_camel_case = draw(st.booleans())
    columns = []
    for known_as in names:
        kind = kinds[known_as]
        type_name = draw(st.sampled_from(TYPES[kind]))
        cells = tokens if kind is Kind.TOKEN else _cells(draw, kind, type_name, tokens, marks)
        column_name = _camel(known_as) if in_camel_case else known_as
        columns.append(Column(known_as, column_name, kind, type_name, cells))
    for unknown in draw(st.lists(st.sampled_from(UNKNOWN_NAMES), max_size=3, unique=True)):
        type_name = draw(st.sampled_from([*UNKNOWN_CELLS]))
        templates = (draw(st.sampled_from(UNKNOWN_CELLS[type_name])) for _ in tokens)
        cells = tuple(marks.fill(template, None) for template in templates)
        columns.append(Column(unknown, unknown, Kind.UNKNOWN, type_name, cells))
    is_unreadable = draw(st.integers(0, 9)) == 7
    choices = [access for access in Access if (access in REFUSING) is is_unreadable]
    return Table(name, tuple(columns), rows, draw(st.sampled_from(choices)))


def _cells(
    draw: st.DrawFn, kind: Kind, type_name: str, tokens: tuple[str | None, ...], marks: _Marks
) -> tuple[str | None, ...]:
    choices = CELLS[kind]
    if type_name in {"text", "varchar"}:
        choices += SPELLINGS.get(kind, ())
    return tuple(marks.fill(draw(st.sampled_from(choices)), token) for token in tokens)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def create(superuser: Connection, tables: tuple[Table, ...]) -> None:
    """Create the tables with their rows, then give them to their owners."""
    for table in tables:
        name = sql.Identifier("public", table.name)
        superuser.execute(
            sql.SQL("CREATE TABLE {} ({})").format(
                name,
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.sql_type))
                    for c in table.columns
                ),
            )
        )
        values = [
            sql.SQL("to_jsonb(%s::text)" if c.type == "json_text" else f"%s::{c.sql_type}")
            for c in table.columns
        ]
        for row in range(table.row_count):
            superuser.execute(
                sql.SQL("INSERT INTO {} VALUES ({})").format(name, sql.SQL(", ").join(values)),
                [c.cells[row] for c in table.columns],
            )
        superuser.execute(_access(table))


def _access(table: Table) -> bytes:
    name, access = f"public.{table.name}", table.access
    owner = OWNER if access in {Access.OWN, Access.OWN_WITH_POLICIES, Access.FORCED} else OTHER
    statements = [f"ALTER TABLE {name} OWNER TO {owner}"]
    if access in {Access.OWN_WITH_POLICIES, Access.FORCED, Access.GRANTED_IN_PART}:
        statements += [
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY nobody ON {name} USING (FALSE)",
        ]
    if access is Access.FORCED:
        statements.append(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    if access in {Access.GRANTED, Access.GRANTED_IN_PART}:
        statements.append(f"GRANT SELECT ON {name} TO {OWNER}")
    return ";".join(statements).encode()
