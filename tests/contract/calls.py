"""All calls that are sent to each platform, in the order of sending."""

import re

from lib.access.endpoint import BY_TOKEN, CLOSED
from lib.routes import ENDPOINTS
from tests.contract.assessment_calls import ASSESSMENT
from tests.contract.call import ABSENT, Call
from tests.contract.learning_calls import LEARNING
from tests.contract.legacy_calls import LEGACY
from tests.contract.workshop_calls import WORKSHOP

ALL_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
SERVICE = (
    Call("GET", "/health", 200),
    Call("GET", "/api/health", 200),
    Call("GET", "/health/", 200),
    Call("GET", "/api/health//", 200),
    Call("POST", "/api/generate-session/", 200, {"studentName": "Bo"}),
    Call("POST", "/api/generate-session/", 422, {"studentEmail": "no address"}),
    Call("POST", "/api/generate-session", 200, {"studentNmae": "Bo"}),  # misspelt: a warning
    Call("POST", "/api/generate-session?lang=en", 200, b"\xef\xbb\xbf{}"),
    Call("POST", "/api/generate-session", 200, {}, {"Content-Type": "application/ld+json"}),
    Call("GET", "/api/no-such-thing", 404),
    Call("GET", "/api/no-such-thing/", 404),
    Call("POST", "/api/no/such/thing", 404, {}),
)


def _calls_with_wrong_methods() -> tuple[Call, ...]:
    """Return a call to every path with a method that it does not accept."""
    methods_of: dict[str, set[str]] = {}
    for row in ENDPOINTS:
        path = _concrete(row.path)
        # A path can match several rows: `{class_id}` also matches `join`.
        matching_rows = [each for each in ENDPOINTS if re.fullmatch(_pattern(each.path), path)]
        methods_of[path] = {method for each in matching_rows for method in each.methods}
    return tuple(
        Call(next(method for method in ALL_METHODS if method not in methods), path, 405)
        for path, methods in methods_of.items()
    )


def _pattern(template: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", template)


def _concrete(template: str) -> str:
    return re.sub(r"\{\w+\}", ABSENT, template)


def _calls_without_credentials() -> tuple[Call, ...]:
    """Return a call without credentials for each method of the CLOSED and BY_TOKEN endpoints."""
    protected = CLOSED | BY_TOKEN
    return tuple(
        Call(method, _concrete(row.path), 401)
        for row in ENDPOINTS
        if row.access in protected
        for method in row.methods
    )


CALLS = (
    *SERVICE,
    *WORKSHOP,
    *ASSESSMENT,
    *LEARNING,
    *LEGACY,
    *_calls_with_wrong_methods(),
    *_calls_without_credentials(),
)
