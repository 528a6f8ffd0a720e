"""The error responses of the OpenAPI description: for each status, an envelope with its codes."""

import re
from typing import Any

from lib.errors import AppError, InvalidInput
from lib.web.declared_errors import COMMON, Errors, by_status

_FACT = re.compile(r"\{\w+\}")
WORDS = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    422: "InvalidInput",
    429: "TooManyRequests",
    503: "Unavailable",
}
"""Statuses with several codes, as words in the names of schemas."""


class ErrorSchemas:
    """Responses with the error envelope, one for each set of codes that a status can have.

    A schema with one code is named after the code. One with a set of codes in `COMMON` is named
    after the set and the status, and any other after its operation and the status.
    """

    def __init__(self, envelope: dict[str, Any]) -> None:
        self._envelope = envelope
        self._common = {prefix: by_status(errors) for prefix, errors in COMMON.items()}
        self.schemas: dict[str, Any] = {**envelope["schemas"]}
        self.responses: dict[str, Any] = {}

    def add(self, operation_id: str, errors: Errors) -> dict[str, str]:
        """Add the error responses of an operation; return their names by status."""
        names: dict[str, str] = {}
        for status, group in by_status(errors).items():
            name = self._name(operation_id, status, group)
            self.schemas[name] = self._schema(group)
            schema = {"$ref": f"#/components/schemas/{name}"}
            self.responses[name] = {
                "description": self.schemas[name]["description"],
                "content": {"application/json": {"schema": schema}},
            }
            names[str(status)] = name
        return names

    def _schema(self, group: list[type[AppError]]) -> dict[str, Any]:
        codes = [error.code for error in group]
        properties = {**self._envelope["properties"]}
        properties["code"] = {**properties["code"], "enum": codes}
        if not any(error.fields or issubclass(error, InvalidInput) for error in group):
            properties.pop("details")
        return {
            "type": "object",
            "description": " ".join(f"`{error.code}`: {_message(error)}" for error in group),
            "required": ["success", "error", "code", "requestId"],
            "properties": properties,
        }

    def _name(self, operation_id: str, status: int, group: list[type[AppError]]) -> str:
        if len(group) == 1:
            return f"{_pascal(group[0].code)}Error"
        prefixes = (
            prefix for prefix, common in self._common.items() if common.get(status) == group
        )
        operation = f"{operation_id[0].upper()}{operation_id[1:]}"
        return f"{next(prefixes, operation)}{WORDS[status]}Error"


def _message(error: type[AppError]) -> str:
    template = (error.__doc__ or "").partition("\n")[0]
    return "`error` says why." if template.startswith("{reason}") else _FACT.sub("…", template)


def _pascal(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("_"))
