"""Packages of npm, checked against their hash."""

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

NPM = Path(sys.executable).parent / "npm"
"""The program in the development environment."""


class IntegrityError(Exception):
    """A package differs from the one that was pinned."""


def package_files(
    name: str, version: str, integrity: str, files: Mapping[str, str]
) -> dict[str, bytes]:
    """Fetch a package from the registry that npm is configured to use; return some of its files.

    Args:
        name: Name of the package.
        version: Its exact version.
        integrity: Its SHA-512, as `sha512-<base64>`.
        files: Name of a file in the result -> its path in the package.

    Raises:
        CalledProcessError: If npm cannot fetch the package.
        IntegrityError: If the package has another hash.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [str(NPM), "pack", f"{name}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        return files_of(archive.read_bytes(), integrity, files)


def files_of(archive: bytes, integrity: str, files: Mapping[str, str]) -> dict[str, bytes]:
    """Return files of a package (.tgz); the arguments are those of `package_files`.

    Raises:
        IntegrityError: If the archive has another hash.
    """
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != integrity:
        raise IntegrityError(
            f"The package has the hash {digest}, but the pin is {integrity}. Check the pin."
        )
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        contents = {name: package.extractfile(f"package/{path}") for name, path in files.items()}
        return {name: file.read() for name, file in contents.items() if file is not None}
