"""The device's own endpoints: log-in through the server, and the state of synchronisation."""

from collections.abc import Callable, Iterator
from typing import Annotated

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from device.context import Device
from device.errors import (
    DeviceOfAnotherUser,
    ForStudentsOnly,
    PasswordUnchecked,
    ServerAway,
    ServerNotSet,
)
from device.log_in import admit, log_in, require_no_user
from device.relay import as_response, pass_on, relay, relay_as_user
from device.state import ProgressBoard, read_live_status, read_state
from device.wire import DeviceStateOut, DeviceStatusOut
from lib.access.endpoint import Access, Endpoint
from lib.access.guard import from_another_site
from lib.errors import CalledFromAnotherSite, raises
from lib.framework import Depends, FastAPI, Request, Response
from lib.learning.accounts.wire import LogInIn, TokensOut
from lib.learning.current_user import UserCall
from lib.learning.database import get_db
from lib.learning.errors import LogInRefused
from lib.learning.parameters import StudentId
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app

NAME = "learning.device"
CREATED = 201
SERVED_HERE = (
    Endpoint(
        "/api/auth/login", NAME, ("POST",), Access.PUBLIC, takes_form=True, of_live_system=True
    ),
    Endpoint("/api/auth/register", NAME, ("POST",), Access.PUBLIC, of_live_system=True),
    Endpoint("/api/learning/device", NAME, ("GET",), Access.USER),
    Endpoint("/api/learning/device/sync", NAME, ("POST",), Access.USER),
    Endpoint("/api/sync/status/{student_id}", NAME, ("GET",), Access.USER, of_live_system=True),
)
"""Endpoints that the device serves itself."""
RELAYED = (
    Endpoint("/api/auth/reset-password", NAME, ("POST",), Access.PUBLIC, of_live_system=True),
    Endpoint("/api/auth/change-password", NAME, ("POST",), Access.USER, of_live_system=True),
    Endpoint("/api/learning/classes/join", NAME, ("POST",), Access.USER),
    Endpoint(
        "/api/analytics/student/{student_id}/comparison",
        NAME,
        ("GET",),
        Access.USER,
        of_live_system=True,
    ),
)
"""Endpoints that only the server can serve."""
ENDPOINTS = SERVED_HERE + RELAYED


def device_app(device: Device, board: ProgressBoard) -> FastAPI:
    """Return the app of the device's own endpoints."""
    app = create_app(NAME, tag="Device", rows=ENDPOINTS)
    app.state.device, app.state.board = device, board
    app.dependency_overrides[get_db] = database_session(device)
    app.post("/api/auth/login")(log_in_user)
    app.post("/api/auth/register")(register_user)
    app.get("/api/learning/device")(read_device)
    app.post("/api/learning/device/sync")(sync_now)
    app.get("/api/sync/status/{student_id}")(read_status)
    for endpoint in RELAYED:
        handler = relay_as_user if endpoint.access is Access.USER else relay
        app.add_api_route(endpoint.path, handler, methods=list(endpoint.methods))
    return app


def database_session(device: Device) -> Callable[[], Iterator[Session]]:
    """Return the dependency that yields the session of the device's database."""

    def session() -> Iterator[Session]:
        with device.database.session() as db:
            yield db

    return session


def _device(request: Request) -> Device:
    device: Device = request.app.state.device
    return device


def _board(request: Request) -> ProgressBoard:
    board: ProgressBoard = request.app.state.board
    return board


ThisDevice = Annotated[Device, Depends(_device)]
Board = Annotated[ProgressBoard, Depends(_board)]


@raises(
    CalledFromAnotherSite,
    DeviceOfAnotherUser,
    ForStudentsOnly,
    LogInRefused,
    PasswordUnchecked,
    ServerAway,
    ServerNotSet,
)
def log_in_user(body: LogInIn, device: ThisDevice, request: Request) -> TokensOut:
    """Return tokens of the device for a password that the server accepts, or for the code.

    A form of another site is refused, since it could give the device a user of its choice.
    """
    if from_another_site(request, device.settings):
        raise CalledFromAnotherSite
    return log_in(device, body)


@raises(DeviceOfAnotherUser, ForStudentsOnly, ServerAway, ServerNotSet)
async def register_user(request: Request, device: ThisDevice) -> Response:
    """Create a student's account at the server; the device then belongs to that student."""
    await run_in_threadpool(require_no_user, device)
    reply = await pass_on(request, as_user=False)
    if reply.status != CREATED:
        return as_response(reply)
    tokens = await run_in_threadpool(admit, device, reply.body)
    return Response(tokens.model_dump_json(), CREATED, media_type="application/json")


@raises(*StudentErrors)
def read_status(student_id: StudentId, call: UserCall, board: Board) -> DeviceStatusOut:
    """Return the state of synchronisation in the live system's shape."""
    return read_live_status(call, student_id, board.read())


# These two take no `UserCall`: it would hold the one session of the database, which they need.
def read_device(device: ThisDevice, board: Board) -> DeviceStateOut:
    """Return the state of the device and of its synchronisation."""
    return read_state(device, board.read())


def sync_now(device: ThisDevice, board: Board) -> DeviceStateOut:
    """Begin a sync now, and return the state of the device."""
    device.sync_soon()
    return read_state(device, board.read())
