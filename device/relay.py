"""Relay of calls that only the server can serve."""

from starlette.concurrency import run_in_threadpool

from device.context import Device
from device.errors import LogInNeeded, ServerAway, ServerNotSet
from device.server import Reply
from lib.errors import raises
from lib.framework import Request, Response


@raises(LogInNeeded, ServerAway, ServerNotSet)
async def relay_as_user(request: Request) -> Response:
    """Make the same call to the server as the user; return its response."""
    return as_response(await pass_on(request, as_user=True))


@raises(ServerAway, ServerNotSet)
async def relay(request: Request) -> Response:
    """Make the same call to the server without a user; return its response."""
    return as_response(await pass_on(request, as_user=False))


async def pass_on(request: Request, *, as_user: bool) -> Reply:
    """Make the call of a request to the server; return the reply."""
    device: Device = request.app.state.device
    call = device.server.call_as_user if as_user else device.server.call
    body = await request.json() if request.method != "GET" else None
    parameters = dict(request.query_params)

    def make() -> Reply:
        return call(request.method, request.url.path, body, parameters=parameters)

    reply = await run_in_threadpool(make)
    if as_user and reply.succeeded and request.method != "GET":
        device.sync_soon()  # to fetch what the call has changed
    return reply


def as_response(reply: Reply) -> Response:
    """Return the response of the server as the device's own.

    Raises:
        ServerAway: If something other than the server responded.
    """
    if reply.body is None:
        raise ServerAway
    return Response(reply.content, reply.status, media_type="application/json")
