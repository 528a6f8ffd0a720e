"""FastAPI, imported so that a function starts sooner; the rest of the code imports it from here.

On import, FastAPI defines the models of an OpenAPI document, and pydantic would build their
validators at once. Deployed functions serve no API docs, so the validators are built only when
they are first used, by the local server.
"""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel
from pydantic.warnings import UnsupportedFieldAttributeWarning


@contextmanager
def _lean_import() -> Iterator[None]:
    """Disable garbage collection in the block, and build only those models that it uses."""
    model_rebuild = BaseModel.__dict__["model_rebuild"]

    def rebuild_if_used(model: type[BaseModel], /, **options: Any) -> bool | None:
        # pydantic passes options when a model is first used; FastAPI defines it
        # without options.
        return model_rebuild.__func__(model, **options) if options else None

    gc.disable()
    BaseModel.model_config["defer_build"] = True
    BaseModel.model_rebuild = classmethod(rebuild_if_used)  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        BaseModel.model_rebuild = model_rebuild  # type: ignore[method-assign]
        del BaseModel.model_config["defer_build"]
        gc.freeze()  # modules live as long as the process, so no collection has to visit them
        gc.enable()


with _lean_import():
    from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
    from fastapi.dependencies.models import Dependant
    from fastapi.exceptions import RequestValidationError
    from fastapi.openapi.utils import get_openapi
    from fastapi.responses import JSONResponse
    from fastapi.routing import APIRoute

# FastAPI passes the name of a body parameter as an alias, which has no effect. FastAPI silences
# pydantic's warning about that, but only while it defines a route, and our bodies are built later,
# on the first request.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)

__all__ = [
    "APIRoute",
    "Dependant",
    "Depends",
    "FastAPI",
    "Header",
    "JSONResponse",
    "Path",
    "Query",
    "Request",
    "RequestValidationError",
    "Response",
    "get_openapi",
]
