"""The code behind the functions; only `lib/web/functions.py` imports `api/`, by name.

Imports are most of a cold start, so three packages are configured here, before they are imported,
to leave out what no function uses. A variable that is set already keeps its value.
"""

import gc
import os
import sys

# FastAPI tries to import pydantic.v1 for each model of a route, only to refuse the models of that
# version. A failure of this import is harmless.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
# Without this, pydantic reads the metadata of every package in search of plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# numpy's linear algebra would start a thread for each core of the host, although a function gets
# about one of them, and the matrices are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Garbage is rare while modules are imported and while a request is served.
gc.set_threshold(10_000)
