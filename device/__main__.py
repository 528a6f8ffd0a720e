"""`make device`: the study planner on this machine, with or without its server.

python -m device [serve]          serve at http://127.0.0.1:5310
python -m device import FILE      import the rows of an old device's local.db, or an exported queue
python -m device export FILE      write to a file the changes that the server does not hold
"""

import argparse
import os
import sys
from pathlib import Path

from device.errors import CannotTransfer, UnusableServer
from device.exchange import export_file, import_file
from device.folder import Folder
from device.opening import CannotOpen
from device.serving import CannotServe, serve

PORT = 5310
FOLDER = Path(".device")


def main(command_line: list[str] | None = None) -> int:
    """Read the command line and run the command; return the exit code."""
    arguments = _parser().parse_args(command_line)
    folder = Folder(arguments.folder)
    os.umask(0o077)
    try:
        match arguments.command:
            case "import":
                print(import_file(folder, arguments.file))
            case "export":
                print(export_file(folder, arguments.file))
            case _:
                serve(folder, arguments.server, arguments.port)
    except (CannotTransfer, CannotOpen, CannotServe, UnusableServer) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:  # such as a full disk, or a folder that may not be written
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m device", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__,
    )  # fmt: skip
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the device's data")
    parser.add_argument("--server", help="address of the server; stored for later starts")
    parser.add_argument(
        "--port", type=int, default=PORT, help="port to listen on; 0 for a free one"
    )
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve")
    for name in ("import", "export"):
        commands.add_parser(name).add_argument("file", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
