"""The development server's app: the pages of `public/` in front of the functions.

As on the platforms, a file of `public/` takes precedence, under its name without `.html`.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from starlette.datastructures import URL
from starlette.responses import FileResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.web.headers import PAGE_HEADERS

PUBLIC = Path(__file__).resolve().parents[2] / "public"
API_DOCS = Path(__file__).resolve().parent / "api_docs"
"""Folder of the page at /docs, which deployments lack."""


class Pages:
    """Serves the files of folders, and passes other paths on to the inner app.

    Args:
        app: App of the functions.
        folders: Folders whose files are all public; earlier ones take precedence.
    """

    def __init__(self, app: ASGIApp, folders: Sequence[Path] = (PUBLIC, API_DOCS)) -> None:
        self._app = app
        self._folders = [folder.resolve() for folder in folders]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            path: str = scope["path"]
            if path.startswith("/public/"):  # as the guides write the addresses of pages
                app = RedirectResponse(
                    URL(scope=scope).replace(path=path.removeprefix("/public")), 307
                )
            elif file := self._find(path):
                app = FileResponse(file, headers=PAGE_HEADERS)
            elif path != "/" and path.endswith("/") and self._find(path.rstrip("/")):
                app = RedirectResponse(URL(scope=scope).replace(path=path.rstrip("/")), 308)
        await app(scope, receive, send)

    def _find(self, path: str) -> Path | None:
        """Return the file for a path: the path itself, with `.html`, or its index page."""
        name = path.strip("/")
        if "\0" in name or (path != "/" and path.endswith("/")):
            return None
        candidates = (name, f"{name}.html", f"{name}/index.html" if name else "index.html")
        for folder, candidate in product(self._folders, candidates):
            file = (folder / candidate).resolve()
            if file.is_file() and file.is_relative_to(folder):
                return file
        return None
