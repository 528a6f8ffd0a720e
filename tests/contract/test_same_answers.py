"""Every endpoint answers alike on the local server, under Vercel's runtime and Lambda's."""

import re
import sys
from collections.abc import Callable

import pytest

from lib.routes import ENDPOINTS, Endpoint
from tests.contract.conftest import DEPLOYMENTS
from tests.contract.conversations import TURNS
from tests.contract.playing import Said
from tests.contract.turn import Turn
from tests.support.lambda_runtime import LambdaDeployment
from tests.support.vercel_runtime import VercelDeployment
from tests.support.wire import Request

NUMBERED = [pytest.param(number, id=f"{number} {turn}") for number, turn in enumerate(TURNS)]
ELSEWHERE = sorted(set(DEPLOYMENTS) - {"local"})
On = Callable[[str], list[Said]]


def is_for(turn: Turn, row: Endpoint) -> bool:
    template = re.sub(r"\{\w+\}", "[^/]+", row.path)
    return turn.method in row.methods and bool(re.fullmatch(template, turn.path.partition("?")[0]))


@pytest.mark.parametrize("number", NUMBERED)
def test_local_server_answers_as_promised(said: On, number: int) -> None:
    assert said("local")[number].status == TURNS[number].status, said("local")[number].body


@pytest.mark.parametrize("platform", ELSEWHERE)
@pytest.mark.parametrize("number", NUMBERED)
def test_platform_answers_as_the_local_server(said: On, platform: str, number: int) -> None:
    assert said(platform)[number] == said("local")[number]


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: f"{'/'.join(row.methods)} {row.path}")
def test_every_endpoint_is_called_with_success_and_with_an_error(row: Endpoint) -> None:
    statuses = [turn.status for turn in TURNS if is_for(turn, row)]
    turns = f"a Turn for {'/'.join(row.methods)} {row.path} (tests/contract/)"
    assert any(status < 400 for status in statuses), f"add {turns} that succeeds"
    if row.path.rpartition("/")[2] != "health":  # it takes nothing that could be wrong
        assert any(status >= 400 for status in statuses), f"add {turns} that is refused"


def test_every_error_has_the_one_shape(said: On) -> None:
    errors = [answer.body for answer in said("local") if answer.status >= 400]
    for body in errors:
        assert body["success"] is False
        assert body["requestId"] == "<id>"
        assert body["error"]
        assert body["code"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_deployment_does_not_describe_itself(path: str) -> None:
    deployment = LambdaDeployment({})
    assert deployment.send(Request("GET", path)).status == 404
    deployment.stop()


if "vercel" in DEPLOYMENTS:

    @pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
    def test_hobby_deployment_does_not_describe_itself(path: str) -> None:
        """There every path reaches the index."""
        deployment = VercelDeployment({}, "vercel.hobby.json")
        assert deployment.send(Request("GET", path)).status == 404
        deployment.stop()


def test_vercel_takes_part_where_its_runtime_can_be_imported() -> None:
    assert ("vercel" in DEPLOYMENTS) == (sys.version_info >= (3, 12))
