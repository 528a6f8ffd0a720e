"""The deployment files agree with `lib/routes.py`, and Vercel finds every function."""

import ast
import json
import re
from pathlib import Path

import pytest

from lib.access.endpoint import OPERATOR_SECONDS, Access
from lib.operations.nightly import scheduled_jobs
from lib.routes import ENDPOINTS, modules
from local.deploy import check, files, tools
from tests.house.test_import_graph import imported_at_run_time
from tests.support.lambda_runtime import read_routes

ROOT = Path(__file__).resolve().parents[2]
API_FILES = sorted((ROOT / "api").rglob("*.py"))
API_LINES, INDEX_LINES = 45, 60
ROUTES = 2
"""Number of routes that a file may have within API_LINES."""
LINES_OF_ROUTE = 10
"""Lines for each further route."""
FUNCTIONS = 72
"""Number of files in `api/`, with the index; it reveals tests that find no files to check."""
VERCEL_KEYS = 50
"""Number of entries in `functions` that Vercel allows."""
STACK_RESOURCES = 450
"""Limit on the stack's resources; the rest of CloudFormation's 500 is for what a customer adds."""
WRITE_THEM = "run `.venv/bin/python -m local.deploy.files`, which writes them from lib/routes.py"
CRON_FIELD = re.compile(r"\*|\*/\d+|\d+(,\d+)*")


def top_level_assignments(path: Path) -> set[str]:
    """Return the names that a loader finds if it reads only the syntax tree."""
    tree = ast.parse(path.read_text())
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    targets = [target for assignment in assignments for target in assignment.targets]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def top_level_functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def reachable_modules(name: str) -> set[str]:
    """Return the modules of the project that a module imports at run time, directly or not."""
    names, unread = set[str](), [name]
    while unread:
        path = ROOT / f"{unread.pop().replace('.', '/')}.py"
        new_names = imported_at_run_time(path) - names if path.exists() else set()
        names |= new_names
        unread += new_names
    return names


def test_deployment_files_are_what_the_table_of_routes_gives() -> None:
    assert files.outdated() == [], WRITE_THEM


def test_every_function_of_the_table_has_a_file_and_every_file_is_in_the_table() -> None:
    existing_files = {path.relative_to(ROOT).as_posix() for path in API_FILES}
    listed_files = {files.file_of(name) for name in (*modules(), files.INDEX)}
    assert existing_files - listed_files == set(), (
        "add a row to ENDPOINTS in lib/routes.py for each of these"
    )
    assert listed_files - existing_files == set(), (
        "lib/routes.py names these files: write them, or drop the rows"
    )
    assert len(existing_files) == FUNCTIONS, (
        f"if this is intended, set FUNCTIONS to {len(existing_files)}"
    )


@pytest.mark.parametrize("path", API_FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_function_is_visible_to_both_platforms(path: Path) -> None:
    assert {"app", "lambda_handler"} <= top_level_assignments(path), (
        "the platforms look for `app = create_app(…)` and `lambda_handler = lambda_entry(app)`"
    )


@pytest.mark.parametrize("path", API_FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_function_file_is_short(path: Path) -> None:
    """Paths of one family share a file, because the stack has to stay below 450 resources."""
    text = path.read_text()
    further_routes = max(0, text.count("\n@app.") - ROUTES)
    limit = API_LINES + further_routes * LINES_OF_ROUTE
    if path.stem == files.INDEX:
        limit = INDEX_LINES
    assert len(text.splitlines()) <= limit, (
        f"a file of api/ has at most {limit} lines: move what it does to lib/"
    )


@pytest.mark.parametrize("path", API_FILES, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_function_name_is_one_that_vercel_routes_and_python_imports(path: Path) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", path.stem)


def test_vercel_reaches_every_path() -> None:
    config = json.loads((ROOT / "vercel.json").read_text())
    destinations = {row["source"]: row["destination"] for row in config["rewrites"]}
    for row in ENDPOINTS:
        source = re.sub(r"\{(\w+)\}", r":\1", row.path)
        assert source in destinations, WRITE_THEM
        assert destinations[source] == f"/api/{row.module.replace('.', '/')}"


def test_vercel_sends_other_paths_to_the_index_last() -> None:
    config = json.loads((ROOT / "vercel.json").read_text())
    assert config["rewrites"][-2:] == [
        {"source": "/api/(.*)", "destination": "/api/index"},
        {"source": "/health/", "destination": "/api/index"},
    ]
    assert config["functions"]["api/*.py"]["maxDuration"] == OPERATOR_SECONDS


def test_no_rewrite_hides_a_later_one() -> None:
    """A path with a parameter must follow the fixed paths that it matches."""
    sources = [row["source"] for row in files.vercel()["rewrites"]]
    for position, source in enumerate(sources):
        pattern = re.compile(re.sub(r":\w+", "[^/]+", source))
        hidden = [later for later in sources[position + 1 :] if pattern.fullmatch(later)]
        assert hidden == [], f"move their rows above that of {source} in lib/routes.py"


def test_lambda_reaches_every_path_with_every_method() -> None:
    routes = read_routes((ROOT / "serverless.yml").read_text())
    expected = {
        (method, row.path): files.handler_of(row.module)
        for row in ENDPOINTS
        for method in row.methods
    }
    assert routes == {**expected, ("ANY", "$default"): "api/index.lambda_handler"}, WRITE_THEM


def test_hobby_is_one_function_with_the_nightly_path_as_its_only_daily_job() -> None:
    config = json.loads((ROOT / "vercel.hobby.json").read_text())
    assert list(config["functions"]) == ["api/index.py"]
    assert [cron["path"] for cron in config["crons"]] == ["/api/nightly"]
    minute, hour, *days = config["crons"][0]["schedule"].split()
    assert minute.isdigit()
    assert hour.isdigit()
    assert days == ["*", "*", "*"]


@pytest.mark.parametrize("name", ["vercel.json", "vercel.hobby.json"])
def test_vercel_runs_in_one_region(name: str) -> None:
    """Hobby allows one, and functions in a second one would be far from the database."""
    (region,) = json.loads((ROOT / name).read_text())["regions"]
    assert re.fullmatch(r"[a-z]{3}\d", region)


def test_vercel_file_names_fewer_functions_than_vercel_allows() -> None:
    keys = json.loads((ROOT / "vercel.json").read_text())["functions"]
    assert len(keys) < VERCEL_KEYS, "let a folder's usual limit cover more functions"


def test_stack_has_fewer_resources_than_cloudformation_allows() -> None:
    assert files.cloudformation_resources() < STACK_RESOURCES, "let paths share a function"


def test_scheduled_paths_accept_only_get_with_the_cron_secret() -> None:
    for row in ENDPOINTS:
        if row.schedule:
            assert row.methods == ("GET",)
            assert row.access is Access.CRON
            assert all(CRON_FIELD.fullmatch(field) for field in row.schedule.split())


def test_every_scheduled_job_is_run_by_the_nightly_path() -> None:
    scheduled = [row for row in ENDPOINTS if row.schedule]
    assert scheduled
    assert [job.path for job in scheduled_jobs()] == [row.path for row in scheduled]
    for row in scheduled:
        assert "scheduled" in top_level_functions(ROOT / files.file_of(row.module)), (
            f"define the job of {row.path} as `scheduled()`, and pass it to `lambda_entry`"
        )


def test_exactly_the_functions_that_reach_the_storage_of_backups_have_its_role() -> None:
    reaching = {
        name
        for name in modules()
        if "lib.operations.backups.storage" in reachable_modules(f"api.{name}")
    }
    assert reaching == files.BACKUP_FUNCTIONS, "correct BACKUP_FUNCTIONS in local/deploy/files.py"
    with_role = {
        name: function["role"]
        for name, function in files.lambda_functions().items()
        if "role" in function
    }
    assert with_role == {files.key_of(name): "BackupRole" for name in reaching}


def test_one_path_belongs_to_one_function() -> None:
    """Vercel routes by path alone, so one path cannot have two functions."""
    modules_of: dict[str, set[str]] = {}
    for row in ENDPOINTS:
        modules_of.setdefault(row.path, set()).add(row.module)
    shared = {path: names for path, names in modules_of.items() if len(names) > 1}
    assert shared == {}, "serve all methods of a path from one file of api/"


def test_builds_do_not_see_pyproject_whose_versions_are_not_pinned() -> None:
    lines = (ROOT / ".vercelignore").read_text().splitlines()
    assert "/*" in lines
    assert not [line for line in lines if line.startswith("!") and "pyproject" in line]


def test_builds_for_vercel_see_no_notes_for_developers(tmp_path: Path) -> None:
    tools.copy_deployed_tree(tmp_path / "tree")
    uploaded_files = [path for path in (tmp_path / "tree").rglob("*") if path.is_file()]
    assert (tmp_path / "tree" / "lib" / "routes.py") in uploaded_files
    assert [path.name for path in uploaded_files if path.suffix == ".md"] == []


@pytest.mark.parametrize("name", ["vercel.json", "vercel.hobby.json"])
def test_no_function_holds_notes_for_developers(name: str) -> None:
    for function in json.loads((ROOT / name).read_text())["functions"].values():
        assert "**/*.md" in function["excludeFiles"]


def test_schedule_is_converted_to_the_form_of_eventbridge() -> None:
    assert files.aws_cron("15 3 * * *") == "cron(15 3 * * ? *)"
    with pytest.raises(ValueError, match="weekdays"):
        files.aws_cron("0 0 * * 1")


@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md"])
def test_guides_name_the_tools_and_versions_that_are_tested(page: str) -> None:
    pinned_versions = json.loads((ROOT / "local" / "deploy" / "package.json").read_text())[
        "dependencies"
    ]
    named_tools = re.findall(r"\bnpx ([^@\s]+)(?:@(\S+))?", (ROOT / page).read_text())
    assert {tool for tool, _ in named_tools} == set(pinned_versions)
    assert [
        (tool, version) for tool, version in named_tools if version != pinned_versions[tool]
    ] == []


def test_builds_are_compared_in_both_directions() -> None:
    files_in_build = {"in both": "a.py", "only built": "c.py"}
    assert check.differences("function", map(str, ["a.py", "b.py"]), files_in_build.values()) == [
        "function b.py is expected, but not in the build",
        "function c.py is in the build, but not expected",
    ]
