"""The project's part of the Lambda artifact: reproducible, with byte code that stays valid."""

import marshal
import os
import re
import shutil
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import source_hash
from pathlib import Path

import pytest

from local.deploy import files, heavy_packages, lambda_artifact

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
    clone = shutil.copytree(source, tmp_path / "a clone in another place")
    for path in clone.rglob("*"):
        os.utime(path, (1, 1))
    assert pack(clone, tmp_path / "second").read_bytes() == artifact.read_bytes()


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


@pytest.mark.parametrize(
    ("name", "heavy"),
    [
        ("numpy/linalg/__init__.py", True),
        ("numpy.libs/libscipy_openblas64_.so", True),
        ("numpy-2.5.5.dist-info/METADATA", True),
        ("botocore/client.py", True),
        ("six.py", True),
        ("lib/engine/__init__.py", False),
        ("lib/numpy.py", False),
        ("psycopg/types/numpy.py", False),
        ("pydantic/main.py", False),
    ],
)
def test_small_artifact_lacks_only_the_heavy_packages(name: str, heavy: bool) -> None:
    assert bool(heavy_packages.FILES.match(name)) == heavy


def test_functions_that_need_no_heavy_package_have_the_small_artifact() -> None:
    assert files.has_small_artifact("workshop.generate_session")
    assert files.has_small_artifact("assessment.questions_upload")
    whole = ("assessment.submit", "operations.admin_backup", "operations.nightly", files.INDEX)
    for name in whole:
        assert not files.has_small_artifact(name)


def test_no_package_of_the_small_artifact_needs_one_that_it_lacks() -> None:
    pins = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    light = [name for name in pins if not is_heavy(name)]
    assert {"numpy", "boto3", "botocore"} <= set(pins) - set(light)
    for name in light:
        try:
            required = requires(name) or []
        except PackageNotFoundError:  # for another system
            continue
        plain = [line for line in required if "extra ==" not in line]
        names = [re.split(r"[^\w.-]", line)[0] for line in plain]
        assert [needed for needed in names if is_heavy(needed)] == [], name


def is_heavy(distribution: str) -> bool:
    return bool(heavy_packages.FILES.match(f"{distribution.replace('-', '_')}-1.dist-info/"))


def test_small_artifact_has_all_of_our_code(artifact: Path) -> None:
    small = lambda_artifact.small_artifact(artifact)
    assert small != artifact
    assert small.read_bytes() == artifact.read_bytes()  # this one was packed without packages
