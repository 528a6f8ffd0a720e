"""npm packages for tests, installed once for each state of a lock file."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.servers.child import FolderLock

CACHE = Path(__file__).parents[2] / ".local" / "javascript"
PROGRAMS = Path(sys.executable).parent
NODE = str(PROGRAMS / "node")
ENVIRONMENT = {
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    "npm_config_cache": str(CACHE / "downloads"),
    "NODE_USE_SYSTEM_CA": "1",  # a company's proxy has its own certificate
    "npm_config_update_notifier": "false",
}
PINS = ("package.json", "package-lock.json")
INSTALL_SECONDS = 300.0


def copy_with_packages(source: Path, target: Path) -> Path:
    """Copy the files of a folder, with its packages beside them; return the copy."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
    (target / "node_modules").symlink_to(install_packages(source) / "node_modules")
    return target


def run_node(command: Sequence[str], folder: Path, seconds: float = 120) -> str:
    """Run a program with node in a folder; return its output, or fail with its errors."""
    process = subprocess.run(
        [NODE, "--no-warnings", *command],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def install_packages(source: Path) -> Path:
    """Install the packages of a lock file; return their folder."""
    state = hashlib.sha256(b"".join((source / name).read_bytes() for name in PINS)).hexdigest()
    folder = CACHE / state[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder).acquire(seconds=INSTALL_SECONDS):
        if not (folder / "done").exists():
            for name in PINS:
                shutil.copy(source / name, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            command = [str(PROGRAMS / "npm"), "ci", *quiet]
            subprocess.run(command, cwd=folder, env={**os.environ, **ENVIRONMENT}, check=True)
            (folder / "done").touch()
    return folder
