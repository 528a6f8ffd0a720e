"""The operations of the API's OpenAPI description."""

from dataclasses import dataclass
from typing import Any

from lib.access.endpoint import Endpoint
from lib.routes import ENDPOINTS
from lib.web.openapi import description

JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """Path with parameters in braces, such as `/api/test/status/{session_id}`."""
    description: dict[str, Any]
    """Operation object of OpenAPI."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def row(self) -> Endpoint:
        """Row of the operation in `lib/routes.py`."""
        rows = [row for row in ENDPOINTS if row.path == self.path and self.method in row.methods]
        assert len(rows) == 1, f"{self} is described but not served"
        return rows[0]

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Parameter objects of OpenAPI."""
        return list(self.description.get("parameters", []))

    @property
    def has_body(self) -> bool:
        """Whether a request has a body."""
        return "requestBody" in self.description

    @property
    def body_fields(self) -> set[str]:
        """Names of the body's fields."""
        schema = self.description["requestBody"]["content"][JSON]["schema"]
        parts = (schema, *schema.get("anyOf", ()))
        (name,) = (part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part)
        return set(description()["components"]["schemas"][name].get("properties", {}))

    @property
    def request(self) -> Any:
        """Example of the body; None if there is none."""
        return (
            self.description["requestBody"]["content"][JSON].get("example")
            if self.has_body
            else None
        )

    @property
    def responses(self) -> dict[str, Any]:
        """Examples of the 200 response by title; the first is the response to `request`."""
        content = self.description["responses"]["200"]["content"]
        media = content.get(JSON) or content["text/csv"]
        examples = media.get("examples", {})
        return {title: example["value"] for title, example in examples.items()}

    @property
    def error_codes(self) -> dict[int, set[str]]:
        """The codes that the operation declares, by status."""
        return {
            int(status): {code for schema in _schemas(response) for code in _codes(schema)}
            for status, response in self.description["responses"].items()
            if status != "200"
        }

    def examples_in(self, place: str) -> dict[str, Any]:
        """Return examples of the parameters in `path`, `query` or `header`, as text."""
        return {
            parameter["name"]: _text(parameter["example"])
            for parameter in self.parameters
            if parameter["in"] == place
        }


def operations() -> list[Operation]:
    """Return every operation of the description."""
    return [
        Operation(method.upper(), path, operation)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    ]


def _schemas(response: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of a response, which may be a reference to a shared one."""
    if "$ref" in response:
        response = description()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"][JSON]["schema"]
    references = [part["$ref"] for part in (schema, *schema.get("anyOf", ())) if "$ref" in part]
    schemas = description()["components"]["schemas"]
    return [schemas[reference.rpartition("/")[2]] for reference in references]


def _codes(schema: dict[str, Any]) -> list[str]:
    codes: list[str] = schema["properties"].get("code", {}).get("enum", [])
    return codes


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
