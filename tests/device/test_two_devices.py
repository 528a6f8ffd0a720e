"""Two devices as a student uses them: answers on both while offline, then the same screens."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.device.devices import DeviceProcess
from tests.device.test_log_in import PASSWORD, register
from tests.support.local_server import LocalServer
from tests.support.processes import START_SECONDS
from tests.support.wire import Request

SCREENS = ("attempts", "mastery", "recommendations", "progress", "profile", "questions", "topics")
CONTENT: dict[str, list[dict[str, Any]]] = {
    "topics": [{"topic": "Algebra", "exam_weightage": 100, "estimated_hours": 4}],
    "concepts": [{"topic": "Algebra", "concept": "Lines"}],
    "questions": [
        {
            "topic": "Algebra",
            "concept": "Lines",
            "question_text": f"Is {number} + {number} equal to {2 * number}?",
            "question_type": "true_false",
            "correct_answer": "true",
            "difficulty": "easy",
        }
        for number in range(8)
    ],
}


def put_content(server: LocalServer, content: Mapping[str, Any]) -> None:
    operator = {"Authorization": "Bearer a password for the tests"}
    teacher = {"username": "tom", "password": PASSWORD, "role": "teacher"}
    tokens = server.send(Request("POST", "/api/auth/register", teacher, operator)).body
    if "access_token" not in tokens:
        log_in = {"username": "tom", "password": PASSWORD}
        tokens = server.send(Request("POST", "/api/auth/login", log_in)).body
    as_teacher = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = server.send(Request("POST", "/api/learning/content", content, as_teacher))
    assert response.status == 200, response.body


def move(folder: Path, url: str) -> None:
    """Store a new address of the server, as the message of `CannotServe` advises."""
    account = json.loads((folder / "account.json").read_text())
    (folder / "account.json").write_text(json.dumps(account | {"server": url}))


def practise(device: DeviceProcess, answers: Mapping[int, str]) -> None:
    questions = device.get("/api/learning/questions")["questions"]
    for number, text in answers.items():
        body = {
            "question_id": questions[number]["id"],
            "answer": text,
            "time_taken_seconds": 20,
            "confidence": 3,
        }
        response = device.http.post("/api/learning/attempts", json=body)
        assert response.status_code == 200, response.text
        assert response.json()["is_correct"] is (text == "true"), "it is graded offline"


def screens(device: DeviceProcess) -> dict[str, Any]:
    """Return the responses for all screens, without figures that fall while time passes."""
    responses = {name: device.get(f"/api/learning/{name}") for name in SCREENS}
    responses["mastery"].pop("at", None)
    for topic in responses["progress"]["today"]:
        topic.pop("expected_accuracy")
    return responses


def test_answers_given_offline_on_two_devices_are_on_all_screens(
    own_server: LocalServer, tmp_path: Path
) -> None:
    server = own_server
    register(server, "ann")
    put_content(server, CONTENT)
    folders = [tmp_path / "laptop", tmp_path / "phone"]
    for folder in folders:
        device = DeviceProcess(folder, "--server", server.url)
        assert device.log_in("ann", PASSWORD).status_code == 200
        questions = device.get("/api/learning/questions")["questions"]
        assert len(questions) == 8, "the first log-in waits for the content"
        state = device.until(state="synced", repair=None)
        assert state["last_success"] is not None
        device.kill()
    server.stop()

    devices = [DeviceProcess(folder) for folder in folders]
    answers_by_device = (
        {0: "true", 1: "false", 2: "true"},
        {2: "false", 3: "true", 4: "true", 5: "true"},
    )
    for device, answers in zip(devices, answers_by_device, strict=True):
        assert device.log_in("ann", device.code).status_code == 200
        practise(device, answers)
        state = device.until(server_away=True, state="pending")
        assert state["pending"] == len(answers)
    profile = {"target_exam": "JEE"}
    assert devices[0].http.put("/api/learning/profile", json=profile).status_code == 200
    for device in devices:
        device.kill()

    new_server = LocalServer(server.environment)
    for folder in folders:
        move(folder, new_server.url)
    devices = [DeviceProcess(folder) for folder in folders]
    try:
        for device in devices:
            assert device.log_in("ann", device.code).status_code == 200
            device.until(state="synced", pending=0)
        for device in devices:  # either may have synced before the other one sent its changes
            sync_once_more(device)
        laptop, phone = map(screens, devices)
        assert len(laptop["attempts"]["attempts"]) == 7
        assert laptop["profile"]["target_exam"] == "JEE"
        assert laptop == phone
        status = devices[0].get(f"/api/sync/status/{laptop['profile']['id']}")
        assert (status["sync_state"], status["pending_operations"]) == ("synced", 0)
        log_in_response = new_server.send(
            Request("POST", "/api/auth/login", {"username": "ann", "password": PASSWORD})
        )
        token = {"Authorization": f"Bearer {log_in_response.body['access_token']}"}
        for name in ("attempts", "mastery", "profile"):
            response = new_server.send(Request("GET", f"/api/learning/{name}", None, token))
            assert response.body == laptop[name], name
    finally:
        for device in devices:
            device.kill()
        new_server.stop()


def sync_once_more(device: DeviceProcess) -> None:
    """Wait for a sync that begins after this call."""
    for _sync in range(2):  # the first one may have begun before
        last_success = device.state()["last_success"]
        device.http.post("/api/learning/device/sync")
        deadline = time.monotonic() + START_SECONDS
        while device.state()["last_success"] == last_success:
            assert time.monotonic() < deadline, device.output()
            time.sleep(0.1)


def test_new_questions_come_with_the_next_sync(server: LocalServer, tmp_path: Path) -> None:
    register(server, "ann")
    put_content(server, CONTENT)
    device = DeviceProcess(tmp_path / "laptop", "--server", server.url)
    try:
        assert device.log_in("ann", PASSWORD).status_code == 200
        device.until(state="synced")
        assert len(device.get("/api/learning/questions")["questions"]) == 8
        extra = {**CONTENT["questions"][0], "question_text": "Is 9 odd?"}
        put_content(server, {"questions": [extra]})
        device.http.post("/api/learning/device/sync")
        for _ in range(200):
            device.until(state="synced")
            questions = device.get("/api/learning/questions")["questions"]
            if len(questions) == 9:
                break
        assert "Is 9 odd?" in {it["question_text"] for it in questions}
    finally:
        device.kill()
