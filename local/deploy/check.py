"""Build for Vercel and AWS as the platforms do, without an account, and check the result.

    make deploy-check

It runs `vercel build` for both Vercel files, builds the Lambda artifact twice, and runs
`osls package`. Each build must contain exactly the functions, routes and schedules of
`lib/routes.py`, and each function must start from the files of its build alone. Vercel's tool
compiles all packages again for each function, so byte code is checked in the build for Hobby, which
contains every module, and in a build of a few functions. Only the npm registry and PyPI are
needed.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from lib.routes import ENDPOINTS, modules
from local.deploy import files, lambda_artifact, tools, vercel_build
from local.deploy.lambda_stack import REQUIRED, WITHOUT_OPTIONAL, LambdaStack
from local.deploy.vercel_build import VercelBuild

ALL_MODULES = (*modules(), files.INDEX)
INDEX_FILE = files.file_of(files.INDEX)
RESOURCES = (
    "The stack has {} resources, but cloudformation_resources() in local/deploy/files.py counts {}"
)
IMPORT_EACH = """
import importlib, os, sys
for name in sys.argv[1:]:
    module = importlib.import_module(f"api.{name}")
    assert callable(module.app) and callable(module.lambda_handler), name
"""
IMPORT_COMPILED = f"""{IMPORT_EACH}
    assert os.path.exists(module.__cached__), f"{{name}} has no byte code"
"""
COMPILED = ("operations.health", "assessment.submit")
"""Functions of vercel.json that are built with byte code: one without numpy and one with it."""


def main() -> int:
    """Run every check and print the problems; return the exit status."""
    lambda_artifact.target_python()  # fail early if there is none
    problems = [files.OUTDATED.format(name) for name in files.outdated()]
    tools.install()
    with tempfile.TemporaryDirectory(prefix="stepwise-deploy-") as folder:
        tree = Path(folder) / "tree"
        tools.copy_deployed_tree(tree)
        for check in CHECKS:
            print(f"{(check.__doc__ or '').partition(':')[0]} …", flush=True)
            problems += check(tree)
    print(
        "\n".join(problems)
        or f"Everything agrees: {len(ALL_MODULES)} functions, {len(ENDPOINTS)} endpoints"
    )
    return 1 if problems else 0


def check_vercel(tree: Path) -> list[str]:
    """vercel.json: one function per file of `api/`, and the rewrites to the functions."""
    build, config = _vercel_build(tree, "vercel.json", byte_code=False), files.vercel()
    targets = sorted(row["destination"] for row in config["rewrites"])
    return [
        *differences("function", map(files.file_of, ALL_MODULES), build.functions.values()),
        *differences("cron", _crons(config), _crons(build.config)),
        *(
            []
            if targets == build.rewrite_targets
            else [f"vercel.json rewrites to {targets}, but the build to {build.rewrite_targets}"]
        ),
        *_start_bundles(build, (), IMPORT_EACH),
    ]


def check_vercel_byte_code(tree: Path) -> list[str]:
    """vercel.json: byte code of some functions."""
    partial_tree = tree.with_name(f"{tree.name}-partial_tree")
    shutil.copytree(tree, partial_tree)
    compiled_files = set(map(files.file_of, COMPILED))
    for path in (partial_tree / "api").rglob("*.py"):
        if path.relative_to(partial_tree).as_posix() not in compiled_files:
            path.unlink()
    config = files.vercel()
    # Functions are listed by name, because a pattern that matches no function would end the build.
    config["functions"] = {
        name: next(row for pattern, row in config["functions"].items() if fnmatch(name, pattern))
        for name in compiled_files
    }
    (partial_tree / "vercel.json").write_text(json.dumps(config))
    build = _vercel_build(partial_tree, "vercel.json")
    return [
        *differences("function", compiled_files, build.functions.values()),
        *_start_bundles(build, ()),
    ]


def check_hobby(tree: Path) -> list[str]:
    """vercel.hobby.json: a single function."""
    build = _vercel_build(tree, "vercel.hobby.json")
    config = files.vercel_hobby()
    built_files = list(build.functions.values())
    return [
        *(
            []
            if built_files == [INDEX_FILE]
            else [f"The build for Hobby has the functions {built_files}, not only {INDEX_FILE}"]
        ),
        *differences("cron", _crons(config), _crons(build.config)),
        *_start_bundles(build, ALL_MODULES),
    ]


def check_artifact(tree: Path) -> list[str]:
    """Lambda artifacts: two builds are identical, and every function starts from its own."""
    artifact = tree / lambda_artifact.ARTIFACT.relative_to(lambda_artifact.ROOT)
    second_build = artifact.with_name("second.zip")
    lambda_artifact.build(artifact, tree)
    lambda_artifact.build(second_build, tree)
    problems = []
    for small in (False, True):
        first, second = artifact, second_build
        if small:
            first, second = map(lambda_artifact.small_artifact, (first, second))
        if not filecmp.cmp(first, second, shallow=False):
            problems.append(f"Two builds of {first.name} differ, but must be identical")
        names = [name for name in ALL_MODULES if files.has_small_artifact(name) is small]
        with tempfile.TemporaryDirectory(prefix="stepwise-task-") as task:
            with zipfile.ZipFile(first) as archive:
                archive.extractall(task)
            problems += _start(Path(task), Path(task), names)
    return problems


def check_lambda(tree: Path) -> list[str]:
    """serverless.yml: handlers, routes and schedules of the CloudFormation template."""
    stack = LambdaStack(tree, WITHOUT_OPTIONAL)
    handlers = set(map(files.handler_of, ALL_MODULES))
    routes = {f"{method} {row.path}" for row in ENDPOINTS for method in row.methods}
    schedules = {files.aws_cron(row.schedule) for row in ENDPOINTS if row.schedule}
    built_handlers = [row["Handler"] for row in stack.properties("Lambda::Function")]
    built_routes = [row["RouteKey"] for row in stack.properties("ApiGatewayV2::Route")]
    built_schedules = [row["ScheduleExpression"] for row in stack.properties("Events::Rule")]
    built_count, expected_count = len(stack.resources), files.cloudformation_resources()
    return [
        *([] if expected_count == built_count else [RESOURCES.format(built_count, expected_count)]),
        *differences("handler", handlers, built_handlers),
        *differences("route", routes | {"$default"}, built_routes),
        *differences("schedule", schedules, built_schedules),
    ]


def check_lambda_variables(tree: Path) -> list[str]:
    """serverless.yml: variables and rights, and no deployment if any variable is not set."""
    problems = [
        f"osls deploys without the variable {name}"
        for name in WITHOUT_OPTIONAL
        if not _refuses(tree, {k: v for k, v in WITHOUT_OPTIONAL.items() if k != name})
    ]
    with_backups = set(map(files.handler_of, files.BACKUP_FUNCTIONS))
    for bucket, handlers in (("", set[str]()), ("a-bucket", with_backups)):
        stack = LambdaStack(tree, {**WITHOUT_OPTIONAL, "BACKUP_BUCKET": bucket})
        variables = {**REQUIRED, **({"BACKUP_BUCKET": bucket} if bucket else {})}
        problems += differences("right to the bucket of", handlers, stack.handlers_with_bucket())
        for function in stack.properties("Lambda::Function"):
            function_variables = function["Environment"]["Variables"]
            problems += differences(
                "variable", _assignments(variables), _assignments(function_variables)
            )
    return problems


def _refuses(tree: Path, variables: Mapping[str, str]) -> bool:
    try:
        LambdaStack(tree, variables)
    except SystemExit as refusal:
        return "Nothing was deployed" in str(refusal)
    return False


def differences(kind: str, expected: Iterable[str], built: Iterable[str]) -> list[str]:
    """Return a message for each name that only one side has."""
    expected_names, built_names = set(expected), set(built)
    return [
        *(
            f"{kind} {name} is expected, but not in the build"
            for name in sorted(expected_names - built_names)
        ),
        *(
            f"{kind} {name} is in the build, but not expected"
            for name in sorted(built_names - expected_names)
        ),
    ]


def _assignments(variables: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def _crons(config: dict[str, Any]) -> set[str]:
    return {f"{cron['schedule']} {cron['path']}" for cron in config.get("crons", ())}


def _vercel_build(tree: Path, config: str, *, byte_code: bool = True) -> VercelBuild:
    """Build a copy of the tree as `local.deploy.vercel_build` does for a deployment."""
    folder = tree.with_name(f"{tree.name}-{config}")
    shutil.copytree(tree, folder)
    tools.link_to_placeholder(folder)
    return vercel_build.build(folder, ["-A", config], byte_code=byte_code)


def _start_bundles(
    build: VercelBuild, names: Iterable[str], program: str = IMPORT_COMPILED
) -> list[str]:
    """Start `names` in each bundle, or the functions of the bundle if none are named."""
    with build.unpacked() as bundles:
        return [
            problem
            for folder, packages, modules in bundles
            for problem in _start(folder, packages, names or modules, program)
        ]


def _start(
    folder: Path, packages: Path, names: Iterable[str], program: str = IMPORT_COMPILED
) -> list[str]:
    """Import functions with a program in a process that sees only these files."""
    result = subprocess.run(
        [
            lambda_artifact.target_python(),
            "-S",
            "-B",
            "-c",
            program,
            *names,
        ],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(folder), str(packages)])},
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if result.returncode == 0 else [f"A function does not start:\n{result.stderr}"]


CHECKS = (
    check_vercel,
    check_vercel_byte_code,
    check_hobby,
    check_artifact,
    check_lambda,
    check_lambda_variables,
)


if __name__ == "__main__":
    sys.exit(main())
