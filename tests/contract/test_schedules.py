"""The event of a schedule is not an HTTP request: it runs the job."""

from collections.abc import Callable, Iterator

import pytest

from lib.access.endpoint import Endpoint
from lib.routes import ENDPOINTS
from local.deploy.files import handler_of
from tests.conftest import CRON_SECRET
from tests.support.lambda_runtime import LambdaDeployment, schedule_event
from tests.support.wire import Request

SCHEDULED = [row for row in ENDPOINTS if row.schedule]


@pytest.fixture(scope="module")
def aws(environment: Callable[[str], dict[str, str]]) -> Iterator[LambdaDeployment]:
    deployment = LambdaDeployment(environment("schedules"))
    yield deployment
    deployment.stop()


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.module)
def test_schedule_returns_the_same_keys_as_the_endpoint(
    aws: LambdaDeployment, row: Endpoint
) -> None:
    response = aws.send(
        Request("GET", row.path, headers={"Authorization": f"Bearer {CRON_SECRET}"})
    )
    result = aws.function(handler_of(row.module)).invoke(schedule_event())
    assert response.status == 200
    assert result.keys() == response.body.keys()


def test_function_serves_http_after_a_schedule(aws: LambdaDeployment) -> None:
    """The event loop must survive a run that is not a request."""
    row = SCHEDULED[0]
    for _ in range(2):
        aws.function(handler_of(row.module)).invoke(schedule_event())
        response = aws.send(
            Request("GET", row.path, headers={"Authorization": f"Bearer {CRON_SECRET}"})
        )
        assert response.status == 200
