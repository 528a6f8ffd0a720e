"""A device has one user, whom the server logs in once; afterwards it works without the server."""

import json
from pathlib import Path
from typing import Any

import pytest

from device.account import AccountFile
from device.errors import UnusableServer
from device.folder import Folder
from device.server import checked_address
from tests.device.devices import DeviceProcess
from tests.support.local_server import LocalServer
from tests.support.wire import Request

PASSWORD = "correct horse battery"


def register(server: LocalServer, name: str, **profile: Any) -> dict[str, Any]:
    body = {
        "username": name,
        "password": PASSWORD,
        "role": "student",
        "grade": 10,
        "target_exam": "Finals",
        **profile,
    }
    response = server.send(Request("POST", "/api/auth/register", body))
    assert response.status == 201, response.body
    tokens: dict[str, Any] = response.body
    return tokens


def test_student_logs_in_once_and_works_without_the_server_afterwards(
    own_server: LocalServer, tmp_path: Path
) -> None:
    server = own_server
    register(server, "ann", available_hours_per_day=2.5)
    folder = tmp_path / "device"
    device = DeviceProcess(folder, "--server", server.url)
    try:
        assert device.log_in("ann", "a wrong password").status_code == 401
        response = device.log_in("ann", PASSWORD)
        assert response.status_code == 200, response.text
        refresh_token = response.json()["refresh_token"]
        assert device.get("/api/auth/me")["username"] == "ann"
        assert device.get("/api/learning/profile")["available_hours_per_day"] == 2.5
        server.stop()
        device.kill()
        device = DeviceProcess(folder)
        response = device.log_in("ann", PASSWORD)
        assert (response.status_code, response.json()["code"]) == (503, "password_unchecked")
        assert device.log_in("ann", device.code).status_code == 200
        for path in ("mastery", "recommendations", "plan", "progress", "questions", "topics"):
            assert device.get(f"/api/learning/{path}")["success"] is True
        refreshed = device.http.post("/api/auth/refresh", json={"refresh_token": refresh_token})
        assert refreshed.status_code == 200
    finally:
        device.kill()
    for file in folder.iterdir():
        content = file.read_bytes()
        assert PASSWORD.encode() not in content
        assert b"$argon2" not in content, f"{file} holds the hash of a password"
        assert file.name == "lock" or file.stat().st_mode & 0o077 == 0, file


def test_other_users_and_teachers_are_refused(server: LocalServer, tmp_path: Path) -> None:
    register(server, "ann")
    register(server, "ben")
    teacher = {"username": "tom", "password": PASSWORD, "role": "teacher"}
    operator = {"Authorization": "Bearer a password for the tests"}
    assert server.send(Request("POST", "/api/auth/register", teacher, operator)).status == 201
    device = DeviceProcess(tmp_path / "device", "--server", server.url)
    try:
        refusal = device.log_in("tom", PASSWORD)
        assert (refusal.status_code, refusal.json()["code"]) == (403, "for_students_only")
        assert device.log_in("ann", PASSWORD).status_code == 200
        refusal = device.log_in("ben", PASSWORD)
        assert (refusal.status_code, refusal.json()["code"]) == (409, "device_of_another_user")
        other_student = {
            "username": "eve",
            "password": PASSWORD,
            "role": "student",
            "grade": 9,
            "target_exam": "Finals",
        }
        assert device.http.post("/api/auth/register", json=other_student).status_code == 409
        log_in = {"username": "eve", "password": PASSWORD}
        assert server.send(Request("POST", "/api/auth/login", log_in)).status == 401
        assert device.log_in("ann", PASSWORD).status_code == 200
    finally:
        device.kill()


def test_first_log_in_without_the_server_is_refused_with_the_reason(tmp_path: Path) -> None:
    device = DeviceProcess(tmp_path / "device")
    try:
        refusal = device.log_in("ann", PASSWORD)
        assert (refusal.status_code, refusal.json()["code"]) == (503, "server_not_set")
        assert device.log_in("ann", device.code).status_code == 503
    finally:
        device.kill()
    device = DeviceProcess(tmp_path / "device", "--server", "http://127.0.0.1:9")
    try:
        refusal = device.log_in("ann", PASSWORD)
        assert (refusal.status_code, refusal.json()["code"]) == (503, "server_away")
    finally:
        device.kill()


def test_student_registers_through_the_device(server: LocalServer, tmp_path: Path) -> None:
    device = DeviceProcess(tmp_path / "device", "--server", server.url)
    body = {
        "username": "ann",
        "password": PASSWORD,
        "role": "student",
        "grade": 10,
        "target_exam": "Finals",
    }
    try:
        assert device.http.post("/api/auth/register", json=body | {"grade": 0}).status_code == 422
        created = device.http.post("/api/auth/register", json=body)
        assert created.status_code == 201, created.text
        device.http.headers["Authorization"] = f"Bearer {created.json()['access_token']}"
        assert device.state()["username"] == "ann"
        new = {"current_password": PASSWORD, "new_password": "another long password"}
        assert device.http.post("/api/auth/change-password", json=new).status_code == 200
    finally:
        device.kill()
    log_in = {"username": "ann", "password": "another long password"}
    assert server.send(Request("POST", "/api/auth/login", log_in)).status == 200


def test_device_serves_only_this_machine_and_only_calls_of_students(tmp_path: Path) -> None:
    device = DeviceProcess(tmp_path / "device")
    try:
        assert device.url.startswith("http://127.0.0.1:")
        assert device.http.get("/").status_code == 200
        assert device.http.get("/", headers={"Host": "example.org"}).status_code == 400
        form = {"username": "eve", "password": PASSWORD}
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}):
            refusal = device.http.post("/api/auth/login", data=form, headers=headers)
            assert (refusal.status_code, refusal.json()["code"]) == (
                403,
                "called_from_another_site",
            )
        # Admitted: 503 says that no server is set.
        own = {"Origin": device.url, "Sec-Fetch-Site": "same-origin"}
        assert device.http.post("/api/auth/login", data=form, headers=own).status_code == 503
        for path in ("/api/learning/device", "/api/learning/mastery"):
            assert device.http.get(path).status_code == 401
        for path in ("/api/admin-audit", "/api/learning/class-analytics", "/api/student-progress"):
            assert device.http.get(path).status_code == 404
    finally:
        device.kill()


def test_device_stays_with_its_server(server: LocalServer, tmp_path: Path) -> None:
    register(server, "ann")
    folder = tmp_path / "device"
    device = DeviceProcess(folder, "--server", server.url)
    assert device.log_in("ann", PASSWORD).status_code == 200
    device.kill()
    with pytest.raises(AssertionError, match="belongs to"):
        DeviceProcess(folder, "--server", "https://example.org")
    account = json.loads((folder / "account.json").read_text())
    assert (account["server"], account["access_token"] is None) == (server.url, False)


def test_damaged_account_file_only_needs_another_log_in(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.account.write_text("{")
    assert AccountFile(folder).read().access_token is None


@pytest.mark.parametrize(
    ("address", "stored_address"),
    [
        ("https://example.org/", "https://example.org"),
        (" http://127.0.0.1:5300 ", "http://127.0.0.1:5300"),
    ],
)
def test_address_of_the_server_is_kept_without_a_slash(address: str, stored_address: str) -> None:
    assert checked_address(address) == stored_address


@pytest.mark.parametrize(
    "address",
    [
        *("example.org", "http://example.org", "https://", "ftp://a.b", "https://[::1"),
        *("https://example.org:abc", "https://example.org:0", "https://example.org:65536"),
    ],
)
def test_unusable_and_unencrypted_addresses_are_refused(address: str) -> None:
    with pytest.raises(UnusableServer):
        checked_address(address)
