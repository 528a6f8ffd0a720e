"""Build for Vercel and AWS as the platforms do, without an account, and compare with the table.

    make deploy-check

`vercel build` for both Vercel files, the Lambda artifact twice, `osls package`. Each must yield
exactly the functions, routes and schedules of `lib/routes.py`, and each function must start from
the files of its build alone. Needs the npm registry and PyPI, nothing else.
"""

import filecmp
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lib.routes import ENDPOINTS, modules
from local.deploy import files, lambda_artifact, tools
from local.deploy.vercel_build import VercelBuild

ALL = (*modules(), files.INDEX)
START_EACH = """
import importlib, os, sys
compiled, *names = sys.argv[1:]
for name in names:
    module = importlib.import_module(f"api.{name}")
    assert callable(module.app) and callable(module.lambda_handler), name
    assert not compiled or os.path.exists(module.__cached__), f"{name} has no byte code"
"""


def main() -> int:
    """Run every check and print what differs; returns the exit status."""
    lambda_artifact.target_python()  # without it nothing below can end well
    differences = [f"{name} is not what lib/routes.py gives" for name in files.outdated()]
    tools.install()
    with tempfile.TemporaryDirectory(prefix="stepwise-deploy-") as folder:
        tree = Path(folder) / "tree"
        tools.copy_deployed_tree(tree)
        for check in (check_vercel, check_hobby, check_artifact, check_lambda):
            print(f"{(check.__doc__ or '').partition(':')[0]} …", flush=True)
            differences += check(tree)
    print("\n".join(differences) or f"in step: {len(ALL)} functions, {len(ENDPOINTS)} endpoints")
    return 1 if differences else 0


def check_vercel(tree: Path) -> list[str]:
    """vercel.json: one function per endpoint, and the rewrites to them."""
    build, wanted = VercelBuild(tree, "vercel.json", compiled=False), files.vercel()
    targets = sorted(row["destination"] for row in wanted["rewrites"])
    return [
        *differences("function", map(files.file_of, ALL), build.functions.values()),
        *differences("cron", _crons(wanted), _crons(build.config)),
        *([] if targets == build.rewrite_targets else [f"rewrites go to {build.rewrite_targets}"]),
        *_start_bundles(build, (), compiled=False),
    ]


def check_hobby(tree: Path) -> list[str]:
    """vercel.hobby.json: one function in all."""
    build, wanted = (
        VercelBuild(tree, "vercel.hobby.json", compiled=True),
        files.vercel_hobby(),
    )
    found = list(build.functions.values())
    return [
        *([] if found == [files.file_of(files.INDEX)] else [f"Hobby's functions are {found}"]),
        *differences("cron", _crons(wanted), _crons(build.config)),
        *_start_bundles(build, ALL, compiled=True),
    ]


def check_artifact(tree: Path) -> list[str]:
    """Lambda artifact: two builds are the same bytes, and every function starts from them."""
    artifact = tree / lambda_artifact.ARTIFACT.relative_to(lambda_artifact.ROOT)
    again = artifact.with_name("again.zip")
    lambda_artifact.build(artifact, tree)
    lambda_artifact.build(again, tree)
    if not filecmp.cmp(artifact, again, shallow=False):
        return ["two builds of the Lambda artifact differ"]
    with tempfile.TemporaryDirectory(prefix="stepwise-task-") as task:
        with zipfile.ZipFile(artifact) as archive:
            archive.extractall(task)
        return _start(Path(task), Path(task), ALL, compiled=True)


def check_lambda(tree: Path) -> list[str]:
    """serverless.yml: handlers, routes and schedules of the CloudFormation template."""
    tools.run("osls", ["package"], tree)
    template = tree / ".serverless" / "cloudformation-template-update-stack.json"
    resources = json.loads(template.read_text())["Resources"].values()
    handlers = set(map(files.handler_of, ALL))
    routes = {f"{method} {row.path}" for row in ENDPOINTS for method in row.methods}
    schedules = {files.aws_cron(row.schedule) for row in ENDPOINTS if row.schedule}
    found_schedules = _properties(resources, "Events::Rule", "ScheduleExpression")
    counted = files.cloudformation_resources()
    return [
        *([] if counted == len(resources) else [f"{len(resources)} resources, not {counted}"]),
        *differences("handler", handlers, _properties(resources, "Lambda::Function", "Handler")),
        *differences(
            "route",
            routes | {"$default"},
            _properties(resources, "ApiGatewayV2::Route", "RouteKey"),
        ),
        *differences("schedule", schedules, found_schedules),
    ]


def differences(kind: str, wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """What one side has and the other has not, in words."""
    table, built = set(wanted), set(found)
    return [
        *(f"{kind} {name} is in lib/routes.py, not in the build" for name in sorted(table - built)),
        *(f"{kind} {name} is in the build, not in lib/routes.py" for name in sorted(built - table)),
    ]


def _crons(config: dict[str, Any]) -> set[str]:
    return {f"{cron['schedule']} {cron['path']}" for cron in config.get("crons", ())}


def _properties(resources: Iterable[dict[str, Any]], kind: str, name: str) -> list[str]:
    return [found["Properties"][name] for found in resources if found["Type"] == f"AWS::{kind}"]


def _start_bundles(build: VercelBuild, names: Iterable[str], *, compiled: bool) -> list[str]:
    """Start `names` in each bundle, or what the bundle is for."""
    with build.unpacked() as bundles:
        return [
            problem
            for folder, packages, modules in bundles
            for problem in _start(folder, packages, names or modules, compiled=compiled)
        ]


def _start(folder: Path, packages: Path, names: Iterable[str], *, compiled: bool) -> list[str]:
    """Import functions in a process that sees these files and nothing of this environment."""
    result = subprocess.run(
        [
            lambda_artifact.target_python(),
            "-S",
            "-B",
            "-c",
            START_EACH,
            "1" if compiled else "",
            *names,
        ],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(folder), str(packages)])},
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if result.returncode == 0 else [f"a function does not start:\n{result.stderr}"]


if __name__ == "__main__":
    sys.exit(main())
