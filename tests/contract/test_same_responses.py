"""Responses are the same on the local server and in the runtimes of Vercel and Lambda."""

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from lib.access.endpoint import Endpoint
from lib.routes import ENDPOINTS
from tests.contract.call import Call
from tests.contract.calls import CALLS
from tests.contract.comparing import LOCAL_TIME, ComparableResponse
from tests.contract.conftest import DEPLOYMENTS
from tests.support.declared_errors import declaration_problem
from tests.support.lambda_runtime import LambdaDeployment
from tests.support.vercel_runtime import VercelDeployment
from tests.support.wire import Request

NUMBERED = [pytest.param(number, id=f"{number} {call}") for number, call in enumerate(CALLS)]
OTHER_PLATFORMS = sorted(set(DEPLOYMENTS) - {"local"})
ResponsesOn = Callable[[str], list[ComparableResponse]]


def is_for(call: Call, row: Endpoint) -> bool:
    template = re.sub(r"\{\w+\}", "[^/]+", row.path)
    return call.method in row.methods and bool(re.fullmatch(template, call.path.partition("?")[0]))


@pytest.mark.parametrize("number", NUMBERED)
def test_local_server_returns_the_expected_status(responses_on: ResponsesOn, number: int) -> None:
    response = responses_on("local")[number]
    assert response.status == CALLS[number].status, response.body


@pytest.mark.parametrize("platform", OTHER_PLATFORMS)
@pytest.mark.parametrize("number", NUMBERED)
def test_platform_returns_the_same_response_as_the_local_server(
    responses_on: ResponsesOn, platform: str, number: int
) -> None:
    assert responses_on(platform)[number] == responses_on("local")[number]


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: f"{'/'.join(row.methods)} {row.path}")
def test_every_endpoint_is_called_with_success_and_with_an_error(row: Endpoint) -> None:
    statuses = [call.status for call in CALLS if is_for(call, row)]
    calls = f"a Call for {'/'.join(row.methods)} {row.path} (tests/contract/)"
    assert any(status < 400 for status in statuses), f"add {calls} that succeeds"
    if row.path.rpartition("/")[2] != "health":  # it takes nothing that could be wrong
        assert any(status >= 400 for status in statuses), f"add {calls} that is refused"


def test_every_error_has_the_shape_of_the_envelope(responses_on: ResponsesOn) -> None:
    errors = [response.body for response in responses_on("local") if response.status >= 400]
    for body in errors:
        assert body["success"] is False
        assert body["requestId"] == "<id>"
        assert body["error"]
        assert body["code"]


def test_every_error_is_declared(responses_on: ResponsesOn) -> None:
    problems = [
        declaration_problem(
            call.method,
            call.path.partition("?")[0],
            response.status,
            response.body,
            has_body=call.body is not None,
        )
        for call, response in zip(CALLS, responses_on("local"), strict=True)
        if response.status >= 400
    ]
    assert problems != []
    assert [problem for problem in problems if problem] == []


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from strings_in(part)
    elif isinstance(value, str):
        yield value


def test_every_time_is_in_utc_and_has_its_offset(responses_on: ResponsesOn) -> None:
    texts = [text for response in responses_on("local") for text in strings_in(response.body)]
    assert "<time>" in texts
    assert [text for text in texts if LOCAL_TIME in text] == []


def test_misspelt_field_is_named_in_a_warning(responses_on: ResponsesOn) -> None:
    (number,) = (
        number
        for number, call in enumerate(CALLS)
        if isinstance(call.body, dict) and "studentNmae" in call.body
    )
    assert responses_on("local")[number].body["warnings"] == [
        {"field": "studentNmae", "problem": "Unknown field; did you mean studentName?"}
    ]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_deployment_serves_no_api_description(path: str) -> None:
    deployment = LambdaDeployment({})
    assert deployment.send(Request("GET", path)).status == 404
    deployment.stop()


if "vercel" in DEPLOYMENTS:

    @pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
    def test_hobby_deployment_serves_no_api_description(path: str) -> None:
        """On Hobby, every path leads to the index."""
        deployment = VercelDeployment({}, "vercel.hobby.json")
        assert deployment.send(Request("GET", path)).status == 404
        deployment.stop()


def test_vercel_takes_part_where_its_runtime_can_be_imported() -> None:
    assert ("vercel" in DEPLOYMENTS) == (find_spec("vercel_runtime") is not None)
