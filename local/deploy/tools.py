"""The platforms' build tools, pinned in `local/deploy/`, and the tree they are shown."""

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
SECONDS = 600
"""For one tool; `vercel build` installs once per function."""
QUIET = {"VERCEL_TELEMETRY_DISABLED": "1", "SLS_TELEMETRY_DISABLED": "1", "CI": "1"}
TRUST = {"NODE_USE_SYSTEM_CA": "1", "UV_SYSTEM_CERTS": "1"}
"""The machine's certificates too: behind a company's proxy there is no way without them."""
PROJECT = {"projectId": "prj_none", "orgId": "team_none", "settings": {"framework": None}}
"""What `vercel build` wants to see of an account; nothing looks it up."""


def install() -> None:
    """Install into `.build`, once per lock file; packages' own install scripts do not run.

    Not `npm ci`: it insists on builds for other systems that not every registry carries.
    """
    lock, installed = ROOT / "local" / "deploy" / "package-lock.json", TOOLS / "installed-lock.json"
    if installed.exists() and filecmp.cmp(lock, installed, shallow=False):
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "local" / "deploy" / name, TOOLS / name)
    print("installing the platforms' tools into .build (once) …", flush=True)
    options = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run([str(_environment_folder() / "npm"), "install", *options], TOOLS)
    shutil.copy(lock, installed)


def run(
    tool: str, arguments: list[str], folder: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a tool in a folder.

    Raises:
        SystemExit: If it fails; with what it said.
    """
    _run([str(TOOLS / "node_modules" / ".bin" / tool), *arguments], folder, env)


def copy_deployed_tree(target: Path) -> None:
    """Copy what a deployment uploads by `.vercelignore`, and what osls reads.

    Vercel's command line obeys that file when it uploads, not when it builds.
    """
    rules = (ROOT / ".vercelignore").read_text()
    allowed = re.findall(r"^!/(.+)$", rules, re.MULTILINE)
    refused = re.findall(r"^(\*\..+)$", rules, re.MULTILINE)
    target.mkdir(parents=True)
    for name in (*allowed, "serverless.yml"):
        if (ROOT / name).is_dir():
            leave = shutil.ignore_patterns("__pycache__", *refused)
            shutil.copytree(ROOT / name, target / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, target / name)
    (target / ".vercel").mkdir()
    (target / ".vercel" / "project.json").write_text(json.dumps(PROJECT))


def _run(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
    # The environment's own node, npm and uv come first.
    path = f"{_environment_folder()}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **TRUST, **QUIET, **(env or {}), "PATH": path},
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
