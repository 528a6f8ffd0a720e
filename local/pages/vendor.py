"""Libraries of the pages, copied from npm into `public/vendor/`: `python -m local.pages.vendor`.

Pages load modules by address, so a bare `from "preact"` becomes the address of its copy.
"""

import json
from pathlib import Path

from local.pages.npm_packages import package_files

FOLDER = Path(__file__).resolve().parents[2] / "public" / "vendor"
PINS = FOLDER / "packages.json"
"""Name, version, integrity and files of each package."""
BARE_IMPORT = b'from"preact"'
SOURCE_MAP = b"\n//# sourceMappingURL="


def adapt(module: bytes) -> bytes:
    """Return a module as pages can load it: imports by address, no source map."""
    return module.split(SOURCE_MAP)[0].replace(BARE_IMPORT, b'from"./preact.js"') + b"\n"


def download() -> dict[str, bytes]:
    """Return every file of `public/vendor/` as npm and the pins define it."""
    result: dict[str, bytes] = {}
    for name, pin in json.loads(PINS.read_text()).items():
        files = package_files(name, pin["version"], pin["integrity"], pin["files"])
        result |= {copy: adapt(content) for copy, content in files.items()}
    return result


if __name__ == "__main__":
    for name, content in download().items():
        (FOLDER / name).write_bytes(content)
        print(f"Wrote {FOLDER / name}")
