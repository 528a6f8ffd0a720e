"""Syncs lose nothing, store nothing twice, and end with equal copies on devices and server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import delete, event, insert, select, update
from sqlalchemy.orm import Session

from device import queue
from device.account import AccountFile
from device.content import fetch_content
from device.context import Device
from device.errors import LogInNeeded, ServerAway
from device.folder import Folder
from device.log_in import log_in
from device.opening import open_database
from device.queue import QueuedOperation
from device.serving import opened_device
from device.sync import MAX_OPERATIONS, _fitting, synchronise
from device.tables import OperationState
from device.user import DeviceUser, read_device_user
from device.values import DEVICE, SYNC, read_value
from lib.learning.accounts.wire import LogInIn
from lib.learning.changes.rows import digests, read_rows
from lib.learning.changes.synced import SyncedTable
from lib.learning.current_user import Call, read_user
from lib.learning.mastery.store import list_mastery
from lib.learning.practice.attempts import record
from lib.learning.practice.wire import AttemptIn
from lib.learning.students.profile import change_profile, read_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.tables import QuestionAttempt
from lib.learning.tables.base import new_id
from tests.device.devices import CONCEPT_ID, QUESTION_IDS, TOPIC_ID
from tests.device.test_log_in import PASSWORD, register
from tests.support.local_server import LocalServer
from tests.support.wire import Request

SYLLABUS = f"""
INSERT INTO learning.topics (id, name, exam_weightage, estimated_hours)
VALUES ('{TOPIC_ID}', 'Algebra', 100, 4);
INSERT INTO learning.concepts (id, topic_id, name) VALUES ('{CONCEPT_ID}', '{TOPIC_ID}', 'Lines');
INSERT INTO learning.questions (id, former_id, concept_id, question_text, question_type,
  correct_answer, difficulty, expected_time_seconds)
SELECT id, number, '{CONCEPT_ID}', 'Question ' || number || '?', 'true_false', 'true', 'easy', 60
FROM unnest(ARRAY[{", ".join(f"'{it}'" for it in QUESTION_IDS)}]::uuid[])
  WITH ORDINALITY AS questions (id, number);
"""


@pytest.fixture
def school(server: LocalServer, postgres_url: str) -> LocalServer:
    """A server with a syllabus and the student ann."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(SYLLABUS)
    register(server, "ann")
    return server


OpenDevice = Callable[[str], Device]


@pytest.fixture
def device_named(school: LocalServer, tmp_path: Path) -> Iterator[OpenDevice]:
    """Function that opens the device with a given name, on which ann has logged in."""
    with ExitStack() as stack:

        def open_device(name: str) -> Device:
            return stack.enter_context(device_of(tmp_path / name, school.url))

        yield open_device


@contextmanager
def device_of(path: Path, url: str) -> Iterator[Device]:
    with opened_device(Folder(path), url) as device:
        log_in(device, LogInIn(username="ann", password=PASSWORD))
        fetch_content(device)
        yield device


@contextmanager
def call_on(device: Device) -> Iterator[Call]:
    user_id = user_of(device).id
    with device.database.session() as db:
        user = read_user(db, user_id)
        assert user is not None
        yield Call(db, user, device.now())


def user_of(device: Device) -> DeviceUser:
    with device.database.session() as db:
        user = read_device_user(db)
    assert user is not None
    return user


def answer(device: Device, number: int, text: str = "true") -> UUID:
    with call_on(device) as call:
        body = AttemptIn(
            id=new_id(),
            question_id=str(QUESTION_IDS[number]),
            answer=text,
            time_taken_seconds=30,
            confidence=4,
        )
        return record(call, body).id


def change(device: Device, **fields: Any) -> None:
    with call_on(device) as call:
        change_profile(call, ProfileChangeIn(**fields))


def profile(device: Device) -> dict[str, Any]:
    with call_on(device) as call:
        return read_profile(call).model_dump(include={"grade", "target_exam", "exam_date"})


def attempts(device: Device) -> set[UUID]:
    with device.database.session() as db:
        return set(db.execute(select(QuestionAttempt.id)).scalars())


def states(device: Device) -> dict[str, int]:
    with device.database.session() as db:
        return {state.value: count for state, count in queue.count_states(db).items()}


def copy_of(device: Device) -> dict[SyncedTable, Any]:
    """Return everything that has to be equal on all devices."""
    student_id = user_of(device).student_id
    with device.database.session() as db:
        mastery: Any = [row.mastery for row in list_mastery(db, [student_id])]
        return {**digests(db, student_id), "mastery": mastery}  # type: ignore[dict-item]


def server_attempts(postgres_url: str) -> set[UUID]:
    with psycopg.connect(postgres_url) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM learning.question_attempts")}


def test_answers_of_two_offline_devices_are_on_both_afterwards(
    device_named: OpenDevice, postgres_url: str
) -> None:
    laptop, phone = device_named("laptop"), device_named("phone")
    answers = {answer(laptop, number) for number in range(5)}
    answers |= {answer(phone, number, "false") for number in range(3, 9)}
    change(laptop, target_exam="JEE")
    change(phone, grade=11)
    for device in (laptop, phone, laptop):
        synchronise(device)
    assert attempts(laptop) == attempts(phone) == server_attempts(postgres_url) == answers
    assert profile(laptop) == profile(phone)
    assert (profile(phone)["target_exam"], profile(phone)["grade"]) == ("JEE", 11)
    assert copy_of(laptop) == copy_of(phone)
    assert states(laptop) == {"pending": 0, "applied": 6, "rejected": 0}
    assert states(phone) == {"pending": 0, "applied": 7, "rejected": 0}


def test_later_change_of_a_column_wins_on_all_devices(device_named: OpenDevice) -> None:
    laptop, phone = device_named("laptop"), device_named("phone")
    change(phone, target_exam="earlier")
    change(laptop, target_exam="later")
    for device in (laptop, phone, laptop):
        synchronise(device)
    assert profile(laptop)["target_exam"] == profile(phone)["target_exam"] == "later"


def test_repeated_sync_changes_nothing(device_named: OpenDevice, postgres_url: str) -> None:
    device = device_named("laptop")
    answer(device, 1)
    synchronise(device)
    before = copy_of(device)
    synchronise(device)
    assert copy_of(device) == before
    assert len(server_attempts(postgres_url)) == 1


def test_change_is_sent_again_after_a_lost_response(
    device_named: OpenDevice, postgres_url: str
) -> None:
    """The server has applied the change, but the response did not reach the device."""
    device = device_named("laptop")
    answer_id = answer(device, 1)
    synchronise(device)
    with device.database.session() as db:
        [operation] = queue._stored(db, select(*queue._STORED))
        queue.settle(db, operation.id, OperationState.PENDING)
        db.commit()
    synchronise(device)
    assert states(device) == {"pending": 0, "applied": 1, "rejected": 0}
    assert server_attempts(postgres_url) == {answer_id}


def test_refused_answer_is_kept_and_shown_and_holds_up_nothing(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DELETE FROM learning.questions WHERE id = %s", [QUESTION_IDS[7]])
    refused_id, accepted_id = answer(device, 7), answer(device, 8)
    synchronise(device)
    assert server_attempts(postgres_url) == attempts(device) == {accepted_id}
    with device.database.session() as db:
        [rejected] = queue.list_rejected(db, 10)
    assert (UUID(rejected.row_id), rejected.code) == (refused_id, "practice_question_not_found")
    assert rejected.columns["answer"] == "true"
    assert states(device) == {"pending": 0, "applied": 1, "rejected": 1}


def test_answer_to_a_question_that_comes_back_is_sent_again(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM learning.questions")
        connection.execute("DELETE FROM learning.questions WHERE id = %s", [QUESTION_IDS[7]])
        connection.commit()
        answer_id = answer(device, 7)
        synchronise(device)
        assert states(device)["rejected"] == 1
        connection.execute(
            "INSERT INTO learning.questions SELECT * FROM kept WHERE id = %s", [QUESTION_IDS[7]]
        )
    synchronise(device)
    assert server_attempts(postgres_url) == attempts(device) == {answer_id}
    assert states(device) == {"pending": 0, "applied": 1, "rejected": 0}


def test_queue_of_an_expired_log_in_is_sent_after_the_next_log_in(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    synchronise(device)
    answer_id = answer(device, 1)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE learning.users SET tokens_valid_from = now()")
        connection.execute("UPDATE learning.refresh_tokens SET used_at = now()")
    with pytest.raises(LogInNeeded):
        synchronise(device)
    assert device.accounts.read().access_token is None
    assert states(device)["pending"] == 1
    log_in(device, LogInIn(username="ann", password=PASSWORD))
    synchronise(device)
    assert server_attempts(postgres_url) == {answer_id}


def test_expired_access_token_is_exchanged(device_named: OpenDevice, postgres_url: str) -> None:
    device = device_named("laptop")
    answer(device, 1)
    account = device.accounts.read()
    device.accounts.write(
        account.with_tokens({"access_token": "x.y.z", "refresh_token": account.refresh_token})
    )
    synchronise(device)
    assert len(server_attempts(postgres_url)) == 1
    new_account = AccountFile(device.folder).read()
    assert new_account.refresh_token not in {None, account.refresh_token}


def test_queue_is_kept_while_the_server_is_away(device_named: OpenDevice) -> None:
    device = device_named("laptop")
    answer(device, 1)
    device.accounts.write(replace(device.accounts.read(), server="http://127.0.0.1:9"))
    with pytest.raises(ServerAway):
        synchronise(device)
    assert states(device)["pending"] == 1


def test_rows_that_differ_are_repaired(device_named: OpenDevice, postgres_url: str) -> None:
    device = device_named("laptop")
    changed_id, lost_id = answer(device, 1), answer(device, 2)
    synchronise(device)
    unsent_id = new_id()
    with device.database.session() as db, device.database.recorder.paused():
        db.execute(delete(QuestionAttempt).where(QuestionAttempt.id == lost_id))
        db.execute(
            update(QuestionAttempt)
            .where(QuestionAttempt.id == changed_id)
            .values(answer="tampered")
        )
        assert [*read_rows(db, SyncedTable.QUESTION_ATTEMPTS, student_in(db))] == [changed_id]
        db.execute(
            insert(QuestionAttempt).values(
                id=unsent_id,
                student_id=student_in(db),
                question_id=QUESTION_IDS[3],
                answer="never sent",
                is_correct=False,
                time_taken_seconds=5,
                timestamp=device.now(),
            )
        )
        db.commit()
    synchronise(device)
    assert attempts(device) == {changed_id, lost_id, unsent_id} == server_attempts(postgres_url)
    with device.database.session() as db:
        rows = read_rows(db, SyncedTable.QUESTION_ATTEMPTS, student_in(db))
    answers = {row_id: columns["answer"] for row_id, columns in rows.items()}
    assert answers == {changed_id: "true", lost_id: "true", unsent_id: "never sent"}


def student_in(db: Session) -> UUID:
    user = read_device_user(db)
    assert user is not None
    return user.student_id


def test_more_changes_than_fit_into_a_call_are_sent_in_order(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    answers = [answer(device, number % 20) for number in range(MAX_OPERATIONS + 3)]
    for _ in range(10):  # a busy machine may exceed the time limit of a call
        with suppress(ServerAway):
            synchronise(device)
        if not states(device)["pending"]:
            break
    assert server_attempts(postgres_url) == set(answers)
    with psycopg.connect(postgres_url) as connection:
        order = connection.execute(
            "SELECT record_id FROM learning.sync_operations ORDER BY created_at, timestamp"
        ).fetchall()
    assert [UUID(row[0]) for row in order] == answers


def test_large_changes_are_spread_over_calls(device_named: OpenDevice) -> None:
    device = device_named("laptop")
    for number in range(3):
        change(device, target_exam=f"{number}" * 200)
    with device.database.session() as db:
        operations = queue.list_pending(db)
    assert len(_fitting(operations)) == 3
    assert len(_fitting(operations * 200)) < 600


@pytest.mark.parametrize(
    ("text", "code"), [("NUL \0", "json_refused"), ("x" * 300_000, "too_large")]
)
def test_change_that_no_call_can_carry_holds_up_no_other(
    device_named: OpenDevice, postgres_url: str, text: str, code: str
) -> None:
    device = device_named("laptop")
    answer_ids = [answer(device, number) for number in range(3)]
    with device.database.session() as db:
        kind, clock = "update", device.database.recorder.clock.next()
        profile_id = student_in(db).hex
        columns = {"target_exam": text}
        queue.add_operation(
            db,
            QueuedOperation(
                new_id(), "student_profiles", profile_id, kind, columns, clock, device.now()
            ),
        )
        db.commit()
    answer_ids += [answer(device, number) for number in range(3, 6)]
    assert synchronise(device).problem is None
    assert server_attempts(postgres_url) == attempts(device) == set(answer_ids)
    with device.database.session() as db:
        (rejected,) = queue.list_rejected(db, 10)
    assert (rejected.code, rejected.columns) == (code, columns)


def test_restored_database_becomes_a_new_device(
    school: LocalServer, tmp_path: Path, postgres_url: str
) -> None:
    path = tmp_path / "laptop"
    with device_of(path, school.url) as device:
        answer(device, 1)
        synchronise(device)
        backup = (path / "local.db").read_bytes()
        first = identity(device)
        later_id = answer(device, 2)
        synchronise(device)
        assert identity(device) == first
    (path / "local.db").write_bytes(backup)
    with device_of(path, school.url) as device:
        assert identity(device) != first
        third_id = answer(device, 3)
        synchronise(device)
        assert {later_id, third_id} < attempts(device) == server_attempts(postgres_url)


def test_restored_folder_becomes_a_new_device_after_a_sync(
    school: LocalServer, tmp_path: Path, postgres_url: str
) -> None:
    """Both the database and the file beside it were restored, which only the server can notice."""
    path = tmp_path / "laptop"
    with device_of(path, school.url) as device:
        synchronise(device)
        names = ("local.db", "identity.json")
        backup = {name: (path / name).read_bytes() for name in names}
        first = identity(device)
        answer(device, 2)
        synchronise(device)
        synchronise(device)
    for name, content in backup.items():
        (path / name).write_bytes(content)
    with device_of(path, school.url) as device:
        assert identity(device) == first
        answer(device, 3)
        synchronise(device)
        assert identity(device) != first
        assert len(attempts(device)) == len(server_attempts(postgres_url)) == 2


def identity(device: Device) -> str:
    with device.database.session() as db:
        device_value = read_value(db, DEVICE)
    assert device_value is not None
    return str(device_value["id"])


def test_cursor_is_stored_with_the_rows(device_named: OpenDevice) -> None:
    laptop, phone = device_named("laptop"), device_named("phone")
    answer(phone, 1)
    synchronise(phone)
    with pytest.raises(Crash), crashing_before_the_cursor(laptop):
        synchronise(laptop)
    with laptop.database.session() as db:
        assert (read_value(db, SYNC) or {}).get("cursor") is None
    assert attempts(laptop) == set()
    synchronise(laptop)
    assert attempts(laptop) == attempts(phone)


class Crash(Exception):
    """The end of the process, simulated as an exception."""


@contextmanager
def crashing_before_the_cursor(device: Device) -> Iterator[None]:
    """Fail after the rows of a response were stored, and before its cursor is."""

    def crash(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("INSERT INTO device_values"):
            raise Crash

    engine = device.database._engine
    event.listen(engine, "before_cursor_execute", crash)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", crash)


def test_answers_given_during_a_sync_are_neither_lost_nor_blocked(
    device_named: OpenDevice, postgres_url: str
) -> None:
    device = device_named("laptop")
    answers = [answer(device, number) for number in range(10)]
    ended = threading.Event()

    def synchronise_repeatedly() -> None:
        while not ended.is_set():
            synchronise(device)

    thread = threading.Thread(target=synchronise_repeatedly)
    thread.start()
    answers += [answer(device, number % 20) for number in range(30)]
    ended.set()
    thread.join()
    synchronise(device)
    assert attempts(device) == server_attempts(postgres_url) == set(answers)


def test_change_made_after_a_sync_is_later_even_if_the_clock_is_behind(
    school: LocalServer, tmp_path: Path
) -> None:
    """A change made on a device that has received another change is later than that one."""
    with device_of(tmp_path / "phone", school.url) as phone:
        change(phone, target_exam="seen")
        synchronise(phone)
        with device_of(tmp_path / "laptop", school.url) as laptop:
            synchronise(laptop)
        device_time = datetime.now(UTC) - timedelta(hours=3)
        with open_database(Folder(tmp_path / "laptop"), lambda: device_time) as database:
            reading = database.recorder.clock.next()
        with phone.database.session() as db:
            [operation] = queue._stored(db, select(*queue._STORED))
        assert reading > operation.clock


def test_class_that_a_student_joins_reaches_the_device(
    device_named: OpenDevice, school: LocalServer
) -> None:
    device = device_named("laptop")
    teacher = {"username": "tom", "password": PASSWORD, "role": "teacher"}
    operator = {"Authorization": "Bearer a password for the tests"}
    tom = school.send(Request("POST", "/api/auth/register", teacher, operator)).body
    as_teacher = {"Authorization": f"Bearer {tom['access_token']}"}
    body = {"name": "10a", "grade": 10}
    class_body = school.send(Request("POST", "/api/learning/classes", body, as_teacher)).body
    code = {"code": class_body["class"]["join_code"]}
    assert device.server.call_as_user("POST", "/api/learning/classes/join", code).succeeded
    synchronise(device)
    with call_on(device) as call:
        assert str(read_profile(call).class_id) == class_body["class"]["id"]
