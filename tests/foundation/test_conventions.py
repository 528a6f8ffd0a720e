"""Every endpoint follows the same conventions, whatever its context."""

import dataclasses
import json
import re
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

from lib.routes import ENDPOINTS
from lib.web.functions import all_apps
from lib.web.wire import UtcTime, utc_text
from lib.workshop.fields import times_in_utc

FILES = {"/api/learning/content-files/{sha256}"}
"""Paths of files; each path contains the hash of the file's bytes."""
LOGS = {"/api/learning/sync"}
"""Paths of logs: the response's `cursor` says how far the device has read, and is never null."""
LIVE_SHAPES = {
    "/health",
    "/api/health",
    "/api/questions/upload",
    "/api/test/start",
    "/api/test/submit",
    "/api/test/end",
    "/api/test/end/{session_id}",
    "/api/test/status/{session_id}",
    "/api/student/{student_id:opaque}/proficiency",
    "/api/student/{student_id:opaque}/history",
    "/api/student/{student_id:opaque}/progress",
    "/api/sessions/cleanup",
    "/api/debug/session/{session_id}",
    "/api/debug/redis/stats",
    "/api/debug/sync/{session_id}",
}
"""Paths whose responses have no `success`, because live clients expect the older form."""
PLANNER_WITH_SUCCESS = {"/api/auth/logout", "/api/sync/upload"}
"""Paths of the live study planner whose responses had `success` there already."""
PLANNER_WITHOUT_SUCCESS = {
    row.path for row in ENDPOINTS if row.of_live_system
} - PLANNER_WITH_SUCCESS
"""Other paths of the live system, whose pages expect responses without `success`."""


OTHER_PAGING = r"^(offset|page|page_size|skip|next|next_page)$"
OTHER_NAMES = {
    r"^(average|mean)_": "avg_",
    r"(^|_)(last_active|active_at|last_seen)$": "last_activity",
    r"_(at_utc|on|time_stamp)$": "_at",
    r"^(no|num|number_of|n)_": "_count",
    r"^(mail|e_mail|email_address)$|_mail$": "_email",
    OTHER_PAGING: "limit, cursor and next_cursor",
}
"""Patterns of names that no field may have, and the name that the bodies use instead."""


def routes() -> list[APIRoute]:
    return [route for app in all_apps() for route in app.routes if isinstance(route, APIRoute)]


def parts_of(annotation: Any) -> Iterator[Any]:
    """Yield a type and the types in it, but not the parts of `UtcTime` or of models."""
    yield annotation
    if annotation != UtcTime:
        for part in get_args(annotation):
            yield from parts_of(part)


def fields_of(model: type[Any]) -> dict[str, Any]:
    """Return the annotation of each field of a model or a dataclass."""
    if issubclass(model, BaseModel):
        return {
            name: Annotated[field.annotation, *field.metadata]
            if field.metadata
            else field.annotation
            for name, field in model.model_fields.items()
        }
    return {field.name: field.type for field in dataclasses.fields(model)}


def models_in(annotation: Any) -> set[type[Any]]:
    """Return the models and dataclasses in a type, and those in their fields."""
    models: set[type[Any]] = set()
    pending = [annotation]
    while pending:
        for part in parts_of(pending.pop()):
            is_model = isinstance(part, type) and (
                issubclass(part, BaseModel) or dataclasses.is_dataclass(part)
            )
            if is_model and part not in models:
                models.add(part)
                pending += fields_of(part).values()
    return models


BODIES = sorted(
    {
        model
        for route in routes()
        for annotation in (
            route.response_model,
            *(field.field_info.annotation for field in route.dependant.body_params),
        )
        for model in models_in(annotation)
    },
    key=lambda model: (model.__module__, model.__qualname__),
)


def test_bodies_include_the_models_in_their_fields() -> None:
    names = {model.__name__ for model in BODIES}
    assert {
        "StartIn",
        "EndCriteria",
        "NewSessionOut",
        "Health",
        "Progress",
        "SnapshotState",
    } <= names


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_one_thing_has_one_name(model: type[Any]) -> None:
    for name in fields_of(model):
        for other_name, used_name in OTHER_NAMES.items():
            assert not re.search(other_name, name), f"write {used_name} in {name}, as elsewhere"


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_every_time_in_a_body_is_in_utc(model: type[Any]) -> None:
    for name, annotation in fields_of(model).items():
        assert datetime not in parts_of(annotation), f"make {name} a UtcTime"


@pytest.mark.parametrize(
    "text",
    ["2026-11-21T03:29:16", "2026-11-21T03:29:16Z", "2026-11-20T22:29:16-05:00"],
)
def test_time_is_read_as_utc_and_written_with_z(text: str) -> None:
    adapter = TypeAdapter(UtcTime)
    time = adapter.validate_json(json.dumps(text))
    assert time == datetime(2026, 11, 21, 3, 29, 16, tzinfo=UTC)
    assert adapter.dump_json(time) == b'"2026-11-21T03:29:16Z"'
    assert utc_text(datetime.fromisoformat(text)) == "2026-11-21T03:29:16Z"


def test_time_before_the_first_year_in_utc_is_refused() -> None:
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        TypeAdapter(UtcTime).validate_python(early)


def test_times_in_stored_json_are_shown_in_utc() -> None:
    stored_json = {
        "step-1": {
            "timestamp": "2026-11-21T03:29:16.5",
            "lastAttempt": "2026-11-20T22:29:16-05:00",
        },
        "step-2": {"timestamp": "2026-11-21T03:29:16.000Z", "lastAttempt": None, "attempts": 2},
        "step-3": {"timestamp": "yesterday", "note": "2026-11-21T03:29:16"},
        "step-4": True,
        "reports": [{"reportedAt": "2026-11-21T03:29:16+00:00"}],
    }
    assert times_in_utc(stored_json) == {
        "step-1": {
            "timestamp": "2026-11-21T03:29:16.500000Z",
            "lastAttempt": "2026-11-21T03:29:16Z",
        },
        "step-2": {"timestamp": "2026-11-21T03:29:16.000Z", "lastAttempt": None, "attempts": 2},
        "step-3": {"timestamp": "yesterday", "note": "2026-11-21T03:29:16"},
        "step-4": True,
        "reports": [{"reportedAt": "2026-11-21T03:29:16Z"}],
    }


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{route.methods} {route.path}")
def test_every_response_but_files_and_live_shapes_has_success(route: APIRoute) -> None:
    if route.response_model is None:
        assert route.responses[200]["content"].keys() == {"text/csv"}
        return
    union = get_origin(route.response_model) in {Union, types.UnionType}
    models = get_args(route.response_model) if union else (route.response_model,)
    for model in models:
        assert ("success" in fields_of(model)) == (
            route.path not in LIVE_SHAPES | PLANNER_WITHOUT_SUCCESS | FILES
        ), f"derive {model.__name__} from SuccessOut or CamelSuccessOut"


def query_names(dependant: Any) -> set[str]:
    """Return the query parameters of a handler and of what it depends on."""
    names = {field.alias for field in dependant.query_params}
    return names.union(*(query_names(part) for part in dependant.dependencies))


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{route.methods} {route.path}")
def test_every_list_with_pages_has_a_cursor(route: APIRoute) -> None:
    names = query_names(route.dependant)
    for model in models_in(route.response_model):
        names |= set(fields_of(model))
    for body in (field.field_info.annotation for field in route.dependant.body_params):
        for model in models_in(body):
            names |= set(fields_of(model))
    assert not any(re.search(OTHER_PAGING, name) for name in names)
    if route.response_model is None and "cursor" in names:
        names.add("next_cursor")  # a CSV file has it in a header
    assert ("cursor" in names) == ("next_cursor" in names) or route.path in LOGS
