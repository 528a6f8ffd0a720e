"""Every event that Lambda can send gets a response, and only a failed job is an error."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from local.deploy.files import handler_of
from tests.support.lambda_runtime import (
    HandlerError,
    LambdaDeployment,
    LambdaFunction,
    http_event,
    schedule_event,
)
from tests.support.wire import Request

HEALTH, CLEANUP, START = "operations.health", "workshop.cleanup_sessions", "assessment.start"
HEALTH_EVENT = http_event(Request("GET", "/health"), "/health")
START_EVENT = http_event(Request("POST", "/api/test/start", {}), "/api/test/start")
SCHEDULER = {**schedule_event(), "source": "aws.scheduler"}
REST = {"httpMethod": "GET", "path": "/health", "resource": "/health", "headers": None}
BALANCER = {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:test"}}


def with_members(event: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the event with these members.

    `http` has new members for `requestContext.http`, and `without` names those to remove from it.
    """
    http = members.pop("http", {})
    without = members.pop("without", ())
    context = {**event["requestContext"], "http": {**event["requestContext"]["http"], **http}}
    for name in without:
        context["http"].pop(name)
    return {**event, "requestContext": context, **members}


HEALTHY: dict[str, dict[str, Any]] = {
    "HTTP API": HEALTH_EVENT,
    "without sourceIp": with_members(HEALTH_EVENT, without=["sourceIp"]),
    "sourceIp null": with_members(HEALTH_EVENT, http={"sourceIp": None}),
    "headers null": {**HEALTH_EVENT, "headers": None},
    "only what is needed": {"requestContext": {"http": {"method": "GET", "path": "/health"}}},
    "query null": {**HEALTH_EVENT, "rawQueryString": None, "queryStringParameters": None},
    "query not UTF-8": {**HEALTH_EVENT, "rawQueryString": "a=%FF%C0&b=\u00fc"},
    "REST API": {**REST, "requestContext": {"identity": {"sourceIp": "203.0.113.7"}}},
    "REST API, identity null": {**REST, "requestContext": {"identity": None}},
    "HTTP API, format 1.0": {**REST, "version": "1.0", "requestContext": {}},
    "load balancer": {**REST, "headers": {}, "requestContext": BALANCER},
    "load balancer, many headers": {
        **REST,
        "multiValueHeaders": {"x-forwarded-for": ["203.0.113.7, 203.0.113.8"]},
        "requestContext": BALANCER,
    },
}
REFUSED: dict[str, tuple[str, Any, str]] = {
    "empty": (HEALTH, {}, "neither an HTTP request nor a schedule"),
    "empty, for a job": (CLEANUP, {}, "neither an HTTP request nor a schedule"),
    "a list": (HEALTH, [], "neither an HTTP request nor a schedule"),
    "a text": (HEALTH, "hello", "neither an HTTP request nor a schedule"),
    "null": (HEALTH, None, "neither an HTTP request nor a schedule"),
    "a number": (HEALTH, 7, "neither an HTTP request nor a schedule"),
    "from a queue": (HEALTH, {"Records": [{"eventSource": "aws:sqs"}]}, "neither an HTTP request"),
    "source of another kind": (HEALTH, {"source": "aws.s3"}, "neither an HTTP request"),
    "source a list": (HEALTH, {"source": ["aws.events"]}, "neither an HTTP request"),
    "source an object": (CLEANUP, {"source": {"name": "aws.events"}}, "neither an HTTP request"),
    "from the console": (HEALTH, {"key1": "value1"}, "neither an HTTP request"),
    "a schedule without a job": (HEALTH, schedule_event(), "This function has no scheduled job"),
    "a scheduler without a job": (HEALTH, SCHEDULER, "This function has no scheduled job"),
    "without requestContext": (
        HEALTH,
        {name: HEALTH_EVENT[name] for name in ("version", "rawPath", "headers")},
        "neither an HTTP request",
    ),
    "requestContext null": (HEALTH, {"requestContext": None}, "not a valid HTTP request"),
    "requestContext a list": (HEALTH, {"requestContext": [1]}, "not a valid HTTP request"),
    "path null": (
        HEALTH,
        with_members(HEALTH_EVENT, http={"path": None}),
        "not a valid HTTP request",
    ),
    "lone surrogate": (
        HEALTH,
        {**HEALTH_EVENT, "rawQueryString": "a=\ud800"},
        "not a valid HTTP request",
    ),
    "a body that is not text": (START, {**START_EVENT, "body": {"a": 1}}, "not a valid HTTP"),
    **{
        f"a load balancer's header is {value}": (
            HEALTH,
            {**REST, "requestContext": BALANCER, "multiValueHeaders": {"X-Forwarded-For": value}},
            "not a valid HTTP request",
        )
        for value in (None, 7, [None], [["203.0.113.7"]])
    },
    "not base64": (
        START,
        {**START_EVENT, "body": "{this is not base64}", "isBase64Encoded": True},
        "says that its body is base64, but it is not",
    ),
    "base64 cut off": (
        START,
        {**START_EVENT, "body": "eyJhI", "isBase64Encoded": True},
        "says that its body is base64, but it is not",
    ),
}


@pytest.fixture(scope="module")
def variables(environment: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return environment("events")


@pytest.fixture(scope="module")
def aws(variables: dict[str, str]) -> Iterator[LambdaDeployment]:
    deployment = LambdaDeployment(variables)
    yield deployment
    deployment.stop()


def function(aws: LambdaDeployment, module: str) -> LambdaFunction:
    return aws.function(handler_of(module))


@pytest.mark.parametrize("event", HEALTHY.values(), ids=HEALTHY)
def test_every_form_of_an_http_event_is_served(
    aws: LambdaDeployment, event: dict[str, Any]
) -> None:
    response = function(aws, HEALTH).invoke(event)
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["status"] == "healthy"


@pytest.mark.parametrize(("module", "event", "words"), REFUSED.values(), ids=REFUSED)
def test_every_other_event_is_refused_with_the_envelope(
    aws: LambdaDeployment, module: str, event: Any, words: str
) -> None:
    response = function(aws, module).invoke(event)
    body = json.loads(response["body"])
    assert (response["statusCode"], body["code"]) == (400, "unsupported_event")
    assert body["success"] is False
    assert words in body["error"]
    assert response["headers"]["x-request-id"] == body["requestId"]
    assert body["requestId"] in function(aws, module).output()
    assert "Traceback" not in function(aws, module).output()
    assert function(aws, HEALTH).invoke(HEALTH_EVENT)["statusCode"] == 200, "the next event"


@pytest.mark.parametrize(
    "event",
    [{"source": "serverless-plugin-warmup"}, {"warmer": True, "concurrency": 3}, {"warmup": True}],
)
@pytest.mark.parametrize("module", [HEALTH, CLEANUP])
def test_a_warm_up_does_nothing(aws: LambdaDeployment, module: str, event: Any) -> None:
    before = function(aws, module).output()
    assert function(aws, module).invoke(event) == {"statusCode": 200, "body": "warm"}
    assert '"event"' not in function(aws, module).output().removeprefix(before)


def test_eventbridge_scheduler_runs_the_job_like_an_eventbridge_rule(aws: LambdaDeployment) -> None:
    by_rule = function(aws, CLEANUP).invoke(schedule_event())
    for event in (SCHEDULER, {"source": "aws.scheduler", "input": "of its own"}):
        assert function(aws, CLEANUP).invoke(event).keys() == by_rule.keys()
    assert function(aws, CLEANUP).last_request_id in function(aws, CLEANUP).output()


def test_a_job_that_fails_is_an_error_that_reveals_no_details(variables: dict[str, str]) -> None:
    """After an error, Lambda repeats the job, and an alarm is raised."""
    url = variables["POSTGRES_URL"]
    deployment = LambdaDeployment(variables)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ALTER TABLE public.sessions RENAME TO elsewhere")
        with pytest.raises(HandlerError, match="failed: schema_missing; see the log") as raised:
            function(deployment, CLEANUP).invoke(schedule_event())
        database.execute("ALTER TABLE public.elsewhere RENAME TO sessions")
    assert "ScheduledJobError" in str(raised.value)
    assert "elsewhere" not in str(raised.value)
    output = function(deployment, CLEANUP).output()
    assert '"event": "scheduled_job_failed"' in output
    assert '"success"' in json.dumps(function(deployment, CLEANUP).invoke(schedule_event()))
    deployment.stop()


def test_lambdas_request_id_is_logged_beside_ours(aws: LambdaDeployment) -> None:
    health = function(aws, HEALTH)
    response = health.invoke(HEALTH_EVENT)
    (line,) = [
        json.loads(line)
        for line in health.output().splitlines()
        if response["headers"]["x-request-id"] in line
    ]
    assert line["platform_request"] == health.last_request_id
