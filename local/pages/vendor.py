"""Libraries of the pages, copied from npm into `public/vendor/`: `python -m local.pages.vendor`.

Pages load modules by address, so a bare `from "preact"` becomes the address of its copy.
"""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import httpx

FOLDER = Path(__file__).resolve().parents[2] / "public" / "vendor"
REGISTRY = "https://registry.npmjs.org"
PINS = FOLDER / "packages.json"
"""Name, version, integrity and files of each package."""
BARE_IMPORT = b'from"preact"'
SOURCE_MAP = b"\n//# sourceMappingURL="


class IntegrityError(Exception):
    """A package differs from the one that was pinned."""


def adapt(module: bytes) -> bytes:
    """Return a module as pages can load it: imports by address, no source map."""
    return module.split(SOURCE_MAP)[0].replace(BARE_IMPORT, b'from"./preact.js"') + b"\n"


def files_of(archive: bytes, integrity: str, files: dict[str, str]) -> dict[str, bytes]:
    """Return the adapted files of a package.

    Args:
        archive: The package as the registry serves it (.tgz).
        integrity: Its SHA-512, as `sha512-<base64>`.
        files: Name in `public/vendor/` -> path in the package.

    Raises:
        IntegrityError: If the archive has another hash.
    """
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != integrity:
        raise IntegrityError(f"expected {integrity}, got {digest}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        contents = {name: package.extractfile(f"package/{path}") for name, path in files.items()}
        return {name: adapt(file.read()) for name, file in contents.items() if file is not None}


def download() -> dict[str, bytes]:
    """Return every file of `public/vendor/` as npm's registry and the pins define it."""
    result: dict[str, bytes] = {}
    for name, pin in json.loads(PINS.read_text()).items():
        address = f"{REGISTRY}/{name}/-/{name}-{pin['version']}.tgz"
        archive = httpx.get(address, timeout=30).raise_for_status().content
        result |= files_of(archive, pin["integrity"], pin["files"])
    return result


if __name__ == "__main__":
    for name, content in download().items():
        (FOLDER / name).write_bytes(content)
        print(f"Wrote {FOLDER / name}")
