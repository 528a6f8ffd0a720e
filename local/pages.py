"""The development server's app: the pages of `public/` in front of every function.

As on the platforms: a file of `public/` comes first, under its name without `.html`.
"""

from pathlib import Path

from starlette.datastructures import URL
from starlette.responses import FileResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.web.headers import PAGE_HEADERS

PUBLIC = Path(__file__).resolve().parents[1] / "public"


class Pages:
    """Serves files of a folder; what is no file goes on to the inner app.

    Args:
        app: The functions.
        folder: Whose files are public, all of them.
    """

    def __init__(self, app: ASGIApp, folder: Path = PUBLIC) -> None:
        self._app = app
        self._folder = folder.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            path: str = scope["path"]
            if file := self._find(path):
                app = FileResponse(file, headers=PAGE_HEADERS)
            elif path != "/" and path.endswith("/") and self._find(path.rstrip("/")):
                app = RedirectResponse(URL(scope=scope).replace(path=path.rstrip("/")), 308)
        await app(scope, receive, send)

    def _find(self, path: str) -> Path | None:
        """The file for a path: itself, with `.html`, or its index page."""
        name = path.strip("/")
        if "\0" in name or (path != "/" and path.endswith("/")):
            return None
        for candidate in (name, f"{name}.html", f"{name}/index.html" if name else "index.html"):
            file = (self._folder / candidate).resolve()
            if file.is_file() and file.is_relative_to(self._folder):
                return file
        return None
