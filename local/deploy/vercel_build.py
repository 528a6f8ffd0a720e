"""Run `vercel build` on a copy of the tree and read what it made."""

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
        tree: What is uploaded; the build writes into a copy of it.
        config: `vercel.json` or another of its kind.
        compiled: Write byte code, as a deployment does; the build does so anew for each function.
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
        """Name of each function → the file it starts, such as `api/operations/health.py`."""
        folder = self._output / "functions"
        return {
            bundle.relative_to(folder).as_posix().removesuffix(".func"): _entrypoint(bundle)
            for bundle in self._bundles()
        }

    @property
    def rewrite_targets(self) -> list[str]:
        """Where rewrites go, sorted, without the query that carries parameters."""
        return sorted(
            route["dest"].partition("?")[0]
            for route in self.config["routes"]
            if route.get("check") and "$1" not in route["dest"].partition("?")[0]
        )

    @contextmanager
    def unpacked(self) -> Iterator[list[tuple[Path, Path, list[str]]]]:
        """Lay out functions as the platform does, those with the same files together.

        Yields:
            Folder, folder of its packages, and the modules that start there.
        """
        same: dict[str, list[str]] = defaultdict(list)
        for bundle in self._bundles():
            files = json.loads((bundle / ".vc-config.json").read_text())["filePathMap"]
            same[json.dumps(files, sort_keys=True)].append(_module(_entrypoint(bundle)))
        with tempfile.TemporaryDirectory(prefix="stepwise-functions-") as folder:
            laid_out = []
            for number, (files, modules) in enumerate(same.items()):
                root = Path(folder) / str(number)
                self._lay_out(json.loads(files), root)
                laid_out.append((root, root / VENDORED, modules))
            yield laid_out

    def _bundles(self) -> Iterator[Path]:
        return (self._output / "functions").rglob("*.func")

    def _lay_out(self, files: dict[str, str], root: Path) -> None:
        for name, source in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).hardlink_to(self._work / source)


def _module(entrypoint: str) -> str:
    """`api/assessment/submit.py` → `assessment.submit`."""
    return entrypoint.removeprefix("api/").removesuffix(".py").replace("/", ".")


def _entrypoint(bundle: Path) -> str:
    found = ENTRYPOINT.search((bundle / LAUNCHER).read_text())
    if found is None:
        raise SystemExit(f"{bundle.name} names no file to start")
    return found[1]
