"""The platforms' build tools, pinned in package-lock.json, and the tree that they build."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".build" / "deploy-tools"
SECONDS = 3600
"""Time limit of a tool; `vercel build` compiles all packages again for each function."""
QUIET = {"VERCEL_TELEMETRY_DISABLED": "1", "SLS_TELEMETRY_DISABLED": "1", "CI": "1"}
TRUST = {"NODE_USE_SYSTEM_CA": "1", "UV_SYSTEM_CERTS": "1"}
"""Variables that make the tools trust the machine's certificates, such as a company proxy's."""
OSLS_FILES = ("serverless.yml", "local/deploy/environment.cjs")
PROJECT = {"projectId": "prj_none", "orgId": "team_none", "settings": {"framework": None}}
"""Placeholder for an account's project; `vercel build` does not run without a project."""


def install() -> None:
    """Install the tools into `.build` unless they match the lock file; run no install scripts.

    `npm ci` would also demand packages for other systems, which some registries lack.
    """
    lock = ROOT / "local" / "deploy" / "package-lock.json"
    installed_lock = TOOLS / "installed-lock.json"
    if installed_lock.exists() and filecmp.cmp(lock, installed_lock, shallow=False):
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "local" / "deploy" / name, TOOLS / name)
    print("Installing the platforms' tools into .build (once) …", flush=True)
    options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run([str(_environment_folder() / "npm"), "install", *options], TOOLS)
    shutil.copy(lock, installed_lock)


def run(
    tool: str, arguments: list[str], folder: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a tool in a folder.

    Args:
        tool: Name of the tool.
        arguments: Its arguments.
        folder: Folder in which it runs.
        env: Its variables; by default those of this process.

    Raises:
        SystemExit: If it fails; the message contains its output.
    """
    _run([str(TOOLS / "node_modules" / ".bin" / tool), *arguments], folder, env)


def npx(tool: str) -> str:
    """Return the start of a command line that runs the pinned version of a tool."""
    pins = json.loads((ROOT / "local" / "deploy" / "package.json").read_text())["dependencies"]
    return f"npx {tool}@{pins[tool]}"


def copy_deployed_tree(target: Path) -> None:
    """Copy the files that `.vercelignore` lets a deployment upload, and those that osls reads.

    `vercel build` itself ignores that file; only uploads follow it.
    """
    rules = (ROOT / ".vercelignore").read_text()
    included = re.findall(r"^!/(.+)$", rules, re.MULTILINE)
    excluded_patterns = re.findall(r"^(\*\..+)$", rules, re.MULTILINE)
    target.mkdir(parents=True)
    for name in (*included, *OSLS_FILES):
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", *excluded_patterns)
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def link_to_placeholder(folder: Path) -> None:
    """Link a folder to a project that does not exist; building needs a link, but no account."""
    (folder / ".vercel").mkdir()
    (folder / ".vercel" / "project.json").write_text(json.dumps(PROJECT))


def _run(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
    # The node, npm and uv of the environment take precedence.
    path = f"{_environment_folder()}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env={**(os.environ if env is None else env), **TRUST, **QUIET, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stdout}")


def _environment_folder() -> Path:
    return Path(sys.executable).parent
