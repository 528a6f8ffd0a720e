"""Reports to the caller about fields and parameters that no code reads, such as misspelt ones.

Existing pages send fields that we do not know, so most requests may have them; the response then
lists them in `warnings`. A call of an operator or instructor is refused if one of them is almost
the name of a field that it takes: `dryrun` must not start a migration.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, get_args

from pydantic import BaseModel

from lib.errors import MisspeltField
from lib.framework import Depends, Request
from lib.logs import MAX_NAME_LENGTH, shown_name

MAX_NAMED = 20
MIN_SIMILARITY = 0.75
"""Similarity, 0 to 1, from which an unknown name counts as a misspelt one."""


@dataclass(frozen=True)
class UnknownField:
    """A field of a body, or a parameter of a query, that the endpoint does not have."""

    name: str
    """Path of the field, such as `end_criteria.typ`; shortened, without secrets."""
    suggestion: str | None
    """The most similar name that the endpoint takes; None if no name is similar. For a field:
    another field that the body lacks. For a parameter: another parameter, or else such a field,
    followed by `in the body`."""

    @property
    def problem(self) -> str:
        """Message for the caller."""
        return (
            f"Unknown field; did you mean {self.suggestion}?"
            if self.suggestion
            else "Unknown field."
        )


@dataclass(frozen=True)
class KnownNames:
    """The names that an endpoint reads."""

    body: type[BaseModel] | None
    query: frozenset[str]
    takes_password: bool
    """Whether operators or instructors call it; any body may then hold their password."""

    def unknown_in_query(self, names: Iterable[str], body: Any) -> Iterator[UnknownField]:
        """Yield the parameters that the endpoint does not read."""
        body_fields = _missing_names(_names(self.body) if self.body else (), body)
        for name in dict.fromkeys(names):
            if name not in self.query:
                yield _unknown("", name, self.query, body_fields)

    def unknown_in_body(self, body: Any) -> Iterator[UnknownField]:
        """Yield the fields that the endpoint does not read."""
        also_known = {"adminPassword"} if self.takes_password else set()
        if self.body is not None:
            yield from _unknown_in(self.body, body, "", also_known)
        elif isinstance(body, dict):
            yield from (_unknown("", name, ()) for name in body if name not in also_known)


class UnknownFields:
    """The unknown fields of one request."""

    def __init__(self, known_names: KnownNames, body: Any, query: Iterable[str]) -> None:
        self._known_names = known_names
        self._body = body
        self._query = query

    @cached_property
    def in_body(self) -> list[UnknownField]:
        """The first unknown fields of the body, ignored or refused."""
        return _first(self._known_names.unknown_in_body(self._body))

    @cached_property
    def ignored(self) -> list[UnknownField]:
        """The unknown fields and parameters of a request that may have them."""
        model = self._known_names.body
        is_strict = model is not None and model.model_config.get("extra") == "forbid"
        in_query = _first(self._known_names.unknown_in_query(self._query, self._body))
        return in_query if is_strict else (self.in_body + in_query)[:MAX_NAMED]

    @property
    def misspelt(self) -> list[UnknownField]:
        """The ignored fields and parameters whose names resemble one that the endpoint takes."""
        return [field for field in self.ignored if field.suggestion]

    def refuse_misspelt(self) -> None:
        """Refuse an operator's or instructor's call whose unknown field may be a misspelt one.

        Raises:
            MisspeltField: If there is a misspelt field.
        """
        if self._known_names.takes_password and self.misspelt:
            field = self.misspelt[0]
            raise MisspeltField(field=field.name, problem=field.problem)


def unknown_names(request: Request) -> list[str]:
    """Return the names of the body's unknown fields."""
    unknown: UnknownFields = request.state.unknown_fields
    return [field.name for field in unknown.in_body]


UnknownNames = Annotated[list[str], Depends(unknown_names)]


def _first(fields: Iterator[UnknownField]) -> list[UnknownField]:
    return [field for _, field in zip(range(MAX_NAMED), fields, strict=False)]


def _unknown_in(
    model: type[BaseModel], value: Any, path: str, also_known: set[str]
) -> Iterator[UnknownField]:
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from _unknown_in(model, part, f"{path}[{number}]", also_known)
    if not isinstance(value, dict):
        return
    names = _names(model)
    for name in value:
        if name in names:
            if (inner := names[name]) is not None:
                yield from _unknown_in(inner, value[name], f"{path}.{name}", set())
        elif name not in also_known:
            field = _unknown(path, name, _missing_names(names, value))
            if not (value[name] is True and field.suggestion is None and _takes_flags(model)):
                yield field


def _takes_flags(model: type[BaseModel]) -> bool:
    """Return whether a model takes flags whose names are stored only in the database."""
    return model.model_config.get("extra") == "allow"


def _missing_names(names: Iterable[str], body: Any) -> list[str]:
    """Return the names of the fields that a body does not have, not even under another name."""
    if not isinstance(body, dict):
        return list(names)
    sent_names = {_plain(name) for name in names if name in body}
    return [name for name in names if _plain(name) not in sent_names]


@cache
def _names(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """Return the names that a model takes, each with the model of its value, if it has one."""
    by_name = model.model_config.get("validate_by_name", False)
    names: dict[str, type[BaseModel] | None] = dict.fromkeys(getattr(model, "unread", ()))
    for name, field in model.model_fields.items():
        inner = next(models_in(field.annotation), None)
        if by_name:
            names[name] = inner
        names[field.alias or name] = inner
    return names


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in a type, such as the one in `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def _unknown(
    path: str, name: str, known_fields: Iterable[str], body_fields: Iterable[str] = ()
) -> UnknownField:
    """Return an unknown field with the most similar of `known_fields`, or else of `body_fields`."""
    suggestion = _closest(name[:MAX_NAME_LENGTH], known_fields)
    if suggestion is None and (field := _closest(name[:MAX_NAME_LENGTH], body_fields)):
        suggestion = f"{field} in the body"
    return UnknownField(shown_name(f"{path}.{name}".lstrip(".")), suggestion)


def _closest(name: str, names: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    names_by_plain = {_plain(other): other for other in names}
    matches = get_close_matches(_plain(name), names_by_plain, n=1, cutoff=MIN_SIMILARITY)
    return names_by_plain[matches[0]] if matches else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
