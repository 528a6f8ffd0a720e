"""The logic of the pages, tested with node; their libraries, sizes, offline files and icons."""

import gzip
import json
import re
import struct
from pathlib import Path

import pytest

from local.pages import shell
from local.pages.npm_packages import IntegrityError, files_of
from local.pages.vendor import FOLDER, download
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
LARGER = {"learn": 76 * 1024}
"""Limits of larger pages: a third of the study page is modules for the copy of the student's rows,
which load at the same time as the page's own modules."""
PRELOADED = re.compile(r'<link rel="modulepreload" href="/([^"]+)" />')
IMPORT = re.compile(r'(?:from|import)\s*"(\.[^"]+)"')


def files_of_page(page: Path) -> set[Path]:
    """Return a page's document with the scripts, styles and icons that it loads."""
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'(?:src|href)="/([^"]+\.(?:js|css|svg))"', text)
    files, waiting = {page}, [PUBLIC / name for name in names]
    while waiting:
        file = waiting.pop()
        if file not in files:
            files.add(file)
            if file.suffix == ".js":
                imported_names = IMPORT.findall(file.read_text(encoding="utf-8"))
                waiting += [(file.parent / name).resolve() for name in imported_names]
    return files


@pytest.mark.parametrize("page", sorted(PUBLIC.glob("*.html")), ids=lambda page: page.stem)
def test_page_is_small(page: Path) -> None:
    files = files_of_page(page)
    assert len(files) > 5
    size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)
    assert size <= LARGER.get(page.stem, MAX_PAGE_BYTES), f"{size} bytes"


def test_study_page_preloads_the_modules_of_the_copy() -> None:
    """Without this, the first data are requested only after three more rounds of loading."""
    preloaded_names = PRELOADED.findall((PUBLIC / "learn.html").read_text(encoding="utf-8"))
    modules = (PUBLIC / "learn" / "offline").glob("*.js")
    assert preloaded_names == sorted(path.relative_to(PUBLIC).as_posix() for path in modules)


def test_service_worker_lists_the_current_files() -> None:
    assert (PUBLIC / shell.WORKER).read_text("utf-8") == shell.content(), "run: make shell"


def test_service_worker_lists_what_the_page_loads_at_once_and_on_demand() -> None:
    listed_files = set(shell.files())
    assert listed_files > {shell.PUBLIC / "learn.html", *files_of_page(PUBLIC / "learn.html")}
    on_demand = {"account/enter.js", "learn/practice.js", "learn/progress.js", "learn/settings.js"}
    assert listed_files > {PUBLIC / name for name in on_demand}
    modules = {path for path in (PUBLIC / "learn").rglob("*") if path.is_file()}
    assert modules <= listed_files
    assert not listed_files & {
        PUBLIC / "admin/page.js",
        PUBLIC / "teach/page.js",
        PUBLIC / shell.WORKER,
    }


def test_manifest_states_the_sizes_of_its_pictures() -> None:
    icons = json.loads((PUBLIC / "learn" / "manifest.json").read_text())["icons"]
    purposes = {icon["purpose"] for icon in icons}
    assert purposes == {"any", "maskable"}
    for icon in icons:
        head = (PUBLIC / icon["src"].removeprefix("/")).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", head[16:24])
        assert icon["sizes"] == f"{width}x{height}", icon["src"]
