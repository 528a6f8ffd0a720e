"""The logic of the pages, tested with node; and the libraries that they use are npm's."""

import json
from pathlib import Path

import pytest

from local.pages.vendor import FOLDER, IntegrityError, download, files_of
from tests.support.node_packages import run_node

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.stem)
def test_modules_of_the_pages(path: Path) -> None:
    report = run_node(["--test", "--test-reporter=tap", str(path)], HERE)
    assert "# fail 0" in report
    assert "# pass 0" not in report


def test_vendored_libraries_are_the_pinned_packages_of_npm() -> None:
    expected = download()
    assert {path.name for path in FOLDER.iterdir()} == {*expected, "packages.json"}
    for name, content in expected.items():
        assert (FOLDER / name).read_bytes() == content, name


def test_changed_package_is_refused() -> None:
    pin = json.loads((FOLDER / "packages.json").read_text())["htm"]
    with pytest.raises(IntegrityError):
        files_of(b"changed", pin["integrity"], pin["files"])
