"""Build `.build/lambda.zip`, the code of every Lambda function, the same bytes each time.

    python -m local.deploy.lambda_artifact [FILE]

The pinned packages for Lambda's Linux (whatever this machine is), our own code, and byte code
that stays valid although a zip keeps no useful file times. Order, times and rights are fixed,
so two builds of one commit are one file, and a deployment of the same commit changes nothing.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARTIFACT = ROOT / ".build" / "lambda.zip"
OWN_CODE = ("api", "lib", "sql")
PYTHON = "3.12"
"""As `provider.runtime` in serverless.yml."""
PLATFORM = "x86_64-manylinux_2_28"
"""As `provider.architecture`; Lambda's own system has a newer glibc."""
IN_LAMBDA = "/var/task"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
FILE_RIGHTS = 0o100644 << 16
LIMIT_BYTES = 250 * 1024 * 1024
"""Lambda's limit for the unpacked code."""
NOT_NEEDED = re.compile(
    # Written by the installer, differently each time.
    r"bin/|\.lock$|.*\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$"
    # Descriptions of 400 AWS services; the backup functions call one, and may assume a role.
    r"|botocore/data/(?!s3/|sts/|[^/]+\.json)"
)


def build(target: Path = ARTIFACT, source: Path = ROOT) -> str:
    """Build the artifact of the project at `source`; returns its SHA-256.

    Raises:
        SystemExit: If there is no Python of Lambda's version here, or the code is over the limit.
    """
    python = target_python()
    with tempfile.TemporaryDirectory(prefix="stepwise-lambda-") as folder:
        task = Path(folder) / "task"
        _install(source / "requirements.txt", task, python)
        pack(source, task, target, python)
        _check_size(task)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def pack(source: Path, task: Path, target: Path, python: str) -> None:
    """Add our code to the packages in `task`, compile all of it, and zip it to `target`."""
    _copy_own_code(source, task)
    _compile(task, python)
    target.parent.mkdir(parents=True, exist_ok=True)
    _zip(task, target)


def target_python() -> str:
    """A Python of Lambda's version: byte code must come from the version that will read it.

    Raises:
        SystemExit: If this machine has none.
    """
    if sysconfig.get_python_version() == PYTHON:
        return sys.executable
    found = shutil.which(f"python{PYTHON}")
    if found is None:
        raise SystemExit(f"Building for Lambda needs python{PYTHON}, whose byte code it runs")
    return found


def _install(pins: Path, task: Path, python: str) -> None:
    # uv, not pip: pip would judge the markers in the pins by this machine, not by the target.
    subprocess.run(
        [
            *(_tool("uv"), "pip", "install", "--quiet", "--target", str(task)),
            *("--python", python, "--python-version", PYTHON, "--python-platform", PLATFORM),
            *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy"),
            *("-r", str(pins)),
        ],
        check=True,
    )


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _copy_own_code(source: Path, task: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__", ".*", "*.md")
    for name in OWN_CODE:
        shutil.copytree(source / name, task / name, ignore=leave)


def _compile(task: Path, python: str) -> None:
    """Compile in one process and in a fixed order: the bytes depend on both."""
    modes = ("--invalidation-mode", "unchecked-hash", "-s", str(task), "-p", IN_LAMBDA)
    subprocess.run(
        [python, "-m", "compileall", "-q", "-f", *modes, str(task)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=True,
    )


def _check_size(task: Path) -> None:
    size = sum(path.stat().st_size for path in _files(task))
    if size > LIMIT_BYTES:
        raise SystemExit(f"The code is {size:,} bytes; Lambda takes {LIMIT_BYTES:,}")


def _zip(task: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in _files(task):
            entry = zipfile.ZipInfo(path.relative_to(task).as_posix(), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = FILE_RIGHTS
            entry.create_system = 3  # Unix, also when built elsewhere
            archive.writestr(entry, path.read_bytes())


def _files(task: Path) -> list[Path]:
    names = {path: path.relative_to(task).as_posix() for path in task.rglob("*") if path.is_file()}
    return sorted(path for path, name in names.items() if not NOT_NEEDED.match(name))


def main(arguments: list[str]) -> int:
    """Build and say what came out; returns the exit status."""
    target = Path(arguments[0]).resolve() if arguments else ARTIFACT
    digest = build(target)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
