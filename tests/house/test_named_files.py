"""Documents and comments name files, folders and modules that exist."""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "vendor"}
SUFFIXES = "py|sql|md|json|svg|yml|toml|ini|txt|html|css|js|mjs|mako|zip"
COMMENTED_WITH_HASH = ("Makefile", ".vercelignore", ".gitignore", "serverless.yml", ".ci/run")
NOT_IN_REPOSITORY = {"backup.sql", "secrets.json", "lambda.zip", "lambda-small.zip", "findings.sql"}
"""Names of files that exist only at run time, and `findings.sql`, a field of a report."""
DATABASE = "local.db"
"""Name of a device's database, and the beginning of its copies' names."""

_PART = r"(?:[\w.*<>-]|\{[\w.*,-]+\})+"
NAMED = re.compile(
    rf"(?<![\w/.:@%$<>{{}}-])(?:{_PART}(?:/{_PART})+/?|[\w-]+/(?=`)|[\w.-]+\.(?:{SUFFIXES})\b)"
)
MODULE = re.compile(
    r"(?<![\w./-])(?:api|benchmarks|lib|local|migrations|tests)(?:\.\w+)+(?![\w/(])"
)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
DOCSTRING = re.compile(r'^[rR]?"""')


def files() -> Iterator[Path]:
    """Yield every file of the repository, except those of tools and package managers."""
    for top in ROOT.iterdir():
        if top.name.startswith("."):
            continue
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts):
                yield path
    yield from (ROOT / name for name in COMMENTED_WITH_HASH if name.startswith("."))


FILES = sorted(files())
NAMES = {path.name for path in FILES}
TOP_FOLDERS = {path.relative_to(ROOT).parts[0] for path in FILES if path.parent != ROOT}


def prose(path: Path) -> list[tuple[int, str]]:
    """Return the numbered lines of Markdown, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    lines = list(enumerate(text.splitlines(), 1))
    if path.suffix == ".md":
        return lines
    if path.suffix == ".sql":
        return [(number, line.partition("--")[2]) for number, line in lines]
    if path.suffix == ".py":
        return [
            (token.start[0] + offset, line)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
            or (token.type == tokenize.STRING and DOCSTRING.match(token.string))
            for offset, line in enumerate(token.string.splitlines())
        ]
    return [(number, line.partition("#")[2]) for number, line in lines]


@cache
def exists(name: str, folder: Path) -> bool:
    """Return whether a path, a pattern or a file name refers to an existing file."""
    name = re.sub(r"<\w+>", "*", name).rstrip("/.,")
    if re.fullmatch(r"docs/adr/\d{4}", name):
        name += "-*.md"
    return all(_exists(each, folder) for each in _expanded(name))


def _expanded(name: str) -> list[str]:
    """Expand braces: `a/{b,c}.py` to `a/b.py` and `a/c.py`."""
    parts = re.split(r"\{([^}]*)\}", name)
    choices = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return ["".join(combination) for combination in product(*choices)]


def _exists(name: str, folder: Path) -> bool:
    if "/" not in name and "*" not in name and name in NAMES:
        return True
    handler = name.removesuffix(".lambda_handler")
    name = name if handler == name else f"{handler}.py"
    return any(
        next(place.glob(name), None) is not None
        for place in (folder, *folder.parents)
        if place.is_relative_to(ROOT)
    )


def module_exists(name: str) -> bool:
    """Return whether a dotted name refers to a package, a module or a name in one."""
    place = ROOT
    for part in name.split("."):
        if (place / part).is_dir():
            place /= part
        elif (module := place / f"{part}.py").exists() or (
            module := place / "__init__.py"
        ).exists():
            return module.stem == part or part in module.read_text()
        else:
            return False
    return True


def is_own_path(name: str) -> bool:
    """Return whether a token is a path of this repository, rather than a fraction or an address."""
    top_folder, _, inner_path = name.partition("/")
    return top_folder in TOP_FOLDERS or not inner_path


def missing(line: str, folder: Path) -> list[str]:
    """Return the names in a line of a file in `folder` that refer to nothing."""
    paths = [
        name for name in NAMED.findall(line) if is_own_path(name) and name not in NOT_IN_REPOSITORY
    ]
    return [name for name in paths if not exists(name, folder)] + [
        name
        for name in MODULE.findall(line)
        if not NAMED.fullmatch(name) and not name.startswith(DATABASE) and not module_exists(name)
    ]


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def dead_links(path: Path) -> Iterator[str]:
    """Yield the links of a page to missing files or headings."""
    for name, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        target = (path.parent / name) if name else path
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target)
        ):
            yield f"{name}#{anchor}" if anchor else name


@pytest.mark.parametrize("suffix", [".md", ".py", ".sql", ""])
def test_named_files_folders_and_modules_exist(suffix: str) -> None:
    paths = [
        path
        for path in FILES
        if (
            path.suffix == suffix
            if suffix
            else path.relative_to(ROOT).as_posix() in COMMENTED_WITH_HASH
        )
    ]
    missing_names = [
        f"{path.relative_to(ROOT)}:{number} names {name}"
        for path in paths
        for number, line in prose(path)
        for name in missing(line, path.parent)
    ]
    assert paths
    assert missing_names == [], (
        "These do not exist. Write the present name of the file (git log --follow finds it), or"
        " remove the sentence:\n" + "\n".join(missing_names)
    )


def test_links_between_pages_have_a_target() -> None:
    broken_links = [
        f"{path.relative_to(ROOT)} links to {target}"
        for path in FILES
        if path.suffix == ".md"
        for target in dead_links(path)
    ]
    assert broken_links == [], "These links lead to a missing file or heading:\n" + "\n".join(
        broken_links
    )


@pytest.mark.parametrize(
    "line",
    [
        "see lib/engine/single.py",
        "`lattice.py` lays them",
        "the tools in `deploy/` are pinned",
        "docs/adr/0099 says why",
        "posterior/ has moved: lib/engine/{bank,belief}.py",
        "every sql/<context>/schema.sql",
        "`lib.upstash` is the client",
        "lib.engine.single.posterior",
        "python -m local.deploy_files",
    ],
)
def test_name_of_something_missing_is_reported(line: str) -> None:
    assert missing(line, ROOT / "docs")


@pytest.mark.parametrize(
    "line",
    [
        "see lib/engine/bank.py, and `scale.py`.",
        "lib/engine/{bank,scale}.py and api/*.py",
        "docs/adr/0003, docs/adr/",
        "docs/api/<context>/<function>.json",
        "handler: api/assessment/submit.lambda_handler",
        "`lib.engine.posterior`, lib.errors.AppError, lib.engine.select",
        "POST /api/nowhere/submit, https://example.com/lib/none.py, $API/api/none",
        "a third, 1/3 km/h, MULTI/EXEC, .local/simulate/",
    ],
)
def test_existing_names_and_other_text_are_not_reported(line: str) -> None:
    assert missing(line, ROOT / "docs") == []


def test_tests_named_in_the_recipes_exist() -> None:
    recipes = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named_tests = set(re.findall(r"`(test_[a-z0-9_]+)`", recipes))
    assert len(named_tests) > 10
    missing_tests = sorted(name for name in named_tests if f"def {name}(" not in sources)
    assert missing_tests == [], "CONTRIBUTING.md names these tests: write their present names"
