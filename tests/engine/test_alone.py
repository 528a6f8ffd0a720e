"""A copy of the engine's folder works outside this project, with numpy and nothing else."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "engine.md"
EXAMPLE_OUTPUT = re.compile(r"(\d+) \[(.+)\] \[(.+)\]\n")
"""Number of answers, mean and deviation, as the example prints them."""


def copy_engine(folder: Path) -> Path:
    """Copy the engine to `engine` in the folder, link numpy beside it, and return the folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lib" / "engine", folder / "engine", ignore=ignored)
    numpy_folder = Path(np.__file__).parent
    for path in (numpy_folder, numpy_folder.with_name("numpy.libs")):
        if path.exists():
            (folder / path.name).symlink_to(path)
    return folder


def run(folder: Path, code: str) -> str:
    """Run code with only the standard library and the packages of a folder; return its output."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_ten_lines_of_the_docs_simulate_a_test_outside_the_project(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in example.splitlines() if line]) == 10
    match = EXAMPLE_OUTPUT.fullmatch(run(copy_engine(tmp_path), example))
    assert match is not None
    answers, mean, deviation = int(match[1]), float(match[2]), float(match[3])
    assert 5 <= answers < 20, "the test should end once it is precise enough"
    assert deviation <= 0.4
    assert abs(mean - 0.8) < 3 * 0.4


def test_every_module_of_the_engine_can_be_imported_outside(tmp_path: Path) -> None:
    folder = copy_engine(tmp_path)
    names = sorted(
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for path in (folder / "engine").rglob("*.py")
    )
    assert {"engine", "engine.fit", "engine.calibration", "engine.posterior.grid"} <= set(names)
    code = f"import importlib\nfor name in {names}: print(importlib.import_module(name).__name__)"
    assert run(folder, code).split() == names


def test_engine_declares_that_it_is_typed() -> None:
    assert (ROOT / "lib" / "engine" / "py.typed").exists()
