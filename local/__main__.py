"""`make dev`: run everything on this machine, at http://127.0.0.1:5300."""

import argparse
import os
import sys
from pathlib import Path

from local.dev_server import DevServer
from local.servers.running import PORT
from local.services import FOLDER


def main() -> int:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("PORT") or PORT,
        help="port to listen on; 0 for a free one",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder for the data")
    arguments = parser.parse_args()
    return DevServer(arguments.folder, arguments.port).run()


if __name__ == "__main__":
    sys.exit(main())
