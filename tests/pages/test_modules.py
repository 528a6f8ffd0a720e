"""The logic of the pages, tested with node, and the integrity of the libraries that they use."""

import gzip
import json
import re
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


PUBLIC = FOLDER.parent
MAX_PAGE_BYTES = 40 * 1024
LARGER = {"learn": 47 * 1024}
"""Limits of pages that show more at once: the study page with plan, advice and 30 days."""
IMPORT = re.compile(r'(?:from|import)\s*"(\.[^"]+)"')


def files_of_page(page: Path) -> set[Path]:
    """Return a page's document with the scripts and styles that it loads."""
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'(?:src|href)="/([^"]+\.(?:js|css|svg))"', text)
    files, waiting = {page}, [PUBLIC / name for name in names]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files.add(file)
            if file.suffix == ".js":
                found = IMPORT.findall(file.read_text(encoding="utf-8"))
                waiting += [(file.parent / name).resolve() for name in found]
    return files


@pytest.mark.parametrize("page", sorted(PUBLIC.glob("*.html")), ids=lambda page: page.stem)
def test_page_is_small(page: Path) -> None:
    files = files_of_page(page)
    assert len(files) > 5
    size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)
    assert size <= LARGER.get(page.stem, MAX_PAGE_BYTES), f"{size} bytes"
