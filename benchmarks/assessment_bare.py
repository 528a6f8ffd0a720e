"""An endpoint to compare submit with: the same three network calls without logic.

Redis is called with Upstash's client as its documentation shows, or, with BARE_REDIS=ours, with the
faster `lib/redis_rest.py`.
"""

import os
from typing import Any
from uuid import UUID, uuid4

import psycopg
from fastapi import FastAPI
from pydantic import BaseModel
from upstash_redis import Redis

from lib.database.postgres import Postgres
from lib.database.queries import Query
from lib.database.statements import Statement, as_jsonb
from lib.redis_rest import Command, RedisRest

TABLES = """
CREATE TABLE IF NOT EXISTS bare_sessions (
  id UUID PRIMARY KEY, total INT DEFAULT 0, proficiency JSONB, last_activity TIMESTAMP);
CREATE INDEX IF NOT EXISTS bare_idle ON bare_sessions (last_activity);
CREATE TABLE IF NOT EXISTS bare_answers (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), session_id UUID REFERENCES bare_sessions (id),
  question_id VARCHAR, response INT, before JSONB, after JSONB, timestamp TIMESTAMP DEFAULT now());
CREATE INDEX IF NOT EXISTS bare_session ON bare_answers (session_id);
"""
WRITE = Query(
    "bare",
    b"WITH s AS (UPDATE bare_sessions SET total = total + 1, proficiency = %(after)s,"
    b" last_activity = now() WHERE id = %(session_id)s RETURNING id, total),"
    b" a AS (INSERT INTO bare_answers (session_id, question_id, response, before, after)"
    b" SELECT id, %(question_id)s, %(response)s, %(after)s, %(after)s FROM s)"
    b" SELECT s.total, q.content, q.options FROM s, assessment.questions q"
    b" WHERE q.id = %(question_id)s",
)
SESSION = UUID(int=1)
STATE = "s" * 600
QUESTION = "q" * 300
PROFICIENCY = [0.512345] * 5

app = FastAPI()
_address = (os.environ.get("KV_REST_API_URL", ""), os.environ.get("KV_REST_API_TOKEN", ""))
_ours = RedisRest(*_address) if os.environ.get("BARE_REDIS") == "ours" else None
_upstash = Redis(*_address)
_postgres = Postgres(os.environ.get("POSTGRES_URL", ""))


class SubmitIn(BaseModel):
    """Body of a submit."""

    session_id: UUID
    question_id: str
    response: int


def prepare(url: str, sessions: int) -> list[str]:
    """Create the tables and the given number of sessions; return their ids."""
    ids = [str(uuid4()) for _ in range(sessions)]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        for session_id in ids:
            connection.execute("INSERT INTO bare_sessions (id) VALUES (%s)", [session_id])
    return ids


def call_redis(commands: list[Command]) -> None:
    """Call Redis once."""
    if _ours:
        _ours.pipeline(commands)
        return
    pipeline = _upstash.pipeline()
    for command in commands:
        pipeline.execute(list(command))
    pipeline.exec()


@app.post("/api/test/submit")
def submit(body: SubmitIn) -> dict[str, Any]:
    """Call Redis twice and Postgres once."""
    lock, state = f"lock:{body.session_id}:{body.question_id}", f"session:{body.session_id}:state"
    call_redis([["SET", lock, "t", "NX", "EX", 5], ["GET", state]])
    row = {**body.model_dump(), "after": as_jsonb(PROFICIENCY)}
    ((total, content, options),) = _postgres.batch([Statement(WRITE, row)])[0]
    call_redis(
        [
            ["SET", state, STATE, "EX", 1800],
            ["DEL", lock],
            ["SET", f"question:{body.question_id}", QUESTION, "EX", 3600],
        ]
    )
    return {
        "status": "continue",
        "current_proficiency": PROFICIENCY,
        "next_question": {"id": body.question_id, "content": content, "options": options},
        "questions_answered": total,
    }
