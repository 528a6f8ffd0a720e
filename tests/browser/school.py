"""Accounts of a server of the study planner, and pages that are logged in."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from local.demo.planner_accounts import TEACHER
from tests.conftest import ADMIN_PASSWORD
from tests.support.browser import WatchedPage

PASSWORD = "correct horse battery"
TIMEOUT_SECONDS = 30.0
_numbers = count(1)


@dataclass(frozen=True)
class Account:
    """A user who is logged in."""

    url: str
    username: str
    role: str
    access: str
    refresh: str

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return the JSON of a path below `/api/learning/`."""
        return self._json("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a body, and return the JSON."""
        return self._json("POST", path, json=body)

    def change(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a body with PUT, and return the JSON."""
        return self._json("PUT", path, json=body)

    def enter(self, watched: WatchedPage, path: str, **stored: str) -> None:
        """Open a page with this log-in; `stored` replaces parts of what the browser keeps."""
        account = {
            "access": self.access,
            "refresh": self.refresh,
            "username": self.username,
            "role": self.role,
            **stored,
        }
        watched.page.evaluate(
            "text => localStorage.setItem('stepwise.account', text)", json.dumps(account)
        )
        watched.page.goto("about:blank")
        watched.open(path, idle=False)

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = httpx.request(
            method,
            f"{self.url}/api/learning/{path}",
            headers={"Authorization": f"Bearer {self.access}"},
            timeout=TIMEOUT_SECONDS,
            **options,
        )
        assert response.is_success, response.text
        body: dict[str, Any] = response.json()
        return body


@dataclass(frozen=True)
class School:
    """A server with the demo of the study planner: a teacher, 25 students and three subjects."""

    url: str
    password: str

    def log_in(self, username: str = TEACHER) -> Account:
        """Log in to an account of the demo."""
        body = {"username": username, "password": self.password}
        return self._account(
            httpx.post(f"{self.url}/api/auth/login", json=body, timeout=TIMEOUT_SECONDS)
        )

    def register(self, name: str = "student", role: str = "student", **fields: Any) -> Account:
        """Create an account with a name of its own."""
        body = {
            "username": f"{name} {next(_numbers)}",
            "password": PASSWORD,
            "role": role,
            "grade": 10,
            "target_exam": "Finals",
            "exam_date": "2099-06-01",
            **fields,
        }
        headers = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
        return self._account(
            httpx.post(
                f"{self.url}/api/auth/register", json=body, headers=headers, timeout=TIMEOUT_SECONDS
            )
        )

    def _account(self, response: httpx.Response) -> Account:
        assert response.is_success, response.text
        tokens = response.json()
        user = tokens["user"]
        return Account(
            self.url,
            user["username"],
            user["role"],
            tokens["access_token"],
            tokens["refresh_token"],
        )
