"""Invariants of tests hold under every order of requests and faults.

A state machine takes tests while Redis and Postgres fail at random, and checks after every step:
I1 at most one answer is stored per session and question; I2 every acknowledged answer is in
Postgres; I3 no response marks a correct answer; I4 every 5xx has a request id; I5 a retry gives
the same result.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lib.deps import Deps
from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import make_questions, upload
from tests.assessment.traces import expected_trace

QUESTIONS = make_questions(12)
NAMES = st.sampled_from(["ann", "bob"])
REDIS_FAULTS = [fault for fault in Fault if fault not in {Fault.SLOW, Fault.HANG}]
_numbers = count()


class TestService(RuleBasedStateMachine):
    """Two students, their pages, and everything that can go wrong."""

    __test__ = False
    deps: Deps
    gateway: Gateway
    client: TestClient
    database: psycopg.Connection
    pool_id: str

    def __init__(self) -> None:
        super().__init__()
        self.run = next(_numbers)
        self.page: dict[str, dict[str, Any] | None] = {}
        self.session: dict[str, str] = {}
        self.acknowledged: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.ended: dict[str, dict[str, Any]] = {}

    @initialize()
    def clear_faults(self) -> None:
        self.gateway.faults.clear()
        self._redis().close_circuit()

    def teardown(self) -> None:
        self.gateway.faults.clear()
        for session_id in set(self.session.values()):
            expected_trace(session_id, self.deps)

    @rule(name=NAMES)
    def start(self, name: str) -> None:
        response = self._send(
            "/api/test/start",
            {
                "student_id": f"{name} {self.run}",
                "question_pool_id": self.pool_id,
                "end_criteria": {"max_questions": 5},
            },
        )
        if response.status_code == 200:
            body = response.json()
            self.session[name], self.page[name] = body["session_id"], body["next_question"]

    @precondition(lambda self: any(self.page.values()))
    @rule(name=NAMES, option=st.integers(0, 3))
    def answer(self, name: str, option: int) -> None:
        question = self.page.get(name)
        if question is None:
            return
        session_id = self.session[name]
        response = self._submit(session_id, question["id"], option)
        if response.status_code == 200:
            body = response.json()
            self.acknowledged[session_id, question["id"]] = (option, body)
            self.page[name] = body.get("next_question")
        elif response.json()["code"] in {"session_closed", "session_expired"}:
            self.page[name] = None
        elif response.json()["code"] == "other_answer_stored":
            self._resend_stored_answer(name, session_id, question["id"])
        else:
            assert response.status_code == 503, response.text

    def _resend_stored_answer(self, name: str, session_id: str, question_id: str) -> None:
        """Send the stored answer again: its acknowledgement was lost."""
        self.gateway.faults.clear()
        ((stored_response,),) = self._rows(
            "SELECT response FROM assessment.test_responses WHERE session_id = %s"
            " AND question_id = %s",
            session_id,
            question_id,
        )
        body = self._submit(session_id, question_id, stored_response).json()
        self.acknowledged[session_id, question_id] = (stored_response, body)
        self.page[name] = body.get("next_question")

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.acknowledged)))
        option, original = self.acknowledged[key]
        response = self._submit(*key, option)
        assert response.status_code == 503 or response.json() == original  # I5
        response = self._submit(*key, (option + 1) % 4)
        assert response.status_code in {409, 503}

    @precondition(lambda self: self.session)
    @rule(name=NAMES)
    def end(self, name: str) -> None:
        session_id = self.session.get(name)
        if session_id is None:
            return
        response = self._send("/api/test/end", {"session_id": session_id})
        if response.status_code == 200:
            body = response.json()
            assert self.ended.setdefault(session_id, body) == body  # I5
            self.page[name] = None

    @precondition(lambda self: self.session)
    @rule(name=NAMES, minutes=st.sampled_from([10, 31]))
    def let_time_pass(self, name: str, minutes: int) -> None:
        if name in self.session:
            self._rows(
                "UPDATE assessment.test_sessions SET last_activity = last_activity"
                " - make_interval(mins => %s) WHERE id = %s AND status = 'active'",
                minutes,
                self.session[name],
            )

    @rule(fault=st.sampled_from(REDIS_FAULTS), times=st.integers(1, 3), after=st.integers(0, 2))
    def redis_fails(self, fault: Fault, times: int, after: int) -> None:
        self.gateway.faults.switch_on(fault, times=times, after=after)
        self._redis().close_circuit()

    @rule()
    def redis_recovers(self) -> None:
        self.clear_faults()

    @rule()
    def redis_loses_all_keys(self) -> None:
        self._redis().pipeline([["FLUSHALL"]])

    @rule()
    def backends_are_terminated(self) -> None:
        self._rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    @invariant()
    def one_answer_per_question_and_none_lost(self) -> None:
        stored_answers = self._rows(
            "SELECT session_id::text, question_id, response FROM assessment.test_responses"
        )
        keys = [(session, question) for session, question, _ in stored_answers]
        assert len(keys) == len(set(keys))  # I1
        by_key = {(session, question): option for session, question, option in stored_answers}
        for key, (option, _) in self.acknowledged.items():
            assert by_key[key] == option  # I2

    @invariant()
    def totals_are_those_of_the_answers(self) -> None:
        sessions_with_wrong_totals = self._rows(
            "SELECT s.id FROM assessment.test_sessions s"
            " LEFT JOIN assessment.test_responses r ON r.session_id = s.id"
            " GROUP BY s.id HAVING s.total_questions <> count(r.id)"
            " OR s.correct_responses <> count(r.id) FILTER (WHERE r.is_correct)"
            " OR (s.status <> 'active' AND s.completed_at IS NULL)"
        )
        assert not sessions_with_wrong_totals

    def _redis(self) -> Any:
        return self.deps.redis

    def _submit(self, session_id: str, question_id: str, option: int) -> Any:
        return self._send(
            "/api/test/submit",
            {"session_id": session_id, "question_id": question_id, "response": option},
        )

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        response = self.client.post(path, json=body)
        assert response.status_code < 500 or response.json()["requestId"]  # I4
        assert response.status_code != 500, response.text
        assert "correct_answer" not in response.text  # I3
        assert "correct_option" not in response.text
        assert set((response.json().get("next_question") or {}).keys()) <= {
            "id",
            "content",
            "options",
            "concepts",
        }
        return response

    def _rows(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        cursor = self.database.execute(query.encode(), params)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def machine_on(
    deps: Deps, gateway: Gateway, client: TestClient, pool_id: str
) -> Iterator[type[TestService]]:
    """Yield a class of machines that take tests on the pool and share one connection."""

    class Machine(TestService):
        pass

    Machine.deps, Machine.gateway = deps, gateway
    Machine.client, Machine.pool_id = client, pool_id
    with psycopg.connect(str(deps.settings.postgres_url), autocommit=True) as Machine.database:
        yield Machine
    gateway.faults.clear()


def test_invariants_hold_under_faults(
    deps: Deps, redis_gateway: Gateway, client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, QUESTIONS)
    with machine_on(deps, redis_gateway, client, pool_id) as machine:
        run_state_machine_as_test(
            machine,
            settings=hypothesis_settings(
                hypothesis_settings.get_profile("stepwise"),
                max_examples=25,
                stateful_step_count=30,
            ),
        )
