"""Deterministic legacy databases of any size, with every untidy value that was seen in real ones.

`fill(connection, LegacyData(people=100_000))` writes about 200,000 legacy rows in seconds. `WILD`
makes small databases in which every kind but `no_time` is frequent, for property tests.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

ENCRYPTION_KEY = hashlib.sha256(b"legacy demo").hexdigest()  # used in generated databases only
EPOCH = datetime(2025, 1, 6, 8, tzinfo=UTC)
POOL = 512  # number of ready-made values of each kind, from which rows draw
FLAG_COUNT = 21  # step flags of a configuration row; students set them in the order of columns
IMPLAUSIBLE_DATES = ("2999-01-01", "infinity", "-infinity", "1970-01-01", "20000-01-01")
BLANKS_AROUND_KEYS = (" {}", "{}\n", "\r\n{}\t")
TABLES = ("workshop_students", "student_configs", "workshop_sessions")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Mess:
    """Frequency of each kind of untidy value, 0 to 1."""

    spelling: float = 0.10  # e-mail in capitals or with spaces around it
    no_email: float = 0.04
    no_token: float = 0.005
    same_token: float = 0.03  # one more row of the same token
    in_both: float = 0.12  # a configuration row beside the student row
    login: float = 0.05  # a workshop_sessions row of the same token, or of a token of its own
    json_in_json: float = 0.26
    bad_json: float = 0.003
    bad_exercise: float = 0.05
    plain_key: float = 0.14
    lost_key: float = 0.002  # encrypted with a lost key
    null: float = 0.25  # any configuration field
    bad_number: float = 0.005  # step or time outside its range
    no_time: float = 0.01  # a row without times
    bad_time: float = 0.002  # a date in the future, infinite, or before the first workshop
    blank_key: float = 0.002  # spaces or a line break around a key
    misplaced_secret: float = 0.001  # a key, an e-mail or a token in another field
    placeholder: float = 0.005  # the placeholder for a missing e-mail address, or similar text
    long_token: float = 0.0001  # longer than an index can hold


LIVE = Mess()
WILD = Mess(
    spelling=0.4, no_email=0.25, no_token=0.1, same_token=0.4, in_both=0.4, login=0.3,
    json_in_json=0.4, bad_json=0.15, bad_exercise=0.4, plain_key=0.3, lost_key=0.1, null=0.4,
    bad_number=0.2, bad_time=0.15, blank_key=0.2, misplaced_secret=0.1, placeholder=0.1,
    long_token=0.05,
)  # fmt: skip


@dataclass(frozen=True)
class _Pools:
    """Values that many rows share; generating them for each row would take minutes."""

    exercises: list[str]
    tools: list[str]
    voices: list[str]
    bugs: list[str]
    sealed: list[str]


class LegacyData:
    """The rows of one generated database, in the column order of `legacy_tables.sql`."""

    def __init__(self, people: int, seed: int = 1, mess: Mess = LIVE) -> None:
        self.people = people
        self.mess = mess
        self._random = Random(seed)
        self._seed = seed
        self._pools = self._make_pools()

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield table and row, person by person."""
        number = 0
        for person in range(self.people):
            for _ in range(self._sessions_of_person()):
                yield from self._session(person, number)
                number += 1

    def _sessions_of_person(self) -> int:
        draw = self._random.random()
        return 1 if draw < 0.5 else 2 if draw < 0.8 else 3 if draw < 0.95 else 4

    def _session(self, person: int, number: int) -> Iterator[tuple[str, Row]]:
        chance, mess = self._random.random, self.mess
        token = self._token(number)
        only_config = chance() < 0.25
        if not only_config:
            yield "workshop_students", self._student(person, token)
            while chance() < mess.same_token:
                yield "workshop_students", self._student(person, token)
            if chance() < mess.no_token:
                yield "workshop_students", self._student(person, None if chance() < 0.5 else " ")
            if chance() < mess.long_token:
                yield "workshop_students", self._student(person, self._draw_hex(9_000))
        if only_config or chance() < mess.in_both:
            yield "student_configs", self._config(person, token)
        if chance() < mess.login:
            has_own_token = chance() < 0.5
            login_token = f"login_{token}" if has_own_token else token
            yield "workshop_sessions", self._login(person, login_token)

    def _token(self, number: int) -> str:
        milliseconds = 1_736_150_400_000 + number // 3  # three tokens begin alike
        return f"ws_{milliseconds}_" + hashlib.sha256(b"%d %d" % (self._seed, number)).hexdigest()

    def _student(self, person: int, token: str | None) -> Row:
        chance, mess, pools = self._random.random, self.mess, self._pools
        started, active = self._times()
        wrong = chance() < mess.bad_number
        return (
            token,
            self._email(person, token),
            self._name(person),
            self._json(pools.exercises),
            started,
            active,
            -30 if wrong else int(chance() * 9000),
            round(chance() * 100, 2),
            chance() < 0.3 or None,
            chance() < 0.1,
            12 if wrong else int(chance() * 4),
            *self._configuration(),
            self._json(pools.bugs) if chance() < 0.1 else None,
            started,
            active,
        )

    def _config(self, person: int, token: str) -> Row:
        chance = self._random.random
        started, active = self._times()
        flags_set = int(chance() * (FLAG_COUNT + 1))
        return (
            token,
            self._name(person),
            self._email(person, token),
            *self._configuration(),
            f"IS{int(chance() * 1e9):032x}" if chance() < 0.3 else None,
            None if chance() < 0.5 else chance() < 0.1,
            int(chance() * 10),
            *(None if chance() < 0.05 else place < flags_set for place in range(FLAG_COUNT)),
            started,
            active,
        )

    def _login(self, person: int, token: str) -> Row:
        chance = self._random.random
        started, active = self._times()
        made_up = chance() < 0.3
        return (
            token,
            f"student_{person % 97}" if made_up else self._email(person, token),
            f"AC{person:032x}" if chance() < 0.8 else None,
            started,
            str(EPOCH + timedelta(days=400))[:19],
            active,
            chance() < 0.2,
        )

    def _configuration(self) -> Row:
        """Return the columns from use_case_description to railway_url."""
        chance, missing, pools = self._random.random, self.mess.null, self._pools
        return (
            None if chance() < missing else "A café that takes orders by phone — “hello”",
            None if chance() < missing else "inbound",
            None if chance() < missing else f"+1555{int(chance() * 1e7):07d}",
            None if chance() < missing else "elevenlabs",
            None if chance() < missing else self._voice(),
            self._key(),
            None if chance() < missing else f"You answer calls about {int(chance() * 500)} things.",
            None if chance() < missing else "Welcome! How may I help?",
            None if chance() < missing else self._json(pools.tools),
            None if chance() < missing else self._json(pools.voices),
            None if chance() < missing else "wss://voice.example.com/stream",
            None if chance() < missing else "https://codespace.example.com/x",
            None if chance() < missing else "https://github.example.com/s/voice",
            None if chance() < 0.7 else "https://voice.up.example.com",
        )

    def _times(self) -> tuple[str | None, str | None]:
        chance = self._random.random
        if chance() < self.mess.no_time:
            return None, None
        start = EPOCH + timedelta(seconds=int(chance() * 3e7))
        if chance() < self.mess.bad_time:
            return str(start)[:19], self._random.choice(IMPLAUSIBLE_DATES)
        return str(start)[:19], str(start + timedelta(seconds=int(chance() * 2e5)))[:19]

    def _voice(self) -> str:
        if self._random.random() < self.mess.misplaced_secret:
            return f"Rachel {self._plain_key()}"
        return "Rachel"

    def _email(self, person: int, token: str | None) -> str | None:
        chance = self._random.random
        if chance() < self.mess.no_email:
            return None if chance() < 0.7 else "  "
        if chance() < self.mess.placeholder:
            if chance() < 0.5:
                return f"anonymous_student{person}@example.com"
            return f"anonymous_{(token or self._token(person))[:16]}"
        email = f"student{person}@example.com"
        if chance() >= self.mess.spelling:
            return email
        return email.title() if chance() < 0.5 else f" {email} "

    def _name(self, person: int) -> str | None:
        draw = self._random.random()
        return (
            None if draw < 0.1 else "" if draw < 0.15 else f"Student {person} Ünsal{int(draw * 3)}"
        )

    def _key(self) -> str | None:
        chance, mess, sealed = self._random.random, self.mess, self._pools.sealed
        draw = chance()
        template = self._random.choice(BLANKS_AROUND_KEYS) if chance() < mess.blank_key else "{}"
        if draw < mess.plain_key:
            return template.format(self._plain_key())
        if draw < mess.plain_key + mess.lost_key:
            return _old_format("sk-lost", hashlib.sha256(b"lost").digest(), b"\1" * 16)
        return template.format(sealed[int(chance() * POOL)]) if draw < 0.6 else None

    def _plain_key(self) -> str:
        return f"sk-proj-{self._draw_hex(36)}"

    def _draw_hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def _json(self, pool: list[str]) -> str:
        chance, mess = self._random.random, self.mess
        text = pool[int(chance() * POOL)]
        if chance() < mess.bad_json:
            return ("42", '"no json {"', "null", '"\\"deeper\\""', "true")[int(chance() * 5)]
        if pool is self._pools.exercises and chance() < mess.misplaced_secret:
            return json.dumps(self._exercises_with_secrets())
        if chance() >= mess.json_in_json:
            return text
        return json.dumps(text) if chance() < 0.95 else json.dumps(json.dumps(text))

    def _make_pools(self) -> _Pools:
        draw = self._random
        key = bytes.fromhex(ENCRYPTION_KEY)
        return _Pools(
            exercises=[json.dumps(self._exercises()) for _ in range(POOL)],
            tools=[json.dumps([{"name": f"tool{n}", "parameters": {"n": n}}]) for n in range(POOL)],
            voices=[json.dumps({"speed": n / 100, "stability": 0.5}) for n in range(POOL)],
            bugs=[json.dumps([{"description": f'It is "{n}" broken'}]) for n in range(POOL)],
            sealed=[_old_format(f"sk-old-{n:040}", key, draw.randbytes(16)) for n in range(POOL)],
        )  # fmt: skip

    def _exercises(self) -> dict[str, Any]:
        draw = self._random
        steps_done = draw.randrange(10)
        spelling = draw.choice(["step-{}", "step-{}", "step{}", "Step-{}", "exercise-{}"])
        entries = {
            spelling.format(n): self._exercise(n <= steps_done)
            for n in range(1, min(steps_done + 2, 10))
        }
        if draw.random() < self.mess.bad_exercise:
            entries[draw.choice(["step-12", "intro", "bonus-task", "step-0"])] = self._exercise(
                True
            )
        if draw.random() < self.mess.bad_exercise and steps_done:
            other_values: list[Any] = [True, False, 7, None, "done"]
            entries[f"step{draw.randrange(1, 10)}"] = draw.choice(other_values)
        return entries

    def _exercises_with_secrets(self) -> Any:
        key = self._plain_key()
        return self._random.choice([
            f"no json {key}", {key: True}, {"step-1": {"completed": True, "note": f"key {key}"}},
            {"someone@example.com": 7}, {self._token(self._random.randrange(99)): False},
        ])  # fmt: skip

    def _exercise(self, completed: bool) -> dict[str, Any]:
        draw = self._random
        moment = (EPOCH + timedelta(seconds=draw.randrange(30_000_000))).isoformat()[:19] + ".000Z"
        entry: dict[str, Any] = {
            "completed": completed,
            "timestamp": moment if completed else None,
            "timeSpent": draw.randrange(2000),
            "attempts": draw.randrange(1, 6),
            "lastAttempt": moment,
        }
        if draw.random() < self.mess.bad_exercise:
            entry["timeSpent"] = draw.choice(["120", "-5", -60, "ten minutes", 12.6, None])
        if draw.random() < self.mess.bad_exercise:
            entry["timestamp"] = draw.choice(
                ["2025-02-31T10:00:00Z", "yesterday", 1736150400, "", "2999-01-01T00:00:00Z"]
            )
        return entry


def legacy_tables() -> str:
    """Return the script that creates the three legacy tables, empty."""
    return Path(__file__).with_name("legacy_tables.sql").read_text(encoding="utf-8")


def create_tables(connection: psycopg.Connection[Any]) -> None:
    """Create the three legacy tables, empty."""
    connection.execute(legacy_tables().encode())


def fill(connection: psycopg.Connection[Any], data: LegacyData, chunk: int = 50_000) -> None:
    """Write the generated rows with COPY, `chunk` rows in memory at a time."""
    rows_by_table: dict[str, list[Row]] = {table: [] for table in TABLES}
    for count, (table, row) in enumerate(data.rows(), start=1):
        rows_by_table[table].append(row)
        if count % chunk == 0:
            _flush(connection, rows_by_table)
    _flush(connection, rows_by_table)


def _flush(connection: psycopg.Connection[Any], rows_by_table: dict[str, list[Row]]) -> None:
    for table, rows in rows_by_table.items():
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("public", table))
        with connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        rows.clear()


def _old_format(plaintext: str, key: bytes, iv: bytes) -> str:
    sealed = AESGCM(key).encrypt(iv, plaintext.encode(), None)
    return ":".join(base64.b64encode(part).decode() for part in (iv, sealed[-16:], sealed[:-16]))
