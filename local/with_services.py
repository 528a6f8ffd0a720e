"""Run a Python program with a database and a cache.

    python -m local.with_services SCRIPT [ARGUMENT ...]
    python -m local.with_services -m MODULE [ARGUMENT ...]

Uses what the environment names, else what a running `make dev` has, else starts the servers of
`.local/` for as long as the program runs.
"""

import os
import signal
import subprocess
import sys

from local.servers.child import FolderLock, ServerError, ends_with_us
from local.servers.running import URL_NAME, claim
from local.services import FOLDER, given_all, joined, running_services


def main() -> int:
    """Run the program; its exit code."""
    program = [sys.executable, *sys.argv[1:]]
    if not sys.argv[1:]:
        sys.exit(__doc__)
    try:
        return _run(program)
    except (ServerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(program: list[str]) -> int:
    if given_all(os.environ):
        return _call(program, {**os.environ})
    claimed = claim(FOLDER)
    if not isinstance(claimed, FolderLock):
        found = {**joined(os.environ, claimed.environment), URL_NAME: claimed.url}
        return _call(program, found)
    with claimed, running_services(FOLDER) as services:
        return _call(program, services.environment)


def _call(program: list[str], environment: dict[str, str]) -> int:
    """Wait for the program; a Ctrl-C is its to answer, and then ours to clean up."""
    signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would be handed down
    return subprocess.run(ends_with_us(program), env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
