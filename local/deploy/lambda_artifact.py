"""Build the code of the Lambda functions in `.build/`, reproducibly.

    python -m local.deploy.lambda_artifact [FILE]

`.build/lambda.zip` has everything, `.build/lambda-small.zip` lacks the packages of
`local/deploy/heavy_packages.py`. Both contain the pinned packages for Lambda's Linux, the project's
code, and byte code that does not depend on the times of the files. Order, times and permissions are
fixed, so two builds of one commit are identical, and deploying the same commit again changes
nothing.
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

from local.deploy import heavy_packages

ROOT = Path(__file__).resolve().parents[2]
ARTIFACT = ROOT / ".build" / "lambda.zip"
OWN_CODE = ("api", "lib", "sql")
PYTHON = "3.12"
"""Version in `provider.runtime` of serverless.yml."""
PLATFORM = "x86_64-manylinux_2_28"
"""Platform of the wheels: the architecture in `provider.architecture`, and a glibc that is older
than that of Lambda's system, so that the wheels run there."""
LAMBDA_FOLDER = "/var/task"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644 << 16
LIMIT_BYTES = 250 * 1024 * 1024
"""Lambda's limit for the unpacked code."""
EXCLUDED = re.compile(
    # The installer writes these differently each time.
    r"bin/|\.lock$|.*\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json)$"
    # Descriptions of 400 AWS services; backups use only S3, and STS to assume a role.
    r"|botocore/data/(?!s3/|sts/|[^/]+\.json)"
)


def build(target: Path = ARTIFACT, source: Path = ROOT) -> None:
    """Build both artifacts of the project at `source`, the small one beside `target`.

    Raises:
        SystemExit: If Lambda's version of Python is not installed, or the code is too large.
    """
    python = target_python()
    with tempfile.TemporaryDirectory(prefix="stepwise-lambda-") as folder:
        task = Path(folder) / "task"
        _install(source / "requirements.txt", task, python)
        pack(source, task, target, python)
        _check_size(task)


def pack(source: Path, task: Path, target: Path, python: str) -> None:
    """Add the project's code to the packages in `task`, compile all, and write both artifacts."""
    _copy_own_code(source, task)
    _compile(task, python)
    target.parent.mkdir(parents=True, exist_ok=True)
    files = _files(task)
    _zip(task, files, target)
    small = [it for it in files if not heavy_packages.FILES.match(it.relative_to(task).as_posix())]
    _zip(task, small, small_artifact(target))


def small_artifact(target: Path = ARTIFACT) -> Path:
    """Return the path of the small artifact that is built together with `target`."""
    return target.with_name(f"{target.stem}-small{target.suffix}")


def target_python() -> str:
    """Return a Python of Lambda's version, the only one whose byte code Lambda can read.

    Raises:
        SystemExit: If this machine has none.
    """
    if sysconfig.get_python_version() == PYTHON:
        return sys.executable
    python = shutil.which(f"python{PYTHON}")
    if python is None:
        raise SystemExit(
            f"Building for Lambda needs Python {PYTHON}, and python{PYTHON} is not on the PATH. "
            "Install it, then try again."
        )
    return python


def _install(pins: Path, task: Path, python: str) -> None:
    # pip would evaluate the markers of the pins for this machine, uv does so for the target.
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
    ignored = shutil.ignore_patterns("__pycache__", ".*", "*.md")
    for name in OWN_CODE:
        shutil.copytree(source / name, task / name, ignore=ignored)


def _compile(task: Path, python: str) -> None:
    """Compile in one process, because the byte code depends on the order."""
    modes = ("--invalidation-mode", "unchecked-hash", "-s", str(task), "-p", LAMBDA_FOLDER)
    subprocess.run(
        [python, "-m", "compileall", "-q", "-f", *modes, str(task)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=True,
    )


def _check_size(task: Path) -> None:
    size = sum(path.stat().st_size for path in _files(task))
    if size > LIMIT_BYTES:
        raise SystemExit(
            f"The code has {size:,} bytes, but Lambda takes {LIMIT_BYTES:,}. Remove packages."
        )


def _zip(task: Path, files: list[Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(task).as_posix(), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = FILE_MODE
            entry.create_system = 3  # Unix, whatever system builds it
            archive.writestr(entry, path.read_bytes())


def _files(task: Path) -> list[Path]:
    names = {path: path.relative_to(task).as_posix() for path in task.rglob("*") if path.is_file()}
    return sorted(path for path, name in names.items() if not EXCLUDED.match(name))


def main(arguments: list[str]) -> int:
    """Build the artifacts and print their sizes and hashes; return the exit status."""
    target = Path(arguments[0]).resolve() if arguments else ARTIFACT
    build(target)
    for artifact in (target, small_artifact(target)):
        digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
        print(f"{artifact}: {artifact.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
