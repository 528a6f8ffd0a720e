"""The project's part of the Lambda artifact: reproducible, with byte code that stays valid."""

import marshal
import os
import shutil
import sys
import zipfile
from importlib.util import source_hash
from pathlib import Path

import pytest

from local.deploy import lambda_artifact

ROOT = Path(__file__).resolve().parents[2]
HEADER_BYTES = 16
UNCHECKED_HASH = 0b01


def pack(source: Path, folder: Path) -> Path:
    task, target = folder / "task", folder / "lambda.zip"
    task.mkdir(parents=True)
    lambda_artifact.pack(source, task, target, sys.executable)
    return target


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the deployed code."""
    folder = tmp_path_factory.mktemp("source")
    for name in lambda_artifact.OWN_CODE:
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def artifact(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(source, tmp_path_factory.mktemp("first"))


def test_artifact_depends_neither_on_the_folder_nor_on_file_times(
    source: Path, artifact: Path, tmp_path: Path
) -> None:
    elsewhere = shutil.copytree(source, tmp_path / "a clone in another place")
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
    assert pack(elsewhere, tmp_path / "second").read_bytes() == artifact.read_bytes()


def test_byte_code_is_valid_whatever_the_file_times(artifact: Path) -> None:
    with zipfile.ZipFile(artifact) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        assert len(compiled) == len([n for n in archive.namelist() if n.endswith(".py")])
        for name in compiled:
            header = archive.read(name)[:HEADER_BYTES]
            folder, _, file = name.rpartition("__pycache__/")
            source = archive.read(f"{folder}{file.partition('.')[0]}.py")
            assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH
            assert header[8:] == source_hash(source)


def test_tracebacks_name_the_path_in_lambda_and_not_the_one_of_the_build(artifact: Path) -> None:
    with zipfile.ZipFile(artifact) as archive:
        (name,) = [
            name for name in archive.namelist() if "api/operations/__pycache__/health." in name
        ]
        code = marshal.loads(archive.read(name)[HEADER_BYTES:])
    assert code.co_filename == "/var/task/api/operations/health.py"


def test_artifact_contains_only_deployed_folders_and_no_notes(artifact: Path) -> None:
    with zipfile.ZipFile(artifact) as archive:
        top_folders = {name.partition("/")[0] for name in archive.namelist()}
        notes = [name for name in archive.namelist() if name.endswith(".md")]
    assert top_folders == {"api", "lib", "sql"}
    assert notes == []


@pytest.mark.parametrize(
    ("name", "excluded"),
    [
        ("botocore/data/s3/2006-03-01/service-2.json.gz", False),
        ("botocore/data/endpoints.json", False),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", True),
        ("bin/uvicorn", True),
        ("fastapi-1.0.dist-info/RECORD", True),
        ("fastapi-1.0.dist-info/METADATA", False),
        ("lib/web/app.py", False),
    ],
)
def test_only_files_that_no_function_reads_are_excluded(name: str, excluded: bool) -> None:
    assert bool(lambda_artifact.EXCLUDED.match(name)) == excluded
