"""Build for Vercel on this machine, for `vercel deploy --prebuilt`.

    python -m local.deploy.vercel_build [arguments of vercel build, such as --prod]

`vercel build` alone takes every file of its folder, because only uploads follow `.vercelignore`,
and writes no byte code, because only builds at Vercel read `build.env` of `vercel.json`. This
command builds from the files that a deployment uploads, into `.build/vercel`, and writes byte code.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.deploy import tools

LAUNCHER = "vc__handler__python.py"
ENTRYPOINT = re.compile(r'"__VC_HANDLER_ENTRYPOINT": "([^"]+)"')
BYTE_CODE = re.compile(r"(.*/)__pycache__/([^/.]+)\.cpython-\d+\.pyc")
VENDORED = "_vendor"
WRITE_BYTE_CODE = {"VERCEL_PYTHON_COMPILEALL": "1"}
WITHOUT_BYTE_CODE = {"VERCEL_PYTHON_COMPILEALL": "0"}
LINK = tools.ROOT / ".vercel"
"""Folder in which `vercel link` and `vercel pull` write a project's id, settings and variables."""
TARGET = tools.ROOT / ".build" / "vercel"


class VercelBuild:
    """The output of `vercel build` in the folder that was built."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._output = folder / ".vercel" / "output"
        self.config: dict[str, Any] = json.loads((self._output / "config.json").read_text())

    @property
    def functions(self) -> dict[str, str]:
        """Each function's name with the file that it runs, such as `api/operations/health.py`."""
        folder = self._output / "functions"
        return {
            bundle.relative_to(folder).as_posix().removesuffix(".func"): _entrypoint(bundle)
            for bundle in self._bundles()
        }

    @property
    def rewrite_targets(self) -> list[str]:
        """Sorted targets of the rewrites, without the query that carries parameters."""
        return sorted(
            route["dest"].partition("?")[0]
            for route in self.config["routes"]
            if route.get("check") and "$1" not in route["dest"].partition("?")[0]
        )

    def without_byte_code(self) -> list[str]:
        """Return the functions whose file is not compiled."""
        return [
            _entrypoint(bundle)
            for bundle in self._bundles()
            if _entrypoint(bundle) not in map(_source_of, _files(bundle))
        ]

    @contextmanager
    def unpacked(self) -> Iterator[list[tuple[Path, Path, list[str]]]]:
        """Unpack the functions as the platform does, those with the same files together.

        Yields:
            For each set of files: its folder, the folder of its packages, and its modules.
        """
        modules_of: dict[str, list[str]] = defaultdict(list)
        for bundle in self._bundles():
            files = json.dumps(_files(bundle), sort_keys=True)
            modules_of[files].append(_module(_entrypoint(bundle)))
        with tempfile.TemporaryDirectory(prefix="stepwise-functions-") as folder:
            bundles = []
            for number, (files, modules) in enumerate(modules_of.items()):
                root = Path(folder) / str(number)
                self._unpack(json.loads(files), root)
                bundles.append((root, root / VENDORED, modules))
            yield bundles

    def _bundles(self) -> Iterator[Path]:
        return (self._output / "functions").rglob("*.func")

    def _unpack(self, files: dict[str, str], root: Path) -> None:
        for name, source in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).hardlink_to(self._folder / source)


def build(folder: Path, arguments: Sequence[str], *, byte_code: bool = True) -> VercelBuild:
    """Run `vercel build` in a folder that is linked to a project.

    Args:
        folder: Folder to build.
        arguments: Further arguments of `vercel build`.
        byte_code: Whether to compile each function with its packages, which takes minutes if there
            are many functions.

    Raises:
        SystemExit: If the build fails, or lacks byte code; the message says why.
    """
    environment = {**os.environ, **(WRITE_BYTE_CODE if byte_code else WITHOUT_BYTE_CODE)}
    tools.run("vercel", ["build", "--yes", *arguments], folder, environment)
    output = VercelBuild(folder)
    if byte_code and (names := output.without_byte_code()):
        raise SystemExit(f"Do not deploy this build: it has no byte code for {', '.join(names)}.")
    return output


def _files(bundle: Path) -> dict[str, str]:
    """Return the files of a function, each with its place in the folder of the build."""
    files: dict[str, str] = json.loads((bundle / ".vc-config.json").read_text())["filePathMap"]
    return files


def _source_of(name: str) -> str | None:
    """Return the source of a file of byte code; None for any other file."""
    match = BYTE_CODE.fullmatch(name)
    return f"{match[1]}{match[2]}.py" if match else None


def _module(entrypoint: str) -> str:
    """Return the module below `api/`, such as `assessment.submit`."""
    return entrypoint.removeprefix("api/").removesuffix(".py").replace("/", ".")


def _entrypoint(bundle: Path) -> str:
    match = ENTRYPOINT.search((bundle / LAUNCHER).read_text())
    if match is None:
        raise SystemExit(
            f"The built function {bundle.name} does not name the file to start; "
            f"compare its {LAUNCHER} with the pattern ENTRYPOINT."
        )
    return match[1]


def main(arguments: Sequence[str], link: Path = LINK) -> int:
    """Build into `.build/vercel` and print how to deploy it; return the exit status."""
    if not (link / "project.json").exists():
        raise SystemExit(
            f"This folder is not linked to a project: run `{tools.npx('vercel')} link` first."
        )
    tools.install()
    shutil.rmtree(TARGET, ignore_errors=True)
    tools.copy_deployed_tree(TARGET)
    shutil.copytree(link, TARGET / ".vercel", ignore=shutil.ignore_patterns("output", "python"))
    print("Building; every function is compiled separately, which takes minutes …", flush=True)
    output = build(TARGET, arguments)
    folder = TARGET.relative_to(tools.ROOT)
    print(f"Functions built with byte code: {len(output.functions)}. To deploy them:")
    print(f"  {tools.npx('vercel')} deploy --prebuilt --cwd {folder}", *arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
