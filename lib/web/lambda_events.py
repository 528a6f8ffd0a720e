"""Events of AWS Lambda: HTTP requests, schedules, warm-ups, and any others.

Lambda repeats an event that ended in an error, so everything that would fail again is answered: a
request that cannot be read, and an event that no function handles. Only a scheduled job that failed
is reported to Lambda as an error, because a retry may succeed and an alarm should go off.
"""

import base64
import binascii
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from lib import deadline
from lib.access.endpoint import CRON_SECONDS
from lib.deps import current_deps
from lib.errors import AppError, NotConfigured, UnsupportedEvent
from lib.framework import FastAPI
from lib.logs import log, place
from lib.web.error_body import envelope
from lib.web.headers import API_HEADERS
from lib.web.platform_request import lambda_request_id

LambdaHandler = Callable[[Any, Any], Any]
SCHEDULERS = ("aws.events", "aws.scheduler")
"""Sources of schedules: EventBridge rules and EventBridge Scheduler."""
WARM_UP_SOURCES = ("serverless-plugin-warmup",)
WARM_UP_MARKS = ("warmer", "warmup")
"""Members of events that only keep a function warm."""
NO_JOB = "This function has no scheduled job; remove its EventBridge schedule."
UNKNOWN = (
    "This event is neither an HTTP request nor a schedule. A schedule with input of its own has to"
    ' contain "source": "aws.scheduler".'
)
NOT_BASE64 = "The event says that its body is base64, but it is not."
UNREADABLE = "The event is not a valid HTTP request."


class ScheduledJobError(Exception):
    """Failure of a scheduled job; Lambda repeats the job and counts an error of the function."""


class LambdaEvents:
    """The entry point of one function.

    Args:
        app: The function's app.
        job: The job that a schedule runs.
    """

    def __init__(self, app: FastAPI, job: Callable[[], Any] | None) -> None:
        self._app = app
        self._job = job
        self._http: LambdaHandler | None = None

    def handle(self, event: Any, context: Any) -> Any:
        """Return the response to an event.

        Raises:
            ScheduledJobError: If the event is a schedule's, and the job failed.
        """
        try:
            return self._respond(event, context)
        except UnsupportedEvent as error:
            return _refusal(error, context)

    def _respond(self, event: Any, context: Any) -> Any:
        if not isinstance(event, dict):
            raise UnsupportedEvent(reason=UNKNOWN)
        if "requestContext" in event:
            return self._respond_to_request(event, context)
        if event.get("source") in SCHEDULERS:
            return self._run_job(context)
        if event.get("source") in WARM_UP_SOURCES or any(event.get(m) for m in WARM_UP_MARKS):
            self._warm_up()
            return {"statusCode": 200, "body": "warm"}
        raise UnsupportedEvent(reason=UNKNOWN)

    def _respond_to_request(self, event: dict[str, Any], context: Any) -> Any:
        http = self._import_http()
        try:
            return http(_complete(event), context)
        except UnsupportedEvent:
            raise
        except Exception as error:  # the app's own errors have been answered
            log("lambda_event_unreadable", kind=type(error).__name__, at=place(error))
            raise UnsupportedEvent(reason=UNREADABLE) from error

    def _warm_up(self) -> None:
        """Import what the first request would import."""
        self._import_http()
        with suppress(NotConfigured):
            _ = current_deps().postgres, current_deps().redis

    def _import_http(self) -> LambdaHandler:
        if self._http is None:
            from mangum import Mangum

            self._http = Mangum(self._app, lifespan="off")
        return self._http

    def _run_job(self, context: Any) -> Any:
        if self._job is None:
            raise UnsupportedEvent(reason=NO_JOB)
        job, started = self._job, time.perf_counter()
        platform_request = lambda_request_id(context)
        facts: dict[str, Any] = {"request": uuid.uuid4().hex, "platform_request": platform_request}

        def run() -> Any:
            deadline.start(CRON_SECONDS)
            return job()

        try:
            result = copy_context().run(run)
        except Exception as error:  # noqa: BLE001 whatever the job raised
            kind = type(error).__name__
            log("scheduled_job_failed", **facts, kind=kind, at=place(error))
            code = error.code if isinstance(error, AppError) else kind
            # Lambda logs the traceback, whose texts may contain what was stored.
            raise ScheduledJobError(f"the scheduled job failed: {code}; see the log") from None
        seconds = time.perf_counter() - started
        log("scheduled_job", **facts, milliseconds=round(1000 * seconds, 1))
        return result


def _refusal(error: UnsupportedEvent, context: Any) -> dict[str, Any]:
    """Return the error envelope in the form of an HTTP response."""
    request_id = uuid.uuid4().hex
    log(
        "lambda_event_refused",
        request=request_id,
        platform_request=lambda_request_id(context),
        reason=str(error),
    )
    response = envelope(error.status, error.code, str(error), request_id)
    headers = {**API_HEADERS, "content-type": "application/json", "x-request-id": request_id}
    body = bytes(response.body).decode()
    return {
        "statusCode": error.status,
        "headers": {name.lower(): value for name, value in headers.items()},
        "body": body,
        "isBase64Encoded": False,
    }


def _complete(event: dict[str, Any]) -> dict[str, Any]:
    """Return an HTTP event with the members that Mangum needs and the sender may leave out.

    The event has format 1.0 or 2.0, or comes from a load balancer.

    Raises:
        UnsupportedEvent: If it has no method or path, or its body is declared as base64 and is not.
    """
    context = _members(event.get("requestContext"))
    http = _members(context.get("http"))
    complete = {**event, "headers": _headers(event.get("headers")), "body": _body(event)}
    complete["isBase64Encoded"] = False
    method, path = (
        (http.get("method"), http.get("path"))
        if http
        else (event.get("httpMethod"), event.get("path"))
    )
    if not (isinstance(method, str) and method and isinstance(path, str)):
        raise UnsupportedEvent(reason=UNREADABLE)
    if http:
        http = {**http, "sourceIp": http.get("sourceIp") or ""}
        complete["version"] = "2.0"
        complete["rawQueryString"] = event.get("rawQueryString") or ""
    elif "elb" in context:
        complete["headers"] = _with_last_address(complete["headers"])
        if "multiValueHeaders" in event:
            multiple = _members(event["multiValueHeaders"])
            complete["multiValueHeaders"] = {
                name: [_last(value) for value in values] if _forwards(name) else values
                for name, values in multiple.items()
            }
    else:
        complete.setdefault("resource", path)
    identity = _members(context.get("identity"))
    complete["requestContext"] = {**context, "http": http, "identity": identity}
    return complete


def _body(event: dict[str, Any]) -> Any:
    body = event.get("body")
    if not body or not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise UnsupportedEvent(reason=NOT_BASE64) from error


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _headers(value: Any) -> dict[str, str]:
    return {name: text for name, text in _members(value).items() if isinstance(text, str)}


def _with_last_address(headers: dict[str, str]) -> dict[str, str]:
    """Keep the address that the load balancer added; a caller can write the ones before it."""
    return {name: _last(text) if _forwards(name) else text for name, text in headers.items()}


def _forwards(name: str) -> bool:
    return name.lower() == "x-forwarded-for"


def _last(addresses: str) -> str:
    return addresses.rpartition(",")[2].strip()
