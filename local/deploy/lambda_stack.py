"""Package serverless.yml with osls and read the CloudFormation template that it makes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.deploy import tools

TEMPLATE = Path(".serverless", "cloudformation-template-update-stack.json")
OTHER_NAMES = ("DATABASE_URL_UNPOOLED", "KV_REST_API_URL", "KV_REST_API_TOKEN")
REQUIRED = {
    name: f"value of {name}"
    for name in ("POSTGRES_URL", "ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY")
}
OPTIONAL = (
    "POSTGRES_URL_NON_POOLING",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "ENCRYPTION_KEY_PREVIOUS",
    "ALLOWED_ORIGINS",
    "WORKSHOP_RETENTION_DAYS",
    "BACKUP_BUCKET",
)
WITHOUT_OPTIONAL = {**REQUIRED, **dict.fromkeys(OPTIONAL, "")}
"""A shell whose deployment has the required variables only."""


class LambdaStack:
    """The stack of a deployment.

    Args:
        tree: Files to deploy, with the artifact.
        variables: Variables of the functions that the shell has.

    Raises:
        SystemExit: If osls refuses; the message contains its output.
    """

    def __init__(self, tree: Path, variables: Mapping[str, str]) -> None:
        known_names = {*REQUIRED, *OPTIONAL, *OTHER_NAMES, "DATABASE_URL"}
        shell = {name: value for name, value in os.environ.items() if name not in known_names}
        tools.run("osls", ["package"], tree, {**shell, **variables})
        template: dict[str, Any] = json.loads((tree / TEMPLATE).read_text())
        self.resources: dict[str, dict[str, Any]] = template["Resources"]

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of each resource of a kind, such as `Lambda::Function`."""
        return [
            resource["Properties"]
            for resource in self.resources.values()
            if resource["Type"] == f"AWS::{kind}"
        ]
