"""A build for Vercel on this machine needs a link to a project, and byte code for each function."""

import json
from pathlib import Path

import pytest

from local.deploy import vercel_build
from local.deploy.vercel_build import VercelBuild

SOURCES = ("api/index.py", "api/operations/health.py", "lib/routes.py")
BYTE_CODE = ("api/__pycache__/index.cpython-312.pyc", "lib/__pycache__/routes.cpython-312.pyc")
HEALTH = "api/operations/__pycache__/health.cpython-312.pyc"


@pytest.fixture
def build_folder(tmp_path: Path) -> Path:
    """A folder with a build of one function, `api/operations/health.py`, without its byte code."""
    bundle = tmp_path / ".vercel" / "output" / "functions" / "api" / "operations" / "health.func"
    bundle.mkdir(parents=True)
    entrypoint = '{"__VC_HANDLER_ENTRYPOINT": "api/operations/health.py"}'
    (bundle / vercel_build.LAUNCHER).write_text(entrypoint)
    (tmp_path / ".vercel" / "output" / "config.json").write_text('{"version": 3}')
    write_files(tmp_path, *SOURCES, *BYTE_CODE)
    return tmp_path


def write_files(folder: Path, *names: str) -> None:
    (bundle,) = (folder / ".vercel" / "output" / "functions").rglob("*.func")
    content = {"filePathMap": {name: name for name in names}}
    (bundle / ".vc-config.json").write_text(json.dumps(content))


def test_function_without_byte_code_of_its_own_file_is_named(build_folder: Path) -> None:
    assert VercelBuild(build_folder).without_byte_code() == ["api/operations/health.py"]
    other_health = "lib/operations/__pycache__/health.cpython-312.pyc"
    write_files(build_folder, *SOURCES, *BYTE_CODE, other_health)
    assert VercelBuild(build_folder).without_byte_code() == ["api/operations/health.py"]


def test_function_with_byte_code_of_its_own_file_is_complete(build_folder: Path) -> None:
    write_files(build_folder, *SOURCES, *BYTE_CODE, HEALTH)
    assert VercelBuild(build_folder).without_byte_code() == []


def test_build_needs_a_link_to_a_project(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"npx vercel@\S+ link"):
        vercel_build.main(["--prod"], link=tmp_path)
