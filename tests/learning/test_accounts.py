"""Accounts over HTTP: roles, log-ins, tokens, passwords and limits."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import bcrypt
import jwt
import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.access.user_tokens import new_claims, write_token
from lib.deps import Deps, install_deps
from lib.learning.accounts.passwords import hash_password, is_outdated, is_right
from lib.settings import Platform, Settings
from lib.web.functions import function_app

PASSWORD = "correct horse battery"
STUDENT = {
    "username": "ann",
    "password": PASSWORD,
    "role": "student",
    "grade": 10,
    "target_exam": "Finals",
}


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def log_in(client: TestClient, username: str = "ann", password: str = PASSWORD) -> Any:
    return client.post("/api/auth/login", data={"username": username, "password": password})


@pytest.fixture
def tokens(client: TestClient) -> dict[str, Any]:
    response = client.post("/api/auth/register", json=STUDENT)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def test_student_registers_and_logs_in_with_a_form(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    assert tokens["user"]["role"] == "student"
    assert tokens["token_type"] == "bearer"
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["role"]) == ("ann", "student")
    assert claims["exp"] - claims["iat"] == pytest.approx(24 * 3600, abs=1)
    for response in (
        log_in(client),
        client.post("/api/auth/login", json={"username": "ann", "password": PASSWORD}),
        client.post(
            "/api/auth/login", files={"username": (None, "ann"), "password": (None, PASSWORD)}
        ),
    ):
        assert response.status_code == 200
        me = client.get("/api/auth/me", headers=bearer(response.json())).json()
        assert me["student_profile"]["available_hours_per_day"] == 3
        assert me["last_login"].endswith("Z")


@pytest.mark.parametrize(
    "form",
    [
        b"username=ann&username=bob&password=x",
        b"username=ann%00&password=x",
        b"username=ann",
        b"\xff\xfe",
        b"",
    ],
)
def test_form_that_is_not_a_log_in_is_refused(client: TestClient, form: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = client.post("/api/auth/login", content=form, headers=headers)
    assert response.status_code == 422
    assert response.json()["detail"] == response.json()["error"]


def test_refresh_does_not_accept_a_form(client: TestClient, tokens: dict[str, Any]) -> None:
    response = client.post("/api/auth/refresh", data={"refresh_token": tokens["refresh_token"]})
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "an"}, "username"),
        ({"username": "a" * 51}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "p" * 101}, "password"),
        ({"grade": 0}, "grade"),
        ({"grade": 13}, "grade"),
        ({"grade": None}, "grade"),
        ({"target_exam": None}, "target_exam"),
        ({"available_hours_per_day": 0.4}, "available_hours_per_day"),
        ({"available_hours_per_day": 24.1}, "available_hours_per_day"),
        ({"exam_date": "someday"}, "exam_date"),
        ({"role": "root"}, "role"),
    ],
)
def test_invalid_registration_names_the_field(
    client: TestClient, change: dict[str, Any], field: str
) -> None:
    response = client.post("/api/auth/register", json=STUDENT | change)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"] == field


def test_each_spelling_of_a_username_can_be_registered_once(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    assert tokens
    response = client.post("/api/auth/register", json=STUDENT)
    assert (response.status_code, response.json()["code"]) == (409, "username_taken")
    assert client.post("/api/auth/register", json=STUDENT | {"username": "Ann"}).status_code == 201


@pytest.mark.parametrize("role", ["teacher", "admin"])
def test_only_invited_people_become_teachers_and_admins(
    client: TestClient, operator: dict[str, str], role: str
) -> None:
    body = {"username": "tea", "password": PASSWORD, "role": role}
    refused = client.post("/api/auth/register", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_needs_invitation")
    other = {"teacher": "admin", "admin": "teacher"}[role]
    codes = {}
    for each in (role, other):
        invitation = client.post("/api/admin-invite", json={"role": each}, headers=operator)
        codes[each] = invitation.json()["code"]
    for code in ("no such code", codes[other]):
        response = client.post("/api/auth/register", json=body | {"invitation": code})
        assert (response.status_code, response.json()["code"]) == (403, "invitation_refused")
    accepted = client.post("/api/auth/register", json=body | {"invitation": codes[role]})
    assert (accepted.status_code, accepted.json()["user"]["role"]) == (201, role)
    again = body | {"username": "tom", "invitation": codes[role]}
    assert client.post("/api/auth/register", json=again).status_code == 403
    by_operator = body | {"username": "kim"}
    assert client.post("/api/auth/register", json=by_operator, headers=operator).status_code == 201


def test_invitation_survives_a_refused_registration(
    client: TestClient, operator: dict[str, str], tokens: dict[str, Any]
) -> None:
    assert tokens
    code = client.post("/api/admin-invite", json={"role": "teacher"}, headers=operator).json()
    body = {"password": PASSWORD, "role": "teacher", "invitation": code["code"]}
    assert client.post("/api/auth/register", json=body | {"username": "ann"}).status_code == 409
    assert client.post("/api/auth/register", json=body | {"username": "tea"}).status_code == 201


def test_wrong_name_and_wrong_password_get_the_same_response(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    assert tokens
    responses = [log_in(client, "nobody"), log_in(client, "ann", "wrong password")]
    assert [it.status_code for it in responses] == [401, 401]
    bodies = [{k: v for k, v in it.json().items() if k != "requestId"} for it in responses]
    assert bodies[0] == bodies[1]


def old_pbkdf2(password: str) -> str:
    salt = bytes(range(32))
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 100_000)
    return base64.b64encode(salt + digest).decode()


def old_bcrypt(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


@pytest.mark.parametrize("old_hash", [old_pbkdf2, old_bcrypt])
def test_old_hash_accepts_its_password_and_is_replaced_at_the_log_in(
    client: TestClient, tokens: dict[str, Any], postgres_url: str, old_hash: Any
) -> None:
    assert tokens
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE learning.users SET password_hash = %s", [old_hash(PASSWORD)])
        assert log_in(client, password="wrong password").status_code == 401
        assert log_in(client).status_code == 200
        ((stored,),) = connection.execute("SELECT password_hash FROM learning.users").fetchall()
    assert stored.startswith("$argon2id$")
    assert log_in(client).status_code == 200


def test_bcrypt_compares_the_first_72_bytes_of_a_password() -> None:
    long = "ü" * 60
    assert is_right(long, old_bcrypt(long))
    assert not is_right("ü" * 30, old_bcrypt(long))


@pytest.mark.parametrize(
    "stored", [None, "", "clear text", "$argon2id$broken", "$2b$broken", "AAAA"]
)
def test_unreadable_hash_admits_nobody(stored: str | None) -> None:
    assert not is_right(stored or "", stored)
    assert not is_right(PASSWORD, stored)
    # `is_outdated` is only called for a hash that admits somebody. It raises an error for a broken
    # Argon2 hash.
    assert stored == "$argon2id$broken" or is_outdated(stored)


def test_hash_differs_each_time_and_matches_only_its_password() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert is_right(PASSWORD, first)
    assert not is_right(PASSWORD + " ", first)
    assert not is_outdated(first)


def test_refresh_token_works_once_and_its_second_use_ends_the_log_in(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    def refresh(token: str) -> Any:
        return client.post("/api/auth/refresh", json={"refresh_token": token})

    second = refresh(tokens["refresh_token"]).json()
    assert client.get("/api/auth/me", headers=bearer(second)).status_code == 200
    other_log_in = log_in(client).json()
    reused = refresh(tokens["refresh_token"])
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_refused")
    assert refresh(second["refresh_token"]).status_code == 401
    assert refresh(other_log_in["refresh_token"]).status_code == 200


def test_log_out_ends_the_refresh_token_of_its_user_only(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    other = client.post("/api/auth/register", json=STUDENT | {"username": "bob"}).json()
    body = {"refresh_token": tokens["refresh_token"]}
    assert client.post("/api/auth/logout", json=body, headers=bearer(other)).json()["success"]
    renewed = client.post("/api/auth/refresh", json=body)
    assert renewed.status_code == 200
    body = {"refresh_token": renewed.json()["refresh_token"]}
    assert client.post("/api/auth/logout", json=body, headers=bearer(tokens)).json()["success"]
    assert client.post("/api/auth/refresh", json=body).status_code == 401
    assert client.post("/api/auth/logout", headers=bearer(tokens)).status_code == 200


def test_changed_password_ends_every_other_log_in(
    client: TestClient, tokens: dict[str, Any]
) -> None:
    change = {"current_password": "wrong password", "new_password": "a new password"}
    path = "/api/auth/change-password"
    refused = client.post(path, json=change, headers=bearer(tokens))
    assert (refused.status_code, refused.json()["code"]) == (403, "password_wrong")
    accepted = client.post(
        path, json=change | {"current_password": PASSWORD}, headers=bearer(tokens)
    )
    assert accepted.status_code == 200
    assert client.get("/api/auth/me", headers=bearer(tokens)).status_code == 401
    assert client.get("/api/auth/me", headers=bearer(accepted.json())).status_code == 200
    old = {"refresh_token": tokens["refresh_token"]}
    assert client.post("/api/auth/refresh", json=old).status_code == 401
    assert log_in(client).status_code == 401
    assert log_in(client, password="a new password").status_code == 200


def test_password_is_reset_with_a_code_for_this_account_once(
    client: TestClient, operator: dict[str, str], tokens: dict[str, Any]
) -> None:
    client.post("/api/auth/register", json=STUDENT | {"username": "bob"})
    invitation = client.post("/api/admin-invite", json={"username": "ann"}, headers=operator)
    body = {"code": invitation.json()["code"], "new_password": "a new password"}
    for username in ("bob", "nobody"):
        response = client.post("/api/auth/reset-password", json=body | {"username": username})
        assert (response.status_code, response.json()["code"]) == (403, "invitation_refused")
    accepted = client.post("/api/auth/reset-password", json=body | {"username": "ann"})
    assert accepted.status_code == 200
    assert client.get("/api/auth/me", headers=bearer(tokens)).status_code == 401
    again = client.post("/api/auth/reset-password", json=body | {"username": "ann"})
    assert again.status_code == 403
    # The code cannot make a new account either.
    new = STUDENT | {"username": "cas", "invitation": invitation.json()["code"]}
    assert client.post("/api/auth/register", json=new).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x.y.z",
        "Basic YW5uOnB3",
        f"Bearer {jwt.encode({'sub': 'ann', 'role': 'admin'}, 'x' * 32)}",
        f"Bearer {jwt.encode({'sub': 'ann', 'role': 'admin'}, '', algorithm='none')}",
    ],
)
def test_forged_token_is_refused(client: TestClient, header: str) -> None:
    response = client.get("/api/auth/me", headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, "token_refused")
    assert response.headers["www-authenticate"] == "Bearer"


def test_token_is_refused_when_its_time_user_or_role_is_no_longer_right(
    client: TestClient, deps: Deps, tokens: dict[str, Any], postgres_url: str
) -> None:
    content = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    for claims in (
        new_claims(UUID(content["uid"]), "ann", "student", long_ago),
        new_claims(UUID(int=1), "ann", "student", datetime.now(UTC)),
        new_claims(UUID(content["uid"]), "ann", "teacher", datetime.now(UTC)),
    ):
        signed = {"access_token": write_token(claims, deps.settings)}
        assert client.get("/api/auth/me", headers=bearer(signed)).status_code == 401
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE learning.users SET role = 'teacher'")
    assert client.get("/api/auth/me", headers=bearer(tokens)).status_code == 401


def test_token_signed_with_the_previous_key_is_valid(
    deps: Deps, tokens: dict[str, Any], settings: Settings
) -> None:
    assert deps
    rotated = Deps(
        replace(settings, encryption_key="f" * 64, encryption_key_previous=settings.encryption_key)
    )
    install_deps(rotated)
    client = TestClient(function_app("index"))
    assert client.get("/api/auth/me", headers=bearer(tokens)).status_code == 200
    rotated.close()


@pytest.fixture
def local_client(settings: Settings) -> Iterator[TestClient]:
    local = Deps(replace(settings, platform=Platform.LOCAL, trust_loopback=True))
    install_deps(local)
    yield TestClient(
        function_app("index"), base_url="http://127.0.0.1:5300", client=("127.0.0.1", 1)
    )
    install_deps(None)
    local.close()


def test_local_server_lets_teachers_register(local_client: TestClient) -> None:
    body = {"username": "tea", "password": PASSWORD, "role": "teacher"}
    assert local_client.post("/api/auth/register", json=body).status_code == 201


def test_calls_of_a_user_are_limited_per_minute(
    client: TestClient, deps: Deps, tokens: dict[str, Any]
) -> None:
    assert tokens
    client.post("/api/auth/register", json=STUDENT | {"username": "bob"})
    noon = datetime(2026, 11, 28, 12, 0, 10, tzinfo=UTC)
    deps.clock = lambda: noon
    headers = {user: bearer(log_in(client, user).json()) for user in ("ann", "bob")}
    me = client.get("/api/auth/me", headers=headers["ann"]).json()
    path = f"/api/recommendations/next/{me['student_profile']['id']}"
    statuses = [client.get(path, headers=headers["ann"]).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]  # this endpoint allows 10 calls a minute
    refused = client.get(path, headers=headers["ann"])
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_many_writes", "50")
    assert client.get("/api/learning/mastery", headers=headers["ann"]).status_code == 200
    bob = client.get("/api/auth/me", headers=headers["bob"]).json()["student_profile"]["id"]
    path_of_bob = f"/api/recommendations/next/{bob}"
    assert client.get(path_of_bob, headers=headers["bob"]).status_code == 200
    deps.clock = lambda: noon + timedelta(seconds=50)
    assert client.get(path, headers=headers["ann"]).status_code == 200


def test_guesses_at_a_password_are_limited_by_username(
    client: TestClient, deps: Deps, tokens: dict[str, Any]
) -> None:
    assert tokens
    deps.clock = lambda: datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    statuses = {log_in(client, "ann", "wrong password").status_code for _ in range(25)}
    assert statuses == {401, 429}
    assert log_in(client).status_code == 429
    assert client.post("/api/auth/register", json=STUDENT | {"username": "bob"}).status_code == 201
    assert log_in(client, "bob").status_code == 200
