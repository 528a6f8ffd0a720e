"""A schedule's event is no HTTP: it runs the job, or is refused aloud."""

from collections.abc import Callable, Iterator

import pytest

from lib.routes import ENDPOINTS, Endpoint
from local.deploy.files import handler_of
from tests.conftest import CRON_SECRET
from tests.support.lambda_runtime import HandlerError, LambdaDeployment, schedule_event
from tests.support.wire import Request

SCHEDULED = [row for row in ENDPOINTS if row.schedule]


@pytest.fixture(scope="module")
def aws(environment: Callable[[str], dict[str, str]]) -> Iterator[LambdaDeployment]:
    deployment = LambdaDeployment(environment("schedules"))
    yield deployment
    deployment.stop()


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.module)
def test_schedule_does_what_the_endpoint_does(aws: LambdaDeployment, row: Endpoint) -> None:
    called = aws.send(Request("GET", row.path, headers={"Authorization": f"Bearer {CRON_SECRET}"}))
    ran = aws.function(handler_of(row.module)).invoke(schedule_event())
    assert called.status == 200
    assert ran.keys() == called.body.keys()


def test_schedule_of_a_function_that_has_none_fails_aloud(aws: LambdaDeployment) -> None:
    with pytest.raises(HandlerError, match="no schedule"):
        aws.function("api/operations/health.lambda_handler").invoke(schedule_event())


def test_function_answers_http_after_a_schedule(aws: LambdaDeployment) -> None:
    """The event loop must survive a run that is no request."""
    row = SCHEDULED[0]
    for _ in range(2):
        aws.function(handler_of(row.module)).invoke(schedule_event())
        called = aws.send(
            Request("GET", row.path, headers={"Authorization": f"Bearer {CRON_SECRET}"})
        )
        assert called.status == 200
