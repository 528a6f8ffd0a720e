"""Decisions, the changelog and generated pages have the right form."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
PARTS = ["Context", "Decision", "Consequences"]  # after the status, the first of the four
PAGE_LINES = 60
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
NOT_THERE_YET = r"in preparation"
RELEASE = r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}"


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_has_its_four_parts_on_one_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(path.stem[:4])}. "), "the title begins with the file's number"
    assert re.search(r"^\*\*Status\*\*: \w+", text, re.MULTILINE), "say **Status**: accepted"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert len(text.splitlines()) <= PAGE_LINES, (
        f"{path.name} is longer than a page; figures and tables go to docs/measurements.md or the"
        " page of their topic"
    )


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.stem[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_changelog_has_the_form_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert releases[0] == "[Unreleased]", "new entries go under ## [Unreleased]"
    assert [name for name in releases if not re.fullmatch(RELEASE, name)] == []
    unknown = set(re.findall(r"^### (.+)$", text, re.MULTILINE)) - KINDS_OF_CHANGE
    assert unknown == set(), f"changes belong under one of {', '.join(sorted(KINDS_OF_CHANGE))}"


def test_engine_page_repeats_the_summary_of_the_benchmark() -> None:
    exactness_page = (ROOT / "docs" / "engine-exactness.md").read_text(encoding="utf-8")
    summary = exactness_page.partition("## Summary\n")[2].partition("\n## ")[0].strip()
    assert len(summary.splitlines()) == 7  # a header, a separator and five rows
    assert summary in (ROOT / "docs" / "engine.md").read_text(encoding="utf-8"), (
        "copy the table under Summary from docs/engine-exactness.md into docs/engine.md"
    )


def test_first_pages_describe_the_product_alike_and_announce_nothing_in_preparation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    landing_page = (ROOT / "public" / "index.html").read_text(encoding="utf-8")
    descriptions = re.findall(r'<meta [^>]*description" content="(.*?)"', landing_page)
    assert descriptions == [project["description"]] * 2
    for name in ("README.md", "public/index.html", "docs/overview.svg", "pyproject.toml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(NOT_THERE_YET, text, re.IGNORECASE) == [], name
