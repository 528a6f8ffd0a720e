"""Each folder has a short README that describes its contents."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = tuple(
    name
    for name in ("api", "benchmarks", "device", "docs", "lib", "local", "sql", "tests")
    if (ROOT / name).exists()
)
SHORTEST, LONGEST = 5, 20  # lines
CACHES = {"__pycache__", "node_modules"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_is_short(folder: str) -> None:
    path = ROOT / folder / "README.md"
    assert path.exists(), (
        f"write {folder}/README.md: what belongs there, what does not, where to begin"
    )
    lines = len(path.read_text().splitlines())
    assert SHORTEST <= lines <= LONGEST, (
        f"{folder}/README.md has {lines} lines, not {SHORTEST} to {LONGEST};"
        " details belong in docs/"
    )


@pytest.mark.parametrize("folder", ["lib", "local", "tests"])
def test_readme_names_every_folder_in_it(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text()
    folders = {path.name for path in (ROOT / folder).iterdir() if path.is_dir()} - CACHES
    unnamed = sorted(name for name in folders if f"`{name}/`" not in text)
    assert unnamed == [], f"say in {folder}/README.md what is in {', '.join(unnamed)}"
