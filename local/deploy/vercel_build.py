"""Run `vercel build` on a copy of the tree and read its output."""

import json
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.deploy import tools

LAUNCHER = "vc__handler__python.py"
ENTRYPOINT = re.compile(r'"__VC_HANDLER_ENTRYPOINT": "([^"]+)"')
VENDORED = "_vendor"


class VercelBuild:
    """The output of one build.

    Args:
        tree: Files that are uploaded; the build works on a copy.
        config: Configuration file, such as `vercel.json`.
        compiled: Whether to write byte code as a deployment does; slow, because the build repeats
            it for each function.
    """

    def __init__(self, tree: Path, config: str, *, compiled: bool) -> None:
        self._work = tree.with_name(f"{tree.name}-{config}")
        shutil.copytree(tree, self._work)
        environment = {"VERCEL_PYTHON_COMPILEALL": "1" if compiled else "0"}
        tools.run("vercel", ["build", "--yes", "-A", config], self._work, environment)
        self._output = self._work / ".vercel" / "output"
        self.config: dict[str, Any] = json.loads((self._output / "config.json").read_text())

    @property
    def functions(self) -> dict[str, str]:
        """Each function's name with the file that it starts, such as `api/operations/health.py`."""
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

    @contextmanager
    def unpacked(self) -> Iterator[list[tuple[Path, Path, list[str]]]]:
        """Unpack the functions as the platform does, those with the same files together.

        Yields:
            For each set of files: its folder, the folder of its packages, and its modules.
        """
        modules_of: dict[str, list[str]] = defaultdict(list)
        for bundle in self._bundles():
            files = json.loads((bundle / ".vc-config.json").read_text())["filePathMap"]
            modules_of[json.dumps(files, sort_keys=True)].append(_module(_entrypoint(bundle)))
        with tempfile.TemporaryDirectory(prefix="stepwise-functions-") as folder:
            unpacked = []
            for number, (files, modules) in enumerate(modules_of.items()):
                root = Path(folder) / str(number)
                self._unpack(json.loads(files), root)
                unpacked.append((root, root / VENDORED, modules))
            yield unpacked

    def _bundles(self) -> Iterator[Path]:
        return (self._output / "functions").rglob("*.func")

    def _unpack(self, files: dict[str, str], root: Path) -> None:
        for name, source in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).hardlink_to(self._work / source)


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
