"""Package serverless.yml with osls and read the CloudFormation template that it makes."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.deploy import tools

TEMPLATE = Path(".serverless", "cloudformation-template-update-stack.json")
OTHER_NAMES = (
    "DATABASE_URL_UNPOOLED",
    "KV_REST_API_URL",
    "KV_REST_API_TOKEN",
    "RAILWAY_WEBSOCKET_DOMAIN",
)
"""Other names under which the functions accept some of the variables below."""
REQUIRED = {
    name: f"value of {name}"
    for name in ("POSTGRES_URL", "ADMIN_PASSWORD", "CRON_SECRET", "ENCRYPTION_KEY")
}
OPTIONAL = (
    "POSTGRES_URL_NON_POOLING",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "INSTRUCTOR_PASSWORD",
    "ENCRYPTION_KEY_PREVIOUS",
    "ALLOWED_ORIGINS",
    "WEBSOCKET_DOMAIN",
    "WORKSHOP_RETENTION_DAYS",
    "TEST_RETENTION_DAYS",
    "TEST_ADMISSION",
    "OPEN_TESTS_COUNT",
    "WRITE_LIMITS",
    "BACKUP_BUCKET",
)
WITHOUT_OPTIONAL = {**REQUIRED, **dict.fromkeys(OPTIONAL, "")}
"""Environment variables of a deployment that sets only the required ones."""


class LambdaStack:
    """The stack of a deployment.

    Args:
        tree: Files to deploy, with the artifact.
        variables: Variables of the functions, as set in the shell that runs osls.

    Raises:
        SystemExit: If osls refuses; the message contains its output.
    """

    def __init__(self, tree: Path, variables: Mapping[str, str]) -> None:
        known_names = {*REQUIRED, *OPTIONAL, *OTHER_NAMES, "DATABASE_URL"}
        shell = {name: value for name, value in os.environ.items() if name not in known_names}
        tools.run("osls", ["package"], tree, {**shell, **variables})
        self._template: dict[str, Any] = json.loads((tree / TEMPLATE).read_text())
        self.resources: dict[str, dict[str, Any]] = self._template["Resources"]

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of each resource of a kind, such as `Lambda::Function`."""
        return [resource["Properties"] for _, resource in self._of_kind(kind)]

    def handlers_with_bucket(self) -> set[str]:
        """Return the handlers of the functions that have any permission in S3."""
        roles = {name for name, role in self._of_kind("IAM::Role") if "s3:" in json.dumps(role)}
        for _, policy in self._of_kind("IAM::Policy"):
            if "s3:" in json.dumps(policy) and self._is_created(policy):
                roles |= {role["Ref"] for role in policy["Properties"]["Roles"]}
        return {
            function["Handler"]
            for function in self.properties("Lambda::Function")
            if function["Role"]["Fn::GetAtt"][0] in roles
        }

    def _of_kind(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return (
            (name, resource)
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        )

    def _is_created(self, resource: dict[str, Any]) -> bool:
        """Evaluate the resource's condition, which has the form `!Not [!Equals [a, b]]`."""
        if "Condition" not in resource:
            return True
        (condition,) = self._template["Conditions"][resource["Condition"]]["Fn::Not"]
        first, second = condition["Fn::Equals"]
        return bool(first != second)
