"""Field descriptions for the OpenAPI description, in place of generated titles."""

from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from lib.framework import APIRoute
from lib.web.attribute_docstrings import attribute_docstrings


def describe_fields(
    schemas: dict[str, Any], routes: Iterable[APIRoute], shared: dict[str, str]
) -> None:
    """Describe each property by the docstring of its field, or else by its shared description.

    Args:
        schemas: Schemas by the name of their class.
        routes: Routes whose bodies these schemas describe.
        shared: Descriptions of fields that many bodies have, by name.
    """
    for body in _bodies(routes):
        properties = schemas[body.__name__].get("properties", {})
        docstrings = attribute_docstrings(body)
        for field, names in _names(body).items():
            for name in names & properties.keys() if field in docstrings else ():
                properties[name].setdefault("description", " ".join(docstrings[field].split()))
    for schema in schemas.values():
        for name, text in shared.items():
            if name in schema.get("properties", {}):
                schema["properties"][name].setdefault("description", text)


def remove_titles(part: Any) -> None:
    """Remove the titles that Pydantic makes from the names of fields and handlers."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str) and "version" not in part:
            del part["title"]
        for inner in part.values():
            remove_titles(inner)
    elif isinstance(part, list):
        for inner in part:
            remove_titles(inner)


def _bodies(routes: Iterable[APIRoute]) -> set[type]:
    """Return the classes of all bodies, and of the bodies in them."""
    bodies: set[type] = set()
    waiting = [route.response_model for route in routes]
    waiting += [route.body_field.field_info.annotation for route in routes if route.body_field]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and annotation not in bodies and _has_fields(annotation):
            bodies.add(annotation)
            waiting += _annotations(annotation)
        waiting += get_args(annotation)
    return bodies


def _has_fields(annotation: type) -> bool:
    return is_dataclass(annotation) or issubclass(annotation, BaseModel)


def _annotations(body: type) -> Iterator[Any]:
    if issubclass(body, BaseModel):
        yield from (field.annotation for field in body.model_fields.values())
    else:
        yield from get_type_hints(body).values()


def _names(body: type) -> dict[str, set[str]]:
    """Return the names of each field on the wire."""
    if issubclass(body, BaseModel):
        return {name: {field.alias or name} for name, field in body.model_fields.items()}
    return {name: {name} for name in get_type_hints(body)}
