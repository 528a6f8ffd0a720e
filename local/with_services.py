"""Run a Python program with Postgres and Redis.

    python -m local.with_services SCRIPT [ARGUMENT ...]
    python -m local.with_services -m MODULE [ARGUMENT ...]

It uses the servers that the environment names, or else those of a running `make dev`, or else
starts the embedded servers on `.local/` for as long as the program runs.
"""

import os
import signal
import subprocess
import sys

from local.servers.child import FolderLock, ServerError, command_ending_with_us
from local.servers.running import URL_NAME, claim
from local.services import FOLDER, names_all_services, running_services, with_running_services


def main() -> int:
    """Run the program and return its exit code."""
    program = [sys.executable, *sys.argv[1:]]
    if not sys.argv[1:]:
        sys.exit(__doc__)
    try:
        return _run(program)
    except (ServerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(program: list[str]) -> int:
    if names_all_services(os.environ):
        return _call(program, {**os.environ})
    lock_or_dev = claim(FOLDER)
    if not isinstance(lock_or_dev, FolderLock):
        environment = with_running_services(os.environ, lock_or_dev.environment)
        return _call(program, {**environment, URL_NAME: lock_or_dev.url})
    with lock_or_dev, running_services(FOLDER) as services:
        return _call(program, services.environment)


def _call(program: list[str], environment: dict[str, str]) -> int:
    """Run the program to its end; it handles Ctrl-C, and this process cleans up afterwards."""
    signal.signal(signal.SIGINT, lambda *_: None)  # the program would inherit SIG_IGN
    return subprocess.run(command_ending_with_us(program), env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
