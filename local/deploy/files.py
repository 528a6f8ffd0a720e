"""Generate the deployment files from `lib/routes.py`.

    python -m local.deploy.files           # write them
    python -m local.deploy.files --check   # list the outdated ones; exit status 1 if there are any

The files are `vercel.json`, `vercel.hobby.json` and the functions of `serverless.yml`. The head of
`serverless.yml` (region, variables, permissions) is written by hand and stays as it is.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mode
from typing import Any

from lib.access.endpoint import CRON_SECONDS, OPERATOR_SECONDS
from lib.routes import ENDPOINTS, modules, rows_of
from lib.web.headers import PAGE_HEADERS
from local.deploy import heavy_packages, lambda_artifact

ROOT = Path(__file__).resolve().parents[2]
INDEX = "index"
"""Function with every route: the only one on Hobby. Elsewhere it serves the paths that no other
function serves: unknown paths, and those that end in a slash."""
MARKER = "# --- generated from here on by `python -m local.deploy.files` from lib/routes.py ---\n"
OUTDATED = "{} is not up to date with lib/routes.py: run python -m local.deploy.files"

MEMORY_MB = 1024
"""Lambda allots CPU in proportion to memory: with less, a cold start takes longer at the same
cost."""
RESOURCES_PER_STACK = 7
RESOURCES_PER_FUNCTION = 4
RESOURCES_PER_SCHEDULE = 2
NIGHTLY = "operations.nightly"
"""Function of the only schedule on Hobby, which allows two daily ones; it runs every job."""
NIGHTLY_SCHEDULE = "30 3 * * *"
REGION = "fra1"
"""Frankfurt, like `provider.region` of serverless.yml."""
BACKUP_FUNCTIONS = frozenset(
    {
        "operations.admin_backup",
        "operations.admin_restore",
        "operations.admin_create_unified_schema",
    }
)
"""Functions that write or read backups, and therefore get rights to the bucket on AWS."""
BACKUP_ROLE = "BackupRole"
"""Role of BACKUP_FUNCTIONS; the hand-written part of serverless.yml defines it."""
EXCLUDED_FILES = "{public/**,**/*.md,*.json,*.toml,*.txt,*.lock,.python-version}"
SMALL_ARTIFACT = lambda_artifact.small_artifact().relative_to(ROOT).as_posix()

Json = dict[str, Any]


def vercel() -> Json:
    """Return vercel.json, with one function per file of `api/`."""
    return {
        **_vercel_head(framework=None),
        "functions": {
            **{
                file_of(m): _vercel_function(seconds(m)) for m in modules() if _has_unusual_limit(m)
            },
            **{f"api/{c}/*.py": _vercel_function(usual_seconds(c)) for c in contexts()},
            "api/*.py": _vercel_function(OPERATOR_SECONDS),  # the index has operators' calls, too
        },
        "rewrites": list(_rewrites()),
        "crons": [_vercel_cron(row.path, row.schedule) for row in ENDPOINTS if row.schedule],
    }


def vercel_hobby() -> Json:
    """Return vercel.hobby.json: Hobby allows 12 functions, two daily cron jobs and one region."""
    return {
        **_vercel_head(framework="fastapi"),
        "functions": {f"api/{INDEX}.py": _vercel_function(CRON_SECONDS)},
        "crons": [_vercel_cron(row.path, NIGHTLY_SCHEDULE) for row in rows_of(NIGHTLY)],
    }


def lambda_functions() -> dict[str, Json]:
    """Return the `functions` of serverless.yml."""
    return {
        **{key_of(name): _lambda_function(name, _lambda_events(name)) for name in modules()},
        INDEX: _lambda_function(INDEX, [{"httpApi": "*"}]),
    }


def cloudformation_resources() -> int:
    """Return the number of resources in the stack that `osls package` makes of the functions.

    `make deploy-check` compares it with the template.
    """
    routes = sum(len(row.methods) for row in ENDPOINTS) + 1  # and $default
    schedules = sum(row.schedule is not None for row in ENDPOINTS)
    functions = len(modules()) + 1  # and the index
    return (
        RESOURCES_PER_STACK
        + RESOURCES_PER_FUNCTION * functions
        + routes
        + RESOURCES_PER_SCHEDULE * schedules
    )


def seconds(module: str) -> int:
    """Return the time limit of a function."""
    return max(row.seconds for row in rows_of(module))


def usual_seconds(context: str) -> int:
    """Return the most frequent time limit among the functions of `api/<context>/`."""
    return mode(seconds(module) for module in modules() if context_of(module) == context)


def contexts() -> tuple[str, ...]:
    """Return the folders of `api/`, in the order of lib/routes.py."""
    return tuple(dict.fromkeys(context_of(module) for module in modules()))


def context_of(module: str) -> str:
    """Return the folder of a function: `assessment.submit` → `assessment`."""
    return module.partition(".")[0]


def file_of(module: str) -> str:
    """Return the file of a function: `assessment.submit` → `api/assessment/submit.py`."""
    return f"api/{module.replace('.', '/')}.py"


def handler_of(module: str) -> str:
    """Return the handler on AWS: `assessment.submit` → `api/assessment/submit.lambda_handler`."""
    return f"{file_of(module).removesuffix('.py')}.lambda_handler"


def has_small_artifact(module: str) -> bool:
    """Return whether a function runs on AWS without the packages of `heavy_packages.py`."""
    return not heavy_packages.may_import(module)


def key_of(module: str) -> str:
    """Return the name of a function on AWS, which forbids dots: `assessment_submit`."""
    return module.replace(".", "_")


def aws_cron(schedule: str) -> str:
    """Return EventBridge's form of a schedule: six fields, with `?` for the weekday.

    Raises:
        ValueError: If it names weekdays, which EventBridge numbers differently.
    """
    minute, hour, day, month, weekday = schedule.split()
    if weekday != "*":
        raise ValueError(f"{schedule}: weekdays cannot be translated")
    return f"cron({minute} {hour} {day} {month} ? *)"


def _vercel_head(framework: str | None) -> Json:
    return {
        "$schema": "https://openapi.vercel.sh/vercel.json",
        "framework": framework,
        "regions": [REGION],
        "build": {"env": {"VERCEL_PYTHON_COMPILEALL": "1"}},
        "cleanUrls": True,
        "redirects": [{"source": "/public/:path*", "destination": "/:path*", "permanent": False}],
        "headers": [{"source": "/((?!api/|health$).*)", "headers": _header_pairs(PAGE_HEADERS)}],
    }


def _header_pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in headers.items()]


def _vercel_function(limit: int) -> Json:
    return {"maxDuration": limit, "excludeFiles": EXCLUDED_FILES}


def _vercel_cron(path: str, schedule: str | None) -> Json:
    return {"path": path, "schedule": schedule}


def _rewrites() -> Iterator[Json]:
    for path, module in dict.fromkeys((row.path, row.module) for row in ENDPOINTS):
        source = re.sub(r"\{(\w+)\}", r":\1", path)
        yield {"source": source, "destination": f"/{file_of(module).removesuffix('.py')}"}
    # Unlike /api/:path*, these also match paths that end in a slash or hold an empty segment.
    yield {"source": "/api/(.*)", "destination": f"/api/{INDEX}"}
    yield {"source": "/health/", "destination": f"/api/{INDEX}"}


def _has_unusual_limit(module: str) -> bool:
    return seconds(module) != usual_seconds(context_of(module))


def _lambda_function(module: str, events: list[Json]) -> Json:
    small = has_small_artifact(module)
    return {
        "handler": handler_of(module),
        "memorySize": MEMORY_MB,
        "timeout": seconds(module) if module != INDEX else OPERATOR_SECONDS,
        **({"role": BACKUP_ROLE} if module in BACKUP_FUNCTIONS else {}),
        **({"package": json.dumps({"artifact": SMALL_ARTIFACT})} if small else {}),
        "events": events,
    }


def _lambda_events(module: str) -> list[Json]:
    rows = rows_of(module)
    calls: list[Json] = [
        {"httpApi": {"method": method, "path": row.path}} for row in rows for method in row.methods
    ]
    runs: list[Json] = [{"schedule": aws_cron(row.schedule)} for row in rows if row.schedule]
    return calls + runs


def _as_json(value: Json) -> str:
    return json.dumps(value, indent=2) + "\n"


def _as_yaml(functions: dict[str, Json]) -> str:
    lines = ["functions:"]
    for name, function in functions.items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {value}" for key, value in function.items() if key != "events"]
        lines.append("    events:")
        lines += [f"      - {_yaml_event(event)}" for event in function["events"]]
    return "\n".join(lines) + "\n"


def _yaml_event(event: Json) -> str:
    ((kind, value),) = event.items()
    # JSON is valid YAML and quotes where needed.
    return f"{kind}: {json.dumps(value)}"


def _serverless() -> str:
    head, marker, _ = (ROOT / "serverless.yml").read_text().partition(MARKER)
    if not marker:
        raise SystemExit(
            f"serverless.yml has lost the line that ends its hand-written part. Add it:\n{MARKER}"
        )
    return head + MARKER + _as_yaml(lambda_functions())


def files() -> dict[str, str]:
    """Return the content of each generated file by its name."""
    return {
        "vercel.json": _as_json(vercel()),
        "vercel.hobby.json": _as_json(vercel_hobby()),
        "serverless.yml": _serverless(),
    }


def outdated() -> list[str]:
    """Return the names of the files that are missing or not up to date."""
    return [name for name, text in files().items() if _current(name) != text]


def _current(name: str) -> str | None:
    path = ROOT / name
    return path.read_text() if path.exists() else None


def main(arguments: list[str]) -> int:
    """Write or check the files; return the exit status."""
    names = outdated()
    if "--check" in arguments:
        print("\n".join(OUTDATED.format(name) for name in names) or "The files are up to date.")
        return 1 if names else 0
    for name in names:
        (ROOT / name).write_text(files()[name])
        print(f"Wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
