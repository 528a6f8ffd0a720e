"""Comparison of every error that a test's client receives with those that its operation declares.

A test therefore fails if it receives a code that the API's description lacks.
"""

from functools import cache
from typing import Any

from starlette.routing import Match, Route
from starlette.testclient import TestClient

from lib.web import path_ids
from tests.support.api_operations import Operation, operations


def with_declared_errors(client: TestClient) -> TestClient:
    """Let the client fail on an error that the operation does not declare; return the client."""

    def check(response: Any) -> None:
        if response.status_code >= 400:
            response.read()
            request = response.request
            problem = declaration_problem(
                request.method,
                request.url.path,
                response.status_code,
                response.json() if request.method != "HEAD" else {},
                has_body=bool(request.read()),
            )
            assert problem is None, problem

    client.event_hooks["response"].append(check)
    return client


def declaration_problem(
    method: str, path: str, status: int, body: dict[str, Any], *, has_body: bool
) -> str | None:
    """Return a message that names the code that an operation lacks.

    Return None if the operation declares the code, if the response has no code, or if no operation
    matches the call.

    A request with a body that its operation does not take is not checked, since the
    server may refuse that body.
    """
    operation = _operation(method, path)
    if operation is None or "code" not in body or has_body > operation.has_body:
        return None
    if body["code"] in operation.error_codes.get(status, ()):
        return None
    return (
        f"{operation} responds with {status} {body['code']}, which its description lacks: "
        "declare the error with @raises"
    )


@cache
def _routes() -> list[tuple[Route, Operation]]:
    path_ids.register()
    return [(Route(each.row.route, _unused, methods=[each.method]), each) for each in operations()]


def _operation(method: str, path: str) -> Operation | None:
    scope = {"type": "http", "path": path, "method": method}
    matches = (each for route, each in _routes() if route.matches(scope)[0] is Match.FULL)
    return next(matches, None)


async def _unused() -> None:
    raise NotImplementedError("this route is only matched, never served")
