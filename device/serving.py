"""A running device: its database, its web server for this machine alone, its background thread."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from device.account import AccountFile, device_secrets
from device.app import app_of
from device.background import Background
from device.context import Device, settings_of
from device.folder import Folder
from device.opening import open_database
from device.server import Server, checked_address
from device.state import ProgressBoard
from device.sync import synchronise
from device.user import read_device_user
from device.values import REPAIR, read_value
from lib import logs
from local import console

HOST = "127.0.0.1"
GRACE_SECONDS = 2
"""Seconds that requests in progress get to finish after a signal to stop."""


class CannotServe(Exception):
    """The device cannot start; the message says what to do."""


def serve(folder: Folder, server: str | None, port: int) -> None:
    """Serve until stopped by a signal.

    Raises:
        CannotOpen: If the database cannot be opened.
        CannotServe: If the port is taken, or the device belongs to another server.
        UnusableServer: If the server's address cannot be used.
    """
    logs.install_writer(console.write)
    with running_device(folder, server) as (device, board), _listener(port) as listener:
        _print_start(device, listener.getsockname()[1])
        config = uvicorn.Config(
            app_of(device, board),
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
            proxy_headers=False,
        )
        uvicorn.Server(config).run(sockets=[listener])
    print("Stopped; the data are kept.", flush=True)


@contextmanager
def running_device(folder: Folder, server: str | None) -> Iterator[tuple[Device, ProgressBoard]]:
    """Hold a device whose background thread runs.

    Raises:
        CannotOpen, CannotServe, UnusableServer: As for `serve`.
    """
    with opened_device(folder, server) as device:
        board = ProgressBoard()
        jitter = random.Random()  # noqa: S311 nothing secret depends on it
        background = Background(lambda: synchronise(device), board, device.now, jitter)
        device.database.on_queued(background.soon)
        background.start()
        try:
            synchronising = replace(
                device, sync_soon=background.soon, wait_for_sync=background.wait_for_success
            )
            yield synchronising, board
        finally:
            background.stop()


@contextmanager
def opened_device(folder: Folder, server: str | None) -> Iterator[Device]:
    """Hold a device that synchronises on request only.

    Raises:
        CannotOpen, CannotServe, UnusableServer: As for `serve`.
    """
    with open_database(folder) as database:
        accounts = AccountFile(folder)
        with database.session() as db:
            has_user = read_device_user(db) is not None
        _settle_server(folder, accounts, server, has_user=has_user)
        secrets = device_secrets(folder)
        client = Server(accounts)
        try:
            yield Device(folder, database, accounts, secrets, client, settings_of(secrets, folder))
        finally:
            client.close()


def _settle_server(
    folder: Folder, accounts: AccountFile, server: str | None, *, has_user: bool
) -> None:
    """Store the address of the server, which cannot change once the device has a user.

    Raises:
        CannotServe: If the device has a user at another server.
    """
    if server is None:
        return
    address, account = checked_address(server), accounts.read()
    if account.server == address:
        return
    if has_user and account.server is not None:
        raise CannotServe(
            f"This device belongs to {account.server}. If that server has moved to {address}, "
            f"change the address in {folder.account}; for another server, use another FOLDER."
        )
    accounts.write(replace(account.without_tokens(), server=address))


@contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((HOST, port), backlog=128)
    except (OSError, OverflowError) as error:
        raise CannotServe(
            f"Port {port} cannot be used ({error}). Choose another one: make device PORT={port + 1}"
        ) from None
    with listener:
        yield listener


def _print_start(device: Device, port: int) -> None:
    account = device.accounts.read()
    with device.database.session() as db:
        user, repair = read_device_user(db), read_value(db, REPAIR)
    rows = {
        "Stepwise": f"http://{HOST}:{port}",
        "User": "none yet; the first log-in needs the server" if user is None else user.username,
        "Server": account.server or "none; start once with: make device SERVER=<address>",
        "Code": f"{device.secrets.code} (in place of the password while the server is away)",
        "Data": str(device.folder.database),
        "Stop": "Ctrl-C; the data are kept",
    }
    if repair:
        rows["Repaired"] = f"the database was damaged; the damaged file is kept as {repair['file']}"
    lines = "\n".join(f"  {name:<10} {value}" for name, value in rows.items())
    print(f"\n{lines}\n", flush=True)
